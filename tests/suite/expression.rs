//! The SSIS expression language: what it must give, what it must refuse, and where everything stands.

mod cases;
mod command;
mod corpus;
mod limits;
mod matrix;
mod places;
mod properties;
mod scopes;
mod unproven;

use std::path::PathBuf;

use dtsx::expression::{Bindings, Locale, Moment, TypeName, Value};

/// A folder with more cases, where the variable `DTSX_CASES` names one.
fn cases_folder() -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("DTSX_CASES")?);
    assert!(
        folder.is_dir(),
        "DTSX_CASES names {}, which is not a folder",
        folder.display()
    );
    Some(folder)
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
    let name = TypeName::from_name(name).unwrap();
    match of[1].as_str() {
        Some(text) => Value::from_text(name, text, Locale::EN_US).unwrap(),
        None => Value::null(name.widest()),
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
