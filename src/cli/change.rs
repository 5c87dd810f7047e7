//! What `add` and `remove` have in common: the files that change, shown, carried out, told.

use std::io::{self, Write as _};
use std::num::NonZero;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use dtsx::host::RealFiles;
use dtsx::project::{
    Changed, Changes, Hunk, Limits, One, OpenUnit, Reading, Tag, Write, all_lines, changed, hunks,
    writes,
};
use dtsx::report::human::diff::{self, Of};
use dtsx::report::json::change::{Change, ChangedFile, SCHEMA};
use dtsx::source::visible;
use dtsx::xml::Document;

use super::exit::Exit;
use super::output::OutputArgs;
use super::streams::{Messages, Refusal, Streams};
use super::write::{JournalArgs, write_all};

/// How a change is shown, and where its journal lies.
#[derive(Debug, Args)]
pub(crate) struct ChangeArgs {
    /// Show what would change, and change nothing; exits 1 if anything would
    #[arg(long)]
    diff: bool,
    #[command(flatten)]
    journal: JournalArgs,
    #[command(flatten)]
    output: OutputArgs<Format>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text for people
    Human,
    /// The schema `dtsx/change@1`
    Json,
}

/// What is to be written, and what to call it.
pub(crate) struct Planned {
    /// The property path of the object that comes or goes.
    pub(crate) object: String,
    /// What it belongs to.
    pub(crate) holder: String,
    pub(crate) files: Vec<PlannedFile>,
    pub(crate) writes: Vec<Write>,
}

/// A file as people see it: a member of an archive is one of its own.
pub(crate) struct PlannedFile {
    label: String,
    of: Of,
    hunks: Vec<Hunk>,
}

impl PlannedFile {
    /// Files that change.
    pub(crate) fn changed(all: &[Changed<'_>], changes: &Changes) -> Vec<PlannedFile> {
        let with_edits = all
            .iter()
            .filter_map(|it| Some((it, changes.of(it.file.id)?)));
        with_edits
            .map(|(it, edits)| PlannedFile {
                label: it.file.label.to_string(),
                of: Of::Changed,
                hunks: hunks(it, edits),
            })
            .collect()
    }

    pub(crate) fn created(label: String, document: &Document) -> PlannedFile {
        PlannedFile {
            label,
            of: Of::Created,
            hunks: vec![all_lines(document, Tag::New)],
        }
    }

    pub(crate) fn removed(label: String, document: &Document) -> PlannedFile {
        PlannedFile {
            label,
            of: Of::Removed,
            hunks: vec![all_lines(document, Tag::Old)],
        }
    }
}

impl Planned {
    /// A change of files that are there.
    pub(crate) fn of_files(
        one: &One,
        changes: &Changes,
        object: String,
        what: &str,
    ) -> Result<Planned, Refusal> {
        let result = changed(one.files(), changes, &Limits::default()).map_err(unwritable)?;
        Ok(Planned {
            object,
            holder: one.label().to_string(),
            files: PlannedFile::changed(&result, changes),
            writes: on_disk(one.unit(), &result, what)?,
        })
    }
}

/// The writes of changed files.
pub(crate) fn on_disk(
    unit: &OpenUnit,
    result: &[Changed<'_>],
    what: &str,
) -> Result<Vec<Write>, Refusal> {
    writes(unit, result, what).map_err(unwritable)
}

/// Writes or shows, and says what was done.
pub(crate) fn carry_out(
    planned: Result<Planned, Refusal>,
    command: &'static str,
    args: &ChangeArgs,
    streams: &mut Streams<'_>,
) -> io::Result<Exit> {
    streams.out_takes_json = args.output.prints(&Format::Json);
    let planned = match planned {
        Ok(planned) => planned,
        Err(refusal) => return streams.refuse(&refusal),
    };
    let mut report = Change {
        schema: SCHEMA,
        command,
        object: planned.object,
        path: planned.holder,
        files: planned.files.iter().map(report_of).collect(),
        written: false,
        journal: None,
    };
    let colours = streams.colours;
    let mut outputs = match args.output.open(Format::Human, &mut *streams.out) {
        Ok(outputs) => outputs,
        Err(refusal) => return streams.refuse(&refusal),
    };
    let mut for_programs = outputs.take(&Format::Json);
    let mut for_people = outputs.take_text(&Format::Human, colours);
    let mut messages = Messages {
        err: &mut *streams.err,
        talk: streams.talk,
    };
    let exit = if args.diff {
        Exit::Found
    } else {
        let inputs: Vec<PathBuf> = planned.writes.iter().map(|it| it.path.clone()).collect();
        let mut journal = match args.journal.journal(command, inputs) {
            Ok(journal) => journal,
            Err(message) => {
                drop((for_programs, for_people));
                return streams.usage(&message);
            }
        };
        let applied = write_all(planned.writes, &mut journal, &mut messages);
        let journal = applied.journal.as_ref();
        report.journal = journal.map(|path| path.display().to_string());
        report.written = applied.is_whole();
        match report.written {
            true => Exit::Done,
            false => Exit::Unwritten,
        }
    };
    if let Some(out) = &mut for_programs {
        report.write(out)?;
        out.flush()?;
    }
    if let Some(out) = &mut for_people {
        if args.diff {
            for file in &planned.files {
                diff::write(out, &file.label, file.of, &file.hunks)?;
            }
        } else if report.written {
            tell(&report, out)?;
        }
        out.flush()?;
    }
    Ok(exit)
}

fn report_of(file: &PlannedFile) -> ChangedFile {
    ChangedFile {
        path: file.label.clone(),
        change: match file.of {
            Of::Changed => "changed",
            Of::Created => "created",
            Of::Removed => "removed",
        },
    }
}

fn tell(report: &Change, out: &mut dyn io::Write) -> io::Result<()> {
    let (done, preposition) = match report.command {
        "add" => ("added", "to"),
        _ => ("removed", "from"),
    };
    let (object, holder) = (visible(&report.object), visible(&report.path));
    writeln!(out, "{done} {object} {preposition} {holder}")?;
    for file in &report.files {
        let done = match file.change {
            "removed" => "removed",
            _ => "wrote",
        };
        writeln!(out, "{done} {}", visible(&file.path))?;
    }
    writeln!(out, "take it back with `dtsx undo`")
}

/// How the files of these commands are read.
pub(crate) fn reading() -> Reading<'static> {
    Reading {
        files: &RealFiles,
        limits: Limits::default(),
        jobs: NonZero::<usize>::MIN,
        only_with: None,
    }
}

pub(crate) fn unreadable(error: impl std::fmt::Display) -> Refusal {
    Refusal {
        exit: Exit::Unreadable,
        message: error.to_string(),
    }
}

pub(crate) fn unwritable(error: impl std::fmt::Display) -> Refusal {
    Refusal {
        exit: Exit::Unwritten,
        message: error.to_string(),
    }
}

pub(crate) fn usage(error: impl std::fmt::Display) -> Refusal {
    Refusal::usage(error.to_string())
}
