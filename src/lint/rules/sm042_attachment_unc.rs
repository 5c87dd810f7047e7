//! SM042: an attached file on a share.

use crate::lint::attachments::{PathKind, attachments};
use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile};

rule! {
    /// An attached file is on a share
    ///
    /// ## What it does
    /// Reports attached paths that begin with `\\server`.
    ///
    /// ## Why it matters
    /// The account that runs the package must be allowed to read the share: under SQL Server Agent that is its service
    /// account, or a proxy. In Azure the share must be reachable and its credentials kept in the catalog.
    ///
    /// ## Example
    /// ```text
    /// FileAttachments: \\files.example.com\reports\rejects.txt
    /// ```
    ///
    /// ## Instead
    /// Nothing, where the account can read it. Else copy the file beside the package first.
    ///
    /// ## References
    /// - Send Mail task: <https://learn.microsoft.com/en-us/sql/integration-services/control-flow/send-mail-task>
    SM042 "attachment-unc" {
        category: Portability,
        severity: Info,
        tier: Second,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for task in at.mail_tasks() {
        let (line, attached) = attachments(at, task);
        for file in attached {
            if file.kind() != PathKind::Share {
                continue;
            }
            let message = format!(
                "`{}` is on a share: the account that runs the package must be allowed to read it",
                file.path
            );
            let draft = Draft::value(task.target(), line, message);
            found.report(draft.span(file.span));
        }
    }
}
