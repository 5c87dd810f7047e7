//! The text of a task's message: written in the task, in a variable, or in a file.

use std::borrow::Cow;
use std::io::Read;

use crate::effective::advice;
use crate::package::{
    Executable, FileKind, MailProperty, MessageSourceType, Object, Owner, Package, Parameter,
    SendMailTask, Target, Variable, path_of, project_parameters,
};
use crate::project::InContext;
use crate::source::visible;

use super::codes::Code;
use super::overrides::{Values, manager_path};

use super::resolve::{Rules, Unsent};

/// The type number of a string: a member of VARENUM in packages, of TypeCode in projects.
const VARENUM_STRING: u16 = 8;
const TYPECODE_STRING: u16 = 18;

/// Bytes of a message file; no mail has so much text.
const LONGEST_TEXT: u64 = 16 << 20;

/// The text, `None` where an expression computes it or its source.
pub(super) fn text(
    at: InContext<'_>,
    package: Package<'_>,
    task: SendMailTask<'_>,
    path: &str,
    rules: &Rules<'_>,
    values: &mut Values<'_>,
    notes: &mut Vec<String>,
) -> Result<Option<String>, Unsent> {
    let object = task.executable().object();
    let mut property = |it: MailProperty| values.read(path, object, it.name(), || task.get(it));
    let source_type = property(MailProperty::MessageSourceType);
    let source = property(MailProperty::MessageSource);
    let (Some(source_type), Some(source)) = (source_type, source) else {
        return Ok(None);
    };
    match MessageSourceType::parse(&source_type) {
        Some(MessageSourceType::DirectInput) => Ok(Some(source.into_owned())),
        Some(MessageSourceType::Variable) => variable(at, package, task, &source, values),
        Some(MessageSourceType::FileConnection) => file(at, package, &source, rules, values, notes),
        None => Err(Unsent::failed(
            Code::WRONG_XML_ELEMENT,
            format!(
                "`{}` is no type of message source: `DirectInput`, `FileConnection` or `Variable` is",
                visible(&source_type)
            ),
        )),
    }
}

fn variable(
    at: InContext<'_>,
    package: Package<'_>,
    task: SendMailTask<'_>,
    name: &str,
    values: &mut Values<'_>,
) -> Result<Option<String>, Unsent> {
    let name = name.trim();
    if let Some(parameter) = parameter(at, package, name) {
        return Ok(Some(parameter_text(package, name, parameter, values)?));
    }
    let Some(found) = variable_in_scope(task.executable(), name) else {
        if name.starts_with("System::") {
            return Err(Unsent::skipped(format!(
                "the text comes from `{}`, which has a value only while the package runs",
                visible(name)
            )));
        }
        return Err(Unsent::failed(
            Code::LOCK_VARIABLE,
            format!(
                "the text comes from the variable `{}`, which is not there",
                visible(name)
            ),
        ));
    };
    if found.data_type() != Some(VARENUM_STRING) {
        return Err(not_a_string(name));
    }
    let path = path_of(package, Target::Variable(found));
    let text = || found.value().map_or(Cow::Borrowed(""), |it| it.text().text);
    if let Some(given) = values.given(&path, "Value") {
        return Ok(Some(given));
    }
    let text = values.or_stale(found.is_evaluated(), &path, "Value", text);
    Ok(text.map(Cow::into_owned))
}

fn parameter_text(
    package: Package<'_>,
    name: &str,
    (parameter, is_string): (Parameter<'_>, bool),
    values: &mut Values<'_>,
) -> Result<String, Unsent> {
    if !is_string {
        return Err(not_a_string(name));
    }
    let path = path_of(package, Target::Parameter(parameter));
    if let Some(given) = values.given(&path, "Value") {
        return Ok(given);
    }
    if parameter.is_sensitive() {
        let name = visible(name);
        let reason = format!("the text comes from the sensitive parameter `{name}`");
        return Err(Unsent::skipped(reason));
    }
    let value = parameter.value().map(|stored| stored.text().into_text());
    Ok(value.unwrap_or_default().into_owned())
}

fn not_a_string(name: &str) -> Unsent {
    let reason = format!(
        "the text comes from the variable `{}`, which is not of type String",
        visible(name)
    );
    Unsent::failed(Code::VARIABLE_NOT_STRING, reason)
}

/// The variable of this name that is nearest to a task: its own, then those of what it is in. Names have case.
fn variable_in_scope<'d>(task: Executable<'d>, name: &str) -> Option<Variable<'d>> {
    let (namespace, name) = match name.split_once("::") {
        Some((namespace, name)) => (Some(namespace), name),
        None => (None, name),
    };
    let fits = |variable: &Variable<'_>| {
        variable.object().name() == name
            && namespace.is_none_or(|namespace| variable.namespace() == namespace)
    };
    let own = task.object();
    let mut next = Some(own);
    let mut around = task.parent();
    while let Some(object) = next {
        let mut variables = object.variables().map(Variable::new);
        if let Some(variable) = variables.find(fits) {
            return Some(variable);
        }
        next = around.map(Owner::object);
        around = around.and_then(Owner::parent);
    }
    None
}

/// The parameter that a name of the kind `$Package::x` or `$Project::x` means, and whether it is a string.
fn parameter<'d>(
    at: InContext<'d>,
    package: Package<'d>,
    name: &str,
) -> Option<(Parameter<'d>, bool)> {
    let string = |number| move |it: Parameter<'d>| (it, it.data_type() == Some(number));
    if let Some(name) = name.strip_prefix("$Package::") {
        let mut all = package.parameters();
        return all.find(|it| it.name() == name).map(string(VARENUM_STRING));
    }
    let name = name.strip_prefix("$Project::")?;
    at.context
        .of_kind(FileKind::Parameters)
        .flat_map(|file| project_parameters(file.document.root()))
        .find(|it| it.name() == name)
        .map(string(TYPECODE_STRING))
}

fn file(
    at: InContext<'_>,
    package: Package<'_>,
    reference: &str,
    rules: &Rules<'_>,
    values: &mut Values<'_>,
    notes: &mut Vec<String>,
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
    let path = manager_path(at, package, holder, manager);
    let object: Object<'_> = manager.object();
    let stored = || {
        let text = manager.connection_string().map(|it| it.text().into_text());
        text.unwrap_or_default()
    };
    let Some(stored) = values.read(&path, object, "ConnectionString", stored) else {
        return Ok(None);
    };
    let stored = stored.trim();
    let missing = |reason: String| {
        let reason = format!(
            "the text comes from the file `{}`: {reason}",
            visible(stored)
        );
        Unsent::failed(Code::FILE_DOES_NOT_EXIST, reason)
    };
    let place = rules
        .paths
        .locate(stored)
        .map_err(|error| missing(error.to_string()))?;
    let mut bytes = Vec::new();
    rules
        .files
        .open(&place)
        .and_then(|file| file.take(LONGEST_TEXT + 1).read_to_end(&mut bytes))
        .map_err(|error| missing(format!("{error}{}", advice(stored, &place))))?;
    if bytes.len() as u64 > LONGEST_TEXT {
        return Err(missing(format!("it has more than {LONGEST_TEXT} bytes")));
    }
    let (text, encoding) = decode(&bytes);
    if let Some(encoding) = encoding {
        let stored = visible(stored);
        notes.push(format!(
            "`{stored}` is not UTF-8, and was read as {encoding}"
        ));
    }
    Ok(Some(text))
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
