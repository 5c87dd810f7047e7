//! What a lint run found, for all its formats.

use std::collections::BTreeMap;

use crate::inventory::ReadError;
use crate::lint::{Applicability, Finding, Label, Rule, Severity};

/// What a run found. All formats are written from it.
#[derive(Debug, Default)]
pub struct LintReport {
    /// What is reported, in the order of units, files and places.
    pub findings: Vec<Finding>,
    /// What could not be read.
    pub errors: Vec<ReadError>,
    /// How many files were looked at.
    pub files: usize,
    /// The files that were looked at.
    pub labels: Vec<Label>,
    /// How many findings the configuration and descriptions accept.
    pub accepted: usize,
    /// How many findings the baseline knows.
    pub known: usize,
    /// Suppressions and entries of the baseline that met nothing, a sentence each.
    pub unused: Vec<String>,
    /// From which severity on a finding counts; `None` for never.
    pub fail_level: Option<Severity>,
}

impl LintReport {
    /// How many findings there are of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        let all = self.findings.iter();
        all.filter(|finding| finding.severity == severity).count()
    }

    /// How many findings have a fix of at least this applicability.
    pub fn fixable(&self, least: Applicability) -> usize {
        let fixes = self.findings.iter().filter_map(|it| it.fix.as_ref());
        fixes.filter(|fix| fix.applicability >= least).count()
    }

    /// Whether a finding counts for the exit code.
    pub fn fails(&self) -> bool {
        let level = self.fail_level;
        let mut all = self.findings.iter();
        all.any(|finding| level.is_some_and(|level| finding.severity >= level))
    }

    /// How often each rule found something, the most frequent first.
    pub fn by_rule(&self) -> Vec<(&'static Rule, usize)> {
        let mut counts: BTreeMap<&str, (&'static Rule, usize)> = BTreeMap::new();
        for finding in &self.findings {
            counts
                .entry(finding.rule.code)
                .or_insert((finding.rule, 0))
                .1 += 1;
        }
        let mut counts: Vec<_> = counts.into_values().collect();
        counts.sort_by_key(|(rule, count)| (std::cmp::Reverse(*count), rule.code));
        counts
    }
}

/// The place of a finding as people write it: `etl/Nightly.dtsx:12:40`.
pub(super) fn place(finding: &Finding) -> String {
    match &finding.spot {
        Some(spot) => format!(
            "{}:{}:{}",
            finding.file, spot.place.from.line, spot.place.from.column
        ),
        None => finding.file.to_string(),
    }
}
