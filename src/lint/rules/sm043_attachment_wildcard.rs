//! SM043: an attached file by a pattern.

use crate::lint::attachments::attachments;
use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile};

rule! {
    /// An attached file is named by a pattern
    ///
    /// ## What it does
    /// Reports `*` and `?` in attached paths; the `?` of `\\?\` at the beginning of a path is none.
    ///
    /// ## Why it matters
    /// The task looks for a file of exactly this name. No file can have it, so the task fails with 0xC00291CB.
    ///
    /// ## Example
    /// ```text
    /// FileAttachments: \\files.example.com\reports\*.csv
    /// ```
    ///
    /// ## Instead
    /// Collect the names with a Foreach Loop into a variable, separated by `|`, and compute `FileAttachments` from it.
    ///
    /// ## References
    /// - Send Mail task: <https://learn.microsoft.com/en-us/sql/integration-services/control-flow/send-mail-task>
    /// - Errors: <https://learn.microsoft.com/en-us/sql/integration-services/integration-services-error-and-message-reference>
    SM043 "attachment-wildcard" {
        category: Failure,
        severity: Error,
        tier: Second,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for task in at.mail_tasks() {
        let (line, attached) = attachments(at, task);
        for file in attached {
            if !file.bare().contains(['*', '?']) {
                continue;
            }
            let message = format!(
                "`{}` is a pattern, and the task takes names of files only: it fails when it runs",
                file.path
            );
            let draft = Draft::value(task.target(), line, message);
            found.report(draft.span(file.span));
        }
    }
}
