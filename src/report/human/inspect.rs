//! `dtsx inspect` for people: file by file, what sends mail and through what.

use std::io::{self, Write};

use crate::inventory::{
    BuildCopy, ConnectionFacts, ExpressionFacts, FileFacts, FileKind, MailProperty,
    MessageSourceType, TaskFacts, UnitFacts,
};
use crate::report::json::inspect::Summary;
use crate::source::visible;

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
    let line = format!(
        "{}: {} ({} SMTP), {}, {} that could not be read",
        count(summary.files, "file"),
        count(summary.connections, "connection manager"),
        summary.smtp_connections,
        count(summary.send_mail_tasks, "Send Mail task"),
        summary.errors,
    );
    writeln!(out, "{line}")
}

fn write_file(out: &mut dyn Write, file: &FileFacts) -> io::Result<()> {
    write_head(out, file)?;
    for note in &file.notes {
        write_wrapped(out, 2, &format!("note: {note}"))?;
    }
    if file.is_encrypted {
        write_wrapped(
            out,
            2,
            "encrypted as a whole: what it sends cannot be told without the key",
        )?;
    }
    write_connections(out, &file.connections)?;
    for task in &file.send_mail_tasks {
        write_task(out, task)?;
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
    if let Some(project) = file
        .project
        .as_ref()
        .filter(|_| file.kind != FileKind::Project)
    {
        parts.push(format!("project {}", visible(&project.to_string())));
    }
    if file.build_copy == BuildCopy::Yes {
        parts.push("build copy".to_owned());
    }
    let label = file.label.to_string();
    write_wrapped(
        out,
        0,
        &format!("{}  {}", visible(&label), parts.join(", ")),
    )
}

fn write_connections(out: &mut dyn Write, connections: &[ConnectionFacts]) -> io::Result<()> {
    let mut table = Table::new(&[
        "CONNECTION",
        "TYPE",
        "LEADS TO",
        "SIGN-IN",
        "TLS",
        "USED BY",
    ]);
    for connection in connections {
        let (leads_to, sign_in, tls) = match &connection.smtp {
            Some(smtp) => (
                or_dash(&smtp.server),
                if smtp.use_windows_authentication {
                    "Windows"
                } else {
                    "anonymous"
                },
                if smtp.enable_ssl { "STARTTLS" } else { "no" },
            ),
            None => {
                let string = connection.connection_string.as_ref();
                (or_dash(string.map_or("", |string| &string.text)), "", "")
            }
        };
        table.row(vec![
            visible(&connection.name).into_owned(),
            visible(&connection.type_name).into_owned(),
            leads_to,
            sign_in.to_owned(),
            tls.to_owned(),
            match connection.used_by.len() {
                0 => "nothing seen".to_owned(),
                users => count(users, "object"),
            },
        ]);
    }
    if !table.is_empty() {
        table.write(out, 2)?;
    }
    for connection in connections {
        if let Some(problem) = &connection.problem {
            let line = format!("{}: {problem}", visible(&connection.name));
            write_wrapped(out, 2, &line)?;
        }
        write_expressions(out, &connection.name, &connection.expressions)?;
    }
    Ok(())
}

fn write_task(out: &mut dyn Write, task: &TaskFacts) -> io::Result<()> {
    let mut state = Vec::new();
    if let Some(handler) = &task.event_handler {
        state.push(format!(
            "on {} of {}",
            visible(&handler.event),
            visible(&handler.of)
        ));
    }
    match (task.is_disabled, &task.disabled_by) {
        (true, _) => state.push("disabled".to_owned()),
        (false, Some(by)) => state.push(format!("disabled by {}", visible(by))),
        (false, None) => {}
    }
    let state = if state.is_empty() {
        String::new()
    } else {
        format!(" ({})", state.join(", "))
    };
    write_wrapped(
        out,
        2,
        &format!("Send Mail task {}{state}", visible(&task.path)),
    )?;
    let through = match &task.connection.found {
        Some(found) if found.type_name == "SMTP" => format!("{} in {}", found.name, found.file),
        Some(found) => format!(
            "{} in {}, which is of type {} and not SMTP",
            found.name, found.file, found.type_name
        ),
        None if task.connection.reference.is_empty() => "no connection manager".to_owned(),
        None => format!(
            "dangling: no connection manager has the id {}",
            task.connection.reference
        ),
    };
    let attachments = task.attachments.join(" | ");
    let source = match task.message_source_type {
        Some(MessageSourceType::DirectInput) => task.message_source.text.clone(),
        Some(MessageSourceType::Variable) => format!("variable {}", task.message_source.text),
        Some(MessageSourceType::FileConnection) => {
            format!("file of connection manager {}", task.message_source.text)
        }
        None => format!(
            "unknown source type {}: {}",
            task.message_source_type_text, task.message_source.text
        ),
    };
    for (label, property, value) in [
        ("through", "SmtpConnection", through.as_str()),
        ("from", "FromLine", &task.from.text),
        ("to", "ToLine", &task.to.text),
        ("cc", "CCLine", &task.cc.text),
        ("bcc", "BCCLine", &task.bcc.text),
        ("subject", "Subject", &task.subject.text),
        ("priority", "Priority", &task.priority),
        ("message", "MessageSource", &source),
        ("attach", "FileAttachments", &attachments),
    ] {
        let expression = task
            .expressions
            .iter()
            .find(|expression| expression.property.eq_ignore_ascii_case(property));
        match expression {
            Some(expression) => {
                write_field(out, label, &format!("computed: {}", expression.text.text))?;
                if !value.is_empty() {
                    write_field(out, "", &format!("stored now: {value}"))?;
                }
            }
            None if value.is_empty() && matches!(label, "cc" | "bcc" | "attach") => {}
            None if label == "priority" && value == "Normal" => {}
            None => write_field(out, label, if value.is_empty() { "-" } else { value })?,
        }
    }
    let shown = MailProperty::ALL.map(MailProperty::name);
    for expression in &task.expressions {
        if !shown
            .iter()
            .any(|name| expression.property.eq_ignore_ascii_case(name))
        {
            let line = format!(
                "{} is computed: {}",
                expression.property, expression.text.text
            );
            write_field(out, "", &line)?;
        }
    }
    Ok(())
}

/// A value behind its label; long ones go on below themselves.
fn write_field(out: &mut dyn Write, label: &str, value: &str) -> io::Result<()> {
    const INDENT: usize = 6;
    const LABEL: usize = 9;
    const LONGEST: usize = 4;
    let value = visible(value);
    let lines = wrap(&value, PAGE - INDENT - LABEL);
    for (index, line) in lines.iter().take(LONGEST).enumerate() {
        let label = if index == 0 { label } else { "" };
        let more = if index + 1 == LONGEST && lines.len() > LONGEST {
            " …"
        } else {
            ""
        };
        writeln!(out, "{:INDENT$}{label:LABEL$}{line}{more}", "")?;
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
        write_wrapped(out, 2, &line)?;
    }
    Ok(())
}

/// A line that goes on, further in, where the page ends.
pub(super) fn write_wrapped(out: &mut dyn Write, indent: usize, line: &str) -> io::Result<()> {
    const FURTHER: usize = 4;
    let mut lines = wrap(line, PAGE - indent - FURTHER).into_iter();
    if let Some(first) = lines.next() {
        writeln!(out, "{:indent$}{first}", "")?;
    }
    for line in lines {
        writeln!(out, "{:1$}{line}", "", indent + FURTHER)?;
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
