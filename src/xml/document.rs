//! The document: texts, elements, attributes, and the way back to bytes.

use zeroize::Zeroizing;

use crate::source::{LineColumn, Source, Span};

use super::declaration::{Declaration, Diagnostic};
use super::edit::{EditSet, Sealed};
use super::error::XmlError;
use super::limits::Limits;
use super::node::Node;
use super::parse::Parser;

/// An element of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(super) u32);

/// Everything the tree keeps of an element: places, and what the places cannot tell cheaply.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element {
    /// Of the start tag's `<`.
    pub(super) start: u32,
    /// Behind the start tag's `>`.
    pub(super) tag_end: u32,
    /// Of the end tag's `<`; where the start tag ends when it is its own end tag.
    pub(super) content_end: u32,
    /// Behind the end tag's `>`.
    pub(super) end: u32,
    /// Length of the prefix and its colon.
    pub(super) prefix_length: u16,
    /// Length of the whole name.
    pub(super) name_length: u16,
    pub(super) namespace: u32,
    pub(super) parent: u32,
    /// The first element in document order that is not inside this one.
    pub(super) subtree_end: u32,
    pub(super) attributes_start: u32,
    pub(super) attributes_end: u32,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Attribute {
    pub(super) name_start: u32,
    pub(super) prefix_length: u16,
    pub(super) name_length: u16,
    pub(super) namespace: u32,
    /// Of the value, between its quotes.
    pub(super) value: Span,
}

/// The plaintext of an opened protected element: it may be a secret, so it is wiped when dropped.
#[derive(Debug)]
struct Plaintext {
    base: u32,
    text: Zeroizing<String>,
    host: NodeId,
    root: NodeId,
}

pub(super) const NO_PARENT: u32 = u32::MAX;

/// A document that was read; it never changes, edits give new bytes.
#[derive(Debug)]
pub struct Document {
    source: Source,
    plaintexts: Vec<Plaintext>,
    pub(super) elements: Vec<Element>,
    pub(super) attributes: Vec<Attribute>,
    /// URIs by number: none, XML's own, that of declarations, then those of the document.
    pub(super) namespaces: Vec<String>,
    declaration: Option<Declaration>,
    diagnostics: Vec<Diagnostic>,
}

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    ///
    /// [`XmlError`] with the place, when the text is not well-formed or larger than `limits`.
    pub fn parse(source: Source, limits: &Limits) -> Result<Document, XmlError> {
        let mut parser = Parser::new(limits, Vec::new(), Vec::new(), Vec::new());
        let declaration = parser
            .document(source.text(), 0)
            .map_err(|fault| fault.into_error(&source))?;
        let (elements, attributes, namespaces) = parser.finish();
        let diagnostics = declaration
            .and_then(|declaration| declaration.contradiction(&source))
            .into_iter()
            .collect();
        Ok(Document {
            source,
            plaintexts: Vec::new(),
            elements,
            attributes,
            namespaces,
            declaration,
            diagnostics,
        })
    }

    /// Opens a protected element: its decrypted text stands in the tree in the place of the element itself.
    ///
    /// The text is a document of its own; its spans come behind those of all texts so far. An element inside
    /// plaintext cannot be opened in turn.
    ///
    /// # Errors
    ///
    /// [`XmlError`] when the plaintext is not well-formed, with its place inside the plaintext, which is not shown.
    /// The document is then as it was.
    pub fn graft(
        &mut self,
        host: NodeId,
        plaintext: Zeroizing<String>,
        limits: &Limits,
    ) -> Result<NodeId, XmlError> {
        let base = self.next_base();
        let (elements, attributes) = (self.elements.len(), self.attributes.len());
        let mut parser = Parser::new(
            limits,
            std::mem::take(&mut self.elements),
            std::mem::take(&mut self.attributes),
            std::mem::take(&mut self.namespaces),
        );
        let outcome = parser.document(&plaintext, base);
        (self.elements, self.attributes, self.namespaces) = parser.finish();
        if let Err(fault) = outcome {
            self.elements.truncate(elements);
            self.attributes.truncate(attributes);
            return Err(fault.into_error(&Source::from_text(String::clone(&plaintext))));
        }
        let root = NodeId(u32::try_from(elements).unwrap_or(u32::MAX));
        let parent = self
            .elements
            .get(host.0 as usize)
            .map_or(NO_PARENT, |element| element.parent);
        if let Some(element) = self.elements.get_mut(elements) {
            element.parent = parent;
        }
        self.plaintexts.push(Plaintext {
            base,
            text: plaintext,
            host,
            root,
        });
        Ok(root)
    }

    /// One number is left free between two texts, so that the end of one is not the start of the next.
    fn next_base(&self) -> u32 {
        let end = match self.plaintexts.last() {
            Some(last) => last.base as usize + last.text.len(),
            None => self.source.text().len(),
        };
        u32::try_from(end + 1).unwrap_or(u32::MAX)
    }

    /// The root element.
    pub fn root(&self) -> Node<'_> {
        let root = NodeId(0);
        Node::new(self, self.replacement(root).unwrap_or(root))
    }

    /// The element of this id, which must have come from this document.
    pub fn node(&self, id: NodeId) -> Node<'_> {
        Node::new(self, id)
    }

    /// The innermost element around the place `at` of the file's own text.
    pub fn innermost(&self, at: u32) -> Option<Node<'_>> {
        let own = self
            .plaintexts
            .first()
            .map_or(self.elements.len(), |plaintext| plaintext.root.0 as usize);
        let before = self
            .elements
            .get(..own)?
            .partition_point(|element| element.start <= at);
        let index = u32::try_from(before.checked_sub(1)?).ok()?;
        let mut node = Some(Node::new(self, NodeId(index)));
        while let Some(inner) = node
            && inner.span().end <= at
        {
            node = inner.parent();
        }
        node
    }

    /// How many elements there are.
    pub fn element_count(&self) -> usize {
        self.elements.len()
    }

    /// The file's own text and encoding.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The XML declaration.
    pub fn declaration(&self) -> Option<Declaration> {
        self.declaration
    }

    /// What the file says of itself and is not true.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// The characters of `span`, in whichever text they lie; nothing for a span that is not of this document.
    pub fn text(&self, span: Span) -> &str {
        let (text, base) = self.text_at(span.start);
        let start = span.start.saturating_sub(base) as usize;
        let end = span.end.saturating_sub(base) as usize;
        text.get(start..end).unwrap_or_default()
    }

    fn text_at(&self, at: u32) -> (&str, u32) {
        match self.plaintext_at(at) {
            Some(plaintext) => (&plaintext.text, plaintext.base),
            None => (self.source.text(), 0),
        }
    }

    fn plaintext_at(&self, at: u32) -> Option<&Plaintext> {
        if self.plaintexts.is_empty() {
            return None;
        }
        let index = self
            .plaintexts
            .partition_point(|plaintext| plaintext.base <= at);
        index.checked_sub(1).and_then(|i| self.plaintexts.get(i))
    }

    /// The protected element whose plaintext holds the place `at`; `None` in the file's own text.
    pub fn host_of(&self, at: u32) -> Option<NodeId> {
        self.plaintext_at(at).map(|plaintext| plaintext.host)
    }

    /// What stands in the tree in place of a protected element.
    pub(super) fn replacement(&self, id: NodeId) -> Option<NodeId> {
        self.plaintexts
            .iter()
            .find(|plaintext| plaintext.host == id)
            .map(|plaintext| plaintext.root)
    }

    pub(super) fn has_replacements(&self) -> bool {
        !self.plaintexts.is_empty()
    }

    /// Where `span` is in the stored file; for plaintext, where the protected element is.
    pub fn place(&self, span: Span) -> Place {
        let (span, decrypted) = match self.host_of(span.start) {
            Some(host) => (self.node(host).span(), true),
            None => (span, false),
        };
        Place {
            start: self.source.byte_offset(span.start),
            end: self.source.byte_offset(span.end),
            from: self.source.line_column(span.start),
            to: self.source.line_column(span.end),
            decrypted,
        }
    }

    /// The edits as ones that can be written.
    ///
    /// # Errors
    ///
    /// The edits come back when one of them lies inside plaintext, is not of this document, or cuts a character.
    pub fn sealed(&self, edits: EditSet) -> Result<Sealed, EditSet> {
        let text = self.source.text();
        let writable = edits.iter().all(|edit| {
            self.host_of(edit.span.start).is_none() && text.get(edit.span.range()).is_some()
        });
        if writable {
            Ok(Sealed::new(edits))
        } else {
            Err(edits)
        }
    }

    /// The bytes of the changed file: every character outside the edits is the one that was there.
    pub fn apply(&self, edits: &Sealed) -> Vec<u8> {
        let text = self.source.text();
        let grown: usize = edits.edits().iter().map(|edit| edit.text.len()).sum();
        let mut changed = String::with_capacity(text.len() + grown);
        let mut at = 0usize;
        for edit in edits.edits().iter() {
            let range = edit.span.range();
            changed.push_str(text.get(at..range.start).unwrap_or_default());
            changed.push_str(&edit.text);
            at = range.end;
        }
        changed.push_str(text.get(at..).unwrap_or_default());
        self.source.encode(&changed)
    }
}

/// A place in the stored file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Offset of the first byte, the byte order mark counted.
    pub start: u64,
    /// Offset behind the last byte.
    pub end: u64,
    /// Line and column of the first character.
    pub from: LineColumn,
    /// Line and column behind the last character.
    pub to: LineColumn,
    /// Whether this is the place of a protected element that was opened, the value itself being inside.
    pub decrypted: bool,
}
