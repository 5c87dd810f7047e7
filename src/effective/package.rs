//! The values of one package.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

use crate::connection_string::is_secret_key;
use crate::expression::{Locale, Lookup, TypeName};
use crate::package::{Package, Parameter, Paths, Target, Variable};
use crate::project::{File, InContext};
use crate::xml::{Node, NodeId};

use super::find_variable::{FoundVariable, Variables, owner_of, parts};
use super::given::{GivenBy, GivenVariable};
use super::layers::{Key, Layer, LayerValue, Layers};
use super::origin::{Certainty, Effective, Link, Origin};
use super::parameter::{ParameterAt, converted, link};
use super::scope::Secrets;
use super::system;
use super::types;
use super::unit::UnitValues;
use super::valued::Valued;
use super::writers::{Writers, writers};

/// What the properties of a package are at run time. Built once for a package; what is not asked for is not computed.
pub struct PackageValues<'a> {
    at: InContext<'a>,
    unit: &'a UnitValues<'a>,
    variables: OnceCell<Variables<'a>>,
    layers: OnceCell<Layers>,
    writers: OnceCell<Writers>,
    computed: RefCell<HashMap<NodeId, Rc<Valued>>>,
    parameters: RefCell<HashMap<Key, Rc<Valued>>>,
    /// `None` for a file that is no package.
    paths: Option<Paths<'a>>,
    /// The variables that are being computed, outermost first: one that comes again is a cycle.
    computing: RefCell<Vec<(NodeId, String)>>,
}

/// Something that people should know of the values of a package as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// SSIS's own warning, where it has one.
    pub code: Option<u32>,
    /// What it is.
    pub text: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "warning 0x{code:08X}: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

/// What a name means at an object.
pub(super) enum Named {
    Found(Rc<Valued>),
    Several,
    Missing,
}

/// What a name that is no expression means at an object, such as the variable of a Send Mail task's text.
#[derive(Debug)]
// It is an answer that is looked at once; no list of them is kept.
#[allow(clippy::large_enum_variant)]
pub enum NamedValue {
    /// It means this.
    Found {
        /// Its value.
        effective: Effective,
        /// Its type; `None` for an Object.
        data_type: Option<TypeName>,
    },
    /// Variables of several namespaces have it.
    Ambiguous,
    /// It means nothing.
    Missing,
}

/// Variables that read each other deeper than this are not followed: each costs stack.
const DEEPEST: usize = 40;

impl<'a> PackageValues<'a> {
    /// The values of a file of a unit: of a package, or of one that belongs to the project.
    pub fn new(at: InContext<'a>, unit: &'a UnitValues<'a>) -> PackageValues<'a> {
        PackageValues {
            at,
            unit,
            variables: OnceCell::new(),
            layers: OnceCell::new(),
            writers: OnceCell::new(),
            computed: RefCell::default(),
            parameters: RefCell::default(),
            paths: at.package().map(Paths::new),
            computing: RefCell::default(),
        }
    }

    /// The file in its unit.
    pub fn at(&self) -> InContext<'a> {
        self.at
    }

    /// What the packages of the unit share.
    pub fn unit(&self) -> &'a UnitValues<'a> {
        self.unit
    }

    /// What could not be applied, and what is hidden: configurations that are not here, options that lead nowhere.
    pub fn notes(&self) -> &[Note] {
        &self.layers().notes
    }

    pub(super) fn layers(&self) -> &Layers {
        self.layers.get_or_init(|| Layers::new(self))
    }

    pub(super) fn variables(&self) -> &Variables<'a> {
        self.variables
            .get_or_init(|| Variables::new(self.at.package()))
    }

    fn writers(&self) -> &Writers {
        self.writers
            .get_or_init(|| writers(self.paths.as_ref(), self.variables()))
    }

    /// The shortest path of an object, whoever holds it.
    pub fn path_of(&self, target: Target<'_>) -> String {
        match (&self.paths, target) {
            (_, Target::ConnectionManager(manager))
                if manager.object().node().parent().is_none() =>
            {
                format!("\\Project.Connections[{}]", manager.object().name())
            }
            (_, Target::Parameter(parameter))
                if parameter.scope() == crate::package::ParameterScope::Project =>
            {
                format!("\\Project.Parameters[{}]", parameter.name())
            }
            (Some(paths), target) => paths.of(target),
            (None, target) => target.object().name().into_owned(),
        }
    }

    /// The locale of expressions at an object.
    pub(super) fn locale(&self, at: Option<Node<'a>>) -> Locale {
        if let Some(locale) = self.unit.given().locale {
            return locale;
        }
        match at.or(self.at.package().map(|it| it.object().node())) {
            Some(node) => Locale(system::locale(node).0.unsigned_abs()),
            None => Locale::EN_US,
        }
    }

    /// The type of a property that has one of its own: the value of a variable or a parameter.
    pub(super) fn type_of(&self, target: Target<'a>, property: &str) -> Option<TypeName> {
        if !property.eq_ignore_ascii_case("Value") {
            return None;
        }
        match target {
            Target::Variable(variable) => TypeName::of_variant(variable.data_type()?),
            Target::Parameter(parameter) => self.parameter_at(self.at.file, parameter).type_name(),
            _ => None,
        }
    }

    /// What a name means at an object: the nearest variable, a parameter, a system variable, or what was given.
    pub(super) fn named(&self, at: Option<Node<'a>>, namespace: Option<&str>, name: &str) -> Named {
        let is = |wanted: &str| namespace.is_some_and(|it| it.eq_ignore_ascii_case(wanted));
        if is("$Project") {
            let all = self.unit.parameters();
            let found = all
                .iter()
                .find(|it| it.name == name)
                .or_else(|| all.iter().find(|it| it.name.eq_ignore_ascii_case(name)));
            return match found {
                Some(found) => Named::Found(self.parameter(found.file, found.parameter)),
                None => self.given_or_missing("$Project", name),
            };
        }
        if is("$Package") {
            let find = |same: &dyn Fn(&str) -> bool| {
                let package = self.at.package().filter(|_| at.is_some())?;
                package.parameters().find(|it| same(&it.name()))
            };
            let found =
                find(&|it| it == name).or_else(|| find(&|it| it.eq_ignore_ascii_case(name)));
            return match found {
                Some(found) => Named::Found(self.parameter(self.at.file, found)),
                None => self.given_or_missing("$Package", name),
            };
        }
        let may_be_system = namespace.is_none() || is("System");
        match self.variables().find(at, namespace, name) {
            FoundVariable::Several => Named::Several,
            FoundVariable::One(variable) => {
                let also_system = namespace.is_none()
                    && variable.namespace() != "System"
                    && self.system(at, name).is_some();
                match also_system {
                    true => Named::Several,
                    false => Named::Found(self.variable(variable)),
                }
            }
            FoundVariable::None if may_be_system => match self.system(at, name) {
                Some(valued) => Named::Found(Rc::new(valued)),
                None => self.given_or_missing(namespace.unwrap_or("User"), name),
            },
            FoundVariable::None => self.given_or_missing(namespace.unwrap_or("User"), name),
        }
    }

    /// What a variable or a parameter is by its name, as a task at an object sees it.
    pub fn by_name(&self, at: Target<'a>, name: &str) -> NamedValue {
        let (namespace, name) = parts(name);
        let node = owner_of(at.node());
        // Tasks look variables up by their case, which expressions are seen not to do.
        if let FoundVariable::One(found) = self.variables().find(node, namespace, name)
            && (found.object().name() != name
                || namespace.is_some_and(|wanted| found.namespace() != wanted))
        {
            return NamedValue::Missing;
        }
        match self.named(node, namespace, name) {
            Named::Missing => NamedValue::Missing,
            Named::Several => NamedValue::Ambiguous,
            Named::Found(valued) => NamedValue::Found {
                data_type: valued.data_type().map(|it| it.name()),
                effective: (*valued).clone().into_effective(self.locale(None)),
            },
        }
    }

    /// The names of the variables that are in scope at an element, the nearest first.
    pub(super) fn variables_at(&self, node: Node<'a>) -> Vec<String> {
        self.variables().names(owner_of(node))
    }

    fn given_or_missing(&self, namespace: &str, name: &str) -> Named {
        match self.unit.given().variable(namespace, name) {
            Some(given) => {
                let full = format!("{namespace}::{name}");
                let valued = Valued::found(given.value.clone(), origin(given));
                Named::Found(Rc::new(valued.with_link(link(origin(given), full))))
            }
            None => {
                let parent = self.unit.given().parent.as_ref();
                match parent.and_then(|parent| parent.named(namespace, name)) {
                    Some(valued) => Named::Found(Rc::new(valued)),
                    None => Named::Missing,
                }
            }
        }
    }

    /// A system variable, unless its value was given.
    fn system(&self, at: Option<Node<'a>>, name: &str) -> Option<Valued> {
        let given = self.unit.given().variable("System", name);
        let found =
            at.and_then(|_| system::variable(self.at.package(), at, name, self.unit.given()));
        match (given, found) {
            (Some(given), found) => {
                let type_name = system::type_of(name)?;
                // What exists only in event handlers can be given where there is one.
                found?;
                let full = format!("System::{name}");
                let valued = converted(&given.value, type_name, &full, origin(given));
                Some(valued.with_link(link(origin(given), full)))
            }
            (None, Some(found)) => {
                let place = found.span.map(|span| self.at.file.document.place(span));
                let link = Link {
                    kind: Origin::SystemVariable,
                    path: format!("System::{}", found.name),
                    file: place.map(|_| self.at.file.label.clone()),
                    place,
                };
                Some(found.valued.with_link(link))
            }
            (None, None) => None,
        }
    }

    /// The names that an expression at an object can use.
    pub(super) fn names(&self, at: Option<Node<'a>>) -> Vec<String> {
        let mut names = self.variables().names(at);
        let project = self.unit.parameters().iter();
        names.extend(project.map(|it| format!("$Project::{}", it.name)));
        if at.is_some() {
            let own = self.at.package().into_iter().flat_map(Package::parameters);
            names.extend(own.map(|it| format!("$Package::{}", it.name())));
            names.extend(system::names());
        }
        names
    }

    pub(super) fn parameter_at(
        &self,
        file: &'a File,
        parameter: Parameter<'a>,
    ) -> ParameterAt<'a, 'a> {
        ParameterAt {
            unit: self.unit,
            file,
            parameter,
        }
    }

    /// The value of a parameter, of the package or of the project.
    pub(super) fn parameter(&self, file: &'a File, parameter: Parameter<'a>) -> Rc<Valued> {
        let key = (file.id, parameter.node().id());
        if let Some(computed) = self.parameters.borrow().get(&key) {
            return Rc::clone(computed);
        }
        let valued = Rc::new(self.compute_parameter(file, parameter));
        self.parameters.borrow_mut().insert(key, Rc::clone(&valued));
        valued
    }

    fn compute_parameter(&self, file: &'a File, parameter: Parameter<'a>) -> Valued {
        let at = self.parameter_at(file, parameter);
        let full = at.full_name();
        let key = (file.id, parameter.node().id());
        let Some(type_name) = at.type_name() else {
            return at.valued();
        };
        if let Some(layer) = self.layers().overrides(key).last() {
            return layered(layer, type_name, &full);
        }
        let (namespace, name) = full.split_once("::").unwrap_or(("User", &full));
        if let Some(given) = self.unit.given().variable(namespace, name) {
            let valued = converted(&given.value, type_name, &full, origin(given));
            return valued.with_link(link(origin(given), full.clone()));
        }
        if file.id == self.at.file.id
            && let Some(parent) = &self.unit.given().parent
            && let Some(assigned) = parent.parameter(name)
        {
            let from = link(
                Origin::ExecutionParameter,
                format!("the calling package: {name}"),
            );
            return match assigned {
                Ok(text) => read(type_name, &text, Origin::ExecutionParameter, &full),
                Err(why) => unknown(type_name, Origin::ExecutionParameter, why),
            }
            .with_link(from);
        }
        let mut valued = at.valued();
        for layer in self.layers().of(key) {
            valued = over(valued, layer, type_name, &full);
        }
        valued.is_sensitive |= parameter.is_sensitive();
        valued
    }

    /// The value of a variable.
    pub(super) fn variable(&self, variable: Variable<'a>) -> Rc<Valued> {
        let id = variable.object().node().id();
        if let Some(computed) = self.computed.borrow().get(&id) {
            return Rc::clone(computed);
        }
        let full = variable.qualified_name();
        if let Some(why) = self.circle(id, &full) {
            let data_type = variable
                .data_type()
                .and_then(TypeName::of_variant)
                .map(TypeName::widest);
            return Rc::new(Valued::unknown(data_type, Origin::Expression, why, None));
        }
        self.computing.borrow_mut().push((id, full.clone()));
        let valued = Rc::new(self.compute(variable, &full));
        self.computing.borrow_mut().pop();
        self.computed.borrow_mut().insert(id, Rc::clone(&valued));
        valued
    }

    /// Why a variable cannot be computed now: it waits for itself, or for too many others.
    fn circle(&self, id: NodeId, full: &str) -> Option<String> {
        let computing = self.computing.borrow();
        if let Some(at) = computing.iter().position(|(other, _)| *other == id) {
            let names = computing.iter().skip(at).map(|(_, name)| name.as_str());
            let path: Vec<String> = names
                .chain([full])
                .map(|name| format!("`{name}`"))
                .collect();
            return Some(format!(
                "variables read each other in a circle: {}",
                path.join(" → ")
            ));
        }
        (computing.len() >= DEEPEST)
            .then(|| format!("more than {DEEPEST} variables read one another before `{full}`"))
    }

    fn compute(&self, variable: Variable<'a>, full: &str) -> Valued {
        let node = variable.object().node();
        let key = (self.at.file.id, node.id());
        let evaluated = variable.expression().filter(|_| variable.is_evaluated());
        let stored = variable.value();
        let span = evaluated.or(stored).map_or(node.span(), |it| it.span());
        let own = Link {
            kind: Origin::Variable,
            path: self.path_of(Target::Variable(variable)),
            file: Some(self.at.file.label.clone()),
            place: Some(self.at.file.document.place(span)),
        };
        let number = variable.data_type();
        let type_name = match number {
            None => Some(TypeName::Wstr),
            Some(number) => TypeName::of_variant(number),
        };
        let Some(type_name) = type_name else {
            let why = match number {
                Some(13) => format!("`{full}` is an Object, which expressions cannot read"),
                _ => format!("`{full}` is of a type that expressions do not know"),
            };
            return Valued::refused(Lookup::UnsupportedType, Origin::Variable, why).with_link(own);
        };
        if let Some(layer) = self.layers().overrides(key).last() {
            return layered(layer, type_name, full);
        }
        let (namespace, name) = (variable.namespace(), variable.object().name());
        if let Some(given) = self.unit.given().variable(&namespace, &name) {
            let valued = converted(&given.value, type_name, full, origin(given));
            return valued.with_link(link(origin(given), full.to_owned()));
        }
        if let Some(expression) = evaluated {
            let text = expression.text();
            let valued = self.evaluate(&text.text, owner_of(node), Secrets::Refused);
            let by = format!("the expression `{}` computes it", text.text);
            return as_declared(valued, type_name, full).with_link(own).by(by);
        }
        let mut valued = if variable.is_encrypted() {
            let why = format!("`{full}` is encrypted: `--var` gives its value");
            let mut valued = unknown(type_name, Origin::Variable, why).with_link(own);
            valued.is_sensitive = true;
            valued
        } else {
            let text = stored.map(|it| it.text().into_text()).unwrap_or_default();
            read(type_name, &text, Origin::Variable, full).with_link(own)
        };
        for layer in self.layers().of(key) {
            valued = over(valued, layer, type_name, full);
        }
        self.doubt_default(&mut valued);
        if let Some(paths) = self.writers().get(&node.id()) {
            self.written(&mut valued, full, paths);
        }
        valued
    }

    /// A default under sources that nobody can read is only assumed.
    pub(super) fn doubt_default(&self, valued: &mut Valued) {
        if valued.origin != Origin::Variable && valued.origin != Origin::Design {
            return;
        }
        for (reason, by) in &self.layers().hidden {
            valued.assume(reason.clone());
            valued.overridable_by.push(by.clone());
        }
    }

    fn written(&self, valued: &mut Valued, full: &str, paths: &[String]) {
        let list: Vec<String> = paths.iter().map(|path| format!("`{path}`")).collect();
        let mut reason = format!("`{full}` is set by {} at run time", list.join(" and "));
        let text = valued
            .value()
            .and_then(|value| value.to_text(Locale::EN_US).ok().flatten());
        if let Some(text) =
            text.filter(|_| !is_secret_key(full.rsplit("::").next().unwrap_or(full)))
        {
            reason.push_str(&format!("; the stored default is `{text}`"));
        }
        if valued.certainty != Certainty::Unknown {
            valued.certainty = Certainty::Assumed;
            valued.reason = Some(reason);
        }
        valued.set_by = paths.to_vec();
    }
}

fn origin(given: &GivenVariable) -> Origin {
    match given.by {
        GivenBy::Option => Origin::Given,
        GivenBy::Machine => Origin::Machine,
    }
}

pub(super) fn unknown(type_name: TypeName, origin: Origin, why: String) -> Valued {
    Valued::unknown(Some(type_name.widest()), origin, why, None)
}

/// A text as a value of a type.
pub(super) fn read(type_name: TypeName, text: &str, origin: Origin, full: &str) -> Valued {
    match types::read(type_name, text) {
        Ok(value) => Valued::found(value, origin),
        Err(error) => {
            let why = format!(
                "the value of `{full}` is no {type_name}: {}",
                error.message()
            );
            unknown(type_name, origin, why)
        }
    }
}

fn layered(layer: &Layer, type_name: TypeName, full: &str) -> Valued {
    match &layer.value {
        LayerValue::Text(text) => read(type_name, text, layer.origin, full),
        LayerValue::Unknown { reason, depends_on } => Valued::unknown(
            Some(type_name.widest()),
            layer.origin,
            reason.clone(),
            depends_on.clone(),
        ),
        LayerValue::Perhaps { reason, .. } => unknown(type_name, layer.origin, reason.clone()),
    }
    .with_link(layer.link.clone())
    .by(layer.by.clone())
}

/// What a layer makes of a value: another one, unless it only may; the links to the place of the first stay.
pub(super) fn over(before: Valued, layer: &Layer, type_name: TypeName, full: &str) -> Valued {
    if let LayerValue::Perhaps { reason, by } = &layer.value {
        let mut valued = before;
        valued.assume(reason.clone());
        valued.overridable_by.push(by.clone());
        return valued;
    }
    let mut valued = layered(layer, type_name, full);
    valued.chain.extend(before.chain);
    valued.overridable_by = before.overridable_by;
    valued
}

/// The result of a variable's expression in the variable's type.
fn as_declared(mut valued: Valued, type_name: TypeName, full: &str) -> Valued {
    let Some(value) = valued.value() else {
        if let Lookup::Unknown { data_type, .. } = &mut valued.lookup {
            *data_type = Some(type_name.widest());
        }
        return valued;
    };
    if value.data_type().name() == type_name {
        return valued;
    }
    match value.cast_to(type_name.widest(), Locale::EN_US) {
        Ok(value) => valued.lookup = Lookup::Found(value),
        Err(error) => {
            let why = format!(
                "the expression of `{full}` gives a value that is no {type_name} (0xC001F18A): {}",
                error.message()
            );
            let failed = unknown(type_name, Origin::Expression, why);
            valued.lookup = failed.lookup;
            valued.reason = failed.reason;
            valued.certainty = Certainty::Unknown;
        }
    }
    valued
}
