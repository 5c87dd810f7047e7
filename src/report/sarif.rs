//! Findings as SARIF 2.1.0, which GitHub, Azure DevOps and editors show.
//!
//! Members of an archive are nested artifacts: their places are inside the member.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::inventory::Place;
use crate::lint::{Category, Finding, FixEdit, Related, Rule, Severity};

use super::lint::LintReport;

/// The schema of SARIF 2.1.0.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// Writes the report.
///
/// # Errors
///
/// When the output cannot be written.
pub fn write(out: &mut dyn Write, report: &LintReport, version: &str) -> io::Result<()> {
    let rules: Vec<(&'static Rule, usize)> = {
        let mut rules = report.by_rule();
        rules.sort_by_key(|(rule, _)| rule.code);
        rules
    };
    let mut artifacts = Artifacts::default();
    let results: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| {
            let index = rules.iter().position(|(rule, _)| *rule == finding.rule);
            result(finding, index.unwrap_or(0), &mut artifacts)
        })
        .collect();
    let errors: Vec<Value> = report
        .errors
        .iter()
        .map(|error| json!({ "level": "error", "message": { "text": error.to_string() } }))
        .collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "dtsx",
                "version": version,
                "rules": rules.iter().map(|(it, _)| rule(it)).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": report.errors.is_empty(),
                "toolExecutionNotifications": errors,
            }],
            "artifacts": artifacts.0.iter().map(Artifact::json).collect::<Vec<_>>(),
            "results": results,
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &log).map_err(io::Error::from)?;
    writeln!(out)
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn rule(rule: &Rule) -> Value {
    let mut properties = json!({
        "tags": [rule.category.name()],
        "precision": "high",
    });
    if rule.category == Category::Security {
        let score = match rule.severity {
            Severity::Error => "8.0",
            Severity::Warning => "5.0",
            Severity::Info => "2.0",
        };
        properties["security-severity"] = score.into();
        properties["tags"] = json!(["security"]);
    }
    let page = rule.documentation();
    let mut value = json!({
        "id": rule.code,
        "name": pascal(rule.name),
        "shortDescription": { "text": rule.summary() },
        "fullDescription": { "text": rule.summary() },
        "help": { "text": page, "markdown": page },
        "defaultConfiguration": { "level": level(rule.severity) },
        "properties": properties,
    });
    if let Some(reference) = rule.reference() {
        value["helpUri"] = reference.into();
    }
    value
}

/// SARIF's names of rules are written in one.
fn pascal(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let mut letters = word.chars();
        let first = letters.next().map(|c| c.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    words.collect()
}

fn result(finding: &Finding, rule_index: usize, artifacts: &mut Artifacts) -> Value {
    let place = finding.spot.as_ref().map(|spot| spot.place);
    let mut location = json!({
        "physicalLocation": physical(&finding.file, place, artifacts),
    });
    if !finding.object.is_empty() {
        location["logicalLocations"] = json!([{
            "fullyQualifiedName": finding.path(),
            "kind": "member",
        }]);
    }
    let related: Vec<Value> = finding
        .related
        .iter()
        .filter_map(|related| related_location(related, artifacts))
        .collect();
    let mut value = json!({
        "ruleId": finding.rule.code,
        "ruleIndex": rule_index,
        "level": level(finding.severity),
        "message": { "text": finding.message },
        "locations": [location],
        "partialFingerprints": { "dtsxFinding/v1": finding.fingerprint() },
        "properties": { "confidence": finding.confidence.name() },
    });
    if !related.is_empty() {
        value["relatedLocations"] = related.into();
    }
    let edits = finding.fix.as_ref().filter(|fix| {
        let is_member = |edit: &FixEdit| edit.file.member().is_some();
        // What is masked or inside of an archive nobody can carry out by this report.
        !fix.edits.is_empty()
            && !fix
                .edits
                .iter()
                .any(|edit| edit.is_masked || is_member(edit))
    });
    if let Some(fix) = edits {
        let changes: Vec<Value> = fix
            .edits
            .iter()
            .map(|edit| {
                json!({
                    "artifactLocation": artifacts.location(&edit.file),
                    "replacements": [{
                        "deletedRegion": region(edit.place),
                        "insertedContent": { "text": edit.content },
                    }],
                })
            })
            .collect();
        value["fixes"] = json!([{
            "description": { "text": fix.title },
            "artifactChanges": changes,
        }]);
    }
    value
}

fn related_location(related: &Related, artifacts: &mut Artifacts) -> Option<Value> {
    let file = related.file.as_ref()?;
    Some(json!({
        "physicalLocation": physical(file, related.place, artifacts),
        "message": { "text": related.message },
    }))
}

fn physical(file: &crate::lint::Label, place: Option<Place>, artifacts: &mut Artifacts) -> Value {
    let mut value = json!({ "artifactLocation": artifacts.location(file) });
    if let Some(place) = place {
        value["region"] = region(place);
    }
    value
}

fn region(place: Place) -> Value {
    json!({
        "startLine": place.from.line,
        "startColumn": place.from.column,
        "endLine": place.to.line,
        "endColumn": place.to.column,
        "byteOffset": place.start,
        "byteLength": place.end - place.start,
    })
}

/// The files of a report, by number.
#[derive(Default)]
struct Artifacts(Vec<Artifact>);

struct Artifact {
    uri: String,
    parent: Option<usize>,
}

impl Artifacts {
    fn location(&mut self, file: &crate::lint::Label) -> Value {
        let on_disk = uri(&file.member_of().unwrap_or(file.to_string()));
        let index = self.index(on_disk, None);
        let index = match file.member() {
            Some(member) => self.index(format!("/{}", uri(member)), Some(index)),
            None => index,
        };
        self.0
            .get(index)
            .map_or(Value::Null, |artifact| artifact.location(index))
    }

    fn index(&mut self, uri: String, parent: Option<usize>) -> usize {
        let known = self
            .0
            .iter()
            .position(|it| it.uri == uri && it.parent == parent);
        known.unwrap_or_else(|| {
            self.0.push(Artifact { uri, parent });
            self.0.len() - 1
        })
    }
}

impl Artifact {
    fn location(&self, index: usize) -> Value {
        let is_relative = self.parent.is_none() && !self.uri.starts_with("file:");
        let mut location = json!({ "uri": self.uri, "index": index });
        if is_relative {
            location["uriBaseId"] = "%SRCROOT%".into();
        }
        location
    }

    fn json(&self) -> Value {
        let is_relative = self.parent.is_none() && !self.uri.starts_with("file:");
        let mut value = json!({ "location": { "uri": self.uri } });
        if is_relative {
            value["location"]["uriBaseId"] = "%SRCROOT%".into();
        }
        if let Some(parent) = self.parent {
            value["parentIndex"] = parent.into();
        }
        value
    }
}

/// A path as a URI reference: relative where the path is.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    let path = path.replace('\\', "/");
    let is_drive = path.chars().nth(1) == Some(':');
    if path.starts_with('/') {
        uri.push_str("file://");
    } else if is_drive {
        uri.push_str("file:///");
    }
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b'!' => {
                uri.push(char::from(byte));
            }
            b':' if is_drive => uri.push(':'),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}
