//! The schemas under `docs/schema` are those of the code, and what the command writes fits them.
//!
//! `DTSX_UPDATE_SCHEMAS=1 cargo test schemas` writes them anew.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::command::dtsx;
use crate::support::files_below;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema")
}

/// `dtsx/inspect@1` is kept in `inspect@1.json`.
fn path_of(name: &str) -> PathBuf {
    let name = name.strip_prefix("dtsx/").expect("a name of ours");
    folder().join(format!("{name}.json"))
}

fn stored(name: &str) -> Value {
    let path = path_of(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!(
            "{}: {error}: write it with DTSX_UPDATE_SCHEMAS=1",
            path.display()
        )
    });
    serde_json::from_str(&text).unwrap()
}

#[test]
fn the_stored_schemas_are_those_of_the_code() {
    let schemas = dtsx::report::json::schemas();
    if std::env::var_os("DTSX_UPDATE_SCHEMAS").is_some() {
        std::fs::create_dir_all(folder()).unwrap();
        for (name, schema) in &schemas {
            let text = serde_json::to_string_pretty(schema).unwrap() + "\n";
            std::fs::write(path_of(name), text).unwrap();
        }
    }
    for (name, schema) in &schemas {
        assert!(
            stored(name) == *schema.as_value(),
            "{name} changed: look at what DTSX_UPDATE_SCHEMAS=1 writes, and if a field is gone or means something \
             else, give the schema a new number"
        );
    }
    let known: BTreeSet<_> = schemas.iter().map(|(name, _)| path_of(name)).collect();
    let found: BTreeSet<_> = files_below(&folder()).into_iter().collect();
    assert_eq!(known, found);
}

#[test]
fn what_is_written_fits_the_schema() {
    for args in [
        &["inspect", "--format", "json", "."][..],
        &["inspect", "--format", "json", "--mail", "."],
        &["inspect", "--format", "json", "no-such-folder"],
        &[
            "migrate",
            "--replace-server",
            "smtp1.corp.example=relay.example.com",
            "--format",
            "json",
            "nine-places",
        ],
        &["lint", "--isolated", "--format", "json", "."],
        &["explain", "--format", "json"],
        // Usage.
        &["inspect", "--format", "json", "--stdin-filename", "x"],
        &[
            "run",
            "--format",
            "json",
            "--dry-run",
            "sources/variable.dtsx",
        ],
        &["extract", "-o", "-", "sources/variable.dtsx"],
    ] {
        assert_fits(&dtsx(args).json());
    }
}

/// Whether a report fits the schema that it names.
pub fn assert_fits(report: &Value) {
    let name = report["schema"].as_str().expect("the name of a schema");
    let schema = stored(name);
    let mut wrong = Vec::new();
    check(&schema, &schema, report, name, &mut wrong);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A test that cannot fail proves nothing.
#[test]
fn what_does_not_fit_is_found() {
    let schema = stored("dtsx/inspect@1");
    let good = dtsx(["inspect", "--format", "json", "demo"]).json();
    let spoilt = |pointer: &str, by: Value| {
        let mut report = good.clone();
        *report.pointer_mut(pointer).expect(pointer) = by;
        report
    };
    let mut without = good.clone();
    without["summary"].as_object_mut().unwrap().remove("files");
    let mut with = good.clone();
    with["files"][0]["surprise"] = Value::Null;
    for report in [
        spoilt("/schema", "dtsx/inspect@2".into()),
        spoilt("/files/0/kind", "memo".into()),
        spoilt("/files/1/connections/0/span/line", "1".into()),
        spoilt("/files/0/encrypted", Value::Null),
        without,
        with,
    ] {
        let mut wrong = Vec::new();
        check(&schema, &schema, &report, "report", &mut wrong);
        assert_eq!(wrong.len(), 1, "{wrong:?}");
    }
}

/// The part of JSON Schema that our schemas use. Fields that a schema does not name are wrong here, although readers
/// must accept them: we write what we documented.
fn check(root: &Value, schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let pointer = reference.strip_prefix('#').expect("a reference inside");
        let target = root.pointer(pointer).expect(reference);
        return check(root, target, value, at, wrong);
    }
    if let Some(alternatives) = schema["anyOf"].as_array() {
        let fits = |alternative| {
            let mut wrong = Vec::new();
            check(root, alternative, value, at, &mut wrong);
            wrong.is_empty()
        };
        if !alternatives.iter().any(fits) {
            wrong.push(format!("{at}: fits no alternative"));
        }
        return;
    }
    if schema.get("const").is_some_and(|only| only != value) {
        return wrong.push(format!("{at}: is {value}"));
    }
    if let Some(values) = schema["enum"].as_array()
        && !values.contains(value)
    {
        return wrong.push(format!("{at}: {value} is none of {values:?}"));
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let kinds = match &schema["type"] {
        Value::String(one) => vec![one.as_str()],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => panic!("{at}: a schema without a type: {schema}"),
    };
    if !kinds.contains(&kind) {
        return wrong.push(format!("{at}: expected {kinds:?}, found {kind}"));
    }
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                check(
                    root,
                    &schema["items"],
                    item,
                    &format!("{at}[{index}]"),
                    wrong,
                );
            }
        }
        Value::Object(fields) => {
            let required = schema["required"].as_array().into_iter().flatten();
            for name in required.filter_map(Value::as_str) {
                if !fields.contains_key(name) {
                    wrong.push(format!("{at}: no field {name}"));
                }
            }
            for (name, field) in fields {
                let inside = format!("{at}.{name}");
                match (&schema["properties"][name], &schema["additionalProperties"]) {
                    (Value::Null, Value::Null) => wrong.push(format!("{inside}: not documented")),
                    (Value::Null, any) => check(root, any, field, &inside, wrong),
                    (property, _) => check(root, property, field, &inside, wrong),
                }
            }
        }
        _ => {}
    }
}
