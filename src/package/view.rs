//! A package as a whole, and the package parts that are built like one.

use std::borrow::Cow;

use crate::xml::{Document, Node};

use super::configuration::Configuration;
use super::connection_manager::ConnectionManager;
use super::executable::Executable;
use super::execute_package::ExecutePackageTask;
use super::object::{Generation, Object};
use super::send_mail::SendMailTask;
use super::variable::{Parameter, Variable};

/// A package, or a package part.
#[derive(Clone, Copy, Debug)]
pub struct Package<'d>(Object<'d>);

/// How the secrets of a package are kept (`DTSProtectionLevel`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtectionLevel {
    /// 0
    DontSaveSensitive,
    /// 1, and what formats 6 and 8 mean when nothing is written.
    EncryptSensitiveWithUserKey,
    /// 2
    EncryptSensitiveWithPassword,
    /// 3
    EncryptAllWithPassword,
    /// 4
    EncryptAllWithUserKey,
    /// 5
    ServerStorage,
}

impl ProtectionLevel {
    /// Microsoft's name.
    pub fn name(self) -> &'static str {
        match self {
            ProtectionLevel::DontSaveSensitive => "DontSaveSensitive",
            ProtectionLevel::EncryptSensitiveWithUserKey => "EncryptSensitiveWithUserKey",
            ProtectionLevel::EncryptSensitiveWithPassword => "EncryptSensitiveWithPassword",
            ProtectionLevel::EncryptAllWithPassword => "EncryptAllWithPassword",
            ProtectionLevel::EncryptAllWithUserKey => "EncryptAllWithUserKey",
            ProtectionLevel::ServerStorage => "ServerStorage",
        }
    }

    /// Reads the number that packages store.
    pub fn from_number(text: &str) -> Option<ProtectionLevel> {
        Some(match text.trim() {
            "0" => ProtectionLevel::DontSaveSensitive,
            "1" => ProtectionLevel::EncryptSensitiveWithUserKey,
            "2" => ProtectionLevel::EncryptSensitiveWithPassword,
            "3" => ProtectionLevel::EncryptAllWithPassword,
            "4" => ProtectionLevel::EncryptAllWithUserKey,
            "5" => ProtectionLevel::ServerStorage,
            _ => return None,
        })
    }
}

impl<'d> Package<'d> {
    /// The package that this document is; its kind must have been told before.
    pub fn new(document: &'d Document) -> Package<'d> {
        Package(Object::new(document.root()))
    }

    /// Its common properties.
    pub fn object(self) -> Object<'d> {
        self.0
    }

    /// The package as the outermost container.
    pub fn executable(self) -> Option<Executable<'d>> {
        Executable::new(self.0.node())
    }

    /// `PackageFormatVersion`: 2 (SQL Server 2005), 3 (2008), 6 (2012) or 8 (2014 and later).
    pub fn format_version(self) -> Option<u32> {
        // The one property that stays an element in all formats.
        self.0.text("PackageFormatVersion")?.trim().parse().ok()
    }

    /// How the package stores its properties.
    pub fn generation(self) -> Generation {
        match self.format_version() {
            Some(2 | 3) => Generation::Elements,
            Some(_) => Generation::Attributes,
            None => self.0.generation(),
        }
    }

    /// The protection level; `None` for a number that is none.
    pub fn protection_level(self) -> Option<ProtectionLevel> {
        match self.0.text("ProtectionLevel") {
            Some(number) => ProtectionLevel::from_number(&number),
            None => Some(ProtectionLevel::EncryptSensitiveWithUserKey),
        }
    }

    /// Whether configurations are applied.
    pub fn configurations_enabled(self) -> bool {
        self.0.boolean("EnableConfig") == Some(true)
    }

    /// The build number that the designer raises at each save.
    pub fn version_build(self) -> Option<u32> {
        self.0.text("VersionBuild")?.trim().parse().ok()
    }

    /// A property that is not empty.
    pub fn filled(self, name: &str) -> Option<Cow<'d, str>> {
        self.0.text(name).filter(|text| !text.is_empty())
    }

    /// The connection managers of the package.
    pub fn connection_managers(self) -> impl Iterator<Item = ConnectionManager<'d>> {
        self.0
            .grouped("ConnectionManagers", "ConnectionManager")
            .filter_map(ConnectionManager::new)
    }

    /// Every container and task, at any depth, event handlers included, in document order; the package first.
    pub fn executables(self) -> impl Iterator<Item = Executable<'d>> {
        let root = self.0.node();
        std::iter::once(root)
            .chain(root.descendants())
            .filter_map(Executable::new)
    }

    /// Every Send Mail task, wherever it lies, in document order.
    pub fn send_mail_tasks(self) -> impl Iterator<Item = SendMailTask<'d>> {
        self.executables().filter_map(Executable::send_mail)
    }

    /// Every Execute Package task, in document order.
    pub fn execute_package_tasks(self) -> impl Iterator<Item = ExecutePackageTask<'d>> {
        self.executables().filter_map(ExecutePackageTask::new)
    }

    /// The variables of the package itself.
    pub fn variables(self) -> impl Iterator<Item = Variable<'d>> {
        self.0.variables().map(Variable::new)
    }

    /// The parameters of the package.
    pub fn parameters(self) -> impl Iterator<Item = Parameter<'d>> {
        self.0
            .grouped("PackageParameters", "PackageParameter")
            .filter_map(Parameter::of_package)
    }

    /// The configurations, in the order in which they apply.
    pub fn configurations(self) -> impl Iterator<Item = Configuration<'d>> {
        self.0
            .grouped("Configurations", "Configuration")
            .map(Configuration::new)
    }
}

/// The parameters of a project, from the root of `Project.params`.
pub fn project_parameters(root: Node<'_>) -> impl Iterator<Item = Parameter<'_>> {
    root.children().filter_map(Parameter::of_project)
}
