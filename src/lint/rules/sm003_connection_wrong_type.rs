//! SM003: a Send Mail task refers to a connection manager of another type.

use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile};
use crate::package::MailProperty;

rule! {
    /// A Send Mail task refers to a connection manager that is not of type SMTP
    ///
    /// ## What it does
    /// Follows the `SMTPServer` of each Send Mail task to its connection manager, and reports one of another type.
    /// SMTP managers of third parties are other types too.
    ///
    /// ## Why it matters
    /// The task fails with 0xC00291D1: "Connection … is not of type SMTP".
    ///
    /// ## Example
    /// A task whose `SMTPServer` is the id of a File connection manager, after managers were deleted and made anew.
    ///
    /// ## Instead
    /// Choose an SMTP connection manager in the task's editor.
    ///
    /// ## References
    /// - Send Mail task: <https://learn.microsoft.com/en-us/sql/integration-services/control-flow/send-mail-task>
    SM003 "connection-wrong-type" {
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
        let Some((_, manager)) = connection
            .text()
            .and_then(|it| at.at.manager_of_reference(it))
        else {
            continue;
        };
        if !manager.is_smtp() {
            let message = format!(
                "the connection manager `{}` is of type `{}`, not SMTP: the task fails when it runs (0xC00291D1)",
                manager.object().name(),
                manager.type_name()
            );
            found.report(Draft::value(task.target(), connection, message));
        }
    }
}
