//! SM053: a mail inside of something that is switched off.

use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile};
use crate::package::{Executable, Owner};

rule! {
    /// A Send Mail task is inside of something that is disabled
    ///
    /// ## What it does
    /// Reports Send Mail tasks that are enabled themselves, in a container, a task or an event handler that is
    /// disabled, or in an event handler of an object whose `DisableEventHandlers` is true.
    ///
    /// ## Why it matters
    /// The task looks alive, and its mail is never sent.
    ///
    /// ## Example
    /// ```text
    /// \Package\Load (DisableEventHandlers = True)
    /// \Package\Load.EventHandlers[OnError]\Tell the team
    /// ```
    ///
    /// ## Instead
    /// Enable what is around it, or delete the task.
    ///
    /// ## References
    /// - Send Mail task: <https://learn.microsoft.com/en-us/sql/integration-services/control-flow/send-mail-task>
    /// - Event handlers: <https://learn.microsoft.com/en-us/sql/integration-services/integration-services-ssis-event-handlers>
    SM053 "ancestor-disabled" {
        category: Delivery,
        severity: Info,
        tier: Second,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for task in at.mail_tasks() {
        let executable = task.task.executable();
        if task.is_switched_off(at) {
            continue;
        }
        let message = if let Some(by) = executable.disabled_by() {
            let name = match by {
                Owner::Executable(it) => it.object().name().into_owned(),
                Owner::EventHandler(it) => it.event().into_owned(),
            };
            format!("this mail is never sent: `{name}`, which it is in, is disabled")
        } else if let Some(name) = without_handlers(executable) {
            format!("this mail is never sent: the event handlers of `{name}` are switched off")
        } else {
            continue;
        };
        found.report(Draft::object(task.target(), message));
    }
}

/// The object around the task whose event handlers do not run, though the task is in one of them.
fn without_handlers(task: Executable<'_>) -> Option<String> {
    let mut next = task.event_handler();
    while let Some(handler) = next {
        let of = handler.of()?;
        if of.object().boolean("DisableEventHandlers") == Some(true) {
            return Some(of.object().name().into_owned());
        }
        next = of.event_handler();
    }
    None
}
