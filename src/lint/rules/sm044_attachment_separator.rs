//! SM044: attached files separated by semicolons.

use crate::lint::rule::rule;
use crate::lint::{Applicability, Draft, Findings, InFile, MailTask};
use crate::package::MailProperty;
use crate::project::Changes;

use crate::lint::attachments::{attachments, begins_with_drive};

rule! {
    /// Attached files are separated by semicolons
    ///
    /// ## What it does
    /// Reports a `;` in attached paths behind which another path begins: a drive letter or a share.
    ///
    /// ## Why it matters
    /// Attached files are separated by `|`. The task looks for one file of this whole name, and fails with 0xC00291CB.
    ///
    /// ## Example
    /// ```text
    /// FileAttachments: C:\a.txt;C:\b.txt
    /// ```
    ///
    /// ## Instead
    /// ```text
    /// FileAttachments: C:\a.txt|C:\b.txt
    /// ```
    ///
    /// ## Fix
    /// Safe: each `;` before another path becomes `|`. There is none where an expression computes the list.
    ///
    /// ## References
    /// - Send Mail task: <https://learn.microsoft.com/en-us/sql/integration-services/control-flow/send-mail-task>
    /// - Errors: <https://learn.microsoft.com/en-us/sql/integration-services/integration-services-error-and-message-reference>
    SM044 "attachment-separator" {
        category: Failure,
        severity: Warning,
        tier: Second,
        since: "0.1.0",
        fix: Safe,
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for task in at.mail_tasks() {
        let (line, attached) = attachments(at, task);
        for file in attached {
            let semicolons: Vec<usize> = file
                .path
                .match_indices(';')
                .filter(|(place, _)| {
                    let behind = file.path.get(place + 1..).unwrap_or_default().trim_start();
                    begins_with_drive(behind) || behind.starts_with("\\\\")
                })
                .map(|(place, _)| file.range.start + place)
                .collect();
            let Some(&first) = semicolons.first() else {
                continue;
            };
            let message = format!("`{}`: `|` separates attached files, not `;`", file.path);
            let changes = line
                .is_stored()
                .then(|| mended(at, task, &semicolons))
                .flatten();
            let draft =
                Draft::value(task.target(), line, message).span(line.span_of(first..first + 1));
            found.report(draft.fix(Applicability::Safe, "separate the files by `|`", changes));
        }
    }
}

fn mended(at: &InFile<'_>, task: &MailTask<'_>, semicolons: &[usize]) -> Option<Changes> {
    let stored = task.task.stored(MailProperty::FileAttachments)?;
    let mut changes = Changes::new();
    for &place in semicolons {
        let edit = stored.replace(place..place + 1, "|").ok()?;
        changes.add(at.file().id, [edit]).ok()?;
    }
    Some(changes)
}
