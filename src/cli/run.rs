//! `dtsx run`: send the mail that a package's tasks would send.

mod confirm;
mod job;
pub(crate) mod mail_values;
pub(crate) mod mails;
pub(crate) mod package;
mod rehearsal;
mod send;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use dtsx::host::{RealClock, RealEnvironment, RealFiles, RealRandom};
use dtsx::mail::deliver::{Capture, Outbox, TlsMode};
use dtsx::mail::{Limits as MailLimits, LocalServer, Route, Runner, ServerChoice, Tools};
use dtsx::project::Limits;

use super::account::AccountArgs;
use super::delivery::DeliveryArgs;
use super::exit::Exit;
use super::given::FromMachine;
use super::output::OutputArgs;
use super::streams::{Messages, Refusal, Streams};
use mail_values::MailValuesArgs;
use mails::Mails;
use package::PackageAsked;
use rehearsal::RehearsalArgs;

/// Send the mail that a package's Send Mail tasks would send
///
/// Values are those that dtexec would see: expressions, configurations, parameters and variables are followed. A task
/// that depends on a value that is not known, or that a task sets which is not run, is skipped unless the value is given.
/// The clock, the name and the user of this machine are read where the package asks for them, and the report says so.
/// Nothing is sent with `--dry-run`, `--outbox` and `--capture`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// A package, or a folder or archive with `--package`; `ARCHIVE!MEMBER` is a package in an archive; or a job file of
    /// `dtsx extract`
    file: PathBuf,
    /// The package inside a project
    #[arg(long, value_name = "NAME")]
    package: Option<String>,
    /// Only these Send Mail tasks, by property path; `*` and `?` are wildcards, and `*` alone takes those of event
    /// handlers too (repeatable)
    #[arg(long = "task", value_name = "PATH")]
    tasks: Vec<String>,

    /// Compose the mail and send nothing
    #[arg(long, group = "route")]
    dry_run: bool,
    /// Write the mail into a folder, which must not hold a former run's
    #[arg(long, value_name = "DIR", group = "route")]
    outbox: Option<PathBuf>,
    /// Send the mail over SMTP into this process, and show it
    #[arg(long, group = "route")]
    capture: bool,

    #[command(flatten)]
    values: MailValuesArgs,

    /// The server, instead of the one that the package names [default port: 25, with implicit TLS 465]
    #[arg(long, value_name = "HOST[:PORT]", value_parser = server)]
    server: Option<(String, Option<u16>)>,
    /// Take a server that the package names and that is this machine
    #[arg(long)]
    allow_local_server: bool,
    /// How to protect the connection, instead of what the package says
    #[arg(long, value_enum)]
    tls: Option<Tls>,
    /// How long one delivery may take, instead of what the package says [default: 100]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
    /// Name the recipients of blind copies
    #[arg(long)]
    show_bcc: bool,
    /// A limit: attachment-size, or one of those for files (repeatable)
    #[arg(long = "limit", value_name = "NAME=VALUE", value_parser = limit)]
    limits: Vec<(String, u64)>,
    #[command(flatten)]
    account: AccountArgs,
    #[command(flatten)]
    delivery: DeliveryArgs,
    #[command(flatten)]
    rehearsal: RehearsalArgs,
    #[command(flatten)]
    output: OutputArgs<Format>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text for people
    Human,
    /// The schema `dtsx/run@1`
    Json,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Tls {
    None,
    Starttls,
    Implicit,
}

pub(crate) fn server(text: &str) -> Result<(String, Option<u16>), String> {
    let port = |port: &str| {
        port.parse::<u16>()
            .ok()
            .filter(|&port| port > 0)
            .ok_or_else(|| format!("expected a port from 1 to 65535, found `{port}`"))
    };
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((host, "")) => (host, None),
            Some((host, rest)) => match rest.strip_prefix(':') {
                Some(number) => (host, Some(port(number)?)),
                None => return Err("expected `[ADDRESS]:PORT`".to_owned()),
            },
            None => return Err("expected `[ADDRESS]:PORT`".to_owned()),
        },
        None => match text.split_once(':') {
            // More than one colon: an IPv6 address without brackets.
            Some((_, rest)) if rest.contains(':') => (text, None),
            Some((host, number)) => (host, Some(port(number)?)),
            None => (text, None),
        },
    };
    if host.trim().is_empty() {
        return Err("expected the name or the address of a server".to_owned());
    }
    Ok((host.to_owned(), port))
}

pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    text.parse::<f64>()
        .ok()
        .filter(|&it| it > 0.0)
        .and_then(|it| Duration::try_from_secs_f64(it).ok())
        .ok_or_else(|| "expected a number of seconds above 0".to_owned())
}

fn limit(text: &str) -> Result<(String, u64), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("expected `NAME=VALUE`, such as `attachment-size=50000000`")?;
    let number = value
        .parse()
        .map_err(|_| format!("expected a whole number behind `{name}=`, found `{value}`"))?;
    if name != ATTACHMENT_SIZE {
        Limits::default()
            .set(name, number)
            .map_err(|error| format!("{error}, or `{ATTACHMENT_SIZE}`"))?;
    }
    Ok((name.to_owned(), number))
}

const ATTACHMENT_SIZE: &str = "attachment-size";

pub(crate) fn run(args: &RunArgs, streams: &mut Streams<'_>) -> io::Result<Exit> {
    streams.out_takes_json = args.output.prints(&Format::Json);
    match begin(args, streams) {
        Ok(exit) => Ok(exit),
        Err(refusal) => streams.refuse(&refusal),
    }
}

/// Refuses everything that can be refused before the first mail goes, and then sends.
fn begin(args: &RunArgs, streams: &mut Streams<'_>) -> Result<Exit, Refusal> {
    let machine = match args.values.use_environment {
        true => FromMachine::EnvironmentToo,
        false => FromMachine::Itself,
    };
    let given = args.values.given.given(machine)?;
    let mut mail_limits = MailLimits::default();
    let mut limits = Limits::default();
    for (name, value) in &args.limits {
        if name == ATTACHMENT_SIZE {
            mail_limits.attachment = *value;
        } else {
            // Checked when the argument was parsed.
            let _ = limits.set(name, *value);
        }
    }
    let tools = Tools {
        files: &RealFiles,
        clock: &RealClock,
        random: &RealRandom,
        limits: mail_limits,
    };
    let choice = server_choice(args)?;
    let route = route(args).map_err(|error| {
        unreadable(format!(
            "the server inside the process does not start: {error}"
        ))
    })?;
    let former = args.rehearsal.former()?;
    let unneeded = choice.unneeded(&route);
    let go = |mails: &Mails<'_>| {
        for warning in &mails.warnings {
            streams.messages().note(warning);
        }
        for error in &mails.errors {
            streams.messages().note(error);
        }
        confirm::ahead(args, mails, &choice, former.as_ref(), streams)?;
        // Before the first mail goes.
        let outputs = args.output.open(Format::Human, &mut *streams.out)?;
        let messages = Messages {
            err: &mut *streams.err,
            talk: streams.talk,
        };
        let mut runner = Runner::new(tools, &RealEnvironment, route, choice.clone())
            .rehearsing(args.rehearsal.rehearsal());
        if let Some((former, unknown)) = former {
            runner = runner.resuming(former, unknown);
        }
        Ok(send::send(
            args,
            mails,
            runner,
            outputs,
            streams.colours,
            messages,
        ))
    };
    if let Some(job) = job::read(args)? {
        return job::with(&job, args, &given, &unneeded, go);
    }
    let asked = PackageAsked {
        file: &args.file,
        package: args.package.as_deref(),
        tasks: &args.tasks,
        overrides: &args.values.overrides,
        stale_values: args.values.stale_values(),
        defaults: args.values.defaults(),
        unneeded: &unneeded,
        limits,
    };
    asked.with(given, |chosen| {
        if args.is_delivery() && args.tasks.is_empty() {
            chosen.refuse_half_a_package()?;
        }
        chosen.run(go)
    })
}

impl RunArgs {
    /// Whether servers are connected.
    fn speaks_to_servers(&self) -> bool {
        !self.dry_run && !self.capture && self.outbox.is_none()
    }

    /// Whether mail goes to real recipients.
    fn is_delivery(&self) -> bool {
        self.speaks_to_servers() && !self.rehearsal.sends_nothing()
    }
}

fn unreadable(message: String) -> Refusal {
    Refusal {
        exit: Exit::Unreadable,
        message,
    }
}

fn server_choice(args: &RunArgs) -> Result<ServerChoice, Refusal> {
    let (host, port) = match &args.server {
        Some((host, port)) => (Some(host.clone()), *port),
        None => (None, None),
    };
    Ok(ServerChoice {
        host,
        port,
        local_server: if args.allow_local_server {
            LocalServer::Allowed
        } else {
            LocalServer::Refused
        },
        tls: args.tls.map(|tls| match tls {
            Tls::None => TlsMode::None,
            Tls::Starttls => TlsMode::StartTls,
            Tls::Implicit => TlsMode::Implicit,
        }),
        tls_name: args.account.tls_name.clone(),
        extra_ca: args.account.extra_ca()?,
        sign_in: args.account.sign_in()?,
        timeout: args.timeout,
        retries: args.delivery.retries,
        trace: args.delivery.trace(),
    })
}

fn route<'r>(args: &RunArgs) -> io::Result<Route<'r>> {
    Ok(match &args.outbox {
        Some(folder) => Route::Outbox(Outbox::new(folder), &RealFiles),
        None if args.dry_run => Route::DryRun,
        None if args.capture => Route::Capture(Capture::start()?),
        None => Route::Server,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_a_host_and_perhaps_a_port() {
        let of = |host: &str, port| Ok((host.to_owned(), port));
        assert_eq!(server("relay.example"), of("relay.example", None));
        assert_eq!(server("relay.example:587"), of("relay.example", Some(587)));
        assert_eq!(server("[::1]:25"), of("::1", Some(25)));
        assert_eq!(server("::1"), of("::1", None));
        assert_eq!(server("[::1]"), of("::1", None));
        for wrong in [
            "",
            ":25",
            "relay:",
            "relay:0",
            "relay:70000",
            "[::1",
            "[::1]25",
        ] {
            assert!(server(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn seconds_are_a_positive_number() {
        assert_eq!(seconds("1.5"), Ok(Duration::from_millis(1500)));
        for wrong in ["0", "-1", "x", "inf", "NaN", "1e300"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
