//! `dtsx set`: one value changed where it stands, and nowhere else.

mod plan;

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use dtsx::project::{Changed, Limits, One, changed, hunks, locate, writes};
use dtsx::report::human::diff::{self, Of};
use dtsx::report::json::set::{SCHEMA, Set};
use dtsx::source::visible;

use super::exit::Exit;
use super::one::{OneArgs, ValueArgs};
use super::output::OutputArgs;
use super::streams::{Messages, Refusal, Streams};
use super::write::{JournalArgs, write_all};

/// Change one value; nothing else in the file changes
///
/// The copies of a connection manager in the project file follow it. `dtsx undo` takes the change back.
#[derive(Debug, Args)]
pub(crate) struct SetArgs {
    #[command(flatten)]
    one: OneArgs,
    /// A property path, such as `\Package.Connections[Mail].Properties[SmtpServer]`
    #[arg(value_name = "PROPERTY_PATH")]
    path: String,
    /// The new value
    #[arg(value_name = "VALUE", allow_hyphen_values = true)]
    value: Option<String>,
    #[command(flatten)]
    values: ValueArgs,
    /// Make an SMTP connection manager or a Send Mail task what a JSON or TOML file says, as `get` shows one
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["value", "value_env", "value_file", "value_stdin"]
    )]
    model: Option<PathBuf>,
    /// Let an expression compute the property; an empty one takes the expression away
    #[arg(long, conflicts_with_all = ["model"])]
    expression: bool,
    /// Change the value in every place that keeps it: the object, its copies, configurations, and behind an expression the
    /// literal, the variable or the parameter, with what build configurations give to it
    #[arg(long, conflicts_with_all = ["model", "expression"])]
    everywhere: bool,
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
    /// The schema `dtsx/set@1`
    Json,
}

pub(crate) fn run(args: &SetArgs, streams: &mut Streams<'_>) -> io::Result<Exit> {
    streams.out_takes_json = args.output.prints(&Format::Json);
    let one = match args.one.open() {
        Ok(one) => one,
        Err(error) => return streams.unreadable(&error.to_string()),
    };
    let Some(at) = one.at() else {
        return streams.unreadable("the file is gone");
    };
    let located = match locate(at, &args.path) {
        Ok(located) => located,
        Err(error) => return streams.usage(&error.to_string()),
    };
    let planned = match plan::plan(args, at, &located) {
        Ok(planned) => planned,
        Err(refusal) => return streams.refuse(&refusal),
    };
    let result = match changed(one.files(), &planned.changes, &Limits::default()) {
        Ok(changed) => changed,
        Err(error) => return streams.unwritten(&error.to_string()),
    };
    let mut report = Set {
        schema: SCHEMA,
        path: args.path.clone(),
        old: planned.old,
        new: planned.new,
        files: result.iter().map(|it| it.file.label.to_string()).collect(),
        places: planned.places,
        written: false,
        warnings: planned.warnings,
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
        if result.is_empty() {
            Exit::Done
        } else {
            Exit::Found
        }
    } else {
        match write(args, &one, &result, &mut report, &mut messages) {
            Ok(exit) => exit,
            Err(refusal) => {
                drop((for_programs, for_people));
                return streams.refuse(&refusal);
            }
        }
    };
    for warning in &report.warnings {
        messages.error(&format!("warning: {warning}"));
    }
    if let Some(out) = &mut for_programs {
        report.write(out)?;
        out.flush()?;
    }
    if let Some(out) = &mut for_people {
        if args.diff {
            for it in &result {
                let edits = planned.changes.of(it.file.id);
                let hunks = edits.map(|edits| hunks(it, edits)).unwrap_or_default();
                diff::write(out, &it.file.label.to_string(), Of::Changed, &hunks)?;
            }
        } else {
            write_human(out, &report)?;
        }
        out.flush()?;
    }
    Ok(exit)
}

fn write(
    args: &SetArgs,
    one: &One,
    result: &[Changed<'_>],
    report: &mut Set,
    messages: &mut Messages<'_>,
) -> Result<Exit, Refusal> {
    if result.is_empty() {
        return Ok(Exit::Done);
    }
    let writes = writes(one.unit(), result, &format!("set {}", args.path));
    let writes = writes.map_err(|error| Refusal {
        exit: Exit::Unwritten,
        message: error.to_string(),
    })?;
    let inputs = writes.iter().map(|write| write.path.clone()).collect();
    let mut journal = args
        .journal
        .journal("set", inputs)
        .map_err(Refusal::usage)?;
    let applied = write_all(writes, &mut journal, messages);
    report.journal = applied
        .journal
        .as_ref()
        .map(|path| path.display().to_string());
    report.written = applied.is_whole();
    Ok(if report.written {
        Exit::Done
    } else {
        Exit::Unwritten
    })
}

fn write_human(out: &mut dyn Write, report: &Set) -> io::Result<()> {
    if report.files.is_empty() {
        return writeln!(out, "{}: is so already", visible(&report.path));
    }
    if !report.written {
        return Ok(());
    }
    match (&report.old, &report.new) {
        (Some(old), Some(new)) => writeln!(
            out,
            "{}: `{}` is now `{}`",
            visible(&report.path),
            visible(old),
            visible(new)
        )?,
        _ => writeln!(out, "{}: set", visible(&report.path))?,
    }
    for place in &report.places {
        let (path, object) = (visible(&place.path), visible(&place.object));
        writeln!(
            out,
            "  {path} {object} ({}): {}",
            place.kind,
            visible(&place.why)
        )?;
    }
    for file in &report.files {
        writeln!(out, "wrote {}", visible(file))?;
    }
    writeln!(out, "take it back with `dtsx undo`")
}
