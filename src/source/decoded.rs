//! A decoded value and the way back to the text it was decoded from.

use std::borrow::Cow;
use std::ops::Range;

use super::Span;

/// A decoded value that knows, for each place in it, the place in the text it came from.
///
/// The maps compose. A literal decoded from an expression that was itself decoded from an attribute is found in
/// the file by `attribute.raw_span(literal.raw_span(range).range())`.
///
/// Where several places of the text stand for one place of the value (a comment or a CDATA mark between two
/// characters), the later one is meant, except at the very start. So the spans of two halves of a value always
/// join to the span of the whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded<'s> {
    /// The value.
    pub text: Cow<'s, str>,
    raw: Span,
    /// `(offset in the value, offset in the text)`, ascending; between two entries both run in step.
    jumps: Vec<(u32, u32)>,
}

impl<'s> Decoded<'s> {
    /// A value that is spelled in the text exactly as it is.
    pub fn verbatim(text: &'s str, start: u32) -> Decoded<'s> {
        Decoded {
            raw: Span::new(start, start.saturating_add(len32(text))),
            text: Cow::Borrowed(text),
            jumps: Vec::new(),
        }
    }

    /// The whole stretch of the text that the value was decoded from.
    pub fn raw(&self) -> Span {
        self.raw
    }

    /// The stretch of the text that `range` of the value came from.
    ///
    /// Both ends must be character boundaries of the value; ends behind the value count as its end.
    pub fn raw_span(&self, range: Range<usize>) -> Span {
        let start = self.raw_offset(range.start);
        let end = self.raw_offset(range.end.max(range.start));
        Span::new(start, end)
    }

    fn raw_offset(&self, at: usize) -> u32 {
        let at = u32::try_from(at).unwrap_or(u32::MAX);
        if at >= len32(&self.text) {
            return self.raw.end;
        }
        if at == 0 {
            return self.raw.start;
        }
        let index = self.jumps.partition_point(|&(value, _)| value <= at);
        match index.checked_sub(1).and_then(|last| self.jumps.get(last)) {
            Some(&(value, text)) => text + (at - value),
            None => self.raw.start + at,
        }
    }

    /// Whether the value is spelled in the text exactly as it is.
    pub fn is_verbatim(&self) -> bool {
        self.jumps.is_empty() && self.raw.len() == len32(&self.text)
    }

    /// The value without its map.
    pub fn into_text(self) -> Cow<'s, str> {
        self.text
    }
}

impl AsRef<str> for Decoded<'_> {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl std::fmt::Display for Decoded<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// Builds a [`Decoded`] from left to right.
#[derive(Debug)]
pub struct DecodedBuilder<'s> {
    source: &'s str,
    /// Offset of `source` in its number space.
    base: u32,
    /// How much of `source` has been taken.
    taken: u32,
    /// `None` as long as the value is a prefix of `source`.
    text: Option<String>,
    jumps: Vec<(u32, u32)>,
}

impl<'s> DecodedBuilder<'s> {
    /// Starts to decode `source`, whose first byte has the offset `base`.
    pub fn new(source: &'s str, base: u32) -> DecodedBuilder<'s> {
        DecodedBuilder {
            source,
            base,
            taken: 0,
            text: None,
            jumps: Vec::new(),
        }
    }

    /// Takes the next `len` bytes of the source as they are.
    pub fn verbatim(&mut self, len: usize) {
        let start = self.taken as usize;
        let piece = self.source.get(start..start + len).unwrap_or_default();
        if let Some(text) = &mut self.text {
            text.push_str(piece);
        }
        self.taken += len32(piece);
    }

    /// Takes the next `len` bytes of the source as standing for `value`.
    ///
    /// An empty `value` skips them (a CDATA mark, a comment).
    pub fn replaced(&mut self, len: usize, value: &str) {
        let start = self.taken as usize;
        if self.text.is_none() {
            self.text = Some(self.source.get(..start).unwrap_or_default().to_owned());
        }
        let Some(text) = &mut self.text else { return };
        text.push_str(value);
        let decoded = len32(text);
        self.taken += u32::try_from(len).unwrap_or(u32::MAX);
        if len != value.len() {
            self.jumps.push((decoded, self.base + self.taken));
        }
    }

    /// How many bytes of the source have been taken.
    pub fn taken(&self) -> usize {
        self.taken as usize
    }

    /// The part of the source that has not been taken.
    pub fn rest(&self) -> &'s str {
        self.source.get(self.taken as usize..).unwrap_or_default()
    }

    /// The decoded value of what was taken.
    pub fn finish(self) -> Decoded<'s> {
        let text = match self.text {
            Some(text) => Cow::Owned(text),
            None => Cow::Borrowed(self.source.get(..self.taken as usize).unwrap_or_default()),
        };
        Decoded {
            text,
            raw: Span::new(self.base, self.base + self.taken),
            jumps: self.jumps,
        }
    }
}

/// Lengths fit: a text is at most `u32::MAX` bytes long ([`super::Source::decode`] refuses longer ones).
fn len32(text: &str) -> u32 {
    u32::try_from(text.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entity() -> Decoded<'static> {
        // a&amp;b<![CDATA[c]]>d
        let mut builder = DecodedBuilder::new("a&amp;b<![CDATA[c]]>d", 100);
        builder.verbatim(1);
        builder.replaced(5, "&");
        builder.verbatim(1);
        builder.replaced(9, "");
        builder.verbatim(1);
        builder.replaced(3, "");
        builder.verbatim(1);
        builder.finish()
    }

    #[test]
    fn every_place_of_a_value_has_a_place_in_the_text() {
        let value = entity();
        assert_eq!(value.text, "a&bcd");
        assert_eq!(value.raw(), Span::new(100, 121));
        assert_eq!(value.raw_span(1..2), Span::new(101, 106));
        assert_eq!(value.raw_span(0..1), Span::new(100, 101));
        assert_eq!(value.raw_span(3..4), Span::new(116, 120));
        assert_eq!(value.raw_span(4..5), Span::new(120, 121));
    }

    #[test]
    fn halves_join_to_the_whole() {
        let value = entity();
        for at in 0..=value.text.len() {
            let (left, right) = (value.raw_span(0..at), value.raw_span(at..value.text.len()));
            assert_eq!(left.end, right.start, "at {at}");
            assert_eq!(left.join(right), value.raw(), "at {at}");
        }
    }

    #[test]
    fn a_value_without_escapes_borrows() {
        let mut builder = DecodedBuilder::new("plain", 7);
        builder.verbatim(5);
        let value = builder.finish();
        assert!(matches!(value.text, Cow::Borrowed("plain")));
        assert!(value.is_verbatim());
        assert_eq!(value.raw_span(1..3), Span::new(8, 10));
    }
}
