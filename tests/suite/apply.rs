//! The writer and `undo`, through files in memory that fail and die at every operation.
//!
//! A run over 40 files (34 changed, 3 created, 3 removed, in four folders) is the subject throughout.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use dtsx::apply::{self, Applied, Done, Journal, OnRefusal, Origin, Refusal, Restored, State};
use dtsx::host::{Owner, WritableFiles};
use dtsx::project::{Hash, Write};

use crate::memory_files::{Fault, FaultKind, MemoryFiles, Reboot};

const JOURNALS: &str = "/home/ada/.local/state/dtsx/journal";
const TREE: &str = "/srv/etl";

fn old(number: usize) -> Vec<u8> {
    format!("\u{FEFF}<old number=\"{number}\"/>\r\n").into_bytes()
}

fn new(number: usize) -> Vec<u8> {
    format!("\u{FEFF}<new number=\"{number}\" and=\"longer\"/>\r\n").into_bytes()
}

fn path(number: usize) -> PathBuf {
    Path::new(TREE)
        .join(format!("part{}", number % 4))
        .join(format!("Package {number}.dtsx"))
}

fn is_created(number: usize) -> bool {
    number % 13 == 5
}

fn is_removed(number: usize) -> bool {
    number % 13 == 6
}

fn forty() -> MemoryFiles {
    let files = MemoryFiles::default();
    files.put_folder("/home/ada");
    for number in 0..40 {
        files.put_folder(path(number).parent().unwrap());
        if !is_created(number) {
            let owner = Owner {
                mode: 0o640,
                user: 1000 + number as u32,
                group: 7,
            };
            files.put_owned(path(number), old(number), owner);
        }
    }
    files
}

fn plan() -> Vec<Write> {
    (0..40)
        .map(|number| {
            let what = format!("number {number}");
            match (is_created(number), is_removed(number)) {
                (true, _) => Write::create(path(number), new(number), what),
                (_, true) => Write::remove(path(number), Hash::of(&old(number)), what),
                _ => Write::change(path(number), Hash::of(&old(number)), new(number), what),
            }
        })
        .collect()
}

fn origin(second: i64) -> Origin {
    Origin {
        inputs: vec![PathBuf::from(TREE)],
        command: "migrate".to_owned(),
        recipe: Some("move.toml".to_owned()),
        user: "ada".to_owned(),
        time: jiff::Timestamp::from_second(1_795_000_000 + second).unwrap(),
        id: [0xA5; 8],
    }
}

fn run(files: &MemoryFiles, on_refusal: OnRefusal) -> Applied {
    run_plan(files, plan(), on_refusal)
}

fn run_plan(files: &MemoryFiles, plan: Vec<Write>, on_refusal: OnRefusal) -> Applied {
    let mut journal = Journal::new(PathBuf::from(JOURNALS), origin(0));
    apply::apply(
        plan.into_iter(),
        &|_| Ok(()),
        on_refusal,
        &mut journal,
        files,
    )
}

type Tree = BTreeMap<PathBuf, Option<(Vec<u8>, Owner)>>;

/// Every file of the tree is what it was or what it was to become; only temporary files may stand beside them.
fn assert_nothing_is_torn(files: &MemoryFiles, context: &str) {
    for number in 0..40 {
        let now = files.bytes(path(number));
        let before = (!is_created(number)).then(|| old(number));
        let after = (!is_removed(number)).then(|| new(number));
        assert!(
            now == before || now == after,
            "{context}: number {number} is torn"
        );
    }
}

/// Undoes the newest journal; without one nothing may have been touched.
fn assert_undo_restores(files: &MemoryFiles, original: &Tree, context: &str) {
    files.set_fault(None);
    if let Some(journal) = apply::newest(Path::new(JOURNALS), Path::new(TREE), files).unwrap() {
        for undone in apply::undo(&journal, &|_| true, files).unwrap() {
            assert!(
                undone.result.is_ok(),
                "{context}: {} {:?}",
                undone.path.display(),
                undone.result
            );
        }
    }
    assert!(
        files.tree(TREE) == *original,
        "{context}: the tree is not what it was"
    );
}

fn reboots(seed: usize) -> [Reboot; 5] {
    let seed = seed as u64;
    [
        Reboot::AllKept,
        Reboot::AllLost,
        Reboot::NamesKept,
        Reboot::SomeKept(2 * seed + 1),
        Reboot::SomeKept(2 * seed + 2),
    ]
}

#[test]
fn a_run_writes_everything_in_batches_and_undo_takes_it_back_to_the_byte() {
    let files = forty();
    let original = files.tree(TREE);
    let applied = run(&files, OnRefusal::TakeBack);

    assert!(applied.is_whole());
    for number in 0..40 {
        assert_eq!(
            files.bytes(path(number)),
            (!is_removed(number)).then(|| new(number))
        );
        let done = match (is_created(number), is_removed(number)) {
            (true, _) => Done::Created,
            (_, true) => Done::Removed,
            _ => Done::Changed,
        };
        assert_eq!(applied.outcomes[number].result.as_ref().unwrap(), &done);
    }
    let count = |files: &MemoryFiles, what: &str| {
        files
            .done()
            .iter()
            .filter(|done| done.starts_with(what))
            .count()
    };
    let journal = applied.journal.unwrap();
    // A header, and intents and done for each of two batches; one pack for both; one sync of each folder in a batch.
    assert_eq!(
        count(&files, &format!("sync {}/journal", journal.display())),
        5
    );
    assert_eq!(
        count(&files, &format!("sync {}/pack", journal.display())),
        2
    );
    assert_eq!(count(&files, &format!("sync folder {TREE}")), 8);
    assert_eq!(count(&files, "replace"), 34);
    let modes: Vec<_> = files
        .tree(JOURNALS)
        .values()
        .flatten()
        .map(|(_, owner)| owner.mode)
        .collect();
    assert_eq!(modes, [0o600; 4]);

    let undone = apply::undo(&journal, &|_| true, &files).unwrap();
    assert_eq!(undone.len(), 40);
    assert_eq!(undone[5].result.as_ref().unwrap(), &Restored::Removed);
    assert_eq!(undone[6].result.as_ref().unwrap(), &Restored::PutBack);
    assert_eq!(files.tree(TREE), original);

    let again = apply::undo(&journal, &|_| true, &files).unwrap();
    assert!(again.iter().all(|undone| {
        undone
            .result
            .as_ref()
            .is_ok_and(|done| *done == Restored::AlreadySo)
    }));
    assert_eq!(files.tree(TREE), original);
}

#[test]
fn at_every_moment_of_a_kill_no_file_is_torn_and_undo_restores_every_byte() {
    let files = forty();
    let original = files.tree(TREE);
    run(&files, OnRefusal::TakeBack);
    let operations = files.done().len();
    assert!(operations > 150, "{operations}");

    for at in 0..=operations {
        let files = forty();
        files.set_fault(Some(Fault {
            at,
            kind: FaultKind::Kill,
        }));
        run(&files, OnRefusal::TakeBack);
        for reboot in reboots(at) {
            let context = format!("killed at {at} of {operations}, {reboot:?}");
            let files = files.reboot(reboot);
            assert_nothing_is_torn(&files, &context);
            assert_undo_restores(&files, &original, &context);
        }
    }
}

#[test]
fn undo_can_be_killed_at_every_moment_and_run_again() {
    let original = forty().tree(TREE);
    let whole = forty();
    run(&whole, OnRefusal::TakeBack);
    let operations = whole.done().len();

    // The whole run, and some that were killed in the middle themselves.
    for killed in [
        operations,
        operations - 3,
        operations * 2 / 3,
        operations / 3,
    ] {
        let written = forty();
        written.set_fault(Some(Fault {
            at: killed,
            kind: FaultKind::Kill,
        }));
        run(&written, OnRefusal::TakeBack);
        let written = written.reboot(Reboot::AllKept);
        let journal = apply::newest(Path::new(JOURNALS), Path::new(TREE), &written)
            .unwrap()
            .unwrap();
        let rehearsal = written.fresh();
        apply::undo(&journal, &|_| true, &rehearsal).unwrap();
        for at in 0..=rehearsal.done().len() {
            let files = written.fresh();
            files.set_fault(Some(Fault {
                at,
                kind: FaultKind::Kill,
            }));
            let _ = apply::undo(&journal, &|_| true, &files);
            for reboot in [
                Reboot::AllKept,
                Reboot::AllLost,
                Reboot::NamesKept,
                Reboot::SomeKept(at as u64),
            ] {
                let context = format!("run killed at {killed}, undo at {at}, {reboot:?}");
                let files = files.reboot(reboot);
                assert_nothing_is_torn(&files, &context);
                assert_undo_restores(&files, &original, &context);
            }
        }
    }
}

#[test]
fn a_failure_at_every_operation_is_told_for_each_file_and_leaves_nothing_half_done() {
    let original = forty().tree(TREE);
    let whole = forty();
    run(&whole, OnRefusal::TakeBack);
    let operations = whole.done().len();

    let kinds = [
        FaultKind::Once(ErrorKind::StorageFull),
        FaultKind::FromHereOn(ErrorKind::StorageFull),
        FaultKind::Once(ErrorKind::PermissionDenied),
        FaultKind::FromHereOn(ErrorKind::ReadOnlyFilesystem),
    ];
    for at in 0..operations {
        for kind in kinds {
            for on_refusal in [OnRefusal::TakeBack, OnRefusal::GoOn] {
                let context = format!("{kind:?} at {at} of {operations}, {on_refusal:?}");
                let files = forty();
                files.set_fault(Some(Fault { at, kind }));
                let applied = run(&files, on_refusal);

                assert_nothing_is_torn(&files, &context);
                assert_outcomes_are_true(&files, &applied, &context);
                if matches!(kind, FaultKind::Once(_)) {
                    let left = files
                        .tree(TREE)
                        .into_keys()
                        .find(|path| path.to_string_lossy().contains(".dtsx-"));
                    assert_eq!(left, None, "{context}");
                    if on_refusal == OnRefusal::TakeBack && !applied.is_whole() {
                        assert!(
                            files.tree(TREE) == original,
                            "{context}: not all was taken back"
                        );
                        assert_eq!(applied.journal, None, "{context}");
                    }
                }
                assert_undo_restores(&files, &original, &context);
            }
        }
    }
}

fn assert_outcomes_are_true(files: &MemoryFiles, applied: &Applied, context: &str) {
    assert_eq!(applied.outcomes.len(), 40, "{context}");
    for (number, outcome) in applied.outcomes.iter().enumerate() {
        let now = files.bytes(path(number));
        let wanted = match (&outcome.result, is_created(number), is_removed(number)) {
            (Ok(Done::Changed | Done::Created), ..) => Some(new(number)),
            (Ok(Done::Removed), ..) | (Err(_), true, _) => None,
            (Err(_), ..) => Some(old(number)),
            (Ok(Done::Unchanged), ..) => {
                panic!("{context}: number {number} is said to be unchanged")
            }
        };
        assert_eq!(
            now, wanted,
            "{context}: number {number}, {:?}",
            outcome.result
        );
    }
}

#[test]
fn a_full_disk_is_named_and_later_files_say_why_they_were_not_tried() {
    let files = forty();
    let writes = |done: &String| done.starts_with("write /srv/etl/part2");
    run(&files, OnRefusal::GoOn);
    let at = files.done().iter().position(writes).unwrap();

    let files = forty();
    files.set_fault(Some(Fault {
        at,
        kind: FaultKind::FromHereOn(ErrorKind::StorageFull),
    }));
    let applied = run(&files, OnRefusal::GoOn);
    let told = |number: usize| {
        applied.outcomes[number]
            .result
            .as_ref()
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        told(2),
        "its temporary file could not be written: the disk is full"
    );
    let why = "`/srv/etl/part2/Package 2.dtsx` was refused: its temporary file could not be written: the disk is full";
    assert_eq!(told(0), format!("not written, because {why}"));
    assert_eq!(told(39), format!("not written, because {why}"));
}

#[test]
fn files_that_must_not_be_replaced_are_refused_by_name_and_all_at_once() {
    let refused = |prepare: &dyn Fn(&MemoryFiles), number: usize| {
        let files = forty();
        prepare(&files);
        let before = files.tree(TREE);
        let applied = run(&files, OnRefusal::TakeBack);
        assert_eq!(files.tree(TREE), before);
        assert_eq!(
            files.tree(JOURNALS).len(),
            2,
            "the folder and its lock alone"
        );
        assert!(
            applied
                .outcomes
                .iter()
                .all(|outcome| outcome.result.is_err())
        );
        applied
            .outcomes
            .into_iter()
            .nth(number)
            .unwrap()
            .result
            .unwrap_err()
    };
    assert!(matches!(
        refused(&|files| files.set_read_only(path(39)), 39),
        Refusal::ReadOnly
    ));
    assert!(matches!(
        refused(&|files| files.put(path(38), "else"), 38),
        Refusal::Changed
    ));
    assert!(matches!(
        refused(&|files| files.remove(&path(7)).unwrap(), 7),
        Refusal::Vanished
    ));
    assert!(matches!(
        refused(&|files| files.put(path(5), "there"), 5),
        Refusal::Exists
    ));
    let link = |files: &MemoryFiles| {
        files.remove(&path(8)).unwrap();
        files.put_symlink(path(8));
    };
    assert!(matches!(refused(&link, 8), Refusal::Symlink));
    assert!(matches!(
        refused(&|files| files.put_hard_link(path(9), "/srv/other"), 9),
        Refusal::HardLinked(2)
    ));

    // The first refusal ends the writing, not the looking: the list is whole.
    let files = forty();
    files.set_read_only(path(0));
    files.set_read_only(path(39));
    let applied = run(&files, OnRefusal::TakeBack);
    let read_only = |outcome: &&apply::Outcome| matches!(outcome.result, Err(Refusal::ReadOnly));
    let names: Vec<_> = applied
        .outcomes
        .iter()
        .filter(read_only)
        .map(|outcome| outcome.path.clone())
        .collect();
    assert_eq!(names, [path(0), path(39)]);
}

#[test]
fn going_on_leaves_out_what_is_refused_and_writes_the_rest() {
    let files = forty();
    files.set_read_only(path(3));
    let applied = run(&files, OnRefusal::GoOn);
    for (number, outcome) in applied.outcomes.iter().enumerate() {
        assert_eq!(outcome.result.is_err(), number == 3);
    }
    assert_eq!(files.bytes(path(3)), Some(old(3)));
    assert_eq!(files.bytes(path(39)), Some(new(39)));
}

#[test]
fn a_change_between_the_check_and_the_rename_is_noticed() {
    for on_refusal in [OnRefusal::TakeBack, OnRefusal::GoOn] {
        let files = forty();
        let save = |files: &MemoryFiles| files.put(path(35), "saved by the designer");
        files.before("write /srv/etl/part3/.dtsx-a5a5a5a5a5a5a5a5-36.tmp", save);
        let applied = run(&files, on_refusal);
        assert!(matches!(applied.outcomes[35].result, Err(Refusal::Changed)));
        assert_eq!(files.bytes(path(35)).unwrap(), b"saved by the designer");
        let others = if on_refusal == OnRefusal::GoOn {
            new
        } else {
            old
        };
        assert_eq!(files.bytes(path(34)), Some(others(34)));
        assert_eq!(files.bytes(path(36)), Some(others(36)));
    }
}

#[test]
fn a_change_while_undo_makes_the_old_bytes_ready_is_noticed() {
    let files = forty();
    let journal = run(&files, OnRefusal::TakeBack).journal.unwrap();
    let save = |files: &MemoryFiles| files.put(path(35), "saved by the designer");
    files.before(
        "sync /srv/etl/part3/.dtsx-a5a5a5a5a5a5a5a5-36.tmp.undo",
        save,
    );
    let undone = apply::undo(&journal, &|_| true, &files).unwrap();
    assert!(matches!(undone[35].result, Err(Refusal::ChangedSince)));
    assert_eq!(files.bytes(path(35)).unwrap(), b"saved by the designer");
    assert!(
        !files
            .tree(TREE)
            .keys()
            .any(|path| path.to_string_lossy().contains(".dtsx-"))
    );
}

#[test]
fn what_the_caller_finds_wrong_replaces_nothing() {
    let files = forty();
    let original = files.tree(TREE);
    let verify = |write: &Write| match write.path == path(20) {
        true => Err("the value reads back as `x`".to_owned()),
        false => Ok(()),
    };
    let mut journal = Journal::new(PathBuf::from(JOURNALS), origin(0));
    let applied = apply::apply(
        plan().into_iter(),
        &verify,
        OnRefusal::TakeBack,
        &mut journal,
        &files,
    );
    let told = applied.outcomes[20]
        .result
        .as_ref()
        .unwrap_err()
        .to_string();
    assert_eq!(
        told,
        "the new content is not right, which is a fault of this program: the value reads back as `x`"
    );
    assert_eq!(files.tree(TREE), original);
}

#[test]
fn nothing_to_change_touches_nothing_and_leaves_no_journal() {
    let files = forty();
    let plan = vec![Write::change(
        path(0),
        Hash::of(&old(0)),
        old(0),
        "no change",
    )];
    let applied = run_plan(&files, plan, OnRefusal::TakeBack);
    assert_eq!(
        applied.outcomes[0].result.as_ref().unwrap(),
        &Done::Unchanged
    );
    assert_eq!(applied.journal, None);
    assert_eq!(files.done(), Vec::<String>::new());
}

#[test]
fn a_file_planned_twice_is_refused() {
    let files = forty();
    let twice = Write::change(path(0), Hash::of(&old(0)), new(1), "again");
    let applied = run_plan(
        &files,
        plan().into_iter().take(1).chain([twice]).collect(),
        OnRefusal::GoOn,
    );
    assert!(applied.outcomes[0].result.is_ok());
    assert!(matches!(
        applied.outcomes[1].result,
        Err(Refusal::PlannedTwice)
    ));
}

#[test]
fn a_batch_holds_at_most_64_mebibytes() {
    let files = MemoryFiles::default();
    files.put_folder(JOURNALS);
    let large = vec![b'x'; 30 << 20];
    let plan: Vec<_> = (0..5)
        .map(|number| {
            files.put(path(number), old(number));
            Write::change(path(number), Hash::of(&old(number)), large.clone(), "large")
        })
        .collect();
    let applied = run_plan(&files, plan, OnRefusal::TakeBack);
    assert!(applied.is_whole());
    let packs = files
        .done()
        .iter()
        .filter(|done| done.starts_with("sync") && done.ends_with("/pack"))
        .count();
    assert_eq!(packs, 3, "batches of two, two and one");
}

#[test]
fn undo_leaves_alone_what_changed_since_and_says_so() {
    let files = forty();
    let applied = run(&files, OnRefusal::TakeBack);
    files.put(path(0), "changed since");
    files.remove(&path(1)).unwrap();
    files.put(path(6), "created again");
    files.put(path(5), "the created one, changed");
    files.set_read_only(path(2));
    let undone = apply::undo(&applied.journal.unwrap(), &|_| true, &files).unwrap();
    let refused: Vec<_> = undone
        .iter()
        .filter(|undone| undone.result.is_err())
        .collect();
    let told: Vec<_> = refused
        .iter()
        .map(|undone| undone.result.as_ref().unwrap_err().to_string())
        .collect();
    assert_eq!(
        refused
            .iter()
            .map(|undone| &undone.path)
            .collect::<Vec<_>>(),
        [&path(0), &path(1), &path(2), &path(5), &path(6)]
    );
    assert_eq!(
        told,
        [
            "it has changed since it was written: it stays as it is",
            "it was removed since it was written: it stays away",
            "it is read-only: check it out, or make it writable, and run again",
            "it has changed since it was written: it stays as it is",
            "it was created again since it was removed: it stays as it is",
        ]
    );
    assert_eq!(files.bytes(path(0)).unwrap(), b"changed since");
    assert_eq!(files.bytes(path(3)), Some(old(3)));
}

#[test]
fn undo_in_part_leaves_the_rest_for_later() {
    let files = forty();
    let original = files.tree(TREE);
    let journal = run(&files, OnRefusal::TakeBack).journal.unwrap();
    let undone = apply::undo(&journal, &|path| path.starts_with("/srv/etl/part1"), &files).unwrap();
    assert_eq!(undone.len(), 10);
    assert_eq!(files.bytes(path(1)), Some(old(1)));
    assert_eq!(files.bytes(path(2)), Some(new(2)));
    assert_eq!(state(&files), State::Complete);
    apply::undo(&journal, &|_| true, &files).unwrap();
    assert_eq!(files.tree(TREE), original);
    assert_eq!(state(&files), State::Undone);
}

fn state(files: &MemoryFiles) -> State {
    apply::list(Path::new(JOURNALS), files).unwrap()[0]
        .content
        .as_ref()
        .unwrap()
        .state
}

#[test]
fn a_damaged_original_is_not_put_back() {
    let files = forty();
    let journal = run(&files, OnRefusal::TakeBack).journal.unwrap();
    let pack = journal.join("pack");
    let mut bytes = files.bytes(&pack).unwrap();
    bytes[3] ^= 1;
    files.put(&pack, bytes);
    let undone = apply::undo(&journal, &|_| true, &files).unwrap();
    assert!(matches!(undone[0].result, Err(Refusal::OriginalDamaged)));
    assert!(undone[1].result.is_ok());
    assert_eq!(files.bytes(path(0)), Some(new(0)));
}

#[test]
fn a_journal_is_torn_at_its_end_and_damaged_anywhere_else() {
    let whole = forty();
    let original = whole.tree(TREE);
    let journal = run(&whole, OnRefusal::TakeBack).journal.unwrap();
    let records = journal.join("journal");
    let bytes = whole.bytes(&records).unwrap();
    let ends: Vec<usize> = bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'\n')
        .map(|(at, _)| at + 1)
        .collect();
    assert_eq!(ends.len(), 5);

    // Without its last record, or a part of it, the journal still takes everything back.
    for cut in ends[3]..bytes.len() {
        let files = whole.fresh();
        files.put(&records, &bytes[..cut]);
        apply::undo(&journal, &|_| true, &files).unwrap();
        assert_eq!(files.tree(TREE), original);
    }
    // What begins wrong is taken for something else.
    for at in 0..ends[0] - 1 {
        let files = whole.fresh();
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        files.put(&records, bytes);
        let error = apply::undo(&journal, &|_| true, &files).unwrap_err();
        assert!(
            error.to_string().ends_with("is not a journal of dtsx"),
            "{error}"
        );
    }
    // Before the last record nothing may be wrong, whatever byte it is.
    for at in ends[0]..ends[3] - 1 {
        let files = whole.fresh();
        let mut bytes = bytes.clone();
        bytes[at] ^= 1;
        files.put(&records, bytes);
        let error = apply::undo(&journal, &|_| true, &files).unwrap_err();
        assert!(
            error.to_string().contains("is damaged in record"),
            "{error}"
        );
        assert_eq!(files.bytes(path(0)), Some(new(0)));
    }
}

#[test]
fn journals_that_are_not_to_be_believed_are_refused() {
    let refused = |prepare: &dyn Fn(&MemoryFiles, &Path)| {
        let files = forty();
        let journal = run(&files, OnRefusal::TakeBack).journal.unwrap();
        prepare(&files, &journal);
        let error = apply::undo(&journal, &|_| true, &files)
            .unwrap_err()
            .to_string();
        assert_eq!(files.bytes(path(0)), Some(new(0)));
        error.replace(&journal.display().to_string(), "JOURNAL")
    };
    assert_eq!(
        refused(&|files, journal| files.set_writable_by_others(journal.join("journal"))),
        "`JOURNAL/journal` belongs to somebody else or can be written by others, so it is not believed: nothing was undone"
    );
    assert_eq!(
        refused(&|files, journal| files.set_writable_by_others(journal.join("pack"))),
        "`JOURNAL/pack` belongs to somebody else or can be written by others, so it is not believed: nothing was undone"
    );
    assert_eq!(
        refused(&|files, journal| files.put(journal.join("journal"), "[core]\n\tbare = false\n")),
        "`JOURNAL` is not a journal of dtsx"
    );
    let newer = br#"{"header":{"format":2,"version":"3.1.0","roots":[]}}"#;
    let line = format!(
        "{} {}\n",
        &Hash::of(newer).to_string()[..16],
        String::from_utf8_lossy(newer)
    );
    assert_eq!(
        refused(&|files, journal| files.put(journal.join("journal"), &line)),
        "the journal `JOURNAL` has format 2 (this version reads 1): undo with dtsx 3.1.0, which wrote it, or later"
    );
    assert_eq!(
        refused(&|files, journal| files.remove(&journal.join("pack")).unwrap()),
        "the journal `JOURNAL/pack` could not be read: entity not found"
    );
}

#[test]
fn a_journal_has_one_writer() {
    let files = forty();
    let mut journal = Journal::new(PathBuf::from(JOURNALS), origin(0));
    apply::apply(
        plan().into_iter(),
        &|_| Ok(()),
        OnRefusal::TakeBack,
        &mut journal,
        &files,
    );
    let path = journal.path().unwrap().to_owned();
    let error = apply::undo(&path, &|_| true, &files)
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        format!(
            "the journal `{}` is in use by another dtsx: wait until it has ended",
            path.display()
        )
    );
    assert_eq!(state(&files), State::Running);
    drop(journal);
    assert_eq!(state(&files), State::Complete);
    apply::undo(&path, &|_| true, &files).unwrap();
}

#[test]
fn a_journal_does_not_lie_inside_the_tree() {
    let files = forty();
    let mut journal = Journal::new(PathBuf::from("/srv/etl/part1/new/journal"), origin(0));
    let applied = apply::apply(
        plan().into_iter(),
        &|_| Ok(()),
        OnRefusal::TakeBack,
        &mut journal,
        &files,
    );
    assert_eq!(
        applied.outcomes[0].result.as_ref().unwrap_err().to_string(),
        "the journal failed: the journal folder `/srv/etl/part1/new/journal` lies inside `/srv/etl`, which is being \
         changed: give another with `--journal DIR`"
    );
    assert_eq!(files.tree(TREE), forty().tree(TREE));
}

#[test]
fn the_newest_journal_is_found_from_at_above_and_below_its_root() {
    let files = forty();
    files.put_folder("/srv/other");
    for (second, number) in [(10, 0), (20, 1)] {
        let mut journal = Journal::new(PathBuf::from(JOURNALS), origin(second));
        let plan = [Write::change(
            path(number),
            Hash::of(&old(number)),
            new(number),
            "one",
        )];
        apply::apply(
            plan.into_iter(),
            &|_| Ok(()),
            OnRefusal::TakeBack,
            &mut journal,
            &files,
        );
    }
    // A folder that holds nothing of a journal yet, as a kill leaves it, is passed over.
    files.put_folder(format!("{JOURNALS}/20991231T000000Z-00"));
    let newest =
        |around: &str| apply::newest(Path::new(JOURNALS), Path::new(around), &files).unwrap();
    let expected = Some(PathBuf::from(format!(
        "{JOURNALS}/20261118T110700Z-a5a5a5a5a5a5a5a5"
    )));
    for around in [TREE, "/srv", "/", "/srv/etl/part1"] {
        assert_eq!(newest(around), expected, "{around}");
    }
    assert_eq!(newest("/srv/other"), None);
    let listed = apply::list(Path::new(JOURNALS), &files).unwrap();
    let seconds: Vec<_> = listed
        .iter()
        .map(|one| one.content.as_ref().unwrap().time.as_second() - 1_795_000_000)
        .collect();
    assert_eq!(seconds, [20, 10]);
}

/// Journals that lie on disks must stay readable: this one was written by hand in format 1.
#[test]
fn a_journal_of_format_1_is_undone() {
    let files = MemoryFiles::default();
    let journal = Path::new("/state/20260101T000000Z-00");
    files.put("/etl/a.dtsx", "new");
    files.put("/etl/.dtsx-00-1.tmp", "half wri");
    files.put(journal.join("pack"), "old and more");
    let hash = |text: &str| Hash::of(text.as_bytes());
    let records = [
        r#"{"header":{"format":1,"version":"0.1.0","root":"/etl","user":"ada","time":"2026-01-01T00:00:00Z","command":"set"}}"#
            .to_owned(),
        format!(
            r#"{{"batch":{{"batch":1,"files":[{{"path":"/etl/a.dtsx","what":"","temporary":".dtsx-00-1.tmp","before":{{"sha256":"{}","offset":0,"len":3,"mode":420,"user":0,"group":0}},"after":"{}"}}]}}}}"#,
            hash("old"),
            hash("new")
        ),
    ];
    let line = |json: &String| format!("{} {json}\n", &hash(json).to_string()[..16]);
    files.put(
        journal.join("journal"),
        records.iter().map(line).collect::<String>() + "0123456789abcdef {\"done",
    );
    let undone = apply::undo(journal, &|_| true, &files).unwrap();
    assert_eq!(undone[0].result.as_ref().unwrap(), &Restored::PutBack);
    let left: Vec<_> = files
        .tree("/etl")
        .into_iter()
        .filter_map(|(path, file)| Some((path, file?.0)))
        .collect();
    assert_eq!(left, [(PathBuf::from("/etl/a.dtsx"), b"old".to_vec())]);
}

#[test]
fn a_journal_on_a_read_only_place_is_undone_without_its_lock() {
    let files = forty();
    let original = files.tree(TREE);
    let journal = run(&files, OnRefusal::TakeBack).journal.unwrap();
    let files = files.fresh();
    files.set_fault(Some(Fault {
        at: 0,
        kind: FaultKind::Once(ErrorKind::ReadOnlyFilesystem),
    }));
    apply::undo(&journal, &|_| true, &files).unwrap();
    assert!(files.done()[0].starts_with("lock "));
    assert_eq!(files.tree(TREE), original);
}
