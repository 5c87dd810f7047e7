//! Options that commands on many files share.

use std::io::Read as _;
use std::num::NonZero;
use std::path::{Path, PathBuf};

use clap::Args;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use dtsx::project::{Inputs, Limits};

/// Which files to look at, and how.
#[derive(Debug, Args)]
pub(crate) struct InputArgs {
    /// Files and folders; `-` reads one file from the standard input [default: the present folder]
    pub(crate) paths: Vec<PathBuf>,
    /// The name of the file that comes from the standard input
    #[arg(long, value_name = "NAME")]
    pub(crate) stdin_filename: Option<PathBuf>,
    /// Only files in folders whose path fits (repeatable)
    #[arg(long, value_name = "GLOB")]
    pub(crate) include: Vec<String>,
    /// No files in folders whose path fits (repeatable)
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,
    /// Count what builds left under `obj` and `bin` too
    #[arg(long)]
    pub(crate) include_build: bool,
    /// How many files to read at the same time [default: as many as there are processors]
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<NonZero<usize>>,
    /// A limit for files that are larger than usual: size, depth, attributes, namespaces,
    /// name-length, archive-members, archive-member-size, archive-size, archive-ratio (repeatable)
    #[arg(long = "limit", value_name = "NAME=VALUE", value_parser = limit)]
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
    pub(crate) fn inputs(&self) -> Result<Inputs, String> {
        let mut inputs = Inputs {
            include: globs(&self.include)?,
            exclude: globs(&self.exclude)?,
            ..Inputs::default()
        };
        for path in &self.paths {
            if path != Path::new("-") {
                inputs.paths.push(path.clone());
                continue;
            }
            let name = self.stdin_filename.clone().ok_or(
                "`-` reads the standard input: say with `--stdin-filename NAME` what file it is",
            )?;
            let mut bytes = Vec::new();
            std::io::stdin()
                .lock()
                .read_to_end(&mut bytes)
                .map_err(|error| format!("the standard input could not be read: {error}"))?;
            inputs.given = Some((name, bytes));
        }
        if inputs.paths.is_empty() && inputs.given.is_none() {
            inputs.paths.push(PathBuf::from("."));
        }
        Ok(inputs)
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
