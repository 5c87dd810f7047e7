//! Values before they are written.

use std::borrow::Cow;

use crate::connection_string::{SyntaxError, ValueError, secrets_within};
use crate::secret::MASK;
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
    /// An object has no value of its own.
    #[error("it is an object: name a property of it{}", for_example(.nearest))]
    Whole {
        /// A property that it has.
        nearest: Option<String>,
    },
    /// The object does not hold the data that the property belongs to.
    #[error("the element `{0}` that would hold it is missing")]
    NoData(&'static str),
    /// The file has no prefix for the property's namespace.
    #[error("the file declares no prefix for the namespace `{0}`")]
    NoPrefix(&'static str),
    /// SSIS keeps the value encrypted or not at all; in clear it would be no value, and a leak.
    #[error(
        "it is sensitive: SSIS keeps its value encrypted or not at all, and encrypted values cannot be written yet; \
         set it in the designer or on the server"
    )]
    Sensitive,
    /// A text in which a secret is masked came back to be stored.
    #[error(
        "its new text holds `***` where a secret was masked: give the secret, or leave the text as `get` shows it"
    )]
    Masked,
    /// Parameters have no expressions.
    #[error("a parameter is not computed by an expression")]
    NoExpressions,
    /// Copies follow what they are copies of.
    #[error("it is a copy and follows its connection manager: change that one")]
    ReadOnly,
}

/// The value with LF for each CR LF: SSIS drops the carriage returns of what it stores.
pub(in crate::package) fn with_line_feeds(value: &str) -> Cow<'_, str> {
    if value.contains("\r\n") {
        Cow::Owned(value.replace("\r\n", "\n"))
    } else {
        Cow::Borrowed(value)
    }
}

/// `***` in the place of a secret is no secret, and must not be stored as one.
pub(in crate::package) fn refuse_mask(text: &str) -> Result<(), SetErrorKind> {
    let is_mask = |range| text.get(range) == Some(MASK);
    let masked = secrets_within(text)
        .into_iter()
        .any(|place| is_mask(place.value));
    if masked {
        return Err(SetErrorKind::Masked);
    }
    Ok(())
}

fn for_example(property: &Option<String>) -> String {
    match property {
        Some(name) => format!(", as in `….Properties[{name}]`"),
        None => String::new(),
    }
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
