//! What the formats of `lint` are beside the places in them, which `places` compares.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::command::{Run, command, dtsx, dtsx_in, finish};
use crate::support::fixtures;

fn lint(format: &str) -> Run {
    dtsx(["lint", "--isolated", "--format", format, "."])
}

/// The bytes of a file or a member by its label, as another reader gives them.
pub fn bytes_of(folder: &Path, label: &str) -> Option<Vec<u8>> {
    if let Ok(bytes) = std::fs::read(folder.join(label)) {
        return Some(bytes);
    }
    match label.split_once('!') {
        None => None,
        Some((archive, member)) => {
            let file = std::fs::File::open(folder.join(archive)).ok()?;
            let mut zip = zip::ZipArchive::new(file).ok()?;
            let names: Vec<String> = zip
                .file_names()
                .map(|name| name.unwrap().into_owned())
                .collect();
            let name = names.iter().find(|it| it.replace("%20", " ") == member)?;
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut zip.by_name(name).ok()?, &mut bytes).ok()?;
            Some(bytes)
        }
    }
}

#[test]
fn fingerprints_are_unique_and_stay_when_lines_move() {
    let folder = tempfile::tempdir().unwrap();
    let prints = || {
        let args = ["lint", "--isolated", "--format", "sarif", "."];
        let report = dtsx_in(folder.path(), args).json();
        let results = report["runs"][0]["results"].as_array().unwrap().clone();
        let print = |it: &Value| it["partialFingerprints"]["dtsxFinding/v1"].to_string();
        let line = |it: &Value| {
            let region = &it["locations"][0]["physicalLocation"]["region"];
            region["startLine"].as_u64().unwrap()
        };
        let all = results.iter();
        all.map(|it| (print(it), line(it)))
            .collect::<BTreeMap<_, _>>()
    };
    let source = std::fs::read_to_string(fixtures().join("project/Weekly.dtsx")).unwrap();
    let path = folder.path().join("Weekly.dtsx");
    std::fs::write(&path, &source).unwrap();
    let before = prints();
    let moved = source.replacen("?>", "?>\n\n\n\n", 1);
    std::fs::write(&path, moved).unwrap();
    let after = prints();
    assert!(before.len() > 3, "{before:?}");
    assert!(before.keys().eq(after.keys()), "{before:?} {after:?}");
    for (print, line) in before {
        assert_eq!(after[&print], line + 4);
    }
    let sarif = lint("sarif").json();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let prints = results
        .iter()
        .map(|it| it["partialFingerprints"].to_string());
    assert_eq!(prints.collect::<BTreeSet<_>>().len(), results.len());
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

#[test]
fn reports_go_where_they_can() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::copy(
        fixtures().join("project/Mail.conmgr"),
        at.join("Mail.conmgr"),
    )
    .unwrap();
    let run = |args: &[&str]| dtsx_in(at, [&["lint", "--isolated"], args].concat());
    std::fs::create_dir(at.join("sub")).unwrap();
    for (a, b) in [("o", "o"), ("o", "./o"), ("o", "sub/../o")] {
        let (a, b) = (format!("--format=sarif={a}"), format!("--format=json={b}"));
        let run = run(&[&a, &b, "."]);
        assert_eq!(run.code, 2, "{a} {b}");
        assert!(
            run.err.contains("two reports cannot go into one file"),
            "{}",
            run.err
        );
        assert!(!at.join("o").exists());
    }
    let both = run(&["--format=sarif", "--format=json", "."]);
    assert_eq!(both.code, 2, "{}", both.err);
    let nowhere = run(&["--format=sarif=no-such-folder/o.sarif", "."]);
    assert_eq!((nowhere.code, nowhere.out.as_str()), (4, ""));
    assert!(
        nowhere.err.contains("no-such-folder/o.sarif"),
        "{}",
        nowhere.err
    );
    let source = run(&["--format=json=Mail.conmgr", "."]);
    assert_eq!(source.code, 2, "{}", source.err);
    if cfg!(target_os = "linux") {
        assert_eq!(run(&["--format=sarif=/dev/full", "."]).code, 4);
    }
    // Counts are for people, and no format pretends to hold them.
    for option in ["--statistics", "--diff"] {
        let run = run(&[option, "--format=json", "."]);
        assert_eq!(run.code, 2, "{}", run.err);
        assert!(run.err.contains("text for people"), "{}", run.err);
    }
    let counted = run(&[
        "--statistics",
        "--format=human",
        "--format=json=o.json",
        ".",
    ]);
    assert_eq!(counted.code, 1);
    assert!(counted.out.contains("[*] plaintext-smtp") && at.join("o.json").exists());
}

#[test]
fn colours_are_shown_where_they_are_wanted() {
    let run = |args: &[&str], no_color: bool| {
        let mut command = command(&fixtures());
        command
            .args(["lint", "--isolated", "project/Mail.conmgr"])
            .args(args);
        if no_color {
            command.env("NO_COLOR", "1");
        }
        finish(&mut command, None).out
    };
    assert!(!run(&[], false).contains('\u{1b}'));
    let always = run(&["--color", "always"], true);
    assert!(
        always.contains("\u{1b}["),
        "the option wins over the variable"
    );
    assert!(!run(&["--color", "never"], false).contains('\u{1b}'));
    let plain = anstream::adapter::strip_str(&always).to_string();
    assert_eq!(plain, run(&[], false));
    for format in ["concise", "github", "azure", "sarif", "json", "junit"] {
        let run = run(&["--color", "always", "--format", format], false);
        assert!(!run.contains('\u{1b}'), "{format}");
    }
}

/// What a package says may hold anything that XML can write: a command to the agent, an end of line, what turns the
/// text around.
#[test]
fn what_files_say_commands_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let source = std::fs::read_to_string(fixtures().join("project/Weekly.dtsx")).unwrap();
    let evil = "ops@example.com&#xA;##vso[task.complete result=Succeeded;]&#xD;::error file=x::y&#x85;&#x9B;31m\
                &#x202E;%0A]]&gt;";
    let text = source.replace("ops@example.com", evil);
    std::fs::write(folder.path().join("Weekly.dtsx"), text).unwrap();
    let run = |format: &str| {
        let args = ["lint", "--isolated", "--format", format, "."];
        dtsx_in(folder.path(), args)
    };
    let json = run("json").json();
    let findings = json["findings"].as_array().unwrap();
    let told = findings
        .iter()
        .filter(|it| it["message"].to_string().contains("##vso["));
    assert!(told.count() > 0, "{json}");
    for (format, begin) in [("azure", "##vso[task.logissue "), ("github", "::")] {
        let text = run(format).out;
        assert_eq!(text.lines().count(), findings.len(), "{text}");
        assert!(
            !text.contains(['\u{85}', '\u{9b}', '\u{202e}', '\r']),
            "{text}"
        );
        for line in text.lines() {
            let is_note = line.starts_with("info ") && !line.contains("##");
            assert!(line.starts_with(begin) || is_note, "{line}");
            if format == "azure" && !is_note {
                // The first command of a line is the only one, and it ends at the first bracket.
                assert_eq!(line.matches(']').count(), 1, "{line}");
            }
        }
    }
    for format in ["human", "concise"] {
        let text = run(format).out;
        assert!(!text.contains(['\u{9b}', '\u{202e}', '\r']), "{text}");
    }
    roxmltree::Document::parse(&run("junit").out).unwrap();
}

#[test]
fn long_lines_are_cut_around_what_is_meant() {
    let folder = tempfile::tempdir().unwrap();
    let source = std::fs::read_to_string(fixtures().join("project/Mail.conmgr")).unwrap();
    let long = format!("<!--{}--><SmtpConnectionManager", "x".repeat(300_000));
    let text = source
        .replace("<SmtpConnectionManager", &long)
        .replace("\r\n", " ")
        .replace('\n', " ");
    std::fs::write(folder.path().join("Mail.conmgr"), text).unwrap();
    let args = ["lint", "--isolated", "--select", "SM014", "."];
    let run = dtsx_in(folder.path(), args);
    assert!(
        run.out.lines().all(|line| line.chars().count() < 400),
        "{}",
        run.out.len()
    );
    assert!(
        run.out.contains("EnableSsl=False;") && run.out.contains("^^^^^"),
        "{}",
        run.out
    );
}

/// The official schema, as the crate `serde-sarif` ships it.
pub fn schema() -> Value {
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
    let run = &report["runs"][0];
    // We count columns so, and end lines at CR too, which is not the default.
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let line_ends = serde_json::json!(["\r\n", "\n", "\r"]);
    assert_eq!(run["newlineSequences"], line_ends);
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

/// The part of JSON Schema that the schema of SARIF and that of our configuration use.
pub fn check(root: &Value, schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = root.pointer(reference.strip_prefix('#').unwrap()).unwrap();
        return check(root, target, value, at, wrong);
    }
    if schema.get("const").is_some_and(|only| only != value) {
        wrong.push(format!("{at}: {value} is not {}", schema["const"]));
    }
    if let Some(values) = schema["enum"].as_array()
        && !values.contains(value)
    {
        wrong.push(format!("{at}: {value} is none of {values:?}"));
    }
    if let (Some(pattern), Some(text)) = (schema["pattern"].as_str(), value.as_str()) {
        let fits = match pattern {
            r"\S" => text.contains(|c: char| !c.is_whitespace()),
            // Those of SARIF: dates, languages, GUIDs, of which we write none.
            _ => true,
        };
        if !fits {
            wrong.push(format!("{at}: `{text}` does not fit {pattern}"));
        }
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
            if schema["propertyNames"].is_object() {
                let name = Value::from(name.as_str());
                check(root, &schema["propertyNames"], &name, &inside, wrong);
            }
            match (&schema["properties"][name], &schema["additionalProperties"]) {
                (Value::Null, Value::Bool(false)) => wrong.push(format!("{inside}: not known")),
                (Value::Null, more @ Value::Object(_)) => check(root, more, field, &inside, wrong),
                (Value::Null, _) => {}
                (property, _) => check(root, property, field, &inside, wrong),
            }
        }
    }
}
