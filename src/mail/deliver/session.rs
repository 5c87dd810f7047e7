//! A server and the messages for it: one connection, reused from message to message.

mod prove;

use std::fmt;
use std::io::Read;
use std::sync::Arc;

use rustls::ClientConfig;

use super::capabilities::Capabilities;
use super::fault::{Fault, FaultKind, Step};
use super::outcome::{Authentication, Outcome, Refusal, Status};
use super::reply::Reply;
use super::retry::Retries;
use super::sign_in::{NotSignedIn, sign_in};
use super::tls;
use super::trace::{Trace, Traced};
use super::wire::{Deadline, Wire};
use super::{Server, Timeouts, TlsMode};
use crate::host::Environment;
use crate::mail::Envelope;
use crate::source::visible;

pub use prove::{Proof, Until};

/// The messages of one run for one server.
pub struct Session {
    server: Server,
    hello: String,
    timeouts: Timeouts,
    retries: Retries,
    trace: Option<Trace>,
    tls_config: Option<Arc<ClientConfig>>,
    connection: Option<Connection>,
    /// What the server was found to do without a mail, and how far it was asked.
    proved: Option<(Until, Proof)>,
    /// Why no further message needs to try: nobody answers there, or the account was refused.
    hopeless: Option<Hopeless>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
enum Hopeless {
    /// The server could not be reached.
    Unreachable(String),
    /// It refused the account. Another try would bring the account nearer to being locked.
    NotSignedIn(NotSignedIn),
}

#[derive(Debug)]
struct Connection {
    wire: Wire,
    offered: Capabilities,
    /// How it is signed in, or why nothing can be sent over it.
    auth: Result<Authentication, NotSignedIn>,
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
            retries: Retries::NONE,
            trace: None,
            tls_config: None,
            connection: None,
            proved: None,
            hopeless: None,
        }
    }

    /// With further attempts, see [`Session::deliver_persistently`].
    #[must_use]
    pub fn with_retries(self, retries: Retries) -> Session {
        Session { retries, ..self }
    }

    /// Showing the dialogue.
    #[must_use]
    pub fn with_trace(self, trace: Option<Trace>) -> Session {
        Session { trace, ..self }
    }

    /// Delivers one message as [`Session::deliver`] does, and again what was refused for the time being or lost with
    /// the connection, as often as the session's [`Retries`] say; each attempt has [`Timeouts::delivery`]. Recipients
    /// that have it do not get it again, and nothing is tried again whose fate is unknown. `open` gives the message
    /// from its beginning.
    pub fn deliver_persistently<'m>(
        &mut self,
        envelope: &Envelope,
        size: u64,
        open: &mut dyn FnMut() -> Box<dyn Read + 'm>,
    ) -> Outcome {
        let mut outcome = self.deliver(envelope, size, &mut *open());
        let mut failed = 1;
        while let Some(pause) = self.retries.pause(failed) {
            let Some(again) = worth_another(&outcome, envelope) else {
                break;
            };
            if let Some(trace) = &self.trace {
                let text = format!("trying again in {} ms", pause.as_millis());
                trace(Traced::Event(&text));
            }
            std::thread::sleep(pause);
            self.hopeless = None;
            let next = self.deliver(&again, size, &mut *open());
            outcome = joined(outcome, next, &again);
            failed += 1;
        }
        if failed > 1 {
            outcome.notes.push(format!("tried {failed} times"));
        }
        outcome
    }

    /// Delivers one message of `size` bytes, within [`Timeouts::delivery`].
    ///
    /// Some recipients refused: it goes to the others, as with System.Net.Mail. No way back after the final dot: what
    /// is not answered then is [`Status::Unknown`].
    pub fn deliver(&mut self, envelope: &Envelope, size: u64, message: &mut dyn Read) -> Outcome {
        let deadline = Deadline::after(self.timeouts.delivery);
        let mut progress = Progress::default();
        if let Some(stop) = self.hopeless.as_ref().map(Hopeless::stop) {
            return not_sent(stop, progress);
        }
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
        if let Stop::Broken(fault) = &stop {
            self.connection = None;
            if matches!(fault.step, Step::Resolve | Step::Connect) {
                self.hopeless = Some(Hopeless::Unreachable(fault.to_string()));
            }
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
            Err(why) => {
                let stop = why.stop();
                if why.reply_code.is_some_and(|code| code < 500) {
                    self.connection = None;
                } else {
                    self.hopeless = Some(Hopeless::NotSignedIn(why.clone()));
                }
                return Err(stop);
            }
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
        wire.show_to(self.trace.clone());
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
        let auth = sign_in(&mut wire, &offered, &self.server, &mut notes)?;
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
        if self.offered.pipelining {
            self.envelope_at_once(mail, envelope, progress)?;
        } else {
            self.envelope_line_by_line(&mail, envelope, progress)?;
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

    fn envelope_line_by_line(
        &mut self,
        mail: &str,
        envelope: &Envelope,
        progress: &mut Progress,
    ) -> Result<(), Stop> {
        let reply = self.ask(Step::Mail, mail, &[250])?;
        self.sender_is_taken(envelope, reply)?;
        for recipient in &envelope.recipients {
            let reply = self.ask(Step::Rcpt, &rcpt_command(recipient), &[250, 251])?;
            progress.answered(recipient, reply);
        }
        Ok(())
    }

    /// Sends the commands without waiting for each answer (RFC 2920), in portions whose answers fit into the buffers
    /// between the two. `DATA` waits for all answers: there must be a recipient that was taken.
    fn envelope_at_once(
        &mut self,
        mail: String,
        envelope: &Envelope,
        progress: &mut Progress,
    ) -> Result<(), Stop> {
        let mut mail = Some(mail);
        for recipients in envelope.recipients.chunks(PORTION) {
            let first = mail.take();
            let step = if first.is_some() {
                Step::Mail
            } else {
                Step::Rcpt
            };
            let has_mail = first.is_some();
            let rcpt = recipients.iter().map(|it| rcpt_command(it));
            let lines: Vec<String> = first.into_iter().chain(rcpt).collect();
            self.wire.commands(step, &lines)?;
            let sender = match has_mail {
                true => Some(taken(self.wire.answer(Step::Mail, &[250]))?),
                false => None,
            };
            for recipient in recipients {
                let reply = taken(self.wire.answer(Step::Rcpt, &[250, 251]))?;
                progress.answered(recipient, reply);
            }
            if let Some(reply) = sender {
                if reply.is_err() {
                    // What was said of recipients without a sender says nothing of them.
                    progress.accepted.clear();
                    progress.refused.clear();
                }
                self.sender_is_taken(envelope, reply)?;
            }
        }
        Ok(())
    }

    fn sender_is_taken(
        &self,
        envelope: &Envelope,
        reply: Result<Reply, Reply>,
    ) -> Result<(), Stop> {
        let Err(reply) = reply else {
            return Ok(());
        };
        let anonymous = matches!(self.auth, Ok(Authentication::Anonymous));
        let hint = match reply.code {
            530 if anonymous && !self.offered.auth.is_empty() => format!(
                "; it wants somebody to sign in, and offers {}",
                visible(&self.offered.auth.join(", "))
            ),
            530 if anonymous => "; it wants somebody to sign in".to_owned(),
            _ => String::new(),
        };
        Err(Stop::Refused {
            reason: format!(
                "the server refused the sender `{}`: {reply}{hint}",
                envelope.sender
            ),
            reply_code: Some(reply.code),
        })
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
        taken(self.wire.command(step, line, wanted))
    }

    /// Forgets the transaction.
    fn reset(&mut self) -> Result<(), Fault> {
        self.wire.command(Step::Rset, "RSET", &[250]).map(|_| ())
    }
}

impl Hopeless {
    fn stop(&self) -> Stop {
        match self {
            Hopeless::Unreachable(reason) => Stop::refused(format!(
                "the server could not be reached before and was not tried again: {reason}"
            )),
            Hopeless::NotSignedIn(why) => why.stop(),
        }
    }
}

impl NotSignedIn {
    fn stop(&self) -> Stop {
        Stop::Refused {
            reason: self.reason.clone(),
            reply_code: self.reply_code,
        }
    }
}

/// So many commands are sent before their answers are read.
const PORTION: usize = 100;

fn rcpt_command(recipient: &str) -> String {
    format!("RCPT TO:<{recipient}>")
}

/// A refusal that does no harm to the connection is no fault.
fn taken(reply: Result<Reply, Fault>) -> Result<Result<Reply, Reply>, Fault> {
    match reply {
        Ok(reply) => Ok(Ok(reply)),
        Err(Fault {
            kind: FaultKind::Refused(reply),
            ..
        }) if reply.code >= 400 && !reply.closes() => Ok(Err(reply)),
        Err(fault) => Err(fault),
    }
}

impl Progress {
    fn answered(&mut self, recipient: &str, reply: Result<Reply, Reply>) {
        match reply {
            Ok(_) => self.accepted.push(recipient.to_owned()),
            Err(reply) => self.refused.push(Refusal {
                address: recipient.to_owned(),
                reply: reply.to_string(),
            }),
        }
    }
}

/// For whom another attempt may help: for whom nothing was said that lasts.
fn worth_another(outcome: &Outcome, envelope: &Envelope) -> Option<Envelope> {
    let for_now = |refusal: &&Refusal| refusal.reply.starts_with('4');
    let recipients: Vec<String> = match outcome.status {
        Status::Sent | Status::Unknown => return None,
        // The accepted ones have it.
        Status::Partial => outcome
            .refused
            .iter()
            .filter(for_now)
            .map(|it| it.address.clone())
            .collect(),
        Status::Failed if outcome.temporary => {
            let lasting: Vec<&str> = outcome
                .refused
                .iter()
                .filter(|it| !for_now(it))
                .map(|it| it.address.as_str())
                .collect();
            let recipients = envelope.recipients.iter();
            recipients
                .filter(|it| !lasting.contains(&it.as_str()))
                .cloned()
                .collect()
        }
        Status::Failed => return None,
    };
    (!recipients.is_empty()).then(|| Envelope {
        recipients,
        ..envelope.clone()
    })
}

/// Two attempts as one outcome; the second was for `again` alone.
fn joined(first: Outcome, second: Outcome, again: &Envelope) -> Outcome {
    let mut joined = second;
    let mut accepted = first.accepted;
    accepted.append(&mut joined.accepted);
    joined.accepted = accepted;
    let tried_again = |it: &Refusal| again.recipients.contains(&it.address);
    // What the second attempt did not come to say of a recipient, the first has said.
    let (of_both, mut refused): (Vec<_>, Vec<_>) =
        first.refused.into_iter().partition(|it| tried_again(it));
    refused.append(&mut joined.refused);
    for refusal in of_both {
        let named = refused.iter().any(|it| it.address == refusal.address);
        if !named && !joined.accepted.contains(&refusal.address) {
            refused.push(refusal);
        }
    }
    joined.refused = refused;
    match joined.status {
        Status::Sent if !joined.refused.is_empty() => {
            joined.status = Status::Partial;
            joined.reason = Some(refusals(&joined.refused, joined.accepted.len()));
        }
        Status::Partial => joined.reason = Some(refusals(&joined.refused, joined.accepted.len())),
        Status::Failed if !joined.accepted.is_empty() => {
            joined.status = Status::Partial;
            let reason = joined.reason.take().unwrap_or_default();
            joined.reason = Some(format!(
                "{} have it; the others do not: {reason}",
                joined.accepted.len()
            ));
        }
        _ => {}
    }
    for note in first.notes {
        if !joined.notes.contains(&note) {
            joined.notes.push(note);
        }
    }
    joined
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
        let reason = refusals(&progress.refused, progress.accepted.len());
        (Status::Partial, Some(reason))
    };
    outcome(status, reason, None, progress)
}

/// Says who was refused; all of them stand in the outcome.
fn refusals(refused: &[Refusal], accepted: usize) -> String {
    let list: Vec<String> = refused
        .iter()
        .take(5)
        .map(|it| format!("`{}` ({})", it.address, it.reply))
        .collect();
    let more = if refused.len() > list.len() {
        ", …"
    } else {
        ""
    };
    format!(
        "the server refused {} of {} recipients: {}{more}",
        refused.len(),
        refused.len() + accepted,
        list.join(", ")
    )
}

fn not_sent(stop: Stop, mut progress: Progress) -> Outcome {
    let temporary = match &stop {
        Stop::Refused { reply_code, .. } => {
            reply_code.is_some_and(|code| (400..500).contains(&code))
                || progress.refused.iter().any(|it| it.reply.starts_with('4'))
        }
        Stop::Broken(fault) => !fault.fate_is_unknown() && fault.is_loss(),
    };
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
    Outcome {
        temporary: temporary && status == Status::Failed,
        ..outcome(status, Some(reason), reply_code, progress)
    }
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
        temporary: false,
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
