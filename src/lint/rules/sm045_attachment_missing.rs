//! SM045: an attached file that is not there.

use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile};

use super::sm012_body_file_connection_invalid::is_missing;
use crate::lint::attachments::attachments;

rule! {
    /// An attached file does not exist
    ///
    /// ## What it does
    /// With `--check-files`, looks for each attached file, as it is named at run time; `--map-path` says where paths of
    /// other machines are. Without the option nothing is looked for.
    ///
    /// ## Why it matters
    /// The task fails with 0xC00291CB. Many files are only made by the package itself, so that this says something only
    /// where they are kept.
    ///
    /// ## Example
    /// ```text
    /// FileAttachments: C:\templates\legend.pdf
    /// ```
    ///
    /// ## Instead
    /// Put the file where the path says, or change the path.
    ///
    /// ## References
    /// - Send Mail task: <https://learn.microsoft.com/en-us/sql/integration-services/control-flow/send-mail-task>
    /// - Errors: <https://learn.microsoft.com/en-us/sql/integration-services/integration-services-error-and-message-reference>
    SM045 "attachment-missing" {
        category: Failure,
        severity: Error,
        tier: Second,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    if at.files.is_none() {
        return;
    }
    for task in at.mail_tasks() {
        let (line, attached) = attachments(at, task);
        for file in attached {
            let Some(why) = is_missing(at, &file.path) else {
                continue;
            };
            let message = format!("the attached file is `{}`, {why}", file.path);
            let draft = Draft::value(task.target(), line, message);
            found.report(draft.span(file.span));
        }
    }
}
