//! A unit, opened: its context is kept, its packages stream through.

use std::io::Read as _;
use std::num::NonZero;
use std::path::{Path, PathBuf};

use memchr::memmem;

use crate::archive::{Archive, ArchiveError};
use crate::host::Files;
use crate::package::FileKind;

use super::context::{Context, InContext};
use super::error::{ReadError, Reason};
use super::file::{File, FileId, Read, Wanted, expected_of_member};
use super::find::{BuildCopy, Expected, Holder, Inputs, Role, Unit};
use super::jobs::in_parallel;
use super::label::Label;
use super::limits::Limits;
use super::write::Hash;

/// How files are read.
#[derive(Clone, Copy)]
pub struct Reading<'h> {
    /// Where from.
    pub files: &'h dyn Files,
    /// How large they may be.
    pub limits: Limits,
    /// How many packages are read at the same time.
    pub jobs: NonZero<usize>,
    /// What the bytes of a package must fulfil to be read any further, unless they are no text.
    pub only_with: Option<fn(&[u8]) -> bool>,
}

/// A unit whose context was read.
#[derive(Debug)]
pub struct OpenUnit {
    /// Whether it is what a build left.
    pub build_copy: BuildCopy,
    /// Its small files.
    pub context: Context,
    /// Those of them that could not be read.
    pub errors: Vec<ReadError>,
    /// The archive that holds the files.
    pub archive: Option<ArchiveFile>,
    packages: Vec<(Wanted, Location)>,
}

/// An archive whose members are the files of a unit.
#[derive(Debug)]
pub struct ArchiveFile {
    /// The archive itself.
    pub label: Label,
    bytes: Vec<u8>,
}

impl ArchiveFile {
    /// The hash of its bytes.
    pub fn hash(&self) -> Hash {
        Hash::of(&self.bytes)
    }

    /// The archive as it is.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Where the bytes of a file are.
#[derive(Clone, Debug)]
enum Location {
    Disk(PathBuf),
    Given(Vec<u8>),
    /// The place in the directory of the unit's archive.
    Member(usize),
}

/// What became of a package.
#[derive(Debug)]
pub enum Looked<'a> {
    /// It was read.
    Read(InContext<'a>),
    /// It does not hold the bytes that were asked for.
    Skipped,
    /// It could not be read.
    Failed(ReadError),
}

impl Unit {
    /// Reads the small files of the unit.
    pub fn open(&self, inputs: &Inputs, reading: &Reading<'_>) -> OpenUnit {
        let mut opening = Opening {
            reading,
            unit: OpenUnit {
                build_copy: self.build_copy,
                context: Context::default(),
                errors: Vec::new(),
                archive: None,
                packages: Vec::new(),
            },
            next: 0,
        };
        match &self.holder {
            Holder::Archive(path) => opening.archive(path, inputs.given(path)),
            Holder::Folder(_) => {
                for candidate in &self.candidates {
                    let location = match inputs.given(&candidate.path) {
                        Some(bytes) => Location::Given(bytes.to_owned()),
                        None => Location::Disk(candidate.path.clone()),
                    };
                    let label = Label::of_path(&candidate.path);
                    opening.add(label, candidate.role, candidate.expected, location, None);
                }
            }
        }
        opening.unit
    }
}

struct Opening<'o, 'h> {
    reading: &'o Reading<'h>,
    unit: OpenUnit,
    next: u32,
}

impl Opening<'_, '_> {
    fn archive(&mut self, path: &Path, given: Option<&[u8]>) {
        let label = Label::of_path(path);
        let limit = ("archive-size", self.reading.limits.archive.size);
        let bytes = match given {
            Some(bytes) => Ok(bytes.to_owned()),
            None => read_file(self.reading.files, path, limit),
        };
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(error) => return self.unit.errors.push(error),
        };
        let archive = match open_archive(&bytes, &self.reading.limits) {
            Ok(archive) => archive,
            Err(error) => {
                let reason = match looks_like_text(&bytes) {
                    true => Reason::TextNotZip,
                    false => Reason::Archive(error.to_string()),
                };
                return self.unit.errors.push(ReadError::new(label, reason));
            }
        };
        for (index, member) in archive.members().iter().enumerate() {
            if let Some(expected) = expected_of_member(&member.name) {
                let label = Label::of_member(path, &member.name);
                let location = Location::Member(index);
                self.add(label, Role::Asked, expected, location, Some(&archive));
            }
        }
        drop(archive);
        self.unit.archive = Some(ArchiveFile { label, bytes });
    }

    fn add(
        &mut self,
        label: Label,
        role: Role,
        expected: Expected,
        location: Location,
        archive: Option<&Archive<'_>>,
    ) {
        let wanted = Wanted {
            id: FileId(self.next),
            label,
            role,
            expected,
            member: match location {
                Location::Member(index) => Some(index),
                Location::Disk(_) | Location::Given(_) => None,
            },
        };
        self.next += 1;
        match expected {
            Expected::Kind(FileKind::Package | FileKind::PackagePart) => {
                let name = wanted.label.file_name();
                self.unit.context.package_names.push(name);
                if role == Role::Asked {
                    self.unit.packages.push((wanted, location));
                }
            }
            Expected::Kind(_) | Expected::Unknown => self.read_small(&wanted, &location, archive),
            Expected::MaybeConfiguration => {
                if may_be_configuration(&location, self.reading.files) {
                    self.read_small(&wanted, &location, archive);
                }
            }
        }
    }

    fn read_small(&mut self, wanted: &Wanted, location: &Location, archive: Option<&Archive<'_>>) {
        let read = bytes_of(wanted, location, archive, self.reading)
            .and_then(|bytes| wanted.read(bytes, &self.reading.limits.document));
        match read {
            Ok(Read::File(file)) => self.unit.context.files.push(*file),
            Ok(Read::NotOurs) => {}
            // What nobody asked for need not be readable.
            Err(_) if wanted.role == Role::Context => {}
            Err(error) => self.unit.errors.push(error),
        }
    }
}

/// Whether a document begins here: `<`, in any encoding.
fn looks_like_text(bytes: &[u8]) -> bool {
    let beginning = bytes.iter().take(16);
    let mut marks = beginning.filter(|byte| !matches!(byte, 0 | 0xEF | 0xBB | 0xBF | 0xFE | 0xFF));
    marks.find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<')
}

fn open_archive<'b>(bytes: &'b [u8], limits: &Limits) -> Result<Archive<'b>, ArchiveError> {
    Archive::open(bytes, &limits.archive)
}

fn bytes_of(
    wanted: &Wanted,
    location: &Location,
    archive: Option<&Archive<'_>>,
    reading: &Reading<'_>,
) -> Result<Vec<u8>, ReadError> {
    match location {
        Location::Given(bytes) => Ok(bytes.clone()),
        Location::Disk(path) => {
            read_file(reading.files, path, ("size", reading.limits.document.size))
        }
        Location::Member(index) => {
            let read = archive.map(|archive| archive.read(*index));
            let reason = match read {
                Some(Ok(bytes)) => return Ok(bytes),
                Some(Err(error)) => error.to_string(),
                None => "it is not there any more".to_owned(),
            };
            Err(ReadError::new(wanted.label.clone(), Reason::Member(reason)))
        }
    }
}

/// A file that is too large is not even read.
fn read_file(
    files: &dyn Files,
    path: &Path,
    (limit, value): (&'static str, u64),
) -> Result<Vec<u8>, ReadError> {
    let metadata = files.metadata(path);
    if metadata.is_ok_and(|metadata| metadata.len > value) {
        let label = Label::of_path(path);
        return Err(ReadError::new(label, Reason::TooLarge { limit, value }));
    }
    files
        .read(path)
        .map_err(|error| ReadError::system(path, &error))
}

/// Any XML can have the extension of a configuration. The root stands at the beginning, so a large file of data
/// need not be read to know that it is none.
fn may_be_configuration(location: &Location, files: &dyn Files) -> bool {
    const BEGINNING: u64 = 64 << 10;
    let mut beginning = Vec::new();
    let read = match location {
        Location::Given(_) | Location::Member(_) => return true,
        Location::Disk(path) => files
            .open(path)
            .and_then(|file| file.take(BEGINNING).read_to_end(&mut beginning)),
    };
    // One that cannot be opened says so when it is read.
    read.is_err() || holds(&beginning, "DTSConfiguration")
}

/// Whether bytes hold an ASCII text, in UTF-8 or in UTF-16.
pub fn holds(bytes: &[u8], text: &str) -> bool {
    if memmem::find(bytes, text.as_bytes()).is_some() {
        return true;
    }
    // Every other byte of such a text is zero in UTF-16; files without zeros are UTF-8.
    let is_utf16 = bytes.iter().take(64).any(|&byte| byte == 0);
    let wide: Vec<u8> = text.bytes().flat_map(|byte| [byte, 0]).collect();
    is_utf16
        && memmem::find(
            bytes,
            wide.get(..wide.len().saturating_sub(1)).unwrap_or_default(),
        )
        .is_some()
}

impl OpenUnit {
    /// The packages that there are to look at.
    pub fn packages(&self) -> impl ExactSizeIterator<Item = &Label> {
        self.packages.iter().map(|(wanted, _)| &wanted.label)
    }

    /// Looks at each package in turn and keeps what `look` makes of it, in the order of their names.
    ///
    /// At most as many packages as there are jobs are in memory at the same time.
    pub fn each<T: Send>(
        &self,
        reading: &Reading<'_>,
        look: impl Fn(Looked<'_>) -> T + Sync,
    ) -> Vec<T> {
        let archive = self
            .archive
            .as_ref()
            .and_then(|archive| open_archive(&archive.bytes, &reading.limits).ok());
        let archive = archive.as_ref();
        in_parallel(reading.jobs, self.packages.len(), |index| {
            let package = self.packages.get(index)?;
            Some(self.look_at(package, archive, reading, &look))
        })
        .into_iter()
        .flatten()
        .collect()
    }

    /// Reads the package that is meant; `None` when none is.
    pub(super) fn read_package(
        &self,
        is_meant: &dyn Fn(&Label) -> bool,
        reading: &Reading<'_>,
    ) -> Option<Result<Box<File>, ReadError>> {
        let (wanted, location) = self
            .packages
            .iter()
            .find(|(wanted, _)| is_meant(&wanted.label))?;
        let archive = self
            .archive
            .as_ref()
            .and_then(|archive| open_archive(&archive.bytes, &reading.limits).ok());
        let read = bytes_of(wanted, location, archive.as_ref(), reading)
            .and_then(|bytes| wanted.read(bytes, &reading.limits.document));
        match read {
            Ok(Read::File(file)) => Some(Ok(file)),
            Ok(Read::NotOurs) => None,
            Err(error) => Some(Err(error)),
        }
    }

    fn look_at<T>(
        &self,
        (wanted, location): &(Wanted, Location),
        archive: Option<&Archive<'_>>,
        reading: &Reading<'_>,
        look: impl Fn(Looked<'_>) -> T,
    ) -> T {
        let bytes = match bytes_of(wanted, location, archive, reading) {
            Ok(bytes) => bytes,
            Err(error) => return look(Looked::Failed(error)),
        };
        // What is no text cannot be searched, and is an error that must be told.
        let skips = |has: fn(&[u8]) -> bool| looks_like_text(&bytes) && !has(&bytes);
        if reading.only_with.is_some_and(skips) {
            return look(Looked::Skipped);
        }
        match wanted.read(bytes, &reading.limits.document) {
            Ok(Read::File(file)) => look(Looked::Read(InContext {
                context: &self.context,
                file: &file,
            })),
            Ok(Read::NotOurs) => look(Looked::Skipped),
            Err(error) => look(Looked::Failed(error)),
        }
    }
}
