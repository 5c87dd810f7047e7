//! The dialogue with a server, as people may see it.

use std::fmt;
use std::sync::Arc;

use crate::source::visible;

/// Takes the dialogue, line by line.
pub type Trace = Arc<dyn Fn(Traced<'_>) + Send + Sync>;

/// A line of the dialogue, or what happened between two. What signs in is `***` here already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traced<'t> {
    /// Something happened, such as a connection.
    Event(&'t str),
    /// What was said to the server.
    Said(&'t str),
    /// What the server said.
    Heard(&'t str),
}

impl fmt::Display for Traced<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mark, text) = match self {
            Traced::Event(text) => ("*", text),
            Traced::Said(text) => (">", text),
            Traced::Heard(text) => ("<", text),
        };
        write!(f, "{mark} {}", visible(text))
    }
}
