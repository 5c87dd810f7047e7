//! New bytes beside the file that they will replace.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::outcome::Refusal;
use crate::host::{Access, NewFile, WritableFiles};

/// A temporary file that is written but may not be on the disk yet.
pub(super) struct Temporary {
    path: PathBuf,
    file: Box<dyn NewFile>,
}

/// Creates a file with these bytes, on the disk and read back. A failure leaves no file.
pub(super) fn make(
    path: &Path,
    bytes: &[u8],
    access: Access,
    files: &dyn WritableFiles,
) -> Result<(), Refusal> {
    begin(path, bytes, access, files)?.finish(bytes, files)
}

/// Creates a file with these bytes. A failure leaves no file.
pub(super) fn begin(
    path: &Path,
    bytes: &[u8],
    access: Access,
    files: &dyn WritableFiles,
) -> Result<Temporary, Refusal> {
    let mut file = files
        .create(path, access)
        .map_err(|error| Refusal::system("its temporary file could not be created", error))?;
    match file.write_all(bytes) {
        Ok(()) => Ok(Temporary {
            path: path.to_owned(),
            file,
        }),
        Err(error) => {
            drop(file);
            Err(given_up(path, unwritten(error), files))
        }
    }
}

impl Temporary {
    /// Waits until the file is on the disk, and reads it back. A failure leaves no file.
    pub(super) fn finish(self, bytes: &[u8], files: &dyn WritableFiles) -> Result<(), Refusal> {
        let Temporary { path, mut file } = self;
        let synced = file.sync();
        drop(file);
        match synced.and_then(|()| files.read(&path)) {
            Ok(read) if read == bytes => Ok(()),
            Ok(_) => Err(given_up(&path, Refusal::ReadBack, files)),
            Err(error) => Err(given_up(&path, unwritten(error), files)),
        }
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
