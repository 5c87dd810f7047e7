//! What takes the place of a stored value when the package runs, as far as it can be told without running anything.

use crate::package::{
    Configuration, ConfigurationEntry, ConfigurationType, FileKind, Package, Target, resolve,
};

use super::context::InContext;

/// Why a stored value will not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Winner {
    /// A property expression computes it.
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
            Winner::Expression(text) => write!(f, "the property expression `{text}` computes it"),
            Winner::Configuration { name, place } => {
                write!(f, "the configuration `{name}` sets it from {place}")
            }
        }
    }
}

/// What wins over the stored value of a property of an object of the package; expressions win over configurations.
pub fn winner(at: InContext<'_>, target: Target<'_>, property: &str) -> Option<Winner> {
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
