//! The only writer of user files: batches, journal, verification, undo.
//!
//! [`Writer`] takes planned [`Write`]s and carries them out so that every file is wholly old
//! or wholly new at every moment; [`undo()`] takes a run back to the byte, also one that was killed.

mod check;
mod history;
mod journal;
mod outcome;
mod record;
mod temporary;
mod undo;
mod writer;

pub use crate::project::Label;
pub use check::check;
pub use history::{Listed, State, Summary, list, newest};
pub use journal::{Journal, JournalError, Origin, default_folder};
pub use outcome::{Done, Outcome, Refusal};
pub use undo::{Restored, Undone, undo};
pub use writer::{Applied, OnRefusal, Verify, Writer};

use crate::host::WritableFiles;
use crate::project::Write;

/// Carries out a plan: [`Writer`] for who has it as an iterator.
pub fn apply(
    writes: impl Iterator<Item = Write>,
    verify: &Verify<'_>,
    on_refusal: OnRefusal,
    journal: &mut Journal,
    files: &dyn WritableFiles,
) -> Applied {
    let mut writer = Writer::new(journal, verify, on_refusal, files);
    writes.for_each(|write| writer.push(write));
    writer.finish()
}
