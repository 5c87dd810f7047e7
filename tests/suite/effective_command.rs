//! Effective values as the commands show and use them.

use serde_json::Value;

use crate::command::{command, dtsx};
use crate::effective::folder;
use crate::support::fixtures;

const NIGHTLY: &str = "effective/project/Nightly.dtsx";

#[test]
fn inspect_fills_effective_for_what_has_something_behind_it() {
    let run = dtsx(["inspect", "--format", "json", "effective/project"]);
    let json = run.json();
    let file = |path: &str| -> &Value {
        let files = json["files"].as_array().unwrap();
        files.iter().find(|file| file["path"] == path).unwrap()
    };
    let task = |name: &str| -> &Value {
        let tasks = file(NIGHTLY)["send_mail_tasks"].as_array().unwrap();
        tasks.iter().find(|task| task["name"] == name).unwrap()
    };
    let subject = &task("Known")["effective"]["Subject"];
    assert_eq!(subject["value"], "hello, Nightly");
    assert_eq!(subject["certainty"], "known");
    assert_eq!(subject["origin"], "expression");
    assert_eq!(subject["chain"][0]["kind"], "variable");
    assert_eq!(subject["chain"][0]["file"], NIGHTLY);
    // What nothing stands behind has no entry.
    assert!(task("Known")["effective"].get("FromLine").is_none());
    let assumed = &task("Assumed")["effective"]["ToLine"];
    assert_eq!(assumed["set_at_run_time_by"][0], "\\Package\\Fill");
    let mail = &file("effective/project/Mail.conmgr")["connections"][0]["effective"];
    assert_eq!(mail["SmtpServer"]["value"], "design.example.com");
    assert_eq!(
        mail["SmtpServer"]["overridable_by"][0],
        "SSISDB parameter Smtp"
    );
    assert_eq!(mail["EnableSsl"]["origin"], "design");
    // A span is where the bytes are.
    let span = &mail["SmtpServer"]["chain"][0]["span"];
    let bytes = std::fs::read(folder().join("project/Project.params")).unwrap();
    let range = span["start"].as_u64().unwrap() as usize..span["end"].as_u64().unwrap() as usize;
    assert_eq!(&bytes[range], b"design.example.com");
}

#[test]
fn inspect_and_get_read_nothing_of_this_machine() {
    let args = ["inspect", "--format", "json", "effective"];
    let here = command(&fixtures()).args(args).output().unwrap();
    let there = command(&fixtures())
        .args(args)
        .envs([
            ("ETL_ENV", "from outside"),
            ("ETL_CONFIG", "indirect.dtsConfig"),
            ("USER", "nobody"),
            ("USERNAME", "nobody"),
            ("USERDOMAIN", "ELSEWHERE"),
            ("HOSTNAME", "elsewhere"),
            ("TZ", "Asia/Tokyo"),
        ])
        .output()
        .unwrap();
    assert_eq!(here.stdout, there.stdout);
    assert!(
        !String::from_utf8(here.stdout)
            .unwrap()
            .contains("from outside")
    );
}

#[test]
fn get_prints_stored_effective_and_where_it_comes_from() {
    let path = "\\Project.Connections[Mail].Properties[SmtpServer]";
    let run = dtsx(["get", NIGHTLY, path]);
    assert_eq!(run.out, "sample.example.com\n");
    assert!(
        run.err.contains("effective: `design.example.com`"),
        "{}",
        run.err
    );
    assert!(
        run.err.contains("from the parameter \\Project.Parameters[Smtp] in effective/project/Project.params, line 8"),
        "{}",
        run.err
    );
    assert!(
        run.err
            .contains("may be replaced by: SSISDB parameter Smtp"),
        "{}",
        run.err
    );
    let json = dtsx([
        "get",
        NIGHTLY,
        path,
        "--format",
        "json",
        "--build-configuration",
        "release",
    ])
    .json();
    assert_eq!(json["value"], "sample.example.com");
    assert_eq!(json["effective"]["value"], "release.example.com");
    let secret = dtsx([
        "get",
        NIGHTLY,
        "\\Project.Parameters[Key].Properties[Value]",
        "--parameter",
        "$Project::Key=open sesame",
        "--format",
        "json",
    ]);
    assert!(!secret.out.contains("sesame"), "{}", secret.out);
    assert_eq!(secret.json()["effective"]["value"], "***");
}

#[test]
fn eval_evaluates_in_the_scope_of_an_object() {
    let eval = |args: &[&str]| {
        let all = ["eval", "--in", NIGHTLY].iter().chain(args);
        dtsx(all)
    };
    assert_eq!(eval(&["@[User::Greeting]"]).out, "hello\n");
    let within = [
        "--at",
        "\\Package\\Files\\In loop",
        "@[User::Greeting] + @TaskName",
    ];
    assert_eq!(eval(&within).out, "hello from the loopIn loop\n");
    let assumed = eval(&["@[User::Rows] + 1"]);
    assert_eq!((assumed.out.as_str(), assumed.code), ("1\n", 0));
    assert!(
        assumed
            .err
            .contains("`User::Rows` is set by `\\Package\\Load` at run time")
    );
    let json = eval(&["@[User::Rows]", "--format", "json"]).json();
    assert_eq!(json["type"], "DT_I4");
    assert_eq!(json["assumed"].as_array().unwrap().len(), 1);
    let given = eval(&["@[User::Rows] + 1", "--var", "User::Rows=41"]);
    assert_eq!((given.out.as_str(), given.err.as_str()), ("42\n", ""));
    let unknown = eval(&["@[System::MachineName]"]);
    assert_eq!(unknown.code, 1);
    let nearest = eval(&["@[User::Greetings]"]);
    assert!(nearest.err.contains("User::Greeting"), "{}", nearest.err);
    assert_eq!(eval(&["1", "--at", "\\Package\\Nobody"]).code, 2);
    assert_eq!(dtsx(["eval", "1", "--set", "x;y"]).code, 2);
}

fn tasks(args: &[&str]) -> Value {
    let all = ["run", NIGHTLY, "--dry-run", "--format", "json"]
        .iter()
        .chain(args);
    dtsx(all).json()["tasks"].clone()
}

fn task<'t>(tasks: &'t Value, name: &str) -> &'t Value {
    let all = tasks.as_array().unwrap();
    all.iter()
        .find(|task| task["path"].as_str().unwrap().ends_with(name))
        .unwrap()
}

#[test]
fn run_sends_what_is_known_and_skips_what_is_not() {
    let all = tasks(&[]);
    let known = task(&all, "Known");
    assert_eq!(known["status"], "planned", "{known}");
    assert_eq!(known["message"]["to"][0], "design@example.com");
    assert_eq!(known["message"]["subject"], "hello, Nightly");
    assert_eq!(known["server"], "design.example.com:25");
    let assumed = task(&all, "Assumed");
    assert_eq!(assumed["status"], "skipped");
    let reason = assumed["reason"].as_str().unwrap();
    assert!(
        reason.contains("is assumed: `User::Recipients` is set by `\\Package\\Fill` at run time"),
        "{reason}"
    );
    assert!(reason.contains("`--assume-defaults`"), "{reason}");
    let unknown = task(&all, "Unknown");
    assert_eq!(unknown["status"], "skipped");
    assert!(
        unknown["reason"]
            .as_str()
            .unwrap()
            .contains("`$Project::Team` is required")
    );

    let taken = tasks(&["--assume-defaults"]);
    let assumed = task(&taken, "Assumed");
    assert_eq!(assumed["status"], "planned", "{assumed}");
    assert_eq!(assumed["message"]["to"][0], "first@example.com");
    let given = tasks(&[
        "--var",
        "User::Recipients=x@example.com",
        "--var",
        "User::Rows=7",
        "--var",
        "User::Output=",
        "--var",
        "User::Assigned=",
        "--var",
        "User::Printed=",
        "--var",
        "User::Copied=1",
    ]);
    let assumed = task(&given, "Assumed");
    assert_eq!(assumed["status"], "planned", "{assumed}");
    assert_eq!(assumed["message"]["subject"], "rows: 7");
}

#[test]
fn run_reads_the_clock_and_the_name_of_this_machine_and_says_so() {
    let all = tasks(&["--parameter", "$Project::Team=team@example.com"]);
    let unknown = task(&all, "Unknown");
    assert_eq!(unknown["status"], "planned", "{unknown}");
    let notes = unknown["notes"].to_string();
    assert!(
        notes.contains("`System::MachineName` is this machine's"),
        "{notes}"
    );
    assert!(notes.contains("`GETDATE()` is this machine's"), "{notes}");
    let subject = unknown["message"]["subject"].as_str().unwrap();
    assert!(subject.ends_with(": Nightly FAILED"), "{subject}");
    let given = tasks(&[
        "--parameter",
        "$Project::Team=team@example.com",
        "--var",
        "System::MachineName=ETL01",
        "--now",
        "2026-11-24",
    ]);
    let unknown = task(&given, "Unknown");
    assert_eq!(unknown["message"]["subject"], "ETL01: Nightly FAILED");
    assert!(
        !unknown["notes"].to_string().contains("this machine"),
        "{unknown}"
    );
}

#[test]
fn run_says_which_option_loses() {
    let all = tasks(&["--set", "\\Package\\Known.Properties[Subject];set"]);
    let known = task(&all, "Known");
    assert_eq!(known["message"]["subject"], "hello, Nightly");
    assert!(
        known["notes"].to_string().contains("`--set` loses"),
        "{known}"
    );
}

#[test]
fn options_that_cannot_be_read_are_refused() {
    for (args, code, told) in [
        (&["--env", "NAME"][..], 2, "--env: expected `NAME=VALUE`"),
        (&["--var", "=x"], 2, "--var: expected"),
        (
            &["--config-file", "missing.dtsConfig"],
            3,
            "--config-file: missing.dtsConfig",
        ),
        (
            &["--config-file", "bad/not-xml.dtsx"],
            3,
            "could not be read as XML",
        ),
        (
            &["--server-values", "demo/Demo.dtproj"],
            3,
            "--server-values: demo/Demo.dtproj: line 1",
        ),
        (&["--map-path", "x"], 2, "--map-path: expected"),
        (&["--vars", "missing"], 3, "missing: could not be read"),
    ] {
        let run = dtsx(["inspect", "effective/table"].iter().chain(args));
        assert_eq!(run.code, code, "{args:?}: {}", run.err);
        assert!(run.err.contains(told), "{args:?}: {}", run.err);
    }
}
