//! Findings as SARIF 2.1.0, which GitHub, Azure DevOps and editors show.
//!
//! Members of an archive are nested artifacts: their places are inside the member.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use serde::{Serialize, Serializer};
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
    let errors: Vec<Value> = report
        .errors
        .iter()
        .map(|error| json!({ "level": "error", "message": { "text": error.to_string() } }))
        .collect();
    let artifacts = RefCell::default();
    let log = Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [Run {
            tool: json!({ "driver": {
                "name": "dtsx",
                "version": version,
                "rules": rules.iter().map(|(it, _)| rule(it)).collect::<Vec<_>>(),
            } }),
            column_kind: "unicodeCodePoints",
            newline_sequences: ["\r\n", "\n", "\r"],
            invocations: json!([{
                "executionSuccessful": report.errors.is_empty(),
                "toolExecutionNotifications": errors,
            }]),
            results: Results {
                findings: &report.findings,
                rules: &rules,
                artifacts: &artifacts,
            },
            artifacts: &artifacts,
        }],
    };
    serde_json::to_writer_pretty(&mut *out, &log).map_err(io::Error::from)?;
    writeln!(out)
}

#[derive(Serialize)]
struct Log<'r> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'r>; 1],
}

/// The fields are written in this order: results number the files, which are listed behind them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'r> {
    tool: Value,
    column_kind: &'static str,
    newline_sequences: [&'static str; 3],
    invocations: Value,
    results: Results<'r>,
    #[serde(serialize_with = "list")]
    artifacts: &'r RefCell<Artifacts>,
}

/// Results are made one by one while they are written: all of them would take ten times the room of the findings.
struct Results<'r> {
    findings: &'r [Finding],
    rules: &'r [(&'static Rule, usize)],
    artifacts: &'r RefCell<Artifacts>,
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.findings.iter().map(|finding| {
            let mut rules = self.rules.iter();
            let index = rules.position(|(rule, _)| *rule == finding.rule);
            result(
                finding,
                index.unwrap_or(0),
                &mut self.artifacts.borrow_mut(),
            )
        }))
    }
}

fn list<S: Serializer>(artifacts: &&RefCell<Artifacts>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(artifacts.borrow().all.iter().map(Artifact::json))
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
        // A change of a file is said once, with all that is replaced in it.
        let mut replaced: Vec<(Value, Vec<Value>)> = Vec::new();
        for edit in &fix.edits {
            let file = artifacts.location(&edit.file);
            let replacement = json!({
                "deletedRegion": region(edit.place),
                "insertedContent": { "text": edit.content },
            });
            match replaced.iter_mut().find(|(known, _)| *known == file) {
                Some((_, all)) => all.push(replacement),
                None => replaced.push((file, vec![replacement])),
            }
        }
        let changes: Vec<Value> = replaced
            .into_iter()
            .map(|(file, all)| json!({ "artifactLocation": file, "replacements": all }))
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
struct Artifacts {
    all: Vec<Artifact>,
    numbers: BTreeMap<Artifact, usize>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Artifact {
    uri: String,
    parent: Option<usize>,
}

impl Artifacts {
    fn location(&mut self, file: &crate::lint::Label) -> Value {
        let index = self.index(Artifact {
            uri: uri(file.path()),
            parent: None,
        });
        let index = match file.member() {
            Some(member) => self.index(Artifact {
                uri: format!("/{}", encoded(member.as_bytes())),
                parent: Some(index),
            }),
            None => index,
        };
        self.all
            .get(index)
            .map_or(Value::Null, |artifact| artifact.location(index))
    }

    fn index(&mut self, artifact: Artifact) -> usize {
        let next = self.all.len();
        *self.numbers.entry(artifact).or_insert_with_key(|artifact| {
            self.all.push(artifact.clone());
            next
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
fn uri(path: &Path) -> String {
    let bytes = path.as_os_str().as_encoded_bytes();
    let parted: Vec<u8> = match cfg!(windows) {
        true => bytes
            .iter()
            .map(|byte| if *byte == b'\\' { b'/' } else { *byte })
            .collect(),
        // A name may hold it.
        false => bytes.to_owned(),
    };
    match parted.as_slice() {
        // A share names its host.
        [b'/', b'/', ..] if cfg!(windows) => format!("file:{}", encoded(&parted)),
        [b'/', ..] => format!("file://{}", encoded(&parted)),
        [drive, b':', rest @ ..] if cfg!(windows) => {
            format!("file:///{}:{}", char::from(*drive), encoded(rest))
        }
        _ => encoded(&parted),
    }
}

fn encoded(path: &[u8]) -> String {
    let mut text = String::with_capacity(path.len());
    for byte in path {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' | b'!' => {
                text.push(char::from(*byte));
            }
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}
