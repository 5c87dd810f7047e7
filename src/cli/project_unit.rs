//! A project as a whole, by the path that means it.

use std::path::{Path, PathBuf};

use dtsx::host::{Files as _, RealFiles};
use dtsx::project::{Holder, Inputs, OpenUnit, find};

use super::change::{reading, unreadable};
use super::streams::Refusal;

/// The unit of a project that a path means as a whole: its folder, its `.dtproj`, an archive.
pub(crate) fn project_unit(path: &Path) -> Result<Option<OpenUnit>, Refusal> {
    let has = |extension: &str| {
        path.extension()
            .is_some_and(|found| found.eq_ignore_ascii_case(extension))
    };
    let is_folder = RealFiles.list(path).is_ok();
    let asked = match (is_folder, has("dtproj"), has("ispac")) {
        (true, ..) | (_, _, true) => path.to_owned(),
        (_, true, _) => folder_of(path),
        _ => return Ok(None),
    };
    let inputs = Inputs {
        paths: vec![asked.clone()],
        ..Inputs::default()
    };
    let found = find(&inputs, &RealFiles);
    if let Some(error) = found.errors.first() {
        return Err(unreadable(error));
    }
    let is_meant = |holder: &Holder| match holder {
        Holder::Folder(folder) => same_folder(folder, &asked),
        Holder::Archive(archive) => *archive == asked,
    };
    let unit = found.units.iter().find(|unit| is_meant(&unit.holder));
    let Some(unit) = unit else {
        return Err(Refusal::usage(format!(
            "{}: there is no project here",
            path.display()
        )));
    };
    Ok(Some(unit.open(&inputs, &reading())))
}

/// The folder of a file.
pub(crate) fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn same_folder(a: &Path, b: &Path) -> bool {
    a == b || a.components().eq(b.components())
}
