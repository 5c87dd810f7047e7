//! What a unit's packages need of its other files.

use crate::package::{
    ConnectionManager, FileKind, MailProperty, Package, ProjectFile, SendMailTask, same_id,
};

use super::file::File;

/// The small files of a unit: connection managers, parameters, the project, configurations.
///
/// They are read first and kept while the packages stream through.
#[derive(Debug, Default)]
pub struct Context {
    /// In the order of their names.
    pub files: Vec<File>,
    /// What the packages of the unit are called, the ones that are only called by others among them.
    pub package_names: Vec<String>,
}

impl Context {
    /// The files of one kind.
    pub fn of_kind(&self, kind: FileKind) -> impl Iterator<Item = &File> {
        self.files
            .iter()
            .filter(move |file| file.kind == kind && !file.is_encrypted)
    }

    /// The connection managers of the project.
    pub fn connection_managers(&self) -> impl Iterator<Item = (&File, ConnectionManager<'_>)> {
        self.of_kind(FileKind::ConnectionManager)
            .filter_map(|file| {
                ConnectionManager::new(file.document.root()).map(|manager| (file, manager))
            })
    }

    /// The project that holds the package of this file name; where none names it, the first.
    pub fn project_of(&self, package: &str) -> Option<(&File, ProjectFile<'_>)> {
        let projects = || {
            self.of_kind(FileKind::Project)
                .map(|file| (file, ProjectFile::new(&file.document)))
        };
        projects()
            .find(|(_, project)| {
                project
                    .packages()
                    .any(|name| name.eq_ignore_ascii_case(package))
            })
            .or_else(|| projects().next())
    }
}

/// A file and the unit it belongs to: what rules, plans and runs see.
#[derive(Clone, Copy, Debug)]
pub struct InContext<'a> {
    /// The unit.
    pub context: &'a Context,
    /// The file.
    pub file: &'a File,
}

impl<'a> InContext<'a> {
    /// The file as a package or a package part.
    pub fn package(self) -> Option<Package<'a>> {
        let is_package = matches!(self.file.kind, FileKind::Package | FileKind::PackagePart);
        (is_package && !self.file.is_encrypted).then(|| Package::new(&self.file.document))
    }

    /// The SMTP connection manager that a task refers to, and the file that holds it.
    pub fn manager(self, of: SendMailTask<'a>) -> Option<(&'a File, ConnectionManager<'a>)> {
        self.manager_of_reference(&of.get(MailProperty::SmtpConnection))
    }

    /// The connection manager that a reference means: by its id, else by its `refId`, else by its name; of the package
    /// first, then of the project.
    ///
    /// The designer stores ids, data flows store both; programs that build packages may store any of the three.
    pub fn manager_of_reference(
        self,
        reference: &str,
    ) -> Option<(&'a File, ConnectionManager<'a>)> {
        if reference.trim().is_empty() {
            return None;
        }
        let own = || {
            let managers = self
                .package()
                .into_iter()
                .flat_map(Package::connection_managers);
            managers.map(|manager| (self.file, manager))
        };
        let project = || self.context.connection_managers();
        let all = || own().chain(project());
        let named = |name: &str| {
            let name = name.to_owned();
            move |(_, manager): &(_, ConnectionManager<'_>)| manager.object().name() == name
        };
        let own_by_id = self
            .package()
            .and_then(|_| self.file.manager_of_id(reference))
            .map(|manager| (self.file, manager));
        own_by_id
            .or_else(|| {
                project().find(|(_, manager)| {
                    let id = manager.object().id();
                    id.is_some_and(|id| same_id(&id, reference))
                })
            })
            .or_else(|| own().find(|(_, manager)| ref_id(*manager) == reference))
            .or_else(|| project().find(named(in_collection(reference, "Project")?)))
            .or_else(|| all().find(named(reference)))
    }

    /// The project that holds the file.
    pub fn project(self) -> Option<(&'a File, ProjectFile<'a>)> {
        self.context.project_of(&self.file.label.file_name())
    }
}

/// What data flows of formats 6 and 8 call a manager of the package by, whether it is written or not.
fn ref_id(manager: ConnectionManager<'_>) -> String {
    let object = manager.object();
    match object.text("refId") {
        Some(id) => id.into_owned(),
        None => format!("Package.ConnectionManagers[{}]", object.name()),
    }
}

/// The name in a reference such as `Project.ConnectionManagers[Mail]`.
fn in_collection<'r>(reference: &'r str, holder: &str) -> Option<&'r str> {
    reference
        .strip_prefix(holder)?
        .strip_prefix(".ConnectionManagers[")?
        .strip_suffix(']')
}
