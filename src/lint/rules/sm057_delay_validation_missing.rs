//! SM057: a manager whose server is set at run time is validated before.

use crate::effective::Certainty;
use crate::lint::rule::rule;
use crate::lint::{Applicability, Draft, Findings, InFile, SmtpManager};
use crate::project::Changes;

rule! {
    /// A connection manager that is set while the package runs is validated before
    ///
    /// ## What it does
    /// Reports SMTP connection managers whose server comes from an expression over what only a run knows (a variable
    /// that a task sets, a system variable) and whose `DelayValidation` is not true.
    ///
    /// ## Why it matters
    /// SSIS validates the connection managers before the first task has run, with what the variable holds then: often
    /// nothing, so that the package does not even start.
    ///
    /// ## Example
    /// An expression `@[User::SmtpServer]` on `SmtpServer`, with the variable filled by an Execute SQL task.
    ///
    /// ## Instead
    /// `DelayValidation="True"` on the connection manager, or a default value in the variable that is a real server.
    ///
    /// ## Fix
    /// Unsafe: sets `DelayValidation` to true, so that faults of the manager show only when it is used.
    ///
    /// ## References
    /// - SMTP connection manager: <https://learn.microsoft.com/en-us/sql/integration-services/connection-manager/smtp-connection-manager>
    SM057 "delay-validation-missing" {
        category: Failure,
        severity: Info,
        tier: Second,
        since: "0.1.0",
        fix: Unsafe,
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for manager in at.smtp_managers() {
        let object = manager.manager.object();
        if !is_set_at_run_time(manager) || object.boolean("DelayValidation") == Some(true) {
            continue;
        }
        let message = "the server is known only while the package runs, and the manager is validated before: \
                       `DelayValidation` is not true";
        let changes = object
            .set("DelayValidation", "True")
            .ok()
            .and_then(|edits| {
                let mut changes = Changes::new();
                changes.add(at.file().id, edits).ok()?;
                Some(changes)
            });
        let draft = Draft::value(manager.target(), &manager.server, message);
        found.report(draft.fix(
            Applicability::Unsafe,
            "set `DelayValidation` to `True`",
            changes,
        ));
    }
}

fn is_set_at_run_time(manager: &SmtpManager<'_>) -> bool {
    let effective = &manager.server.effective;
    let object = manager.manager.object();
    let has_expression = ["SmtpServer", "ConnectionString"]
        .iter()
        .any(|property| object.property_expression(property).is_some());
    let is_late = !effective.set_at_run_time_by.is_empty()
        || (effective.certainty == Certainty::Unknown && !effective.depends_on.is_empty());
    has_expression && is_late
}
