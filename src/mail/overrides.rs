//! Values that win over everything, and which of the others may be trusted.

use crate::package::{
    ConnectionManager, MailProperty, PathError, Target, nearest, path_of, resolve,
};
use crate::project::InContext;

/// `--override 'PATH;VALUE'`, its path followed to a property that mail depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The shortest path of the property.
    path: String,
    value: String,
}

/// An override that names nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OverrideError {
    /// No `;`, or no path before one.
    #[error(
        "expected `PATH;VALUE`, such as `\\Package\\Notify.Properties[ToLine];a@example.com`, found `{0}`"
    )]
    Shape(String),
    /// The path leads to no object.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The path leads to an object, and no further.
    #[error("`{0}` names no property: `{0}.Properties[NAME]` would")]
    NoProperty(String),
    /// No mail depends on the property.
    #[error("`{object}` has no property `{property}` that a mail depends on{}", did_you_mean(.nearest))]
    Property {
        /// The object.
        object: String,
        /// The property.
        property: String,
        /// The name that was meant, perhaps.
        nearest: Option<String>,
    },
    /// No connection manager of the project has the name.
    #[error("the project has no connection manager `{0}`")]
    ProjectConnection(String),
}

fn did_you_mean(nearest: &Option<String>) -> String {
    match nearest {
        Some(name) => format!(" (did you mean `{name}`?)"),
        None => String::new(),
    }
}

/// Properties of connection managers that a mail depends on.
const MANAGER: [&str; 5] = [
    "ConnectionString",
    "SmtpServer",
    "UseWindowsAuthentication",
    "EnableSsl",
    "Timeout",
];

impl Override {
    /// Follows the path of `PATH;VALUE` in a package or its project. The first `;` behind a path that leads somewhere
    /// parts them, as names may hold one.
    ///
    /// # Errors
    ///
    /// [`OverrideError`], with the nearest name where there is one.
    pub fn parse(text: &str, at: InContext<'_>) -> Result<Override, OverrideError> {
        let shape = || OverrideError::Shape(text.to_owned());
        let mut failure = None;
        for (end, _) in text.match_indices(';') {
            let (Some(path), Some(value)) = (text.get(..end), text.get(end + 1..)) else {
                continue;
            };
            match named(path, at) {
                Ok((object, property)) => {
                    return Ok(Override {
                        path: format!("{object}.Properties[{property}]"),
                        value: value.to_owned(),
                    });
                }
                // What is wrong with the shortest path is what its writer can see.
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        Err(failure.unwrap_or_else(shape))
    }
}

impl Override {
    /// The text that says the same in the spelling that is used everywhere.
    pub fn text(&self) -> String {
        format!("{};{}", self.path, self.value)
    }
}

/// The object and the property that a path names, spelled as everywhere.
fn named(path: &str, at: InContext<'_>) -> Result<(String, String), OverrideError> {
    const PROJECT: &str = "\\Project.Connections[";
    let package = at
        .package()
        .ok_or_else(|| OverrideError::Path(PathError::Beginning(path.to_owned())))?;
    let in_project = path
        .split_at_checked(PROJECT.len())
        .filter(|(start, _)| start.eq_ignore_ascii_case(PROJECT));
    if let Some((_, rest)) = in_project {
        let (name, property) = rest
            .rsplit_once("].Properties[")
            .and_then(|(name, property)| Some((name, property.strip_suffix(']')?)))
            .ok_or_else(|| OverrideError::NoProperty(path.to_owned()))?;
        let object = at
            .context
            .connection_managers()
            .find(|(_, manager)| manager.object().name().eq_ignore_ascii_case(name))
            .map(|(_, manager)| project_path(manager))
            .ok_or_else(|| OverrideError::ProjectConnection(name.to_owned()))?;
        let property = known(&object, property, &MANAGER)?;
        return Ok((object, property));
    }
    let resolved = resolve(package, path)?;
    let property = resolved
        .property
        .ok_or_else(|| OverrideError::NoProperty(path.to_owned()))?;
    let object = path_of(package, resolved.target);
    let mail: Vec<&str> = MailProperty::ALL.iter().map(|it| it.name()).collect();
    let properties: Vec<&str> = match resolved.target {
        Target::Executable(it) if it.send_mail().is_some() => [mail, vec!["Disable"]].concat(),
        Target::Executable(_) | Target::EventHandler(_) => vec!["Disable"],
        Target::ConnectionManager(_) => MANAGER.to_vec(),
        Target::Variable(_) | Target::Parameter(_) => vec!["Value"],
    };
    let property = known(&object, &property, &properties)?;
    Ok((object, property))
}

fn known(object: &str, property: &str, names: &[&str]) -> Result<String, OverrideError> {
    names
        .iter()
        .find(|name| name.eq_ignore_ascii_case(property))
        .map(|&name| name.to_owned())
        .ok_or_else(|| OverrideError::Property {
            object: object.to_owned(),
            property: property.to_owned(),
            nearest: nearest(property, names.iter().copied()).map(str::to_owned),
        })
}

/// Whether a stored value counts where an expression would compute another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StaleValues {
    /// It does not: it is what the designer computed last.
    Refused,
    /// `--stored-values` asks for it.
    Taken,
}

/// Whether the default of a variable counts that a task would set which is not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defaults {
    /// It does not.
    Refused,
    /// `--assume-defaults` asks for it.
    Taken,
}

fn project_path(manager: ConnectionManager<'_>) -> String {
    format!("\\Project.Connections[{}]", manager.object().name())
}
