//! `dtsx/mail-job@1`: Send Mail tasks that have left their package.
//!
//! A [`Job`] is what a file says; [`Extraction`] makes one of tasks, [`Job::ready`] takes what was given for a run and
//! gives the mail, each one as a task of a package would give it.

mod extract;
mod file;
mod ready;
mod reference;

pub use extract::{Extraction, LeftOut, ResolveWhen};
pub use file::{
    Account, Body, Computed, Formula, Input, Job, JobError, JobMail, JobServer, Known, SCHEMA,
    Setting, Source,
};
pub use ready::{JobRun, MissingInput, Ready, ReadyError};
pub use reference::{Reference, ReferenceError};
