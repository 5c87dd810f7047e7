//! How a delivery breaks.

use std::fmt;
use std::io;
use std::time::Duration;

use super::reply::{Reply, ReplyProblem};
use crate::source::visible;

/// What was being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Looking up the server's name.
    Resolve,
    /// Opening the TCP connection.
    Connect,
    /// Waiting for the server's greeting.
    Greeting,
    /// `EHLO`.
    Ehlo,
    /// `HELO`, for servers that know no `EHLO`.
    Helo,
    /// `STARTTLS`.
    StartTls,
    /// The TLS handshake.
    Handshake,
    /// `AUTH`, and what it takes to its end.
    Auth,
    /// `MAIL FROM`.
    Mail,
    /// `RCPT TO`.
    Rcpt,
    /// `DATA`.
    Data,
    /// The message itself, before its final dot.
    Message,
    /// The answer to the final dot.
    FinalDot,
    /// `RSET`.
    Rset,
    /// `QUIT`.
    Quit,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Step::Resolve => "looking up the server's name",
            Step::Connect => "connecting",
            Step::Greeting => "waiting for the greeting",
            Step::Ehlo => "`EHLO`",
            Step::Helo => "`HELO`",
            Step::StartTls => "`STARTTLS`",
            Step::Handshake => "the TLS handshake",
            Step::Auth => "`AUTH`",
            Step::Mail => "`MAIL FROM`",
            Step::Rcpt => "`RCPT TO`",
            Step::Data => "`DATA`",
            Step::Message => "sending the message",
            Step::FinalDot => "waiting for the answer to the message",
            Step::Rset => "`RSET`",
            Step::Quit => "`QUIT`",
        })
    }
}

/// A step that failed, and why.
#[derive(Debug, thiserror::Error)]
#[error("{step}: {kind}")]
pub struct Fault {
    /// The step.
    pub step: Step,
    /// Why.
    pub kind: FaultKind,
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub enum FaultKind {
    /// The deadline of the delivery passed.
    #[error("no answer within the {} of the whole delivery", seconds(.0))]
    Timeout(Duration),
    /// The server ended the connection.
    #[error("the server closed the connection")]
    Closed,
    /// The system says something else.
    #[error("{0}")]
    Io(io::Error),
    /// The name stands for no address.
    #[error("`{}` has no address", visible(.0))]
    NoAddress(String),
    /// What came is no reply.
    #[error("{0}")]
    NoReply(#[from] ReplyProblem),
    /// A reply with a code that this step does not take.
    #[error("the server answered {0}")]
    Refused(Reply),
    /// Bytes that no command asked for: somebody answers ahead, or somebody else does.
    #[error("`{}` came before it was asked for; the connection was ended", visible(.0))]
    Unsolicited(String),
    /// A command with a line break or a NUL in it; it was not sent.
    #[error("a command cannot hold a line break or a NUL")]
    Command,
    /// TLS does not come about.
    #[error("{0}")]
    Tls(String),
    /// The message itself could not be read to its end; the server has not got the final dot.
    #[error("the message could not be read to its end: {0}")]
    Source(io::Error),
}

impl FaultKind {
    pub(super) fn at(self, step: Step) -> Fault {
        Fault { step, kind: self }
    }
}

impl Fault {
    /// Whether the server may have taken the message all the same: its final dot went out, and no refusal came back.
    pub fn fate_is_unknown(&self) -> bool {
        let refused = matches!(&self.kind, FaultKind::Refused(reply) if reply.code >= 400);
        self.step == Step::FinalDot && !refused
    }

    /// Whether the connection was lost, or refused for the time being, so that another may do better.
    pub(super) fn is_loss(&self) -> bool {
        match &self.kind {
            FaultKind::Closed => true,
            FaultKind::Io(_) => self.step != Step::Resolve,
            FaultKind::Refused(reply) => (400..500).contains(&reply.code),
            _ => false,
        }
    }

    /// The code of the reply that ended it.
    pub(super) fn reply_code(&self) -> Option<u16> {
        match &self.kind {
            FaultKind::Refused(reply) => Some(reply.code),
            _ => None,
        }
    }
}

fn seconds(duration: &Duration) -> String {
    if duration.subsec_millis() == 0 && duration.as_secs() > 0 {
        format!("{} s", duration.as_secs())
    } else {
        format!("{} ms", duration.as_millis())
    }
}
