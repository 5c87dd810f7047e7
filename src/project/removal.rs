//! Connection managers of packages, taken out with what the project keeps of them.

use crate::package::{ConnectionManager, DTS, FileKind, ProjectFile, remove_object};
use crate::xml::{Node, Overlap};

use super::changes::Changes;
use super::context::InContext;

/// The changes that take a connection manager out of its package, and its copies out of the project file.
///
/// Whether something uses it is for the caller to know.
///
/// # Errors
///
/// [`Overlap`] when two edits want the same characters.
pub fn remove_manager(
    at: InContext<'_>,
    manager: ConnectionManager<'_>,
) -> Result<Changes, Overlap> {
    let mut changes = Changes::new();
    let node = alone_or_itself(manager.object().node());
    changes.add(at.file.id, [remove_object(node)])?;
    let package = at.file.label.file_name();
    let name = manager.object().name();
    for file in at.context.of_kind(FileKind::Project) {
        let edits = ProjectFile::new(&file.document).remove_copies(Some(&package), &name);
        changes.add(file.id, edits)?;
    }
    Ok(changes)
}

/// A collection of one goes as a whole: formats 6 and 8 write none that is empty.
fn alone_or_itself(node: Node<'_>) -> Node<'_> {
    match node.parent() {
        Some(parent) if parent.is(DTS, "ConnectionManagers") && parent.children().count() == 1 => {
            parent
        }
        _ => node,
    }
}
