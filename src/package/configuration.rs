//! Configurations: where a package takes values from before it runs, and the XML files that hold them.

use std::borrow::Cow;

use crate::source::Span;
use crate::xml::Node;

use super::object::Object;
use super::stored::Stored;

/// Where a configuration of a package keeps its values (`DTSConfigurationType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigurationType {
    /// A variable of the parent package.
    ParentVariable,
    /// An XML file.
    ConfigFile,
    /// An environment variable.
    EnvVariable,
    /// A key of the registry.
    RegEntry,
    /// A table of SQL Server.
    SqlServer,
    /// An INI file.
    IniFile,
    /// A number that is none of these.
    Unknown,
}

/// A configuration of a package.
#[derive(Clone, Copy, Debug)]
pub struct Configuration<'d>(Object<'d>);

impl<'d> Configuration<'d> {
    pub(super) fn new(node: Node<'d>) -> Configuration<'d> {
        Configuration(Object::new(node))
    }

    /// Its common properties.
    pub fn object(self) -> Object<'d> {
        self.0
    }

    fn number(self) -> u8 {
        // Formats 6 and 8 leave the type out when it is 0.
        self.0
            .text("ConfigurationType")
            .and_then(|text| text.trim().parse().ok())
            .unwrap_or(0)
    }

    /// The type, whether it is direct or not.
    pub fn configuration_type(self) -> ConfigurationType {
        match self.number() {
            0 | 4 => ConfigurationType::ParentVariable,
            1 | 5 => ConfigurationType::ConfigFile,
            2 => ConfigurationType::EnvVariable,
            3 | 6 => ConfigurationType::RegEntry,
            7 | 9 => ConfigurationType::SqlServer,
            8 | 10 => ConfigurationType::IniFile,
            _ => ConfigurationType::Unknown,
        }
    }

    /// Whether the location is the name of an environment variable that holds the location.
    pub fn is_indirect(self) -> bool {
        matches!(self.number(), 4..=6 | 9 | 10)
    }

    /// The location.
    pub fn string(self) -> Option<Stored<'d>> {
        self.0.property("ConfigurationString")
    }

    /// The property path that is set; files and tables hold their paths themselves.
    pub fn variable(self) -> Option<Stored<'d>> {
        self.0
            .property("ConfigurationVariable")
            .filter(|stored| !stored.text().text.is_empty())
    }
}

/// An entry of an XML configuration file.
#[derive(Clone, Copy, Debug)]
pub struct ConfigurationEntry<'d>(Node<'d>);

impl<'d> ConfigurationEntry<'d> {
    /// The entries of a file whose root is `root`.
    pub fn all(root: Node<'d>) -> impl Iterator<Item = ConfigurationEntry<'d>> {
        root.children()
            .filter(|child| child.is("", "Configuration"))
            .map(ConfigurationEntry)
    }

    /// The property path that is set.
    pub fn path(self) -> Cow<'d, str> {
        self.0
            .attribute("", "Path")
            .map(|path| path.value().into_text())
            .unwrap_or_default()
    }

    /// The property path, where it is stored.
    pub fn stored_path(self) -> Option<Stored<'d>> {
        self.0.attribute("", "Path").map(Stored::Attribute)
    }

    /// The .NET name of the value's type: `String`, `Int32`, `Boolean`.
    pub fn value_type(self) -> Option<Cow<'d, str>> {
        let attribute = self.0.attribute("", "ValueType")?;
        Some(attribute.value().into_text())
    }

    /// The value, where it is stored.
    pub fn value(self) -> Option<Stored<'d>> {
        self.0.child("", "ConfiguredValue").map(Stored::Element)
    }

    /// The whole entry.
    pub fn span(self) -> Span {
        self.0.span()
    }
}
