//! Signing in: what is said to servers, what may not be said to them, and what is made of their answers.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dtsx::mail::auth::{
    Candidates, Mechanism, Method, Offer, Password, Plaintext, SignIn, Token, candidates,
};
use dtsx::mail::deliver::{
    Authentication, Identity, Outcome, Retries, Server, Status, TlsMode, Traced,
};
use dtsx::secret::Secret;

use crate::mail_support::{
    Answered, HURRIED, Log, PATIENT, Peer, Scripted, composed, deliver, message, session,
};
use crate::mail_tls::Authority;

const PASSWORD: &str = "s3cret-of-anna";

fn account(method: Method) -> SignIn {
    SignIn {
        method,
        user: Some("anna".to_owned()),
        password: Some(Password(Secret::new(PASSWORD))),
        ..SignIn::default()
    }
}

fn bearer(method: Method, token: &str) -> SignIn {
    SignIn {
        method,
        user: Some("anna@corp.example".to_owned()),
        token: Some(Token::fixed(Secret::new(token))),
        ..SignIn::default()
    }
}

fn decoded(text: &str) -> String {
    String::from_utf8(STANDARD.decode(text).unwrap()).unwrap()
}

/// A relay under implicit TLS that offers mechanisms; `answer` takes `AUTH` and what follows it.
fn relay(
    authority: &Authority,
    offered: &'static str,
    answer: impl Fn(&mut Peer, &str) -> io::Result<Answered> + Send + 'static,
) -> Scripted {
    let config = authority.server_for(&["127.0.0.1"]);
    Scripted::once(move |peer| {
        peer.handshake(config.clone())?;
        peer.say("220 relay.example\n")?;
        peer.relay(&format!("250-AUTH {offered}\n"), |peer, line| {
            let verb = line.split([' ', ':']).next().unwrap_or_default();
            if ["EHLO", "MAIL", "RCPT", "DATA", "RSET", "QUIT", "."].contains(&verb) {
                return Ok(Answered::No);
            }
            answer(peer, line)
        })
    })
}

fn outcome(
    sign_in: SignIn,
    offered: &'static str,
    answer: impl Fn(&mut Peer, &str) -> io::Result<Answered> + Send + 'static,
) -> (Outcome, Log) {
    let authority = Authority::new();
    let scripted = relay(&authority, offered, answer);
    let server = Server {
        tls: TlsMode::Implicit,
        extra_ca: Some(authority.pem()),
        sign_in,
        ..scripted.server()
    };
    let mut session = session(server, PATIENT);
    let outcome = deliver(&mut session, &message());
    session.quit();
    drop(session);
    (outcome, scripted.log())
}

/// Takes whatever comes.
fn accepts(peer: &mut Peer, line: &str) -> io::Result<Answered> {
    if line.starts_with("AUTH ") && line.split(' ').count() == 2 {
        peer.say("334 \n")?;
    } else {
        peer.say("235 2.7.0 welcome\n")?;
    }
    Ok(Answered::Yes)
}

fn nothing_was_sent(outcome: &Outcome, log: &Log) {
    assert_eq!(outcome.status, Status::Failed, "{outcome:?}");
    assert_eq!((outcome.auth, outcome.accepted.len()), (None, 0));
    assert!(!log.has("MAIL"), "{:?}", log.commands);
    assert_eq!(log.messages.len(), 0);
    let reason = outcome.reason.as_deref().unwrap();
    assert!(!reason.contains(PASSWORD), "{reason}");
}

#[test]
fn plain_says_all_at_once() {
    let (outcome, log) = outcome(account(Method::Only(Mechanism::Plain)), "PLAIN", accepts);
    assert_eq!(outcome.status, Status::Sent, "{outcome:?}");
    assert_eq!(outcome.auth, Some(Authentication::Signed(Mechanism::Plain)));
    let said = log.commands[1].strip_prefix("AUTH PLAIN ").unwrap();
    assert_eq!(decoded(said), format!("\0anna\0{PASSWORD}"));
    assert_eq!(log.messages.len(), 1);
}

#[test]
fn login_answers_two_questions_whatever_they_say() {
    for prompts in [["VXNlcm5hbWU6", "UGFzc3dvcmQ6"], ["", "4pi6"]] {
        let asked = Mutex::new(0);
        let (outcome, log) = outcome(
            account(Method::Only(Mechanism::Login)),
            "LOGIN PLAIN",
            move |peer, _| {
                let mut asked = asked.lock().unwrap();
                match prompts.get(*asked) {
                    Some(prompt) => peer.say(&format!("334 {prompt}\n"))?,
                    None => peer.say("235 ok\n")?,
                }
                *asked += 1;
                Ok(Answered::Yes)
            },
        );
        assert_eq!(outcome.status, Status::Sent, "{outcome:?}");
        assert_eq!(log.commands[1], "AUTH LOGIN");
        let said: Vec<String> = log.commands[2..4].iter().map(|it| decoded(it)).collect();
        assert_eq!(said, ["anna", PASSWORD]);
    }
}

#[test]
fn bearer_tokens_go_in_the_forms_of_their_mechanisms() {
    for (mechanism, name, said) in [
        (
            Mechanism::XOAuth2,
            "XOAUTH2",
            "user=anna@corp.example\u{1}auth=Bearer tok.en\u{1}\u{1}",
        ),
        (
            Mechanism::OAuthBearer,
            "OAUTHBEARER",
            "n,a=anna@corp.example,\u{1}host=127.0.0.1\u{1}port=PORT\u{1}auth=Bearer tok.en\u{1}\u{1}",
        ),
    ] {
        let (outcome, log) = outcome(bearer(Method::Auto, "tok.en"), name, accepts);
        assert_eq!(outcome.status, Status::Sent, "{outcome:?}");
        assert_eq!(outcome.auth, Some(Authentication::Signed(mechanism)));
        let sent = decoded(
            log.commands[1]
                .strip_prefix(&format!("AUTH {name} "))
                .unwrap(),
        );
        let port = sent
            .split("port=")
            .nth(1)
            .and_then(|it| it.split('\u{1}').next());
        assert_eq!(sent, said.replace("PORT", port.unwrap_or_default()));
    }
}

#[test]
fn a_long_token_waits_to_be_asked_for() {
    let token = "t".repeat(2000);
    let (outcome, log) = outcome(
        bearer(Method::Only(Mechanism::XOAuth2), &token),
        "XOAUTH2",
        accepts,
    );
    assert_eq!(outcome.status, Status::Sent, "{outcome:?}");
    assert_eq!(log.commands[1], "AUTH XOAUTH2");
    assert!(decoded(&log.commands[2]).contains(&token));
}

#[test]
fn a_refused_token_shows_the_reason_inside_and_the_reply() {
    for (mechanism, name, answer) in [
        (Mechanism::XOAuth2, "XOAUTH2", ""),
        (Mechanism::OAuthBearer, "OAUTHBEARER", "AQ=="),
    ] {
        let (outcome, log) = outcome(
            bearer(Method::Only(mechanism), "tok.en"),
            name,
            |peer, line| {
                if line.starts_with("AUTH") {
                    let json = STANDARD.encode(r#"{"status":"invalid_token"}"#);
                    peer.say(&format!("334 {json}\n"))?;
                } else {
                    peer.say("535 5.7.3 unsuccessful\n")?;
                }
                Ok(Answered::Yes)
            },
        );
        nothing_was_sent(&outcome, &log);
        assert_eq!(
            outcome.reason.unwrap(),
            format!(
                "the server did not sign `anna@corp.example` in with {mechanism}: 535 5.7.3 unsuccessful \
                 ({{\"status\":\"invalid_token\"}}); nothing was sent"
            )
        );
        assert_eq!(log.commands[2], answer);
    }
}

#[test]
fn a_token_that_is_none_is_not_sent() {
    for token in ["", "two words", "a\r\nQUIT", "to\u{1}ken", "tök"] {
        let (outcome, log) = outcome(
            bearer(Method::Only(Mechanism::XOAuth2), token),
            "XOAUTH2",
            accepts,
        );
        nothing_was_sent(&outcome, &log);
        assert_eq!(log.commands, ["EHLO etl01.corp.example", "QUIT"]);
    }
}

#[test]
fn reusable_secrets_go_in_clear_only_where_it_is_allowed() {
    for plaintext in [Plaintext::Refused, Plaintext::Allowed] {
        let server = Scripted::once(move |peer| {
            peer.say("220 relay.example\n")?;
            peer.relay("250-AUTH PLAIN LOGIN\n", |peer, line| {
                if line.starts_with("AUTH") {
                    return accepts(peer, line);
                }
                Ok(Answered::No)
            })
        });
        let mut session = session(
            Server {
                sign_in: SignIn {
                    plaintext,
                    ..account(Method::Auto)
                },
                ..server.server()
            },
            PATIENT,
        );
        let outcome = deliver(&mut session, &message());
        session.quit();
        let log = server.log();
        if plaintext == Plaintext::Allowed {
            assert_eq!(outcome.status, Status::Sent);
            continue;
        }
        nothing_was_sent(&outcome, &log);
        assert!(outcome.reason.unwrap().contains("is not encrypted"));
        assert_eq!(log.commands, ["EHLO etl01.corp.example", "QUIT"]);
    }
}

#[test]
fn a_refused_account_is_not_tried_again_and_nothing_is_sent() {
    let authority = Authority::new();
    let scripted = relay(&authority, "PLAIN LOGIN", |peer, _| {
        peer.say("535 5.7.8 no\n")?;
        Ok(Answered::Yes)
    });
    let server = Server {
        tls: TlsMode::Implicit,
        extra_ca: Some(authority.pem()),
        sign_in: account(Method::Auto),
        ..scripted.server()
    };
    let mut session = session(server, PATIENT);
    let outcomes: Vec<Outcome> = (0..3).map(|_| deliver(&mut session, &message())).collect();
    session.quit();
    drop(session);
    let log = scripted.log();
    for outcome in &outcomes {
        nothing_was_sent(outcome, &log);
        assert_eq!(outcome.reply_code, Some(535));
        assert_eq!(
            outcome.reason.as_deref(),
            Some("the server did not sign `anna` in with plain: 535 5.7.8 no; nothing was sent")
        );
    }
    // LOGIN has the same password, and would bring the account nearer to being locked.
    let auth = log.commands.iter().filter(|it| it.starts_with("AUTH"));
    assert_eq!(auth.count(), 1);
}

#[test]
fn an_unknown_mechanism_leaves_the_next_one() {
    let (outcome, log) = outcome(account(Method::Auto), "PLAIN LOGIN", |peer, line| {
        match line {
            "AUTH LOGIN" => peer.say("334 \n")?,
            _ if line.starts_with("AUTH PLAIN") => peer.say("504 5.5.4 not here\n")?,
            _ if decoded(line) == "anna" => peer.say("334 \n")?,
            _ => peer.say("235 ok\n")?,
        }
        Ok(Answered::Yes)
    });
    assert_eq!(outcome.status, Status::Sent, "{outcome:?}");
    assert_eq!(outcome.auth, Some(Authentication::Signed(Mechanism::Login)));
    assert_eq!(
        outcome.notes,
        ["not signed in with plain: 504 5.5.4 not here"]
    );
    assert_eq!(log.messages.len(), 1);
}

#[test]
fn a_server_that_asks_without_end_is_left() {
    let (outcome, log) = outcome(
        bearer(Method::Only(Mechanism::XOAuth2), "tok.en"),
        "XOAUTH2",
        |peer, line| {
            if line == "*" {
                peer.say("501 cancelled\n")?;
            } else {
                peer.say("334 \n")?;
            }
            Ok(Answered::Yes)
        },
    );
    nothing_was_sent(&outcome, &log);
    assert!(log.has("*"));
    assert!(log.commands.len() < 6, "{:?}", log.commands);

    // A mechanism that would go on by itself.
    let (outcome, log) = {
        let authority = Authority::new();
        let scripted = relay(&authority, "LOGIN", |peer, line| {
            peer.say(if line == "*" { "501 no\n" } else { "334 \n" })?;
            Ok(Answered::Yes)
        });
        let server = Server {
            tls: TlsMode::Implicit,
            extra_ca: Some(authority.pem()),
            sign_in: account(Method::Auto),
            ..scripted.server()
        };
        let mut session = session(server, PATIENT);
        let outcome = deliver(&mut session, &message());
        session.quit();
        drop(session);
        (outcome, scripted.log())
    };
    nothing_was_sent(&outcome, &log);
    assert!(
        outcome
            .reason
            .unwrap()
            .contains("asks for more than a user and a password")
    );
}

#[test]
fn answers_that_no_mechanism_takes_are_said() {
    for (offered, method, reply, text) in [
        (
            "LOGIN",
            Mechanism::Login,
            "334 !!\n",
            "challenge is not base64",
        ),
        (
            "LOGIN",
            Mechanism::Login,
            "235 ok\n",
            "said yes before it asked for the password",
        ),
        (
            "PLAIN",
            Mechanism::Plain,
            "334 eA==\n",
            "asks for more than PLAIN has",
        ),
        ("PLAIN", Mechanism::Plain, "250 ok\n", "answered 250 ok"),
        ("PLAIN", Mechanism::Plain, "354 go\n", "answered 354 go"),
    ] {
        let (outcome, log) = outcome(account(Method::Only(method)), offered, move |peer, line| {
            peer.say(if line == "*" { "501 no\n" } else { reply })?;
            Ok(Answered::Yes)
        });
        nothing_was_sent(&outcome, &log);
        let reason = outcome.reason.unwrap();
        assert!(reason.contains(text), "{reason}");
    }
}

#[test]
fn a_password_that_the_server_repeats_is_masked() {
    let (outcome, log) = outcome(
        account(Method::Only(Mechanism::Plain)),
        "PLAIN",
        |peer, line| {
            let said = line.strip_prefix("AUTH PLAIN ").unwrap_or_default();
            peer.say(&format!("535-no {PASSWORD}\n535 {said}\n"))?;
            Ok(Answered::Yes)
        },
    );
    nothing_was_sent(&outcome, &log);
    let reason = outcome.reason.unwrap();
    let encoded = STANDARD.encode(format!("\0anna\0{PASSWORD}"));
    assert!(reason.contains("no ***"), "{reason}");
    assert!(!reason.contains(&encoded), "{reason}");
}

#[test]
fn the_trace_shows_the_dialogue_without_what_signs_in() {
    let authority = Authority::new();
    let scripted = relay(&authority, "LOGIN", |peer, line| {
        if line == "AUTH LOGIN" || decoded(line) == "anna" {
            peer.say("334 VXNlcm5hbWU6\n")?;
        } else {
            peer.say(&format!("235 hello {PASSWORD}\n"))?;
        }
        Ok(Answered::Yes)
    });
    let server = Server {
        tls: TlsMode::Implicit,
        extra_ca: Some(authority.pem()),
        sign_in: account(Method::Auto),
        ..scripted.server()
    };
    let lines = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&lines);
    let trace = Arc::new(move |traced: Traced<'_>| kept.lock().unwrap().push(traced.to_string()));
    let mut session = session(server, PATIENT).with_trace(Some(trace));
    assert_eq!(deliver(&mut session, &message()).status, Status::Sent);
    session.quit();
    drop(session);
    scripted.log();
    let lines = lines.lock().unwrap();
    assert!(lines[0].starts_with("* connected to 127.0.0.1:"));
    assert_eq!(
        lines[2..12],
        [
            "< 220 relay.example",
            "> EHLO etl01.corp.example",
            "< 250-relay.example",
            "< 250-AUTH LOGIN",
            "< 250 HELP",
            "> AUTH LOGIN",
            "< 334 ***",
            "> ***",
            "< 334 ***",
            "> ***",
        ]
    );
    assert_eq!(lines[12], "< 235 hello ***");
    let size = bytes_of_message();
    assert!(lines.contains(&format!("* the message, {size} bytes")));
}

fn bytes_of_message() -> usize {
    crate::mail_support::bytes(&composed(&message())).len() + 3
}

#[test]
fn silence_reset_and_goodbye_while_signing_in_send_nothing() {
    for (name, misbehave) in [
        ("hold", Peer::hold as fn(&mut Peer) -> io::Result<()>),
        ("reset", Peer::reset),
        ("close", Peer::close),
        ("421", |peer| peer.say("421 4.3.2 going down\n")),
    ] {
        let authority = Authority::new();
        let scripted = relay(&authority, "PLAIN", move |peer, _| {
            misbehave(peer).map(|()| Answered::Yes)
        });
        let server = Server {
            tls: TlsMode::Implicit,
            extra_ca: Some(authority.pem()),
            sign_in: account(Method::Auto),
            ..scripted.server()
        };
        let started = Instant::now();
        let mut session = session(server, HURRIED);
        let outcome = deliver(&mut session, &message());
        session.quit();
        drop(session);
        assert!(started.elapsed() < Duration::from_secs(8), "{name}");
        nothing_was_sent(&outcome, &scripted.log());
        assert!(
            outcome.reason.unwrap().starts_with("`AUTH`: "),
            "{name}: what failed is said"
        );
    }
}

#[test]
fn an_account_refused_for_now_is_tried_again_where_that_is_asked_for() {
    let authority = Authority::new();
    let config = authority.server_for(&["127.0.0.1"]);
    let scripted = Scripted::start(2, move |number, peer| {
        peer.handshake(config.clone())?;
        peer.say("220 relay.example\n")?;
        peer.relay("250-AUTH PLAIN\n", |peer, line| {
            if !line.starts_with("AUTH") {
                return Ok(Answered::No);
            }
            if number == 0 {
                peer.say("454 4.7.0 the directory is away\n")?;
                return Ok(Answered::Yes);
            }
            accepts(peer, line)
        })
    });
    let server = Server {
        tls: TlsMode::Implicit,
        extra_ca: Some(authority.pem()),
        sign_in: account(Method::Auto),
        ..scripted.server()
    };
    let mut session = session(server, PATIENT)
        .with_retries(Retries::new(1, [0; 16]).after(Duration::from_millis(10)));
    let composed = composed(&message());
    let outcome = session.deliver_persistently(&composed.envelope, composed.size(), &mut || {
        Box::new(composed.reader(&dtsx::host::RealFiles))
    });
    session.quit();
    drop(session);
    assert_eq!(outcome.status, Status::Sent, "{outcome:?}");
    assert_eq!(outcome.notes, ["tried 2 times"]);
    assert_eq!(scripted.log().messages.len(), 1);
}

#[test]
fn exchange_online_s_refusal_of_passwords_is_explained() {
    let (outcome, _) = outcome(account(Method::Auto), "LOGIN PLAIN", |peer, _| {
        peer.say("550 5.7.30 Basic authentication is not supported for Client Submission.\n")?;
        Ok(Answered::Yes)
    });
    let reason = outcome.reason.unwrap();
    assert!(reason.contains("sign in with an OAuth token"), "{reason}");
}

/// What is tried, or a piece of the reason; `anonymous` for nobody.
type Expected<'e> = Result<Vec<Mechanism>, &'e str>;

/// What is tried, for what is given, offered and asked for by the package.
#[test]
fn candidates_follow_the_offer_what_is_given_and_the_package() {
    use Mechanism::{Kerberos, Login, Ntlm, OAuthBearer, Plain, XOAuth2};
    let nobody = SignIn::default();
    let password = account(Method::Auto);
    let token = bearer(Method::Auto, "tok.en");
    let both = SignIn {
        token: token.token.clone(),
        ..password.clone()
    };
    let of = |method| SignIn {
        method,
        ..password.clone()
    };
    let anonymous = || Err("anonymous");
    let all = "LOGIN PLAIN XOAUTH2 OAUTHBEARER NTLM GSSAPI";
    #[rustfmt::skip]
    let table: Vec<(&SignIn, &str, bool, bool, Expected<'_>)> = vec![
        // given, offered, TLS, the package's Windows account, what is tried or a piece of the reason
        (&nobody, all, true, false, anonymous()),
        (&nobody, "", false, false, anonymous()),
        (&nobody, "PLAIN LOGIN", true, true, anonymous()),
        (&nobody, "NTLM GSSAPI", true, true, Ok(vec![Kerberos])),
        (&nobody, "NTLM", true, true, Err("no identity is at hand")),
        (&nobody, "NEGOTIATE", true, true, Err("no identity is at hand")),
        (&both, all, true, false, Ok(vec![Kerberos, Ntlm, OAuthBearer, XOAuth2, Plain, Login])),
        (&both, all, false, false, Ok(vec![Kerberos, Ntlm])),
        (&password, all, true, false, Ok(vec![Kerberos, Ntlm, Plain, Login])),
        (&token, all, true, false, Ok(vec![OAuthBearer, XOAuth2])),
        (&token, all, false, false, Err("is not encrypted")),
        (&password, "PLAIN", false, false, Err("is not encrypted")),
        (&password, "XOAUTH2", true, false, Err("offers nothing that it fits: it offers XOAUTH2")),
        (&password, "", false, false, Err("without TLS")),
        (&password, "", false, true, anonymous()),
        (&password, "PLAIN", true, true, Ok(vec![Plain])),
    ];
    for (sign_in, offered, encrypted, windows_account, expected) in table {
        check(sign_in, offered, encrypted, windows_account, expected);
    }
    for (method, offered, encrypted, expected) in [
        (Method::Anonymous, all, true, anonymous()),
        (Method::Windows, all, false, Ok(vec![Kerberos, Ntlm])),
        (
            Method::Windows,
            "PLAIN",
            true,
            Err("a Windows mechanism is demanded"),
        ),
        (
            Method::Only(Login),
            "PLAIN",
            true,
            Err("`LOGIN` is demanded"),
        ),
        (Method::Only(Login), "LOGIN", false, Err("is not encrypted")),
        (Method::Only(Login), "LOGIN", true, Ok(vec![Login])),
        (
            Method::Only(Kerberos),
            "GSS-SPNEGO",
            false,
            Ok(vec![Kerberos]),
        ),
    ] {
        check(&of(method), offered, encrypted, false, expected);
    }
}

fn check(
    sign_in: &SignIn,
    offered: &str,
    encrypted: bool,
    windows_account: bool,
    expected: Expected<'_>,
) {
    let mechanisms: Vec<String> = offered.split_whitespace().map(str::to_owned).collect();
    let offer = Offer {
        mechanisms: &mechanisms,
        encrypted,
        windows_account,
    };
    let case = format!(
        "{:?} {offered} {encrypted} {windows_account}",
        sign_in.method
    );
    match (candidates(sign_in, offer), expected) {
        (Ok(Candidates::Try(tried)), Ok(expected)) => assert_eq!(tried, expected, "{case}"),
        (Ok(Candidates::Anonymous { .. }), Err("anonymous")) => {}
        (Err(reason), Err(text)) if text != "anonymous" => {
            assert!(reason.contains(text), "{case}: {reason}");
        }
        (found, _) => panic!("{case}: {found:?}"),
    }
}

#[cfg(feature = "windows-auth")]
mod windows {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    /// A challenge as Cyrus SASL sends it, without target information.
    const CHALLENGE: &str = "TlRMTVNTUAACAAAAAAAAADAAAAABAgAAASNFZ4mrze8AAAAAAAAAAAAAAAAwAAAA";

    #[test]
    fn ntlm_asks_and_proves_and_goes_in_clear_too() {
        let server = Scripted::once(|peer| {
            peer.say("220 relay.example\n")?;
            peer.relay("250-AUTH NTLM\n", |peer, line| {
                let message = STANDARD.decode(line.split(' ').next_back().unwrap_or_default());
                match message.unwrap_or_default().get(..9) {
                    Some(b"NTLMSSP\0\x01") => peer.say(&format!("334 {CHALLENGE}\n"))?,
                    Some(b"NTLMSSP\0\x03") => peer.say("235 ok\n")?,
                    _ => return Ok(Answered::No),
                }
                Ok(Answered::Yes)
            })
        });
        let mut session = session(
            Server {
                sign_in: account(Method::Windows),
                ..server.server()
            },
            PATIENT,
        );
        let outcome = deliver(&mut session, &message());
        session.quit();
        assert_eq!(outcome.status, Status::Sent, "{outcome:?}");
        assert_eq!(outcome.auth, Some(Authentication::Signed(Mechanism::Ntlm)));
        let log = server.log();
        assert!(log.commands[1].starts_with("AUTH NTLM TlRMTVNTUAAB"));
        assert!(log.commands[2].starts_with("TlRMTVNTUAAD"));
    }

    #[test]
    fn a_challenge_that_is_none_of_ntlm_ends_it() {
        for challenge in ["", "eA==", "TlRMTVNTUAACAAAA", &CHALLENGE[..40]] {
            let challenge = challenge.to_owned();
            let (outcome, log) = outcome(account(Method::Windows), "NTLM", move |peer, line| {
                match line {
                    "*" => peer.say("501 cancelled\n")?,
                    _ => peer.say(&format!("334 {challenge}\n"))?,
                }
                Ok(Answered::Yes)
            });
            nothing_was_sent(&outcome, &log);
            assert!(log.has("*"), "{:?}", log.commands);
            assert!(outcome.reason.unwrap().contains("signing in with ntlm"));
        }
    }

    /// A server for tickets that answers one request with these bytes, and holds the connection.
    fn kdc(answer: Vec<u8>) -> (u16, std::thread::JoinHandle<()>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let thread = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream
                .set_read_timeout(Some(Duration::from_secs(10)))
                .unwrap();
            let mut request = [0; 64];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(&answer);
            let _ = stream.read_to_end(&mut Vec::new());
        });
        (port, thread)
    }

    #[test]
    fn a_server_for_tickets_that_misbehaves_ends_it_in_time() {
        for (answer, text) in [
            (
                vec![0xff, 0xff, 0xff, 0xff],
                "claims an answer of 4294967295 bytes",
            ),
            (vec![], "no answer within the time of the delivery"),
            (
                vec![0, 0, 0, 100, 1, 2, 3],
                "no answer within the time of the delivery",
            ),
            (vec![0, 0, 0, 3, 1, 2, 3], "kerberos: "),
            (vec![0, 0, 0, 0], "kerberos: "),
        ] {
            let (port, thread) = kdc(answer);
            let server = Scripted::once(|peer| {
                peer.say("220 relay.example\n")?;
                peer.relay("250-AUTH GSSAPI\n", crate::mail_support::plainly)
            });
            let sign_in = SignIn {
                user: Some("anna@corp.example".to_owned()),
                kdc: Some(format!("127.0.0.1:{port}")),
                ..account(Method::Only(Mechanism::Kerberos))
            };
            let mut session = session(
                Server {
                    sign_in,
                    ..server.server()
                },
                HURRIED,
            );
            let outcome = deliver(&mut session, &message());
            session.quit();
            drop(session);
            let reason = outcome.reason.clone().unwrap();
            assert!(reason.contains(text), "{reason}");
            let log = server.log();
            nothing_was_sent(&outcome, &log);
            assert!(!log.has("AUTH"));
            thread.join().unwrap();
        }
    }
}

#[test]
fn the_windows_account_without_an_identity_fails_with_what_to_give() {
    let server = Scripted::once(|peer| {
        peer.say("220 relay.example\n")?;
        peer.relay("250-AUTH NTLM\n", crate::mail_support::plainly)
    });
    let mut session = session(
        Server {
            identity: Identity::WindowsAccount,
            ..server.server()
        },
        PATIENT,
    );
    let outcome = deliver(&mut session, &message());
    session.quit();
    let log = server.log();
    nothing_was_sent(&outcome, &log);
    let reason = outcome.reason.unwrap();
    for piece in ["NTLM", "`--mail-user`", "`--auth anonymous`", "ticket"] {
        assert!(reason.contains(piece), "{reason}");
    }
}
