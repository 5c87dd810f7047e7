//! SM046: a mail without a subject.

use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile};
use crate::package::MailProperty;

rule! {
    /// A mail has no subject
    ///
    /// ## What it does
    /// Reports Send Mail tasks whose subject is empty at run time.
    ///
    /// ## Why it matters
    /// The task warns with 0x800291C6 and sends. Filters like to take a mail without a subject for junk.
    ///
    /// ## Example
    /// ```text
    /// Subject:
    /// ```
    ///
    /// ## Instead
    /// ```text
    /// Subject: Nightly load failed
    /// ```
    ///
    /// ## References
    /// - Send Mail task: <https://learn.microsoft.com/en-us/sql/integration-services/control-flow/send-mail-task>
    /// - Errors: <https://learn.microsoft.com/en-us/sql/integration-services/integration-services-error-and-message-reference>
    SM046 "subject-empty" {
        category: Delivery,
        severity: Warning,
        tier: Second,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for task in at.mail_tasks() {
        let subject = at.mail(task, MailProperty::Subject);
        if subject.is_empty() {
            let message = "the mail has no subject: the task warns (0x800291C6), and filters take such mail for junk";
            found.report(Draft::value(task.target(), subject, message));
        }
    }
}
