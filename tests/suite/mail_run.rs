//! The command `run`: where mail goes, what is shown of it, and the exit codes.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

use crate::mail_packages::{Written, other_task, task};
use crate::mail_support::{Answered, Scripted, plainly};
use crate::mail_tls::Authority;

/// Runs the command.
fn dtsx(args: &[&str]) -> (Output, Value) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_dtsx"))
        .arg("run")
        .args(args)
        .output()
        .unwrap();
    let json = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (output, json)
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn the_command_shows_what_it_captured() {
    let folder = tempfile::tempdir().unwrap();
    let path = Written::new()
        .with(&other_task("Load"))
        .with(&task("Notify", "", "", &[("BCC", "audit@corp.example")]))
        .save(folder.path());
    let path = path.to_str().unwrap();
    let (output, _) = dtsx(&[path, "--capture"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let shown = String::from_utf8(output.stdout).unwrap();
    let expected = [
        "captured  \\Package\\Notify",
        "    \"load finished\" from Nightly <etl@corp.example>; to ops@corp.example; 1 blind copy; ",
        "    MAIL FROM:<etl@corp.example>",
        "    RCPT TO:<ops@corp.example>",
        "    RCPT TO:<audit@corp.example>",
        "    | MIME-Version: 1.0",
        "    | From: \"Nightly\" <etl@corp.example>",
        "    | rows: 42",
        "    | all is well",
        "1 captured",
    ];
    let mut lines = shown.lines();
    for start in expected {
        assert!(
            lines.any(|line| line.starts_with(start)),
            "{start}\n{shown}"
        );
    }

    let (output, json) = dtsx(&[path, "--capture", "--format", "json"]);
    assert_eq!(code(&output), 0);
    assert_eq!(json["schema"], "dtsx/run@1");
    let task = &json["tasks"][0];
    assert_eq!(task["status"], "captured");
    assert_eq!(task["path"], "\\Package\\Notify");
    assert_eq!(
        task["message"]["to"],
        serde_json::json!(["ops@corp.example"])
    );
    assert_eq!(
        task["accepted"],
        serde_json::json!(["ops@corp.example", "audit@corp.example"])
    );
    let eml = task["captured"]["message"].as_str().unwrap();
    assert_eq!(task["message"]["size"], eml.len());
    assert!(eml.contains(task["message"]["message_id"].as_str().unwrap()));
    assert_eq!(json["summary"]["captured"], 1);
}

#[test]
fn the_command_writes_an_outbox_for_its_owner_and_does_not_write_over_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = Written::new()
        .with(&task("Notify: all", "", "", &[]))
        .save(folder.path());
    let outbox = folder.path().join("out/box");
    let args = [
        path.to_str().unwrap(),
        "--outbox",
        outbox.to_str().unwrap(),
        "--format",
        "json",
    ];
    let (output, json) = dtsx(&args);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let eml = PathBuf::from(json["tasks"][0]["eml"].as_str().unwrap());
    assert_eq!(eml, outbox.join("001-Notify_ all.eml"));
    let size = json["tasks"][0]["message"]["size"].as_u64().unwrap();
    assert_eq!(std::fs::metadata(&eml).unwrap().len(), size);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&eml), mode(&outbox)), (0o600, 0o700));
    }
    let before = std::fs::read(&eml).unwrap();
    let (output, json) = dtsx(&args);
    assert_eq!(code(&output), 4);
    assert_eq!(json["tasks"][0]["status"], "failed");
    assert_eq!(std::fs::read(&eml).unwrap(), before);
}

fn relay(
    answer: impl Fn(&mut crate::mail_support::Peer, &str) -> io::Result<Answered> + Send + 'static,
) -> Scripted {
    Scripted::once(move |peer| {
        peer.say("220 relay.example\n")?;
        peer.relay("", &answer)
    })
}

#[test]
fn the_command_sends_and_its_exit_code_says_what_came_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = Written::new()
        .with(&task("One", "", "", &[]))
        .with(&task("Two", "", "", &[("CC", "lead@corp.example")]))
        .save(folder.path());
    let path = path.to_str().unwrap();
    let run = |server: &Scripted| {
        let address = format!("127.0.0.1:{}", server.port);
        dtsx(&[
            path,
            "--server",
            &address,
            "--format",
            "json",
            "--timeout",
            "10",
        ])
    };

    let server = relay(plainly);
    let (output, json) = run(&server);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(json["summary"]["sent"], 2);
    assert_eq!(json["tasks"][0]["tls"], "none");
    assert_eq!(json["tasks"][0]["auth"], "anonymous");
    let log = server.log();
    // One connection for both, and a farewell.
    assert_eq!(log.messages.len(), 2);
    assert_eq!(
        log.commands
            .iter()
            .filter(|it| it.starts_with("EHLO"))
            .count(),
        1
    );
    assert_eq!(log.commands.last().unwrap(), "QUIT");

    let server = relay(|peer, line| {
        if line.contains("lead@") {
            peer.say("550 no such user\n")?;
            return Ok(Answered::Yes);
        }
        Ok(Answered::No)
    });
    let (output, json) = run(&server);
    assert_eq!(code(&output), 5);
    assert_eq!(json["tasks"][0]["status"], "sent");
    assert_eq!(json["tasks"][1]["status"], "partial");
    assert_eq!(json["tasks"][1]["code"], "0xC002F304");
    assert_eq!(
        json["tasks"][1]["refused"],
        serde_json::json!([{ "address": "lead@corp.example", "reply": "550 no such user" }])
    );

    let server = relay(|peer, line| {
        if line == "." {
            peer.close()?;
        }
        Ok(Answered::No)
    });
    let (output, json) = run(&server);
    assert_eq!(code(&output), 5);
    assert_eq!(json["tasks"][0]["status"], "unknown");
    // The server takes no second connection.
    assert_eq!(json["tasks"][1]["status"], "failed");

    let server = relay(|peer, line| {
        if line.starts_with("MAIL") {
            peer.say("530 5.7.0 sign in first\n")?;
            return Ok(Answered::Yes);
        }
        Ok(Answered::No)
    });
    let (output, json) = run(&server);
    assert_eq!(code(&output), 1);
    assert_eq!(json["summary"]["failed"], 2);
}

#[test]
fn enable_ssl_demands_starttls_and_windows_authentication_says_what_it_did() {
    let folder = tempfile::tempdir().unwrap();
    let path = Written::new()
        .smtp(
            "SmtpServer=relay.example;UseWindowsAuthentication=True;EnableSsl=True;",
            "",
        )
        .with(&task("Notify", "", "", &[]))
        .save(folder.path());
    let path = path.to_str().unwrap();
    let server = relay(plainly);
    let address = format!("127.0.0.1:{}", server.port);
    let (output, json) = dtsx(&[path, "--server", &address, "--format", "json"]);
    assert_eq!(code(&output), 1);
    let reason = json["tasks"][0]["reason"].as_str().unwrap();
    assert!(
        reason.ends_with("Server does not support secure connections."),
        "{reason}"
    );
    assert!(!server.log().has("MAIL"));

    let authority = Authority::new();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, authority.pem()).unwrap();
    let config = authority.server_for(&["relay.example"]);
    let server = Scripted::once(move |peer| {
        peer.say("220 relay.example\n")?;
        peer.line()?;
        peer.say("250-relay.example\n250 STARTTLS\n")?;
        peer.line()?;
        peer.say("220 go\n")?;
        peer.handshake(config.clone())?;
        peer.relay("250-AUTH PLAIN\n", plainly)
    });
    let address = format!("127.0.0.1:{}", server.port);
    let ca = ca.to_str().unwrap();
    let args = [
        path,
        "--server",
        &address,
        "--ca-file",
        ca,
        "--tls-name",
        "relay.example",
        "--format",
        "json",
    ];
    let (output, json) = dtsx(&args);
    assert_eq!(code(&output), 0, "{json}");
    assert_eq!(json["tasks"][0]["tls"], "starttls");
    let note = json["tasks"][0]["notes"][0].as_str().unwrap();
    assert!(
        note.ends_with("the server does not offer it: anonymous"),
        "{note}"
    );
    assert_eq!(server.log().messages.len(), 1);
}

#[test]
fn a_package_that_does_more_than_send_mail_needs_its_tasks_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = Written::new()
        .with(&other_task("Load"))
        .with(&other_task("Off").replace("/>", " DTS:Disabled=\"True\"/>"))
        .with(&task("Notify", "", "", &[]))
        .save(folder.path());
    let path = path.to_str().unwrap();
    let (output, _) = dtsx(&[path, "--server", "127.0.0.1:1"]);
    assert_eq!(code(&output), 2);
    let told = stderr(&output);
    assert!(
        told.ends_with("not done:\n  `\\Package\\Load` (Execute SQL)\n"),
        "{told}"
    );

    let server = relay(plainly);
    let address = format!("127.0.0.1:{}", server.port);
    let (output, _) = dtsx(&[path, "--server", &address, "--task", "\\Package\\Notify"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(server.log().messages.len(), 1);
    for args in [&[path, "--dry-run"][..], &[path, "--capture"]] {
        assert_eq!(code(&dtsx(args).0), 0);
    }
}

#[test]
fn arguments_that_fit_nothing_are_refused_before_anything_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let path = Written::new()
        .with(&task("Notify", "", "", &[]))
        .save(folder.path());
    let path = path.to_str().unwrap();
    let both = folder.path().to_str().unwrap();
    for (args, exit, told) in [
        (
            &[path, "--dry-run", "--task", "\\Package\\Notfy"][..],
            2,
            "did you mean `Notify`?",
        ),
        (
            &[path, "--dry-run", "--task", "*nobody*"],
            2,
            "there are:\n  `\\Package\\Notify`",
        ),
        (
            &[
                path,
                "--dry-run",
                "--override",
                "\\Package\\Notify.Properties[To];x",
            ],
            2,
            "did you mean `ToLine`?",
        ),
        (
            &[
                path,
                "--dry-run",
                "--override",
                "\\Package\\Nobody.Properties[ToLine];x",
            ],
            2,
            "leads to nothing",
        ),
        (
            &[path, "--dry-run", "--override", "ToLine"],
            2,
            "expected `PATH;VALUE`",
        ),
        (
            &[path, "--dry-run", "--map-path", "C:"],
            2,
            "expected `FROM=TO`",
        ),
        (&[path, "--dry-run", "--capture"], 2, "cannot be used with"),
        (&[path, "--server", "relay:x"], 2, "expected a port"),
        (
            &[path, "--limit", "height=1"],
            2,
            "there is no limit `height`",
        ),
        (
            &[both, "--dry-run", "--package", "Weekly"],
            2,
            "there is no package `Weekly` here",
        ),
        (
            &["no/such.dtsx", "--dry-run"],
            3,
            "no/such.dtsx: there is no such file or folder",
        ),
        (
            &[path, "--ca-file", "no/such.pem"],
            3,
            "no/such.pem: could not be read",
        ),
    ] {
        let (output, _) = dtsx(args);
        assert_eq!(code(&output), exit, "{args:?}: {}", stderr(&output));
        assert!(
            stderr(&output).contains(told),
            "{args:?}: {}",
            stderr(&output)
        );
        assert_eq!(output.stdout, b"");
    }

    std::fs::copy(path, folder.path().join("Weekly.dtsx")).unwrap();
    let (output, _) = dtsx(&[both, "--dry-run"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).ends_with("is meant: `Nightly.dtsx`, `Weekly.dtsx`\n"));
    let (output, json) = dtsx(&[both, "--dry-run", "--package", "weekly", "--format", "json"]);
    assert_eq!(code(&output), 0);
    assert!(
        json["tasks"][0]["file"]
            .as_str()
            .unwrap()
            .ends_with("Weekly.dtsx")
    );
}

#[test]
fn the_demonstration_of_the_readme_shows_its_mail() {
    let demo = crate::support::fixtures().join("demo");
    let reports = format!(r"C:\Reports={}", demo.join("reports").display());
    let (output, json) = dtsx(&[
        demo.to_str().unwrap(),
        "--capture",
        "--map-path",
        &reports,
        "--format",
        "json",
    ]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(json["summary"]["captured"], 2);
    assert_eq!(
        json["tasks"][1]["message"]["subject"],
        "Production: please check the rejected rows"
    );
    assert_eq!(
        json["tasks"][0]["message"]["attachments"],
        serde_json::json!(["orders.csv"])
    );
}

#[test]
fn a_package_inside_an_archive_is_run_by_its_name() {
    let archive = crate::support::fixtures().join("ispac/Etl.ispac");
    let archive = archive.to_str().unwrap();
    let (output, json) = dtsx(&[
        archive,
        "--package",
        "Nightly load",
        "--dry-run",
        "--format",
        "json",
    ]);
    assert!(code(&output) <= 1, "{}", stderr(&output));
    let file = json["tasks"][0]["file"].as_str().unwrap();
    assert!(file.ends_with("Etl.ispac!Nightly load.dtsx"), "{file}");
    let member = format!("{archive}!Nightly load.dtsx");
    let (_, again) = dtsx(&[&member, "--dry-run", "--format", "json"]);
    assert_eq!(again["summary"], json["summary"]);
}

#[test]
fn every_package_of_the_corpus_is_run_without_a_crash() {
    let Some(corpus) = crate::support::corpus() else {
        return;
    };
    let mut statuses: BTreeMap<String, usize> = BTreeMap::new();
    let mut count = 0;
    for path in crate::support::files_below(&corpus) {
        if path
            .extension()
            .is_none_or(|it| !it.eq_ignore_ascii_case("dtsx"))
        {
            continue;
        }
        let path = path.to_str().unwrap().to_owned();
        let (output, json) = dtsx(&[&path, "--dry-run", "--format", "json"]);
        assert!(
            matches!(code(&output), 0 | 1 | 3),
            "{path}: {}",
            stderr(&output)
        );
        count += 1;
        for task in json["tasks"].as_array().into_iter().flatten() {
            let status = task["status"].as_str().unwrap();
            *statuses.entry(status.to_owned()).or_default() += 1;
            assert_eq!(
                task["reason"].is_null(),
                status == "planned",
                "{path}: {task}"
            );
        }
    }
    println!("{count} packages: {statuses:?}");
    assert!(count > 0);
}
