//! `dtsx run` for people: what became of each mail.

use std::io::{self, Write};

use crate::mail::{CapturedText, MessageFacts, TaskOutcome};
use crate::report::json::run::{RunSummary, auth, status, tls};
use crate::source::visible;

use super::inspect::{count, write_wrapped};

/// Whether blind copies are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlindCopies {
    /// They are counted.
    Counted,
    /// They are named.
    Named,
}

/// The most lines of a captured message that are shown.
const MOST_LINES: usize = 200;

/// Writes one task.
///
/// # Errors
///
/// When the output cannot be written.
pub fn write_task(
    out: &mut dyn Write,
    task: &TaskOutcome,
    blind_copies: BlindCopies,
) -> io::Result<()> {
    let line = format!(
        "{:<9} {}  ({})",
        status(task.status),
        visible(&task.path),
        visible(&task.file.to_string())
    );
    write_wrapped(out, 0, &line)?;
    if task.earlier && task.reason.is_none() {
        write_wrapped(out, 4, "by a former run")?;
    }
    if let Some(message) = &task.message {
        write_wrapped(out, 4, &summary_of(message, blind_copies))?;
    }
    if let Some(server) = &task.server {
        let words = [task.tls.map(tls), task.auth.map(auth)];
        let words: Vec<&str> = words.into_iter().flatten().collect();
        let how = match words.is_empty() {
            true => String::new(),
            false => format!(" ({})", words.join(", ")),
        };
        write_wrapped(out, 4, &format!("server {}{how}", visible(server)))?;
    }
    if let Some(eml) = &task.eml {
        let eml = eml.to_string_lossy();
        write_wrapped(out, 4, &format!("in {}", visible(&eml)))?;
    }
    if let Some(reason) = &task.reason {
        let code = task.code.map(|code| format!(" ({code} {})", code.symbol));
        write_wrapped(out, 4, &format!("{reason}{}", code.unwrap_or_default()))?;
    }
    for path in &task.overridden {
        write_wrapped(out, 4, &format!("given: {}", visible(path)))?;
    }
    for note in &task.notes {
        write_wrapped(out, 4, &format!("note: {note}"))?;
    }
    match &task.captured {
        Some(captured) => write_captured(out, captured),
        None => Ok(()),
    }
}

/// Writes the last line.
///
/// # Errors
///
/// When the output cannot be written.
pub fn write_summary(out: &mut dyn Write, summary: &RunSummary) -> io::Result<()> {
    let counts = [
        ("sent", summary.sent),
        ("partial", summary.partial),
        ("unknown", summary.unknown),
        ("written", summary.written),
        ("captured", summary.captured),
        ("planned", summary.planned),
        ("skipped", summary.skipped),
        ("failed", summary.failed),
        ("by a former run", summary.earlier),
    ];
    let parts: Vec<String> = counts
        .into_iter()
        .filter(|&(_, number)| number > 0)
        .map(|(word, number)| format!("{number} {word}"))
        .collect();
    if parts.is_empty() {
        return writeln!(out, "no Send Mail task");
    }
    writeln!(out, "{}", parts.join(", "))
}

fn summary_of(message: &MessageFacts, blind_copies: BlindCopies) -> String {
    let subject = match message.subject.is_empty() {
        true => "without a subject".to_owned(),
        false => format!("\"{}\"", visible(&message.subject)),
    };
    let mut parts = vec![format!("{subject} from {}", visible(&message.from))];
    for (word, addresses) in [("to", &message.to), ("cc", &message.cc)] {
        if !addresses.is_empty() {
            parts.push(format!("{word} {}", listed(addresses)));
        }
    }
    match (blind_copies, message.bcc.len()) {
        (_, 0) => {}
        (BlindCopies::Named, _) => parts.push(format!("bcc {}", listed(&message.bcc))),
        (BlindCopies::Counted, 1) => parts.push("1 blind copy".to_owned()),
        (BlindCopies::Counted, number) => parts.push(format!("{number} blind copies")),
    }
    match message.original_to.len() {
        0 => {}
        number => parts.push(format!("instead of to {}", count(number, "recipient"))),
    }
    if !message.attachments.is_empty() {
        let attached = count(message.attachments.len(), "attachment");
        parts.push(format!("{attached}: {}", listed(&message.attachments)));
    }
    parts.push(format!("{} bytes", message.size));
    parts.join("; ")
}

fn listed(items: &[String]) -> String {
    const MOST: usize = 20;
    let mut shown: Vec<String> = items
        .iter()
        .take(MOST)
        .map(|item| visible(item).into_owned())
        .collect();
    if items.len() > MOST {
        shown.push(format!("and {} more", items.len() - MOST));
    }
    shown.join(", ")
}

/// The envelope and the lines of the message, as they came.
fn write_captured(out: &mut dyn Write, captured: &CapturedText) -> io::Result<()> {
    writeln!(out, "    MAIL FROM:<{}>", visible(&captured.sender))?;
    for recipient in &captured.recipients {
        writeln!(out, "    RCPT TO:<{}>", visible(recipient))?;
    }
    let message = &captured.message;
    let lines = message
        .strip_suffix("\r\n")
        .unwrap_or(message)
        .split("\r\n");
    let total = lines.clone().count();
    for line in lines.take(MOST_LINES) {
        writeln!(out, "    | {}", visible(line))?;
    }
    if total > MOST_LINES {
        writeln!(out, "    … {} more lines", total - MOST_LINES)?;
    }
    Ok(())
}
