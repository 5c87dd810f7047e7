//! Setters: what a change of an object means in the file, as edits.
//!
//! Every setter gives the edits of the smallest change that SSIS would have written: attributes in its order, left
//! out at their defaults in formats 6 and 8 and always written in formats 2 and 3; elements in its places, with the
//! white space of their neighbours. Nothing is changed here, and no value is returned that a document cannot hold.

mod attribute;
mod build;
mod build_project;
mod build_task;
mod build_variable;
mod connection;
mod copy;
mod element;
mod expression;
mod mail;
mod property;
mod typed;
mod value;

pub use build::{new_id, remove_object, smtp_manager_file};
pub use build_variable::add_text_parameter;
pub use copy::{NewCopy, Side};
pub use property::{CommonProperty, PropertyType};
pub use value::{SetError, SetErrorKind};
pub(super) use value::{refuse_mask, with_line_feeds};
