//! Connection strings: `key=value;` pairs with their places, the SMTP form, and the secrets in them.
//!
//! A connection string is read where it stands: every key and value is a [`Decoded`](crate::source::Decoded) over
//! the string, so that the place of a value in the file is `outer.raw_span(pair.value.raw().range())`. An edit is
//! a list of [`Replacement`]s against the string, each of exactly the characters meant.

mod dialect;
mod edit;
mod error;
mod pairs;
mod secrets;
mod smtp;

pub use dialect::{Dialect, Quote};
pub use edit::Replacement;
pub use error::{SyntaxError, SyntaxErrorKind, ValueError};
pub use pairs::{ConnectionString, Pair};
pub use secrets::{SecretPlace, is_secret_key, masked, masked_within, secrets, secrets_within};
pub use smtp::{SmtpConnection, SmtpConnectionString, SmtpProperty, UnknownKey, UnknownValue};
