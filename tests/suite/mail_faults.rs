//! Servers that misbehave: answers ahead of their questions, answers without end, silence, resets and goodbyes at
//! every step. Nothing may be counted that did not go, and no delivery may outlast its deadline.

use std::io;
use std::time::{Duration, Instant};

use dtsx::mail::deliver::{Outcome, Server, Status, TlsMode};

use crate::mail_support::{
    Answered, HURRIED, Log, PATIENT, Peer, Scripted, deliver, message, plainly, session,
};
use crate::mail_tls::Authority;

/// Far more than any of these deliveries takes, and far less than forever.
const BOUND: Duration = Duration::from_secs(8);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Greeting,
    Ehlo,
    StartTls,
    Handshake,
    EhloUnderTls,
    Mail,
    SecondRcpt,
    Data,
    FinalDot,
}

const STEPS: [At; 9] = [
    At::Greeting,
    At::Ehlo,
    At::StartTls,
    At::Handshake,
    At::EhloUnderTls,
    At::Mail,
    At::SecondRcpt,
    At::Data,
    At::FinalDot,
];

/// A relay with STARTTLS that does something else at one step.
fn relay(
    authority: &Authority,
    at: At,
    misbehave: impl Fn(&mut Peer) -> io::Result<()> + Send + 'static,
) -> Scripted {
    let config = authority.server_for(&["127.0.0.1"]);
    Scripted::once(move |peer| {
        let misbehave_at = |peer: &mut Peer, step: At| {
            if step == at {
                misbehave(peer).map(|()| Answered::Yes)
            } else {
                Ok(Answered::No)
            }
        };
        if let Answered::No = misbehave_at(peer, At::Greeting)? {
            peer.say("220 relay.example\n")?;
        }
        peer.line()?;
        if let Answered::No = misbehave_at(peer, At::Ehlo)? {
            peer.say("250-relay.example\n250 STARTTLS\n")?;
        }
        peer.line()?;
        if let Answered::No = misbehave_at(peer, At::StartTls)? {
            peer.say("220 go\n")?;
        }
        misbehave_at(peer, At::Handshake)?;
        peer.handshake(config.clone())?;
        let mut recipients = 0;
        peer.relay("", |peer, line| {
            let step = match line.get(..4).unwrap_or(line) {
                "EHLO" => At::EhloUnderTls,
                "MAIL" => At::Mail,
                "RCPT" => {
                    recipients += 1;
                    if recipients != 2 {
                        return Ok(Answered::No);
                    }
                    At::SecondRcpt
                }
                "DATA" => At::Data,
                "." => At::FinalDot,
                _ => return Ok(Answered::No),
            };
            misbehave_at(peer, step)
        })
    })
}

/// One delivery to that relay.
fn outcome(
    at: At,
    timeouts: dtsx::mail::deliver::Timeouts,
    misbehave: impl Fn(&mut Peer) -> io::Result<()> + Send + 'static,
) -> (Outcome, Log) {
    let authority = Authority::new();
    let scripted = relay(&authority, at, misbehave);
    let server = Server {
        tls: TlsMode::StartTls,
        extra_ca: Some(authority.pem()),
        ..scripted.server()
    };
    let started = Instant::now();
    let mut session = session(server, timeouts);
    let outcome = deliver(&mut session, &message());
    session.quit();
    drop(session);
    assert!(started.elapsed() < BOUND, "{at:?}: {:?}", started.elapsed());
    (outcome, scripted.log())
}

#[test]
fn silence_at_any_step_ends_at_the_deadline() {
    // Side by side, as each waits for its deadline.
    std::thread::scope(|scope| {
        for at in STEPS {
            scope.spawn(move || {
                let (outcome, log) = outcome(at, HURRIED, Peer::hold);
                let reason = outcome.reason.unwrap();
                assert!(
                    reason.contains("no answer within the 1500 ms of the whole delivery"),
                    "{at:?}: {reason}"
                );
                let dotted = at == At::FinalDot;
                let status = if dotted {
                    Status::Unknown
                } else {
                    Status::Failed
                };
                assert_eq!(
                    (outcome.status, log.messages.len()),
                    (status, usize::from(dotted)),
                    "{at:?}"
                );
            });
        }
    });
}

#[test]
fn a_reset_and_a_close_at_any_step_are_the_server_s_goodbye() {
    for goodbye in [Peer::reset, Peer::close] {
        for at in STEPS {
            let (outcome, log) = outcome(at, PATIENT, goodbye);
            let dotted = at == At::FinalDot;
            let status = if dotted {
                Status::Unknown
            } else {
                Status::Failed
            };
            assert_eq!(
                (outcome.status, log.messages.len()),
                (status, usize::from(dotted)),
                "{at:?}"
            );
            assert!(outcome.reason.is_some());
            assert_eq!(outcome.accepted.len(), if dotted { 3 } else { 0 });
        }
    }
}

#[test]
fn a_421_at_any_step_ends_the_delivery_as_failed() {
    for at in STEPS {
        let (outcome, log) = outcome(at, PATIENT, |peer| peer.say("421 4.3.2 going down\n"));
        assert_eq!(outcome.status, Status::Failed, "{at:?}");
        assert_eq!(outcome.accepted, [""; 0]);
        assert_eq!(
            log.messages.len(),
            usize::from(at == At::FinalDot),
            "{at:?}"
        );
        let reason = outcome.reason.unwrap();
        match at {
            // Behind the `220`, in clear: that is an injection.
            At::Handshake => assert!(reason.starts_with("the TLS handshake: "), "{reason}"),
            _ => {
                assert!(
                    reason.ends_with("the server answered 421 4.3.2 going down"),
                    "{reason}"
                );
                assert_eq!(outcome.reply_code, Some(421));
            }
        }
        assert!(!log.has("QUIT"), "{at:?}");
    }
}

#[test]
fn answers_given_in_clear_ahead_of_the_handshake_count_for_nothing() {
    let ahead = "220 go\n250-relay.example\n250 AUTH PLAIN\n250 ok\n250 ok\n250 ok\n250 ok\n354 go\n250 taken\n221 bye\n";
    let (outcome, log) = outcome(At::StartTls, PATIENT, move |peer| {
        peer.say(ahead)?;
        peer.hold()
    });
    assert_eq!(outcome.status, Status::Failed);
    assert_eq!(outcome.accepted, [""; 0]);
    let reason = outcome.reason.unwrap();
    assert!(
        reason.starts_with("the TLS handshake: `250-relay.example\\r\\n250 AUTH PLAIN"),
        "{reason}"
    );
    assert!(reason.ends_with("came before it was asked for; the connection was ended"));
    assert_eq!(log.commands, ["EHLO etl01.corp.example", "STARTTLS"]);
    assert_eq!((log.messages.len(), log.rest.len()), (0, 0));
}

#[test]
fn answers_injected_a_moment_later_are_no_tls() {
    let (outcome, log) = outcome(At::Handshake, PATIENT, |peer| {
        std::thread::sleep(Duration::from_millis(100));
        peer.say("250 ok\n250 ok\n250 ok\n250 ok\n354 go\n250 taken\n")?;
        peer.hold()
    });
    assert_eq!(outcome.status, Status::Failed);
    let reason = outcome.reason.unwrap();
    assert!(reason.starts_with("the TLS handshake: "), "{reason}");
    assert_eq!(log.commands, ["EHLO etl01.corp.example", "STARTTLS"]);
    assert_eq!(log.messages.len(), 0);
}

#[test]
fn answers_ahead_of_their_questions_end_the_connection_at_every_step() {
    let ok = "250 ok\n";
    for at in STEPS {
        let said = match at {
            At::Greeting => format!("220 relay.example\n{ok}"),
            At::StartTls => format!("220 go\n{ok}"),
            At::Data => format!("354 go on\n{ok}"),
            // After the last answer there is no question left; a second message would find it.
            At::Handshake | At::FinalDot => continue,
            _ => format!("{ok}{ok}"),
        };
        let (outcome, log) = outcome(at, PATIENT, move |peer| {
            peer.say(&said)?;
            peer.hold()
        });
        assert_eq!(outcome.status, Status::Failed, "{at:?}");
        let reason = outcome.reason.unwrap();
        let found = match at {
            // A reply to EHLO of one line offers no STARTTLS.
            At::Ehlo => reason.contains("does not offer STARTTLS"),
            _ => {
                reason.ends_with("`250 ok` came before it was asked for; the connection was ended")
            }
        };
        assert!(found, "{at:?}: {reason}");
        assert_eq!(log.messages.len(), 0, "{at:?}");
    }
}

#[test]
fn an_answer_left_over_from_one_message_is_none_to_the_next() {
    let server = Scripted::once(|peer| {
        peer.say("220 relay.example\n")?;
        peer.relay("", |peer, line| {
            if line == "." {
                peer.say("250 taken\n250 taken\n")?;
                return Ok(Answered::Yes);
            }
            Ok(Answered::No)
        })
    });
    let mut session = session(server.server(), PATIENT);
    assert_eq!(deliver(&mut session, &message()).status, Status::Sent);
    let second = deliver(&mut session, &message());
    assert_eq!(second.status, Status::Failed);
    assert_eq!(
        second.reason.unwrap(),
        "`MAIL FROM`: `250 taken` came before it was asked for; the connection was ended"
    );
    assert_eq!(server.log().messages.len(), 1);
}

#[test]
fn so_is_one_that_came_while_nobody_read() {
    let authority = Authority::new();
    for tls in [TlsMode::None, TlsMode::Implicit] {
        let config = authority.server_for(&["127.0.0.1"]);
        let (sender, said) = std::sync::mpsc::channel();
        let scripted = Scripted::once(move |peer| {
            if tls == TlsMode::Implicit {
                peer.handshake(config.clone())?;
            }
            peer.say("220 relay.example\n")?;
            peer.relay("", |peer, line| {
                if line == "." {
                    peer.say("250 taken\n")?;
                    // By now the client may have read that; this one lies in the system's buffer.
                    std::thread::sleep(Duration::from_millis(100));
                    peer.say("250 taken\n")?;
                    sender.send(()).unwrap();
                    return Ok(Answered::Yes);
                }
                Ok(Answered::No)
            })
        });
        let server = Server {
            tls,
            extra_ca: Some(authority.pem()),
            ..scripted.server()
        };
        let mut session = session(server, PATIENT);
        assert_eq!(deliver(&mut session, &message()).status, Status::Sent);
        said.recv().unwrap();
        let second = deliver(&mut session, &message());
        assert_eq!(second.status, Status::Failed);
        assert_eq!(
            second.reason.unwrap(),
            "`MAIL FROM`: `250 taken` came before it was asked for; the connection was ended"
        );
        drop(session);
        assert_eq!(scripted.log().messages.len(), 1);
    }
}

#[test]
fn an_early_refusal_of_the_message_is_shown_and_the_message_not_ended() {
    let server = Scripted::once(|peer| {
        peer.say("220 relay.example\n")?;
        peer.relay("", |peer, line| {
            if line == "DATA" {
                peer.say("354 go on\n552 5.3.4 too large already\n")?;
                peer.hold()?;
            }
            Ok(Answered::No)
        })
    });
    let outcome = deliver(&mut session(server.server(), PATIENT), &message());
    assert_eq!(outcome.status, Status::Failed);
    assert_eq!(
        outcome.reason.unwrap(),
        "sending the message: `552 5.3.4 too large already` came before it was asked for; the connection was ended"
    );
    let log = server.log();
    assert_eq!((log.messages.len(), log.rest.len()), (0, 0));
}

#[test]
fn a_line_without_end_is_read_no_further_than_its_bound() {
    let (outcome, _) = outcome(At::Mail, PATIENT, |peer| {
        peer.say("250-")?;
        // 64 MiB, unless the client has gone.
        for _ in 0..16_384 {
            peer.say_bytes(&[b'a'; 4096])?;
        }
        Ok(())
    });
    assert_eq!(outcome.status, Status::Failed);
    assert_eq!(
        outcome.reason.unwrap(),
        "`MAIL FROM`: a line of more than 2048 bytes came where a reply was expected"
    );
}

#[test]
fn a_reply_of_endless_lines_is_read_no_further_than_its_bound() {
    let (outcome, _) = outcome(At::EhloUnderTls, PATIENT, |peer| {
        for _ in 0..1_000_000 {
            peer.say("250-more\n")?;
        }
        Ok(())
    });
    assert_eq!(outcome.status, Status::Failed);
    assert_eq!(
        outcome.reason.unwrap(),
        "`EHLO`: a reply of more than 128 lines came"
    );
}

#[test]
fn a_server_that_drips_does_not_outlast_the_deadline() {
    let (outcome, _) = outcome(At::Ehlo, HURRIED, |peer| {
        peer.say("250-")?;
        for _ in 0..400 {
            std::thread::sleep(Duration::from_millis(20));
            peer.say_bytes(b"a")?;
        }
        Ok(())
    });
    assert_eq!(outcome.status, Status::Failed);
    let reason = outcome.reason.unwrap();
    assert!(reason.contains("no answer within the 1500 ms"), "{reason}");
}

#[test]
fn a_greeting_of_something_else_is_shown_and_answered_with_nothing() {
    for (greeting, shown) in [
        (
            "SSH-2.0-OpenSSH_9.2\n",
            "`SSH-2.0-OpenSSH_9.2` came where a reply with a three-digit code was expected",
        ),
        (
            "HTTP/1.1 400 Bad Request\n\n",
            "`HTTP/1.1 400 Bad Request` came where",
        ),
        ("\u{1b}[31m\u{0}\n", "`\\u{1b}[31m\\u{0}` came where"),
        (
            "554 5.7.1 go away\n",
            "the server answered 554 5.7.1 go away",
        ),
        ("250 hello\n", "the server answered 250 hello"),
    ] {
        let server = Scripted::once(move |peer| {
            peer.say(greeting)?;
            peer.hold()
        });
        let outcome = deliver(&mut session(server.server(), PATIENT), &message());
        assert_eq!(outcome.status, Status::Failed);
        let reason = outcome.reason.unwrap();
        assert!(
            reason.starts_with(&format!("waiting for the greeting: {shown}")),
            "{reason}"
        );
        let log = server.log();
        assert_eq!((log.commands.len(), log.rest.len()), (0, 0));
    }
}

#[test]
fn a_server_that_reads_no_message_does_not_outlast_the_deadline() {
    let server = Scripted::once(|peer| {
        peer.say("220 relay.example\n")?;
        peer.relay("", |peer, line| {
            if line == "DATA" {
                peer.say("354 go on\n")?;
                std::thread::sleep(Duration::from_secs(2));
                peer.hold()?;
            }
            Ok(Answered::No)
        })
    });
    let started = Instant::now();
    let mut session = session(server.server(), HURRIED);
    let envelope = crate::mail_support::composed(&message()).envelope;
    let mut endless = io::Read::take(io::repeat(b'x'), 1 << 30);
    let outcome = session.deliver(&envelope, 1 << 30, &mut endless);
    assert!(started.elapsed() < BOUND);
    assert_eq!(outcome.status, Status::Failed);
    assert!(
        outcome
            .reason
            .unwrap()
            .starts_with("sending the message: no answer within")
    );
    drop(session);
    assert_eq!(server.log().messages.len(), 0);
}

#[test]
fn without_tls_the_same_answers_ahead_are_found() {
    let server = Scripted::once(|peer| {
        peer.say("220 relay.example\n250 ok\n250 ok\n250 ok\n250 ok\n250 ok\n354 go\n250 taken\n")?;
        peer.relay("", plainly)
    });
    let outcome = deliver(&mut session(server.server(), PATIENT), &message());
    assert_eq!(outcome.status, Status::Failed);
    let log = server.log();
    assert_eq!((log.commands.len(), log.messages.len()), (0, 0));
}
