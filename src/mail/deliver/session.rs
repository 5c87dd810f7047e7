//! A server and the messages for it: one connection, reused from message to message.

mod prove;

use std::io::Read;
use std::sync::Arc;

use rustls::ClientConfig;

use super::capabilities::Capabilities;
use super::fault::{Fault, FaultKind, Step};
use super::outcome::{Authentication, Outcome, Refusal, Status};
use super::reply::Reply;
use super::tls;
use super::wire::{Deadline, Wire};
use super::{Identity, Server, Timeouts, TlsMode};
use crate::host::Environment;
use crate::mail::Envelope;

pub use prove::{Proof, Until};

/// The messages of one run for one server.
#[derive(Debug)]
pub struct Session {
    server: Server,
    hello: String,
    timeouts: Timeouts,
    tls_config: Option<Arc<ClientConfig>>,
    connection: Option<Connection>,
    /// What the server was found to do without a mail, and how far it was asked.
    proved: Option<(Until, Proof)>,
}

#[derive(Debug)]
struct Connection {
    wire: Wire,
    offered: Capabilities,
    /// How it is signed in, or why nothing can be sent over it.
    auth: Result<Authentication, String>,
    notes: Vec<String>,
    /// Whether a message went over it before.
    used: bool,
}

/// What a delivery has come to so far.
#[derive(Default)]
struct Progress {
    tls: Option<TlsMode>,
    auth: Option<Authentication>,
    accepted: Vec<String>,
    refused: Vec<Refusal>,
    notes: Vec<String>,
}

/// Why a message has not gone.
enum Stop {
    /// The connection may not be used further.
    Broken(Fault),
    /// It may.
    Refused {
        reason: String,
        reply_code: Option<u16>,
    },
}

impl Stop {
    fn refused(reason: String) -> Stop {
        Stop::Refused {
            reason,
            reply_code: None,
        }
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Stop {
        Stop::Broken(fault)
    }
}

impl Session {
    /// Nothing is connected before the first message. `hello` is how this machine introduces itself, see
    /// [`hello_name`].
    pub fn new(server: Server, hello: String, timeouts: Timeouts) -> Session {
        Session {
            server,
            hello,
            timeouts,
            tls_config: None,
            connection: None,
            proved: None,
        }
    }

    /// Delivers one message of `size` bytes, within [`Timeouts::delivery`].
    ///
    /// Some recipients refused: it goes to the others, as with System.Net.Mail. No way back after the final dot: what
    /// is not answered then is [`Status::Unknown`].
    pub fn deliver(&mut self, envelope: &Envelope, size: u64, message: &mut dyn Read) -> Outcome {
        let deadline = Deadline::after(self.timeouts.delivery);
        let mut progress = Progress::default();
        let mut stop = match self.attempt(envelope, size, message, deadline, &mut progress) {
            Ok(()) => return sent(progress),
            Err(stop) => stop,
        };
        if self.went_stale(&stop) {
            // A server may close a connection that waits between messages. Nothing of this one has gone.
            self.connection = None;
            progress = Progress::default();
            stop = match self.attempt(envelope, size, message, deadline, &mut progress) {
                Ok(()) => return sent(progress),
                Err(stop) => stop,
            };
        }
        if matches!(stop, Stop::Broken(_)) {
            self.connection = None;
        }
        not_sent(stop, progress)
    }

    /// Says goodbye where there is somebody to say it to. The connection is closed in any case.
    pub fn quit(&mut self) {
        if let Some(mut connection) = self.connection.take() {
            connection
                .wire
                .set_deadline(Deadline::after(self.timeouts.quit));
            // Every message has had its answer; this one changes nothing.
            let _ = connection.wire.command(Step::Quit, "QUIT", &[221]);
        }
    }

    fn attempt(
        &mut self,
        envelope: &Envelope,
        size: u64,
        message: &mut dyn Read,
        deadline: Deadline,
        progress: &mut Progress,
    ) -> Result<(), Stop> {
        if self.connection.is_none() {
            self.connection = Some(self.connect(deadline)?);
        }
        let Some(connection) = &mut self.connection else {
            return Err(Stop::refused("there is no connection".to_owned()));
        };
        connection.wire.set_deadline(deadline);
        progress.tls = Some(self.server.tls);
        progress.notes.clone_from(&connection.notes);
        match &connection.auth {
            Ok(auth) => progress.auth = Some(*auth),
            Err(reason) => return Err(Stop::refused(reason.clone())),
        }
        let result = connection.transact(envelope, size, message, progress);
        if !matches!(result, Err(Stop::Broken(_))) {
            connection.used = true;
        }
        result
    }

    fn connect(&mut self, deadline: Deadline) -> Result<Connection, Fault> {
        let server = &self.server;
        let mut wire = Wire::connect(&server.host, server.port, deadline)?;
        if server.tls == TlsMode::Implicit {
            wire = wire.handshake(self.certificate_name()?, self.tls_config()?)?;
        }
        wire.greeting()?;
        let mut offered = self.hello(&mut wire)?;
        if self.server.tls == TlsMode::StartTls {
            if !offered.starttls {
                let text = "TLS is demanded, and the server does not offer STARTTLS: Server does not support \
                            secure connections.";
                return Err(FaultKind::Tls(text.to_owned()).at(Step::StartTls));
            }
            wire = wire.starttls(self.certificate_name()?, self.tls_config()?)?;
            // What was offered in clear may be anybody's.
            offered = self.hello(&mut wire)?;
        }
        let mut notes = Vec::new();
        let auth = authenticate(self.server.identity, &offered, &mut notes);
        Ok(Connection {
            wire,
            offered,
            auth,
            notes,
            used: false,
        })
    }

    fn hello(&self, wire: &mut Wire) -> Result<Capabilities, Fault> {
        match wire.command(Step::Ehlo, &format!("EHLO {}", self.hello), &[250]) {
            Ok(reply) => Ok(Capabilities::parse(&reply)),
            Err(Fault {
                kind: FaultKind::Refused(reply),
                ..
            }) if matches!(reply.code, 500..=504) => {
                wire.command(Step::Helo, &format!("HELO {}", self.hello), &[250])?;
                Ok(Capabilities::default())
            }
            Err(fault) => Err(fault),
        }
    }

    fn certificate_name(&self) -> Result<rustls::pki_types::ServerName<'static>, Fault> {
        let name = self.server.tls_name.as_ref().unwrap_or(&self.server.host);
        tls::server_name(name).map_err(|text| FaultKind::Tls(text).at(Step::Handshake))
    }

    fn tls_config(&mut self) -> Result<Arc<ClientConfig>, Fault> {
        if let Some(config) = &self.tls_config {
            return Ok(Arc::clone(config));
        }
        let config = tls::client_config(self.server.extra_ca.as_deref())
            .map_err(|text| FaultKind::Tls(text).at(Step::Handshake))?;
        self.tls_config = Some(Arc::clone(&config));
        Ok(config)
    }

    /// Whether the server had given up a connection that was used before, so that the message can have another.
    fn went_stale(&self, stop: &Stop) -> bool {
        let used = self.connection.as_ref().is_some_and(|it| it.used);
        let Stop::Broken(fault) = stop else {
            return false;
        };
        used && fault.step == Step::Mail
            && match &fault.kind {
                FaultKind::Closed => true,
                FaultKind::Refused(reply) => reply.closes(),
                FaultKind::Unsolicited(text) => text.starts_with("421"),
                _ => false,
            }
    }
}

impl Connection {
    fn transact(
        &mut self,
        envelope: &Envelope,
        size: u64,
        message: &mut dyn Read,
        progress: &mut Progress,
    ) -> Result<(), Stop> {
        let mail = self.mail_command(envelope, size)?;
        if let Err(reply) = self.ask(Step::Mail, &mail, &[250])? {
            return Err(Stop::Refused {
                reason: format!(
                    "the server refused the sender `{}`: {reply}",
                    envelope.sender
                ),
                reply_code: Some(reply.code),
            });
        }
        for recipient in &envelope.recipients {
            match self.ask(Step::Rcpt, &format!("RCPT TO:<{recipient}>"), &[250, 251])? {
                Ok(_) => progress.accepted.push(recipient.clone()),
                Err(reply) => progress.refused.push(Refusal {
                    address: recipient.clone(),
                    reply: reply.to_string(),
                }),
            }
        }
        if progress.accepted.is_empty() {
            self.reset()?;
            return Err(nobody(&progress.refused));
        }
        match self.wire.data(message) {
            Ok(_) => Ok(()),
            // The server refuses the message, and may be spoken to again.
            Err(Fault {
                step: step @ (Step::Data | Step::FinalDot),
                kind: FaultKind::Refused(reply),
            }) if reply.code >= 400 && !reply.closes() => {
                if step == Step::Data {
                    self.reset()?;
                }
                Err(Stop::Refused {
                    reason: format!("the server refused the message: {reply}"),
                    reply_code: Some(reply.code),
                })
            }
            Err(fault) => Err(fault.into()),
        }
    }

    /// `MAIL FROM` with the parameters that the server offers, unless it cannot take the message.
    fn mail_command(&self, envelope: &Envelope, size: u64) -> Result<String, Stop> {
        let mut command = format!("MAIL FROM:<{}>", envelope.sender);
        match self.offered.size {
            Some(Some(limit)) if size > limit => {
                return Err(Stop::refused(format!(
                    "the message has {size} bytes, and the server takes at most {limit}"
                )));
            }
            Some(_) => command.push_str(&format!(" SIZE={size}")),
            None => {}
        }
        if envelope.smtputf8 {
            if !(self.offered.smtputf8 && self.offered.eight_bit_mime) {
                return Err(Stop::refused(
                    "an address has characters outside ASCII before its `@`, and the server does not offer SMTPUTF8"
                        .to_owned(),
                ));
            }
            command.push_str(" BODY=8BITMIME SMTPUTF8");
        }
        Ok(command)
    }

    /// Sends a command that may be refused without harm to the connection.
    fn ask(
        &mut self,
        step: Step,
        line: &str,
        wanted: &[u16],
    ) -> Result<Result<Reply, Reply>, Fault> {
        match self.wire.command(step, line, wanted) {
            Ok(reply) => Ok(Ok(reply)),
            Err(Fault {
                kind: FaultKind::Refused(reply),
                ..
            }) if reply.code >= 400 && !reply.closes() => Ok(Err(reply)),
            Err(fault) => Err(fault),
        }
    }

    /// Forgets the transaction.
    fn reset(&mut self) -> Result<(), Fault> {
        self.wire.command(Step::Rset, "RSET", &[250]).map(|_| ())
    }
}

fn authenticate(
    identity: Identity,
    offered: &Capabilities,
    notes: &mut Vec<String>,
) -> Result<Authentication, String> {
    match identity {
        Identity::Anonymous => Ok(Authentication::Anonymous),
        Identity::WindowsAccount => {
            let mechanisms = offered.windows_mechanisms();
            if mechanisms.is_empty() {
                notes.push(
                    "Windows authentication is asked for and the server does not offer it: anonymous"
                        .to_owned(),
                );
                return Ok(Authentication::Anonymous);
            }
            Err(format!(
                "Windows authentication is asked for and the server offers it ({}), but this version cannot \
                 authenticate: `--auth anonymous` tries without",
                mechanisms.join(", ")
            ))
        }
    }
}

fn nobody(refused: &[Refusal]) -> Stop {
    let reason = match refused {
        [only] => format!("the server refused `{}`: {}", only.address, only.reply),
        [first, ..] => format!(
            "the server refused all {} recipients, the first with {}",
            refused.len(),
            first.reply
        ),
        [] => "there is no recipient".to_owned(),
    };
    let reply_code = refused
        .first()
        .and_then(|first| first.reply.get(..3)?.parse().ok());
    Stop::Refused { reason, reply_code }
}

fn sent(progress: Progress) -> Outcome {
    let (status, reason) = if progress.refused.is_empty() {
        (Status::Sent, None)
    } else {
        // All of them stand in `refused`.
        let list: Vec<String> = progress
            .refused
            .iter()
            .take(5)
            .map(|it| format!("`{}` ({})", it.address, it.reply))
            .collect();
        let (refused, accepted) = (progress.refused.len(), progress.accepted.len());
        let more = if refused > list.len() { ", …" } else { "" };
        let reason = format!(
            "the server refused {refused} of {} recipients: {}{more}",
            refused + accepted,
            list.join(", ")
        );
        (Status::Partial, Some(reason))
    };
    outcome(status, reason, None, progress)
}

fn not_sent(stop: Stop, mut progress: Progress) -> Outcome {
    let (status, reason, reply_code) = match stop {
        Stop::Refused { reason, reply_code } => (Status::Failed, reason, reply_code),
        Stop::Broken(fault) if fault.fate_is_unknown() => {
            let reason = format!("{fault}; the server may or may not have taken the message");
            (Status::Unknown, reason, None)
        }
        Stop::Broken(fault) => (Status::Failed, fault.to_string(), fault.reply_code()),
    };
    if status == Status::Failed {
        progress.accepted.clear();
    }
    outcome(status, Some(reason), reply_code, progress)
}

fn outcome(
    status: Status,
    reason: Option<String>,
    reply_code: Option<u16>,
    progress: Progress,
) -> Outcome {
    Outcome {
        status,
        accepted: progress.accepted,
        refused: progress.refused,
        tls: progress.tls,
        auth: progress.auth,
        reason,
        reply_code,
        notes: progress.notes,
    }
}

/// How this machine introduces itself, as .NET does: its name in ASCII, what else stands in it left out; `localhost`
/// where nothing is left.
pub fn hello_name(environment: &dyn Environment) -> String {
    let name = environment.host_name().unwrap_or_default();
    let name = if name.is_ascii() {
        name
    } else {
        idna::domain_to_ascii(&name).unwrap_or(name)
    };
    let name: String = name
        .chars()
        .filter(|character| character.is_ascii_alphanumeric() || matches!(character, '-' | '.'))
        .take(255)
        .collect();
    let name = name.trim_matches(['-', '.']);
    if name.is_empty() {
        "localhost".to_owned()
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Named(Option<&'static str>);

    impl Environment for Named {
        fn variable(&self, _: &str) -> Option<String> {
            None
        }

        fn host_name(&self) -> Option<String> {
            self.0.map(str::to_owned)
        }
    }

    #[test]
    fn the_machine_introduces_itself_in_ascii() {
        for (name, hello) in [
            (Some("ETL01"), "ETL01"),
            (Some("bücher.example"), "xn--bcher-kva.example"),
            (Some("my_host"), "myhost"),
            (Some("a\r\nMAIL FROM:<x>"), "aMAILFROMx"),
            (Some("___"), "localhost"),
            (None, "localhost"),
        ] {
            assert_eq!(hello_name(&Named(name)), hello);
        }
    }
}
