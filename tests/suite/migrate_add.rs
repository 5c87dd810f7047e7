//! New connection managers and tasks look as the designer's own, and go without a trace.

use crate::command::Run;
use crate::migrate::Estate;
use crate::support::fixtures;

const FORMATS: [&str; 4] = ["2005.dtsx", "2008.dtsx", "2012.dtsx", "2022.dtsx"];

fn formats() -> Estate {
    Estate::copy(&fixtures().join("formats"))
}

fn done(run: Run) -> Run {
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    run
}

/// What was put into a text at one place.
fn inserted(before: &str, after: &str) -> (String, String) {
    let start = before
        .bytes()
        .zip(after.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    let end = before[start..]
        .bytes()
        .rev()
        .zip(after[start..].bytes().rev())
        .take_while(|(a, b)| a == b)
        .count();
    assert_eq!(start + end, before.len(), "one insertion and nothing else");
    let new = after[start..after.len() - end].to_owned();
    (new, before[..start].to_owned())
}

/// The text from the last `opening` before `mark` to the first `closing` behind it.
fn around<'t>(text: &'t str, mark: &str, opening: &str, closing: &str) -> &'t str {
    let at = text.find(mark).unwrap_or_else(|| panic!("{mark}"));
    let start = text[..at].rfind(opening).unwrap();
    let end = at + text[at..].find(closing).unwrap() + closing.len();
    &text[start..end]
}

/// Without ids, which are new each time.
fn without_ids(text: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        result.push_str(&rest[..at]);
        let end = rest[at..].find('}').map_or(rest.len(), |end| at + end + 1);
        result.push_str("{}");
        rest = &rest[end..];
    }
    result + rest
}

#[test]
fn a_new_manager_looks_as_the_designers_own() {
    for format in FORMATS {
        let estate = formats();
        let before = estate.read(format);
        let model = estate
            .run(&["get", format, r"\Package.Connections[Mail]"])
            .out;
        let model = model.replace("name = \"Mail\"", "name = \"Mial\"");
        std::fs::write(estate.tree().join("../model.toml"), model).unwrap();
        done(estate.run(&["add", format, "smtp", "--model", "../model.toml"]));
        let after = estate.read(format);
        let (new, _) = inserted(&before, &after);
        // What is there already is what SSIS wrote.
        let closing = "</DTS:ObjectData></DTS:ConnectionManager>";
        let (mark, closing) = if before.contains(closing) {
            (">Mail</DTS:Property>", closing)
        } else {
            ("DTS:ObjectName=\"Mail\"", "</DTS:ConnectionManager>")
        };
        let own = around(&before, mark, "<DTS:ConnectionManager", closing);
        let own = own
            .replace("[Mail]", "[Mial]")
            .replace("\"Mail\"", "\"Mial\"");
        let own = own.replace(">Mail<", ">Mial<");
        let new_one = around(
            &after,
            &mark.replace("Mail", "Mial"),
            "<DTS:ConnectionManager",
            closing,
        );
        assert_eq!(without_ids(new_one), without_ids(&own), "{format}");
        assert!(new.contains("Mial"), "{format}: {new}");
        roxmltree::Document::parse(after.trim_start_matches('\u{feff}')).unwrap();

        done(estate.run(&["remove", format, r"\Package.Connections[Mial]"]));
        assert!(
            estate.read(format) == before,
            "{format}: it goes without a trace"
        );
    }
}

#[test]
fn a_new_task_looks_as_the_designers_own() {
    for format in FORMATS {
        let estate = formats();
        let before = estate.read(format);
        let path = r"\Package\Prepare\Announce";
        let model = done(estate.run(&["get", format, path])).out;
        let model = model.replace("name = \"Announce\"", "name = \"Announse\"");
        std::fs::write(estate.tree().join("../model.toml"), model).unwrap();
        done(estate.run(&[
            "add",
            format,
            "send-mail",
            "--model",
            "../model.toml",
            "--in",
            r"\Package\Prepare",
        ]));
        let after = estate.read(format);
        inserted(&before, &after);
        let (mark, opening) = if before.contains("DTS:ObjectName=\"Announce\"") {
            ("DTS:ObjectName=\"Announce\"", "<DTS:Executable\r")
        } else {
            (">Announce</DTS:Property>", "<DTS:Executable ")
        };
        let opening = if before[..before.find(mark).unwrap()].contains(opening) {
            opening
        } else {
            "<DTS:Executable\n"
        };
        let own =
            around(&before, mark, opening, "</DTS:Executable>").replace("Announce", "Announse");
        let new = around(
            &after,
            &mark.replace("Announce", "Announse"),
            opening,
            "</DTS:Executable>",
        );
        assert_eq!(without_ids(new), without_ids(&own), "{format}");
        roxmltree::Document::parse(after.trim_start_matches('\u{feff}')).unwrap();

        done(estate.run(&["remove", format, r"\Package\Prepare\Announse"]));
        assert!(
            estate.read(format) == before,
            "{format}: it goes without a trace"
        );
    }
}

#[test]
fn a_task_from_options_uses_the_manager_that_is_named() {
    let estate = formats();
    done(estate.run(&[
        "add",
        "2022.dtsx",
        "smtp",
        "--name",
        "New",
        "--server",
        "relay.example.com",
        "--enable-ssl",
        "true",
    ]));
    done(estate.run(&[
        "add",
        "2022.dtsx",
        "send-mail",
        "--name",
        "Tell",
        "--connection",
        "New",
        "--from",
        "a@x.example",
        "--to",
        "b@x.example",
        "--subject",
        "S & T",
        "--message",
        "one\ntwo",
        "--attach",
        r"C:\a.txt",
        "--priority",
        "High",
        "--expression",
        "ToLine=@[User::To]",
    ]));
    let inspected = estate.json(&["inspect", "2022.dtsx"]);
    let tasks = inspected["files"][0]["send_mail_tasks"].as_array().unwrap();
    let task = tasks
        .iter()
        .find(|task| task["path"] == r"\Package\Tell")
        .unwrap();
    assert_eq!(task["connection"]["name"], "New");
    assert_eq!(task["subject"], "S & T");
    assert_eq!(task["message_source"], "one\ntwo");
    assert_eq!(task["priority"], "High");
    assert_eq!(task["attachments"][0], r"C:\a.txt");
    assert_eq!(task["expressions"]["ToLine"], "@[User::To]");
    assert!(estate.read("2022.dtsx").contains("one&#xA;two"));

    let refused = estate.run(&["remove", "2022.dtsx", r"\Package.Connections[New]"]);
    assert_eq!(refused.code, 4);
    assert!(refused.err.contains(r"\Package\Tell"), "{}", refused.err);
    done(estate.run(&[
        "remove",
        "2022.dtsx",
        r"\Package.Connections[New]",
        "--force",
    ]));
}

#[test]
fn a_manager_of_a_project_is_registered_and_goes_again() {
    let estate = Estate::copy(&fixtures().join("nine-places"));
    let before = estate.bytes();
    done(estate.run(&[
        "add",
        ".",
        "smtp",
        "--name",
        "Backup",
        "--server",
        "backup.example.com",
    ]));
    let project = estate.read("Estate.dtproj");
    let at = |text: &str| project.find(text).unwrap_or_else(|| panic!("{text}"));
    let entry = at("<SSIS:ConnectionManager SSIS:Name=\"Backup.conmgr\" />");
    assert!(at("\"Alerts.conmgr\"") < entry && entry < at("\"Mail.conmgr\""));
    let copy = at("CM.Backup.ConnectionString");
    assert!(at("CM.Alerts.UseWindowsAuthentication") < copy && copy < at("CM.Mail.ConnectByProxy"));
    // The same text as the designer wrote for the manager beside it.
    let shape = |name: &str, server: &str| {
        let start = project
            .find(&format!(
                "<SSIS:Parameter SSIS:Name=\"CM.{name}.SmtpServer\">"
            ))
            .unwrap();
        let end = start + project[start..].find("</SSIS:Parameter>").unwrap();
        project[start..end].replace(name, "N").replace(server, "S")
    };
    assert_eq!(
        shape("Backup", "backup.example.com"),
        shape("Mail", "smtp1.corp.example")
    );
    let own = |name: &str, server: &str| {
        without_ids(&estate.read(&format!("{name}.conmgr")))
            .replace(name, "N")
            .replace(server, "S")
    };
    let (backup, mail) = (
        own("Backup", "backup.example.com"),
        own("Mail", "smtp1.corp.example"),
    );
    assert_eq!(backup.trim_end(), mail.trim_end());

    done(estate.run(&["remove", "Backup.conmgr", r"\Project.Connections[Backup]"]));
    assert!(estate.bytes() == before, "it goes without a trace");
    let refused = estate.run(&["remove", "Mail.conmgr", r"\Project.Connections[Mail]"]);
    assert_eq!(refused.code, 4);
    assert!(refused.err.contains("Report to all"), "{}", refused.err);
    assert!(estate.bytes() == before);
}

#[test]
fn a_manager_of_an_archive() {
    let estate = Estate::copy(&fixtures().join("nine-places"));
    let archive = "deployed/Estate.ispac";
    done(estate.run(&[
        "add",
        archive,
        "smtp",
        "--name",
        "Backup",
        "--server",
        "backup.example.com",
    ]));
    let inspected = estate.json(&["inspect", archive]);
    let added = inspected["files"]
        .as_array()
        .unwrap()
        .iter()
        .find(|file| file["path"] == "deployed/Estate.ispac!Backup.conmgr")
        .unwrap();
    assert_eq!(
        added["connections"][0]["smtp"]["server"],
        "backup.example.com"
    );
    let copy = r"\Project.Copies[CM.Backup.SmtpServer]";
    let member = "deployed/Estate.ispac!@Project.manifest";
    assert_eq!(
        done(estate.run(&["get", member, copy])).out,
        "backup.example.com\n"
    );
    done(estate.run(&[
        "remove",
        "deployed/Estate.ispac!Backup.conmgr",
        r"\Project.Connections[Backup]",
    ]));
    let inspected = estate.json(&["inspect", archive]);
    assert!(!inspected.to_string().contains("Backup"));
    done(estate.run(&[
        "add",
        "deployed/Estate.ispac!Weekly.dtsx",
        "smtp",
        "--name",
        "Own",
        "--server",
        "own.example.com",
    ]));
    let copy = r"\Project.Copies[Weekly.dtsx|CM.Own.SmtpServer]";
    assert_eq!(
        done(estate.run(&["get", member, copy])).out,
        "own.example.com\n"
    );
}

#[test]
fn what_cannot_be_added_is_told() {
    let estate = Estate::copy(&fixtures().join("nine-places"));
    let before = estate.bytes();
    for (args, message) in [
        (
            &[
                "add",
                "Nightly.dtsx",
                "smtp",
                "--name",
                "Own mail",
                "--server",
                "x",
            ][..],
            "nothing else here has",
        ),
        (
            &["add", ".", "smtp", "--name", "Mail", "--server", "x"],
            "already",
        ),
        (
            &["add", ".", "smtp", "--name", "a/b", "--server", "x"],
            "name of a file",
        ),
        (
            &[
                "add",
                "Nightly.dtsx",
                "smtp",
                "--name",
                "N",
                "--server",
                "x;y",
            ],
            "holds ';'",
        ),
        (&["add", "Nightly.dtsx", "smtp", "--server", "x"], "--name"),
        (
            &["add", "Nightly.dtsx", "send-mail", "--name", "N"],
            "--connection",
        ),
        (
            &[
                "add",
                "Nightly.dtsx",
                "send-mail",
                "--name",
                "N",
                "--connection",
                "Nobody",
            ],
            "`Own mail`",
        ),
        (
            &[
                "add",
                "Nightly.dtsx",
                "send-mail",
                "--name",
                "N",
                "--connection",
                "Mail",
                "--in",
                r"\Package\Report",
            ],
            "is a task",
        ),
        (
            &[
                "remove",
                "Nightly.dtsx",
                r"\Package.Variables[User::OldRelay]",
            ],
            "neither",
        ),
        (
            &["remove", "Nightly.dtsx", r"\Package.Connections[Own mial]"],
            "did you mean",
        ),
    ] {
        let run = estate.run(args);
        assert_eq!(run.code, 2, "{args:?} {}", run.err);
        assert!(run.err.contains(message), "{args:?}: {}", run.err);
    }
    assert!(estate.bytes() == before);
}

#[test]
fn what_would_come_or_go_is_shown_and_told_to_programs() {
    let estate = Estate::copy(&fixtures().join("nine-places"));
    let before = estate.bytes();
    let add = [
        "add",
        ".",
        "smtp",
        "--name",
        "Backup",
        "--server",
        "backup.example.com",
    ];
    let shown = estate.run(&[&add[..], &["--diff"]].concat());
    assert_eq!(shown.code, 1, "{}", shown.err);
    assert!(estate.bytes() == before);
    for line in [
        "--- Estate.dtproj\n+++ Estate.dtproj\n",
        "+          <SSIS:ConnectionManager SSIS:Name=\"Backup.conmgr\" />",
        "--- /dev/null\n+++ Backup.conmgr\n@@ -0,0 +1,",
        "+      ConnectionString=\"SmtpServer=backup.example.com;",
        "\n\\ No newline at end of file\n",
    ] {
        assert!(shown.out.contains(line), "{line}\n{}", shown.out);
    }
    // What is inserted between lines takes none away.
    let goes = |line: &str| line.starts_with('-') && !line.starts_with("---");
    assert!(!shown.out.lines().any(goes), "{}", shown.out);
    let report = estate.json(&add);
    assert_eq!(report["schema"], "dtsx/change@1");
    assert_eq!(report["command"], "add");
    assert_eq!(report["object"], r"\Project.Connections[Backup]");
    assert_eq!(report["written"], true);
    let files = |report: &serde_json::Value| -> Vec<String> {
        let files = report["files"].as_array().unwrap().iter();
        let text = |it: &serde_json::Value| it.as_str().unwrap().to_owned();
        let mut all: Vec<_> = files
            .map(|it| format!("{} {}", text(&it["change"]), text(&it["path"])))
            .collect();
        all.sort();
        all
    };
    assert_eq!(
        files(&report),
        ["changed Estate.dtproj", "created Backup.conmgr"]
    );
    let remove = ["remove", "Backup.conmgr", r"\Project.Connections[Backup]"];
    let shown = estate.run(&[&remove[..], &["--diff"]].concat());
    assert_eq!(shown.code, 1, "{}", shown.err);
    assert!(
        shown.out.contains("--- Backup.conmgr\n+++ /dev/null\n"),
        "{}",
        shown.out
    );
    let report = estate.json(&remove);
    assert_eq!(
        files(&report),
        ["changed Estate.dtproj", "removed Backup.conmgr"]
    );
    assert!(estate.bytes() == before);
    let refused = estate.run(&["remove", "Nope.dtsx", r"\Package\X", "--format", "json"]);
    assert_eq!(refused.code, 3);
    assert_eq!(refused.json()["schema"], "dtsx/error@1");
}
