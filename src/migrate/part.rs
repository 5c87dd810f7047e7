//! Package parts: which connection managers they hold, of which packages hold copies.

use crate::package::FileKind;
use crate::project::{Label, Looked, OpenUnit, Reading, holds};

/// How the names of a package's copies begin.
pub(super) const PART_COPY: &str = "(PackagePart)";

/// The connection managers of a unit's package parts.
#[derive(Debug, Default)]
pub(super) struct Parts(Vec<(Label, Vec<String>)>);

impl Parts {
    /// Reads the package parts of a unit.
    pub(super) fn of(unit: &OpenUnit, reading: &Reading<'_>) -> Parts {
        let reading = Reading {
            only_with: Some(may_be_part),
            ..*reading
        };
        let all = unit.each(&reading, |looked| match looked {
            Looked::Read(at) if at.file.kind == FileKind::PackagePart => {
                let package = at.package()?;
                let managers = package.connection_managers();
                let names = managers.map(|it| it.object().name().into_owned());
                Some((at.file.label.clone(), names.collect()))
            }
            _ => None,
        });
        Parts(all.into_iter().flatten().collect())
    }

    /// The names of the managers of the parts that fit.
    pub(super) fn managers(&self, fits: impl Fn(&Label) -> bool) -> Vec<String> {
        let parts = self.0.iter().filter(|(label, _)| fits(label));
        parts.flat_map(|(_, names)| names.iter().cloned()).collect()
    }
}

fn may_be_part(bytes: &[u8]) -> bool {
    holds(bytes, "PackagePart")
}
