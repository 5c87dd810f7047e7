//! The writer, killed for real: this test binary starts itself and ends the child at a moment that nobody chose.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use dtsx::apply::{self, Journal, OnRefusal, Origin};
use dtsx::host::RealFiles;
use dtsx::project::{Hash, Write};
use tempfile::TempDir;

/// Names the folder to work in; set for the child alone.
const FOLDER: &str = "DTSX_TEST_KILL_FOLDER";
/// What the child does there.
const TASK: &str = "DTSX_TEST_KILL_TASK";
const READY: &str = "the child is ready";

const KILLS: u32 = 100;

fn old(number: usize) -> Vec<u8> {
    format!("<old number=\"{number}\">{}</old>", "x".repeat(number * 50)).into_bytes()
}

fn new(number: usize) -> Vec<u8> {
    format!("<new number=\"{number}\">{}</new>", "y".repeat(number * 60)).into_bytes()
}

fn path(folder: &Path, number: usize) -> PathBuf {
    folder
        .join("etl")
        .join((number % 2).to_string())
        .join(format!("{number}.dtsx"))
}

fn is_created(number: usize) -> bool {
    number % 20 == 7
}

fn plan(folder: &Path) -> impl Iterator<Item = Write> {
    (0..40).map(move |number| match is_created(number) {
        true => Write::create(path(folder, number), new(number), "test"),
        false => Write::change(
            path(folder, number),
            Hash::of(&old(number)),
            new(number),
            "test",
        ),
    })
}

#[test]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    println!("{READY}");
    match std::env::var(TASK).unwrap().as_str() {
        "write" => {
            let origin = Origin {
                inputs: vec![folder.join("etl")],
                command: "test".to_owned(),
                recipe: None,
                user: String::new(),
                time: jiff::Timestamp::UNIX_EPOCH,
                id: [7; 8],
            };
            let mut journal = Journal::new(folder.join("state"), origin);
            let applied = apply::apply(
                plan(&folder),
                &|_| Ok(()),
                OnRefusal::TakeBack,
                &mut journal,
                &RealFiles,
            );
            assert!(applied.is_whole(), "{applied:?}");
        }
        "undo" => undo(&folder),
        task => panic!("{task}"),
    }
}

fn undo(folder: &Path) {
    let found = apply::newest(&folder.join("state"), &folder.join("etl"), &RealFiles).unwrap();
    if let Some(journal) = found {
        for undone in apply::undo(&journal, &|_| true, &RealFiles).unwrap() {
            assert!(undone.result.is_ok(), "{undone:?}");
        }
    }
}

/// Starts the child, which has begun its task when this returns; what reads its output must live as long.
fn start(folder: &Path, task: &str) -> (Child, impl Sized) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "apply_kill::child", "--nocapture"])
        .env(FOLDER, folder)
        .env(TASK, task)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains(READY)));
    (child, lines)
}

/// Starts the child and ends it after so long; tells whether it was still at work.
fn start_and_kill(folder: &Path, task: &str, after: Duration) -> bool {
    let (mut child, _output) = start(folder, task);
    std::thread::sleep(after);
    let was_at_work = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    was_at_work
}

fn tree(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for part in ["0", "1"] {
        for entry in fs::read_dir(folder.join("etl").join(part)).unwrap() {
            let path = entry.unwrap().path();
            files.push((path.clone(), fs::read(path).unwrap()));
        }
    }
    files.sort();
    files
}

#[test]
fn a_hundred_kills_tear_no_file_and_undo_restores_every_byte() {
    // A killed process loses nothing that it has written, on the disk or not, so memory does as well and is faster.
    let place = TempDir::new_in("/dev/shm")
        .or_else(|_| TempDir::new())
        .unwrap();
    let folder = fs::canonicalize(place.path()).unwrap();
    let fill = || {
        for number in (0..40).filter(|number| !is_created(*number)) {
            fs::create_dir_all(path(&folder, number).parent().unwrap()).unwrap();
            fs::write(path(&folder, number), old(number)).unwrap();
        }
    };
    fill();
    let original = tree(&folder);

    // How long the child takes when nobody kills it.
    let (mut child, _output) = start(&folder, "write");
    let begun = Instant::now();
    assert!(child.wait().unwrap().success());
    let mut whole = begun.elapsed();
    undo(&folder);
    assert_eq!(tree(&folder), original);
    fs::remove_dir_all(folder.join("state")).unwrap();

    let (mut kills, mut halfway) = (0, 0);
    for attempt in 0..4 * KILLS {
        // Spread over the run, so that every part of it is hit whatever the machine's speed.
        let after = whole.mul_f64(f64::from(attempt * 37 % 100) / 100.0);
        if start_and_kill(&folder, "write", after) {
            kills += 1;
        } else {
            // It was faster than the first.
            whole = whole.mul_f64(0.9);
        }
        let mut written = 0;
        for number in 0..40 {
            let now = fs::read(path(&folder, number)).ok();
            written += u32::from(now == Some(new(number)));
            let before = (!is_created(number)).then(|| old(number));
            assert!(
                now == before || now == Some(new(number)),
                "attempt {attempt}: number {number} is torn"
            );
        }
        let has_temporary = tree(&folder)
            .iter()
            .any(|(path, _)| path.extension().is_none_or(|is| is != "dtsx"));
        halfway += u32::from(has_temporary || (written > 0 && written < 40));
        if attempt % 4 == 3 {
            start_and_kill(
                &folder,
                "undo",
                whole.mul_f64(f64::from(attempt % 7) / 10.0),
            );
        }
        undo(&folder);
        assert!(
            tree(&folder) == original,
            "attempt {attempt}: the tree is not what it was"
        );
        if folder.join("state").exists() {
            fs::remove_dir_all(folder.join("state")).unwrap();
        }
        if kills == KILLS {
            break;
        }
    }
    assert_eq!(
        kills, KILLS,
        "the child ended too often before it was killed"
    );
    println!("{KILLS} kills, {halfway} of them left the tree half written");
    assert!(halfway > 0);
}
