//! SM008: recipients separated by commas.

use crate::lint::rule::rule;
use crate::lint::{
    Address, Applicability, Draft, Fault, Findings, InFile, MailTask, RECIPIENTS, addresses,
};
use crate::package::MailProperty;
use crate::project::Changes;

rule! {
    /// Recipients are separated by commas
    ///
    /// ## What it does
    /// Reports commas between addresses in the To, Cc and Bcc lines of Send Mail tasks. Commas in quotes and in display
    /// names are left alone.
    ///
    /// ## Why it matters
    /// Microsoft documents the semicolon. What a comma does depends on the version: the piece is taken as one address
    /// that does not exist, or as two.
    ///
    /// ## Example
    /// ```text
    /// ToLine: a@example.com,b@example.com
    /// ```
    ///
    /// ## Instead
    /// ```text
    /// ToLine: a@example.com;b@example.com
    /// ```
    ///
    /// ## Fix
    /// Safe: each comma between two addresses becomes a semicolon. There is none where an expression computes the line.
    ///
    /// ## References
    /// - Send Mail task: <https://learn.microsoft.com/en-us/sql/integration-services/control-flow/send-mail-task>
    SM008 "recipient-separator" {
        category: Delivery,
        severity: Warning,
        tier: First,
        since: "0.1.0",
        fix: Safe,
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for task in at.mail_tasks() {
        for property in RECIPIENTS {
            let line = at.mail(task, property);
            for address in line.addresses() {
                if address.fault() != Some(Fault::Comma) {
                    continue;
                }
                let message = format!("`{}`: `;` separates recipients, not `,`", address.piece);
                let draft = Draft::value(task.target(), line, message);
                let changes = line
                    .is_stored()
                    .then(|| mended(at, task, property, &address))
                    .flatten();
                found.report(draft.span(line.span_of(address.range.clone())).fix(
                    Applicability::Safe,
                    "separate the recipients by `;`",
                    changes,
                ));
            }
        }
    }
}

/// Each comma outside quotes and angles becomes a semicolon, if what it separates are addresses.
fn mended(
    at: &InFile<'_>,
    task: &MailTask<'_>,
    property: MailProperty,
    address: &Address<'_>,
) -> Option<Changes> {
    let mut commas = Vec::new();
    let (mut in_quotes, mut in_angles) = (false, false);
    for (index, c) in address.piece.char_indices() {
        match c {
            '"' => in_quotes = !in_quotes,
            '<' if !in_quotes => in_angles = true,
            '>' if !in_quotes => in_angles = false,
            ',' if !in_quotes && !in_angles => commas.push(index),
            _ => {}
        }
    }
    let mut mended = address.piece.to_owned();
    for &comma in &commas {
        mended.replace_range(comma..comma + 1, ";");
    }
    let is_mended = !commas.is_empty() && addresses(&mended).iter().all(|it| it.fault().is_none());
    if !is_mended {
        return None;
    }
    let stored = task.task.stored(property)?;
    let mut changes = Changes::new();
    for comma in commas {
        let place = address.range.start + comma;
        let edit = stored.replace(place..place + 1, ";").ok()?;
        changes.add(at.file().id, [edit]).ok()?;
    }
    Some(changes)
}
