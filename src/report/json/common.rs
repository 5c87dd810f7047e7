//! Shapes that several schemas share.

use std::io;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::inventory::{Place, ReadError};

/// A place in a file as it is stored.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SpanJson {
    /// Line of the first character, from 1.
    pub line: u32,
    /// Its column, from 1, in Unicode code points.
    pub column: u32,
    /// Line behind the last character.
    pub end_line: u32,
    /// Column behind the last character.
    pub end_column: u32,
    /// Offset of the first byte, from 0, a byte order mark counted.
    pub start: u64,
    /// Offset behind the last byte.
    pub end: u64,
    /// True where the value is inside a protected element that was opened, and this is the place of the element.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub decrypted: bool,
}

impl From<Place> for SpanJson {
    fn from(place: Place) -> SpanJson {
        SpanJson {
            line: place.from.line,
            column: place.from.column,
            end_line: place.to.line,
            end_column: place.to.column,
            start: place.start,
            end: place.end,
            decrypted: place.decrypted,
        }
    }
}

/// What could not be read.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ErrorJson {
    /// The file or folder.
    pub path: String,
    /// The bytes of a path that is not Unicode, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_bytes: Option<String>,
    /// Why.
    pub message: String,
}

impl From<&ReadError> for ErrorJson {
    fn from(error: &ReadError) -> ErrorJson {
        ErrorJson {
            path: error.label.to_string(),
            path_bytes: error.label.path_bytes(),
            message: error.reason.to_string(),
        }
    }
}

/// Writes a report that is complete.
pub(super) fn write(out: &mut dyn io::Write, report: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    writeln!(out)
}
