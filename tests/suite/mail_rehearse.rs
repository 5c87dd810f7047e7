//! Rehearsals, and what is done before and after a run: where mail goes instead, how far servers are asked, who is
//! asked before much mail goes, what a second run leaves out.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::command::{Run, dtsx_in};
use crate::mail_packages::{Written, task};
use crate::mail_support::{Answered, Log, Peer, Scripted, plainly};
use crate::mail_tls::Authority;

/// A relay for one connection.
fn relay(answer: impl Fn(&mut Peer, &str) -> io::Result<Answered> + Send + 'static) -> Scripted {
    Scripted::once(move |peer| {
        peer.say("220 relay.example\n")?;
        peer.relay("", &answer)
    })
}

/// Two tasks: one for one recipient, one for three on three lines.
fn package(folder: &Path) -> PathBuf {
    Written::new()
        .with(&task("One", "", "", &[]))
        .with(&task(
            "Two",
            "",
            "",
            &[
                ("To", "ops@corp.example;night@partner.example"),
                ("CC", "lead@corp.example"),
                ("BCC", "audit@corp.example"),
            ],
        ))
        .save(folder)
}

fn run(folder: &Path, server: &Scripted, args: &[&str]) -> Run {
    let server = format!("127.0.0.1:{}", server.port);
    let base = [
        "run",
        "Nightly.dtsx",
        "--server",
        &server,
        "--format",
        "json",
    ];
    dtsx_in(folder, base.iter().chain(args))
}

fn message(log: &Log, at: usize) -> String {
    String::from_utf8(log.messages[at].clone()).unwrap()
}

#[test]
fn a_redirected_mail_goes_to_one_address_and_names_whom_it_was_for() {
    let folder = tempfile::tempdir().unwrap();
    package(folder.path());
    let server = relay(plainly);
    let run = run(
        folder.path(),
        &server,
        &["--redirect-to", "Test desk <desk@test.example>"],
    );
    assert_eq!(run.code, 0, "{}", run.shown());
    let log = server.log();
    let rcpt: Vec<&String> = log
        .commands
        .iter()
        .filter(|it| it.starts_with("RCPT"))
        .collect();
    assert_eq!(rcpt, ["RCPT TO:<desk@test.example>"; 2]);
    let second = message(&log, 1);
    let parsed = mail_parser::MessageParser::default()
        .parse(second.as_bytes())
        .unwrap();
    let to = parsed.to().unwrap().first().unwrap();
    assert_eq!(
        (to.name(), to.address()),
        (Some("Test desk"), Some("desk@test.example"))
    );
    assert!(parsed.cc().is_none());
    let original = parsed
        .header_raw("X-Original-To")
        .unwrap()
        .replace("\r\n", "");
    assert_eq!(
        original.trim(),
        "ops@corp.example, night@partner.example, audit@corp.example, lead@corp.example"
    );
    let task = &run.json()["tasks"][1];
    assert_eq!(
        task["message"]["to"],
        json!(["Test desk <desk@test.example>"])
    );
    assert_eq!(task["message"]["original_to"].as_array().unwrap().len(), 4);
    assert_eq!(task["accepted"], json!(["desk@test.example"]));
}

/// What a real run would fail for is found all the same.
#[test]
fn a_redirection_does_not_hide_a_recipient_that_is_none() {
    let folder = tempfile::tempdir().unwrap();
    Written::new()
        .with(&task("Notify", "", "", &[("CC", "operations")]))
        .save(folder.path());
    let run = dtsx_in(
        folder.path(),
        [
            "run",
            "Nightly.dtsx",
            "--dry-run",
            "--redirect-to",
            "desk@test.example",
        ],
    );
    assert_eq!(run.code, 1);
    assert!(
        run.out.contains("Cc: `operations`: no address"),
        "{}",
        run.out
    );
}

#[test]
fn mail_for_another_domain_is_refused_before_anything_is_connected() {
    let folder = tempfile::tempdir().unwrap();
    package(folder.path());
    let server = relay(plainly);
    let run = run(folder.path(), &server, &["--allow-domain", "corp.example"]);
    assert_eq!(run.code, 1, "{}", run.shown());
    let report = run.json();
    assert_eq!(report["tasks"][0]["status"], "sent");
    let refused = &report["tasks"][1];
    assert_eq!(refused["status"], "failed");
    assert_eq!(refused["cause"], "not-allowed");
    assert_eq!(
        refused["reason"],
        "`night@partner.example` is in no domain that `--allow-domain` names: nothing was sent"
    );
    assert_eq!(server.log().messages.len(), 1);
    // Nobody listens there, and nobody is asked.
    let args = [
        "run",
        "Nightly.dtsx",
        "--task",
        "*Two",
        "--server",
        "127.0.0.1:1",
        "--allow-domain",
        "corp.example",
    ];
    let run = dtsx_in(folder.path(), args);
    assert_eq!(run.code, 1);
    assert!(
        run.out.contains("`night@partner.example` is in no domain"),
        "{}",
        run.out
    );
    // What counts is where it goes.
    let args = [
        "run",
        "Nightly.dtsx",
        "--dry-run",
        "--redirect-to",
        "a@test.example",
        "--allow-domain",
        "test.example",
    ];
    assert_eq!(dtsx_in(folder.path(), args).code, 0);
}

#[test]
fn another_sender_leaves_the_old_one_the_answers() {
    let folder = tempfile::tempdir().unwrap();
    package(folder.path());
    let server = relay(plainly);
    let run = run(
        folder.path(),
        &server,
        &["--task", "*One", "--from", "service@tenant.example"],
    );
    assert_eq!(run.code, 0, "{}", run.shown());
    let log = server.log();
    assert!(log.has("MAIL FROM:<service@tenant.example>"));
    let text = message(&log, 0);
    let parsed = mail_parser::MessageParser::default()
        .parse(text.as_bytes())
        .unwrap();
    assert_eq!(
        parsed.from().unwrap().first().unwrap().address(),
        Some("service@tenant.example")
    );
    let reply_to = parsed.reply_to().unwrap().first().unwrap();
    assert_eq!(
        (reply_to.name(), reply_to.address()),
        (Some("Nightly"), Some("etl@corp.example"))
    );
}

#[test]
fn a_server_is_asked_as_far_as_is_said_and_gets_no_mail() {
    let folder = tempfile::tempdir().unwrap();
    package(folder.path());
    for (until, commands) in [
        ("connect", &["QUIT"][..]),
        ("ehlo", &["EHLO", "QUIT"]),
        ("starttls", &["EHLO", "QUIT"]),
        ("auth", &["EHLO", "QUIT"]),
        (
            "rcpt",
            &[
                "EHLO", "MAIL", "RCPT", "RSET", "MAIL", "RCPT", "RCPT", "RCPT", "RCPT", "RSET",
                "QUIT",
            ],
        ),
    ] {
        let server = relay(plainly);
        let run = run(folder.path(), &server, &["--until", until]);
        assert_eq!(run.code, 0, "{until}: {}", run.shown());
        let report = run.json();
        assert_eq!(report["summary"]["planned"], 2, "{until}");
        assert_eq!(report["summary"]["sent"], 0);
        assert_eq!(report["tasks"][1]["accepted"], json!([]));
        let log = server.log();
        let verbs: Vec<&str> = log
            .commands
            .iter()
            .map(|line| line.split([' ', ':']).next().unwrap())
            .collect();
        assert_eq!(verbs, commands, "{until}");
        assert!(log.messages.is_empty());
    }
}

#[test]
fn what_a_delivery_would_fail_for_is_said_by_the_rehearsal() {
    let folder = tempfile::tempdir().unwrap();
    package(folder.path());
    let server = relay(|peer, line| {
        if line.contains("night@") {
            peer.say("550 5.7.1 relaying denied\n")?;
            return Ok(Answered::Yes);
        }
        Ok(Answered::No)
    });
    let run = run(folder.path(), &server, &["--until", "rcpt"]);
    assert_eq!(run.code, 1, "{}", run.shown());
    let report = run.json();
    assert_eq!(report["tasks"][0]["status"], "planned");
    assert_eq!(report["tasks"][1]["status"], "failed");
    assert_eq!(
        report["tasks"][1]["refused"],
        json!([{ "address": "night@partner.example", "reply": "550 5.7.1 relaying denied" }])
    );
    assert!(!server.log().has("DATA"));

    let authority = Authority::new();
    let config = authority.server_for(&["other.example"]);
    let server = Scripted::once(move |peer| {
        peer.say("220 relay.example\n")?;
        peer.line()?;
        peer.say("250-relay.example\n250 STARTTLS\n")?;
        peer.line()?;
        peer.say("220 go\n")?;
        peer.handshake(config.clone())?;
        peer.relay("", plainly)
    });
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, authority.pem()).unwrap();
    let args = [
        "--until",
        "starttls",
        "--tls",
        "starttls",
        "--tls-name",
        "relay.example",
        "--ca-file",
        ca.to_str().unwrap(),
    ];
    let run = self::run(folder.path(), &server, &args);
    assert_eq!(run.code, 1);
    let reason = run.json()["tasks"][0]["reason"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        reason.contains("not for `relay.example` but for `other.example`"),
        "{reason}"
    );
}

#[test]
fn mail_goes_no_faster_than_is_said() {
    let folder = tempfile::tempdir().unwrap();
    package(folder.path());
    let server = relay(plainly);
    let start = std::time::Instant::now();
    let run = run(folder.path(), &server, &["--throttle", "120/min"]);
    assert_eq!(run.code, 0, "{}", run.shown());
    assert!(start.elapsed() >= std::time::Duration::from_millis(500));
    let run = dtsx_in(
        folder.path(),
        ["run", "Nightly.dtsx", "--dry-run", "--throttle", "often"],
    );
    assert_eq!(run.code, 2);
    assert!(run.err.contains("`30/min`"), "{}", run.err);
}

#[test]
fn much_mail_goes_only_when_somebody_says_so() {
    let folder = tempfile::tempdir().unwrap();
    package(folder.path());
    let args = [
        "run",
        "Nightly.dtsx",
        "--server",
        "127.0.0.1:1",
        "--confirm-over",
        "1",
    ];
    let run = dtsx_in(folder.path(), args);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    assert_eq!(
        run.err,
        "dtsx: 2 mails are to go, more than the 1 of `--confirm-over`\n  127.0.0.1:1: 2 mails to 5 recipients\n\
         nobody is there to ask: `--yes` sends them\n"
    );
    let run = dtsx_in(folder.path(), args.iter().chain(&["--format", "json"]));
    assert_eq!(run.json()["schema"], "dtsx/error@1");
    let server = relay(plainly);
    let run = self::run(folder.path(), &server, &["--confirm-over", "1", "--yes"]);
    assert_eq!(run.code, 0, "{}", run.shown());
    assert_eq!(server.log().messages.len(), 2);
    // Nobody is asked about what is not much, or does not go.
    let server = relay(plainly);
    assert_eq!(
        self::run(folder.path(), &server, &["--confirm-over", "2"]).code,
        0
    );
    drop(server.log());
    for route in [&["--dry-run"][..], &["--capture"]] {
        let args = ["run", "Nightly.dtsx", "--confirm-over", "1"];
        assert_eq!(dtsx_in(folder.path(), args.iter().chain(route)).code, 0);
    }
}

/// A relay that refuses one recipient and answers nothing to the second message.
fn faulty() -> Scripted {
    Scripted::once(|peer| {
        peer.say("220 relay.example\n")?;
        let mut messages = 0;
        peer.relay("", |peer, line| {
            if line.contains("night@") {
                peer.say("450 4.2.1 not now\n")?;
                return Ok(Answered::Yes);
            }
            if line == "." {
                messages += 1;
                if messages == 3 {
                    peer.close()?;
                }
            }
            Ok(Answered::No)
        })
    })
}

#[test]
fn a_second_run_sends_only_what_did_not_go() {
    let folder = tempfile::tempdir().unwrap();
    Written::new()
        .with(&task("Whole", "", "", &[]))
        .with(&task(
            "Half",
            "",
            "",
            &[("To", "ops@corp.example;night@partner.example")],
        ))
        .with(&task("Lost", "", "", &[]))
        .with(&task("Late", "", "", &[]))
        .save(folder.path());
    let first = run(folder.path(), &faulty(), &[]);
    assert_eq!(first.code, 5, "{}", first.shown());
    let statuses = |report: &Value| -> Vec<String> {
        let tasks = report["tasks"].as_array().unwrap();
        tasks
            .iter()
            .map(|it| it["status"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        statuses(&first.json()),
        ["sent", "partial", "unknown", "failed"]
    );
    std::fs::write(folder.path().join("run.json"), &first.out).unwrap();

    let server = relay(plainly);
    let second = run(folder.path(), &server, &["--resume", "run.json"]);
    assert_eq!(second.code, 5, "{}", second.shown());
    let report = second.json();
    assert_eq!(statuses(&report), ["sent", "sent", "unknown", "sent"]);
    let earlier: Vec<bool> = (0..4)
        .map(|at| report["tasks"][at]["earlier"] == true)
        .collect();
    assert_eq!(earlier, [true, false, true, false]);
    assert_eq!(
        report["tasks"][1]["accepted"],
        json!(["ops@corp.example", "night@partner.example"])
    );
    assert_eq!(
        (&report["summary"]["sent"], &report["summary"]["earlier"]),
        (&json!(2), &json!(2))
    );
    let log = server.log();
    assert_eq!(log.messages.len(), 2);
    let rcpt: Vec<&String> = log
        .commands
        .iter()
        .filter(|it| it.starts_with("RCPT"))
        .collect();
    assert_eq!(
        rcpt,
        [
            "RCPT TO:<night@partner.example>",
            "RCPT TO:<ops@corp.example>"
        ]
    );

    // The second report stands for both runs: after it only the unknown one is left, and goes when that is asked for.
    std::fs::write(folder.path().join("second.json"), &second.out).unwrap();
    let nobody = dtsx_in(
        folder.path(),
        [
            "run",
            "Nightly.dtsx",
            "--server",
            "127.0.0.1:1",
            "--resume",
            "second.json",
        ],
    );
    assert_eq!(nobody.code, 5, "{}", nobody.shown());
    assert!(
        nobody.out.ends_with("4 by a former run\n"),
        "{}",
        nobody.out
    );
    let server = relay(plainly);
    let third = run(
        folder.path(),
        &server,
        &["--resume", "second.json", "--resend-unknown"],
    );
    assert_eq!(third.code, 0, "{}", third.shown());
    assert_eq!(server.log().messages.len(), 1);
}

#[test]
fn a_report_that_ends_early_stands_for_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let mut package = Written::new();
    for name in ["A", "B", "C"] {
        package = package.with(&task(name, "", "", &[]));
    }
    package.save(folder.path());
    let first = run(folder.path(), &relay(plainly), &[]);
    let cut = first.out.find("\\\\Package\\\\B").unwrap();
    std::fs::write(folder.path().join("cut.json"), &first.out[..cut]).unwrap();
    let server = relay(plainly);
    let second = run(folder.path(), &server, &["--resume", "cut.json"]);
    assert_eq!(second.code, 5, "{}", second.shown());
    let report = second.json();
    let status = |at: usize| report["tasks"][at]["status"].as_str().unwrap().to_owned();
    assert_eq!(
        (status(0), status(1), status(2)),
        ("sent".into(), "unknown".into(), "sent".into())
    );
    assert_eq!(server.log().messages.len(), 1);
}

#[test]
fn a_report_of_something_else_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    package(folder.path());
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "inspect.json",
        r#"{"schema": "dtsx/inspect@1", "files": []}"#,
    );
    write(
        "other.json",
        r#"{"schema": "dtsx/run@1", "tasks": [{"path": "\\Package\\Else", "file": "Nightly.dtsx", "status": "sent"}]}"#,
    );
    for (file, code, told) in [
        (
            "inspect.json",
            3,
            "of the schema `dtsx/run@1`, found `dtsx/inspect@1`",
        ),
        (
            "Nightly.dtsx",
            3,
            "expected a report of `dtsx run --format json`",
        ),
        ("none.json", 3, "none.json: could not be read"),
        ("other.json", 2, "it is of another package"),
    ] {
        let run = dtsx_in(
            folder.path(),
            [
                "run",
                "Nightly.dtsx",
                "--server",
                "127.0.0.1:1",
                "--resume",
                file,
            ],
        );
        assert_eq!(
            (run.code, run.out.as_str()),
            (code, ""),
            "{file}: {}",
            run.err
        );
        assert!(run.err.contains(told), "{file}: {}", run.err);
    }
}

/// The report is written while mail goes, in the same form as if it were written at once.
#[test]
fn a_streamed_report_has_the_form_of_a_whole_one() {
    let folder = tempfile::tempdir().unwrap();
    package(folder.path());
    for args in [
        &["run", "Nightly.dtsx", "--dry-run", "--format", "json"][..],
        &[
            "run",
            "Nightly.dtsx",
            "--dry-run",
            "--format",
            "json",
            "--task",
            "*One",
        ],
    ] {
        let run = dtsx_in(folder.path(), args);
        let pretty = serde_json::to_string_pretty(&run.json()).unwrap();
        assert_eq!(run.out, pretty + "\n");
    }
    std::fs::write(
        folder.path().join("Nightly.dtsx"),
        Written::new().save_text(),
    )
    .unwrap();
    let run = dtsx_in(
        folder.path(),
        ["run", "Nightly.dtsx", "--dry-run", "--format", "json"],
    );
    assert_eq!(run.json()["tasks"], json!([]));
    assert_eq!(
        run.out,
        serde_json::to_string_pretty(&run.json()).unwrap() + "\n"
    );
}

/// How much memory a run of many tasks takes while it goes on: the command waits for whoever reads what it prints.
#[cfg(target_os = "linux")]
#[test]
fn ten_thousand_tasks_take_no_more_memory_than_a_hundred() {
    use std::io::BufRead as _;

    let folder = tempfile::tempdir().unwrap();
    let mut package = Written::new();
    for number in 0..10_000 {
        package = package.with(&task(&format!("Mail {number}"), "", "", &[]));
    }
    package.save(folder.path());
    let mut command = crate::command::command(folder.path());
    command.args([
        "run",
        "Nightly.dtsx",
        "--capture",
        "--format",
        "human",
        "--format",
        "json=run.json",
    ]);
    let mut child = command
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let id = child.id();
    let memory = |field: &str| -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let line = status.lines().find(|line| line.starts_with(field)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    let mut lines = io::BufReader::with_capacity(1 << 10, child.stdout.take().unwrap()).lines();
    let (mut mails, mut at_100, mut at_9_900) = (0, 0, 0);
    for line in lines.by_ref() {
        if line.unwrap().starts_with("captured") {
            mails += 1;
            match mails {
                100 => at_100 = memory("VmHWM:"),
                9_900 => at_9_900 = memory("VmHWM:"),
                _ => {}
            }
        }
    }
    assert!(child.wait().unwrap().success());
    assert_eq!(mails, 10_000);
    println!("peak memory: {at_100} kB at 100 mails, {at_9_900} kB at 9900");
    // An outcome with its message takes more than a kilobyte.
    assert!(at_9_900 < at_100 + 2_000, "{at_100} kB, {at_9_900} kB");
    let report = std::fs::read_to_string(folder.path().join("run.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["summary"]["captured"], 10_000);
}
