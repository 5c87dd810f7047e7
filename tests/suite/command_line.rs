//! The frame that all commands share.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use crate::command::{command, dtsx};
use crate::support::fixtures;

/// The commands, as the help lists them.
fn commands() -> Vec<String> {
    let help = dtsx(["--help"]).out;
    let listed = help.split("Commands:\n").nth(1).unwrap();
    let listed = listed.lines().take_while(|line| !line.is_empty());
    let names = listed.filter(|line| !line.starts_with("   "));
    let names: Vec<String> = names
        .map(|line| line.split_whitespace().next().unwrap().to_owned())
        .filter(|name| name != "help")
        .collect();
    for known in [
        "inspect",
        "get",
        "set",
        "migrate",
        "undo",
        "run",
        "eval",
        "completions",
        "man",
    ] {
        assert!(names.iter().any(|name| name == known), "{names:?}");
    }
    names
}

#[test]
fn without_arguments_it_says_what_it_is_and_shows_three_examples_that_parse() {
    let run = dtsx::<&str>([]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert!(
        run.out
            .starts_with(concat!("dtsx ", env!("CARGO_PKG_VERSION"), " reads"))
    );
    assert!(
        run.out.lines().all(|line| line.chars().count() <= 100),
        "{}",
        run.out
    );
    let examples = run
        .out
        .lines()
        .filter_map(|line| line.strip_prefix("  dtsx "));
    let examples: Vec<_> = examples
        .map(|line| line.split("  ").next().unwrap())
        .collect();
    assert_eq!(examples.len(), 3);
    for example in examples {
        // Help ends the command before its work, and after its arguments were read.
        let run = dtsx(example.split(' ').chain(["--help"]));
        assert_eq!(run.code, 0, "{example}: {}", run.err);
        let nonsense = dtsx(example.split(' ').chain(["--nonsense"]));
        assert_eq!(nonsense.code, 2, "{example}");
    }
}

#[test]
fn help_fits_the_page_and_names_every_command() {
    let help = dtsx(["--help"]);
    assert_eq!((help.code, help.err.as_str()), (0, ""));
    for command in &commands() {
        for flag in ["-h", "--help"] {
            let run = dtsx([command.as_str(), flag]);
            assert_eq!(run.code, 0);
            for line in run.out.lines() {
                assert!(line.chars().count() <= 100, "{command}: {line}");
            }
        }
    }
    assert_eq!(dtsx(["help"]).out, help.out);
}

#[test]
fn the_version_is_one_line() {
    for flag in ["--version", "-V"] {
        assert_eq!(
            dtsx([flag]).out,
            concat!("dtsx ", env!("CARGO_PKG_VERSION"), "\n")
        );
    }
}

#[test]
fn what_is_misspelled_is_exit_2_with_what_was_meant() {
    let run = dtsx(["inspct", "."]);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    assert!(run.err.contains("'inspect'"), "{}", run.err);
}

#[test]
fn shells_can_complete_every_command() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let run = dtsx(["completions", shell]);
        assert_eq!((run.code, run.err.as_str()), (0, ""));
        let commands = commands();
        let words = commands.iter().map(String::as_str);
        for word in words.chain(["stdin-filename", "include-build"]) {
            assert!(run.out.contains(word), "{shell}: {word}");
        }
    }
    assert_eq!(dtsx(["completions", "cmd"]).code, 2);
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let page = dtsx(["man"]);
    assert!(
        page.out.contains(".TH dtsx 1") && page.out.contains("dtsx\\-inspect(1)"),
        "{}",
        page.out
    );
    for command in &commands() {
        let page = dtsx(["man", command.as_str()]);
        assert_eq!(page.code, 0);
        assert!(
            page.out.contains(&format!(".TH dtsx-{command} 1")),
            "{}",
            &page.out[..200]
        );
        assert!(
            page.out.contains("\\-\\-color"),
            "options that all commands have"
        );
    }
    let run = dtsx(["man", "inspct"]);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
}

/// Reads one line of what a command prints, and closes the pipe.
fn one_line_of(args: &[&str]) -> (i32, String) {
    let mut child = command(&fixtures())
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    assert!(!line.is_empty());
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn who_closes_the_pipe_has_read_enough() {
    for args in [
        // Each prints more than a pipe holds.
        &["inspect", ".", ".", "--format", "json"][..],
        &[
            "inspect",
            "--color",
            "always",
            "formats",
            "encodings",
            "nine-places",
            "project",
            "hand-made",
            "ispac",
        ],
        &["completions", "bash"],
    ] {
        let (code, err) = one_line_of(args);
        assert!(
            !err.contains("could not be written") && !err.contains("panicked"),
            "{args:?}: {err}"
        );
        assert_eq!(code, 0, "{args:?}: {err}");
    }
}

#[test]
fn a_closed_pipe_does_not_cut_the_report_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let [json, text] = ["a.json", "a.txt"].map(|name| folder.path().join(name));
    let whole = dtsx(["inspect", ".", "--format", "json"]);
    let (code, _) = one_line_of(&[
        "inspect",
        ".",
        "--format",
        "human",
        "--format",
        &format!("json={}", json.display()),
    ]);
    assert_eq!(code, whole.code);
    assert_eq!(std::fs::read_to_string(json).unwrap(), whole.out);
    let (code, _) = one_line_of(&[
        "inspect",
        ".",
        "--format",
        "json",
        "--format",
        &format!("human={}", text.display()),
    ]);
    assert_eq!(code, whole.code);
    assert_eq!(
        std::fs::read_to_string(text).unwrap(),
        dtsx(["inspect", "."]).out
    );
}

#[test]
fn a_closed_pipe_does_not_stop_the_mail() {
    let run = [
        "run",
        "formats/2022.dtsx",
        "--task",
        "*",
        "--stored-values",
        "--outbox",
    ];
    let folders = ["whole", "closed"].map(|_| tempfile::tempdir().unwrap());
    let [whole, closed] = folders
        .each_ref()
        .map(|folder| folder.path().join("outbox"));
    let count = |folder: &std::path::Path| std::fs::read_dir(folder).unwrap().count();
    let expected = dtsx(run.into_iter().chain([whole.to_str().unwrap()]));
    let args: Vec<&str> = run.into_iter().chain([closed.to_str().unwrap()]).collect();
    let (code, err) = one_line_of(&args);
    assert_eq!(code, expected.code, "{err}");
    assert!(count(&whole) > 8, "{}", expected.out);
    assert_eq!(count(&closed), count(&whole));
}

#[test]
fn what_became_of_the_mail_goes_where_it_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("a.json");
    let args = [
        "run",
        "sources/direct-input.dtsx",
        "--dry-run",
        "--map-path",
        "C:\\Mail=sources/files",
    ];
    let people = dtsx(args);
    let both = dtsx(args.into_iter().chain([
        "--format",
        "human",
        "--format",
        &format!("json={}", json.display()),
    ]));
    assert_eq!((both.code, &both.out), (people.code, &people.out));
    let report: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&json).unwrap()).unwrap();
    assert_eq!(report["schema"], "dtsx/run@1");
    // A report that cannot be created ends the command before any mail goes.
    let outbox = folder.path().join("outbox");
    let run = dtsx([
        "run",
        "sources/variable.dtsx",
        "--outbox",
        outbox.to_str().unwrap(),
        "-o",
        folder.path().join("no/x").to_str().unwrap(),
    ]);
    assert_eq!(run.code, 4, "{}", run.err);
    assert!(!outbox.exists());
}
