//! From a Send Mail task to what it would send.
//!
//! Values are those that the package would see when it runs. A task that depends on one that is not known, or that
//! another task would set, is not sent unless the value is given. What dtexec would refuse when it validates the task is
//! refused here, with its code.

use crate::connection_string::{SmtpConnection, SmtpConnectionString, SmtpProperty};
use crate::effective::{PackageValues, PathMap};
use crate::host::Files;
use crate::package::{
    ConnectionManager, Executable, ExecutableKind, MailProperty, Owner, Package, Priority,
    SendMailTask, Target, boolean,
};
use crate::project::{File, InContext, Label};
use crate::source::visible;

use super::auth::SignIn;
use super::codes::Code;
use super::message::{Attachment, MailMessage, split_attachments};
use super::overrides::{Defaults, StaleValues};
use super::source;
use super::task_outcome::Cause;
use super::values::{SetLater, Values};

/// How tasks are resolved.
#[derive(Clone, Copy)]
pub struct Rules<'r> {
    /// Where message files are.
    pub files: &'r dyn Files,
    /// Where the package's paths are here.
    pub paths: &'r PathMap,
    /// Whether stored values count where expressions compute others.
    pub stale_values: StaleValues,
    /// Whether defaults count that tasks would set which are not run.
    pub defaults: Defaults,
    /// The properties of the SMTP connection manager that nothing depends on, because they are given otherwise or no
    /// server is spoken to.
    pub unneeded: &'r [SmtpProperty],
    /// Whether tasks inside event handlers are meant too.
    pub event_handlers: EventHandlers,
}

/// Whether tasks inside event handlers are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventHandlers {
    /// They run only when their event is raised.
    LeftOut,
    /// They were named.
    Taken,
}

/// A task, and what it would send.
#[derive(Debug)]
pub struct Resolved {
    /// The task's property path.
    pub path: String,
    /// Its name.
    pub name: String,
    /// The file that holds it.
    pub file: Label,
    /// What it would send, or why it does not.
    pub mail: Result<Request, Unsent>,
    /// The paths of the properties whose value was given.
    pub overridden: Vec<String>,
    /// What else there is to say.
    pub notes: Vec<String>,
}

/// What a task would send, and through what.
#[derive(Debug)]
pub struct Request {
    /// The message.
    pub message: MailMessage,
    /// What its SMTP connection manager says.
    pub connection: SmtpConnection,
    /// What a job says besides.
    pub server: RequestServer,
}

/// What a job can say of a server, and a connection manager cannot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestServer {
    /// The port.
    pub port: Option<u16>,
    /// Whether TLS begins with the first byte.
    pub implicit_tls: bool,
    /// The name that the certificate must be for.
    pub tls_name: Option<String>,
    /// Who signs in.
    pub sign_in: Option<SignIn>,
}

/// Why a task sends nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsent {
    /// It would not run in SSIS either: it is disabled, or its event was not raised.
    Idle {
        /// What kind of reason.
        cause: Cause,
        /// Why.
        reason: String,
    },
    /// What it would send is not known.
    Skipped {
        /// What kind of reason.
        cause: Cause,
        /// Why, and what to do.
        reason: String,
    },
    /// dtexec would fail it.
    Failed {
        /// Under this code.
        code: Code,
        /// Why.
        reason: String,
    },
}

impl Unsent {
    pub(super) fn skipped(cause: Cause, reason: String) -> Unsent {
        Unsent::Skipped { cause, reason }
    }

    pub(super) fn failed(code: Code, reason: String) -> Unsent {
        Unsent::Failed { code, reason }
    }
}

/// Resolves a task of a package under the package's values.
pub fn resolve<'d>(
    values: &PackageValues<'d>,
    task: SendMailTask<'d>,
    rules: &Rules<'_>,
) -> Resolved {
    let at = values.at();
    let target = Target::Executable(task.executable());
    let mut values = Values::new(values, rules.stale_values, rules.defaults);
    let path = values.path_of(target);
    let mut resolving = Resolving {
        at,
        task,
        rules,
        values: &mut values,
        path: &path,
    };
    let mail = resolving.mail();
    Resolved {
        name: task.executable().object().name().into_owned(),
        file: at.file.label.clone(),
        mail,
        overridden: values.overridden,
        notes: values.notes,
        path,
    }
}

/// What a package does besides sending mail: tasks that would run in SSIS and are not run here.
pub fn other_tasks<'d>(package: Package<'d>) -> impl Iterator<Item = Executable<'d>> {
    package.executables().filter(|it| {
        !it.is_container()
            && it.kind() != ExecutableKind::SendMail
            && !it.is_disabled()
            && it.disabled_by().is_none()
    })
}

struct Resolving<'r, 'v, 'd> {
    at: InContext<'d>,
    task: SendMailTask<'d>,
    rules: &'r Rules<'r>,
    values: &'r mut Values<'v, 'd>,
    path: &'r str,
}

impl<'d> Resolving<'_, '_, 'd> {
    fn mail(&mut self) -> Result<Request, Unsent> {
        self.is_idle()?;
        if self.task.data().is_none() {
            let reason = "the task has no `SendMailTaskData`".to_owned();
            return Err(Unsent::failed(Code::WRONG_XML_ELEMENT, reason));
        }
        // What is certainly wrong comes before what is not known.
        let connection = self.connection()?;
        let (from, to) = (
            self.get(MailProperty::FromLine),
            self.get(MailProperty::ToLine),
        );
        let (cc, bcc) = (
            self.get(MailProperty::CCLine),
            self.get(MailProperty::BCCLine),
        );
        if let (Some(to), Some(cc), Some(bcc)) = (&to, &cc, &bcc)
            && [to, cc, bcc]
                .iter()
                .all(|line| line.replace(';', "").trim().is_empty())
        {
            let reason = "no recipient: To, Cc and Bcc are empty".to_owned();
            return Err(Unsent::failed(Code::RECIPIENT_EMPTY, reason));
        }
        let subject = self.get(MailProperty::Subject);
        let priority = self.priority();
        let attachments = self.attachments()?;
        let body = source::text(self.at, self.task, self.rules, self.values)?;
        self.values.refuse_unsure()?;
        self.note_loops();
        Ok(Request {
            message: MailMessage {
                from: from.unwrap_or_default(),
                to: to.unwrap_or_default(),
                cc: cc.unwrap_or_default(),
                bcc: bcc.unwrap_or_default(),
                subject: subject.unwrap_or_default(),
                body: body.unwrap_or_default(),
                priority,
                attachments,
                ..MailMessage::default()
            },
            connection: connection.unwrap_or_default(),
            server: RequestServer::default(),
        })
    }

    fn get(&mut self, property: MailProperty) -> Option<String> {
        let target = Target::Executable(self.task.executable());
        self.values
            .read(self.at.file, target, property.name(), SetLater::Refused)
    }

    /// Whether the task, or something around it, is switched off; and whether it waits for an event.
    fn is_idle(&mut self) -> Result<(), Unsent> {
        let executable = self.task.executable();
        let mut next = Some(Owner::Executable(executable));
        while let Some(owner) = next {
            let (target, path) = match owner {
                Owner::Executable(it) => (Target::Executable(it), None),
                Owner::EventHandler(it) => (Target::EventHandler(it), Some(it)),
            };
            if let Some(handler) = path
                && self.rules.event_handlers == EventHandlers::LeftOut
            {
                let reason = format!(
                    "it runs when {} is raised: `--task` takes it",
                    visible(&handler.event())
                );
                let cause = Cause::Event;
                return Err(Unsent::Idle { cause, reason });
            }
            let path = self.values.path_of(target);
            let disabled = self
                .values
                .read(self.at.file, target, "Disable", SetLater::TooLate);
            if disabled.as_deref().and_then(boolean) == Some(true) {
                let reason = if path == self.path {
                    "the task is disabled".to_owned()
                } else {
                    format!("`{}` around it is disabled", visible(&path))
                };
                let cause = Cause::Disabled;
                return Err(Unsent::Idle { cause, reason });
            }
            next = owner.parent();
        }
        Ok(())
    }

    fn priority(&mut self) -> Priority {
        let Some(stored) = self.get(MailProperty::Priority) else {
            return Priority::Normal;
        };
        Priority::parse(&stored).unwrap_or_else(|| {
            let stored = visible(&stored);
            self.values.note(format!(
                "`{stored}` is no priority (High, Normal or Low): sent as Normal"
            ));
            Priority::Normal
        })
    }

    fn attachments(&mut self) -> Result<Vec<Attachment>, Unsent> {
        let list = self.get(MailProperty::FileAttachments).unwrap_or_default();
        split_attachments(&list)
            .map(|stored| match self.rules.paths.locate(stored) {
                Ok(path) => Ok(Attachment {
                    stored: stored.to_owned(),
                    path,
                }),
                Err(error) => Err(Unsent::failed(
                    Code::INVALID_ATTACHMENT,
                    format!("attachment `{}`: {error}", visible(stored)),
                )),
            })
            .collect()
    }

    /// What the task's SMTP connection manager says; `None` where an expression computes which one it is.
    fn connection(&mut self) -> Result<Option<SmtpConnection>, Unsent> {
        let Some(reference) = self.get(MailProperty::SmtpConnection) else {
            return Ok(None);
        };
        if reference.trim().is_empty() {
            let reason = "the task names no SMTP connection manager".to_owned();
            return Err(Unsent::failed(Code::SERVER_NOT_SPECIFIED, reason));
        }
        let Some((holder, manager)) = self.at.manager_of_reference(&reference) else {
            let reason = format!(
                "the SMTP connection manager `{}` is not there",
                visible(&reference)
            );
            return Err(Unsent::failed(Code::NO_CONNECTION, reason));
        };
        let name = manager.object().name();
        if !manager.is_smtp() {
            let reason = format!(
                "the connection manager `{}` is of type {} and not of type SMTP",
                visible(&name),
                visible(&manager.type_name())
            );
            return Err(Unsent::failed(Code::CONNECTION_NOT_SMTP, reason));
        }
        let connection = self.smtp(holder, manager)?;
        let server_counts = !self.rules.unneeded.contains(&SmtpProperty::Server);
        if let Some(connection) = &connection
            && server_counts
            && connection.server.trim().is_empty()
            // A server that is not known is not an empty one.
            && self.values.refuse_unsure().is_ok()
        {
            let reason = format!(
                "the SMTP connection manager `{}` names no server",
                visible(&name)
            );
            return Err(Unsent::failed(Code::SERVER_NOT_SPECIFIED, reason));
        }
        Ok(connection)
    }

    fn smtp(
        &mut self,
        holder: &'d File,
        manager: ConnectionManager<'d>,
    ) -> Result<Option<SmtpConnection>, Unsent> {
        const WHOLE: &str = "ConnectionString";
        let target = Target::ConnectionManager(manager);
        let path = self.values.path_of(target);
        let name = manager.object().name();
        let whole = self.values.glance(holder, target, WHOLE);
        if manager.connection_string().is_none() && whole.as_deref() == Some("") {
            let reason = format!(
                "the SMTP connection manager `{}` has no connection string",
                visible(&name)
            );
            return Err(Unsent::failed(Code::CONNECTION_EMPTY, reason));
        }
        let read = whole.as_deref().map(SmtpConnectionString::parse);
        let mut connection = match read.transpose() {
            Ok(read) => read
                .map(SmtpConnectionString::into_connection)
                .unwrap_or_default(),
            Err(error) => {
                let reason = format!("the SMTP connection manager `{}`: {error}", visible(&name));
                return Err(Unsent::failed(Code::CHECK_VALID_SERVER, reason));
            }
        };
        for property in SmtpProperty::ALL {
            let key = property.key();
            let value = match self.rules.unneeded.contains(&property) {
                true => self.values.glance(holder, target, key),
                false => self.values.read(holder, target, key, SetLater::Refused),
            };
            let is_left_out = property == SmtpProperty::Timeout;
            let Some(value) = value.filter(|it| !(is_left_out && it.is_empty())) else {
                continue;
            };
            set(&mut connection, property, &value).map_err(|wanted| {
                let value = visible(&value);
                let reason = format!("`{path}.Properties[{key}]`: `{value}` is not {wanted}");
                Unsent::failed(Code::CHECK_VALID_SERVER, reason)
            })?;
        }
        Ok(Some(connection))
    }

    fn note_loops(&mut self) {
        let mut next = self.task.executable().parent();
        while let Some(owner) = next {
            if let Owner::Executable(it) = owner
                && matches!(
                    it.kind(),
                    ExecutableKind::ForLoop | ExecutableKind::ForeachLoop
                )
            {
                let name = it.object().name();
                self.values.note(format!(
                    "the loop `{}` around it is not run: the task is taken once",
                    visible(&name)
                ));
            }
            next = owner.parent();
        }
    }
}

fn set(
    connection: &mut SmtpConnection,
    property: SmtpProperty,
    value: &str,
) -> Result<(), &'static str> {
    const BOOLEAN: &str = "`True` or `False`";
    match property {
        SmtpProperty::Server => connection.server = value.to_owned(),
        SmtpProperty::UseWindowsAuthentication => {
            connection.use_windows_authentication = boolean(value).ok_or(BOOLEAN)?;
        }
        SmtpProperty::EnableSsl => connection.enable_ssl = boolean(value).ok_or(BOOLEAN)?,
        SmtpProperty::Timeout => {
            let timeout = value
                .trim()
                .parse()
                .map_err(|_| "a number of milliseconds")?;
            connection.timeout = Some(timeout);
        }
    }
    Ok(())
}
