//! The file that a command works on, and how values come in.

use std::io::Read as _;
use std::num::NonZero;
use std::path::PathBuf;

use clap::Args;

use dtsx::host::{Environment as _, Files as _, RealEnvironment, RealFiles};
use dtsx::project::{Limits, Named, One, ReadError, Reading};

use super::exit::Exit;
use super::streams::Refusal;

/// One file of SSIS.
#[derive(Debug, Args)]
pub(crate) struct OneArgs {
    /// A file, or a member of an archive as `ARCHIVE!MEMBER`
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The package inside an archive
    #[arg(long, value_name = "NAME")]
    pub(crate) package: Option<String>,
}

impl OneArgs {
    /// Opens the file with what belongs to it.
    pub(crate) fn open(&self) -> Result<One, ReadError> {
        let reading = Reading {
            files: &RealFiles,
            limits: Limits::default(),
            jobs: NonZero::<usize>::MIN,
            only_with: None,
        };
        let named = Named::new(&self.file, self.package.as_deref(), &RealFiles);
        One::open(&named, &reading)
    }
}

/// A value that is not an argument, because it may be a secret.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct ValueArgs {
    /// Take the value from an environment variable
    #[arg(long, value_name = "NAME")]
    value_env: Option<String>,
    /// Take the value from a file, without its last line end
    #[arg(long, value_name = "FILE")]
    value_file: Option<PathBuf>,
    /// Take the value from the standard input, without its last line end
    #[arg(long)]
    value_stdin: bool,
}

impl ValueArgs {
    /// Whether the value comes from one of these.
    pub(crate) fn is_given(&self) -> bool {
        self.value_env.is_some() || self.value_file.is_some() || self.value_stdin
    }

    /// The value; `None` when it comes from none of these.
    pub(crate) fn value(&self) -> Result<Option<String>, Refusal> {
        if let Some(name) = &self.value_env {
            let value = RealEnvironment.variable(name);
            let unset = || Refusal::usage(format!("the environment variable `{name}` is not set"));
            return value.map(Some).ok_or_else(unset);
        }
        let unreadable = |message| Refusal {
            exit: Exit::Unreadable,
            message,
        };
        let bytes = if let Some(path) = &self.value_file {
            RealFiles.read(path).map_err(|error| {
                unreadable(format!("{}: could not be read: {error}", path.display()))
            })?
        } else if self.value_stdin {
            let mut bytes = Vec::new();
            std::io::stdin()
                .lock()
                .read_to_end(&mut bytes)
                .map_err(|error| {
                    unreadable(format!("the standard input could not be read: {error}"))
                })?;
            bytes
        } else {
            return Ok(None);
        };
        let text = String::from_utf8(bytes);
        let mut text = text.map_err(|_| unreadable("the value is not UTF-8".to_owned()))?;
        if text.ends_with('\n') {
            text.pop();
            if text.ends_with('\r') {
                text.pop();
            }
        }
        Ok(Some(text))
    }
}
