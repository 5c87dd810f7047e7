//! Elements and attributes as they are looked at: a document and a number.

use std::fmt;

use crate::source::{Decoded, Span};

use super::document::{Attribute, Document, Element, NO_PARENT, NodeId};
use super::value::{decode_attribute, decode_content};

/// An element of a document.
#[derive(Clone, Copy)]
pub struct Node<'d> {
    document: &'d Document,
    id: NodeId,
    element: &'d Element,
}

impl<'d> Node<'d> {
    /// The id must be one of the document; ids come from nowhere else than [`Node::id`].
    pub(super) fn new(document: &'d Document, id: NodeId) -> Node<'d> {
        static NONE: Element = Element {
            start: 0,
            tag_end: 0,
            content_end: 0,
            end: 0,
            prefix_length: 0,
            name_length: 0,
            namespace: 0,
            parent: NO_PARENT,
            subtree_end: 0,
            attributes_start: 0,
            attributes_end: 0,
        };
        Node {
            document,
            id,
            element: document.elements.get(id.0 as usize).unwrap_or(&NONE),
        }
    }

    /// The document.
    pub fn document(self) -> &'d Document {
        self.document
    }

    /// The number of the element, for keeping without a borrow.
    pub fn id(self) -> NodeId {
        self.id
    }

    /// The local name.
    pub fn name(self) -> &'d str {
        let start = self.element.start + 1;
        self.document.text(Span::new(
            start + u32::from(self.element.prefix_length),
            start + u32::from(self.element.name_length),
        ))
    }

    /// The name as it is written, with its prefix.
    pub fn qualified_name(self) -> &'d str {
        self.document.text(self.name_span())
    }

    /// The prefix with its colon, or nothing.
    pub fn prefix(self) -> &'d str {
        let start = self.element.start + 1;
        self.document.text(Span::new(
            start,
            start + u32::from(self.element.prefix_length),
        ))
    }

    /// The place of the name in the start tag.
    pub fn name_span(self) -> Span {
        let start = self.element.start + 1;
        Span::new(start, start + u32::from(self.element.name_length))
    }

    /// The URI of the namespace, empty for none.
    pub fn namespace(self) -> &'d str {
        self.document
            .namespaces
            .get(self.element.namespace as usize)
            .map_or("", String::as_str)
    }

    /// Whether the element has this name; the namespace is a URI, empty for none.
    pub fn is(self, namespace: &str, name: &str) -> bool {
        self.name() == name && self.namespace() == namespace
    }

    /// The whole element, both tags included.
    pub fn span(self) -> Span {
        Span::new(self.element.start, self.element.end)
    }

    /// The start tag.
    pub fn tag(self) -> Span {
        Span::new(self.element.start, self.element.tag_end)
    }

    /// What stands between the tags; empty, and at the end of the tag, for `<a />`.
    pub fn content(self) -> Span {
        Span::new(self.element.tag_end, self.element.content_end)
    }

    /// Whether the start tag is its own end tag: `<a />`.
    pub fn is_self_closing(self) -> bool {
        self.element.tag_end == self.element.end
    }

    /// The element around this one.
    pub fn parent(self) -> Option<Node<'d>> {
        (self.element.parent != NO_PARENT)
            .then(|| Node::new(self.document, NodeId(self.element.parent)))
    }

    /// The elements directly inside; a protected element that was opened shows as its plaintext.
    pub fn children(self) -> Children<'d> {
        Children {
            document: self.document,
            next: self.id.0 + 1,
            end: self.element.subtree_end,
        }
    }

    /// The first child of this name.
    pub fn child(self, namespace: &str, name: &str) -> Option<Node<'d>> {
        self.children().find(|child| child.is(namespace, name))
    }

    /// All elements inside, in document order, this one not included.
    pub fn descendants(self) -> Descendants<'d> {
        Descendants {
            document: self.document,
            next: self.id.0 + 1,
            end: self.element.subtree_end,
            outer: Vec::new(),
        }
    }

    /// The attributes as they are written, namespace declarations among them.
    pub fn attributes(self) -> impl DoubleEndedIterator<Item = Attr<'d>> + Clone {
        let range = self.element.attributes_start as usize..self.element.attributes_end as usize;
        let document = self.document;
        let element = self.element;
        document
            .attributes
            .get(range)
            .unwrap_or_default()
            .iter()
            .enumerate()
            .map(move |(index, attribute)| Attr {
                document,
                attribute,
                index: element.attributes_start + index as u32,
                first: element.attributes_start,
                name_end: element.start + 1 + u32::from(element.name_length),
            })
    }

    /// The attribute of this name; the namespace is a URI, empty for none.
    pub fn attribute(self, namespace: &str, name: &str) -> Option<Attr<'d>> {
        self.attributes()
            .find(|attribute| attribute.is(namespace, name))
    }

    /// The character data directly inside: references and CDATA decoded, comments and child elements left out,
    /// line ends as LF.
    pub fn value(self) -> Decoded<'d> {
        let content = self.content();
        let children = self.children().map(|child| {
            // The place of a protected element is its own, not that of its plaintext.
            match self.document.host_of(child.element.start) {
                Some(host) if self.document.host_of(self.element.start).is_none() => {
                    self.document.node(host).span()
                }
                _ => child.span(),
            }
        });
        decode_content(self.document.text(content), content.start, children)
    }

    /// Whether the content is plain character data: no CDATA, no comment, no element inside.
    pub fn has_plain_content(self) -> bool {
        !self.document.text(self.content()).contains('<')
    }
}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}> at {:?}", self.qualified_name(), self.span())
    }
}

impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.document, other.document) && self.id == other.id
    }
}

impl Eq for Node<'_> {}

/// The elements directly inside another.
#[derive(Clone, Debug)]
pub struct Children<'d> {
    document: &'d Document,
    next: u32,
    end: u32,
}

impl<'d> Iterator for Children<'d> {
    type Item = Node<'d>;

    fn next(&mut self) -> Option<Node<'d>> {
        if self.next >= self.end {
            return None;
        }
        let id = NodeId(self.next);
        let node = Node::new(self.document, id);
        self.next = node.element.subtree_end.max(self.next + 1);
        Some(opened(self.document, id).unwrap_or(node))
    }
}

/// The elements inside another, at any depth.
#[derive(Clone, Debug)]
pub struct Descendants<'d> {
    document: &'d Document,
    next: u32,
    end: u32,
    /// Where to go on when the plaintext of a protected element has been walked.
    outer: Vec<(u32, u32)>,
}

impl Descendants<'_> {
    /// Leaves out what is inside the element that was given last.
    pub fn skip_inside(&mut self, node: Node<'_>) {
        self.next = node.element.subtree_end.max(self.next);
    }
}

impl<'d> Iterator for Descendants<'d> {
    type Item = Node<'d>;

    fn next(&mut self) -> Option<Node<'d>> {
        while self.next >= self.end {
            (self.next, self.end) = self.outer.pop()?;
        }
        let id = NodeId(self.next);
        let mut node = Node::new(self.document, id);
        self.next += 1;
        if let Some(plain) = opened(self.document, id) {
            self.outer.push((node.element.subtree_end, self.end));
            self.next = plain.id.0 + 1;
            self.end = plain.element.subtree_end;
            node = plain;
        }
        Some(node)
    }
}

fn opened(document: &Document, id: NodeId) -> Option<Node<'_>> {
    if !document.has_replacements() {
        return None;
    }
    document
        .replacement(id)
        .map(|root| Node::new(document, root))
}

/// An attribute of an element.
#[derive(Clone, Copy)]
pub struct Attr<'d> {
    document: &'d Document,
    attribute: &'d Attribute,
    index: u32,
    /// Of the element: its first attribute, and the end of its name.
    first: u32,
    name_end: u32,
}

/// The namespace of `xmlns` and `xmlns:…` attributes.
pub(super) const XMLNS: &str = "http://www.w3.org/2000/xmlns/";
/// The namespace of the prefix `xml`.
pub(super) const XML: &str = "http://www.w3.org/XML/1998/namespace";

impl<'d> Attr<'d> {
    /// The local name.
    pub fn name(self) -> &'d str {
        self.document.text(Span::new(
            self.attribute.name_start + u32::from(self.attribute.prefix_length),
            self.attribute.name_start + u32::from(self.attribute.name_length),
        ))
    }

    /// The name as it is written, with its prefix.
    pub fn qualified_name(self) -> &'d str {
        self.document.text(self.name_span())
    }

    /// The place of the name.
    pub fn name_span(self) -> Span {
        Span::new(
            self.attribute.name_start,
            self.attribute.name_start + u32::from(self.attribute.name_length),
        )
    }

    /// The URI of the namespace, empty for none.
    pub fn namespace(self) -> &'d str {
        self.document
            .namespaces
            .get(self.attribute.namespace as usize)
            .map_or("", String::as_str)
    }

    /// Whether the attribute has this name; the namespace is a URI, empty for none.
    pub fn is(self, namespace: &str, name: &str) -> bool {
        self.name() == name && self.namespace() == namespace
    }

    /// Whether this declares a namespace.
    pub fn is_declaration(self) -> bool {
        self.namespace() == XMLNS
    }

    /// The value as a parser gives it: references decoded, white space characters as blanks.
    pub fn value(self) -> Decoded<'d> {
        let span = self.attribute.value;
        decode_attribute(self.document.text(span), span.start)
    }

    /// The place of the value, between the quotes.
    pub fn raw(self) -> Span {
        self.attribute.value
    }

    /// The quote around the value.
    pub fn quote(self) -> char {
        let end = self.attribute.value.end;
        match self.document.text(Span::new(end, end + 1)) {
            "'" => '\'',
            _ => '"',
        }
    }

    /// The attribute with the white space before it: what goes when the attribute goes.
    pub fn whole(self) -> Span {
        let previous = self
            .index
            .checked_sub(1)
            .filter(|&index| index >= self.first)
            .and_then(|index| self.document.attributes.get(index as usize));
        let start = previous.map_or(self.name_end, |attribute| attribute.value.end + 1);
        Span::new(start, self.attribute.value.end + 1)
    }

    /// The white space before the name.
    pub fn gap(self) -> Span {
        Span::new(self.whole().start, self.attribute.name_start)
    }
}

impl fmt::Debug for Attr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={:?}", self.qualified_name(), self.value().text)
    }
}
