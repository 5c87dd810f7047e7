//! `dtsx/change@1`

use std::io;

use schemars::JsonSchema;
use serde::Serialize;

use super::common;

/// What an `add` or a `remove` changed.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Change {
    /// `dtsx/change@1`
    pub schema: &'static str,
    /// `add` or `remove`
    pub command: &'static str,
    /// The property path of the object that came or went.
    pub object: String,
    /// The file, or the archive or project, that it belongs to.
    pub path: String,
    /// The files that were written, or would be.
    pub files: Vec<ChangedFile>,
    /// Whether they were written.
    pub written: bool,
    /// The journal that takes it back.
    pub journal: Option<String>,
}

/// A file that was written, or would be.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ChangedFile {
    /// The path, or `ARCHIVE!MEMBER`.
    pub path: String,
    /// `changed`, `created` or `removed`
    pub change: &'static str,
}

/// The schema's name.
pub const SCHEMA: &str = "dtsx/change@1";

impl Change {
    /// Writes the report.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        common::write(out, self)
    }
}
