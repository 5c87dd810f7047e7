//! What became of a task, as plain data for reports.

use std::path::PathBuf;
use std::time::Duration;

use crate::project::Label;

use super::codes::Code;
use super::deliver::{Authentication, Refusal, TlsMode};

/// What became of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaskStatus {
    /// The server took the message for every recipient.
    Sent,
    /// It took it, but refused some recipients.
    Partial,
    /// It may or may not have taken it.
    Unknown,
    /// The message lies in the outbox.
    Written,
    /// The message came over SMTP into this process, as it was composed.
    Captured,
    /// The message could go.
    Planned,
    /// Nothing was tried, and SSIS would not have either.
    Idle,
    /// Nothing was tried, as it is not known what would be sent.
    Skipped,
    /// It has not gone.
    Failed,
}

/// A task, as it ended.
#[derive(Clone, Debug)]
pub struct TaskOutcome {
    /// Its property path.
    pub path: String,
    /// The file that holds it.
    pub file: Label,
    /// What became of it.
    pub status: TaskStatus,
    /// Why, where it did not go as it should.
    pub reason: Option<String>,
    /// The code under which dtexec would fail.
    pub code: Option<Code>,
    /// What the message is, where it could be composed.
    pub message: Option<MessageFacts>,
    /// The server, `HOST:PORT`, where one is involved.
    pub server: Option<String>,
    /// How the connection was protected, or would be.
    pub tls: Option<TlsMode>,
    /// How it was signed in.
    pub auth: Option<Authentication>,
    /// The recipients that the message was taken for.
    pub accepted: Vec<String>,
    /// Those that it was not taken for.
    pub refused: Vec<Refusal>,
    /// The paths of the properties whose value was given.
    pub overridden: Vec<String>,
    /// What else there is to say.
    pub notes: Vec<String>,
    /// The file in the outbox.
    pub eml: Option<PathBuf>,
    /// What was captured.
    pub captured: Option<CapturedText>,
    /// How long it took.
    pub duration: Duration,
    /// Whether the outbox could not be written.
    pub unwritten: bool,
    /// Whether a former run has done it, so that this one has not.
    pub earlier: bool,
    /// What kind of reason it is that it did not go, where nothing was sent to a server.
    pub cause: Option<Cause>,
}

/// The kind of a reason, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The task, or something around it, is switched off.
    Disabled,
    /// The task runs only when an event is raised.
    Event,
    /// A value is only assumed: a task sets it that is not run.
    Assumed,
    /// A value is not known.
    Unknown,
    /// The mail would hold a secret.
    Sensitive,
    /// dtexec would not run the task either: the package is wrong, or something that it names is not there.
    Invalid,
    /// The message cannot be composed.
    NotComposed,
    /// It must not go where it would go.
    NotAllowed,
}

impl Cause {
    /// The word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Cause::Disabled => "disabled",
            Cause::Event => "event",
            Cause::Assumed => "assumed",
            Cause::Unknown => "unknown",
            Cause::Sensitive => "sensitive",
            Cause::Invalid => "invalid",
            Cause::NotComposed => "not-composed",
            Cause::NotAllowed => "not-allowed",
        }
    }
}

/// What there is to say of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageFacts {
    /// The sender, with the display name.
    pub from: String,
    /// The recipients of each line.
    pub to: Vec<String>,
    /// As `to`.
    pub cc: Vec<String>,
    /// As `to`.
    pub bcc: Vec<String>,
    /// The addresses that it would go to, where it was redirected.
    pub original_to: Vec<String>,
    /// The subject, secrets masked.
    pub subject: String,
    /// The names of the attachments.
    pub attachments: Vec<String>,
    /// Bytes of the message.
    pub size: u64,
    /// The Message-ID, with its angle brackets.
    pub message_id: String,
}

/// A message that came over SMTP as it was composed, as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapturedText {
    /// The address of `MAIL FROM`.
    pub sender: String,
    /// The addresses of `RCPT TO`, in order.
    pub recipients: Vec<String>,
    /// The message with its CR LF line ends, secrets masked.
    pub message: String,
}
