//! Owned facts of one file: what outlives its document.

use crate::connection_string::SmtpConnection;
use crate::package::{DeploymentModel, ExecutableKind, FileKind, MessageSourceType};
use crate::project::{BuildCopy, Hash, Label};
use crate::xml::Place;

use super::effective::EffectiveFacts;
use super::senders::OtherSender;

/// What is known of a file.
#[derive(Clone, Debug)]
pub struct FileFacts {
    /// What reports call it.
    pub label: Label,
    /// What it is.
    pub kind: FileKind,
    /// The project that holds it.
    pub project: Option<Label>,
    /// How that project is deployed.
    pub deployment_model: Option<DeploymentModel>,
    /// 2, 3, 6 or 8, of packages.
    pub format_version: Option<u32>,
    /// The protection level by name.
    pub protection_level: Option<String>,
    /// Whether all of it is encrypted.
    pub is_encrypted: bool,
    /// Whether it is what a build left.
    pub build_copy: BuildCopy,
    /// The hash of its bytes, where somebody asked for it.
    pub hash: Option<Hash>,
    /// The name of the package or the project, or of the connection manager.
    pub name: Option<String>,
    /// The id of the package, as stored.
    pub package_id: Option<String>,
    /// The id of this version of the package, as stored.
    pub version_guid: Option<String>,
    /// The number that the designer raises at each save.
    pub version_build: Option<u32>,
    /// Who made the package, as stored.
    pub creator: Option<String>,
    /// The connection managers, all types.
    pub connections: Vec<ConnectionFacts>,
    /// The Send Mail tasks, in document order.
    pub send_mail_tasks: Vec<TaskFacts>,
    /// Tasks that do something and are no Send Mail tasks.
    pub other_tasks: Vec<OtherTask>,
    /// What sends mail and is no Send Mail task: third-party connection managers, then tasks in document order.
    pub other_senders: Vec<OtherSender>,
    /// Calls of other packages, in document order.
    pub calls: Vec<CallFacts>,
    /// Uses of the project's connection managers.
    pub project_uses: Vec<ProjectUse>,
    /// What the file says of itself and is not true.
    pub notes: Vec<String>,
}

impl FileFacts {
    /// A file of which no more is known than what it is.
    pub(super) fn bare(label: &Label, kind: FileKind, build_copy: BuildCopy) -> FileFacts {
        FileFacts {
            label: label.clone(),
            kind,
            project: None,
            deployment_model: None,
            format_version: None,
            protection_level: None,
            is_encrypted: false,
            build_copy,
            hash: None,
            name: None,
            package_id: None,
            version_guid: None,
            version_build: None,
            creator: None,
            connections: Vec::new(),
            send_mail_tasks: Vec::new(),
            other_tasks: Vec::new(),
            other_senders: Vec::new(),
            calls: Vec::new(),
            project_uses: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// An archive; its members have facts of their own.
    pub fn of_archive(label: &Label, build_copy: BuildCopy) -> FileFacts {
        FileFacts::bare(label, FileKind::DeploymentFile, build_copy)
    }

    /// Whether mail is sent from here, or a connection for it is kept here.
    pub fn has_mail(&self) -> bool {
        !self.send_mail_tasks.is_empty()
            || !self.other_senders.is_empty()
            || self.connections.iter().any(ConnectionFacts::is_smtp)
    }
}

/// A text in which secrets are masked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Masked {
    /// The text, with `***` for each secret.
    pub text: String,
    /// The keys of the secrets.
    pub keys: Vec<String>,
}

/// A property and the expression that computes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpressionFacts {
    /// The name in the object model.
    pub property: String,
    /// The expression.
    pub text: Masked,
}

/// What is known of a connection manager.
#[derive(Clone, Debug)]
pub struct ConnectionFacts {
    /// Its property path.
    pub path: String,
    /// Its name.
    pub name: String,
    /// Its id, as stored.
    pub id: Option<String>,
    /// Its type, as stored.
    pub type_name: String,
    /// Its connection string, as stored.
    pub connection_string: Option<Masked>,
    /// The same as a model, of an SMTP connection manager whose string can be read.
    pub smtp: Option<SmtpConnection>,
    /// Why the connection string could not be read as one.
    pub problem: Option<String>,
    /// Its property expressions.
    pub expressions: Vec<ExpressionFacts>,
    /// What its properties are at run time, where something else than the stored value decides.
    pub effective: Vec<EffectiveFacts>,
    /// What uses it.
    pub used_by: Vec<ObjectRef>,
    /// Where it is.
    pub place: Place,
}

impl ConnectionFacts {
    /// Whether this is Microsoft's SMTP connection manager.
    pub fn is_smtp(&self) -> bool {
        self.type_name == "SMTP"
    }
}

/// An object of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectRef {
    /// The file.
    pub file: Label,
    /// The object's property path.
    pub object: String,
}

/// What is known of a Send Mail task.
#[derive(Clone, Debug)]
pub struct TaskFacts {
    /// Its property path.
    pub path: String,
    /// Its name.
    pub name: String,
    /// Its id, as stored.
    pub id: Option<String>,
    /// Whether it is disabled itself.
    pub is_disabled: bool,
    /// The nearest disabled object around it.
    pub disabled_by: Option<String>,
    /// The event handler that it runs in.
    pub event_handler: Option<HandlerFacts>,
    /// The connection manager that it refers to.
    pub connection: Reference,
    /// The sender, as stored.
    pub from: Masked,
    /// The recipients, as stored.
    pub to: Masked,
    /// The recipients of copies, as stored.
    pub cc: Masked,
    /// The recipients of blind copies, as stored.
    pub bcc: Masked,
    /// The subject, as stored.
    pub subject: Masked,
    /// The priority, as stored.
    pub priority: String,
    /// Where the text comes from; `None` for a name that is none.
    pub message_source_type: Option<MessageSourceType>,
    /// The same, as stored.
    pub message_source_type_text: String,
    /// The text, the variable or the connection, as stored.
    pub message_source: Masked,
    /// The attached files, as stored, empty entries left out.
    pub attachments: Vec<String>,
    /// Its property expressions.
    pub expressions: Vec<ExpressionFacts>,
    /// What its properties are at run time, where something else than the stored value decides.
    pub effective: Vec<EffectiveFacts>,
    /// Where it is.
    pub place: Place,
}

/// The event handler that a task runs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandlerFacts {
    /// The event.
    pub event: String,
    /// What the handler hangs on.
    pub of: String,
}

/// A reference to a connection manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// As stored: an id, or a name.
    pub reference: String,
    /// The manager; `None` when the reference leads nowhere.
    pub found: Option<FoundManager>,
}

/// The connection manager that a reference leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundManager {
    /// Its name.
    pub name: String,
    /// Its type.
    pub type_name: String,
    /// The file that holds it.
    pub file: Label,
}

/// A task that is no Send Mail task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherTask {
    /// Its property path.
    pub path: String,
    /// What it is.
    pub kind: ExecutableKind,
    /// Whether it or something around it is disabled.
    pub is_disabled: bool,
}

/// A call of another package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallFacts {
    /// The property path of the Execute Package task.
    pub task: String,
    /// What it calls: a file name, a path, or the name of a package in SQL Server.
    pub package: String,
    /// The file, if it is among those that were looked at.
    pub found_in: Option<Label>,
    /// Whether it or something around it is disabled.
    pub is_disabled: bool,
    /// Where the task is.
    pub place: Place,
}

/// A use of one of the project's connection managers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectUse {
    /// The file of the manager.
    pub manager: Label,
    /// The property path of what uses it.
    pub object: String,
}
