//! `dtsx/run@1`

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use crate::inventory::ReadError;
use crate::mail::deliver::{Authentication, TlsMode};
use crate::mail::{CapturedText, Cause, MessageFacts, TaskOutcome, TaskStatus};

use super::common::ErrorJson;

/// What became of the mail of a run.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Run {
    /// `dtsx/run@1`
    pub schema: &'static str,
    /// The tasks, in the order in which they were taken.
    pub tasks: Vec<RunTask>,
    /// What could not be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ErrorJson>,
    /// How many tasks ended how.
    pub summary: RunSummary,
}

/// The schema's name.
pub const SCHEMA: &str = "dtsx/run@1";

/// A Send Mail task.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RunTask {
    /// Its property path.
    pub path: String,
    /// The file that holds it.
    pub file: String,
    /// `sent`, `partial`, `unknown`, `written`, `captured`, `planned`, `skipped` or `failed`.
    pub status: &'static str,
    /// Why, where it did not go as it should.
    pub reason: Option<String>,
    /// What kind of reason: `disabled`, `event`, `assumed`, `unknown`, `sensitive`, `invalid`, `not-composed` or
    /// `not-allowed`; missing where a server decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<&'static str>,
    /// True where a former run has done it, and this one has not: what is said of it is said by that one's report.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub earlier: bool,
    /// The code under which dtexec would fail, `0xC00291C3`.
    pub code: Option<String>,
    /// The code's symbolic name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub symbol: Option<&'static str>,
    /// The message; null where it could not be composed.
    pub message: Option<MessageJson>,
    /// `HOST:PORT`; null where no server is involved.
    pub server: Option<String>,
    /// `none`, `starttls` or `implicit`; null where there was no connection.
    pub tls: Option<&'static str>,
    /// `anonymous`; null where it did not come to that.
    pub auth: Option<&'static str>,
    /// The recipients that the server took the message for.
    pub accepted: Vec<String>,
    /// The recipients that it refused.
    pub refused: Vec<RefusalJson>,
    /// The paths of the properties whose value was given.
    pub overridden: Vec<String>,
    /// What else there is to say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The file in the outbox.
    pub eml: Option<String>,
    /// What came over SMTP with `--capture`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub captured: Option<CapturedJson>,
    /// How long it took.
    pub duration_ms: u64,
}

/// A message.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MessageJson {
    /// The sender.
    pub from: String,
    /// The recipients.
    pub to: Vec<String>,
    /// The recipients of copies.
    pub cc: Vec<String>,
    /// The recipients of blind copies.
    pub bcc: Vec<String>,
    /// The addresses that it would go to, where `--redirect-to` sends it elsewhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub original_to: Vec<String>,
    /// The subject.
    pub subject: String,
    /// The names of the attachments.
    pub attachments: Vec<String>,
    /// Bytes, before SMTP stuffs its dots.
    pub size: u64,
    /// The Message-ID.
    pub message_id: String,
}

/// A recipient that a server refused.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RefusalJson {
    /// The address.
    pub address: String,
    /// The reply on one line, code first.
    pub reply: String,
}

/// A message as it came over SMTP.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CapturedJson {
    /// The address of `MAIL FROM`.
    pub sender: String,
    /// The addresses of `RCPT TO`, in order.
    pub recipients: Vec<String>,
    /// The message, with its CR LF line ends.
    pub message: String,
}

/// How many tasks ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RunSummary {
    /// Taken for every recipient.
    pub sent: usize,
    /// Taken for some recipients.
    pub partial: usize,
    /// Taken or not: nobody knows.
    pub unknown: usize,
    /// Written into the outbox.
    pub written: usize,
    /// Captured.
    pub captured: usize,
    /// Composed, and not to go anywhere.
    pub planned: usize,
    /// Not tried.
    pub skipped: usize,
    /// Failed.
    pub failed: usize,
    /// Done by a former run, and in none of the other numbers.
    #[serde(skip_serializing_if = "is_zero")]
    pub earlier: usize,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl RunSummary {
    /// Counts one more task.
    pub fn count(&mut self, task: &TaskOutcome) {
        *match task.status {
            _ if task.earlier => &mut self.earlier,
            TaskStatus::Sent => &mut self.sent,
            TaskStatus::Partial => &mut self.partial,
            TaskStatus::Unknown => &mut self.unknown,
            TaskStatus::Written => &mut self.written,
            TaskStatus::Captured => &mut self.captured,
            TaskStatus::Planned => &mut self.planned,
            TaskStatus::Idle | TaskStatus::Skipped => &mut self.skipped,
            TaskStatus::Failed => &mut self.failed,
        } += 1;
    }
}

/// A report that is written while tasks end, so that none is kept; and so that what a run that is killed has done is
/// on the disk.
pub struct Streamed<'o> {
    out: &'o mut dyn Write,
    is_first: bool,
}

impl<'o> Streamed<'o> {
    /// Writes the beginning.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    pub fn begin(out: &'o mut dyn Write) -> io::Result<Streamed<'o>> {
        write!(out, "{{\n  \"schema\": \"{SCHEMA}\",\n  \"tasks\": [")?;
        out.flush()?;
        Ok(Streamed {
            out,
            is_first: true,
        })
    }

    /// Writes a task.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    pub fn task(&mut self, task: &TaskOutcome) -> io::Result<()> {
        self.out.write_all(match self.is_first {
            true => b"\n    ".as_slice(),
            false => b",\n    ",
        })?;
        self.is_first = false;
        write_indented(self.out, "    ", &RunTask::from(task))?;
        self.out.flush()
    }

    /// Writes the rest.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    pub fn end(self, errors: &[ReadError], summary: &RunSummary) -> io::Result<()> {
        let end = if self.is_first { "]" } else { "\n  ]" };
        writeln!(self.out, "{end},")?;
        if !errors.is_empty() {
            let errors: Vec<ErrorJson> = errors.iter().map(ErrorJson::from).collect();
            write!(self.out, "  \"errors\": ")?;
            write_indented(self.out, "  ", &errors)?;
            writeln!(self.out, ",")?;
        }
        write!(self.out, "  \"summary\": ")?;
        write_indented(self.out, "  ", summary)?;
        writeln!(self.out, "\n}}")?;
        self.out.flush()
    }
}

/// Writes a value as it stands inside of others. No text holds a line break in JSON, so that every one is between.
fn write_indented(out: &mut dyn Write, indent: &str, value: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_string_pretty(value)?;
    write!(out, "{}", text.replace('\n', &format!("\n{indent}")))
}

/// The word for a status in reports.
pub fn status(status: TaskStatus) -> &'static str {
    match status {
        TaskStatus::Sent => "sent",
        TaskStatus::Partial => "partial",
        TaskStatus::Unknown => "unknown",
        TaskStatus::Written => "written",
        TaskStatus::Captured => "captured",
        TaskStatus::Planned => "planned",
        TaskStatus::Idle | TaskStatus::Skipped => "skipped",
        TaskStatus::Failed => "failed",
    }
}

/// The word for the protection of a connection in reports.
pub fn tls(mode: TlsMode) -> &'static str {
    match mode {
        TlsMode::None => "none",
        TlsMode::StartTls => "starttls",
        TlsMode::Implicit => "implicit",
    }
}

/// The word for how a connection was signed in.
pub fn auth(authentication: Authentication) -> &'static str {
    authentication.name()
}

impl From<&TaskOutcome> for RunTask {
    fn from(task: &TaskOutcome) -> RunTask {
        RunTask {
            path: task.path.clone(),
            file: task.file.to_string(),
            status: status(task.status),
            reason: task.reason.clone(),
            cause: task.cause.map(Cause::name),
            earlier: task.earlier,
            code: task.code.map(|code| code.to_string()),
            symbol: task.code.map(|code| code.symbol),
            message: task.message.as_ref().map(MessageJson::from),
            server: task.server.clone(),
            tls: task.tls.map(tls),
            auth: task.auth.map(auth),
            accepted: task.accepted.clone(),
            refused: task
                .refused
                .iter()
                .map(|refusal| RefusalJson {
                    address: refusal.address.clone(),
                    reply: refusal.reply.clone(),
                })
                .collect(),
            overridden: task.overridden.clone(),
            notes: task.notes.clone(),
            eml: task
                .eml
                .as_ref()
                .map(|path| path.to_string_lossy().into_owned()),
            captured: task.captured.as_ref().map(CapturedJson::from),
            duration_ms: u64::try_from(task.duration.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

impl From<&MessageFacts> for MessageJson {
    fn from(message: &MessageFacts) -> MessageJson {
        MessageJson {
            from: message.from.clone(),
            to: message.to.clone(),
            cc: message.cc.clone(),
            bcc: message.bcc.clone(),
            original_to: message.original_to.clone(),
            subject: message.subject.clone(),
            attachments: message.attachments.clone(),
            size: message.size,
            message_id: message.message_id.clone(),
        }
    }
}

impl From<&CapturedText> for CapturedJson {
    fn from(captured: &CapturedText) -> CapturedJson {
        CapturedJson {
            sender: captured.sender.clone(),
            recipients: captured.recipients.clone(),
            message: captured.message.clone(),
        }
    }
}
