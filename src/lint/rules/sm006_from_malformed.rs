//! SM006: a sender that is no address.

use crate::lint::rule::rule;
use crate::lint::{Draft, Fault, Findings, InFile, Severity};
use crate::package::MailProperty;

rule! {
    /// The sender is no mail address
    ///
    /// ## What it does
    /// Checks the From line of Send Mail tasks against the form of a single mail address (RFC 5321, section 4.1.2), as
    /// it will be at run time. Several addresses are an error too; a domain without a dot is a warning.
    ///
    /// ## Why it matters
    /// Validation warns with 0x800291C8 and the send fails, or the server refuses the mail: a sender without a full domain
    /// cannot pass SPF.
    ///
    /// ## Example
    /// ```text
    /// FromLine: SQL Server Agent
    /// ```
    ///
    /// ## Instead
    /// ```text
    /// FromLine: SQL Server Agent <agent@example.com>
    /// ```
    ///
    /// ## References
    /// - Send Mail task: <https://learn.microsoft.com/en-us/sql/integration-services/control-flow/send-mail-task>
    /// - RFC 5321: <https://www.rfc-editor.org/rfc/rfc5321#section-4.1.2>
    SM006 "from-malformed" {
        category: Failure,
        severity: Error,
        tier: First,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for task in at.mail_tasks() {
        let from = at.mail(task, MailProperty::FromLine);
        let all = from.addresses();
        let Some(first) = all.first() else {
            continue;
        };
        let (message, range, severity) = if all.len() > 1 {
            let message = format!("a mail has one sender, and From names {}", all.len());
            (
                message,
                0..from.text().unwrap_or_default().len(),
                Severity::Error,
            )
        } else if let Some(fault) = first.fault() {
            let why = match fault {
                Fault::Comma => "names several addresses, and a mail has one sender",
                fault => fault.text(),
            };
            let message = format!("the sender `{}` is no mail address: it {why}", first.piece);
            (message, first.range.clone(), Severity::Error)
        } else if first.domain().is_some_and(has_no_dot) {
            let message = format!(
                "the domain of the sender `{}` has no dot: servers outside of this network refuse it",
                first.address
            );
            (message, first.range.clone(), Severity::Warning)
        } else {
            continue;
        };
        let draft = Draft::value(task.target(), from, message).span(from.span_of(range));
        found.report(draft.severity(severity));
    }
}

fn has_no_dot(domain: &str) -> bool {
    !domain.contains('.') && !domain.starts_with('[')
}
