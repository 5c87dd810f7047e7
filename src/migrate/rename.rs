//! Another name for a connection manager, and everything in reach that calls it by the old one.

use crate::effective::KeeperKind;
use crate::package::{
    ConfigurationEntry, ConnectionManager, FileKind, MailProperty, ProjectFile, Stored, Target,
    path_of, resolve,
};
use crate::project::{File, InContext};
use crate::xml::Edit;

use super::look::{Group, Item};
use super::plan::{Change, Matched};

/// The changes that give a manager another name: its own name and `refId`, the references by name in its package,
/// its copies in project files, the paths of configurations.
///
/// # Errors
///
/// Why it keeps its name.
pub(super) fn rename(
    at: InContext<'_>,
    manager: ConnectionManager<'_>,
    new: &str,
    rule: usize,
    matched: Matched,
) -> Result<Vec<Group>, String> {
    let object = manager.object();
    let old = object.name().into_owned();
    let target = Target::ConnectionManager(manager);
    if is_taken(at, manager, new) {
        return Err(format!(
            "there is a connection manager named `{new}` already"
        ));
    }
    let path = match at.package() {
        Some(package) => path_of(package, target),
        None => format!("\\Project.Connections[{old}]"),
    };
    let edits = object
        .set("Name", new)
        .map_err(|error| error.kind.to_string())?;
    let mut renaming = Renaming {
        old: &old,
        new,
        rule,
        matched,
        groups: Vec::new(),
    };
    if let Some(name) = object.property("ObjectName") {
        let path = format!("{path}.Properties[Name]");
        renaming.add(at.file, name, path, "the connection manager's name", edits);
    }
    if let Some(package) = at.package() {
        renaming.in_package(at.file, manager)?;
        for task in package.send_mail_tasks() {
            let by_name = task
                .stored(MailProperty::SmtpConnection)
                .filter(|reference| reference.text().text == old);
            if let Some(reference) = by_name {
                let path = path_of(package, Target::Executable(task.executable()));
                let path = format!("{path}.Properties[SmtpConnection]");
                renaming.piece(at.file, reference, path, "the task refers to it by name")?;
            }
        }
        for file in at.context.of_kind(FileKind::Configuration) {
            for entry in ConfigurationEntry::all(file.document.root()) {
                let leads_here = resolve(package, &entry.path())
                    .is_ok_and(|resolved| resolved.target.node() == target.node());
                if let (Some(stored), true) = (entry.stored_path(), leads_here) {
                    let path = format!("\\Configuration[{}]", entry.path());
                    renaming.piece(file, stored, path, "the configuration sets it by its path")?;
                }
            }
        }
    }
    renaming.copies(at)?;
    Ok(renaming.groups)
}

fn is_taken(at: InContext<'_>, manager: ConnectionManager<'_>, new: &str) -> bool {
    let is_other = |other: ConnectionManager<'_>| {
        other.object().node() != manager.object().node() && other.object().name() == new
    };
    match at.package() {
        Some(package) => package.connection_managers().any(is_other),
        None => at
            .context
            .connection_managers()
            .any(|(_, other)| is_other(other)),
    }
}

struct Renaming<'r> {
    old: &'r str,
    new: &'r str,
    rule: usize,
    matched: Matched,
    groups: Vec<Group>,
}

impl Renaming<'_> {
    /// `Package.ConnectionManagers[old]`, wherever the package calls the manager so.
    fn in_package(&mut self, file: &File, manager: ConnectionManager<'_>) -> Result<(), String> {
        let reference = match manager.object().text("refId") {
            Some(reference) => reference.into_owned(),
            None => return Ok(()),
        };
        let root = file.document.root();
        for node in std::iter::once(root).chain(root.descendants()) {
            for attribute in node.attributes() {
                let holds = ["refId", "connectionManagerRefId", "connectionManagerID"]
                    .contains(&attribute.name())
                    && attribute.value().text == reference;
                if holds {
                    let path = format!("{reference}.{}", attribute.name());
                    let stored = Stored::Attribute(attribute);
                    self.piece(file, stored, path, "the package refers to it by its place")?;
                }
            }
        }
        Ok(())
    }

    fn copies(&mut self, at: InContext<'_>) -> Result<(), String> {
        let package = at.package().map(|_| at.file.label.file_name());
        for file in at.context.of_kind(FileKind::Project) {
            for copy in ProjectFile::new(&file.document).copies() {
                let is_own = copy.package().as_deref() == package.as_deref()
                    && copy.names().is_some_and(|(name, _)| name == self.old);
                if let (Some(name), true) = (copy.stored_name(), is_own) {
                    let full = copy.full_name().unwrap_or_default();
                    let path = match &package {
                        Some(package) => format!("\\Project.Copies[{package}|{full}]"),
                        None => format!("\\Project.Copies[{full}]"),
                    };
                    self.piece(file, name, path, "the project file's copy is named by it")?;
                }
            }
        }
        Ok(())
    }

    /// Replaces the old name where it stands as a piece of a text.
    fn piece(
        &mut self,
        file: &File,
        stored: Stored<'_>,
        path: String,
        why: &str,
    ) -> Result<(), String> {
        let text = stored.text().into_text();
        let Some(start) = text.find(self.old) else {
            return Ok(());
        };
        let edit = stored
            .replace(start..start + self.old.len(), self.new)
            .map_err(|error| error.to_string())?;
        self.add(file, stored, path, why, vec![edit]);
        Ok(())
    }

    fn add(&mut self, file: &File, stored: Stored<'_>, path: String, why: &str, edits: Vec<Edit>) {
        let span = stored.span();
        let item = Item {
            change: Change {
                object: path,
                kind: KeeperKind::Object,
                old: self.old.to_owned(),
                new: self.new.to_owned(),
                why: why.to_owned(),
                rule: self.rule,
                matched: self.matched,
                readers: Vec::new(),
                place: file.document.place(span),
            },
            span,
            project_parameter: None,
        };
        self.groups.push(Group {
            file: file.id,
            items: vec![item],
            edits,
        });
    }
}
