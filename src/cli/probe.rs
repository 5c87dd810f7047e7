//! `dtsx probe`: what mail servers offer, before thousands of files point at them.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::Value;

use dtsx::host::{Clock as _, Files as _, RealClock, RealEnvironment, RealFiles};
use dtsx::mail::deliver::{Probe, hello_name};
use dtsx::report::json::probe::{LeftOutJson, ServerProbe};
use dtsx::report::{human, json};

use super::exit::Exit;
use super::output::OutputArgs;
use super::run::{seconds, server};
use super::streams::{Refusal, Streams};

/// Show what mail servers offer: the greeting, extensions, ways to sign in, the certificate, versions of TLS
///
/// Nobody signs in and no mail is sent. A certificate is shown whether it is trusted or not. What goes wrong with a
/// server is in the report, and the others are asked all the same.
///
/// Exit code 1 means that something went wrong with a server, or that its certificate would be refused.
#[derive(Debug, Args)]
pub(crate) struct ProbeArgs {
    /// Servers; with port 465 TLS begins with the first byte [default port: 25]
    #[arg(value_name = "HOST[:PORT]", value_parser = server, required_unless_present = "report")]
    servers: Vec<(String, Option<u16>)>,
    /// Every distinct SMTP server of a report of `dtsx inspect --format json`
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Certificates of authorities to trust besides the system's, as PEM
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// The name that the certificate should be for [default: the server]
    #[arg(long, value_name = "NAME")]
    tls_name: Option<String>,
    /// How long one server may take
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "20")]
    timeout: Duration,
    #[command(flatten)]
    output: OutputArgs<Format>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text for people
    Human,
    /// The schema `dtsx/probe@1`
    Json,
}

/// Servers that are asked at the same time.
const TOGETHER: usize = 8;
const SMTP: u16 = 25;

pub(crate) fn run(args: &ProbeArgs, streams: &mut Streams<'_>) -> io::Result<Exit> {
    streams.out_takes_json = args.output.prints(&Format::Json);
    let (asked, ca) = match asked(args).and_then(|asked| Ok((asked, ca(args)?))) {
        Ok(asked) => asked,
        Err(refusal) => return streams.refuse(&refusal),
    };
    let mut outputs = match args.output.open(Format::Human, &mut *streams.out) {
        Ok(outputs) => outputs,
        Err(refusal) => return streams.refuse(&refusal),
    };
    let hello = hello_name(&RealEnvironment);
    let probes: Vec<Probe> = asked
        .servers
        .iter()
        .map(|(host, port, _)| Probe {
            host: host.clone(),
            port: *port,
            hello: hello.clone(),
            tls_name: args.tls_name.clone(),
            extra_ca: ca.clone(),
            timeout: args.timeout,
        })
        .collect();
    let probed = ask_all(&probes);
    let servers: Vec<ServerProbe> = asked
        .servers
        .into_iter()
        .zip(probed)
        .map(|((host, port, connections), probed)| ServerProbe {
            host,
            port,
            connections,
            probed,
        })
        .collect();
    let now = RealClock.now().timestamp().as_second();
    if let Some(mut out) = outputs.take_text(&Format::Human, streams.colours) {
        for server in &servers {
            human::probe::write_server(&mut out, server, now)?;
        }
        human::probe::write_end(&mut out, &servers, &asked.left_out)?;
        out.flush()?;
    }
    if let Some(mut out) = outputs.take(&Format::Json) {
        json::probe::write(&mut out, &servers, &asked.left_out, now)?;
        out.flush()?;
    }
    let is_faulty = servers.iter().any(ServerProbe::is_faulty);
    Ok(match is_faulty || !asked.left_out.is_empty() {
        true => Exit::Found,
        false => Exit::Done,
    })
}

fn ca(args: &ProbeArgs) -> Result<Option<Vec<u8>>, Refusal> {
    let Some(path) = &args.ca_file else {
        return Ok(None);
    };
    match RealFiles.read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) => Err(unreadable(path, &format!("could not be read: {error}"))),
    }
}

/// Several at the same time: one that does not answer keeps nobody waiting but itself.
fn ask_all(probes: &[Probe]) -> Vec<dtsx::mail::deliver::Probed> {
    let next = AtomicUsize::new(0);
    let answers = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..TOGETHER.min(probes.len()) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(probe) = probes.get(index) else {
                        break;
                    };
                    let probed = probe.ask();
                    if let Ok(mut answers) = answers.lock() {
                        answers.insert(index, probed);
                    }
                }
            });
        }
    });
    let answers = answers.into_inner().unwrap_or_default();
    answers.into_values().collect()
}

/// What is to be asked.
#[derive(Default)]
struct Asked {
    /// The server, its port, and how many connection managers lead there.
    servers: Vec<(String, u16, Option<usize>)>,
    left_out: Vec<LeftOutJson>,
}

impl Asked {
    fn add(&mut self, host: &str, port: u16, connection: Option<usize>) {
        let host = host.trim();
        let is_same = |(known, at, _): &&mut (String, u16, Option<usize>)| {
            known.eq_ignore_ascii_case(host) && *at == port
        };
        match self.servers.iter_mut().find(is_same) {
            Some((_, _, number)) => {
                if let Some(more) = connection {
                    *number = Some(number.unwrap_or_default() + more);
                }
            }
            None => self.servers.push((host.to_owned(), port, connection)),
        }
    }
}

fn asked(args: &ProbeArgs) -> Result<Asked, Refusal> {
    let mut asked = Asked::default();
    for (host, port) in &args.servers {
        asked.add(host, port.unwrap_or(SMTP), None);
    }
    let Some(path) = &args.report else {
        return Ok(asked);
    };
    let bytes = RealFiles
        .read(path)
        .map_err(|error| unreadable(path, &format!("could not be read: {error}")))?;
    let report: Value = serde_json::from_slice(&bytes)
        .map_err(|error| unreadable(path, &format!("is no report: {error}")))?;
    if report["schema"] != "dtsx/inspect@1" {
        let found = report["schema"].as_str().unwrap_or_default();
        return Err(unreadable(
            path,
            &format!("expected a report of the schema `dtsx/inspect@1`, found `{found}`"),
        ));
    }
    let listed = |value: &'_ Value| value.as_array().cloned().unwrap_or_default();
    for file in listed(&report["files"]) {
        if file["build_copy"] == true {
            continue;
        }
        for connection in listed(&file["connections"]) {
            if connection["smtp"].is_object() {
                from_report(&file, &connection, &mut asked);
            }
        }
    }
    if asked.servers.is_empty() && asked.left_out.is_empty() {
        return Err(Refusal::usage(format!(
            "--report: {}: names no SMTP server",
            path.display()
        )));
    }
    Ok(asked)
}

/// The server that a connection manager leads to at run time, where that is known.
fn from_report(file: &Value, connection: &Value, asked: &mut Asked) {
    let effective = &connection["effective"]["SmtpServer"];
    let server = match effective.is_object() {
        true => effective["value"].as_str(),
        false => connection["smtp"]["server"].as_str(),
    };
    match server.map(str::trim) {
        Some(server) if !server.is_empty() => asked.add(server, SMTP, Some(1)),
        other => {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let reason = match other {
                Some(_) => "it names no server".to_owned(),
                None => format!("its server is not known: {}", text(&effective["reason"])),
            };
            asked.left_out.push(LeftOutJson {
                file: text(&file["path"]),
                path: text(&connection["path"]),
                reason,
            });
        }
    }
}

fn unreadable(path: &Path, why: &str) -> Refusal {
    Refusal {
        exit: Exit::Unreadable,
        message: format!("{}: {why}", path.display()),
    }
}
