//! What the report says, held against the files as roxmltree reads them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use roxmltree::{Document, Node};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::command::dtsx;
use crate::fixtures::{decode, manifest, members};
use crate::support::fixtures;

const DTS: &str = "www.microsoft.com/SqlServer/Dts";
const SEND_MAIL: &str = "www.microsoft.com/sqlserver/dts/tasks/sendmailtask";

/// The bytes of a file of the report, `ARCHIVE!MEMBER` too.
pub fn bytes_of(label: &str) -> Vec<u8> {
    match label.split_once('!') {
        None => std::fs::read(fixtures().join(label)).unwrap(),
        Some((archive, member)) => {
            let archive = std::fs::read(fixtures().join(archive)).unwrap();
            let mut reader = zip::ZipArchive::new(std::io::Cursor::new(archive)).unwrap();
            let decoded = |index| {
                let name = reader.name_for_index(index).unwrap().unwrap();
                percent_decoded(&name)
            };
            let index = (0..reader.len()).find(|&index| decoded(index) == member);
            let mut bytes = Vec::new();
            let mut member = reader.by_index(index.expect(label)).unwrap();
            std::io::Read::read_to_end(&mut member, &mut bytes).unwrap();
            bytes
        }
    }
}

fn percent_decoded(name: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = name.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        match (first, after) {
            (b'%', [high, low, after @ ..]) => {
                let digits = [*high, *low];
                let digits = std::str::from_utf8(&digits).unwrap();
                bytes.push(u8::from_str_radix(digits, 16).unwrap());
                rest = after;
            }
            (byte, after) => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// A file that another reader read, and how to count its bytes.
struct Other {
    text: String,
    mark: usize,
    /// Bytes of a UTF-16 unit, or 1 for UTF-8.
    unit: usize,
}

impl Other {
    fn read(label: &str) -> Other {
        let bytes = bytes_of(label);
        let (text, encoding, bom) = decode(&bytes).unwrap();
        let unit = if encoding == "utf-8" { 1 } else { 2 };
        let mark = match (bom, unit) {
            ("no", _) => 0,
            (_, 1) => 3,
            _ => 2,
        };
        Other { text, mark, unit }
    }

    /// The span of a node as the report must give it.
    fn span(&self, node: Node<'_, '_>) -> Value {
        let range = node.range();
        let (line, column) = self.place(range.start);
        let (end_line, end_column) = self.place(range.end);
        serde_json::json!({
            "start": self.offset(range.start), "end": self.offset(range.end),
            "line": line, "column": column, "end_line": end_line, "end_column": end_column,
        })
    }

    fn offset(&self, at: usize) -> usize {
        let before = &self.text[..at];
        self.mark
            + match self.unit {
                1 => before.len(),
                unit => unit * before.encode_utf16().count(),
            }
    }

    fn place(&self, at: usize) -> (usize, usize) {
        let before = self.text[..at].replace("\r\n", "\n").replace('\r', "\n");
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        (
            before.matches('\n').count() + 1,
            before[line_start..].chars().count() + 1,
        )
    }
}

/// A property in both generations.
fn stored(node: Node<'_, '_>, name: &str) -> Option<String> {
    if let Some(value) = node.attribute((DTS, name)) {
        return Some(value.to_owned());
    }
    let property = node.children().find(|child| {
        child.has_tag_name((DTS, "Property")) && child.attribute((DTS, "Name")) == Some(name)
    })?;
    let texts = property.descendants().filter(Node::is_text);
    Some(texts.filter_map(|text| text.text()).collect())
}

fn array<'v>(value: &'v Value, field: &str) -> &'v Vec<Value> {
    value[field].as_array().expect(field)
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field]
        .as_str()
        .unwrap_or_else(|| panic!("{field} of {value}"))
}

fn report() -> Value {
    dtsx(["inspect", "--format", "json", "--include-build", "."]).json()
}

/// The node whose span this is.
fn node_at<'d>(
    other: &Other,
    document: &'d Document<'d>,
    tag: &str,
    span: &Value,
) -> Option<Node<'d, 'd>> {
    let start = span["start"].as_u64().unwrap() as usize;
    document
        .descendants()
        .filter(|node| node.has_tag_name((DTS, tag)))
        .find(|node| other.offset(node.range().start) == start && other.span(*node) == *span)
}

#[test]
fn spans_are_of_the_elements_that_they_say() {
    let (mut managers, mut tasks) = (0, 0);
    for file in array(&report(), "files") {
        let label = text(file, "path");
        let connections = array(file, "connections");
        let mail = array(file, "send_mail_tasks");
        if connections.is_empty() && mail.is_empty() {
            continue;
        }
        let other = Other::read(label);
        let document = Document::parse(&other.text).unwrap();
        for (objects, tag) in [(connections, "ConnectionManager"), (mail, "Executable")] {
            for object in objects {
                let span = &object["span"];
                let node = node_at(&other, &document, tag, span);
                let node = node.unwrap_or_else(|| panic!("{label}: no {tag} at {span}"));
                // A name that holds a secret is shown without it.
                let name = stored(node, "ObjectName").unwrap_or_default();
                let shown = text(object, "name");
                assert!(
                    name == shown || shown.contains("***"),
                    "{label}: {name} is shown as {shown}"
                );
                assert_eq!(
                    stored(node, "DTSID").as_deref(),
                    object["id"].as_str(),
                    "{label}"
                );
                // In bytes, the element begins with its tag.
                let start = usize::try_from(span["start"].as_u64().unwrap()).unwrap();
                let cut: Vec<u8> = bytes_of(label)[start..]
                    .iter()
                    .copied()
                    .filter(|b| *b != 0)
                    .take(40)
                    .collect();
                let cut = String::from_utf8_lossy(&cut);
                let qualified = cut
                    .trim_start_matches('<')
                    .split([' ', '\r', '\n', '>'])
                    .next()
                    .unwrap();
                assert_eq!(qualified.rsplit(':').next(), Some(tag), "{label}: {cut}");
            }
        }
        managers += connections.len();
        tasks += mail.len();
    }
    assert!(
        managers > 80 && tasks > 80,
        "{managers} managers, {tasks} tasks"
    );
}

#[test]
fn every_file_is_told_of_with_as_many_objects_as_the_manifest_says() {
    let report = report();
    let mut found: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for file in array(&report, "files") {
        let label = text(file, "path");
        let smtp = array(file, "connections")
            .iter()
            .filter(|it| it["type"] == "SMTP");
        let tasks = array(file, "send_mail_tasks").len();
        // Those of an archive are those of its members.
        let counted = found.entry(label.split('!').next().unwrap()).or_default();
        counted.0 += smtp.count();
        counted.1 += tasks;
    }
    let errors: BTreeSet<&str> = array(&report, "errors")
        .iter()
        .map(|error| text(error, "path"))
        .collect();
    let mut told = 0;
    for row in manifest() {
        let path = row.path.as_str();
        let found = found.get(path).copied();
        match (row.bad.as_str(), row.kind.as_str()) {
            ("-", "file") => assert_eq!(found, None, "{path}"),
            // The manifest of a project is told of inside of its archive.
            ("-", _) if path.ends_with(".manifest") => assert_eq!(found, None, "{path}"),
            ("-", _) => {
                let expected = (
                    row.smtp_managers.parse().unwrap(),
                    row.sendmail_tasks.parse().unwrap(),
                );
                assert_eq!(found, Some(expected), "{path}");
                told += 1;
            }
            ("encrypted", _) => assert_eq!(found, Some((0, 0)), "{path}"),
            ("archive", _) => assert!(errors.iter().any(|error| error.starts_with(path)), "{path}"),
            _ => assert!(found.is_none() && errors.contains(path), "{path}"),
        }
    }
    assert!(told > 60, "{told}");
}

#[test]
fn hashes_are_those_of_the_bytes() {
    let report = report();
    for file in array(&report, "files") {
        let label = text(file, "path");
        let sum = Sha256::digest(bytes_of(label));
        let sum: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(text(file, "sha256"), sum, "{label}");
    }
}

/// Files that can see each other: a folder, or an archive.
fn unit(label: &str) -> &str {
    match label.split_once('!') {
        Some((archive, _)) => archive,
        None => Path::new(label).parent().unwrap().to_str().unwrap(),
    }
}

fn plain(id: &str) -> String {
    id.trim_matches(['{', '}']).to_lowercase()
}

/// Who is meant by a reference: a manager of the file, or of its project, by id, refId or name.
fn meant<'f>(reference: &str, label: &'f str, managers: &'f [Manager]) -> Option<&'f Manager> {
    let own = |it: &&Manager| it.label == label;
    let project = |it: &&Manager| it.label.ends_with(".conmgr") && unit(&it.label) == unit(label);
    let fits = |it: &&Manager| {
        [it.ref_id.as_str(), it.name.as_str()].contains(&reference)
            || (!reference.is_empty() && plain(&it.id) == plain(reference))
    };
    let mut own = managers.iter().filter(own);
    let mut project = managers.iter().filter(project);
    own.find(fits).or_else(|| project.find(fits))
}

struct Manager {
    label: String,
    id: String,
    ref_id: String,
    name: String,
}

#[test]
fn references_lead_where_another_reader_says() {
    let report = report();
    let files = array(&report, "files");
    let others: Vec<(&str, Other)> = files
        .iter()
        .filter(|file| file["encrypted"] == false && file["kind"] != "deployment-file")
        .map(|file| (text(file, "path"), Other::read(text(file, "path"))))
        .collect();
    let documents: Vec<(&str, &Other, Document<'_>)> = others
        .iter()
        .map(|(label, other)| (*label, other, Document::parse(&other.text).unwrap()))
        .collect();
    let managers: Vec<Manager> = documents
        .iter()
        .flat_map(|(label, _, document)| {
            let nodes = document.descendants().filter(|node| {
                let is_data = node
                    .parent()
                    .is_some_and(|it| it.has_tag_name((DTS, "ObjectData")));
                node.has_tag_name((DTS, "ConnectionManager")) && !is_data
            });
            nodes.map(|node| Manager {
                label: (*label).to_owned(),
                id: stored(node, "DTSID").unwrap_or_default(),
                ref_id: stored(node, "refId").unwrap_or_else(|| "-".to_owned()),
                name: stored(node, "ObjectName").unwrap_or_default(),
            })
        })
        .collect();
    // The report's managers by place, and its Send Mail tasks among their users.
    let mut expected_users: BTreeMap<(String, String), BTreeSet<(String, String)>> =
        BTreeMap::new();
    let (mut found, mut dangling, mut by_name) = (0, 0, 0);
    for file in files {
        let label = text(file, "path");
        let Some((_, other, document)) = documents.iter().find(|(it, ..)| *it == label) else {
            continue;
        };
        for task in array(file, "send_mail_tasks") {
            let node = node_at(other, document, "Executable", &task["span"]).unwrap();
            // Not that of a task in one of its event handlers.
            let own = |it: &Node<'_, '_>| {
                let mut around = it.ancestors().skip(1);
                around.find(|it| it.has_tag_name((DTS, "Executable"))) == Some(node)
            };
            let mut data = node
                .descendants()
                .filter(|it| it.tag_name().name() == "SendMailTaskData");
            let data = data.find(own).unwrap();
            let reference = data
                .attribute((SEND_MAIL, "SMTPServer"))
                .or_else(|| data.attribute("SMTPServer"))
                .unwrap_or_default();
            let connection = &task["connection"];
            match meant(reference, label, &managers) {
                Some(manager) => {
                    assert_eq!(connection["reference"], reference, "{label}");
                    assert_eq!(connection["name"], manager.name, "{label}: {reference}");
                    assert_eq!(
                        connection["found_in"], manager.label,
                        "{label}: {reference}"
                    );
                    let key = (manager.label.clone(), manager.id.clone());
                    let user = (label.to_owned(), text(task, "path").to_owned());
                    expected_users.entry(key).or_default().insert(user);
                    found += 1;
                    by_name += usize::from(plain(&manager.id) != plain(reference));
                }
                None => {
                    assert!(connection["name"].is_null(), "{label}: {connection}");
                    assert!(connection["found_in"].is_null(), "{label}: {connection}");
                    dangling += 1;
                }
            }
        }
    }
    for file in files {
        let label = text(file, "path");
        for manager in array(file, "connections")
            .iter()
            .filter(|it| it["type"] == "SMTP")
        {
            let users: BTreeSet<(String, String)> = array(manager, "used_by")
                .iter()
                .map(|user| {
                    (
                        text(user, "path").to_owned(),
                        text(user, "object").to_owned(),
                    )
                })
                .collect();
            let key = (
                label.to_owned(),
                manager["id"].as_str().unwrap_or_default().to_owned(),
            );
            let expected = expected_users.remove(&key).unwrap_or_default();
            assert_eq!(users, expected, "{label}: {}", manager["name"]);
        }
    }
    // What is left refers to managers of other types.
    let of_others: Vec<_> = expected_users.keys().map(|(label, _)| label).collect();
    assert!(of_others.is_empty(), "{of_others:?}");
    assert!(
        found > 75 && dangling > 3 && by_name >= 3,
        "{found} {dangling} {by_name}"
    );
}

#[test]
fn calls_lead_to_files_of_the_tree() {
    let report = report();
    let mut calls = Vec::new();
    for file in array(&report, "files") {
        for call in array(file, "calls") {
            calls.push((
                text(file, "path"),
                text(call, "package"),
                call["found_in"].as_str(),
            ));
            if let Some(found) = call["found_in"].as_str() {
                let called = text(call, "package").rsplit(['/', '\\']).next().unwrap();
                assert!(found.ends_with(called), "{call}");
                assert!(fixtures().join(found).is_file(), "{call}");
            }
        }
    }
    let parent: Vec<_> = calls
        .iter()
        .filter(|(path, ..)| path.ends_with("Parent.dtsx"))
        .collect();
    let found = |name: &str| {
        parent
            .iter()
            .find(|(_, package, _)| package.ends_with(name))
            .unwrap()
            .2
    };
    assert_eq!(found("Orders.dtsx"), Some("parent-children/Orders.dtsx"));
    assert_eq!(
        found("Customers.dtsx"),
        Some("parent-children/Customers.dtsx")
    );
    assert_eq!(found("Archive.dtsx"), Some("parent-children/Archive.dtsx"));
    assert_eq!(found("Missing.dtsx"), None);
}

#[test]
fn members_of_archives_are_files() {
    let report = report();
    for archive in ["ispac/Etl.ispac", "nine-places/deployed/Estate.ispac"] {
        let files = array(&report, "files").iter();
        let told: BTreeSet<&str> = files
            .filter(|file| file["member_of"] == archive)
            .map(|file| {
                text(file, "path")
                    .strip_prefix(archive)
                    .unwrap()
                    .strip_prefix('!')
                    .unwrap()
            })
            .collect();
        let bytes = std::fs::read(fixtures().join(archive)).unwrap();
        let names: BTreeSet<String> = members(bytes)
            .iter()
            .map(|(name, _)| percent_decoded(name))
            .filter(|name| name != "[Content_Types].xml")
            .collect();
        assert_eq!(
            told,
            names.iter().map(String::as_str).collect(),
            "{archive}"
        );
    }
}
