//! The fault table: every way in which a server fails a delivery, through the command. Each row has the status in the
//! report, the exit code, a piece of the reason, and what the server got. With and without pipelining.

use std::io;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::mail_packages::{Written, task};
use crate::mail_support::{Answered, Peer, Scripted};
use crate::mail_tls::Authority;

/// What a server does at one moment instead of what it should.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Says(&'static str),
    Holds,
    Resets,
    Closes,
    /// One line of 64 MiB.
    LongLine,
    /// A reply of lines without end.
    EndlessReply,
}

impl Fault {
    fn happens(self, peer: &mut Peer) -> io::Result<()> {
        match self {
            Fault::Says(text) => peer.say(text),
            Fault::Holds => peer.hold(),
            Fault::Resets => peer.reset(),
            Fault::Closes => peer.close(),
            Fault::LongLine => {
                peer.say("250-")?;
                (0..16_384).try_for_each(|_| peer.say_bytes(&[b'a'; 4096]))
            }
            Fault::EndlessReply => (0..1_000_000).try_for_each(|_| peer.say("250-more\n")),
        }
    }
}

/// When it does it: at a command of this verb, `greeting`, or `.` for the final dot.
type Moment = &'static str;

const MOMENTS: [Moment; 6] = ["greeting", "EHLO", "MAIL", "RCPT", "DATA", "."];

/// Runs the command against a server that fails in this way; gives the exit code, the task and what the server got.
fn ended(
    fault: Fault,
    at: Moment,
    extensions: &'static str,
    options: &[&str],
) -> (i32, Value, crate::mail_support::Log) {
    let server = Scripted::once(move |peer| {
        if at == "greeting" {
            fault.happens(peer)?;
        } else {
            peer.say("220 relay.example\n")?;
        }
        let mut happened = false;
        peer.relay(extensions, |peer, line| {
            let verb = line.split([' ', ':']).next().unwrap_or_default();
            if verb == at && !happened {
                happened = true;
                fault.happens(peer)?;
                return Ok(Answered::Yes);
            }
            Ok(Answered::No)
        })
    });
    let (code, task) = run(server.port, options);
    (code, task, server.log())
}

fn run(port: u16, options: &[&str]) -> (i32, Value) {
    let folder = tempfile::tempdir().unwrap();
    let path = Written::new()
        .with(&task("Notify", "", "", &[("BCC", "audit@corp.example")]))
        .save(folder.path());
    let started = Instant::now();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_dtsx"))
        .args([
            "run",
            path.to_str().unwrap(),
            "--format",
            "json",
            "--server",
        ])
        .arg(format!("127.0.0.1:{port}"))
        .args(options)
        .output()
        .unwrap();
    assert!(started.elapsed() < Duration::from_secs(15));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    (output.status.code().unwrap(), json["tasks"][0].clone())
}

#[test]
fn every_fault_at_every_moment_has_its_status_its_exit_code_and_counts_no_mail() {
    let faults = [
        (
            Fault::Says("421 4.3.2 going down\n"),
            "421 4.3.2 going down",
        ),
        (Fault::Says("garbage\n"), "`garbage` came where a reply"),
        (
            Fault::Says("\u{1b}[2J\u{202e}\n"),
            "`\\u{1b}[2J\\u{202e}` came where",
        ),
        (Fault::Holds, "no answer within the 1 s"),
        (Fault::Resets, "the server closed the connection"),
        (Fault::Closes, "the server closed the connection"),
        (Fault::LongLine, "a line of more than 2048 bytes"),
        (Fault::EndlessReply, "a reply of more than 128 lines"),
    ];
    for extensions in ["", "250-PIPELINING\n"] {
        std::thread::scope(|scope| {
            for (fault, text) in faults {
                scope.spawn(move || {
                    for at in MOMENTS {
                        let case = format!("{fault:?} at {at} with {extensions:?}");
                        let (code, task, log) = ended(fault, at, extensions, &["--timeout", "1"]);
                        // Only a clear refusal behind the final dot tells that it was not taken.
                        let refused = text.starts_with("421");
                        let unknown = at == "." && !refused;
                        let expected = if unknown {
                            ("unknown", 5)
                        } else {
                            ("failed", 1)
                        };
                        let reason = task["reason"].as_str().unwrap_or_default();
                        assert_eq!(
                            (task["status"].as_str().unwrap(), code),
                            expected,
                            "{case}: {reason}"
                        );
                        assert!(reason.contains(text), "{case}: {reason}");
                        assert_eq!(log.messages.len(), usize::from(at == "."), "{case}");
                        assert_eq!(log.has("DATA"), matches!(at, "DATA" | "."), "{case}");
                        assert_eq!(
                            log.has("MAIL"),
                            !matches!(at, "greeting" | "EHLO"),
                            "{case}"
                        );
                    }
                });
            }
        });
    }
}

#[test]
fn refusals_have_their_sentence_and_leave_the_connection_in_order() {
    for extensions in ["", "250-PIPELINING\n"] {
        for (at, reply, reason) in [
            (
                "MAIL",
                "550 5.7.1 not you\n",
                "refused the sender `etl@corp.example`: 550 5.7.1 not you",
            ),
            (
                "MAIL",
                "530 5.7.0 authenticate\n",
                "530 5.7.0 authenticate; it wants somebody to sign in",
            ),
            (
                "DATA",
                "554 5.5.1 no\n",
                "refused the message: 554 5.5.1 no",
            ),
            (
                ".",
                "550 5.6.0 spam\n",
                "refused the message: 550 5.6.0 spam",
            ),
        ] {
            let (code, task, log) = ended(Fault::Says(reply), at, extensions, &[]);
            assert_eq!((task["status"].as_str(), code), (Some("failed"), 1), "{at}");
            let found = task["reason"].as_str().unwrap();
            assert!(found.contains(reason), "{found}");
            assert_eq!(task["code"], "0xC002F304");
            assert!(log.has("QUIT"), "{at}: {:?}", log.commands);
            assert_eq!(log.messages.len(), usize::from(at == "."));
        }
    }
}

#[test]
fn some_recipients_refused_is_partial_and_each_is_named() {
    for extensions in ["", "250-PIPELINING\n"] {
        let (code, task, log) = ended(Fault::Says("550 5.1.1 nobody\n"), "RCPT", extensions, &[]);
        assert_eq!((task["status"].as_str(), code), (Some("partial"), 5));
        assert_eq!(task["accepted"], serde_json::json!(["audit@corp.example"]));
        assert_eq!(
            task["refused"],
            serde_json::json!([{"address": "ops@corp.example", "reply": "550 5.1.1 nobody"}])
        );
        assert_eq!(log.messages.len(), 1);
    }
}

/// A server of several connections, in which the first ones end in this way.
fn failing_first(failing: usize, connections: usize, fault: Fault, at: Moment) -> Scripted {
    Scripted::start(connections, move |number, peer| {
        peer.say("220 relay.example\n")?;
        let mut happened = number >= failing;
        peer.relay("", |peer, line| {
            let verb = line.split([' ', ':']).next().unwrap_or_default();
            if verb == at && !happened {
                happened = true;
                fault.happens(peer)?;
                return Ok(Answered::Yes);
            }
            Ok(Answered::No)
        })
    })
}

#[test]
fn what_was_lost_or_refused_for_now_is_tried_again_where_it_is_asked_for() {
    for (fault, at) in [
        (Fault::Closes, "MAIL"),
        (Fault::Resets, "DATA"),
        (Fault::Says("421 4.3.2 busy\n"), "EHLO"),
    ] {
        let server = failing_first(1, 2, fault, at);
        let (code, task) = run(server.port, &["--retries", "2"]);
        assert_eq!(
            (task["status"].as_str(), code),
            (Some("sent"), 0),
            "{at}: {task}"
        );
        assert_eq!(task["notes"], serde_json::json!(["tried 2 times"]));
        assert_eq!(server.log().messages.len(), 1, "{at}");
    }
    // Without the option it is not.
    let server = failing_first(1, 1, Fault::Closes, "MAIL");
    let (code, task) = run(server.port, &[]);
    assert_eq!((task["status"].as_str(), code), (Some("failed"), 1));
    assert_eq!(server.log().messages.len(), 0);
}

#[test]
fn what_may_have_been_taken_is_never_tried_again() {
    for fault in [
        Fault::Closes,
        Fault::Resets,
        Fault::Holds,
        Fault::Says("garbage\n"),
    ] {
        let server = failing_first(1, 1, fault, ".");
        let (code, task) = run(server.port, &["--retries", "5", "--timeout", "1"]);
        assert_eq!(
            (task["status"].as_str(), code),
            (Some("unknown"), 5),
            "{fault:?}"
        );
        let reason = task["reason"].as_str().unwrap();
        assert!(
            reason.ends_with("the server may or may not have taken the message"),
            "{reason}"
        );
        assert_eq!(server.log().messages.len(), 1);
    }
}

#[test]
fn what_is_refused_for_good_is_not_tried_again() {
    let server = failing_first(1, 1, Fault::Says("550 5.7.1 no\n"), "MAIL");
    let (code, task) = run(server.port, &["--retries", "5"]);
    assert_eq!((task["status"].as_str(), code), (Some("failed"), 1));
    assert_eq!(task["notes"], Value::Null);
    assert_eq!(server.log().messages.len(), 0);
}

#[test]
fn a_recipient_refused_for_now_alone_is_tried_again() {
    let server = Scripted::once(|peer| {
        peer.say("220 relay.example\n")?;
        let mut asked = 0;
        peer.relay("", |peer, line| {
            if line == "RCPT TO:<ops@corp.example>" {
                asked += 1;
                if asked == 1 {
                    peer.say("450 4.2.0 greylisted\n")?;
                    return Ok(Answered::Yes);
                }
            }
            Ok(Answered::No)
        })
    });
    let (code, task) = run(server.port, &["--retries", "1"]);
    assert_eq!((task["status"].as_str(), code), (Some("sent"), 0), "{task}");
    assert_eq!(
        task["accepted"],
        serde_json::json!(["audit@corp.example", "ops@corp.example"])
    );
    let log = server.log();
    let told: Vec<&String> = log
        .commands
        .iter()
        .filter(|it| it.starts_with("RCPT"))
        .collect();
    assert_eq!(
        told,
        [
            "RCPT TO:<ops@corp.example>",
            "RCPT TO:<audit@corp.example>",
            "RCPT TO:<ops@corp.example>"
        ]
    );
    assert_eq!(log.messages.len(), 2);
    assert_eq!(log.messages[0], log.messages[1]);
}

#[test]
fn a_server_that_cannot_be_reached_fails_the_later_tasks_at_once() {
    // Nobody listens there once this is dropped.
    let port = std::net::TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let folder = tempfile::tempdir().unwrap();
    let path = Written::new()
        .with(&task("One", "", "", &[]))
        .with(&task("Two", "", "", &[]))
        .save(folder.path());
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_dtsx"))
        .args([
            "run",
            path.to_str().unwrap(),
            "--format",
            "json",
            "--server",
        ])
        .arg(format!("127.0.0.1:{port}"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let reason = |at: usize| json["tasks"][at]["reason"].as_str().unwrap().to_owned();
    assert!(reason(0).starts_with("connecting: "), "{}", reason(0));
    assert_eq!(
        reason(1),
        format!(
            "the server could not be reached before and was not tried again: {}",
            reason(0)
        )
    );
}

#[test]
fn one_connection_serves_all_tasks() {
    let server = Scripted::once(|peer| {
        peer.say("220 relay.example\n")?;
        peer.relay("250-PIPELINING\n", crate::mail_support::plainly)
    });
    let folder = tempfile::tempdir().unwrap();
    let mut package = Written::new();
    for number in 0..20 {
        package = package.with(&task(&format!("Notify {number}"), "", "", &[]));
    }
    let path = package.save(folder.path());
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_dtsx"))
        .args(["run", path.to_str().unwrap(), "--server"])
        .arg(format!("127.0.0.1:{}", server.port))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    let log = server.log();
    assert_eq!(log.messages.len(), 20);
    let ehlo = log.commands.iter().filter(|it| it.starts_with("EHLO"));
    assert_eq!(ehlo.count(), 1);
}

#[test]
fn five_thousand_recipients_are_told_in_portions() {
    let to: Vec<String> = (0..5000).map(|it| format!("r{it}@corp.example")).collect();
    for extensions in ["", "250-PIPELINING\n"] {
        let server = Scripted::once(move |peer| {
            peer.say("220 relay.example\n")?;
            peer.relay(extensions, |peer, line| {
                if line.contains("<r4711@") {
                    peer.say("550 5.1.1 nobody\n")?;
                    return Ok(Answered::Yes);
                }
                Ok(Answered::No)
            })
        });
        let value = format!("\\Package\\Notify.Properties[ToLine];{}", to.join(";"));
        let (code, task) = run(server.port, &["--override", &value]);
        assert_eq!(
            (task["status"].as_str(), code),
            (Some("partial"), 5),
            "{task}"
        );
        assert_eq!(task["accepted"].as_array().unwrap().len(), 5000);
        assert_eq!(task["refused"][0]["address"], "r4711@corp.example");
        let log = server.log();
        let told = log.commands.iter().filter(|it| it.starts_with("RCPT"));
        assert_eq!((told.count(), log.messages.len()), (5001, 1));
    }
}

#[test]
fn no_common_tls_names_the_cause() {
    // Offers TLS 1.2 and 1.3 as we do, and none of our ciphers.
    let authority = Authority::new();
    let config = authority.server_with_ciphers_of_nobody();
    let server = Scripted::once(move |peer| {
        peer.say("220 relay.example\n")?;
        peer.line()?;
        peer.say("250-relay.example\n250 STARTTLS\n")?;
        peer.line()?;
        peer.say("220 go\n")?;
        peer.handshake(config.clone())
    });
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, authority.pem()).unwrap();
    let (code, task) = run(
        server.port,
        &["--tls", "starttls", "--ca-file", ca.to_str().unwrap()],
    );
    assert_eq!((task["status"].as_str(), code), (Some("failed"), 1));
    let reason = task["reason"].as_str().unwrap();
    assert!(
        reason.contains("relays that know only 1.0 or 1.1 must be updated"),
        "{reason}"
    );
    assert!(!server.log().has("MAIL"));
}
