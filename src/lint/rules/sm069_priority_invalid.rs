//! SM069: a priority that is none.

use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile};
use crate::package::{MailProperty, Priority};

rule! {
    /// The priority of a mail is none
    ///
    /// ## What it does
    /// Reports priorities that are neither High, Normal nor Low, nor their numbers in expressions (1, 3, 5).
    ///
    /// ## Why it matters
    /// The task cannot be loaded, or an expression fails when it runs. Often 0 is left behind by an expression that is
    /// gone.
    ///
    /// ## Example
    /// ```text
    /// Priority: Urgent
    /// ```
    ///
    /// ## Instead
    /// ```text
    /// Priority: High
    /// ```
    ///
    /// ## References
    /// - Send Mail task: <https://learn.microsoft.com/en-us/sql/integration-services/control-flow/send-mail-task>
    SM069 "priority-invalid" {
        category: Failure,
        severity: Warning,
        tier: Second,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for task in at.mail_tasks() {
        let priority = at.mail(task, MailProperty::Priority);
        let Some(text) = priority.text() else {
            continue;
        };
        // A variable that a task sets has another value by then.
        if !priority.is_set_later() && Priority::parse(text).is_none() {
            let message = format!(
                "`{text}` is no priority: High, Normal and Low are (1, 3 and 5 in expressions)"
            );
            found.report(Draft::value(task.target(), priority, message));
        }
    }
}
