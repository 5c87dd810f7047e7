//! Where a command reads and writes; tests put buffers here.

use std::io::{self, Write};

use super::exit::Exit;

/// The streams of one run.
pub(crate) struct Streams<'a> {
    /// Reports and JSON.
    pub(crate) out: &'a mut dyn Write,
    /// Messages to people.
    pub(crate) err: &'a mut dyn Write,
    /// Whether people read `out` on a terminal.
    pub(crate) out_is_terminal: bool,
}

impl Streams<'_> {
    /// Says what is wrong with the arguments.
    pub(crate) fn usage(&mut self, message: &str) -> io::Result<Exit> {
        writeln!(self.err, "dtsx: {message}")?;
        Ok(Exit::Usage)
    }

    /// Says what could not be read.
    pub(crate) fn unreadable(&mut self, message: &str) -> io::Result<Exit> {
        writeln!(self.err, "dtsx: {message}")?;
        Ok(Exit::Unreadable)
    }

    /// Says what could not be written.
    pub(crate) fn unwritten(&mut self, message: &str) -> io::Result<Exit> {
        writeln!(self.err, "dtsx: {message}")?;
        Ok(Exit::Unwritten)
    }
}
