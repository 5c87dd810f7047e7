//! Findings that are known or accepted: suppressions, markers and the baseline.
//!
//! A finding is told by its rule, its file (relative to the configuration), the property path of its object and a
//! number where two are equal; never by its line. Ids of objects are repeated over copied packages, so they only carry
//! an entry over a change of the object's name, and only where exactly one finding of the file has the id.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
    /// The baseline that knows these findings; `path` gives the path of a finding's file relative to the configuration.
    pub fn of(findings: &[Finding], path: impl Fn(&Finding) -> String) -> Baseline {
        let mut entries: Vec<Entry> = findings
            .iter()
            .map(|finding| Entry {
                path: path(finding),
                rule: finding.rule.code.to_owned(),
                object: Some(finding.path()),
                occurrence: (finding.occurrence > 0).then_some(finding.occurrence),
                id: finding.id.clone(),
                reason: None,
            })
            .collect();
        entries.sort();
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
             # mended; `--baseline write` makes it anew.\n{text}"
        )
    }
}

/// Which entries have met a finding.
#[derive(Debug)]
pub struct Entries {
    entries: Vec<Entry>,
    used: Vec<bool>,
    /// By file, which most entries never meet.
    by_path: BTreeMap<String, Vec<usize>>,
}

impl Entries {
    /// None of them has met a finding yet.
    pub fn new(entries: Vec<Entry>) -> Entries {
        let mut by_path: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, entry) in entries.iter().enumerate() {
            by_path
                .entry(entry.path.replace('\\', "/"))
                .or_default()
                .push(index);
        }
        Entries {
            used: vec![false; entries.len()],
            entries,
            by_path,
        }
    }

    /// Takes the findings of one file out that entries mean, and gives them; `path` is that of the file.
    pub fn take(&mut self, path: &str, findings: &mut Vec<Finding>) -> Vec<Finding> {
        let Some(indices) = self.by_path.get(path) else {
            return Vec::new();
        };
        let mut taken: Vec<Finding> = Vec::new();
        let mut unmet = Vec::new();
        for &index in indices {
            let Some(entry) = self.entries.get(index) else {
                continue;
            };
            let met: Vec<Finding> = findings.extract_if(.., |it| entry.means(it)).collect();
            // Another entry may have taken the same.
            let is_used = !met.is_empty() || taken.iter().any(|it| entry.means(it));
            if let Some(used) = self.used.get_mut(index) {
                *used |= is_used;
            }
            if !is_used {
                unmet.push(index);
            }
            taken.extend(met);
        }
        for index in unmet {
            let Some(entry) = self.entries.get(index) else {
                continue;
            };
            let mut same = findings.iter().filter(|it| entry.has_id_of(it));
            if let (Some(only), None) = (same.next(), same.next()) {
                let only = only.clone();
                let is_it = |it: &mut Finding| {
                    it.rule == only.rule
                        && it.path() == only.path()
                        && it.occurrence == only.occurrence
                };
                taken.extend(findings.extract_if(.., is_it));
                if let Some(used) = self.used.get_mut(index) {
                    *used = true;
                }
            }
        }
        taken
    }

    /// The entries that met nothing.
    pub fn unused(&self) -> impl Iterator<Item = &Entry> {
        let all = self.entries.iter().zip(&self.used);
        all.filter(|(_, used)| !**used).map(|(entry, _)| entry)
    }
}

impl Entry {
    fn means(&self, finding: &Finding) -> bool {
        self.rule == finding.rule.code
            && self
                .object
                .as_ref()
                .is_none_or(|it| *it == finding.path() || *it == finding.object)
            && match (self.occurrence, &self.object) {
                (Some(number), _) => number == finding.occurrence,
                // A baseline leaves the number of the first out.
                (None, Some(_)) if self.reason.is_none() => finding.occurrence == 0,
                (None, _) => true,
            }
    }

    fn has_id_of(&self, finding: &Finding) -> bool {
        let same_id = match (&self.id, &finding.id) {
            (Some(a), Some(b)) => crate::package::same_id(a, b),
            _ => false,
        };
        let property = |path: &str| {
            path.rsplit_once(".Properties[")
                .map(|(_, property)| property.trim_end_matches(']').to_owned())
                .unwrap_or_default()
        };
        same_id
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
