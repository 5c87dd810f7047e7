//! The walk: each file is looked at once, by all rules; then each unit.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;

use crate::effective::{Given, PackageValues, UnitValues};
use crate::host::Files;
use crate::inventory::{
    FileFacts, FileNames, configurations, gather_values, link_calls, link_uses, together,
};
use crate::package::FileKind;
use crate::project::{
    BuildCopy, Expected, Found, InContext, Inputs, Label, Limits, Looked, OpenUnit, ReadError,
    Reading, Role, Unit, find, in_parallel,
};

use super::finding::Finding;
use super::findings::{Excerpts, Findings, Looks, UnitFindings};
use super::in_file::InFile;
use super::in_unit::{FileSpots, InUnit, Spots, spots};
use super::rule::{Check, Rule};
use super::rules::{self, RULES};
use super::settings::Settings;

/// What to look at, and how.
#[derive(Clone, Copy)]
pub struct Lint<'l> {
    /// Where.
    pub inputs: &'l Inputs,
    /// By which rules.
    pub settings: &'l Settings,
    /// How large files may be.
    pub limits: Limits,
    /// How many packages are read at the same time.
    pub jobs: NonZero<usize>,
    /// Whether findings carry the lines that they are about.
    pub excerpts: Excerpts,
    /// Whether what builds left under `obj` and `bin` is looked at.
    pub build_copies: BuildCopies,
}

/// Whether what builds left under `obj` and `bin` is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuildCopies {
    /// It is left alone: the next build makes it anew.
    LeaveAlone,
    /// It is looked at too.
    Include,
}

/// What was found in one unit.
#[derive(Debug, Default)]
pub struct Linted {
    /// In the order of files and places.
    pub findings: Vec<Finding>,
    /// What could not be read; each is a finding of SM000 too.
    pub errors: Vec<ReadError>,
    /// The files that were looked at; those that could not be read are not among them.
    pub files: Vec<Label>,
    /// What the descriptions of objects accept.
    pub accepted: Vec<Finding>,
    /// What they accept and nobody found: the file, the object, the rule.
    pub unused: Vec<(Label, String, &'static Rule)>,
}

/// Looks at the inputs, unit by unit; `tell` is given each unit as soon as it is done, with the unit itself, to which
/// the numbers in fixes belong.
///
/// Where only some files of a project are asked for, the others are read too, because they decide what is true of
/// these; only what was found in the former is told.
///
/// # Errors
///
/// Whatever `tell` gives ends the walk.
pub fn lint<E>(
    job: &Lint<'_>,
    files: &dyn Files,
    mut tell: impl FnMut(Linted, Option<&OpenUnit>) -> Result<(), E>,
) -> Result<(), E> {
    let reading = Reading {
        files,
        limits: job.limits,
        jobs: job.jobs,
        only_with: None,
    };
    let Found { units, errors } = find(job.inputs, files);
    if !errors.is_empty() {
        let mut linted = Linted::default();
        linted.fail(errors, job.settings);
        tell(linted, None)?;
    }
    let sources = units.iter().filter(|unit| unit.build_copy == BuildCopy::No);
    let everywhere = sources.flat_map(Unit::labels).collect();
    let given = Given {
        files: Some(files),
        elsewhere: configurations(&units).collect(),
        ..Given::default()
    };
    let units: Vec<&Unit> = units
        .iter()
        .filter(|unit| unit.build_copy == BuildCopy::No || job.build_copies == BuildCopies::Include)
        .collect();
    let mut rest = units.as_slice();
    while !rest.is_empty() {
        let together = together(rest.iter().copied(), job.jobs);
        let (now, later) = rest.split_at_checked(together).unwrap_or((rest, &[]));
        // Either several units at the same time, or several packages of one.
        let reading = match now {
            [_] => reading,
            _ => Reading {
                jobs: NonZero::<usize>::MIN,
                ..reading
            },
        };
        let linted = in_parallel(job.jobs, now.len(), |index| {
            let unit = now.get(index)?;
            let (whole, asked) = whole_project(unit);
            let mut open = whole.open(job.inputs, &reading);
            let errors = std::mem::take(&mut open.errors);
            let walk = Walk {
                job,
                given: &given,
                asked: asked.as_ref(),
                files,
            };
            let linted = walk.lint(&whole, &open, errors, &reading, &everywhere);
            Some((linted, open))
        });
        for (linted, open) in linted.into_iter().flatten() {
            tell(linted, Some(&open))?;
        }
        rest = later;
    }
    Ok(())
}

/// The unit with all packages of its project, and the files that were asked for where these are not all.
fn whole_project(unit: &Unit) -> (Unit, Option<BTreeSet<Label>>) {
    let is_project = |expected: Expected| expected == Expected::Kind(FileKind::Project);
    let is_part = unit.candidates.iter().any(|it| it.role == Role::Context);
    let has_project = unit.candidates.iter().any(|it| is_project(it.expected));
    if !is_part || !has_project {
        return (unit.clone(), None);
    }
    let mut whole = unit.clone();
    let asked = unit.candidates.iter().filter(|it| it.role == Role::Asked);
    let asked = asked.map(|it| Label::of_path(&it.path)).collect();
    for candidate in &mut whole.candidates {
        let is_package = matches!(
            candidate.expected,
            Expected::Kind(FileKind::Package | FileKind::PackagePart)
        );
        if is_package {
            candidate.role = Role::Asked;
        }
    }
    (whole, Some(asked))
}

/// One unit on its way.
struct Walk<'u> {
    job: &'u Lint<'u>,
    given: &'u Given<'u>,
    asked: Option<&'u BTreeSet<Label>>,
    files: &'u dyn Files,
}

/// What is left of a file when its document is gone.
struct LookedAt {
    facts: FileFacts,
    findings: Vec<Finding>,
    spots: FileSpots,
}

impl Walk<'_> {
    fn lint(
        &self,
        unit: &Unit,
        open: &OpenUnit,
        mut errors: Vec<ReadError>,
        reading: &Reading<'_>,
        everywhere: &FileNames,
    ) -> Linted {
        let build_copy = unit.build_copy;
        let context = &open.context;
        let values = &UnitValues::new(context, self.given);
        let mut linted = Linted::default();
        let mut facts = Vec::new();
        let mut all_spots = Spots::default();
        let small = context.files.iter().filter(|file| file.role == Role::Asked);
        let small =
            small.map(|file| Ok(self.file(InContext { context, file }, build_copy, values)));
        let small: Vec<Result<LookedAt, ReadError>> = small.collect();
        let packages = open.each(reading, |looked| match looked {
            Looked::Read(at) => Some(Ok(self.file(at, build_copy, values))),
            Looked::Skipped => None,
            Looked::Failed(error) => Some(Err(error)),
        });
        for looked in small.into_iter().chain(packages.into_iter().flatten()) {
            match looked {
                Ok(looked) => {
                    linted.findings.extend(looked.findings);
                    all_spots.extend(&looked.facts.label, looked.spots);
                    facts.push(looked.facts);
                }
                Err(error) => errors.push(error),
            }
        }
        // A project file that was read as context only is looked at by the rules on units, too.
        let labels = facts.iter().map(|file| &file.label);
        linted.files = labels
            .filter(|label| self.is_asked(label))
            .cloned()
            .collect();
        facts.sort_by(|a, b| a.label.cmp(&b.label));
        link_uses(&mut facts);
        let members = open.packages().filter(|label| label.member().is_some());
        let names = unit.labels().chain(members.cloned()).collect();
        link_calls(&mut facts, &names, everywhere);
        let at = InUnit {
            context,
            files: &facts,
            settings: self.job.settings,
            spots: &all_spots,
            is_whole: errors.is_empty()
                && !facts.iter().any(|file| file.is_encrypted)
                && context.of_kind(FileKind::Project).next().is_some(),
        };
        for rule in RULES {
            if let Check::Unit(check) | Check::FileAndUnit(_, check) = rule.check {
                check(
                    &at,
                    &mut UnitFindings {
                        rule,
                        spots: &all_spots,
                        list: &mut linted.findings,
                    },
                );
            }
        }
        errors.retain(|error| self.is_asked(&error.label));
        linted.findings.retain(|it| self.is_asked(&it.file));
        linted.fail(errors, self.job.settings);
        linted.arrange(self.job.settings);
        linted.accept(all_spots.marks().filter(|(file, _, _)| self.is_asked(file)));
        linted
    }

    fn is_asked(&self, label: &Label) -> bool {
        self.asked.is_none_or(|asked| asked.contains(label))
    }

    fn file<'a>(
        &'a self,
        at: InContext<'a>,
        build_copy: BuildCopy,
        unit: &'a UnitValues<'a>,
    ) -> LookedAt {
        let values = PackageValues::new(at, unit);
        let facts = gather_values(&values, build_copy);
        let settings = self.job.settings;
        let files = settings.check_files.then_some(self.files);
        let at = InFile::new(values, settings, files, facts);
        let looks = Looks::new(self.job.excerpts, at.literal_credentials());
        let mut findings = Vec::new();
        let label = &at.file().label;
        if self.is_asked(label) {
            for rule in RULES {
                let (Check::File(check) | Check::FileAndUnit(check, _)) = rule.check else {
                    continue;
                };
                if !settings.is_on(rule, label) {
                    continue;
                }
                check(
                    &at,
                    &mut Findings {
                        rule,
                        at: &at,
                        looks: &looks,
                        list: &mut findings,
                    },
                );
            }
        }
        let spots = spots(&at, &looks);
        LookedAt {
            facts: at.facts,
            findings,
            spots,
        }
    }
}

impl Linted {
    /// Each file that could not be read is a finding.
    fn fail(&mut self, errors: Vec<ReadError>, settings: &Settings) {
        for error in errors {
            if settings.is_on(&rules::sm000_unreadable::RULE, &error.label) {
                self.findings.push(rules::sm000_unreadable::finding(&error));
            }
            self.errors.push(error);
        }
        self.errors.sort_by(|a, b| a.label.cmp(&b.label));
    }

    /// Takes out what the descriptions of objects accept.
    fn accept<'m>(&mut self, marks: impl Iterator<Item = (&'m Label, &'m str, &'static Rule)>) {
        for (file, object, rule) in marks {
            let is_meant =
                |it: &mut Finding| it.file == *file && it.object == object && it.rule == rule;
            let before = self.accepted.len();
            self.accepted.extend(self.findings.extract_if(.., is_meant));
            if self.accepted.len() == before {
                self.unused.push((file.clone(), object.to_owned(), rule));
            }
        }
        self.unused
            .sort_by(|a, b| (&a.0, &a.1, a.2.code).cmp(&(&b.0, &b.1, b.2.code)));
    }

    /// Puts the findings in order, gives equal ones their numbers and applies what the configuration says.
    fn arrange(&mut self, settings: &Settings) {
        self.findings.retain(|it| settings.is_on(it.rule, &it.file));
        for finding in &mut self.findings {
            if let Some(severity) = settings.severity(finding.rule, &finding.file) {
                finding.severity = severity;
            }
        }
        self.findings.sort_by(|a, b| {
            let key = |it: &Finding| {
                it.spot
                    .as_ref()
                    .map(|spot| (spot.place.start, spot.place.end))
            };
            (&a.file, key(a), a.rule.code).cmp(&(&b.file, key(b), b.rule.code))
        });
        let mut seen: BTreeMap<(&str, &Label, &str, &str), usize> = BTreeMap::new();
        let numbers: Vec<usize> = self
            .findings
            .iter()
            .map(|it| {
                let key = (
                    it.rule.code,
                    &it.file,
                    it.object.as_str(),
                    it.property.as_str(),
                );
                let next = seen.entry(key).or_default();
                *next += 1;
                *next - 1
            })
            .collect();
        for (finding, number) in self.findings.iter_mut().zip(numbers) {
            finding.occurrence = number;
            finding.path = settings.path_of(&finding.file);
        }
    }
}
