//! A connection manager, of a package or of a project (`.conmgr`).

use std::borrow::Cow;

use crate::source::Span;
use crate::xml::Node;

use super::names::DTS;
use super::object::Object;
use super::stored::Stored;

/// A connection manager of any type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionManager<'d>(Object<'d>);

impl<'d> ConnectionManager<'d> {
    /// The connection manager that this element describes, if it does.
    ///
    /// The data of many types is an element of the same name inside `ObjectData`; that one is none.
    pub fn new(node: Node<'d>) -> Option<ConnectionManager<'d>> {
        let is_data = node
            .parent()
            .is_some_and(|parent| parent.is(DTS, "ObjectData"));
        (node.is(DTS, "ConnectionManager") && !is_data)
            .then_some(ConnectionManager(Object::new(node)))
    }

    /// Its common properties.
    pub fn object(self) -> Object<'d> {
        self.0
    }

    /// The type, as `CreationName` tells it: `SMTP`, `OLEDB`, `FILE`, or the name of a class.
    pub fn type_name(self) -> Cow<'d, str> {
        self.0.text("CreationName").unwrap_or_default()
    }

    /// Whether this is Microsoft's SMTP connection manager; `SMTP (KingswaySoft)` and the like are other types.
    pub fn is_smtp(self) -> bool {
        self.type_name() == "SMTP"
    }

    /// The element that holds the type's own data: `SmtpConnectionManager` or `DTS:ConnectionManager`.
    ///
    /// Hand-made files leave `ObjectData` out; the data is then searched directly inside.
    pub fn data(self) -> Option<Node<'d>> {
        let node = self.0.node();
        let outer = node.child(DTS, "ObjectData").unwrap_or(node);
        outer
            .children()
            .find(|child| child.name().ends_with("ConnectionManager"))
    }

    /// The connection string, where it is stored.
    pub fn connection_string(self) -> Option<Stored<'d>> {
        self.data()
            .and_then(|data| own_property(data, "ConnectionString"))
            .or_else(|| self.0.property("ConnectionString"))
    }

    /// A property that only this type has, where it is stored.
    pub fn own(self, name: &str) -> Option<Stored<'d>> {
        self.data().and_then(|data| own_property(data, name))
    }

    /// The whole element.
    pub fn span(self) -> Span {
        self.0.node().span()
    }
}

/// `ConnectionString` is an attribute without a namespace (SMTP, third parties), one of the DTS namespace (formats
/// 6 and 8), or a `DTS:Property` (formats 2 and 3).
fn own_property<'d>(data: Node<'d>, name: &str) -> Option<Stored<'d>> {
    data.attribute("", name)
        .or_else(|| data.attribute(DTS, name))
        .map(Stored::Attribute)
        .or_else(|| Object::new(data).property(name))
}
