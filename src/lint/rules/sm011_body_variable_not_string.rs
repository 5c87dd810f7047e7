//! SM011: a text that comes from a variable of another type.

use crate::effective::NamedValue;
use crate::expression::TypeName;
use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile};

use super::sm010_body_variable_missing::variable_of_text;

rule! {
    /// The text comes from a variable that is not of type String
    ///
    /// ## What it does
    /// Looks at the type of the variable that a Send Mail task takes its text from.
    ///
    /// ## Why it matters
    /// The task fails when it runs, with 0xC00291D0: "Variable … is not of type string".
    ///
    /// ## Example
    /// ```text
    /// MessageSourceType: Variable
    /// MessageSource: User::RowCount      (Int32)
    /// ```
    ///
    /// ## Instead
    /// Compute the text in a variable of type String:
    ///
    /// ```text
    /// User::Body = (DT_WSTR, 12) @[User::RowCount] + " rows"
    /// ```
    ///
    /// ## References
    /// - Send Mail task: <https://learn.microsoft.com/en-us/sql/integration-services/control-flow/send-mail-task>
    /// - Errors: <https://learn.microsoft.com/en-us/sql/integration-services/integration-services-error-and-message-reference>
    SM011 "body-variable-not-string" {
        category: Failure,
        severity: Error,
        tier: First,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for task in at.mail_tasks() {
        let Some((source, name)) = variable_of_text(at, task) else {
            continue;
        };
        let NamedValue::Found { data_type, .. } = at.values.by_name(task.target(), &name) else {
            continue;
        };
        if data_type == Some(TypeName::Wstr) {
            continue;
        }
        let is = data_type.map_or("Object".to_owned(), |it| it.to_string());
        let message = format!(
            "the text comes from the variable `{name}`, which is of type {is} and not String: the task fails when it \
             runs (0xC00291D0)"
        );
        found.report(Draft::value(task.target(), source, message));
    }
}
