//! Where a command reads and writes; tests put buffers here.

use std::fmt::Display;
use std::io::{self, Write};

use dtsx::report::json;
use dtsx::source::visible;

use super::exit::Exit;

/// The streams of one run.
pub(crate) struct Streams<'a> {
    /// Reports and JSON.
    pub(crate) out: &'a mut dyn Write,
    /// Messages to people.
    pub(crate) err: &'a mut dyn Write,
    /// Whether people read `out` on a terminal.
    pub(crate) out_is_terminal: bool,
    /// Where reports for people have colours.
    pub(crate) colours: Colours,
    /// How much is said on `err`.
    pub(crate) talk: Talk,
    /// Whether a program waits for JSON on `out`, also where the command comes to nothing.
    pub(crate) out_takes_json: bool,
}

/// The standard output. That its pipe was closed is said once; what comes after it is written to nobody.
pub(crate) struct Stdout<'a> {
    pub(crate) lock: io::StdoutLock<'a>,
    pub(crate) is_closed: bool,
}

impl Write for Stdout<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_closed {
            return Ok(bytes.len());
        }
        let written = self.lock.write(bytes);
        self.is_closed =
            matches!(&written, Err(error) if error.kind() == io::ErrorKind::BrokenPipe);
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.is_closed {
            true => Ok(()),
            false => self.lock.flush(),
        }
    }
}

/// A stream that may lose its reader: what is written then goes nowhere, and the work goes on.
///
/// For commands that do more than show: who closes the pipe of a report has not called off what the report is about.
pub(crate) struct Lasting<'a>(pub(crate) &'a mut dyn Write);

impl Write for Lasting<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(bytes.len()),
            written => written,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.0.flush() {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            flushed => flushed,
        }
    }
}

/// Where reports for people have colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colours {
    /// Nowhere.
    Nowhere,
    /// On the standard output, which can show them.
    OnStdout,
    /// In files too.
    Everywhere,
}

/// How much is said on the standard error stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Talk {
    /// Why nothing was done.
    Little,
    /// What could not be read, besides.
    Usual,
    /// What is being done, besides.
    Much,
}

/// Why a command does not begin.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) exit: Exit,
    pub(crate) message: String,
}

impl Refusal {
    /// The arguments do not make sense.
    pub(crate) fn usage(message: impl Into<String>) -> Refusal {
        Refusal {
            exit: Exit::Usage,
            message: message.into(),
        }
    }
}

impl Streams<'_> {
    /// Says what is wrong with the arguments.
    pub(crate) fn usage(&mut self, message: &str) -> io::Result<Exit> {
        self.refuse(&Refusal::usage(message))
    }

    /// Says why nothing was done.
    pub(crate) fn refuse(&mut self, refusal: &Refusal) -> io::Result<Exit> {
        self.messages().error(&refusal.message);
        if self.out_takes_json {
            json::error::write(self.out, refusal.exit as u8, &refusal.message)?;
        }
        Ok(refusal.exit)
    }

    /// Says what could not be read.
    pub(crate) fn unreadable(&mut self, message: &str) -> io::Result<Exit> {
        self.refuse(&Refusal {
            exit: Exit::Unreadable,
            message: message.to_owned(),
        })
    }

    /// Says what could not be written.
    pub(crate) fn unwritten(&mut self, message: &str) -> io::Result<Exit> {
        self.refuse(&Refusal {
            exit: Exit::Unwritten,
            message: message.to_owned(),
        })
    }

    /// Says things to people while reports are written.
    pub(crate) fn messages(&mut self) -> Messages<'_> {
        Messages {
            err: self.err,
            talk: self.talk,
        }
    }
}

/// What is said to people beside the reports. Nobody may be listening, which is no failure.
pub(crate) struct Messages<'a> {
    pub(crate) err: &'a mut dyn Write,
    pub(crate) talk: Talk,
}

impl Messages<'_> {
    /// Says why nothing was done.
    pub(crate) fn error(&mut self, message: &dyn Display) {
        self.say(&message.to_string());
    }

    /// Says, on one line, something that is in the report too: silent with `--quiet`.
    pub(crate) fn note(&mut self, message: &dyn Display) {
        if self.talk >= Talk::Usual {
            self.say(&visible(&message.to_string()));
        }
    }

    /// Says, on one line, what is being done: only with `--verbose`.
    pub(crate) fn detail(&mut self, message: &dyn Display) {
        if self.talk >= Talk::Much {
            self.say(&visible(&message.to_string()));
        }
    }

    fn say(&mut self, message: &str) {
        for (index, line) in message.lines().enumerate() {
            let who = if index == 0 { "dtsx: " } else { "" };
            let _ = writeln!(self.err, "{who}{}", visible(line));
        }
    }
}
