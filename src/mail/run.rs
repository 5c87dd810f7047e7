//! Resolved tasks on their way: composed, and taken to where the run takes them.

use std::io::Read;
use std::time::{Duration, Instant};

use crate::connection_string::{SmtpConnection, masked_within};
use crate::host::{Environment, WritableFiles};

use super::codes::Code;
use super::compose::{Composed, Tools, compose};
use super::deliver::{
    Capture, Captured, Outbox, OutboxError, Outcome, Retries, Server, Session, Status, Timeouts,
    hello_name,
};
use super::problem::{Problem, warnings};
use super::resolve::{Request, Resolved, Unsent};
use super::server_choice::{ServerChoice, address};
use super::task_outcome::{CapturedText, MessageFacts, TaskOutcome, TaskStatus};

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
    /// One connection a server, and its time limit.
    sessions: Vec<(Server, Timeouts, Session)>,
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
            sessions: Vec::new(),
        }
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
        };
        match task.mail {
            Ok(request) => self.compose_and_take(&task.name, &request, &mut outcome),
            Err(unsent) => not_resolved(unsent, &mut outcome),
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

    fn compose_and_take(&mut self, name: &str, request: &Request, outcome: &mut TaskOutcome) {
        for warning in warnings(&request.message) {
            outcome
                .notes
                .push(format!("{warning} ({})", warning.code()));
        }
        let composed = match compose(&request.message, self.tools) {
            Ok(composed) => composed,
            Err(problem) => return not_composed(&problem, outcome),
        };
        outcome.message = Some(facts(&composed));
        match &mut self.route {
            Route::DryRun => self.plan(&request.connection, outcome),
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
            Route::Server => self.deliver(&composed, &request.connection, outcome),
        }
    }

    fn plan(&self, connection: &SmtpConnection, outcome: &mut TaskOutcome) {
        let server = self.choice.server(connection);
        outcome.status = TaskStatus::Planned;
        outcome.server = Some(address(&server));
        outcome.tls = Some(server.tls);
        if let Some(reason) = self.choice.refuses(&server, self.environment) {
            outcome.notes.push(reason);
        }
        let _ = self.choice.timeouts(connection, &mut outcome.notes);
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

    fn deliver(
        &mut self,
        composed: &Composed,
        connection: &SmtpConnection,
        outcome: &mut TaskOutcome,
    ) {
        let server = self.choice.server(connection);
        if let Some(reason) = self.choice.refuses(&server, self.environment) {
            outcome.server = Some(address(&server));
            outcome.reason = Some(reason);
            return;
        }
        let timeouts = self.choice.timeouts(connection, &mut outcome.notes);
        let delivered = self.take_to(&server, timeouts, composed);
        report(delivered, &server, outcome);
    }

    fn take_to(&mut self, server: &Server, timeouts: Timeouts, composed: &Composed) -> Outcome {
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
        let files = self.tools.files;
        match self.sessions.get_mut(at) {
            Some((_, _, session)) => {
                session.deliver_persistently(&composed.envelope, composed.size(), &mut || {
                    Box::new(composed.reader(files))
                })
            }
            None => Outcome::not_tried("there is no session for the server"),
        }
    }
}

fn not_resolved(unsent: Unsent, outcome: &mut TaskOutcome) {
    let (status, code, reason) = match unsent {
        Unsent::Idle { reason } => (TaskStatus::Idle, None, reason),
        Unsent::Skipped { reason } => (TaskStatus::Skipped, None, reason),
        Unsent::Failed { code, reason } => (TaskStatus::Failed, Some(code), reason),
    };
    outcome.status = status;
    outcome.code = code;
    outcome.reason = Some(reason);
}

fn not_composed(problem: &Problem, outcome: &mut TaskOutcome) {
    outcome.code = Some(problem.code());
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
