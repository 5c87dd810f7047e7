//! SM058: a load that fails with its mail.

use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile};
use crate::package::{DTS, Executable, boolean, same_id};
use crate::xml::Node;

rule! {
    /// A failure of the mail fails the load
    ///
    /// ## What it does
    /// Reports Send Mail tasks of the control flow with `FailPackageOnFailure` or `FailParentOnFailure`, and those
    /// behind which others follow on success and none on failure or completion. Tasks in event handlers are left alone.
    ///
    /// ## Why it matters
    /// When the relay is down for five minutes the load does not go on, although everything but the message is well.
    ///
    /// ## Example
    /// ```text
    /// [Load] --success--> [Tell the team] --success--> [Archive]
    /// ```
    ///
    /// ## Instead
    /// Let what follows depend on completion, or put the mail at the end, and set `MaximumErrorCount` of the container
    /// so that a failed mail does not count.
    ///
    /// ## References
    /// - Precedence constraints: <https://learn.microsoft.com/en-us/sql/integration-services/control-flow/precedence-constraints>
    SM058 "fail-on-mail" {
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
        if executable.event_handler().is_some() || !at.runs(executable) {
            continue;
        }
        let object = executable.object();
        let flag = ["FailPackageOnFailure", "FailParentOnFailure"]
            .into_iter()
            .find(|name| object.boolean(name) == Some(true));
        if let Some(name) = flag
            && let Some(stored) = object.property(name)
        {
            let message =
                format!("a failure of this mail fails what is around it: `{name}` is true");
            found.report(Draft::at(task.target(), name, stored.span(), message));
        } else if goes_on_only_on_success(executable) {
            let message = "what comes behind this mail does not run when the mail fails: let it depend on completion";
            found.report(Draft::object(task.target(), message));
        }
    }
}

/// Whether something follows the task on success, and nothing on failure or completion.
fn goes_on_only_on_success(task: Executable<'_>) -> bool {
    let Some(parent) = task.parent() else {
        return false;
    };
    let constraints = parent.object().precedence_constraints();
    let mut follows = false;
    for object in constraints.filter(|it| starts_at(it.node(), task)) {
        // 0 is success, which is also meant where nothing is written; 1 failure, 2 completion.
        let value = object.text("Value").unwrap_or_default();
        if !matches!(value.trim(), "" | "0") {
            return false;
        }
        // Of an expression alone (1) the result does not matter.
        if object.text("EvalOp").is_some_and(|it| it.trim() == "1") {
            return false;
        }
        follows = true;
    }
    follows
}

fn starts_at(constraint: Node<'_>, task: Executable<'_>) -> bool {
    if let Some(from) = constraint.attribute(DTS, "From") {
        let ref_id = task.object().property("refId");
        return ref_id.is_some_and(|it| it.text().text == from.value().text);
    }
    // Formats 2 and 3 name both ends by their ids.
    let Some(id) = task.object().id() else {
        return false;
    };
    constraint.children().any(|end| {
        let reference = end.attribute(DTS, "IDREF").map(|it| it.value().into_text());
        let is_from = end
            .attribute(DTS, "IsFrom")
            .and_then(|it| boolean(&it.value().text));
        end.is(DTS, "Executable")
            && is_from == Some(true)
            && reference.is_some_and(|reference| same_id(&reference, &id))
    })
}
