//! Messages as bytes: goldens that people read, and the same messages read back by a parser that is not ours.

use std::path::Path;

use dtsx::mail::{Attachment, MailMessage, Problem, Warning, warnings};
use dtsx::package::Priority;
use mail_parser::{Address, MessageParser, MimeHeaders};
use proptest::prelude::*;

use crate::mail_support::{bytes, composed, message, try_compose};

/// A message as the parser finds it.
#[derive(Debug, PartialEq, Eq)]
struct ReadBack {
    headers: Vec<String>,
    from: Vec<(Option<String>, String)>,
    to: Vec<(Option<String>, String)>,
    cc: Vec<(Option<String>, String)>,
    subject: String,
    date: Option<String>,
    priority: [Option<String>; 3],
    body: String,
    attachments: Vec<(String, String, Vec<u8>)>,
}

fn read_back(eml: &[u8]) -> ReadBack {
    let parsed = MessageParser::default().parse(eml).unwrap();
    let pairs = |address: Option<&Address<'_>>| {
        let list = address.and_then(Address::as_list).unwrap_or_default();
        list.iter()
            .map(|it| {
                let name = it.name.as_ref().map(ToString::to_string);
                (name, it.address.as_ref().unwrap().to_string())
            })
            .collect()
    };
    let text = |name: &'static str| {
        let value = parsed.header(name)?;
        Some(value.as_text()?.to_owned())
    };
    ReadBack {
        headers: parsed
            .headers_raw()
            .map(|(name, _)| name.to_owned())
            .collect(),
        from: pairs(parsed.from()),
        to: pairs(parsed.to()),
        cc: pairs(parsed.cc()),
        subject: parsed.subject().unwrap_or_default().to_owned(),
        date: parsed.date().map(|date| date.to_rfc3339()),
        priority: [text("X-Priority"), text("Priority"), text("Importance")],
        body: parsed
            .body_text(0)
            .map(|it| it.into_owned())
            .unwrap_or_default(),
        attachments: parsed
            .attachments()
            .map(|part| {
                (
                    part.attachment_name().unwrap_or_default().to_owned(),
                    part.content_type()
                        .and_then(|it| it.attribute("name"))
                        .unwrap_or_default()
                        .to_owned(),
                    part.contents().to_vec(),
                )
            })
            .collect(),
    }
}

/// What every message has to be, whatever is in it.
fn assert_can_go(eml: &[u8]) {
    assert!(eml.is_ascii());
    assert!(eml.ends_with(b"\r\n"));
    let text = String::from_utf8(eml.to_vec()).unwrap();
    let head = text.split("\r\n\r\n").next().unwrap();
    for line in head.split("\r\n") {
        assert!(
            line.len() <= 998 && !line.trim().is_empty(),
            "header line {line:?}"
        );
    }
    for line in text.split("\r\n") {
        assert!(
            line.len() <= 998 && !line.contains(['\r', '\n', '\0']),
            "{line:?}"
        );
    }
}

/// A golden shows lines; that they end in CR LF is checked apart, because insta does not see it.
fn golden(name: &str, message: &MailMessage) -> ReadBack {
    let composed = composed(message);
    let eml = bytes(&composed);
    assert_eq!(composed.size(), eml.len() as u64);
    assert_can_go(&eml);
    let text = String::from_utf8(eml.clone())
        .unwrap()
        .replace("\r\n", "\n");
    insta::assert_snapshot!(name, text);
    read_back(&eml)
}

fn attachment(folder: &Path, stored: &str, file: &str, contents: &[u8]) -> Attachment {
    let path = folder.join(file);
    std::fs::write(&path, contents).unwrap();
    Attachment {
        stored: stored.to_owned(),
        path,
    }
}

fn named(name: &str, address: &str) -> (Option<String>, String) {
    (Some(name.to_owned()), address.to_owned())
}

fn bare(address: &str) -> (Option<String>, String) {
    (None, address.to_owned())
}

const DATE: &str = "2026-11-24T09:00:00+01:00";

#[test]
fn an_ascii_message() {
    let message = MailMessage {
        from: "Nightly (ETL) <etl@corp.example>".to_owned(),
        to: "ops@corp.example;\"Lead; night\" <lead@corp.example>;".to_owned(),
        cc: "Smith, John <john.smith@corp.example>; Operations of the northern region \
             <a.quite.long.mailbox.name@northern.corp.example>; last@corp.example"
            .to_owned(),
        bcc: "audit@corp.example".to_owned(),
        subject: "Load finished: 1,024 rows of 1,024 in 00:03:12, see the log on \
                  \\\\fileserver\\etl\\logs\\nightly for what was skipped"
            .to_owned(),
        body: "Rows = 1,024\n.\nFrom here on: nothing to do.  \n\n-- \nNightly\r\n".to_owned(),
        priority: Priority::High,
        attachments: Vec::new(),
        ..MailMessage::default()
    };
    let read = golden("ascii", &message);
    assert_eq!(
        read,
        ReadBack {
            headers: [
                "MIME-Version",
                "From",
                "To",
                "Cc",
                "X-Priority",
                "Priority",
                "Importance",
                "Date",
                "Message-ID",
                "Subject",
                "Content-Type",
                "Content-Transfer-Encoding"
            ]
            .map(str::to_owned)
            .to_vec(),
            from: vec![named("Nightly (ETL)", "etl@corp.example")],
            to: vec![
                bare("ops@corp.example"),
                named("Lead; night", "lead@corp.example")
            ],
            cc: vec![
                named("Smith, John", "john.smith@corp.example"),
                named(
                    "Operations of the northern region",
                    "a.quite.long.mailbox.name@northern.corp.example"
                ),
                bare("last@corp.example"),
            ],
            subject: message.subject.clone(),
            date: Some(DATE.to_owned()),
            priority: ["1", "urgent", "high"].map(|it| Some(it.to_owned())),
            body: "Rows = 1,024\r\n.\r\nFrom here on: nothing to do.  \r\n\r\n-- \r\nNightly\r\n"
                .to_owned(),
            attachments: Vec::new(),
        }
    );
    let eml = String::from_utf8(bytes(&composed(&message))).unwrap();
    assert!(!eml.contains("audit@corp.example"));
}

#[test]
fn a_cyrillic_message_with_attachments() {
    let folder = tempfile::tempdir().unwrap();
    let all: Vec<u8> = (0..=255).cycle().take(700).collect();
    let message = MailMessage {
        from: "Ночная загрузка <etl@почта.example>".to_owned(),
        to: "Дежурная смена северного региона <ops@corp.example>".to_owned(),
        cc: String::new(),
        bcc: String::new(),
        subject: "Загрузка завершена: 1024 строки, подробности в журнале и во вложении".to_owned(),
        body: "Строк: 1024\nВсё хорошо\n".to_owned(),
        priority: Priority::Low,
        attachments: vec![
            attachment(folder.path(), r"C:\журналы\загрузка за ночь.log", "a", &all),
            attachment(
                folder.path(),
                "\\\\fileserver\\etl\\it's a \"log\", v1.txt",
                "b",
                b"one\n.\r\ntwo\r",
            ),
            attachment(folder.path(), "d:empty.csv", "c", b""),
        ],
        ..MailMessage::default()
    };
    let read = golden("cyrillic", &message);
    assert_eq!(
        read.from,
        [named("Ночная загрузка", "etl@xn--80a1acny.example")]
    );
    assert_eq!(
        read.to,
        [named(
            "Дежурная смена северного региона",
            "ops@corp.example"
        )]
    );
    assert_eq!((read.cc.len(), read.subject), (0, message.subject));
    assert_eq!(read.body, "Строк: 1024\r\nВсё хорошо\r\n");
    assert_eq!(
        read.priority,
        ["5", "non-urgent", "low"].map(|it| Some(it.to_owned()))
    );
    let name = "загрузка за ночь.log";
    assert_eq!(
        read.attachments,
        [
            (name.to_owned(), name.to_owned(), all),
            (
                "it's a \"log\", v1.txt".to_owned(),
                "it's a \"log\", v1.txt".to_owned(),
                b"one\n.\r\ntwo\r".to_vec()
            ),
            ("empty.csv".to_owned(), "empty.csv".to_owned(), Vec::new()),
        ]
    );
}

/// Numbers as the error reference of Integration Services has them. They are told whether or not the message is sent.
#[test]
fn what_validation_warns_of() {
    let warned = |change: fn(&mut MailMessage)| {
        let mut message = message();
        change(&mut message);
        let warnings = warnings(&message).into_iter();
        warnings
            .map(|it| it.code().to_string())
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(warned(|_| ()), "");
    assert_eq!(warned(|it| it.subject.clear()), "0x800291C6");
    assert_eq!(warned(|it| it.to = "ops".to_owned()), "0x800291C7");
    assert_eq!(
        warned(|it| it.to = "ops@corp.example; night at corp.example".to_owned()),
        "0x800291C7"
    );
    // Nobody in To is an error of its own, where Cc and Bcc are empty too.
    assert_eq!(warned(|it| it.to.clear()), "");
    assert_eq!(warned(|it| it.from = "etl".to_owned()), "0x800291C8");
    assert_eq!(warned(|it| it.from.clear()), "0x800291C8");
    assert_eq!(
        warned(
            |it| (it.from, it.to, it.subject) = ("a b".to_owned(), "@".to_owned(), String::new())
        ),
        "0x800291C6 0x800291C7 0x800291C8"
    );
}

#[test]
fn a_message_without_anything_that_can_be_missing() {
    let message = MailMessage {
        from: "etl@corp.example".to_owned(),
        bcc: "audit@corp.example".to_owned(),
        ..MailMessage::default()
    };
    let composed = composed(&message);
    assert_eq!(warnings(&message), [Warning::SubjectMissing]);
    assert_eq!(composed.envelope.recipients, ["audit@corp.example"]);
    let read = golden("bare", &message);
    assert_eq!(
        read.headers,
        [
            "MIME-Version",
            "From",
            "Date",
            "Message-ID",
            "Content-Type",
            "Content-Transfer-Encoding"
        ]
    );
    assert_eq!((read.body.as_str(), read.subject.as_str()), ("", ""));
}

#[test]
fn an_empty_text_goes_with_its_attachment() {
    let folder = tempfile::tempdir().unwrap();
    let message = MailMessage {
        body: String::new(),
        attachments: vec![attachment(folder.path(), "report.csv", "a", b"a;b\n")],
        ..message()
    };
    let read = golden("attachment_only", &message);
    assert_eq!(read.body, "");
    assert_eq!(
        read.attachments,
        [(
            "report.csv".to_owned(),
            "report.csv".to_owned(),
            b"a;b\n".to_vec()
        )]
    );
}

#[test]
fn what_cannot_be_composed_fails_with_the_code_of_dtexec() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.txt");
    let attached = |stored: &str, path: &Path| MailMessage {
        attachments: vec![Attachment {
            stored: stored.to_owned(),
            path: path.to_owned(),
        }],
        ..message()
    };
    let with = |change: fn(&mut MailMessage)| {
        let mut message = message();
        change(&mut message);
        message
    };
    let cases = [
        (
            with(|it| (it.to, it.cc, it.bcc) = (String::new(), ";".to_owned(), " ".to_owned())),
            "0xC00291C3",
            "no recipient: To, Cc and Bcc are empty",
            "No recipient is specified.",
        ),
        (
            with(|it| it.from = String::new()),
            "0xC002F304",
            "From: empty: an address is needed",
            "An error occurred with the following error message: \"The parameter 'address' cannot be an empty string.\".",
        ),
        (
            with(|it| it.cc = "lead@corp.example;nobody".to_owned()),
            "0xC002F304",
            "Cc: `nobody`: no address: it has no `@`",
            "An error occurred with the following error message: \"The specified string is not in the form required \
             for an e-mail address.\".",
        ),
        (
            with(|it| it.subject = "load\r\nBcc: all@corp.example".to_owned()),
            "0xC002F304",
            "the subject `load\\r\\nBcc: all@corp.example` holds a line break or a NUL: The specified string is not in \
             the form required for a subject.",
            "An error occurred with the following error message: \"The specified string is not in the form required \
             for a subject.\".",
        ),
        (
            attached(r"c:\out\missing.txt", &missing),
            "0xC00291CB",
            r"attachment `c:\out\missing.txt`, looked for at `",
            "Either the file \"c:\\out\\missing.txt\" does not exist or you do not have permissions to access the file.",
        ),
        (
            attached("folder", folder.path()),
            "0xC00291CB",
            "attachment `folder`, looked for at `",
            "Either the file \"folder\" does not exist or you do not have permissions to access the file.",
        ),
    ];
    for (message, code, text, dtexec) in cases {
        let problem = try_compose(&message).unwrap_err();
        assert_eq!(problem.code().to_string(), code);
        assert!(problem.to_string().starts_with(text), "{problem}");
        assert_eq!(problem.dtexec_text(), dtexec);
    }
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_devices_are_no_attachments() {
    let folder = tempfile::tempdir().unwrap();
    let target = attachment(folder.path(), "t", "target", b"through the link");
    let link = folder.path().join("link.txt");
    std::os::unix::fs::symlink(&target.path, &link).unwrap();
    let attached = |path: &Path| MailMessage {
        attachments: vec![Attachment {
            stored: "link.txt".to_owned(),
            path: path.to_owned(),
        }],
        ..message()
    };
    let read = read_back(&bytes(&composed(&attached(&link))));
    assert_eq!(read.attachments[0].2, b"through the link");

    let problem = try_compose(&attached(Path::new("/dev/zero"))).unwrap_err();
    assert!(matches!(problem, Problem::Attachment { .. }), "{problem}");
    let endless = folder.path().join("endless");
    std::os::unix::fs::symlink("/dev/zero", &endless).unwrap();
    let problem = try_compose(&attached(&endless)).unwrap_err();
    assert!(
        matches!(problem, Problem::AttachmentTooLarge { .. }),
        "{problem}"
    );
}

#[test]
fn a_subject_of_one_endless_word_is_cut_into_encoded_ones() {
    for subject in [
        "x".repeat(5000),
        "ж".repeat(3000),
        "tab\tand \u{7f} bell".to_owned(),
        format!("{} \t{}", "x".repeat(70), "y".repeat(70)),
    ] {
        let message = MailMessage {
            subject: subject.clone(),
            ..message()
        };
        let eml = bytes(&composed(&message));
        assert_can_go(&eml);
        assert_eq!(read_back(&eml).subject, subject);
    }
}

/// Found by the property below: white space that is not a blank belongs to the name.
#[test]
fn a_display_name_keeps_the_spaces_that_are_no_blanks() {
    for name in ["\u{a0}", "a\u{a0}", "\u{2003}b"] {
        let to = format!("\"{name}\" <ops@corp.example>");
        let eml = bytes(&composed(&MailMessage { to, ..message() }));
        let read = read_back(&eml);
        assert_eq!(read.to[0].0.as_deref(), Some(name));
        assert_eq!(read.to[0].1, "ops@corp.example");
    }
}

fn one_line() -> impl Strategy<Value = String> {
    // Text of the kinds that headers treat apart, words of any length, no line ends.
    prop::collection::vec(
        prop_oneof![
            "[ -~]{0,12}",
            "[a-z]{1,90}",
            "\\PC{0,8}",
            "[а-я]{1,40}",
            Just(" ".to_owned()),
            Just("=?utf-8?q?x?=".to_owned()),
            Just("\t".to_owned()),
            Just("\u{1}".to_owned()),
        ],
        0..12,
    )
    .prop_map(|pieces| pieces.concat())
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::collection::vec(
            prop::sample::select(&[".", "\r", "\n", "\r\n", " ", "a", "=", "--", "x.y"][..]),
            0..60
        )
        .prop_map(|pieces| pieces.concat()),
        "[ -~\r\n\t]{0,300}",
        "(?s).{0,200}",
    ]
}

/// Every run of white space as one blank: a folded header may not tell them apart.
fn words(text: &str) -> String {
    text.split([' ', '\t'])
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_subject_is_one_header(subject in one_line()) {
        let eml = bytes(&composed(&MailMessage { subject: subject.clone(), ..message() }));
        assert_can_go(&eml);
        let read = read_back(&eml);
        // An ASCII subject goes as it is, encoded words in it included, as with .NET.
        if !subject.contains("=?") {
            prop_assert_eq!(words(&read.subject), words(&subject));
        }
        let plain = read_back(&bytes(&composed(&message())));
        let extra = subject.is_empty().then(|| "Subject".to_owned());
        prop_assert_eq!(
            read.headers,
            plain.headers.into_iter().filter(|it| Some(it) != extra.as_ref()).collect::<Vec<_>>()
        );
        prop_assert_eq!((read.from, read.to, read.cc, read.body), (plain.from, plain.to, plain.cc, plain.body));
    }

    #[test]
    fn any_display_name_is_one_name(name in one_line()) {
        let escaped = name.replace('\\', "\\\\").replace('"', "\\\"");
        let line = format!("\"{escaped}\" <ops@corp.example>; last@corp.example");
        match try_compose(&MailMessage { to: line, ..message() }) {
            Err(problem) => prop_assert!(name.chars().any(char::is_control), "{}", problem),
            Ok(composed) => {
                let eml = bytes(&composed);
                assert_can_go(&eml);
                let read = read_back(&eml);
                prop_assert_eq!(read.to.len(), 2, "{:?}", String::from_utf8_lossy(&eml));
                prop_assert_eq!(&read.to[0].1, "ops@corp.example");
                if !name.contains("=?") {
                    prop_assert_eq!(words(read.to[0].0.as_deref().unwrap_or_default()), words(&name));
                }
            }
        }
    }

    #[test]
    fn any_text_arrives_with_real_line_ends(body in any_text()) {
        let eml = bytes(&composed(&MailMessage { body: body.clone(), ..message() }));
        assert_can_go(&eml);
        let mut expected = body.replace("\r\n", "\n").replace('\n', "\r\n");
        if body.is_ascii() && !expected.is_empty() && !expected.ends_with("\r\n") {
            expected.push_str("\r\n");
        }
        prop_assert_eq!(read_back(&eml).body, expected);
    }

    #[test]
    fn any_attachment_name_is_one_name(name in "[^\\\\/:|]{1,80}", contents in prop::collection::vec(any::<u8>(), 0..200)) {
        let folder = tempfile::tempdir().unwrap();
        let attachments = vec![attachment(folder.path(), &name, "a", &contents)];
        let composed = composed(&MailMessage { attachments, ..message() });
        let eml = bytes(&composed);
        assert_can_go(&eml);
        let read = read_back(&eml);
        prop_assert_eq!(read.attachments.len(), 1);
        prop_assert_eq!(&read.attachments[0].2, &contents);
        prop_assert_eq!(&read.body, "rows: 42\r\nall is well\r\n");
        if !name.contains("=?") && !name.contains('\u{fffd}') {
            let expected = name.replace(char::is_control, "_");
            prop_assert_eq!(words(&read.attachments[0].0), words(&expected));
        }
    }
}
