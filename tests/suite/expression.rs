//! The SSIS expression language: what it must give, what it must refuse, and where everything stands.

mod cases;

use std::path::{Path, PathBuf};

use dtsx::expression::{Bindings, DataType, Locale, Moment, TypeName, Value};

/// A folder of the project.
fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The folder that an environment variable names, `None` without the variable; it must exist.
fn outside(variable: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os(variable)?);
    assert!(
        folder.is_dir(),
        "{variable} names no folder: {}",
        folder.display()
    );
    Some(folder)
}

/// A type by its name, as long or as precise as values may be.
fn wide(name: TypeName) -> DataType {
    let scale = 7;
    match name {
        TypeName::I1 => DataType::I1,
        TypeName::I2 => DataType::I2,
        TypeName::I4 => DataType::I4,
        TypeName::I8 => DataType::I8,
        TypeName::Ui1 => DataType::Ui1,
        TypeName::Ui2 => DataType::Ui2,
        TypeName::Ui4 => DataType::Ui4,
        TypeName::Ui8 => DataType::Ui8,
        TypeName::R4 => DataType::R4,
        TypeName::R8 => DataType::R8,
        TypeName::Cy => DataType::Cy,
        TypeName::Date => DataType::Date,
        TypeName::Bool => DataType::Bool,
        TypeName::Numeric => DataType::Numeric {
            precision: 18,
            scale: 2,
        },
        TypeName::Decimal => DataType::Decimal { scale: 2 },
        TypeName::Guid => DataType::Guid,
        TypeName::Bytes => DataType::Bytes { length: 8000 },
        TypeName::Str => DataType::Str {
            length: 8000,
            code_page: 1252,
        },
        TypeName::Wstr => DataType::Wstr { length: 4000 },
        TypeName::DbDate => DataType::DbDate,
        TypeName::DbTime => DataType::DbTime,
        TypeName::DbTime2 => DataType::DbTime2 { scale },
        TypeName::DbTimestamp => DataType::DbTimestamp,
        TypeName::DbTimestamp2 => DataType::DbTimestamp2 { scale },
        TypeName::DbTimestampOffset => DataType::DbTimestampOffset { scale },
        TypeName::FileTime => DataType::FileTime,
        TypeName::Image => DataType::Image,
        TypeName::Text => DataType::Text { code_page: 1252 },
        TypeName::Ntext => DataType::Ntext,
    }
}

/// A scope with a clock that stands still.
fn at(now: &str) -> Bindings {
    let moment = now.parse().unwrap();
    let mut scope = Bindings::new();
    scope.set_now(Moment {
        local: moment,
        utc: moment,
    });
    scope
}

/// A value written as in the case files: `["DT_I4", "5"]`, `null` for NULL.
fn value(of: &serde_json::Value) -> Value {
    let name = of[0].as_str().unwrap();
    let data_type = wide(TypeName::from_name(name).unwrap());
    match of[1].as_str() {
        Some(text) => Value::from_text(data_type, text, Locale::EN_US).unwrap(),
        None => Value::null(data_type),
    }
}

/// A scope written as in the case files: `{"@User::n": ["DT_I4", "5"], "Column": […], "now": […]}`.
fn scope(bindings: &str) -> Bindings {
    let mut scope = Bindings::new();
    if bindings.is_empty() {
        return scope;
    }
    let bindings: serde_json::Value = serde_json::from_str(bindings).unwrap();
    for (name, bound) in bindings.as_object().unwrap() {
        match name.strip_prefix('@') {
            Some(name) => scope.bind(name, value(bound)),
            None if name == "now" => {
                let moment = value(bound).as_date_time().unwrap();
                scope.set_now(Moment {
                    local: moment,
                    utc: moment,
                });
            }
            None => scope.bind_column(name, value(bound)),
        }
    }
    scope
}

/// The text of a value as the case files write it.
fn shown(value: &Value, locale: Locale) -> String {
    value
        .to_text(locale)
        .unwrap()
        .unwrap_or_else(|| "<NULL>".to_owned())
}
