//! Job files: a task that left its package sends the same mail; what a run must give, and what a job may not hold.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::command::{Run, command, dtsx_in, finish};
use crate::mail_packages::{Written, expression, task, variable};
use crate::mail_support::{Scripted, plainly};
use crate::support::{corpus, files_below, fixtures};

fn nightly() -> Written {
    let mut package = Written::new();
    package.variables = [
        variable("Rows", 3, "", "7"),
        variable("Who", 8, "", "ops@corp.example"),
        variable("Text", 8, "", "all is well"),
        variable(
            "Head",
            8,
            "DTS:EvaluateAsExpression=\"True\" DTS:Expression=\"&quot;Load of &quot; + @[System::PackageName]\"",
            "stale",
        ),
    ]
    .concat();
    package.with(&task(
        "Notify",
        "",
        &[
            expression("ToLine", "@[User::Who] + \";lead@corp.example\""),
            expression(
                "Subject",
                "@[User::Head] + \" \" + @[System::TaskName] + \": \" + (DT_WSTR, 10)@[User::Rows]",
            ),
        ]
        .concat(),
        &[
            ("MessageSourceType", "Variable"),
            ("MessageSource", "User::Text"),
            ("BCC", "audit@corp.example"),
        ],
    ))
}

fn job_of(run: &Run) -> Value {
    assert_eq!(run.code, 0, "{}", run.err);
    serde_json::from_str(&run.out).unwrap()
}

#[test]
fn an_extracted_task_keeps_its_expressions_and_names_what_they_read() {
    let folder = tempfile::tempdir().unwrap();
    nightly().save(folder.path());
    let run = dtsx_in(folder.path(), ["extract", "Nightly.dtsx", "-o", "-"]);
    let job = job_of(&run);
    assert_eq!(job["schema"], "dtsx/mail-job@1");
    assert_eq!(
        job["inputs"],
        json!({
            "User::Rows": { "type": "DT_I4", "default": "7" },
            "User::Text": { "type": "DT_WSTR", "default": "all is well" },
            "User::Who": { "type": "DT_WSTR", "default": "ops@corp.example" },
        })
    );
    assert_eq!(
        job["variables"],
        json!({ "User::Head": { "type": "DT_WSTR", "expression": "\"Load of \" + @[System::PackageName]" } })
    );
    let mail = &job["mails"][0];
    assert_eq!(
        mail["to"]["expression"],
        "@[User::Who] + \";lead@corp.example\""
    );
    assert_eq!(mail["body"]["expression"], "@[User::Text]");
    assert_eq!(
        mail["values"],
        json!({
            "System::PackageName": { "type": "DT_WSTR", "value": "Nightly" },
            "System::TaskName": { "type": "DT_WSTR", "value": "Notify" },
        })
    );
    assert_eq!(job["servers"]["Mail"]["server"], "relay.example");

    std::fs::write(folder.path().join("job.json"), &run.out).unwrap();
    let args = [
        "run",
        "job.json",
        "--capture",
        "--format",
        "json",
        "--var",
        "User::Rows=12",
        "--var",
        "Who=new@corp.example",
    ];
    let report = dtsx_in(folder.path(), args).json();
    let message = &report["tasks"][0]["message"];
    assert_eq!(message["subject"], "Load of Nightly Notify: 12");
    assert_eq!(
        message["to"],
        json!(["new@corp.example", "lead@corp.example"])
    );
    assert_eq!(message["bcc"], json!(["audit@corp.example"]));
    assert_eq!(report["tasks"][0]["path"], "\\Package\\Notify");
}

#[test]
fn now_leaves_values_alone() {
    let folder = tempfile::tempdir().unwrap();
    nightly().save(folder.path());
    let run = dtsx_in(
        folder.path(),
        [
            "extract",
            "Nightly.dtsx",
            "-o",
            "-",
            "--resolve",
            "now",
            "--var",
            "User::Rows:DT_I4=3",
        ],
    );
    let job = job_of(&run);
    assert_eq!(job["inputs"], Value::Null);
    assert_eq!(job["mails"][0]["subject"], "Load of Nightly Notify: 3");
    assert_eq!(job["mails"][0]["body"], "all is well");
    assert!(!run.out.contains("expression"), "{}", run.out);
}

/// A package whose subject an Execute SQL task would fill.
fn filled_at_run_time(folder: &Path) {
    let mut package = Written::new();
    package.variables = variable(
        "Rows",
        3,
        "DTS:DTSID=\"{0B000000-0000-0000-0000-000000000001}\"",
        "0",
    );
    let sql = "<DTS:Executable DTS:ExecutableType=\"Microsoft.ExecuteSQLTask\" DTS:ObjectName=\"Load\"><DTS:ObjectData>\
               <SQLTask:SqlTaskData xmlns:SQLTask=\"www.microsoft.com/sqlserver/dts/tasks/sqltask\">\
               <SQLTask:ResultBinding SQLTask:ResultName=\"0\" SQLTask:DtsVariableName=\"User::Rows\"/>\
               </SQLTask:SqlTaskData></DTS:ObjectData></DTS:Executable>";
    package
        .with(sql)
        .with(&task(
            "Notify",
            "",
            &expression("Subject", "\"rows: \" + (DT_WSTR, 10)@[User::Rows]"),
            &[],
        ))
        .save(folder);
}

#[test]
fn what_a_task_of_the_package_sets_must_be_given() {
    let folder = tempfile::tempdir().unwrap();
    filled_at_run_time(folder.path());
    let run = dtsx_in(folder.path(), ["extract", "Nightly.dtsx", "-o", "job.json"]);
    assert_eq!((run.code, run.out.as_str()), (0, ""), "{}", run.err);
    let job: Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("job.json")).unwrap()).unwrap();
    let input = &job["inputs"]["User::Rows"];
    assert_eq!(
        *input,
        json!({ "type": "DT_I4", "description": "the package sets it by \\Package\\Load" })
    );
    let run = dtsx_in(
        folder.path(),
        ["run", "job.json", "--server", "127.0.0.1:1"],
    );
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    assert_eq!(
        run.err,
        "dtsx: the job needs what was not given:\n  `User::Rows` (DT_I4): the package sets it by \\Package\\Load: \
         `--var 'User::Rows=VALUE'`\n"
    );
    let run = dtsx_in(
        folder.path(),
        ["run", "job.json", "--dry-run", "--var", "User::Rows=many"],
    );
    assert_eq!(run.code, 2);
    assert!(
        run.err.contains("`User::Rows`: the value is no DT_I4"),
        "{}",
        run.err
    );
    let run = dtsx_in(
        folder.path(),
        [
            "run",
            "job.json",
            "--dry-run",
            "--var",
            "User::Rows=12",
            "--var",
            "User::Row=1",
        ],
    );
    assert_eq!(run.code, 2);
    assert!(
        run.err
            .contains("the job has no input `User::Row` (did you mean `User::Rows`?)"),
        "{}",
        run.err
    );
    let run = dtsx_in(
        folder.path(),
        [
            "run",
            "job.json",
            "--dry-run",
            "--var",
            "User::Rows=12",
            "--format",
            "json",
        ],
    );
    assert_eq!(run.json()["tasks"][0]["message"]["subject"], "rows: 12");

    // With values alone there is nothing to put into the subject.
    let run = dtsx_in(
        folder.path(),
        [
            "extract",
            "Nightly.dtsx",
            "-o",
            "now.json",
            "--resolve",
            "now",
        ],
    );
    assert_eq!(run.code, 1);
    assert!(
        run.err.contains("left out: `\\Package\\Notify`"),
        "{}",
        run.err
    );
    assert!(!folder.path().join("now.json").exists());
    let run = dtsx_in(
        folder.path(),
        ["extract", "Nightly.dtsx", "-o", "-", "--assume-defaults"],
    );
    assert_eq!(job_of(&run)["inputs"]["User::Rows"]["default"], "0");
}

#[test]
fn a_job_is_sent_as_its_package_is_and_to_its_own_server() {
    let folder = tempfile::tempdir().unwrap();
    nightly().save(folder.path());
    let server = Scripted::once(|peer| {
        peer.say("220 relay.example\n")?;
        peer.relay("", plainly)
    });
    let run = dtsx_in(folder.path(), ["extract", "Nightly.dtsx", "-o", "-"]);
    let mut job = job_of(&run);
    job["servers"]["Mail"]["server"] = json!("127.0.0.1");
    job["servers"]["Mail"]["port"] = json!(server.port);
    std::fs::write(folder.path().join("job.json"), job.to_string()).unwrap();
    let run = dtsx_in(
        folder.path(),
        [
            "run",
            "job.json",
            "--allow-local-server",
            "--format",
            "json",
        ],
    );
    assert_eq!(run.code, 0, "{}", run.shown());
    let report = run.json();
    assert_eq!(report["tasks"][0]["status"], "sent");
    assert_eq!(report["tasks"][0]["file"], "job.json");
    assert_eq!(server.log().messages.len(), 1);
}

#[test]
fn a_job_names_where_a_secret_is_and_holds_none() {
    let folder = tempfile::tempdir().unwrap();
    let mut package = Written::new();
    package.variables = variable(
        "Source",
        8,
        "",
        "Data Source=db;User ID=etl;Password=hunter2;",
    );
    package
        .with(&task(
            "Notify",
            "",
            &expression("Subject", "\"from \" + @[User::Source]"),
            &[],
        ))
        .with(&task(
            "Careless",
            "",
            "",
            &[("MessageSource", "Server=db;Password=hunter2;")],
        ))
        .save(folder.path());
    let args = [
        "extract",
        "Nightly.dtsx",
        "-o",
        "job.json",
        "--mail-user",
        "svc@corp.example",
        "--mail-password-env",
        "MAIL_PASSWORD",
    ];
    let run = dtsx_in(folder.path(), args);
    assert_eq!(run.code, 1);
    assert!(
        run.err
            .contains("`\\Package\\Careless`: `body` holds a secret, and a job file holds none"),
        "{}",
        run.err
    );
    let text = std::fs::read_to_string(folder.path().join("job.json")).unwrap();
    assert!(!text.contains("hunter2") && !run.shown().contains("hunter2"));
    let job: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(job["inputs"]["User::Source"]["default"], Value::Null);
    assert_eq!(
        job["servers"]["Mail"]["account"],
        json!({ "user": "svc@corp.example", "password": "env:MAIL_PASSWORD" })
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(folder.path().join("job.json"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // What somebody writes there themselves is refused, and not repeated.
    let wrong = text.replace("env:MAIL_PASSWORD", "hunter2");
    std::fs::write(folder.path().join("wrong.json"), wrong).unwrap();
    let run = dtsx_in(folder.path(), ["run", "wrong.json", "--dry-run"]);
    assert_eq!(run.code, 3);
    assert!(
        run.err.contains("expected `env:NAME` or `file:PATH`"),
        "{}",
        run.err
    );
    assert!(!run.shown().contains("hunter2"));
}

/// `env:` and `file:` mean something where a secret is, and nowhere else.
#[test]
fn references_in_other_fields_are_text() {
    let folder = tempfile::tempdir().unwrap();
    let job = json!({
        "schema": "dtsx/mail-job@1",
        "servers": { "Mail": { "server": "env:HOME" } },
        "mails": [{
            "task": "\\Package\\Notify", "name": "Notify", "server": "Mail",
            "from": "etl@corp.example", "to": "ops@corp.example",
            "subject": "env:HOME", "body": "file:/etc/passwd",
        }],
    });
    std::fs::write(folder.path().join("job.json"), job.to_string()).unwrap();
    let report = dtsx_in(
        folder.path(),
        ["run", "job.json", "--capture", "--format", "json"],
    )
    .json();
    let task = &report["tasks"][0];
    assert_eq!(task["message"]["subject"], "env:HOME");
    assert!(
        task["captured"]["message"]
            .as_str()
            .unwrap()
            .contains("\r\nfile:/etc/passwd")
    );
    let report = dtsx_in(
        folder.path(),
        ["run", "job.json", "--dry-run", "--format", "json"],
    )
    .json();
    assert_eq!(report["tasks"][0]["server"], "env:HOME:25");
}

#[test]
fn what_is_no_job_says_where_and_why() {
    let folder = tempfile::tempdir().unwrap();
    nightly().save(folder.path());
    let good = job_of(&dtsx_in(
        folder.path(),
        ["extract", "Nightly.dtsx", "-o", "-"],
    ));
    let spoilt = |pointer: &str, by: Value| {
        let mut job = good.clone();
        *job.pointer_mut(pointer).expect(pointer) = by;
        job.to_string()
    };
    for (text, told) in [
        ("{".to_owned(), "is no job file: EOF"),
        (
            "{}".to_owned(),
            "expected the schema `dtsx/mail-job@1`, found ``",
        ),
        (spoilt("/schema", json!("dtsx/run@1")), "found `dtsx/run@1`"),
        (
            spoilt("/inputs/User::Rows/type", json!("INT")),
            "`inputs.User::Rows.type`: `INT` is no type",
        ),
        (
            spoilt("/inputs/User::Rows/default", json!("many")),
            "`inputs.User::Rows.default`: ",
        ),
        (
            spoilt("/mails/0/server", json!("Other")),
            "`mails[0].server`: `Other` is none of `servers`",
        ),
        (
            spoilt("/mails/0/subject", json!({ "expression": "1 +" })),
            "`mails[0].subject`: the expression cannot be read",
        ),
        (
            spoilt("/mails/0/subject", json!(1)),
            "expected a value, or `{ \"expression\": \"…\" }`",
        ),
        (
            spoilt("/mails/0/body", json!(5)),
            "expected a text, `{ \"expression\": \"…\" }` or",
        ),
        (
            spoilt("/mails/0", json!({ "task": "x", "cci": "y" })),
            "unknown field `cci`",
        ),
        (
            spoilt(
                "/variables/User::Head/expression",
                json!("@[User::Head] + \"\""),
            ),
            "in a circle: `User::Head`",
        ),
    ] {
        std::fs::write(folder.path().join("job.json"), &text).unwrap();
        let run = dtsx_in(folder.path(), ["run", "job.json", "--dry-run"]);
        assert!(
            matches!(run.code, 2 | 3) && run.out.is_empty(),
            "{told}: {} {}",
            run.code,
            run.shown()
        );
        assert!(run.err.contains(told), "{told}: {}", run.err);
    }
    std::fs::write(folder.path().join("job.json"), good.to_string()).unwrap();
    for (option, value) in [("--package", "x"), ("--override", "x;y"), ("--set", "x;y")] {
        let run = dtsx_in(
            folder.path(),
            ["run", "job.json", "--dry-run", option, value],
        );
        assert_eq!(run.code, 2, "{option}");
        assert!(
            run.err
                .contains(&format!("`{option}` has a meaning only for a package")),
            "{}",
            run.err
        );
    }
    let run = dtsx_in(
        folder.path(),
        ["run", "job.json", "--dry-run", "--task", "*Other"],
    );
    assert_eq!(run.code, 2);
    assert!(
        run.err.contains("there are:\n  `\\Package\\Notify`"),
        "{}",
        run.err
    );
}

/// What a run wrote into its outbox, by the names of the files; dates, ids and boundaries are made equal.
fn outbox(folder: &Path) -> Vec<(String, String)> {
    files_below(folder)
        .into_iter()
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            (name, normal(&text))
        })
        .collect()
}

fn normal(text: &str) -> String {
    let boundary = text
        .split("boundary=")
        .nth(1)
        .and_then(|rest| rest.split("\r\n").next())
        .map(str::to_owned);
    let text = match &boundary {
        Some(boundary) => text.replace(boundary.as_str(), "BOUNDARY"),
        None => text.to_owned(),
    };
    let is_own = |line: &&str| !(line.starts_with("Date: ") || line.starts_with("Message-ID: "));
    text.split("\r\n")
        .filter(is_own)
        .collect::<Vec<_>>()
        .join("\r\n")
}

/// The Send Mail tasks of a file, by their paths, through the report of a dry run.
fn tasks_of(path: &Path) -> Vec<String> {
    let mut run = command(Path::new("."));
    let path = path.to_str().unwrap();
    let run = finish(
        run.args(["run", path, "--dry-run", "--task", "*", "--format", "json"]),
        None,
    );
    let report: Value = serde_json::from_str(&run.out).unwrap_or(Value::Null);
    let tasks = report["tasks"].as_array().cloned().unwrap_or_default();
    tasks
        .iter()
        .map(|it| it["path"].as_str().unwrap().to_owned())
        .collect()
}

#[derive(Default, Debug)]
struct Counts {
    tasks: usize,
    equal: usize,
    neither: usize,
    secret: usize,
    no_server: usize,
}

/// The package and the job of each task write the same files, or neither does.
fn round_trip(path: &Path, options: &[&str], counts: &mut Counts) {
    let file = path.to_str().unwrap();
    for task in tasks_of(path) {
        for when in ["at-run", "now"] {
            let folder = tempfile::tempdir().unwrap();
            let (of_package, of_job) = (folder.path().join("package"), folder.path().join("job"));
            let job = folder.path().join("job.json");
            let run = |args: &[&str]| {
                let mut command = command(Path::new("."));
                finish(
                    command
                        .args(args)
                        .args(options)
                        .args(["--now", "2026-11-24T09:00:00"]),
                    None,
                )
            };
            run(&[
                "run",
                file,
                "--task",
                &task,
                "--outbox",
                of_package.to_str().unwrap(),
            ]);
            let extracted = run(&[
                "extract",
                file,
                "--task",
                &task,
                "--resolve",
                when,
                "-o",
                job.to_str().unwrap(),
            ]);
            counts.tasks += 1;
            let went = of_package.exists();
            if !job.exists() {
                // An outbox needs no server, a job does; and a job holds no secret.
                let says = |text: &str| extracted.err.contains(text);
                let no_server = says("names no server") || says(".Properties[SmtpServer]` is");
                assert!(
                    !went || says("holds a secret") || no_server,
                    "{file} {task} {when}: {}",
                    extracted.err
                );
                *match went {
                    false => &mut counts.neither,
                    true if no_server => &mut counts.no_server,
                    true => &mut counts.secret,
                } += 1;
                continue;
            }
            let sent = run(&[
                "run",
                job.to_str().unwrap(),
                "--outbox",
                of_job.to_str().unwrap(),
            ]);
            if !went {
                // An input that must be given, or a text that is not here: nothing was written from nothing.
                assert!(!of_job.exists(), "{file} {task} {when}: {}", sent.shown());
                counts.neither += 1;
                continue;
            }
            assert!(
                of_job.exists(),
                "{file} {task} {when}: {} {}",
                extracted.err,
                sent.shown()
            );
            assert_eq!(outbox(&of_package), outbox(&of_job), "{file} {task} {when}");
            counts.equal += 1;
        }
    }
}

fn packages_below(folder: &Path) -> Vec<PathBuf> {
    let is_package = |path: &PathBuf| {
        path.extension()
            .is_some_and(|it| it.eq_ignore_ascii_case("dtsx"))
            && dtsx::project::holds(&std::fs::read(path).unwrap(), "SendMailTask")
    };
    files_below(folder).into_iter().filter(is_package).collect()
}

#[test]
fn every_task_of_the_fixtures_sends_the_same_mail_from_its_job() {
    let fixtures = fixtures();
    let reports = format!(r"C:\Reports={}", fixtures.join("demo/reports").display());
    let mail = format!(r"C:\Mail={}", fixtures.join("sources/files").display());
    let mut counts = Counts::default();
    for path in packages_below(&fixtures) {
        round_trip(
            &path,
            &["--map-path", &reports, "--map-path", &mail],
            &mut counts,
        );
    }
    println!("{counts:?}");
    assert!(counts.equal > 80 && counts.no_server < 20, "{counts:?}");
}

#[test]
fn every_task_of_the_corpus_sends_the_same_mail_from_its_job() {
    let Some(corpus) = corpus() else { return };
    let mut counts = Counts::default();
    for path in packages_below(&corpus) {
        round_trip(&path, &[], &mut counts);
    }
    println!("{counts:?}");
    assert!(counts.equal > 60 && counts.no_server == 0, "{counts:?}");
}
