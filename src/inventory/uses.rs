//! Which objects of a package use which connection manager.

use std::collections::{BTreeSet, HashMap};

use memchr::{memchr_iter, memmem};

use crate::effective::PackageValues;
use crate::package::{
    ConnectionManager, EventHandler, Executable, MailProperty, MessageSourceType, Package, Target,
    bare_id,
};
use crate::project::{File, InContext};
use crate::xml::{Node, NodeId, escape_attribute};

/// A connection manager that a package can use, and what uses it.
pub(super) struct Used<'a> {
    /// The file that holds the manager.
    pub(super) holder: &'a File,
    /// The manager.
    pub(super) manager: ConnectionManager<'a>,
    /// The property paths of the objects of the package that use it, in document order.
    pub(super) by: Vec<String>,
}

/// The connection managers of a package, then those of its project, each with the objects of the package that use it.
///
/// Every type of task keeps its references in a place of its own, and types of others are not known here. So an
/// object uses a manager when the manager's id, or its `refId`, stands anywhere in its element; besides, the
/// references of tasks are followed that can also be a name.
pub(super) fn uses<'a>(
    at: InContext<'a>,
    package: Package<'a>,
    values: &PackageValues<'a>,
) -> Vec<Used<'a>> {
    let own = package
        .connection_managers()
        .map(|manager| (at.file, manager));
    let managers: Vec<_> = own.chain(at.context.connection_managers()).collect();
    let mut users = vec![BTreeSet::new(); managers.len()];
    if !managers.is_empty() {
        let mut note = |index: usize, user: NodeId| {
            if let Some(users) = users.get_mut(index) {
                users.insert(user);
            }
        };
        by_guid(at.file, &managers, &mut note);
        by_other_id(at.file, &managers, &mut note);
        by_reference(at, package, &managers, &mut note);
    }
    managers
        .into_iter()
        .zip(users)
        .map(|((holder, manager), users)| Used {
            holder,
            manager,
            by: users
                .into_iter()
                .filter_map(|id| target(at.file.document.node(id)))
                .map(|target| values.path_of(target))
                .collect(),
        })
        .collect()
}

type Managers<'a> = [(&'a File, ConnectionManager<'a>)];

/// One pass over the text finds every GUID, whatever its case and whether in braces or not.
fn by_guid(file: &File, managers: &Managers<'_>, note: &mut dyn FnMut(usize, NodeId)) {
    let mut ids = HashMap::new();
    for (index, (_, manager)) in managers.iter().enumerate() {
        let id = manager.object().id().unwrap_or_default();
        if let Some(id) = guid_at(bare_id(&id).as_bytes(), 0) {
            // Of two that share an id the first is meant, as everywhere.
            ids.entry(id.to_ascii_lowercase()).or_insert(index);
        }
    }
    if ids.is_empty() {
        return;
    }
    let text = file.document.source().text().as_bytes();
    let mut next = 0;
    for dash in memchr_iter(b'-', text) {
        let Some(start) = dash.checked_sub(8).filter(|&start| start >= next) else {
            continue;
        };
        let Some(found) = guid_at(text, start) else {
            continue;
        };
        next = start + found.len();
        if let Some(&index) = ids.get(&found.to_ascii_lowercase()) {
            note_place(file, managers, index, start, note);
        }
    }
}

/// A GUID without braces that begins at a place.
fn guid_at(text: &[u8], at: usize) -> Option<&[u8]> {
    const LENGTH: usize = 36;
    let guid = text.get(at..at + LENGTH)?;
    let fits = guid.iter().enumerate().all(|(index, byte)| match index {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    });
    fits.then_some(guid)
}

/// Ids that are no GUIDs, and the `refId` by which data flows call managers: only where they are a whole value, for
/// such an id may be a word.
fn by_other_id(file: &File, managers: &Managers<'_>, note: &mut dyn FnMut(usize, NodeId)) {
    let text = file.document.source().text().as_bytes();
    for (index, (holder, manager)) in managers.iter().enumerate() {
        let mut needles = BTreeSet::from([ref_id(holder, *manager)]);
        let id = manager.object().id().unwrap_or_default();
        let id = bare_id(&id);
        if !id.is_empty() && guid_at(id.as_bytes(), 0).is_none() {
            needles.extend([id.to_owned(), id.to_lowercase(), id.to_uppercase()]);
        }
        for needle in &needles {
            for at in memmem::find_iter(text, needle.as_bytes()) {
                let before = at.checked_sub(1).and_then(|before| text.get(before));
                let after = text.get(at + needle.len());
                // Data flows write `{GUID}:external` and the like.
                if matches!(before, Some(b'"' | b'\'' | b'>' | b'{'))
                    && matches!(after, Some(b'"' | b'\'' | b'<' | b'}' | b':'))
                {
                    note_place(file, managers, index, at, note);
                }
            }
        }
    }
}

/// The `refId` as it stands in the XML of a package.
fn ref_id(holder: &File, manager: ConnectionManager<'_>) -> String {
    let object = manager.object();
    if let Some(stored) = object.property("refId") {
        return holder.document.text(stored.span()).to_owned();
    }
    let is_root = object.node().parent().is_none();
    let of = if is_root { "Project" } else { "Package" };
    let name = object.name();
    let name = escape_attribute(&name, '"').unwrap_or_default();
    format!("{of}.ConnectionManagers[{name}]")
}

fn note_place(
    file: &File,
    managers: &Managers<'_>,
    index: usize,
    at: usize,
    note: &mut dyn FnMut(usize, NodeId),
) {
    let Ok(place) = u32::try_from(at) else {
        return;
    };
    let Some(user) = user_at(file, place) else {
        return;
    };
    // Its own id is no use of it.
    let is_itself = managers.get(index).is_some_and(|(holder, manager)| {
        std::ptr::eq(*holder, file) && manager.object().node().id() == user
    });
    if !is_itself {
        note(index, user);
    }
}

/// The object whose element holds the place: what is written there uses what it names.
fn user_at(file: &File, at: u32) -> Option<NodeId> {
    let mut node = file.document.innermost(at);
    while let Some(inner) = node {
        if target(inner).is_some() {
            return Some(inner.id());
        }
        node = inner.parent();
    }
    None
}

fn target(node: Node<'_>) -> Option<Target<'_>> {
    Executable::new(node)
        .map(Target::Executable)
        .or_else(|| EventHandler::new(node).map(Target::EventHandler))
        .or_else(|| ConnectionManager::new(node).map(Target::ConnectionManager))
}

/// References that may be names: [`InContext::manager_of_reference`] knows what they mean.
fn by_reference(
    at: InContext<'_>,
    package: Package<'_>,
    managers: &Managers<'_>,
    note: &mut dyn FnMut(usize, NodeId),
) {
    for executable in package.executables().filter(|it| !it.is_container()) {
        for reference in references(executable) {
            let Some((_, found)) = at.manager_of_reference(&reference) else {
                continue;
            };
            let index = managers.iter().position(|(_, manager)| *manager == found);
            if let Some(index) = index {
                note(index, executable.object().node().id());
            }
        }
    }
}

/// What a task writes where connection managers are named: in the properties of a Send Mail task, else in an attribute
/// or an element `Connection` of its data (Execute SQL, Execute Package, File System, FTP).
fn references(executable: Executable<'_>) -> Vec<String> {
    if let Some(task) = executable.send_mail() {
        let mut references = vec![task.get(MailProperty::SmtpConnection).into_owned()];
        let source = task.get(MailProperty::MessageSourceType);
        if MessageSourceType::parse(&source) == Some(MessageSourceType::FileConnection) {
            references.push(task.get(MailProperty::MessageSource).into_owned());
        }
        return references;
    }
    let Some(data) = executable.data() else {
        return Vec::new();
    };
    let attributes = data
        .attributes()
        .filter(|attribute| attribute.name() == "Connection")
        .map(|attribute| attribute.value().into_text().into_owned());
    let elements = data
        .children()
        .filter(|child| child.name() == "Connection")
        .map(|child| child.value().into_text().into_owned());
    attributes.chain(elements).collect()
}
