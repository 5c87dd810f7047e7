//! Every rule over its cases, and what is true of all rules.

use std::collections::BTreeSet;
use std::num::NonZero;
use std::path::{Path, PathBuf};

use dtsx::lint::{BuildCopies, Confidence, Excerpts, Finding, Lint, RULES, Rule, Settings, lint};
use dtsx::project::{Inputs, Limits};

use super::case::{Case, Expected};
use crate::memory_files::MemoryFiles;
use crate::support::{files_below, fixtures};

/// The cases of a rule.
pub fn cases(rule: &Rule) -> Vec<PathBuf> {
    let folder = fixtures().join("lint").join(rule.code);
    assert!(folder.is_dir(), "{}: it has no cases", rule.code);
    let files = files_below(&folder).into_iter();
    files
        .filter(|path| path.extension().is_some_and(|it| it == "case"))
        .collect()
}

/// The files of a case, below `case/`.
pub fn files_of(case: &Case) -> MemoryFiles {
    let files = MemoryFiles::default();
    for (name, text) in &case.files {
        let path = Path::new("case").join(name);
        files.put_folder(path.parent().unwrap());
        files.put(path, text);
    }
    files
}

/// What a `dtsx.toml` of the case says.
pub fn settings_of(case: &Case) -> Settings {
    match case.files.get("dtsx.toml") {
        Some(text) => {
            Settings::parse(text).unwrap_or_else(|error| panic!("{}: {error}", case.name))
        }
        None => Settings::default(),
    }
}

/// All findings below `case/`.
pub fn findings_in(files: &MemoryFiles, settings: &Settings) -> Vec<Finding> {
    let inputs = Inputs {
        paths: vec![PathBuf::from("case")],
        ..Inputs::default()
    };
    let job = Lint {
        inputs: &inputs,
        settings,
        limits: Limits::default(),
        jobs: NonZero::<usize>::MIN,
        excerpts: Excerpts::Wanted,
        build_copies: BuildCopies::LeaveAlone,
    };
    let mut findings = Vec::new();
    lint(&job, files, |linted, _| {
        findings.extend(linted.findings);
        Ok::<(), std::convert::Infallible>(())
    })
    .unwrap();
    findings
}

fn found(finding: &Finding) -> Expected {
    let place = finding.spot.as_ref().map(|spot| spot.place);
    Expected {
        file: finding
            .file
            .to_string()
            .trim_start_matches("case/")
            .to_owned(),
        start: place.map_or(0, |place| place.start as usize),
        end: place.map_or(0, |place| place.end as usize),
        severity: Some(finding.severity),
    }
}

#[test]
fn every_rule_finds_what_its_cases_mark_and_nothing_else() {
    let mut wrong = Vec::new();
    for rule in RULES {
        let mut kinds = BTreeSet::new();
        for path in cases(rule) {
            let case = Case::read(&path);
            let kind = ["bad", "good", "edge"]
                .into_iter()
                .find(|kind| case.name.starts_with(kind))
                .unwrap_or_else(|| panic!("{}: bad, good or edge?", path.display()));
            kinds.insert(kind);
            assert_eq!(
                kind == "bad",
                kind == "bad" && !case.expected.is_empty(),
                "{}: bad cases mark what must be found",
                path.display()
            );
            assert!(
                kind != "good" || case.expected.is_empty(),
                "{}: nothing is found in good cases",
                path.display()
            );
            let findings = findings_in(&files_of(&case), &settings_of(&case));
            let findings: Vec<&Finding> = findings.iter().filter(|it| it.rule == *rule).collect();
            let mut seen: Vec<Expected> = findings.iter().map(|it| found(it)).collect();
            let mut expected = case.expected.clone();
            seen.sort();
            expected.sort();
            let fits = seen.len() == expected.len()
                && seen.iter().zip(&expected).all(|(seen, expected)| {
                    (&seen.file, seen.start, seen.end)
                        == (&expected.file, expected.start, expected.end)
                        && expected.severity.is_none_or(|it| Some(it) == seen.severity)
                });
            if !fits {
                let shown = |it: &Expected| {
                    let text = case.files.get(&it.file).map_or("", String::as_str);
                    let piece = text.get(it.start..it.end).unwrap_or("?");
                    format!(
                        "{}: {}..{} `{piece}` {:?}",
                        it.file, it.start, it.end, it.severity
                    )
                };
                wrong.push(format!(
                    "{}/{}: expected {:#?}, found {:#?}",
                    rule.code,
                    case.name,
                    expected.iter().map(shown).collect::<Vec<_>>(),
                    seen.iter().map(shown).collect::<Vec<_>>(),
                ));
            }
        }
        if kinds.len() < 3 {
            wrong.push(format!("{}: has only {kinds:?}", rule.code));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn codes_ascend_and_names_are_kebab_case() {
    let codes: Vec<&str> = RULES.iter().map(|rule| rule.code).collect();
    assert!(codes.is_sorted(), "{codes:?}");
    let names: BTreeSet<&str> = RULES.iter().map(|rule| rule.name).collect();
    assert_eq!(names.len(), RULES.len());
    for rule in RULES {
        let is_kebab = |c: char| c.is_ascii_lowercase() || c == '-' || c.is_ascii_digit();
        assert!(rule.name.chars().all(is_kebab), "{rule}");
        assert!(
            rule.code.len() == 5 && rule.code.starts_with("SM"),
            "{rule}"
        );
    }
}

#[test]
fn every_page_has_the_parts_that_pages_have() {
    for rule in RULES {
        let summary = rule.summary();
        assert!(!summary.is_empty() && !summary.ends_with('.'), "{rule}");
        let page = rule.documentation();
        let mut wanted = vec!["What it does", "Why it matters", "Example", "Instead"];
        if rule.fix.is_some() {
            wanted.push("Fix");
        }
        wanted.push("References");
        let parts: Vec<&str> = page
            .lines()
            .filter_map(|line| line.strip_prefix("## "))
            .collect();
        assert_eq!(parts, wanted, "{rule}");
        assert!(rule.reference().is_some(), "{rule}: refers to no page");
        let lines = page.lines().filter(|line| !line.contains("https://"));
        for line in lines {
            assert!(line.chars().count() <= 120, "{rule}: {line}");
        }
    }
}

/// What a deployed project may be given another value for is doubtful; what it merely offers is not.
#[test]
fn a_value_behind_a_parameter_is_less_sure_than_a_stored_one() {
    let confidence = |case: &str| {
        let case = Case::read(&fixtures().join(case));
        let findings = findings_in(&files_of(&case), &settings_of(&case)).into_iter();
        let mut of_rule = findings.filter(|it| it.rule.code == "SM032");
        let finding = of_rule.next().expect("a finding of SM032");
        (finding.confidence, finding.message)
    };
    let (sure, _) = confidence("lint/SM032/bad.case");
    assert_eq!(sure, Confidence::High);
    let (doubtful, message) = confidence("lint/SM032/edge2.case");
    assert_eq!(doubtful, Confidence::Low);
    assert!(
        message.contains("SSISDB parameter Smtp may have another value"),
        "{message}"
    );
    // The expression is named by the property that it is on.
    let (_, message) = confidence("lint/SM032/edge3.case");
    assert!(
        message.contains("by the expression on `ConnectionString`"),
        "{message}"
    );
}
