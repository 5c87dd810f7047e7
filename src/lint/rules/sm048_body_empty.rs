//! SM048: a mail without a text.

use crate::effective::NamedValue;
use crate::lint::rule::rule;
use crate::lint::{Confidence, Draft, Findings, InFile, MailTask};
use crate::package::{MailProperty, MessageSourceType};
use crate::source::Decoded;

use super::sm010_body_variable_missing::variable_of_text;

rule! {
    /// A mail has no text
    ///
    /// ## What it does
    /// Reports Send Mail tasks whose text is empty at run time: typed in and empty, or from a variable that is empty
    /// and that nothing is seen to set.
    ///
    /// ## Why it matters
    /// Mostly an oversight: whoever gets the mail must open the package to know what it is about.
    ///
    /// ## Example
    /// ```text
    /// MessageSource:
    /// ```
    ///
    /// ## Instead
    /// Say what happened, where, and what to do:
    ///
    /// ```text
    /// = MessageSource: @[System::PackageName] + " failed in " + @[System::SourceName]
    /// ```
    ///
    /// ## References
    /// - Send Mail task: <https://learn.microsoft.com/en-us/sql/integration-services/control-flow/send-mail-task>
    SM048 "body-empty" {
        category: Delivery,
        severity: Info,
        tier: Second,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for task in at.mail_tasks() {
        let source = at.mail(task, MailProperty::MessageSource);
        let kind = at.mail(task, MailProperty::MessageSourceType).text();
        match kind.and_then(MessageSourceType::parse) {
            // Hand-made files write the text as an element.
            Some(MessageSourceType::DirectInput) if has_text_element(task) => {}
            Some(MessageSourceType::DirectInput) if source.is_empty() => {
                found.report(Draft::value(task.target(), source, "the mail has no text"));
            }
            Some(MessageSourceType::Variable) => {
                let Some((source, name)) = variable_of_text(at, task) else {
                    continue;
                };
                let NamedValue::Found { effective, .. } = at.values.by_name(task.target(), &name)
                else {
                    continue;
                };
                let is_set_later = !effective.set_at_run_time_by.is_empty();
                if effective.value.as_deref() == Some("") && !is_set_later {
                    let message = format!(
                        "the mail has no text: the variable `{name}` is empty, and nothing is seen to set it"
                    );
                    let draft = Draft::value(task.target(), source, message);
                    found.report(draft.confidence(Confidence::Low));
                }
            }
            _ => {}
        }
    }
}

fn has_text_element(task: &MailTask<'_>) -> bool {
    text_element(task).is_some_and(|text| !text.text.trim().is_empty())
}

/// The text of a hand-made file, which writes it as an element.
pub(super) fn text_element<'a>(task: &MailTask<'a>) -> Option<Decoded<'a>> {
    let mut children = task.task.data()?.children();
    let element = children.find(|child| child.name() == "MessageSource")?;
    Some(element.value())
}
