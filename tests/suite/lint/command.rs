//! `dtsx lint` as people and their CI run it.

use std::path::Path;

use crate::command::{Run, dtsx, dtsx_fed, dtsx_in};
use crate::support::fixtures;

/// A folder with the project of the fixtures.
fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "Nightly.dtsx",
        "Weekly.dtsx",
        "Mail.conmgr",
        "Warehouse.conmgr",
        "Etl.dtproj",
        "Project.params",
    ] {
        let from = fixtures().join("project").join(name);
        std::fs::copy(&from, folder.path().join(name)).unwrap();
    }
    folder
}

fn lint(folder: &Path, args: &[&str]) -> Run {
    dtsx_in(folder, [&["lint"], args].concat())
}

fn rules(run: &Run) -> Vec<String> {
    let report = run.json();
    let findings = report["findings"].as_array().unwrap().iter();
    findings
        .map(|it| it["rule"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn exit_codes() {
    let folder = project();
    let at = folder.path();
    assert_eq!(lint(at, &["--select", "SM014", "."]).code, 1);
    assert_eq!(
        lint(at, &["--select", "SM014", "--fail-level", "error", "."]).code,
        0
    );
    assert_eq!(lint(at, &["--select", "SM036", "."]).code, 0);
    assert_eq!(
        lint(at, &["--select", "SM036", "--fail-level", "info", "."]).code,
        1
    );
    assert_eq!(
        lint(at, &["--select", "SM014", "--fail-level", "never", "."]).code,
        0
    );
    assert_eq!(lint(at, &["no-such-file.dtsx"]).code, 3);
    std::fs::write(at.join("Broken.dtsx"), "<a>").unwrap();
    let run = lint(at, &["--format", "json", "."]);
    assert_eq!(run.code, 3);
    let report = run.json();
    assert_eq!(report["errors"].as_array().unwrap().len(), 1);
    let found = rules(&run);
    assert_eq!(found.iter().filter(|it| *it == "SM000").count(), 1);
    assert!(
        found.contains(&"SM014".to_owned()),
        "the others are judged: {found:?}"
    );
}

#[test]
fn selecting_and_ignoring() {
    let folder = project();
    let at = folder.path();
    let found = |args: &[&str]| rules(&lint(at, &[args, &["--format", "json", "."]].concat()));
    assert!(
        found(&["--select", "plaintext-smtp"])
            .iter()
            .all(|it| it == "SM014")
    );
    assert!(
        !found(&["--ignore", "SM014,sm036"])
            .iter()
            .any(|it| it == "SM014" || it == "SM036")
    );
    let security = found(&["--select", "security"]);
    assert!(security.contains(&"SM014".to_owned()) && !security.contains(&"SM036".to_owned()));
    let both = found(&["--select", "SM014", "--extend-select", "SM036"]);
    assert!(both.contains(&"SM036".to_owned()));
    let wrong = lint(at, &["--select", "plaintext-smpt", "."]);
    assert_eq!(wrong.code, 2);
    assert!(
        wrong.err.contains("did you mean `plaintext-smtp`?"),
        "{}",
        wrong.err
    );
}

#[test]
fn a_configuration_is_found_upwards_and_says_what_is_wrong_with_it() {
    let folder = project();
    let at = folder.path();
    std::fs::create_dir(at.join("sub")).unwrap();
    std::fs::copy(at.join("Weekly.dtsx"), at.join("sub/Copy.dtsx")).unwrap();
    let write = |text: &str| std::fs::write(at.join("dtsx.toml"), text).unwrap();
    write(
        "[lint]\nselect = [\"SM014\", \"SM036\"]\nfail-level = \"error\"\n[lint.severity]\nSM014 = \"error\"\n\
         [[lint.per-path]]\npaths = [\"sub/**\"]\nignore = [\"SM014\"]\nseverity = { SM036 = \"warning\" }\n",
    );
    let run = lint(at, &["--format", "json", "."]);
    assert_eq!(run.code, 1, "{}", run.err);
    for finding in run.json()["findings"].as_array().unwrap() {
        let is_sub = finding["path"].as_str().unwrap().starts_with("sub/");
        let expected = match (finding["rule"].as_str().unwrap(), is_sub) {
            ("SM014", false) => "error",
            ("SM036", true) => "warning",
            ("SM036", false) => "info",
            other => panic!("{other:?}"),
        };
        assert_eq!(finding["severity"], expected);
    }
    // From below, the same file is found, and its paths still count from where it is.
    let below = lint(&at.join("sub"), &["--format", "json", "Copy.dtsx"]);
    assert!(
        rules(&below).iter().all(|it| it == "SM036"),
        "{}",
        below.out
    );
    assert!(rules(&lint(at, &["--isolated", "--format", "json", "."])).len() > 4);
    for (text, message, caret) in [
        ("[lint]\nselct = []\n", "did you mean `select`?", "^^^^^"),
        (
            "[lint]\nignore = [\"SM104\"]\n",
            "did you mean `SM014`?",
            "^^^^^^^",
        ),
        (
            "[lint.severity]\nplaintext = \"error\"\n",
            "there is no rule or category `plaintext`",
            "^^^^^^^^^",
        ),
        (
            "[lint.severity]\nSM014 = \"bad\"\n",
            "unknown variant `bad`",
            "^^^^^",
        ),
        (
            "[[lint.allow]]\nrule = \"SM014\"\npath = \"a\"\nreason = \"\"\n",
            "expected the reason",
            "^^",
        ),
        ("[lint\n", "", "^"),
    ] {
        write(text);
        let run = lint(at, &["."]);
        assert_eq!(run.code, 2, "{text}");
        assert!(
            run.err.contains(message) && run.err.contains(caret),
            "{text}: {}",
            run.err
        );
        assert!(run.err.contains("dtsx.toml: line "), "{}", run.err);
    }
}

#[test]
fn one_changed_file_is_judged_in_its_project() {
    let folder = project();
    let at = folder.path();
    let run = lint(at, &["--isolated", "--format", "json", "Nightly.dtsx"]);
    let report = run.json();
    let findings = report["findings"].as_array().unwrap();
    assert!(
        findings.iter().all(|it| it["path"] == "Nightly.dtsx"),
        "{report}"
    );
    assert_eq!(report["summary"]["files"], 1);
    assert!(
        !rules(&run).contains(&"SM002".to_owned()),
        "the manager is in the project"
    );
    // Whether a manager of the project is used only all packages tell.
    let run = lint(
        at,
        &[
            "--isolated",
            "--format",
            "json",
            "--select",
            "SM037",
            "Mail.conmgr",
        ],
    );
    assert_eq!(rules(&run), Vec::<String>::new());
    for name in ["Nightly.dtsx", "Weekly.dtsx"] {
        std::fs::remove_file(at.join(name)).unwrap();
    }
    let run = lint(
        at,
        &[
            "--isolated",
            "--format",
            "json",
            "--select",
            "SM037",
            "Mail.conmgr",
        ],
    );
    assert_eq!(rules(&run), ["SM037"]);
}

#[test]
fn fixes_are_shown_written_and_taken_back() {
    let folder = project();
    let at = folder.path();
    let journal = at.join("journal");
    let journal = journal.to_str().unwrap();
    let before = |name: &str| std::fs::read(fixtures().join("project").join(name)).unwrap();
    let now = |name: &str| std::fs::read(at.join(name)).unwrap();
    let select = [
        "--isolated",
        "--select",
        "SM014",
        "--unsafe-fixes",
        "--journal",
        journal,
    ];
    let shown = lint(at, &[&select[..], &["--diff", "."]].concat());
    assert_eq!(shown.code, 1);
    assert!(
        shown.out.contains("--- Mail.conmgr") && shown.out.contains("EnableSsl=True;"),
        "{}",
        shown.out
    );
    assert_eq!(now("Mail.conmgr"), before("Mail.conmgr"));
    let run = lint(at, &[&select[..], &["--fix", "."]].concat());
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    assert!(run.err.contains("`dtsx undo` takes it back"), "{}", run.err);
    assert_ne!(now("Mail.conmgr"), before("Mail.conmgr"));
    assert_ne!(now("Etl.dtproj"), before("Etl.dtproj"));
    let again = lint(at, &[&select[..], &["--diff", "."]].concat());
    assert_eq!((again.code, again.out.as_str()), (0, ""));
    let undone = dtsx_in(at, ["undo", "--journal", journal]);
    assert_eq!(undone.code, 0, "{}", undone.err);
    for name in ["Mail.conmgr", "Etl.dtproj", "Nightly.dtsx", "Weekly.dtsx"] {
        assert_eq!(now(name), before(name), "{name}");
    }
    assert_eq!(lint(at, &["--unsafe-fixes", "."]).code, 2);
}

#[test]
fn a_fix_inside_of_an_archive_is_one_write() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::copy(fixtures().join("ispac/Etl.ispac"), at.join("Etl.ispac")).unwrap();
    let select = [
        "--isolated",
        "--select",
        "SM014",
        "--unsafe-fixes",
        "--journal",
        "journal",
    ];
    let run = lint(
        at,
        &["--isolated", "--select", "SM014", "--format", "json", "."],
    );
    let first = run.json()["findings"][0].clone();
    assert_eq!(first["member_of"], "Etl.ispac", "{}", run.out);
    assert!(first["path"].as_str().unwrap().starts_with("Etl.ispac!"));
    let shown = lint(at, &[&select[..], &["--diff", "."]].concat());
    assert!(shown.out.contains("--- Etl.ispac!"), "{}", shown.out);
    let run = lint(at, &[&select[..], &["--fix", "."]].concat());
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
}

#[test]
fn a_baseline_knows_findings_and_survives_moved_lines() {
    let folder = project();
    let at = folder.path();
    std::fs::write(at.join("dtsx.toml"), "").unwrap();
    let written = lint(at, &["--baseline", "write", "."]);
    assert_eq!(written.code, 0, "{}", written.err);
    let run = lint(at, &["--format", "json", "."]);
    assert_eq!((run.code, rules(&run).len()), (0, 0), "{}", run.out);
    assert!(run.json()["summary"]["known"].as_u64().unwrap() > 3);
    // Lines move: nothing comes back. From another folder neither.
    let path = at.join("Nightly.dtsx");
    let text = std::fs::read_to_string(&path).unwrap();
    let moved = text.replacen("<DTS:Variables />", "\n\n\n<DTS:Variables />", 1);
    std::fs::write(&path, moved).unwrap();
    assert_eq!(rules(&lint(at, &["--format", "json", "."])).len(), 0);
    let there = at.to_str().unwrap();
    let above = dtsx_in(at.parent().unwrap(), ["lint", "--format", "json", there]);
    assert_eq!(rules(&above).len(), 0, "{}", above.out);
    // A name changes: the id carries the entry over, as long as only one object has it.
    let conmgr = std::fs::read_to_string(at.join("Mail.conmgr")).unwrap();
    let renamed = conmgr.replace("DTS:ObjectName=\"Mail\"", "DTS:ObjectName=\"Post\"");
    std::fs::write(at.join("Mail.conmgr"), renamed).unwrap();
    let run = lint(
        at,
        &["--format", "json", "--select", "SM014,SM036", "Mail.conmgr"],
    );
    assert_eq!(rules(&run).len(), 0, "{}", run.out);
    // What is mended is out of date.
    std::fs::write(
        at.join("Mail.conmgr"),
        conmgr.replace("EnableSsl=False", "EnableSsl=True"),
    )
    .unwrap();
    let stale = lint(at, &["--baseline", "check", "."]);
    assert_eq!(stale.code, 1, "{}{}", stale.out, stale.err);
    assert!(
        stale.out.contains("unused: baseline: SM014 in Mail.conmgr"),
        "{}",
        stale.out
    );
    lint(at, &["--baseline", "update", "."]);
    let fresh = lint(
        at,
        &["--baseline", "check", "--select", "SM014", "Mail.conmgr"],
    );
    assert_eq!(fresh.code, 0, "{}", fresh.out);
    // And a new finding is one.
    std::fs::write(at.join("Mail.conmgr"), &conmgr).unwrap();
    assert_eq!(lint(at, &["."]).code, 1);
}

#[test]
fn findings_are_accepted_with_a_reason_or_by_a_description() {
    let folder = project();
    let at = folder.path();
    let allow = "[lint]\nselect = [\"SM014\"]\n[[lint.allow]]\nrule = \"plaintext-smtp\"\npath = \"Mail.conmgr\"\n\
                 object = '\\Project.Connections[Mail]'\nreason = \"the relay knows no TLS until March\"\n";
    std::fs::write(at.join("dtsx.toml"), allow).unwrap();
    let run = lint(at, &["--format", "json", "."]);
    assert!(
        !run.json()["findings"].to_string().contains("Mail.conmgr\""),
        "{}",
        run.out
    );
    assert_eq!(run.json()["summary"]["accepted"], 1);
    let unused = allow.replace("Connections[Mail]", "Connections[Gone]");
    std::fs::write(at.join("dtsx.toml"), unused).unwrap();
    let run = lint(at, &["."]);
    assert!(
        run.out.contains("unused: allow: SM014 in Mail.conmgr"),
        "{}",
        run.out
    );
    std::fs::write(at.join("dtsx.toml"), "[lint]\nselect = [\"SM014\"]\n").unwrap();
    let conmgr = std::fs::read_to_string(at.join("Mail.conmgr")).unwrap();
    let marked = conmgr.replace(
        "DTS:ObjectName=\"Mail\"",
        "DTS:ObjectName=\"Mail\" DTS:Description=\"Relay dtsx:allow SM014, SM013: no TLS\"",
    );
    std::fs::write(at.join("Mail.conmgr"), marked).unwrap();
    let run = lint(at, &["--format", "json", "."]);
    assert_eq!(run.json()["summary"]["accepted"], 1, "{}", run.out);
    let unused = run.json()["unused"].to_string();
    assert!(unused.contains("SM013"), "{unused}");
}

#[test]
fn people_see_the_line_and_the_place_in_it() {
    let run = dtsx([
        "lint",
        "--isolated",
        "--select",
        "SM014",
        "project/Mail.conmgr",
    ]);
    assert_eq!(run.code, 1);
    let lines: Vec<&str> = run.out.lines().collect();
    assert!(
        lines[0].starts_with("warning[SM014]: mail goes to `relay.example.com` in clear"),
        "{}",
        run.out
    );
    assert!(
        lines[1]
            .trim_start()
            .starts_with("--> project/Mail.conmgr:8:"),
        "{}",
        run.out
    );
    let source = lines
        .iter()
        .find(|line| line.contains("EnableSsl=False"))
        .unwrap();
    let carets = lines.iter().find(|line| line.contains("^^^^^")).unwrap();
    let under = carets.chars().position(|c| c == '^').unwrap();
    let meant: String = source.chars().skip(under).take(5).collect();
    assert_eq!(meant, "False", "{}", run.out);
    assert!(
        run.out
            .contains("`--fix --unsafe-fixes`: set `EnableSsl` to `True`"),
        "{}",
        run.out
    );
    let statistics = dtsx(["lint", "--isolated", "--statistics", "project"]);
    assert!(
        statistics.out.contains("SM014  [*] plaintext-smtp"),
        "{}",
        statistics.out
    );
}

#[test]
fn the_standard_input_is_a_file() {
    let bytes = std::fs::read(fixtures().join("project/Mail.conmgr")).unwrap();
    let args = [
        "lint",
        "--isolated",
        "--format",
        "concise",
        "--stdin-filename",
        "project/Mail.conmgr",
        "-",
    ];
    let run = dtsx_fed(&fixtures(), args, &bytes);
    assert!(
        run.out.starts_with("project/Mail.conmgr:"),
        "{}{}",
        run.out,
        run.err
    );
    let run = dtsx_fed(&fixtures(), [&args[..], &["--fix"]].concat(), &bytes);
    assert_eq!(run.code, 2);
}
