//! Objects from files: the typed model as TOML or JSON.

use std::path::Path;

use dtsx::connection_string::masked_within;
use dtsx::host::{Files as _, RealFiles};

use super::exit::Exit;
use super::streams::Refusal;

/// A model as `get` shows one: TOML, JSON, or the JSON report of `get`.
pub(crate) fn model<M: serde::de::DeserializeOwned>(path: &Path) -> Result<M, Refusal> {
    parse(path, &read(path)?)
}

fn read(path: &Path) -> Result<String, Refusal> {
    let unreadable = |why: String| Refusal {
        exit: Exit::Unreadable,
        message: format!("{}: {why}", path.display()),
    };
    let bytes = RealFiles
        .read(path)
        .map_err(|error| unreadable(format!("could not be read: {error}")))?;
    String::from_utf8(bytes).map_err(|_| unreadable("expected UTF-8, found other bytes".to_owned()))
}

fn parse<M: serde::de::DeserializeOwned>(path: &Path, text: &str) -> Result<M, Refusal> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let is_json = text.trim_start().starts_with('{');
    let read = if is_json {
        match serde_json::from_str::<serde_json::Value>(text) {
            Ok(serde_json::Value::Object(mut report))
                if report.get("schema").is_some_and(|it| it == "dtsx/get@1") =>
            {
                let object = report.remove("object").unwrap_or_default();
                serde_json::from_value(object).map_err(|error| error.to_string())
            }
            _ => serde_json::from_str(text).map_err(|error| error.to_string()),
        }
    } else {
        toml::from_str(text).map_err(|error| error.to_string())
    };
    read.map_err(|error| {
        let error = masked_within(error.trim_end()).0.into_owned();
        Refusal::usage(format!("{}: {error}", path.display()))
    })
}
