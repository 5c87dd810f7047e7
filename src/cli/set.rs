//! `dtsx set`: one value changed where it stands, and nowhere else.

use std::io;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use dtsx::connection_string::{SmtpConnectionString, SmtpProperty, masked_within};
use dtsx::package::{ConnectionManager, SendMailTaskModel, SetError, SmtpManagerModel, Target};
use dtsx::project::{
    Changed, Changes, File, Followed, InContext, Limits, Located, One, Place, changed, follow,
    locate, winner, writes,
};
use dtsx::report::json::set::{SCHEMA, Set};
use dtsx::source::visible;
use dtsx::xml::Edit;

use super::exit::Exit;
use super::one::{OneArgs, ValueArgs};
use super::streams::Streams;
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
    #[arg(long, value_name = "FILE", conflicts_with = "value")]
    model: Option<PathBuf>,
    /// Let an expression compute the property; an empty one takes the expression away
    #[arg(long, conflicts_with_all = ["model"])]
    expression: bool,
    /// Show what would change, and change nothing; exits 1 if anything would
    #[arg(long)]
    diff: bool,
    #[command(flatten)]
    journal: JournalArgs,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
}

pub(crate) fn run(args: &SetArgs, streams: &mut Streams<'_>) -> io::Result<Exit> {
    streams.out_takes_json = args.format == Format::Json;
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
    let planned = match plan(args, at, &located) {
        Ok(planned) => planned,
        Err(message) => return streams.usage(&message),
    };
    let limits = Limits::default();
    let result = match changed(one.files(), &planned.changes, &limits) {
        Ok(changed) => changed,
        Err(error) => return streams.unwritten(&error.to_string()),
    };
    let mut report = Set {
        schema: SCHEMA,
        path: args.path.clone(),
        old: planned.old,
        new: planned.new,
        files: result.iter().map(|it| it.file.label.to_string()).collect(),
        written: false,
        warnings: planned.warnings,
        journal: None,
    };
    if args.diff {
        if args.format == Format::Human {
            result.iter().try_for_each(|it| write_diff(it, streams))?;
        }
        report_set(args, &report, streams)?;
        return Ok(if result.is_empty() {
            Exit::Done
        } else {
            Exit::Found
        });
    }
    let exit = write(args, &one, &result, &mut report, streams)?;
    report_set(args, &report, streams)?;
    Ok(exit)
}

fn write(
    args: &SetArgs,
    one: &One,
    result: &[Changed<'_>],
    report: &mut Set,
    streams: &mut Streams<'_>,
) -> io::Result<Exit> {
    if result.is_empty() {
        return Ok(Exit::Done);
    }
    let writes = match writes(one.unit(), result, &format!("set {}", args.path)) {
        Ok(writes) => writes,
        Err(error) => return streams.unwritten(&error.to_string()),
    };
    let inputs = writes.iter().map(|write| write.path.clone()).collect();
    let mut journal = match args.journal.journal("set", inputs) {
        Ok(journal) => journal,
        Err(message) => return streams.usage(&message),
    };
    let applied = write_all(writes, &mut journal, streams)?;
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

/// What is to be changed.
struct Planned {
    changes: Changes,
    old: Option<String>,
    new: Option<String>,
    warnings: Vec<String>,
}

fn plan(args: &SetArgs, at: InContext<'_>, located: &Located<'_>) -> Result<Planned, String> {
    let mut planned = Planned {
        changes: Changes::new(),
        old: None,
        new: None,
        warnings: Vec::new(),
    };
    let tell = |error: SetError| format!("{}: {error}", args.path);
    if let Some(model) = &args.model {
        let edits = model_edits(model, located)?;
        add(&mut planned.changes, located.file, edits)?;
        return Ok(planned);
    }
    let stored = located.stored().map_err(tell)?;
    let is_sensitive = stored.as_ref().is_some_and(|stored| stored.is_sensitive);
    if is_sensitive && !args.values.is_given() {
        return Err(format!(
            "{}: the value is a secret: give it with --value-env, --value-file or --value-stdin, because arguments \
             are seen by others",
            args.path
        ));
    }
    let value = match (&args.value, args.values.value()?) {
        (Some(value), None) => value.clone(),
        (None, Some(value)) => value,
        (Some(_), Some(_)) => return Err("there are two values: give one".to_owned()),
        (None, None) => return Err("there is no value: give VALUE or --value-…".to_owned()),
    };
    let shown = |text: &str| {
        (!is_sensitive && !args.values.is_given()).then(|| masked_within(text).0.into_owned())
    };
    planned.old = stored.as_ref().and_then(|stored| shown(&stored.text));
    planned.new = shown(&value);
    if args.expression {
        let Place::Object(target) = located.place else {
            return Err("only objects of packages and projects have expressions".to_owned());
        };
        let property = located.property.as_deref().unwrap_or_default();
        let object = target.object();
        planned.old = object
            .property_expression(property)
            .map(|expression| masked_within(&expression.text()).0.into_owned());
        let edits = if value.is_empty() {
            object.remove_expression(property)
        } else {
            // The name as the object model spells it.
            let name = stored.map_or(property.into(), |stored| stored.property);
            object.set_expression(&name, &value).map_err(tell)?
        };
        add(&mut planned.changes, located.file, edits)?;
        return Ok(planned);
    }
    add(
        &mut planned.changes,
        located.file,
        located.set(&value).map_err(tell)?,
    )?;
    if let Place::Object(target) = located.place {
        let property = stored.map_or_else(String::new, |stored| stored.property.into_owned());
        if let Some(winner) = winner(at, target, &property) {
            let text = format!("the stored value is not used when the package runs: {winner}");
            planned.warnings.push(masked_within(&text).0.into_owned());
        }
        if let Target::ConnectionManager(manager) = target {
            let copies = copies(at, located.file, manager, &property, &value).map_err(tell)?;
            for (file, edits) in copies {
                add(&mut planned.changes, file, edits)?;
            }
        }
    }
    Ok(planned)
}

/// A new connection string is new values of all its properties.
fn copies<'a>(
    at: InContext<'a>,
    holder: &File,
    manager: ConnectionManager<'_>,
    property: &str,
    value: &str,
) -> Result<Vec<(&'a File, Vec<Edit>)>, SetError> {
    let mut all = follow(at, holder, manager, property, value, Followed::All)?;
    if property == "ConnectionString"
        && manager.is_smtp()
        && let Ok(read) = SmtpConnectionString::parse(value)
    {
        for smtp in SmtpProperty::ALL {
            if let Some(part) = read.value(smtp) {
                let parts = Followed::PropertyAlone;
                all.extend(follow(at, holder, manager, smtp.key(), &part.text, parts)?);
            }
        }
    }
    Ok(all)
}

fn add(changes: &mut Changes, file: &File, edits: Vec<Edit>) -> Result<(), String> {
    changes
        .add(file.id, edits)
        .map_err(|overlap| overlap.to_string())
}

fn model_edits(path: &std::path::Path, located: &Located<'_>) -> Result<Vec<Edit>, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("{}: could not be read: {error}", path.display()))?;
    let is_json = path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    fn read<M: serde::de::DeserializeOwned>(text: &str, is_json: bool) -> Result<M, String> {
        if is_json {
            serde_json::from_str(text).map_err(|error| error.to_string())
        } else {
            toml::from_str(text).map_err(|error| error.to_string())
        }
    }
    let tell = |error: String| format!("{}: {error}", path.display());
    match located.place {
        Place::Object(Target::ConnectionManager(manager)) if manager.is_smtp() => {
            let model: SmtpManagerModel = read(&text, is_json).map_err(tell)?;
            model.edits(manager).map_err(|error| error.to_string())
        }
        Place::Object(Target::Executable(executable)) => match executable.send_mail() {
            Some(task) => {
                let model: SendMailTaskModel = read(&text, is_json).map_err(tell)?;
                model.edits(task).map_err(|error| error.to_string())
            }
            None => {
                Err("only SMTP connection managers and Send Mail tasks have a model".to_owned())
            }
        },
        _ => Err("only SMTP connection managers and Send Mail tasks have a model".to_owned()),
    }
}

fn write_diff(change: &Changed<'_>, streams: &mut Streams<'_>) -> io::Result<()> {
    let before = change.file.document.source().text().to_owned();
    let after = dtsx::source::Source::decode(change.after.clone())
        .map(|source| source.text().to_owned())
        .unwrap_or_default();
    let label = change.file.label.to_string();
    let diff = similar::TextDiff::from_lines(before.as_str(), after.as_str());
    let mut unified = diff.unified_diff();
    let text = unified.context_radius(3).header(&label, &label).to_string();
    write!(streams.out, "{}", masked_within(&text).0)
}

fn report_set(args: &SetArgs, report: &Set, streams: &mut Streams<'_>) -> io::Result<()> {
    if args.format == Format::Json {
        serde_json::to_writer_pretty(&mut *streams.out, report).map_err(io::Error::from)?;
        return writeln!(streams.out);
    }
    for warning in &report.warnings {
        writeln!(streams.err, "dtsx: warning: {}", visible(warning))?;
    }
    if args.diff {
        return Ok(());
    }
    if report.files.is_empty() {
        return writeln!(streams.out, "{}: is so already", visible(&report.path));
    }
    if !report.written {
        return Ok(());
    }
    match (&report.old, &report.new) {
        (Some(old), Some(new)) => writeln!(
            streams.out,
            "{}: `{}` is now `{}`",
            visible(&report.path),
            visible(old),
            visible(new)
        )?,
        _ => writeln!(streams.out, "{}: set", visible(&report.path))?,
    }
    for file in &report.files {
        writeln!(streams.out, "wrote {}", visible(file))?;
    }
    writeln!(streams.out, "take it back with `dtsx undo`")
}
