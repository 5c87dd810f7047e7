//! SM001: a Send Mail task names no connection manager.

use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile};
use crate::package::MailProperty;

rule! {
    /// A Send Mail task names no connection manager
    ///
    /// ## What it does
    /// Reports Send Mail tasks whose `SMTPServer` is absent or empty, and that no expression gives one.
    ///
    /// ## Why it matters
    /// The task fails with 0xC00291C4: the SMTP server "is not specified". Nobody is told of it by mail.
    ///
    /// ## Example
    /// ```xml
    /// <SendMailTask:SendMailTaskData SendMailTask:SMTPServer="" SendMailTask:To="dba@example.com" />
    /// ```
    ///
    /// ## Instead
    /// Choose an SMTP connection manager in the task's editor:
    /// `dtsx set FILE 'PATH.Properties[SmtpConnection]' NAME` does it without the designer.
    ///
    /// ## References
    /// - Send Mail task: <https://learn.microsoft.com/en-us/sql/integration-services/control-flow/send-mail-task>
    SM001 "connection-missing" {
        category: Failure,
        severity: Error,
        tier: First,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for task in at.mail_tasks() {
        let connection = at.mail(task, MailProperty::SmtpConnection);
        if connection.is_empty() {
            let message =
                "no SMTP connection manager is chosen: the task fails when it runs (0xC00291C4)";
            found.report(Draft::value(task.target(), connection, message));
        }
    }
}
