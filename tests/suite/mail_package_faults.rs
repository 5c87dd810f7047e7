//! Packages that are wrong: for each fault its sentence, its code, the exit code, and that nothing went and nothing was
//! counted as gone.

use std::path::Path;

use serde_json::{Value, json};

use crate::command::{Run, dtsx_in};
use crate::mail_packages::{FILE, MAIL, OLE_DB, Written, manager, task, variable};
use crate::mail_support::{Answered, Scripted};

/// A package, and what comes of its only task.
struct Fault {
    name: &'static str,
    package: Written,
    status: &'static str,
    code: Option<&'static str>,
    exit: i32,
    /// Part of the reason.
    reason: &'static str,
}

fn of_task(
    name: &'static str,
    fields: &[(&str, &str)],
    code: Option<&'static str>,
    reason: &'static str,
) -> Fault {
    Fault {
        name,
        package: Written::new().with(&task("Notify", "", "", fields)),
        status: if code.is_some() { "failed" } else { "skipped" },
        code,
        exit: 1,
        reason,
    }
}

fn faults() -> Vec<Fault> {
    const TEXT: (&str, &str) = ("MessageSourceType", "FileConnection");
    const VARIABLE: (&str, &str) = ("MessageSourceType", "Variable");
    let mut faults = vec![
        of_task(
            "no connection manager",
            &[("SMTPServer", "")],
            Some("0xC00291C4"),
            "the task names no SMTP connection manager",
        ),
        of_task(
            "a connection manager that is not there",
            &[("SMTPServer", "{0A000000-0000-0000-0000-0000000000FF}")],
            Some("0xC00291D3"),
            "the SMTP connection manager `{0A000000-0000-0000-0000-0000000000FF}` is not there",
        ),
        of_task(
            "a connection manager of another type",
            &[("SMTPServer", OLE_DB)],
            Some("0xC00291D1"),
            "the connection manager `Db` is of type OLEDB and not of type SMTP",
        ),
        of_task(
            "no recipient",
            &[("To", " ; ")],
            Some("0xC00291C3"),
            "no recipient: To, Cc and Bcc are empty",
        ),
        of_task(
            "an unknown variable",
            &[VARIABLE, ("MessageSource", "User::Nobody")],
            Some("0xC0014054"),
            "the text comes from the variable `User::Nobody`, which is not there",
        ),
        of_task(
            "a text in a connection manager of another type",
            &[TEXT, ("MessageSource", MAIL)],
            Some("0xC00291CE"),
            "the text comes from the connection manager `Mail`, which is of type SMTP and not of type FILE",
        ),
        of_task(
            "a text in a connection manager that is not there",
            &[TEXT, ("MessageSource", "Nowhere")],
            Some("0xC00291D3"),
            "the text comes from the connection manager `Nowhere`, which is not there",
        ),
        of_task(
            "a text that cannot be read",
            &[TEXT, ("MessageSource", FILE)],
            Some("0xC00291CF"),
            "the text comes from the file `text.txt`: No such file",
        ),
        of_task(
            "an attachment that is not there",
            &[("Attachments", "C:\\none\\a.csv")],
            Some("0xC00291CB"),
            "attachment `C:\\none\\a.csv`: No such file",
        ),
        of_task(
            "an attachment that is a folder",
            &[("Attachments", ".")],
            Some("0xC00291CB"),
            "attachment `.`: it is a folder",
        ),
        of_task(
            "a recipient that is no address",
            &[("To", "ops@corp.example;operations")],
            Some("0xC002F304"),
            "To: `operations`: no address: it has no `@`",
        ),
        of_task(
            "a sender that is none",
            &[("From", "")],
            Some("0xC002F304"),
            "From: empty: an address is needed",
        ),
        of_task(
            "a line break in an address",
            &[("To", "ops@corp.example\nBcc: eve@else.example")],
            Some("0xC002F304"),
            "To: `ops@corp.example\\nBcc: eve@else.example`: an address cannot hold a line break",
        ),
        of_task(
            "a line break in the sender",
            &[("From", "etl@corp.example\nRCPT TO:<eve@else.example>")],
            Some("0xC002F304"),
            "an address cannot hold a line break",
        ),
        of_task(
            "a subject of two lines",
            &[("Subject", "one\nBcc: eve@else.example")],
            Some("0xC002F304"),
            "the subject `one\\nBcc: eve@else.example` holds a line break",
        ),
        of_task(
            "a subject that turns the line around",
            &[("Subject", "\u{202e}gnp.\nx")],
            Some("0xC002F304"),
            "the subject `\\u{202e}gnp.\\nx` holds a line break",
        ),
    ];
    let mut number = of_task(
        "a text in a variable of another type",
        &[VARIABLE, ("MessageSource", "User::Rows")],
        Some("0xC00291D0"),
        "the text comes from the variable `User::Rows`, which is not of type String",
    );
    number.package.variables = variable("Rows", 3, "", "7");
    faults.push(number);
    let mut empty = of_task(
        "a connection manager without a string",
        &[],
        Some("0xC00291D2"),
        "has no connection string",
    );
    empty.package.managers =
        manager(MAIL, "Mail", "SMTP", "", "").replace(" ConnectionString=\"\"", "");
    faults.push(empty);
    let mut nowhere = of_task(
        "a connection manager without a server",
        &[],
        Some("0xC00291C4"),
        "the SMTP connection manager `Mail` names no server",
    );
    nowhere.package = nowhere.package.smtp("SmtpServer=;EnableSsl=False;", "");
    faults.push(nowhere);
    // What a password protects is not known without it.
    let mut protected = of_task(
        "a text in a protected variable",
        &[VARIABLE, ("MessageSource", "User::Text")],
        None,
        "the text comes from the sensitive parameter `User::Text`",
    );
    protected.package.variables = "<DTS:Variable DTS:Namespace=\"User\" DTS:ObjectName=\"Text\"><DTS:VariableValue DTS:DataType=\"8\" \
         Sensitive=\"1\" Encrypted=\"1\">AQAAANCMnd8BFdERjHoAwE/Cl+sBAAAA</DTS:VariableValue></DTS:Variable>"
        .to_owned();
    faults.push(protected);
    faults
}

/// Everywhere that mail can go, and to nobody that answers.
fn run(folder: &Path, route: &[&str]) -> Run {
    let base = ["run", "Nightly.dtsx", "--format", "json"];
    dtsx_in(folder, base.iter().chain(route))
}

#[test]
fn each_fault_has_its_sentence_its_code_and_no_mail() {
    for fault in faults() {
        let Fault {
            name,
            package,
            status,
            code,
            exit,
            reason,
        } = fault;
        let folder = tempfile::tempdir().unwrap();
        package.save(folder.path());
        for route in [
            &["--dry-run"][..],
            &["--outbox", "outbox"],
            &["--capture"],
            &["--task", "*", "--timeout", "1"],
        ] {
            // Where no server is spoken to, it need not have a name.
            let needs_no_server = name == "a connection manager without a server"
                && ["--outbox", "--capture"].contains(&route[0]);
            if needs_no_server {
                continue;
            }
            let run = run(folder.path(), route);
            let report = run.json();
            let task = &report["tasks"][0];
            assert_eq!(task["status"], status, "{name} {route:?}: {task:#}");
            assert_eq!(task["code"].as_str(), code, "{name}: {task:#}");
            let told = task["reason"].as_str().unwrap();
            assert!(told.contains(reason), "{name}: {told}");
            assert!(
                !told.contains(['\n', '\r', '\u{1b}', '\u{202e}']),
                "{name}: {told:?}"
            );
            assert_eq!(run.code, exit, "{name}");
            for gone in [
                "sent", "partial", "unknown", "written", "captured", "planned",
            ] {
                assert_eq!(report["summary"][gone], 0, "{name}");
            }
            assert_eq!(
                (&task["accepted"], &task["eml"]),
                (&json!([]), &Value::Null)
            );
        }
        assert!(!folder.path().join("outbox").exists(), "{name}");
    }
}

#[test]
fn a_package_that_is_encrypted_as_a_whole_is_unreadable() {
    let run = dtsx_in(
        &crate::support::fixtures(),
        ["run", "bad/encrypted-password.dtsx", "--dry-run"],
    );
    assert_eq!((run.code, run.out.as_str()), (3, ""), "{}", run.err);
    assert!(
        run.err
            .contains("bad/encrypted-password.dtsx: is encrypted"),
        "{}",
        run.err
    );
}

#[test]
fn five_thousand_recipients_get_their_mail_or_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let to: Vec<String> = (0..5000)
        .map(|number| format!("user{number}@corp.example"))
        .collect();
    Written::new()
        .with(&task("Notify", "", "", &[("To", &to.join(";"))]))
        .save(folder.path());
    let run = self::run(folder.path(), &["--outbox", "outbox"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let envelope = std::fs::read(folder.path().join("outbox/001-Notify.envelope.json")).unwrap();
    let envelope: Value = serde_json::from_slice(&envelope).unwrap();
    assert_eq!(envelope["recipients"], json!(to));
    let mail = std::fs::read_to_string(folder.path().join("outbox/001-Notify.eml")).unwrap();
    assert!(mail.lines().all(|line| line.len() <= 998));

    // A relay that takes a thousand.
    let server = Scripted::once(|peer| {
        peer.say("220 relay.example\n")?;
        let mut taken = 0;
        peer.relay("", |peer, line| {
            if line.starts_with("RCPT") {
                taken += 1;
                if taken > 1000 {
                    peer.say("452 4.5.3 too many recipients\n")?;
                    return Ok(Answered::Yes);
                }
            }
            Ok(Answered::No)
        })
    });
    let address = format!("127.0.0.1:{}", server.port);
    let run = self::run(folder.path(), &["--server", &address]);
    assert_eq!(run.code, 5, "{}", run.err);
    let report = run.json();
    let task = &report["tasks"][0];
    assert_eq!(task["status"], "partial");
    assert_eq!(
        (
            task["accepted"].as_array().unwrap().len(),
            task["refused"].as_array().unwrap().len()
        ),
        (1000, 4000)
    );
    assert_eq!(
        task["refused"][0],
        json!({ "address": "user1000@corp.example", "reply": "452 4.5.3 too many recipients" })
    );
    assert!(
        task["reason"]
            .as_str()
            .unwrap()
            .starts_with("the server refused 4000 of 5000 recipients")
    );
    assert_eq!(server.log().messages.len(), 1);
}

/// Names of tasks and files, replies of servers and texts are others' text: on a terminal they act on nothing.
#[test]
fn what_others_wrote_is_shown_so_that_it_acts_on_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let name = "Notify&#x202E;gpj.&#x85;";
    Written::new()
        .with(&task(
            name,
            "",
            "",
            &[
                ("Subject", "\u{202e}mail\u{9b}2J"),
                ("MessageSource", "a\u{9b}31mb\u{2066}c"),
            ],
        ))
        .save(folder.path());
    let server = Scripted::once(|peer| {
        peer.say("220 relay.example\n")?;
        peer.relay("", |peer, line| {
            if line.starts_with("MAIL") {
                peer.say_bytes("550 5.7.1 \u{1b}[2Jno\u{202e}\u{7}\r\n".as_bytes())?;
                return Ok(Answered::Yes);
            }
            Ok(Answered::No)
        })
    });
    let address = format!("127.0.0.1:{}", server.port);
    let outputs = [
        dtsx_in(folder.path(), ["run", "Nightly.dtsx", "--server", &address]),
        dtsx_in(folder.path(), ["run", "Nightly.dtsx", "--outbox", "outbox"]),
        dtsx_in(folder.path(), ["run", "Nightly.dtsx", "--capture"]),
        dtsx_in(
            folder.path(),
            ["run", "Nightly.dtsx", "--dry-run", "--task", "*nobody*"],
        ),
    ];
    for run in &outputs {
        let acts = |character: char| {
            (character.is_control() && character != '\n')
                || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        assert!(!run.shown().contains(acts), "{:?}", run.shown());
    }
    assert!(
        outputs[0].out.contains("550 5.7.1 \\u{1b}[2Jno\\u{202e}"),
        "{}",
        outputs[0].out
    );
    let file = std::fs::read_dir(folder.path().join("outbox"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .file_name();
    assert!(
        file.to_str().unwrap().starts_with("001-Notify_gpj."),
        "{file:?}"
    );
}

#[test]
fn a_mapped_folder_is_not_left() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("data");
    std::fs::create_dir(&inside).unwrap();
    std::fs::write(folder.path().join("secret.txt"), "x").unwrap();
    for attachment in [
        r"C:\data\..\secret.txt",
        r"C:\data\a\..\..\secret.txt",
        "C:/data/../secret.txt",
    ] {
        Written::new()
            .with(&task("Notify", "", "", &[("Attachments", attachment)]))
            .save(folder.path());
        let rule = format!(r"C:\data={}", inside.display());
        let run = self::run(folder.path(), &["--dry-run", "--map-path", &rule]);
        assert_eq!(run.code, 1);
        let report = run.json();
        assert_eq!(report["tasks"][0]["code"], "0xC00291CB");
        let told = report["tasks"][0]["reason"].as_str().unwrap();
        assert!(
            told.ends_with("leads out of the folder that `--map-path` gives for it"),
            "{told}"
        );
    }
}
