//! `dtsx/get@1`

use std::io;

use schemars::JsonSchema;
use serde::Serialize;

use super::common::{self, SpanJson};
use super::effective::EffectiveJson;

/// One stored value.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Get {
    /// `dtsx/get@1`
    pub schema: &'static str,
    /// The file that holds it; `ARCHIVE!MEMBER` inside an archive.
    pub file: String,
    /// The property path as it was given.
    pub path: String,
    /// The property, by its name in the object model; null for an object as a whole.
    pub property: Option<String>,
    /// What is stored, or the default, secrets masked; null where an object was asked for.
    pub value: Option<String>,
    /// Whether nothing is written and the default is meant.
    pub is_default: bool,
    /// The keys whose values are masked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub masked: Vec<String>,
    /// The expression that computes the property at run time.
    pub expression: Option<String>,
    /// What wins over the stored value when the package runs.
    pub not_used_because: Option<String>,
    /// What the property is when the package runs; null for an object as a whole and for copies and entries.
    pub effective: Option<EffectiveJson>,
    /// The object as a whole, where no property was named; its secrets are masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<serde_json::Value>,
    /// Where the value is written.
    pub span: Option<SpanJson>,
}

/// The schema's name.
pub const SCHEMA: &str = "dtsx/get@1";

impl Get {
    /// Writes the report.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        common::write(out, self)
    }
}
