//! Walks the inputs unit by unit and gives the facts of their files.

use std::num::NonZero;
use std::path::PathBuf;
use std::sync::LazyLock;

use crate::effective::{Given, UnitValues};
use crate::host::Files;
use crate::package::FileKind;
use crate::project::{
    BuildCopy, Expected, Found, Hash, InContext, Inputs, Limits, Looked, ReadError, Reading, Role,
    Unit, find, holds, in_parallel,
};

use super::facts::FileFacts;
use super::gather::gather_with;
use super::link::{FileNames, link_calls, link_uses};
use super::needles::may_mention_mail;
use super::senders::gives_mail;

/// Which files are to be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All.
    Everything,
    /// Those with an SMTP connection manager, a Send Mail task, another sender or an unreadable part; packages without
    /// their names are read no further than a byte search.
    Mail,
}

/// Whether the hashes of files are computed, which takes as long as reading them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hashes {
    /// Somebody shows them.
    Computed,
    /// Nobody does.
    LeftOut,
}

/// What to look at, and how.
#[derive(Clone, Copy, Debug)]
pub struct Survey<'i> {
    /// Where.
    pub inputs: &'i Inputs,
    /// Which files are to be told of.
    pub scope: Scope,
    /// Whether with their hashes.
    pub hashes: Hashes,
    /// How large they may be.
    pub limits: Limits,
    /// How many packages are read at the same time.
    pub jobs: NonZero<usize>,
}

/// The facts of one unit.
#[derive(Debug)]
pub struct UnitFacts {
    /// The files, in the order of their paths.
    pub files: Vec<FileFacts>,
    /// Whether the unit is what a build left.
    pub build_copy: BuildCopy,
    /// How many files were looked at and are not told of.
    pub left_out: usize,
    /// What could not be read, in the order of the paths.
    pub errors: Vec<ReadError>,
}

impl UnitFacts {
    fn is_empty(&self) -> bool {
        self.files.is_empty() && self.left_out == 0 && self.errors.is_empty()
    }
}

/// Looks at the inputs, unit by unit; `tell` is given each unit as soon as it is done.
///
/// Units come in the order of their folders, each folder followed by the archives in it.
///
/// # Errors
///
/// Whatever `tell` gives ends the walk.
pub fn survey<E>(
    survey: &Survey<'_>,
    files: &dyn Files,
    tell: impl FnMut(UnitFacts) -> Result<(), E>,
) -> Result<(), E> {
    survey_given(survey, Given::default(), files, tell)
}

/// The same, with values under what was given.
///
/// # Errors
///
/// Whatever `tell` gives ends the walk.
pub fn survey_given<E>(
    survey: &Survey<'_>,
    mut given: Given<'_>,
    files: &dyn Files,
    mut tell: impl FnMut(UnitFacts) -> Result<(), E>,
) -> Result<(), E> {
    let reading = Reading {
        files,
        limits: survey.limits,
        jobs: survey.jobs,
        only_with: match survey.scope {
            Scope::Everything => None,
            Scope::Mail => Some(may_hold_mail),
        },
    };
    let Found { units, errors } = find(survey.inputs, files);
    if !errors.is_empty() {
        tell(UnitFacts {
            files: Vec::new(),
            build_copy: BuildCopy::No,
            left_out: 0,
            errors,
        })?;
    }
    // Most trees hold no call, and need no list of names.
    let everywhere = LazyLock::new(|| {
        let sources = units.iter().filter(|unit| unit.build_copy == BuildCopy::No);
        sources.flat_map(Unit::labels).collect()
    });
    given.elsewhere.extend(configurations(&units));
    let mut rest = units.as_slice();
    while !rest.is_empty() {
        let together = together(rest.iter(), survey.jobs);
        let (now, later) = rest.split_at_checked(together).unwrap_or((rest, &[]));
        // Either several units at the same time, or several packages of one.
        let reading = match now {
            [_] => reading,
            _ => Reading {
                jobs: NonZero::<usize>::MIN,
                ..reading
            },
        };
        let looked = in_parallel(survey.jobs, now.len(), |index| {
            let unit = now.get(index)?;
            Some(survey.unit(unit, &given, &reading, &everywhere))
        });
        let told = looked.into_iter().flatten();
        told.filter(|facts| !facts.is_empty())
            .try_for_each(&mut tell)?;
        rest = later;
    }
    Ok(())
}

/// How many of the first units are looked at before any of them is told of: so many that no job waits for another for
/// long, and so few that what is known of them takes no room worth speaking of.
pub fn together<'u>(units: impl Iterator<Item = &'u Unit>, jobs: NonZero<usize>) -> usize {
    const FOR_EACH_JOB: usize = 16;
    if jobs == NonZero::<usize>::MIN {
        return 1;
    }
    let small = units.take_while(|unit| unit.is_small());
    small.take(FOR_EACH_JOB * jobs.get()).count().max(1)
}

/// The XML configurations of all units: packages name them by the paths of other machines.
pub fn configurations(units: &[Unit]) -> impl Iterator<Item = PathBuf> {
    let sources = units.iter().filter(|unit| unit.build_copy == BuildCopy::No);
    let all = sources.flat_map(|unit| &unit.candidates);
    all.filter(|candidate| {
        matches!(
            candidate.expected,
            Expected::Kind(FileKind::Configuration) | Expected::MaybeConfiguration
        )
    })
    .map(|candidate| candidate.path.clone())
}

impl Survey<'_> {
    fn unit(
        &self,
        unit: &Unit,
        given: &Given<'_>,
        reading: &Reading<'_>,
        everywhere: &LazyLock<FileNames, impl FnOnce() -> FileNames>,
    ) -> UnitFacts {
        let mut open = unit.open(self.inputs, reading);
        let context = &open.context;
        let values = &UnitValues::new(context, given);
        let archive = open.archive.iter().map(|archive| FileFacts {
            hash: self.hash(|| archive.hash()),
            ..FileFacts::of_archive(&archive.label, unit.build_copy)
        });
        let small = context
            .files
            .iter()
            .filter(|file| file.role == Role::Asked)
            .map(|file| self.file(InContext { context, file }, unit.build_copy, values));
        let mut facts = UnitFacts {
            files: archive.chain(small).collect(),
            build_copy: unit.build_copy,
            left_out: 0,
            errors: Vec::new(),
        };
        // What a package sends may stand in its project or its configurations alone.
        let reading = &Reading {
            only_with: match reading.only_with {
                Some(_) if context.files.iter().any(gives_mail) => Some(may_be_given_mail),
                only_with => only_with,
            },
            ..*reading
        };
        let looked = open.each(reading, |looked| match looked {
            Looked::Read(at) => Some(Ok(self.file(at, unit.build_copy, values))),
            Looked::Skipped => None,
            Looked::Failed(error) => Some(Err(error)),
        });
        for package in looked {
            match package {
                Some(Ok(file)) => facts.files.push(file),
                Some(Err(error)) => facts.errors.push(error),
                None => facts.left_out += 1,
            }
        }
        facts.errors.append(&mut open.errors);
        facts.errors.sort_by(|a, b| a.label.cmp(&b.label));
        facts.files.sort_by(|a, b| a.label.cmp(&b.label));
        link_uses(&mut facts.files);
        if facts.files.iter().any(|file| !file.calls.is_empty()) {
            let members = open.packages().filter(|label| label.member().is_some());
            let unit = unit.labels().chain(members.cloned()).collect();
            link_calls(&mut facts.files, &unit, everywhere);
        }
        if self.scope == Scope::Mail {
            let before = facts.files.len();
            facts
                .files
                .retain(|file| file.has_mail() || file.is_encrypted);
            facts.left_out += before - facts.files.len();
        }
        facts
    }

    fn file<'a>(
        &self,
        at: InContext<'a>,
        build_copy: BuildCopy,
        values: &'a UnitValues<'a>,
    ) -> FileFacts {
        FileFacts {
            hash: self.hash(|| at.file.hash()),
            ..gather_with(at, build_copy, values)
        }
    }

    fn hash(&self, of: impl FnOnce() -> Hash) -> Option<Hash> {
        (self.hashes == Hashes::Computed).then(of)
    }
}

/// Every SMTP connection manager is of the type `SMTP`, every Send Mail task is one of the class `SendMailTask`, other
/// senders have their words, and what is encrypted as a whole says so in its root element.
fn may_hold_mail(bytes: &[u8]) -> bool {
    const ROOT: usize = 16 << 10;
    let beginning = bytes.get(..ROOT).unwrap_or(bytes);
    // Few files are UTF-16, and all of them are looked at.
    let is_utf16 = beginning.iter().take(64).any(|&byte| byte == 0);
    is_utf16 || holds(beginning, "Encrypted") || may_mention_mail(bytes)
}

/// The same where a parameter or a configuration holds what sends mail: who takes values from there says so.
fn may_be_given_mail(bytes: &[u8]) -> bool {
    may_hold_mail(bytes) || holds(bytes, "$Project::") || holds(bytes, "ConfigurationString")
}
