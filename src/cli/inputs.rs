//! Options that commands on many files share.

use std::io::{self, Read as _};
use std::num::NonZero;
use std::path::{Path, PathBuf};

use clap::Args;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use dtsx::project::{Inputs, Limits};

use super::exit::Exit;
use super::streams::Refusal;

/// Which files to look at, and how.
#[derive(Debug, Args)]
pub(crate) struct InputArgs {
    /// Files and folders; `-` reads one file from the standard input [default: the present folder]
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// The name of the file that `-` reads
    #[arg(long, value_name = "NAME", help_heading = "Input")]
    pub(crate) stdin_filename: Option<PathBuf>,
    /// Of the files in folders, only those whose path or its end fits, such as `*.dtsx` (repeatable)
    #[arg(long, value_name = "GLOB", help_heading = "Input")]
    pub(crate) include: Vec<String>,
    /// No files and no folders whose path or its end fits (repeatable)
    #[arg(long, value_name = "GLOB", help_heading = "Input")]
    pub(crate) exclude: Vec<String>,
    /// Count what builds left under `obj` and `bin`, too
    #[arg(long, help_heading = "Input")]
    pub(crate) include_build: bool,
    /// How many files to read at the same time [default: as many as there are processors]
    #[arg(long, value_name = "N", help_heading = "Input")]
    pub(crate) jobs: Option<NonZero<usize>>,
    /// A limit, for files that are larger than usual: size, depth, attributes, namespaces, name-length,
    /// archive-members, archive-member-size, archive-size, archive-ratio (repeatable)
    #[arg(long = "limit", value_name = "NAME=VALUE", value_parser = limit, help_heading = "Input")]
    pub(crate) limits: Vec<(String, u64)>,
}

fn limit(text: &str) -> Result<(String, u64), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("expected `NAME=VALUE`, such as `size=100000000`")?;
    let number = value
        .parse()
        .map_err(|_| format!("expected a whole number behind `{name}=`, found `{value}`"))?;
    Limits::default()
        .set(name, number)
        .map_err(|error| error.to_string())?;
    Ok((name.to_owned(), number))
}

impl InputArgs {
    /// The files to look at; the standard input is read here.
    pub(crate) fn inputs(&self) -> Result<Inputs, Refusal> {
        let mut inputs = Inputs {
            include: globs(&self.include).map_err(Refusal::usage)?,
            exclude: globs(&self.exclude).map_err(Refusal::usage)?,
            ..Inputs::default()
        };
        let is_stdin = |path: &&PathBuf| path.as_path() == Path::new("-");
        inputs.paths = self
            .paths
            .iter()
            .filter(|path| !is_stdin(path))
            .cloned()
            .collect();
        match (
            self.paths.iter().filter(is_stdin).count(),
            &self.stdin_filename,
        ) {
            (0, None) => {}
            (1, Some(name)) => inputs.given = Some((name.clone(), self.standard_input()?)),
            (0, Some(_)) => {
                return Err(Refusal::usage(
                    "`--stdin-filename` names the file that `-` reads, and there is no `-`",
                ));
            }
            (1, None) => {
                return Err(Refusal::usage(
                    "`-` reads the standard input: say with `--stdin-filename NAME` what file it is",
                ));
            }
            _ => return Err(Refusal::usage("`-` can be read only once")),
        }
        if self.paths.is_empty() {
            inputs.paths.push(PathBuf::from("."));
        }
        Ok(inputs)
    }

    /// No more than the largest file may have, and one byte by which it is told to be larger.
    fn standard_input(&self) -> Result<Vec<u8>, Refusal> {
        let limits = self.limits();
        let most = limits.document.size.max(limits.archive.size);
        let mut bytes = Vec::new();
        io::stdin()
            .lock()
            .take(most.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| Refusal {
                exit: Exit::Unreadable,
                message: format!("the standard input could not be read: {error}"),
            })?;
        Ok(bytes)
    }

    /// The limits, with those that were raised.
    pub(crate) fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        for (name, value) in &self.limits {
            // Checked when the argument was parsed.
            let _ = limits.set(name, *value);
        }
        limits
    }

    /// How many files to read at the same time.
    pub(crate) fn jobs(&self) -> NonZero<usize> {
        self.jobs.unwrap_or_else(|| {
            std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN)
        })
    }
}

/// Globs fit a path or its end: `*.dtsx` means any such file, `etl/**` those below `etl`.
pub(crate) fn globs(patterns: &[String]) -> Result<Option<GlobSet>, String> {
    if patterns.is_empty() {
        return Ok(None);
    }
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        for pattern in [pattern.clone(), format!("**/{pattern}")] {
            let glob = GlobBuilder::new(&pattern)
                .literal_separator(true)
                .backslash_escape(false)
                .build()
                .map_err(|error| {
                    format!("the glob `{pattern}` cannot be read: {}", error.kind())
                })?;
            set.add(glob);
        }
    }
    set.build().map(Some).map_err(|error| error.to_string())
}
