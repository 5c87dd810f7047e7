//! The journal that a run writes before it writes anything else.

use std::collections::HashMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::record::{
    self, Batch, Header, LOCK, Original, PACK, RECORDS, Record, StoredPath, UNDONE,
};
use crate::host::{
    Access, Clock, Environment, FileKind, Lock, NewFile, Owner, Random, WritableFiles,
};
use crate::project::Hash;

/// What went wrong with a journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The machine does not say where journals belong.
    #[error(
        "no folder for journals is known (neither `{0}` is set): give one with `--journal DIR`"
    )]
    NoFolder(&'static str),
    /// A journal holds originals, which have no business among the files that are worked on.
    #[error(
        "the journal folder `{folder}` lies inside `{tree}`, which is being changed: give another with `--journal DIR`"
    )]
    InsideTree {
        /// The journal folder.
        folder: PathBuf,
        /// The input that holds it.
        tree: PathBuf,
    },
    /// It could not be written.
    #[error("`{path}` could not be {doing}: {error} (another place for journals: `--journal DIR`)")]
    Unwritable {
        /// What was being done.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// An earlier record could not be written, so no later one may be.
    #[error("the journal `{0}` could not be written before")]
    Broken(PathBuf),
    /// It could not be read.
    #[error("the journal `{path}` could not be read: {error}")]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// It is something else.
    #[error("`{0}` is not a journal of dtsx")]
    Foreign(PathBuf),
    /// It was written by a later version.
    #[error(
        "the journal `{path}` has format {format} (this version reads {}): undo with dtsx {version}, which wrote it, or later",
        record::FORMAT
    )]
    Newer {
        /// The journal.
        path: PathBuf,
        /// Its format.
        format: u32,
        /// The version that wrote it.
        version: String,
    },
    /// A record is damaged that no kill can have torn.
    #[error(
        "the journal `{path}` is damaged in record {record}, which later ones follow: nothing was undone"
    )]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// The record, counted from 1.
        record: usize,
    },
    /// Somebody else could have written what it says.
    #[error(
        "`{0}` belongs to somebody else or can be written by others, so it is not believed: nothing was undone"
    )]
    Exposed(PathBuf),
    /// Another process writes or undoes it right now.
    #[error("the journal `{0}` is in use by another dtsx: wait until it has ended")]
    Busy(PathBuf),
}

/// Who writes what, as the journal will tell.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The files and folders that the run was given. The deepest folder that holds them all is the journal's root.
    pub inputs: Vec<PathBuf>,
    /// The command, without values: they may be secret.
    pub command: String,
    /// The recipe file, where there is one.
    pub recipe: Option<String>,
    /// Who runs it.
    pub user: String,
    /// When it began.
    pub time: jiff::Timestamp,
    /// Tells two journals of one second apart.
    pub id: [u8; 8],
}

impl Origin {
    /// The origin of a run that begins now.
    pub fn now(
        command: &str,
        inputs: Vec<PathBuf>,
        clock: &dyn Clock,
        random: &dyn Random,
        environment: &dyn Environment,
    ) -> Origin {
        let mut id = [0; 8];
        id.iter_mut()
            .zip(random.bytes())
            .for_each(|(to, from)| *to = from);
        Origin {
            inputs,
            command: command.to_owned(),
            recipe: None,
            user: ["USER", "LOGNAME", "USERNAME"]
                .iter()
                .find_map(|name| environment.variable(name))
                .unwrap_or_default(),
            time: clock.now().timestamp(),
            id,
        }
    }
}

/// The folder where journals lie when nobody says otherwise: `$XDG_STATE_HOME/dtsx/journal`, which is
/// `~/.local/state/dtsx/journal` unless set, and `%LOCALAPPDATA%\dtsx\journal` on Windows.
///
/// # Errors
///
/// [`JournalError::NoFolder`] when the environment names none of these.
pub fn default_folder(environment: &dyn Environment) -> Result<PathBuf, JournalError> {
    let variable = |name: &str| {
        let path = PathBuf::from(environment.variable(name)?);
        // A relative path is to be ignored, says the XDG specification.
        path.is_absolute().then_some(path)
    };
    let state = if cfg!(windows) {
        variable("LOCALAPPDATA").ok_or(JournalError::NoFolder("LOCALAPPDATA"))?
    } else {
        variable("XDG_STATE_HOME")
            .or_else(|| Some(variable("HOME")?.join(".local").join("state")))
            .ok_or(JournalError::NoFolder("XDG_STATE_HOME` nor `HOME"))?
    };
    Ok(state.join("dtsx").join("journal"))
}

/// The journal of one run. It appears on the disk with the first file that is to be written, not before: a run that
/// changes nothing leaves none.
pub struct Journal {
    folder: PathBuf,
    origin: Origin,
    open: Option<Open>,
}

/// A journal that is on the disk.
pub(super) struct Open {
    path: PathBuf,
    /// The folder of all journals, for the lock that every writer takes for a batch.
    folder: PathBuf,
    records: Box<dyn NewFile>,
    pack: Box<dyn NewFile>,
    packed: HashMap<Hash, u64>,
    pack_len: u64,
    batches: u32,
    /// After a failed record nothing may follow: only the last one of a journal may be torn.
    broken: bool,
    _lock: Box<dyn Lock>,
}

impl Journal {
    /// A journal in a folder of journals, which is created where it is missing.
    pub fn new(folder: PathBuf, origin: Origin) -> Journal {
        Journal {
            folder,
            origin,
            open: None,
        }
    }

    /// Where it lies; `None` as long as nothing was written.
    pub fn path(&self) -> Option<&Path> {
        self.open.as_ref().map(|open| open.path.as_path())
    }

    /// The part of the names of temporary files that nothing else has.
    pub(super) fn id(&self) -> String {
        self.origin
            .id
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// The journal on the disk, made now if this is its first use.
    pub(super) fn open(&mut self, files: &dyn WritableFiles) -> Result<&mut Open, JournalError> {
        let open = match self.open.take() {
            Some(open) => open,
            None => Open::create(&self.folder, &self.origin, &self.id(), files)?,
        };
        if open.broken {
            let path = open.path.clone();
            self.open = Some(open);
            return Err(JournalError::Broken(path));
        }
        Ok(self.open.insert(open))
    }

    /// Keeps other writers out, as far as that is possible at all, while files are put back.
    pub(super) fn lock_writers(&self, files: &dyn WritableFiles) -> Option<Box<dyn Lock>> {
        self.open
            .as_ref()
            .and_then(|open| open.lock_writers(files).ok())
    }

    /// Whether it names any file.
    pub(super) fn is_empty(&self) -> bool {
        self.open.as_ref().is_none_or(|open| open.batches == 0)
    }

    /// Removes the journal of a run whose files all have their old bytes again.
    pub(super) fn discard(&mut self, files: &dyn WritableFiles) {
        let Some(open) = self.open.take() else { return };
        let path = open.path.clone();
        // The handles and the lock are given back first: Windows removes no open file.
        drop(open);
        discard(&path, files);
    }
}

/// What cannot be removed is a journal with nothing to undo, which does no harm.
fn discard(path: &Path, files: &dyn WritableFiles) {
    for name in [RECORDS, PACK, UNDONE, LOCK] {
        let _ = files.remove(&path.join(name));
    }
    let _ = files.remove_folder(path);
}

impl Open {
    fn create(
        folder: &Path,
        origin: &Origin,
        id: &str,
        files: &dyn WritableFiles,
    ) -> Result<Open, JournalError> {
        let folder = resolved(folder, files)?;
        let root = root(&origin.inputs, &folder, files)?;
        create_folders(&folder, files)?;
        let path = folder.join(format!("{}-{id}", origin.time.strftime("%Y%m%dT%H%M%SZ")));
        files
            .create_folder(&path)
            .map_err(unwritable("created", &path))?;
        Open::fill(folder, &path, root, origin, files).inspect_err(|_| discard(&path, files))
    }

    fn fill(
        folder: PathBuf,
        path: &Path,
        root: PathBuf,
        origin: &Origin,
        files: &dyn WritableFiles,
    ) -> Result<Open, JournalError> {
        let lock = path.join(LOCK);
        let held = files.try_lock(&lock).map_err(unwritable("locked", &lock))?;
        let held = held.ok_or_else(|| JournalError::Busy(path.to_owned()))?;
        let create = |name| {
            let path = path.join(name);
            files
                .create(&path, Access::OwnerOnly)
                .map_err(unwritable("created", &path))
        };
        let mut open = Open {
            pack: create(PACK)?,
            records: create(RECORDS)?,
            packed: HashMap::new(),
            pack_len: 0,
            batches: 0,
            broken: false,
            _lock: held,
            path: path.to_owned(),
            folder,
        };
        open.append(&Record::Header(Header {
            format: record::FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            root: StoredPath(root),
            user: origin.user.clone(),
            time: origin.time,
            command: origin.command.clone(),
            recipe: origin.recipe.clone(),
        }))?;
        for folder in [&open.path, &open.folder] {
            files
                .sync_folder(folder)
                .map_err(unwritable("synced", folder))?;
        }
        Ok(open)
    }

    /// Keeps every other writer of this folder of journals out while a batch is checked and written.
    pub(super) fn lock_writers(
        &self,
        files: &dyn WritableFiles,
    ) -> Result<Box<dyn Lock>, JournalError> {
        let lock = self.folder.join(LOCK);
        files.lock(&lock).map_err(unwritable("locked", &lock))
    }

    /// Puts an original into the pack, once for equal ones; on the disk with the next [`intend`](Open::intend).
    pub(super) fn keep(
        &mut self,
        bytes: &[u8],
        sha256: Hash,
        owner: Owner,
    ) -> Result<Original, JournalError> {
        let len = bytes.len() as u64;
        let offset = match self.packed.get(&sha256) {
            Some(offset) => *offset,
            None => {
                let written = self.pack.write_all(bytes);
                self.or_broken(written, PACK)?;
                let offset = self.pack_len;
                self.pack_len += len;
                self.packed.insert(sha256, offset);
                offset
            }
        };
        let Owner { mode, user, group } = owner;
        Ok(Original {
            sha256,
            offset,
            len,
            mode,
            user,
            group,
        })
    }

    /// Says what will be written, and gives the number of the batch. After this the files may be touched.
    pub(super) fn intend(&mut self, files: Vec<record::Intent>) -> Result<u32, JournalError> {
        let synced = self.pack.sync();
        self.or_broken(synced, PACK)?;
        self.batches += 1;
        let batch = self.batches;
        self.append(&Record::Batch(Batch { batch, files }))?;
        Ok(batch)
    }

    /// Says that a batch is complete.
    pub(super) fn done(&mut self, batch: u32) -> Result<(), JournalError> {
        self.append(&Record::Done(batch))
    }

    fn append(&mut self, record: &Record) -> Result<(), JournalError> {
        let written = record::line(record)
            .map_err(io::Error::from)
            .and_then(|line| self.records.write_all(&line))
            .and_then(|()| self.records.sync());
        self.or_broken(written, RECORDS)
    }

    fn or_broken(&mut self, result: io::Result<()>, name: &str) -> Result<(), JournalError> {
        result.map_err(|error| {
            self.broken = true;
            unwritable("written", &self.path.join(name))(error)
        })
    }
}

fn unwritable(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> JournalError {
    let path = path.to_owned();
    move |error| JournalError::Unwritable { doing, path, error }
}

/// The canonical path of a folder that may not exist yet.
fn resolved(folder: &Path, files: &dyn WritableFiles) -> Result<PathBuf, JournalError> {
    match (files.canonical(folder), folder.parent(), folder.file_name()) {
        (Ok(path), ..) => Ok(path),
        (Err(error), Some(above), Some(name)) if error.kind() == io::ErrorKind::NotFound => {
            let above = if above.as_os_str().is_empty() {
                Path::new(".")
            } else {
                above
            };
            Ok(resolved(above, files)?.join(name))
        }
        (Err(error), ..) => Err(unwritable("found", folder)(error)),
    }
}

/// Creates what is missing of a path, from the top, each name on the disk before the next.
fn create_folders(folder: &Path, files: &dyn WritableFiles) -> Result<(), JournalError> {
    match files.standing(folder) {
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(unwritable("created", folder)(error)),
    }
    let Some(above) = folder.parent() else {
        return Ok(());
    };
    create_folders(above, files)?;
    match files.create_folder(folder) {
        // Another process was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        result => result.map_err(unwritable("created", folder)),
    }?;
    files
        .sync_folder(above)
        .map_err(unwritable("synced", above))
}

/// The deepest folder that holds every input; an error when the journal would lie inside one of them.
fn root(
    inputs: &[PathBuf],
    folder: &Path,
    files: &dyn WritableFiles,
) -> Result<PathBuf, JournalError> {
    let mut root: Option<PathBuf> = None;
    for input in inputs {
        // An input that is gone is reported where it is read.
        let Ok(input) = files.canonical(input) else {
            continue;
        };
        let is_folder = files
            .standing(&input)
            .is_ok_and(|standing| standing.kind == FileKind::Folder);
        if is_folder && folder.starts_with(&input) {
            return Err(JournalError::InsideTree {
                folder: folder.to_owned(),
                tree: input,
            });
        }
        let here = if is_folder {
            input.as_path()
        } else {
            input.parent().unwrap_or(&input)
        };
        root = Some(match root {
            None => here.to_owned(),
            Some(root) => root
                .ancestors()
                .find(|ancestor| here.starts_with(ancestor))
                // Two drives of Windows: the first input decides.
                .unwrap_or(&root)
                .to_owned(),
        });
    }
    Ok(root.unwrap_or_default())
}
