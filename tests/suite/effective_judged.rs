//! What was judged by hand on real packages, held against what is computed: `tests/judgements/values.toml`.

use std::collections::HashMap;
use std::path::Path;

use dtsx::effective::{Given, PackageValues};
use dtsx::package::{Target, path_of, same_id};
use dtsx::project::Hash;
use serde::Deserialize;

use crate::effective::looked;
use crate::support::{corpus, files_below};

#[derive(Deserialize)]
struct Judgements {
    task: Vec<Judgement>,
}

#[derive(Deserialize)]
struct Judgement {
    sha256: String,
    id: String,
    property: String,
    certainty: String,
    writers: Vec<String>,
    why: String,
}

fn judgements() -> Vec<Judgement> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judgements/values.toml");
    let text = std::fs::read_to_string(path).unwrap();
    toml::from_str::<Judgements>(&text).unwrap().task
}

#[test]
fn there_are_ten_judgements_each_with_its_reason() {
    let all = judgements();
    assert_eq!(all.len(), 10);
    for it in &all {
        assert_eq!(it.sha256.len(), 64);
        assert!(it.why.len() > 20 && !it.writers.is_empty());
    }
}

#[test]
fn what_tasks_write_at_run_time_is_as_it_was_judged() {
    let Some(corpus) = corpus() else {
        return;
    };
    let mut open: HashMap<String, Vec<Judgement>> = HashMap::new();
    for it in judgements() {
        open.entry(it.sha256.clone()).or_default().push(it);
    }
    let mut recipients_written = Vec::new();
    for path in files_below(&corpus) {
        if path.extension().is_none_or(|it| it != "dtsx") {
            continue;
        }
        let hash = Hash::of(&std::fs::read(&path).unwrap()).to_string();
        let judged = open.remove(&hash).unwrap_or_default();
        looked(&path, &Given::default(), |values| {
            for it in &judged {
                check(values, it);
            }
            recipients_written.extend(written(values));
        });
    }
    let missing: Vec<_> = open.into_keys().collect();
    assert!(missing.is_empty(), "judged and not there: {missing:?}");
    assert!(recipients_written.is_empty(), "{recipients_written:#?}");
}

fn check(values: &PackageValues<'_>, judged: &Judgement) {
    let package = values.at().package().unwrap();
    let is = |id: &str, wanted: &str| same_id(id, wanted);
    let task = package
        .send_mail_tasks()
        .find(|it| {
            it.executable()
                .object()
                .id()
                .is_some_and(|id| is(&id, &judged.id))
        })
        .unwrap_or_else(|| panic!("{} has no task {}", judged.sha256, judged.id));
    let target = Target::Executable(task.executable());
    let found = values
        .property(values.at().file, target, &judged.property)
        .unwrap();
    assert_eq!(found.certainty.name(), judged.certainty, "{}", judged.id);
    let writers: Vec<String> = found
        .set_at_run_time_by
        .iter()
        .map(|path| {
            let writer = package
                .executables()
                .find(|it| path_of(package, Target::Executable(*it)) == *path)
                .unwrap_or_else(|| panic!("{path} leads nowhere"));
            writer.object().id().unwrap().into_owned()
        })
        .collect();
    assert_eq!(writers.len(), judged.writers.len(), "{writers:?}");
    for (writer, wanted) in writers.iter().zip(&judged.writers) {
        assert!(is(writer, wanted), "{writer} for {wanted}");
    }
}

/// Recipients that a task writes while the package runs.
fn written(values: &PackageValues<'_>) -> Vec<String> {
    let Some(package) = values.at().package() else {
        return Vec::new();
    };
    let tasks: Vec<_> = package.send_mail_tasks().collect();
    let mut found = Vec::new();
    for task in tasks {
        let target = Target::Executable(task.executable());
        for property in ["ToLine", "CCLine", "BCCLine"] {
            let value = values.property(values.at().file, target, property).unwrap();
            if !value.set_at_run_time_by.is_empty() {
                found.push(format!(
                    "{} {}",
                    values.at().file.label,
                    path_of(package, target)
                ));
            }
        }
    }
    found
}
