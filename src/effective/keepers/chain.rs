//! Through expressions: to the literal, the variable or the parameter that holds the value.

use crate::expression::{Expression, Name, NodeKind};
use crate::package::{FileKind, Object, Stored, Target, Variable, project_parameters};
use crate::xml::Node;

use super::slot::{Part, Slot};
use super::{KeeperKind, Search, UnreachableKind};

impl<'a> Search<'a> {
    /// The property expression of a property, if there is one.
    pub(super) fn expression(&mut self, target: Target<'a>, property: &str, part: Option<&Part>) {
        if let Some(expression) = target.object().property_expression(property) {
            let of = self.path(target, property);
            self.follow(expression.stored(), target.node(), &of, part);
        }
    }

    /// What an expression gets the value from. `node` is what it belongs to, whose variables it sees; `of` names it.
    pub(super) fn follow(
        &mut self,
        stored: Stored<'a>,
        node: Node<'a>,
        of: &str,
        part: Option<&Part>,
    ) {
        let text = stored.text().into_text();
        let Ok(expression) = Expression::parse(&text) else {
            return self.out_of_reach(
                UnreachableKind::Computed,
                of.to_owned(),
                format!("the expression `{text}` cannot be read"),
            );
        };
        if let Some(name) = expression.as_name() {
            return self.name(*name, &text, node, of, part);
        }
        let whole = expression.as_string().is_some();
        let why = |what: &str| format!("{what} the expression `{text}`");
        if let NodeKind::Constant(_) = expression.root().kind() {
            let slot = Slot::constant(stored).with_parts(part);
            let why = why("the constant that is");
            return self.keep(self.at.file, of.to_owned(), KeeperKind::Literal, why, slot);
        }
        for index in 0..expression.strings().count() {
            let (kind, why) = if whole {
                (KeeperKind::Literal, why("the literal that is"))
            } else {
                (KeeperKind::LiteralPiece, why("a literal in"))
            };
            let slot = Slot::literal(stored, index).with_parts(part);
            if !whole && slot.value().is_none() {
                continue;
            }
            self.keep(self.at.file, of.to_owned(), kind, why, slot);
        }
        if !whole {
            self.out_of_reach(
                UnreachableKind::Computed,
                of.to_owned(),
                format!("it is computed at run time by the expression `{text}`"),
            );
        }
    }

    fn name(&mut self, name: Name<'_>, text: &str, node: Node<'a>, of: &str, part: Option<&Part>) {
        let why = format!("the expression `{text}` of `{of}` reads it");
        let namespace = name.namespace.unwrap_or_default();
        if namespace.eq_ignore_ascii_case("$Project") {
            let files: Vec<_> = self.at.context.of_kind(FileKind::Parameters).collect();
            for file in files {
                let mut parameters = project_parameters(file.document.root());
                if let Some(parameter) = parameters.find(|it| it.name() == name.name) {
                    return self.parameter(file, parameter, part, why);
                }
            }
        } else if namespace.eq_ignore_ascii_case("$Package") {
            let found = self
                .at
                .package()
                .and_then(|package| package.parameters().find(|it| it.name() == name.name));
            if let Some(parameter) = found {
                return self.parameter(self.at.file, parameter, part, why);
            }
        } else if namespace == "System" {
            return self.out_of_reach(
                UnreachableKind::Computed,
                of.to_owned(),
                format!("`{name}` is known only when the package runs"),
            );
        } else if let Some(variable) = visible_variable(node, &name) {
            return self.variable(variable, part, why);
        }
        self.out_of_reach(
            UnreachableKind::Computed,
            of.to_owned(),
            format!("the expression `{text}` reads `{name}`, which is not here"),
        );
    }
}

/// The variable that a name means at an element: the nearest around it.
fn visible_variable<'d>(node: Node<'d>, name: &Name<'_>) -> Option<Variable<'d>> {
    let mut around = Some(node);
    while let Some(node) = around {
        let mut variables = Object::new(node).variables().map(Variable::new);
        let found = variables.find(|variable| {
            let same_space = name
                .namespace
                .is_none_or(|namespace| variable.namespace() == namespace);
            same_space && variable.object().name() == name.name
        });
        if found.is_some() {
            return found;
        }
        around = node.parent();
    }
    None
}
