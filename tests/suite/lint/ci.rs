//! What `docs/ci.md` and `.pre-commit-hooks.yaml` tell people to run: each step that calls `dtsx` is carried out by a
//! shell, and what other steps take from it must be there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use saphyr::{LoadableYamlNode as _, Yaml};
use serde_json::Value;

use super::outputs::{check, schema};
use crate::command::{Run, command, dtsx_in, finish};
use crate::support::{files_below, fixtures};

fn documentation() -> String {
    read("docs/ci.md")
}

fn read(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(root.join(name)).unwrap()
}

/// The examples below a heading of the documentation.
fn examples(heading: &str) -> Vec<Yaml<'static>> {
    let text: &'static str = documentation().leak();
    let (_, section) = text.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let blocks = section.split("```yaml\n").skip(1);
    let blocks = blocks.map(|it| it.split("```").next().unwrap());
    let blocks: Vec<_> = blocks
        .flat_map(|it| Yaml::load_from_str(it).unwrap())
        .collect();
    assert!(!blocks.is_empty(), "{heading}");
    blocks
}

fn text<'y>(yaml: &'y Yaml<'_>, key: &str) -> Option<&'y str> {
    yaml.as_mapping_get(key).and_then(Yaml::as_str)
}

fn list<'y, 's>(yaml: &'y Yaml<'s>, key: &str) -> &'y [Yaml<'s>] {
    yaml.as_mapping_get(key)
        .and_then(|it| it.as_sequence())
        .unwrap()
}

/// A step as an agent runs it: by the shell, with `dtsx` on the path.
fn shell(folder: &Path, line: &str) -> Run {
    let (program, option) = match cfg!(windows) {
        true => ("cmd", "/C"),
        false => ("sh", "-c"),
    };
    let own = command(folder);
    let dtsx = Path::new(own.get_program()).parent().unwrap();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(dtsx.to_owned()).chain(std::env::split_paths(&path));
    let path = std::env::join_paths(folders).unwrap();
    let mut command = Command::new(program);
    command
        .args([option, line])
        .current_dir(folder)
        .env("PATH", path);
    finish(&mut command, None)
}

/// A checkout with the project of the fixtures; mended, so that nothing at the fail level is found.
fn checkout(state: State) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for path in files_below(&fixtures().join("project")) {
        std::fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    if state == State::Mended {
        let accepted = "[lint]\nignore = [\"SM014\", \"SM051\"]\n";
        std::fs::write(folder.path().join("dtsx.toml"), accepted).unwrap();
    }
    folder
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Found,
    Mended,
}

/// Carries out the steps of an example, and gives what each that calls `dtsx` printed.
fn carry_out(example: &Yaml<'_>, folder: &Path, state: State) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut has_failed = false;
    for step in list(example, "steps") {
        if let Some(line) = text(step, "run").or(text(step, "script")) {
            if line.starts_with("dtsx ") {
                let run = shell(folder, line);
                assert_eq!(
                    run.code,
                    i32::from(state == State::Found),
                    "{line}: {}",
                    run.shown()
                );
                has_failed |= run.code != 0;
                runs.push(run);
            } else {
                // Who installs takes what was tested.
                assert!(line.contains("cargo install --locked"), "{line}");
            }
            continue;
        }
        let used = text(step, "uses").or(text(step, "task")).unwrap();
        assert!(used.contains('@'), "{used}: without a version");
        let inputs = step
            .as_mapping_get("inputs")
            .or(step.as_mapping_get("with"));
        let condition = text(step, "condition").or(text(step, "if"));
        if has_failed {
            let goes_on = ["always()", "succeededOrFailed()"];
            assert!(condition.is_some_and(|it| goes_on.contains(&it)), "{used}");
        }
        match used.split('@').next().unwrap() {
            "actions/checkout" => assert!(runs.is_empty()),
            "PublishTestResults" => {
                let inputs = inputs.unwrap();
                assert_eq!(text(inputs, "testResultsFormat"), Some("JUnit"));
                let report = folder.join(text(inputs, "testResultsFiles").unwrap());
                let report = std::fs::read_to_string(report).unwrap();
                let report = roxmltree::Document::parse(&report).unwrap();
                let root = report.root_element();
                assert_eq!(root.tag_name().name(), "testsuites");
                let failures: usize = root.attribute("failures").unwrap().parse().unwrap();
                assert_eq!(failures > 0, state == State::Found);
            }
            "github/codeql-action/upload-sarif" => {
                let permissions = example.as_mapping_get("permissions").unwrap();
                assert_eq!(text(permissions, "security-events"), Some("write"));
                let report = folder.join(text(inputs.unwrap(), "sarif_file").unwrap());
                let report = std::fs::read_to_string(report).unwrap();
                let report: Value = serde_json::from_str(&report).unwrap();
                let (schema, mut wrong) = (schema(), Vec::new());
                check(&schema, &schema, &report, "log", &mut wrong);
                assert!(wrong.is_empty(), "{wrong:#?}");
                assert_eq!(report["runs"].as_array().unwrap().len(), 1);
            }
            other => panic!("`{other}`: what does it take?"),
        }
    }
    runs
}

#[test]
fn azure_pipelines() {
    for state in [State::Found, State::Mended] {
        for example in examples("Azure Pipelines") {
            let folder = checkout(state);
            let runs = carry_out(&example, folder.path(), state);
            let [run] = runs.as_slice() else { panic!() };
            let issues = run
                .out
                .lines()
                .filter(|it| it.starts_with("##vso[task.logissue "));
            assert_eq!(issues.count() > 0, state == State::Found, "{}", run.out);
        }
    }
}

#[test]
fn github_actions() {
    for state in [State::Found, State::Mended] {
        let examples = examples("GitHub Actions");
        assert_eq!(examples.len(), 2);
        let runs = examples.iter().flat_map(|example| {
            let folder = checkout(state);
            carry_out(example, folder.path(), state)
        });
        let runs: Vec<Run> = runs.collect();
        let [annotations, scanning] = runs.as_slice() else {
            panic!()
        };
        let is_found = state == State::Found;
        assert!(annotations.out.lines().all(|it| it.starts_with("::")));
        assert_eq!(
            annotations.out.contains("::warning title=dtsx (SM014),"),
            is_found
        );
        assert_eq!(scanning.out.contains("warning[SM014]"), is_found);
    }
}

/// Every command that the text names runs, in its order: the baseline is written, and then it is up to date.
#[test]
fn the_commands_in_the_text() {
    let folder = checkout(State::Found);
    let documentation = documentation();
    let words = documentation.split('`').skip(1).step_by(2);
    let commands: Vec<&str> = words.filter(|it| it.starts_with("dtsx lint ")).collect();
    assert!(commands.len() >= 2, "{commands:?}");
    for command in &commands {
        let run = shell(folder.path(), command);
        assert_eq!(run.code, 0, "{command}: {}", run.shown());
    }
    assert!(commands.iter().any(|it| it.contains("--baseline check")));
    assert!(folder.path().join("dtsx-baseline.toml").is_file());
    // The pipeline with the baseline is green.
    for example in examples("GitHub Actions") {
        carry_out(&example, folder.path(), State::Mended);
    }
}

/// The options that the text names are options.
#[test]
fn the_options_in_the_text() {
    let help = dtsx_in(&fixtures(), ["lint", "--help"]).out;
    let documentation = documentation() + &read("docs/lint.md");
    let words = documentation.split(|c: char| !(c.is_alphanumeric() || c == '-'));
    let options: BTreeSet<&str> = words
        .filter(|it| it.starts_with("--") && it.len() > 3)
        .collect();
    assert!(options.len() > 10, "{options:?}");
    for option in options {
        let elsewhere = ["--locked", "--path"];
        assert!(
            help.contains(option) || elsewhere.contains(&option),
            "{option}"
        );
    }
}

/// The extensions of a pattern of the form `(?i)\.(a|b)$`.
fn extensions(pattern: &str) -> BTreeSet<&str> {
    let inside = pattern
        .strip_prefix(r"(?i)\.(")
        .and_then(|it| it.strip_suffix(")$"));
    let inside = inside.unwrap_or_else(|| panic!("{pattern}"));
    assert!(inside.chars().all(|c| c.is_ascii_lowercase() || c == '|'));
    inside.split('|').collect()
}

#[test]
fn the_hook_takes_the_files_that_the_tool_takes() {
    let hooks: &'static str = read(".pre-commit-hooks.yaml").leak();
    let hooks = Yaml::load_from_str(hooks).unwrap();
    let [hook] = hooks[0].as_sequence().unwrap().as_slice() else {
        panic!()
    };
    let documented = examples("pre-commit");
    let repository = &list(&documented[0], "repos")[0];
    let local = &list(repository, "hooks")[0];
    for key in ["id", "name", "entry", "files"] {
        assert_eq!(text(hook, key), text(local, key), "{key}");
        assert!(text(hook, key).is_some(), "{key}");
    }
    assert!(documentation().contains(&format!("`{}`", text(hook, "id").unwrap())));
    let named = extensions(text(hook, "files").unwrap());
    let taken = [
        "dtsx",
        "dtsxp",
        "conmgr",
        "params",
        "dtproj",
        "dtsconfig",
        "ispac",
    ];
    assert_eq!(named, BTreeSet::from(taken));
    for extension in taken {
        let kind = dtsx::package::FileKind::of_extension(&extension.to_uppercase());
        assert!(kind.is_some() || extension == "ispac", "{extension}");
    }
    for path in files_below(&fixtures()) {
        let extension = path
            .extension()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        if extension == "manifest" {
            // Only unpacked archives have it, and other tools have others of that name.
            continue;
        }
        let kind = dtsx::package::FileKind::of_extension(&extension);
        assert_eq!(
            named.contains(extension.as_str()),
            kind.is_some() || extension == "ispac",
            "{}",
            path.display()
        );
    }
}

/// As pre-commit calls it: the entry with the names of changed files behind it, in batches.
#[test]
fn the_hook_says_of_files_what_the_whole_says() {
    let hooks: &'static str = read(".pre-commit-hooks.yaml").leak();
    let hooks = Yaml::load_from_str(hooks).unwrap();
    let entry = text(&hooks[0][0], "entry").unwrap().to_owned();
    let folder = checkout(State::Found);
    let named = files_below(folder.path());
    let named: Vec<PathBuf> = named
        .iter()
        .map(|path| path.strip_prefix(folder.path()).unwrap().to_owned())
        .collect();
    let lines = |run: &Run| {
        let lines = run.out.lines();
        lines.map(str::to_owned).collect::<BTreeSet<String>>()
    };
    let whole = shell(folder.path(), &format!("{entry} ."));
    assert_eq!(whole.code, 1);
    assert!(lines(&whole).len() > 10);
    for size in [1, 3, named.len()] {
        let mut found = BTreeSet::new();
        let mut worst = 0;
        for batch in named.chunks(size) {
            let names = batch.iter().map(|it| format!("\"{}\"", it.display()));
            let names = names.collect::<Vec<_>>().join(" ");
            let run = shell(folder.path(), &format!("{entry} {names}"));
            worst = worst.max(run.code);
            for line in lines(&run) {
                let file = line.split(':').next().unwrap();
                assert!(
                    batch.iter().any(|it| it.as_path() == Path::new(file)),
                    "{line}"
                );
                found.insert(line);
            }
        }
        assert_eq!((worst, found), (1, lines(&whole)), "batches of {size}");
    }
}
