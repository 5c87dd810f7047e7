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
    /// With `--everywhere`, the places that get the value.
    pub places: Vec<SetPlace>,
    /// Whether they were written.
    pub written: bool,
    /// What the reader should know.
    pub warnings: Vec<String>,
    /// The journal that takes it back.
    pub journal: Option<String>,
}

/// A place that gets the value.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SetPlace {
    /// The file.
    pub path: String,
    /// The property path.
    pub object: String,
    /// What the place is: `object part-copy sample copy configuration literal variable parameter build-configuration`.
    pub kind: &'static str,
    /// What it keeps; null where it is a secret.
    pub old: Option<String>,
    /// What it will keep; null where it is a secret.
    pub new: Option<String>,
    /// Why it keeps the value.
    pub why: String,
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
