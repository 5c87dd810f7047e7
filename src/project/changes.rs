//! Changes of a unit's files, and the whole-file writes that they mean.

use std::collections::BTreeMap;

use crate::archive::{self, ArchiveError};
use crate::source::{Source, Span};
use crate::xml::{Document, Edit, EditSet, Overlap};

use super::file::{File, FileId};
use super::limits::Limits;
use super::unit::OpenUnit;
use super::write::Write;

/// Edits by file: the one language of whoever wants to change something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    edits: BTreeMap<FileId, EditSet>,
    /// The edits that make something, by its file and its name; they are among the others too.
    made: BTreeMap<(FileId, String), Edit>,
}

/// Why changes cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// A value inside an encrypted element.
    #[error("{0}: a change lies inside an encrypted element, which cannot be written yet")]
    Encrypted(String),
    /// The archive cannot be put together.
    #[error("{archive}: {error}")]
    Archive {
        /// The archive.
        archive: String,
        /// Why not.
        error: ArchiveError,
    },
    /// The changed text is not a document any more: a fault of this program.
    #[error("{file}: the changed file could not be read back: {reason}")]
    Damaged {
        /// The file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Changes {
    /// No changes.
    pub fn new() -> Changes {
        Changes::default()
    }

    /// Adds edits of a file, or none; an equal edit counts once.
    ///
    /// # Errors
    ///
    /// [`Overlap`] when two edits want the same characters.
    pub fn add(
        &mut self,
        file: FileId,
        edits: impl IntoIterator<Item = Edit>,
    ) -> Result<(), Overlap> {
        self.edits.entry(file).or_default().extend(edits)
    }

    /// Adds an edit that makes something of this name in a file. Changes that make the same thing make it once,
    /// however many need it.
    ///
    /// # Errors
    ///
    /// [`Overlap`] when something else of the name is made there, or another edit wants the same characters.
    pub fn make(&mut self, file: FileId, name: &str, edit: Edit) -> Result<(), Overlap> {
        let key = (file, name.to_lowercase());
        match self.made.get(&key) {
            Some(there) if *there == edit => Ok(()),
            Some(there) => Err(Overlap {
                first: there.clone(),
                second: edit,
            }),
            None => {
                self.add(file, [edit.clone()])?;
                self.made.insert(key, edit);
                Ok(())
            }
        }
    }

    /// Relies on these characters of a file: changes that take them away overlap with these from now on.
    ///
    /// # Errors
    ///
    /// [`Overlap`] when an edit takes them away already.
    pub fn rely_on(&mut self, file: &File, span: Span) -> Result<(), Overlap> {
        // Text that is put in its own place is a change of nothing, and yet has its place.
        self.add(file.id, [Edit::new(span, file.document.text(span))])
    }

    /// Adds other changes, or none of them.
    ///
    /// # Errors
    ///
    /// [`Overlap`] when two edits want the same characters; the changes stay as they were.
    pub fn merge(&mut self, other: &Changes) -> Result<(), Overlap> {
        let mut made = Vec::new();
        for (key, edit) in &other.made {
            match self.made.get(key) {
                Some(there) if there == edit => {}
                Some(there) => {
                    return Err(Overlap {
                        first: there.clone(),
                        second: edit.clone(),
                    });
                }
                None => made.push((key.clone(), edit.clone())),
            }
        }
        let mut new: BTreeMap<FileId, EditSet> = BTreeMap::new();
        for (file, edits) in &other.edits {
            let is_there = |edit: &&Edit| {
                let mut all = other.made.iter();
                let made = all.find(|((of, _), made)| of == file && made == edit);
                made.is_some_and(|(key, _)| self.made.contains_key(key))
            };
            let edits = edits.iter().filter(|edit| !is_there(edit)).cloned();
            new.entry(*file).or_default().extend(edits)?;
        }
        for (file, edits) in &new {
            if let Some(present) = self.edits.get(file) {
                present.admits(edits)?;
            }
        }
        // Now that nothing is in the way, all of it is taken.
        for (file, edits) in new {
            self.edits
                .entry(file)
                .or_default()
                .extend(edits.iter().cloned())?;
        }
        self.made.extend(made);
        Ok(())
    }

    /// Whether nothing is to be changed.
    pub fn is_empty(&self) -> bool {
        self.edits.values().all(EditSet::is_empty)
    }

    /// The edits of a file.
    pub fn of(&self, file: FileId) -> Option<&EditSet> {
        self.edits.get(&file).filter(|edits| !edits.is_empty())
    }
}

/// A file before and after its changes.
#[derive(Debug)]
pub struct Changed<'a> {
    /// The file.
    pub file: &'a File,
    /// Its new bytes.
    pub after: Vec<u8>,
    /// What they read as.
    pub document: Document,
}

/// The changed files among `files`, in their order; files whose bytes stay the same are left out.
///
/// Each is read again by the parser that will read it from now on.
///
/// # Errors
///
/// [`WriteError`] when an edit lies in an encrypted element, or the result is no document.
pub fn changed<'a>(
    files: impl IntoIterator<Item = &'a File>,
    changes: &Changes,
    limits: &Limits,
) -> Result<Vec<Changed<'a>>, WriteError> {
    let mut result = Vec::new();
    for file in files {
        let Some(edits) = changes.of(file.id) else {
            continue;
        };
        let sealed = file
            .document
            .sealed(edits.clone())
            .map_err(|_| WriteError::Encrypted(file.label.to_string()))?;
        let after = file.document.apply(&sealed);
        let document = read_back(file, edits, &after, limits)?;
        let before = file.document.source().encode(file.document.source().text());
        if after != before {
            result.push(Changed {
                file,
                after,
                document,
            });
        }
    }
    Ok(result)
}

/// The new bytes are a document, and taking the edits back gives the old text: nothing else was touched.
fn read_back(
    file: &File,
    edits: &EditSet,
    after: &[u8],
    limits: &Limits,
) -> Result<Document, WriteError> {
    let damaged = |reason: String| WriteError::Damaged {
        file: file.label.to_string(),
        reason,
    };
    let source = Source::decode(after.to_vec()).map_err(|error| damaged(error.to_string()))?;
    let mut room = limits.document;
    // A file at the limit may grow by the edits.
    room.size = room.size.max(after.len() as u64);
    let document = Document::parse(source, &room).map_err(|error| damaged(error.to_string()))?;
    let inverse = document
        .sealed(edits.invert(&file.document))
        .map_err(|_| damaged("the edits cannot be taken back".to_owned()))?;
    let original = file.document.source();
    if document.apply(&inverse) == original.encode(original.text()) {
        Ok(document)
    } else {
        Err(damaged("more than the edits has changed".to_owned()))
    }
}

/// The writes that changed files mean: one for each file on disk, one for an archive whatever changes in it.
///
/// # Errors
///
/// [`WriteError`] when the archive cannot be put together.
pub fn writes(
    unit: &OpenUnit,
    changed: &[Changed<'_>],
    what: &str,
) -> Result<Vec<Write>, WriteError> {
    let mut writes = Vec::new();
    let mut members = BTreeMap::new();
    for change in changed {
        match change.file.member {
            Some(index) => {
                members.insert(index, change.after.clone());
            }
            None => writes.push(Write::change(
                change.file.label.path(),
                change.file.hash(),
                change.after.clone(),
                what,
            )),
        }
    }
    if let Some(archive) = unit.archive.as_ref().filter(|_| !members.is_empty()) {
        let after =
            archive::replace(archive.bytes(), &members).map_err(|error| WriteError::Archive {
                archive: archive.label.to_string(),
                error,
            })?;
        writes.push(Write::change(
            archive.label.path(),
            archive.hash(),
            after,
            what,
        ));
    }
    Ok(writes)
}
