//! Every place in every format is the one that is meant in the bytes of the file, whatever its encoding, its line ends
//! and its name; decoded and counted here by other means.

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;

use super::outputs::bytes_of;
use crate::command::dtsx_in;
use crate::support::{corpus, fixtures};

const FORMATS: [&str; 7] = [
    "json", "sarif", "github", "azure", "concise", "junit", "human",
];

/// A text with the offsets of its characters in the bytes as they are stored.
struct Text {
    chars: Vec<(usize, char)>,
    /// Indices into the characters.
    lines: Vec<usize>,
    end: usize,
}

impl Text {
    /// `None` where the encoding is one that is not known here.
    fn decode(bytes: &[u8]) -> Option<Text> {
        let chars = match bytes {
            [0xEF, 0xBB, 0xBF, rest @ ..] => utf_8(rest, 3)?,
            [0xFF, 0xFE, rest @ ..] => utf_16(rest, 2, u16::from_le_bytes),
            [0xFE, 0xFF, rest @ ..] => utf_16(rest, 2, u16::from_be_bytes),
            [b'<', 0, ..] => utf_16(bytes, 0, u16::from_le_bytes),
            [0, b'<', ..] => utf_16(bytes, 0, u16::from_be_bytes),
            _ => utf_8(bytes, 0).or_else(|| windows_1252(bytes))?,
        };
        let mut lines = vec![0];
        for (index, (_, c)) in chars.iter().enumerate() {
            let next = chars.get(index + 1).map(|(_, next)| *next);
            if *c == '\n' || (*c == '\r' && next != Some('\n')) {
                lines.push(index + 1);
            }
        }
        let end = bytes.len();
        Some(Text { chars, lines, end })
    }

    fn offset(&self, line: u64, column: u64) -> u64 {
        let index = self.lines[line as usize - 1] + column as usize - 1;
        self.chars.get(index).map_or(self.end, |(at, _)| *at) as u64
    }

    fn between(&self, start: u64, end: u64) -> String {
        let inside = |at: usize| (start..end).contains(&(at as u64));
        let from = self.chars.partition_point(|(at, _)| (*at as u64) < start);
        let all = self.chars[from..].iter();
        all.take_while(|(at, _)| inside(*at))
            .map(|(_, c)| *c)
            .collect()
    }
}

fn utf_8(bytes: &[u8], mark: usize) -> Option<Vec<(usize, char)>> {
    let text = std::str::from_utf8(bytes).ok()?;
    Some(text.char_indices().map(|(at, c)| (mark + at, c)).collect())
}

fn utf_16(bytes: &[u8], mark: usize, read: fn([u8; 2]) -> u16) -> Vec<(usize, char)> {
    let units = bytes.chunks_exact(2).map(|pair| read([pair[0], pair[1]]));
    let mut at = mark;
    char::decode_utf16(units)
        .map(|c| {
            let c = c.unwrap_or(char::REPLACEMENT_CHARACTER);
            let start = at;
            at += 2 * c.len_utf16();
            (start, c)
        })
        .collect()
}

fn windows_1252(bytes: &[u8]) -> Option<Vec<(usize, char)>> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).to_lowercase();
    head.contains("windows-1252").then(|| {
        let (text, _, _) = encoding_rs::WINDOWS_1252.decode(bytes);
        text.chars().enumerate().collect()
    })
}

/// What a run has shown.
#[derive(Default)]
struct Seen {
    findings: usize,
    members: usize,
    edits: usize,
    related: usize,
    /// Of places, how many were compared with the bytes, by the encoding's name.
    compared: usize,
    excerpts: usize,
    several_lines: usize,
    /// The rule and what stands at its place.
    meant: Vec<(String, String, String)>,
}

/// Lints a folder in all formats at once and compares every place of each with the bytes.
fn verify(folder: &Path) -> Seen {
    let reports = tempfile::tempdir().unwrap();
    let file = |format: &str| reports.path().join(format);
    let mut args = vec![
        "lint".to_owned(),
        "--isolated".to_owned(),
        "--quiet".to_owned(),
    ];
    for format in FORMATS {
        args.push(format!("--format={format}={}", file(format).display()));
    }
    args.push(".".to_owned());
    let run = dtsx_in(folder, args);
    assert!(matches!(run.code, 0 | 1 | 3), "{}", run.err);
    let read = |format: &str| std::fs::read_to_string(file(format)).unwrap();
    let json: Value = serde_json::from_str(&read("json")).unwrap();
    let sarif: Value = serde_json::from_str(&read("sarif")).unwrap();
    let findings = json["findings"].as_array().unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(findings.len(), results.len());
    let mut at = Comparison {
        folder,
        texts: HashMap::new(),
        artifacts: &sarif["runs"][0]["artifacts"],
        seen: Seen::default(),
    };
    let texts = ["github", "azure", "concise"].map(read);
    let [github, azure, concise] = texts
        .each_ref()
        .map(|text| text.lines().collect::<Vec<_>>());
    for lines in [&github, &azure, &concise] {
        assert_eq!(lines.len(), findings.len());
    }
    for (index, finding) in findings.iter().enumerate() {
        at.json(finding);
        at.sarif(finding, &results[index]);
        at.github(finding, github[index]);
        at.azure(finding, azure[index]);
        let place = place_of(finding);
        assert!(
            concise[index].starts_with(&format!("{}: ", visible(&place))),
            "{place}: {}",
            concise[index]
        );
        at.seen.findings += 1;
    }
    junit(findings, &read("junit"));
    at.human(findings, &read("human"));
    at.seen
}

fn place_of(finding: &Value) -> String {
    let path = finding["path"].as_str().unwrap();
    match &finding["span"] {
        Value::Null => path.to_owned(),
        span => format!("{path}:{}:{}", span["line"], span["column"]),
    }
}

fn visible(text: &str) -> String {
    dtsx::source::visible(text).into_owned()
}

struct Comparison<'c> {
    folder: &'c Path,
    texts: HashMap<String, Option<Text>>,
    artifacts: &'c Value,
    seen: Seen,
}

impl Comparison<'_> {
    fn text(&mut self, label: &str) -> Option<&Text> {
        let read = || Text::decode(&bytes_of(self.folder, label)?);
        let text = self.texts.entry(label.to_owned()).or_insert_with(read);
        text.as_ref()
    }

    /// Lines, columns and offsets of a place name the same characters.
    fn agree(&mut self, label: &str, lines: [&Value; 4], offsets: [u64; 2], whole: &Value) {
        let [line, column, end_line, end_column] = lines.map(|it| it.as_u64().unwrap());
        let Some(text) = self.text(label) else { return };
        let [start, end] = offsets;
        assert_eq!(text.offset(line, column), start, "{whole}");
        assert_eq!(text.offset(end_line, end_column), end, "{whole}");
        assert!(start <= end && end <= text.end as u64, "{whole}");
        self.seen.compared += 1;
    }

    fn json(&mut self, finding: &Value) {
        let label = finding["path"].as_str().unwrap().to_owned();
        self.span(&label, &finding["span"], finding);
        for related in finding["related"].as_array().unwrap() {
            if let Some(path) = related["path"].as_str() {
                self.span(path, &related["span"], finding);
                self.seen.related += 1;
            }
        }
        let span = &finding["span"];
        if let (Some(start), Some(end)) = (span["start"].as_u64(), span["end"].as_u64())
            && let Some(text) = self.text(&label)
        {
            let meant = text.between(start, end);
            let rule = finding["rule"].as_str().unwrap().to_owned();
            self.seen.several_lines += usize::from(span["line"] != span["end_line"]);
            self.seen.meant.push((label, rule, meant));
        }
        self.seen.members += usize::from(finding["member_of"].is_string());
    }

    fn span(&mut self, label: &str, span: &Value, whole: &Value) {
        if span.is_object() {
            let lines = ["line", "column", "end_line", "end_column"].map(|it| &span[it]);
            let offsets = ["start", "end"].map(|it| span[it].as_u64().unwrap());
            self.agree(label, lines, offsets, whole);
        }
    }

    fn sarif(&mut self, finding: &Value, result: &Value) {
        assert_eq!(result["ruleId"], finding["rule"]);
        let physical = &result["locations"][0]["physicalLocation"];
        self.physical(physical, &finding["path"], &finding["span"], result);
        let related = finding["related"].as_array().unwrap().iter();
        let related: Vec<&Value> = related.filter(|it| it["path"].is_string()).collect();
        let theirs = result["relatedLocations"].as_array();
        assert_eq!(theirs.map_or(0, Vec::len), related.len(), "{result}");
        for (ours, theirs) in related.into_iter().zip(theirs.into_iter().flatten()) {
            self.physical(
                &theirs["physicalLocation"],
                &ours["path"],
                &ours["span"],
                result,
            );
        }
        let mut edits: Vec<(String, u64, u64, String)> = Vec::new();
        for change in result["fixes"][0]["artifactChanges"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let label = self.label(&change["artifactLocation"]);
            let is_new = edits.iter().all(|(known, ..)| *known != label);
            assert!(is_new, "a file is changed once: {result}");
            for replacement in change["replacements"].as_array().unwrap() {
                let region = &replacement["deletedRegion"];
                let (start, end) = self.region(&label, region, result);
                let text = replacement["insertedContent"]["text"].as_str().unwrap();
                edits.push((label.clone(), start, end, text.to_owned()));
            }
        }
        if !edits.is_empty() {
            let ours = finding["fix"]["edits"]
                .as_array()
                .unwrap()
                .iter()
                .map(|edit| {
                    (
                        edit["path"].as_str().unwrap().to_owned(),
                        edit["start"].as_u64().unwrap(),
                        edit["end"].as_u64().unwrap(),
                        edit["content"].as_str().unwrap().to_owned(),
                    )
                });
            let mut ours: Vec<_> = ours.collect();
            ours.sort();
            self.seen.edits += edits.len();
            edits.sort();
            assert_eq!(edits, ours, "{result}");
        }
    }

    fn physical(&mut self, physical: &Value, path: &Value, span: &Value, whole: &Value) {
        let label = self.label(&physical["artifactLocation"]);
        assert_eq!(label, path.as_str().unwrap(), "{whole}");
        assert_eq!(physical["region"].is_object(), span.is_object(), "{whole}");
        if span.is_object() {
            let offsets = self.region(&label, &physical["region"], whole);
            let ours = ["start", "end"].map(|it| span[it].as_u64().unwrap());
            assert_eq!([offsets.0, offsets.1], ours, "{whole}");
        }
    }

    fn region(&mut self, label: &str, region: &Value, whole: &Value) -> (u64, u64) {
        let start = region["byteOffset"].as_u64().unwrap();
        let end = start + region["byteLength"].as_u64().unwrap();
        let lines = ["startLine", "startColumn", "endLine", "endColumn"].map(|it| &region[it]);
        self.agree(label, lines, [start, end], whole);
        (start, end)
    }

    /// The file that an artifact location means; its URI is a relative one.
    fn label(&self, location: &Value) -> String {
        let artifact = &self.artifacts[location["index"].as_u64().unwrap() as usize];
        assert_eq!(artifact["location"]["uri"], location["uri"]);
        let uri = location["uri"].as_str().unwrap();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~/!%".contains(c);
        assert!(uri.chars().all(is_plain), "{uri}");
        match artifact["parentIndex"].as_u64() {
            None => {
                assert_eq!(location["uriBaseId"], "%SRCROOT%");
                decoded(uri)
            }
            Some(parent) => {
                let parent = &self.artifacts[parent as usize]["location"]["uri"];
                let member = uri.strip_prefix('/').unwrap();
                format!("{}!{}", decoded(parent.as_str().unwrap()), decoded(member))
            }
        }
    }

    fn github(&self, finding: &Value, line: &str) {
        let (command, data) = line.strip_prefix("::").unwrap().split_once("::").unwrap();
        let (level, properties) = command.split_once(' ').unwrap();
        let expected = match finding["severity"].as_str().unwrap() {
            "info" => "notice",
            other => other,
        };
        assert_eq!(level, expected);
        let unescaped = |text: &str| {
            let text = text.replace("%0D", "\r").replace("%0A", "\n");
            text.replace("%3A", ":")
                .replace("%2C", ",")
                .replace("%25", "%")
        };
        let properties: HashMap<&str, String> = properties
            .split(',')
            .map(|it| it.split_once('=').unwrap())
            .map(|(name, value)| (name, unescaped(value)))
            .collect();
        let rule = finding["rule"].as_str().unwrap();
        assert_eq!(properties["title"], format!("dtsx ({rule})"));
        let whole = format!(
            "{}: {}",
            place_of(finding),
            finding["message"].as_str().unwrap()
        );
        assert_eq!(unescaped(data), visible(&whole));
        let number = |name: &str| properties.get(name).map(|it| it.parse::<u64>().unwrap());
        let span = &finding["span"];
        // A member has no lines in the repository.
        if finding["member_of"].is_string() || span.is_null() {
            let file = finding["member_of"].as_str().or(finding["path"].as_str());
            assert_eq!(properties["file"], file.unwrap());
            assert_eq!(number("line"), None);
            return;
        }
        assert_eq!(properties["file"], finding["path"].as_str().unwrap());
        assert_eq!(number("line"), span["line"].as_u64());
        assert_eq!(number("endLine"), span["end_line"].as_u64());
        let columns = match span["line"] == span["end_line"] {
            true => [span["column"].as_u64(), span["end_column"].as_u64()],
            false => [None, None],
        };
        assert_eq!([number("col"), number("endColumn")], columns, "{line}");
    }

    fn azure(&self, finding: &Value, line: &str) {
        let whole = format!(
            "{}: {}",
            place_of(finding),
            finding["message"].as_str().unwrap()
        );
        let Some(command) = line.strip_prefix("##vso[task.logissue ") else {
            assert_eq!(finding["severity"], "info");
            assert!(!line.contains("##"), "{line}");
            return;
        };
        let (properties, data) = command.split_once(']').unwrap();
        // As the agent does: the percent sign last.
        let unescaped = |text: &str| {
            let text = text
                .replace("%3B", ";")
                .replace("%0D", "\r")
                .replace("%0A", "\n");
            text.replace("%5D", "]").replace("%AZP25", "%")
        };
        assert_eq!(unescaped(data), visible(&whole));
        let properties: HashMap<&str, String> = properties
            .split_terminator(';')
            .map(|it| it.split_once('=').unwrap())
            .map(|(name, value)| (name, unescaped(value)))
            .collect();
        assert_eq!(properties["type"], finding["severity"].as_str().unwrap());
        assert_eq!(properties["code"], finding["rule"].as_str().unwrap());
        let file = finding["member_of"].as_str().or(finding["path"].as_str());
        assert_eq!(properties["sourcepath"], file.unwrap());
        let span = match &finding["member_of"] {
            Value::Null => &finding["span"],
            _ => &Value::Null,
        };
        for (theirs, ours) in [("linenumber", "line"), ("columnnumber", "column")] {
            let number = properties.get(theirs).map(|it| it.parse::<u64>().unwrap());
            assert_eq!(number, span[ours].as_u64(), "{line}");
        }
    }

    /// The places in their order; where nothing is masked or cut, what the carets mark is what stands in the bytes.
    fn human(&mut self, findings: &[Value], text: &str) {
        let lines: Vec<&str> = text.lines().collect();
        let arrows = lines.iter().enumerate().filter_map(|(index, line)| {
            let place = line.trim_start().strip_prefix("--> ")?;
            // A message can hold anything.
            lines[index - 1].contains("[SM").then_some((index, place))
        });
        let arrows: Vec<(usize, &str)> = arrows.collect();
        assert_eq!(arrows.len(), findings.len());
        for ((index, place), finding) in arrows.into_iter().zip(findings) {
            assert_eq!(place, visible(&place_of(finding)));
            let span = &finding["span"];
            let label = finding["path"].as_str().unwrap();
            let (Some(start), Some(end)) = (span["start"].as_u64(), span["end"].as_u64()) else {
                continue;
            };
            let number = span["line"].to_string();
            let shown = lines[index + 1..].iter().take(3);
            let shown = shown
                .into_iter()
                .find_map(|line| line.strip_prefix(&format!("{number} | ")));
            let carets = lines[index + 1..]
                .iter()
                .take(4)
                .find(|line| line.contains('^'));
            let (Some(shown), Some(carets)) = (shown, carets) else {
                continue;
            };
            let Some(text) = self.text(label) else {
                continue;
            };
            let meant = text.between(start, end);
            let gutter = number.len() + 3;
            let from = carets.chars().position(|c| c == '^').unwrap() - gutter;
            let count = carets.chars().filter(|c| *c == '^').count();
            let marked: String = shown.chars().skip(from).take(count).collect();
            let is_plain = |text: &str| text.chars().all(|c| matches!(c, ' '..='~' | '…'));
            if is_plain(shown) && is_plain(&meant) && !shown.contains("***") && !meant.is_empty() {
                let cut = meant.get(..120).unwrap_or(&meant);
                assert_eq!(marked, cut, "{finding}\n{shown}\n{carets}");
                self.seen.excerpts += 1;
            }
        }
    }
}

fn junit(findings: &[Value], text: &str) {
    let document = roxmltree::Document::parse(text).unwrap();
    let cases = document
        .descendants()
        .filter(|it| it.has_tag_name("testcase"));
    let shown: Vec<String> = cases
        .filter_map(|case| case.first_element_child())
        .map(|it| it.text().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(shown.len(), findings.len());
    let mut wanted: Vec<String> = findings
        .iter()
        .map(|it| format!("{}: {}", place_of(it), it["message"].as_str().unwrap()))
        .map(|text| {
            text.replace(
                |c: char| c.is_control() && !"\n\r\t".contains(c),
                "\u{fffd}",
            )
        })
        .collect();
    let mut shown = shown;
    shown.sort();
    wanted.sort();
    assert_eq!(shown, wanted);
}

fn decoded(uri: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = uri.as_bytes();
    while let [first, after @ ..] = rest {
        match (first, after) {
            (b'%', [a, b, after @ ..]) => {
                let hex = std::str::from_utf8(&[*a, *b]).unwrap().to_owned();
                bytes.push(u8::from_str_radix(&hex, 16).unwrap());
                rest = after;
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn all_places_of_the_fixtures() {
    let seen = verify(&fixtures());
    assert!(seen.findings > 300, "{}", seen.findings);
    assert!(seen.compared > 900, "{}", seen.compared);
    assert!(
        seen.members > 5 && seen.edits > 50,
        "{} {}",
        seen.members,
        seen.edits
    );
    assert!(seen.excerpts > 200, "{}", seen.excerpts);
    assert!(
        seen.related > 20 && seen.several_lines > 0,
        "{} {}",
        seen.related,
        seen.several_lines
    );
}

#[test]
fn all_places_of_the_corpus() {
    let Some(corpus) = corpus() else { return };
    let seen = verify(&corpus);
    assert!(
        seen.compared > seen.findings,
        "{} {}",
        seen.compared,
        seen.findings
    );
    assert!(seen.excerpts > 100, "{}", seen.excerpts);
}

/// A manager whose string stands behind a tab and characters that take one, two, three and four bytes, on one line.
fn manager(line_end: &str) -> String {
    [
        "<?xml version=\"1.0\"?>",
        "<DTS:ConnectionManager xmlns:DTS=\"www.microsoft.com/SqlServer/Dts\"",
        "  DTS:DTSID=\"{9CA6C302-E574-55CA-BE51-16812FFA3A78}\" DTS:CreationName=\"SMTP\"",
        "\tDTS:ObjectName=\"Mäil €😀\"><DTS:ObjectData><!-- é€😀 -->\t<SmtpConnectionManager \
         ConnectionString=\"SmtpServer=relay.example.com;UseWindowsAuthentication=False;EnableSsl=False;\"/>",
        "</DTS:ObjectData></DTS:ConnectionManager>",
    ]
    .join(line_end)
}

#[test]
fn encodings_line_ends_and_names() {
    let folder = tempfile::tempdir().unwrap();
    let le = |text: &str| {
        text.encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<u8>>()
    };
    let be = |text: &str| {
        text.encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect::<Vec<u8>>()
    };
    let mut names = vec![
        "plain",
        "a b#c%41",
        "x,y;z]w!v",
        "ünï 😀",
        "100%",
        "a&b'c",
        "[1]",
    ];
    if cfg!(unix) {
        names.extend(["q:\"r", "new\nline", "c:d", "back\\slash"]);
    }
    for (number, name) in names.iter().enumerate() {
        for (end_name, line_end) in [("cr", "\r"), ("lf", "\n"), ("crlf", "\r\n")] {
            let text = manager(line_end);
            let bytes = match number % 4 {
                0 => text.into_bytes(),
                1 => [b"\xEF\xBB\xBF", text.as_bytes()].concat(),
                2 => [&b"\xFF\xFE"[..], &le(&text)].concat(),
                _ => [&b"\xFE\xFF"[..], &be(&text)].concat(),
            };
            // Each is alone, so that no rule on a folder speaks of several.
            let at = folder.path().join(format!("{name} {end_name}"));
            std::fs::create_dir(&at).unwrap();
            std::fs::write(at.join(format!("{name}.conmgr")), bytes).unwrap();
        }
    }
    let seen = verify(folder.path());
    let meant = |rule: &str| {
        let all = seen.meant.iter().filter(|(_, it, _)| it == rule);
        all.map(|(_, _, meant)| meant.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(meant("SM014"), vec!["False"; names.len() * 3]);
    assert!(seen.edits >= names.len() * 3, "{}", seen.edits);
}
