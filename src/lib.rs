//! Reads, edits byte-exactly and runs the mail of SQL Server Integration Services (SSIS) packages.
//!
//! ```
//! use dtsx::package::{MailProperty, Package};
//! use dtsx::source::Source;
//! use dtsx::xml::{Document, Limits};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let bytes = std::fs::read("fixtures/demo/Nightly.dtsx")?;
//! let document = Document::parse(Source::decode(bytes)?, &Limits::default())?;
//! let task = Package::new(&document).send_mail_tasks().next().ok_or("no task")?;
//! assert_eq!(task.get(MailProperty::ToLine), "ops@example.com;night@example.com");
//! println!("{} mails to {}", task.executable().object().name(), task.get(MailProperty::ToLine));
//! # Ok(())
//! # }
//! ```
//!
//! What is where:
//!
//! - [`source`] and [`xml`]: a text and its way back to bytes; a document in which every value knows its place.
//!   Nothing is ever written from the tree: a change is an [`xml::Edit`].
//! - [`package`]: typed views of packages, connection managers, Send Mail tasks, variables, project files and
//!   configurations; property paths; setters that give edits.
//! - [`connection_string`], [`expression`]: the two languages inside the values.
//! - [`project`]: files that belong together, and changes as whole-file writes; [`archive`]: members of an `.ispac`.
//! - [`inventory`]: what sends mail in a tree, as owned facts.
//! - [`lint`]: what is wrong in a tree, by rules, and what would mend it.
//! - [`migrate`]: a recipe as a plan of what changes, and the plan as writes.
//! - [`apply`]: the only writer, with its journal and undo.
//! - [`mail`]: a task as a message on its way.
//! - [`report`]: all of it as text and JSON.
//!
//! The library reaches for no file, clock or environment by itself: [`host`] has the traits that are passed in.

pub mod apply;
pub mod archive;
pub mod connection_string;
pub mod effective;
pub mod expression;
pub mod host;
pub mod inventory;
pub mod lint;
pub mod mail;
pub mod migrate;
pub mod package;
pub mod project;
pub mod report;
pub mod secret;
pub mod source;
pub mod xml;
