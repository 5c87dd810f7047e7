//! SM002: a Send Mail task refers to a connection manager that is nowhere.

use crate::lint::rule::rule;
use crate::lint::{Applicability, Confidence, Draft, Findings, InFile, MailTask, Severity};
use crate::package::{FileKind, MailProperty};
use crate::project::Changes;

rule! {
    /// A Send Mail task refers to a connection manager that does not exist
    ///
    /// ## What it does
    /// Looks up the `SMTPServer` of each Send Mail task by id, then by name: among the connection managers of the
    /// package, then in the `.conmgr` files of its project.
    ///
    /// Where no project is beside a package that may belong to one, it cannot know, and says so as info.
    ///
    /// ## Why it matters
    /// The task fails when it runs, with 0xC00291D3 or "The connection … is not found": often in an event handler that
    /// was to tell of another failure.
    ///
    /// ## Example
    /// ```xml
    /// <SendMailTask:SendMailTaskData SendMailTask:SMTPServer="{6B1C32FB-0000-0000-0000-000000000000}" … />
    /// ```
    /// in a package without a connection manager of this id.
    ///
    /// ## Instead
    /// Choose a connection manager in the task's editor, or put the `.conmgr` back.
    ///
    /// ## Fix
    /// Unsafe: where the package and its project have exactly one SMTP connection manager, the task is made to refer to
    /// it. It may not be the one that was meant.
    ///
    /// ## References
    /// - Send Mail task: <https://learn.microsoft.com/en-us/sql/integration-services/control-flow/send-mail-task>
    /// - Errors: <https://learn.microsoft.com/en-us/sql/integration-services/integration-services-error-and-message-reference>
    SM002 "connection-dangling" {
        category: Failure,
        severity: Error,
        tier: First,
        since: "0.1.0",
        fix: Unsafe,
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for task in at.mail_tasks() {
        let connection = at.mail(task, MailProperty::SmtpConnection);
        let Some(reference) = connection.text().map(str::trim).filter(|it| !it.is_empty()) else {
            continue;
        };
        if at.at.manager_of_reference(reference).is_some() {
            continue;
        }
        if let Some(why) = unknown_part(at) {
            let message = format!(
                "the connection manager `{reference}` is not in this package, and {why}: whether it exists cannot be \
                 told"
            );
            let draft = Draft::value(task.target(), connection, message);
            found.report(draft.severity(Severity::Info).confidence(Confidence::Low));
            continue;
        }
        let message = format!(
            "the connection manager `{reference}` is neither in this package nor in its project: the task fails when \
             it runs (0xC00291D3)"
        );
        let fix = connection
            .is_stored()
            .then(|| only_candidate(at, task))
            .flatten();
        let (name, changes) = fix.unzip();
        let title = format!("refer to `{}`", name.unwrap_or_default());
        let draft = Draft::value(task.target(), connection, message);
        found.report(draft.fix(Applicability::Unsafe, title, changes));
    }
}

/// Why a manager that is not in the package may be somewhere else.
fn unknown_part(at: &InFile<'_>) -> Option<&'static str> {
    let context = at.at.context;
    let has_project = context.of_kind(FileKind::Project).next().is_some();
    let may_have_one = at
        .package()
        .and_then(|package| package.format_version())
        .is_none_or(|it| it >= 6);
    if !has_project && may_have_one {
        return Some("there is no project beside it");
    }
    let is_hidden = context
        .files
        .iter()
        .any(|file| file.kind == FileKind::ConnectionManager && file.is_encrypted);
    is_hidden.then_some("its project has an encrypted connection manager")
}

/// The one SMTP connection manager that the task could refer to.
fn only_candidate(at: &InFile<'_>, task: &MailTask<'_>) -> Option<(String, Changes)> {
    let own = at.smtp_managers().iter().map(|it| (at.file(), it.manager));
    let project = at.at.context.connection_managers();
    let project = project.filter(|(_, manager)| manager.is_smtp());
    let mut all = own.chain(project);
    let (Some((file, only)), None) = (all.next(), all.next()) else {
        return None;
    };
    let stored = only.object().property("DTSID")?;
    let id = stored.text().into_text();
    if id.is_empty() {
        return None;
    }
    let edits = task.task.set(MailProperty::SmtpConnection, &id).ok()?;
    let mut changes = Changes::new();
    changes.add(at.file().id, edits).ok()?;
    // Until now it may be one that nothing uses, and that another fix removes.
    changes.rely_on(file, stored.span()).ok()?;
    Some((only.object().name().into_owned(), changes))
}
