//! The Execute Package task: which package it calls.

use std::borrow::Cow;

use super::executable::{Executable, ExecutableKind};
use super::names::boolean;

/// An Execute Package task.
#[derive(Clone, Copy, Debug)]
pub struct ExecutePackageTask<'d>(Executable<'d>);

/// What an Execute Package task calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call<'d> {
    /// A package of the same project, by file name.
    Project(Cow<'d, str>),
    /// A package that a connection manager (by id) leads to: a file, or a package in SQL Server of this name.
    Connection {
        /// The id of the connection manager.
        reference: Cow<'d, str>,
        /// The name of the package in SQL Server, empty for a file.
        package: Cow<'d, str>,
    },
}

impl<'d> ExecutePackageTask<'d> {
    /// The task, if it is one.
    pub fn new(executable: Executable<'d>) -> Option<ExecutePackageTask<'d>> {
        (executable.kind() == ExecutableKind::ExecutePackage)
            .then_some(ExecutePackageTask(executable))
    }

    /// The task as an executable.
    pub fn executable(self) -> Executable<'d> {
        self.0
    }

    /// What it calls; `None` when nothing is said.
    pub fn call(self) -> Option<Call<'d>> {
        let text = |name: &str| {
            let node = self
                .0
                .data()?
                .children()
                .find(|child| child.name() == name)?;
            Some(node.value().into_text())
        };
        let by_project = text("UseProjectReference")
            .as_deref()
            .and_then(boolean)
            .unwrap_or(false);
        let package = text("PackageName").unwrap_or_default();
        if by_project && !package.is_empty() {
            return Some(Call::Project(package));
        }
        match text("Connection").filter(|reference| !reference.trim().is_empty()) {
            Some(reference) => Some(Call::Connection { reference, package }),
            None if !package.is_empty() => Some(Call::Project(package)),
            None => None,
        }
    }
}
