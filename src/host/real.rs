//! The machine that the command runs on.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::{
    Access, Clock, Entry, Environment, FileKind, Files, Lock, Metadata, NewFile, Random, Standing,
    WritableFiles, platform,
};

/// The file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealFiles;

impl RealFiles {
    /// Opens a file to be written from its beginning: a new one for its owner alone, an old one as it is.
    ///
    /// For reports, which may replace the one of yesterday or go into a device; never for a user's files.
    ///
    /// # Errors
    ///
    /// Whatever the system says.
    pub fn open_report(&self, path: &Path) -> io::Result<File> {
        platform::open_report(path)
    }
}

fn kind(kind: std::fs::FileType) -> FileKind {
    if kind.is_symlink() {
        FileKind::Symlink
    } else if kind.is_dir() {
        FileKind::Folder
    } else if kind.is_file() {
        FileKind::File
    } else {
        FileKind::Other
    }
}

impl Files for RealFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn Read>> {
        Ok(Box::new(std::fs::File::open(path)?))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            entries.push(Entry {
                name: entry.file_name(),
                kind: kind(entry.file_type()?),
            });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        let metadata = std::fs::symlink_metadata(path)?;
        Ok(Metadata {
            kind: kind(metadata.file_type()),
            len: metadata.len(),
        })
    }
}

impl NewFile for File {
    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}

/// The system gives the lock back when the file is closed, at the latest when the process ends.
impl Lock for File {}

impl WritableFiles for RealFiles {
    fn standing(&self, path: &Path) -> io::Result<Standing> {
        let metadata = std::fs::symlink_metadata(path)?;
        Ok(Standing {
            kind: kind(metadata.file_type()),
            hard_links: platform::hard_links(path, &metadata)?,
            read_only: metadata.permissions().readonly(),
            owner: platform::owner(&metadata),
            writable_by_others: platform::is_writable_by_others(&metadata),
        })
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        platform::canonical(path)
    }

    fn read_range(&self, path: &Path, offset: u64, len: u64) -> io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        file.take(len).read_to_end(&mut bytes)?;
        if u64::try_from(bytes.len()).ok() == Some(len) {
            Ok(bytes)
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }

    fn create(&self, path: &Path, access: Access) -> io::Result<Box<dyn NewFile>> {
        Ok(Box::new(platform::create(path, access)?))
    }

    /// Several at the same time: a file system brings what waits together to the disk in one go.
    fn sync_all(&self, mut files: Vec<Box<dyn NewFile>>) -> Vec<io::Result<()>> {
        const TOGETHER: usize = 8;
        let each = files.len().div_ceil(TOGETHER).max(1);
        std::thread::scope(|scope| {
            let threads: Vec<_> = files
                .chunks_mut(each)
                .map(|files| {
                    let count = files.len();
                    let sync = |file: &mut Box<dyn NewFile>| file.sync();
                    (
                        count,
                        scope.spawn(move || files.iter_mut().map(sync).collect::<Vec<_>>()),
                    )
                })
                .collect();
            let ended = |_| io::Error::other("a thread ended early");
            threads
                .into_iter()
                .flat_map(|(count, thread)| {
                    thread.join().unwrap_or_else(|panic| {
                        drop(panic);
                        (0..count).map(ended).map(Err).collect()
                    })
                })
                .collect()
        })
    }

    fn replace(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn move_to_free_name(&self, from: &Path, to: &Path) -> io::Result<()> {
        platform::move_to_free_name(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        platform::create_folder(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_dir(path)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        platform::sync_folder(folder)
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Lock>> {
        let file = platform::lock_file(path)?;
        file.lock()?;
        Ok(Box::new(file))
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>> {
        let file = platform::lock_file(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(file))),
            Err(std::fs::TryLockError::WouldBlock) => Ok(None),
            Err(std::fs::TryLockError::Error(error)) => Err(error),
        }
    }
}

/// The system's clock and time zone.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealClock;

impl Clock for RealClock {
    fn now(&self) -> jiff::ZonedDateTime {
        jiff::ZonedDateTime::now()
    }
}

/// The system's random numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealRandom;

impl Random for RealRandom {
    fn bytes(&self) -> [u8; 16] {
        *uuid::Uuid::new_v4().as_bytes()
    }
}

/// The process environment.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealEnvironment;

impl Environment for RealEnvironment {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn host_name(&self) -> Option<String> {
        let name = self
            .variable("COMPUTERNAME")
            .or_else(|| self.variable("HOSTNAME"))
            .or_else(|| std::fs::read_to_string("/proc/sys/kernel/hostname").ok())?;
        let name = name.trim();
        (!name.is_empty()).then(|| name.to_owned())
    }
}
