//! Which rules count: the configuration, and what the command line says over it.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use dtsx::host::{FileKind, Files as _, RealFiles};
use dtsx::lint::{Profile, Root, Rule, Settings, Severity, absolute, rules_named};
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
    /// Let nothing that is found make the exit code 1; reports stay as they are
    #[arg(long, help_heading = "Rules")]
    pub(super) exit_zero: bool,
    /// Where the packages are to run
    #[arg(long, value_name = "PROFILE", value_enum, help_heading = "Rules")]
    profile: Option<ProfileName>,
    /// Look for the files that packages name
    #[arg(long, help_heading = "Rules")]
    check_files: bool,
    /// The configuration of all inputs [default: of each the first `dtsx.toml` in its folder or above it]
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
    /// Nothing that is found makes the exit code 1, and nothing counts as failed in reports
    #[value(alias = "off")]
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ProfileName {
    OnPremises,
    Azure,
}

/// Inputs under one configuration.
pub(super) struct Found {
    pub(super) inputs: Inputs,
    pub(super) settings: Settings,
    /// Where the configuration is; `None` where there is none.
    pub(super) configuration: Option<PathBuf>,
    pub(super) baseline_path: PathBuf,
}

/// The name of a configuration.
pub(super) const CONFIGURATION: &str = "dtsx.toml";
/// The name of a baseline.
const BASELINE: &str = "dtsx-baseline.toml";

impl SettingsArgs {
    /// Whether each file says by its place which configuration it has.
    pub(super) fn looks_upwards(&self) -> bool {
        self.config.is_none() && !self.isolated
    }

    /// Whether what is known counts.
    pub(super) fn reads_baseline(&self) -> bool {
        !self.isolated
    }

    /// Reads the configurations of the inputs and puts the command line over them.
    pub(super) fn find(&self, mut inputs: Inputs) -> Result<Vec<Found>, Refusal> {
        let present = std::env::current_dir()
            .map_err(|error| Refusal::usage(format!("there is no present folder: {error}")))?;
        if !self.looks_upwards() {
            let path = self.config.as_ref().map(|path| absolute(&present, path));
            return Ok(vec![self.found(&present, path, inputs)?]);
        }
        let mut parts: Vec<(Option<PathBuf>, Inputs)> = Vec::new();
        let (paths, given) = (std::mem::take(&mut inputs.paths), inputs.given.take());
        let names = paths.iter().chain(given.as_ref().map(|(name, _)| name));
        let found: Vec<_> = names
            .map(|name| upwards(&absolute(&present, name)))
            .collect();
        let paths = paths.into_iter().zip(&found).map(|(path, configuration)| {
            let paths = vec![path];
            (
                configuration,
                Inputs {
                    paths,
                    ..inputs.clone()
                },
            )
        });
        let given = given.zip(found.last()).map(|(given, configuration)| {
            let given = Some(given);
            (
                configuration,
                Inputs {
                    given,
                    ..inputs.clone()
                },
            )
        });
        for (configuration, more) in paths.chain(given) {
            match parts.iter_mut().find(|(it, _)| it == configuration) {
                Some((_, part)) => {
                    part.paths.extend(more.paths);
                    part.given = part.given.take().or(more.given);
                }
                None => parts.push((configuration.clone(), more)),
            }
        }
        let parts = parts.into_iter();
        parts
            .map(|(configuration, inputs)| self.found(&present, configuration, inputs))
            .collect()
    }

    fn found(
        &self,
        present: &Path,
        configuration: Option<PathBuf>,
        inputs: Inputs,
    ) -> Result<Found, Refusal> {
        let mut settings = match &configuration {
            Some(path) => read(present, path)?,
            None => Settings::default(),
        };
        let folder = configuration.as_deref().and_then(Path::parent);
        let folder = folder.unwrap_or(present).to_owned();
        let baseline = settings.baseline.as_deref().unwrap_or(BASELINE);
        let baseline_path = match self.isolated {
            // It is read only where it is to be written or checked.
            true => present.join(BASELINE),
            false => absolute(&folder, Path::new(baseline)),
        };
        settings.root = Some(Root {
            configuration: folder,
            present: present.to_owned(),
        });
        self.put_over(&mut settings)?;
        Ok(Found {
            inputs,
            settings,
            configuration,
            baseline_path: shown(present, &baseline_path),
        })
    }

    /// What the command line says wins.
    fn put_over(&self, settings: &mut Settings) -> Result<(), Refusal> {
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
        Ok(())
    }
}

fn named(words: &[String]) -> Result<Vec<&'static Rule>, Refusal> {
    let mut all = Vec::new();
    for word in words {
        all.extend(rules_named(word).map_err(Refusal::usage)?);
    }
    Ok(all)
}

fn read(present: &Path, path: &Path) -> Result<Settings, Refusal> {
    let shown = shown(present, path);
    let refused = |what: String| Refusal::usage(format!("{}: {what}", shown.display()));
    let bytes = RealFiles
        .read(path)
        .map_err(|error| refused(format!("could not be read: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|_| refused("is not UTF-8".to_owned()))?;
    Settings::parse(&text).map_err(|error| refused(error.to_string()))
}

/// As people would name it from the present folder.
fn shown(present: &Path, path: &Path) -> PathBuf {
    let inside = path.strip_prefix(present).ok();
    let inside = inside.filter(|it| !it.as_os_str().is_empty());
    inside.unwrap_or(path).to_owned()
}

/// The first configuration in the folder of an input, or above it.
fn upwards(input: &Path) -> Option<PathBuf> {
    let mut folders = input.ancestors().map(|folder| folder.join(CONFIGURATION));
    folders.find(|path| is_configuration(path))
}

/// Whether a configuration lies there; a folder may have any name.
pub(super) fn is_configuration(path: &Path) -> bool {
    let metadata = RealFiles.metadata(path);
    metadata.is_ok_and(|it| it.kind != FileKind::Folder)
}
