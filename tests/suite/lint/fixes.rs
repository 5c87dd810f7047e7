//! Fixes come to an end, break no file, and change nothing but their own characters: every rule over every case, the
//! fixtures and the corpus.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read as _};
use std::num::NonZero;
use std::path::Path;

use dtsx::effective::{Given, PackageValues, UnitValues};
use dtsx::host::{Files, RealFiles};
use dtsx::lint::{
    Applicability, BuildCopies, Excerpts, Finding, Fixed, Lint, RULES, Settings, fix, fix_once,
    lint,
};
use dtsx::package::{MailProperty, Target};
use dtsx::project::{Hash, InContext, Inputs, Label, Limits, Looked, Reading, find};
use zip::ZipArchive;

use super::case::Case;
use super::rules::{cases, files_of, settings_of};
use crate::support::{corpus, fixtures};

fn job<'l>(inputs: &'l Inputs, settings: &'l Settings) -> Lint<'l> {
    Lint {
        inputs,
        settings,
        limits: Limits::default(),
        jobs: NonZero::new(2).unwrap(),
        excerpts: Excerpts::LeftOut,
        build_copies: BuildCopies::LeaveAlone,
    }
}

fn inputs(path: &Path) -> Inputs {
    Inputs {
        paths: vec![path.to_owned()],
        ..Inputs::default()
    }
}

fn findings(job: &Lint<'_>, files: &dyn Files) -> Vec<Finding> {
    let mut findings = Vec::new();
    lint(job, files, |linted, _| {
        findings.extend(linted.findings);
        Ok::<(), std::convert::Infallible>(())
    })
    .unwrap();
    findings
}

/// A change of a file, as reports tell it: from byte to byte, and the new text.
type Splice<'e> = (usize, usize, Option<&'e str>);

/// The files on disk and in archives that a round says it changes, by what they are called. What masks a secret is
/// `None`: it cannot be repeated.
fn splices(round: &Fixed) -> BTreeMap<&Label, Vec<Splice<'_>>> {
    let mut all: BTreeMap<&Label, Vec<Splice<'_>>> = BTreeMap::new();
    for edit in round.applied.iter().flat_map(|it| &it.edits) {
        let splice = (
            edit.place.start as usize,
            edit.place.end as usize,
            (!edit.is_masked).then_some(edit.content.as_str()),
        );
        let splices = all.entry(&edit.file).or_default();
        // What several fixes need is made once.
        if !splices.contains(&splice) {
            splices.push(splice);
        }
    }
    // Insertions at one place stay in the order of the fixes.
    for splices in all.values_mut() {
        splices.sort_by_key(|(start, end, _)| (*start, *end));
    }
    all
}

/// Whether the bytes with the changes, put together here and not by what is tested, are these.
fn is_spliced(before: &[u8], splices: &[Splice<'_>], after: &[u8]) -> bool {
    let encode = |text: &str| -> Vec<u8> {
        match before {
            [0xff, 0xfe, ..] | [_, 0, ..] => {
                text.encode_utf16().flat_map(u16::to_le_bytes).collect()
            }
            [0xfe, 0xff, ..] | [0, _, ..] => {
                text.encode_utf16().flat_map(u16::to_be_bytes).collect()
            }
            _ => text.as_bytes().to_vec(),
        }
    };
    let mut rest = Some(after);
    let mut at = 0;
    for (start, end, text) in splices {
        rest = rest.and_then(|rest| rest.strip_prefix(&before[at..*start]));
        let next = &before[*end..];
        rest = rest.and_then(|rest| match text {
            Some(text) => rest.strip_prefix(encode(text).as_slice()),
            // Whatever it is, what follows in the file follows it.
            None => memchr::memmem::find(rest, &next[..next.len().min(40)]).map(|at| &rest[at..]),
        });
        at = *end;
    }
    rest == Some(&before[at..])
}

/// Name and bytes of each member, in the order of the archive, read by a library; no bytes of a damaged one.
fn members(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let read = |index| {
        let mut member = archive.by_index(index).unwrap();
        let mut bytes = Vec::new();
        if member.read_to_end(&mut bytes).is_err() {
            bytes.clear();
        }
        (member.name().unwrap().into_owned(), bytes)
    };
    (0..ZipArchive::new(Cursor::new(bytes)).unwrap().len())
        .map(read)
        .collect()
}

/// The name behind `%20` and the like.
fn decoded(name: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend(before.bytes());
        bytes.push(u8::from_str_radix(&after[..2], 16).unwrap());
        rest = &after[2..];
    }
    bytes.extend(rest.bytes());
    String::from_utf8(bytes).unwrap()
}

/// A round changes the bytes of its edits and no other, in files and in members of archives.
fn check_bytes(round: &Fixed, files: &dyn Files) {
    let splices = splices(round);
    let mut changed = BTreeSet::new();
    for (path, (hash, after)) in &round.files {
        let before = files.read(path).unwrap();
        assert_eq!(*hash, Hash::of(&before), "{}", path.display());
        assert_ne!(&before, after, "{}", path.display());
        if path.extension().is_some_and(|it| it == "ispac") {
            let (before, after) = (members(&before), members(after));
            assert_eq!(before.len(), after.len(), "{}", path.display());
            for ((name, old), (new_name, new)) in before.iter().zip(&after) {
                assert_eq!(name, new_name, "{}", path.display());
                let label = Label::of_member(path, &decoded(name));
                let none = Vec::new();
                let splices = splices.get(&label).unwrap_or(&none);
                assert!(is_spliced(old, splices, new), "{label}");
                changed.insert(label);
            }
        } else {
            let label = Label::of_path(path);
            let splices = splices.get(&label).expect("the edits of a changed file");
            assert!(is_spliced(&before, splices, after), "{label}: {splices:#?}");
            changed.insert(label);
        }
    }
    for label in splices.into_keys() {
        assert!(
            changed.contains(label),
            "{label}: edits that change nothing"
        );
    }
}

/// All rounds, one upon the other.
fn check_rounds(job: &Lint<'_>, files: &dyn Files, rounds: usize) {
    let round = fix_once(job, Applicability::Unsafe, files, &mut |_| {}).unwrap();
    if round.files.is_empty() {
        return;
    }
    assert!(rounds < 50, "{:#?}", round.applied);
    check_bytes(&round, files);
    check_rounds(job, &round.over(files), rounds + 1);
}

fn check(path: &Path, files: &dyn Files, settings: &Settings) -> Fixed {
    let inputs = inputs(path);
    let job = job(&inputs, settings);
    check_rounds(&job, files, 0);
    let before = findings(&job, files);
    let fixed = fix(&job, Applicability::Unsafe, files, &mut |_| {}).expect("fixes that end");
    for (path, (hash, after)) in &fixed.files {
        let old = files.read(path).unwrap();
        assert_eq!(*hash, Hash::of(&old), "{}", path.display());
        assert_ne!(&old, after, "{}", path.display());
    }
    let over = fixed.over(files);
    let left = findings(&job, &over);
    let unfixed: Vec<_> = left.iter().filter(|it| it.fix.is_some()).collect();
    assert!(unfixed.is_empty(), "{}: {unfixed:#?}", path.display());
    // No fix makes a file that cannot be read.
    let unreadable = |all: &[Finding]| all.iter().filter(|it| it.rule.code == "SM000").count();
    assert_eq!(unreadable(&before), unreadable(&left), "{}", path.display());
    fixed
}

/// What the Send Mail tasks do when they run: the server and the lines, by the property path of the task.
fn mails(path: &Path, files: &dyn Files) -> BTreeMap<String, Vec<Option<String>>> {
    let inputs = inputs(path);
    let reading = Reading {
        files,
        limits: Limits::default(),
        jobs: NonZero::new(2).unwrap(),
        only_with: None,
    };
    let given = Given::default();
    let mut mails = BTreeMap::new();
    for unit in find(&inputs, files).units {
        let open = unit.open(&inputs, &reading);
        let values = UnitValues::new(&open.context, &given);
        let of_package = open.each(&reading, |looked| match looked {
            Looked::Read(at) => mails_of(at, &values),
            Looked::Skipped | Looked::Failed(_) => Vec::new(),
        });
        mails.extend(of_package.into_iter().flatten());
    }
    mails
}

fn mails_of<'a>(at: InContext<'a>, unit: &'a UnitValues<'a>) -> Vec<(String, Vec<Option<String>>)> {
    let values = PackageValues::new(at, unit);
    let Some(package) = at.package() else {
        return Vec::new();
    };
    let mut mails = Vec::new();
    for task in package.send_mail_tasks() {
        let target = Target::Executable(task.executable());
        let lines = MailProperty::ALL.iter();
        let lines = lines.filter(|it| **it != MailProperty::SmtpConnection);
        let mut all: Vec<_> = lines
            .map(|it| values.property(at.file, target, it.name()).unwrap().value)
            .collect();
        if let Some((holder, manager)) = at.manager(task) {
            let manager = Target::ConnectionManager(manager);
            let parts = ["SmtpServer", "UseWindowsAuthentication", "EnableSsl"].into_iter();
            all.extend(parts.map(|it| {
                let value = values.property(holder, manager, it).ok()?.value;
                value.map(|value| value.to_lowercase())
            }));
        }
        mails.push((format!("{} {}", at.file.label, values.path_of(target)), all));
    }
    mails
}

/// Fixes that put a value elsewhere leave every mail what it was.
#[test]
fn fixes_that_move_values_change_no_mail() {
    const MOVING: [&str; 4] = ["SM030", "SM037", "SM038", "SM050"];
    let settings = Settings::parse(&format!("[lint]\nselect = {MOVING:?}\n")).unwrap();
    let check = |path: &Path, files: &dyn Files| {
        let inputs = inputs(path);
        let job = job(&inputs, &settings);
        check_rounds(&job, files, 0);
        let fixed = fix(&job, Applicability::Unsafe, files, &mut |_| {}).unwrap();
        let (before, after) = (mails(path, files), mails(path, &fixed.over(files)));
        for (task, before) in &before {
            assert_eq!(Some(before), after.get(task), "{task}");
        }
        assert_eq!(before.len(), after.len());
        fixed.applied.len()
    };
    let mut applied = check(&fixtures(), &RealFiles);
    for rule in RULES {
        for path in cases(rule) {
            applied += check(Path::new("case"), &files_of(&Case::read(&path)));
        }
    }
    assert!(applied > 100, "{applied}");
    if let Some(corpus) = corpus() {
        let applied = check(&corpus, &RealFiles);
        assert!(applied > 40, "{applied}");
    }
}

/// What a fix relies on is not removed by another in the same round, although nothing uses it until then.
#[test]
fn a_fix_does_not_take_away_what_another_relies_on() {
    let case = Case::read(&fixtures().join("lint/SM002/edge2.case"));
    let settings = Settings::parse("[lint]\nselect = [\"SM002\", \"SM037\"]\n").unwrap();
    let fixed = check(Path::new("case"), &files_of(&case), &settings);
    let rules: Vec<_> = fixed.applied.iter().map(|it| it.rule.code).collect();
    assert_eq!(rules, ["SM002"]);
}

#[test]
fn fixes_of_every_case_end_and_mend_what_they_are_for() {
    let mut seen = BTreeSet::new();
    for rule in RULES {
        for path in cases(rule) {
            let case = Case::read(&path);
            let files = files_of(&case);
            let settings = settings_of(&case);
            let fixed = check(Path::new("case"), &files, &settings);
            seen.extend(fixed.applied.iter().map(|it| it.rule.code));
            // The fix of another rule may have taken what this one is about.
            let mut alone = settings_of(&case);
            alone.selection.select(&[rule]);
            let fixed = check(Path::new("case"), &files, &alone);
            seen.extend(fixed.applied.iter().map(|it| it.rule.code));
            let inputs = inputs(Path::new("case"));
            for finding in findings(&job(&inputs, &settings), &files) {
                if let Some(fix) = &finding.fix {
                    assert!(
                        finding.rule.fix.is_some(),
                        "{}: says that it has no fix",
                        finding.rule
                    );
                    assert!(
                        finding.rule.fix <= Some(fix.applicability),
                        "{}",
                        finding.rule
                    );
                }
            }
        }
    }
    let declared: BTreeSet<&str> = RULES
        .iter()
        .filter(|rule| rule.fix.is_some())
        .map(|rule| rule.code)
        .collect();
    assert_eq!(seen, declared, "rules whose fix no case shows");
}

#[test]
fn safe_fixes_leave_unsafe_ones_alone() {
    let case = Case::read(&fixtures().join("lint/SM014/bad.case"));
    let files = files_of(&case);
    let settings = Settings::default();
    let inputs = inputs(Path::new("case"));
    let job = job(&inputs, &settings);
    let fixed = fix(&job, Applicability::Safe, &files, &mut |_| {}).unwrap();
    assert!(
        fixed
            .applied
            .iter()
            .all(|it| it.rule.fix == Some(Applicability::Safe))
    );
    // What is accepted is not fixed either.
    let fixed = fix(&job, Applicability::Unsafe, &files, &mut |linted| {
        linted.findings.clear();
    });
    assert!(fixed.unwrap().files.is_empty());
}

/// The copies of the project follow.
#[test]
fn the_fix_of_a_manager_changes_the_copies_in_the_project_file() {
    let case = Case::read(&fixtures().join("lint/SM014/bad.case"));
    let settings = Settings::parse("[lint]\nselect = [\"SM014\"]\n").unwrap();
    let fixed = check(Path::new("case"), &files_of(&case), &settings);
    let text = |name: &str| {
        let (_, after) = &fixed.files[&Path::new("case").join(name)];
        String::from_utf8(after.clone()).unwrap()
    };
    let project = text("Etl.dtproj");
    assert_eq!(project.matches(">true<").count(), 2, "{project}");
    assert!(project.contains("EnableSsl=True;"), "{project}");
    assert!(text("Shared.conmgr").contains("EnableSsl=True;"));
    assert!(text("Nightly.dtsx").matches("EnableSsl=True").count() == 4);
}

#[test]
fn fixes_of_the_fixtures_and_the_corpus_end() {
    let settings = Settings::default();
    let fixed = check(&fixtures(), &RealFiles, &settings);
    assert!(fixed.files.len() > 10, "{}", fixed.files.len());
    if let Some(corpus) = corpus() {
        let fixed = check(&corpus, &RealFiles, &settings);
        println!(
            "{} fixes in {} files",
            fixed.applied.len(),
            fixed.files.len()
        );
        assert!(!fixed.files.is_empty());
    }
}

/// What is removed is not mended first, which would leave a variable that nothing reads.
#[test]
fn nothing_is_mended_in_what_is_removed() {
    let case = Case::read(&fixtures().join("lint/SM037/bad.case"));
    let settings = Settings::parse("[lint]\nselect = [\"SM014\", \"SM030\", \"SM037\"]\n").unwrap();
    let files = files_of(&case);
    let fixed = check(Path::new("case"), &files, &settings);
    let of_removed = fixed
        .applied
        .iter()
        .filter(|it| it.object.contains("[Left]"));
    let rules: Vec<_> = of_removed.map(|it| it.rule.code).collect();
    assert_eq!(rules, ["SM037"], "{:#?}", fixed.applied);
}
