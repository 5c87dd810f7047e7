//! What a dry run makes of every Send Mail task of the corpus.
//!
//! The golden holds nothing of the corpus but hashes of its files: a task is the number of its place in its package, and
//! its outcome is a status with the kind of its reason and SSIS's code. `DTSX_UPDATE_GOLDEN=1` writes it anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::command::{command, finish};
use crate::support::{corpus, files_below};

fn golden() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/snapshots/corpus_dry_run.tsv")
}

#[test]
fn a_dry_run_of_the_corpus_gives_what_it_gave() {
    let Some(corpus) = corpus() else { return };
    // Of one content in several places there may be several outcomes: what lies beside it counts.
    let mut outcomes: BTreeMap<(String, usize), BTreeSet<String>> = BTreeMap::new();
    let mut packages = 0;
    for path in files_below(&corpus) {
        if path
            .extension()
            .is_none_or(|it| !it.eq_ignore_ascii_case("dtsx"))
        {
            continue;
        }
        packages += 1;
        let hash = Sha256::digest(std::fs::read(&path).unwrap());
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let file = path.to_str().unwrap();
        // Those of event handlers too.
        for tasks in [&[][..], &["--task", "*"]] {
            let mut dtsx = command(Path::new("."));
            dtsx.args(["run", file, "--dry-run", "--format", "json"])
                .args(tasks);
            let run = finish(&mut dtsx, None);
            assert!(matches!(run.code, 0..=3), "{file}: {}", run.err);
            let report = run.json();
            if report["schema"] == "dtsx/error@1" {
                let kind = if run.code == 3 {
                    "unreadable"
                } else {
                    "no-task"
                };
                outcomes
                    .entry((hash.clone(), 0))
                    .or_default()
                    .insert(kind.to_owned());
                continue;
            }
            for (at, task) in report["tasks"].as_array().unwrap().iter().enumerate() {
                let text = |field: &str| task[field].as_str().unwrap_or("-").to_owned();
                let outcome = format!("{}/{}/{}", text("status"), text("cause"), text("code"));
                outcomes
                    .entry((hash.clone(), at + 1))
                    .or_default()
                    .insert(outcome);
            }
        }
    }
    assert!(packages > 0);
    let mut text = String::from(
        "# sha256 of a package, number of the task in it, outcomes: status/kind of reason/code\n",
    );
    for ((hash, at), outcomes) in &outcomes {
        let outcomes: Vec<&str> = outcomes.iter().map(String::as_str).collect();
        text.push_str(&format!("{hash}\t{at}\t{}\n", outcomes.join(" ")));
    }
    if std::env::var_os("DTSX_UPDATE_GOLDEN").is_some() {
        std::fs::write(golden(), &text).unwrap();
    }
    let stored = std::fs::read_to_string(golden()).unwrap();
    let stored: BTreeSet<&str> = stored.lines().collect();
    let found: BTreeSet<&str> = text.lines().collect();
    // Another corpus has other files, of which nothing is known here.
    let known: BTreeSet<&str> = stored
        .iter()
        .filter_map(|line| line.split('\t').next())
        .collect();
    let gone: Vec<_> = stored.difference(&found).collect();
    let new: Vec<_> = found
        .difference(&stored)
        .filter(|line| {
            line.split('\t')
                .next()
                .is_some_and(|hash| known.contains(hash))
        })
        .collect();
    assert!(
        gone.is_empty() && new.is_empty(),
        "gone: {gone:#?}\nnew: {new:#?}"
    );
}
