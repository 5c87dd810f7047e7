//! What the configuration gives to the engine and to rules.

use crate::project::Label;

use super::rule::{Rule, Severity};

/// The settings of a run. The default is every rule at its own severity, and empty lists.
#[derive(Debug, Default)]
pub struct Settings {
    /// Where the package is to run.
    pub profile: Profile,
    /// Hosts that must not be used any more.
    pub deny_hosts: Vec<DeniedHost>,
    /// The domains that mail may go to; empty for any. `example.com` means its subdomains too.
    pub allowed_domains: Vec<String>,
    /// The domains that mail may come from; empty for any.
    pub from_domains: Vec<String>,
    /// Whether files that packages name are looked for here.
    pub check_files: bool,
}

/// A host that must not be used any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeniedHost {
    /// Its name, or a pattern with `*` and `?`.
    pub host: String,
    /// The host to be used instead.
    pub instead: Option<String>,
}

/// Where packages are to run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// On a server of one's own.
    #[default]
    OnPremises,
    /// In the Azure-SSIS integration runtime.
    Azure,
}

impl Settings {
    /// Whether a rule looks at a file.
    pub fn is_on(&self, _rule: &Rule, _file: &Label) -> bool {
        true
    }

    /// How bad what a rule finds in a file is, where the configuration says so.
    pub fn severity(&self, _rule: &Rule, _file: &Label) -> Option<Severity> {
        None
    }
}
