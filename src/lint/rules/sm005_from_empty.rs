//! SM005: a mail without a sender.

use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile};
use crate::package::MailProperty;

rule! {
    /// A Send Mail task has no sender
    ///
    /// ## What it does
    /// Reports Send Mail tasks whose From line is empty at run time.
    ///
    /// ## Why it matters
    /// Validation warns with 0x800291C8, and the send fails: a message must have a sender. The SMTP connection manager has no sender of its own that could stand in.
    ///
    /// ## Example
    /// ```text
    /// FromLine:
    /// ```
    ///
    /// ## Instead
    /// ```text
    /// FromLine: etl@example.com
    /// ```
    ///
    /// ## References
    /// - Send Mail task: <https://learn.microsoft.com/en-us/sql/integration-services/control-flow/send-mail-task>
    /// - Errors: <https://learn.microsoft.com/en-us/sql/integration-services/integration-services-error-and-message-reference>
    SM005 "from-empty" {
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
        if from.is_empty() {
            let message = "the mail has no sender: From is empty; validation warns (0x800291C8), and the send fails";
            found.report(Draft::value(task.target(), from, message));
        }
    }
}
