//! SM010: a text that comes from a variable that is not there.

use crate::effective::NamedValue;
use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile, Judged, MailTask};
use crate::package::{FileKind, MailProperty, MessageSourceType};

rule! {
    /// The text comes from a variable that does not exist
    ///
    /// ## What it does
    /// Looks up the variable that a Send Mail task takes its text from, as the task does: by its name with case, in the
    /// scopes around the task. Of a parameter of a project that is not beside the package it says nothing.
    ///
    /// ## Why it matters
    /// The task fails when it runs: the variable cannot be locked (0xC0014054).
    ///
    /// ## Example
    /// ```text
    /// MessageSourceType: Variable
    /// MessageSource: User::Body          (the package has User::MailBody)
    /// ```
    ///
    /// ## Instead
    /// Choose the variable in the task's editor again.
    ///
    /// ## References
    /// - Send Mail task: <https://learn.microsoft.com/en-us/sql/integration-services/control-flow/send-mail-task>
    /// - Errors: <https://learn.microsoft.com/en-us/sql/integration-services/integration-services-error-and-message-reference>
    SM010 "body-variable-missing" {
        category: Failure,
        severity: Error,
        tier: First,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for task in at.mail_tasks() {
        let Some((source, name)) = variable_of_text(at, task) else {
            continue;
        };
        // A parameter of a project that is not here cannot be seen.
        let is_of_project = name.starts_with("$Project::");
        let message = match at.values.by_name(task.target(), &name) {
            NamedValue::Found { .. } => continue,
            NamedValue::Missing if is_of_project && !has_parameters(at) => continue,
            NamedValue::Missing => format!(
                "the text comes from the variable `{name}`, which does not exist here: the task fails when it runs"
            ),
            NamedValue::Ambiguous => format!(
                "the text comes from `{name}`, and variables of several namespaces have this name: write its namespace"
            ),
        };
        found.report(Draft::value(task.target(), source, message));
    }
}

fn has_parameters(at: &InFile<'_>) -> bool {
    at.at.context.of_kind(FileKind::Parameters).next().is_some()
}

/// The name of the variable that the text comes from, and where it is written.
pub(super) fn variable_of_text<'t, 'a>(
    at: &InFile<'a>,
    task: &'t MailTask<'a>,
) -> Option<(&'t Judged<'a>, String)> {
    let kind = at.mail(task, MailProperty::MessageSourceType).text()?;
    if MessageSourceType::parse(kind) != Some(MessageSourceType::Variable) {
        return None;
    }
    let source = at.mail(task, MailProperty::MessageSource);
    let name = source.text()?.trim().to_owned();
    Some((source, name))
}
