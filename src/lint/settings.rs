//! What the configuration gives to the engine and to rules.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use globset::GlobSet;

use crate::project::Label;

use super::rule::{Rule, Severity};
use super::suppress::Entry;

/// The settings of a run. The default is every rule at its own severity, and empty lists.
#[derive(Debug, Default)]
pub struct Settings {
    /// Which rules count.
    pub selection: Selection,
    /// How bad what rules find is, by code, where it is not their own severity.
    pub levels: BTreeMap<&'static str, Level>,
    /// What is different for some files; later ones win.
    pub per_path: Vec<PathSettings>,
    /// From which severity on a finding counts for the exit code; `Some(None)` for never.
    pub fail_level: Option<Option<Severity>>,
    /// Where the package is to run.
    pub profile: Profile,
    /// Hosts that must not be used any more.
    pub deny_hosts: Vec<DeniedHost>,
    /// The domains that mail may go to; empty for any. `example.com` means its subdomains too.
    pub allowed_domains: Vec<String>,
    /// The domains that mail may come from; empty for any.
    pub from_domains: Vec<String>,
    /// Whether files that packages name are looked for here.
    pub check_files: bool,
    /// The file of the baseline, where it is not the usual one.
    pub baseline: Option<String>,
    /// Findings that are accepted.
    pub allowed: Vec<Entry>,
    /// What paths in configuration and baseline are relative to.
    pub root: Option<Root>,
}

/// What paths in configuration and baseline are relative to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// The folder of the configuration, absolute.
    pub configuration: PathBuf,
    /// The present folder, absolute, from which the inputs are named.
    pub present: PathBuf,
}

/// Which rules count.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// `None` for all.
    selected: Option<BTreeSet<&'static str>>,
    ignored: BTreeSet<&'static str>,
}

impl Selection {
    /// Only these count.
    pub fn select(&mut self, rules: &[&'static Rule]) {
        self.selected = Some(rules.iter().map(|rule| rule.code).collect());
        self.ignored.clear();
    }

    /// These count too.
    pub fn extend(&mut self, rules: &[&'static Rule]) {
        for rule in rules {
            self.ignored.remove(rule.code);
            if let Some(selected) = &mut self.selected {
                selected.insert(rule.code);
            }
        }
    }

    /// These do not count.
    pub fn ignore(&mut self, rules: &[&'static Rule]) {
        self.ignored.extend(rules.iter().map(|rule| rule.code));
    }

    /// Whether a rule counts.
    pub fn has(&self, rule: &Rule) -> bool {
        let selected = self.selected.as_ref();
        selected.is_none_or(|all| all.contains(rule.code)) && !self.ignored.contains(rule.code)
    }
}

/// What a configuration makes of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// What it finds is as bad as this.
    Is(Severity),
    /// It does not count.
    Off,
}

/// What is different for some files.
#[derive(Debug)]
pub struct PathSettings {
    /// The files, by their paths relative to the configuration.
    pub globs: GlobSet,
    /// Rules that do not count there.
    pub ignore: BTreeSet<&'static str>,
    /// How bad what rules find there is.
    pub levels: BTreeMap<&'static str, Level>,
}

/// A host that must not be used any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeniedHost {
    /// Its name, or a pattern with `*` and `?`.
    pub host: String,
    /// The host to be used instead.
    pub instead: Option<String>,
}

/// Where packages are to run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// On a server of one's own.
    #[default]
    OnPremises,
    /// In the Azure-SSIS integration runtime.
    Azure,
}

impl Settings {
    /// Whether a rule looks at a file.
    pub fn is_on(&self, rule: &Rule, file: &Label) -> bool {
        let mut is_on = self.selection.has(rule) && self.levels.get(rule.code) != Some(&Level::Off);
        for part in self.of_path(file) {
            is_on &= !part.ignore.contains(rule.code);
            match part.levels.get(rule.code) {
                Some(Level::Off) => is_on = false,
                Some(Level::Is(_)) => is_on |= self.selection.has(rule),
                None => {}
            }
        }
        is_on
    }

    /// How bad what a rule finds in a file is, where the configuration says so.
    pub fn severity(&self, rule: &Rule, file: &Label) -> Option<Severity> {
        let mut level = self.levels.get(rule.code);
        for part in self.of_path(file) {
            level = part.levels.get(rule.code).or(level);
        }
        match level {
            Some(Level::Is(severity)) => Some(*severity),
            Some(Level::Off) | None => None,
        }
    }

    /// A file as the configuration sees it, `/` between folders; one outside of its folder by its absolute path.
    pub fn path_of(&self, file: &Label) -> String {
        let Some(root) = &self.root else {
            return file.to_string();
        };
        let path = relative(&root.present.join(file.path()), &root.configuration);
        match file.member() {
            Some(member) => format!("{path}!{member}"),
            None => path,
        }
    }

    /// What is different for a file; what is said of an archive is said of its members.
    fn of_path(&self, file: &Label) -> impl Iterator<Item = &PathSettings> {
        let paths: Vec<PathBuf> = match self.per_path.as_slice() {
            [] => Vec::new(),
            _ => {
                let archive = file.member().map(|_| Label::of_path(file.path()));
                let labels = [Some(file), archive.as_ref()].into_iter().flatten();
                labels.map(|it| self.path_of(it).into()).collect()
            }
        };
        let fits = move |part: &&PathSettings| paths.iter().any(|path| part.globs.is_match(path));
        self.per_path.iter().filter(fits)
    }
}

/// A path as a folder sees it, with `/`; paths outside of the folder stay as they are.
fn relative(path: &Path, folder: &Path) -> String {
    let inside = tidy(path);
    let inside = inside
        .strip_prefix(tidy(folder))
        .map(Path::to_owned)
        .unwrap_or(inside);
    inside.to_string_lossy().replace('\\', "/")
}

/// Without `.` and, where they can be resolved, without `..`.
fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if tidy.file_name().is_some() => {
                tidy.pop();
            }
            other => tidy.push(other),
        }
    }
    tidy
}

/// Where a path leads from a folder, without `.` and, where they can be resolved, without `..`; links are not followed.
pub fn absolute(folder: &Path, path: &Path) -> PathBuf {
    tidy(&folder.join(path))
}
