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

    /// The connection manager of this id, or of this name: of the package first, then of the project.
    ///
    /// The designer stores ids; programs that build packages may store a name.
    pub fn manager_of_reference(
        self,
        reference: &str,
    ) -> Option<(&'a File, ConnectionManager<'a>)> {
        let all = || {
            let own = self
                .package()
                .into_iter()
                .flat_map(Package::connection_managers)
                .map(|manager| (self.file, manager));
            own.chain(self.context.connection_managers())
        };
        let by_id = all().find(|(_, manager)| {
            manager
                .object()
                .id()
                .is_some_and(|id| same_id(&id, reference))
        });
        by_id.or_else(|| {
            all().find(|(_, manager)| !reference.is_empty() && manager.object().name() == reference)
        })
    }

    /// The project that holds the file.
    pub fn project(self) -> Option<(&'a File, ProjectFile<'a>)> {
        self.context.project_of(&self.file.label.file_name())
    }
}
