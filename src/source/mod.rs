//! One text and its way back to bytes.
//!
//! A [`Source`] is a decoded file: its text, and what is needed to turn that text into the very bytes it came
//! from. A [`Span`] is a place in a text, and a [`Decoded`] is a value that knows, place by place, where in the
//! text it came from, so that an edit of the value can be made in the file.

mod decoded;
mod encoding;
mod lines;
mod span;
mod visible;

pub use decoded::{Decoded, DecodedBuilder};
pub use encoding::{DecodeError, DecodeErrorKind, Encoding, Source};
pub use lines::LineColumn;
pub use span::Span;
pub(crate) use visible::is_hidden;
pub use visible::visible;
