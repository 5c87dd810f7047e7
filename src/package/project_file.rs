//! Project files: a `.dtproj`, or the `@Project.manifest` of an archive.

use std::borrow::Cow;

use crate::xml::{Document, Node};

use super::names::{SSIS, boolean};
use super::stored::Stored;
use super::variable::ssis_property;

/// How a project is deployed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeploymentModel {
    /// As a whole, to the SSIS catalog (SQL Server 2012 and later).
    Project,
    /// Package by package.
    Package,
}

impl DeploymentModel {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            DeploymentModel::Project => "project",
            DeploymentModel::Package => "package",
        }
    }
}

/// A project file.
#[derive(Clone, Copy, Debug)]
pub struct ProjectFile<'d>(Node<'d>);

impl<'d> ProjectFile<'d> {
    /// The project file that this document is; its kind must have been told before.
    pub fn new(document: &'d Document) -> ProjectFile<'d> {
        ProjectFile(document.root())
    }

    /// `SSIS:Project`: the root of a manifest, deep inside a `.dtproj`; absent in the package deployment model.
    pub fn manifest(self) -> Option<Node<'d>> {
        if self.0.is(SSIS, "Project") {
            return Some(self.0);
        }
        let content = self.0.child("", "DeploymentModelSpecificContent")?;
        content.descendants().find(|node| node.is(SSIS, "Project"))
    }

    /// The deployment model; files of 2005 and 2008 do not say it and have only the package model.
    pub fn deployment_model(self) -> DeploymentModel {
        let said = self.0.child("", "DeploymentModel");
        let is_project = match said {
            Some(node) => node.value().text.trim().eq_ignore_ascii_case("Project"),
            None => self.manifest().is_some(),
        };
        if is_project {
            DeploymentModel::Project
        } else {
            DeploymentModel::Package
        }
    }

    /// A property of the manifest, such as `Name` or `VersionBuild`.
    pub fn property(self, name: &str) -> Option<Stored<'d>> {
        ssis_property(self.manifest()?, name).map(Stored::Element)
    }

    /// What the manifest repeats of a package (by its file name), such as `VersionBuild`.
    pub fn package_property(self, package: &str, name: &str) -> Option<Stored<'d>> {
        let manifest = self.manifest()?;
        let of_package = manifest.descendants().find(|node| {
            node.is(SSIS, "PackageMetaData")
                && node
                    .attribute(SSIS, "Name")
                    .is_some_and(|it| it.value().text.eq_ignore_ascii_case(package))
        })?;
        ssis_property(of_package, name).map(Stored::Element)
    }

    /// The protection level by name, as the manifest says it.
    pub fn protection_level(self) -> Option<Cow<'d, str>> {
        let attribute = self.manifest()?.attribute(SSIS, "ProtectionLevel")?;
        Some(attribute.value().into_text())
    }

    /// The file names of the packages.
    pub fn packages(self) -> impl Iterator<Item = Cow<'d, str>> {
        self.named("Packages", "Package")
    }

    /// The file names of the connection managers.
    pub fn connection_managers(self) -> impl Iterator<Item = Cow<'d, str>> {
        self.named("ConnectionManagers", "ConnectionManager")
    }

    fn named(
        self,
        collection: &'static str,
        name: &'static str,
    ) -> impl Iterator<Item = Cow<'d, str>> {
        self.manifest()
            .and_then(|manifest| manifest.child(SSIS, collection))
            .into_iter()
            .flat_map(Node::children)
            .filter(move |child| child.is(SSIS, name))
            .filter_map(|child| child.attribute(SSIS, "Name"))
            .map(|attribute| attribute.value().into_text())
    }

    /// The copies of connection managers' properties, which the manifest keeps as parameters.
    pub fn copies(self) -> impl Iterator<Item = Copy<'d>> {
        let info = self
            .manifest()
            .and_then(|manifest| manifest.child(SSIS, "DeploymentInfo"));
        info.into_iter()
            .flat_map(Node::descendants)
            .filter(|node| node.is(SSIS, "Parameter"))
            .filter_map(Copy::new)
    }

    /// The copies of packages' own parameters, which the manifest keeps beside those of managers.
    pub fn parameter_copies(self) -> impl Iterator<Item = Copy<'d>> {
        let info = self
            .manifest()
            .and_then(|manifest| manifest.child(SSIS, "DeploymentInfo"));
        info.into_iter()
            .flat_map(Node::descendants)
            .filter(|node| node.is(SSIS, "Parameter"))
            .map(|node| Copy { node })
            .filter(|copy| copy.names().is_none() && copy.package().is_some())
    }

    /// The values that build configurations give to parameters.
    pub fn configuration_settings(self) -> impl Iterator<Item = ConfigurationSetting<'d>> {
        self.0
            .child("", "Configurations")
            .into_iter()
            .flat_map(Node::children)
            .filter(|node| node.is("", "Configuration"))
            .flat_map(|configuration| {
                configuration
                    .descendants()
                    .filter(|node| node.is("", "ConfigurationSetting"))
                    .map(move |node| ConfigurationSetting {
                        configuration,
                        node,
                    })
            })
    }
}

/// A copy of a connection manager's property in a project file: `CM.Mail.SmtpServer`.
#[derive(Clone, Copy, Debug)]
pub struct Copy<'d> {
    node: Node<'d>,
}

impl<'d> Copy<'d> {
    pub(super) fn new(node: Node<'d>) -> Option<Copy<'d>> {
        let copy = Copy { node };
        copy.full_name()
            .is_some_and(|name| name.starts_with("CM."))
            .then_some(copy)
    }

    /// The name of the parameter: `CM.<connection manager>.<property>`.
    pub fn full_name(self) -> Option<Cow<'d, str>> {
        let attribute = self.node.attribute(SSIS, "Name")?;
        Some(attribute.value().into_text())
    }

    /// The element.
    pub fn node(self) -> Node<'d> {
        self.node
    }

    /// The name of the parameter, where it is stored.
    pub fn stored_name(self) -> Option<Stored<'d>> {
        self.node.attribute(SSIS, "Name").map(Stored::Attribute)
    }

    /// Whether the value is a secret, which no copy keeps in clear.
    pub fn is_sensitive(self) -> bool {
        ssis_property(self.node, "Sensitive")
            .and_then(|node| boolean(&node.value().text))
            .unwrap_or(false)
    }

    /// The type of the value, a .NET TypeCode: 3 Boolean, 9 Int32, 18 String.
    pub fn data_type(self) -> Option<u16> {
        let stored = self.stored_data_type()?;
        stored.text().text.trim().parse().ok()
    }

    /// The type, where it is stored.
    pub fn stored_data_type(self) -> Option<Stored<'d>> {
        ssis_property(self.node, "DataType").map(Stored::Element)
    }

    /// The connection manager and the property; a manager's name may hold dots, so the last one parts them.
    pub fn names(self) -> Option<(String, String)> {
        let full = self.full_name()?;
        let (manager, property) = full.strip_prefix("CM.")?.rsplit_once('.')?;
        Some((manager.to_owned(), property.to_owned()))
    }

    /// The package whose manager this is; `None` for a manager of the project.
    pub fn package(self) -> Option<Cow<'d, str>> {
        let mut next = self.node.parent();
        while let Some(node) = next {
            if node.is(SSIS, "PackageMetaData") {
                let attribute = node.attribute(SSIS, "Name")?;
                return Some(attribute.value().into_text());
            }
            next = node.parent();
        }
        None
    }

    /// The value, where it is stored.
    pub fn value(self) -> Option<Stored<'d>> {
        ssis_property(self.node, "Value").map(Stored::Element)
    }
}

/// What a build configuration gives to a parameter.
#[derive(Clone, Copy, Debug)]
pub struct ConfigurationSetting<'d> {
    configuration: Node<'d>,
    node: Node<'d>,
}

impl<'d> ConfigurationSetting<'d> {
    /// The name of the build configuration.
    pub fn configuration(self) -> Cow<'d, str> {
        text_of(self.configuration, "Name")
    }

    /// The parameter: `Project::Smtp`, or `Nightly.dtsx::To`.
    pub fn name(self) -> Cow<'d, str> {
        text_of(self.node, "Name")
    }

    /// The id of the parameter.
    pub fn id(self) -> Cow<'d, str> {
        text_of(self.node, "Id")
    }

    /// The value, where it is stored.
    pub fn value(self) -> Option<Stored<'d>> {
        self.node.child("", "Value").map(Stored::Element)
    }
}

fn text_of<'d>(node: Node<'d>, name: &str) -> Cow<'d, str> {
    node.child("", name)
        .map(|child| child.value().into_text())
        .unwrap_or_default()
}
