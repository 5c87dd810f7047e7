//! The pages of the rules are what the rules say.
//!
//! `DTSX_UPDATE_RULES=1 cargo test lint_rules` writes them anew.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use dtsx::lint::RULES;
use dtsx::report::human::lint::{counts, index, page};

use crate::command::dtsx;
use crate::support::files_below;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn is_or_becomes(path: &Path, text: &str) {
    if std::env::var_os("DTSX_UPDATE_RULES").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let stored = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        stored == text,
        "{}: write it anew with DTSX_UPDATE_RULES=1",
        path.display()
    );
}

#[test]
fn lint_rules_have_pages_and_the_readme_counts_them() {
    let folder = root().join("docs/rules");
    let mut known = BTreeSet::from([folder.join("README.md")]);
    is_or_becomes(&folder.join("README.md"), &index());
    for rule in RULES {
        let path = folder.join(format!("{}.md", rule.code));
        is_or_becomes(&path, &page(rule));
        known.insert(path);
    }
    let found: BTreeSet<PathBuf> = files_below(&folder).into_iter().collect();
    assert_eq!(known, found);
    let path = root().join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = readme.split_once("<!-- rules -->\n").expect("a mark");
    let (_, after) = rest.split_once("<!-- /rules -->").expect("a mark");
    let text = format!("{before}<!-- rules -->\n{}<!-- /rules -->{after}", counts());
    is_or_becomes(&path, &text);
}

#[test]
fn explain_prints_the_page_that_is_stored() {
    for rule in RULES {
        let stored = std::fs::read_to_string(root().join(format!("docs/rules/{}.md", rule.code)));
        for word in [rule.code, rule.name, &rule.code.to_lowercase()] {
            let run = dtsx(["explain", word]);
            assert_eq!(
                (run.code, &run.out),
                (0, stored.as_ref().unwrap()),
                "{word}"
            );
        }
    }
    let all = dtsx(["explain", "--format", "json"]).json();
    assert_eq!(all["rules"].as_array().unwrap().len(), RULES.len());
    let wrong = dtsx(["explain", "plaintext-smpt"]);
    assert_eq!(wrong.code, 2);
    assert!(
        wrong.err.contains("did you mean `plaintext-smtp`?"),
        "{}",
        wrong.err
    );
}
