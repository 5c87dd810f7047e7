//! A byte-exact XML document.
//!
//! [`Document::parse`] reads a [`Source`](crate::source::Source) once into a tree whose every name, value and
//! element knows its place. Nothing is ever written from the tree: a change is an [`Edit`] of a place, and
//! [`Document::apply`] copies all other characters as they stand. The room knows XML and namespaces, and not a
//! word of SSIS.

mod characters;
mod declaration;
mod document;
mod edit;
mod error;
mod escape;
mod limits;
mod node;
mod parse;
mod tag;
mod value;

pub use declaration::{Declaration, Diagnostic};
pub use document::{Document, NodeId, Place};
pub use edit::{Edit, EditSet, Overlap, Sealed};
pub use error::{XmlError, XmlErrorKind};
pub use escape::{Unrepresentable, escape_attribute, escape_text};
pub use limits::{Limits, UnknownLimit};
pub use node::{Attr, Node};
