//! `dtsx/inspect@1`

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;

use schemars::JsonSchema;
use serde::ser::{Error as _, SerializeSeq as _, SerializeStruct as _};
use serde::{Serialize, Serializer};

use crate::inventory::{
    BuildCopy, ConnectionFacts, ExpressionFacts, FileFacts, FileKind, HandlerFacts, MailMeans,
    Masked, NamedHost, OtherSender, SenderAuthentication, SenderEncryption, SenderKind, TaskFacts,
    UnitFacts,
};

use super::common::{ErrorJson, SpanJson};
use super::effective::{EffectiveJson, by_property};

/// What sends mail, and through what.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Inspect {
    /// `dtsx/inspect@1`
    pub schema: &'static str,
    /// The files: folder by folder in the order of their paths, each followed by the members of its archives.
    pub files: Vec<FileJson>,
    /// What could not be read.
    pub errors: Vec<ErrorJson>,
    /// Counts; build copies are not counted unless asked for.
    pub summary: Summary,
}

/// The schema's name.
pub const SCHEMA: &str = "dtsx/inspect@1";

/// A file.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FileJson {
    /// The path as it was reached; `ARCHIVE!MEMBER` inside an archive.
    pub path: String,
    /// The bytes of a path that is not Unicode, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_bytes: Option<String>,
    /// What it is.
    #[schemars(extend("enum" = kinds()))]
    pub kind: &'static str,
    /// The archive that holds it.
    pub member_of: Option<String>,
    /// The project that holds it.
    pub project: Option<String>,
    /// How that project is deployed.
    #[schemars(extend("enum" = ["project", "package", null]))]
    pub deployment_model: Option<&'static str>,
    /// 2, 3, 6 or 8.
    pub format_version: Option<u32>,
    /// The protection level by name.
    pub protection_level: Option<String>,
    /// Whether all of it is encrypted.
    pub encrypted: bool,
    /// Whether it is what a build left under `obj` or `bin`.
    pub build_copy: bool,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub sha256: Option<String>,
    /// The name of the package, project or connection manager.
    pub name: Option<String>,
    /// The id of the package.
    pub package_id: Option<String>,
    /// The id of this version of the package.
    pub version_guid: Option<String>,
    /// The number that the designer raises at each save.
    pub version_build: Option<u32>,
    /// Who made the package.
    pub creator: Option<String>,
    /// What the file says of itself and is not true.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// All connection managers.
    pub connections: Vec<ConnectionJson>,
    /// The Send Mail tasks, in document order.
    pub send_mail_tasks: Vec<TaskJson>,
    /// Calls of other packages.
    pub calls: Vec<CallJson>,
    /// What sends mail and is no Send Mail task.
    pub other_senders: Vec<OtherSenderJson>,
}

fn kinds() -> [&'static str; 7] {
    [
        FileKind::Package,
        FileKind::PackagePart,
        FileKind::ConnectionManager,
        FileKind::Parameters,
        FileKind::Project,
        FileKind::Configuration,
        FileKind::DeploymentFile,
    ]
    .map(FileKind::name)
}

/// What sends mail, or calls what does, and is no Send Mail task.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OtherSenderJson {
    /// What it is.
    #[schemars(extend("enum" = SenderKind::ALL.map(SenderKind::name)))]
    pub kind: &'static str,
    /// What it sends with.
    #[schemars(extend("enum" = MailMeans::ALL.map(MailMeans::name)))]
    pub means: &'static str,
    /// The property path of the task, or of the connection manager.
    pub path: String,
    /// The component of the Data Flow task.
    pub component: Option<String>,
    /// Whether it or something around it is disabled.
    pub disabled: bool,
    /// What tells: a class, a procedure, a program, a type.
    pub evidence: String,
    /// The file of the script project, or the SQL file, that tells.
    pub source_file: Option<String>,
    /// The hosts that it names.
    pub hosts: Vec<NamedHostJson>,
    /// As whom it logs on.
    #[schemars(extend("enum" = SenderAuthentication::ALL.map(SenderAuthentication::name)))]
    pub authentication: &'static str,
    /// Whether it asks for TLS.
    #[schemars(extend("enum" = SenderEncryption::ALL.map(SenderEncryption::name)))]
    pub encryption: &'static str,
    /// Where passwords are written in it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub literal_credentials: Vec<SpanJson>,
    /// Where the evidence is.
    pub span: SpanJson,
}

/// A host that a sender names.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NamedHostJson {
    /// The variable or parameter that gives it; null for one that is written there.
    pub variable: Option<String>,
    /// The host; null where it is not known.
    pub value: Option<String>,
    /// How sure that is.
    #[schemars(extend("enum" = ["known", "assumed", "unknown"]))]
    pub certainty: &'static str,
    /// Where it is named.
    pub span: SpanJson,
}

/// A connection manager.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ConnectionJson {
    /// Its property path.
    pub path: String,
    /// Its name.
    pub name: String,
    /// Its id, as stored.
    pub id: Option<String>,
    /// Its type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Its connection string, secrets masked.
    pub connection_string: Option<String>,
    /// The keys whose values are masked, in the connection string and the expressions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub masked: Vec<String>,
    /// The connection string as a model, of type `SMTP` only, and only where it can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp: Option<SmtpJson>,
    /// Why the connection string could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Property expressions by property.
    pub expressions: BTreeMap<String, String>,
    /// What properties are at run time: each that has an expression, a configuration or a parameter behind it.
    pub effective: BTreeMap<String, EffectiveJson>,
    /// What uses it.
    pub used_by: Vec<ObjectJson>,
    /// Where it is.
    pub span: SpanJson,
}

/// An SMTP connection string.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SmtpJson {
    /// `SmtpServer`
    pub server: String,
    /// `UseWindowsAuthentication`
    pub use_windows_authentication: bool,
    /// `EnableSsl`
    pub enable_ssl: bool,
    /// `Timeout`; Microsoft documents no unit.
    pub timeout: Option<i32>,
}

/// An object of a file.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ObjectJson {
    /// The file.
    pub path: String,
    /// The property path.
    pub object: String,
}

/// A Send Mail task.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TaskJson {
    /// Its property path.
    pub path: String,
    /// Its name.
    pub name: String,
    /// Its id, as stored.
    pub id: Option<String>,
    /// Whether it is disabled itself.
    pub disabled: bool,
    /// The nearest disabled object around it.
    pub disabled_by: Option<String>,
    /// The event handler that it runs in.
    pub event_handler: Option<HandlerJson>,
    /// The connection manager that it refers to.
    pub connection: ReferenceJson,
    /// The sender, as stored.
    pub from: String,
    /// The recipients, as stored.
    pub to: String,
    /// The recipients of copies, as stored.
    pub cc: String,
    /// The recipients of blind copies, as stored.
    pub bcc: String,
    /// The subject, as stored, secrets masked.
    pub subject: String,
    /// The priority, as stored.
    pub priority: String,
    /// `DirectInput`, `FileConnection` or `Variable`, or what is stored instead.
    pub message_source_type: String,
    /// The text, the variable or the connection, as stored, secrets masked.
    pub message_source: String,
    /// The attached files, as stored.
    pub attachments: Vec<String>,
    /// The keys whose values are masked, in the texts and the expressions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub masked: Vec<String>,
    /// Property expressions by property.
    pub expressions: BTreeMap<String, String>,
    /// What properties are at run time: each that has an expression, a configuration or a parameter behind it.
    pub effective: BTreeMap<String, EffectiveJson>,
    /// Where it is.
    pub span: SpanJson,
}

/// The event handler that a task runs in.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HandlerJson {
    /// The event.
    pub event: String,
    /// What the handler hangs on.
    pub of: String,
}

/// A reference to a connection manager.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReferenceJson {
    /// As stored.
    pub reference: String,
    /// The manager's name; null when the reference leads nowhere.
    pub name: Option<String>,
    /// The file that holds it; null when the reference leads nowhere.
    pub found_in: Option<String>,
}

/// A call of another package.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CallJson {
    /// The Execute Package task.
    pub task: String,
    /// What it calls.
    pub package: String,
    /// The file, if it is among those that were looked at.
    pub found_in: Option<String>,
}

/// Counts; build copies count in none of them unless asked for.
#[derive(Clone, Copy, Debug, Default, Serialize, JsonSchema)]
pub struct Summary {
    /// Files that were looked at, whether they are listed or not; those that could not be read are not among them.
    pub files: usize,
    /// Those of them that are not listed, because no mail was found in them.
    pub left_out: usize,
    /// Files that a build left and that are not counted.
    pub build_copies: usize,
    /// Connection managers of the listed files.
    pub connections: usize,
    /// SMTP connection managers.
    pub smtp_connections: usize,
    /// Send Mail tasks.
    pub send_mail_tasks: usize,
    /// What sends mail and is no Send Mail task.
    pub other_senders: usize,
    /// What could not be read, build copies too.
    pub errors: usize,
}

impl Summary {
    /// Counts a unit; of one that does not count, only its files and its errors.
    pub fn count(&mut self, unit: &UnitFacts, counts: bool) {
        self.errors += unit.errors.len();
        let files = unit.files.len() + unit.left_out;
        if !counts {
            self.build_copies += files;
            return;
        }
        self.files += files;
        self.left_out += unit.left_out;
        for file in &unit.files {
            self.connections += file.connections.len();
            let smtp = file.connections.iter().filter(|it| it.is_smtp());
            self.smtp_connections += smtp.count();
            self.send_mail_tasks += file.send_mail_tasks.len();
            self.other_senders += file.other_senders.len();
        }
    }
}

impl From<&FileFacts> for FileJson {
    fn from(file: &FileFacts) -> FileJson {
        FileJson {
            path: file.label.to_string(),
            path_bytes: file.label.path_bytes(),
            kind: file.kind.name(),
            member_of: file.label.member_of(),
            project: file.project.as_ref().map(ToString::to_string),
            deployment_model: file.deployment_model.map(|model| model.name()),
            format_version: file.format_version,
            protection_level: file.protection_level.clone(),
            encrypted: file.is_encrypted,
            build_copy: file.build_copy == BuildCopy::Yes,
            sha256: file.hash.map(|hash| hash.to_string()),
            name: file.name.clone(),
            package_id: file.package_id.clone(),
            version_guid: file.version_guid.clone(),
            version_build: file.version_build,
            creator: file.creator.clone(),
            notes: file.notes.clone(),
            connections: file.connections.iter().map(ConnectionJson::from).collect(),
            send_mail_tasks: file.send_mail_tasks.iter().map(TaskJson::from).collect(),
            calls: file
                .calls
                .iter()
                .map(|call| CallJson {
                    task: call.task.clone(),
                    package: call.package.clone(),
                    found_in: call.found_in.as_ref().map(ToString::to_string),
                })
                .collect(),
            other_senders: file
                .other_senders
                .iter()
                .map(OtherSenderJson::from)
                .collect(),
        }
    }
}

impl From<&OtherSender> for OtherSenderJson {
    fn from(sender: &OtherSender) -> OtherSenderJson {
        let spans = sender.literal_credentials.iter();
        OtherSenderJson {
            kind: sender.kind.name(),
            means: sender.means.name(),
            path: sender.path.clone(),
            component: sender.component.clone(),
            disabled: sender.is_disabled,
            evidence: sender.evidence.clone(),
            source_file: sender.source_file.clone(),
            hosts: sender.hosts.iter().map(NamedHostJson::from).collect(),
            authentication: sender.authentication.name(),
            encryption: sender.encryption.name(),
            literal_credentials: spans.map(|spot| SpanJson::from(spot.place)).collect(),
            span: SpanJson::from(sender.spot.place),
        }
    }
}

impl From<&NamedHost> for NamedHostJson {
    fn from(host: &NamedHost) -> NamedHostJson {
        NamedHostJson {
            variable: host.variable.clone(),
            value: host.value.clone(),
            certainty: host.certainty.name(),
            span: SpanJson::from(host.spot.place),
        }
    }
}

impl From<&ConnectionFacts> for ConnectionJson {
    fn from(connection: &ConnectionFacts) -> ConnectionJson {
        let string = connection.connection_string.as_ref();
        ConnectionJson {
            path: connection.path.clone(),
            name: connection.name.clone(),
            id: connection.id.clone(),
            type_name: connection.type_name.clone(),
            connection_string: string.map(|string| string.text.clone()),
            masked: masked_keys(string.into_iter(), &connection.expressions),
            smtp: connection.smtp.as_ref().map(|smtp| SmtpJson {
                server: smtp.server.clone(),
                use_windows_authentication: smtp.use_windows_authentication,
                enable_ssl: smtp.enable_ssl,
                timeout: smtp.timeout,
            }),
            problem: connection.problem.clone(),
            expressions: expressions(&connection.expressions),
            effective: by_property(&connection.effective),
            used_by: connection
                .used_by
                .iter()
                .map(|user| ObjectJson {
                    path: user.file.to_string(),
                    object: user.object.clone(),
                })
                .collect(),
            span: SpanJson::from(connection.place),
        }
    }
}

impl From<&TaskFacts> for TaskJson {
    fn from(task: &TaskFacts) -> TaskJson {
        let found = task.connection.found.as_ref();
        TaskJson {
            path: task.path.clone(),
            name: task.name.clone(),
            id: task.id.clone(),
            disabled: task.is_disabled,
            disabled_by: task.disabled_by.clone(),
            event_handler: task
                .event_handler
                .as_ref()
                .map(|handler: &HandlerFacts| HandlerJson {
                    event: handler.event.clone(),
                    of: handler.of.clone(),
                }),
            connection: ReferenceJson {
                reference: task.connection.reference.clone(),
                name: found.map(|found| found.name.clone()),
                found_in: found.map(|found| found.file.to_string()),
            },
            from: task.from.text.clone(),
            to: task.to.text.clone(),
            cc: task.cc.text.clone(),
            bcc: task.bcc.text.clone(),
            subject: task.subject.text.clone(),
            priority: task.priority.clone(),
            message_source_type: match task.message_source_type {
                Some(known) => known.name().to_owned(),
                None => task.message_source_type_text.clone(),
            },
            message_source: task.message_source.text.clone(),
            attachments: task.attachments.clone(),
            masked: masked_keys(
                [
                    &task.from,
                    &task.to,
                    &task.cc,
                    &task.bcc,
                    &task.subject,
                    &task.message_source,
                ]
                .into_iter(),
                &task.expressions,
            ),
            expressions: expressions(&task.expressions),
            effective: by_property(&task.effective),
            span: SpanJson::from(task.place),
        }
    }
}

fn expressions(facts: &[ExpressionFacts]) -> BTreeMap<String, String> {
    facts
        .iter()
        .map(|expression| (expression.property.clone(), expression.text.text.clone()))
        .collect()
}

fn masked_keys<'f>(
    texts: impl Iterator<Item = &'f Masked>,
    expressions: &'f [ExpressionFacts],
) -> Vec<String> {
    let mut keys: Vec<String> = texts
        .chain(expressions.iter().map(|expression| &expression.text))
        .flat_map(|masked| masked.keys.iter().cloned())
        .collect();
    keys.sort();
    keys.dedup();
    keys
}

/// Gives each unit to the function that it is given.
type Walk<'w> = dyn FnMut(&mut dyn FnMut(UnitFacts) -> io::Result<()>) -> io::Result<()> + 'w;

/// Writes the report while the files are looked at, so that no more than a unit is in memory.
///
/// # Errors
///
/// When the output cannot be written.
pub fn write(
    out: &mut dyn io::Write,
    counted: impl Fn(BuildCopy) -> bool,
    walk: &mut Walk<'_>,
) -> io::Result<()> {
    use io::Write as _;
    let report = Streamed {
        walk: RefCell::new(Some(walk)),
        summary: Cell::new(Summary::default()),
        errors: RefCell::new(Vec::new()),
        counted: &counted,
    };
    let mut out = Remembering { out, failure: None };
    match serde_json::to_writer_pretty(&mut out, &report) {
        Ok(()) => writeln!(out),
        // On its way through the serializer an error loses what it was: a closed pipe is no failure.
        Err(error) => Err(out.failure.unwrap_or_else(|| error.into())),
    }
}

/// Remembers why writing failed.
struct Remembering<'o> {
    out: &'o mut dyn io::Write,
    failure: Option<io::Error>,
}

impl io::Write for Remembering<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes).map_err(|error| {
            let kind = error.kind();
            self.failure = Some(error);
            kind.into()
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The same shape as [`Inspect`], its files being made while they are written.
struct Streamed<'s, 'w> {
    walk: RefCell<Option<&'s mut Walk<'w>>>,
    summary: Cell<Summary>,
    errors: RefCell<Vec<ErrorJson>>,
    counted: &'s dyn Fn(BuildCopy) -> bool,
}

impl Serialize for Streamed<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut report = serializer.serialize_struct("Inspect", 4)?;
        report.serialize_field("schema", SCHEMA)?;
        report.serialize_field("files", &StreamedFiles(self))?;
        report.serialize_field("errors", &*self.errors.borrow())?;
        report.serialize_field("summary", &self.summary.get())?;
        report.end()
    }
}

struct StreamedFiles<'r, 's, 'w>(&'r Streamed<'s, 'w>);

impl Serialize for StreamedFiles<'_, '_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let report = self.0;
        let mut files = serializer.serialize_seq(None)?;
        if let Some(walk) = report.walk.borrow_mut().take() {
            walk(&mut |unit| {
                for file in &unit.files {
                    files
                        .serialize_element(&FileJson::from(file))
                        .map_err(|error| io::Error::other(error.to_string()))?;
                }
                let mut summary = report.summary.get();
                summary.count(&unit, (report.counted)(unit.build_copy));
                report.summary.set(summary);
                let errors = unit.errors.iter().map(ErrorJson::from);
                report.errors.borrow_mut().extend(errors);
                Ok(())
            })
            .map_err(S::Error::custom)?;
        }
        files.end()
    }
}
