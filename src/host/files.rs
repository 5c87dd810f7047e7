//! Files and folders as the library uses them.

use std::ffi::OsString;
use std::io::{self, Read};
use std::path::Path;

/// What a path leads to; a symbolic link is not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Symlink,
    /// A device, a pipe, a socket.
    Other,
}

/// One entry of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name in the folder.
    pub name: OsString,
    /// What it is.
    pub kind: FileKind,
}

/// What is known of a path without opening it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// What it is; a symbolic link is not followed.
    pub kind: FileKind,
    /// Length in bytes.
    pub len: u64,
}

/// Files and folders.
pub trait Files: Sync {
    /// All bytes of a file.
    ///
    /// # Errors
    ///
    /// Whatever the system says.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// A file as a stream.
    ///
    /// # Errors
    ///
    /// Whatever the system says.
    fn open(&self, path: &Path) -> io::Result<Box<dyn Read>>;

    /// The entries of a folder, ordered by name.
    ///
    /// # Errors
    ///
    /// Whatever the system says.
    fn list(&self, folder: &Path) -> io::Result<Vec<Entry>>;

    /// What a path leads to, a symbolic link not followed.
    ///
    /// # Errors
    ///
    /// Whatever the system says.
    fn metadata(&self, path: &Path) -> io::Result<Metadata>;
}
