//! Which files there are, and which belong together.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use globset::GlobSet;

use crate::host::{self, Files};
use crate::package::FileKind;

use super::error::ReadError;
use super::label::Label;

/// What to look at.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// Files and folders.
    pub paths: Vec<PathBuf>,
    /// Where given, only files whose path fits one of these are looked at.
    pub include: Option<GlobSet>,
    /// Files and folders whose path fits one of these are not looked at.
    pub exclude: Option<GlobSet>,
    /// A file that comes from elsewhere, under this name: `-` on the command line.
    pub given: Option<(PathBuf, Vec<u8>)>,
}

impl Inputs {
    /// The bytes that were given for a file.
    pub(super) fn given(&self, path: &Path) -> Option<&[u8]> {
        let (name, bytes) = self.given.as_ref()?;
        (tidy(name) == path).then_some(bytes)
    }
}

/// A file that may be one of SSIS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Where it is.
    pub path: PathBuf,
    /// Whether it was asked for; files that were not are only read for what others need of them.
    pub role: Role,
    /// What its extension says.
    pub expected: Expected,
}

/// Why a file is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It was named, or lies in a folder that was.
    Asked,
    /// It lies beside a file that was named.
    Context,
}

/// What an extension says of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// One of SSIS's own extensions.
    Kind(FileKind),
    /// `.xml`, `.config`: a configuration if its root says so, else not ours.
    MaybeConfiguration,
    /// Anything, because somebody named it.
    Unknown,
}

/// Files that belong together: one folder, with its project if it has one, or one archive.
#[derive(Clone, Debug)]
pub struct Unit {
    /// What holds the files.
    pub holder: Holder,
    /// The files, in the order of their names.
    pub candidates: Vec<Candidate>,
    /// Whether this is what a build left under `obj` or `bin`.
    pub build_copy: BuildCopy,
}

impl Unit {
    /// Whether it is worth more to look at several such units at the same time than at several of its packages.
    pub fn is_small(&self) -> bool {
        const FEW: usize = 64;
        // An archive is held in memory as long as it is looked at: one at a time.
        matches!(self.holder, Holder::Folder(_)) && self.candidates.len() < FEW
    }

    /// What reports call its files; those inside an archive are not known yet.
    pub fn labels(&self) -> impl Iterator<Item = Label> {
        self.candidates
            .iter()
            .map(|candidate| Label::of_path(&candidate.path))
    }
}

/// What holds the files of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A folder.
    Folder(PathBuf),
    /// An `.ispac`.
    Archive(PathBuf),
}

/// Whether files are the output of a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuildCopy {
    /// Source files.
    No,
    /// Below `obj` or `bin` beside a `.dtproj`.
    Yes,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    /// In the order of their folders; within a folder its own files, then its archives.
    pub units: Vec<Unit>,
    /// What could not be looked at.
    pub errors: Vec<ReadError>,
}

/// The files of one folder while they are gathered.
#[derive(Debug, Default)]
struct Folder {
    files: BTreeMap<PathBuf, (Role, Expected)>,
    build_copy: bool,
}

/// Finds the files below the inputs and says which belong together.
///
/// Folders are walked in the order of their names; symbolic links are not followed, so no walk goes in circles.
pub fn find(inputs: &Inputs, files: &dyn Files) -> Found {
    let mut search = Search {
        inputs,
        files,
        folders: BTreeMap::new(),
        errors: Vec::new(),
    };
    for path in &inputs.paths {
        search.start(&tidy(path));
    }
    if let Some((name, _)) = &inputs.given {
        search.named(&tidy(name));
    }
    search.finish()
}

struct Search<'i> {
    inputs: &'i Inputs,
    files: &'i dyn Files,
    folders: BTreeMap<PathBuf, Folder>,
    errors: Vec<ReadError>,
}

impl Search<'_> {
    fn start(&mut self, path: &Path) {
        match self.files.metadata(path) {
            Err(error) => self.errors.push(ReadError::system(path, &error)),
            Ok(metadata) => match metadata.kind {
                host::FileKind::Folder => self.walk(path.to_owned()),
                // Who names a link means what it leads to.
                host::FileKind::Symlink if self.files.list(path).is_ok() => {
                    self.walk(path.to_owned());
                }
                host::FileKind::File | host::FileKind::Symlink => self.named(path),
                host::FileKind::Other => self.errors.push(ReadError::not_a_file(path)),
            },
        }
    }

    /// A file that was named: its folder gives the context. Who names one wants to hear of it even if it is not ours.
    fn named(&mut self, path: &Path) {
        let expected = match expected(path) {
            Some(Expected::Kind(kind)) => Expected::Kind(kind),
            _ => Expected::Unknown,
        };
        self.add(path.to_owned(), Role::Asked, expected);
        if !matches!(expected, Expected::Kind(FileKind::DeploymentFile)) {
            self.context(&folder_of(path));
        }
    }

    /// The files of a folder that others need: managers, parameters, the project, configurations, and the packages
    /// that are called.
    fn context(&mut self, folder: &Path) {
        let Ok(entries) = self.files.list(folder) else {
            return;
        };
        for entry in entries {
            let path = join(folder, &entry.name);
            let wanted = match expected(&path) {
                Some(Expected::Kind(kind)) => kind != FileKind::DeploymentFile,
                Some(_) => true,
                None => false,
            };
            if entry.kind == host::FileKind::File && wanted {
                let role = Role::Context;
                self.add_unless_there(path, role);
            }
        }
    }

    fn add_unless_there(&mut self, path: PathBuf, role: Role) {
        if let Some(expected) = expected(&path) {
            let folder = self.folders.entry(folder_of(&path)).or_default();
            folder.files.entry(path).or_insert((role, expected));
        }
    }

    fn add(&mut self, path: PathBuf, role: Role, expected: Expected) {
        let folder = self.folders.entry(folder_of(&path)).or_default();
        folder.files.insert(path, (role, expected));
    }

    fn walk(&mut self, root: PathBuf) {
        let mut folders = vec![(root, false)];
        while let Some((folder, build_copy)) = folders.pop() {
            let entries = match self.files.list(&folder) {
                Ok(entries) => entries,
                Err(error) => {
                    self.errors.push(ReadError::system(&folder, &error));
                    continue;
                }
            };
            let has_project = entries
                .iter()
                .any(|entry| has_extension(Path::new(&entry.name), "dtproj"));
            for entry in entries {
                let path = join(&folder, &entry.name);
                match entry.kind {
                    host::FileKind::Folder => {
                        let output = ["obj", "bin"]
                            .iter()
                            .any(|name| entry.name.eq_ignore_ascii_case(name));
                        if !self.is_excluded(&path) {
                            folders.push((path, build_copy || (has_project && output)));
                        }
                    }
                    host::FileKind::File => self.consider(path, build_copy),
                    host::FileKind::Symlink | host::FileKind::Other => {}
                }
            }
        }
    }

    fn consider(&mut self, path: PathBuf, build_copy: bool) {
        let Some(expected) = expected(&path) else {
            return;
        };
        let is_included = self
            .inputs
            .include
            .as_ref()
            .is_none_or(|globs| globs.is_match(&path));
        let role = if is_included && !self.is_excluded(&path) {
            Role::Asked
        } else {
            Role::Context
        };
        let folder = folder_of(&path);
        self.add(path, role, expected);
        if build_copy && let Some(folder) = self.folders.get_mut(&folder) {
            folder.build_copy = true;
        }
    }

    fn is_excluded(&self, path: &Path) -> bool {
        let globs = self.inputs.exclude.as_ref();
        globs.is_some_and(|globs| globs.is_match(path))
    }

    fn finish(mut self) -> Found {
        self.errors.sort_by(|a, b| a.label.cmp(&b.label));
        let mut units = Vec::new();
        for (path, folder) in self.folders {
            let build_copy = if folder.build_copy {
                BuildCopy::Yes
            } else {
                BuildCopy::No
            };
            let asked = |role: Role| role == Role::Asked;
            if !folder.files.values().any(|&(role, _)| asked(role)) {
                continue;
            }
            let is_archive =
                |expected: Expected| expected == Expected::Kind(FileKind::DeploymentFile);
            let (archives, loose): (Vec<_>, Vec<_>) = folder
                .files
                .into_iter()
                .map(|(path, (role, expected))| Candidate {
                    path,
                    role,
                    expected,
                })
                .partition(|candidate| is_archive(candidate.expected));
            if loose.iter().any(|candidate| asked(candidate.role)) {
                units.push(Unit {
                    holder: Holder::Folder(path),
                    candidates: loose,
                    build_copy,
                });
            }
            units.extend(
                archives
                    .into_iter()
                    .filter(|candidate| asked(candidate.role))
                    .map(|candidate| Unit {
                        holder: Holder::Archive(candidate.path),
                        candidates: Vec::new(),
                        build_copy,
                    }),
            );
        }
        Found {
            units,
            errors: self.errors,
        }
    }
}

/// One spelling for one path: without `.` in it, which says nothing to a reader.
fn tidy(path: &Path) -> PathBuf {
    let mut tidy: PathBuf = path
        .components()
        .filter(|component| *component != Component::CurDir)
        .collect();
    if tidy.as_os_str().is_empty() {
        tidy.push(".");
    }
    tidy
}

/// Below `.` paths begin with the first name.
fn join(folder: &Path, name: &OsStr) -> PathBuf {
    if folder == Path::new(".") {
        PathBuf::from(name)
    } else {
        folder.join(name)
    }
}

/// The folder of a file; the present one where the path names none.
pub(super) fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension()
        .is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

fn expected(path: &Path) -> Option<Expected> {
    let extension = path.extension()?.to_str()?;
    if let Some(kind) = FileKind::of_extension(extension) {
        // Only archives hold a `@Project.manifest`.
        return (!extension.eq_ignore_ascii_case("manifest")).then_some(Expected::Kind(kind));
    }
    ["xml", "config"]
        .iter()
        .any(|other| extension.eq_ignore_ascii_case(other))
        .then_some(Expected::MaybeConfiguration)
}
