//! One file, read.

use std::collections::HashMap;
use std::path::Path;
use std::sync::OnceLock;

use crate::package::{ConnectionManager, FileKind, Package, bare_id, is_encrypted};
use crate::source::Source;
use crate::xml::{Document, Limits, NodeId};

use super::error::{ReadError, Reason};
use super::find::{Expected, Role};
use super::label::Label;
use super::write::Hash;

/// A file of a unit, by number; the numbers of a unit's files begin at 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A file that was read.
#[derive(Debug)]
pub struct File {
    /// Its number in the unit.
    pub id: FileId,
    /// What reports call it.
    pub label: Label,
    /// What it is.
    pub kind: FileKind,
    /// Why it was read.
    pub role: Role,
    /// Whether all of it is encrypted, so that nothing can be said of its content.
    pub is_encrypted: bool,
    /// Its place in the directory of the unit's archive; `None` for a file on disk.
    pub member: Option<usize>,
    /// Its content.
    pub document: Document,
    /// The connection managers of a package, by their ids without braces, in lower case.
    managers: OnceLock<HashMap<String, NodeId>>,
}

impl File {
    /// The hash of its bytes, computed from its content, which spells them again.
    pub fn hash(&self) -> Hash {
        let source = self.document.source();
        Hash::of(&source.encode(source.text()))
    }

    /// The first connection manager of a package with this id; every task asks, so the ids are read once.
    pub(super) fn manager_of_id(&self, id: &str) -> Option<ConnectionManager<'_>> {
        let key = |id: &str| bare_id(id).to_ascii_lowercase();
        let managers = self.managers.get_or_init(|| {
            let mut managers = HashMap::new();
            for manager in Package::new(&self.document).connection_managers() {
                let id = manager.object().id().map(|id| key(&id));
                if let Some(id) = id.filter(|id| !id.is_empty()) {
                    managers.entry(id).or_insert(manager.object().node().id());
                }
            }
            managers
        });
        let node = managers.get(&key(id))?;
        ConnectionManager::new(self.document.node(*node))
    }
}

/// What was made of the bytes of a file.
#[derive(Debug)]
pub(super) enum Read {
    /// One of SSIS's files.
    File(Box<File>),
    /// Another file that merely has an extension that ours can have.
    NotOurs,
}

/// A file that is to be read.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) id: FileId,
    pub(super) label: Label,
    pub(super) role: Role,
    pub(super) expected: Expected,
    pub(super) member: Option<usize>,
}

impl Wanted {
    /// Makes a file of its bytes.
    pub(super) fn read(&self, bytes: Vec<u8>, limits: &Limits) -> Result<Read, ReadError> {
        let fail = |reason| Err(ReadError::new(self.label.clone(), reason));
        if bytes.len() as u64 > limits.size {
            return fail(Reason::TooLarge {
                limit: "size",
                value: limits.size,
            });
        }
        if bytes.starts_with(b"PK\x03\x04") {
            return fail(Reason::ZipNotXml);
        }
        let source = match Source::decode(bytes) {
            Ok(source) => source,
            Err(error) => return fail(Reason::Decode(error)),
        };
        let document = match Document::parse(source, limits) {
            Ok(document) => document,
            Err(error) => return fail(Reason::Xml(Box::new(error))),
        };
        let is_encrypted = is_encrypted(&document);
        let by_name = match self.expected {
            Expected::Kind(kind) if is_encrypted => Some(kind),
            _ => None,
        };
        match (FileKind::of(&document).or(by_name), self.expected) {
            (Some(kind), _) => Ok(Read::File(Box::new(File {
                id: self.id,
                label: self.label.clone(),
                kind,
                role: self.role,
                is_encrypted,
                member: self.member,
                document,
                managers: OnceLock::new(),
            }))),
            (None, Expected::MaybeConfiguration) => Ok(Read::NotOurs),
            (None, expected) => {
                let root = document.root().qualified_name().to_owned();
                let expected = match expected {
                    Expected::Kind(kind) => description(kind),
                    _ => "a file of SSIS",
                };
                fail(Reason::OtherRoot { expected, root })
            }
        }
    }
}

fn description(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Package => "an SSIS package",
        FileKind::PackagePart => "an SSIS package part",
        FileKind::ConnectionManager => "an SSIS connection manager",
        FileKind::Parameters => "the parameters of an SSIS project",
        FileKind::Project => "an SSIS project",
        FileKind::Configuration => "an SSIS configuration",
        FileKind::DeploymentFile => "a project deployment file",
    }
}

/// What the name of an archive's member says; `[Content_Types].xml` belongs to the archive and is not of SSIS.
pub(super) fn expected_of_member(name: &str) -> Option<Expected> {
    let extension = Path::new(name).extension()?.to_str()?;
    FileKind::of_extension(extension).map(Expected::Kind)
}
