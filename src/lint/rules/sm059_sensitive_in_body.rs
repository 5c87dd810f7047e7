//! SM059: a mail that tells secrets.

use crate::connection_string::{is_secret_key, secrets_within};
use crate::expression::{Expression, NodeKind};
use crate::lint::rule::rule;
use crate::lint::{Confidence, Draft, Findings, InFile, MailTask, Severity};
use crate::package::MailProperty;
use crate::source::Decoded;

rule! {
    /// A mail tells what is secret
    ///
    /// ## What it does
    /// Reports subjects and texts that read variables or parameters named like a secret or like a connection string,
    /// and texts in which a secret is written (`Password=…`). `System::ErrorDescription` is reported as info: errors
    /// quote statements, rows and connection strings.
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
                    in_expression(task, property, expression.stored().text(), found)
                }
                None => in_text(at, task, property, found),
            }
        }
    }
}

fn in_expression<'a>(
    task: &MailTask<'a>,
    property: MailProperty,
    text: Decoded<'a>,
    found: &mut Findings<'_, '_>,
) {
    let Ok(expression) = Expression::parse(&text.text) else {
        return;
    };
    for node in expression.nodes() {
        let NodeKind::Name(name) = node.kind() else {
            continue;
        };
        let (what, severity) = if name.name.eq_ignore_ascii_case("ErrorDescription") {
            (
                "can quote statements, rows and connection strings",
                Severity::Info,
            )
        } else if is_secret_key(name.name) {
            ("is named like a secret", Severity::Warning)
        } else if name.name.to_lowercase().contains("connectionstring") {
            ("is named like a connection string", Severity::Warning)
        } else {
            continue;
        };
        let message = format!("the mail tells `{name}`, which {what}");
        let place = text.raw_span(node.span().range());
        let draft = Draft::at(task.target(), property.name(), place, message);
        found.report(draft.severity(severity).confidence(Confidence::Low));
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
        let message = format!("the mail tells a secret: `{}=…`", secret.key);
        let draft = Draft::value(task.target(), judged, message);
        found.report(draft.span(judged.span_of(secret.value)));
    }
}
