//! Property expressions: added, changed, removed.

use crate::source::Span;
use crate::xml::{Edit, Node, escape_attribute, escape_text};

use super::super::names::DTS;
use super::super::object::{Generation, Object};
use super::attribute::prefix_for;
use super::element::{further, gap_before, open, with_gap};
use super::value::{SetError, SetErrorKind};

/// What stands before property expressions in an object of formats 6 and 8.
const BEFORE: [&str; 6] = [
    "Property",
    "ConnectionManagers",
    "Configurations",
    "PackageParameters",
    "Variables",
    "LoggingOptions",
];

impl Object<'_> {
    /// The edits that let an expression compute a property, by its name in the object model.
    ///
    /// # Errors
    ///
    /// [`SetError`] when the expression holds a character that XML does not allow.
    pub fn set_expression(self, property: &str, expression: &str) -> Result<Vec<Edit>, SetError> {
        self.expression_edit(property, expression)
            .map(|edit| vec![edit])
            .map_err(|kind| kind.of(property))
    }

    /// The edits that take an expression away; none when there is none.
    pub fn remove_expression(self, property: &str) -> Vec<Edit> {
        self.property_expression(property)
            .map(|expression| Edit::new(with_gap(expression.node()), ""))
            .into_iter()
            .collect()
    }

    fn expression_edit(self, property: &str, expression: &str) -> Result<Edit, SetErrorKind> {
        if let Some(present) = self.property_expression(property) {
            return Ok(present.stored().set(expression)?);
        }
        let node = self.node();
        let prefix = prefix_for(node, DTS)?;
        let name = escape_attribute(property, '"')?;
        let text = escape_text(expression)?;
        let place = place_for(self);
        // Formats 6 and 8 give each attribute a line of its own.
        let attribute_gap = if place.gap.contains(['\n', '\r']) {
            further(&place.gap)
        } else {
            " ".to_owned()
        };
        let element = format!(
            "{}<{prefix}PropertyExpression{attribute_gap}{prefix}Name=\"{name}\">{text}</{prefix}PropertyExpression>",
            place.gap
        );
        Ok(if node.is_self_closing() {
            open(node, &element)
        } else {
            Edit::new(Span::at(place.at), element)
        })
    }
}

struct Place {
    at: u32,
    gap: String,
}

fn place_for(object: Object<'_>) -> Place {
    let node = object.node();
    let expressions = || {
        node.children()
            .filter(|child| child.is(DTS, "PropertyExpression"))
    };
    if let Some(last) = expressions().last() {
        return behind(last, gap_before(last));
    }
    if object.generation() == Generation::Elements {
        // Behind the logging options of a task; before the data of a connection manager. Neither is indented.
        let logging = node
            .children()
            .find(|child| child.is(DTS, "LoggingOptions"));
        let data = node.children().find(|child| child.is(DTS, "ObjectData"));
        return match (logging, data) {
            (Some(logging), _) => behind(logging, ""),
            (None, Some(data)) => Place {
                at: data.span().start,
                gap: String::new(),
            },
            (None, None) => Place {
                at: node.content().end,
                gap: String::new(),
            },
        };
    }
    let before = node
        .children()
        .filter(|child| BEFORE.iter().any(|name| child.is(DTS, name)))
        .last();
    match (before, node.children().next()) {
        (Some(before), _) => behind(before, gap_before(before)),
        (None, Some(first)) => {
            let gap = gap_before(first);
            let length = u32::try_from(gap.len()).unwrap_or(0);
            Place {
                at: first.span().start - length,
                gap: gap.to_owned(),
            }
        }
        (None, None) => Place {
            at: node.content().start,
            gap: String::new(),
        },
    }
}

fn behind(node: Node<'_>, gap: &str) -> Place {
    Place {
        at: node.span().end,
        gap: gap.to_owned(),
    }
}
