//! SM038: several managers that say the same.

use std::borrow::Cow;

use crate::connection_string::{SmtpConnection, SmtpConnectionString};
use crate::effective::{Effective, Origin};
use crate::inventory::{ConnectionFacts, FileFacts};
use crate::lint::judged::name_span;
use crate::lint::rule::rule;
use crate::lint::{
    Applicability, Confidence, Draft, Findings, InFile, InUnit, Related, UnitDraft, UnitFindings,
};
use crate::package::{ConnectionManager, FileKind, MailProperty, Target};
use crate::project::{Changes, File, remove_manager};

rule! {
    /// Two SMTP connection managers are the same
    ///
    /// ## What it does
    /// Compares the SMTP connection managers that a package can use, its own and those of its project, and reports one
    /// whose server, flags and time limit are those of another. Managers under expressions or configurations are left
    /// out: they may differ when they run. With less confidence it reports those that have copies in a project file:
    /// the SSIS catalog may give each of them other values.
    ///
    /// ## Why it matters
    /// Each is one more to change when the relay changes, and one more to be forgotten.
    ///
    /// ## Example
    /// `Mail` and `SMTP Connection Manager 1` in one package, both with `SmtpServer=relay.example.com`.
    ///
    /// ## Instead
    /// Let all tasks refer to one, best to one of the project, and remove the others.
    ///
    /// ## Fix
    /// Unsafe: the Send Mail tasks that refer to a connection manager of the package refer to the other one, and it goes
    /// with its copies in the project file. There is no fix where something else than Send Mail tasks refers to it, or
    /// a script names it, and none for two connection managers of the project.
    ///
    /// ## References
    /// - Connection managers: <https://learn.microsoft.com/en-us/sql/integration-services/connection-manager/integration-services-ssis-connections>
    SM038 "managers-duplicate" {
        category: Hygiene,
        severity: Info,
        tier: Second,
        since: "0.1.0",
        fix: Unsafe,
        check: FileAndUnit(check_file, check_unit),
    }
}

/// A package's own managers, with one another and with those of the project.
fn check_file(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    if at.file().kind != FileKind::Package || at.smtp_managers().is_empty() {
        return;
    }
    let of_project = at.at.context.connection_managers();
    let of_project = of_project.filter_map(|(file, manager)| Candidate::new(at, file, manager));
    let mut before: Vec<Candidate<'_>> = of_project.collect();
    for manager in at.smtp_managers() {
        let Some(this) = Candidate::new(at, at.file(), manager.manager) else {
            continue;
        };
        let Some(other) = before.iter().find(|other| is_same(&this.smtp, &other.smtp)) else {
            before.push(this);
            continue;
        };
        let target = Target::ConnectionManager(other.manager);
        let name = other.manager.object().name();
        let related = Related {
            file: Some(other.file.label.clone()),
            place: Some(other.file.document.place(name_span(target))),
            message: "the other one".to_owned(),
        };
        let title = format!("refer to `{name}` and remove `{}`", this.name());
        let changes = merged(at, &this, other);
        let draft = Draft::object(manager.target(), message(&name)).related(related);
        let draft = draft.confidence(this.confidence.min(other.confidence));
        found.report(draft.fix(Applicability::Unsafe, title, changes));
    }
}

/// The managers of the project.
fn check_unit(at: &InUnit<'_>, found: &mut UnitFindings<'_>) {
    let mut before: Vec<(&FileFacts, &ConnectionFacts, &SmtpConnection, Confidence)> = Vec::new();
    let of_project = at.files.iter();
    let of_project = of_project.filter(|file| file.kind == FileKind::ConnectionManager);
    for file in of_project {
        for manager in &file.connections {
            let confidence = stored(manager.effective.iter().map(|it| &it.effective));
            let (Some(smtp), Some(confidence)) = (&manager.smtp, confidence) else {
                continue;
            };
            let Some((other_file, other, _, others)) = before.iter().find(|it| is_same(smtp, it.2))
            else {
                before.push((file, manager, smtp, confidence));
                continue;
            };
            let related = at.related(&other_file.label, &other.path, "", "the other one");
            let draft = UnitDraft::new(&file.label, &manager.path, "", message(&other.name));
            let draft = draft.confidence(confidence.min(*others));
            found.report(draft.id(manager.id.clone()).related(related));
        }
    }
}

/// Whether a manager is what it stores when it runs, as far as files tell: how sure that is, where something outside
/// may give it other values. `None` for one that is not.
fn stored<'e>(mut entries: impl Iterator<Item = &'e Effective>) -> Option<Confidence> {
    entries.try_fold(Confidence::High, |confidence, it| {
        let is_own = matches!(it.origin, Origin::Design | Origin::Default);
        let is_free = it.overridable_by.is_empty();
        let this = match is_free {
            true => Confidence::High,
            false => Confidence::Low,
        };
        is_own.then(|| confidence.min(this))
    })
}

fn message(other: &str) -> String {
    format!("it is the same as `{other}`: let the tasks refer to one of them")
}

/// An SMTP connection manager that is what it stores.
struct Candidate<'a> {
    file: &'a File,
    manager: ConnectionManager<'a>,
    smtp: SmtpConnection,
    confidence: Confidence,
}

impl<'a> Candidate<'a> {
    fn new(
        at: &InFile<'a>,
        file: &'a File,
        manager: ConnectionManager<'a>,
    ) -> Option<Candidate<'a>> {
        // A part's manager has a copy in every package that uses it.
        if !manager.is_smtp() || manager.object().name().starts_with("(PackagePart)") {
            return None;
        }
        let target = Target::ConnectionManager(manager);
        let entries = at.values.entries(file, target);
        let confidence = stored(entries.iter().map(|(_, effective)| effective))?;
        let text = manager.connection_string()?.text();
        let smtp = SmtpConnectionString::parse(&text.text).ok()?;
        Some(Candidate {
            file,
            manager,
            smtp: smtp.into_connection(),
            confidence,
        })
    }

    fn name(&self) -> Cow<'a, str> {
        self.manager.object().name()
    }
}

/// The tasks that refer to a manager of this package refer to the other one, and it goes; `None` where something else
/// than Send Mail tasks refers to it.
fn merged(at: &InFile<'_>, this: &Candidate<'_>, other: &Candidate<'_>) -> Option<Changes> {
    let id = other.manager.object().property("DTSID")?;
    let name = this.name();
    let is_named = |named: &String| named.eq_ignore_ascii_case(&name);
    if at.named_in_code().iter().any(is_named) {
        return None;
    }
    let mut changes = remove_manager(at.at, this.manager).ok()?;
    // Until now it may be one that nothing uses, and that another fix removes.
    changes.rely_on(other.file, id.span()).ok()?;
    let id = id.text().into_text();
    if id.is_empty() {
        return None;
    }
    let mut users = at.facts_of(this.manager)?.used_by.len();
    for task in at.mail_tasks() {
        let connection = at.mail(task, MailProperty::SmtpConnection);
        if task.manager(at) != Some(this.manager) {
            continue;
        }
        if !connection.is_stored() {
            return None;
        }
        let edits = task.task.set(MailProperty::SmtpConnection, &id).ok()?;
        changes.add(at.file().id, edits).ok()?;
        users = users.saturating_sub(1);
    }
    (users == 0).then_some(changes)
}

fn is_same(a: &SmtpConnection, b: &SmtpConnection) -> bool {
    !a.server.trim().is_empty()
        && a.server.trim().eq_ignore_ascii_case(b.server.trim())
        && (a.use_windows_authentication, a.enable_ssl, a.timeout)
            == (b.use_windows_authentication, b.enable_ssl, b.timeout)
        && a.unknown == b.unknown
}
