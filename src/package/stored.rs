//! A value where it is stored: an attribute in formats 6 and 8, an element in formats 2 and 3.

use std::borrow::Cow;
use std::ops::Range;

use crate::connection_string::Replacement;
use crate::source::{Decoded, Span};
use crate::xml::{Attr, Edit, Node, Unrepresentable, escape_attribute, escape_text};

/// A stored value, one face for both generations.
#[derive(Clone, Copy, Debug)]
pub enum Stored<'d> {
    /// The value of an attribute.
    Attribute(Attr<'d>),
    /// The character data of an element.
    Element(Node<'d>),
}

impl<'d> Stored<'d> {
    /// The value and the way back to its place.
    pub fn text(&self) -> Decoded<'d> {
        match self {
            Stored::Attribute(attribute) => attribute.value(),
            Stored::Element(node) => node.value(),
        }
    }

    /// What SSIS reads: of an element that holds nothing but white space nothing, unless it is to be kept.
    ///
    /// The designer writes an empty value as a line end and the indentation of the end tag.
    pub fn meaning(&self) -> Cow<'d, str> {
        let text = self.text().into_text();
        let is_layout = match self {
            Stored::Attribute(_) => false,
            Stored::Element(node) => {
                !text.is_empty()
                    && text.trim_matches([' ', '\t', '\r', '\n']).is_empty()
                    && node.attribute(XML, "space").is_none()
            }
        };
        if is_layout { Cow::Borrowed("") } else { text }
    }

    /// The place of the value: between the quotes, or between the tags.
    pub fn span(&self) -> Span {
        match self {
            Stored::Attribute(attribute) => attribute.raw(),
            Stored::Element(node) => node.content(),
        }
    }

    /// The edit that gives the whole value a new text.
    ///
    /// An element that is its own end tag (`<a />`) is opened for it.
    ///
    /// # Errors
    ///
    /// [`Unrepresentable`] when the text holds a character that XML does not allow.
    pub fn set(&self, value: &str) -> Result<Edit, Unrepresentable> {
        match self {
            Stored::Attribute(attribute) => {
                let text = escape_attribute(value, attribute.quote())?;
                Ok(Edit::new(attribute.raw(), text))
            }
            Stored::Element(node) => {
                let text = escape_text(value)?;
                if !node.is_self_closing() {
                    return Ok(Edit::new(node.content(), text));
                }
                let tag = node.tag();
                let end = node.document().text(tag);
                let open = end.trim_end_matches("/>").trim_end();
                let closing = Span::new(tag.start + length(open), tag.end);
                let name = node.qualified_name();
                Ok(Edit::new(closing, format!(">{text}</{name}>")))
            }
        }
    }

    /// The edit that replaces the characters `piece` of the value, and no others.
    ///
    /// Where the value is written with CDATA or comments, the whole value is written anew: a piece of it may begin
    /// inside such a section and end outside.
    ///
    /// # Errors
    ///
    /// [`Unrepresentable`] when the text holds a character that XML does not allow.
    pub fn replace(&self, piece: Range<usize>, by: &str) -> Result<Edit, Unrepresentable> {
        let value = self.text();
        match self {
            Stored::Attribute(attribute) => {
                let text = escape_attribute(by, attribute.quote())?;
                Ok(Edit::new(value.raw_span(piece), text))
            }
            Stored::Element(node) if node.has_plain_content() && !node.is_self_closing() => {
                Ok(Edit::new(value.raw_span(piece), escape_text(by)?))
            }
            Stored::Element(_) => {
                let mut whole = value.text.into_owned();
                if whole.get(piece.clone()).is_some() {
                    whole.replace_range(piece, by);
                }
                self.set(&whole)
            }
        }
    }

    /// The edits that make replacements in the value, each of its own characters.
    ///
    /// # Errors
    ///
    /// [`Unrepresentable`] when a new text holds a character that XML does not allow.
    pub fn replace_all(&self, replacements: &[Replacement]) -> Result<Vec<Edit>, Unrepresentable> {
        if let Stored::Element(node) = self
            && !replacements.is_empty()
            && (node.is_self_closing() || !node.has_plain_content())
        {
            let whole = Replacement::apply(replacements, &self.text().text);
            return Ok(vec![self.set(&whole)?]);
        }
        replacements
            .iter()
            .map(|replacement| self.replace(replacement.range.clone(), &replacement.text))
            .collect()
    }
}

/// The namespace of `xml:space`.
pub(super) const XML: &str = "http://www.w3.org/XML/1998/namespace";

fn length(text: &str) -> u32 {
    u32::try_from(text.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;
    use crate::xml::{Document, EditSet, Limits};

    fn changed(text: &str, edit: impl Fn(&Document) -> Edit) -> String {
        let document = Document::parse(Source::from_text(text), &Limits::default()).unwrap();
        let mut edits = EditSet::new();
        edits.push(edit(&document)).unwrap();
        String::from_utf8(document.apply(&document.sealed(edits).unwrap())).unwrap()
    }

    #[test]
    fn a_piece_is_replaced_where_it_stands() {
        let attribute = |d: &Document| {
            let value = Stored::Attribute(d.root().attribute("", "b").unwrap());
            value.replace(2..4, "\"&\n").unwrap()
        };
        assert_eq!(
            changed("<a b='x&amp;&lt;z'/>", attribute),
            "<a b='x&amp;\"&amp;&#xA;'/>"
        );
        let element = |d: &Document| Stored::Element(d.root()).replace(1..2, "<>").unwrap();
        assert_eq!(changed("<a>x&amp;z</a>", element), "<a>x&lt;&gt;z</a>");
        assert_eq!(
            changed("<a>x<![CDATA[y]]>z</a>", element),
            "<a>x&lt;&gt;z</a>"
        );
    }

    #[test]
    fn an_empty_element_is_opened() {
        let set = |d: &Document| Stored::Element(d.root()).set("v").unwrap();
        assert_eq!(
            changed("<p:a xmlns:p='u' b=''  />", set),
            "<p:a xmlns:p='u' b=''>v</p:a>"
        );
        assert_eq!(changed("<a></a>", set), "<a>v</a>");
    }
}
