//! What became of each file, and why not.

use std::io;
use std::path::PathBuf;

/// What became of one planned write.
#[derive(Debug)]
pub struct Outcome {
    /// The file, as the plan named it.
    pub path: PathBuf,
    /// What the change is, as the plan said.
    pub what: String,
    /// What was done, or why nothing was.
    pub result: Result<Done, Refusal>,
}

/// What was done to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// It has the new bytes.
    Changed,
    /// It exists now.
    Created,
    /// It is gone.
    Removed,
    /// The new bytes are the old ones; it was not touched.
    Unchanged,
}

/// Why a file was left as it is. The message does not repeat the path.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It is a symbolic link.
    #[error("it is a symbolic link: name the file that it leads to")]
    Symlink,
    /// It is a folder, a device, a pipe.
    #[error("it is not a regular file")]
    NotAFile,
    /// It has more than one name, and replacing it would part them.
    #[error("it has {0} names (hard links) and would keep only one: write to a copy of it")]
    HardLinked(u64),
    /// Nobody may write it, as in the workspace of a version control system that locks files.
    #[error("it is read-only: check it out, or make it writable, and run again")]
    ReadOnly,
    /// Another program has it open.
    #[error("another program has it open: close it there and run again")]
    InUse,
    /// Its bytes are not those that the plan was made from.
    #[error("it has changed since the plan was made: plan again")]
    Changed,
    /// It does not exist any more.
    #[error("it does not exist any more: plan again")]
    Vanished,
    /// It was to be created and is there.
    #[error("it was to be created, but it exists already")]
    Exists,
    /// The plan names it twice.
    #[error("the plan names it twice, and the second change was not made from the first's result")]
    PlannedTwice,
    /// The new bytes did not pass the check of the caller.
    #[error("the new content is not right, which is a fault of this program: {0}")]
    Wrong(String),
    /// What was written does not read back as it was written.
    #[error("what was written to the disk reads back differently")]
    ReadBack,
    /// The system refused something.
    #[error("{doing}: {}", told(.error))]
    System {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        error: io::Error,
    },
    /// The journal could not be written, so nothing else was.
    #[error("the journal failed: {0}")]
    Journal(String),
    /// Nothing was tried, because something else failed.
    #[error("not written, because {0}")]
    NotAttempted(String),
    /// It had been written and has its old bytes again, because something else failed.
    #[error("put back, because {0}")]
    TakenBack(String),
    /// Undo: it is not, byte for byte, what the journal says was written.
    #[error("it has changed since it was written: it stays as it is")]
    ChangedSince,
    /// Undo: it was written, and then somebody removed it.
    #[error("it was removed since it was written: it stays away")]
    RemovedSince,
    /// Undo: it was removed, and then somebody created it.
    #[error("it was created again since it was removed: it stays as it is")]
    CreatedSince,
    /// Undo: it has its old bytes again, but a power failure may take that back.
    #[error("it was put back, but its folder could not be synced: {}", told(.0))]
    Unsynced(io::Error),
    /// Undo: the pack does not hold the bytes that the journal promises.
    #[error("the journal's copy of the original is damaged")]
    OriginalDamaged,
}

impl Refusal {
    /// What the system said, told apart where people can do something about it.
    pub(super) fn system(doing: &'static str, error: io::Error) -> Refusal {
        if crate::host::is_in_use(&error) {
            Refusal::InUse
        } else {
            Refusal::System { doing, error }
        }
    }

    /// Whether the next file would fare no better, so that going on is senseless.
    pub(super) fn concerns_every_file(&self) -> bool {
        use io::ErrorKind as Kind;
        match self {
            Refusal::ReadBack => true,
            // Anything that is not about this very file: no space, quota, a failing disk, a read-only file system.
            Refusal::System { error, .. } => !matches!(
                error.kind(),
                Kind::AlreadyExists
                    | Kind::InvalidFilename
                    | Kind::InvalidInput
                    | Kind::IsADirectory
                    | Kind::NotADirectory
                    | Kind::NotFound
                    | Kind::PermissionDenied
            ),
            _ => false,
        }
    }
}

fn told(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        io::ErrorKind::QuotaExceeded => "the disk quota is used up".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only".to_owned(),
        io::ErrorKind::PermissionDenied => format!("permission denied ({error})"),
        _ => error.to_string(),
    }
}
