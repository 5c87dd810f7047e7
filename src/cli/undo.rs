//! `dtsx undo`: what a run wrote, put back.

use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use dtsx::apply::{self, JournalError};
use dtsx::host::{Files as _, RealEnvironment, RealFiles, WritableFiles as _};
use dtsx::report::json::ErrorJson;
use dtsx::report::json::undo::Undo;
use dtsx::report::{human, json};

use super::exit::Exit;
use super::inputs::globs;
use super::streams::Streams;

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
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
}

pub(crate) fn run(args: &UndoArgs, streams: &mut Streams<'_>) -> io::Result<Exit> {
    let only = match globs(&args.only) {
        Ok(only) => only,
        Err(message) => return streams.usage(&message),
    };
    let folder = match args
        .journal
        .clone()
        .map_or_else(|| apply::default_folder(&RealEnvironment), Ok)
    {
        Ok(folder) => folder,
        // A journal that is named by its path needs none.
        Err(_) if args.which.as_deref().is_some_and(is_there) => PathBuf::new(),
        Err(error) => return streams.usage(&error.to_string()),
    };
    if args.list {
        return match apply::list(&folder, &RealFiles) {
            Err(error) => failed(args, streams, &folder, &error),
            Ok(journals) => {
                match args.format {
                    Format::Json => Undo::of_journals(&journals).write(streams.out)?,
                    Format::Human => {
                        human::undo::write_journals(&mut streams.people(), &folder, &journals)?
                    }
                }
                Ok(Exit::Done)
            }
        };
    }
    let journal = match &args.which {
        Some(which) if is_there(which) => which.clone(),
        Some(which) => folder.join(which),
        None => match apply::newest(&folder, Path::new("."), &RealFiles) {
            Ok(Some(journal)) => journal,
            Ok(None) => return nothing(args, streams, &folder),
            Err(error) => return failed(args, streams, &folder, &error),
        },
    };
    let fits = |path: &Path| only.as_ref().is_none_or(|only| only.is_match(path));
    let files = match apply::undo(&journal, &fits, &RealFiles) {
        Ok(files) => files,
        Err(error) => return failed(args, streams, &journal, &error),
    };
    let report = Undo::of_files(&journal, &files);
    match args.format {
        Format::Json => report.write(streams.out)?,
        Format::Human => {
            let here = RealFiles.canonical(Path::new(".")).unwrap_or_default();
            human::undo::write_files(
                &mut streams.people(),
                &journal,
                &files,
                &report.summary,
                &here,
            )?;
        }
    }
    Ok(if report.summary.refused > 0 {
        Exit::Unwritten
    } else {
        Exit::Done
    })
}

fn is_there(path: &Path) -> bool {
    RealFiles.metadata(path).is_ok()
}

fn nothing(args: &UndoArgs, streams: &mut Streams<'_>, folder: &Path) -> io::Result<Exit> {
    match args.format {
        Format::Json => json::undo::Undo::of_error(None).write(streams.out)?,
        Format::Human => writeln!(
            streams.out,
            "nothing to undo: no journal in {} belongs to this folder (others: --list)",
            folder.display()
        )?,
    }
    Ok(Exit::Done)
}

fn failed(
    args: &UndoArgs,
    streams: &mut Streams<'_>,
    path: &Path,
    error: &JournalError,
) -> io::Result<Exit> {
    let message = dtsx::source::visible(&error.to_string()).into_owned();
    writeln!(streams.err, "dtsx: {message}")?;
    if args.format == Format::Json {
        let error = ErrorJson {
            path: path.display().to_string(),
            path_bytes: None,
            message,
        };
        Undo::of_error(Some(error)).write(streams.out)?;
    }
    Ok(match error {
        JournalError::Unreadable { .. } => Exit::Unreadable,
        _ => Exit::Unwritten,
    })
}
