//! What all objects of a package have in common.

use std::borrow::Cow;

use crate::xml::{Attr, Node};

use super::names::{DTS, boolean};
use super::stored::Stored;

/// How a file stores properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// Formats 2 and 3 (SQL Server 2005, 2008): `<DTS:Property DTS:Name="ObjectName">Mail</DTS:Property>`.
    Elements,
    /// Formats 6 and 8 (SQL Server 2012 and later): `DTS:ObjectName="Mail"`.
    Attributes,
}

/// An object of a package: the package itself, a task, a connection manager, a variable, an event handler.
///
/// Properties are asked by the names that the XML uses (`Disabled`, `ObjectName`); both generations answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Object<'d>(Node<'d>);

impl<'d> Object<'d> {
    /// The object that this element describes.
    pub fn new(node: Node<'d>) -> Object<'d> {
        Object(node)
    }

    /// The element.
    pub fn node(self) -> Node<'d> {
        self.0
    }

    /// How this object stores its properties; what it shows itself decides, because hand-made files mix both.
    pub fn generation(self) -> Generation {
        let by_attribute = ["ObjectName", "DTSID", "refId", "CreationName"]
            .iter()
            .any(|name| self.0.attribute(DTS, name).is_some());
        if by_attribute || self.element_property("ObjectName").is_none() {
            Generation::Attributes
        } else {
            Generation::Elements
        }
    }

    /// A property of the object, where it is stored; `None` when it is not written, which means its default.
    pub fn property(self, name: &str) -> Option<Stored<'d>> {
        match self.0.attribute(DTS, name) {
            Some(attribute) => Some(Stored::Attribute(attribute)),
            None => self.element_property(name).map(Stored::Element),
        }
    }

    fn element_property(self, name: &str) -> Option<Node<'d>> {
        self.0.children().find(|child| {
            child.is(DTS, "Property")
                && child
                    .attribute(DTS, "Name")
                    .is_some_and(|attribute| attribute.value().text == name)
        })
    }

    /// The text of a property.
    pub fn text(self, name: &str) -> Option<Cow<'d, str>> {
        self.property(name).map(|stored| stored.text().into_text())
    }

    /// A Boolean property; `None` when it is not written or not a Boolean.
    pub fn boolean(self, name: &str) -> Option<bool> {
        self.text(name).as_deref().and_then(boolean)
    }

    /// The name; empty when there is none.
    pub fn name(self) -> Cow<'d, str> {
        self.text("ObjectName").unwrap_or_default()
    }

    /// The id as it is stored, usually a GUID in braces.
    pub fn id(self) -> Option<Cow<'d, str>> {
        self.text("DTSID")
    }

    /// The expressions that compute properties of this object at run time.
    pub fn property_expressions(self) -> impl Iterator<Item = PropertyExpression<'d>> {
        self.0
            .children()
            .filter(|child| child.is(DTS, "PropertyExpression"))
            .filter_map(PropertyExpression::new)
    }

    /// The expression that computes the property of this name; names compare without case.
    pub fn property_expression(self, property: &str) -> Option<PropertyExpression<'d>> {
        self.property_expressions()
            .find(|expression| expression.property().eq_ignore_ascii_case(property))
    }

    /// The variables that belong to this object.
    pub fn variables(self) -> impl Iterator<Item = Object<'d>> {
        self.grouped("Variables", "Variable").map(Object)
    }

    /// The precedence constraints between what this object holds.
    pub fn precedence_constraints(self) -> impl Iterator<Item = Object<'d>> {
        self.grouped("PrecedenceConstraints", "PrecedenceConstraint")
            .map(Object)
    }

    /// Children of this name, whether they stand directly inside (formats 2 and 3) or in their collection.
    pub(super) fn grouped(
        self,
        collection: &'static str,
        name: &'static str,
    ) -> impl Iterator<Item = Node<'d>> {
        self.0.children().flat_map(move |child| {
            let direct = child.is(DTS, name).then_some(child);
            let inside = child
                .is(DTS, collection)
                .then(|| child.children().filter(move |inner| inner.is(DTS, name)));
            direct.into_iter().chain(inside.into_iter().flatten())
        })
    }
}

/// An expression that computes a property at run time, and wins over the stored value.
#[derive(Clone, Copy, Debug)]
pub struct PropertyExpression<'d> {
    node: Node<'d>,
    name: Attr<'d>,
}

impl<'d> PropertyExpression<'d> {
    fn new(node: Node<'d>) -> Option<PropertyExpression<'d>> {
        let name = node.attribute(DTS, "Name")?;
        Some(PropertyExpression { node, name })
    }

    /// The property, by its name in the object model (`ToLine`, not the XML's `To`).
    pub fn property(self) -> Cow<'d, str> {
        self.name.value().into_text()
    }

    /// The expression, where it is stored.
    pub fn stored(self) -> Stored<'d> {
        Stored::Element(self.node)
    }

    /// The text of the expression.
    pub fn text(self) -> Cow<'d, str> {
        self.node.value().into_text()
    }

    /// The element.
    pub fn node(self) -> Node<'d> {
        self.node
    }
}
