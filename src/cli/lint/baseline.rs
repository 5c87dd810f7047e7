//! The baseline on the disk: read before the work, written whole behind it.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use dtsx::host::{Files as _, RealFiles};
use dtsx::lint::{Baseline, Entry};

use super::super::exit::Exit;
use super::super::streams::Refusal;

/// What to do with the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum BaselineAction {
    /// Make it of all that is found; reasons stay
    Write,
    /// Take out what is found no more
    Update,
    /// Fail where something in it is found no more
    Check,
}

/// A baseline and where it lies; an empty one where there is none.
pub(super) struct Known {
    pub(super) path: PathBuf,
    pub(super) baseline: Baseline,
}

impl Known {
    /// Reads the baseline of a configuration. One that cannot be read is refused whatever is asked for: what people
    /// wrote into it would be lost.
    pub(super) fn read(path: PathBuf, action: Option<BaselineAction>) -> Result<Known, Refusal> {
        let shown = path.display();
        let baseline = match RealFiles.read(&path) {
            Ok(bytes) => String::from_utf8(bytes)
                .map_err(|_| Refusal::usage(format!("{shown}: is not UTF-8")))
                .and_then(|text| {
                    Baseline::parse(&text)
                        .map_err(|error| Refusal::usage(format!("{shown}: {error}")))
                })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => match action {
                Some(BaselineAction::Update | BaselineAction::Check) => {
                    return Err(Refusal::usage(format!(
                        "there is no baseline `{shown}`: `--baseline write` makes it"
                    )));
                }
                Some(BaselineAction::Write) | None => Baseline::default(),
            },
            Err(error) => {
                return Err(Refusal::usage(format!(
                    "{shown}: could not be read: {error}"
                )));
            }
        };
        Ok(Known { path, baseline })
    }

    /// Writes these entries in place of those that were there, all of them or, when it fails, none; gives their number.
    pub(super) fn write(&self, entries: Vec<Entry>) -> Result<usize, Refusal> {
        let baseline = Baseline::with(entries);
        let text = baseline.to_text();
        replace(&self.path, text.as_bytes()).map_err(|error| Refusal {
            exit: Exit::Unwritten,
            message: format!("`{}` could not be written: {error}", self.path.display()),
        })?;
        Ok(baseline.findings.len())
    }
}

/// A file beside the old one takes its place when it is whole. Unlike reports it holds no values, and is committed:
/// whoever may read the folder may read it.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use dtsx::host::{Access, WritableFiles as _};
    // Through a link to the file that it means.
    let path = RealFiles
        .canonical(path)
        .unwrap_or_else(|_| path.to_owned());
    let access = match RealFiles.standing(&path) {
        Ok(standing) if standing.read_only => {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "it is read-only",
            ));
        }
        Ok(standing) => Access::Of(standing.owner),
        Err(_) => Access::Usual,
    };
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let new = path.with_file_name(name);
    let mut file = RealFiles.create(&new, access)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.sync())
        .and_then(|()| {
            drop(file);
            RealFiles.replace(&new, &path)
        });
    written.inspect_err(|_| {
        let _ = RealFiles.remove(&new);
    })
}
