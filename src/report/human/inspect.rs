//! `dtsx inspect` for people: file by file, what sends mail and through what.

use std::io::{self, Write};

use anstyle::Style;
use unicode_width::UnicodeWidthStr;

use crate::inventory::{
    BuildCopy, Certainty, ConnectionFacts, EffectiveFacts, ExpressionFacts, FileFacts, FileKind,
    MailProperty, MessageSourceType, Origin, TaskFacts, UnitFacts,
};
use crate::report::json::inspect::Summary;
use crate::source::visible;

use super::other_sender::write_other_sender;
use super::style::{LABEL, MIND, SUBJECT, WRONG};
use super::table::{PAGE, Table, wrap};

/// Writes the files of a unit; those that hold nothing to see are only counted.
///
/// # Errors
///
/// When the output cannot be written.
pub fn write_unit(out: &mut dyn Write, unit: &UnitFacts) -> io::Result<()> {
    unit.files.iter().try_for_each(|file| write_file(out, file))
}

/// Writes the last lines.
///
/// # Errors
///
/// When the output cannot be written.
pub fn write_summary(out: &mut dyn Write, summary: &Summary) -> io::Result<()> {
    if summary.files == 0 && summary.build_copies == 0 {
        writeln!(out, "no file of SSIS was found")?;
    } else {
        let mut line = format!(
            "{}: {} ({} SMTP), {}",
            count(summary.files, "file"),
            count(summary.connections, "connection manager"),
            summary.smtp_connections,
            count(summary.send_mail_tasks, "Send Mail task"),
        );
        if summary.other_senders > 0 {
            line.push_str(", ");
            line.push_str(&count(summary.other_senders, "other sender"));
        }
        write_wrapped(out, 0, &line)?;
    }
    if summary.left_out > 0 {
        let line = format!(
            "{} without mail, not listed",
            count(summary.left_out, "file")
        );
        writeln!(out, "{line}")?;
    }
    if summary.build_copies > 0 {
        let line = format!(
            "{} that a build left, not counted (`--include-build` counts them)",
            count(summary.build_copies, "file")
        );
        writeln!(out, "{line}")?;
    }
    if summary.errors > 0 {
        let line = count(summary.errors, "path");
        writeln!(out, "{WRONG}{line} could not be read{WRONG:#}")?;
    }
    Ok(())
}

fn write_file(out: &mut dyn Write, file: &FileFacts) -> io::Result<()> {
    write_head(out, file)?;
    for note in &file.notes {
        write_styled(out, 2, MIND, &format!("note: {}", visible(note)))?;
    }
    if file.is_encrypted {
        let text = "encrypted as a whole: what it sends cannot be told without the key";
        write_styled(out, 2, MIND, text)?;
    }
    write_connections(out, file)?;
    for task in &file.send_mail_tasks {
        write_task(out, file, task)?;
    }
    for sender in &file.other_senders {
        write_other_sender(out, sender)?;
    }
    for call in &file.calls {
        let found = match &call.found_in {
            Some(found) => visible(&found.to_string()).into_owned(),
            None => "not among these files".to_owned(),
        };
        let line = format!(
            "calls {} from {} ({found})",
            visible(&call.package),
            visible(&call.task)
        );
        write_wrapped(out, 2, &line)?;
    }
    writeln!(out)
}

fn write_head(out: &mut dyn Write, file: &FileFacts) -> io::Result<()> {
    let mut parts = vec![file.kind.name().replace('-', " ")];
    if let Some(format) = file.format_version {
        parts.push(format!("format {format}"));
    }
    if let Some(level) = &file.protection_level {
        parts.push(visible(level).into_owned());
    }
    // The project lies in the same folder. In an archive its name is always the same.
    if let Some(project) = &file.project
        && file.kind != FileKind::Project
        && project.member().is_none()
    {
        parts.push(format!("project {}", visible(&project.file_name())));
    }
    if file.build_copy == BuildCopy::Yes {
        parts.push("build copy".to_owned());
    }
    let label = file.label.to_string();
    let (label, rest) = (visible(&label), parts.join(", "));
    if label.width() + rest.width() + 2 <= PAGE {
        return writeln!(out, "{SUBJECT}{label}{SUBJECT:#}  {rest}");
    }
    write_styled(out, 0, SUBJECT, &label)?;
    write_wrapped(out, 2, &rest)
}

fn write_connections(out: &mut dyn Write, file: &FileFacts) -> io::Result<()> {
    let connections = &file.connections;
    // How mail is handed over has columns only where there is mail.
    let has_smtp = connections.iter().any(ConnectionFacts::is_smtp);
    let mut table = match has_smtp {
        true => Table::new(&[
            "CONNECTION",
            "TYPE",
            "LEADS TO",
            "SIGN-IN",
            "TLS",
            "USED BY",
        ]),
        false => Table::new(&["CONNECTION", "TYPE", "LEADS TO", "USED BY"]),
    };
    for connection in connections {
        let string = connection.connection_string.as_ref();
        let (leads_to, sign_in, tls) = match &connection.smtp {
            Some(smtp) => (
                smtp.server.as_str(),
                match smtp.use_windows_authentication {
                    true => "Windows",
                    false => "anonymous",
                },
                match smtp.enable_ssl {
                    true => "STARTTLS",
                    false => "no",
                },
            ),
            None => (string.map_or("", |string| &string.text), "", ""),
        };
        let mut row = vec![
            visible(&connection.name).into_owned(),
            visible(&connection.type_name).into_owned(),
            or_dash(leads_to),
        ];
        if has_smtp {
            row.extend([sign_in.to_owned(), tls.to_owned()]);
        }
        row.push(match connection.used_by.len() {
            0 => "nothing seen".to_owned(),
            users => count(users, "object"),
        });
        table.row(row);
    }
    if !table.is_empty() {
        table.write(out, 2)?;
    }
    for connection in connections {
        if let Some(problem) = &connection.problem {
            let line = format!("{}: {problem}", visible(&connection.name));
            write_styled(out, 2, WRONG, &line)?;
        }
        write_expressions(out, &connection.name, &connection.expressions)?;
        for facts in &connection.effective {
            if is_plain(facts) {
                continue;
            }
            let (of, property) = (visible(&connection.name), visible(&facts.property));
            write_wrapped(
                out,
                2,
                &format!(
                    "{of}.{property} {}",
                    visible(&now(facts).replace('\n', " "))
                ),
            )?;
        }
        write_users(out, file, connection)?;
    }
    Ok(())
}

/// Whether a value is what is stored, which the table shows, although a server may replace it.
fn is_plain(facts: &EffectiveFacts) -> bool {
    matches!(facts.effective.origin, Origin::Design | Origin::Default)
        && facts.effective.certainty == Certainty::Known
}

/// What uses a manager from other files; inside of its own file the tasks say through what they send.
fn write_users(
    out: &mut dyn Write,
    file: &FileFacts,
    connection: &ConnectionFacts,
) -> io::Result<()> {
    const MOST: usize = 5;
    let users = connection.used_by.iter();
    let users: Vec<_> = users.filter(|user| user.file != file.label).collect();
    for user in users.iter().take(MOST) {
        let from = user.file.to_string();
        let line = format!("used by {} in {}", visible(&user.object), visible(&from));
        write_wrapped(out, 2, &line)?;
    }
    match users.len().saturating_sub(MOST) {
        0 => Ok(()),
        more => writeln!(out, "  and by {more} more (`--format json` names all)"),
    }
}

fn write_task(out: &mut dyn Write, file: &FileFacts, task: &TaskFacts) -> io::Result<()> {
    write_styled(
        out,
        2,
        SUBJECT,
        &format!("Send Mail task {}", visible(&task.path)),
    )?;
    if let Some(handler) = &task.event_handler {
        let text = format!("{} of {}", handler.event, handler.of);
        write_field(out, "on", Style::new(), &text)?;
    }
    // What is stored is not the state where something else decides it.
    let is_decided = effective(&task.effective, DISABLE).is_some();
    if is_decided {
        let stored = if task.is_disabled { "True" } else { "False" };
        write_property(out, task, "disabled", DISABLE, MIND, stored)?;
    }
    match (task.is_disabled && !is_decided, &task.disabled_by) {
        (true, _) => write_field(out, "state", MIND, "disabled")?,
        (false, Some(by)) => write_field(out, "state", MIND, &format!("disabled by {by}"))?,
        (false, None) => {}
    }
    let (style, through) = through(file, task);
    write_property(out, task, "through", "SmtpConnection", style, &through)?;
    let plain = Style::new();
    for (label, property, value) in [
        ("from", "FromLine", &task.from.text),
        ("to", "ToLine", &task.to.text),
        ("cc", "CCLine", &task.cc.text),
        ("bcc", "BCCLine", &task.bcc.text),
        ("subject", "Subject", &task.subject.text),
        ("priority", "Priority", &task.priority),
        ("message", "MessageSource", &source(task)),
        ("attach", "FileAttachments", &task.attachments.join(" | ")),
    ] {
        write_property(out, task, label, property, plain, value)?;
    }
    let shown = MailProperty::ALL.map(MailProperty::name);
    for expression in &task.expressions {
        let is_shown = |name: &&str| expression.property.eq_ignore_ascii_case(name);
        // Where the text comes from is shown with the text.
        let is_state = is_decided && is_shown(&DISABLE);
        if !is_state && (!shown.iter().any(is_shown) || is_shown(&"MessageSourceType")) {
            let text = &expression.text.text;
            let line = format!("{} is computed: {text}", expression.property);
            write_field(out, "", plain, &line)?;
        }
    }
    Ok(())
}

/// The property that keeps a task from running.
const DISABLE: &str = "Disable";

/// The manager that a task sends through.
fn through(file: &FileFacts, task: &TaskFacts) -> (Style, String) {
    let reference = &task.connection.reference;
    let Some(found) = &task.connection.found else {
        return (
            WRONG,
            match reference.is_empty() {
                true => "no connection manager".to_owned(),
                false => format!("dangling: no connection manager has the id or name {reference}"),
            },
        );
    };
    let place = if found.file == file.label {
        String::new()
    } else {
        format!(" in {}", found.file)
    };
    if found.type_name == "SMTP" {
        (Style::new(), format!("{}{place}", found.name))
    } else {
        let kind = &found.type_name;
        let text = format!(
            "{}{place}, which is of type {kind} and not SMTP",
            found.name
        );
        (WRONG, text)
    }
}

/// The text of the mail, or where it comes from.
fn source(task: &TaskFacts) -> String {
    let text = &task.message_source.text;
    match task.message_source_type {
        Some(MessageSourceType::DirectInput) => text.clone(),
        Some(MessageSourceType::Variable) => format!("variable {text}"),
        Some(MessageSourceType::FileConnection) => format!("file of connection manager {text}"),
        None => {
            let unknown = &task.message_source_type_text;
            format!("unknown source type {unknown}: {text}")
        }
    }
}

/// A property of a task: what computes it, and what is stored.
fn write_property(
    out: &mut dyn Write,
    task: &TaskFacts,
    label: &str,
    property: &str,
    style: Style,
    value: &str,
) -> io::Result<()> {
    let expression = task
        .expressions
        .iter()
        .find(|expression| expression.property.eq_ignore_ascii_case(property));
    let effective = effective(&task.effective, property);
    match (expression, effective) {
        (Some(_), _) | (None, Some(_)) => {
            if let Some(expression) = expression {
                let computed = format!("computed: {}", expression.text.text);
                write_field(out, label, MIND, &computed)?;
            }
            let label = if expression.is_some() { "" } else { label };
            let is = effective.map(now).unwrap_or_default();
            if !is.is_empty() {
                write_field(out, label, Style::new(), &is)?;
            }
            let same = effective.is_some_and(|it| it.effective.value.as_deref() == Some(value));
            if value.is_empty() || same {
                return Ok(());
            }
            write_field(out, "", Style::new(), &format!("stored: {value}"))
        }
        _ if value.is_empty() && matches!(label, "cc" | "bcc" | "attach") => Ok(()),
        _ if label == "priority" && value == "Normal" => Ok(()),
        _ if value.is_empty() => write_field(out, label, style, "-"),
        _ => write_field(out, label, style, value),
    }
}

fn effective<'f>(facts: &'f [EffectiveFacts], property: &str) -> Option<&'f EffectiveFacts> {
    facts
        .iter()
        .find(|facts| facts.property.eq_ignore_ascii_case(property))
}

/// What a value is when the package runs, and how sure that is.
fn now(facts: &EffectiveFacts) -> String {
    let effective = &facts.effective;
    let value = effective.value.as_deref();
    let known = value.or(effective.text.as_deref()).unwrap_or_default();
    let word = match effective.certainty {
        Certainty::Known => "is",
        Certainty::Assumed => "assumed",
        Certainty::Unknown => "unknown",
    };
    let reason = effective.reason.as_deref();
    match (
        known,
        reason.filter(|_| effective.certainty != Certainty::Known),
    ) {
        (known, None) => format!("{word}: {known}"),
        ("", Some(reason)) => format!("{word}: {reason}"),
        (known, Some(reason)) => format!("{word}: {known}\n({reason})"),
    }
}

/// A value behind its label. Its lines are lines here too; long ones go on below themselves.
pub(super) fn write_field(
    out: &mut dyn Write,
    label: &str,
    style: Style,
    value: &str,
) -> io::Result<()> {
    const INDENT: usize = 6;
    const WIDTH: usize = 9;
    const MOST: usize = 6;
    let lines = value.trim_end().lines();
    let mut lines: Vec<String> = lines
        .flat_map(|line| wrap(visible(line).trim_end(), PAGE - INDENT - WIDTH))
        .collect();
    if lines.len() > MOST {
        lines.truncate(MOST - 1);
        lines.push("…".to_owned());
    }
    for (index, line) in lines.iter().enumerate() {
        let label = if index == 0 { label } else { "" };
        match (label, line.as_str()) {
            ("", "") => writeln!(out)?,
            ("", line) => writeln!(out, "{:1$}{style}{line}{style:#}", "", INDENT + WIDTH)?,
            (label, line) => {
                let label = format!("{LABEL}{label:WIDTH$}{LABEL:#}");
                writeln!(out, "{:INDENT$}{label}{style}{line}{style:#}", "")?;
            }
        }
    }
    Ok(())
}

fn write_expressions(
    out: &mut dyn Write,
    of: &str,
    expressions: &[ExpressionFacts],
) -> io::Result<()> {
    for expression in expressions {
        let line = format!(
            "{}.{} is computed: {}",
            visible(of),
            visible(&expression.property),
            visible(&expression.text.text)
        );
        write_styled(out, 2, MIND, &line)?;
    }
    Ok(())
}

/// A line that goes on, further in, where the page ends.
pub(super) fn write_wrapped(out: &mut dyn Write, indent: usize, line: &str) -> io::Result<()> {
    write_styled(out, indent, Style::new(), line)
}

pub(super) fn write_styled(
    out: &mut dyn Write,
    indent: usize,
    style: Style,
    line: &str,
) -> io::Result<()> {
    const FURTHER: usize = 4;
    let mut lines = wrap(line, PAGE - indent - FURTHER).into_iter();
    if let Some(first) = lines.next() {
        writeln!(out, "{:indent$}{style}{first}{style:#}", "")?;
    }
    for line in lines {
        writeln!(out, "{:1$}{style}{line}{style:#}", "", indent + FURTHER)?;
    }
    Ok(())
}

fn or_dash(text: &str) -> String {
    if text.is_empty() {
        "-".to_owned()
    } else {
        visible(text).into_owned()
    }
}

pub(super) fn count(number: usize, of: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {of}{plural}")
}
