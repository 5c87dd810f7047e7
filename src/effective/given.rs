//! What comes from outside of the files: options, and for `run` this machine.

use std::path::PathBuf;

use crate::expression::{Locale, Moment, Value};
use crate::host::Files;

use super::child::Parent;
use super::load::LoadedConfiguration;
use super::path_map::PathMap;
use super::server::ServerValues;

/// Everything that a value may depend on besides the files of its unit.
#[derive(Default)]
pub struct Given<'g> {
    /// Variables, parameters and system variables by name; of two of one name the last counts.
    pub variables: Vec<GivenVariable>,
    /// Environment variables for configurations.
    pub environment: Vec<(String, String)>,
    /// `PATH;VALUE` as dtexec's `/Set` takes it.
    pub sets: Vec<String>,
    /// `NAME;STRING` as dtexec's `/Connection` takes it.
    pub connections: Vec<String>,
    /// Parameters for this execution, by `$Project::X`, `$Package::X`, `CM.Mail.SmtpServer`.
    pub parameters: Vec<(String, String)>,
    /// Configurations besides those of the package.
    pub config_files: Vec<LoadedConfiguration>,
    /// `PATH;VALUE` that wins over everything.
    pub overrides: Vec<String>,
    /// The build configuration whose values parameters take.
    pub build_configuration: Option<String>,
    /// What SQL Server holds.
    pub server: Option<ServerValues>,
    /// The time.
    pub now: Option<(Moment, GivenBy)>,
    /// The locale of expressions, instead of the one that the package names.
    pub locale: Option<Locale>,
    /// Where the package's paths are here.
    pub path_map: PathMap,
    /// How configurations outside of the unit are read; without it they are not.
    pub files: Option<&'g dyn Files>,
    /// Configurations elsewhere in the tree that was asked for.
    pub elsewhere: Vec<PathBuf>,
    /// The package that calls this one.
    pub parent: Option<Parent>,
}

/// A variable whose value was given.
#[derive(Clone, Debug)]
pub struct GivenVariable {
    /// `User::Count`, `$Project::Server`, `System::MachineName`; without a namespace `User` is meant.
    pub name: String,
    /// The value; one that has another type than the variable is converted.
    pub value: Value,
    /// Who gave it.
    pub by: GivenBy,
}

/// Who gave a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivenBy {
    /// An option of the command.
    Option,
    /// This machine.
    Machine,
}

impl Given<'_> {
    /// The value given for a variable; names compare as in expressions, exactly first.
    pub(super) fn variable(&self, namespace: &str, name: &str) -> Option<&GivenVariable> {
        let full = format!("{namespace}::{name}");
        let qualified = |it: &GivenVariable| match it.name.contains("::") {
            true => it.name.clone(),
            false => format!("User::{}", it.name),
        };
        self.variables
            .iter()
            .rfind(|it| qualified(it) == full)
            .or_else(|| {
                let folded = full.to_lowercase();
                self.variables
                    .iter()
                    .rfind(|it| qualified(it).to_lowercase() == folded)
            })
    }

    /// The value of an environment variable; names compare as on Windows, without case.
    pub(super) fn environment(&self, name: &str) -> Option<&str> {
        let found = self
            .environment
            .iter()
            .rfind(|(given, _)| given.eq_ignore_ascii_case(name))?;
        Some(&found.1)
    }

    /// The value of a parameter for this execution.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self
            .parameters
            .iter()
            .rfind(|(given, _)| given.eq_ignore_ascii_case(name))?;
        Some(&found.1)
    }
}
