//! Property paths: SSIS's own notation, resolved against the objects of a file.
//!
//! `\Package\Load\Send Mail.Properties[ToLine]` is never cut at its dots and brackets alone, because names may hold
//! them: at each step the longest name of an object that fits wins. Where two siblings share a name, `{DTSID}`
//! stands for it.

use std::borrow::Cow;

use crate::xml::Node;

use super::connection_manager::ConnectionManager;
use super::executable::{EventHandler, Executable, Owner, owner};
use super::names::bare_id;
use super::object::Object;
use super::variable::{Parameter, Variable};
use super::view::Package;

/// An object that a path can lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'d> {
    /// The package, a container or a task.
    Executable(Executable<'d>),
    /// An event handler.
    EventHandler(EventHandler<'d>),
    /// A connection manager of the package.
    ConnectionManager(ConnectionManager<'d>),
    /// A variable.
    Variable(Variable<'d>),
    /// A parameter of the package.
    Parameter(Parameter<'d>),
}

impl<'d> Target<'d> {
    /// The element.
    pub fn node(self) -> Node<'d> {
        match self {
            Target::Executable(it) => it.object().node(),
            Target::EventHandler(it) => it.object().node(),
            Target::ConnectionManager(it) => it.object().node(),
            Target::Variable(it) => it.object().node(),
            Target::Parameter(it) => it.node(),
        }
    }

    /// Its common properties.
    pub fn object(self) -> Object<'d> {
        Object::new(self.node())
    }

    /// What stands for it in a path: the name, the event, or namespace and name.
    pub(super) fn label(self) -> Cow<'d, str> {
        match self {
            Target::EventHandler(it) => it.event(),
            Target::Variable(it) => it.qualified_name().into(),
            Target::Parameter(it) => it.name(),
            Target::Executable(_) | Target::ConnectionManager(_) => self.object().name(),
        }
    }

    /// Its name, as paths have it.
    pub fn name(self) -> String {
        self.label().into_owned()
    }

    fn label_in(self, collection: &Collection) -> Cow<'d, str> {
        match self {
            Target::Parameter(it) if collection.opening == VARIABLES.opening => {
                format!("$Package::{}", it.name()).into()
            }
            _ => self.label(),
        }
    }
}

/// Where a path leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved<'d> {
    /// The object.
    pub target: Target<'d>,
    /// The property of it that is meant, as the path spells it.
    pub property: Option<String>,
}

/// A path leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// SSIS's own rule (0x80012018).
    #[error(
        "the path `{0}` does not begin with `\\Package` (or `\\PackagePart` in a package part)"
    )]
    Beginning(String),
    /// No object of this name.
    #[error("`{path}` leads to nothing: `{within}` has no {what} that fits `{rest}`{}", did_you_mean(.nearest))]
    NotFound {
        /// The whole path.
        path: String,
        /// The object that was reached.
        within: String,
        /// What was looked for in it.
        what: &'static str,
        /// What is left of the path.
        rest: String,
        /// The name that is nearest, if one is near.
        nearest: Option<String>,
    },
    /// Two objects of this name.
    #[error("`{path}` fits {} objects named `{name}`: use the id of the one that is meant, {}", .ids.len(), .ids.join(" or "))]
    Ambiguous {
        /// The whole path.
        path: String,
        /// The name that they share.
        name: String,
        /// Their ids.
        ids: Vec<String>,
    },
    /// Something behind the object that is no property.
    #[error("`{path}`: expected `.Properties[name]` behind `{within}`, found `{rest}`")]
    Behind {
        /// The whole path.
        path: String,
        /// The object that was reached.
        within: String,
        /// What stands there.
        rest: String,
    },
}

fn did_you_mean(nearest: &Option<String>) -> String {
    match nearest {
        Some(name) => format!(" (did you mean `{name}`?)"),
        None => String::new(),
    }
}

/// Follows a path through a package or a package part.
///
/// # Errors
///
/// [`PathError`], with the nearest name where there is one.
pub fn resolve<'d>(package: Package<'d>, path: &str) -> Result<Resolved<'d>, PathError> {
    let beginning = || PathError::Beginning(path.to_owned());
    let rest = strip_word(path, "\\PackagePart")
        .or_else(|| strip_word(path, "\\Package"))
        .ok_or_else(beginning)?;
    let root = package.executable().ok_or_else(beginning)?;
    follow(path, Target::Executable(root), rest)
}

/// The beginning of a path, which must end there.
fn strip_word<'p>(path: &'p str, word: &str) -> Option<&'p str> {
    let (head, rest) = path.split_at_checked(word.len())?;
    let ends = rest.is_empty() || rest.starts_with(['\\', '.']);
    (ends && head.eq_ignore_ascii_case(word)).then_some(rest)
}

/// A part of an object that holds others.
struct Collection {
    /// What opens it in a path.
    opening: &'static str,
    what: &'static str,
}

const CONNECTIONS: Collection = Collection {
    opening: ".Connections[",
    what: "connection manager",
};
const VARIABLES: Collection = Collection {
    opening: ".Variables[",
    what: "variable",
};
const HANDLERS: Collection = Collection {
    opening: ".EventHandlers[",
    what: "event handler",
};
const PARAMETERS: Collection = Collection {
    opening: ".Parameters[",
    what: "parameter",
};
const EXECUTABLES: Collection = Collection {
    opening: "\\",
    what: "task or container",
};

fn strip_opening<'p>(rest: &'p str, opening: &str) -> Option<&'p str> {
    let (head, rest) = rest.split_at_checked(opening.len())?;
    head.eq_ignore_ascii_case(opening).then_some(rest)
}

fn follow<'d>(path: &str, at: Target<'d>, rest: &str) -> Result<Resolved<'d>, PathError> {
    if rest.is_empty() {
        return Ok(Resolved {
            target: at,
            property: None,
        });
    }
    if let Some(name) = strip_opening(rest, ".Properties[") {
        if let Some(name) = name.strip_suffix(']') {
            return Ok(Resolved {
                target: at,
                property: Some(name.to_owned()),
            });
        }
    } else if let Target::Variable(_) | Target::Parameter(_) = at
        && rest.eq_ignore_ascii_case(".Value")
    {
        return Ok(Resolved {
            target: at,
            property: Some("Value".to_owned()),
        });
    }
    for collection in [
        &EXECUTABLES,
        &CONNECTIONS,
        &VARIABLES,
        &HANDLERS,
        &PARAMETERS,
    ] {
        if let Some(inside) = strip_opening(rest, collection.opening) {
            return step(path, at, collection, inside);
        }
    }
    Err(PathError::Behind {
        path: path.to_owned(),
        within: so_far(path, rest),
        rest: rest.to_owned(),
    })
}

fn so_far(path: &str, rest: &str) -> String {
    path.strip_suffix(rest).unwrap_or(path).to_owned()
}

fn step<'d>(
    path: &str,
    at: Target<'d>,
    collection: &Collection,
    rest: &str,
) -> Result<Resolved<'d>, PathError> {
    let bracketed = collection.opening.ends_with('[');
    let members = members(at, collection.opening);
    // The longest names first; of two that fit, the one that is spelled the same.
    let mut fitting: Vec<(usize, bool, Target<'d>, &str)> = Vec::new();
    for &member in &members {
        let label = member.label_in(collection);
        let id = member
            .object()
            .id()
            .map(|id| format!("{{{}}}", bare_id(&id)));
        let labels = [Some(label), id.map(Cow::Owned)];
        for label in labels.iter().flatten().filter(|label| !label.is_empty()) {
            if let Some((exact, behind)) = fits(rest, label, bracketed) {
                fitting.push((label.len(), exact, member, behind));
                break;
            }
        }
    }
    fitting.sort_by_key(|&(length, exact, ..)| std::cmp::Reverse((length, exact)));
    let mut failure = None;
    let mut candidates = fitting.as_slice();
    while let [first, ..] = candidates {
        let same = candidates
            .iter()
            .take_while(|other| (other.0, other.1) == (first.0, first.1))
            .count();
        if same > 1 {
            return Err(PathError::Ambiguous {
                path: path.to_owned(),
                name: first.2.label().into_owned(),
                ids: candidates
                    .iter()
                    .take(same)
                    .filter_map(|candidate| candidate.2.object().id())
                    .map(|id| format!("`{{{}}}`", bare_id(&id)))
                    .collect(),
            });
        }
        match follow(path, first.2, first.3) {
            Ok(resolved) => return Ok(resolved),
            Err(error) => failure = failure.or(Some(error)),
        }
        candidates = candidates.get(same..).unwrap_or_default();
    }
    Err(failure.unwrap_or_else(|| not_found(path, collection, rest, &members)))
}

/// Whether `label` is what `rest` begins with; whether it is spelled the same, and what is behind it.
fn fits<'p>(rest: &'p str, label: &str, bracketed: bool) -> Option<(bool, &'p str)> {
    let (head, behind) = rest.split_at_checked(label.len())?;
    let exact = head == label;
    if !exact && head.to_lowercase() != label.to_lowercase() {
        return None;
    }
    let behind = if bracketed {
        behind.strip_prefix(']')?
    } else {
        behind
    };
    (behind.is_empty() || behind.starts_with(['\\', '.'])).then_some((exact, behind))
}

fn not_found(path: &str, collection: &Collection, rest: &str, members: &[Target<'_>]) -> PathError {
    let end = if collection.opening.ends_with('[') {
        rest.find(']')
    } else {
        rest.find(['\\', '.'])
    };
    let wanted = rest.get(..end.unwrap_or(rest.len())).unwrap_or(rest);
    let labels: Vec<_> = members.iter().map(|member| member.label()).collect();
    PathError::NotFound {
        path: path.to_owned(),
        within: so_far(path, rest)
            .trim_end_matches(collection.opening)
            .to_owned(),
        what: collection.what,
        rest: wanted.to_owned(),
        nearest: nearest(wanted, labels.iter().map(AsRef::as_ref)).map(str::to_owned),
    }
}

/// The name that somebody may have meant.
pub fn nearest<'n>(wanted: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    const NEAR: f64 = 0.7;
    let wanted = wanted.to_lowercase();
    names
        .map(|name| (strsim::jaro_winkler(&wanted, &name.to_lowercase()), name))
        .filter(|&(likeness, _)| likeness >= NEAR)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

fn members<'d>(of: Target<'d>, opening: &str) -> Vec<Target<'d>> {
    let executable = match of {
        Target::Executable(executable) => Some(executable),
        _ => None,
    };
    match opening {
        "\\" => match of {
            Target::Executable(it) => it.executables().map(Target::Executable).collect(),
            Target::EventHandler(it) => it.executables().map(Target::Executable).collect(),
            _ => Vec::new(),
        },
        ".EventHandlers[" => executable
            .into_iter()
            .flat_map(Executable::event_handlers)
            .map(Target::EventHandler)
            .collect(),
        ".Connections[" => of
            .object()
            .grouped("ConnectionManagers", "ConnectionManager")
            .filter_map(ConnectionManager::new)
            .map(Target::ConnectionManager)
            .collect(),
        ".Variables[" => of
            .object()
            .variables()
            .map(Variable::new)
            .map(Target::Variable)
            // SSIS reaches the parameters of a package as variables: `\Package.Variables[$Package::To]`.
            .chain(parameters(of))
            .collect(),
        ".Parameters[" => parameters(of).collect(),
        _ => Vec::new(),
    }
}

fn parameters<'d>(of: Target<'d>) -> impl Iterator<Item = Target<'d>> {
    of.object()
        .grouped("PackageParameters", "PackageParameter")
        .filter_map(Parameter::of_package)
        .map(Target::Parameter)
}

/// The shortest path that leads back to the object. It costs a look at all siblings of all that is around the object:
/// who needs many asks [`Paths`](super::Paths).
pub fn path_of(package: Package<'_>, target: Target<'_>) -> String {
    let steps = steps_to(target);
    let mut forced = 0;
    loop {
        let path = spell(&steps, forced);
        let leads_back =
            resolve(package, &path).is_ok_and(|resolved| resolved.target.node() == target.node());
        // Names that look like paths themselves can lead astray; ids then stand for them, the innermost first.
        if leads_back || forced == steps.len() {
            return path;
        }
        forced += 1;
    }
}

/// The objects from just below the package to the target.
fn steps_to(target: Target<'_>) -> Vec<Target<'_>> {
    let mut steps = vec![target];
    let mut at = target.node();
    while let Some(around) = owner(at) {
        steps.push(match around {
            Owner::Executable(executable) => Target::Executable(executable),
            Owner::EventHandler(handler) => Target::EventHandler(handler),
        });
        at = around.object().node();
    }
    steps.reverse();
    steps
}

fn spell(steps: &[Target<'_>], forced: usize) -> String {
    let mut path = String::new();
    let unforced = steps.len() - forced;
    for (index, &step) in steps.iter().enumerate() {
        let Some(before) = index.checked_sub(1).and_then(|before| steps.get(before)) else {
            path.push_str(root_word(step));
            continue;
        };
        let opening = match step {
            Target::Executable(_) => EXECUTABLES.opening,
            Target::EventHandler(_) => HANDLERS.opening,
            Target::ConnectionManager(_) => CONNECTIONS.opening,
            Target::Variable(_) => VARIABLES.opening,
            Target::Parameter(_) => PARAMETERS.opening,
        };
        path.push_str(opening);
        path.push_str(&label_among(step, *before, opening, index >= unforced));
        if opening.ends_with('[') {
            path.push(']');
        }
    }
    path
}

pub(super) fn root_word(root: Target<'_>) -> &'static str {
    let reference = root.object().text("refId").unwrap_or_default();
    if reference.starts_with("PackagePart") {
        "\\PackagePart"
    } else {
        "\\Package"
    }
}

fn label_among<'d>(
    of: Target<'d>,
    within: Target<'d>,
    opening: &str,
    forced: bool,
) -> Cow<'d, str> {
    let label = of.label();
    let shared = || {
        let lower = label.to_lowercase();
        members(within, opening)
            .into_iter()
            .filter(|member| member.label().to_lowercase() == lower)
            .count()
            > 1
    };
    let id = of.object().id().unwrap_or_default();
    if !bare_id(&id).is_empty() && (forced || label.is_empty() || shared()) {
        return Cow::Owned(format!("{{{}}}", bare_id(&id)));
    }
    label
}
