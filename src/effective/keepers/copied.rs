//! The copies of a connection manager in project files.

use crate::package::{ConnectionManager, Copy, FileKind, ProjectFile};

use super::slot::{Part, Slot};
use super::{Find, KeeperKind, Level, Search};

impl<'a> Search<'a> {
    /// The copies of a manager's property in project files.
    pub(super) fn copies(
        &mut self,
        manager: ConnectionManager<'a>,
        property: &str,
        part: Option<&Part>,
    ) {
        let name = manager.object().name();
        let is_computed = self
            .kept
            .keepers
            .first()
            .is_some_and(|own| own.kind == KeeperKind::Sample);
        let holder = self.at.file;
        let package =
            (holder.kind != FileKind::ConnectionManager).then(|| holder.label.file_name());
        for file in self.at.context.of_kind(FileKind::Project) {
            let copies = ProjectFile::new(&file.document).copies();
            for copy in copies.filter(|copy| is_copy_in(*copy, package.as_deref())) {
                let is_meant = copy.names().is_some_and(|(of, copied)| {
                    of == name && copied.eq_ignore_ascii_case(property)
                });
                let (Some(value), true) = (copy.value(), is_meant) else {
                    continue;
                };
                let slot = match part {
                    Some(part) => Slot::text(value).with_part(part.clone()),
                    None => Slot::copied(value),
                };
                let (kind, why) = match is_computed {
                    true => (
                        KeeperKind::Sample,
                        "the project file's copy of the stored sample",
                    ),
                    false => (
                        KeeperKind::Copy,
                        "the project file's copy of the connection manager",
                    ),
                };
                self.keep(Find {
                    file,
                    path: copy_path(copy),
                    kind,
                    why: why.to_owned(),
                    slot,
                    level: is_computed.then_some(Level::PROPERTY),
                });
            }
        }
    }
}

pub(super) fn is_copy_in(copy: Copy<'_>, package: Option<&str>) -> bool {
    match (copy.package(), package) {
        (Some(copied), Some(package)) => copied.eq_ignore_ascii_case(package),
        (None, None) => true,
        _ => false,
    }
}

pub(super) fn copy_path(copy: Copy<'_>) -> String {
    let name = copy.full_name().unwrap_or_default();
    match copy.package() {
        Some(package) => format!("\\Project.Copies[{package}|{name}]"),
        None => format!("\\Project.Copies[{name}]"),
    }
}
