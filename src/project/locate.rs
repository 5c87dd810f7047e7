//! Property paths of a unit: those of packages, and ours for what SSIS has no path for.

use std::borrow::Cow;

use crate::package::{
    ConfigurationEntry, ConnectionManager, Copy, FileKind, PathError, ProjectFile, Resolved,
    SetError, SetErrorKind, StoredValue, Target, nearest, project_parameters, resolve,
};
use crate::source::Span;
use crate::xml::Edit;

use super::context::InContext;
use super::file::File;

/// What a path leads to.
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    /// An object of a package, a connection manager or a parameter of the project.
    Object(Target<'a>),
    /// A copy of a manager's property in a project file.
    Copy(Copy<'a>),
    /// An entry of an XML configuration.
    Entry(ConfigurationEntry<'a>),
}

/// Where a path leads in a unit.
#[derive(Clone, Debug)]
pub struct Located<'a> {
    /// The file that holds it.
    pub file: &'a File,
    /// What it leads to.
    pub place: Place<'a>,
    /// The property that is meant; `None` for the object as a whole.
    pub property: Option<String>,
}

/// A path leads nowhere in a unit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LocateError {
    /// In a package.
    #[error(transparent)]
    Path(#[from] PathError),
    /// In what belongs to the project.
    #[error("`{path}` leads to nothing: {what} named `{name}` is not here{}", suggestion(.nearest))]
    NotFound {
        /// The whole path.
        path: String,
        /// What was looked for.
        what: &'static str,
        /// The name.
        name: String,
        /// The name that is nearest.
        nearest: Option<String>,
    },
    /// The file is not one that has objects.
    #[error(
        "`{0}`: the file is no package; expected `\\Project.…` or, in a configuration, `\\Configuration[…]`"
    )]
    NotAPackage(String),
    /// All of the file is encrypted.
    #[error("the file is encrypted as a whole: nothing in it can be read without the key")]
    Encrypted,
}

fn suggestion(nearest: &Option<String>) -> String {
    match nearest {
        Some(name) => format!(" (did you mean `{name}`?)"),
        None => String::new(),
    }
}

/// Follows a path from a file through its unit.
///
/// # Errors
///
/// [`LocateError`], with the nearest name where there is one.
pub fn locate<'a>(at: InContext<'a>, path: &str) -> Result<Located<'a>, LocateError> {
    if let Some(rest) = strip(path, "\\Project.Connections[") {
        return connection(at, path, rest);
    }
    if let Some(rest) = strip(path, "\\Project.Parameters[") {
        return parameter(at, path, rest);
    }
    if let Some(rest) = strip(path, "\\Package.Variables[$Project::") {
        return parameter(at, path, rest);
    }
    if let Some(rest) = strip(path, "\\Project.Copies[") {
        return copy(at, path, rest);
    }
    if let Some(rest) = strip(path, "\\Configuration[") {
        return entry(at, path, rest);
    }
    if at.file.is_encrypted {
        return Err(LocateError::Encrypted);
    }
    let package = at
        .package()
        .ok_or_else(|| LocateError::NotAPackage(path.to_owned()))?;
    let Resolved { target, property } = resolve(package, path)?;
    Ok(Located {
        file: at.file,
        place: Place::Object(target),
        property,
    })
}

fn strip<'p>(path: &'p str, opening: &str) -> Option<&'p str> {
    let (head, rest) = path.split_at_checked(opening.len())?;
    head.eq_ignore_ascii_case(opening).then_some(rest)
}

/// The named member whose name, then `]`, is what `rest` begins with; the longest wins. What is behind it.
fn named<'a, T>(
    rest: &str,
    members: impl Iterator<Item = (String, T)>,
) -> Result<(T, Option<String>), Vec<String>>
where
    T: 'a,
{
    let mut best: Option<(usize, T, Option<String>)> = None;
    let mut names = Vec::new();
    for (name, member) in members {
        if let Some(property) = behind(rest, &name)
            && best
                .as_ref()
                .is_none_or(|(length, ..)| *length < name.len())
        {
            best = Some((name.len(), member, property));
        }
        names.push(name);
    }
    best.map(|(_, member, property)| (member, property))
        .ok_or(names)
}

/// What `.Properties[name]` or `.Value` behind the bracket names.
fn behind(rest: &str, name: &str) -> Option<Option<String>> {
    let behind = strip(rest, name)?.strip_prefix(']')?;
    if behind.is_empty() {
        return Some(None);
    }
    if behind.eq_ignore_ascii_case(".Value") {
        return Some(Some("Value".to_owned()));
    }
    let property = strip(behind, ".Properties[")?.strip_suffix(']')?;
    Some(Some(property.to_owned()))
}

fn not_found(path: &str, what: &'static str, rest: &str, names: &[String]) -> LocateError {
    let name = rest.split(']').next().unwrap_or(rest);
    LocateError::NotFound {
        path: path.to_owned(),
        what,
        name: name.to_owned(),
        nearest: nearest(name, names.iter().map(String::as_str)).map(str::to_owned),
    }
}

fn connection<'a>(at: InContext<'a>, path: &str, rest: &str) -> Result<Located<'a>, LocateError> {
    let own = ConnectionManager::new(at.file.document.root())
        .filter(|_| at.file.kind == FileKind::ConnectionManager)
        .map(|manager| (at.file, manager));
    let others = at
        .context
        .connection_managers()
        .filter(|(file, _)| file.label != at.file.label);
    let members = own
        .into_iter()
        .chain(others)
        .map(|(file, manager)| (manager.object().name().into_owned(), (file, manager)));
    let ((file, manager), property) = named(rest, members)
        .map_err(|names| not_found(path, "a connection manager of the project", rest, &names))?;
    Ok(Located {
        file,
        place: Place::Object(Target::ConnectionManager(manager)),
        property,
    })
}

fn parameter<'a>(at: InContext<'a>, path: &str, rest: &str) -> Result<Located<'a>, LocateError> {
    let members = at.context.of_kind(FileKind::Parameters).flat_map(|file| {
        project_parameters(file.document.root())
            .map(move |parameter| (parameter.name().into_owned(), (file, parameter)))
    });
    let ((file, parameter), property) = named(rest, members)
        .map_err(|names| not_found(path, "a parameter of the project", rest, &names))?;
    Ok(Located {
        file,
        place: Place::Object(Target::Parameter(parameter)),
        property,
    })
}

fn copy<'a>(at: InContext<'a>, path: &str, rest: &str) -> Result<Located<'a>, LocateError> {
    let members = at.context.of_kind(FileKind::Project).flat_map(|file| {
        ProjectFile::new(&file.document).copies().map(move |copy| {
            let full = copy.full_name().unwrap_or_default();
            let name = match copy.package() {
                Some(package) => format!("{package}|{full}"),
                None => full.into_owned(),
            };
            (name, (file, copy))
        })
    });
    let ((file, copy), property) =
        named(rest, members).map_err(|names| not_found(path, "a copy", rest, &names))?;
    Ok(Located {
        file,
        place: Place::Copy(copy),
        property,
    })
}

fn entry<'a>(at: InContext<'a>, path: &str, rest: &str) -> Result<Located<'a>, LocateError> {
    let own = Some(at.file).filter(|file| file.kind == FileKind::Configuration);
    let others = at
        .context
        .of_kind(FileKind::Configuration)
        .filter(|file| file.label != at.file.label && own.is_none());
    let members = own.into_iter().chain(others).flat_map(|file| {
        ConfigurationEntry::all(file.document.root())
            .map(move |entry| (entry.path().into_owned(), (file, entry)))
    });
    let ((file, entry), property) = named(rest, members)
        .map_err(|names| not_found(path, "an entry of a configuration", rest, &names))?;
    Ok(Located {
        file,
        place: Place::Entry(entry),
        property,
    })
}

impl<'a> Located<'a> {
    /// What is stored there; an object as a whole has no value.
    ///
    /// # Errors
    ///
    /// [`SetError`] when the object has no such property.
    pub fn stored(&self) -> Result<Option<StoredValue<'a>>, SetError> {
        let plain = |text: Option<crate::package::Stored<'a>>| {
            let span: Option<Span> = text.map(|stored| stored.span());
            StoredValue {
                property: Cow::Borrowed("Value"),
                text: text.map_or(Cow::Borrowed(""), |stored| stored.text().into_text()),
                span,
                expression: None,
                is_sensitive: false,
            }
        };
        match (self.place, &self.property) {
            (Place::Copy(copy), _) => Ok(Some(plain(copy.value()))),
            (Place::Entry(entry), _) => Ok(Some(plain(entry.value()))),
            (Place::Object(target), Some(property)) => target.stored_value(property).map(Some),
            (Place::Object(_), None) => Ok(None),
        }
    }

    /// The edits of the file that give it another value.
    ///
    /// # Errors
    ///
    /// [`SetError`] when there is no such property or it cannot take the value.
    pub fn set(&self, value: &str) -> Result<Vec<Edit>, SetError> {
        match (self.place, &self.property) {
            (Place::Copy(copy), _) => {
                Err(SetErrorKind::ReadOnly.of(&copy.full_name().unwrap_or_default()))
            }
            (Place::Entry(entry), _) => entry.set_value(value),
            (Place::Object(target), Some(property)) => target.set_value(property, value),
            (Place::Object(target), None) => {
                let nearest = target.property_names().first().cloned();
                Err(SetErrorKind::Unknown { nearest }.of("(the object as a whole)"))
            }
        }
    }
}
