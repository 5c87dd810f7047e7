//! `dtsx undo` as its users meet it: what it takes, prints and exits with.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use dtsx::project::Write;
use serde_json::{Value, json};

use crate::apply_disk::{Place, change};

/// Runs `dtsx undo` in a folder, with the journals of the place.
fn undo(place: &Place, folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dtsx"))
        .arg("undo")
        .arg("--journal")
        .arg(place.state())
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn told(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (
        output.status.code().unwrap(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

fn read(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Two runs: the first changes `a.dtsx`, the second `b.dtsx` and creates `c.conmgr`.
fn two_runs() -> Place {
    let place = Place::new();
    let (first, second) = (place.put("a.dtsx", "old a"), place.put("b.dtsx", "old b"));
    place.write_through(place.journal(1), [change(&first, "old a", "new a")]);
    let create = Write::create(
        place.etl().join("c.conmgr"),
        b"new c".to_vec(),
        "a connection manager",
    );
    place.write_through(
        place.journal(2),
        [change(&second, "old b", "new b"), create],
    );
    place
}

const SECOND: &str = "20261118T110642Z-0202020202020202";

#[test]
fn the_newest_journal_of_the_folder_is_undone() {
    let place = two_runs();
    let (code, out, err) = told(&undo(&place, &place.etl(), &[]));
    let journal = place.state().join(SECOND);
    assert_eq!(err, "");
    assert_eq!(
        out,
        format!(
            "put back  b.dtsx\nremoved   c.conmgr\n1 put back, 1 removed, 0 as they were before, 0 refused (journal {})\n",
            journal.canonicalize().unwrap().display()
        )
    );
    assert_eq!(code, 0);
    assert_eq!(place.names(), ["a.dtsx", "b.dtsx"]);
    assert_eq!(fs::read(place.etl().join("a.dtsx")).unwrap(), b"new a");

    // Once more: nothing to do, and the older run is left alone.
    let (code, out, _) = told(&undo(&place, &place.etl(), &[]));
    assert!(
        out.starts_with("nothing to do: every file is as it was before the run of "),
        "{out}"
    );
    assert_eq!(code, 0);
    assert_eq!(fs::read(place.etl().join("a.dtsx")).unwrap(), b"new a");

    let older =
        read(&undo(&place, &place.etl(), &["--list", "--format", "json"]))["journals"][1]["name"]
            .clone();
    let (code, ..) = told(&undo(&place, &place.etl(), &[older.as_str().unwrap()]));
    assert_eq!(code, 0);
    assert_eq!(fs::read(place.etl().join("a.dtsx")).unwrap(), b"old a");
}

#[test]
fn json_names_every_file_and_what_was_refused() {
    let place = two_runs();
    fs::write(place.etl().join("b.dtsx"), "changed since").unwrap();
    let output = undo(&place, &place.etl(), &["--format", "json"]);
    let etl = place.root().join("etl");
    assert_eq!(
        read(&output),
        json!({
            "schema": "dtsx/undo@1",
            "journal": place.root().join("state").join(SECOND),
            "files": [
                {
                    "path": etl.join("b.dtsx"),
                    "what": "test",
                    "action": "refused",
                    "reason": "it has changed since it was written: it stays as it is",
                },
                { "path": etl.join("c.conmgr"), "what": "a connection manager", "action": "removed", "reason": null },
            ],
            "journals": [],
            "summary": { "put_back": 0, "removed": 1, "unchanged": 0, "refused": 1 },
        })
    );
    assert_eq!(output.status.code(), Some(4));
    assert_eq!(fs::read(etl.join("b.dtsx")).unwrap(), b"changed since");
}

#[test]
fn a_part_is_undone() {
    let place = two_runs();
    let (code, out, _) = told(&undo(&place, &place.etl(), &["--only", "*.conmgr"]));
    assert!(
        out.starts_with("removed   c.conmgr\n0 put back, 1 removed, 0 as they were"),
        "{out}"
    );
    assert_eq!(code, 0);
    assert_eq!(fs::read(place.etl().join("b.dtsx")).unwrap(), b"new b");
    let (code, out, _) = told(&undo(&place, &place.etl(), &["--only", "*.params"]));
    assert!(out.starts_with("nothing to do: no file of "), "{out}");
    assert_eq!(code, 0);
    let (code, ..) = told(&undo(&place, &place.root(), &["--only", "etl/b.dtsx"]));
    assert_eq!(code, 0);
    assert_eq!(fs::read(place.etl().join("b.dtsx")).unwrap(), b"old b");
}

#[test]
fn journals_are_listed_newest_first() {
    let place = two_runs();
    undo(&place, &place.etl(), &[]);
    let listed = read(&undo(
        &place,
        &place.root(),
        &["--list", "--format", "json"],
    ));
    let journals = listed["journals"].as_array().unwrap();
    assert_eq!(
        journals[0],
        json!({
            "path": place.state().join(SECOND),
            "name": SECOND,
            "root": place.root().join("etl"),
            "user": "ada",
            "time": "2026-11-18T11:06:42Z",
            "command": "set",
            "recipe": null,
            "version": env!("CARGO_PKG_VERSION"),
            "files": 2,
            "state": "undone",
            "error": null,
        })
    );
    assert_eq!(journals[1]["state"], "complete");
    let (code, out, _) = told(&undo(&place, &place.root(), &["--list"]));
    let lines: Vec<_> = out.lines().collect();
    assert!(
        lines[0].starts_with("JOURNAL") && lines[1].starts_with(SECOND),
        "{out}"
    );
    assert_eq!(code, 0);
}

#[test]
fn nothing_to_undo_is_no_error_and_what_is_no_journal_is_one() {
    let place = Place::new();
    let (code, out, _) = told(&undo(&place, &place.etl(), &[]));
    assert!(out.starts_with("nothing to undo: no journal in "), "{out}");
    assert_eq!(code, 0);
    let (code, out, _) = told(&undo(&place, &place.etl(), &["--list"]));
    assert!(out.starts_with("no journals in "), "{out}");
    assert_eq!(code, 0);

    let (code, out, err) = told(&undo(&place, &place.etl(), &["20990101T000000Z-00"]));
    assert!(
        out.is_empty() && err.starts_with("dtsx: the journal `"),
        "{err}"
    );
    assert_eq!(code, 3);
    place.put("a.dtsx", "old");
    let output = undo(&place, &place.root(), &["etl", "--format", "json"]);
    assert_eq!(read(&output)["schema"], "dtsx/error@1");
    let message = read(&output)["message"].as_str().unwrap().to_owned();
    assert!(message.ends_with("is not a journal of dtsx"), "{message}");
    assert_eq!(output.status.code(), Some(4));
    let (code, _, err) = told(&undo(&place, &place.etl(), &["--list", "--only", "*.dtsx"]));
    assert!(err.contains("cannot be used with"), "{err}");
    assert_eq!(code, 2);
}

#[cfg(unix)]
#[test]
fn the_default_folder_is_in_the_state_directory() {
    let place = two_runs();
    let home = place.root().join("home");
    fs::create_dir_all(home.join(".local/state/dtsx")).unwrap();
    fs::rename(place.state(), home.join(".local/state/dtsx/journal")).unwrap();
    let run = |state: Option<&Path>, home: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dtsx"));
        command
            .args(["undo", "--list", "--format", "json"])
            .env("HOME", home)
            .env_remove("XDG_STATE_HOME");
        if let Some(state) = state {
            command.env("XDG_STATE_HOME", state);
        }
        read(&command.output().unwrap())["journals"]
            .as_array()
            .unwrap()
            .len()
    };
    let nowhere = place.root().join("nowhere");
    assert_eq!(run(None, &home), 2);
    assert_eq!(run(Some(&home.join(".local/state")), &nowhere), 2);
    assert_eq!(run(Some(&nowhere), &home), 0);
}
