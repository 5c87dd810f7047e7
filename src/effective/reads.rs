//! What an expression reads, followed through variables that are expressions themselves.

use crate::expression::{Expression, NodeKind, TypeName};
use crate::package::Target;
use crate::project::File;
use crate::xml::Node;

use super::find_variable::{FoundVariable, owner_of};
use super::origin::{Effective, Origin};
use super::package::{Named, PackageValues};

/// A variable, a parameter or a system variable that an expression reads.
#[derive(Clone, Debug)]
pub struct Read {
    /// Its name with the namespace: `User::Count`, `$Project::Server`, `System::PackageName`.
    pub name: String,
    /// What it is.
    pub kind: ReadKind,
    /// Its type; `None` for one that expressions do not know.
    pub data_type: Option<TypeName>,
    /// What its value is.
    pub effective: Effective,
    /// The expression that it is, where nothing that was given wins over it.
    pub expression: Option<String>,
}

/// What an expression reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadKind {
    /// A variable of the package.
    Variable,
    /// A parameter of the package or the project.
    Parameter,
    /// A system variable.
    System,
}

/// Names of an expression and of what it reads; one that reads more is read no further.
const MOST: usize = 1000;

impl<'a> PackageValues<'a> {
    /// What an expression at an object reads, each once, in the order in which it is met. Names that mean nothing are
    /// left out: the expression fails for them.
    pub fn reads(&self, holder: &'a File, target: Target<'a>, text: &str) -> Vec<Read> {
        let mut found: Vec<Read> = Vec::new();
        let mut waiting = vec![(text.to_owned(), self.scope_of(holder, target.node()))];
        while let Some((text, at)) = waiting.pop() {
            let Ok(expression) = Expression::parse(&text) else {
                continue;
            };
            for node in expression.nodes() {
                let NodeKind::Name(name) = node.kind() else {
                    continue;
                };
                let (namespace, name) = (name.namespace, name.name);
                let Some((read, owner)) = self.read_at(at, namespace, name) else {
                    continue;
                };
                if found.len() >= MOST || found.iter().any(|it| it.is_same(&read)) {
                    continue;
                }
                if let Some(expression) = &read.expression {
                    waiting.push((expression.clone(), owner));
                }
                found.push(read);
            }
        }
        found
    }

    fn read_at(
        &self,
        at: Option<Node<'a>>,
        namespace: Option<&str>,
        name: &str,
    ) -> Option<(Read, Option<Node<'a>>)> {
        let Named::Found(valued) = self.named(at, namespace, name) else {
            return None;
        };
        let data_type = valued.data_type().map(|it| it.name());
        let effective = (*valued).clone().into_effective(self.locale(None));
        let read = |name: String, kind, expression| Read {
            name,
            kind,
            data_type,
            effective: effective.clone(),
            expression,
        };
        for (prefix, wanted) in [("$Project", "$project"), ("$Package", "$package")] {
            if namespace.is_some_and(|it| it.to_lowercase() == wanted) {
                let full = format!("{prefix}::{name}");
                return Some((read(full, ReadKind::Parameter, None), None));
            }
        }
        match self.variables().find(at, namespace, name) {
            FoundVariable::One(variable) => {
                let is_computed = effective.origin == Origin::Expression;
                let own = variable
                    .expression()
                    .filter(|_| is_computed && variable.is_evaluated());
                let own = own.map(|stored| stored.text().into_text().into_owned());
                let owner = owner_of(variable.object().node());
                let kind = match variable.namespace() == "System" {
                    true => ReadKind::System,
                    false => ReadKind::Variable,
                };
                Some((read(variable.qualified_name(), kind, own), owner))
            }
            FoundVariable::None => {
                let kind = match namespace {
                    Some(it) if !it.eq_ignore_ascii_case("System") => ReadKind::Variable,
                    _ => ReadKind::System,
                };
                let namespace = match kind {
                    ReadKind::System => "System",
                    _ => namespace.unwrap_or("User"),
                };
                Some((read(format!("{namespace}::{name}"), kind, None), None))
            }
            FoundVariable::Several => None,
        }
    }
}

impl Read {
    fn is_same(&self, other: &Read) -> bool {
        self.name == other.name
            && self.expression == other.expression
            && self.effective.chain == other.effective.chain
            && self.effective.value == other.effective.value
    }
}
