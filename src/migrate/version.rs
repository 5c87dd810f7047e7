//! The version of a package, which the designer raises at each save.

use crate::package::{FileKind, Package, ProjectFile, SetErrorKind};
use crate::project::{FileId, Hash, InContext};
use crate::xml::Edit;

/// The edits that raise `VersionBuild` and renew `VersionGUID`: of the package, and of what project files repeat.
pub(super) fn bump(
    at: InContext<'_>,
    package: Package<'_>,
    seed: [u8; 16],
) -> Result<Vec<(FileId, Vec<Edit>)>, crate::package::SetError> {
    let build = package.version_build().unwrap_or(0).saturating_add(1);
    let guid = guid(seed, &at.file.label.to_string());
    let build = build.to_string();
    let object = package.object();
    let mut own = object.set("VersionBuild", &build)?;
    own.extend(object.set("VersionGUID", &guid)?);
    let mut all = vec![(at.file.id, own)];
    let name = at.file.label.file_name();
    for file in at.context.of_kind(FileKind::Project) {
        let project = ProjectFile::new(&file.document);
        let mut edits = Vec::new();
        for (property, value) in [("VersionBuild", &build), ("VersionGUID", &guid)] {
            if let Some(stored) = project.package_property(&name, property) {
                let edit = stored
                    .set(value)
                    .map_err(|error| SetErrorKind::from(error).of(property))?;
                edits.push(edit);
            }
        }
        if !edits.is_empty() {
            all.push((file.id, edits));
        }
    }
    Ok(all)
}

/// An id that is random by the seed, and another for each file.
fn guid(seed: [u8; 16], file: &str) -> String {
    let mut bytes = seed.to_vec();
    bytes.extend_from_slice(file.as_bytes());
    let digits = Hash::of(&bytes).to_string().to_uppercase();
    let part = |range: std::ops::Range<usize>| digits.get(range).unwrap_or_default().to_owned();
    // Version 4, variant 1, as all ids of the designer are.
    format!(
        "{{{}-{}-4{}-A{}-{}}}",
        part(0..8),
        part(8..12),
        part(12..15),
        part(15..18),
        part(18..30)
    )
}
