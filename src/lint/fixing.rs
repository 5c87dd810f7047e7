//! Fixes, carried out in memory: round after round, until no rule offers any more.
//!
//! A fix is taken as a whole or not at all; one that wants characters that another has taken waits for the next round,
//! in which the rules look at the changed files. What comes out are whole files, to be shown or written.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

use crate::archive;
use crate::host::{Entry, Files, Metadata};
use crate::project::{
    Changed, Changes, File, Hash, Label, Limits, Looked, OpenUnit, Reading, changed,
};

use super::engine::{Lint, Linted, lint};
use super::finding::{Finding, Fix, FixEdit};
use super::rule::{Applicability, Rule, Severity};

/// What fixes make of files.
#[derive(Debug, Default)]
pub struct Fixed {
    /// The changed files: the hash of what they were, and their new bytes.
    pub files: BTreeMap<PathBuf, (Hash, Vec<u8>)>,
    /// The fixes that were carried out, in their order.
    pub applied: Vec<Applied>,
    /// How many were offered in the last round; some of them may have wanted characters of others.
    offered: usize,
}

/// A fix that was carried out.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The rule.
    pub rule: &'static Rule,
    /// The file of the finding.
    pub file: Label,
    /// The object of the finding.
    pub object: String,
    /// What was done.
    pub title: String,
    /// Its edits, in the files as they were before the round.
    pub edits: Vec<FixEdit>,
}

/// A fix could not be carried out: a fault of this program, or an encrypted place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FixError {
    /// The changed file is none any more.
    #[error("{0}")]
    Write(String),
    /// Fixes bring up one another without end.
    #[error(
        "the fixes do not come to an end: in {ROUNDS} rounds they became no fewer, and the rules {rules} offer more"
    )]
    Endless {
        /// The codes of the rules.
        rules: String,
    },
}

/// Fixes may make room for others, but not longer than so many rounds without becoming fewer.
const ROUNDS: usize = 10;

/// Carries out the fixes of at least this applicability. `accept` takes the findings out that are known or accepted:
/// they are not fixed.
///
/// # Errors
///
/// [`FixError`]; nothing is written in any case.
pub fn fix(
    job: &Lint<'_>,
    least: Applicability,
    files: &dyn Files,
    accept: &mut dyn FnMut(&mut Linted),
) -> Result<Fixed, FixError> {
    let mut fixed = Fixed::default();
    let (mut fewest, mut rounds) = (usize::MAX, 0);
    loop {
        let round = fix_once(job, least, &fixed.over(files), accept)?;
        if round.files.is_empty() {
            return Ok(fixed);
        }
        rounds += 1;
        if round.offered < fewest {
            (fewest, rounds) = (round.offered, 0);
        } else if rounds == ROUNDS {
            let mut rules: Vec<&str> = round.applied.iter().map(|it| it.rule.code).collect();
            rules.sort_unstable();
            rules.dedup();
            return Err(FixError::Endless {
                rules: rules.join(", "),
            });
        }
        fixed.then(round);
    }
}

/// One round of [`fix`]: every fix that needs no characters of another.
///
/// # Errors
///
/// [`FixError::Write`]
pub fn fix_once(
    job: &Lint<'_>,
    least: Applicability,
    files: &dyn Files,
    accept: &mut dyn FnMut(&mut Linted),
) -> Result<Fixed, FixError> {
    let reading = Reading {
        files,
        limits: job.limits,
        jobs: job.jobs,
        only_with: None,
    };
    let mut round = Fixed::default();
    lint(job, files, |mut linted, open| {
        accept(&mut linted);
        let Some(open) = open else { return Ok(()) };
        let mut changes = Changes::new();
        let mut fixes: Vec<(&Finding, &Fix)> = linted
            .findings
            .iter()
            .filter_map(|finding| Some((finding, finding.fix.as_ref()?)))
            .filter(|(_, fix)| fix.applicability >= least)
            .collect();
        fixes.sort_by_key(|(finding, _)| rank(finding));
        for (finding, fix) in fixes {
            round.offered += 1;
            if changes.merge(&fix.changes).is_ok() {
                round.applied.push(Applied::new(finding, fix));
            }
        }
        match changes.is_empty() {
            true => Ok(()),
            false => write(open, &reading, &changes, &mut round),
        }
    })?;
    Ok(round)
}

/// Which of two fixes is carried out where both cannot be: of what fails before what is untidy, and of an object as a
/// whole before its values, for nothing needs to be mended in what is removed.
fn rank(finding: &Finding) -> (bool, bool, Reverse<Severity>) {
    let fails = finding.severity == Severity::Error;
    (
        !fails,
        !finding.property.is_empty(),
        Reverse(finding.severity),
    )
}

impl Applied {
    fn new(finding: &Finding, fix: &Fix) -> Applied {
        Applied {
            rule: finding.rule,
            file: finding.file.clone(),
            object: finding.path(),
            title: fix.title.clone(),
            edits: fix.edits.clone(),
        }
    }
}
/// The changed files of a unit, each read back by the parser that will read it from now on.
fn write(
    open: &OpenUnit,
    reading: &Reading<'_>,
    changes: &Changes,
    round: &mut Fixed,
) -> Result<(), FixError> {
    let fail = |error: &dyn std::fmt::Display| FixError::Write(error.to_string());
    let mut all = Vec::new();
    for file in &open.context.files {
        all.extend(new(file, changes, &reading.limits)?);
    }
    let packages = open.each(reading, |looked| match looked {
        Looked::Read(at) => new(at.file, changes, &reading.limits),
        Looked::Skipped | Looked::Failed(_) => Ok(Vec::new()),
    });
    for package in packages {
        all.extend(package?);
    }
    let mut members = BTreeMap::new();
    for (member, path, before, after) in all {
        match member {
            Some(index) => {
                members.insert(index, after);
            }
            None => {
                round.files.insert(path, (before, after));
            }
        }
    }
    if let Some(holder) = open.archive.as_ref().filter(|_| !members.is_empty()) {
        let after = archive::replace(holder.bytes(), &members).map_err(|error| fail(&error))?;
        let path = holder.label.path().to_owned();
        round.files.insert(path, (holder.hash(), after));
    }
    Ok(())
}

/// A changed file: its place in its archive, its path, what it was and what it is.
type New = (Option<usize>, PathBuf, Hash, Vec<u8>);

fn new(file: &File, changes: &Changes, limits: &Limits) -> Result<Vec<New>, FixError> {
    let all = changed([file], changes, limits);
    let all = all.map_err(|error| FixError::Write(error.to_string()))?;
    let one = |it: Changed<'_>| {
        let path = it.file.label.path().to_owned();
        (it.file.member, path, it.file.hash(), it.after)
    };
    Ok(all.into_iter().map(one).collect())
}

impl Fixed {
    /// Takes another round in, which began where this one ended.
    fn then(&mut self, round: Fixed) {
        self.applied.extend(round.applied);
        self.offered = round.offered;
        for (path, (before, after)) in round.files {
            let before = self.files.get(&path).map_or(before, |(first, _)| *first);
            self.files.insert(path, (before, after));
        }
    }

    /// The files as they are with the fixes.
    pub fn over<'f>(&'f self, files: &'f dyn Files) -> Over<'f> {
        Over { files, fixed: self }
    }
}

/// Files, some of which have been changed in memory.
pub struct Over<'f> {
    files: &'f dyn Files,
    fixed: &'f Fixed,
}

impl Over<'_> {
    fn after(&self, path: &Path) -> Option<&Vec<u8>> {
        self.fixed.files.get(path).map(|(_, after)| after)
    }
}

impl Files for Over<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match self.after(path) {
            Some(after) => Ok(after.clone()),
            None => self.files.read(path),
        }
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn Read>> {
        match self.after(path) {
            Some(after) => Ok(Box::new(Cursor::new(after.clone()))),
            None => self.files.open(path),
        }
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        self.files.list(folder)
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        let mut metadata = self.files.metadata(path)?;
        if let Some(after) = self.after(path) {
            metadata.len = after.len() as u64;
        }
        Ok(metadata)
    }
}
