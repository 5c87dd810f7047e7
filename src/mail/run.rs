//! Resolved tasks on their way: composed, and taken to where the run takes them.

use std::io::Read;
use std::net::{IpAddr, Ipv6Addr};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::connection_string::{SmtpConnection, SmtpProperty};
use crate::host::Environment;
use crate::project::Label;
use crate::source::visible;

use super::codes::Code;
use super::compose::{Composed, Tools, compose};
use super::deliver::{
    Authentication, Capture, Captured, Create, Identity, Outbox, OutboxError, Outcome, Refusal,
    Server, Session, Status, Timeouts, TlsMode, hello_name,
};
use super::problem::{Problem, Warning};
use super::resolve::{Request, Resolved, Unsent};

/// Where a run takes its messages.
pub enum Route<'r> {
    /// Nowhere: they are composed.
    DryRun,
    /// Into a folder.
    Outbox(Outbox, Create<'r>),
    /// Over SMTP into this process.
    Capture(Capture),
    /// To the servers.
    Server,
}

/// What is given about servers, and wins over the packages.
#[derive(Clone, Debug, Default)]
pub struct ServerChoice {
    /// The server, instead of the one that the package names.
    pub host: Option<String>,
    /// Its port; 25, or 465 where TLS is implicit, when it is not given.
    pub port: Option<u16>,
    /// Whether a package may name this machine: it meant the one that SSIS ran on.
    pub local_server: LocalServer,
    /// How connections are protected, instead of what `EnableSsl` says.
    pub tls: Option<TlsMode>,
    /// The name that certificates must be for.
    pub tls_name: Option<String>,
    /// Certificates of authorities in PEM form.
    pub extra_ca: Option<Vec<u8>>,
    /// Who signs in, instead of what `UseWindowsAuthentication` says.
    pub identity: Option<Identity>,
    /// How long a delivery may take, instead of `Timeout`.
    pub timeout: Option<Duration>,
}

/// Whether a package may name this machine as its server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LocalServer {
    /// It may not.
    #[default]
    Refused,
    /// It may.
    Allowed,
}

impl ServerChoice {
    /// The properties of a connection manager that do not count, with what is given and on this route.
    pub fn unneeded(&self, route: &Route<'_>) -> Vec<SmtpProperty> {
        if let Route::Outbox(..) | Route::Capture(_) = route {
            return SmtpProperty::ALL.to_vec();
        }
        [
            (SmtpProperty::Server, self.host.is_some()),
            (
                SmtpProperty::UseWindowsAuthentication,
                self.identity.is_some(),
            ),
            (SmtpProperty::EnableSsl, self.tls.is_some()),
            (SmtpProperty::Timeout, self.timeout.is_some()),
        ]
        .into_iter()
        .filter_map(|(property, given)| given.then_some(property))
        .collect()
    }
}

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
    pub captured: Option<Captured>,
    /// How long it took.
    pub duration: Duration,
    /// Whether the outbox could not be written.
    pub unwritten: bool,
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
    /// The subject.
    pub subject: String,
    /// The names of the attachments.
    pub attachments: Vec<String>,
    /// Bytes of the message.
    pub size: u64,
    /// The Message-ID, with its angle brackets.
    pub message_id: String,
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
        let composed = match compose(&request.message, self.tools) {
            Ok(composed) => composed,
            Err(problem) => return not_composed(&problem, outcome),
        };
        outcome.message = Some(facts(&composed));
        for warning in &composed.warnings {
            let text = match warning {
                Warning::SubjectMissing => "the subject is empty",
            };
            outcome.notes.push(format!("{text} ({})", warning.code()));
        }
        match &mut self.route {
            Route::DryRun => self.plan(&request.connection, outcome),
            Route::Outbox(outbox, create) => {
                let create = *create;
                let bytes = match read_all(&composed, self.tools) {
                    Ok(bytes) => bytes,
                    Err(error) => return failed(error.to_string(), outcome),
                };
                match outbox.write(name, &composed.envelope, &bytes, create) {
                    Ok(written) => {
                        outcome.status = TaskStatus::Written;
                        outcome.eml = Some(written.message);
                    }
                    Err(error @ (OutboxError::Exists(_) | OutboxError::Io { .. })) => {
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
        let server = self.server(connection);
        outcome.status = TaskStatus::Planned;
        outcome.server = Some(address(&server));
        outcome.tls = Some(server.tls);
        if let Some(reason) = self.refuses(&server) {
            outcome.notes.push(reason);
        }
        let _ = self.timeouts(connection, &mut outcome.notes);
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
                outcome.captured = Some(captured);
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
        let server = self.server(connection);
        if let Some(reason) = self.refuses(&server) {
            outcome.server = Some(address(&server));
            outcome.reason = Some(reason);
            return;
        }
        let timeouts = self.timeouts(connection, &mut outcome.notes);
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
            let session = Session::new(server.clone(), hello, timeouts);
            self.sessions.push((server.clone(), timeouts, session));
            self.sessions.len() - 1
        });
        let mut message = composed.reader(self.tools.files);
        match self.sessions.get_mut(at) {
            Some((_, _, session)) => {
                session.deliver(&composed.envelope, composed.size(), &mut message)
            }
            None => Outcome::not_tried("there is no session for the server"),
        }
    }

    /// The server of a task: what is given wins over what its connection manager says.
    fn server(&self, connection: &SmtpConnection) -> Server {
        let choice = &self.choice;
        let stored_tls = if connection.enable_ssl {
            TlsMode::StartTls
        } else {
            TlsMode::None
        };
        let stored_identity = if connection.use_windows_authentication {
            Identity::WindowsAccount
        } else {
            Identity::Anonymous
        };
        let tls = choice.tls.unwrap_or(stored_tls);
        let usual_port = if tls == TlsMode::Implicit { 465 } else { 25 };
        let host = choice.host.as_deref().unwrap_or(&connection.server);
        Server {
            host: host.trim().to_owned(),
            port: choice.port.unwrap_or(usual_port),
            tls,
            tls_name: choice.tls_name.clone(),
            extra_ca: choice.extra_ca.clone(),
            identity: choice.identity.unwrap_or(stored_identity),
        }
    }

    /// Why nothing is sent to a server that a package names.
    fn refuses(&self, server: &Server) -> Option<String> {
        let refused = self.choice.host.is_none()
            && self.choice.local_server == LocalServer::Refused
            && is_this_machine(&server.host, self.environment);
        refused.then(|| {
            format!(
                "the package's server `{}` is this machine, and meant the one that SSIS ran on: `--server` gives \
                 another, `--allow-local-server` takes it",
                visible(&server.host)
            )
        })
    }

    fn timeouts(&self, connection: &SmtpConnection, notes: &mut Vec<String>) -> Timeouts {
        let mut timeouts = Timeouts::default();
        let stored = connection.timeout.and_then(|it| u64::try_from(it).ok());
        match (self.choice.timeout, stored.filter(|&it| it > 0)) {
            (Some(given), _) => timeouts.delivery = given,
            (None, Some(milliseconds)) => {
                timeouts.delivery = Duration::from_millis(milliseconds);
                if milliseconds < 1000 {
                    notes.push(format!(
                        "`Timeout` is {milliseconds}, taken as milliseconds: `--timeout` gives more"
                    ));
                }
            }
            (None, None) => {}
        }
        timeouts
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
        subject: composed.subject.clone(),
        attachments: composed.attachments.clone(),
        size: composed.size(),
        message_id: composed.message_id.clone(),
    }
}

fn read_all(composed: &Composed, tools: Tools<'_>) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    composed.reader(tools.files).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn address(server: &Server) -> String {
    match server.host.parse::<Ipv6Addr>() {
        Ok(host) => format!("[{host}]:{}", server.port),
        Err(_) => format!("{}:{}", server.host, server.port),
    }
}

/// Whether a name stands for the machine that the command runs on.
fn is_this_machine(host: &str, environment: &dyn Environment) -> bool {
    let host = host.trim().trim_end_matches('.').to_ascii_lowercase();
    let bare = host
        .strip_prefix('[')
        .and_then(|inner| inner.strip_suffix(']'))
        .unwrap_or(&host);
    if let Ok(address) = bare.parse::<IpAddr>() {
        let address = address.to_canonical();
        return address.is_loopback() || address.is_unspecified();
    }
    let named = |own: String| {
        let own = own.to_ascii_lowercase();
        let first = own.split('.').next().unwrap_or_default().to_owned();
        host == own || host == first
    };
    matches!(
        host.as_str(),
        "" | "(local)" | "localhost" | "localhost.localdomain"
    ) || host.ends_with(".localhost")
        || environment.host_name().is_some_and(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Etl01;

    impl Environment for Etl01 {
        fn variable(&self, _: &str) -> Option<String> {
            None
        }

        fn host_name(&self) -> Option<String> {
            Some("ETL01.corp.example".to_owned())
        }
    }

    #[test]
    fn names_of_this_machine_are_told() {
        for host in [
            "localhost",
            "LOCALHOST",
            "localhost.",
            ".",
            "(local)",
            "127.0.0.1",
            "127.1.2.3",
            "::1",
            "[::1]",
            "::ffff:127.0.0.1",
            "0.0.0.0",
            "mail.localhost",
            "etl01",
            "ETL01.corp.example",
        ] {
            assert!(is_this_machine(host, &Etl01), "{host}");
        }
        for host in [
            "relay.example",
            "10.0.0.1",
            "etl02",
            "etl01.other.example",
            "localhost.example",
        ] {
            assert!(!is_this_machine(host, &Etl01), "{host}");
        }
    }
}
