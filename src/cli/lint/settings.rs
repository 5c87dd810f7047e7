//! Which rules count: the configuration, and what the command line says over it.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use dtsx::host::{Files as _, RealFiles};
use dtsx::lint::{Profile, Root, Rule, Settings, Severity, rules_named};
use dtsx::project::Inputs;

use super::super::streams::Refusal;

/// Which rules count.
#[derive(Debug, Args)]
pub(super) struct SettingsArgs {
    /// Only these rules: codes, names, categories, or `all` (repeatable, or with commas)
    #[arg(
        long,
        value_name = "RULES",
        value_delimiter = ',',
        help_heading = "Rules"
    )]
    select: Vec<String>,
    /// These rules besides what the configuration selects
    #[arg(
        long,
        value_name = "RULES",
        value_delimiter = ',',
        help_heading = "Rules"
    )]
    extend_select: Vec<String>,
    /// None of these rules
    #[arg(
        long,
        value_name = "RULES",
        value_delimiter = ',',
        help_heading = "Rules"
    )]
    ignore: Vec<String>,
    /// From which severity on a finding makes the exit code 1 [default: warning]
    #[arg(long, value_name = "LEVEL", value_enum, help_heading = "Rules")]
    fail_level: Option<FailLevel>,
    /// Where the packages are to run
    #[arg(long, value_name = "PROFILE", value_enum, help_heading = "Rules")]
    profile: Option<ProfileName>,
    /// Look for the files that packages name
    #[arg(long, help_heading = "Rules")]
    check_files: bool,
    /// The configuration [default: the first `dtsx.toml` in the folder of the first input or above it]
    #[arg(long, value_name = "FILE", help_heading = "Rules")]
    config: Option<PathBuf>,
    /// No configuration and no baseline
    #[arg(long, conflicts_with = "config", help_heading = "Rules")]
    isolated: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailLevel {
    Error,
    Warning,
    Info,
    /// Nothing that is found makes the exit code 1
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ProfileName {
    OnPremises,
    Azure,
}

/// What a run goes by.
pub(super) struct Found {
    pub(super) settings: Settings,
    pub(super) baseline_path: PathBuf,
}

/// The name of a configuration.
const CONFIGURATION: &str = "dtsx.toml";
/// The name of a baseline.
const BASELINE: &str = "dtsx-baseline.toml";

impl SettingsArgs {
    /// Reads the configuration and puts the command line over it.
    pub(super) fn find(&self, inputs: &Inputs) -> Result<Found, Refusal> {
        let present = std::env::current_dir()
            .map_err(|error| Refusal::usage(format!("there is no present folder: {error}")))?;
        let path = match (&self.config, self.isolated) {
            (Some(path), _) => Some(present.join(path)),
            (None, true) => None,
            (None, false) => upwards(&present, inputs),
        };
        let mut settings = match &path {
            Some(path) => read(path)?,
            None => Settings::default(),
        };
        let folder = path.as_deref().and_then(Path::parent).unwrap_or(&present);
        let folder = folder.to_owned();
        let baseline = settings.baseline.as_deref().unwrap_or(BASELINE);
        let baseline_path = match self.isolated {
            // Nothing is read from there, and a new one goes into the present folder.
            true => present.join(BASELINE),
            false => folder.join(baseline),
        };
        settings.root = Some(Root {
            configuration: folder,
            present,
        });
        if !self.select.is_empty() {
            settings.selection.select(&named(&self.select)?);
        }
        settings.selection.extend(&named(&self.extend_select)?);
        settings.selection.ignore(&named(&self.ignore)?);
        if let Some(level) = self.fail_level {
            settings.fail_level = Some(match level {
                FailLevel::Error => Some(Severity::Error),
                FailLevel::Warning => Some(Severity::Warning),
                FailLevel::Info => Some(Severity::Info),
                FailLevel::Never => None,
            });
        }
        match self.profile {
            Some(ProfileName::Azure) => settings.profile = Profile::Azure,
            Some(ProfileName::OnPremises) => settings.profile = Profile::OnPremises,
            None => {}
        }
        settings.check_files |= self.check_files;
        Ok(Found {
            settings,
            baseline_path,
        })
    }
}

fn named(words: &[String]) -> Result<Vec<&'static Rule>, Refusal> {
    let mut all = Vec::new();
    for word in words {
        all.extend(rules_named(word).map_err(Refusal::usage)?);
    }
    Ok(all)
}

fn read(path: &Path) -> Result<Settings, Refusal> {
    let bytes = RealFiles.read(path).map_err(|error| {
        Refusal::usage(format!("{}: could not be read: {error}", path.display()))
    })?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Refusal::usage(format!("{}: is not UTF-8", path.display())))?;
    Settings::parse(&text).map_err(|error| Refusal::usage(format!("{}: {error}", path.display())))
}

/// The first configuration in the folder of the first input, or above it.
fn upwards(present: &Path, inputs: &Inputs) -> Option<PathBuf> {
    let given = inputs.given.as_ref().map(|(name, _)| name);
    let first = inputs.paths.first().or(given)?;
    let first = present.join(first);
    let mut folder = Some(first.as_path());
    while let Some(at) = folder {
        let path = at.join(CONFIGURATION);
        if RealFiles.metadata(&path).is_ok() {
            return Some(path);
        }
        folder = at.parent();
    }
    None
}
