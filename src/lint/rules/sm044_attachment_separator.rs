//! SM044: attached files separated by something else than `|`.

use crate::lint::rule::rule;
use crate::lint::{Applicability, Confidence, Draft, Findings, InFile, MailTask};
use crate::package::MailProperty;
use crate::project::Changes;

use crate::lint::attachments::{attachments, begins_with_drive};

rule! {
    /// Attached files are separated by semicolons or commas
    ///
    /// ## What it does
    /// Reports a `;` or a `,` in attached paths behind which another path begins: a drive letter or a share. With less
    /// confidence it reports a `;` between two names with an extension (`a.txt;b.txt`): a file may have such a name.
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
    /// Safe: each separator before another path becomes `|`. There is none where an expression computes the list, nor
    /// between names that are no whole paths.
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
            let all: Vec<(usize, Separator)> = file
                .path
                .match_indices([';', ','])
                .filter_map(|(place, _)| Some((place, separator(&file.path, place)?)))
                .collect();
            let Some(&(first, kind)) = all.first() else {
                continue;
            };
            let mark = file.path.get(first..first + 1).unwrap_or_default();
            let message = format!(
                "`{}`: `|` separates attached files, not `{mark}`",
                file.path
            );
            let draft = Draft::value(task.target(), line, message);
            let start = file.range.start;
            let (span, changes) = match file.is_of_first {
                true => (
                    line.span_of(start + first..start + first + 1),
                    (line.is_stored() && all.iter().all(|(_, kind)| *kind == Separator::Certain))
                        .then(|| mended(at, task, all.iter().map(|(place, _)| start + place)))
                        .flatten(),
                ),
                false => (file.span, None),
            };
            let confidence = match kind {
                Separator::Certain => Confidence::High,
                Separator::Likely => Confidence::Low,
            };
            found.report(draft.span(span).confidence(confidence).fix(
                Applicability::Safe,
                "separate the files by `|`",
                changes,
            ));
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Separator {
    /// A whole path begins behind it.
    Certain,
    /// What is before and what is behind look like names of files.
    Likely,
}

fn separator(path: &str, place: usize) -> Option<Separator> {
    let before = path.get(..place)?.trim_end();
    let behind = path.get(place + 1..)?.trim_start();
    if begins_with_drive(behind) || behind.starts_with("\\\\") {
        return Some(Separator::Certain);
    }
    let next = behind.split([';', ',']).next().unwrap_or_default();
    let is_semicolon = path.get(place..)?.starts_with(';');
    (is_semicolon && has_extension(before) && has_extension(next)).then_some(Separator::Likely)
}

fn has_extension(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    extension.is_some_and(|it| {
        (1..=5).contains(&it.len()) && it.chars().all(|c| c.is_ascii_alphanumeric())
    })
}

fn mended(
    at: &InFile<'_>,
    task: &MailTask<'_>,
    places: impl Iterator<Item = usize>,
) -> Option<Changes> {
    let stored = task.task.stored(MailProperty::FileAttachments)?;
    let mut changes = Changes::new();
    for place in places {
        let edit = stored.replace(place..place + 1, "|").ok()?;
        changes.add(at.file().id, [edit]).ok()?;
    }
    Some(changes)
}
