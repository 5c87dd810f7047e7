//! `dtsx probe`: what servers are found to offer, and that a bad one is a line of the report.

use std::io;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use serde_json::{Value, json};

use crate::command::{Run, dtsx_in};
use crate::mail_support::{Peer, Scripted};
use crate::mail_tls::Authority;

fn probe(folder: &Path, server: &Scripted, args: &[&str]) -> Run {
    let address = format!("127.0.0.1:{}", server.port);
    let base = ["probe", address.as_str(), "--format", "json"];
    dtsx_in(folder, base.iter().chain(args))
}

/// What a server does on its connection.
type Script = Box<dyn Fn(&mut Peer) -> io::Result<()> + Send>;

/// A relay that offers STARTTLS, and other things under it.
fn with_tls(peer: &mut Peer, config: &Arc<ServerConfig>) -> io::Result<()> {
    peer.say("220 relay.example ESMTP ready\n")?;
    loop {
        let line = peer.line()?;
        match line.split(' ').next().unwrap_or_default() {
            "EHLO" => {
                peer.say("250-relay.example\n250-SIZE 1000\n250-AUTH NTLM\n250 STARTTLS\n")?
            }
            "STARTTLS" => {
                peer.say("220 go\n")?;
                peer.handshake(config.clone())?;
                break;
            }
            _ => peer.say("221 bye\n")?,
        }
    }
    loop {
        match peer.line()?.split(' ').next().unwrap_or_default() {
            "EHLO" => peer.say("250-relay.example\n250-SIZE 1000\n250 AUTH PLAIN LOGIN\n")?,
            _ => {
                peer.say("221 bye\n")?;
                return Ok(());
            }
        }
    }
}

#[test]
fn a_server_is_asked_for_everything_and_gets_no_mail() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, authority.pem()).unwrap();
    let config = authority.server_for(&["relay.example", "mail.example"]);
    let server = Scripted::start(2, move |_, peer| with_tls(peer, &config));
    let run = probe(
        folder.path(),
        &server,
        &["--ca-file", "ca.pem", "--tls-name", "relay.example"],
    );
    assert_eq!(run.code, 0, "{}", run.shown());
    let report = run.json();
    let found = &report["servers"][0];
    assert_eq!(found["banner"], "220 relay.example ESMTP ready");
    assert_eq!(found["tls"], "starttls");
    assert_eq!(
        found["in_clear"],
        json!({ "extensions": ["SIZE 1000", "AUTH NTLM", "STARTTLS"], "auth": ["NTLM"] })
    );
    assert_eq!(found["under_tls"]["auth"], json!(["PLAIN", "LOGIN"]));
    assert_eq!(found["tls_versions"], json!({ "1.2": true, "1.3": true }));
    let certificate = &found["certificate"];
    assert_eq!(
        certificate["names"],
        json!(["relay.example", "mail.example"])
    );
    assert_eq!(
        (&certificate["trusted"], &certificate["problem"]),
        (&json!(true), &Value::Null)
    );
    assert!(
        certificate["issuer"]
            .as_str()
            .unwrap()
            .contains("authority of the test")
    );
    // What the certificate's maker says of it: until 4096.
    assert!(
        certificate["not_after"]
            .as_str()
            .unwrap()
            .starts_with("4096-01-01T")
    );
    assert!(certificate["expires_in_days"].as_i64().unwrap() > 365_000);
    let log = server.log();
    for verb in ["MAIL", "RCPT", "DATA", "AUTH"] {
        assert!(!log.has(verb), "{log:?}");
    }
}

#[test]
fn people_read_what_matters_in_a_few_lines() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let config = authority.server_for(&["relay.example"]);
    let server = Scripted::start(2, move |_, peer| with_tls(peer, &config));
    let address = format!("127.0.0.1:{}", server.port);
    let run = dtsx_in(folder.path(), ["probe", &address]);
    // Its authority is not one that this machine trusts, and it has another name.
    assert_eq!(run.code, 1, "{}", run.shown());
    let shown = run.out.replace(&address, "SERVER");
    let mut lines = shown.lines();
    for start in [
        "SERVER",
        "    greeting     220 relay.example ESMTP ready",
        "    in clear     SIZE 1000, STARTTLS",
        "                 AUTH NTLM",
        "    under TLS    SIZE 1000",
        "                 AUTH PLAIN LOGIN",
        "    TLS          starttls; 1.2, 1.3",
        "    certificate  for relay.example; until 4096-01-01, ",
        "                 not trusted: ",
        "1 server, 1 with faults",
    ] {
        assert!(
            lines.any(|line| line.starts_with(start)),
            "{start}\n{shown}"
        );
    }
}

#[test]
fn a_version_that_a_server_does_not_take_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let config = authority.server_for(&["relay.example"]);
    let provider = Arc::clone(config.crypto_provider());
    let old = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::clone(&config.cert_resolver));
    let old = Arc::new(old);
    let server = Scripted::start(2, move |_, peer| with_tls(peer, &old));
    let report = probe(folder.path(), &server, &[]).json();
    assert_eq!(
        report["servers"][0]["tls_versions"],
        json!({ "1.2": true, "1.3": false })
    );
}

#[test]
fn a_relay_without_tls_is_no_fault() {
    let folder = tempfile::tempdir().unwrap();
    let server = Scripted::once(|peer| {
        peer.say("220 old \u{1b}[2Jrelay\n")?;
        peer.line()?;
        peer.say("500 what?\n")?;
        peer.line()?;
        peer.say("250 old relay\n")?;
        peer.line()?;
        peer.say("221 bye\n")
    });
    let run = probe(folder.path(), &server, &[]);
    assert_eq!(run.code, 0, "{}", run.shown());
    let found = &run.json()["servers"][0];
    assert_eq!(
        (&found["tls"], &found["certificate"]),
        (&json!("none"), &Value::Null)
    );
    assert_eq!(found["banner"], "220 old \\u{1b}[2Jrelay");
    let log = server.log();
    assert!(log.has("HELO") && log.has("QUIT"));
}

#[test]
fn what_goes_wrong_is_a_line_of_the_report_and_the_others_are_asked() {
    let folder = tempfile::tempdir().unwrap();
    let scripts: Vec<(Script, &str, &str)> = vec![
        (
            Box::new(|peer| peer.close()),
            "waiting for the greeting",
            "closed the connection",
        ),
        (
            Box::new(|peer| peer.say("HTTP/1.1 400 Bad Request\n")),
            "waiting for the greeting",
            "three-digit code",
        ),
        (
            Box::new(|peer| peer.say("421 4.3.2 not today\n")),
            "waiting for the greeting",
            "421 4.3.2 not today",
        ),
        (
            Box::new(|peer| {
                peer.say("220 x\n")?;
                peer.line()?;
                peer.hold()
            }),
            "`EHLO`",
            "no answer within the 1 s of the whole probe",
        ),
        (
            Box::new(|peer| {
                peer.say("220 x\n")?;
                peer.line()?;
                peer.say("250-x\n250 STARTTLS\n")?;
                peer.line()?;
                peer.say("454 4.7.0 no certificate\n")
            }),
            "`STARTTLS`",
            "454 4.7.0 no certificate",
        ),
        (
            Box::new(|peer| {
                peer.say("220 x\n")?;
                peer.line()?;
                peer.say(&format!("250-{}\n", "x".repeat(1 << 20)))
            }),
            "`EHLO`",
            "bytes came where a reply was expected",
        ),
    ];
    let mut servers = Vec::new();
    let mut expected = Vec::new();
    for (script, step, reason) in scripts {
        servers.push(Scripted::once(script));
        expected.push((step, reason));
    }
    // A port that nobody listens at.
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    expected.push(("connecting", "refused"));
    let addresses: Vec<String> = servers
        .iter()
        .map(|it| it.port)
        .chain([closed])
        .map(|port| format!("127.0.0.1:{port}"))
        .collect();
    let args = ["probe", "--format", "json", "--timeout", "1"].map(str::to_owned);
    let run = dtsx_in(folder.path(), args.iter().chain(&addresses));
    assert_eq!(run.code, 1, "{}", run.shown());
    let report = run.json();
    for (at, (step, reason)) in expected.into_iter().enumerate() {
        let fault = &report["servers"][at]["faults"][0];
        assert_eq!(fault["step"], step, "{report:#}");
        let told = fault["reason"].as_str().unwrap();
        assert!(told.contains(reason), "{told}");
    }
    assert_eq!(report["summary"], json!({ "servers": 7, "faulty": 7 }));
}

#[test]
fn a_report_gives_every_distinct_server_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = |name: &str, effective: Value| {
        let smtp = json!({ "server": name });
        json!({ "path": "\\Package.Connections[Mail]", "type": "SMTP", "smtp": smtp, "effective": effective })
    };
    let unknown =
        json!({ "SmtpServer": { "value": null, "certainty": "unknown", "reason": "no `--env`" } });
    let known = json!({ "SmtpServer": { "value": "127.0.0.3", "certainty": "known" } });
    let file = |path: &str, copy: bool, connections: Vec<Value>| json!({ "path": path, "build_copy": copy, "connections": connections });
    let report = json!({
        "schema": "dtsx/inspect@1",
        "files": [
            file("A.dtsx", false, vec![server("127.0.0.2", json!({})), json!({ "type": "OLEDB" })]),
            file("B.dtsx", false, vec![server("127.0.0.2", json!({})), server("stale", known)]),
            file("C.dtsx", false, vec![server("stale", unknown), server("", json!({}))]),
            file("obj/A.dtsx", true, vec![server("127.0.0.9", json!({}))]),
        ],
    });
    std::fs::write(folder.path().join("inspect.json"), report.to_string()).unwrap();
    let args = [
        "probe",
        "--report",
        "inspect.json",
        "--format",
        "json",
        "--timeout",
        "2",
    ];
    let run = dtsx_in(folder.path(), args);
    assert_eq!(run.code, 1, "{}", run.shown());
    let found = run.json();
    let servers: Vec<_> = found["servers"].as_array().unwrap().iter().collect();
    let asked: Vec<_> = servers
        .iter()
        .map(|it| {
            (
                it["host"].as_str().unwrap(),
                &it["port"],
                &it["connections"],
            )
        })
        .collect();
    assert_eq!(
        asked,
        [
            ("127.0.0.2", &json!(25), &json!(2)),
            ("127.0.0.3", &json!(25), &json!(1))
        ]
    );
    let left: Vec<_> = found["left_out"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["reason"].as_str().unwrap())
        .collect();
    assert_eq!(
        left,
        ["its server is not known: no `--env`", "it names no server"]
    );

    // What the command itself writes is such a report.
    let fixtures = crate::support::fixtures();
    let inspected = dtsx_in(&fixtures, ["inspect", "--format", "json", "demo"]);
    std::fs::write(folder.path().join("demo.json"), inspected.out).unwrap();
    let args = [
        "probe",
        "--report",
        "demo.json",
        "--format",
        "json",
        "--timeout",
        "0.01",
    ];
    let run = dtsx_in(folder.path(), args);
    assert_eq!(run.json()["servers"][0]["host"], "relay.example.com");

    for (args, code, told) in [
        (&["probe"][..], 2, "required"),
        (&["probe", "relay:x"], 2, "expected a port"),
        (
            &["probe", "--report", "none.json"],
            3,
            "none.json: could not be read",
        ),
        (
            &["probe", "x", "--ca-file", "none.pem"],
            3,
            "none.pem: could not be read",
        ),
    ] {
        let run = dtsx_in(folder.path(), args);
        assert_eq!(
            (run.code, run.out.as_str()),
            (code, ""),
            "{args:?}: {}",
            run.err
        );
        assert!(run.err.contains(told), "{args:?}: {}", run.err);
    }
    std::fs::write(
        folder.path().join("run.json"),
        r#"{"schema": "dtsx/run@1"}"#,
    )
    .unwrap();
    let run = dtsx_in(folder.path(), ["probe", "--report", "run.json"]);
    assert_eq!(run.code, 3);
    assert!(run.err.contains("found `dtsx/run@1`"), "{}", run.err);
}

#[test]
fn the_report_fits_its_schema() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let config = authority.server_for(&["relay.example"]);
    let server = Scripted::start(2, move |_, peer| with_tls(peer, &config));
    let run = probe(folder.path(), &server, &["127.0.0.1:1"]);
    crate::schemas::assert_fits(&run.json());
}
