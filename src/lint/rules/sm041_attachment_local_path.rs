//! SM041: an attached file on a drive of the machine.

use crate::lint::attachments::{PathKind, attachments};
use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile};

rule! {
    /// An attached file is on a drive of the machine, or has a relative path
    ///
    /// ## What it does
    /// Reports attached paths that begin with a drive letter, and relative ones; addresses of the web (`https://…`) too,
    /// which no task attaches. Paths of shares are the matter of SM042.
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
            let path = &file.path;
            let message = match file.kind() {
                PathKind::Share => continue,
                PathKind::Drive => format!(
                    "`{path}` is a path of one machine: on another, or under SQL Server Agent, it leads elsewhere"
                ),
                PathKind::Relative => format!(
                    "`{path}` is relative: it leads to wherever the program that runs the package was started"
                ),
                PathKind::Address => {
                    format!(
                        "`{path}` is an address of the web: the task attaches files of the machine only"
                    )
                }
            };
            let draft = Draft::value(task.target(), line, message);
            found.report(draft.span(file.span));
        }
    }
}
