//! SM052: a mail that is switched off.

use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile};

rule! {
    /// A Send Mail task is disabled
    ///
    /// ## What it does
    /// Reports Send Mail tasks whose own `Disable` is true, by an expression too.
    ///
    /// ## Why it matters
    /// An alert that is switched off is one that nobody gets. Often it was for a test.
    ///
    /// ## Example
    /// ```xml
    /// DTS:Disabled="True"
    /// ```
    ///
    /// ## Instead
    /// Enable the task, or delete it.
    ///
    /// ## References
    /// - Send Mail task: <https://learn.microsoft.com/en-us/sql/integration-services/control-flow/send-mail-task>
    SM052 "task-disabled" {
        category: Delivery,
        severity: Info,
        tier: Second,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for task in at.mail_tasks() {
        let Some(disable) = at.judge(task.target(), "Disable") else {
            continue;
        };
        if disable.boolean() != Some(true) {
            continue;
        }
        // The judged value is of the object model's name; what is written may have the XML's.
        let stored = task.target().object().property("Disabled");
        let draft = Draft::value(
            task.target(),
            &disable,
            "the task is disabled: this mail is never sent",
        );
        found.report(match stored {
            Some(stored) if disable.is_stored() => draft.span(stored.span()),
            _ => draft,
        });
    }
}
