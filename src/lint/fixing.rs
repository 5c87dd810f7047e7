//! Fixes, carried out in memory: round after round, until no rule offers any more.
//!
//! A fix is taken as a whole or not at all; one that wants characters that another has taken waits for the next round,
//! in which the rules look at the changed files. What comes out are whole files, to be shown or written.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

use crate::archive;
use crate::host::{Entry, Files, Metadata};
use crate::project::{
    Changed, Changes, File, Hash, Label, Limits, Looked, OpenUnit, Reading, changed,
};

use super::engine::{Lint, Linted, lint};
use super::finding::Finding;
use super::rule::{Applicability, Rule};

/// What fixes make of files.
#[derive(Debug, Default)]
pub struct Fixed {
    /// The changed files: the hash of what they were, and their new bytes.
    pub files: BTreeMap<PathBuf, (Hash, Vec<u8>)>,
    /// The fixes that were carried out, in their order.
    pub applied: Vec<Applied>,
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
}

/// A fix could not be carried out: a fault of this program, or an encrypted place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FixError {
    /// The changed file is none any more.
    #[error("{0}")]
    Write(String),
    /// Fixes bring up one another without end.
    #[error(
        "the fixes do not come to an end: after {ROUNDS} rounds the rules {rules} still offer some"
    )]
    Endless {
        /// The codes of the rules.
        rules: String,
    },
}

/// No chain of fixes is as long.
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
    for _ in 0..ROUNDS {
        let round = round(job, least, files, &fixed, accept)?;
        if round.files.is_empty() {
            return Ok(fixed);
        }
        fixed.applied.extend(round.applied);
        for (path, (before, after)) in round.files {
            let before = fixed.files.get(&path).map_or(before, |(first, _)| *first);
            fixed.files.insert(path, (before, after));
        }
    }
    let more = round(job, least, files, &fixed, accept)?;
    if more.files.is_empty() {
        return Ok(fixed);
    }
    let mut rules: Vec<&str> = more.applied.iter().map(|it| it.rule.code).collect();
    rules.sort_unstable();
    rules.dedup();
    Err(FixError::Endless {
        rules: rules.join(", "),
    })
}

fn round(
    job: &Lint<'_>,
    least: Applicability,
    files: &dyn Files,
    fixed: &Fixed,
    accept: &mut dyn FnMut(&mut Linted),
) -> Result<Fixed, FixError> {
    let over = fixed.over(files);
    let reading = Reading {
        files: &over,
        limits: job.limits,
        jobs: job.jobs,
        only_with: None,
    };
    let mut round = Fixed::default();
    lint(job, &over, |mut linted, open| {
        accept(&mut linted);
        let Some(open) = open else { return Ok(()) };
        let mut changes = Changes::new();
        for finding in &linted.findings {
            if let Some(applied) = take(finding, least, &mut changes) {
                round.applied.push(applied);
            }
        }
        match changes.is_empty() {
            true => Ok(()),
            false => write(open, &reading, &changes, &mut round),
        }
    })?;
    Ok(round)
}

fn take(finding: &Finding, least: Applicability, changes: &mut Changes) -> Option<Applied> {
    let fix = finding
        .fix
        .as_ref()
        .filter(|fix| fix.applicability >= least)?;
    changes.merge(&fix.changes).ok()?;
    Some(Applied {
        rule: finding.rule,
        file: finding.file.clone(),
        object: finding.path(),
        title: fix.title.clone(),
    })
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
