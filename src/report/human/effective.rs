//! What a value is at run time, as a sentence.

use crate::report::json::effective::EffectiveJson;

/// `effective: VALUE`, `assumed: VALUE (why)`, `unknown: TEXT (why)`.
pub fn sentence(effective: &EffectiveJson) -> String {
    let known = effective.value.as_deref().or(effective.text.as_deref());
    let value = match (known, effective.certainty) {
        (Some(text), _) => format!("`{text}`"),
        (None, "unknown") => "nothing is known of it".to_owned(),
        (None, _) => "NULL".to_owned(),
    };
    let word = match effective.certainty {
        "known" => "effective",
        other => other,
    };
    match &effective.reason {
        Some(reason) => format!("{word}: {value} ({reason})"),
        None => format!("{word}: {value}"),
    }
}
