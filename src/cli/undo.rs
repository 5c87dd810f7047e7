//! `dtsx undo`: what a run wrote, put back.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use globset::GlobSet;

use dtsx::apply::{self, JournalError, Listed, Undone};
use dtsx::host::{Files as _, RealEnvironment, RealFiles, WritableFiles as _};
use dtsx::report::human;
use dtsx::report::json::undo::Undo;

use super::exit::Exit;
use super::inputs::globs;
use super::output::OutputArgs;
use super::streams::{Refusal, Streams};

/// Put back what a migrate, set, add or fix wrote
///
/// Without JOURNAL it takes the newest whose root is at, above or below the present folder. A file that changed since
/// it was written stays as it is and is named. Can be interrupted at any moment and run again.
#[derive(Debug, Args)]
pub(crate) struct UndoArgs {
    /// A journal, by name (see --list) or path
    #[arg(value_name = "JOURNAL")]
    which: Option<PathBuf>,
    /// List the journals instead
    #[arg(long, conflicts_with_all = ["which", "only"])]
    list: bool,
    /// Only files whose path fits (repeatable)
    #[arg(long, value_name = "GLOB")]
    only: Vec<String>,
    /// Where journals lie [default: `dtsx/journal` in the user's state directory]
    #[arg(long, value_name = "DIR")]
    journal: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArgs<Format>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text for people
    Human,
    /// The schema `dtsx/undo@1`
    Json,
}

pub(crate) fn run(args: &UndoArgs, streams: &mut Streams<'_>) -> io::Result<Exit> {
    streams.out_takes_json = args.output.prints(&Format::Json);
    let job = match job(args) {
        Ok(job) => job,
        Err(refusal) => return streams.refuse(&refusal),
    };
    let colours = streams.colours;
    let mut outputs = match args.output.open(Format::Human, &mut *streams.out) {
        Ok(outputs) => outputs,
        Err(refusal) => return streams.refuse(&refusal),
    };
    let mut for_programs = outputs.take(&Format::Json);
    let mut for_people = outputs.take_text(&Format::Human, colours);
    let (report, done) = match carry_out(&job) {
        Ok(done) => done,
        Err(error) => {
            drop((for_programs, for_people));
            return streams.refuse(&refused(&error));
        }
    };
    if let Some(out) = &mut for_programs {
        report.write(out)?;
        out.flush()?;
    }
    if let Some(out) = &mut for_people {
        write_for_people(out, &job, &report, &done)?;
        out.flush()?;
    }
    Ok(match report.summary.refused {
        0 => Exit::Done,
        _ => Exit::Unwritten,
    })
}

/// What is to be done.
enum Job {
    List(PathBuf),
    Undo(PathBuf, Option<GlobSet>),
    /// No journal in this folder fits.
    Nothing(PathBuf),
}

/// What was done.
enum Done {
    Listed(Vec<Listed>),
    Undone(Vec<Undone>),
    Nothing,
}

fn job(args: &UndoArgs) -> Result<Job, Refusal> {
    let only = globs(&args.only).map_err(Refusal::usage)?;
    let given = args.which.as_deref();
    // What is there is meant as a path, and needs no folder of journals.
    if let Some(path) = given.filter(|path| RealFiles.metadata(path).is_ok()) {
        return Ok(Job::Undo(path.to_owned(), only));
    }
    let folder = match &args.journal {
        Some(folder) => folder.clone(),
        None => apply::default_folder(&RealEnvironment)
            .map_err(|error| Refusal::usage(error.to_string()))?,
    };
    if args.list {
        return Ok(Job::List(folder));
    }
    if let Some(name) = given {
        return Ok(Job::Undo(folder.join(name), only));
    }
    let newest = apply::newest(&folder, Path::new("."), &RealFiles);
    Ok(match newest.map_err(|error| refused(&error))? {
        Some(journal) => Job::Undo(journal, only),
        None => Job::Nothing(folder),
    })
}

fn carry_out(job: &Job) -> Result<(Undo, Done), JournalError> {
    Ok(match job {
        Job::List(folder) => {
            let journals = apply::list(folder, &RealFiles)?;
            (Undo::of_journals(&journals), Done::Listed(journals))
        }
        Job::Undo(journal, only) => {
            let fits = |path: &Path| only.as_ref().is_none_or(|only| only.is_match(path));
            let files = apply::undo(journal, &fits, &RealFiles)?;
            (Undo::of_files(journal, &files), Done::Undone(files))
        }
        Job::Nothing(_) => (Undo::of_nothing(), Done::Nothing),
    })
}

fn write_for_people(
    out: &mut dyn io::Write,
    job: &Job,
    report: &Undo,
    done: &Done,
) -> io::Result<()> {
    let (Job::List(place) | Job::Undo(place, _) | Job::Nothing(place)) = job;
    match done {
        Done::Listed(journals) => human::undo::write_journals(out, place, journals),
        Done::Undone(files) => {
            let here = RealFiles.canonical(Path::new(".")).unwrap_or_default();
            human::undo::write_files(out, place, files, &report.summary, &here)
        }
        Done::Nothing => human::undo::write_nothing(out, place),
    }
}

fn refused(error: &JournalError) -> Refusal {
    Refusal {
        exit: match error {
            JournalError::Unreadable { .. } => Exit::Unreadable,
            _ => Exit::Unwritten,
        },
        message: error.to_string(),
    }
}
