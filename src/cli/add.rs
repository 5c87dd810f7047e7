//! `dtsx add`: a new SMTP connection manager, a new Send Mail task.

use std::io;
use std::num::NonZero;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::de::DeserializeOwned;

use dtsx::host::{Files as _, Random as _, RealFiles, RealRandom};
use dtsx::package::{
    FileKind, MessageSourceType, Priority, ProjectFile, SendMailTaskModel, SmtpManagerModel,
    Target, new_id, path_of, resolve, smtp_manager_file,
};
use dtsx::project::{
    Changes, Context, Holder, InContext, Inputs, Limits, MemberChanges, Named, One, OpenUnit,
    Reading, Write, changed, find, write_members, writes,
};
use dtsx::source::visible;

use super::exit::Exit;
use super::streams::{Refusal, Streams};
use super::write::{JournalArgs, write_all};

/// Add an SMTP connection manager or a Send Mail task
///
/// To a package of any format (also a member of an archive, `ARCHIVE!MEMBER`), in its own layout and line ends. A
/// folder, a .dtproj or an .ispac gets the connection manager as a .conmgr, which is registered in the project.
/// `dtsx remove` takes it away again, `dtsx undo` takes the change back.
#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// A package; for a connection manager of the project its folder, its .dtproj or its .ispac
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Smtp(SmtpArgs),
    SendMail(SendMailArgs),
}

/// A new SMTP connection manager
#[derive(Debug, Args)]
struct SmtpArgs {
    /// Its name
    #[arg(long, value_name = "NAME", required_unless_present = "model")]
    name: Option<String>,
    /// The mail server
    #[arg(long, value_name = "HOST", required_unless_present = "model")]
    server: Option<String>,
    /// Whether it demands STARTTLS [default: false]
    #[arg(long, value_name = "BOOL")]
    enable_ssl: Option<bool>,
    /// Whether it signs in as the Windows account [default: false]
    #[arg(long, value_name = "BOOL")]
    windows_auth: Option<bool>,
    /// Time for one send
    #[arg(long, value_name = "NUMBER")]
    timeout: Option<i32>,
    /// Its description
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// A property expression (repeatable)
    #[arg(long, value_name = "PROPERTY=EXPRESSION", value_parser = expression)]
    expression: Vec<(String, String)>,
    /// All of it from a JSON or TOML file, as `dtsx get` shows one
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["name", "server", "enable_ssl", "windows_auth", "timeout", "description", "expression"]
    )]
    model: Option<PathBuf>,
    #[command(flatten)]
    journal: JournalArgs,
}

/// A new Send Mail task
#[derive(Debug, Args)]
struct SendMailArgs {
    /// Its name
    #[arg(long, value_name = "NAME", required_unless_present = "model")]
    name: Option<String>,
    /// The container that it goes into
    #[arg(long = "in", value_name = "PATH", default_value = r"\Package")]
    container: String,
    /// The SMTP connection manager, by name or id [default: the only one there is]
    #[arg(long, value_name = "NAME")]
    connection: Option<String>,
    /// The sender
    #[arg(long, value_name = "ADDRESS")]
    from: Option<String>,
    /// The recipients, separated by semicolons
    #[arg(long, value_name = "ADDRESSES")]
    to: Option<String>,
    /// The recipients of copies
    #[arg(long, value_name = "ADDRESSES")]
    cc: Option<String>,
    /// The recipients of blind copies
    #[arg(long, value_name = "ADDRESSES")]
    bcc: Option<String>,
    /// The subject
    #[arg(long, value_name = "TEXT")]
    subject: Option<String>,
    /// The text, the name of a variable, or the File connection manager, by --source
    #[arg(long, value_name = "TEXT")]
    message: Option<String>,
    /// What --message is: DirectInput, Variable or FileConnection
    #[arg(long, value_name = "TYPE", value_parser = source)]
    source: Option<MessageSourceType>,
    /// High, Normal or Low
    #[arg(long, value_name = "PRIORITY", value_parser = priority)]
    priority: Option<Priority>,
    /// A file to attach (repeatable)
    #[arg(long, value_name = "PATH")]
    attach: Vec<String>,
    /// A property expression (repeatable)
    #[arg(long, value_name = "PROPERTY=EXPRESSION", value_parser = expression)]
    expression: Vec<(String, String)>,
    /// All of it from a JSON or TOML file, as `dtsx get` shows one
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["name", "from", "to", "cc", "bcc", "subject", "message", "source", "priority", "attach", "expression"]
    )]
    model: Option<PathBuf>,
    #[command(flatten)]
    journal: JournalArgs,
}

fn expression(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .filter(|(property, _)| !property.is_empty())
        .map(|(property, expression)| (property.to_owned(), expression.to_owned()))
        .ok_or_else(|| "expected `PROPERTY=EXPRESSION`".to_owned())
}

fn source(text: &str) -> Result<MessageSourceType, String> {
    MessageSourceType::parse(text)
        .ok_or_else(|| "expected `DirectInput`, `Variable` or `FileConnection`".to_owned())
}

fn priority(text: &str) -> Result<Priority, String> {
    Priority::parse(text).ok_or_else(|| "expected `High`, `Normal` or `Low`".to_owned())
}

pub(crate) fn run(args: &AddArgs, streams: &mut Streams<'_>) -> io::Result<Exit> {
    let planned = match &args.what {
        What::Smtp(smtp) => plan_smtp(args, smtp),
        What::SendMail(task) => plan_send_mail(args, task),
    };
    let planned = match planned {
        Ok(planned) => planned,
        Err(refusal) => return streams.refuse(&refusal),
    };
    let journal = match &args.what {
        What::Smtp(smtp) => &smtp.journal,
        What::SendMail(task) => &task.journal,
    };
    carry_out(planned, "add", "added", journal, streams)
}

/// What is to be written, and what to call it.
pub(super) struct Planned {
    pub(super) object: String,
    pub(super) writes: Vec<Write>,
}

/// Writes, and says what was written.
pub(super) fn carry_out(
    planned: Planned,
    command: &str,
    done: &str,
    journal: &JournalArgs,
    streams: &mut Streams<'_>,
) -> io::Result<Exit> {
    let inputs: Vec<PathBuf> = planned.writes.iter().map(|it| it.path.clone()).collect();
    let mut journal = match journal.journal(command, inputs.clone()) {
        Ok(journal) => journal,
        Err(message) => return streams.usage(&message),
    };
    let applied = write_all(planned.writes, &mut journal, &mut streams.messages());
    if !applied.is_whole() {
        return Ok(Exit::Unwritten);
    }
    writeln!(streams.out, "{done} {}", visible(&planned.object))?;
    for path in inputs {
        writeln!(
            streams.out,
            "wrote {}",
            visible(&path.display().to_string())
        )?;
    }
    writeln!(streams.out, "take it back with `dtsx undo`")?;
    Ok(Exit::Done)
}

/// How the files of these commands are read.
pub(super) fn reading() -> Reading<'static> {
    Reading {
        files: &RealFiles,
        limits: Limits::default(),
        jobs: NonZero::<usize>::MIN,
        only_with: None,
    }
}

pub(super) fn unreadable(message: String) -> Refusal {
    Refusal {
        exit: Exit::Unreadable,
        message,
    }
}

pub(super) fn unwritable(error: impl std::fmt::Display) -> Refusal {
    Refusal {
        exit: Exit::Unwritten,
        message: error.to_string(),
    }
}

fn model<M: DeserializeOwned>(path: &Path) -> Result<M, Refusal> {
    let tell = |error: String| Refusal::usage(format!("{}: {error}", path.display()));
    let bytes = RealFiles
        .read(path)
        .map_err(|error| tell(format!("could not be read: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|_| tell("is not UTF-8".to_owned()))?;
    let is_json = path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    match is_json {
        true => serde_json::from_str(&text).map_err(|error| tell(error.to_string())),
        false => toml::from_str(&text).map_err(|error| tell(error.to_string())),
    }
}

fn smtp_model(args: &SmtpArgs) -> Result<SmtpManagerModel, Refusal> {
    if let Some(path) = &args.model {
        return model(path);
    }
    Ok(SmtpManagerModel {
        name: args.name.clone().unwrap_or_default(),
        description: args.description.clone().unwrap_or_default(),
        server: args.server.clone().unwrap_or_default(),
        use_windows_authentication: args.windows_auth.unwrap_or(false),
        enable_ssl: args.enable_ssl.unwrap_or(false),
        timeout: args.timeout,
        delay_validation: false,
        expressions: args.expression.iter().cloned().collect(),
    })
}

fn plan_smtp(args: &AddArgs, smtp: &SmtpArgs) -> Result<Planned, Refusal> {
    let model = smtp_model(smtp)?;
    let id = new_id(RealRandom.bytes());
    if let Some(unit) = project_unit(&args.file)? {
        return plan_project_manager(&args.file, &unit, &model, &id);
    }
    let one = One::open(&Named::new(&args.file, None, &RealFiles), &reading())
        .map_err(|error| unreadable(error.to_string()))?;
    let at = one
        .at()
        .ok_or_else(|| unreadable("the file is gone".to_owned()))?;
    let package = at.package().ok_or_else(|| {
        Refusal::usage(format!(
            "{}: expected a package, the folder of a project, a .dtproj or an .ispac",
            one.label()
        ))
    })?;
    let usage = |error: dtsx::package::SetError| Refusal::usage(error.to_string());
    let mut changes = Changes::new();
    let edits = package.add_smtp_manager(&model, &id).map_err(usage)?;
    changes.add(at.file.id, edits).map_err(unwritable)?;
    let name = at.file.label.file_name();
    for file in at.context.of_kind(FileKind::Project) {
        let project = ProjectFile::new(&file.document);
        let is_of = project
            .packages()
            .any(|listed| listed.eq_ignore_ascii_case(&name));
        if is_of {
            let edits = project.add_copies(Some(&name), &model).map_err(usage)?;
            changes.add(file.id, edits).map_err(unwritable)?;
        }
    }
    let object = format!("\\Package.Connections[{}] to {}", model.name, one.label());
    planned(&one, &changes, object, "add an SMTP connection manager")
}

pub(super) fn planned(
    one: &One,
    changes: &Changes,
    object: String,
    what: &str,
) -> Result<Planned, Refusal> {
    let result = changed(one.files(), changes, &Limits::default()).map_err(unwritable)?;
    Ok(Planned {
        object,
        writes: writes(one.unit(), &result, what).map_err(unwritable)?,
    })
}

/// The unit of a project that a path means as a whole: its folder, its `.dtproj`, an archive.
pub(super) fn project_unit(path: &Path) -> Result<Option<OpenUnit>, Refusal> {
    let has = |extension: &str| {
        path.extension()
            .is_some_and(|found| found.eq_ignore_ascii_case(extension))
    };
    let is_folder = RealFiles.list(path).is_ok();
    let asked = match (is_folder, has("dtproj"), has("ispac")) {
        (true, ..) | (_, _, true) => path.to_owned(),
        (_, true, _) => folder_of(path),
        _ => return Ok(None),
    };
    let inputs = Inputs {
        paths: vec![asked.clone()],
        ..Inputs::default()
    };
    let found = find(&inputs, &RealFiles);
    if let Some(error) = found.errors.first() {
        return Err(unreadable(error.to_string()));
    }
    let is_meant = |holder: &Holder| match holder {
        Holder::Folder(folder) => same_folder(folder, &asked),
        Holder::Archive(archive) => *archive == asked,
    };
    let unit = found.units.iter().find(|unit| is_meant(&unit.holder));
    let Some(unit) = unit else {
        return Err(Refusal::usage(format!(
            "{}: there is no project here",
            path.display()
        )));
    };
    Ok(Some(unit.open(&inputs, &reading())))
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn same_folder(a: &Path, b: &Path) -> bool {
    a == b || a.components().eq(b.components())
}

fn plan_project_manager(
    path: &Path,
    unit: &OpenUnit,
    model: &SmtpManagerModel,
    id: &str,
) -> Result<Planned, Refusal> {
    let context: &Context = &unit.context;
    let usage = |error: dtsx::package::SetError| Refusal::usage(error.to_string());
    let projects: Vec<_> = context.of_kind(FileKind::Project).collect();
    let [project] = projects.as_slice() else {
        return Err(Refusal::usage(match projects.len() {
            0 => format!("{}: there is no project here", path.display()),
            _ => format!("{}: there are several projects here", path.display()),
        }));
    };
    if context
        .connection_managers()
        .any(|(_, other)| other.object().name() == model.name)
    {
        return Err(Refusal::usage(format!(
            "the project has a connection manager named `{}` already",
            model.name
        )));
    }
    let file_name = format!("{}.conmgr", model.name);
    if model
        .name
        .contains(['/', '\\', ':', '*', '?', '"', '<', '>', '|'])
    {
        return Err(Refusal::usage(format!(
            "`{}` cannot be the name of a file, which a connection manager of a project is",
            model.name
        )));
    }
    let source = project.document.source();
    let line_end = if source.text().contains("\r\n") {
        "\r\n"
    } else {
        "\n"
    };
    let text = smtp_manager_file(model, id, line_end).map_err(usage)?;
    let read = ProjectFile::new(&project.document);
    let mut changes = Changes::new();
    let registered = read.register_manager(&file_name).map_err(usage)?;
    changes.add(project.id, registered).map_err(unwritable)?;
    let copies = read.add_copies(None, model).map_err(usage)?;
    changes.add(project.id, copies).map_err(unwritable)?;
    let result = changed([*project], &changes, &Limits::default()).map_err(unwritable)?;
    let what = "add an SMTP connection manager";
    let object = format!(
        "\\Project.Connections[{}] to {}",
        model.name,
        path.display()
    );
    // Members of archives have no mark; files have what the project has.
    let members = MemberChanges {
        added: vec![(file_name.clone(), text.clone().into_bytes())],
        removed: Vec::new(),
    };
    let archive = write_members(unit, &result, members, &Limits::default(), what);
    if let Some(write) = archive.map_err(unwritable)? {
        return Ok(Planned {
            object,
            writes: vec![write],
        });
    }
    let mark = if source.has_bom() { "\u{feff}" } else { "" };
    let folder = folder_of(project.label.path());
    let place = match folder == Path::new(".") {
        true => PathBuf::from(file_name),
        false => folder.join(file_name),
    };
    let mut all = vec![Write::create(
        place,
        format!("{mark}{text}").into_bytes(),
        what,
    )];
    all.extend(writes(unit, &result, what).map_err(unwritable)?);
    Ok(Planned {
        object,
        writes: all,
    })
}

fn plan_send_mail(args: &AddArgs, task: &SendMailArgs) -> Result<Planned, Refusal> {
    let one = One::open(&Named::new(&args.file, None, &RealFiles), &reading())
        .map_err(|error| unreadable(error.to_string()))?;
    let at = one
        .at()
        .ok_or_else(|| unreadable("the file is gone".to_owned()))?;
    let package = at
        .package()
        .ok_or_else(|| Refusal::usage(format!("{}: expected a package", one.label())))?;
    let mut model: SendMailTaskModel = match &task.model {
        Some(path) => model(path)?,
        None => SendMailTaskModel {
            name: task.name.clone().unwrap_or_default(),
            from: task.from.clone().unwrap_or_default(),
            to: task.to.clone().unwrap_or_default(),
            cc: task.cc.clone().unwrap_or_default(),
            bcc: task.bcc.clone().unwrap_or_default(),
            subject: task.subject.clone().unwrap_or_default(),
            priority: task.priority.unwrap_or_default(),
            message_source_type: task.source.unwrap_or_default(),
            message_source: task.message.clone().unwrap_or_default(),
            attachments: task.attach.clone(),
            expressions: task.expression.iter().cloned().collect(),
            ..SendMailTaskModel::default()
        },
    };
    model.connection = connection(at, task, &model)?;
    let container = resolve(package, &task.container)
        .map_err(|error| Refusal::usage(error.to_string()))?
        .target;
    let Target::Executable(container) = container else {
        return Err(Refusal::usage(format!(
            "`{}` is no container that takes tasks",
            task.container
        )));
    };
    if !container.is_container() {
        return Err(Refusal::usage(format!(
            "`{}` is a task: expected the package, a sequence or a loop",
            task.container
        )));
    }
    let id = new_id(RealRandom.bytes());
    let edits = package
        .add_send_mail_task(container, &model, &id)
        .map_err(|error| Refusal::usage(error.to_string()))?;
    let mut changes = Changes::new();
    changes.add(at.file.id, edits).map_err(unwritable)?;
    let path = path_of(package, Target::Executable(container));
    let object = format!("{path}\\{} to {}", model.name, one.label());
    planned(&one, &changes, object, "add a Send Mail task")
}

/// The id of the connection manager that the task uses.
fn connection(
    at: InContext<'_>,
    task: &SendMailArgs,
    model: &SendMailTaskModel,
) -> Result<String, Refusal> {
    let own = at
        .package()
        .into_iter()
        .flat_map(|package| package.connection_managers().collect::<Vec<_>>());
    let project = at.context.connection_managers().map(|(_, manager)| manager);
    let smtp: Vec<_> = own
        .chain(project)
        .filter(|manager| manager.is_smtp())
        .collect();
    let wanted = task
        .connection
        .clone()
        .or_else(|| Some(model.connection.clone()).filter(|it| !it.is_empty()));
    let names = || {
        let names: Vec<String> = smtp
            .iter()
            .map(|manager| format!("`{}`", manager.object().name()))
            .collect();
        match names.is_empty() {
            true => "there is none: add one with `dtsx add FILE smtp`".to_owned(),
            false => format!("there are {}", names.join(", ")),
        }
    };
    let found = match &wanted {
        Some(wanted) => at
            .manager_of_reference(wanted)
            .map(|(_, manager)| manager)
            .filter(|manager| manager.is_smtp()),
        None => match smtp.as_slice() {
            [only] => Some(*only),
            _ => None,
        },
    };
    let manager = found.ok_or_else(|| {
        Refusal::usage(match &wanted {
            Some(wanted) => format!(
                "there is no SMTP connection manager `{wanted}`: {}",
                names()
            ),
            None => format!(
                "say with `--connection` which SMTP connection manager: {}",
                names()
            ),
        })
    })?;
    let id = manager.object().id().map(|id| id.into_owned());
    id.ok_or_else(|| Refusal::usage("the connection manager has no id".to_owned()))
}
