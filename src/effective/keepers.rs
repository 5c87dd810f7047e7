//! Who keeps a value: every stored place that a property of an object comes from.
//!
//! One answer for all who change values. A property is kept by the object itself, by the copies in project files,
//! by configurations, and, under an expression, by a literal in it or by the variable or parameter that it reads,
//! through as many steps as there are.

mod chain;
mod configured;
mod slot;

use crate::connection_string::SmtpProperty;
use crate::package::{
    ConnectionManager, Copy, FileKind, Parameter, ParameterScope, ProjectFile, Target, Variable,
    path_of, same_id,
};
use crate::project::{File, InContext};
use crate::xml::NodeId;

use slot::{Part, Slot};

/// Where a value is kept, and what keeps it out of reach.
#[derive(Debug, Default)]
pub struct Kept<'a> {
    /// The places, the object itself first.
    pub keepers: Vec<Keeper<'a>>,
    /// What decides about the value too and is in no file that can be edited.
    pub unreachable: Vec<Unreachable>,
}

/// One stored place that keeps a value.
#[derive(Clone, Debug)]
pub struct Keeper<'a> {
    /// The file.
    pub file: &'a File,
    /// The property path of the place.
    pub path: String,
    /// What the place is.
    pub kind: KeeperKind,
    /// Why it keeps the value, in words.
    pub why: String,
    /// The value that it keeps, decoded; in clear.
    pub value: String,
    slot: Slot<'a>,
}

/// What a place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeeperKind {
    /// The object itself.
    Object,
    /// A manager that a package has copied from a package part.
    PartCopy,
    /// The object's or a variable's own text, over which an expression wins.
    Sample,
    /// `CM.*` or a package parameter in a `.dtproj` or a manifest.
    Copy,
    /// An entry of an XML configuration.
    Configuration,
    /// A literal that is the whole of an expression.
    Literal,
    /// A literal that is a part of an expression.
    LiteralPiece,
    /// A variable.
    Variable,
    /// A parameter of a package or a project.
    Parameter,
    /// What a build configuration of a `.dtproj` gives to a parameter.
    BuildConfiguration,
}

impl KeeperKind {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            KeeperKind::Object => "object",
            KeeperKind::PartCopy => "part-copy",
            KeeperKind::Sample => "sample",
            KeeperKind::Copy => "copy",
            KeeperKind::Configuration => "configuration",
            KeeperKind::Literal => "literal",
            KeeperKind::LiteralPiece => "literal-piece",
            KeeperKind::Variable => "variable",
            KeeperKind::Parameter => "parameter",
            KeeperKind::BuildConfiguration => "build-configuration",
        }
    }
}

/// Something that decides about a value and cannot be edited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreachable {
    /// What kind of thing it is.
    pub kind: UnreachableKind,
    /// The property path of what it belongs to.
    pub path: String,
    /// What it is and why it is out of reach.
    pub why: String,
}

/// What kind of thing decides about a value from out of reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnreachableKind {
    /// An expression computes it when the package runs.
    Computed,
    /// An environment variable, a registry key, a table, a parent package: a place outside of the files.
    Outside,
    /// A table or a file outside that may set it, and may not.
    MaybeOutside,
}

/// Where the value of a property of an object of `at`'s file is kept.
///
/// The property goes by its name in the object model; a key of a connection string is one too. Of a whole
/// `ConnectionString` only the places that keep the whole are given.
pub fn keepers<'a>(at: InContext<'a>, target: Target<'a>, property: &str) -> Kept<'a> {
    let mut search = Search {
        at,
        kept: Kept::default(),
        seen: Vec::new(),
    };
    search.target(target, property);
    search.kept
}

/// Names of connection managers' properties that hold what a key of the connection string says.
const ALIASES: [(&str, &str); 3] = [
    ("Data Source", "ServerName"),
    ("Initial Catalog", "InitialCatalog"),
    ("User ID", "UserName"),
];

struct Search<'a> {
    at: InContext<'a>,
    kept: Kept<'a>,
    /// Variables and parameters that were followed already.
    seen: Vec<(*const File, NodeId)>,
}

impl<'a> Search<'a> {
    fn target(&mut self, target: Target<'a>, property: &str) {
        match target {
            Target::ConnectionManager(manager) => self.manager(manager, property),
            Target::Variable(variable) if property.eq_ignore_ascii_case("Value") => {
                self.variable(variable, None, String::new());
            }
            Target::Parameter(parameter) => {
                self.parameter(self.at.file, parameter, None, String::new());
            }
            _ => self.object(target, property),
        }
    }

    fn manager(&mut self, manager: ConnectionManager<'a>, property: &str) {
        let target = Target::ConnectionManager(manager);
        let part = Part::of(manager, property);
        self.object_with(target, property, part.as_ref());
        let alias = ALIASES
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(property))
            .map(|&(_, alias)| alias);
        for name in [Some(property), alias].into_iter().flatten() {
            self.copies(manager, name, None);
        }
        if let Some(alias) = alias {
            self.configurations(target, alias, None);
            self.expression(target, alias, None);
        }
        if let Some(part) = part {
            self.copies(manager, "ConnectionString", Some(&part));
            self.configurations(target, "ConnectionString", Some(&part));
            self.expression(target, "ConnectionString", Some(&part));
        }
    }

    fn object(&mut self, target: Target<'a>, property: &str) {
        self.object_with(target, property, None);
    }

    /// The object's own text, the configurations that set it, and the expression that computes it.
    fn object_with(&mut self, target: Target<'a>, property: &str, part: Option<&Part>) {
        let Ok(stored) = target.stored_value(property) else {
            return;
        };
        let object = target.object();
        let whole = part.and_then(|_| object.property_expression("ConnectionString"));
        let expression = stored.expression.or(whole);
        let is_part = matches!(target, Target::ConnectionManager(_))
            && object.name().starts_with("(PackagePart)");
        let (kind, why) = match (expression, is_part) {
            (Some(expression), _) => (
                KeeperKind::Sample,
                format!(
                    "the stored sample; the expression `{}` wins over it when the package runs",
                    expression.text()
                ),
            ),
            (None, true) => (
                KeeperKind::PartCopy,
                "the package's copy of the package part's connection manager".to_owned(),
            ),
            (None, false) => (KeeperKind::Object, format!("{} keeps it", noun(target))),
        };
        let slot = match (part, target) {
            (Some(part), Target::ConnectionManager(manager)) => manager
                .connection_string()
                .map(|string| Slot::text(string).with_part(part.clone())),
            _ => None,
        };
        let slot = slot.unwrap_or_else(|| Slot::of_target(target, &stored.property));
        let path = self.path(target, property);
        self.keep(self.at.file, path, kind, why, slot);
        self.configurations(target, property, None);
        self.expression(target, property, None);
    }

    /// The copies of a manager's property in project files.
    fn copies(&mut self, manager: ConnectionManager<'a>, property: &str, part: Option<&Part>) {
        let name = manager.object().name();
        let is_computed = self
            .kept
            .keepers
            .first()
            .is_some_and(|own| own.kind == KeeperKind::Sample);
        let holder = self.at.file;
        let package =
            (holder.kind != FileKind::ConnectionManager).then(|| holder.label.file_name());
        for file in self.at.context.of_kind(FileKind::Project) {
            let copies = ProjectFile::new(&file.document).copies();
            for copy in copies.filter(|copy| is_copy_in(*copy, package.as_deref())) {
                let is_meant = copy.names().is_some_and(|(of, copied)| {
                    of == name && copied.eq_ignore_ascii_case(property)
                });
                let (Some(value), true) = (copy.value(), is_meant) else {
                    continue;
                };
                let slot = match part {
                    Some(part) => Slot::text(value).with_part(part.clone()),
                    None => Slot::copied(value),
                };
                let (kind, why) = match is_computed {
                    true => (
                        KeeperKind::Sample,
                        "the project file's copy of the stored sample",
                    ),
                    false => (
                        KeeperKind::Copy,
                        "the project file's copy of the connection manager",
                    ),
                };
                self.keep(file, copy_path(copy), kind, why.to_owned(), slot);
            }
        }
    }

    /// A variable's value, what configurations set it to, and what its own expression reads.
    fn variable(&mut self, variable: Variable<'a>, part: Option<&Part>, why: String) {
        let target = Target::Variable(variable);
        if !self.is_new(self.at.file, target.node().id()) {
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
        if let Some(slot) = Slot::of_variable(variable) {
            let path = self.path(target, "Value");
            self.keep(self.at.file, path, kind, why, slot.with_parts(part));
        }
        self.configurations(target, "Value", part);
        if let Some(expression) = own {
            let of = self.path(target, "Value");
            self.follow(expression, target.node(), &of, part);
        }
    }

    /// A parameter's default, its copies in manifests, and what build configurations give to it.
    fn parameter(
        &mut self,
        file: &'a File,
        parameter: Parameter<'a>,
        part: Option<&Part>,
        why: String,
    ) {
        if !self.is_new(file, parameter.node().id()) {
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
            self.keep(
                file,
                path,
                KeeperKind::Parameter,
                why,
                slot.with_parts(part),
            );
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
                        self.keep(project, copy_path(copy), KeeperKind::Copy, why, slot);
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
                self.keep(
                    project,
                    format!("\\Project.Configurations[{configuration}].Parameters[{setting}]"),
                    KeeperKind::BuildConfiguration,
                    format!("the build configuration `{configuration}` gives it to the parameter"),
                    Slot::copied(stored).with_parts(part),
                );
            }
        }
    }

    fn is_new(&mut self, file: &'a File, node: NodeId) -> bool {
        let key = (std::ptr::from_ref(file), node);
        let is_new = !self.seen.contains(&key);
        if is_new {
            self.seen.push(key);
        }
        is_new
    }

    fn keep(
        &mut self,
        file: &'a File,
        path: String,
        kind: KeeperKind,
        why: String,
        slot: Slot<'a>,
    ) {
        // A text that does not hold the part means its default, and can be given it.
        let value = slot
            .value()
            .unwrap_or_else(|| slot.default_value().to_owned());
        self.kept.keepers.push(Keeper {
            file,
            path,
            kind,
            why,
            value,
            slot,
        });
    }

    fn out_of_reach(&mut self, kind: UnreachableKind, path: String, why: String) {
        let unreachable = Unreachable { kind, path, why };
        if !self.kept.unreachable.contains(&unreachable) {
            self.kept.unreachable.push(unreachable);
        }
    }

    /// The property path of an object of the file that is looked at.
    fn path(&self, target: Target<'a>, property: &str) -> String {
        let object = match (self.at.package(), target) {
            (Some(package), _) => path_of(package, target),
            (None, Target::ConnectionManager(manager)) => {
                format!("\\Project.Connections[{}]", manager.object().name())
            }
            (None, _) => String::new(),
        };
        format!("{object}.Properties[{property}]")
    }
}

fn noun(target: Target<'_>) -> &'static str {
    match target {
        Target::ConnectionManager(_) => "the connection manager",
        Target::Executable(task) if task.send_mail().is_some() => "the Send Mail task",
        Target::Variable(_) => "the variable",
        Target::Parameter(_) => "the parameter",
        Target::Executable(_) | Target::EventHandler(_) => "the object",
    }
}

fn is_copy_in(copy: Copy<'_>, package: Option<&str>) -> bool {
    match (copy.package(), package) {
        (Some(copied), Some(package)) => copied.eq_ignore_ascii_case(package),
        (None, None) => true,
        _ => false,
    }
}

fn copy_path(copy: Copy<'_>) -> String {
    let name = copy.full_name().unwrap_or_default();
    match copy.package() {
        Some(package) => format!("\\Project.Copies[{package}|{name}]"),
        None => format!("\\Project.Copies[{name}]"),
    }
}

impl Part {
    /// The part of a manager's connection string that a property names; `None` for properties of the manager itself.
    fn of(manager: ConnectionManager<'_>, property: &str) -> Option<Part> {
        if manager.is_smtp() {
            return SmtpProperty::of_key(property).map(Part::Smtp);
        }
        let is_key = !property.eq_ignore_ascii_case("ConnectionString")
            && crate::package::CommonProperty::named(property).is_none();
        is_key.then(|| Part::Key(property.to_owned()))
    }
}
