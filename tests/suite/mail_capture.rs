//! The server inside the process: what goes into it comes out of it, byte for byte, and nothing ends a message early.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use dtsx::host::RealFiles;
use dtsx::mail::deliver::{Capture, Server, Session, Status};
use dtsx::mail::{Attachment, Envelope, MailMessage};
use proptest::prelude::*;

use crate::mail_support::{PATIENT, bytes, composed, deliver, message, session};

fn session_with(capture: &Capture) -> Session {
    let address = capture.address();
    session(
        Server::new(address.ip().to_string(), address.port()),
        PATIENT,
    )
}

#[test]
fn a_message_comes_out_as_it_was_composed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("big.bin");
    let big: Vec<u8> = (0..3_000_000_u32).map(|at| (at / 7 % 256) as u8).collect();
    std::fs::write(&path, big).unwrap();
    let attachment = Attachment {
        stored: r"c:\out\big.bin".to_owned(),
        path,
    };
    let messages = [
        message(),
        MailMessage {
            body: "..\n.\n".to_owned(),
            ..message()
        },
        MailMessage {
            to: "мария@corp.example".to_owned(),
            ..message()
        },
        MailMessage {
            attachments: vec![attachment],
            ..message()
        },
    ];
    let capture = Capture::start().unwrap();
    let mut session = session_with(&capture);
    for message in &messages {
        assert_eq!(deliver(&mut session, message).status, Status::Sent);
        let [captured] = &capture.take()[..] else {
            panic!("one message was expected");
        };
        let composed = composed(message);
        assert_eq!(captured.sender, composed.envelope.sender);
        assert_eq!(captured.recipients, composed.envelope.recipients);
        assert!(captured.message == bytes(&composed));
    }
    session.quit();
    assert_eq!(capture.take(), []);
}

#[test]
fn attempts_to_smuggle_a_second_message_arrive_as_text() {
    let capture = Capture::start().unwrap();
    let mut session = session_with(&capture);
    let envelope = composed(&message()).envelope;
    let second = "MAIL FROM:<evil@corp.example>\r\nRCPT TO:<all@corp.example>\r\nDATA\r\nfree money\r\n.\r\n";
    for end in [
        "\n.\r\n",
        "\r.\r\n",
        "\r\n.\n",
        "\n.\n",
        "\r\n.\r",
        "\r.\r",
        "\r\n.\r\n",
        "\r\r\n.\r\r\n",
        "\n\n.\r\n",
    ] {
        let smuggled = format!("text{end}{second}");
        // As a message of its own, past everything that composing does,
        let outcome = session.deliver(&envelope, smuggled.len() as u64, &mut smuggled.as_bytes());
        assert_eq!(outcome.status, Status::Sent);
        let [captured] = &capture.take()[..] else {
            panic!("{end:?} ended the message");
        };
        let lines = smuggled
            .replace("\r\n", "\n")
            .replace('\r', "\n")
            .replace('\n', "\r\n");
        assert_eq!(String::from_utf8_lossy(&captured.message), lines, "{end:?}");

        // and as the text of a task.
        let body = MailMessage {
            body: smuggled.clone(),
            ..message()
        };
        assert_eq!(deliver(&mut session, &body).status, Status::Sent);
        let [captured] = &capture.take()[..] else {
            panic!("{end:?} ended the message");
        };
        let parsed = mail_parser::MessageParser::default()
            .parse(&captured.message)
            .unwrap();
        let expected = smuggled.replace("\r\n", "\n").replace('\n', "\r\n");
        assert_eq!(parsed.body_text(0).unwrap(), expected, "{end:?}");
    }
    session.quit();
}

#[test]
fn the_dialogue_is_that_of_a_real_server() {
    let capture = Capture::start().unwrap();
    let mut stream = TcpStream::connect(capture.address()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    // All at once, since pipelining is offered.
    let commands = "RCPT TO:<a@x.example>\r\nMAIL FROM:<e@x.example>\r\nEHLO me\r\nDATA\r\nMAIL FROM:<e@x.example> \
                    SIZE=99 BODY=8BITMIME\r\nMAIL FROM:<e@x.example>\r\nDATA\r\nRCPT TO:<\"a>b\"@x.example>\r\nRCPT \
                    TO:<ж@x.example>\r\nRSET\r\nMAIL FROM:<e@x.example> SIZE=999999999999\r\nMAIL FROM:<e@x.example> \
                    RET=HDRS\r\nMAIL FROM e@x.example\r\nmail from:<> SMTPUTF8\r\nrcpt to:<ж@x.example>\r\nDATA\r\n\
                    ..a\r\n.\r\nNOOP\r\nVRFY a\r\nSTARTTLS\r\nHELO\r\nQUIT\r\n";
    stream.write_all(commands.as_bytes()).unwrap();
    let mut replies = String::new();
    stream.read_to_string(&mut replies).unwrap();
    let codes: Vec<&str> = replies
        .lines()
        .filter(|line| line.get(3..4) == Some(" "))
        .map(|line| &line[..3])
        .collect();
    assert_eq!(
        codes,
        [
            "220", "503", "503", "250", "503", "250", "503", "503", "250", "553", "250", "552",
            "555", "501", "250", "250", "354", "250", "250", "252", "500", "501", "221"
        ]
    );
    let [captured] = &capture.take()[..] else {
        panic!("one message was expected");
    };
    assert_eq!(captured.sender, "");
    assert_eq!(captured.recipients, ["ж@x.example"]);
    assert_eq!(captured.message, b".a\r\n");
}

#[test]
fn a_line_without_end_and_a_client_that_goes_end_the_connection_alone() {
    let capture = Capture::start().unwrap();
    let mut endless = TcpStream::connect(capture.address()).unwrap();
    endless.write_all(&[b'x'; 5000]).unwrap();
    let mut replies = Vec::new();
    // It may be reset, as not everything was read.
    let _ = endless.read_to_end(&mut replies);

    let mut gone = TcpStream::connect(capture.address()).unwrap();
    gone.write_all(
        b"EHLO me\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<b@x.example>\r\nDATA\r\nhalf a mess",
    )
    .unwrap();
    drop(gone);

    let mut session = session_with(&capture);
    assert_eq!(deliver(&mut session, &message()).status, Status::Sent);
    session.quit();
    assert_eq!(capture.take().len(), 1);
}

#[test]
fn it_ends_while_somebody_is_connected() {
    let capture = Capture::start().unwrap();
    let mut stream = TcpStream::connect(capture.address()).unwrap();
    let mut greeting = [0; 4];
    stream.read_exact(&mut greeting).unwrap();
    let address = capture.address();
    drop(capture);
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert!(TcpStream::connect(address).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_make_the_way_there_and_back(
        message in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..400),
            prop::collection::vec(prop::sample::select(&b".\r\nab"[..]), 0..80),
        ]
    ) {
        let capture = Capture::start().unwrap();
        let mut session = session_with(&capture);
        let envelope = Envelope {
            sender: "etl@corp.example".to_owned(),
            recipients: vec!["ops@corp.example".to_owned()],
            smtputf8: false,
        };
        let outcome = session.deliver(&envelope, message.len() as u64, &mut message.as_slice());
        session.quit();
        prop_assert_eq!(outcome.status, Status::Sent);
        let captured = capture.take();
        prop_assert_eq!(captured.len(), 1);
        // The same bytes with every line ended by CR LF, worked out another way than the filter does.
        let mut lines = Vec::new();
        let mut rest = message.as_slice();
        while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
            lines.extend_from_slice(&rest[..end]);
            lines.extend_from_slice(b"\r\n");
            rest = &rest[end + if rest[end..].starts_with(b"\r\n") { 2 } else { 1 }..];
        }
        if !rest.is_empty() {
            lines.extend_from_slice(rest);
            lines.extend_from_slice(b"\r\n");
        }
        prop_assert_eq!(&captured[0].message, &lines);
    }

    #[test]
    fn any_composed_text_makes_the_way_there_and_back(body in "[ -~\r\n.]{0,300}|(?s).{0,100}") {
        let capture = Capture::start().unwrap();
        let mut session = session_with(&capture);
        let composed = composed(&MailMessage { body, ..message() });
        let mut reader = composed.reader(&RealFiles);
        let outcome = session.deliver(&composed.envelope, composed.size(), &mut reader);
        session.quit();
        prop_assert_eq!(outcome.status, Status::Sent);
        prop_assert_eq!(&capture.take()[0].message, &bytes(&composed));
    }
}
