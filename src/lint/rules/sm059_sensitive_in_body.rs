//! SM059: a mail that tells secrets.

use crate::connection_string::{is_secret_key, secrets_within};
use crate::effective::NamedValue;
use crate::expression::{Expression, NodeKind};
use crate::lint::rule::rule;
use crate::lint::{Confidence, Draft, Findings, InFile, MailTask, Severity};
use crate::package::MailProperty;
use crate::source::Decoded;

use super::sm010_body_variable_missing::variable_of_text;

rule! {
    /// A mail tells what is secret
    ///
    /// ## What it does
    /// Reports subjects and texts that read variables or parameters named like a secret or like a connection string,
    /// and texts in which a secret is written (`Password=…`), typed in or held by the variable that the text comes from.
    /// `System::ErrorDescription` is reported as info: errors quote statements, rows and connection strings.
    ///
    /// ## Why it matters
    /// Mail is stored, forwarded and searched, mostly in clear.
    ///
    /// ## Example
    /// ```text
    /// = MessageSource: "Could not connect: " + @[User::ConnectionString]
    /// ```
    ///
    /// ## Instead
    /// Tell what failed and where to look, not with what it was tried.
    ///
    /// ## References
    /// - CWE-532: <https://cwe.mitre.org/data/definitions/532.html>
    /// - Send Mail task: <https://learn.microsoft.com/en-us/sql/integration-services/control-flow/send-mail-task>
    SM059 "sensitive-in-body" {
        category: Security,
        severity: Warning,
        tier: Second,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for task in at.mail_tasks() {
        for property in [MailProperty::Subject, MailProperty::MessageSource] {
            match task.target().object().property_expression(property.name()) {
                Some(expression) => {
                    in_expression(at, task, property, expression.stored().text(), found);
                }
                None => in_text(at, task, property, found),
            }
        }
        in_variable(at, task, found);
    }
}

fn in_expression<'a>(
    at: &InFile<'a>,
    task: &MailTask<'a>,
    property: MailProperty,
    text: Decoded<'a>,
    found: &mut Findings<'_, '_>,
) {
    let Ok(expression) = Expression::parse(&text.text) else {
        return;
    };
    // What the variables that it reads are computed from.
    let judged = at.mail(task, property);
    for behind in &judged.effective.depends_on {
        let name = bare(behind);
        let is_named = expression.names().any(|it| it.name == name);
        if !is_named && let Some((what, severity)) = kind_of(name) {
            let message = format!("the mail tells `{behind}`, which {what}");
            let draft = Draft::value(task.target(), judged, message);
            found.report(draft.severity(severity).confidence(Confidence::Low));
        }
    }
    for node in expression.nodes() {
        let NodeKind::Name(name) = node.kind() else {
            continue;
        };
        let Some((what, severity)) = kind_of(name.name) else {
            continue;
        };
        let message = format!("the mail tells `{name}`, which {what}");
        let place = text.raw_span(node.span().range());
        let draft = Draft::at(task.target(), property.name(), place, message);
        found.report(draft.severity(severity).confidence(Confidence::Low));
    }
}

/// A name without its namespace.
fn bare(name: &str) -> &str {
    name.rsplit("::").next().unwrap_or(name)
}

/// What a variable or a parameter of this name tells.
fn kind_of(name: &str) -> Option<(&'static str, Severity)> {
    if name.eq_ignore_ascii_case("ErrorDescription") {
        let what = "can quote statements, rows and connection strings";
        Some((what, Severity::Info))
    } else if is_secret_key(name) {
        Some(("is named like a secret", Severity::Warning))
    } else if name.to_lowercase().contains("connectionstring") {
        Some(("is named like a connection string", Severity::Warning))
    } else {
        None
    }
}

/// A text that a variable holds: what it is called, what it holds, and what its expression reads.
fn in_variable<'a>(at: &InFile<'a>, task: &MailTask<'a>, found: &mut Findings<'_, '_>) {
    let Some((source, name)) = variable_of_text(at, task) else {
        return;
    };
    let mut names = vec![name.clone()];
    if let NamedValue::Found { effective, .. } = at.values.by_name(task.target(), &name) {
        for secret in secrets_within(effective.value.as_deref().unwrap_or_default()) {
            let message = format!("the mail tells the value of `{}`: a secret", secret.key);
            found.report(Draft::value(task.target(), source, message));
        }
        names.extend(effective.depends_on);
    }
    names.dedup();
    for name in names {
        if let Some((what, severity)) = kind_of(bare(&name)) {
            let message = format!("the mail tells `{name}`, which {what}");
            let draft = Draft::value(task.target(), source, message);
            found.report(draft.severity(severity).confidence(Confidence::Low));
        }
    }
}

fn in_text<'a>(
    at: &InFile<'a>,
    task: &MailTask<'a>,
    property: MailProperty,
    found: &mut Findings<'_, '_>,
) {
    let judged = at.mail(task, property);
    let Some(text) = judged.text() else {
        return;
    };
    for secret in secrets_within(text) {
        let message = format!("the mail tells the value of `{}`: a secret", secret.key);
        let draft = Draft::value(task.target(), judged, message);
        found.report(draft.span(judged.span_of(secret.value)));
    }
}
