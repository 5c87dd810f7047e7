//! The diagram of legal casts, all 29 × 29 of it.

use dtsx::expression::{Code, DataType, ErrorKind, Expression, Locale, TypeName, Value};

use super::{at, cases_folder};

/// A value of each type, as an expression; every type has one.
const VALUES: [(&str, &str); 29] = [
    ("DT_I1", "(DT_I1)1"),
    ("DT_I2", "(DT_I2)1"),
    ("DT_I4", "1"),
    ("DT_R4", "1.0F"),
    ("DT_R8", "1.0L"),
    ("DT_CY", "(DT_CY)1"),
    ("DT_DATE", "(DT_DATE)1"),
    ("DT_BOOL", "TRUE"),
    ("DT_NUMERIC", "1.0"),
    ("DT_DECIMAL", "(DT_DECIMAL,1)1"),
    ("DT_UI1", "(DT_UI1)1"),
    ("DT_UI2", "(DT_UI2)1"),
    ("DT_UI4", "1U"),
    ("DT_I8", "1L"),
    ("DT_UI8", "1UL"),
    (
        "DT_GUID",
        "(DT_GUID)\"{00000000-0000-0000-0000-000000000001}\"",
    ),
    (
        "DT_BYTES",
        "(DT_BYTES,16)\"00000000000000000000000000000001\"",
    ),
    ("DT_STR", "NULL(DT_STR,50,1252)"),
    ("DT_WSTR", "\"1\""),
    ("DT_DBDATE", "(DT_DBDATE)\"2024-01-04\""),
    ("DT_DBTIME", "(DT_DBTIME)\"10:00:00\""),
    ("DT_DBTIME2", "(DT_DBTIME2,3)\"10:00:00\""),
    ("DT_DBTIMESTAMP", "(DT_DBTIMESTAMP)\"2024-01-04\""),
    ("DT_DBTIMESTAMP2", "(DT_DBTIMESTAMP2,3)\"2024-01-04\""),
    (
        "DT_DBTIMESTAMPOFFSET",
        "(DT_DBTIMESTAMPOFFSET,3)\"2024-01-04\"",
    ),
    ("DT_FILETIME", "(DT_FILETIME)\"2024-01-04\""),
    ("DT_IMAGE", "(DT_IMAGE)(DT_BYTES,1)\"01\""),
    ("DT_TEXT", "(DT_TEXT,1252)\"1\""),
    ("DT_NTEXT", "(DT_NTEXT)\"1\""),
];

fn cast(to: TypeName, of: &str) -> String {
    let to = match to.widest() {
        DataType::Numeric { .. } => "DT_NUMERIC,20,2".to_owned(),
        other => other.to_string(),
    };
    format!("({to}){of}")
}

#[test]
fn every_type_has_a_value_here() {
    for (name, text) in VALUES {
        let value = Expression::parse(text)
            .unwrap()
            .evaluate(&at("2026-11-24T09:00:00"))
            .unwrap();
        assert_eq!(value.data_type().name().as_str(), name, "{text}");
    }
}

#[test]
fn the_given_diagram_is_ours() {
    let Some(folder) = cases_folder() else { return };
    let text = std::fs::read_to_string(folder.join("legal-casts.tsv")).unwrap();
    let mut lines = text
        .lines()
        .map(|line| line.split('\t').collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let mut count = 0;
    for row in lines {
        let (_, value) = VALUES.iter().find(|(name, _)| *name == row[0]).unwrap();
        for (to, mark) in header.iter().zip(&row).skip(1) {
            let to = TypeName::from_name(to).unwrap();
            let checked = Expression::parse(&cast(to, value))
                .unwrap()
                .check(&at("2026-11-24T09:00:00"));
            match (*mark, checked) {
                ("N", Err(error)) => {
                    assert_eq!(error.code(), Some(Code::InvalidCast), "{} to {to}", row[0])
                }
                ("N", Ok(_)) => panic!("{} to {to} is no cast", row[0]),
                (_, checked) => assert_eq!(checked.unwrap().name(), to, "{} to {to}", row[0]),
            }
            count += 1;
        }
    }
    assert_eq!(count, 29 * 29);
}

#[test]
fn every_legal_cast_has_a_value_or_says_why_not() {
    let scope = at("2026-11-24T09:00:00");
    let (mut legal, mut values, mut unproven) = (0, 0, Vec::new());
    for (name, text) in VALUES {
        for to in TypeName::all() {
            let expression = cast(to, text);
            let parsed = Expression::parse(&expression).unwrap();
            if parsed.check(&scope).is_err() {
                continue;
            }
            legal += 1;
            match parsed.evaluate(&scope) {
                Ok(value) => {
                    assert_eq!(value.data_type().name(), to, "{expression}");
                    values += 1;
                }
                Err(error) => match error.kind() {
                    ErrorKind::Unproven => unproven.push(format!("{name} to {to}")),
                    // A text `1` is no date, and TRUE fits no unsigned type.
                    ErrorKind::Value if name == "DT_WSTR" || name == "DT_BOOL" => {}
                    _ => panic!("{expression}: {error}"),
                },
            }
        }
    }
    assert_eq!(legal, 445, "{values} values");
    assert_eq!(
        unproven,
        [
            "DT_I4 to DT_BYTES",
            "DT_UI4 to DT_BYTES",
            "DT_I8 to DT_BYTES",
            "DT_UI8 to DT_BYTES",
            "DT_BYTES to DT_R4",
            "DT_BYTES to DT_UI4",
            "DT_BYTES to DT_I8",
            "DT_BYTES to DT_UI8",
            "DT_BYTES to DT_TEXT",
            "DT_BYTES to DT_NTEXT",
            "DT_WSTR to DT_IMAGE",
            "DT_IMAGE to DT_TEXT",
            "DT_IMAGE to DT_NTEXT",
            "DT_TEXT to DT_IMAGE",
            "DT_NTEXT to DT_IMAGE",
        ]
    );
}

#[test]
fn null_of_every_type_is_cast_to_null() {
    let scope = at("2026-11-24T09:00:00");
    for from in TypeName::all() {
        let null = Value::null(from.widest());
        for to in TypeName::all() {
            match null.cast_to(to.widest(), Locale::EN_US) {
                Ok(value) => assert_eq!(value, Value::null(to.widest())),
                Err(error) => assert_eq!(error.code(), Some(Code::InvalidCast), "{from} to {to}"),
            }
        }
        let text = format!("ISNULL(NULL({}))", from.widest());
        let value = Expression::parse(&text).unwrap().evaluate(&scope).unwrap();
        assert_eq!(value, Value::bool(true), "{text}");
    }
}
