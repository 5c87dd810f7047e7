//! A plan: owned data that outlives every document.

use crate::effective::KeeperKind;
use crate::package::FileKind;
use crate::project::{Hash, Hunk, Label, ReadError};
use crate::xml::Place;

use super::left::Left;

/// What is planned for the files of one unit.
#[derive(Debug, Default)]
pub struct UnitPlan {
    /// The files that change, in the order of their names.
    pub files: Vec<FilePlan>,
    /// The archive that holds them, where they are members of one.
    pub archive: Option<ArchivePlan>,
    /// What the rules match and cannot be changed.
    pub not_changed: Vec<NotChanged>,
    /// Where the old texts stand afterwards.
    pub left: Vec<Left>,
    /// What the reader should know.
    pub warnings: Vec<Warning>,
    /// Rules that want different values in one place.
    pub conflicts: Vec<Conflict>,
    /// What could not be read.
    pub errors: Vec<ReadError>,
    /// The rules that matched something, by number, ascending.
    pub matched: Vec<usize>,
    /// How many files were looked at.
    pub looked_at: usize,
}

/// What is planned for one file.
#[derive(Clone, Debug)]
pub struct FilePlan {
    /// The file.
    pub label: Label,
    /// What it is.
    pub kind: FileKind,
    /// The bytes that the plan was made from.
    pub before: Hash,
    /// The bytes that it gives.
    pub after: Hash,
    /// What is replaced, in the order of the places.
    pub edits: Vec<ByteEdit>,
    /// What that means, in the order of the places.
    pub changes: Vec<Change>,
    /// The same as lines.
    pub hunks: Vec<Hunk>,
}

/// An archive whose members change.
#[derive(Clone, Debug)]
pub struct ArchivePlan {
    /// The archive.
    pub label: Label,
    /// The bytes that the plan was made from.
    pub before: Hash,
    /// The bytes that it gives.
    pub after: Hash,
}

/// Bytes of a file and the text that takes their place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByteEdit {
    /// Offset of the first byte in the file as it is stored.
    pub start: u64,
    /// Offset behind the last.
    pub end: u64,
    /// The new text, to be written in the file's encoding; in clear.
    pub content: String,
}

/// One value that changes.
#[derive(Clone, Debug)]
pub struct Change {
    /// The property path of the place.
    pub object: String,
    /// What the place is.
    pub kind: KeeperKind,
    /// The old value, secrets masked.
    pub old: String,
    /// The new value, secrets masked.
    pub new: String,
    /// Why this place keeps the value.
    pub why: String,
    /// The rule, by number.
    pub rule: usize,
    /// By which value the rule matched.
    pub matched: Matched,
    /// Who else reads the variable or the parameter.
    pub readers: Vec<String>,
    /// Where the value stands.
    pub place: Place,
}

/// By which value of an object a rule matched it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Matched {
    /// What the object itself stores.
    Stored,
    /// What it is when the package runs.
    Effective,
    /// What one of the places keeps that may decide: a build configuration, a choice of an expression.
    Kept,
}

impl Matched {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Matched::Stored => "stored",
            Matched::Effective => "effective",
            Matched::Kept => "kept",
        }
    }
}

/// Something that a rule matches and that stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotChanged {
    /// The file.
    pub file: Label,
    /// The property path; empty for the file as a whole.
    pub object: String,
    /// Why it stays.
    pub why: String,
    /// The rule, by number; `None` where it is not known whether one matches.
    pub rule: Option<usize>,
}

/// What the reader should know of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The file.
    pub file: Label,
    /// What.
    pub message: String,
}

/// Two rules want different values in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The file.
    pub file: Label,
    /// The property path.
    pub object: String,
    /// What they want.
    pub message: String,
}
