//! Findings that are known or accepted: suppressions, markers and the baseline.
//!
//! A finding is told by its rule, its file (relative to the configuration), the property path of its object and a
//! number where two are equal; never by its line. Ids of objects are repeated over copied packages, so they only carry
//! an entry over a change of the object's name, and only where exactly one finding of the file has the id.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::package::{bare_id, same_id};

use super::finding::Finding;

/// An entry of a baseline, or of `[[lint.allow]]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The file, relative to the configuration.
    pub path: String,
    /// The code of the rule.
    pub rule: String,
    /// The property path of the object, of the property where the finding has one; `None` for all in the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// Which of several equal ones, from 0; `None` for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurrence: Option<usize>,
    /// The id of the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Why it is accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What is known, written by `lint --baseline write`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// The version of the format: 1.
    pub version: u32,
    /// The findings, in the order of their files.
    #[serde(default, rename = "finding")]
    pub findings: Vec<Entry>,
}

/// A baseline cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BaselineError(String);

impl Baseline {
    /// The baseline with these entries, in order and each of them once.
    pub fn with(mut entries: Vec<Entry>) -> Baseline {
        entries.sort();
        entries.dedup();
        Baseline {
            version: 1,
            findings: entries,
        }
    }

    /// Reads a baseline.
    ///
    /// # Errors
    ///
    /// [`BaselineError`] with the place.
    pub fn parse(text: &str) -> Result<Baseline, BaselineError> {
        let baseline: Baseline = toml::from_str(text)
            .map_err(|error| BaselineError(error.to_string().trim_end().to_owned()))?;
        match baseline.version {
            1 => Ok(baseline),
            other => Err(BaselineError(format!(
                "expected a baseline of version 1, found version {other}"
            ))),
        }
    }

    /// The baseline as a file.
    pub fn to_text(&self) -> String {
        let text = toml::to_string(self).unwrap_or_default();
        format!(
            "# Findings that are known: `dtsx lint` does not report them. `dtsx lint --baseline update` takes out what is\n\
             # mended; `--baseline write` adds what is found besides. A `reason` that you write beside one stays.\n{text}"
        )
    }
}

/// What an entry without a number means of several equal findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unnumbered {
    /// All of them, as people write it into a configuration.
    All,
    /// The first: a baseline leaves its number out.
    First,
}

/// Which entries have met a finding.
#[derive(Debug)]
pub struct Entries {
    entries: Vec<Entry>,
    unnumbered: Unnumbered,
    /// What each entry would say now; `None` where it has met nothing.
    met: Vec<Option<Entry>>,
    /// By file, which most entries never meet.
    by_path: BTreeMap<String, Vec<usize>>,
}

impl Entries {
    /// None of them has met a finding yet.
    pub fn new(entries: Vec<Entry>, unnumbered: Unnumbered) -> Entries {
        let mut by_path: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, entry) in entries.iter().enumerate() {
            by_path
                .entry(entry.path.replace('\\', "/"))
                .or_default()
                .push(index);
        }
        Entries {
            met: vec![None; entries.len()],
            entries,
            unnumbered,
            by_path,
        }
    }

    /// Takes the findings of one file out that entries mean, and gives them; `path` is that of the file.
    ///
    /// First those whose object has name and id of the entry, then those that only one object with the id has, at last
    /// those of the same name: where an object was renamed and another has got its name, the entry follows the former.
    pub fn take(&mut self, path: &str, findings: &mut Vec<Finding>) -> Vec<Finding> {
        let Some(indices) = self.by_path.get(path).cloned() else {
            return Vec::new();
        };
        let mut taken = Vec::new();
        // Fixes are found round after round: what an entry met in the last one it meets again.
        let before: Vec<Option<Entry>> = indices
            .iter()
            .map(|index| self.met.get_mut(*index).and_then(Option::take))
            .collect();
        let has_same_id = |entry: &Entry, it: &Finding| entry.has_same_id(it).unwrap_or(true);
        self.take_by_name(&indices, has_same_id, findings, &mut taken);
        for &index in &indices {
            let Some(entry) = self.unmet(index) else {
                continue;
            };
            let mut same = findings.iter().filter(|it| entry.has_id_of(it));
            if let (Some(only), None) = (same.next(), same.next()) {
                let only = only.clone();
                self.carry_to(index, only, findings, &mut taken);
            }
        }
        self.take_by_name(&indices, |_, _| true, findings, &mut taken);
        for (index, before) in indices.into_iter().zip(before) {
            if let Some(met) = self.met.get_mut(index) {
                *met = met.take().or(before);
            }
        }
        taken
    }

    fn take_by_name(
        &mut self,
        indices: &[usize],
        counts: impl Fn(&Entry, &Finding) -> bool,
        findings: &mut Vec<Finding>,
        taken: &mut Vec<Finding>,
    ) {
        for &index in indices {
            let Some(entry) = self.unmet(index) else {
                continue;
            };
            let unnumbered = self.unnumbered;
            let means = |it: &Finding| entry.means(it, unnumbered) && counts(entry, it);
            // Another entry may have taken the same.
            let is_known = taken.iter().any(means);
            let mut now = entry.clone();
            let before = taken.len();
            taken.extend(findings.extract_if(.., |it| means(it)));
            if let (Some(first), Some(_)) = (taken.get(before), &now.id) {
                now.id.clone_from(&first.id);
            }
            if let Some(met) = self.met.get_mut(index)
                && (is_known || taken.len() > before)
            {
                *met = Some(now);
            }
        }
    }

    /// An entry that has met nothing yet.
    fn unmet(&self, index: usize) -> Option<&Entry> {
        let is_unmet = self.met.get(index).is_some_and(Option::is_none);
        self.entries.get(index).filter(|_| is_unmet)
    }

    /// Takes a finding for an entry that knew its object under another name.
    fn carry_to(
        &mut self,
        index: usize,
        only: Finding,
        findings: &mut Vec<Finding>,
        taken: &mut Vec<Finding>,
    ) {
        let is_it = |it: &mut Finding| {
            it.file == only.file
                && it.rule == only.rule
                && it.path() == only.path()
                && it.occurrence == only.occurrence
        };
        taken.extend(findings.extract_if(.., is_it));
        if let (Some(entry), Some(met)) = (self.entries.get(index), self.met.get_mut(index)) {
            *met = Some(Entry {
                object: Some(only.path()),
                path: only.path,
                ..entry.clone()
            });
        }
    }

    /// Takes the findings out that entries of files mean which have got another name: those of the only object with the
    /// id, in files that no entry names. `is_gone` tells whether a file is there no more.
    pub fn take_renamed(
        &mut self,
        is_gone: impl Fn(&str) -> bool,
        findings: &mut Vec<Finding>,
    ) -> Vec<Finding> {
        let mut gone: BTreeMap<&str, bool> = BTreeMap::new();
        let mut lost = Vec::new();
        for (index, entry) in self.entries.iter().enumerate() {
            let is_unmet = self.met.get(index).is_some_and(Option::is_none);
            if is_unmet && entry.id.is_some() {
                let path = entry.path.as_str();
                if *gone.entry(path).or_insert_with(|| is_gone(path)) {
                    lost.push(index);
                }
            }
        }
        if lost.is_empty() {
            return Vec::new();
        }
        let mut by_id: BTreeMap<String, Vec<Finding>> = BTreeMap::new();
        for finding in findings.iter() {
            if let Some(id) = &finding.id
                && !self.by_path.contains_key(&finding.path)
            {
                by_id
                    .entry(bare_id(id).to_ascii_lowercase())
                    .or_default()
                    .push(finding.clone());
            }
        }
        let mut taken = Vec::new();
        for index in lost {
            let Some(entry) = self.unmet(index) else {
                continue;
            };
            let id = entry.id.as_deref().map(bare_id).unwrap_or_default();
            let all = by_id
                .get(&id.to_ascii_lowercase())
                .map(Vec::as_slice)
                .unwrap_or_default();
            let mut same = all.iter().filter(|it| entry.has_id_of(it));
            if let (Some(only), None) = (same.next(), same.next()) {
                self.carry_to(index, only.clone(), findings, &mut taken);
            }
        }
        taken
    }

    /// The entries that met nothing.
    pub fn unused(&self) -> impl Iterator<Item = &Entry> {
        let all = self.entries.iter().zip(&self.met);
        all.filter(|(_, met)| met.is_none()).map(|(entry, _)| entry)
    }

    /// The entries as they would be written now, with the names and ids that objects have got; of those that met nothing
    /// the ones that are not stale.
    pub fn renewed(&self, is_stale: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        let all = self.entries.iter().zip(&self.met);
        all.filter_map(|(entry, met)| match met {
            Some(now) => Some(now.clone()),
            None => (!is_stale(entry)).then(|| entry.clone()),
        })
        .collect()
    }
}

impl Entry {
    /// The entry of a baseline that knows a finding.
    pub fn of(finding: &Finding) -> Entry {
        Entry {
            path: finding.path.clone(),
            rule: finding.rule.code.to_owned(),
            object: Some(finding.path()),
            occurrence: (finding.occurrence > 0).then_some(finding.occurrence),
            id: finding.id.clone(),
            reason: None,
        }
    }

    fn means(&self, finding: &Finding, unnumbered: Unnumbered) -> bool {
        self.rule == finding.rule.code
            && self
                .object
                .as_ref()
                .is_none_or(|it| *it == finding.path() || *it == finding.object)
            && match (self.occurrence, &self.object, unnumbered) {
                (Some(number), _, _) => number == finding.occurrence,
                (None, Some(_), Unnumbered::First) => finding.occurrence == 0,
                (None, _, _) => true,
            }
    }

    /// Whether the object of a finding has the id of the entry; `None` where one of them has none.
    fn has_same_id(&self, finding: &Finding) -> Option<bool> {
        let (Some(a), Some(b)) = (&self.id, &finding.id) else {
            return None;
        };
        Some(same_id(a, b))
    }

    fn has_id_of(&self, finding: &Finding) -> bool {
        let property = |path: &str| {
            path.rsplit_once(".Properties[")
                .map(|(_, property)| property.trim_end_matches(']').to_owned())
                .unwrap_or_default()
        };
        self.has_same_id(finding) == Some(true)
            && self.rule == finding.rule.code
            && self.object.as_deref().map(property) == Some(finding.property.clone())
            && self.occurrence.unwrap_or(0) == finding.occurrence
    }
}

/// The rules that a marker in a description accepts: `dtsx:allow SM014 SM036: the relay knows no TLS`.
///
/// The designer keeps descriptions, where it drops comments.
pub(super) fn marked(description: &str) -> Vec<&str> {
    let mut rules = Vec::new();
    for (at, mark) in description.match_indices(MARK) {
        let rest = description.get(at + mark.len()..).unwrap_or_default();
        let words = rest.split(|c: char| c.is_whitespace() || c == ',');
        for word in words.filter(|word| !word.is_empty()) {
            let bare = word.trim_end_matches([':', ';', '.']);
            if super::rules::rule(bare).is_err() {
                break;
            }
            rules.push(bare);
            if bare.len() < word.len() {
                break;
            }
        }
    }
    rules
}

/// What begins a marker.
pub(super) const MARK: &str = "dtsx:allow ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_name_rules_until_something_else_comes() {
        assert_eq!(
            marked("nightly dtsx:allow SM014, no-timeout: old relay SM016"),
            ["SM014", "no-timeout"]
        );
        assert_eq!(marked("dtsx:allow SM014 because"), ["SM014"]);
        assert!(marked("dtsx:allow because SM014").is_empty());
        assert!(marked("SM014").is_empty());
    }
}
