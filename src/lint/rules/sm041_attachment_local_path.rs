//! SM041: an attached file on a drive of the machine.

use crate::lint::attachments::attachments;
use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile};

rule! {
    /// An attached file is on a drive of the machine, or has a relative path
    ///
    /// ## What it does
    /// Reports attached paths that begin with a drive letter, and relative ones. Paths of shares are the matter of
    /// SM042.
    ///
    /// ## Why it matters
    /// A drive letter means another disk on every machine, and a mapped drive is not there under SQL Server Agent. A
    /// relative path is relative to the working folder of whatever runs the package. In Azure none of them exists.
    ///
    /// ## Example
    /// ```text
    /// FileAttachments: E:\reports\rejects.txt
    /// ```
    ///
    /// ## Instead
    /// Take the folder from a project parameter:
    ///
    /// ```text
    /// = FileAttachments: @[$Project::ReportFolder] + "\\rejects.txt"
    /// ```
    ///
    /// ## References
    /// - Send Mail task: <https://learn.microsoft.com/en-us/sql/integration-services/control-flow/send-mail-task>
    SM041 "attachment-local-path" {
        category: Portability,
        severity: Warning,
        tier: Second,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for task in at.mail_tasks() {
        let (line, attached) = attachments(at, task);
        for file in attached {
            if file.is_unc() {
                continue;
            }
            let message = format!(
                "`{}` is a path of one machine: on another, or under SQL Server Agent, it leads elsewhere",
                file.path
            );
            let draft = Draft::value(task.target(), line, message);
            found.report(draft.span(line.span_of(file.range.clone())));
        }
    }
}
