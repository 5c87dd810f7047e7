//! What is known and accepted, and stays so: the baseline and the entries of the configuration.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::command::{Run, dtsx_in};
use crate::support::fixtures;

/// A folder with a configuration and a baseline of all that is found in it.
struct Place(tempfile::TempDir);

const MAIL: &str = "Mail.conmgr";

impl Place {
    /// With a connection manager that SM014 and SM036 speak of.
    fn new() -> Place {
        let place = Place(tempfile::tempdir().unwrap());
        place.put("dtsx.toml", "[lint]\nselect = [\"SM014\", \"SM036\"]\n");
        place.put(MAIL, &source(MAIL));
        place.write();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn put(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn remove(&self, name: &str) {
        std::fs::remove_file(self.path(name)).unwrap();
    }

    fn lint(&self, args: &[&str]) -> Run {
        dtsx_in(self.0.path(), [&["lint"], args, &["."]].concat())
    }

    fn write(&self) {
        let run = self.lint(&["--baseline", "write"]);
        assert_eq!(run.code, 0, "{}", run.err);
    }

    fn update(&self) {
        let run = self.lint(&["--baseline", "update", "--exit-zero"]);
        assert_eq!(run.code, 0, "{}", run.err);
    }

    /// Whether all entries are up to date.
    fn is_fresh(&self) -> bool {
        let run = self.lint(&["--baseline", "check", "--fail-level", "never"]);
        assert!(run.code <= 1, "{}", run.err);
        assert_eq!(
            run.code == 1,
            run.out.contains("unused: baseline:"),
            "{}",
            run.out
        );
        run.code == 0
    }

    /// What is new, as `RULE PATH OBJECT`.
    fn new_findings(&self) -> Vec<String> {
        let report = self.lint(&["--format", "json"]).json();
        let text = |it: &Value, key: &str| it[key].as_str().unwrap().to_owned();
        let findings = report["findings"].as_array().unwrap().iter();
        findings
            .map(|it| [text(it, "rule"), text(it, "path"), text(it, "object")].join(" "))
            .collect()
    }

    fn baseline(&self) -> String {
        std::fs::read_to_string(self.path("dtsx-baseline.toml")).unwrap()
    }

    fn entries(&self) -> Vec<toml::Table> {
        let text = self.baseline();
        let table: toml::Table = toml::from_str(&text).unwrap();
        assert_eq!(table["version"].as_integer(), Some(1));
        let all = table["finding"].as_array().unwrap().iter();
        all.map(|it| it.as_table().unwrap().clone()).collect()
    }

    /// Gives every entry a reason, as people do by hand.
    fn explain(&self) {
        let text = self.baseline();
        let text = text.replace("[[finding]]\n", "[[finding]]\nreason = \"until March\"\n");
        self.put("dtsx-baseline.toml", &text);
    }
}

fn source(name: &str) -> String {
    std::fs::read_to_string(fixtures().join("project").join(name)).unwrap()
}

fn renamed(text: &str, from: &str, to: &str) -> String {
    let (from, to) = (
        format!("ObjectName=\"{from}\""),
        format!("ObjectName=\"{to}\""),
    );
    assert!(text.contains(&from));
    text.replace(&from, &to)
}

fn mended(text: &str) -> String {
    let text = text.replace("EnableSsl=False", "EnableSsl=True");
    text.replace("UseWindows", "Timeout=5000;UseWindows")
}

#[test]
fn nothing_found_is_a_baseline_too() {
    let place = Place::new();
    place.remove(MAIL);
    place.write();
    assert_eq!(place.entries_or_none(), 0);
    assert!(place.is_fresh());
    place.put(MAIL, &mended(&source(MAIL)));
    place.write();
    assert_eq!(place.entries_or_none(), 0);
    place.put(MAIL, &source(MAIL));
    assert_eq!(place.new_findings().len(), 2);
}

impl Place {
    fn entries_or_none(&self) -> usize {
        self.baseline().matches("[[finding]]").count()
    }
}

#[test]
fn what_is_mended_is_reported_and_taken_out() {
    let place = Place::new();
    assert_eq!(place.entries().len(), 2);
    assert!(place.is_fresh());
    place.put(MAIL, &mended(&source(MAIL)));
    assert!(!place.is_fresh());
    assert!(place.new_findings().is_empty());
    // Nobody fails without a reason that can be read, whatever the format.
    for format in [
        "human", "json", "concise", "github", "azure", "sarif", "junit",
    ] {
        let run = place.lint(&["--baseline", "check", "--format", format]);
        assert_eq!(run.code, 1, "{format}");
        assert_eq!(
            run.shown().matches("SM014 in Mail.conmgr").count(),
            1,
            "{}",
            run.shown()
        );
    }
    let run = place.lint(&["--baseline", "update"]);
    assert_eq!(run.err, "dtsx: `dtsx-baseline.toml` holds 0 findings now\n");
    assert!(place.is_fresh());
    assert_eq!(place.entries_or_none(), 0);
    // A file that is gone is mended, too.
    place.put(MAIL, &source(MAIL));
    place.write();
    place.remove(MAIL);
    assert!(!place.is_fresh());
    place.update();
    assert_eq!(place.entries_or_none(), 0);
}

#[test]
fn an_object_with_another_name_is_known_by_its_id() {
    let place = Place::new();
    place.explain();
    for name in ["Post", "Relay"] {
        // The second time only what was carried over can know it.
        place.put(MAIL, &renamed(&source(MAIL), "Mail", name));
        assert!(place.new_findings().is_empty(), "{name}");
        assert!(place.is_fresh());
        place.update();
        for entry in place.entries() {
            let object = entry["object"].as_str().unwrap();
            assert!(object.contains(&format!("[{name}]")), "{object}");
            assert_eq!(entry["reason"].as_str(), Some("until March"));
        }
    }
    // The id changes, the name stays: the entry learns the id.
    let text = renamed(&source(MAIL), "Mail", "Relay");
    let text = text.replace("9CA6C302", "00000000");
    place.put(MAIL, &text);
    assert!(place.new_findings().is_empty());
    place.update();
    place.put(MAIL, &renamed(&text, "Relay", "Again"));
    assert!(place.new_findings().is_empty());
}

#[test]
fn a_file_with_another_name_is_known_by_the_only_id() {
    let place = Place::new();
    place.explain();
    place.remove(MAIL);
    place.put("Post.conmgr", &renamed(&source(MAIL), "Mail", "Mail"));
    assert!(
        place.new_findings().is_empty(),
        "{:?}",
        place.new_findings()
    );
    assert!(place.is_fresh());
    place.update();
    for entry in place.entries() {
        assert_eq!(entry["path"].as_str(), Some("Post.conmgr"));
        assert_eq!(entry["reason"].as_str(), Some("until March"));
    }
    // Two copies have it: nobody can say which is the one that was known.
    place.remove("Post.conmgr");
    for folder in ["a", "b"] {
        std::fs::create_dir(place.path(folder)).unwrap();
        place.put(&format!("{folder}/Copy.conmgr"), &source(MAIL));
    }
    assert_eq!(place.new_findings().len(), 4);
    assert!(!place.is_fresh());
}

#[test]
fn a_copy_is_new_though_its_ids_are_known() {
    let place = Place::new();
    std::fs::create_dir(place.path("copy")).unwrap();
    place.put("copy/Mail.conmgr", &source(MAIL));
    let new = place.new_findings();
    assert_eq!(new.len(), 2, "{new:?}");
    assert!(
        new.iter().all(|it| it.contains(" copy/Mail.conmgr ")),
        "{new:?}"
    );
    assert!(place.is_fresh());
    place.write();
    assert_eq!(place.entries().len(), 4);
    assert!(place.new_findings().is_empty());
}

/// The manager of `Weekly.dtsx`, and another beside it.
fn two_managers(names: [&str; 2], ids: [&str; 2]) -> String {
    let text = source("Weekly.dtsx");
    let start = text
        .find("<DTS:ConnectionManager\r\n")
        .or(text.find("<DTS:ConnectionManager\n"));
    let start = start.or(text.find("<DTS:ConnectionManager ")).unwrap();
    let end = text[start..].find("</DTS:ConnectionManager>").unwrap() + start;
    let end = end + "</DTS:ConnectionManager>".len();
    let one = &text[start..end];
    let attribute = |name: &str| {
        let (_, rest) = one.split_once(&format!("{name}=\"")).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let (name, id) = (attribute("DTS:ObjectName"), attribute("DTS:DTSID"));
    let made = |index: usize| {
        one.replace(&format!("[{name}]"), &format!("[{}]", names[index]))
            .replace(&format!("\"{name}\""), &format!("\"{}\"", names[index]))
            .replace(&id, ids[index])
    };
    format!("{}{}\n{}{}", &text[..start], made(0), made(1), &text[end..])
}

#[test]
fn where_another_object_takes_the_name_the_entry_follows_the_old_one() {
    let place = Place::new();
    let (a, b, c) = (
        "{AAAAAAAA-E574-55CA-BE51-16812FFA3A78}",
        "{BBBBBBBB-E574-55CA-BE51-16812FFA3A78}",
        "{CCCCCCCC-E574-55CA-BE51-16812FFA3A78}",
    );
    place.remove(MAIL);
    place.put("Weekly.dtsx", &two_managers(["One", "Two"], [a, b]));
    place.write();
    assert_eq!(place.entries().len(), 4);
    // `One` is called `Old` now, and a new one is called `One`; `Two` is gone.
    place.put("Weekly.dtsx", &two_managers(["Old", "One"], [a, c]));
    let new = place.new_findings();
    assert_eq!(new.len(), 2, "{new:?}");
    assert!(
        new.iter().all(|it| it.contains("Connections[One]")),
        "{new:?}"
    );
    assert!(!place.is_fresh(), "`Two` is gone");
    // Names that were swapped are known still.
    place.put("Weekly.dtsx", &two_managers(["Two", "One"], [a, b]));
    assert!(place.new_findings().is_empty());
    assert!(place.is_fresh());
}

#[test]
fn equal_findings_are_counted() {
    let place = Place::new();
    place.remove(MAIL);
    place.put("dtsx.toml", "[lint]\nselect = [\"SM051\"]\n");
    let with = |addresses: &str| {
        let text = source("Weekly.dtsx");
        let (before, rest) = text.split_once("SendMailTask:To=\"").unwrap();
        let (_, after) = rest.split_once('"').unwrap();
        let text = format!("{before}SendMailTask:To=\"{addresses}\"{after}");
        place.put("Weekly.dtsx", &text);
    };
    with("a@example.com; b@example.com");
    place.write();
    let to = |entry: &&toml::Table| entry["object"].as_str().unwrap().ends_with("[ToLine]");
    let numbered = |place: &Place| {
        let entries = place.entries();
        let entries = entries.iter().filter(to);
        let count = entries.map(|it| it.get("occurrence").and_then(toml::Value::as_integer));
        count.collect::<Vec<_>>()
    };
    let first = numbered(&place);
    assert!(first.contains(&Some(1)), "{first:?}");
    // A reason that somebody writes beside the first says nothing of the others.
    place.explain();
    with("a@example.com; b@example.com; c@example.com");
    assert_eq!(place.new_findings().len(), 1, "{:?}", place.new_findings());
    assert!(place.is_fresh());
    with("a@example.com");
    assert!(place.new_findings().is_empty());
    assert!(!place.is_fresh());
    place.update();
    assert!(!numbered(&place).contains(&Some(1)));
    assert!(place.is_fresh());
}

#[test]
fn writing_and_updating_keep_what_people_wrote_and_what_was_not_looked_at() {
    let place = Place::new();
    place.explain();
    let run = |args: &[&str]| dtsx_in(place.0.path(), [&["lint"], args].concat());
    std::fs::create_dir(place.path("more")).unwrap();
    place.put("more/More.conmgr", &source(MAIL));
    // Of one folder, by one rule: the other entries stay.
    for (args, count) in [
        (&["--baseline", "write", "--select", "SM014", "more"][..], 3),
        (&["--baseline", "update", "--select", "SM036", "more"], 3),
        (&["--baseline", "write", "more"], 4),
        (&["--baseline", "write", MAIL], 4),
        (&["--baseline", "write", "."], 4),
        (&["--baseline", "update", "."], 4),
    ] {
        let run = run(args);
        assert_eq!(run.code, 0, "{args:?}: {}", run.err);
        assert_eq!(place.entries().len(), count, "{args:?}");
        let explained = place
            .entries()
            .into_iter()
            .filter(|it| it.contains_key("reason"));
        assert_eq!(explained.count(), 2, "{args:?}");
    }
    assert_eq!(place.lint(&[]).code, 0);
}

#[test]
fn a_baseline_that_cannot_be_read_is_not_written_over() {
    let place = Place::new();
    let good = place.baseline();
    for (text, message) in [
        (good.replacen("rule", "rul", 1), "rul"),
        (good.replacen("path = \"", "path = ", 1), "line 6, column 8"),
        (
            good.replace("version = 1", "version = 2"),
            "expected a baseline of version 1, found version 2",
        ),
        (good.replace("version = 1", ""), "missing field `version`"),
        (good.replacen("[[finding]]", "[[findings]]", 1), "findings"),
        ("<<<<<<< HEAD\n".to_owned() + &good, "line 1"),
    ] {
        place.put("dtsx-baseline.toml", &text);
        for action in [
            &["--baseline", "write"][..],
            &["--baseline", "update"],
            &["--baseline", "check"],
            &[],
        ] {
            let run = place.lint(action);
            assert_eq!(run.code, 2, "{action:?}: {text}");
            assert!(
                run.err.contains("dtsx-baseline.toml") && run.err.contains(message),
                "{}",
                run.err
            );
        }
        assert_eq!(place.baseline(), text);
    }
    std::fs::write(place.path("dtsx-baseline.toml"), b"version = 1\n# \xE4\n").unwrap();
    let run = place.lint(&["--baseline", "write"]);
    assert_eq!(run.code, 2);
    assert!(
        run.err.contains("dtsx-baseline.toml: is not UTF-8"),
        "{}",
        run.err
    );
    // Who asks for none is not told of it.
    assert_eq!(place.lint(&["--isolated", "--fail-level", "never"]).code, 0);
    place.remove("dtsx-baseline.toml");
    for action in ["update", "check"] {
        let run = place.lint(&["--baseline", action]);
        assert_eq!(run.code, 2);
        assert!(
            run.err.contains("`--baseline write` makes it"),
            "{}",
            run.err
        );
    }
}

#[test]
fn isolated_runs_know_nothing_and_lose_nothing() {
    let place = Place::new();
    place.explain();
    let before = place.entries();
    let isolated = ["--isolated", "--select", "SM014,SM036"];
    assert_eq!(place.lint(&[]).code, 0);
    assert_eq!(place.lint(&isolated).code, 1);
    for action in ["check", "update", "write"] {
        let run = place.lint(&[&isolated[..], &["--baseline", action]].concat());
        assert_eq!(run.code, 0, "{action}: {}", run.shown());
        assert_eq!(place.entries(), before, "{action}");
    }
}

#[test]
fn a_baseline_is_written_whole_or_not_at_all() {
    let place = Place::new();
    let names = || {
        let names = std::fs::read_dir(place.0.path()).unwrap();
        let mut names: Vec<_> = names.map(|it| it.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = names();
    assert_eq!(before, ["Mail.conmgr", "dtsx-baseline.toml", "dtsx.toml"]);
    place.write();
    assert_eq!(names(), before);
    // Nowhere to write it.
    place.put(
        "dtsx.toml",
        "[lint]\nbaseline = \"no-such-folder/known.toml\"\n",
    );
    let run = place.lint(&["--baseline", "write"]);
    assert_eq!(run.code, 4, "{}", run.err);
    assert!(
        run.err.contains("known.toml") && run.err.contains("could not be written"),
        "{}",
        run.err
    );
    assert_eq!(names(), before);
    place.put("dtsx.toml", "");
    let old = place.baseline();
    let path = place.path("dtsx-baseline.toml");
    let mut read_only = std::fs::metadata(&path).unwrap().permissions();
    let usual = read_only.clone();
    read_only.set_readonly(true);
    std::fs::set_permissions(&path, read_only).unwrap();
    let run = place.lint(&["--baseline", "write"]);
    assert_eq!(run.code, 4, "{}", run.err);
    assert!(run.err.contains("read-only"), "{}", run.err);
    assert_eq!((place.baseline(), names()), (old, before));
    std::fs::set_permissions(&path, usual).unwrap();
}

#[test]
fn members_of_archives_are_known_and_may_go() {
    let place = Place::new();
    place.remove(MAIL);
    std::fs::copy(fixtures().join("ispac/Etl.ispac"), place.path("Etl.ispac")).unwrap();
    place.write();
    let good = place.baseline();
    let count = place.entries().len();
    assert!(count > 0 && good.contains("path = \"Etl.ispac!"), "{good}");
    assert!(place.is_fresh() && place.new_findings().is_empty());
    // A member with another name is known by the ids in it; one that is gone is out of date.
    for (from, id, new) in [("Etl.ispac!", "id = ", 0), ("Etl.ispac!", "# id = ", count)] {
        let text = good
            .replace(from, "Etl.ispac!Was ")
            .replace("\nid = ", &format!("\n{id}"));
        place.put("dtsx-baseline.toml", &text);
        assert_eq!(place.new_findings().len(), new, "{id}");
        assert_eq!(place.is_fresh(), new == 0, "{id}");
    }
    place.update();
    assert_eq!(place.entries_or_none(), 0);
}

/// It is committed and read by others: it has the rights of the file that it replaces, and stays where a link leads.
#[cfg(unix)]
#[test]
fn a_baseline_keeps_its_rights_and_its_link() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let place = Place::new();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let path = place.path("dtsx-baseline.toml");
    assert_eq!(mode(&path), mode(&place.path("dtsx.toml")));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    place.write();
    assert_eq!(mode(&path), 0o640);
    let real = place.path("known.toml");
    std::fs::rename(&path, &real).unwrap();
    symlink("known.toml", &path).unwrap();
    place.put(MAIL, &mended(&source(MAIL)));
    place.update();
    assert!(std::fs::symlink_metadata(&path).unwrap().is_symlink());
    assert!(
        !std::fs::read_to_string(&real)
            .unwrap()
            .contains("[[finding]]")
    );
}

/// What is known is not mended, round after round.
#[test]
fn fixes_leave_what_is_known() {
    let place = Place::new();
    let run = place.lint(&["--diff", "--unsafe-fixes"]);
    assert_eq!((run.code, run.out.as_str()), (0, ""), "{}", run.err);
    // One of two is new: it alone is mended.
    let text = place.baseline();
    let (kept, _) = text.rsplit_once("[[finding]]").unwrap();
    place.put("dtsx-baseline.toml", kept);
    let run = place.lint(&["--diff", "--unsafe-fixes"]);
    assert_eq!(run.code, 1);
    assert!(run.out.contains("Timeout="), "{}", run.out);
    assert!(!run.out.contains("EnableSsl=True"), "{}", run.out);
}

#[test]
fn entries_of_the_configuration_say_which_and_why() {
    let place = Place::new();
    place.remove("dtsx-baseline.toml");
    let allow = |entry: &str| {
        place.put(
            "dtsx.toml",
            &format!(
                "[lint]\nselect = [\"SM014\", \"SM036\"]\n[[lint.allow]]\nreason = \"x\"\n{entry}"
            ),
        );
        let report = place.lint(&["--format", "json"]).json();
        let unused = report["unused"].as_array().unwrap().len();
        (report["summary"]["accepted"].as_u64().unwrap(), unused)
    };
    let object = r"\Project.Connections[Mail]";
    let gone = r"\Project.Connections[Gone]";
    let id = "{9ca6c302-e574-55ca-be51-16812ffa3a78}";
    for (entry, expected) in [
        (
            "rule = \"SM014\"\npath = \"Mail.conmgr\"".to_owned(),
            (1, 0),
        ),
        (
            "rule = \"sm014\"\npath = \"./Mail.conmgr\"".to_owned(),
            (1, 0),
        ),
        (
            format!("rule = \"SM014\"\npath = \"Mail.conmgr\"\nobject = '{object}'"),
            (1, 0),
        ),
        (
            format!(
                "rule = \"SM014\"\npath = \"Mail.conmgr\"\nobject = '{object}.Properties[EnableSsl]'"
            ),
            (1, 0),
        ),
        (
            format!(
                "rule = \"SM014\"\npath = \"Mail.conmgr\"\nobject = '{object}.Properties[Timeout]'"
            ),
            (0, 1),
        ),
        (
            "rule = \"SM014\"\npath = \"Mail.conmgr\"\noccurrence = 1".to_owned(),
            (0, 1),
        ),
        (
            format!("rule = \"SM014\"\npath = \"Mail.conmgr\"\nobject = '{gone}'"),
            (0, 1),
        ),
        (
            format!(
                "rule = \"SM014\"\npath = \"Mail.conmgr\"\nobject = '{gone}.Properties[EnableSsl]'\nid = \"{id}\""
            ),
            (1, 0),
        ),
        (
            "rule = \"SM014\"\npath = \"Gone.conmgr\"".to_owned(),
            (0, 1),
        ),
        (
            "rule = \"SM013\"\npath = \"Mail.conmgr\"".to_owned(),
            (0, 0),
        ),
    ] {
        assert_eq!(allow(&entry), expected, "{entry}");
    }
}
