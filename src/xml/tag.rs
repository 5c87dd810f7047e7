//! A scanner of one start tag.
//!
//! quick-xml finds where a tag ends; its attribute iterator would cost twice the time of all tokens together, so
//! the names and values inside are found here.

use memchr::memchr3;

use super::characters::is_space;
use super::error::XmlErrorKind;

/// The start of a tag: `<name`, then attributes.
#[derive(Debug)]
pub(super) struct Tag<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
}

/// An attribute as it is written; places are offsets in the tag.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written {
    pub(super) name_start: usize,
    pub(super) name_end: usize,
    pub(super) value_start: usize,
    pub(super) value_end: usize,
    /// Whether the value holds a `&`.
    pub(super) has_references: bool,
}

/// What is wrong, and where in the tag.
pub(super) type Fault = (XmlErrorKind, usize);

impl<'t> Tag<'t> {
    /// `text` is the whole tag, from `<` to `>`.
    pub(super) fn new(text: &'t str) -> Tag<'t> {
        Tag {
            text,
            bytes: text.as_bytes(),
            at: 1,
        }
    }

    /// The element's name.
    pub(super) fn name(&mut self) -> &'t str {
        let start = self.at;
        self.at = self.end_of(start, |b| is_space(b) || b == b'/' || b == b'>');
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// The next attribute; `None` at the end of the tag.
    pub(super) fn next_attribute(&mut self) -> Result<Option<Written>, Fault> {
        let gap = self.at;
        self.skip_space();
        match self.peek() {
            None | Some(b'>') => return Ok(None),
            // quick-xml ends a tag at the first `>` outside quotes, so `/` must be right before it.
            Some(b'/') if self.at + 2 == self.bytes.len() => return Ok(None),
            Some(_) if self.at == gap => {
                return Err((
                    XmlErrorKind::Attribute("white space between attributes"),
                    gap,
                ));
            }
            Some(_) => {}
        }
        let name_start = self.at;
        let name_end = self.end_of(name_start, |b| {
            is_space(b) || matches!(b, b'=' | b'/' | b'>')
        });
        if name_start == name_end {
            return Err((XmlErrorKind::Attribute("the name of an attribute"), self.at));
        }
        self.at = name_end;
        self.skip_space();
        if self.peek() != Some(b'=') {
            return Err((
                XmlErrorKind::Attribute("`=` and a value behind the name of an attribute"),
                self.at,
            ));
        }
        self.at += 1;
        self.skip_space();
        let quote = match self.peek() {
            Some(quote @ (b'"' | b'\'')) => quote,
            _ => {
                return Err((
                    XmlErrorKind::Attribute("a quote around the value of an attribute"),
                    self.at,
                ));
            }
        };
        let value_start = self.at + 1;
        let mut has_references = false;
        let mut value_end = value_start;
        loop {
            let rest = self.bytes.get(value_end..).unwrap_or_default();
            let Some(found) = memchr3(quote, b'&', b'<', rest) else {
                return Err((XmlErrorKind::Unclosed("an attribute value"), value_start));
            };
            value_end += found;
            match self.bytes.get(value_end) {
                Some(b'<') => return Err((XmlErrorKind::LessThanInValue, value_end)),
                Some(b'&') => {
                    has_references = true;
                    value_end += 1;
                }
                _ => break,
            }
        }
        self.at = value_end + 1;
        Ok(Some(Written {
            name_start,
            name_end,
            value_start,
            value_end,
            has_references,
        }))
    }

    fn end_of(&self, start: usize, mut ends: impl FnMut(u8) -> bool) -> usize {
        self.bytes
            .get(start..)
            .unwrap_or_default()
            .iter()
            .position(|&b| ends(b))
            .map_or(self.bytes.len(), |length| start + length)
    }

    fn skip_space(&mut self) {
        self.at = self.end_of(self.at, |b| !is_space(b));
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }
}
