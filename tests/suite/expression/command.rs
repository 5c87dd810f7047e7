//! `dtsx eval` as its users meet it.

use crate::command::{Run, dtsx_fed};
use crate::support::fixtures;

/// Runs the command with something on its standard input.
fn eval(arguments: &[&str], input: &str) -> Run {
    dtsx_fed(
        &fixtures(),
        [&["eval"], arguments].concat(),
        input.as_bytes(),
    )
}

#[test]
fn a_value_is_printed_as_text() {
    for (arguments, wanted) in [
        (&["5.0/2"][..], "2.500000000000\n"),
        (&["-5 % 3"], "-2\n"),
        (&["NULL(DT_I4)"], "NULL\n"),
        (&["\"a\\nb\""], "a\nb\n"),
        (&["@[User::n] * 2", "--var", "User::n:DT_I4=21"], "42\n"),
        (&["@n + 1", "--var", "n:DT_I4=5"], "6\n"),
        (
            &[
                "@[$Project::p] + @x",
                "--var",
                "$Project::p=a",
                "--var",
                "x=b=c",
            ],
            "ab=c\n",
        ),
        (&["ISNULL(@x)", "--var", "x:DT_DATE"], "True\n"),
        (&["Name + \"!\"", "--column", "Name:DT_WSTR=x"], "x!\n"),
        (
            &["GETDATE()", "--now", "2026-11-24T09:00:00"],
            "2026-11-24 09:00:00\n",
        ),
        (
            &["GETUTCDATE()", "--now", "2026-11-24T09:00:00+01:00"],
            "2026-11-24 08:00:00\n",
        ),
        (
            &[
                "(DT_WSTR,30)(DT_DATE)GETDATE()",
                "--now",
                "2026-11-24T09:00:00",
            ],
            "11/24/2026 9:00:00 AM\n",
        ),
        (
            &[
                "(DT_WSTR,30)(DT_DATE)GETDATE()",
                "--now",
                "2026-11-24T09:00:00",
                "--locale",
                "1049",
            ],
            "24.11.2026 9:00:00\n",
        ),
        (&["@n = @n + 1", "--var", "n:DT_I4=1"], "2\n"),
    ] {
        let output = eval(arguments, "");
        assert_eq!(
            (output.out.as_str(), output.err.as_str()),
            (wanted, ""),
            "{arguments:?}"
        );
        assert_eq!(output.code, (0));
    }
    let path = std::env::var("PATH").unwrap();
    let output = eval(&["@x", "--var", "x=@env:PATH"], "");
    assert_eq!(output.out, format!("{path}\n"));
    let output = eval(&["@x", "--var", "x=@file:sources/files/notes.txt"], "");
    let notes = std::fs::read_to_string(fixtures().join("sources/files/notes.txt")).unwrap();
    assert_eq!(output.out.trim_end(), notes.trim_end());
    let output = eval(&["-"], "1 +\n2");
    assert_eq!(output.out, "3\n");
}

#[test]
fn json_has_value_type_and_null() {
    let output = eval(&["4 + 6", "--format", "json"], "");
    assert_eq!(
        output.out,
        "{\"schema\":\"dtsx/eval@1\",\"value\":\"10\",\"type\":\"DT_I4\",\"null\":false}\n"
    );
    let output = eval(&["NULL(DT_WSTR,5)", "--format", "json"], "");
    let value = output.json();
    assert_eq!(value["value"], serde_json::Value::Null);
    assert_eq!(value["type"], "DT_WSTR");
    assert_eq!(value["null"], true);
}

#[test]
fn json_is_written_where_a_program_waits_for_it_also_of_an_error() {
    let output = eval(&["1 / 0", "--format", "json"], "");
    assert_eq!(output.code, 1);
    let error = output.json();
    assert_eq!(error["schema"], "dtsx/error@1");
    let message = error["message"].as_str().unwrap();
    assert!(message.starts_with("0xC004707B: "), "{message}");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("value.json");
    let wanted = format!("json={}", file.display());
    let output = eval(&["1 + 1", "--format", "human", "--format", &wanted], "");
    assert_eq!(output.out, "2\n");
    let written: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(written["value"], "2");
}

#[test]
fn secrets_of_connection_strings_are_masked() {
    let connection = "\"Server=db;Password=\" + @[User::p] + \";Database=d\"";
    let bound = ["--var", "User::p=@env:PATH", "--format", "json"];
    let output = eval(&[&[connection][..], &bound].concat(), "");
    let value = output.json();
    assert_eq!(value["value"], "Server=db;Password=***;Database=d");
    assert_eq!(value["masked"], serde_json::json!(["Password"]));

    let output = eval(&["\"Pwd=hunter2;x=1\" + 1"], "");
    assert!(!output.err.contains("hunter2"), "{}", output.err);
    assert!(output.err.contains("0xC0047080"));
    let output = eval(&["-i"], "\"Pwd=hunter2;\"\n\"Pwd=hunter2;\" + 1\n");
    assert!(
        output.out.starts_with("Pwd=***; : DT_WSTR"),
        "{}",
        output.out
    );
    assert!(!output.err.contains("hunter2"), "{}", output.err);
}

#[test]
fn what_has_no_value_ends_with_one_and_a_caret() {
    for (expression, code, caret) in [
        ("1 / 0", "0xC004707B", "1 | 1 / 0\n  |     ^"),
        ("\"a\" + 1", "0xC0047080", "  | ^^^^^^^"),
        (
            "UPER(\"a\")",
            "0xC004708A",
            "  | ^^^^\n  = did you mean `UPPER`?",
        ),
        (
            "@User::X",
            "0xC0047096",
            "  |      ^^\n  = a name with a namespace needs brackets: `@[User::X]`",
        ),
        ("\"a", "0xC00470A7", "  | ^^"),
        ("", "0xC004709A", "  | ^"),
    ] {
        let output = eval(&[expression], "");
        assert_eq!(output.code, (1), "{expression}");
        assert_eq!(output.out, "");
        let shown = output.err;
        assert!(shown.starts_with(&format!("dtsx: {code}: ")), "{shown}");
        assert!(shown.contains(caret), "{shown}");
    }
    let output = eval(&["@[User::Cuont]", "--var", "User::Count:DT_I4=1"], "");
    assert!(
        output.err.contains("did you mean `@[User::Count]`?"),
        "{}",
        output.err
    );
}

#[test]
fn wrong_arguments_end_with_two() {
    for arguments in [
        &[][..],
        &["1", "--var", "n:DT_I4=hunter2"],
        &["1", "--var", "n:DT_NOTHING=1"],
        &["1", "--var", "=1"],
        &["1", "--var", "n=@env:DTSX_NO_SUCH_VARIABLE"],
        &["1", "--var", "n=@file:/no/such/file"],
        &["1", "--now", "yesterday"],
        &["1", "--locale", "en"],
        &["1", "--format", "xml"],
    ] {
        let output = eval(arguments, "");
        assert_eq!(output.code, (2), "{arguments:?}");
        assert!(!output.err.is_empty());
        assert!(!output.err.contains("hunter2"));
    }
}

#[test]
fn lines_are_evaluated_one_after_the_other() {
    let input = "1 + 1\n\n:var User::n:DT_I4=4\n@n = @n * 10\n@n + 2\n1 +\n:names\n:functions\n:nothing\n:help\nUPPER(\"z\")\n:quit\n3\n";
    let output = eval(&["-i"], input);
    assert_eq!(output.code, (0));
    let lines: Vec<&str> = output.out.lines().collect();
    assert_eq!(
        lines[..4],
        ["2 : DT_I4", "40 : DT_I4", "42 : DT_I4", "@[User::n]"]
    );
    assert_eq!(lines.last(), Some(&"Z : DT_WSTR,1"));
    assert!(output.err.contains("0xC00470A7"), "{}", output.err);
    assert!(output.err.contains("`:nothing` is no command"));
}
