//! New bytes beside the file that they will replace.

use std::io::{self, Write as _};
use std::path::Path;

use super::outcome::Refusal;
use crate::host::{Access, NewFile, WritableFiles};

/// Creates a file with these bytes, on the disk and read back. A failure leaves no file.
pub(super) fn make(
    path: &Path,
    bytes: &[u8],
    access: Access,
    files: &dyn WritableFiles,
) -> Result<(), Refusal> {
    let mut file = begin(path, bytes, access, files)?;
    let synced = file.sync();
    drop(file);
    finish(path, bytes, synced, files)
}

/// Creates a file with these bytes, which may not be on the disk yet. A failure leaves no file.
pub(super) fn begin(
    path: &Path,
    bytes: &[u8],
    access: Access,
    files: &dyn WritableFiles,
) -> Result<Box<dyn NewFile>, Refusal> {
    let mut file = files
        .create(path, access)
        .map_err(|error| Refusal::system("its temporary file could not be created", error))?;
    match file.write_all(bytes) {
        Ok(()) => Ok(file),
        Err(error) => {
            drop(file);
            Err(given_up(path, unwritten(error), files))
        }
    }
}

/// Reads a file back that was synced. A failure, also of the sync, leaves no file.
pub(super) fn finish(
    path: &Path,
    bytes: &[u8],
    synced: io::Result<()>,
    files: &dyn WritableFiles,
) -> Result<(), Refusal> {
    match synced.and_then(|()| files.read(path)) {
        Ok(read) if read == bytes => Ok(()),
        Ok(_) => Err(given_up(path, Refusal::ReadBack, files)),
        Err(error) => Err(given_up(path, unwritten(error), files)),
    }
}

fn unwritten(error: io::Error) -> Refusal {
    Refusal::system("its temporary file could not be written", error)
}

/// What cannot be removed is in the journal, for `undo`.
fn given_up(path: &Path, refusal: Refusal, files: &dyn WritableFiles) -> Refusal {
    let _ = files.remove(path);
    refusal
}
