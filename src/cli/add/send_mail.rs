//! `dtsx add FILE send-mail`

use std::path::{Path, PathBuf};

use clap::Args;

use dtsx::host::{Random as _, RealFiles, RealRandom};
use dtsx::package::{
    MessageSourceType, Priority, SendMailTaskModel, Target, new_id, path_of, resolve,
};
use dtsx::project::{Changes, InContext, Named, One};

use super::super::change::{ChangeArgs, Planned, reading, unreadable, unwritable, usage};
use super::super::model::model as model_of;
use super::super::streams::Refusal;
use super::expression;

/// A new Send Mail task
#[derive(Debug, Args)]
pub(super) struct SendMailArgs {
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
    pub(super) change: ChangeArgs,
}

pub(super) fn plan(file: &Path, task: &SendMailArgs) -> Result<Planned, Refusal> {
    let one = One::open(&Named::new(file, None, &RealFiles), &reading()).map_err(unreadable)?;
    let at = one.at().ok_or_else(|| unreadable("the file is gone"))?;
    let package = at
        .package()
        .ok_or_else(|| Refusal::usage(format!("{}: expected a package", one.label())))?;
    let mut model: SendMailTaskModel = match &task.model {
        Some(path) => model_of(path)?,
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
    let container = resolve(package, &task.container).map_err(usage)?.target;
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
        .map_err(usage)?;
    let mut changes = Changes::new();
    changes.add(at.file.id, edits).map_err(unwritable)?;
    let path = path_of(package, Target::Executable(container));
    let object = format!("{path}\\{}", model.name);
    Planned::of_files(&one, &changes, object, "add a Send Mail task")
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

fn source(text: &str) -> Result<MessageSourceType, String> {
    MessageSourceType::parse(text)
        .ok_or_else(|| "expected `DirectInput`, `Variable` or `FileConnection`".to_owned())
}

fn priority(text: &str) -> Result<Priority, String> {
    Priority::parse(text).ok_or_else(|| "expected `High`, `Normal` or `Low`".to_owned())
}
