//! Whether a file may be written: what it is, and whether it is what the plan was made from.

use std::io;
use std::path::{Path, PathBuf};

use super::outcome::Refusal;
use crate::host::{FileKind, Owner, Standing, WritableFiles};
use crate::project::Hash;

/// A file that may be written now.
pub(super) struct Ready {
    /// The original bytes and whose they are; `None` for a file that is created.
    pub(super) original: Option<(Vec<u8>, Owner)>,
}

/// Whether a planned write would be carried out now: `before` is the hash of the bytes that the plan was made from,
/// `None` for a file that is created. Who has a reviewed plan asks this of every file before the first is written.
///
/// # Errors
///
/// Why it would not.
pub fn check(path: &Path, before: Option<Hash>, files: &dyn WritableFiles) -> Result<(), Refusal> {
    let path = settled(path, files)?;
    match before {
        Some(before) => existing(&path, before, files).map(|_| ()),
        None => absent(&path, files),
    }
}

/// The path with its folder resolved, so that one file has one path; the last component is not followed.
pub(super) fn settled(path: &Path, files: &dyn WritableFiles) -> Result<PathBuf, Refusal> {
    let name = path.file_name().ok_or(Refusal::NotAFile)?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let folder = files
        .canonical(folder)
        .map_err(|error| Refusal::system("its folder could not be found", error))?;
    Ok(folder.join(name))
}

pub(super) fn ready(
    path: &Path,
    before: Option<Hash>,
    files: &dyn WritableFiles,
) -> Result<Ready, Refusal> {
    let original = match before {
        Some(before) => Some(existing(path, before, files)?),
        None => absent(path, files).map(|()| None)?,
    };
    Ok(Ready { original })
}

fn existing(
    path: &Path,
    before: Hash,
    files: &dyn WritableFiles,
) -> Result<(Vec<u8>, Owner), Refusal> {
    let standing = files.standing(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Refusal::Vanished,
        _ => Refusal::system("it could not be looked at", error),
    })?;
    replaceable(&standing)?;
    let bytes = files
        .read(path)
        .map_err(|error| Refusal::system("it could not be read", error))?;
    if Hash::of(&bytes) == before {
        Ok((bytes, standing.owner))
    } else {
        Err(Refusal::Changed)
    }
}

pub(super) fn replaceable(standing: &Standing) -> Result<(), Refusal> {
    match standing.kind {
        FileKind::File => {}
        FileKind::Symlink => return Err(Refusal::Symlink),
        FileKind::Folder | FileKind::Other => return Err(Refusal::NotAFile),
    }
    if standing.read_only {
        Err(Refusal::ReadOnly)
    } else if standing.hard_links > 1 {
        Err(Refusal::HardLinked(standing.hard_links))
    } else {
        Ok(())
    }
}

fn absent(path: &Path, files: &dyn WritableFiles) -> Result<(), Refusal> {
    match files.standing(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Refusal::system("it could not be looked at", error)),
        Ok(_) => Err(Refusal::Exists),
    }
}
