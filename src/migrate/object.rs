//! Which object a place of a file belongs to, and who reads a variable.

use crate::package::{
    ConnectionManager, DTS, EventHandler, Executable, FileKind, Object, Target, Variable, path_of,
};
use crate::project::{File, InContext};
use crate::xml::Node;

/// The property path of the nearest object around an element of a package or a connection manager.
pub(super) fn object_path(at: InContext<'_>, node: Node<'_>) -> String {
    let Some(package) = at.package() else {
        return match ConnectionManager::new(at.file.document.root()) {
            Some(manager) if at.file.kind == FileKind::ConnectionManager => {
                format!("\\Project.Connections[{}]", manager.object().name())
            }
            _ => String::new(),
        };
    };
    let mut around = Some(node);
    while let Some(node) = around {
        let target = Executable::new(node)
            .map(Target::Executable)
            .or_else(|| EventHandler::new(node).map(Target::EventHandler))
            .or_else(|| ConnectionManager::new(node).map(Target::ConnectionManager))
            .or_else(|| {
                node.is(DTS, "Variable")
                    .then(|| Target::Variable(Variable::new(Object::new(node))))
            })
            .or_else(|| {
                let mut parameters = package.parameters();
                parameters
                    .find(|parameter| parameter.node() == node)
                    .map(Target::Parameter)
            });
        if let Some(target) = target {
            return path_of(package, target);
        }
        around = node.parent();
    }
    String::new()
}

/// The objects that name a variable or a parameter (`User::Relay`), in expressions, scripts, bindings.
pub(super) fn readers(at: InContext<'_>, qualified: &str) -> Vec<String> {
    let mut readers = Vec::new();
    for (start, _) in names_of(at.file, qualified) {
        let Some(node) = at.file.document.innermost(start) else {
            continue;
        };
        if is_layout(node) {
            continue;
        }
        let path = object_path(at, node);
        if !path.is_empty() && !readers.contains(&path) {
            readers.push(path);
        }
    }
    readers
}

/// Where a name stands in a file, as a whole word.
fn names_of(file: &File, name: &str) -> Vec<(u32, u32)> {
    let text = file.document.source().text();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name)
        .filter(|(at, found)| {
            let behind = text.get(at + found.len()..).unwrap_or_default();
            !behind.starts_with(is_word)
        })
        .filter_map(|(at, found)| {
            let start = u32::try_from(at).ok()?;
            Some((start, start + u32::try_from(found.len()).ok()?))
        })
        .collect()
}

/// The project parameters that a file names, and by whom each is named.
pub(super) fn project_parameter_readers(at: InContext<'_>) -> Vec<(String, String)> {
    const OPENING: &str = "$Project::";
    let text = at.file.document.source().text();
    let mut found: Vec<(String, String)> = Vec::new();
    for (index, _) in text.match_indices(OPENING) {
        let behind = text.get(index + OPENING.len()..).unwrap_or_default();
        let end = behind
            .find([']', '"', '<', '&', ';', '\n'])
            .unwrap_or(behind.len());
        let name = behind.get(..end).unwrap_or_default();
        let node = u32::try_from(index)
            .ok()
            .and_then(|start| at.file.document.innermost(start));
        let Some(node) = node.filter(|node| !is_layout(*node)) else {
            continue;
        };
        let reader = format!("{} {}", at.file.label, object_path(at, node));
        let read = (name.to_owned(), reader.trim_end().to_owned());
        if !found.contains(&read) {
            found.push(read);
        }
    }
    found
}

/// What the designer draws: it names objects and reads nothing.
pub(super) fn is_layout(node: Node<'_>) -> bool {
    let mut around = Some(node);
    while let Some(node) = around {
        if node.is(DTS, "DesignTimeProperties") || node.is(DTS, "PackageVariable") {
            return true;
        }
        around = node.parent();
    }
    false
}
