//! What each folder of fixtures looks like to people and to programs.
//!
//! A golden only says that nothing changed; that it is right is held against the files in [`facts`](super::facts).

use unicode_width::UnicodeWidthStr as _;

use crate::command::dtsx;
use crate::support::fixtures;

fn folders() -> Vec<String> {
    let entries = std::fs::read_dir(fixtures()).unwrap();
    let entries = entries.map(|entry| entry.unwrap());
    let folders = entries.filter(|entry| entry.file_type().unwrap().is_dir());
    let mut names: Vec<_> = folders
        .map(|entry| entry.file_name().into_string().unwrap())
        // Cases of the lint rules are no files of SSIS.
        .filter(|name| name != "lint")
        .collect();
    names.sort();
    assert!(names.len() > 12, "{names:?}");
    names
}

#[test]
fn for_people() {
    for folder in folders() {
        let run = dtsx(["inspect", &folder]);
        let text = format!(
            "{}\n--- error stream\n{}--- exit {}",
            run.out, run.err, run.code
        );
        insta::assert_snapshot!(format!("people_{folder}"), text);
    }
}

#[test]
fn for_programs() {
    for folder in folders() {
        let run = dtsx(["inspect", "--format", "json", &folder]);
        // The hashes are held against the bytes elsewhere, and say nothing to a reader.
        let is_hash = |line: &&str| !line.trim_start().starts_with("\"sha256\"");
        let lines: Vec<&str> = run.out.lines().filter(is_hash).collect();
        insta::assert_snapshot!(format!("programs_{folder}"), lines.join("\n"));
    }
}

#[test]
fn text_for_people_fits_a_hundred_columns() {
    let run = dtsx(["inspect", "."]);
    assert!(run.out.lines().count() > 900);
    for line in run.out.lines() {
        assert!(line.width() <= 100, "{}: {line}", line.width());
        assert_eq!(line.trim_end(), line, "blanks at the end of {line:?}");
        assert!(!line.contains(char::is_control), "{line:?}");
    }
}

#[test]
fn the_number_of_jobs_changes_nothing() {
    for format in ["human", "json"] {
        let [one, eight] = ["1", "8"].map(|jobs| {
            let run = dtsx(["inspect", "--jobs", jobs, "--format", format, "."]);
            (run.out, run.err, run.code)
        });
        assert!(one == eight, "{format}");
    }
}
