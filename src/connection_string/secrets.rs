//! Secrets in connection strings, and in any text that holds pieces of one.
//!
//! What is masked here must not be a matter of how well the text parses, so there is no parser: every `=` behind
//! a key that names a secret begins a secret, and it ends where no dialect, and no quoting that a connection
//! string may have been put into, could still count the next character to it. Too much is masked rather than too
//! little.

use std::borrow::Cow;
use std::ops::Range;

use crate::secret::MASK;

/// The endings of keys that name a secret, compared without case, blanks, `_` and `-`.
const ENDINGS: [&str; 13] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "accountkey",
    "accesskey",
    "sharedaccesskey",
    "sharedaccesssignature",
    "apikey",
    "privatekey",
    "secretkey",
    "secret",
    "token",
];

/// Keys with such an ending that hold no secret: of assembly names, and two OLE DB switches.
const HARMLESS: [&str; 3] = ["publickeytoken", "maskpassword", "encryptpassword"];

/// Whether a key names a secret: Password, Pwd, AccountKey, SharedAccessKey, Token, Secret and keys that end so
/// (`Jet OLEDB:Database Password`); case and blanks do not matter.
pub fn is_secret_key(key: &str) -> bool {
    let plain = plain(key);
    !HARMLESS.contains(&plain.as_str()) && ENDINGS.iter().any(|ending| plain.ends_with(ending))
}

fn plain(key: &str) -> String {
    let counted = key.chars().filter(|&c| !is_ignored(c));
    counted.flat_map(char::to_lowercase).collect()
}

fn is_ignored(c: char) -> bool {
    c.is_whitespace() || c == '_' || c == '-'
}

/// A secret in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretPlace {
    /// The key, as it is spelled.
    pub key: String,
    /// The range of its value in the text, with its quotes; it may reach further, never less far.
    pub value: Range<usize>,
}

/// A connection string with every secret value replaced by `***`, and the keys of what was replaced, in order.
///
/// The string need not be one that parses. An empty value is no secret.
pub fn masked(text: &str) -> (Cow<'_, str>, Vec<String>) {
    mask(text, secrets(text))
}

/// Any text with the secrets masked that stand in it as `key=value`: a variable, an expression, a line of script,
/// an excerpt of XML with its entities.
///
/// The password of a URL, `smtp://user:password@host`, is one too.
///
/// `"…Password=" + @[User::Pwd]` holds no secret, only the way to one: it is left as it is.
pub fn masked_within(text: &str) -> (Cow<'_, str>, Vec<String>) {
    mask(text, secrets_within(text))
}

/// Where the secrets of a connection string are, in ascending order.
pub fn secrets(text: &str) -> Vec<SecretPlace> {
    find(text, Extent::ConnectionString)
}

/// Where the secrets of any text are, in ascending order: see [`masked_within`].
pub fn secrets_within(text: &str) -> Vec<SecretPlace> {
    find(text, Extent::AnyText)
}

fn mask(text: &str, places: Vec<SecretPlace>) -> (Cow<'_, str>, Vec<String>) {
    if places.is_empty() {
        return (Cow::Borrowed(text), Vec::new());
    }
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    let mut keys = Vec::with_capacity(places.len());
    for place in places {
        shown.push_str(text.get(at..place.value.start).unwrap_or_default());
        shown.push_str(MASK);
        at = place.value.end;
        keys.push(place.key);
    }
    shown.push_str(text.get(at..).unwrap_or_default());
    (Cow::Owned(shown), keys)
}

/// What the text is, which decides where a value without quotes ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    ConnectionString,
    AnyText,
}

fn find(text: &str, extent: Extent) -> Vec<SecretPlace> {
    let mut places = Vec::new();
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find('=')) {
        let equals = at + found;
        at = equals + 1;
        let Some(key) = secret_key_before(text, equals, extent) else {
            continue;
        };
        let rest = text.get(at..).unwrap_or_default();
        if extent == Extent::AnyText && continues_in_variable(rest) {
            continue;
        }
        let value = value_in(rest, extent);
        if !value.is_empty() {
            let value = at + value.start..at + value.end;
            at = value.end;
            places.push(SecretPlace { key, value });
        }
    }
    for value in passwords_of_urls(text) {
        let overlaps = |it: &SecretPlace| it.value.start < value.end && value.start < it.value.end;
        if !places.iter().any(overlaps) {
            let key = "password".to_owned();
            places.push(SecretPlace { key, value });
        }
    }
    places.sort_by_key(|place| place.value.start);
    places
}

/// The passwords in `smtp://user:password@host`.
fn passwords_of_urls(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.match_indices("://").filter_map(|(at, sign)| {
        let start = at + sign.len();
        let rest = text.get(start..)?;
        let ends = |c: char| c.is_whitespace() || "\"'<>/?#&;,".contains(c);
        let authority = rest.split(ends).next()?;
        let (user, _) = authority.rsplit_once('@')?;
        let (name, password) = user.split_once(':')?;
        let password_at = start + name.len() + 1;
        (!password.is_empty()).then(|| password_at..password_at + password.len())
    })
}

/// The key that ends before the `=` at `equals`, if it names a secret.
///
/// At the start of a pair of a connection string the whole key is given, elsewhere the words that name the secret.
fn secret_key_before(text: &str, equals: usize, extent: Extent) -> Option<String> {
    let before = text.get(..equals)?;
    // `settings["Password"] = …`
    let before =
        before.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ']'));
    let is_key = |c: char| c.is_alphanumeric() || is_ignored(c) || matches!(c, ':' | '.');
    let outside = before.trim_end_matches(is_key);
    let whole = before.get(outside.len()..)?.trim();
    if !is_secret_key(whole) {
        return None;
    }
    let starts_pair = matches!(outside.chars().next_back(), None | Some(';'));
    if starts_pair && extent == Extent::ConnectionString {
        return Some(whole.to_owned());
    }
    let mut word_starts = whole.char_indices().rev().filter(|&(at, c)| {
        let previous = whole
            .get(..at)
            .and_then(|before| before.chars().next_back());
        c.is_alphanumeric() && previous.is_none_or(|previous| !previous.is_alphanumeric())
    });
    let words =
        word_starts.find_map(|(at, _)| whole.get(at..).filter(|words| is_secret_key(words)));
    Some(words.unwrap_or(whole).to_owned())
}

/// Whether the text behind a `=` ends a string literal and goes on with a variable: `" + @[User::Pwd]`. One without
/// brackets could be a quoted password that begins with `+@`.
fn continues_in_variable(rest: &str) -> bool {
    let after_quote = |rest: &str, quotes: &[&str]| -> Option<usize> {
        quotes
            .iter()
            .find(|quote| rest.starts_with(**quote))
            .map(|quote| quote.len())
    };
    // The value may have quotes of its own around the variable.
    let own = after_quote(rest, &["'", "\\\"", "{", "&apos;", "\\&quot;"]).unwrap_or(0);
    let rest = rest.get(own..).unwrap_or_default();
    let Some(end) = after_quote(rest, &["\"", "&quot;"]) else {
        return false;
    };
    let operator = rest
        .get(end..)
        .unwrap_or_default()
        .trim_start()
        .strip_prefix('+');
    operator.is_some_and(|operand| operand.trim_start().starts_with("@["))
}

/// The range of the value at the start of `rest`, without blanks around it.
fn value_in(rest: &str, extent: Extent) -> Range<usize> {
    let is_blank =
        |c: char| c.is_whitespace() && (extent == Extent::ConnectionString || !is_line_end(c));
    let start = rest.len() - rest.trim_start_matches(is_blank).len();
    let value = rest.get(start..).unwrap_or_default();
    let quoted = quoted_len(value);
    let tail = value.get(quoted..).unwrap_or_default();
    // Text behind the closing quote belongs to the value where the quotes mean themselves.
    let len = quoted + unquoted_len(tail, extent);
    start..start + len
}

/// The length of a quoted value at the start of `text`, 0 where none begins there. Quotes that nothing closes
/// reach to the end of the text.
fn quoted_len(text: &str) -> usize {
    let Some(open) = opening_quote(text) else {
        return 0;
    };
    let close = if open == "{" { "}" } else { open };
    let mut at = open.len();
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let Some(found) = rest.find(close) else {
            return text.len();
        };
        let escaped = !close.starts_with('\\')
            && rest
                .get(..found)
                .is_some_and(|before| before.ends_with('\\'));
        at += found + close.len();
        let doubled = text.get(at..).unwrap_or_default().starts_with(close);
        if doubled {
            at += close.len();
        } else if !escaped {
            return at;
        }
    }
}

/// A quote as a connection string has it, or as it looks in a string literal or in XML.
fn opening_quote(text: &str) -> Option<&str> {
    let slashes = text.len() - text.trim_start_matches('\\').len();
    let quote = text.get(slashes..)?;
    let len = match quote.chars().next()? {
        '"' | '\'' => 1,
        '{' if slashes == 0 => 1,
        '&' => {
            let len = entity_len(quote);
            let name = quote
                .get(..len)?
                .trim_start_matches('&')
                .replace("amp;", "");
            let names = ["quot;", "apos;", "#34;", "#39;", "#x22;", "#x27;"];
            if !names.contains(&name.to_ascii_lowercase().as_str()) {
                return None;
            }
            len
        }
        _ => return None,
    };
    text.get(..slashes + len)
}

/// The length of what belongs to a value without quotes: up to the `;` that is not the end of an entity, in other
/// text at most to the end of the line. Blanks at its end do not count.
fn unquoted_len(text: &str, extent: Extent) -> usize {
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        match c {
            ';' => break,
            _ if extent == Extent::AnyText && is_line_end(c) => break,
            '&' => at += entity_len(text.get(at..).unwrap_or_default()).max(1),
            c => at += c.len_utf8(),
        }
    }
    text.get(..at).unwrap_or_default().trim_end().len()
}

/// The length of an XML entity at the start of `text`, escaped once or more often (`&amp;quot;`); 0 for none.
fn entity_len(text: &str) -> usize {
    let Some(mut name) = text.strip_prefix('&') else {
        return 0;
    };
    while let Some(inner) = name.strip_prefix("amp;") {
        name = inner;
    }
    let amps = text.len() - name.len();
    let len = name.find(';').unwrap_or(0);
    let known = match name.get(..len).unwrap_or_default() {
        "lt" | "gt" | "quot" | "apos" => true,
        other => other.strip_prefix('#').is_some_and(|digits| {
            (1..=8).contains(&digits.len())
                && digits.chars().all(|c| c.is_ascii_hexdigit() || c == 'x')
        }),
    };
    match known {
        true => amps + len + 1,
        false if amps > 1 => amps,
        false => 0,
    }
}

fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r')
}

#[cfg(test)]
mod tests {
    use super::masked_within;

    #[test]
    fn secrets_have_many_forms() {
        for (text, shown) in [
            (
                "smtp://ann:pw1@relay.example.com",
                "smtp://ann:***@relay.example.com",
            ),
            (
                "curl smtps://a%40b:p@w@h:465/x?y",
                "curl smtps://a%40b:***@h:465/x?y",
            ),
            (
                r#"x="http://u:p@h" y="ftp://u:q@i""#,
                r#"x="http://u:***@h" y="ftp://u:***@i""#,
            ),
            ("http://host:80/a@b", "http://host:80/a@b"),
            (
                "smtp://ann@relay.example.com:25",
                "smtp://ann@relay.example.com:25",
            ),
            (
                r#""smtp://u:" + @[User::Pwd] + "@h""#,
                r#""smtp://u:" + @[User::Pwd] + "@h""#,
            ),
            ("Password=a://b:c@d;Server=e", "Password=***;Server=e"),
            (r#"Password="+@pw1""#, "Password=***"),
        ] {
            assert_eq!(masked_within(text).0, shown);
        }
    }
}
