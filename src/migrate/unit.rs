//! The walk: units are planned one at a time, and dropped.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::archive;
use crate::effective::{Given, UnitValues};
use crate::project::{
    BuildCopy, File, FileId, Found, Hash, InContext, Inputs, Looked, OpenUnit, ReadError, Reading,
    Role, Unit, find,
};
use crate::xml::Edit;

use super::left::{Left, left};
use super::look::{Group, Look, look};
use super::merge::Merged;
use super::object::project_parameter_readers;
use super::part::Parts;
use super::plan::{ArchivePlan, Conflict, FilePlan, NotChanged, UnitPlan, Warning};
use super::rule::{Needle, Recipe};
use super::version::bump;

/// What a plan may do besides the rules.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// What becomes of stored samples under expressions.
    pub samples: Samples,
    /// What becomes of the versions of packages.
    pub versions: Versions,
    /// Whether what builds left is looked at too.
    pub build_copies: BuildCopies,
}

/// What becomes of stored samples under expressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Samples {
    /// They get the new value where it is known.
    Refresh,
    /// They stay.
    Keep,
}

/// What becomes of `VersionBuild` and `VersionGUID` of changed packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versions {
    /// They stay.
    Keep,
    /// They are raised and renewed; the ids are made from these random bytes.
    Bump([u8; 16]),
}

/// Whether what builds left under `obj` and `bin` is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuildCopies {
    /// It is left alone: the next build makes it anew.
    LeaveAlone,
    /// It is changed too.
    Include,
}

/// How far a plan has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Files that were looked at.
    pub done: usize,
    /// Files that were found; members of archives are found as they are opened.
    pub found: usize,
}

/// Plans the inputs unit by unit; `tell` is given each unit as soon as it is planned, `watch` is told of each file.
///
/// # Errors
///
/// Whatever `tell` gives ends the walk.
pub fn plan<E>(
    inputs: &Inputs,
    recipe: &Recipe,
    options: &Options,
    reading: &Reading<'_>,
    watch: &(dyn Fn(Progress) + Sync),
    mut tell: impl FnMut(UnitPlan) -> Result<(), E>,
) -> Result<(), E> {
    let Found { units, errors } = find(inputs, reading.files);
    if !errors.is_empty() {
        tell(UnitPlan {
            errors,
            ..UnitPlan::default()
        })?;
    }
    let needles = recipe.needles();
    let is_meant = |unit: &&Unit| {
        unit.build_copy == BuildCopy::No || options.build_copies == BuildCopies::Include
    };
    let units: Vec<&Unit> = units.iter().filter(is_meant).collect();
    let planner = Planner {
        inputs,
        recipe,
        options,
        needles: &needles,
        reading,
        given: &Given::default(),
        watch,
        done: AtomicUsize::new(0),
        found: AtomicUsize::new(units.iter().map(|unit| unit.candidates.len()).sum()),
    };
    for unit in units {
        let open = unit.open(inputs, reading);
        if open.archive.is_some() {
            planner.more(open.packages().len() + open.context.files.len());
        }
        tell(planner.unit(open))?;
    }
    Ok(())
}

struct Planner<'p> {
    inputs: &'p Inputs,
    recipe: &'p Recipe,
    options: &'p Options,
    needles: &'p [Needle],
    reading: &'p Reading<'p>,
    given: &'p Given<'p>,
    watch: &'p (dyn Fn(Progress) + Sync),
    done: AtomicUsize,
    found: AtomicUsize,
}

/// What is known of one package when it has been dropped.
#[derive(Default)]
struct PackagePlan {
    file: Option<FilePlan>,
    /// The new bytes of a member; a file on disk is read again when it is written.
    member: Option<(usize, Vec<u8>)>,
    left: Vec<Left>,
    /// What it wants of other files.
    others: Vec<Group>,
    other_edits: Vec<(FileId, Vec<Edit>)>,
    not_changed: Vec<NotChanged>,
    warnings: Vec<Warning>,
    conflicts: Vec<Conflict>,
    matched: Vec<usize>,
    /// Project parameters that it names, and by whom.
    reads: Vec<(String, String)>,
    error: Option<ReadError>,
}

impl Planner<'_> {
    fn unit(&self, open: OpenUnit) -> UnitPlan {
        let mut plan = UnitPlan::default();
        let values = UnitValues::new(&open.context, self.given);
        let parts = match self.recipe.asks_for_files() {
            true => Parts::of(&open, self.reading),
            false => Parts::default(),
        };
        let packages = open.each(self.reading, |looked| {
            let plan = match looked {
                Looked::Read(at) => self.package(at, &values, &parts),
                Looked::Skipped => PackagePlan::default(),
                Looked::Failed(error) => PackagePlan {
                    error: Some(error),
                    ..PackagePlan::default()
                },
            };
            self.looked_at_one();
            plan
        });
        plan.looked_at = packages.len();
        let mut merged: BTreeMap<FileId, Merged> = BTreeMap::new();
        let mut reads: Vec<(String, String)> = Vec::new();
        let mut members: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
        let file_of = |id: FileId| open.context.files.iter().find(|file| file.id == id);
        for package in packages {
            plan.files.extend(package.file);
            members.extend(package.member);
            plan.left.extend(package.left);
            plan.not_changed.extend(package.not_changed);
            plan.warnings.extend(package.warnings);
            plan.conflicts.extend(package.conflicts);
            plan.matched.extend(package.matched);
            plan.errors.extend(package.error);
            reads.extend(package.reads);
            for group in package.others {
                if let Some(file) = file_of(group.file) {
                    merged.entry(file.id).or_default().add(file, group);
                }
            }
            for (id, edits) in package.other_edits {
                if let Some(file) = file_of(id) {
                    merged.entry(id).or_default().add_edits(file, edits);
                }
            }
        }
        let context = &open.context;
        for file in &context.files {
            let at = InContext { context, file };
            self.looked_at_one();
            if file.is_encrypted && file.role == Role::Asked {
                plan.not_changed.push(encrypted(file));
            }
            reads.extend(project_parameter_readers(at));
            if file.is_encrypted || file.role != Role::Asked {
                continue;
            }
            plan.looked_at += 1;
            let Look {
                groups,
                not_changed,
                conflicts,
                matched,
            } = look(at, &values, &parts, self.recipe, self.options);
            plan.not_changed.extend(not_changed);
            plan.conflicts.extend(conflicts);
            plan.matched.extend(matched);
            for group in groups {
                if let Some(file) = file_of(group.file) {
                    merged.entry(file.id).or_default().add(file, group);
                }
            }
        }
        let readers = |name: &str| -> Vec<String> {
            let of_name = reads.iter().filter(|(read, _)| read == name);
            let mut readers: Vec<String> = of_name.map(|(_, reader)| reader.clone()).collect();
            readers.sort();
            readers.dedup();
            readers
        };
        let nothing = Merged::default();
        for file in &context.files {
            let at = InContext { context, file };
            let changes = merged.get(&file.id).unwrap_or(&nothing);
            plan.conflicts.extend(changes.conflicts.iter().cloned());
            if self.is_excluded(file) {
                if !changes.is_empty() {
                    plan.not_changed.push(NotChanged {
                        file: file.label.clone(),
                        object: String::new(),
                        why: "it keeps the value and is excluded".to_owned(),
                        rule: None,
                    });
                }
                continue;
            }
            match changes.plan(at, &self.reading.limits, &readers) {
                Ok(Some((file_plan, after))) => {
                    if let Some(index) = file.member {
                        members.insert(index, after);
                    }
                    plan.files.push(file_plan);
                }
                Ok(None) => {}
                Err(why) => plan.not_changed.push(NotChanged {
                    file: file.label.clone(),
                    object: String::new(),
                    why,
                    rule: None,
                }),
            }
            if file.role == Role::Asked && !file.is_encrypted {
                plan.left.extend(left(at, self.needles, changes.edits()));
            }
        }
        self.archive(&open, &members, &mut plan);
        plan.errors.extend(open.errors);
        plan.files.sort_by(|a, b| a.label.cmp(&b.label));
        plan.left
            .sort_by(|a, b| (&a.file, a.place.start).cmp(&(&b.file, b.place.start)));
        plan.not_changed
            .sort_by(|a, b| (&a.file, &a.object).cmp(&(&b.file, &b.object)));
        plan.not_changed.dedup();
        plan.matched.sort_unstable();
        plan.matched.dedup();
        plan
    }

    /// The archive as it will be; where it cannot be written, nothing of it is planned.
    fn archive(&self, open: &OpenUnit, members: &BTreeMap<usize, Vec<u8>>, plan: &mut UnitPlan) {
        let Some(holder) = open.archive.as_ref().filter(|_| !members.is_empty()) else {
            return;
        };
        match archive::replace(holder.bytes(), members) {
            Ok(after) => {
                plan.archive = Some(ArchivePlan {
                    label: holder.label.clone(),
                    before: holder.hash(),
                    after: Hash::of(&after),
                });
            }
            Err(error) => {
                plan.files.clear();
                plan.not_changed.push(NotChanged {
                    file: holder.label.clone(),
                    object: String::new(),
                    why: error.to_string(),
                    rule: None,
                });
            }
        }
    }

    fn looked_at_one(&self) {
        (self.watch)(Progress {
            done: self.done.fetch_add(1, Ordering::Relaxed) + 1,
            found: self.found.load(Ordering::Relaxed),
        });
    }

    fn more(&self, found: usize) {
        self.found.fetch_add(found, Ordering::Relaxed);
    }

    fn package<'a>(
        &self,
        at: InContext<'a>,
        values: &'a UnitValues<'a>,
        parts: &Parts,
    ) -> PackagePlan {
        let file = at.file;
        let mut plan = PackagePlan::default();
        if file.is_encrypted {
            plan.not_changed.push(encrypted(file));
            return plan;
        }
        plan.reads = project_parameter_readers(at);
        let look = look(at, values, parts, self.recipe, self.options);
        plan.not_changed = look.not_changed;
        plan.conflicts = look.conflicts;
        plan.matched = look.matched;
        let mut own = Merged::default();
        for group in look.groups {
            if group.file == file.id {
                own.add(file, group);
            } else {
                plan.others.push(group);
            }
        }
        if !own.is_empty() {
            self.bump(at, &mut own, &mut plan);
            self.warn_of_checkpoints(at, &mut plan);
        }
        plan.conflicts.append(&mut own.conflicts);
        match own.plan(at, &self.reading.limits, &|_| Vec::new()) {
            Ok(Some((file_plan, after))) => {
                plan.member = file.member.map(|index| (index, after));
                plan.file = Some(file_plan);
            }
            Ok(None) => {}
            Err(why) => plan.not_changed.push(NotChanged {
                file: file.label.clone(),
                object: String::new(),
                why,
                rule: None,
            }),
        }
        plan.left = left(at, self.needles, own.edits());
        plan
    }

    fn bump(&self, at: InContext<'_>, own: &mut Merged, plan: &mut PackagePlan) {
        let (Versions::Bump(seed), Some(package)) = (self.options.versions, at.package()) else {
            return;
        };
        match bump(at, package, seed) {
            Ok(all) => {
                for (id, edits) in all {
                    if id == at.file.id {
                        own.add_edits(at.file, edits);
                    } else {
                        plan.other_edits.push((id, edits));
                    }
                }
            }
            Err(error) => plan.warnings.push(Warning {
                file: at.file.label.clone(),
                message: format!("its version stays: {error}"),
            }),
        }
    }

    fn warn_of_checkpoints(&self, at: InContext<'_>, plan: &mut PackagePlan) {
        let Some(package) = at.package() else { return };
        let object = package.object();
        if object.boolean("SaveCheckpoints") != Some(true) {
            return;
        }
        let file = object.text("CheckpointFileName").unwrap_or_default();
        let named = match file.is_empty() {
            true => String::new(),
            false => format!(" `{file}`"),
        };
        plan.warnings.push(Warning {
            file: at.file.label.clone(),
            message: format!(
                "SaveCheckpoints is on: a checkpoint file{named} of a run that failed before the change keeps old \
                 values of variables, and the package restarts with them; let the run end, or remove that file"
            ),
        });
    }

    fn is_excluded(&self, file: &File) -> bool {
        self.inputs
            .exclude
            .as_ref()
            .is_some_and(|globs| globs.is_match(file.label.path()))
    }
}

fn encrypted(file: &File) -> NotChanged {
    NotChanged {
        file: file.label.clone(),
        object: String::new(),
        why: "it is encrypted as a whole: what it keeps cannot be seen without the key; decrypt it, migrate, encrypt"
            .to_owned(),
        rule: None,
    }
}
