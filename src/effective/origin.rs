//! A value as it would be at run time, where it comes from, and how sure that is.

use crate::expression::DataType;
use crate::project::Label;
use crate::xml::Place;

/// How sure a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// Nothing that is in the files or was given decides otherwise.
    Known,
    /// A default that something may replace before or while the package runs.
    Assumed,
    /// It cannot be told from the files and what was given.
    Unknown,
}

impl Certainty {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Certainty::Known => "known",
            Certainty::Assumed => "assumed",
            Certainty::Unknown => "unknown",
        }
    }
}

/// What a value, or a step on the way to it, comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// Nothing is written: the default of the property.
    Default,
    /// What the object itself stores.
    Design,
    /// A property expression.
    Expression,
    /// A variable, by its value or its own expression.
    Variable,
    /// A parameter of the package or the project.
    Parameter,
    /// A system variable.
    SystemVariable,
    /// An entry of an XML configuration of the package.
    Configuration,
    /// An environment variable that a configuration names.
    Environment,
    /// A key of the registry that a configuration names.
    Registry,
    /// A row of a configuration table, from `--server-values`.
    ServerConfiguration,
    /// A variable of the parent package that a configuration names.
    ParentVariable,
    /// An XML configuration from `--config-file`.
    ConfigFile,
    /// `--connection`
    Connection,
    /// `--set`
    Set,
    /// `--parameter`
    ExecutionParameter,
    /// What the SSIS catalog holds, from `--server-values`.
    ServerParameter,
    /// A build configuration of the project.
    BuildConfiguration,
    /// `--var`, `--vars`, `--now`
    Given,
    /// This machine: its clock, its name, its user.
    Machine,
    /// `--override`
    Override,
}

impl Origin {
    /// Every origin, by its name in reports.
    pub const NAMES: [&'static str; 20] = [
        "default",
        "design",
        "expression",
        "variable",
        "parameter",
        "system-variable",
        "configuration",
        "environment",
        "registry",
        "server-configuration",
        "parent-variable",
        "config-file",
        "connection",
        "set",
        "execution-parameter",
        "server-parameter",
        "build-configuration",
        "given",
        "machine",
        "override",
    ];

    /// The name in reports.
    pub fn name(self) -> &'static str {
        Origin::NAMES
            .get(self as usize)
            .copied()
            .unwrap_or_default()
    }
}

/// A step on the way to where a value is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// What it is.
    pub kind: Origin,
    /// Its property path, or its name where it has no path.
    pub path: String,
    /// The file that holds it.
    pub file: Option<Label>,
    /// Where in the file.
    pub place: Option<Place>,
}

/// What a property is as dtexec would see it.
#[derive(Clone, Debug)]
pub struct Effective {
    /// The value, in clear; `None` for one that is unknown, and for NULL.
    pub value: Option<String>,
    /// Of an unknown value what is known around the unknown: `⟨System::MachineName⟩: Nightly FAILED`.
    pub text: Option<String>,
    /// Its type.
    pub data_type: Option<DataType>,
    /// How sure it is.
    pub certainty: Certainty,
    /// Why it is not known.
    pub reason: Option<String>,
    /// What decided about it last.
    pub origin: Origin,
    /// What takes the place of the stored value, as a sentence: `the expression … computes it`; `None` where the stored
    /// value itself is used.
    pub decided_by: Option<String>,
    /// From the origin to where the value is kept, nearest first.
    pub chain: Vec<Link>,
    /// The tasks that set a variable behind it while the package runs.
    pub set_at_run_time_by: Vec<String>,
    /// What only a run knows and it depends on: `System::StartTime`, `GETDATE()`, `%MAILHOST%`.
    pub depends_on: Vec<String>,
    /// What may replace it from outside of the files: `SSISDB parameter Smtp`.
    pub overridable_by: Vec<String>,
    /// Whether it is a secret by its nature.
    pub is_sensitive: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_origin_has_the_name_of_its_place() {
        assert_eq!(Origin::Default.name(), "default");
        assert_eq!(Origin::Configuration.name(), "configuration");
        assert_eq!(Origin::BuildConfiguration.name(), "build-configuration");
        assert_eq!(Origin::Override.name(), "override");
        assert_eq!(Origin::NAMES.len(), Origin::Override as usize + 1);
    }
}
