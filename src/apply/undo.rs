//! Putting back what a journal says was written.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use super::check::replaceable;
use super::history::{self, Recorded, unreadable};
use super::journal::JournalError;
use super::outcome::Refusal;
use super::record::{Intent, LOCK, Original, PACK, UNDONE};
use super::temporary;
use crate::host::{Access, FileKind, WritableFiles};
use crate::project::Hash;

/// What became of one file of a journal.
#[derive(Debug)]
pub struct Undone {
    /// The file.
    pub path: PathBuf,
    /// What the change was.
    pub what: String,
    /// What was done, or why it stays as it is.
    pub result: Result<Restored, Refusal>,
}

/// What was done to bring a file back to what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restored {
    /// It has its old bytes again.
    PutBack,
    /// It had been created, and is gone.
    Removed,
    /// It was as it had been, and was not touched.
    AlreadySo,
}

/// Gives every file that a journal names, and `only` lets through, its old bytes again, created ones and left-over
/// temporary files removed. A file is touched only where it is byte for byte what was written. Can be killed at any
/// moment and run again.
///
/// # Errors
///
/// When the journal cannot be read, is not believed, or is in use; then nothing was touched.
pub fn undo(
    journal: &Path,
    only: &dyn Fn(&Path) -> bool,
    files: &dyn WritableFiles,
) -> Result<Vec<Undone>, JournalError> {
    let journal = files.canonical(journal).map_err(unreadable(journal))?;
    // Before the locks: what is no journal gets no file from us.
    history::read(&journal, files)?;
    // Where a lock cannot be had at all (a read-only place), nobody writes there either.
    let held = match files.try_lock(&journal.join(LOCK)) {
        Ok(None) => return Err(JournalError::Busy(journal)),
        Ok(Some(lock)) => Some(lock),
        Err(_) => None,
    };
    // A journal that was moved elsewhere has no writers beside it.
    let writers = journal.with_file_name(LOCK);
    let writers = files
        .standing(&writers)
        .and_then(|_| files.lock(&writers))
        .ok();
    let undone = put_back(&journal, only, files)?;
    drop((held, writers));
    Ok(undone)
}

/// [`undo`] under locks that the caller holds.
pub(super) fn put_back(
    journal: &Path,
    only: &dyn Fn(&Path) -> bool,
    files: &dyn WritableFiles,
) -> Result<Vec<Undone>, JournalError> {
    let Recorded { batches, .. } = history::read(journal, files)?;
    let pack = journal.join(PACK);
    let mut undone = Vec::new();
    let mut folders = BTreeSet::new();
    let mut is_whole = true;
    // The newest first, as everything is undone.
    for intent in batches
        .into_iter()
        .rev()
        .flat_map(|batch| batch.files.into_iter().rev())
    {
        if !only(&intent.path.0) {
            is_whole = false;
            continue;
        }
        let result = put_back_one(&intent, &pack, files);
        is_whole &= result.is_ok();
        folders.extend(intent.path.0.parent().map(Path::to_owned));
        undone.push(Undone {
            path: intent.path.0,
            what: intent.what,
            result,
        });
    }
    for folder in folders {
        if let Err(error) = files.sync_folder(&folder) {
            is_whole = false;
            fail_in(&folder, &error, &mut undone);
        }
    }
    if is_whole {
        // Only `--list` asks for it, and on a read-only place it cannot be.
        let _ = files.create(&journal.join(UNDONE), Access::OwnerOnly);
    }
    undone.reverse();
    Ok(undone)
}

/// What was put back into this folder may not be on the disk.
fn fail_in(folder: &Path, error: &io::Error, undone: &mut [Undone]) {
    for one in undone
        .iter_mut()
        .filter(|one| one.path.parent() == Some(folder))
    {
        if matches!(one.result, Ok(Restored::PutBack | Restored::Removed)) {
            let error = io::Error::new(error.kind(), error.to_string());
            one.result = Err(Refusal::Unsynced(error));
        }
    }
}

fn put_back_one(
    intent: &Intent,
    pack: &Path,
    files: &dyn WritableFiles,
) -> Result<Restored, Refusal> {
    let path = &intent.path.0;
    let temporary = path.with_file_name(&intent.temporary);
    let ours = path.with_file_name(format!("{}.undo", intent.temporary));
    remove_left_over(&temporary, files)?;
    remove_left_over(&ours, files)?;

    let now = present(path, files)?;
    match (&intent.before, intent.after) {
        (Some(original), _) if now == Some(original.sha256) => Ok(Restored::AlreadySo),
        (None, _) if now.is_none() => Ok(Restored::AlreadySo),
        (Some(original), Some(after)) => match now {
            Some(now) if now == after => restore_changed(path, &ours, original, after, pack, files),
            Some(_) => Err(Refusal::ChangedSince),
            None => Err(Refusal::RemovedSince),
        },
        (Some(original), None) => match now {
            None => restore_removed(path, &ours, original, pack, files),
            Some(_) => Err(Refusal::CreatedSince),
        },
        (None, after) if now == after => files
            .remove(path)
            .map(|()| Restored::Removed)
            .map_err(|error| Refusal::system("it could not be removed", error)),
        (None, _) => Err(Refusal::ChangedSince),
    }
}

fn restore_changed(
    path: &Path,
    beside: &Path,
    original: &Original,
    after: Hash,
    pack: &Path,
    files: &dyn WritableFiles,
) -> Result<Restored, Refusal> {
    let look = |error| Refusal::system("it could not be looked at", error);
    let standing = files.standing(path).map_err(look)?;
    replaceable(&standing)?;
    temporary::make(
        beside,
        &bytes_of(original, pack, files)?,
        Access::Of(standing.owner),
        files,
    )?;
    // Once more, right before the step that cannot be taken back.
    let replaced = match present(path, files) {
        Ok(Some(now)) if now == after => files
            .replace(beside, path)
            .map_err(|error| Refusal::system("it could not be replaced", error)),
        Ok(_) => Err(Refusal::ChangedSince),
        Err(refusal) => Err(refusal),
    };
    replaced.map(|()| Restored::PutBack).inspect_err(|_| {
        let _ = files.remove(beside);
    })
}

fn restore_removed(
    path: &Path,
    beside: &Path,
    original: &Original,
    pack: &Path,
    files: &dyn WritableFiles,
) -> Result<Restored, Refusal> {
    temporary::make(
        beside,
        &bytes_of(original, pack, files)?,
        Access::Of(original.owner()),
        files,
    )?;
    let moved = files
        .move_to_free_name(beside, path)
        .map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Refusal::CreatedSince,
            _ => Refusal::system("it could not be created", error),
        });
    moved.map(|()| Restored::PutBack).inspect_err(|_| {
        let _ = files.remove(beside);
    })
}

fn bytes_of(
    original: &Original,
    pack: &Path,
    files: &dyn WritableFiles,
) -> Result<Vec<u8>, Refusal> {
    let bytes = files
        .read_range(pack, original.offset, original.len)
        .map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Refusal::OriginalDamaged,
            _ => Refusal::system(
                "the journal's copy of the original could not be read",
                error,
            ),
        })?;
    if Hash::of(&bytes) == original.sha256 {
        Ok(bytes)
    } else {
        Err(Refusal::OriginalDamaged)
    }
}

/// The hash of a file, `None` when nothing is there.
fn present(path: &Path, files: &dyn WritableFiles) -> Result<Option<Hash>, Refusal> {
    match files.standing(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Refusal::system("it could not be looked at", error)),
        Ok(standing) => match standing.kind {
            FileKind::File => match files.read(path) {
                Ok(bytes) => Ok(Some(Hash::of(&bytes))),
                Err(error) => Err(Refusal::system("it could not be read", error)),
            },
            FileKind::Symlink => Err(Refusal::Symlink),
            FileKind::Folder | FileKind::Other => Err(Refusal::NotAFile),
        },
    }
}

/// Removes a temporary file that a kill left behind. Its name is in the journal and holds the journal's random id.
fn remove_left_over(temporary: &Path, files: &dyn WritableFiles) -> Result<(), Refusal> {
    match files.standing(temporary) {
        Ok(standing) if standing.kind == FileKind::File => files
            .remove(temporary)
            .map_err(|error| Refusal::system("its temporary file could not be removed", error)),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Refusal::system(
            "its temporary file could not be looked at",
            error,
        )),
    }
}
