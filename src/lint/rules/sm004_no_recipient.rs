//! SM004: a mail that goes to nobody.

use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile, Judged, RECIPIENTS};

rule! {
    /// A Send Mail task has no recipient
    ///
    /// ## What it does
    /// Reports Send Mail tasks whose To, Cc and Bcc lines are all empty at run time. Where an expression gives one of
    /// them and only a run knows what, or a task sets the variable that it reads, the rule keeps silent.
    ///
    /// ## Why it matters
    /// The task fails with 0xC00291C3: "No recipient is specified". Nobody hears that nobody heard.
    ///
    /// ## Example
    /// ```text
    /// ToLine:
    /// CCLine:
    /// BCCLine:
    /// ```
    ///
    /// ## Instead
    /// Name a recipient, at best in a parameter of the project that operations can change.
    ///
    /// ## References
    /// - Send Mail task: <https://learn.microsoft.com/en-us/sql/integration-services/control-flow/send-mail-task>
    /// - Errors: <https://learn.microsoft.com/en-us/sql/integration-services/integration-services-error-and-message-reference>
    SM004 "no-recipient" {
        category: Failure,
        severity: Error,
        tier: First,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for task in at.mail_tasks() {
        let lines = RECIPIENTS.map(|property| at.mail(task, property));
        let is_nobody = |line: &&Judged<'_>| {
            line.text().is_some() && line.addresses().is_empty() && !line.is_set_later()
        };
        if !lines.iter().all(is_nobody) {
            continue;
        }
        let [to, cc, bcc] = lines;
        let message = "the mail has no recipient: To, Cc and Bcc are empty, and the task fails when it runs (0xC00291C3)";
        found.report(
            Draft::value(task.target(), to, message)
                .judging(cc)
                .judging(bcc),
        );
    }
}
