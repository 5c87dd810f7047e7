//! `dtsx.toml`: what it may say, which one counts, and for which files.

use std::path::{Path, PathBuf};

use dtsx::lint::{Label, Level, RULES, Root, Settings, Severity, rule};
use serde_json::Value;

use super::outputs::check;
use crate::command::{Run, dtsx_fed, dtsx_in};
use crate::support::fixtures;

/// By whom a configuration is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Accepted {
    Both,
    Neither,
    /// What reads it takes any case, and a list as the fields of a table; the schema tells editors one spelling.
    Parser,
    /// What a schema cannot say.
    Schema,
}

#[rustfmt::skip]
const CONFIGURATIONS: &[(Accepted, &str)] = &[
    (Accepted::Both, ""),
    (Accepted::Both, "[lint]"),
    (Accepted::Both, "lint = {}"),
    (Accepted::Both, "[lint]\nselect = []"),
    (Accepted::Both, "[lint]\nselect = [\"all\", \"security\", \"SM014\", \"no-timeout\"]"),
    (Accepted::Parser, "[lint]\nselect = [\"sm014\", \"Security\", \"ALL\"]"),
    (Accepted::Neither, "[lint]\nselect = \"SM014\""),
    (Accepted::Neither, "[lint]\nselect = [14]"),
    (Accepted::Neither, "[lint]\nselect = [\"SM999\"]"),
    (Accepted::Neither, "[lint]\nselect = [\"\"]"),
    (Accepted::Neither, "[lint]\nselct = []"),
    (Accepted::Neither, "[lnt]"),
    (Accepted::Parser, "lint = []"),
    (Accepted::Neither, "lint = \"all\""),
    (Accepted::Neither, "select = []"),
    (Accepted::Both, "[lint]\nignore = [\"hygiene\"]"),
    (Accepted::Neither, "[lint]\nignore = [\"hygeine\"]"),
    (Accepted::Neither, "[lint]\nignore = {}"),
    (Accepted::Both, "[lint.severity]\nSM014 = \"error\"\nsecurity = \"warning\"\nno-timeout = \"info\"\nall = \"off\""),
    (Accepted::Parser, "[lint.severity]\nsm014 = \"error\""),
    (Accepted::Schema, "[lint.severity]\nSM014 = \"error\"\nplaintext-smtp = \"info\""),
    (Accepted::Neither, "[lint.severity]\nSM014 = \"Error\""),
    (Accepted::Neither, "[lint.severity]\nSM014 = \"never\""),
    (Accepted::Neither, "[lint.severity]\nSM014 = 1"),
    (Accepted::Neither, "[lint.severity]\nSM999 = \"error\""),
    (Accepted::Both, "[lint]\nfail-level = \"error\""),
    (Accepted::Both, "[lint]\nfail-level = \"off\""),
    (Accepted::Both, "[lint]\nfail-level = \"never\""),
    (Accepted::Neither, "[lint]\nfail-level = \"fatal\""),
    (Accepted::Neither, "[lint]\nfail_level = \"error\""),
    (Accepted::Both, "[lint]\nprofile = \"azure\""),
    (Accepted::Both, "[lint]\nprofile = \"on-premises\""),
    (Accepted::Neither, "[lint]\nprofile = \"Azure\""),
    (Accepted::Both, "[lint.deny-hosts]\n\"*.old.example\" = \"\"\n\"a.example\" = \"b.example\""),
    (Accepted::Neither, "[lint]\ndeny-hosts = [\"a.example\"]"),
    (Accepted::Neither, "[lint.deny-hosts]\n\"a.example\" = true"),
    (Accepted::Both, "[lint]\nallowed-domains = [\"example.com\"]\nfrom-domains = []"),
    (Accepted::Neither, "[lint]\nallowed-domains = \"example.com\""),
    (Accepted::Both, "[lint]\ncheck-files = true"),
    (Accepted::Neither, "[lint]\ncheck-files = \"yes\""),
    (Accepted::Both, "[lint]\nbaseline = \"known.toml\""),
    (Accepted::Neither, "[lint]\nbaseline = false"),
    (Accepted::Both, "[[lint.per-path]]\npaths = [\"a/**\"]"),
    (Accepted::Both, "[[lint.per-path]]\npaths = []\nignore = [\"SM014\"]\nseverity = { SM036 = \"off\" }"),
    (Accepted::Neither, "[[lint.per-path]]\nignore = [\"SM014\"]"),
    (Accepted::Neither, "[[lint.per-path]]\npaths = \"a\""),
    (Accepted::Neither, "[[lint.per-path]]\npaths = [\"a\"]\nselect = [\"SM014\"]"),
    (Accepted::Neither, "[[lint.per-path]]\npaths = [\"a\"]\nignore = [\"SM999\"]"),
    (Accepted::Schema, "[[lint.per-path]]\npaths = [\"a[\"]"),
    (Accepted::Neither, "[lint.per-path]\n\"a/**\" = [\"SM014\"]"),
    (Accepted::Both, "[[lint.allow]]\nrule = \"SM014\"\npath = \"a\"\nreason = \"b\""),
    (Accepted::Both, "[[lint.allow]]\nrule = \"no-timeout\"\npath = \"a\"\nobject = 'o'\noccurrence = 0\nid = \"{}\"\nreason = \"b\""),
    (Accepted::Neither, "[[lint.allow]]\nrule = \"SM014\"\npath = \"a\""),
    (Accepted::Neither, "[[lint.allow]]\nrule = \"SM014\"\npath = \"a\"\nreason = \"\""),
    (Accepted::Neither, "[[lint.allow]]\nrule = \"SM014\"\npath = \"a\"\nreason = \"  \""),
    (Accepted::Neither, "[[lint.allow]]\nrule = \"security\"\npath = \"a\"\nreason = \"b\""),
    (Accepted::Neither, "[[lint.allow]]\nrule = \"all\"\npath = \"a\"\nreason = \"b\""),
    (Accepted::Neither, "[[lint.allow]]\npath = \"a\"\nreason = \"b\""),
    (Accepted::Neither, "[[lint.allow]]\nrule = \"SM014\"\nreason = \"b\""),
    (Accepted::Neither, "[[lint.allow]]\nrule = \"SM014\"\npath = \"a\"\nreason = \"b\"\noccurrence = -1"),
    (Accepted::Neither, "[[lint.allow]]\nrule = \"SM014\"\npath = \"a\"\nreason = \"b\"\nuntil = \"March\""),
];

fn schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema/config@1.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn the_schema_accepts_what_the_parser_accepts() {
    let schema = schema();
    for (expected, text) in CONFIGURATIONS {
        let table: toml::Table = toml::from_str(text).unwrap();
        let value = serde_json::to_value(&table).unwrap();
        let mut wrong = Vec::new();
        check(&schema, &schema, &value, "configuration", &mut wrong);
        let parsed = Settings::parse(text);
        let accepted = match (parsed.is_ok(), wrong.is_empty()) {
            (true, true) => Accepted::Both,
            (false, false) => Accepted::Neither,
            (true, false) => Accepted::Parser,
            (false, true) => Accepted::Schema,
        };
        assert_eq!(accepted, *expected, "{text}\n{wrong:?}\n{:?}", parsed.err());
    }
    // Every key of the schema stands in the table above.
    let tables = [("LintTable", ""), ("PathTable", ""), ("AllowTable", "")];
    for (table, _) in tables {
        for key in schema["$defs"][table]["properties"]
            .as_object()
            .unwrap()
            .keys()
        {
            let is_used = CONFIGURATIONS
                .iter()
                .any(|(accepted, text)| *accepted == Accepted::Both && text.contains(key.as_str()));
            assert!(is_used, "{table}: {key}");
        }
    }
    for rule in RULES {
        for word in [rule.code, rule.name] {
            let words = schema["$defs"]["Rules"]["enum"].as_array().unwrap();
            assert!(words.contains(&word.into()), "{word}");
        }
    }
}

/// The example of the documentation is one.
#[test]
fn the_example_of_the_documentation() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/lint.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, rest) = text.split_once("```toml\n").unwrap();
    let example = rest.split("```").next().unwrap();
    let settings = Settings::parse(example).unwrap();
    assert_eq!(settings.allowed.len(), 1);
    let value = serde_json::to_value(toml::from_str::<toml::Table>(example).unwrap()).unwrap();
    let (schema, mut wrong) = (schema(), Vec::new());
    check(&schema, &schema, &value, "configuration", &mut wrong);
    assert!(wrong.is_empty(), "{wrong:?}");
    for key in schema["$defs"]["LintTable"]["properties"]
        .as_object()
        .unwrap()
        .keys()
    {
        assert!(text.contains(key.as_str()), "{key} is told nowhere");
    }
}

fn settings(text: &str) -> Settings {
    let mut settings = Settings::parse(text).unwrap();
    settings.root = Some(Root {
        configuration: PathBuf::from("/estate"),
        present: PathBuf::from("/estate/etl"),
    });
    settings
}

#[test]
fn globs_mean_files_folders_and_archives() {
    let member = Label::of_member(Path::new("Etl.ispac"), "Nightly Load.dtsx");
    for (glob, file, expected) in [
        ("etl/Nightly.dtsx", "Nightly.dtsx", true),
        ("Nightly.dtsx", "Nightly.dtsx", true),
        ("./etl/*.dtsx", "Nightly.dtsx", true),
        ("*.dtsx", "Nightly.dtsx", true),
        ("etl/*.dtsx", "sub/Nightly.dtsx", false),
        ("etl/**", "sub/Nightly.dtsx", true),
        ("etl/**/Nightly.dtsx", "Nightly.dtsx", true),
        ("**/sub/*", "sub/Nightly.dtsx", true),
        ("sub", "sub/Nightly.dtsx", true),
        ("sub/", "sub/deep/Nightly.dtsx", true),
        ("sub", "subs/Nightly.dtsx", false),
        // As it is written on Windows, wherever it runs.
        (r"etl\sub\**", "sub/Nightly.dtsx", true),
        (r".\etl\*.dtsx", "Nightly.dtsx", true),
        ("etl/{Nightly,Weekly}.dtsx", "Weekly.dtsx", true),
        ("etl/[NW]*.dtsx", "Weekly.dtsx", true),
        ("etl/[!N]*.dtsx", "Nightly.dtsx", false),
        ("etl/N?ghtly.dtsx", "Nightly.dtsx", true),
        ("etl/*.dtsx", "./Nightly.dtsx", true),
        ("other/*.dtsx", "../other/Nightly.dtsx", true),
        ("etl/*.dtsx", "/estate/etl/Nightly.dtsx", true),
        ("*.DTSX", "Nightly.dtsx", false),
        ("etl/ünï 😀/*", "ünï 😀/Nightly.dtsx", true),
    ] {
        let text = format!("[[lint.per-path]]\npaths = ['{glob}']\nignore = [\"SM014\"]\n");
        let settings = settings(&text);
        let label = Label::of_path(Path::new(file));
        let is_ignored = !settings.is_on(rule("SM014").unwrap(), &label);
        assert_eq!(is_ignored, expected, "{glob} {file}");
        assert!(settings.is_on(rule("SM036").unwrap(), &label));
    }
    for (glob, expected) in [
        ("etl/Etl.ispac", true),
        ("*.ispac", true),
        ("etl/Etl.ispac!Nightly Load.dtsx", true),
        ("*.ispac!Nightly*", true),
        ("*.ispac!Weekly*", false),
        ("etl", true),
    ] {
        let text = format!("[[lint.per-path]]\npaths = ['{glob}']\nignore = [\"SM014\"]\n");
        let is_ignored = !settings(&text).is_on(rule("SM014").unwrap(), &member);
        assert_eq!(is_ignored, expected, "{glob}");
    }
}

#[test]
fn later_paths_win() {
    let settings = settings(
        "[lint]\nselect = [\"SM014\", \"SM036\", \"security\"]\nignore = [\"SM013\"]\n\
         [lint.severity]\nsecurity = \"info\"\nSM014 = \"error\"\nSM036 = \"off\"\n\
         [[lint.per-path]]\npaths = [\"a\"]\nseverity = { SM014 = \"off\", SM036 = \"error\", SM013 = \"error\" }\n\
         [[lint.per-path]]\npaths = [\"a/b\"]\nseverity = { SM014 = \"warning\" }\n\
         [[lint.per-path]]\npaths = [\"a/b/c\"]\nignore = [\"SM014\"]\n",
    );
    let level = |code: &str, file: &str| {
        let (rule, label) = (rule(code).unwrap(), Label::of_path(Path::new(file)));
        match settings.is_on(rule, &label) {
            true => settings.severity(rule, &label).map(Level::Is),
            false => Some(Level::Off),
        }
    };
    let is = |severity| Some(Level::Is(severity));
    assert_eq!(level("SM014", "x.dtsx"), is(Severity::Error));
    assert_eq!(level("SM014", "a/x.dtsx"), Some(Level::Off));
    assert_eq!(level("SM014", "a/b/x.dtsx"), is(Severity::Warning));
    assert_eq!(level("SM014", "a/b/c/x.dtsx"), Some(Level::Off));
    assert_eq!(level("SM036", "x.dtsx"), Some(Level::Off));
    assert_eq!(level("SM036", "a/x.dtsx"), is(Severity::Error));
    // What is not selected no severity brings back.
    assert_eq!(level("SM013", "a/x.dtsx"), Some(Level::Off));
}

/// Two folders below one, each with a manager that SM014 and SM036 speak of.
fn tree() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a", "b", "b/deep"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
        let to = folder.path().join(name).join("Mail.conmgr");
        std::fs::copy(fixtures().join("project/Mail.conmgr"), to).unwrap();
    }
    folder
}

/// `RULE PATH` of what is found.
fn found(run: &Run) -> Vec<String> {
    let report = run.json();
    let findings = report["findings"].as_array().unwrap().iter();
    let text = |it: &Value, key: &str| it[key].as_str().unwrap().to_owned();
    findings
        .map(|it| format!("{} {}", text(it, "rule"), text(it, "path")))
        .collect()
}

#[test]
fn every_input_has_the_configuration_above_it() {
    let folder = tree();
    let at = folder.path();
    let put = |name: &str, text: &str| std::fs::write(at.join(name), text).unwrap();
    put("a/dtsx.toml", "[lint]\nselect = [\"SM014\"]\n");
    put("b/dtsx.toml", "[lint]\nselect = [\"SM036\"]\n");
    let run = |folder: &Path, args: &[&str]| {
        let run = dtsx_in(folder, [&["lint", "--format", "json"], args].concat());
        (found(&run), run)
    };
    let (all, _) = run(at, &["a", "b"]);
    let a = "SM014 a/Mail.conmgr";
    let (b, deep) = ("SM036 b/Mail.conmgr", "SM036 b/deep/Mail.conmgr");
    assert_eq!(all, [a, b, deep]);
    assert_eq!(
        run(at, &["b/deep/Mail.conmgr", "a/Mail.conmgr"]).0,
        [deep, a]
    );
    // Another tree, reached from a folder that has a configuration: that one has no say.
    assert_eq!(
        run(&at.join("a"), &["../b/Mail.conmgr"]).0,
        ["SM036 ../b/Mail.conmgr"]
    );
    std::fs::remove_file(at.join("b/dtsx.toml")).unwrap();
    let (all, _) = run(&at.join("a"), &["../b/Mail.conmgr"]);
    assert!(all.len() > 1, "{all:?}");
    put("b/dtsx.toml", "[lint]\nselect = [\"SM036\"]\n");
    // From above: those below do not count, which is said.
    let (all, said) = run(at, &["--select", "SM014", "."]);
    assert_eq!(all.len(), 3);
    for below in ["a", "b"] {
        let note = format!(
            "`{below}/dtsx.toml` does not count, as it lies below an input: give `{below}` besides"
        );
        assert_eq!(said.err.matches(&note).count(), 1, "{}", said.err);
    }
    let (all, said) = run(at, &[".", "b", "a/Mail.conmgr"]);
    assert_eq!(
        (all, said.err.as_str()),
        (vec![b.to_owned(), deep.to_owned(), a.to_owned()], "")
    );
    assert_eq!(said.json()["summary"]["files"], 3);
    // Nobody asked for what lies below.
    for option in [
        &["--isolated"][..],
        &["--config", "a/dtsx.toml"],
        &["--quiet"],
    ] {
        let (_, said) = run(at, &[option, &["."]].concat());
        assert_eq!(said.err, "", "{option:?}");
    }
    // One for all.
    let (all, _) = run(at, &["--config", "b/dtsx.toml", "a", "b/deep"]);
    assert_eq!(all, ["SM036 a/Mail.conmgr", deep]);
    let (all, _) = run(at, &["--isolated", "--select", "SM014", "a", "b"]);
    assert_eq!(all.len(), 3);
    assert_eq!(
        dtsx_in(at, ["lint", "--isolated", "--config", "a/dtsx.toml"]).code,
        2
    );
}

#[test]
fn what_counts_under_several_configurations() {
    let folder = tree();
    let at = folder.path();
    let put = |name: &str, text: &str| std::fs::write(at.join(name), text).unwrap();
    put(
        "a/dtsx.toml",
        "[lint]\nselect = [\"SM014\"]\nfail-level = \"never\"\n",
    );
    put(
        "b/dtsx.toml",
        "[lint]\nselect = [\"SM014\"]\nfail-level = \"error\"\n",
    );
    let code = |args: &[&str]| dtsx_in(at, [&["lint"], args].concat()).code;
    assert_eq!([code(&["a"]), code(&["b"]), code(&["a", "b"])], [0, 0, 0]);
    put("b/dtsx.toml", "[lint]\nselect = [\"SM014\"]\n");
    assert_eq!([code(&["a"]), code(&["b"]), code(&["a", "b"])], [0, 1, 1]);
    // Each has a baseline of its own.
    assert_eq!(code(&["--baseline", "write", "a", "b"]), 0);
    for name in ["a", "b"] {
        let text = std::fs::read_to_string(at.join(name).join("dtsx-baseline.toml")).unwrap();
        assert!(text.contains("path = \"Mail.conmgr\""), "{text}");
        assert_eq!(text.contains("deep"), name == "b", "{text}");
    }
    assert_eq!(code(&["--baseline", "check", "a", "b"]), 0);
    // But one file cannot hold two.
    put("a/dtsx.toml", "[lint]\nbaseline = \"../known.toml\"\n");
    put("b/dtsx.toml", "[lint]\nbaseline = \"../known.toml\"\n");
    let run = dtsx_in(at, ["lint", "a", "b"]);
    assert_eq!(run.code, 2);
    assert!(
        run.err
            .contains("two configurations have the baseline `known.toml`"),
        "{}",
        run.err
    );
    // Fixes of both are one run, which is taken back in one.
    put("a/dtsx.toml", "");
    put("b/dtsx.toml", "");
    for name in ["a", "b"] {
        std::fs::remove_file(at.join(name).join("dtsx-baseline.toml")).unwrap();
    }
    let fix = [
        "lint",
        "--fix",
        "--unsafe-fixes",
        "--select",
        "SM014",
        "--journal",
        "journal",
        "a",
        "b",
    ];
    let run = dtsx_in(at, fix);
    assert_eq!(run.code, 0, "{}", run.err);
    let text = |name: &str| std::fs::read_to_string(at.join(name)).unwrap();
    let names = ["a/Mail.conmgr", "b/Mail.conmgr", "b/deep/Mail.conmgr"];
    assert!(
        names
            .iter()
            .all(|name| text(name).contains("EnableSsl=True"))
    );
    assert_eq!(dtsx_in(at, ["undo", "--journal", "journal"]).code, 0);
    assert!(
        names
            .iter()
            .all(|name| text(name).contains("EnableSsl=False"))
    );
}

#[test]
fn the_standard_input_has_the_configuration_of_its_name() {
    let folder = tree();
    let at = folder.path();
    std::fs::write(at.join("b/dtsx.toml"), "[lint]\nselect = [\"SM036\"]\n").unwrap();
    let bytes = std::fs::read(fixtures().join("project/Mail.conmgr")).unwrap();
    let args = ["lint", "--format", "json", "--stdin-filename"];
    // The file need not be there, nor its folder.
    for name in [
        "b/Mail.conmgr",
        "b/New.conmgr",
        "b/deep/Mail.conmgr",
        "b/new/x/New.conmgr",
    ] {
        let run = dtsx_fed(at, [&args[..], &[name, "-"]].concat(), &bytes);
        assert_eq!(found(&run), [format!("SM036 {name}")], "{}", run.err);
    }
    let run = dtsx_fed(
        at,
        [
            &args[..],
            &["b/New.conmgr", "-", "a", "--extend-select", "SM014"],
        ]
        .concat(),
        &bytes,
    );
    let all = found(&run);
    assert!(all.contains(&"SM036 b/New.conmgr".to_owned()), "{all:?}");
    assert!(all.iter().any(|it| it == "SM014 a/Mail.conmgr"), "{all:?}");
}

#[test]
fn configurations_that_cannot_be_read() {
    let folder = tree();
    let at = folder.path();
    let run = |args: &[&str]| dtsx_in(at, [&["lint"], args, &["."]].concat());
    let path = at.join("dtsx.toml");
    std::fs::write(&path, b"\xEF\xBB\xBF[lint]\r\nselect = [\"SM014\"]\r\n").unwrap();
    assert_eq!(found(&run(&["--format", "json"])).len(), 3);
    for (bytes, message) in [
        (
            &b"[lint]\nselect = [\"SM014\xFF\"]\n"[..],
            "dtsx.toml: is not UTF-8",
        ),
        (
            b"[lint]\nselect = []\nselect = []\n",
            "dtsx.toml: line 3, column 1: duplicate key",
        ),
        (b"[lint]\n[lint]\n", "line 2"),
        (
            b"\xEF\xBB\xBF[lint]\nselct = []\n",
            "line 2, column 1: unknown field `selct` (did you mean `select`?)",
        ),
        (b"[lint.per-path]\n", "line 1"),
        (b"[lint]\nselect = [\n", "line 2"),
        (
            b"[lint]\n\tseverity = { \"S\xC3\xA4\" = \"off\", SM14 = \"off\" }\n",
            "line 2",
        ),
    ] {
        std::fs::write(&path, bytes).unwrap();
        let run = run(&[]);
        let text = String::from_utf8_lossy(bytes);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{text}");
        assert!(run.err.contains(message), "{text}: {}", run.err);
        assert!(
            run.err.starts_with("dtsx: dtsx.toml: "),
            "as one would name it: {}",
            run.err
        );
    }
    // A folder may have any name; somebody who names one as the configuration is told.
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert_eq!(run(&["--select", "SM014"]).code, 1);
    let named = run(&["--config", "dtsx.toml"]);
    assert_eq!(named.code, 2);
    assert!(
        named.err.contains("dtsx.toml: could not be read"),
        "{}",
        named.err
    );
    let gone = run(&["--config", "gone.toml"]);
    assert_eq!(gone.code, 2);
    assert!(
        gone.err.contains("gone.toml: could not be read"),
        "{}",
        gone.err
    );
}

#[test]
fn levels_and_exit_codes() {
    let folder = tree();
    let at = folder.path();
    let run = |args: &[&str]| {
        dtsx_in(
            at,
            [&["lint", "--isolated", "--select", "SM014"], args, &["a"]].concat(),
        )
    };
    for (args, code) in [
        (&[][..], 1),
        (&["--exit-zero"], 0),
        (&["--fail-level", "never"], 0),
        (&["--fail-level", "off"], 0),
        (&["--fail-level", "error"], 0),
        (&["--fail-level", "info"], 1),
        (&["--fail-level", "fatal"], 2),
        (&["--diff", "--unsafe-fixes"], 1),
        (&["--diff", "--unsafe-fixes", "--exit-zero"], 0),
        (&["--exit-zero", "no-such-file.dtsx"], 3),
    ] {
        assert_eq!(run(args).code, code, "{args:?}");
    }
    // Nothing of a report changes.
    let failures = |option: &[&str]| {
        let run = run(&[option, &["--format", "junit"]].concat());
        run.out.matches("<failure ").count()
    };
    assert_eq!(failures(&[]), 1);
    assert_eq!(failures(&["--exit-zero"]), 1);
    assert_eq!(failures(&["--fail-level", "never"]), 0);
}

#[test]
fn nothing_to_judge_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::create_dir(at.join("empty")).unwrap();
    std::fs::write(at.join("notes.txt"), "x").unwrap();
    for args in [
        &["empty"][..],
        &["."],
        &[],
        &["--include", "*.nothing", "."],
    ] {
        for format in [
            "human", "json", "sarif", "github", "azure", "concise", "junit",
        ] {
            let run = dtsx_in(at, [&["lint", "--format", format], args].concat());
            assert_eq!(run.code, 0, "{args:?}");
            assert!(
                run.err.contains("no file of SSIS was found there"),
                "{}",
                run.err
            );
            match format {
                "human" => assert_eq!(run.out, "nothing found in 0 files\n"),
                "json" => assert_eq!(run.json()["findings"], serde_json::json!([])),
                "sarif" => assert_eq!(run.json()["runs"][0]["results"], serde_json::json!([])),
                "junit" => assert!(run.out.contains("tests=\"0\"")),
                _ => assert_eq!(run.out, ""),
            }
            let quiet = dtsx_in(
                at,
                [&["lint", "--quiet", "--format", format], args].concat(),
            );
            assert_eq!((quiet.code, quiet.err.as_str()), (0, ""));
        }
    }
    // What was named and is none is one finding, and the others are judged.
    std::fs::copy(
        fixtures().join("project/Mail.conmgr"),
        at.join("Mail.conmgr"),
    )
    .unwrap();
    let run = dtsx_in(
        at,
        [
            "lint",
            "--format",
            "json",
            "--select",
            "SM000,SM014",
            "notes.txt",
            "gone*",
            ".",
        ],
    );
    assert_eq!(run.code, 3);
    let mut all = found(&run);
    all.sort();
    assert_eq!(all, ["SM000 gone*", "SM000 notes.txt", "SM014 Mail.conmgr"]);
    // Whoever does not select SM000 is told by the exit code, still.
    let run = dtsx_in(
        at,
        [
            "lint",
            "--format",
            "json",
            "--select",
            "SM014",
            "notes.txt",
            ".",
        ],
    );
    assert_eq!(
        (run.code, found(&run)),
        (3, vec!["SM014 Mail.conmgr".to_owned()])
    );
    assert_eq!(run.json()["errors"].as_array().unwrap().len(), 1);
}
