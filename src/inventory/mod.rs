//! Owned facts of files, and the walk that gathers them.
//!
//! A package is dropped when it has been looked at; what must outlive its document is a fact here.

mod effective;
mod facts;
mod gather;
mod link;
mod needles;
mod senders;
mod survey;
mod uses;

pub use effective::EffectiveFacts;
pub use facts::{
    CallFacts, ConnectionFacts, ExpressionFacts, FileFacts, FoundManager, HandlerFacts, Masked,
    ObjectRef, OtherTask, ProjectUse, Reference, TaskFacts,
};
pub use gather::{gather, gather_values, gather_with};
pub use link::{FileNames, link_calls, link_uses};
pub use senders::{
    MailMeans, NamedHost, OtherSender, SenderAuthentication, SenderEncryption, SenderKind,
    SenderSpot, script_literals, sql_literals,
};
pub use survey::{
    Hashes, Scope, Survey, UnitFacts, configurations, survey, survey_given, together,
};

// What facts are made of, for the rooms that see facts and no documents.
pub use crate::effective::{Certainty, Effective, Link, Origin};
pub use crate::package::{FileKind, MailProperty, MessageSourceType};
pub use crate::project::{BuildCopy, ReadError};
pub use crate::xml::Place;
