//! Resolved tasks on their way: composed, and taken to where the run takes them.

use std::io::Read;
use std::time::{Duration, Instant};

use crate::connection_string::masked_within;
use crate::host::{Environment, WritableFiles};

use super::codes::Code;
use super::compose::{Composed, Tools, compose};
use super::deliver::{
    Capture, Captured, Outbox, OutboxError, Outcome, Pacer, Refusal, Retries, Server, Session,
    Status, Timeouts, Until, hello_name,
};
use super::former::{Fate, Former};
use super::problem::{Problem, warnings};
use super::rehearsal::Rehearsal;
use super::resolve::{Request, Resolved, Unsent};
use super::server_choice::{ServerChoice, address};
use super::task_outcome::{CapturedText, Cause, MessageFacts, TaskOutcome, TaskStatus};

/// Where a run takes its messages.
pub enum Route<'r> {
    /// Nowhere: they are composed.
    DryRun,
    /// Into a folder.
    Outbox(Outbox, &'r dyn WritableFiles),
    /// Over SMTP into this process.
    Capture(Capture),
    /// To the servers.
    Server,
}

/// Sends the mail of tasks, one after the other.
pub struct Runner<'r> {
    tools: Tools<'r>,
    environment: &'r dyn Environment,
    route: Route<'r>,
    choice: ServerChoice,
    rehearsal: Rehearsal,
    pacer: Option<Pacer>,
    former: Option<(Former, UnknownMail)>,
    /// One connection a server, and its time limit.
    sessions: Vec<(Server, Timeouts, Session)>,
}

/// What is done with mail of which nobody knows whether it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownMail {
    /// It is left, as it may arrive twice.
    Left,
    /// It is sent again.
    Resent,
}

/// What a former run has left of a task's mail.
enum LeftOver {
    Nothing,
    All,
    /// These have it already, and those it was refused for.
    AllBut(Vec<String>, Vec<Refusal>),
}

impl<'r> Runner<'r> {
    /// Nothing is connected and nothing written before the first task.
    pub fn new(
        tools: Tools<'r>,
        environment: &'r dyn Environment,
        route: Route<'r>,
        choice: ServerChoice,
    ) -> Runner<'r> {
        Runner {
            tools,
            environment,
            route,
            choice,
            rehearsal: Rehearsal::default(),
            pacer: None,
            former: None,
            sessions: Vec::new(),
        }
    }

    /// Sends what the rehearsal makes of the mail, and only as far as it says.
    #[must_use]
    pub fn rehearsing(mut self, rehearsal: Rehearsal) -> Runner<'r> {
        self.pacer = rehearsal.pace.map(Pacer::new);
        self.rehearsal = rehearsal;
        self
    }

    /// Sends only what a former run has not sent.
    #[must_use]
    pub fn resuming(mut self, former: Former, unknown: UnknownMail) -> Runner<'r> {
        self.former = Some((former, unknown));
        self
    }

    /// Sends the mail of one task.
    pub fn send(&mut self, task: Resolved) -> TaskOutcome {
        let started = Instant::now();
        let mut outcome = TaskOutcome {
            path: task.path,
            file: task.file,
            status: TaskStatus::Failed,
            reason: None,
            code: None,
            message: None,
            server: None,
            tls: None,
            auth: None,
            accepted: Vec::new(),
            refused: Vec::new(),
            overridden: task.overridden,
            notes: task.notes,
            eml: None,
            captured: None,
            duration: Duration::ZERO,
            unwritten: false,
            earlier: false,
            cause: None,
        };
        let left = self.left_over(&mut outcome);
        match (&left, task.mail) {
            (LeftOver::Nothing, _) => {}
            (_, Ok(request)) => self.compose_and_take(&task.name, request, &left, &mut outcome),
            (_, Err(unsent)) => not_resolved(unsent, &mut outcome),
        }
        if let LeftOver::AllBut(accepted, refused) = left {
            join(accepted, refused, &mut outcome);
        }
        outcome.duration = started.elapsed();
        outcome
    }

    /// Says goodbye to every server.
    pub fn end(mut self) {
        for (_, _, session) in &mut self.sessions {
            session.quit();
        }
    }

    /// What a former run has left; where that is nothing, the outcome is the former one.
    fn left_over(&mut self, outcome: &mut TaskOutcome) -> LeftOver {
        let Some((former, unknown)) = &mut self.former else {
            return LeftOver::All;
        };
        let Some(task) = former.take(&outcome.file, &outcome.path) else {
            return LeftOver::All;
        };
        let refused = task.refused.into_iter();
        let refused: Vec<Refusal> = refused
            .map(|(address, reply)| Refusal { address, reply })
            .collect();
        match (task.fate, *unknown) {
            (Fate::NotSent, _) => return LeftOver::All,
            (Fate::Unknown, UnknownMail::Resent) => {
                let note = "nobody knows whether a former run sent it: this may be the second time";
                outcome.notes.push(note.to_owned());
                return LeftOver::All;
            }
            (Fate::Partial, _) => return LeftOver::AllBut(task.accepted, refused),
            (Fate::Sent, _) => outcome.status = TaskStatus::Sent,
            (Fate::Unknown, UnknownMail::Left) => {
                outcome.status = TaskStatus::Unknown;
                outcome.code = Some(Code::ERROR_OCCURRED);
                let reason = "nobody knows whether a former run sent it; it was not sent again: \
                              `--resend-unknown` sends it";
                outcome.reason = Some(reason.to_owned());
            }
        }
        outcome.earlier = true;
        outcome.accepted = task.accepted;
        outcome.refused = refused;
        LeftOver::Nothing
    }

    fn compose_and_take(
        &mut self,
        name: &str,
        mut request: Request,
        left: &LeftOver,
        outcome: &mut TaskOutcome,
    ) {
        for warning in warnings(&request.message) {
            outcome
                .notes
                .push(format!("{warning} ({})", warning.code()));
        }
        self.rehearsal
            .rewrite(&mut request.message, &mut outcome.notes);
        let mut composed = match compose(&request.message, self.tools) {
            Ok(composed) => composed,
            Err(problem) => return not_composed(&problem, outcome),
        };
        if let LeftOver::AllBut(accepted, _) = left {
            let recipients = &mut composed.envelope.recipients;
            recipients.retain(|recipient| !accepted.contains(recipient));
            let note = format!(
                "only to the {} recipients that a former run left",
                recipients.len()
            );
            outcome.notes.push(note);
            if recipients.is_empty() {
                outcome.status = TaskStatus::Sent;
                outcome.earlier = true;
                return;
            }
        }
        let composed = composed;
        outcome.message = Some(facts(&composed));
        if let Some(reason) = self.rehearsal.refuses(&composed.envelope) {
            outcome.cause = Some(Cause::NotAllowed);
            outcome.reason = Some(reason);
            return;
        }
        match &mut self.route {
            Route::DryRun => self.plan(&request, outcome),
            Route::Outbox(outbox, files) => {
                let mut message = composed.reader(self.tools.files);
                match outbox.write(name, &composed.envelope, &mut message, *files) {
                    Ok(written) => {
                        outcome.status = TaskStatus::Written;
                        outcome.eml = Some(written.message);
                    }
                    Err(OutboxError::Source(error)) => failed(error.to_string(), outcome),
                    Err(error @ (OutboxError::Exists(_) | OutboxError::Write { .. })) => {
                        outcome.unwritten = true;
                        outcome.reason = Some(error.to_string());
                    }
                }
            }
            Route::Capture(_) => self.capture(&composed, outcome),
            Route::Server => self.deliver(&composed, &request, outcome),
        }
    }

    fn plan(&self, request: &Request, outcome: &mut TaskOutcome) {
        let server = self.choice.server(request);
        outcome.status = TaskStatus::Planned;
        outcome.server = Some(address(&server));
        outcome.tls = Some(server.tls);
        if let Some(reason) = self.choice.refuses(&server, self.environment) {
            outcome.notes.push(reason);
        }
        let _ = self
            .choice
            .timeouts(&request.connection, &mut outcome.notes);
    }

    fn capture(&mut self, composed: &Composed, outcome: &mut TaskOutcome) {
        let Route::Capture(capture) = &self.route else {
            return;
        };
        let bound = capture.address();
        let server = Server::new(bound.ip().to_string(), bound.port());
        let delivered = self.take_to(&server, Timeouts::default(), composed);
        let Route::Capture(capture) = &self.route else {
            return;
        };
        let captured = capture.take();
        let sent = delivered.status == Status::Sent;
        report(delivered, &server, outcome);
        let as_composed = |captured: &Captured| {
            captured.sender == composed.envelope.sender
                && captured.recipients == composed.envelope.recipients
                && read_all(composed, self.tools).is_ok_and(|bytes| bytes == captured.message)
        };
        match <[Captured; 1]>::try_from(captured) {
            Ok([captured]) if sent && as_composed(&captured) => {
                outcome.status = TaskStatus::Captured;
                outcome.captured = Some(shown(captured));
            }
            _ if sent => {
                let reason = "what was captured is not what was composed: an attachment changed, or this is a \
                              defect of dtsx";
                failed(reason.to_owned(), outcome);
            }
            _ => {}
        }
    }

    fn deliver(&mut self, composed: &Composed, request: &Request, outcome: &mut TaskOutcome) {
        let server = self.choice.server(request);
        if let Some(reason) = self.choice.refuses(&server, self.environment) {
            outcome.server = Some(address(&server));
            outcome.cause = Some(Cause::NotAllowed);
            outcome.reason = Some(reason);
            return;
        }
        let timeouts = self
            .choice
            .timeouts(&request.connection, &mut outcome.notes);
        if let Some(until) = self.rehearsal.until {
            return self.prove(&server, timeouts, until, composed, outcome);
        }
        if let Some(pacer) = &mut self.pacer {
            pacer.wait();
        }
        let delivered = self.take_to(&server, timeouts, composed);
        report(delivered, &server, outcome);
    }

    fn prove(
        &mut self,
        server: &Server,
        timeouts: Timeouts,
        until: Until,
        composed: &Composed,
        outcome: &mut TaskOutcome,
    ) {
        outcome.server = Some(address(server));
        let Some(session) = self.session(server, timeouts) else {
            return;
        };
        let proof = session.prove(&composed.envelope, composed.size(), until);
        outcome.tls = proof.tls;
        outcome.auth = proof.auth;
        outcome.refused = proof.refused;
        outcome.notes.extend(proof.notes);
        outcome.notes.push(format!(
            "asked until {}, and sent nothing{}",
            proved(until),
            match until {
                Until::Rcpt => {
                    let (taken, all) =
                        (proof.would_accept.len(), composed.envelope.recipients.len());
                    format!("; {taken} of {all} recipients would be taken")
                }
                _ => String::new(),
            }
        ));
        match proof.reason {
            None => outcome.status = TaskStatus::Planned,
            Some(reason) => failed(reason, outcome),
        }
    }

    fn take_to(&mut self, server: &Server, timeouts: Timeouts, composed: &Composed) -> Outcome {
        let files = self.tools.files;
        match self.session(server, timeouts) {
            Some(session) => {
                session.deliver_persistently(&composed.envelope, composed.size(), &mut || {
                    Box::new(composed.reader(files))
                })
            }
            None => Outcome::not_tried("there is no session for the server"),
        }
    }

    /// The connection to a server, a new one where there was none.
    fn session(&mut self, server: &Server, timeouts: Timeouts) -> Option<&mut Session> {
        let known = self
            .sessions
            .iter()
            .position(|(known, limit, _)| known == server && *limit == timeouts);
        let at = known.unwrap_or_else(|| {
            let hello = hello_name(self.environment);
            let retries = Retries::new(self.choice.retries, self.tools.random.bytes());
            let session = Session::new(server.clone(), hello, timeouts)
                .with_retries(retries)
                .with_trace(self.choice.trace.clone());
            self.sessions.push((server.clone(), timeouts, session));
            self.sessions.len() - 1
        });
        self.sessions.get_mut(at).map(|(_, _, session)| session)
    }
}

/// What a former run and this one have come to together, where the former one had left some recipients.
fn join(accepted: Vec<String>, refused: Vec<Refusal>, outcome: &mut TaskOutcome) {
    let is_a_delivery = matches!(
        outcome.status,
        TaskStatus::Sent | TaskStatus::Partial | TaskStatus::Unknown
    );
    if !is_a_delivery
        && outcome.status != TaskStatus::Failed
        && outcome.status != TaskStatus::Skipped
    {
        return;
    }
    if !is_a_delivery {
        outcome.status = TaskStatus::Partial;
        if outcome.refused.is_empty() {
            outcome.refused = refused;
        }
    }
    outcome.accepted.splice(0..0, accepted);
}

/// What is asked up to a step.
fn proved(until: Until) -> &'static str {
    match until {
        Until::Connect => "the greeting",
        Until::Ehlo => "`EHLO`",
        Until::StartTls => "TLS",
        Until::Auth => "signing in",
        Until::Rcpt => "`RCPT TO`",
    }
}

fn not_resolved(unsent: Unsent, outcome: &mut TaskOutcome) {
    let (status, code, cause, reason) = match unsent {
        Unsent::Idle { cause, reason } => (TaskStatus::Idle, None, cause, reason),
        Unsent::Skipped { cause, reason } => (TaskStatus::Skipped, None, cause, reason),
        Unsent::Failed { code, reason } => (TaskStatus::Failed, Some(code), Cause::Invalid, reason),
    };
    outcome.status = status;
    outcome.code = code;
    outcome.cause = Some(cause);
    outcome.reason = Some(reason);
}

fn not_composed(problem: &Problem, outcome: &mut TaskOutcome) {
    outcome.code = Some(problem.code());
    outcome.cause = Some(Cause::NotComposed);
    outcome.reason = Some(problem.to_string());
}

fn failed(reason: String, outcome: &mut TaskOutcome) {
    outcome.status = TaskStatus::Failed;
    outcome.code = Some(Code::ERROR_OCCURRED);
    outcome.reason = Some(reason);
}

fn report(delivered: Outcome, server: &Server, outcome: &mut TaskOutcome) {
    outcome.status = match delivered.status {
        Status::Sent => TaskStatus::Sent,
        Status::Partial => TaskStatus::Partial,
        Status::Unknown => TaskStatus::Unknown,
        Status::Failed => TaskStatus::Failed,
    };
    if delivered.status != Status::Sent {
        // dtexec fails the task in each of these, whatever has gone.
        outcome.code = Some(Code::ERROR_OCCURRED);
    }
    outcome.server = Some(address(server));
    outcome.tls = delivered.tls;
    outcome.auth = delivered.auth;
    outcome.accepted = delivered.accepted;
    outcome.refused = delivered.refused;
    outcome.reason = delivered.reason;
    outcome.notes.extend(delivered.notes);
}

fn facts(composed: &Composed) -> MessageFacts {
    MessageFacts {
        from: composed.from.clone(),
        to: composed.to.clone(),
        cc: composed.cc.clone(),
        bcc: composed.bcc.clone(),
        original_to: composed.original_to.clone(),
        subject: masked_within(&composed.subject).0.into_owned(),
        attachments: composed.attachments.clone(),
        size: composed.size(),
        message_id: composed.message_id.clone(),
    }
}

fn shown(captured: Captured) -> CapturedText {
    let message = String::from_utf8_lossy(&captured.message);
    CapturedText {
        message: masked_within(&message).0.into_owned(),
        sender: captured.sender,
        recipients: captured.recipients,
    }
}

fn read_all(composed: &Composed, tools: Tools<'_>) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    composed.reader(tools.files).read_to_end(&mut bytes)?;
    Ok(bytes)
}
