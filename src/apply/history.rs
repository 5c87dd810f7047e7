//! Journals that are there: reading one, listing them, finding the newest of a folder.

use std::io;
use std::path::{Path, PathBuf};

use super::journal::JournalError;
use super::record::{self, Batch, Header, LOCK, PACK, RECORDS, Record, UNDONE};
use crate::host::{FileKind, WritableFiles};

/// A journal as `undo --list` shows it.
#[derive(Debug)]
pub struct Listed {
    /// Its folder.
    pub path: PathBuf,
    /// What it says, or why it cannot be read.
    pub content: Result<Summary, JournalError>,
}

/// What a journal says of its run.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The deepest folder that holds everything the run was given.
    pub root: PathBuf,
    /// Who ran it.
    pub user: String,
    /// When.
    pub time: jiff::Timestamp,
    /// The command.
    pub command: String,
    /// Its recipe.
    pub recipe: Option<String>,
    /// The version of dtsx.
    pub version: String,
    /// How many files it was about to write.
    pub files: usize,
    /// How it stands.
    pub state: State,
}

/// How a journal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Its run is under way, or it is being undone.
    Running,
    /// Its run ended by itself.
    Complete,
    /// Its run was killed, or its last batch failed.
    Interrupted,
    /// Everything was put back.
    Undone,
}

/// All journals of a folder of journals, the newest first. A folder that does not exist holds none.
///
/// # Errors
///
/// [`JournalError::Unreadable`] when the folder cannot be listed.
pub fn list(folder: &Path, files: &dyn WritableFiles) -> Result<Vec<Listed>, JournalError> {
    let entries = match files.list(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(folder)(error)),
    };
    let mut listed = Vec::new();
    for entry in entries
        .into_iter()
        .rev()
        .filter(|entry| entry.kind == FileKind::Folder)
    {
        let path = folder.join(entry.name);
        match read(&path, files) {
            // Nothing was written through it.
            Ok(Recorded { header: None, .. }) => {}
            Ok(Recorded {
                header: Some(header),
                batches,
                done,
            }) => {
                let state = state(&path, done == batches.len(), files);
                let content = Ok(Summary {
                    root: header.root.0,
                    user: header.user,
                    time: header.time,
                    command: header.command,
                    recipe: header.recipe,
                    version: header.version,
                    files: batches.iter().map(|batch| batch.files.len()).sum(),
                    state,
                });
                listed.push(Listed { path, content });
            }
            Err(error) => listed.push(Listed {
                path,
                content: Err(error),
            }),
        }
    }
    // Those that cannot be read come last, in the order of their names, which begin with the time.
    listed.sort_by_key(|listed| {
        std::cmp::Reverse(listed.content.as_ref().ok().map(|summary| summary.time))
    });
    Ok(listed)
}

/// The newest journal whose root is at, above or below a folder.
///
/// # Errors
///
/// As [`list`]; a journal that cannot be read is an error here only if none can that fits.
pub fn newest(
    folder: &Path,
    around: &Path,
    files: &dyn WritableFiles,
) -> Result<Option<PathBuf>, JournalError> {
    let around = files.canonical(around).map_err(unreadable(around))?;
    let mut failure = None;
    for listed in list(folder, files)? {
        match listed.content {
            Ok(Summary { root, .. }) if root.starts_with(&around) || around.starts_with(&root) => {
                return Ok(Some(listed.path));
            }
            Ok(_) => {}
            Err(error) => failure = Some(error),
        }
    }
    failure.map_or(Ok(None), Err)
}

fn state(path: &Path, done: bool, files: &dyn WritableFiles) -> State {
    if matches!(files.try_lock(&path.join(LOCK)), Ok(None)) {
        State::Running
    } else if files.standing(&path.join(UNDONE)).is_ok() {
        State::Undone
    } else if done {
        State::Complete
    } else {
        State::Interrupted
    }
}

/// The records of a journal up to the one that a kill tore.
#[derive(Debug)]
pub(super) struct Recorded {
    /// `None` when not even the first record is whole: nothing was written through this journal.
    pub(super) header: Option<Header>,
    pub(super) batches: Vec<Batch>,
    /// How many of the batches are complete.
    pub(super) done: usize,
}

/// Reads a journal that only we can have written.
pub(super) fn read(path: &Path, files: &dyn WritableFiles) -> Result<Recorded, JournalError> {
    let records = path.join(RECORDS);
    for (part, kind) in [
        (path, FileKind::Folder),
        (&records, FileKind::File),
        (&path.join(PACK), FileKind::File),
    ] {
        match files.standing(part) {
            Ok(standing) if standing.kind != kind => {
                return Err(JournalError::Foreign(path.to_owned()));
            }
            Ok(standing) if standing.writable_by_others => {
                return Err(JournalError::Exposed(part.to_owned()));
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound && part != path => {
                return missing_part(path, part, error, files);
            }
            Err(error) => return Err(unreadable(part)(error)),
        }
    }
    let bytes = files.read(&records).map_err(unreadable(&records))?;
    parse(path, &bytes)
}

/// A run that was killed before it had made all its files has written nothing; any other folder is not ours.
fn missing_part(
    path: &Path,
    missing: &Path,
    error: io::Error,
    files: &dyn WritableFiles,
) -> Result<Recorded, JournalError> {
    let entries = files.list(path).map_err(unreadable(path))?;
    let is_ours = |name: &std::ffi::OsStr| {
        [RECORDS, PACK, UNDONE, LOCK]
            .iter()
            .any(|ours| name == *ours)
    };
    if !entries.iter().all(|entry| is_ours(&entry.name)) {
        return Err(JournalError::Foreign(path.to_owned()));
    }
    if entries.iter().any(|entry| entry.name == RECORDS) {
        let bytes = files.read(&path.join(RECORDS)).map_err(unreadable(path))?;
        if !parse(path, &bytes)?.batches.is_empty() {
            return Err(unreadable(missing)(error));
        }
    }
    Ok(Recorded {
        header: None,
        batches: Vec::new(),
        done: 0,
    })
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Recorded, JournalError> {
    let mut recorded = Recorded {
        header: None,
        batches: Vec::new(),
        done: 0,
    };
    let mut torn = None;
    for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        // A record without its line feed may be whole by accident; the kill came before it was synced all the same.
        let json = line.strip_suffix(b"\n").and_then(record::json_of);
        let damaged = |record| JournalError::Damaged {
            path: path.to_owned(),
            record,
        };
        match (json, torn) {
            (None, _) if index == 0 && line.ends_with(b"\n") => {
                return Err(JournalError::Foreign(path.to_owned()));
            }
            (None, None) => torn = Some(index + 1),
            (None, Some(_)) => {}
            (Some(_), Some(record)) => return Err(damaged(record)),
            (Some(json), None) => match (index, serde_json::from_slice(json)) {
                (0, header) => recorded.header = Some(header_of(path, json, header)?),
                (_, Ok(Record::Batch(batch))) => recorded.batches.push(batch),
                (_, Ok(Record::Done(_))) => recorded.done += 1,
                (_, Ok(Record::Header(_)) | Err(_)) => return Err(damaged(index + 1)),
            },
        }
    }
    Ok(recorded)
}

fn header_of(
    path: &Path,
    json: &[u8],
    record: Result<Record, serde_json::Error>,
) -> Result<Header, JournalError> {
    match (record::format_of(json), record) {
        (Some((format, version)), _) if format > record::FORMAT => Err(JournalError::Newer {
            path: path.to_owned(),
            format,
            version,
        }),
        (_, Ok(Record::Header(header))) => Ok(header),
        _ => Err(JournalError::Foreign(path.to_owned())),
    }
}

pub(super) fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> JournalError {
    let path = path.to_owned();
    move |error| JournalError::Unreadable { path, error }
}
