//! Lines and columns of a text.

/// A place as people count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineColumn {
    /// Line, from 1. A line ends at LF, CR LF or CR.
    pub line: u32,
    /// Column, from 1, in Unicode code points.
    pub column: u32,
}

/// Where the lines of a text begin, and how many UTF-16 units precede each.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    /// `(offset in bytes, UTF-16 units before it)`, one for each line. Some files are one line of megabytes, so a
    /// mark is also set every [`STEP`] bytes; those marks belong to the line before them.
    marks: Vec<Mark>,
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    start: usize,
    units: u64,
    line: u32,
    /// Code points of the line before this mark.
    column: u32,
}

const STEP: usize = 4096;

impl Lines {
    pub(super) fn new(text: &str) -> Lines {
        let mut marks = vec![Mark {
            start: 0,
            units: 0,
            line: 1,
            column: 0,
        }];
        let (mut units, mut line, mut column, mut last) = (0u64, 1u32, 0u32, 0usize);
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            units += c.len_utf16() as u64;
            column = column.saturating_add(1);
            let next = at + c.len_utf8();
            let ends_line = c == '\n' || (c == '\r' && !matches!(chars.peek(), Some(&(_, '\n'))));
            if ends_line {
                line = line.saturating_add(1);
                column = 0;
            }
            if ends_line || next - last >= STEP {
                last = next;
                marks.push(Mark {
                    start: next,
                    units,
                    line,
                    column,
                });
            }
        }
        Lines { marks }
    }

    fn mark_before(&self, at: usize) -> Mark {
        let index = self.marks.partition_point(|mark| mark.start <= at);
        self.marks[index.saturating_sub(1)]
    }

    pub(super) fn utf16_units(&self, text: &str, at: usize) -> u64 {
        let mark = self.mark_before(at);
        let between = text.get(mark.start..at).unwrap_or_default();
        mark.units + between.encode_utf16().count() as u64
    }

    pub(super) fn line_column(&self, text: &str, at: usize) -> LineColumn {
        let at = text.floor_char_boundary(at);
        let mark = self.mark_before(at);
        let between = text.get(mark.start..at).unwrap_or_default();
        LineColumn {
            line: mark.line,
            column: mark.column + between.chars().count() as u32 + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_at_lf_cr_lf_or_cr() {
        let text = "a\nЖb\r\nc\rd";
        let lines = Lines::new(text);
        let of = |at| {
            let place = lines.line_column(text, at);
            (place.line, place.column)
        };
        assert_eq!(of(0), (1, 1));
        assert_eq!(of(2), (2, 1));
        assert_eq!(of(4), (2, 2));
        assert_eq!(of(7), (3, 1));
        assert_eq!(of(9), (4, 1));
        assert_eq!(of(100), (4, 2));
    }

    #[test]
    fn a_long_line_is_still_one_line() {
        let text = format!("{}\nx", "Ж".repeat(10_000));
        let lines = Lines::new(&text);
        assert_eq!(lines.line_column(&text, 2 * 9_999).column, 10_000);
        assert_eq!(lines.line_column(&text, 20_001).line, 2);
        assert_eq!(lines.utf16_units(&text, 20_001), 10_001);
    }
}
