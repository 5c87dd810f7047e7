//! Deliveries to servers that behave: what they are told, and what is made of their answers.

use std::io::{self, Read};

use dtsx::mail::deliver::{Authentication, Identity, Refusal, Server, Status, Step, TlsMode, Wire};
use dtsx::mail::{Envelope, MailMessage};

use crate::mail_support::{
    Answered, PATIENT, Peer, Scripted, bytes, composed, deliver, message, plainly, session,
};

fn relay(answer: impl Fn(&mut Peer, &str) -> io::Result<Answered> + Send + 'static) -> Scripted {
    Scripted::once(move |peer| {
        peer.say("220 relay.example ESMTP\n")?;
        peer.relay("", &answer)
    })
}

fn relay_with(extensions: &'static str) -> Scripted {
    Scripted::once(move |peer| {
        peer.say("220 relay.example ESMTP\n")?;
        peer.relay(extensions, plainly)
    })
}

#[test]
fn a_message_goes_to_every_recipient_in_the_order_of_dotnet() {
    let server = relay(plainly);
    let mut session = session(server.server(), PATIENT);
    let outcome = deliver(&mut session, &message());
    session.quit();
    assert_eq!(outcome.status, Status::Sent);
    assert_eq!(
        outcome.accepted,
        [
            "ops@corp.example",
            "audit@corp.example",
            "lead@corp.example"
        ]
    );
    assert_eq!(outcome.refused, []);
    assert_eq!(outcome.reason, None);
    assert_eq!(outcome.tls, Some(TlsMode::None));
    assert_eq!(outcome.auth, Some(Authentication::Anonymous));
    let log = server.log();
    assert_eq!(
        log.commands,
        [
            "EHLO etl01.corp.example",
            "MAIL FROM:<etl@corp.example>",
            "RCPT TO:<ops@corp.example>",
            "RCPT TO:<audit@corp.example>",
            "RCPT TO:<lead@corp.example>",
            "DATA",
            "QUIT",
        ]
    );
    let mut sent = bytes(&composed(&message()));
    sent.extend_from_slice(b".\r\n");
    assert_eq!(log.messages, [sent]);
}

#[test]
fn refused_recipients_do_not_keep_the_others_from_it() {
    let server = relay(|peer, line| {
        if line == "RCPT TO:<audit@corp.example>" {
            peer.say("550-5.1.1 no such user\n550 here\n")?;
            return Ok(Answered::Yes);
        }
        Ok(Answered::No)
    });
    let mut session = session(server.server(), PATIENT);
    let outcome = deliver(&mut session, &message());
    session.quit();
    assert_eq!(outcome.status, Status::Partial);
    assert_eq!(outcome.accepted, ["ops@corp.example", "lead@corp.example"]);
    let refusal = Refusal {
        address: "audit@corp.example".to_owned(),
        reply: "550 5.1.1 no such user here".to_owned(),
    };
    assert_eq!(outcome.refused, [refusal]);
    assert_eq!(
        outcome.reason.unwrap(),
        "the server refused 1 of 3 recipients: `audit@corp.example` (550 5.1.1 no such user here)"
    );
    assert_eq!(server.log().messages.len(), 1);
}

#[test]
fn a_message_that_nobody_may_get_is_not_sent_and_the_next_one_is() {
    let server = relay(|peer, line| {
        if line.starts_with("RCPT") && !line.contains("next@") {
            peer.say("554 5.7.1 relay access denied\n")?;
            return Ok(Answered::Yes);
        }
        Ok(Answered::No)
    });
    let mut session = session(server.server(), PATIENT);
    let outcome = deliver(&mut session, &message());
    assert_eq!(outcome.status, Status::Failed);
    assert_eq!(outcome.accepted, [""; 0]);
    assert_eq!(outcome.refused.len(), 3);
    assert_eq!(outcome.reply_code, Some(554));
    assert_eq!(
        outcome.reason.unwrap(),
        "the server refused all 3 recipients, the first with 554 5.7.1 relay access denied"
    );
    let next = MailMessage {
        to: "next@corp.example".to_owned(),
        cc: String::new(),
        bcc: String::new(),
        ..message()
    };
    assert_eq!(deliver(&mut session, &next).status, Status::Sent);
    session.quit();
    let log = server.log();
    assert_eq!(log.messages.len(), 1);
    assert_eq!(
        &log.commands[5..],
        [
            "RSET",
            "MAIL FROM:<etl@corp.example>",
            "RCPT TO:<next@corp.example>",
            "DATA",
            "QUIT"
        ]
    );
}

#[test]
fn a_refused_sender_and_a_refused_message_leave_the_connection_usable() {
    let server = Scripted::once(|peer| {
        let mut turn = 0;
        peer.say("220 relay.example\n")?;
        peer.relay("", |peer, line| {
            let refusal = match (line.get(..4).unwrap_or(line), turn) {
                ("MAIL", 0) => "530 5.7.0 authenticate first\n",
                ("DATA", 1) => "451 4.3.0 later\n",
                (".", 2) => "554 5.6.0 spam\n",
                (".", _) => "250 ok\n",
                _ => return Ok(Answered::No),
            };
            turn += 1;
            peer.say(refusal)?;
            Ok(Answered::Yes)
        })
    });
    let mut session = session(server.server(), PATIENT);
    for reason in [
        "the server refused the sender `etl@corp.example`: 530 5.7.0 authenticate first; it wants somebody to sign in",
        "the server refused the message: 451 4.3.0 later",
        "the server refused the message: 554 5.6.0 spam",
    ] {
        let outcome = deliver(&mut session, &message());
        assert_eq!(outcome.status, Status::Failed);
        assert_eq!(outcome.accepted, [""; 0]);
        assert_eq!(outcome.reason.unwrap(), reason);
    }
    assert_eq!(deliver(&mut session, &message()).status, Status::Sent);
    session.quit();
    let log = server.log();
    assert_eq!(log.messages.len(), 2);
    assert_eq!(
        log.commands
            .iter()
            .filter(|it| it.starts_with("EHLO"))
            .count(),
        1
    );
}

#[test]
fn the_final_dot_is_answered_by_250_alone() {
    for reply in ["251 ok\n", "200 ok\n", "354 go on\n", "25 ok\n", "OK\n"] {
        let server = relay(move |peer, line| {
            if line == "." {
                peer.say(reply)?;
                return Ok(Answered::Yes);
            }
            Ok(Answered::No)
        });
        let mut session = session(server.server(), PATIENT);
        let outcome = deliver(&mut session, &message());
        assert_eq!(outcome.status, Status::Unknown, "{reply}");
        assert_eq!(outcome.accepted.len(), 3);
        let log = server.log();
        assert!(!log.has("QUIT") && !log.has("RSET"));
    }
}

#[test]
fn data_is_answered_by_354_alone() {
    for reply in ["250 ok\n", "334 go on\n", "220 go on\n"] {
        let server = relay(move |peer, line| {
            if line == "DATA" {
                peer.say(reply)?;
                return Ok(Answered::Yes);
            }
            Ok(Answered::No)
        });
        let outcome = deliver(&mut session(server.server(), PATIENT), &message());
        assert_eq!(outcome.status, Status::Failed, "{reply}");
        let log = server.log();
        assert_eq!((log.messages.len(), log.rest.len()), (0, 0));
    }
}

#[test]
fn a_server_that_knows_no_ehlo_is_greeted_with_helo() {
    let server = relay(|peer, line| {
        if line.starts_with("EHLO") {
            peer.say("502 not implemented\n")?;
            return Ok(Answered::Yes);
        }
        Ok(Answered::No)
    });
    let mut session = session(server.server(), PATIENT);
    assert_eq!(deliver(&mut session, &message()).status, Status::Sent);
    session.quit();
    assert_eq!(server.log().commands[1], "HELO etl01.corp.example");
}

#[test]
fn the_size_is_told_and_a_message_that_is_too_large_is_not_tried() {
    let server = relay_with("250-SIZE 5000\n");
    let mut session = session(server.server(), PATIENT);
    let size = composed(&message()).size();
    assert_eq!(deliver(&mut session, &message()).status, Status::Sent);
    let large = MailMessage {
        body: "x".repeat(6000),
        ..message()
    };
    let outcome = deliver(&mut session, &large);
    session.quit();
    assert_eq!(outcome.status, Status::Failed);
    let reason = outcome.reason.unwrap();
    assert!(
        reason.ends_with("bytes, and the server takes at most 5000"),
        "{reason}"
    );
    let log = server.log();
    assert_eq!(
        log.commands[1],
        format!("MAIL FROM:<etl@corp.example> SIZE={size}")
    );
    assert_eq!(log.messages[0].len() as u64, size + 3);
    assert_eq!(log.messages.len(), 1);
}

#[test]
fn an_address_outside_ascii_needs_smtputf8_and_its_domain_does_not() {
    let abroad = MailMessage {
        to: "мария@corp.example".to_owned(),
        ..message()
    };
    let server = relay_with("250-8BITMIME\n");
    let mut without = session(server.server(), PATIENT);
    let outcome = deliver(&mut without, &abroad);
    without.quit();
    assert_eq!(outcome.status, Status::Failed);
    assert!(outcome.reason.unwrap().contains("SMTPUTF8"));
    assert_eq!(server.log().commands.len(), 2);

    let server = relay_with("250-8BITMIME\n250-SMTPUTF8\n");
    let mut with = session(server.server(), PATIENT);
    assert_eq!(deliver(&mut with, &abroad).status, Status::Sent);
    with.quit();
    let log = server.log();
    assert_eq!(
        log.commands[1],
        "MAIL FROM:<etl@corp.example> BODY=8BITMIME SMTPUTF8"
    );
    assert_eq!(log.commands[2], "RCPT TO:<мария@corp.example>");

    let server = relay_with("");
    let mut domain = session(server.server(), PATIENT);
    let bucher = MailMessage {
        to: "a@bücher.example".to_owned(),
        ..message()
    };
    assert_eq!(deliver(&mut domain, &bucher).status, Status::Sent);
    domain.quit();
    assert_eq!(
        server.log().commands[2],
        "RCPT TO:<a@xn--bcher-kva.example>"
    );
}

#[test]
fn a_windows_account_is_anonymous_only_where_nothing_for_it_is_offered() {
    let account = |server: &Scripted| Server {
        identity: Identity::WindowsAccount,
        ..server.server()
    };
    let server = relay_with("250-AUTH PLAIN LOGIN\n");
    let mut without = session(account(&server), PATIENT);
    let outcome = deliver(&mut without, &message());
    without.quit();
    assert_eq!(outcome.status, Status::Sent);
    assert_eq!(outcome.auth, Some(Authentication::Anonymous));
    assert_eq!(
        outcome.notes,
        ["Windows authentication is asked for and the server does not offer it: anonymous"]
    );
    assert_eq!(server.log().messages.len(), 1);

    // Where NTLM is all that is offered, a name and a password are needed.
    for offered in ["NTLM", "Negotiate"] {
        let server = Scripted::once(move |peer| {
            peer.say("220 relay.example\n")?;
            peer.relay(&format!("250-AUTH LOGIN {offered}\n"), plainly)
        });
        let mut with = session(account(&server), PATIENT);
        let outcome = deliver(&mut with, &message());
        with.quit();
        assert_eq!(outcome.status, Status::Failed);
        assert_eq!(outcome.auth, None);
        let reason = outcome.reason.unwrap();
        assert!(
            reason.contains(&format!("offers LOGIN, {}", offered.to_uppercase())),
            "{reason}"
        );
        let log = server.log();
        assert_eq!(log.commands, ["EHLO etl01.corp.example", "QUIT"]);
    }
}

#[test]
fn a_connection_that_went_stale_between_messages_is_made_anew() {
    for goodbye in ["", "421 4.4.2 idle for too long\n"] {
        let server = Scripted::start(2, move |number, peer| {
            peer.say("220 relay.example\n")?;
            peer.relay("", |peer, line| {
                if number == 0 && line == "." {
                    peer.say(&format!("250 taken\n{goodbye}"))?;
                    peer.close()?;
                }
                Ok(Answered::No)
            })
        });
        let mut session = session(server.server(), PATIENT);
        assert_eq!(deliver(&mut session, &message()).status, Status::Sent);
        // The goodbye is on its way.
        std::thread::sleep(std::time::Duration::from_millis(100));
        let outcome = deliver(&mut session, &message());
        assert_eq!(outcome.status, Status::Sent, "{outcome:?}");
        session.quit();
        assert_eq!(server.log().messages.len(), 2);
    }
}

#[test]
fn a_name_is_looked_up_and_all_its_addresses_are_tried() {
    let server = relay(plainly);
    // It may stand for an IPv6 address first, where nobody listens.
    let mut session = session(Server::new("localhost", server.port), PATIENT);
    assert_eq!(deliver(&mut session, &message()).status, Status::Sent);
    session.quit();
    assert_eq!(server.log().messages.len(), 1);
}

#[test]
fn thousands_of_recipients_get_one_message() {
    let many: Vec<String> = (0..5000).map(|at| format!("r{at}@corp.example")).collect();
    let server = relay(|peer, line| {
        if line.ends_with("7@corp.example>") {
            peer.say("452 4.5.3 too many\n")?;
            return Ok(Answered::Yes);
        }
        Ok(Answered::No)
    });
    let all = MailMessage {
        to: many.join(";"),
        cc: String::new(),
        bcc: String::new(),
        ..message()
    };
    let mut session = session(server.server(), PATIENT);
    let outcome = deliver(&mut session, &all);
    session.quit();
    assert_eq!(outcome.status, Status::Partial);
    assert_eq!((outcome.accepted.len(), outcome.refused.len()), (4500, 500));
    let reason = outcome.reason.unwrap();
    assert!(reason.len() < 2000, "{}", reason.len());
    assert_eq!(server.log().messages.len(), 1);
}

#[test]
fn a_server_that_is_not_there_is_said_to_be_so() {
    // A port that was just given back is closed.
    let port = {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.local_addr().unwrap().port()
    };
    let outcome = deliver(
        &mut session(Server::new("127.0.0.1", port), PATIENT),
        &message(),
    );
    assert_eq!(outcome.status, Status::Failed);
    assert_eq!((outcome.tls, outcome.auth), (None, None));
    assert!(outcome.reason.unwrap().starts_with("connecting: "));

    for host in ["", "relay\0.example"] {
        let outcome = deliver(&mut session(Server::new(host, 25), PATIENT), &message());
        assert_eq!(outcome.status, Status::Failed);
        assert!(
            outcome
                .reason
                .unwrap()
                .starts_with("looking up the server's name: ")
        );
    }
}

#[test]
fn no_line_break_gets_into_a_command() {
    for bad in [
        "a@corp.example>\r\nRCPT TO:<b@corp.example",
        "a\n@corp.example",
        "a\r@corp.example",
        "a\0@corp.example",
    ] {
        for (sender, recipient) in [(bad, "ops@corp.example"), ("etl@corp.example", bad)] {
            let server = relay(plainly);
            let envelope = Envelope {
                sender: sender.to_owned(),
                recipients: vec![recipient.to_owned()],
                smtputf8: false,
            };
            let mut session = session(server.server(), PATIENT);
            let outcome = session.deliver(&envelope, 5, &mut &b"text\n"[..]);
            assert_eq!(outcome.status, Status::Failed);
            assert!(
                outcome
                    .reason
                    .unwrap()
                    .ends_with("a command cannot hold a line break or a NUL")
            );
            let log = server.log();
            assert!(!log.has("RCPT") && !log.has("DATA"));
            assert_eq!(log.rest, b"");
        }
    }
    let server = relay(plainly);
    let deadline = dtsx::mail::deliver::Deadline::after(PATIENT.delivery);
    let mut wire = Wire::connect("127.0.0.1", server.port, deadline).unwrap();
    wire.greeting().unwrap();
    assert!(wire.command(Step::Ehlo, "EHLO a\r\nMAIL", &[250]).is_err());
    drop(wire);
    assert_eq!(server.log().commands, [""; 0]);
}

#[test]
fn a_message_that_breaks_off_gets_no_final_dot() {
    struct Breaking(usize);
    impl Read for Breaking {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            if self.0 == 0 {
                return Err(io::Error::other("the disk is gone"));
            }
            self.0 -= 1;
            out.fill(b'x');
            Ok(out.len())
        }
    }
    let server = relay(plainly);
    let mut session = session(server.server(), PATIENT);
    let envelope = composed(&message()).envelope;
    let outcome = session.deliver(&envelope, 1 << 20, &mut Breaking(20));
    assert_eq!(outcome.status, Status::Failed);
    assert_eq!(
        outcome.reason.unwrap(),
        "sending the message: the message could not be read to its end: the disk is gone"
    );
    let log = server.log();
    assert_eq!(log.messages.len(), 0);
    assert!(!log.rest.is_empty() && !log.rest.ends_with(b".\r\n"));
}
