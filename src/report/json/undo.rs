//! `dtsx/undo@1`

use std::io;
use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use crate::apply::{Label, Listed, Restored, State, Undone};

use super::common;

/// What was put back, or what could be.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Undo {
    /// `dtsx/undo@1`
    pub schema: &'static str,
    /// The journal that was undone; null where none was found or they were only listed.
    pub journal: Option<String>,
    /// Its files, in the order in which they had been written.
    pub files: Vec<UndoneJson>,
    /// The journals, newest first, where they were asked for.
    pub journals: Vec<JournalJson>,
    /// Counts of files.
    pub summary: Summary,
}

/// The schema's name.
pub const SCHEMA: &str = "dtsx/undo@1";

/// One file of a journal.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UndoneJson {
    /// The absolute path.
    pub path: String,
    /// The bytes of a path that is not Unicode, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_bytes: Option<String>,
    /// What the change had been.
    pub what: String,
    /// `put-back`, `removed` (it had been created), `unchanged` (it was as it had been) or `refused`.
    pub action: &'static str,
    /// Why it was refused.
    pub reason: Option<String>,
}

/// One journal.
#[derive(Debug, Serialize, JsonSchema)]
pub struct JournalJson {
    /// Its folder.
    pub path: String,
    /// The name that `dtsx undo` takes.
    pub name: String,
    /// The deepest folder that holds everything the run was given.
    pub root: Option<String>,
    /// Who ran it.
    pub user: Option<String>,
    /// When, in UTC (RFC 3339).
    pub time: Option<String>,
    /// The command.
    pub command: Option<String>,
    /// Its recipe.
    pub recipe: Option<String>,
    /// The version of dtsx.
    pub version: Option<String>,
    /// How many files it was about to write.
    pub files: Option<usize>,
    /// `running`, `complete`, `interrupted`, `undone` or `unreadable`.
    pub state: &'static str,
    /// Why it cannot be read.
    pub error: Option<String>,
}

/// How many files had which fate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Summary {
    /// They have their old bytes again.
    pub put_back: usize,
    /// They had been created and are gone.
    pub removed: usize,
    /// They were as they had been.
    pub unchanged: usize,
    /// They stay as they are.
    pub refused: usize,
}

impl Undo {
    /// An undone journal.
    pub fn of_files(journal: &Path, files: &[Undone]) -> Undo {
        let mut summary = Summary::default();
        files.iter().for_each(|file| summary.count(file));
        Undo {
            schema: SCHEMA,
            journal: Some(shown(journal)),
            files: files.iter().map(UndoneJson::from).collect(),
            summary,
            ..Undo::default()
        }
    }

    /// A list of journals.
    pub fn of_journals(journals: &[Listed]) -> Undo {
        Undo {
            schema: SCHEMA,
            journals: journals.iter().map(JournalJson::from).collect(),
            ..Undo::default()
        }
    }

    /// No journal was found.
    pub fn of_nothing() -> Undo {
        Undo {
            schema: SCHEMA,
            ..Undo::default()
        }
    }

    /// Writes it.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    pub fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        common::write(out, self)
    }
}

impl Summary {
    fn count(&mut self, file: &Undone) {
        match file.result {
            Ok(Restored::PutBack) => self.put_back += 1,
            Ok(Restored::Removed) => self.removed += 1,
            Ok(Restored::AlreadySo) => self.unchanged += 1,
            Err(_) => self.refused += 1,
        }
    }
}

impl From<&Undone> for UndoneJson {
    fn from(file: &Undone) -> UndoneJson {
        let label = Label::of_path(&file.path);
        UndoneJson {
            path: label.to_string(),
            path_bytes: label.path_bytes(),
            what: file.what.clone(),
            action: match file.result {
                Ok(Restored::PutBack) => "put-back",
                Ok(Restored::Removed) => "removed",
                Ok(Restored::AlreadySo) => "unchanged",
                Err(_) => "refused",
            },
            reason: file.result.as_ref().err().map(ToString::to_string),
        }
    }
}

impl From<&Listed> for JournalJson {
    fn from(listed: &Listed) -> JournalJson {
        let content = listed.content.as_ref().ok();
        JournalJson {
            path: shown(&listed.path),
            name: Label::of_path(&listed.path).file_name(),
            root: content.map(|content| shown(&content.root)),
            user: content.map(|content| content.user.clone()),
            time: content.map(|content| content.time.to_string()),
            command: content.map(|content| content.command.clone()),
            recipe: content.and_then(|content| content.recipe.clone()),
            version: content.map(|content| content.version.clone()),
            files: content.map(|content| content.files),
            state: content.map_or("unreadable", |content| state(content.state)),
            error: listed.content.as_ref().err().map(ToString::to_string),
        }
    }
}

/// A state as reports call it.
pub(in crate::report) fn state(state: State) -> &'static str {
    match state {
        State::Running => "running",
        State::Complete => "complete",
        State::Interrupted => "interrupted",
        State::Undone => "undone",
    }
}

fn shown(path: &Path) -> String {
    Label::of_path(path).to_string()
}
