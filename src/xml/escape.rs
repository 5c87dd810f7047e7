//! Values as SSIS spells them.

use std::borrow::Cow;

use super::characters::is_allowed;

/// A value holds a character that no XML document can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the character U+{:04X} cannot stand in an XML document", u32::from(*.0))]
pub struct Unrepresentable(pub char);

/// The spelling of `value` inside an attribute that is quoted with `quote`.
///
/// `&`, `<`, `>` and the quote are named, tab, line feed and carriage return are numbered (`&#xA;`), as SSIS
/// writes them; a raw line break would be read as a blank.
///
/// # Errors
///
/// [`Unrepresentable`] for a character that XML does not allow.
pub fn escape_attribute(value: &str, quote: char) -> Result<Cow<'_, str>, Unrepresentable> {
    escape(value, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' if quote == '"' => Some("&quot;"),
        '\'' if quote == '\'' => Some("&apos;"),
        '\t' => Some("&#x9;"),
        '\n' => Some("&#xA;"),
        '\r' => Some("&#xD;"),
        _ => None,
    })
}

/// The spelling of `value` as text of an element.
///
/// # Errors
///
/// [`Unrepresentable`] for a character that XML does not allow.
pub fn escape_text(value: &str) -> Result<Cow<'_, str>, Unrepresentable> {
    escape(value, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '\r' => Some("&#xD;"),
        _ => None,
    })
}

fn escape(
    value: &str,
    spelling: impl Fn(char) -> Option<&'static str>,
) -> Result<Cow<'_, str>, Unrepresentable> {
    if let Some(c) = value.chars().find(|&c| !is_allowed(c)) {
        return Err(Unrepresentable(c));
    }
    if !value.chars().any(|c| spelling(c).is_some()) {
        return Ok(Cow::Borrowed(value));
    }
    let mut escaped = String::with_capacity(value.len() + 16);
    for c in value.chars() {
        match spelling(c) {
            Some(spelled) => escaped.push_str(spelled),
            None => escaped.push(c),
        }
    }
    Ok(Cow::Owned(escaped))
}
