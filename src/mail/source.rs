//! The text of a task's message: written in the task, in a variable, or in a file.

use std::io::Read;

use crate::effective::{NamedValue, Origin, PathMap, advice};
use crate::expression::TypeName;
use crate::host::Files;
use crate::package::{MailProperty, MessageSourceType, SendMailTask, Target};
use crate::project::InContext;
use crate::source::visible;

use super::codes::Code;
use super::resolve::{Rules, Unsent};
use super::task_outcome::Cause;
use super::values::{SetLater, Values};

/// Bytes of a message file; no mail has so much text.
const LONGEST_TEXT: u64 = 16 << 20;

/// The text, `None` where it or its source is not known.
pub(super) fn text<'d>(
    at: InContext<'d>,
    task: SendMailTask<'d>,
    rules: &Rules<'_>,
    values: &mut Values<'_, 'd>,
) -> Result<Option<String>, Unsent> {
    let target = Target::Executable(task.executable());
    let mut property =
        |it: MailProperty| values.read(at.file, target, it.name(), SetLater::Refused);
    let source_type = property(MailProperty::MessageSourceType);
    let source = property(MailProperty::MessageSource);
    let (Some(source_type), Some(source)) = (source_type, source) else {
        return Ok(None);
    };
    match MessageSourceType::parse(&source_type) {
        Some(MessageSourceType::DirectInput) => Ok(Some(source)),
        Some(MessageSourceType::Variable) => variable(target, source.trim(), values),
        Some(MessageSourceType::FileConnection) => file(at, &source, rules, values),
        None => Err(Unsent::failed(
            Code::WRONG_XML_ELEMENT,
            format!(
                "`{}` is no type of message source: `DirectInput`, `FileConnection` or `Variable` is",
                visible(&source_type)
            ),
        )),
    }
}

fn variable<'d>(
    task: Target<'d>,
    name: &str,
    values: &mut Values<'_, 'd>,
) -> Result<Option<String>, Unsent> {
    let shown = visible(name);
    let (effective, data_type) = match values.package.by_name(task, name) {
        NamedValue::Found {
            effective,
            data_type,
        } => (effective, data_type),
        NamedValue::Missing | NamedValue::Ambiguous => {
            return Err(Unsent::failed(
                Code::LOCK_VARIABLE,
                format!("the text comes from the variable `{shown}`, which is not there"),
            ));
        }
    };
    if data_type != Some(TypeName::Wstr) {
        let reason =
            format!("the text comes from the variable `{shown}`, which is not of type String");
        return Err(Unsent::failed(Code::VARIABLE_NOT_STRING, reason));
    }
    if effective.is_sensitive && effective.origin != Origin::Override {
        let reason = format!("the text comes from the sensitive parameter `{shown}`");
        return Err(Unsent::skipped(Cause::Sensitive, reason));
    }
    Ok(values.take(name.to_owned(), effective, SetLater::Refused))
}

fn file<'d>(
    at: InContext<'d>,
    reference: &str,
    rules: &Rules<'_>,
    values: &mut Values<'_, 'd>,
) -> Result<Option<String>, Unsent> {
    let Some((holder, manager)) = at.manager_of_reference(reference) else {
        return Err(Unsent::failed(
            Code::NO_CONNECTION,
            format!(
                "the text comes from the connection manager `{}`, which is not there",
                visible(reference)
            ),
        ));
    };
    let name = manager.object().name();
    if !manager.type_name().eq_ignore_ascii_case("FILE") {
        let reason = format!(
            "the text comes from the connection manager `{}`, which is of type {} and not of type FILE",
            visible(&name),
            visible(&manager.type_name())
        );
        return Err(Unsent::failed(Code::CONNECTION_NOT_FILE, reason));
    }
    let target = Target::ConnectionManager(manager);
    let Some(stored) = values.read(holder, target, "ConnectionString", SetLater::Refused) else {
        return Ok(None);
    };
    let (text, note) = read_text(stored.trim(), rules.paths, rules.files)?;
    if let Some(note) = note {
        values.note(note);
    }
    Ok(Some(text))
}

/// The text of a file, and what there is to say of how it was read.
pub(super) fn read_text(
    stored: &str,
    paths: &PathMap,
    files: &dyn Files,
) -> Result<(String, Option<String>), Unsent> {
    let missing = |reason: String| {
        let reason = format!(
            "the text comes from the file `{}`: {reason}",
            visible(stored)
        );
        Unsent::failed(Code::FILE_DOES_NOT_EXIST, reason)
    };
    let place = paths
        .locate(stored)
        .map_err(|error| missing(error.to_string()))?;
    let mut bytes = Vec::new();
    files
        .open(&place)
        .and_then(|file| file.take(LONGEST_TEXT + 1).read_to_end(&mut bytes))
        .map_err(|error| missing(format!("{error}{}", advice(stored, &place))))?;
    if bytes.len() as u64 > LONGEST_TEXT {
        return Err(missing(format!("it has more than {LONGEST_TEXT} bytes")));
    }
    let (text, encoding) = decode(&bytes);
    let note = encoding.map(|encoding| {
        let stored = visible(stored);
        format!("`{stored}` is not UTF-8, and was read as {encoding}")
    });
    Ok((text, note))
}

/// What a text file says: by its byte order mark, as UTF-8, or else in the code page that Windows used in the west.
/// How SSIS reads it is not documented.
fn decode(bytes: &[u8]) -> (String, Option<&'static str>) {
    if let Some((encoding, mark)) = encoding_rs::Encoding::for_bom(bytes) {
        let text = bytes.get(mark..).unwrap_or_default();
        return (
            encoding.decode_without_bom_handling(text).0.into_owned(),
            None,
        );
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), None),
        Err(_) => {
            let encoding = encoding_rs::WINDOWS_1252;
            (encoding.decode(bytes).0.into_owned(), Some(encoding.name()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn a_text_file_is_read_by_its_mark_or_as_utf_8() {
        assert_eq!(
            decode("\u{feff}день\r\n".as_bytes()),
            ("день\r\n".to_owned(), None)
        );
        assert_eq!(decode(b"\xff\xfe4\x04"), ("д".to_owned(), None));
        assert_eq!(decode("день".as_bytes()), ("день".to_owned(), None));
        assert_eq!(
            decode(b"caf\xe9"),
            ("café".to_owned(), Some("windows-1252"))
        );
        assert_eq!(decode(b""), (String::new(), None));
    }
}
