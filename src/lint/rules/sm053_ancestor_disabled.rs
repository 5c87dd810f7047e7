//! SM053: a mail inside of something that is switched off.

use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, HeldBack, InFile};
use crate::package::Owner;

rule! {
    /// A Send Mail task is inside of something that is disabled
    ///
    /// ## What it does
    /// Reports Send Mail tasks that are enabled themselves, in a container, a task or an event handler that is
    /// disabled, or in an event handler of an object whose `DisableEventHandlers` is true, by an expression too.
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
        if at.disabled(task.target()).is_some() {
            continue;
        }
        let Some(held_back) = at.held_back_by(task.task.executable()) else {
            continue;
        };
        let (message, judged) = match held_back {
            HeldBack::Disabled(by, judged) => {
                let name = match by {
                    Owner::Executable(it) => it.object().name().into_owned(),
                    Owner::EventHandler(it) => it.event().into_owned(),
                };
                let message =
                    format!("this mail is never sent: `{name}`, which it is in, is disabled");
                (message, judged)
            }
            HeldBack::WithoutHandlers(of, judged) => {
                let name = of.object().name();
                let message = format!(
                    "this mail is never sent: the event handlers of `{name}` are switched off"
                );
                (message, judged)
            }
        };
        found.report(Draft::object(task.target(), message).judging(&judged));
    }
}
