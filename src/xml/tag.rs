//! A scanner of one start tag.
//!
//! quick-xml finds where a tag ends; its attribute iterator would cost twice the time of all tokens together, so
//! the names and values inside are found here.

use memchr::memchr3;

use super::characters::{NameByte, is_space, name_byte};
use super::error::XmlErrorKind;

/// The start of a tag: `<name`, then attributes.
#[derive(Debug)]
pub(super) struct Tag<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
}

/// A name as it is written; places are offsets in the tag.
#[derive(Clone, Copy, Debug)]
pub(super) struct WrittenName {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Known of names that are ASCII and well-formed, as nearly all are: how long the prefix is, with its colon.
    pub(super) prefix_length: Option<usize>,
}

/// An attribute as it is written; places are offsets in the tag.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written {
    pub(super) name: WrittenName,
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
    pub(super) fn name(&mut self) -> (&'t str, WrittenName) {
        let name = self.name_until(|b| is_space(b) || b == b'/' || b == b'>');
        let text = self.text.get(name.start..name.end);
        (text.unwrap_or_default(), name)
    }

    /// One walk finds where a name ends, whether it is one, and its colon: names are a fifth of what is read here.
    fn name_until(&mut self, ends: impl Fn(u8) -> bool) -> WrittenName {
        let start = self.at;
        let (mut prefix_length, mut begins, mut is_name) = (0, true, true);
        while let Some(byte) = self.peek() {
            match name_byte(byte) {
                NameByte::Start => begins = false,
                NameByte::Inside => is_name &= !begins,
                NameByte::Other if ends(byte) => break,
                NameByte::Other if byte == b':' && prefix_length == 0 && !begins => {
                    prefix_length = self.at + 1 - start;
                    begins = true;
                }
                NameByte::Other => is_name = false,
            }
            self.at += 1;
        }
        WrittenName {
            start,
            end: self.at,
            prefix_length: (is_name && !begins).then_some(prefix_length),
        }
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
        let name = self.name_until(|b| is_space(b) || matches!(b, b'=' | b'/' | b'>'));
        if name.start == name.end {
            return Err((XmlErrorKind::Attribute("the name of an attribute"), self.at));
        }
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
            name,
            value_start,
            value_end,
            has_references,
        }))
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }
}
