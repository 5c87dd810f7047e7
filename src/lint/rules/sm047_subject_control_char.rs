//! SM047: a line break in a subject.

use std::ops::Range;

use crate::expression::Expression;
use crate::lint::rule::rule;
use crate::lint::{Applicability, Confidence, Draft, Findings, InFile, MailTask};
use crate::package::MailProperty;
use crate::project::Changes;

rule! {
    /// The subject holds a line break or another control character
    ///
    /// ## What it does
    /// Reports control characters in the subject as it will be at run time, and, where only a run knows the subject, in
    /// the string literals of the expression that computes it; the confidence is then low.
    ///
    /// ## Why it matters
    /// The mail is refused before it leaves: "The specified string is not in the form required for a subject". Where a
    /// value from outside reaches a subject, a line break in it is how somebody adds header lines.
    ///
    /// ## Example
    /// ```text
    /// = Subject: "Load failed\n" + @[User::Step]
    /// ```
    ///
    /// ## Instead
    /// Put the lines into the text of the mail; in the subject use a blank.
    ///
    /// ## Fix
    /// Safe: a blank takes the place of each control character. There is none where an expression computes the subject.
    ///
    /// ## References
    /// - Send Mail task: <https://learn.microsoft.com/en-us/sql/integration-services/control-flow/send-mail-task>
    /// - CWE-93: <https://cwe.mitre.org/data/definitions/93.html>
    SM047 "subject-control-char" {
        category: Security,
        severity: Error,
        tier: Second,
        since: "0.1.0",
        fix: Safe,
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for task in at.mail_tasks() {
        let subject = at.mail(task, MailProperty::Subject);
        let Some(text) = subject.text() else {
            in_literals(task, found);
            continue;
        };
        let places: Vec<Range<usize>> = text
            .char_indices()
            .filter(|(_, c)| c.is_control())
            .map(|(place, c)| place..place + c.len_utf8())
            .collect();
        let Some(first) = places.first() else {
            continue;
        };
        let message = "the subject holds a control character: the mail is refused before it leaves";
        let changes = subject
            .is_stored()
            .then(|| stripped(at, task, &places))
            .flatten();
        let draft =
            Draft::value(task.target(), subject, message).span(subject.span_of(first.clone()));
        found.report(draft.fix(
            Applicability::Safe,
            "put blanks in place of control characters",
            changes,
        ));
    }
}

fn stripped(at: &InFile<'_>, task: &MailTask<'_>, places: &[Range<usize>]) -> Option<Changes> {
    let stored = task.task.stored(MailProperty::Subject)?;
    let mut changes = Changes::new();
    for place in places {
        let edit = stored.replace(place.clone(), " ").ok()?;
        changes.add(at.file().id, [edit]).ok()?;
    }
    Some(changes)
}

fn in_literals(task: &MailTask<'_>, found: &mut Findings<'_, '_>) {
    let object = task.target().object();
    let Some(expression) = object.property_expression("Subject") else {
        return;
    };
    let text = expression.stored().text();
    let Ok(read) = Expression::parse(&text.text) else {
        return;
    };
    for (span, literal) in read.strings() {
        if literal.text.chars().any(char::is_control) {
            let message = "a part of the subject holds a control character: the mail is refused before it leaves";
            let place = text.raw_span(span.range());
            let draft = Draft::at(task.target(), "Subject", place, message);
            found.report(draft.confidence(Confidence::Low));
        }
    }
}
