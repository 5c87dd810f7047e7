//! One file that somebody named, opened with what belongs to it.

use std::path::{Path, PathBuf};

use crate::host::Files;

use super::context::InContext;
use super::error::{ReadError, Reason};
use super::file::File;
use super::find::{Found, Inputs, Role, find};
use super::label::Label;
use super::unit::{OpenUnit, Reading};

/// A file that is named on its own: a path, or `ARCHIVE!MEMBER`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The file on disk, or the archive.
    pub path: PathBuf,
    /// The member, by its decoded name; a package may be named without `.dtsx`.
    pub member: Option<String>,
}

impl Named {
    /// Reads what was typed. `!` parts an archive from its member only where no file has the whole name.
    pub fn new(given: &Path, package: Option<&str>, files: &dyn Files) -> Named {
        let exists = |path: &Path| files.metadata(path).is_ok();
        if package.is_none()
            && !exists(given)
            && let Some(text) = given.to_str()
        {
            // Names of folders may hold the mark too, and so may those of members.
            let parts = text.match_indices('!').map(|(at, _)| text.split_at(at));
            for (archive, member) in parts {
                if exists(Path::new(archive)) {
                    return Named {
                        path: PathBuf::from(archive),
                        member: Some(member.trim_start_matches('!').to_owned()),
                    };
                }
            }
        }
        Named {
            path: given.to_owned(),
            member: package.map(str::to_owned),
        }
    }
}

/// A file and the unit that it belongs to.
#[derive(Debug)]
pub struct One {
    unit: OpenUnit,
    /// A package is read on its own; the small files of the unit are in its context.
    package: Option<Box<File>>,
    label: Label,
}

impl One {
    /// Opens a file.
    ///
    /// # Errors
    ///
    /// [`ReadError`] when it cannot be read, is not of SSIS, or an archive has no such member.
    pub fn open(named: &Named, reading: &Reading<'_>) -> Result<One, ReadError> {
        let inputs = Inputs {
            paths: vec![named.path.clone()],
            ..Inputs::default()
        };
        let Found { units, errors } = find(&inputs, reading.files);
        let asked = Label::of_path(&named.path);
        let Some(unit) = units.first() else {
            let missing = || ReadError::new(asked.clone(), Reason::NotAFile);
            return Err(errors.into_iter().next().unwrap_or_else(missing));
        };
        let mut unit = unit.open(&inputs, reading);
        let is_meant = |label: &Label| match &named.member {
            Some(member) => is_named(label, member),
            None => *label == asked,
        };
        if let Some(package) = unit.read_package(&is_meant, reading) {
            let package = package?;
            return Ok(One {
                label: package.label.clone(),
                package: Some(package),
                unit,
            });
        }
        let label = unit
            .context
            .files
            .iter()
            .find(|file| is_meant(&file.label) && file.role == Role::Asked)
            .map(|file| file.label.clone());
        match label {
            Some(label) => Ok(One {
                label,
                package: None,
                unit,
            }),
            None => {
                let index = unit.errors.iter().position(|error| is_meant(&error.label));
                Err(match (index, &named.member) {
                    (Some(index), _) => unit.errors.swap_remove(index),
                    (None, Some(member)) => {
                        let names = unit.context.package_names.clone();
                        let reason = Reason::NoMember {
                            member: member.clone(),
                            names,
                        };
                        ReadError::new(asked, reason)
                    }
                    (None, None) if unit.archive.is_some() => {
                        let names = unit.context.package_names.clone();
                        ReadError::new(asked, Reason::WhichMember { names })
                    }
                    (None, None) => ReadError::new(asked, Reason::NotOurs),
                })
            }
        }
    }

    /// The file in its unit; it was found when it was opened, so there always is one.
    pub fn at(&self) -> Option<InContext<'_>> {
        let file = match &self.package {
            Some(package) => package,
            None => self
                .unit
                .context
                .files
                .iter()
                .find(|file| file.label == self.label)?,
        };
        Some(InContext {
            context: &self.unit.context,
            file,
        })
    }

    /// The unit.
    pub fn unit(&self) -> &OpenUnit {
        &self.unit
    }

    /// What reports call the file.
    pub fn label(&self) -> &Label {
        &self.label
    }

    /// All files of the unit that were read.
    pub fn files(&self) -> impl Iterator<Item = &File> {
        let package = self.package.as_deref();
        self.unit.context.files.iter().chain(package)
    }
}

fn is_named(label: &Label, wanted: &str) -> bool {
    let name = label.file_name();
    let member = label.member().unwrap_or(&name);
    let bare = name.strip_suffix(".dtsx").unwrap_or(&name);
    let wanted = wanted.to_lowercase();
    [member, name.as_str(), bare]
        .iter()
        .any(|name| name.to_lowercase() == wanted)
}
