//! Property paths of a unit: those of packages, and ours for what SSIS has no path for.

use std::borrow::Cow;

use crate::package::{
    ConfigurationEntry, ConnectionManager, Copy, FileKind, PathError, ProjectFile, Resolved,
    SetError, SetErrorKind, Stored, StoredValue, Target, nearest, project_parameters, resolve,
};
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
    /// Several files of the unit have it.
    #[error(
        "`{path}` fits {count} objects in the files here: name the file that holds the one that is meant"
    )]
    Ambiguous {
        /// The whole path.
        path: String,
        /// How many.
        count: usize,
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
fn named<T>(
    rest: &str,
    members: impl Iterator<Item = (String, T)>,
) -> Result<(T, Option<String>), NotNamed> {
    let mut best: Option<(usize, T, Option<String>)> = None;
    let mut names = Vec::new();
    let mut same = 0;
    for (name, member) in members {
        if let Some(property) = behind(rest, &name) {
            let longest = best.as_ref().map_or(0, |(length, ..)| *length);
            if best.is_none() || name.len() > longest {
                best = Some((name.len(), member, property));
                same = 1;
            } else if name.len() == longest {
                same += 1;
            }
        }
        names.push(name);
    }
    match best {
        Some((_, member, property)) if same == 1 => Ok((member, property)),
        Some(_) => Err(NotNamed::Several(same)),
        None => Err(NotNamed::Missing(names)),
    }
}

/// Why a name means no member.
enum NotNamed {
    /// There are only these.
    Missing(Vec<String>),
    /// So many have the name.
    Several(usize),
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

fn no_member(path: &str, what: &'static str, rest: &str, why: NotNamed) -> LocateError {
    let name = rest.split(']').next().unwrap_or(rest);
    match why {
        NotNamed::Several(count) => LocateError::Ambiguous {
            path: path.to_owned(),
            count,
        },
        NotNamed::Missing(names) => LocateError::NotFound {
            path: path.to_owned(),
            what,
            name: name.to_owned(),
            nearest: nearest(name, names.iter().map(String::as_str)).map(str::to_owned),
        },
    }
}

fn connection<'a>(at: InContext<'a>, path: &str, rest: &str) -> Result<Located<'a>, LocateError> {
    let own = ConnectionManager::new(at.file.document.root())
        .filter(|_| at.file.kind == FileKind::ConnectionManager)
        .map(|manager| (at.file, manager));
    // The file that was named goes before others that hold a manager of the same name.
    let is_own = own.is_some_and(|(_, manager)| behind(rest, &manager.object().name()).is_some());
    let others = at
        .context
        .connection_managers()
        .filter(|(file, _)| file.label != at.file.label && !is_own);
    let members = own
        .into_iter()
        .chain(others)
        .map(|(file, manager)| (manager.object().name().into_owned(), (file, manager)));
    let ((file, manager), property) = named(rest, members)
        .map_err(|why| no_member(path, "a connection manager of the project", rest, why))?;
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
        .map_err(|why| no_member(path, "a parameter of the project", rest, why))?;
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
        named(rest, members).map_err(|why| no_member(path, "a copy", rest, why))?;
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
        .map_err(|why| no_member(path, "an entry of a configuration", rest, why))?;
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
        let plain = |text: Option<Stored<'a>>, is_sensitive| StoredValue {
            property: Cow::Borrowed("Value"),
            text: text.map_or(Cow::Borrowed(""), |stored| stored.meaning()),
            span: text.map(|stored| stored.span()),
            expression: None,
            is_sensitive,
        };
        match (self.place, &self.property) {
            (Place::Copy(copy), _) => Ok(Some(plain(copy.value(), copy.holds_secret()))),
            (Place::Entry(entry), _) => Ok(Some(plain(entry.value(), entry.holds_secret()))),
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
                Err(SetErrorKind::Whole { nearest }.of(&self.name()))
            }
        }
    }

    /// What stands for the place in messages.
    fn name(&self) -> String {
        match self.place {
            Place::Object(target) => target.name(),
            Place::Copy(copy) => copy.full_name().unwrap_or_default().into_owned(),
            Place::Entry(entry) => entry.path().into_owned(),
        }
    }
}
