//! Which variable a name means: the nearest container that has it wins.

use std::collections::HashMap;

use crate::package::{EventHandler, Executable, Owner, Package, Variable};
use crate::xml::{Node, NodeId};

/// The variables of a package by the object that owns them.
pub(super) struct Variables<'a> {
    by_owner: HashMap<NodeId, Vec<Variable<'a>>>,
    /// Every container and task, in no order that matters.
    pub(super) executables: Vec<Executable<'a>>,
}

/// What a name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FoundVariable<'a> {
    One(Variable<'a>),
    /// Variables of several namespaces have it, and none was said.
    Several,
    None,
}

impl<'a> Variables<'a> {
    /// Walks the containers only: what tasks hold inside is none of the scopes' business.
    pub(super) fn new(package: Option<Package<'a>>) -> Variables<'a> {
        let mut variables = Variables {
            by_owner: HashMap::new(),
            executables: Vec::new(),
        };
        let root = package.and_then(Package::executable);
        let mut owners: Vec<Owner<'a>> = root.map(Owner::Executable).into_iter().collect();
        while let Some(owner) = owners.pop() {
            let own: Vec<_> = owner.object().variables().map(Variable::new).collect();
            if !own.is_empty() {
                variables.by_owner.insert(owner.object().node().id(), own);
            }
            match owner {
                Owner::Executable(it) => {
                    variables.executables.push(it);
                    owners.extend(it.executables().map(Owner::Executable));
                    owners.extend(it.event_handlers().map(Owner::EventHandler));
                }
                Owner::EventHandler(it) => {
                    owners.extend(it.executables().map(Owner::Executable));
                }
            }
        }
        variables
    }

    /// The variable that a name means at an object. Names have case; where nothing fits exactly, packages are seen to
    /// rely on that they have none.
    pub(super) fn find(
        &self,
        at: Option<Node<'a>>,
        namespace: Option<&str>,
        name: &str,
    ) -> FoundVariable<'a> {
        let folded = |a: &str, b: &str| a.to_lowercase() == b.to_lowercase();
        match self.find_by(at, namespace, name, |a, b| a == b) {
            FoundVariable::None => self.find_by(at, namespace, name, folded),
            found => found,
        }
    }

    fn find_by(
        &self,
        at: Option<Node<'a>>,
        namespace: Option<&str>,
        name: &str,
        same: impl Fn(&str, &str) -> bool,
    ) -> FoundVariable<'a> {
        let mut next = at;
        while let Some(node) = next {
            let own = self.by_owner.get(&node.id());
            let mut fitting = own.into_iter().flatten().filter(|variable| {
                same(&variable.object().name(), name)
                    && namespace.is_none_or(|wanted| same(&variable.namespace(), wanted))
            });
            if let Some(&first) = fitting.next() {
                let of = first.namespace();
                return match fitting.any(|other| other.namespace() != of) {
                    true => FoundVariable::Several,
                    false => FoundVariable::One(first),
                };
            }
            next = node.parent();
        }
        FoundVariable::None
    }

    /// The names that an expression can use at an object, to suggest the nearest.
    pub(super) fn names(&self, at: Option<Node<'a>>) -> Vec<String> {
        let mut names = Vec::new();
        let mut next = at;
        while let Some(node) = next {
            let own = self.by_owner.get(&node.id());
            names.extend(own.into_iter().flatten().map(|it| it.qualified_name()));
            next = node.parent();
        }
        names
    }
}

/// Namespace and name of a text such as `User::Rows`, `@[User::Rows]` or `Rows`.
pub(super) fn parts(text: &str) -> (Option<&str>, &str) {
    let text = text.trim().trim_start_matches('@');
    let text = text
        .strip_prefix('[')
        .and_then(|inner| inner.strip_suffix(']'))
        .unwrap_or(text);
    match text.split_once("::") {
        Some((namespace, name)) => (Some(namespace.trim()), name.trim()),
        None => (None, text.trim()),
    }
}

/// The object that an element belongs to, from which names are looked up.
pub(super) fn owner_of(node: Node<'_>) -> Option<Node<'_>> {
    let mut next = Some(node);
    while let Some(node) = next {
        if Executable::new(node).is_some() || EventHandler::new(node).is_some() {
            return Some(node);
        }
        next = node.parent();
    }
    None
}
