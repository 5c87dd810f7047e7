//! `dtsx/set@1`

use std::io;

use schemars::JsonSchema;
use serde::Serialize;

use super::common;

/// What a `set` changed.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Set {
    /// `dtsx/set@1`
    pub schema: &'static str,
    /// The property path as it was given.
    pub path: String,
    /// What was stored before; null where it is masked.
    pub old: Option<String>,
    /// What is stored now; null where it is masked.
    pub new: Option<String>,
    /// The files that were written, or would be.
    pub files: Vec<String>,
    /// Whether they were written.
    pub written: bool,
    /// What the reader should know.
    pub warnings: Vec<String>,
    /// The journal that takes it back.
    pub journal: Option<String>,
}

/// The schema's name.
pub const SCHEMA: &str = "dtsx/set@1";

impl Set {
    /// Writes the report.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        common::write(out, self)
    }
}
