//! Takes composed messages to a server, to the capture inside the process, or to a folder.
//!
//! ```text
//! Session ── Wire ── TCP or TLS     one server, several messages
//! Capture                           a server inside the process that keeps what it gets
//! Outbox                            files
//! ```

mod capabilities;
mod capture;
mod data;
mod fault;
mod outbox;
mod outcome;
mod pace;
mod probe;
mod reply;
mod retry;
mod session;
mod sign_in;
mod tls;
mod trace;
mod wire;

use std::time::Duration;

use super::auth::SignIn;

pub use capabilities::Capabilities;
pub use capture::{Capture, Captured};
pub use fault::{Fault, FaultKind, Step};
pub use outbox::{Outbox, OutboxError, Written};
pub use outcome::{Authentication, Outcome, Refusal, Status};
pub(super) use pace::Pacer;
pub use pace::{Pace, PaceError};
pub use probe::{Certificate, Offer, Probe, ProbeFault, Probed, TlsVersion, Trust};
pub use reply::{LONGEST_LINE, MOST_LINES, Reply, ReplyProblem};
pub use retry::Retries;
pub use session::{Proof, Session, Until, hello_name};
pub use trace::{Trace, Traced};
pub use wire::{Deadline, Wire};

/// A mail server, and how it is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// A name or an address; looked up as it stands.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: TlsMode,
    /// The name that the certificate must be for, when it is not `host`.
    pub tls_name: Option<String>,
    /// Certificates of authorities in PEM form that are trusted besides the system's.
    pub extra_ca: Option<Vec<u8>>,
    /// Whom the package signs in.
    pub identity: Identity,
    /// Who signs in, as it was given.
    pub sign_in: SignIn,
}

impl Server {
    /// A server without protection, anonymously.
    pub fn new(host: impl Into<String>, port: u16) -> Server {
        Server {
            host: host.into(),
            port,
            tls: TlsMode::None,
            tls_name: None,
            extra_ca: None,
            identity: Identity::Anonymous,
            sign_in: SignIn::default(),
        }
    }
}

/// How a connection is protected. There is no "if offered": that protects from nobody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TlsMode {
    /// Not at all, even where STARTTLS is offered, as with .NET.
    #[default]
    None,
    /// STARTTLS, demanded; what `EnableSsl=True` asks for.
    StartTls,
    /// TLS from the first byte, usually on port 465.
    Implicit,
}

/// Whom a package signs in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Identity {
    /// Nobody.
    #[default]
    Anonymous,
    /// The Windows account of its process, where the server offers a mechanism for it; nobody where it offers none,
    /// as with .NET.
    WindowsAccount,
}

/// How long a delivery may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Everything until the answer to the message, the connection included where one is made.
    pub delivery: Duration,
    /// The farewell, which nothing depends on.
    pub quit: Duration,
}

impl Default for Timeouts {
    /// The 100 seconds of `SmtpClient.Timeout`.
    fn default() -> Self {
        Timeouts {
            delivery: Duration::from_secs(100),
            quit: Duration::from_secs(2),
        }
    }
}
