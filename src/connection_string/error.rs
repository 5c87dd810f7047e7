//! What can be wrong with a connection string, and with a value that shall go into one.

use super::{Quote, SmtpProperty};

/// A connection string that cannot be read.
///
/// The message names the place and never the text there: it may be a piece of a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("connection string, byte {at}: {}", self.kind.what())]
pub struct SyntaxError {
    /// What was wrong.
    pub kind: SyntaxErrorKind,
    /// Where in the string, as an offset in bytes from 0.
    pub at: usize,
}

/// What is wrong with the text of a connection string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyntaxErrorKind {
    /// A piece between two `;` without a `=`.
    MissingEquals,
    /// A `=` without a key before it.
    MissingKey,
    /// A quoted value without its closing quote.
    UnclosedQuote(Quote),
    /// Text between the closing quote of a value and the `;`.
    TextAfterQuote,
    /// A control character outside of quotes, or a NUL anywhere.
    ControlCharacter,
    /// A value of the SMTP connection string that its property cannot take.
    BadValue(SmtpProperty),
}

impl SyntaxErrorKind {
    fn what(self) -> String {
        match self {
            SyntaxErrorKind::MissingEquals => "expected `key=value`, found no `=`".to_owned(),
            SyntaxErrorKind::MissingKey => "expected a key before `=`".to_owned(),
            SyntaxErrorKind::UnclosedQuote(quote) => {
                format!(
                    "the value that begins here has no closing `{}`",
                    quote.close()
                )
            }
            SyntaxErrorKind::TextAfterQuote => {
                "expected `;` after the quoted value, found other text".to_owned()
            }
            SyntaxErrorKind::ControlCharacter => {
                "a control character stands outside of quotes".to_owned()
            }
            SyntaxErrorKind::BadValue(property) => {
                format!("`{}` is not {}", property.key(), property.wanted())
            }
        }
    }
}

/// A value that a connection string cannot hold, or that its property cannot take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// A NUL, which no connection string can hold.
    #[error("a connection string cannot hold a NUL character (in the new value of `{key}`)")]
    Nul {
        /// The key that was to be set.
        key: String,
    },
    /// A character that the form without quotes cannot hold.
    #[error(
        "the new value of `{key}` holds {character:?}, which this connection string cannot hold"
    )]
    Character {
        /// The key that was to be set.
        key: String,
        /// The character.
        character: char,
    },
    /// Blanks at an end of the value, which are dropped when it is read.
    #[error(
        "the new value of `{key}` begins or ends with a blank, which is dropped when it is read"
    )]
    OuterBlank {
        /// The key that was to be set.
        key: String,
    },
    /// A key that is empty or holds a character that a key cannot hold.
    #[error("`{key}` cannot be the key of a connection string")]
    Key {
        /// The key that was to be set.
        key: String,
    },
    /// A text that is not of the property's type.
    #[error("`{value}` is not {} (new value of `{}`)", property.wanted(), property.key())]
    Type {
        /// The property that was to be set.
        property: SmtpProperty,
        /// The text.
        value: String,
    },
}
