//! A place in a text.

use std::ops::Range;

/// A half-open range of byte offsets in the UTF-8 text of a document.
///
/// A document numbers its texts one after the other, so a span names one place in one text. Offsets are those of
/// the decoded text, not of the stored file: [`Source::byte_offset`](super::Source::byte_offset) gives the latter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset behind the last byte.
    pub end: u32,
}

impl Span {
    /// The span from `start` up to `end`; an `end` before `start` gives an empty span at `start`.
    pub fn new(start: u32, end: u32) -> Span {
        Span {
            start,
            end: end.max(start),
        }
    }

    /// The empty span at `at`: where an insertion goes.
    pub fn at(at: u32) -> Span {
        Span { start: at, end: at }
    }

    /// Length in bytes of the UTF-8 text.
    pub fn len(self) -> u32 {
        self.end - self.start
    }

    /// Whether nothing lies in the span.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The same range for slicing.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Whether `other` lies wholly inside.
    pub fn contains(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The smallest span that covers both.
    pub fn join(self, other: Span) -> Span {
        Span {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}
