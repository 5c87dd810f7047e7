//! SM020: one failure, many mails.

use crate::inventory::{FileFacts, TaskFacts};
use crate::lint::rule::rule;
use crate::lint::{
    Applicability, Draft, Findings, InFile, InUnit, MailTask, Related, Severity, UnitDraft,
    UnitFindings,
};
use crate::package::{EventHandler, Owner, Variable, boolean};
use crate::project::{Changes, Label};

rule! {
    /// One failure sends several mails
    ///
    /// ## What it does
    /// Reports Send Mail tasks in `OnError` and `OnTaskFailed` handlers where one failure sends more than one mail:
    ///
    /// - a handler of an inner object that lets the event go on (`System::Propagate` is true), below an outer handler
    /// of the same event that mails too;
    /// - an `OnError` handler that mails, of a package, a container or the Execute Package task itself, above the call of
    /// a child package in which an `OnError` handler mails too, directly or in a package that the child calls: the
    /// error of the child is an error of the Execute Package task, and the child's `System::Propagate` does not stop it;
    /// - as info: a handler of the package itself for `OnError`, which runs for each error, and a failing task raises
    /// several.
    ///
    /// ## Why it matters
    /// People filter what comes in heaps, and then miss the one that counts.
    ///
    /// ## Example
    /// ```text
    /// \Package.EventHandlers[OnError]\Tell the team
    /// \Package\Load.EventHandlers[OnError]\Tell the team       (System::Propagate = True)
    /// ```
    ///
    /// ## Instead
    /// Tell at one level. Set `System::Propagate` to False in the inner handler, or send on the failure path of the
    /// control flow.
    ///
    /// ## Fix
    /// Unsafe: sets `System::Propagate` of the inner handler to False. Outer handlers then hear nothing of these
    /// failures, those that do other things than mail included.
    ///
    /// ## References
    /// - Event handlers: <https://learn.microsoft.com/en-us/sql/integration-services/integration-services-ssis-event-handlers>
    SM020 "duplicate-storm" {
        category: Delivery,
        severity: Warning,
        tier: First,
        since: "0.1.0",
        fix: Unsafe,
        check: FileAndUnit(check, check_unit),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    let mailing: Vec<(&MailTask<'_>, EventHandler<'_>)> = at
        .mail_tasks()
        .iter()
        .filter(|task| at.runs(task.task.executable()))
        .filter_map(|task| Some((task, task.task.executable().event_handler()?)))
        .filter(|(_, handler)| is_failure(&handler.event()))
        .collect();
    for (task, handler) in &mailing {
        let outer = mailing.iter().find(|(_, other)| is_above(*other, *handler));
        if let Some((other, outer)) = outer {
            let Some(changes) = not_propagated(at, *handler) else {
                continue;
            };
            let message = format!(
                "a failure here mails twice: the event goes on to the handler of `{}`, which mails too",
                outer
                    .of()
                    .map(|of| of.object().name().into_owned())
                    .unwrap_or_default()
            );
            let draft = Draft::object(task.target(), message).related(Related {
                file: Some(at.file().label.clone()),
                place: Some(
                    at.file()
                        .document
                        .place(other.task.executable().object().node().tag()),
                ),
                message: "the other mail".to_owned(),
            });
            let title = "set `System::Propagate` of the inner handler to `False`";
            found.report(draft.fix(Applicability::Unsafe, title, changes));
        } else if handler.event() == "OnError"
            && handler.of().is_some_and(|of| of.parent().is_none())
        {
            let message = "one mail for each error: a task that fails raises several, and all of them come here";
            found.report(Draft::object(task.target(), message).severity(Severity::Info));
        }
    }
}

fn is_failure(event: &str) -> bool {
    matches!(event, "OnError" | "OnTaskFailed")
}

/// Whether a handler of the same event hangs on something around what another one hangs on.
fn is_above(outer: EventHandler<'_>, inner: EventHandler<'_>) -> bool {
    let (Some(outer_of), Some(inner_of)) = (outer.of(), inner.of()) else {
        return false;
    };
    if outer.event() != inner.event() || outer_of == inner_of {
        return false;
    }
    let mut next = inner_of.parent();
    while let Some(owner) = next {
        match owner {
            Owner::Executable(executable) if executable == outer_of => return true,
            // What a handler raises goes its own way.
            Owner::EventHandler(_) => return false,
            Owner::Executable(_) => next = owner.parent(),
        }
    }
    false
}

/// `None` where the event does not go on; else the changes that would stop it, if the handler has the variable.
fn not_propagated(at: &InFile<'_>, handler: EventHandler<'_>) -> Option<Option<Changes>> {
    let propagate = handler
        .object()
        .variables()
        .map(Variable::new)
        .find(|it| it.object().name() == "Propagate");
    let Some(propagate) = propagate else {
        return Some(None);
    };
    let value = propagate.value();
    if value.is_some_and(|value| boolean(&value.text().text) == Some(false)) {
        return None;
    }
    let changes = propagate.set_value("False").ok().and_then(|edits| {
        let mut changes = Changes::new();
        changes.add(at.file().id, edits).ok()?;
        Some(changes)
    });
    Some(changes)
}

/// The same over packages: what the child tells, the parent tells again.
fn check_unit(at: &InUnit<'_>, found: &mut UnitFindings<'_>) {
    // An event of a child goes on to its parent from whatever level, `System::Propagate` or not.
    let mails_on_error = |file: &FileFacts| mailing_handlers(file).next().is_some();
    let file_of = |label: &Label| at.files.iter().find(|file| file.label == *label);
    for parent in at.files {
        for call in parent.calls.iter().filter(|call| !call.is_disabled) {
            let hears = |of: &str| {
                let rest = call.task.strip_prefix(of);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('\\'))
            };
            let Some(of) = mailing_handlers(parent).find(|of| hears(of)) else {
                continue;
            };
            let called = call.found_in.as_ref().and_then(file_of);
            let Some(child) =
                called.and_then(|child| mailing_below(child, &mails_on_error, &file_of))
            else {
                continue;
            };
            let message = format!(
                "a failure in `{}` mails twice: its own OnError handler mails, and so does the one of `{of}` here",
                child.label.file_name()
            );
            let draft = UnitDraft::new(&parent.label, call.task.clone(), "", message);
            found.report(draft);
        }
    }
}

/// The objects of a package whose OnError handlers mail, by their paths.
fn mailing_handlers(file: &FileFacts) -> impl Iterator<Item = &str> {
    let tasks = file.send_mail_tasks.iter();
    tasks
        .filter(|task| task.disabled_by.is_none() && !is_disabled(task))
        .filter_map(|task| task.event_handler.as_ref())
        .filter(|handler| handler.event == "OnError")
        .map(|handler| handler.of.as_str())
}

/// What an expression makes of it decides, and else what is stored.
fn is_disabled(task: &TaskFacts) -> bool {
    let disable = task.effective.iter().find(|it| it.property == "Disable");
    let computed = disable.and_then(|it| boolean(it.effective.value.as_deref()?));
    computed.unwrap_or(task.is_disabled)
}

/// The package itself, or one that it calls, directly or not, that mails on errors.
fn mailing_below<'u>(
    package: &'u FileFacts,
    mails: &dyn Fn(&FileFacts) -> bool,
    file_of: &dyn Fn(&Label) -> Option<&'u FileFacts>,
) -> Option<&'u FileFacts> {
    let mut seen: Vec<&Label> = Vec::new();
    let mut next = vec![package];
    while let Some(file) = next.pop() {
        if seen.contains(&&file.label) {
            continue;
        }
        seen.push(&file.label);
        if mails(file) {
            return Some(file);
        }
        let calls = file.calls.iter().filter(|call| !call.is_disabled);
        next.extend(calls.filter_map(|call| file_of(call.found_in.as_ref()?)));
    }
    None
}
