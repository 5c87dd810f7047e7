//! `--until`: as far as a delivery goes without a mail going.

use crate::mail::Envelope;
use crate::mail::deliver::TlsMode;
use crate::mail::deliver::fault::{FaultKind, Step};
use crate::mail::deliver::outcome::{Authentication, Refusal};
use crate::mail::deliver::wire::{Deadline, Wire};

use super::{Connection, Hopeless, Progress, Session, Stop, nobody};

/// The last step that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Until {
    /// The greeting.
    Connect,
    /// The reply to `EHLO`.
    Ehlo,
    /// TLS, where it is asked for.
    StartTls,
    /// Signing in.
    Auth,
    /// The replies to `MAIL FROM` and every `RCPT TO`; the message is not sent.
    Rcpt,
}

/// What a server was asked, and said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// Why a delivery would fail, or not reach everybody.
    pub reason: Option<String>,
    /// How the connection was protected; `None` when it did not come to that.
    pub tls: Option<TlsMode>,
    /// How it was signed in; `None` when it did not come to that.
    pub auth: Option<Authentication>,
    /// The recipients that the server would take the message for.
    pub would_accept: Vec<String>,
    /// The recipients that it refused.
    pub refused: Vec<Refusal>,
    /// What else there is to say.
    pub notes: Vec<String>,
}

impl Session {
    /// Goes as far as `until`, within [`Timeouts::delivery`](crate::mail::deliver::Timeouts). No `DATA` is ever said.
    ///
    /// What says nothing of a single message is asked once, and answered from memory afterwards.
    pub fn prove(&mut self, envelope: &Envelope, size: u64, until: Until) -> Proof {
        if until < Until::Rcpt
            && let Some((known, proof)) = &self.proved
            && *known == until
        {
            return proof.clone();
        }
        let deadline = Deadline::after(self.timeouts.delivery);
        let mut progress = Progress::default();
        if let Some(Stop::Refused { reason, .. }) = self.hopeless.as_ref().map(Hopeless::stop) {
            return Proof {
                reason: Some(reason),
                ..Proof::default()
            };
        }
        let result = match until {
            Until::Connect | Until::Ehlo | Until::StartTls => {
                self.come_to(until, deadline, &mut progress)
            }
            Until::Auth => self.signed_in(deadline, &mut progress).map(|_| ()),
            Until::Rcpt => self.envelope_only(envelope, size, deadline, &mut progress),
        };
        let reason = match result {
            Ok(()) => (!progress.refused.is_empty()).then(|| {
                format!(
                    "the server would refuse {} recipients",
                    progress.refused.len()
                )
            }),
            Err(Stop::Broken(fault)) => {
                self.connection = None;
                if matches!(fault.step, Step::Resolve | Step::Connect) {
                    self.hopeless = Some(Hopeless::Unreachable(fault.to_string()));
                }
                Some(fault.to_string())
            }
            Err(Stop::Refused { reason, .. }) => Some(reason),
        };
        let proof = Proof {
            reason,
            tls: progress.tls,
            auth: progress.auth,
            would_accept: progress.accepted,
            refused: progress.refused,
            notes: progress.notes,
        };
        self.proved = Some((until, proof.clone()));
        proof
    }

    /// Everything before signing in, over a connection that is closed again.
    fn come_to(
        &mut self,
        until: Until,
        deadline: Deadline,
        progress: &mut Progress,
    ) -> Result<(), Stop> {
        let mut wire = Wire::connect(&self.server.host, self.server.port, deadline)?;
        wire.show_to(self.trace.clone());
        if self.server.tls == TlsMode::Implicit {
            wire = wire.handshake(self.certificate_name()?, self.tls_config()?)?;
            progress.tls = Some(TlsMode::Implicit);
        }
        wire.greeting()?;
        if until > Until::Connect {
            let offered = self.hello(&mut wire)?;
            if until == Until::StartTls && self.server.tls == TlsMode::StartTls {
                if !offered.starttls {
                    let text = "TLS is demanded, and the server does not offer STARTTLS";
                    return Err(FaultKind::Tls(text.to_owned()).at(Step::StartTls).into());
                }
                wire = wire.starttls(self.certificate_name()?, self.tls_config()?)?;
                progress.tls = Some(TlsMode::StartTls);
            }
        }
        wire.set_deadline(Deadline::after(self.timeouts.quit));
        // Nothing depends on the farewell.
        let _ = wire.command(Step::Quit, "QUIT", &[221]);
        Ok(())
    }

    fn signed_in(
        &mut self,
        deadline: Deadline,
        progress: &mut Progress,
    ) -> Result<&mut Connection, Stop> {
        if self.connection.is_none() {
            self.connection = Some(self.connect(deadline)?);
        }
        let tls = self.server.tls;
        let Some(connection) = &mut self.connection else {
            return Err(Stop::refused("there is no connection".to_owned()));
        };
        connection.wire.set_deadline(deadline);
        progress.tls = Some(tls);
        progress.notes.clone_from(&connection.notes);
        match &connection.auth {
            Ok(auth) => progress.auth = Some(*auth),
            Err(why) => return Err(why.stop()),
        }
        Ok(connection)
    }

    fn envelope_only(
        &mut self,
        envelope: &Envelope,
        size: u64,
        deadline: Deadline,
        progress: &mut Progress,
    ) -> Result<(), Stop> {
        let connection = self.signed_in(deadline, progress)?;
        let mail = connection.mail_command(envelope, size)?;
        connection.envelope_line_by_line(&mail, envelope, progress)?;
        connection.reset()?;
        if progress.accepted.is_empty() {
            return Err(nobody(&progress.refused));
        }
        Ok(())
    }
}
