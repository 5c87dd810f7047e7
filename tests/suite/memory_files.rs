//! A file system in memory that knows what is on its disk and what is not, records what was done to it, and fails
//! or dies where it is told to.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use dtsx::host::{
    Access, Entry, FileKind, Files, Lock, Metadata, NewFile, Owner, Standing, WritableFiles,
};

/// The file system; clones share it.
#[derive(Clone, Default)]
pub struct MemoryFiles(Arc<Mutex<State>>, Arc<Mutex<Option<Hook>>>);

/// Somebody else, who acts right before the first operation that begins in this way.
type Hook = (String, Box<dyn FnOnce(&MemoryFiles) + Send>);

/// What happens at one operation, counted from 0; only operations that change something count.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    pub at: usize,
    pub kind: FaultKind,
}

#[derive(Clone, Copy, Debug)]
pub enum FaultKind {
    /// The process ends within the operation: a write may be half done, anything else is not done.
    Kill,
    /// This operation fails; a write is half done.
    Once(io::ErrorKind),
    /// This operation and every later one that takes space fails.
    FromHereOn(io::ErrorKind),
}

/// What of the unsynced is there after the machine has started again.
#[derive(Clone, Copy, Debug)]
pub enum Reboot {
    /// Everything: only the process died.
    AllKept,
    /// Nothing: neither unsynced names nor unsynced bytes.
    AllLost,
    /// The names, but not the bytes.
    NamesKept,
    /// Each name or its absence by a coin, of the bytes a part.
    SomeKept(u64),
}

#[derive(Clone, Default)]
struct State {
    nodes: Vec<Node>,
    names: BTreeMap<PathBuf, Name>,
    durable: BTreeMap<PathBuf, Name>,
    locked: BTreeSet<PathBuf>,
    done: Vec<String>,
    fault: Option<Fault>,
    dead: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Name {
    Folder,
    Symlink,
    File(usize),
}

#[derive(Clone, Default)]
struct Node {
    bytes: Vec<u8>,
    synced: Vec<u8>,
    owner: Owner,
    read_only: bool,
    writable_by_others: bool,
}

const MINE: Owner = Owner {
    mode: 0o644,
    user: 1000,
    group: 1000,
};

impl MemoryFiles {
    /// Puts a file there, with its folders, on the disk and without counting.
    pub fn put(&self, path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
        self.put_owned(path, bytes, MINE);
    }

    pub fn put_owned(&self, path: impl AsRef<Path>, bytes: impl AsRef<[u8]>, owner: Owner) {
        let (path, bytes) = (path.as_ref(), bytes.as_ref().to_vec());
        self.put_folder(path.parent().unwrap());
        let mut state = self.state();
        let node = Node {
            synced: bytes.clone(),
            bytes,
            owner,
            ..Node::default()
        };
        let id = state.add(node);
        state.names.insert(path.to_owned(), Name::File(id));
        state.durable.insert(path.to_owned(), Name::File(id));
    }

    pub fn put_folder(&self, path: impl AsRef<Path>) {
        let mut state = self.state();
        for folder in path.as_ref().ancestors() {
            state.names.insert(folder.to_owned(), Name::Folder);
            state.durable.insert(folder.to_owned(), Name::Folder);
        }
    }

    pub fn put_symlink(&self, path: impl AsRef<Path>) {
        self.state()
            .names
            .insert(path.as_ref().to_owned(), Name::Symlink);
    }

    /// A second name for a file.
    pub fn put_hard_link(&self, path: impl AsRef<Path>, to: impl AsRef<Path>) {
        let mut state = self.state();
        let name = state.names[path.as_ref()];
        state.names.insert(to.as_ref().to_owned(), name);
    }

    pub fn set_read_only(&self, path: impl AsRef<Path>) {
        self.state().node_mut(path.as_ref()).unwrap().read_only = true;
    }

    pub fn set_writable_by_others(&self, path: impl AsRef<Path>) {
        self.state()
            .node_mut(path.as_ref())
            .unwrap()
            .writable_by_others = true;
    }

    pub fn set_fault(&self, fault: Option<Fault>) {
        self.state().fault = fault;
    }

    pub fn before(&self, operation: &str, act: impl FnOnce(&MemoryFiles) + Send + 'static) {
        *self.1.lock().unwrap() = Some((operation.to_owned(), Box::new(act)));
    }

    /// Everything below a folder: files with their bytes and mode, folders and links without.
    pub fn tree(&self, below: impl AsRef<Path>) -> BTreeMap<PathBuf, Option<(Vec<u8>, Owner)>> {
        let state = self.state();
        let below = below.as_ref();
        state
            .names
            .iter()
            .filter(|(path, _)| path.starts_with(below))
            .map(|(path, name)| {
                let file = match name {
                    Name::File(id) => {
                        Some((state.nodes[*id].bytes.clone(), state.nodes[*id].owner))
                    }
                    _ => None,
                };
                (path.clone(), file)
            })
            .collect()
    }

    pub fn bytes(&self, path: impl AsRef<Path>) -> Option<Vec<u8>> {
        let state = self.state();
        match state.names.get(path.as_ref()) {
            Some(Name::File(id)) => Some(state.nodes[*id].bytes.clone()),
            _ => None,
        }
    }

    /// What was done.
    pub fn done(&self) -> Vec<String> {
        self.state().done.clone()
    }

    /// The same content without the history, in a file system of its own.
    pub fn fresh(&self) -> MemoryFiles {
        let mut state = self.state().clone();
        state.done.clear();
        state.fault = None;
        state.dead = false;
        state.locked.clear();
        MemoryFiles(Arc::new(Mutex::new(state)), Arc::default())
    }

    /// What is there after the process was killed, and maybe the machine with it.
    pub fn reboot(&self, reboot: Reboot) -> MemoryFiles {
        let files = self.fresh();
        let mut state = files.state();
        let mut coin = match reboot {
            Reboot::SomeKept(seed) => seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
            _ => 1,
        };
        let mut toss = move || {
            coin ^= coin << 13;
            coin ^= coin >> 7;
            coin ^= coin << 17;
            coin
        };
        let all: BTreeSet<PathBuf> = state
            .names
            .keys()
            .chain(state.durable.keys())
            .cloned()
            .collect();
        for path in all {
            let keep = match reboot {
                Reboot::AllKept | Reboot::NamesKept => true,
                Reboot::AllLost => false,
                Reboot::SomeKept(_) => toss() & 1 == 0,
            };
            if !keep {
                match state.durable.get(&path).copied() {
                    Some(name) => state.names.insert(path, name),
                    None => state.names.remove(&path),
                };
            }
        }
        // What lies in a folder that is gone is gone.
        let orphans: Vec<PathBuf> = state
            .names
            .keys()
            .filter(|path| {
                path.ancestors()
                    .skip(1)
                    .any(|folder| !state.names.contains_key(folder))
            })
            .cloned()
            .collect();
        for orphan in orphans {
            state.names.remove(&orphan);
        }
        state.durable = state.names.clone();
        for node in &mut state.nodes {
            match reboot {
                Reboot::AllKept => {}
                Reboot::AllLost | Reboot::NamesKept => node.bytes = node.synced.clone(),
                Reboot::SomeKept(_) if node.bytes != node.synced => {
                    let added = (node.bytes.len() - node.synced.len()) as u64;
                    node.bytes
                        .truncate(node.synced.len() + (toss() % (added + 1)) as usize);
                }
                Reboot::SomeKept(_) => {}
            }
            node.synced = node.bytes.clone();
        }
        drop(state);
        files
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn alive(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.state();
        if state.dead {
            Err(io::Error::other("killed"))
        } else {
            Ok(state)
        }
    }

    /// Counts and records an operation, and fails it where the fault says so.
    fn step(&self, what: String, takes_space: bool) -> io::Result<MutexGuard<'_, State>> {
        let hook = self
            .1
            .lock()
            .unwrap()
            .take_if(|(operation, _)| what.starts_with(operation.as_str()));
        if let Some((_, act)) = hook {
            act(self);
        }
        let mut state = self.alive()?;
        let number = state.done.len();
        state.done.push(what);
        let Some(Fault { at, kind }) = state.fault else {
            return Ok(state);
        };
        match kind {
            FaultKind::Kill if number == at => {
                state.dead = true;
                Err(io::Error::other("killed"))
            }
            FaultKind::Once(kind) if number == at => Err(kind.into()),
            FaultKind::FromHereOn(kind) if number >= at && takes_space => Err(kind.into()),
            _ => Ok(state),
        }
    }
}

impl State {
    fn add(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    fn name(&self, path: &Path) -> io::Result<Name> {
        if let Some(name) = self.names.get(path) {
            return Ok(*name);
        }
        let above = path
            .ancestors()
            .skip(1)
            .find_map(|above| self.names.get(above));
        Err(match above {
            Some(Name::File(_)) => io::ErrorKind::NotADirectory.into(),
            _ => io::ErrorKind::NotFound.into(),
        })
    }

    fn node(&self, path: &Path) -> io::Result<&Node> {
        match self.name(path)? {
            Name::File(id) => Ok(&self.nodes[id]),
            _ => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    fn node_mut(&mut self, path: &Path) -> io::Result<&mut Node> {
        match self.name(path)? {
            Name::File(id) => Ok(&mut self.nodes[id]),
            _ => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    fn free(&self, path: &Path) -> io::Result<()> {
        match self.name(path) {
            Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                match self.name(path.parent().unwrap())? {
                    Name::Folder => Ok(()),
                    _ => Err(io::ErrorKind::NotADirectory.into()),
                }
            }
            Err(error) => Err(error),
        }
    }
}

fn kind(name: Name) -> FileKind {
    match name {
        Name::Folder => FileKind::Folder,
        Name::Symlink => FileKind::Symlink,
        Name::File(_) => FileKind::File,
    }
}

impl Files for MemoryFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        Ok(self.alive()?.node(path)?.bytes.clone())
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn Read>> {
        Ok(Box::new(io::Cursor::new(self.read(path)?)))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        let state = self.alive()?;
        if state.name(folder)? != Name::Folder {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(state
            .names
            .iter()
            .filter(|(path, _)| path.parent() == Some(folder))
            .map(|(path, name)| Entry {
                name: path.file_name().unwrap().to_owned(),
                kind: kind(*name),
            })
            .collect())
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        let state = self.alive()?;
        let name = state.name(path)?;
        let len = match name {
            Name::File(id) => state.nodes[id].bytes.len() as u64,
            _ => 0,
        };
        Ok(Metadata {
            kind: kind(name),
            len,
        })
    }
}

impl WritableFiles for MemoryFiles {
    fn standing(&self, path: &Path) -> io::Result<Standing> {
        let state = self.alive()?;
        let name = state.name(path)?;
        let mut standing = Standing {
            kind: kind(name),
            hard_links: state.names.values().filter(|other| **other == name).count() as u64,
            read_only: false,
            owner: MINE,
            writable_by_others: false,
        };
        if let Name::File(id) = name {
            let node = &state.nodes[id];
            standing.read_only = node.read_only;
            standing.owner = node.owner;
            standing.writable_by_others = node.writable_by_others;
        }
        Ok(standing)
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        self.alive()?.name(path)?;
        Ok(path.to_owned())
    }

    fn read_range(&self, path: &Path, offset: u64, len: u64) -> io::Result<Vec<u8>> {
        let bytes = self.read(path)?;
        let (start, end) = (offset as usize, (offset + len) as usize);
        bytes
            .get(start..end)
            .map(<[u8]>::to_vec)
            .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    fn create(&self, path: &Path, access: Access) -> io::Result<Box<dyn NewFile>> {
        let mut state = self.step(format!("create {}", path.display()), true)?;
        state.free(path)?;
        let owner = match access {
            Access::OwnerOnly => Owner {
                mode: 0o600,
                ..MINE
            },
            Access::Usual => MINE,
            Access::Of(owner) => owner,
        };
        let node = state.add(Node {
            owner,
            ..Node::default()
        });
        state.names.insert(path.to_owned(), Name::File(node));
        drop(state);
        Ok(Box::new(Handle {
            files: self.clone(),
            node,
            path: path.to_owned(),
        }))
    }

    fn replace(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.step(
            format!("replace {} {}", from.display(), to.display()),
            false,
        )?;
        let name = state.name(from)?;
        state.names.remove(from);
        state.names.insert(to.to_owned(), name);
        Ok(())
    }

    fn move_to_free_name(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.step(format!("move {} {}", from.display(), to.display()), false)?;
        let name = state.name(from)?;
        state.free(to)?;
        state.names.remove(from);
        state.names.insert(to.to_owned(), name);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.step(format!("remove {}", path.display()), false)?;
        state.node(path)?;
        state.names.remove(path);
        Ok(())
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        let mut state = self.step(format!("create folder {}", path.display()), true)?;
        state.free(path)?;
        state.names.insert(path.to_owned(), Name::Folder);
        Ok(())
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        let mut state = self.step(format!("remove folder {}", path.display()), false)?;
        if state
            .names
            .keys()
            .any(|inside| inside.parent() == Some(path))
        {
            return Err(io::ErrorKind::DirectoryNotEmpty.into());
        }
        state.names.remove(path);
        Ok(())
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let mut state = self.step(format!("sync folder {}", folder.display()), true)?;
        let inside = |path: &Path| path.parent() == Some(folder);
        state.durable.retain(|path, _| !inside(path));
        let now: Vec<_> = state
            .names
            .iter()
            .filter(|(path, _)| inside(path))
            .map(|(p, n)| (p.clone(), *n))
            .collect();
        state.durable.extend(now);
        Ok(())
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Lock>> {
        // One thread: who would wait here would wait for ever.
        self.try_lock(path)?
            .ok_or_else(|| io::Error::other("deadlock"))
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>> {
        let mut state = self.step(format!("lock {}", path.display()), true)?;
        if state.name(path).is_err() {
            state.free(path)?;
            let node = state.add(Node {
                owner: Owner {
                    mode: 0o600,
                    ..MINE
                },
                ..Node::default()
            });
            state.names.insert(path.to_owned(), Name::File(node));
        }
        if !state.locked.insert(path.to_owned()) {
            return Ok(None);
        }
        drop(state);
        Ok(Some(Box::new(Held {
            files: self.clone(),
            path: path.to_owned(),
        })))
    }
}

struct Handle {
    files: MemoryFiles,
    node: usize,
    path: PathBuf,
}

impl Write for Handle {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        drop(self.files.alive()?);
        let failed = self
            .files
            .step(format!("write {}", self.path.display()), true)
            .map(drop);
        let written = if failed.is_ok() {
            bytes.len()
        } else {
            bytes.len() / 2
        };
        self.files.state().nodes[self.node]
            .bytes
            .extend_from_slice(&bytes[..written]);
        failed.map(|()| written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl NewFile for Handle {
    fn sync(&mut self) -> io::Result<()> {
        let mut state = self
            .files
            .step(format!("sync {}", self.path.display()), true)?;
        let node = &mut state.nodes[self.node];
        node.synced = node.bytes.clone();
        Ok(())
    }
}

struct Held {
    files: MemoryFiles,
    path: PathBuf,
}

impl Lock for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        self.files.state().locked.remove(&self.path);
    }
}
