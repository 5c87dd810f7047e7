//! What Linux, macOS and the other Unix systems do in their own way.

use std::ffi::OsStr;
use std::fs::{DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use super::{Access, Owner};

/// The path as the system keeps it, for a record of paths that are not Unicode.
pub fn path_bytes(path: &Path) -> Vec<u8> {
    path.as_os_str().as_bytes().to_vec()
}

/// The way back from [`path_bytes`]; `None` for bytes that it never gives.
pub fn path_from_bytes(bytes: &[u8]) -> Option<PathBuf> {
    Some(PathBuf::from(OsStr::from_bytes(bytes)))
}

/// Whether the error means that another program has the file open.
pub fn is_in_use(_error: &io::Error) -> bool {
    false
}

pub(super) fn canonical(path: &Path) -> io::Result<PathBuf> {
    std::fs::canonicalize(path)
}

pub(super) fn hard_links(_path: &Path, metadata: &Metadata) -> io::Result<u64> {
    Ok(metadata.nlink())
}

pub(super) fn owner(metadata: &Metadata) -> Owner {
    Owner {
        mode: metadata.mode() & 0o7777,
        user: metadata.uid(),
        group: metadata.gid(),
    }
}

pub(super) fn is_writable_by_others(metadata: &Metadata) -> bool {
    metadata.uid() != rustix::process::geteuid().as_raw() || metadata.mode() & 0o022 != 0
}

/// Created with no rights for others, which a mode given later may widen: nobody reads it in between.
pub(super) fn create(path: &Path, access: Access) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    let owner = match access {
        Access::Usual => return options.open(path),
        Access::OwnerOnly => return options.mode(0o600).open(path),
        Access::Of(owner) => owner,
    };
    let file = options.mode(0o600).open(path)?;
    give(&file, owner).inspect_err(|_| {
        // The error is about the owner; a file that cannot be removed either is found by `undo`.
        let _ = std::fs::remove_file(path);
    })?;
    Ok(file)
}

fn give(file: &File, owner: Owner) -> io::Result<()> {
    let mine = file.metadata()?;
    if (mine.uid(), mine.gid()) != (owner.user, owner.group) {
        fchown(file, Some(owner.user), Some(owner.group)).map_err(|error| {
            let what = format!(
                "its owner and group ({}, {}) cannot be kept",
                owner.user, owner.group
            );
            io::Error::new(error.kind(), format!("{what}: {error}"))
        })?;
    }
    // After the owner, whose change clears bits.
    file.set_permissions(Permissions::from_mode(owner.mode))
}

pub(super) fn open_report(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
}

pub(super) fn move_to_free_name(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            // File systems that cannot.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
            result => return Ok(result?),
        }
    }
    // A second name, which must be free, then the first one gone.
    std::fs::hard_link(from, to)?;
    std::fs::remove_file(from)
}

pub(super) fn create_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        // Some network file systems cannot sync a folder, and say so in this way.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        result => result,
    }
}

pub(super) fn lock_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
}
