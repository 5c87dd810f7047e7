//! Property expressions: added, changed, removed.

use crate::source::Span;
use crate::xml::{Edit, Node, escape_attribute, escape_text};

use super::super::names::DTS;
use super::super::object::{Generation, Object};
use super::attribute::prefix_for;
use super::element::{further, gap_before, open, with_gap};
use super::value::{SetError, SetErrorKind, with_line_feeds};

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
        self.set_expressions([(property, expression)])
    }

    /// The edits that let expressions compute several properties; new ones are added in the order given.
    ///
    /// # Errors
    ///
    /// As [`Object::set_expression`].
    pub fn set_expressions<'e>(
        self,
        expressions: impl IntoIterator<Item = (&'e str, &'e str)>,
    ) -> Result<Vec<Edit>, SetError> {
        let place = place_for(self);
        let mut edits = Vec::new();
        let mut added = String::new();
        for (property, expression) in expressions {
            let expression = with_line_feeds(expression);
            let tell = |kind: SetErrorKind| kind.of(property);
            match self.property_expression(property) {
                Some(present) if present.text() == expression => {}
                Some(present) => {
                    let edit = present.stored().set(&expression);
                    edits.push(edit.map_err(|error| tell(error.into()))?);
                }
                None => added.push_str(
                    &self
                        .expression_element(property, &expression, &place.gap)
                        .map_err(tell)?,
                ),
            }
        }
        if !added.is_empty() {
            let node = self.node();
            edits.push(if node.is_self_closing() {
                open(node, &added)
            } else {
                Edit::new(Span::at(place.at), added)
            });
        }
        Ok(edits)
    }

    /// The edits that take an expression away; none when there is none.
    pub fn remove_expression(self, property: &str) -> Vec<Edit> {
        self.property_expression(property)
            .map(|expression| Edit::new(with_gap(expression.node()), ""))
            .into_iter()
            .collect()
    }

    /// A new element with the white space before it.
    fn expression_element(
        self,
        property: &str,
        expression: &str,
        gap: &str,
    ) -> Result<String, SetErrorKind> {
        let prefix = prefix_for(self.node(), DTS)?;
        let name = escape_attribute(property, '"')?;
        let text = escape_text(expression)?;
        // Formats 6 and 8 give each attribute a line of its own; format 3 does not.
        let own_line = self.generation() == Generation::Attributes && gap.contains(['\n', '\r']);
        let attribute_gap = if own_line {
            further(gap)
        } else {
            " ".to_owned()
        };
        Ok(format!(
            "{gap}<{prefix}PropertyExpression{attribute_gap}{prefix}Name=\"{name}\">{text}</{prefix}PropertyExpression>",
        ))
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
