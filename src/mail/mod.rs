//! Resolve, compose, deliver: a Send Mail task as a message on its way.
//!
//! A [`MailMessage`] is what a task would send, resolved to text. [`compose`] turns it into a [`Composed`] message:
//! the envelope and the exact bytes. [`deliver`] takes those to a server, to the capture inside the process or to a
//! folder, and says what became of them. Nothing here knows the XML of a package.

mod address;
pub mod auth;
mod codes;
mod compose;
pub mod deliver;
mod former;
pub mod job;
mod message;
mod overrides;
mod problem;
mod rehearsal;
mod resolve;
mod run;
mod server_choice;
mod source;
mod task_outcome;
mod values;

pub use crate::effective::{PathMap, PathMapError};
pub use address::{AddressProblem, AddressReason, Field};
pub use codes::Code;
pub use compose::{Composed, ContentReader, Envelope, Limits, Tools, compose};
pub use former::{Fate, Former, FormerError, FormerTask};
pub use message::{Attachment, MailMessage, split_attachments};
pub use overrides::{Defaults, Override, OverrideError, StaleValues};
pub use problem::{Problem, Warning, warnings};
pub use rehearsal::{Domain, DomainError, OneAddress, Rehearsal};
pub use resolve::{
    EventHandlers, Request, RequestServer, Resolved, Rules, Unsent, other_tasks, resolve,
};
pub use run::{Route, Runner, UnknownMail};
pub use server_choice::{LocalServer, ServerChoice};
pub use task_outcome::{CapturedText, Cause, MessageFacts, TaskOutcome, TaskStatus};
