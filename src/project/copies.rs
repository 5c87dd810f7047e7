//! The copies in project files follow what they are copies of.
//!
//! `.dtproj` and `@Project.manifest` keep `CM.<manager>.<property>` of each package and of the project: the properties
//! themselves, Booleans in lower case, and the whole connection string, without its secrets. A property that an
//! expression computes has no copy. Beside them they keep the parameters of the packages.

use std::borrow::Cow;

use crate::connection_string::{
    ConnectionString, Replacement, SmtpConnectionString, SmtpProperty, is_secret_key, secrets,
};
use crate::package::{
    ConnectionManager, Copy, FileKind, NewCopy, Parameter, ParameterScope, ProjectFile, SetError,
    SetErrorKind, Side, boolean, same_id,
};
use crate::xml::Edit;

use super::context::InContext;
use super::file::File;

/// Edits of files that follow another.
pub type Following<'a> = Vec<(&'a File, Vec<Edit>)>;

/// The edits that let the copies of a manager follow new values of its properties, by their names in property paths;
/// `ConnectionString` stands for all that it holds. The copies of `uncopied` properties are about to go.
///
/// # Errors
///
/// [`SetError`] when a copy cannot take a value.
pub fn follow<'a>(
    at: InContext<'a>,
    holder: &File,
    manager: ConnectionManager<'_>,
    values: &[(&str, &str)],
    uncopied: &[&str],
) -> Result<Following<'a>, SetError> {
    let is_smtp = manager.is_smtp();
    let mut all = Vec::new();
    for (file, copies) in copies_of(at, holder, manager) {
        let mut edits = Vec::new();
        let stays = |(_, copied): &(Copy<'_>, String)| {
            !uncopied.iter().any(|it| it.eq_ignore_ascii_case(copied))
        };
        for (copy, copied) in copies.into_iter().filter(stays) {
            if copied.eq_ignore_ascii_case("ConnectionString") {
                edits.extend(follow_string(copy, is_smtp, values)?);
            } else if let Some(value) = value_of(&copied, is_smtp, values) {
                edits.extend(copy.set_value(&value)?);
            }
        }
        if !edits.is_empty() {
            all.push((file, edits));
        }
    }
    Ok(all)
}

/// How many copies a manager has, and the project files that hold them.
pub fn count_copies<'a>(
    at: InContext<'a>,
    holder: &File,
    manager: ConnectionManager<'_>,
) -> Vec<(&'a File, usize)> {
    copies_of(at, holder, manager)
        .into_iter()
        .map(|(file, copies)| (file, copies.len()))
        .filter(|(_, count)| *count > 0)
        .collect()
}

/// The copies of a manager in each project file, with the properties that they are copies of.
fn copies_of<'a>(
    at: InContext<'a>,
    holder: &File,
    manager: ConnectionManager<'_>,
) -> Vec<(&'a File, Vec<(Copy<'a>, String)>)> {
    let name = manager.object().name();
    let package = (holder.kind != FileKind::ConnectionManager).then(|| holder.label.file_name());
    let is_of = |copy: Copy<'_>| match (copy.package(), &package) {
        (Some(copied), Some(package)) => copied.eq_ignore_ascii_case(package),
        (None, None) => true,
        _ => false,
    };
    let copies = |file: &'a File| {
        ProjectFile::new(&file.document)
            .copies()
            .filter(|copy| is_of(*copy))
            .filter_map(|copy| Some((copy, copy.names()?)))
            .filter(|(_, (of, _))| *of == name)
            .map(|(copy, (_, property))| (copy, property))
            .collect()
    };
    at.context
        .of_kind(FileKind::Project)
        .map(|file| (file, copies(file)))
        .collect()
}

/// The copy of a connection string: the new one, or new values of some of its keys.
fn follow_string(
    copy: Copy<'_>,
    is_smtp: bool,
    values: &[(&str, &str)],
) -> Result<Vec<Edit>, SetError> {
    let Some(stored) = copy.value().filter(|_| !copy.is_sensitive()) else {
        return Ok(Vec::new());
    };
    if let Some(whole) = whole(values) {
        return match without_secrets(whole) {
            Some(text) => copy.set_value(&text),
            // A secret that cannot be cut out; the copy stays as it is.
            None => Ok(Vec::new()),
        };
    }
    let text = stored.text();
    let replacements: Result<Vec<Replacement>, SetErrorKind> = if is_smtp {
        let parts: Vec<_> = values
            .iter()
            .filter_map(|(name, value)| Some((SmtpProperty::of_key(name)?, *value)))
            .collect();
        match SmtpConnectionString::parse(&text.text) {
            Ok(read) if !parts.is_empty() => read.set_all(&parts).map_err(Into::into),
            _ => Ok(Vec::new()),
        }
    } else {
        match ConnectionString::parse(&text.text) {
            Ok(read) => {
                let mut all = Vec::new();
                let held = values
                    .iter()
                    .filter(|(key, _)| read.get(key).is_some() && !is_secret_key(key));
                for (key, value) in held {
                    let set = read.set(key, value);
                    all.extend(set.map_err(|error| tell(copy, error.into()))?);
                }
                Ok(all)
            }
            Err(_) => Ok(Vec::new()),
        }
    };
    let replacements = replacements.map_err(|kind| tell(copy, kind))?;
    stored
        .replace_all(&replacements)
        .map_err(|error| tell(copy, error.into()))
}

fn tell(copy: Copy<'_>, kind: SetErrorKind) -> SetError {
    kind.of(&copy.full_name().unwrap_or_default())
}

fn whole<'v>(values: &[(&str, &'v str)]) -> Option<&'v str> {
    let is_whole = |(name, _): &&(&str, &str)| name.eq_ignore_ascii_case("ConnectionString");
    values.iter().find(is_whole).map(|(_, value)| *value)
}

/// The string as project files hold it; `None` where its secrets cannot be told from the rest.
fn without_secrets(text: &str) -> Option<Cow<'_, str>> {
    if secrets(text).is_empty() {
        return Some(Cow::Borrowed(text));
    }
    let read = ConnectionString::parse(text).ok()?;
    let mut rest = Cow::Borrowed(text);
    let mut keys: Vec<&str> = Vec::new();
    for pair in read.pairs() {
        if is_secret_key(&pair.key.text) && !keys.iter().any(|key| pair.is_named(key)) {
            keys.push(&pair.key.text);
        }
    }
    for key in keys {
        let removed = ConnectionString::parse(&rest).ok()?.remove(key);
        rest = Cow::Owned(Replacement::apply(&removed, &rest));
    }
    secrets(&rest).is_empty().then_some(rest)
}

/// The new value of a copied property; `None` where it has none.
fn value_of(copied: &str, is_smtp: bool, values: &[(&str, &str)]) -> Option<String> {
    if let Some(whole) = whole(values) {
        return part_of(whole, copied, is_smtp);
    }
    let is_meant =
        |name: &str| name.eq_ignore_ascii_case(copied) || (!is_smtp && is_key_of(name, copied));
    values
        .iter()
        .find(|(name, _)| is_meant(name))
        .map(|(_, value)| (*value).to_owned())
}

/// What a connection string says of a copied property.
fn part_of(string: &str, copied: &str, is_smtp: bool) -> Option<String> {
    if is_smtp {
        let property = SmtpProperty::of_key(copied)?;
        let read = SmtpConnectionString::parse(string).ok()?;
        let value = read.value(property).map(|value| value.text.to_string());
        return Some(match property {
            SmtpProperty::Server | SmtpProperty::Timeout => value.unwrap_or_default(),
            _ => value.unwrap_or_else(|| "False".to_owned()),
        });
    }
    let read = ConnectionString::parse(string).ok()?;
    let pair = read
        .pairs()
        .iter()
        .rfind(|pair| is_key_of(&pair.key.text, copied))?;
    Some(pair.value.text.to_string())
}

/// Properties of connection managers with the keys of connection strings that keep them.
const KEYS: [(&str, &[&str]); 4] = [
    (
        "ServerName",
        &[
            "Data Source",
            "Server",
            "Address",
            "Addr",
            "Network Address",
        ],
    ),
    ("InitialCatalog", &["Initial Catalog", "Database"]),
    ("UserName", &["User ID", "UID", "User"]),
    ("Password", &["Password", "PWD"]),
];

/// Whether a key of a connection string keeps a property.
pub(super) fn is_key_of(key: &str, property: &str) -> bool {
    KEYS.iter().any(|(name, keys)| {
        name.eq_ignore_ascii_case(property) && keys.iter().any(|it| it.eq_ignore_ascii_case(key))
    })
}

/// What became of the copies of a property whose expression came or went.
#[derive(Debug, Default)]
pub struct Recopied<'a> {
    /// The edits.
    pub edits: Following<'a>,
    /// Project files that should hold a copy now and do not.
    pub missing: Vec<&'a File>,
}

/// The edits that take away the copies of a property, because an expression computes it now.
pub fn uncopy<'a>(
    at: InContext<'a>,
    holder: &File,
    manager: ConnectionManager<'_>,
    property: &str,
) -> Recopied<'a> {
    let mut recopied = Recopied::default();
    for (file, copies) in copies_of(at, holder, manager) {
        let edits: Vec<Edit> = copies
            .into_iter()
            .filter(|(_, copied)| copied.eq_ignore_ascii_case(property))
            .map(|(copy, _)| copy.remove())
            .collect();
        if !edits.is_empty() {
            recopied.edits.push((file, edits));
        }
    }
    recopied
}

/// The edits that make the copies of a property again, because no expression computes it any more.
///
/// # Errors
///
/// [`SetError`] when a copy cannot hold the stored value.
pub fn recopy<'a>(
    at: InContext<'a>,
    holder: &File,
    manager: ConnectionManager<'_>,
    property: &str,
    value: &str,
) -> Result<Recopied<'a>, SetError> {
    let mut recopied = Recopied::default();
    let Some((data_type, value)) = copied_as(property, value) else {
        return Ok(recopied);
    };
    let full_name = format!("CM.{}.{property}", manager.object().name());
    let lower = property.to_lowercase();
    for (file, copies) in copies_of(at, holder, manager) {
        if copies
            .iter()
            .any(|(_, copied)| copied.to_lowercase() == lower)
        {
            continue;
        }
        // The copies stand in the order of the alphabet.
        let with_value =
            |(copy, _): &&(Copy<'_>, String)| copy.value().is_some() && copy.data_type().is_some();
        let behind = copies
            .iter()
            .filter(with_value)
            .find(|(_, copied)| copied.to_lowercase() > lower);
        let beside = match behind {
            Some((copy, _)) => Some((copy, Side::Before)),
            None => copies
                .iter()
                .rfind(with_value)
                .map(|(copy, _)| (copy, Side::Behind)),
        };
        let new = NewCopy {
            full_name: &full_name,
            value: &value,
            data_type,
        };
        let edit = match beside {
            Some((copy, side)) => copy
                .put_beside(side, new)
                .map_err(|kind| kind.of(property))?,
            None => None,
        };
        match edit {
            Some(edit) => recopied.edits.push((file, vec![edit])),
            None => recopied.missing.push(file),
        }
    }
    Ok(recopied)
}

/// The .NET TypeCode of a copied property, and its value as copies spell it; `None` for what has no copy.
fn copied_as(property: &str, value: &str) -> Option<(u16, String)> {
    const BOOLEAN: u16 = 3;
    const STRING: u16 = 18;
    match property {
        "UseWindowsAuthentication" | "EnableSsl" | "ConnectByProxy" | "RetainSameConnection" => {
            let text = if boolean(value) == Some(true) {
                "true"
            } else {
                "false"
            };
            Some((BOOLEAN, text.to_owned()))
        }
        "SmtpServer" | "ServerName" | "InitialCatalog" | "UserName" => {
            Some((STRING, value.to_owned()))
        }
        "ConnectionString" => Some((STRING, without_secrets(value)?.into_owned())),
        _ => None,
    }
}

/// The edits that let the copy of a package's parameter follow its new value.
///
/// # Errors
///
/// [`SetError`] when the copy cannot take the value.
pub fn follow_parameter<'a>(
    at: InContext<'a>,
    holder: &File,
    parameter: Parameter<'_>,
    value: &str,
) -> Result<Following<'a>, SetError> {
    let mut all = Vec::new();
    if parameter.scope() == ParameterScope::Project {
        return Ok(all);
    }
    let package = holder.label.file_name();
    for file in at.context.of_kind(FileKind::Project) {
        let mut edits = Vec::new();
        for copy in ProjectFile::new(&file.document).parameter_copies() {
            let is_meant = copy
                .package()
                .is_some_and(|it| it.eq_ignore_ascii_case(&package))
                && copy.full_name().is_some_and(|it| it == parameter.name());
            if is_meant {
                edits.extend(copy.set_value(value)?);
            }
        }
        if !edits.is_empty() {
            all.push((file, edits));
        }
    }
    Ok(all)
}

/// The build configurations that give a parameter another value than this, with the project files that hold them.
pub fn other_build_values<'a>(
    at: InContext<'a>,
    parameter: Parameter<'_>,
    value: &str,
) -> Vec<(&'a File, String)> {
    let Some(id) = parameter.id() else {
        return Vec::new();
    };
    at.context
        .of_kind(FileKind::Project)
        .flat_map(|file| {
            let settings = ProjectFile::new(&file.document).configuration_settings();
            settings.map(move |setting| (file, setting))
        })
        .filter(|(_, setting)| same_id(&setting.id(), &id))
        .filter(|(_, setting)| {
            let other = setting.value();
            other.is_some_and(|other| other.text().text != value)
        })
        .map(|(file, setting)| (file, setting.configuration().into_owned()))
        .collect()
}
