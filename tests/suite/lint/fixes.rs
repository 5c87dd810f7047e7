//! Fixes come to an end, break no file, and change nothing but their own characters: every rule over every case, the
//! fixtures and the corpus.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::path::{Path, PathBuf};

use dtsx::host::{Files, RealFiles};
use dtsx::lint::{
    Applicability, BuildCopies, Excerpts, Finding, Fixed, Lint, RULES, Settings, fix, lint,
};
use dtsx::project::{Inputs, Limits};

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

/// The places and new texts of all fixes that are offered, by file on disk; of members nothing is said here.
fn offered(findings: &[Finding]) -> BTreeMap<PathBuf, BTreeSet<(u64, u64)>> {
    let mut offered: BTreeMap<PathBuf, BTreeSet<(u64, u64)>> = BTreeMap::new();
    let fixes = findings.iter().filter_map(|it| it.fix.as_ref());
    for edit in fixes.flat_map(|fix| &fix.edits) {
        let place = (edit.place.start, edit.place.end);
        let path = edit.file.path().to_owned();
        offered.entry(path).or_default().insert(place);
    }
    offered
}

/// Every byte outside of the places is where it was: the pieces between them follow one another in the new file.
fn keeps_the_rest(before: &[u8], after: &[u8], places: &BTreeSet<(u64, u64)>) -> bool {
    let mut at = 0;
    let mut rest = after;
    let mut merged: Vec<(usize, usize)> = Vec::new();
    for (start, end) in places {
        let (start, end) = (*start as usize, *end as usize);
        match merged.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => merged.push((start, end)),
        }
    }
    for (index, (start, end)) in merged.iter().enumerate() {
        let piece = &before[at..*start];
        let found = match index {
            0 => rest.starts_with(piece).then_some(0),
            _ => memchr::memmem::find(rest, piece),
        };
        let Some(found) = found else { return false };
        rest = &rest[found + piece.len()..];
        at = *end;
    }
    rest.ends_with(&before[at..])
}

fn check(path: &Path, files: &dyn Files, settings: &Settings) -> Fixed {
    let inputs = inputs(path);
    let job = job(&inputs, settings);
    let before = findings(&job, files);
    let offered = offered(&before);
    let fixed = fix(&job, Applicability::Unsafe, files, &mut |_| {}).expect("fixes that end");
    for (path, (hash, after)) in &fixed.files {
        let old = files.read(path).unwrap();
        assert_eq!(*hash, dtsx::project::Hash::of(&old), "{}", path.display());
        assert_ne!(&old, after, "{}", path.display());
        if path.extension().is_some_and(|it| it == "ispac") {
            continue;
        }
        // What came in later rounds may lie elsewhere; the first is most of it.
        let places = offered.get(path);
        let in_one_round =
            fixed.applied.len() <= before.iter().filter(|it| it.fix.is_some()).count();
        if let (Some(places), true) = (places, in_one_round) {
            assert!(keeps_the_rest(&old, after, places), "{}", path.display());
        }
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
    let fixed = check(Path::new("case"), &files_of(&case), &Settings::default());
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
