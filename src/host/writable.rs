//! Files and folders as their one writer uses them.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{FileKind, Files};

/// Who may read and write a new file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Its owner alone: 0600, folders 0700. On Windows whatever its folder gives.
    OwnerOnly,
    /// What the system gives a new file of this user.
    Usual,
    /// The same mode, owner and group as a file that it takes the place of.
    Of(Owner),
}

/// Mode, owner and group of a file on Unix; zeros and without effect on Windows, where a file takes the access
/// rights of its folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// Permission bits.
    pub mode: u32,
    /// The owning user.
    pub user: u32,
    /// The owning group.
    pub group: u32,
}

/// What must be known of a path before it is replaced or trusted; a symbolic link is not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What it is.
    pub kind: FileKind,
    /// How many names the file has; replacing one of two would part them.
    pub hard_links: u64,
    /// Nobody may write it, or the read-only attribute is set.
    pub read_only: bool,
    /// Who owns it.
    pub owner: Owner,
    /// Somebody else owns it or may write it. Always false on Windows, whose access lists are not read.
    pub writable_by_others: bool,
}

/// A file that was just created, or an open journal.
pub trait NewFile: Write + Send {
    /// Waits until everything written is on the disk.
    ///
    /// # Errors
    ///
    /// Whatever the system says; then nothing is known of what is on the disk.
    fn sync(&mut self) -> io::Result<()>;
}

/// Held as long as it lives.
pub trait Lock {}

/// Files and folders that can be written. Who gets [`Files`] alone cannot write.
pub trait WritableFiles: Files {
    /// What must be known of a path before it is replaced or trusted.
    ///
    /// # Errors
    ///
    /// Whatever the system says.
    fn standing(&self, path: &Path) -> io::Result<Standing>;

    /// The absolute path without links, `.` and `..` of something that exists.
    ///
    /// # Errors
    ///
    /// Whatever the system says.
    fn canonical(&self, path: &Path) -> io::Result<PathBuf>;

    /// The `len` bytes of a file that begin at `offset`.
    ///
    /// # Errors
    ///
    /// `UnexpectedEof` when the file ends before; whatever the system says.
    fn read_range(&self, path: &Path, offset: u64, len: u64) -> io::Result<Vec<u8>>;

    /// Creates a file that must not exist, to be written from its beginning.
    ///
    /// # Errors
    ///
    /// `AlreadyExists`; `PermissionDenied` also when the owner asked for cannot be given, and then the file is gone
    /// again; whatever the system says.
    fn create(&self, path: &Path, access: Access) -> io::Result<Box<dyn NewFile>>;

    /// Waits until everything written to these files is on the disk, and closes them. The answers are in their order.
    fn sync_all(&self, files: Vec<Box<dyn NewFile>>) -> Vec<io::Result<()>> {
        files.into_iter().map(|mut file| file.sync()).collect()
    }

    /// Gives a file the name of another, which it replaces in one step.
    ///
    /// # Errors
    ///
    /// Whatever the system says.
    fn replace(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Gives a file a name that nothing may have yet.
    ///
    /// # Errors
    ///
    /// `AlreadyExists`; whatever the system says.
    fn move_to_free_name(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    ///
    /// Whatever the system says.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Creates a folder for its owner only; the folder above must exist.
    ///
    /// # Errors
    ///
    /// `AlreadyExists`; whatever the system says.
    fn create_folder(&self, path: &Path) -> io::Result<()>;

    /// Removes an empty folder.
    ///
    /// # Errors
    ///
    /// Whatever the system says.
    fn remove_folder(&self, path: &Path) -> io::Result<()>;

    /// Waits until the names in a folder are on the disk. Nothing to do on Windows, where a folder cannot be flushed
    /// and NTFS journals its names.
    ///
    /// # Errors
    ///
    /// Whatever the system says.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;

    /// Takes the lock that a file stands for, created owner-only where it is missing; waits for whoever holds it.
    ///
    /// # Errors
    ///
    /// Whatever the system says.
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Lock>>;

    /// Like [`lock`](WritableFiles::lock), but `None` at once when somebody holds it.
    ///
    /// # Errors
    ///
    /// Whatever the system says.
    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>>;
}
