//! Variables and parameters: their values, and what else gives them one.

use crate::package::{FileKind, Parameter, ParameterScope, ProjectFile, Target, Variable, same_id};
use crate::project::File;
use crate::xml::NodeId;

use super::copied::{copy_path, is_copy_in};
use super::slot::{Part, Slot};
use super::{Find, KeeperKind, Level, Search, UnreachableKind};

impl<'a> Search<'a> {
    /// A variable's value, what configurations set it to, and what its own expression reads.
    pub(super) fn variable(&mut self, variable: Variable<'a>, part: Option<&Part>, why: String) {
        let target = Target::Variable(variable);
        let id = target.node().id();
        if !self.is_new(self.at.file, id, part) {
            return;
        }
        let own = variable.expression().filter(|_| variable.is_evaluated());
        let (kind, why) = match own {
            Some(expression) => (
                KeeperKind::Sample,
                format!(
                    "the stored sample; the variable's expression `{}` wins over it",
                    expression.text().text
                ),
            ),
            None if why.is_empty() => (KeeperKind::Variable, "the variable keeps it".to_owned()),
            None => (KeeperKind::Variable, why),
        };
        let path = self.path(target, "Value");
        self.levels += 1;
        let level = Level(self.levels);
        if let Some(slot) = Slot::of_variable(variable) {
            self.keep(Find {
                file: self.at.file,
                path: path.clone(),
                kind,
                why,
                slot: slot.with_parts(part),
                level: own.map(|_| level),
            });
        }
        self.configurations(target, "Value", part);
        match own {
            Some(expression) => self.follow(expression, target.node(), &path, part, level),
            // A variable with an expression takes no value from a task.
            None => self.written(variable, id, path),
        }
    }

    /// Tasks that set the variable while the package runs.
    fn written(&mut self, variable: Variable<'a>, id: NodeId, path: String) {
        let Some(writers) = self.writers_of(id) else {
            return;
        };
        let writers: Vec<String> = writers.iter().map(|it| format!("`{it}`")).collect();
        let why = format!(
            "`{}` is set by {} at run time; what is stored is only its default",
            variable.qualified_name(),
            writers.join(" and ")
        );
        self.out_of_reach(UnreachableKind::Written, path, why);
    }

    /// A parameter's default, its copies in manifests, and what build configurations give to it.
    pub(super) fn parameter(
        &mut self,
        file: &'a File,
        parameter: Parameter<'a>,
        part: Option<&Part>,
        why: String,
    ) {
        if !self.is_new(file, parameter.node().id(), part) {
            return;
        }
        let name = parameter.name();
        let (path, setting) = match parameter.scope() {
            ParameterScope::Project => (
                format!("\\Project.Parameters[{name}].Properties[Value]"),
                format!("Project::{name}"),
            ),
            ParameterScope::Package => (
                self.path(Target::Parameter(parameter), "Value"),
                format!("{}::{name}", file.label.file_name()),
            ),
        };
        let why = match why.is_empty() {
            true => "the parameter keeps it".to_owned(),
            false => why,
        };
        if let Some(slot) = Slot::of_parameter(parameter) {
            self.keep(Find {
                file,
                path,
                kind: KeeperKind::Parameter,
                why,
                slot: slot.with_parts(part),
                level: None,
            });
        }
        for project in self.at.context.of_kind(FileKind::Project) {
            let read = ProjectFile::new(&project.document);
            if parameter.scope() == ParameterScope::Package {
                let package = file.label.file_name();
                let copies = read.parameter_copies();
                for copy in copies.filter(|copy| is_copy_in(*copy, Some(&package))) {
                    if copy.full_name().as_deref() == Some(&*name)
                        && let Some(value) = copy.value()
                    {
                        let why = "the project file's copy of the package's parameter".to_owned();
                        let slot = Slot::copied(value).with_parts(part);
                        self.keep(Find {
                            file: project,
                            path: copy_path(copy),
                            kind: KeeperKind::Copy,
                            why,
                            slot,
                            level: None,
                        });
                    }
                }
            }
            for value in read.configuration_settings() {
                let same = parameter.id().is_some_and(|id| same_id(&id, &value.id()))
                    || value.name().eq_ignore_ascii_case(&setting);
                let (Some(stored), true) = (value.value(), same) else {
                    continue;
                };
                let configuration = value.configuration();
                let path =
                    format!("\\Project.Configurations[{configuration}].Parameters[{setting}]");
                let why =
                    format!("the build configuration `{configuration}` gives it to the parameter");
                self.keep(Find {
                    file: project,
                    path,
                    kind: KeeperKind::BuildConfiguration,
                    why,
                    slot: Slot::copied(stored).with_parts(part),
                    level: None,
                });
            }
        }
    }
}
