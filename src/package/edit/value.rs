//! Values before they are written.

use crate::connection_string::{SyntaxError, ValueError};
use crate::xml::Unrepresentable;

/// A property cannot take a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{property}` cannot be set: {kind}")]
pub struct SetError {
    /// The property.
    pub property: String,
    /// Why not.
    pub kind: SetErrorKind,
}

/// Why a property cannot take a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetErrorKind {
    /// A character that XML does not allow.
    #[error(transparent)]
    Character(#[from] Unrepresentable),
    /// A text that is not of the property's type.
    #[error("expected {expected}, found `{found}`")]
    Type {
        /// What the property takes.
        expected: &'static str,
        /// The text.
        found: String,
    },
    /// The connection string cannot hold it.
    #[error(transparent)]
    ConnectionString(#[from] ValueError),
    /// The connection string that is there cannot be read.
    #[error("the connection string cannot be read: {0}")]
    Syntax(#[from] SyntaxError),
    /// The object has no such property.
    #[error("there is no such property here{}", suggestion(.nearest))]
    Unknown {
        /// The name that may have been meant.
        nearest: Option<String>,
    },
    /// The object does not hold the data that the property belongs to.
    #[error("the element `{0}` that would hold it is missing")]
    NoData(&'static str),
    /// The file has no prefix for the property's namespace.
    #[error("the file declares no prefix for the namespace `{0}`")]
    NoPrefix(&'static str),
    /// The value is encrypted: it can be replaced only when it has been opened.
    #[error("its value is encrypted, and encrypted values cannot be changed yet")]
    Encrypted,
    /// Copies follow what they are copies of.
    #[error("it is a copy and follows its connection manager: change that one")]
    ReadOnly,
}

fn suggestion(nearest: &Option<String>) -> String {
    match nearest {
        Some(name) => format!(" (did you mean `{name}`?)"),
        None => String::new(),
    }
}

impl SetErrorKind {
    /// Names the property.
    pub fn of(self, property: &str) -> SetError {
        SetError {
            property: property.to_owned(),
            kind: self,
        }
    }
}
