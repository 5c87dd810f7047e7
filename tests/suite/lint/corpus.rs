//! Every rule over real and damaged files.
//!
//! `DTSX_UPDATE_COUNTS=1 cargo test lint::corpus` writes `tests/lint-counts.tsv` anew from the corpus.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use dtsx::host::RealFiles;
use dtsx::lint::{BuildCopies, Excerpts, Finding, Lint, RULES, Settings, Tier, lint, rule};
use dtsx::project::{Hash, Inputs, Limits};

use super::rules::findings_in;
use crate::inspect::mutants::mutate;
use crate::memory_files::MemoryFiles;
use crate::support::{Seeded, corpus, files_below, fixtures};

/// What rules need that judge nothing without a configuration.
const EVERY_RULE: &str = r#"
[lint]
profile = "azure"
allowed-domains = ["example.com"]
from-domains = ["example.com"]
[lint.deny-hosts]
"localhost" = "relay.example.com"
"#;

fn findings_below(folder: &Path) -> Vec<Finding> {
    let inputs = Inputs {
        paths: vec![folder.to_owned()],
        ..Inputs::default()
    };
    let settings = Settings::parse(EVERY_RULE).unwrap();
    let job = Lint {
        inputs: &inputs,
        settings: &settings,
        limits: Limits::default(),
        jobs: NonZero::new(2).unwrap(),
        excerpts: Excerpts::LeftOut,
        build_copies: BuildCopies::Include,
    };
    let mut findings = Vec::new();
    lint(&job, &RealFiles, |linted, _| {
        findings.extend(linted.findings);
        Ok::<(), std::convert::Infallible>(())
    })
    .unwrap();
    findings
}

#[test]
fn ten_thousand_damaged_files_bring_no_rule_down() {
    let files: Vec<(String, Vec<u8>)> = files_below(&fixtures())
        .into_iter()
        .filter(|path| crate::support::is_xml(path))
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read(path).unwrap())
        })
        .filter(|(_, bytes)| bytes.len() < 20_000)
        .collect();
    let project: Vec<&(String, Vec<u8>)> = files
        .iter()
        .filter(|(name, _)| {
            name.ends_with("conmgr") || name.ends_with("dtproj") || name.ends_with("params")
        })
        .collect();
    let mut random = Seeded::new(20_261_231);
    let settings = Settings::parse(
        "[lint]\nprofile = \"azure\"\nallowed-domains = [\"x.example\"]\nfrom-domains = [\"x.example\"]\n\
         [lint.deny-hosts]\n\"*\" = \"y.example\"\n",
    )
    .unwrap();
    let mut found = 0;
    let mut number = 0;
    while number < 10_000 {
        // Several files of a unit at a time, so that the rules on units see damage too.
        let folder = MemoryFiles::default();
        folder.put_folder("case");
        let mut kept = Vec::new();
        for _ in 0..25 {
            let (name, original) = match random.below(4) {
                0 => project[random.below(project.len())],
                _ => &files[random.below(files.len())],
            };
            let mut bytes = original.clone();
            mutate(&mut bytes, &mut random);
            let path = format!("case/{number}-{name}");
            folder.put(&path, &bytes);
            kept.push((path, bytes));
            number += 1;
        }
        let outcome = catch_unwind(AssertUnwindSafe(|| findings_in(&folder, &settings)));
        match outcome {
            Ok(findings) => found += findings.len(),
            Err(_) => {
                let at = std::env::temp_dir().join(format!("lint-mutants-{number}"));
                std::fs::create_dir_all(&at).unwrap();
                for (path, bytes) in &kept {
                    std::fs::write(at.join(Path::new(path).file_name().unwrap()), bytes).unwrap();
                }
                panic!("the files are kept in {}", at.display());
            }
        }
    }
    assert!(found > 10_000, "{found}");
}

/// The counts of each rule in each file, by the hash of the file.
fn counts(findings: &[Finding]) -> BTreeMap<(String, &'static str), usize> {
    let mut hashes: BTreeMap<PathBuf, String> = BTreeMap::new();
    let mut counts = BTreeMap::new();
    for finding in findings {
        let path = finding.file.path().to_owned();
        let hash = hashes.entry(path).or_insert_with_key(|path| {
            std::fs::read(path).map_or_else(
                |_| "unread".to_owned(),
                |bytes| Hash::of(&bytes).to_string(),
            )
        });
        *counts.entry((hash.clone(), finding.rule.code)).or_default() += 1;
    }
    counts
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lint-counts.tsv")
}

#[test]
fn counts_of_the_corpus_are_those_that_were_looked_at() {
    let Some(corpus) = corpus() else { return };
    let findings = findings_below(&corpus);
    let mut text = String::from("sha256\trule\tfindings\n");
    for ((hash, rule), count) in counts(&findings) {
        text += &format!("{hash}\t{rule}\t{count}\n");
    }
    if std::env::var_os("DTSX_UPDATE_COUNTS").is_some() {
        std::fs::write(golden(), &text).unwrap();
    }
    let mut by_rule: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in &findings {
        *by_rule.entry(finding.rule.code).or_default() += 1;
    }
    println!("{by_rule:?}");
    let stored = std::fs::read_to_string(golden()).unwrap_or_default();
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (stored, found) = (lines(&stored), lines(&text));
    let gone: Vec<_> = stored
        .iter()
        .filter(|it| !found.contains(it))
        .take(20)
        .collect();
    let new: Vec<_> = found
        .iter()
        .filter(|it| !stored.contains(it))
        .take(20)
        .collect();
    assert!(
        gone.is_empty() && new.is_empty(),
        "DTSX_UPDATE_COUNTS=1 writes them anew, and the difference is to be read; gone {gone:#?}, new {new:#?}"
    );
}

/// A finding that somebody has read in its file.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Judgement {
    sha256: String,
    rule: String,
    /// See [`object_of`].
    object: String,
    is_true: bool,
    why: String,
}

/// The rule, the hash of the file and the object of a finding.
type Found = (&'static str, String, String);

/// What tells the findings of a rule in a file apart, without their content: the first digits of a hash of the
/// member, the property path, and the number among those of the same path.
fn object_of(finding: &Finding) -> String {
    let member = finding.file.member().unwrap_or_default();
    let key = format!("{member}\n{}\n{}", finding.path(), finding.occurrence);
    let mut digits = Hash::of(key.as_bytes()).to_string();
    digits.truncate(12);
    digits
}

/// The findings, each once however many copies of its file there are.
fn distinct(findings: &[Finding]) -> BTreeSet<Found> {
    let mut hashes: BTreeMap<&Path, String> = BTreeMap::new();
    let found = findings.iter().filter_map(|finding| {
        let path = finding.file.path();
        let hash = match hashes.get(path) {
            Some(hash) => hash.clone(),
            None => {
                let hash = Hash::of(&std::fs::read(path).ok()?).to_string();
                hashes.insert(path, hash.clone());
                hash
            }
        };
        Some((finding.rule.code, hash, object_of(finding)))
    });
    found.collect()
}

#[derive(serde::Deserialize)]
struct Judgements {
    judgement: Vec<Judgement>,
}

fn judgements() -> Vec<Judgement> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judgements.toml");
    let text = std::fs::read_to_string(path).unwrap();
    toml::from_str::<Judgements>(&text).unwrap().judgement
}

#[test]
fn judgements_name_rules_and_say_why() {
    let all = judgements();
    assert!(all.len() > 20, "{}", all.len());
    for judgement in &all {
        assert!(rule(&judgement.rule).is_ok(), "{}", judgement.rule);
        assert!(judgement.sha256.len() == 64 && !judgement.why.is_empty());
        assert!(!judgement.object.is_empty());
    }
}

/// What was read as true is found at this very object, what was read as false is mended and found no more, and of each
/// rule enough was read: five findings of the first tier and two of the second, where there are as many.
#[test]
fn findings_that_were_judged_true_are_still_found_no_false_one_is_and_they_are_enough() {
    let Some(corpus) = corpus() else { return };
    let found = distinct(&findings_below(&corpus));
    let files: BTreeSet<String> = files_below(&corpus)
        .iter()
        .map(|path| Hash::of(&std::fs::read(path).unwrap()).to_string())
        .collect();
    let (mut judged, mut mended) = (BTreeSet::new(), BTreeSet::new());
    for judgement in judgements() {
        let rule = rule(&judgement.rule).unwrap();
        // A file that is not there would let every false finding pass.
        assert!(files.contains(&judgement.sha256), "{}", judgement.sha256);
        let key = (rule.code, judgement.sha256, judgement.object);
        let is_found = found.contains(&key);
        assert_eq!(is_found, judgement.is_true, "{key:?}: {}", judgement.why);
        let of_its_kind = match judgement.is_true {
            true => &mut judged,
            false => &mut mended,
        };
        assert!(of_its_kind.insert(key), "judged twice: {}", judgement.why);
    }
    for rule in RULES {
        let count = |all: &BTreeSet<Found>| all.iter().filter(|it| it.0 == rule.code).count();
        let wanted = match rule.tier {
            Tier::First => 5,
            Tier::Second => 2,
        };
        let wanted = count(&found).min(wanted);
        assert!(count(&judged) >= wanted, "{rule}: {wanted} are to be read");
    }
}
