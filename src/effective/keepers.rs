//! Who keeps a value: every stored place that a property of an object comes from.
//!
//! One answer for all who change values. A property is kept by the object itself, by the copies in project files,
//! by configurations, and, under an expression, by a literal in it or by the variable or parameter that it reads,
//! through as many steps as there are. A variable or a literal that an expression joins with other texts keeps a piece
//! of the value ([`Keeper::is_whole`]).

mod chain;
mod configured;
mod copied;
mod everywhere;
mod flow;
mod frame;
mod named;
mod slot;

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;

use crate::connection_string::SmtpProperty;
use crate::package::{CommonProperty, ConnectionManager, Paths, Target, path_of};
use crate::project::{File, InContext};
use crate::xml::NodeId;

use super::find_variable::Variables;
use super::writers::{Writers, writers};
use frame::{Frame, Level};
use slot::{Part, Slot};

pub use everywhere::{ChangedPlace, Everywhere, Stays, set_everywhere};

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
    /// The expressions between the property and this place, outermost first.
    frames: Vec<Frame>,
    /// Of a sample, which value it is a sample of.
    level: Option<Level>,
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
    /// A task sets a variable behind it while the package runs.
    Written,
}

/// Where the value of a property of an object of `at`'s file is kept.
///
/// The property goes by its name in the object model; a key of a connection string is one too. Of a whole
/// `ConnectionString` only the places that keep the whole are given. Nothing is evaluated: what an expression joins or
/// chooses is followed into each of its pieces.
pub fn keepers<'a>(at: InContext<'a>, target: Target<'a>, property: &str) -> Kept<'a> {
    let mut search = Search {
        at,
        kept: Kept::default(),
        seen: Vec::new(),
        frames: Vec::new(),
        levels: Level::PROPERTY.0,
        variables: OnceCell::new(),
        writers: OnceCell::new(),
        texts: RefCell::default(),
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
    /// Variables and parameters that were followed already, and for what.
    seen: Vec<(*const File, NodeId, Option<Part>)>,
    /// The expressions that are being followed, outermost first.
    frames: Vec<Frame>,
    /// The number of the last value with an expression of its own.
    levels: usize,
    variables: OnceCell<Variables<'a>>,
    writers: OnceCell<Writers>,
    /// Texts of variables, where they can be told.
    texts: RefCell<HashMap<NodeId, Option<String>>>,
}

/// A place that was found.
struct Find<'a> {
    file: &'a File,
    path: String,
    kind: KeeperKind,
    why: String,
    slot: Slot<'a>,
    level: Option<Level>,
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
        let find = Find {
            file: self.at.file,
            path: self.path(target, property),
            kind,
            why,
            slot,
            level: (kind == KeeperKind::Sample).then_some(Level::PROPERTY),
        };
        self.keep(find);
        self.configurations(target, property, None);
        self.expression(target, property, None);
    }

    fn is_new(&mut self, file: &'a File, node: NodeId, part: Option<&Part>) -> bool {
        let key = (std::ptr::from_ref(file), node, part.cloned());
        let is_new = !self.seen.contains(&key);
        if is_new {
            self.seen.push(key);
        }
        is_new
    }

    fn variables(&self) -> &Variables<'a> {
        self.variables
            .get_or_init(|| Variables::new(self.at.package()))
    }

    /// The tasks that set a variable while the package runs.
    fn writers_of(&self, variable: NodeId) -> Option<&[String]> {
        let all = self.writers.get_or_init(|| {
            let paths = self.at.package().map(Paths::new);
            writers(paths.as_ref(), self.variables())
        });
        all.get(&variable).map(Vec::as_slice)
    }

    fn keep(&mut self, find: Find<'a>) {
        // A text that does not hold the part means its default, and can be given it.
        let value = find.slot.value();
        let value = value.unwrap_or_else(|| find.slot.default_value().to_owned());
        self.kept.keepers.push(Keeper {
            file: find.file,
            path: find.path,
            kind: find.kind,
            why: find.why,
            value,
            slot: find.slot,
            frames: self.frames.clone(),
            level: find.level,
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

impl Part {
    /// The part of a manager's connection string that a property names; `None` for properties of the manager itself.
    fn of(manager: ConnectionManager<'_>, property: &str) -> Option<Part> {
        if manager.is_smtp() {
            return SmtpProperty::of_key(property).map(Part::Smtp);
        }
        let is_key = !property.eq_ignore_ascii_case("ConnectionString")
            && CommonProperty::named(property).is_none();
        is_key.then(|| Part::Key(property.to_owned()))
    }
}
