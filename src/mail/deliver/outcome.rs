//! What became of a message.

use super::TlsMode;
use crate::mail::auth::Mechanism;

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// The server took it for every recipient.
    Sent,
    /// The server took it, but refused some recipients.
    Partial,
    /// The server may or may not have it: the final dot went out and was not answered. Sending it again may deliver
    /// it twice.
    Unknown,
    /// The server has not taken it.
    Failed,
}

/// A recipient that the server refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The address.
    pub address: String,
    /// The server's reply on one line, code first.
    pub reply: String,
}

/// How the connection was signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Authentication {
    /// Not at all.
    Anonymous,
    /// By this mechanism.
    Signed(Mechanism),
}

impl Authentication {
    /// The word for it in reports.
    pub fn name(self) -> &'static str {
        match self {
            Authentication::Anonymous => "anonymous",
            Authentication::Signed(mechanism) => mechanism.name(),
        }
    }
}

/// One delivery, as it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What became of the message.
    pub status: Status,
    /// The recipients that the server took the message for. With [`Status::Unknown`] those that it may have taken it
    /// for; empty with [`Status::Failed`].
    pub accepted: Vec<String>,
    /// The recipients that the server refused.
    pub refused: Vec<Refusal>,
    /// How the connection was protected; `None` when there was none, or its protection failed.
    pub tls: Option<TlsMode>,
    /// How it was signed in; `None` when it did not come to that.
    pub auth: Option<Authentication>,
    /// Why it is not [`Status::Sent`].
    pub reason: Option<String>,
    /// The code of the reply that decided, where one did.
    pub reply_code: Option<u16>,
    /// Whether another attempt may help: the server refused for the time being, or the connection was lost.
    pub temporary: bool,
    /// What else there is to say, such as that Windows authentication was asked for and not offered.
    pub notes: Vec<String>,
}

impl Outcome {
    pub(in crate::mail) fn not_tried(reason: &str) -> Outcome {
        Outcome {
            status: Status::Failed,
            accepted: Vec::new(),
            refused: Vec::new(),
            tls: None,
            auth: None,
            reason: Some(reason.to_owned()),
            reply_code: None,
            temporary: false,
            notes: Vec::new(),
        }
    }
}
