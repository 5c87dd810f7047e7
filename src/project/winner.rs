//! What takes the place of a stored value when the package runs, as far as it can be told without running anything.

use crate::connection_string::SmtpProperty;
use crate::package::{
    CommonProperty, Configuration, ConfigurationEntry, ConfigurationType, ConnectionManager,
    FileKind, Package, Target, resolve,
};

use super::context::InContext;
use super::copies::is_key_of;

/// Why a stored value will not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Winner {
    /// An expression of the property or of the variable computes it.
    Expression(String),
    /// A configuration sets it.
    Configuration {
        /// The configuration's name.
        name: String,
        /// Where its values are kept.
        place: String,
    },
}

impl std::fmt::Display for Winner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Winner::Expression(text) => write!(f, "the expression `{text}` computes it"),
            Winner::Configuration { name, place } => {
                write!(f, "the configuration `{name}` sets it from {place}")
            }
        }
    }
}

/// What wins over the stored value of a property of an object of the package; expressions win over configurations.
///
/// A part of a connection string loses to what wins over the string as a whole.
pub fn winner(at: InContext<'_>, target: Target<'_>, property: &str) -> Option<Winner> {
    if let Target::Variable(variable) = target
        && property.eq_ignore_ascii_case("Value")
        && variable.is_evaluated()
        && let Some(expression) = variable.expression()
    {
        return Some(Winner::Expression(expression.text().text.into_owned()));
    }
    names(target, property)
        .into_iter()
        .find_map(|name| winner_of(at, target, name))
}

/// What wins over parts of a manager's connection string, where the string as a whole is asked for.
pub fn winners_of_parts(
    at: InContext<'_>,
    manager: ConnectionManager<'_>,
) -> Vec<(String, Winner)> {
    let target = Target::ConnectionManager(manager);
    let parts: Vec<&str> = if manager.is_smtp() {
        SmtpProperty::ALL.map(SmtpProperty::key).into()
    } else {
        PARTS.into()
    };
    parts
        .into_iter()
        .filter_map(|part| Some((part.to_owned(), winner_of(at, target, part)?)))
        .collect()
}

/// The properties of other managers that are parts of their connection strings.
const PARTS: [&str; 4] = ["ServerName", "InitialCatalog", "UserName", "Password"];

/// The names under which a property can be set: its own, that of the object model, and the connection string's.
fn names<'p>(target: Target<'_>, property: &'p str) -> Vec<&'p str> {
    let mut names = vec![property];
    let Target::ConnectionManager(manager) = target else {
        return names;
    };
    if manager.is_smtp() {
        if SmtpProperty::of_key(property).is_some() {
            names.push("ConnectionString");
        }
    } else if !property.eq_ignore_ascii_case("ConnectionString")
        && CommonProperty::named(property).is_none()
        && manager.own(property).is_none()
    {
        names.extend(PARTS.into_iter().filter(|part| is_key_of(property, part)));
        names.push("ConnectionString");
    }
    names
}

fn winner_of(at: InContext<'_>, target: Target<'_>, property: &str) -> Option<Winner> {
    if let Some(expression) = target.object().property_expression(property) {
        return Some(Winner::Expression(expression.text().into_owned()));
    }
    let package = at.package()?;
    if !package.configurations_enabled() {
        return None;
    }
    // Of several, the last applies.
    package
        .configurations()
        .filter(|configuration| sets(at, package, *configuration, target, property))
        .last()
        .map(|configuration| Winner::Configuration {
            name: configuration.object().name().into_owned(),
            place: place(configuration),
        })
}

fn sets(
    at: InContext<'_>,
    package: Package<'_>,
    configuration: Configuration<'_>,
    target: Target<'_>,
    property: &str,
) -> bool {
    let is_meant = |path: &str| {
        resolve(package, path).is_ok_and(|resolved| {
            let same = resolved
                .property
                .as_deref()
                .is_some_and(|named| named.eq_ignore_ascii_case(property));
            same && resolved.target.node() == target.node()
        })
    };
    if let Some(path) = configuration.variable()
        && is_meant(&path.text().text)
    {
        return true;
    }
    let Some(string) = configuration.string() else {
        return false;
    };
    if configuration.configuration_type() != ConfigurationType::ConfigFile {
        return false;
    }
    let string = string.text();
    let name = string.text.rsplit(['/', '\\']).next().unwrap_or_default();
    at.context
        .of_kind(FileKind::Configuration)
        .filter(|file| file.label.file_name().eq_ignore_ascii_case(name))
        .flat_map(|file| ConfigurationEntry::all(file.document.root()))
        .any(|entry| is_meant(&entry.path()))
}

fn place(configuration: Configuration<'_>) -> String {
    let string = configuration
        .string()
        .map(|stored| stored.text().into_text().into_owned())
        .unwrap_or_default();
    let kind = match configuration.configuration_type() {
        ConfigurationType::ParentVariable => "the variable of the parent package",
        ConfigurationType::ConfigFile => "the XML file",
        ConfigurationType::EnvVariable => "the environment variable",
        ConfigurationType::RegEntry => "the registry key",
        ConfigurationType::SqlServer => "the table of SQL Server",
        ConfigurationType::IniFile => "the INI file",
        ConfigurationType::Unknown => "a place of unknown type",
    };
    if configuration.is_indirect() {
        format!("{kind} that the environment variable `{string}` names")
    } else {
        format!("{kind} `{string}`")
    }
}
