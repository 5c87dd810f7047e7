//! What sends mail and is no Send Mail task: scripts, SQL, processes, and tasks of others.
//!
//! What is only commented out sends nothing. Secrets in scripts are told by their places and never by their texts.

mod code;
mod execute_process;
mod execute_sql;
mod facts;
mod item;
mod lex;
mod process;
mod script;
mod sql;
mod third_party;

use crate::connection_string::masked_within;
use crate::effective::PackageValues;
use crate::package::{
    ConfigurationEntry, ConnectionManager, DTS, Executable, ExecutableKind, FileKind, Package,
    ProjectFile, Stored, Target, project_parameters,
};
use crate::project::{File, InContext};
use crate::source::Span;

use super::needles::may_mention_mail;

pub use facts::{
    MailMeans, NamedHost, OtherSender, SenderAuthentication, SenderEncryption, SenderKind,
    SenderSpot,
};

/// A file that is looked at.
pub(super) struct Looking<'v, 'a> {
    at: InContext<'a>,
    package: Option<Package<'a>>,
    values: &'v PackageValues<'a>,
}

impl<'v, 'a> Looking<'v, 'a> {
    pub(super) fn new(at: InContext<'a>, values: &'v PackageValues<'a>) -> Looking<'v, 'a> {
        Looking {
            at,
            package: at.package(),
            values,
        }
    }

    /// What a task sends that is no Send Mail task.
    pub(super) fn task(&self, task: Executable<'a>) -> Vec<OtherSender> {
        match task.kind() {
            ExecutableKind::Script => script::of_task(self, task),
            ExecutableKind::ExecuteSql => execute_sql::of_task(self, task),
            ExecutableKind::ExecuteProcess => {
                execute_process::of_task(self, task).into_iter().collect()
            }
            ExecutableKind::DataFlow => self.data_flow(task),
            ExecutableKind::Other => third_party::of_task(self, task).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    /// A connection manager for mail that is not Microsoft's.
    pub(super) fn connection(&self, manager: ConnectionManager<'a>) -> Option<OtherSender> {
        third_party::of_connection(self, manager)
    }

    fn data_flow(&self, task: Executable<'a>) -> Vec<OtherSender> {
        let Some(data) = task.object().node().child(DTS, "ObjectData") else {
            return Vec::new();
        };
        // Most data flows have nothing of it, and their components need not be walked.
        if !may_mention_mail(self.text(data.content()).as_bytes()) {
            return Vec::new();
        }
        let pipelines = data.children().filter(|child| child.name() == "pipeline");
        let components = pipelines
            .flat_map(|pipeline| pipeline.children())
            .filter(|child| child.name() == "components")
            .flat_map(|components| components.children());
        components
            .flat_map(|component| {
                let mut senders = script::of_component(self, task, component);
                senders.extend(third_party::of_component(self, task, component));
                senders
            })
            .collect()
    }

    fn text(&self, span: Span) -> &'a str {
        self.at.file.document.text(span)
    }

    fn spot(&self, span: Span) -> SenderSpot {
        SenderSpot {
            span,
            place: self.at.file.document.place(span),
        }
    }

    /// A task as a sender of which no more is known.
    fn sender(
        &self,
        task: Executable<'a>,
        means: MailMeans,
        evidence: &str,
        spot: SenderSpot,
    ) -> OtherSender {
        let path = self.values.path_of(Target::Executable(task));
        OtherSender {
            kind: SenderKind::ScriptTask,
            means,
            path: clear(&path),
            component: None,
            is_disabled: task.is_disabled() || task.disabled_by().is_some(),
            evidence: clear(evidence),
            source_file: None,
            hosts: Vec::new(),
            authentication: SenderAuthentication::None,
            encryption: SenderEncryption::Unstated,
            literal_credentials: Vec::new(),
            spot,
        }
    }
}

/// Whether a file of a project, or a configuration, holds a statement or a command that sends mail, for a package to
/// take it from there.
pub(super) fn gives_mail(file: &File) -> bool {
    let document = &file.document;
    if file.is_encrypted || !may_mention_mail(document.source().text().as_bytes()) {
        return false;
    }
    let sends = |value: Option<Stored<'_>>| {
        let text = value.map(|value| value.text().into_text());
        text.is_some_and(|text| {
            !sql::mail_in_sql(&text).is_empty() || process::mail_command(&text).is_some()
        })
    };
    match file.kind {
        FileKind::Parameters => project_parameters(document.root()).any(|it| sends(it.value())),
        FileKind::Project => {
            let project = ProjectFile::new(document);
            let mut settings = project.configuration_settings();
            let has_one = settings.any(|it| sends(it.value()));
            has_one || project.parameter_copies().any(|it| sends(it.value()))
        }
        FileKind::Configuration => {
            ConfigurationEntry::all(document.root()).any(|it| sends(it.value()))
        }
        _ => false,
    }
}

/// A text without the secrets that stand in it as `key=value`.
fn clear(text: &str) -> String {
    masked_within(text).0.into_owned()
}
