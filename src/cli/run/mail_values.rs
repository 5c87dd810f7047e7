//! The options of what a mail is made of: the same where it is sent and where it becomes a job.

use clap::Args;

use dtsx::mail::{Defaults, StaleValues};

use crate::cli::given::GivenArgs;

/// Values that win, and which of those in the package are good enough for a mail.
#[derive(Debug, Args)]
pub(crate) struct MailValuesArgs {
    /// A value that wins over everything: `\Package\Notify.Properties[ToLine];a@example.com` (repeatable)
    #[arg(long = "override", value_name = "PATH;VALUE")]
    pub(crate) overrides: Vec<String>,
    /// Take stored values where expressions compute others
    #[arg(long)]
    pub(crate) stored_values: bool,
    /// Take the stored defaults of variables that tasks set which are not run
    #[arg(long)]
    pub(crate) assume_defaults: bool,
    /// Let configurations read the environment of this process
    #[arg(long)]
    pub(crate) use_environment: bool,
    #[command(flatten)]
    pub(crate) given: GivenArgs,
}

impl MailValuesArgs {
    pub(crate) fn stale_values(&self) -> StaleValues {
        match self.stored_values {
            true => StaleValues::Taken,
            false => StaleValues::Refused,
        }
    }

    pub(crate) fn defaults(&self) -> Defaults {
        match self.assume_defaults {
            true => Defaults::Taken,
            false => Defaults::Refused,
        }
    }
}
