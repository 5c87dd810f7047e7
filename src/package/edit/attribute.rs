//! Attributes: set, inserted where SSIS would have written them, and removed.

use crate::source::Span;
use crate::xml::{Attr, Edit, Node, escape_attribute};

use super::super::stored::Stored;
use super::value::SetErrorKind;

/// Where a new attribute goes among those that are there.
#[derive(Clone, Copy, Debug)]
pub enum AttributeOrder {
    /// `refId` first, then by alphabet, case not counting: all objects of formats 6 and 8.
    Alphabetical,
    /// As listed.
    Listed(&'static [&'static str]),
}

impl AttributeOrder {
    /// Whether an attribute of the name `present` stands before a new one of the name `new`.
    fn is_before(self, present: &str, new: &str) -> bool {
        match self {
            AttributeOrder::Alphabetical => {
                present == "refId" || present.to_lowercase() < new.to_lowercase()
            }
            AttributeOrder::Listed(names) => {
                let place = |name| names.iter().position(|&listed| listed == name);
                match (place(present), place(new)) {
                    (Some(present), Some(new)) => present < new,
                    _ => false,
                }
            }
        }
    }
}

/// Gives an attribute a value; it is inserted when it is not there.
///
/// # Errors
///
/// When the value holds a character that XML does not allow, or the file has no prefix for the namespace.
pub fn set_attribute(
    node: Node<'_>,
    namespace: &'static str,
    name: &str,
    value: &str,
    order: AttributeOrder,
) -> Result<Edit, SetErrorKind> {
    if let Some(present) = node.attribute(namespace, name) {
        return Ok(Stored::Attribute(present).set(value)?);
    }
    let prefix = prefix_for(node, namespace)?;
    let text = escape_attribute(value, '"')?;
    let place = place_for(node, namespace, name, order);
    Ok(Edit::new(
        Span::at(place.at),
        format!("{}{prefix}{name}=\"{text}\"", place.gap),
    ))
}

/// Takes an attribute away with the white space before it; nothing to do when it is not there.
pub fn remove_attribute(node: Node<'_>, namespace: &str, name: &str) -> Option<Edit> {
    node.attribute(namespace, name)
        .map(|attribute| Edit::new(attribute.whole(), ""))
}

struct Place<'d> {
    at: u32,
    /// The white space that goes before the new attribute.
    gap: &'d str,
}

fn place_for<'d>(node: Node<'d>, namespace: &str, name: &str, order: AttributeOrder) -> Place<'d> {
    let document = node.document();
    let own = node
        .attributes()
        .filter(|attribute| attribute.namespace() == namespace);
    let gap = |attribute: Attr<'d>| document.text(attribute.gap());
    let before = own
        .clone()
        .rfind(|attribute| order.is_before(attribute.name(), name));
    if let Some(before) = before {
        // The first attribute may stand on the line of the tag while the others have lines of their own.
        let next = own
            .clone()
            .find(|attribute| attribute.gap().start >= before.whole().end);
        return Place {
            at: before.whole().end,
            gap: gap(next.unwrap_or(before)),
        };
    }
    match own.clone().next() {
        Some(first) => Place {
            at: first.whole().start,
            gap: gap(first),
        },
        None => Place {
            at: node.name_span().end,
            gap: node.attributes().next().map_or(" ", gap),
        },
    }
}

/// The prefix, with its colon, that the namespace has at this element.
pub(super) fn prefix_for(node: Node<'_>, namespace: &'static str) -> Result<String, SetErrorKind> {
    if namespace.is_empty() {
        return Ok(String::new());
    }
    let prefixed = node
        .attributes()
        .find(|attribute| attribute.namespace() == namespace);
    if let Some(prefixed) = prefixed {
        let name = prefixed.qualified_name();
        let length = name.len() - prefixed.name().len();
        return Ok(name.get(..length).unwrap_or_default().to_owned());
    }
    if node.namespace() == namespace && !node.prefix().is_empty() {
        return Ok(node.prefix().to_owned());
    }
    let mut around = Some(node);
    while let Some(node) = around {
        let declared = node.attributes().find(|attribute| {
            attribute.is_declaration()
                && attribute.qualified_name() != "xmlns"
                && attribute.value().text == namespace
        });
        if let Some(declared) = declared {
            return Ok(format!("{}:", declared.name()));
        }
        around = node.parent();
    }
    Err(SetErrorKind::NoPrefix(namespace))
}
