//! `dtsx/error@1`

use std::io;

use schemars::JsonSchema;
use serde::Serialize;

use super::common;

/// Why a command that was to write JSON wrote nothing else: it ended before its work began.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Error {
    /// `dtsx/error@1`
    pub schema: &'static str,
    /// The exit code.
    pub exit: u8,
    /// What was wrong, and what to do.
    pub message: String,
}

/// The schema's name.
pub const SCHEMA: &str = "dtsx/error@1";

/// Writes the error.
///
/// # Errors
///
/// When the output cannot be written.
pub fn write(out: &mut dyn io::Write, exit: u8, message: &str) -> io::Result<()> {
    let error = Error {
        schema: SCHEMA,
        exit,
        message: message.to_owned(),
    };
    common::write(out, &error)
}
