//! What Windows does in its own way. Written after the documentation.

use std::ffi::OsString;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::windows::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use super::{Access, Owner};

/// The path as the system keeps it (UTF-16 units, low byte first), for a record of paths that are not Unicode.
pub fn path_bytes(path: &Path) -> Vec<u8> {
    path.as_os_str()
        .encode_wide()
        .flat_map(u16::to_le_bytes)
        .collect()
}

/// The way back from [`path_bytes`]; `None` for bytes that it never gives.
pub fn path_from_bytes(bytes: &[u8]) -> Option<PathBuf> {
    let (units, rest) = bytes.as_chunks();
    let units: Vec<u16> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
    rest.is_empty()
        .then(|| PathBuf::from(OsString::from_wide(&units)))
}

/// Whether the error means that another program has the file open (ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION).
pub fn is_in_use(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(32 | 33))
}

/// Without the `\\?\` that `canonicalize` puts in front and people do not expect to read; the standard library adds
/// it again by itself where a path is long.
pub(super) fn canonical(path: &Path) -> io::Result<PathBuf> {
    let path = std::fs::canonicalize(path)?;
    let Some(text) = path.to_str() else {
        return Ok(path);
    };
    Ok(if let Some(share) = text.strip_prefix(r"\\?\UNC\") {
        PathBuf::from(format!(r"\\{share}"))
    } else if let Some(rest) = text
        .strip_prefix(r"\\?\")
        .filter(|rest| rest.get(1..3) == Some(r":\"))
    {
        PathBuf::from(rest)
    } else {
        path
    })
}

pub(super) fn hard_links(path: &Path, metadata: &Metadata) -> io::Result<u64> {
    if !metadata.is_file() {
        return Ok(1);
    }
    let file = winapi_util::Handle::from_path(path)?;
    Ok(winapi_util::file::information(file)?.number_of_links())
}

pub(super) fn owner(_metadata: &Metadata) -> Owner {
    Owner::default()
}

/// Access lists are not read: a journal is as safe as the profile that it lies in.
pub(super) fn is_writable_by_others(_metadata: &Metadata) -> bool {
    false
}

pub(super) fn create(path: &Path, _access: Access) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

pub(super) fn open_report(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)
}

/// `rename` replaces on Windows too, so the new name is made as a second one, which must be free.
pub(super) fn move_to_free_name(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::hard_link(from, to)?;
    std::fs::remove_file(from)
}

pub(super) fn create_folder(path: &Path) -> io::Result<()> {
    std::fs::create_dir(path)
}

pub(super) fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

pub(super) fn lock_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
}
