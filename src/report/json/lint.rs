//! `dtsx/lint@1`

use std::io;

use schemars::JsonSchema;
use serde::Serialize;

use crate::lint::{self, Applicability, Severity};
use crate::report::lint::LintReport;

use super::common::{ErrorJson, SpanJson};

/// The schema's name.
pub const SCHEMA: &str = "dtsx/lint@1";

/// What a lint run found.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Lint {
    /// `dtsx/lint@1`
    pub schema: &'static str,
    /// What could not be read; each is a finding of SM000 too.
    pub errors: Vec<ErrorJson>,
    /// What was found, in the order of files and places.
    pub findings: Vec<Finding>,
    /// Suppressions and entries of the baseline that met nothing.
    pub unused: Vec<String>,
    /// How much was found.
    pub summary: Summary,
}

/// A finding.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Finding {
    /// The code of the rule.
    pub rule: &'static str,
    /// Its name.
    pub name: &'static str,
    /// `error`, `warning` or `info`.
    pub severity: &'static str,
    /// `high`, or `low` where something outside of the files may make it untrue.
    pub confidence: &'static str,
    /// What is wrong; secrets are `***`.
    pub message: String,
    /// The file; `ARCHIVE!MEMBER` for a member.
    pub path: String,
    /// The bytes of a path that is not Unicode, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_bytes: Option<String>,
    /// The archive that holds it.
    pub member_of: Option<String>,
    /// Other places that belong to it.
    pub related: Vec<Related>,
    /// The object by its property path; empty for the file as a whole.
    pub object: String,
    /// The property of the object.
    pub property: Option<String>,
    /// Where it is.
    pub span: Option<SpanJson>,
    /// The same finding has the same fingerprint when lines have moved.
    pub fingerprint: String,
    /// What would mend it.
    pub fix: Option<Fix>,
}

/// Another place.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Related {
    /// The file.
    pub path: Option<String>,
    /// Where in the file.
    pub span: Option<SpanJson>,
    /// What is there.
    pub message: String,
}

/// What would mend a finding.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Fix {
    /// `safe` or `unsafe`.
    pub applicability: &'static str,
    /// What it does.
    pub title: String,
    /// The edits, of any files.
    pub edits: Vec<Edit>,
}

/// Bytes of a file and the text that takes their place.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Edit {
    /// The file.
    pub path: String,
    /// Offset of the first byte in the file as it is stored.
    pub start: u64,
    /// Offset behind the last.
    pub end: u64,
    /// The new text, in the encoding of the file; secrets are `***`.
    pub content: String,
}

/// How much was found.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Summary {
    /// Files that were looked at.
    pub files: usize,
    /// Findings of severity `error`.
    pub error: usize,
    /// Findings of severity `warning`.
    pub warning: usize,
    /// Findings of severity `info`.
    pub info: usize,
    /// Findings with a fix.
    pub fixable: usize,
    /// Findings that the baseline knows.
    pub known: usize,
    /// Findings that the configuration and descriptions accept.
    pub accepted: usize,
}

/// Writes the report.
///
/// # Errors
///
/// When the output cannot be written.
pub fn write(out: &mut dyn io::Write, report: &LintReport) -> io::Result<()> {
    let findings = report.findings.iter().map(finding).collect();
    let report = Lint {
        schema: SCHEMA,
        errors: report.errors.iter().map(ErrorJson::from).collect(),
        findings,
        unused: report.unused.clone(),
        summary: Summary {
            files: report.files,
            error: report.count(Severity::Error),
            warning: report.count(Severity::Warning),
            info: report.count(Severity::Info),
            fixable: report.fixable(Applicability::Unsafe),
            known: report.known,
            accepted: report.accepted,
        },
    };
    super::common::write(out, &report)
}

fn finding(it: &lint::Finding) -> Finding {
    let related = it.related.iter().map(|related| Related {
        path: related.file.as_ref().map(ToString::to_string),
        span: related.place.map(SpanJson::from),
        message: related.message.clone(),
    });
    let fix = it.fix.as_ref().map(|fix| Fix {
        applicability: fix.applicability.name(),
        title: fix.title.clone(),
        edits: fix
            .edits
            .iter()
            .map(|edit| Edit {
                path: edit.file.to_string(),
                start: edit.place.start,
                end: edit.place.end,
                content: edit.content.clone(),
            })
            .collect(),
    });
    Finding {
        rule: it.rule.code,
        name: it.rule.name,
        severity: it.severity.name(),
        confidence: it.confidence.name(),
        message: it.message.clone(),
        path: it.file.to_string(),
        path_bytes: it.file.path_bytes(),
        member_of: it.file.member_of(),
        related: related.collect(),
        object: it.object.clone(),
        property: Some(it.property.clone()).filter(|it| !it.is_empty()),
        span: it.spot.as_ref().map(|spot| spot.place.into()),
        fingerprint: it.fingerprint(),
        fix,
    }
}
