//! Every place in every format is the one that is meant in the bytes of the file.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::command::{Run, dtsx};
use crate::support::fixtures;

fn lint(format: &str) -> Run {
    dtsx(["lint", "--isolated", "--format", format, "."])
}

/// The text of a file or a member by its label, as another decoder gives it.
fn text_of(label: &str) -> Option<String> {
    let bytes = match label.split_once('!') {
        None => std::fs::read(fixtures().join(label)).ok()?,
        Some((archive, member)) => {
            let file = std::fs::File::open(fixtures().join(archive)).ok()?;
            let mut zip = zip::ZipArchive::new(file).ok()?;
            let names: Vec<String> = zip
                .file_names()
                .map(|name| name.unwrap().into_owned())
                .collect();
            let name = names.iter().find(|it| it.replace("%20", " ") == member)?;
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut zip.by_name(name).ok()?, &mut bytes).ok()?;
            bytes
        }
    };
    String::from_utf8(bytes).ok()
}

/// Lines end at LF, CR LF or CR, columns count code points.
fn offset(text: &str, line: u64, column: u64) -> usize {
    let text = text
        .strip_prefix('\u{feff}')
        .map_or((0, text), |rest| (3, rest));
    let (mark, text) = text;
    let mut starts = vec![0];
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        let is_end = *byte == b'\n' || (*byte == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
        if is_end {
            starts.push(at + 1);
        }
    }
    let start = starts[line as usize - 1];
    let within = text[start..].char_indices().nth(column as usize - 1);
    mark + start + within.map_or(text[start..].len(), |(at, _)| at)
}

#[test]
fn spans_of_json_agree_with_lines_and_columns_in_the_bytes() {
    let report = lint("json").json();
    let findings = report["findings"].as_array().unwrap();
    assert!(findings.len() > 100, "{}", findings.len());
    let (mut seen, mut members) = (0, 0);
    for finding in findings {
        let (Some(text), true) = (
            text_of(finding["path"].as_str().unwrap()),
            finding["span"].is_object(),
        ) else {
            continue;
        };
        let span = &finding["span"];
        let number = |name: &str| span[name].as_u64().unwrap();
        assert_eq!(
            offset(&text, number("line"), number("column")) as u64,
            number("start"),
            "{finding}"
        );
        assert_eq!(
            offset(&text, number("end_line"), number("end_column")) as u64,
            number("end"),
            "{finding}"
        );
        let meant = &text[number("start") as usize..number("end") as usize];
        // Where the message names the value, it stands there.
        if finding["rule"] == "SM030" {
            assert!(
                finding["message"].as_str().unwrap().contains(meant.trim()),
                "{finding}: {meant}"
            );
        }
        seen += 1;
        members += usize::from(finding["member_of"].is_string());
    }
    assert!(seen > 80 && members > 0, "{seen} {members}");
}

#[test]
fn sarif_and_annotations_have_the_places_of_the_json() {
    let report = lint("json").json();
    let sarif = lint("sarif").json();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(results.len(), findings.len());
    let mut fingerprints = BTreeMap::new();
    for (result, finding) in results.iter().zip(findings) {
        let region = &result["locations"][0]["physicalLocation"]["region"];
        let span = &finding["span"];
        assert_eq!(result["ruleId"], finding["rule"]);
        for (ours, theirs) in [
            ("startLine", "line"),
            ("startColumn", "column"),
            ("endLine", "end_line"),
            ("endColumn", "end_column"),
            ("byteOffset", "start"),
        ] {
            assert_eq!(region[ours], span[theirs], "{result}");
        }
        let print = result["partialFingerprints"]["dtsxFinding/v1"]
            .as_str()
            .unwrap();
        let is_new = fingerprints
            .insert(print.to_owned(), finding.to_string())
            .is_none();
        assert!(
            is_new,
            "{finding}: the fingerprint of {}",
            fingerprints[print]
        );
    }
    let github = lint("github").out;
    let azure = lint("azure").out;
    let concise = lint("concise").out;
    for (number, finding) in findings.iter().enumerate() {
        let span = &finding["span"];
        let (path, rule) = (
            finding["path"].as_str().unwrap(),
            finding["rule"].as_str().unwrap(),
        );
        let line = github.lines().nth(number).unwrap();
        assert!(line.contains(&format!("title=dtsx ({rule})")), "{line}");
        if span.is_object() && finding["member_of"].is_null() {
            let place = format!("line={},col={}", span["line"], span["column"]);
            assert!(line.contains(&place), "{line}");
            let line = concise.lines().nth(number).unwrap();
            let place = format!("{path}:{}:{}:", span["line"], span["column"]);
            assert!(line.starts_with(&place), "{line} {place}");
        }
        let line = azure.lines().nth(number).unwrap();
        let is_command = line.starts_with("##vso[task.logissue type=");
        assert_eq!(is_command, finding["severity"] != "info", "{line}");
    }
}

#[test]
fn junit_is_xml_that_counts_itself() {
    let report = lint("json").json();
    let run = lint("junit");
    let document = roxmltree::Document::parse(&run.out).unwrap();
    let root = document.root_element();
    let count = |name: &str| {
        document
            .descendants()
            .filter(|it| it.has_tag_name(name))
            .count()
    };
    assert_eq!(
        root.attribute("tests").unwrap(),
        count("testcase").to_string()
    );
    assert_eq!(
        root.attribute("failures").unwrap(),
        count("failure").to_string()
    );
    let summary = &report["summary"];
    let failing = summary["error"].as_u64().unwrap() + summary["warning"].as_u64().unwrap();
    assert_eq!(count("failure") as u64, failing);
}

#[test]
fn no_format_shows_a_secret() {
    for format in [
        "human", "concise", "json", "sarif", "github", "azure", "junit",
    ] {
        let run = lint(format);
        assert!(!run.shown().contains("planted-"), "{format}");
    }
    let run = dtsx(["lint", "--isolated", "--diff", "--unsafe-fixes", "secrets"]);
    assert!(!run.shown().contains("planted-"), "{}", run.shown());
}

#[test]
fn several_formats_go_to_several_places() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let run = dtsx([
        "lint".to_owned(),
        "--isolated".to_owned(),
        format!("--format=sarif={}", at("out.sarif")),
        format!("--format=junit={}", at("out.xml")),
        "--format=human".to_owned(),
        "demo".to_owned(),
    ]);
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(run.out.contains("demo/Mail.conmgr:8:"), "{}", run.out);
    let sarif: Value =
        serde_json::from_str(&std::fs::read_to_string(at("out.sarif")).unwrap()).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    assert!(
        std::fs::read_to_string(at("out.xml"))
            .unwrap()
            .contains("<testsuites")
    );
}

/// The official schema, as the crate `serde-sarif` ships it.
fn schema() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--offline", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages
        .iter()
        .find(|it| it["name"] == "serde-sarif")
        .unwrap();
    let manifest = PathBuf::from(package["manifest_path"].as_str().unwrap());
    let path = manifest.parent().unwrap().join("src/schema.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn sarif_fits_the_official_schema() {
    let schema = schema();
    let text = schema["title"].as_str().unwrap_or_default().to_owned();
    assert!(text.contains("2.1.0"), "{text}");
    let sarif = lint("sarif");
    let report = sarif.json();
    let mut wrong = Vec::new();
    check(&schema, &schema, &report, "log", &mut wrong);
    assert!(wrong.is_empty(), "{wrong:#?}");
    // It reads as the crate's types, too.
    let typed: serde_sarif::sarif::Sarif = serde_json::from_value(report.clone()).unwrap();
    assert_eq!(typed.runs.len(), 1);
    // A check that cannot fail proves nothing.
    for (pointer, value) in [
        ("/runs/0/results/0/level", Value::from("info")),
        ("/runs/0/columnKind", "codePoints".into()),
        ("/runs/0/results/0/message", "text".into()),
        ("/runs/0/tool", serde_json::json!({})),
        ("/runs/0/results/0/ruleIndex", Value::from(-2)),
    ] {
        let mut spoilt = report.clone();
        *spoilt.pointer_mut(pointer).unwrap() = value;
        let mut wrong = Vec::new();
        check(&schema, &schema, &spoilt, "log", &mut wrong);
        assert!(!wrong.is_empty(), "{pointer}");
    }
}

/// The part of JSON Schema draft 7 that the schema of SARIF uses.
fn check(root: &Value, schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = root.pointer(reference.strip_prefix('#').unwrap()).unwrap();
        return check(root, target, value, at, wrong);
    }
    if let Some(values) = schema["enum"].as_array()
        && !values.contains(value)
    {
        wrong.push(format!("{at}: {value} is none of {values:?}"));
    }
    for (name, all) in [("anyOf", false), ("oneOf", false), ("allOf", true)] {
        let Some(parts) = schema[name].as_array() else {
            continue;
        };
        let fits = |part: &Value| {
            let mut wrong = Vec::new();
            check(root, part, value, at, &mut wrong);
            wrong.is_empty()
        };
        let holds = match all {
            true => parts.iter().all(fits),
            false => parts.iter().any(fits),
        };
        if !holds {
            wrong.push(format!("{at}: does not fit {name}"));
        }
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let is = |kind: &str| match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "null" => value.is_null(),
        other => panic!("{other}"),
    };
    if !kinds.is_empty() && !kinds.iter().any(|kind| is(kind)) {
        return wrong.push(format!("{at}: expected {kinds:?}, found {value}"));
    }
    if let (Some(least), Some(number)) = (schema["minimum"].as_i64(), value.as_i64())
        && number < least
    {
        wrong.push(format!("{at}: {number} is below {least}"));
    }
    if let Some(items) = value.as_array() {
        if let Some(least) = schema["minItems"].as_u64()
            && (items.len() as u64) < least
        {
            wrong.push(format!("{at}: too few"));
        }
        let repeated = items
            .iter()
            .enumerate()
            .any(|(index, it)| items[..index].contains(it));
        if schema["uniqueItems"] == true && items.len() < 500 && repeated {
            wrong.push(format!("{at}: not unique"));
        }
        for (index, item) in items.iter().enumerate() {
            check(
                root,
                &schema["items"],
                item,
                &format!("{at}[{index}]"),
                wrong,
            );
        }
    }
    if let Some(fields) = value.as_object() {
        let required = schema["required"].as_array().into_iter().flatten();
        for name in required.filter_map(Value::as_str) {
            if !fields.contains_key(name) {
                wrong.push(format!("{at}: no {name}"));
            }
        }
        for (name, field) in fields {
            let inside = format!("{at}.{name}");
            match (&schema["properties"][name], &schema["additionalProperties"]) {
                (Value::Null, Value::Bool(false)) => wrong.push(format!("{inside}: not known")),
                (Value::Null, more @ Value::Object(_)) => check(root, more, field, &inside, wrong),
                (Value::Null, _) => {}
                (property, _) => check(root, property, field, &inside, wrong),
            }
        }
    }
}

/// Every `dtsx` command of `docs/ci.md` and of the pre-commit hook is one that the command knows.
#[test]
fn the_commands_of_the_documentation_run() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| std::fs::read_to_string(root.join(name)).unwrap();
    let text = read("docs/ci.md") + &read(".pre-commit-hooks.yaml");
    let mut commands: Vec<&str> = text
        .lines()
        .filter_map(|line| {
            let line = line.trim_start_matches(['-', ' ']);
            let line = line
                .strip_prefix("run: ")
                .or_else(|| line.strip_prefix("script: "))
                .or_else(|| line.strip_prefix("entry: "))?;
            line.strip_prefix("dtsx ")
        })
        .collect();
    commands.extend(["lint --baseline write .", "lint --baseline check ."]);
    assert!(commands.len() >= 7, "{commands:?}");
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(
        fixtures().join("project/Mail.conmgr"),
        folder.path().join("Mail.conmgr"),
    )
    .unwrap();
    for command in commands {
        let mut words: Vec<&str> = command.split(' ').collect();
        if words.last() != Some(&".") {
            words.push("Mail.conmgr");
        }
        let run = crate::command::dtsx_in(folder.path(), &words);
        assert!(run.code <= 1, "{command}: {}", run.err);
    }
    for report in ["dtsx.sarif", "dtsx-lint.xml"] {
        assert!(folder.path().join(report).is_file(), "{report}");
    }
}
