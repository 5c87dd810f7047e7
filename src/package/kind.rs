//! What a document is: told by its root, whatever the file is called.

use crate::xml::{Document, Node};

use super::names::{DTS, SSIS, XML_ENCRYPTION};

/// What a file of SSIS is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// `.dtsx`
    Package,
    /// `.dtsxp`: control flow that packages copy.
    PackagePart,
    /// `.conmgr`: a connection manager of the project.
    ConnectionManager,
    /// `Project.params`
    Parameters,
    /// `.dtproj`, and `@Project.manifest` in an archive.
    Project,
    /// An XML configuration, usually `.dtsConfig`.
    Configuration,
    /// `.ispac`: the archive that is deployed.
    DeploymentFile,
}

impl FileKind {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            FileKind::Package => "package",
            FileKind::PackagePart => "package-part",
            FileKind::ConnectionManager => "connection-manager",
            FileKind::Parameters => "parameters",
            FileKind::Project => "project",
            FileKind::Configuration => "configuration",
            FileKind::DeploymentFile => "deployment-file",
        }
    }

    /// The kind of this name in reports.
    pub fn of_name(name: &str) -> Option<FileKind> {
        [
            FileKind::Package,
            FileKind::PackagePart,
            FileKind::ConnectionManager,
            FileKind::Parameters,
            FileKind::Project,
            FileKind::Configuration,
            FileKind::DeploymentFile,
        ]
        .into_iter()
        .find(|kind| kind.name() == name)
    }

    /// What a document is; `None` when it is nothing of SSIS.
    ///
    /// A file that is encrypted as a whole is what its name says: the caller knows the name.
    pub fn of(document: &Document) -> Option<FileKind> {
        let root = document.root();
        match (root.namespace(), root.name()) {
            (DTS, "Executable") if is_part(root) => Some(FileKind::PackagePart),
            (DTS, "Executable") => Some(FileKind::Package),
            (DTS, "ConnectionManager") => Some(FileKind::ConnectionManager),
            (SSIS, "Parameters") => Some(FileKind::Parameters),
            (SSIS, "Project") => Some(FileKind::Project),
            ("", "Project")
                if root.child("", "DeploymentModelSpecificContent").is_some()
                    || root.child("", "DTSPackages").is_some()
                    || root.child("", "DeploymentModel").is_some() =>
            {
                Some(FileKind::Project)
            }
            ("", "DTSConfiguration") => Some(FileKind::Configuration),
            _ => None,
        }
    }

    /// What a file is by its extension, case not counting.
    pub fn of_extension(extension: &str) -> Option<FileKind> {
        Some(match extension.to_ascii_lowercase().as_str() {
            "dtsx" => FileKind::Package,
            "dtsxp" => FileKind::PackagePart,
            "conmgr" => FileKind::ConnectionManager,
            "params" => FileKind::Parameters,
            "dtproj" | "manifest" => FileKind::Project,
            "dtsconfig" => FileKind::Configuration,
            "ispac" => FileKind::DeploymentFile,
            _ => return None,
        })
    }
}

fn is_part(root: Node<'_>) -> bool {
    let starts = |name: &str, with: &str| {
        root.attribute(DTS, name)
            .is_some_and(|attribute| attribute.value().text.starts_with(with))
    };
    starts("CreationName", "Microsoft.DTSPackagePart") || starts("refId", "PackagePart")
}

/// Whether the document as a whole is encrypted and nothing of it can be read without a key.
pub fn is_encrypted(document: &Document) -> bool {
    let root = document.root();
    if root.is(XML_ENCRYPTION, "EncryptedData") {
        return true;
    }
    // Encrypted with a user key, the root keeps its attributes and its content is base64 text.
    root.attribute(DTS, "Encrypted").is_some() || root.attribute("", "Encrypted").is_some()
}
