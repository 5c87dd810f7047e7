//! Migration as its users meet it: plan, review, apply, take back.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::command::{Run, dtsx_in};
use crate::support::{corpus, files_below, fixtures};

/// A copy of a tree, and room for a journal beside it.
pub struct Estate(TempDir);

impl Estate {
    pub fn empty() -> Estate {
        let estate = Estate(TempDir::new().unwrap());
        fs::create_dir(estate.tree()).unwrap();
        estate
    }

    pub fn copy(of: &Path) -> Estate {
        let estate = Estate::empty();
        for file in files_below(of) {
            let to = estate.tree().join(file.strip_prefix(of).unwrap());
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            // Not with its mode: a corpus may be read-only.
            fs::write(&to, fs::read(&file).unwrap()).unwrap();
        }
        estate
    }

    pub fn tree(&self) -> PathBuf {
        self.0.path().join("etl")
    }

    pub fn put(&self, name: &str, text: &str) {
        fs::write(self.tree().join(name), text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.tree().join(name)).unwrap()
    }

    /// The bytes of every file, and of every member of an archive.
    pub fn bytes(&self) -> BTreeMap<String, Vec<u8>> {
        let mut all = BTreeMap::new();
        for file in files_below(&self.tree()) {
            let name = file.strip_prefix(self.tree()).unwrap();
            all.insert(name.display().to_string(), fs::read(&file).unwrap());
        }
        all
    }

    /// Runs the command in the tree, with the journal beside it where it writes.
    pub fn run(&self, args: &[&str]) -> Run {
        let journal = self.0.path().join("state").display().to_string();
        let mut all: Vec<&str> = args.to_vec();
        let writes = ["--write", "--apply", "undo", "add", "remove"];
        if args.iter().any(|arg| writes.contains(arg)) {
            all.extend(["--journal", &journal]);
        }
        dtsx_in(&self.tree(), &all)
    }

    pub fn migrate(&self, recipe: &str, args: &[&str]) -> Run {
        let path = self.0.path().join("recipe.toml");
        fs::write(&path, recipe).unwrap();
        let path = path.display().to_string();
        let mut all = vec!["migrate", "--recipe", &path];
        all.extend(args);
        self.run(&all)
    }

    pub fn json(&self, args: &[&str]) -> Value {
        let mut all = args.to_vec();
        all.extend(["--format", "json"]);
        self.run(&all).json()
    }
}

const OLD: &str = "smtp1.corp.example";
const NEW: &str = "relay.example.com";
const SHORT: [&str; 3] = [
    "migrate",
    "--replace-server",
    "smtp1.corp.example=relay.example.com",
];

fn short<'a>(more: &[&'a str]) -> Vec<&'a str> {
    SHORT.iter().copied().chain(more.iter().copied()).collect()
}

fn texts(list: &Value, keys: &[&str]) -> Vec<String> {
    let items = list.as_array().unwrap().iter();
    items
        .map(|item| {
            let parts = keys.iter().map(|key| match &item[*key] {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            });
            parts.collect::<Vec<_>>().join(" ")
        })
        .collect()
}

#[test]
fn a_server_in_nine_places_is_moved_and_two_are_left() {
    let estate = Estate::copy(&fixtures().join("nine-places"));
    let before = estate.bytes();
    let plan = estate.json(&short(&["--enable-ssl", "true", "--write"]));
    assert_eq!(plan["written"], true);
    let inspected = estate.json(&["inspect", "."]);
    let mut servers = 0;
    for file in inspected["files"].as_array().unwrap() {
        for connection in file["connections"].as_array().unwrap() {
            assert_eq!(connection["smtp"]["server"], NEW, "{connection}");
            assert_eq!(connection["smtp"]["enable_ssl"], true, "{connection}");
            servers += 1;
        }
    }
    assert_eq!(servers, 11);
    // By a search that knows nothing of SSIS: only the two that are left still hold the old name.
    for (name, bytes) in estate.bytes() {
        let text = String::from_utf8_lossy(&bytes);
        let expected = if name == "Nightly.dtsx" { 2 } else { 0 };
        assert_eq!(text.matches(OLD).count(), expected, "{name}");
    }
    assert_eq!(
        texts(&plan["left"], &["path", "kind", "live"]),
        [
            "Nightly.dtsx unread-variable false",
            "Nightly.dtsx script true",
            "deployed/Estate.ispac!Nightly.dtsx unread-variable false",
            "deployed/Estate.ispac!Nightly.dtsx script true",
        ]
    );
    let kinds: std::collections::BTreeSet<String> = plan["files"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|file| texts(&file["changes"], &["kind"]))
        .collect();
    let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
    assert_eq!(
        kinds,
        [
            "build-configuration",
            "configuration",
            "copy",
            "object",
            "parameter",
            "part-copy",
            "sample"
        ]
    );
    // The parameter tells who reads it.
    let parameter = plan["files"]
        .as_array()
        .unwrap()
        .iter()
        .find(|file| file["path"] == "Project.params")
        .unwrap();
    assert_eq!(
        texts(&parameter["changes"], &["readers"]),
        ["[\"Alerts.conmgr \\\\Project.Connections[Alerts]\"]"]
    );
    let copies = estate.read("Estate.dtproj");
    assert!(copies.contains("EnableSsl=True;"));
    assert_eq!(copies.matches("SSIS:Name=\"Value\">true<").count(), 5);

    let again = estate.json(&short(&["--enable-ssl", "true", "--write"]));
    assert_eq!(again["files"], Value::Array(Vec::new()));
    assert_eq!(again["left"].as_array().unwrap().len(), 4);
    assert_eq!(estate.run(&short(&["--check"])).code, 1);

    assert_eq!(estate.run(&["undo"]).code, 0);
    assert!(estate.bytes() == before, "undo restores every byte");
}

#[test]
fn one_value_is_one_line() {
    let estate = Estate::copy(&fixtures().join("hand-migration"));
    let before = estate.read("Load rates.dtsx");
    assert_eq!(estate.run(&short(&["--write"])).code, 0);
    let after = estate.read("Load rates.dtsx");
    let changed: Vec<(&str, &str)> = before
        .split('\n')
        .zip(after.split('\n'))
        .filter(|(old, new)| old != new)
        .collect();
    assert_eq!(changed.len(), 1);
    assert_eq!(before.split('\n').count(), after.split('\n').count());
    assert_eq!(changed[0].0.replace(OLD, NEW), changed[0].1);
    assert_eq!(after.replace(NEW, OLD), before);
}

/// The bytes of the members of an archive.
fn members(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut members = BTreeMap::new();
    for index in 0..archive.len() {
        let mut member = archive.by_index(index).unwrap();
        let mut content = Vec::new();
        // A member that was damaged before stays so.
        let _ = member.read_to_end(&mut content);
        let name = String::from_utf8_lossy(member.name_raw()).into_owned();
        members.insert(name, content);
    }
    members
}

fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let (from, to) = (from.as_bytes(), to.as_bytes());
    let mut result = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(from.len()).position(|window| window == from) {
        result.extend_from_slice(&rest[..at]);
        result.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    result.extend_from_slice(rest);
    result
}

#[test]
fn the_commonest_relay_of_a_corpus_moves_without_a_trace() {
    let estate = Estate::copy(&corpus().unwrap_or_else(|| fixtures().join("project")));
    let inspected = estate.json(&["inspect", "."]);
    let mut relays: BTreeMap<String, usize> = BTreeMap::new();
    for file in inspected["files"].as_array().unwrap() {
        for connection in file["connections"].as_array().unwrap() {
            if let Some(server) = connection["smtp"]["server"]
                .as_str()
                .filter(|it| !it.is_empty())
            {
                *relays.entry(server.to_owned()).or_default() += 1;
            }
        }
    }
    let (old, count) = relays.iter().max_by_key(|(_, count)| **count).unwrap();
    assert!(*count > 1, "{relays:?}");
    let new = "moved-7f3a.example";
    let rule = format!("{old}={new}");
    let before = estate.bytes();
    let plan = estate.json(&["migrate", "--replace-server", &rule, "--write"]);
    assert_eq!(plan["written"], true, "{}", plan["not_changed"]);
    let after = estate.bytes();
    let mut changed = 0;
    for (name, bytes) in &after {
        if bytes == &before[name] {
            continue;
        }
        changed += 1;
        if name.to_lowercase().ends_with(".ispac") {
            let (old_members, new_members) = (members(&before[name]), members(bytes));
            assert_eq!(
                old_members.keys().collect::<Vec<_>>(),
                new_members.keys().collect::<Vec<_>>()
            );
            for (member, bytes) in new_members {
                assert!(
                    replaced(&bytes, new, old) == old_members[&member],
                    "{name}!{member}"
                );
            }
        } else {
            assert!(replaced(bytes, new, old) == before[name], "{name}");
        }
    }
    assert!(changed > 0);
    let again = estate.json(&["migrate", "--replace-server", &rule, "--write"]);
    assert_eq!(again["files"], Value::Array(Vec::new()));
    assert_eq!(estate.run(&["undo"]).code, 0);
    assert!(estate.bytes() == before, "undo restores every byte");
}

#[test]
fn a_reviewed_plan_is_what_is_written() {
    let (planned, written) = (
        Estate::copy(&fixtures().join("nine-places")),
        Estate::copy(&fixtures().join("nine-places")),
    );
    let before = planned.bytes();
    let shown = planned.run(&short(&["--plan-file", "../plan.json"]));
    assert_eq!(shown.code, 0, "{}", shown.err);
    assert!(planned.bytes() == before, "a plan changes nothing");
    assert_eq!(written.run(&short(&["--write"])).code, 0);
    let applied = planned.run(&["migrate", "--apply", "../plan.json"]);
    assert_eq!(applied.code, 0, "{}", applied.err);
    assert!(planned.bytes() == written.bytes());
    assert_eq!(planned.run(&["undo"]).code, 0);
    assert!(planned.bytes() == before);

    // After somebody touched one of its files nothing at all is written.
    let touched = before["Mail.conmgr"].iter().chain(b"\n").copied();
    fs::write(
        planned.tree().join("Mail.conmgr"),
        touched.collect::<Vec<u8>>(),
    )
    .unwrap();
    let now = planned.bytes();
    let refused = planned.run(&["migrate", "--apply", "../plan.json"]);
    assert_eq!(refused.code, 4);
    assert!(refused.err.contains("Mail.conmgr"), "{}", refused.err);
    assert!(!refused.err.contains("Nightly.dtsx"), "{}", refused.err);
    assert!(planned.bytes() == now);
}

#[test]
fn a_plan_that_is_not_the_one_that_was_made_is_refused() {
    let estate = Estate::copy(&fixtures().join("nine-places"));
    estate.run(&short(&["--plan-file", "../plan.json"]));
    let before = estate.bytes();
    let plan = fs::read_to_string(estate.tree().join("../plan.json")).unwrap();
    for (from, to, why) in [
        (
            "\"content\": \"relay.example.com\"",
            "\"content\": \"evil.example.com\"",
            "was edited",
        ),
        ("dtsx/plan@1", "dtsx/plan@2", "`dtsx/plan@2`"),
        ("\"files\": [", "\"files\": [ 7,", "cannot be read"),
        (
            "\"written\"",
            "\"surprise\": 1, \"written\"",
            "cannot be read",
        ),
    ] {
        assert!(plan.contains(from), "{from}");
        fs::write(
            estate.tree().join("../edited.json"),
            plan.replacen(from, to, 1),
        )
        .unwrap();
        let refused = estate.run(&["migrate", "--apply", "../edited.json"]);
        assert_eq!(refused.code, 4, "{to}: {}", refused.err);
        assert!(refused.err.contains(why), "{to}: {}", refused.err);
    }
    assert!(estate.bytes() == before);
}

#[cfg(unix)]
#[test]
fn a_plan_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let estate = Estate::copy(&fixtures().join("nine-places"));
    estate.run(&short(&["--plan-file", "../plan.json"]));
    let metadata = fs::metadata(estate.tree().join("../plan.json")).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
}

#[test]
fn what_is_wrong_with_a_recipe_is_shown_where_it_stands() {
    let estate = Estate::copy(&fixtures().join("nine-places"));
    let before = estate.bytes();
    for (recipe, place, message) in [
        (
            "version = 1\n[[rule]]\nwhere = { servr = \"a\" }\nset = { server = \"b\" }\n",
            "line 3, column 11",
            "did you mean `server`?",
        ),
        (
            "version = 1\n[[rule]]\nwhere = { server = 1 }\nset = { server = \"b\" }\n",
            "line 3, column 20",
            "expected a string",
        ),
        (
            "version = 1\n[[rule]]\nwhere = { }\nset = { server = \"b\" }\n",
            "line 3, column 9",
            "no condition",
        ),
        (
            "version = 1\n[[rule]]\nwhere = { server = \"a\", task = \"*\" }\nset = { server = \"b\" }\n",
            "line 3, column 9",
            "can match nothing",
        ),
        (
            "version = 1\n[[rule]]\nwhere = { type = \"OLEDB\", server = \"a\" }\nset = { server = \"b\" }\n",
            "line 3, column 9",
            "can match nothing",
        ),
        (
            "version = 1\n[[rule]]\nwhere = { server = \"a\" }\n",
            "line 3, column 9",
            "changes nothing",
        ),
        (
            "version = 1\n[[rule]]\nwhere = { server = \"a\" }\nset = { server = \"b;c\" }\n",
            "line 4, column 7",
            "holds ';'",
        ),
        (
            "version = 1\n[[rule]]\nwhere = { server = \"a\" }\nset = { description = \"\\u0001\" }\n",
            "line 4, column 7",
            "U+0001",
        ),
        (
            "version = 1\n[[rule]]\nwhere = { type = \"OLEDB\" }\nset = { keys = { Password = \"x\" } }\n",
            "line 4, column 7",
            "names a secret",
        ),
        (
            "version = 1\n[[rule]]\nwhere = { addresses = \"*@a.example\" }\nreplace = { domain = { \"a@b\" = \"c\" } }\n",
            "line 4, column 11",
            "expected a domain",
        ),
        (
            "version = 1\n[[rule]]\nwhere = { literal = \"\" }\nreplace = { literal = \"c\" }\n",
            "line 3, column 9",
            "empty",
        ),
        (
            "version = 2\n[[rule]]\nwhere = { server = \"a\" }\nset = { server = \"b\" }\n",
            "line 1, column 11",
            "`version = 1`",
        ),
        ("version = 1\n", "line 1, column 11", "no rule"),
        ("version = 1\n[[rule]\n", "line 2", "expected"),
    ] {
        let run = estate.migrate(recipe, &["."]);
        assert_eq!(run.code, 2, "{recipe}\n{}", run.err);
        assert!(run.err.contains(place), "{recipe}\n{}", run.err);
        assert!(run.err.contains(message), "{recipe}\n{}", run.err);
        assert!(run.err.contains('^'), "{recipe}\n{}", run.err);
    }
    for (args, message) in [
        (&["migrate", "."][..], "nothing to change"),
        (&["migrate", "--replace-server", "a", "."], "OLD=NEW"),
        (&["migrate", "--enable-ssl", "true", "."], "replace-server"),
        (
            &[
                "migrate",
                "--replace-server",
                "a=b",
                "--replace-server",
                "A=c",
                ".",
            ],
            "give one",
        ),
        (&["migrate", "--replace-server", "a=b;c", "."], "holds ';'"),
    ] {
        let run = estate.run(args);
        assert_eq!(run.code, 2, "{args:?}");
        assert!(run.err.contains(message), "{args:?}: {}", run.err);
    }
    assert!(estate.bytes() == before);
}

#[test]
fn rules_that_contradict_each_other_change_nothing() {
    let estate = Estate::copy(&fixtures().join("nine-places"));
    let before = estate.bytes();
    let recipe = "version = 1
[[rule]]
where = { server = \"smtp1.*\" }
set = { server = \"a.example\" }
[[rule]]
where = { name = \"Own mail\" }
set = { server = \"b.example\", enable_ssl = true }
";
    let run = estate.migrate(recipe, &["--write", "."]);
    assert_eq!(run.code, 2, "{}", run.err);
    assert!(
        run.err
            .contains("rule 1 wants `a.example`, rule 2 wants `b.example`"),
        "{}",
        run.err
    );
    assert!(
        run.err
            .contains(r"\Package.Connections[Own mail].Properties[SmtpServer]")
    );
    assert!(estate.bytes() == before);
    // What both want is no contradiction.
    let recipe = recipe.replace("b.example", "a.example");
    assert_eq!(estate.migrate(&recipe, &["--write", "."]).code, 0);
}

#[test]
fn a_rule_that_matches_nothing_is_named() {
    let estate = Estate::copy(&fixtures().join("nine-places"));
    let run = estate.migrate(
        "version = 1\n[[rule]]\nwhere = { server = \"nowhere.example\" }\nset = { server = \"b.example\" }\n",
        &["."],
    );
    assert_eq!(run.code, 0);
    assert!(run.out.contains("rule 1 matches nothing"), "{}", run.out);
}

/// Runs the command with its standard output into a pipe that nobody reads.
fn unread(estate: &Estate, args: &[&str]) -> Option<i32> {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let journal = estate.0.path().join("state");
    let output = crate::command::command(&estate.tree())
        .args(args)
        .arg("--journal")
        .arg(journal)
        .stdout(writer)
        .output()
        .unwrap();
    output.status.code()
}

#[test]
fn a_closed_pipe_stops_neither_the_writing_nor_the_plan() {
    for format in ["human", "json", "paths"] {
        let estate = Estate::copy(&fixtures().join("nine-places"));
        let before = estate.bytes();
        let args = short(&[".", "--plan-file", "../plan.json", "--format", format]);
        assert_eq!(unread(&estate, &args), Some(0), "{format}");
        assert!(estate.0.path().join("plan.json").exists(), "{format}");
        assert_eq!(estate.bytes(), before);
        let args = short(&[".", "--write", "--format", format]);
        assert_eq!(unread(&estate, &args), Some(0), "{format}");
        let written = estate.bytes();
        assert_ne!(written, before, "{format}");
        let whole = Estate::copy(&fixtures().join("nine-places"));
        assert_eq!(whole.run(&short(&[".", "--write"])).code, 0);
        assert_eq!(written, whole.bytes(), "{format}");
    }
}
