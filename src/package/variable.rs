//! Variables, and the parameters of packages and projects.

use std::borrow::Cow;

use crate::xml::Node;

use super::names::{DTS, SSIS, boolean};
use super::object::Object;
use super::stored::Stored;

/// A variable of a package, a container, a task or an event handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable<'d>(Object<'d>);

impl<'d> Variable<'d> {
    /// The variable that this element describes.
    pub fn new(object: Object<'d>) -> Variable<'d> {
        Variable(object)
    }

    /// Its common properties.
    pub fn object(self) -> Object<'d> {
        self.0
    }

    /// The namespace, `User` for nearly all.
    pub fn namespace(self) -> Cow<'d, str> {
        self.0.text("Namespace").unwrap_or_default()
    }

    /// Namespace and name: `User::Body`.
    pub fn qualified_name(self) -> String {
        format!("{}::{}", self.namespace(), self.0.name())
    }

    /// The value at design time, where it is stored.
    pub fn value(self) -> Option<Stored<'d>> {
        self.value_node().map(Stored::Element)
    }

    /// The type of the value, a number of the VARENUM enumeration: 3 Int32, 8 String, 11 Boolean.
    pub fn data_type(self) -> Option<u16> {
        let attribute = self.value_node()?.attribute(DTS, "DataType")?;
        attribute.value().text.trim().parse().ok()
    }

    fn value_node(self) -> Option<Node<'d>> {
        self.0.node().child(DTS, "VariableValue")
    }

    /// Whether what is stored is a ciphertext.
    pub fn is_encrypted(self) -> bool {
        let Some(value) = self.value_node() else {
            return false;
        };
        ["Encrypted", "Salt"].iter().any(|name| {
            ["", DTS]
                .iter()
                .any(|namespace| value.attribute(namespace, name).is_some())
        })
    }

    /// The expression, where it is stored, evaluated or not.
    pub fn expression(self) -> Option<Stored<'d>> {
        self.0
            .property("Expression")
            .filter(|stored| !stored.text().text.is_empty())
    }

    /// Whether the value is computed by the expression.
    pub fn is_evaluated(self) -> bool {
        self.0.boolean("EvaluateAsExpression") == Some(true)
    }
}

/// A parameter of a package (in the package) or of a project (in `Project.params`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter<'d> {
    node: Node<'d>,
    scope: ParameterScope,
}

/// Whose parameter it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterScope {
    /// `$Package::name`
    Package,
    /// `$Project::name`
    Project,
}

impl<'d> Parameter<'d> {
    pub(super) fn of_package(node: Node<'d>) -> Option<Parameter<'d>> {
        node.is(DTS, "PackageParameter").then_some(Parameter {
            node,
            scope: ParameterScope::Package,
        })
    }

    pub(super) fn of_project(node: Node<'d>) -> Option<Parameter<'d>> {
        node.is(SSIS, "Parameter").then_some(Parameter {
            node,
            scope: ParameterScope::Project,
        })
    }

    /// Whose parameter it is.
    pub fn scope(self) -> ParameterScope {
        self.scope
    }

    /// The element.
    pub fn node(self) -> Node<'d> {
        self.node
    }

    /// The name, without its namespace.
    pub fn name(self) -> Cow<'d, str> {
        match self.scope {
            ParameterScope::Package => Object::new(self.node).name(),
            ParameterScope::Project => self
                .node
                .attribute(SSIS, "Name")
                .map(|name| name.value().into_text())
                .unwrap_or_default(),
        }
    }

    /// The value at design time, where it is stored.
    pub fn value(self) -> Option<Stored<'d>> {
        match self.scope {
            ParameterScope::Package => Object::new(self.node).property("ParameterValue"),
            ParameterScope::Project => self.property("Value"),
        }
    }

    /// The type: VARENUM in a package, the .NET TypeCode in a project.
    pub fn data_type(self) -> Option<u16> {
        let stored = match self.scope {
            ParameterScope::Package => Object::new(self.node).property("DataType"),
            ParameterScope::Project => self.property("DataType"),
        };
        stored?.text().text.trim().parse().ok()
    }

    /// Whether the value is a secret.
    pub fn is_sensitive(self) -> bool {
        self.flag("Sensitive")
    }

    /// Whether a value must be given when the package runs.
    pub fn is_required(self) -> bool {
        self.flag("Required")
    }

    fn flag(self, name: &str) -> bool {
        let stored = match self.scope {
            ParameterScope::Package => Object::new(self.node).property(name),
            ParameterScope::Project => self.property(name),
        };
        stored.and_then(|stored| boolean(&stored.text().text)) == Some(true)
    }

    /// The id, a GUID in braces.
    pub fn id(self) -> Option<Cow<'d, str>> {
        match self.scope {
            ParameterScope::Package => Object::new(self.node).id(),
            ParameterScope::Project => self.property("ID").map(|id| id.text().into_text()),
        }
    }

    fn property(self, name: &str) -> Option<Stored<'d>> {
        ssis_property(self.node, name).map(Stored::Element)
    }
}

/// `SSIS:Properties/SSIS:Property` with this `SSIS:Name`.
pub(super) fn ssis_property<'d>(node: Node<'d>, name: &str) -> Option<Node<'d>> {
    node.child(SSIS, "Properties")?.children().find(|property| {
        property.is(SSIS, "Property")
            && property
                .attribute(SSIS, "Name")
                .is_some_and(|attribute| attribute.value().text == name)
    })
}
