//! What the options of `inspect` do.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::command::{Run, command, dtsx, dtsx_fed, dtsx_in};
use crate::fixtures::manifest;
use crate::support::fixtures;

/// The paths of the listed files.
fn listed(run: &Run) -> Vec<String> {
    let report = run.json();
    let files = report["files"].as_array().unwrap().iter();
    files
        .map(|file| file["path"].as_str().unwrap().to_owned())
        .collect()
}

fn json(folder: &Path, args: &[&str]) -> Run {
    dtsx_in(folder, ["inspect", "--format", "json"].iter().chain(args))
}

/// A folder with these copies of fixtures.
fn folder_of(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, fixture) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::copy(fixtures().join(fixture), path).unwrap();
    }
    folder
}

#[test]
fn mail_lists_what_has_mail_and_counts_the_rest() {
    let (all, mail) = (
        json(&fixtures(), &["."]).json(),
        json(&fixtures(), &["--mail", "."]),
    );
    let number = |value: &Value| value.as_u64().unwrap() as usize;
    let mut expected = BTreeSet::new();
    for file in all["files"].as_array().unwrap() {
        let smtp = file["connections"]
            .as_array()
            .unwrap()
            .iter()
            .any(|it| it["type"] == "SMTP");
        let tasks = !file["send_mail_tasks"].as_array().unwrap().is_empty();
        let others = !file["other_senders"].as_array().unwrap().is_empty();
        if smtp || tasks || others || file["encrypted"] == true {
            expected.insert(file.clone().to_string());
        }
    }
    let report = mail.json();
    let told: BTreeSet<String> = report["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(Value::to_string)
        .collect();
    assert_eq!(
        told, expected,
        "the same files are told of in the same words"
    );
    // A text without a word of mail is read no further, so that what is wrong with it stays untold.
    let errors: BTreeSet<String> = report["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(Value::to_string)
        .collect();
    let untold: Vec<&Value> = all["errors"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| !errors.contains(&it.to_string()))
        .collect();
    assert!(!errors.is_empty());
    for error in untold {
        let bytes = super::facts::bytes_of(error["path"].as_str().unwrap());
        let text = String::from_utf8(bytes).unwrap();
        assert!(
            text.starts_with(['<', '\u{feff}'])
                && !text.contains("SMTP")
                && !text.contains("SendMail"),
            "{error}"
        );
    }
    let (before, after) = (&all["summary"], &report["summary"]);
    for same in ["smtp_connections", "send_mail_tasks", "build_copies"] {
        assert_eq!(before[same], after[same], "{same}");
    }
    // The manifest agrees on who has mail, members of archives and build copies aside.
    let loose = manifest().into_iter().filter(|row| {
        let has = |count: &str| count.parse::<usize>().is_ok_and(|count| count > 0);
        row.kind != "ispac" && (has(&row.smtp_managers) || has(&row.sendmail_tasks))
    });
    let with_mail: BTreeSet<String> = loose.map(|row| row.path).collect();
    // What it does not count are other senders: `senders` holds them against another search.
    let has_others = |path: &str| {
        let mut files = report["files"].as_array().unwrap().iter();
        files.any(|it| it["path"] == path && !it["other_senders"].as_array().unwrap().is_empty())
    };
    let told: BTreeSet<String> = listed(&mail)
        .into_iter()
        .filter(|path| !path.contains('!') && !path.starts_with("bad/"))
        .filter(|path| with_mail.contains(path) || !has_others(path))
        .collect();
    assert_eq!(told, with_mail);
    let listed_and_counted =
        listed(&mail).len() - number(&before["build_copies"]) + number(&after["left_out"]);
    // Of the build copies some are listed and some are not; none is counted.
    let copies = manifest()
        .iter()
        .filter(|row| row.path.contains("/obj/"))
        .count();
    assert_eq!(number(&after["build_copies"]), copies);
    assert!(listed_and_counted <= number(&after["files"]));
    assert!(
        number(&after["files"]) >= number(&before["files"]),
        "what could not be read counts as looked at"
    );
    assert_eq!(number(&before["left_out"]), 0);
}

#[test]
fn the_standard_input_is_a_file_among_its_siblings() {
    let bytes = fs::read(fixtures().join("demo/Nightly.dtsx")).unwrap();
    let changed = String::from_utf8(bytes.clone())
        .unwrap()
        .replace("ops@example.com", "changed@example.com");
    let run = dtsx_fed(
        &fixtures(),
        [
            "inspect",
            "-",
            "--stdin-filename",
            "demo/Nightly.dtsx",
            "--format",
            "json",
        ],
        changed.as_bytes(),
    );
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert_eq!(listed(&run), ["demo/Nightly.dtsx"]);
    let task = &run.json()["files"][0]["send_mail_tasks"][0];
    assert_eq!(task["connection"]["found_in"], "demo/Mail.conmgr");
    assert_eq!(task["to"], "changed@example.com;night@example.com");
    // In the place of the file on the disk, where the folder is looked at too.
    let run = dtsx_fed(
        &fixtures(),
        [
            "inspect",
            "./demo",
            "-",
            "--stdin-filename",
            "./demo/Nightly.dtsx",
            "--format",
            "json",
        ],
        changed.as_bytes(),
    );
    assert_eq!(
        listed(&run)
            .iter()
            .filter(|path| path.ends_with("Nightly.dtsx"))
            .count(),
        1
    );
    assert!(run.out.contains("changed@example.com"));
    // A name in no folder at all will do.
    let run = dtsx_fed(
        &fixtures(),
        [
            "inspect",
            "-",
            "--stdin-filename",
            "nowhere/x.dtsx",
            "--format",
            "json",
        ],
        &bytes,
    );
    assert_eq!(
        (run.code, listed(&run)),
        (0, vec!["nowhere/x.dtsx".to_owned()])
    );
    // An archive comes in like any file.
    let archive = fs::read(fixtures().join("ispac/Etl.ispac")).unwrap();
    let run = dtsx_fed(
        &fixtures(),
        [
            "inspect",
            "-",
            "--stdin-filename",
            "x.ispac",
            "--format",
            "json",
        ],
        &archive,
    );
    assert_eq!((run.code, listed(&run).len()), (0, 6), "{}", run.err);
    assert!(listed(&run).contains(&"x.ispac!Überblick.dtsx".to_owned()));
}

#[test]
fn arguments_that_make_no_sense_are_refused_before_any_work() {
    for (args, told) in [
        (&["-"][..], "--stdin-filename"),
        (&["--stdin-filename", "x.dtsx"], "there is no `-`"),
        (&["-", "-", "--stdin-filename", "x.dtsx"], "only once"),
        (&["--include", "a[", "."], "glob `a[`"),
        (&["--exclude", "{a", "."], "glob `{a`"),
        (
            &["--format", "json", "--format", "human"],
            "takes one format",
        ),
        (&["--format", "json=a", "-o", "b"], "`-o`"),
        (&["--format", "json=a", "--format", "human=a"], "one file"),
        (
            &["--format", "json=a", "--format", "human", "-o", "b"],
            "`-o`",
        ),
        (&["--format", "yaml"], "possible values: human, json"),
        (&["--format", "json="], "behind `json=`"),
        (&["--limit", "size"], "NAME=VALUE"),
        (&["--limit", "size=big"], "whole number"),
        (&["--limit", "sizes=1"], "no limit `sizes`"),
        (&["--jobs", "0"], "--jobs"),
        (&["--color", "sometimes"], "--color"),
        (&["--quiet", "--verbose"], "cannot be used with"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let run = dtsx_in(folder.path(), ["inspect"].iter().chain(args));
        assert_eq!(run.code, 2, "{args:?}: {}", run.err);
        assert!(run.err.contains(told), "{args:?}: {}", run.err);
        // Who waits for JSON gets it.
        let waits = run.out.starts_with('{') && run.json()["schema"] == "dtsx/error@1";
        assert!(
            run.out.is_empty() || (args.contains(&"json") && waits),
            "{}",
            run.out
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{args:?}");
    }
}

#[test]
fn a_refusal_is_json_where_json_was_to_come() {
    let run = dtsx(["inspect", "--format", "json", "-"]);
    let report = run.json();
    assert_eq!(
        (run.code, &report["schema"]),
        (2, &Value::from("dtsx/error@1"))
    );
    assert_eq!(report["exit"], 2);
    assert_eq!(
        run.err,
        format!("dtsx: {}\n", report["message"].as_str().unwrap())
    );
    // Not into a file, and not where people read.
    for args in [
        &["inspect", "-", "--format", "json", "-o", "x.json"][..],
        &["inspect", "-"],
    ] {
        let folder = tempfile::tempdir().unwrap();
        let run = dtsx_in(folder.path(), args);
        assert_eq!((run.code, run.out.as_str()), (2, ""));
    }
}

#[test]
fn include_and_exclude_choose_among_the_files_of_folders() {
    let list = |args: &[&str]| listed(&json(&fixtures(), args));
    let all = list(&["."]);
    assert_eq!(
        list(&["--include", "*.conmgr", "."]),
        all.iter()
            .filter(|path| path.ends_with(".conmgr") && !path.contains('!'))
            .cloned()
            .collect::<Vec<_>>()
    );
    assert_eq!(list(&["--include", "demo/*", "."]), list(&["demo"]));
    assert_eq!(
        list(&[
            "--include",
            "{demo,dangling}/**",
            "--exclude",
            "*.conmgr",
            "."
        ]),
        [
            "dangling/Dangling.dtsx",
            "demo/Demo.dtproj",
            "demo/Nightly.dtsx",
            "demo/Project.params"
        ]
    );
    // A folder is left out with all that is in it.
    let without = list(&[
        "--exclude",
        "encodings",
        "--exclude",
        "obj",
        "--exclude",
        "bad",
        ".",
    ]);
    let expected = all.iter().filter(|path| {
        !path.starts_with("encodings/") && !path.starts_with("bad/") && !path.contains("/obj/")
    });
    assert_eq!(without, expected.cloned().collect::<Vec<_>>());
    // What is left out is still read for those that are not.
    let run = json(&fixtures(), &["--exclude", "*.conmgr", "demo"]);
    assert_eq!(
        run.json()["files"][1]["send_mail_tasks"][0]["connection"]["found_in"],
        "demo/Mail.conmgr"
    );
    // Who names a file means it.
    assert_eq!(
        list(&["--exclude", "*.conmgr", "demo/Mail.conmgr"]),
        ["demo/Mail.conmgr"]
    );
}

#[test]
fn a_path_is_looked_at_once_however_it_is_spelled() {
    let once = listed(&json(&fixtures(), &["demo"]));
    for args in [
        &["demo", "demo"][..],
        &["./demo", "demo/"],
        &["demo/./Mail.conmgr", "demo"],
        &["demo", "demo/Mail.conmgr"],
    ] {
        assert_eq!(listed(&json(&fixtures(), args)), once, "{args:?}");
    }
    // The present folder is what is meant where nothing is said.
    let here = fixtures().join("demo");
    assert_eq!(
        listed(&json(&here, &[])),
        [
            "Demo.dtproj",
            "Mail.conmgr",
            "Nightly.dtsx",
            "Project.params"
        ]
    );
}

#[test]
fn a_file_brings_its_project_and_not_its_siblings() {
    let run = json(&fixtures(), &["parent-children/Parent.dtsx"]);
    assert_eq!(listed(&run), ["parent-children/Parent.dtsx"]);
    let file = &run.json()["files"][0];
    assert_eq!(file["project"], "parent-children/Calls.dtproj");
    let calls: Vec<_> = file["calls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|call| call["found_in"].as_str())
        .collect();
    assert!(
        calls.contains(&Some("parent-children/Orders.dtsx")),
        "{calls:?}"
    );
    // An unreadable sibling is nobody's business.
    let folder = folder_of(&[
        ("a.dtsx", "sources/variable.dtsx"),
        ("b.conmgr", "bad/truncated.dtsx"),
    ]);
    assert_eq!(json(folder.path(), &["a.dtsx"]).code, 0);
    assert_eq!(json(folder.path(), &["."]).code, 3);
}

#[test]
fn what_a_build_left_is_marked_and_not_counted() {
    let folder = folder_of(&[
        ("P/P.dtproj", "demo/Demo.dtproj"),
        ("P/a.dtsx", "sources/variable.dtsx"),
        ("P/obj/Development/a.dtsx", "sources/variable.dtsx"),
        ("P/BIN/P.ispac", "ispac/Etl.ispac"),
        ("P/obj/Development/broken.dtsx", "bad/truncated.dtsx"),
        // No project beside it: somebody's own name for a folder.
        ("tools/bin/b.dtsx", "sources/variable.dtsx"),
    ]);
    let run = json(folder.path(), &["."]);
    let report = run.json();
    let copies: Vec<&str> = report["files"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|file| file["build_copy"] == true)
        .map(|file| file["path"].as_str().unwrap())
        .collect();
    assert_eq!(copies.len(), 7, "{copies:?}");
    assert!(
        copies
            .iter()
            .all(|path| path.starts_with("P/obj/") || path.starts_with("P/BIN/"))
    );
    let count = |report: &Value, name: &str| report["summary"][name].as_u64().unwrap();
    assert_eq!(
        (
            count(&report, "files"),
            count(&report, "build_copies"),
            count(&report, "send_mail_tasks")
        ),
        (3, 7, 2)
    );
    // What cannot be read is said wherever it is.
    assert_eq!((run.code, count(&report, "errors")), (3, 1));
    let with = json(folder.path(), &["--include-build", "."]).json();
    assert_eq!(
        (
            count(&with, "files"),
            count(&with, "build_copies"),
            count(&with, "send_mail_tasks")
        ),
        (10, 0, 5)
    );
    // The same under `--mail`, where most of a build is left out.
    let mail = json(folder.path(), &["--mail", "."]).json();
    assert_eq!(
        (
            count(&mail, "files"),
            count(&mail, "left_out"),
            count(&mail, "build_copies")
        ),
        (3, 1, 7)
    );
}

#[test]
fn files_are_told_by_content_and_extensions_in_any_case() {
    let folder = folder_of(&[
        ("A.DTSX", "sources/variable.dtsx"),
        ("B.ConMgr", "demo/Mail.conmgr"),
        ("C.IsPac", "ispac/Etl.ispac"),
        ("settings.CONFIG", "configurations/Load.dtsConfig"),
        ("settings.xml", "configurations/Load.dtsConfig"),
        ("D.dtsConfig", "configurations/mail.XML"),
        ("part.dtsx", "project/Notify.dtsxp"),
        ("README.md", "README.md"),
    ]);
    fs::write(folder.path().join("other.xml"), "<settings/>").unwrap();
    fs::write(folder.path().join("broken.config"), "<configuration>").unwrap();
    fs::write(folder.path().join("data.xml"), "no XML at all").unwrap();
    let run = json(folder.path(), &["."]);
    let report = run.json();
    let kinds: Vec<String> = report["files"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|file| file["member_of"].is_null())
        .map(|file| {
            format!(
                "{} {}",
                file["path"].as_str().unwrap(),
                file["kind"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "A.DTSX package",
            "B.ConMgr connection-manager",
            "D.dtsConfig configuration",
            "part.dtsx package-part",
            "settings.CONFIG configuration",
            "settings.xml configuration",
            "C.IsPac deployment-file",
        ]
    );
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    // Who names another file hears that it is none of ours.
    let run = json(folder.path(), &["other.xml", "README.md", "A.DTSX"]);
    assert_eq!(run.code, 3);
    let messages = run.json()["errors"].to_string();
    assert!(
        messages.contains("root element is `settings`") && messages.contains("README.md"),
        "{messages}"
    );
}

#[test]
fn a_limit_refuses_and_says_how_to_raise_it() {
    let size = fs::metadata(fixtures().join("sources/variable.dtsx"))
        .unwrap()
        .len();
    for (limit, told) in [
        (format!("size={}", size - 1), "--limit size="),
        ("depth=3".to_owned(), "--limit depth="),
        ("attributes=2".to_owned(), "--limit attributes="),
        ("name-length=5".to_owned(), "--limit name-length="),
        ("namespaces=1".to_owned(), "--limit namespaces="),
    ] {
        let run = json(&fixtures(), &["--limit", &limit, "sources/variable.dtsx"]);
        assert_eq!(run.code, 3, "{limit}");
        let message = run.json()["errors"][0]["message"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(message.contains(told), "{limit}: {message}");
        assert_eq!(run.err, format!("dtsx: sources/variable.dtsx: {message}\n"));
    }
    for (limit, archive) in [
        ("archive-members=3", "ispac/Etl.ispac"),
        ("archive-member-size=100", "ispac/Etl.ispac"),
        ("archive-size=5000", "ispac/Etl.ispac"),
        ("archive-ratio=1", "bad/bomb.ispac"),
    ] {
        let run = json(&fixtures(), &["--limit", limit, archive]);
        let name = limit.split('=').next().unwrap();
        assert_eq!(run.code, 3, "{limit}: {}", run.err);
        assert!(
            run.err.contains(&format!("--limit {name}")),
            "{limit}: {}",
            run.err
        );
    }
    assert_eq!(
        json(
            &fixtures(),
            &["--limit", &format!("size={size}"), "sources/variable.dtsx"]
        )
        .code,
        0
    );
    assert_eq!(
        json(
            &fixtures(),
            &["--limit", "archive-ratio=2000", "bad/bomb.ispac"]
        )
        .code,
        3,
        "it is no package"
    );
}

#[test]
fn a_path_that_does_not_exist_is_an_input_that_cannot_be_read() {
    let run = json(&fixtures(), &["no/such/folder", "demo"]);
    let report = run.json();
    assert_eq!(run.code, 3);
    assert_eq!(report["errors"][0]["path"], "no/such/folder");
    assert_eq!(
        report["errors"][0]["message"],
        "there is no such file or folder"
    );
    assert_eq!(
        report["files"].as_array().unwrap().len(),
        4,
        "the others are processed"
    );
    assert_eq!(
        run.err,
        "dtsx: no/such/folder: there is no such file or folder\n"
    );
}

#[test]
fn reports_go_where_they_are_sent() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (people, programs) = (
        dtsx(["inspect", "demo"]),
        dtsx(["inspect", "demo", "--format", "json"]),
    );
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();

    let run = dtsx(["inspect", "demo", "-o", &at("a.txt")]);
    assert_eq!(
        (run.code, run.out.as_str(), read("a.txt")),
        (0, "", people.out.clone())
    );
    let run = dtsx(["inspect", "demo", "--format", "json", "-o", &at("a.json")]);
    assert_eq!(
        (run.code, run.out.as_str(), read("a.json")),
        (0, "", programs.out.clone())
    );
    let run = dtsx([
        "inspect",
        "demo",
        "--format",
        &format!("json={}", at("b.json")),
        "--format",
        "human",
    ]);
    assert_eq!(
        (run.out, read("b.json")),
        (people.out.clone(), programs.out.clone())
    );
    let run = dtsx([
        "inspect",
        "demo",
        "--format",
        &format!("json={}", at("c.json")),
        "--format",
        &format!("human={}", at("c.txt")),
        "--format",
        &format!("json={}", at("d.json")),
    ]);
    assert_eq!(
        (
            run.out.as_str(),
            read("c.json"),
            read("c.txt"),
            read("d.json")
        ),
        (
            "",
            programs.out.clone(),
            people.out.clone(),
            programs.out.clone()
        )
    );
    assert_eq!(
        dtsx(["inspect", "demo", "--format", "json", "-o", "-"]).out,
        programs.out
    );
    // The report of yesterday is replaced, also by a shorter one.
    dtsx(["inspect", "formats", "-o", &at("a.txt")]);
    dtsx(["inspect", "demo", "-o", &at("a.txt")]);
    assert_eq!(read("a.txt"), people.out);
}

#[cfg(unix)]
#[test]
fn a_new_report_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.json");
    dtsx(["inspect", "demo", "-o", path.to_str().unwrap()]);
    assert_eq!(
        fs::metadata(path).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

#[test]
fn a_report_that_cannot_be_created_ends_the_command_before_its_work() {
    let folder = tempfile::tempdir().unwrap();
    let lost = folder.path().join("no folder/a.json");
    let run = dtsx([
        "inspect",
        ".",
        "--format",
        "human",
        "--format",
        &format!("json={}", lost.display()),
    ]);
    assert_eq!((run.code, run.out.as_str()), (4, ""));
    assert!(
        run.err.contains("a.json` could not be created") && run.err.lines().count() == 1,
        "{}",
        run.err
    );
}

#[test]
fn a_report_never_overwrites_what_it_reports_on() {
    let folder = folder_of(&[("a.dtsx", "sources/variable.dtsx")]);
    let before = fs::read(folder.path().join("a.dtsx")).unwrap();
    let run = dtsx_in(folder.path(), ["inspect", "a.dtsx", "-o", "a.dtsx"]);
    assert_eq!(run.code, 2, "{}", run.err);
    assert_eq!(fs::read(folder.path().join("a.dtsx")).unwrap(), before);
}

#[cfg(target_os = "linux")]
#[test]
fn a_report_that_cannot_be_written_is_exit_4() {
    for args in [
        &["-o", "/dev/full"][..],
        &["--format", "json=/dev/full"],
        &["--format", "human", "--format", "json=/dev/full"],
    ] {
        let run = dtsx(["inspect", "formats"].iter().chain(args));
        assert_eq!(run.code, 4, "{args:?}");
        assert!(run.err.contains("/dev/full"), "{}", run.err);
    }
}

#[test]
fn colours_are_for_terminals_unless_asked_for() {
    let plain = dtsx(["inspect", "."]).out;
    assert!(!plain.contains('\u{1b}'));
    for args in [
        &["--color", "always", "inspect", "."][..],
        &["inspect", ".", "--color=always"],
    ] {
        let coloured = dtsx(args).out;
        assert!(coloured.contains("\u{1b}[1m"));
        assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain);
    }
    assert_eq!(dtsx(["inspect", ".", "--color", "never"]).out, plain);
    // JSON has none, and files have none unless they are asked for.
    assert!(
        !dtsx(["inspect", ".", "--format", "json", "--color", "always"])
            .out
            .contains('\u{1b}')
    );
    let mut with_no_color = command(&fixtures());
    with_no_color
        .args(["inspect", ".", "--color", "auto"])
        .env("CLICOLOR_FORCE", "1");
    assert!(
        String::from_utf8(with_no_color.output().unwrap().stdout)
            .unwrap()
            .contains('\u{1b}')
    );
    with_no_color.env("NO_COLOR", "1");
    assert!(
        !String::from_utf8(with_no_color.output().unwrap().stdout)
            .unwrap()
            .contains('\u{1b}')
    );
}

#[test]
fn quiet_and_verbose_change_what_is_said_and_nothing_else() {
    let [quiet, usual, verbose] = [&["--quiet"][..], &[], &["--verbose"]]
        .map(|args| dtsx(["inspect", "--mail", "bad", "demo"].iter().chain(args)));
    assert_eq!((quiet.code, usual.code, verbose.code), (3, 3, 3));
    assert!(quiet.out == usual.out && usual.out == verbose.out);
    assert_eq!(quiet.err, "");
    assert_eq!(
        usual.err.lines().count(),
        dtsx(["inspect", "--mail", "bad", "--format", "json"]).json()["errors"]
            .as_array()
            .unwrap()
            .len()
    );
    let said: BTreeSet<&str> = verbose.err.lines().collect();
    assert!(usual.err.lines().all(|line| said.contains(line)));
    assert!(
        said.contains("dtsx: demo/Mail.conmgr: read as connection manager"),
        "{}",
        verbose.err
    );
    assert!(
        said.contains("dtsx: left out, without mail: 2 in one folder or archive"),
        "{}",
        verbose.err
    );
    // Why nothing was done is said all the same.
    assert_ne!(dtsx(["inspect", "--quiet", "-"]).err, "");
}

#[cfg(target_os = "linux")]
#[test]
fn a_path_that_is_not_unicode_is_shown_and_kept() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = tempfile::tempdir().unwrap();
    let name = std::ffi::OsStr::from_bytes(b"n\xFFght.dtsx");
    fs::copy(
        fixtures().join("sources/variable.dtsx"),
        folder.path().join(name),
    )
    .unwrap();
    fs::write(
        folder
            .path()
            .join(std::ffi::OsStr::from_bytes(b"\xFE.dtsx")),
        "",
    )
    .unwrap();
    let report = json(folder.path(), &["."]).json();
    assert_eq!(report["files"][0]["path"], "n\u{FFFD}ght.dtsx");
    assert_eq!(report["files"][0]["path_bytes"], "6eff6768742e64747378");
    assert_eq!(report["errors"][0]["path_bytes"], "fe2e64747378");
    // A name cannot write to the terminal.
    fs::write(folder.path().join("\u{1b}[31m\nred.dtsx"), "").unwrap();
    let run = dtsx_in(folder.path(), ["inspect", "."]);
    assert!(
        run.err
            .contains("\\u{1b}[31m\\nred.dtsx: could not be read"),
        "{}",
        run.err
    );
    assert!(!run.err.contains('\u{1b}') && !run.out.contains('\u{1b}'));
}
