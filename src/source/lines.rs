//! Lines and columns of a text.

/// A place as people count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineColumn {
    /// Line, from 1. A line ends at LF, CR LF or CR.
    pub line: u32,
    /// Column, from 1, in Unicode code points.
    pub column: u32,
}

/// What is known of some places of a text, so that any other is found by a short count from one of them.
///
/// Marks stand at distances of bytes and not at the beginnings of lines: some files are one line of megabytes, others
/// a hundred thousand lines of which nobody asks for more than a few.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    marks: Vec<Mark>,
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    /// Bytes before this place.
    at: usize,
    /// UTF-16 units before this place.
    units: u64,
    line: u32,
    /// Code points of the line before this place.
    column: u32,
}

/// Bytes from a mark to the next one.
const STEP: usize = 1024;

impl Lines {
    pub(super) fn new(text: &str) -> Lines {
        let mut mark = Mark {
            at: 0,
            units: 0,
            line: 1,
            column: 0,
        };
        let mut marks = Vec::with_capacity(text.len() / STEP + 1);
        marks.push(mark);
        while text.len() - mark.at > STEP {
            mark = mark.moved(text, text.ceil_char_boundary(mark.at + STEP));
            marks.push(mark);
        }
        Lines { marks }
    }

    /// The place in the text that is `at` bytes from its beginning.
    fn place(&self, text: &str, at: usize) -> Mark {
        let index = self.marks.partition_point(|mark| mark.at <= at);
        self.marks[index.saturating_sub(1)].moved(text, at)
    }

    pub(super) fn utf16_units(&self, text: &str, at: usize) -> u64 {
        self.place(text, text.floor_char_boundary(at)).units
    }

    pub(super) fn line_column(&self, text: &str, at: usize) -> LineColumn {
        let place = self.place(text, text.floor_char_boundary(at));
        LineColumn {
            line: place.line,
            column: place.column.saturating_add(1),
        }
    }
}

impl Mark {
    /// The place `to`, further on in the text and between two characters.
    fn moved(self, text: &str, to: usize) -> Mark {
        let bytes = text.as_bytes();
        let passed = bytes.get(self.at..to).unwrap_or_default();
        let next = bytes.get(self.at + 1..).unwrap_or_default();
        let characters = count(passed, |byte| !is_continuation(byte));
        // A CR before a LF is a character of the line that the LF ends, also where the LF was not passed yet.
        let line_ends = count(passed, |byte| byte == b'\n') + count(passed, |byte| byte == b'\r')
            - count_pairs(passed, next, *b"\r\n");
        let since_line_end = match last_line_end(passed, next) {
            Some(at) => {
                let since = passed.get(at + 1..).unwrap_or_default();
                count(since, |byte| !is_continuation(byte)) as u32
            }
            None => self.column.saturating_add(characters as u32),
        };
        Mark {
            at: to,
            // What takes four bytes in UTF-8 takes two units in UTF-16.
            units: self.units + (characters + count(passed, |byte| byte >= 0xF0)) as u64,
            line: self.line.saturating_add(line_ends as u32),
            column: since_line_end,
        }
    }
}

/// Whether a byte goes on with a character that began before it.
fn is_continuation(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

/// Where the last line end in `passed` is; `next` are the bytes from the second one on.
fn last_line_end(passed: &[u8], next: &[u8]) -> Option<usize> {
    let at = memchr::memrchr2(b'\n', b'\r', passed)?;
    let is_half = passed.get(at) == Some(&b'\r') && next.get(at) == Some(&b'\n');
    if is_half {
        memchr::memrchr2(b'\n', b'\r', passed.get(..at)?)
    } else {
        Some(at)
    }
}

/// Sums of so many bytes fit into a byte, which lets the compiler count many bytes with one instruction.
const TOGETHER: usize = 255;

fn count(bytes: &[u8], is_counted: impl Fn(u8) -> bool) -> usize {
    let together = bytes.chunks(TOGETHER).map(|bytes| {
        let sum: u8 = bytes.iter().map(|&byte| u8::from(is_counted(byte))).sum();
        usize::from(sum)
    });
    together.sum()
}

/// How many bytes are the first of the pair while the next one is the second.
fn count_pairs(bytes: &[u8], next: &[u8], [first, second]: [u8; 2]) -> usize {
    let together = bytes.chunks(TOGETHER).zip(next.chunks(TOGETHER));
    let sums = together.map(|(bytes, next)| {
        let pairs = bytes.iter().zip(next);
        let sum: u8 = pairs
            .map(|(&a, &b)| u8::from(a == first) & u8::from(b == second))
            .sum();
        usize::from(sum)
    });
    sums.sum()
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

    /// The definition, character by character.
    fn plainly(text: &str, at: usize) -> (u32, u32, u64) {
        let (mut line, mut column, mut units) = (1, 1, 0);
        let mut characters = text.char_indices().peekable();
        while let Some((start, c)) = characters.next() {
            if start >= at {
                break;
            }
            units += c.len_utf16() as u64;
            column += 1;
            let next = characters.peek().map(|&(_, next)| next);
            if c == '\n' || (c == '\r' && next != Some('\n')) {
                (line, column) = (line + 1, 1);
            }
        }
        (line, column, units)
    }

    #[test]
    fn every_place_is_the_one_that_counting_gives() {
        // Line ends of all kinds fall on every side of a mark, as the number of bytes before them grows.
        let piece = "ab\r\nЖ\r\u{1F4E7}\n\r\r\n\n<x y='1'>";
        for before in STEP - 40..STEP + 4 {
            let text = format!("{}{}", "x".repeat(before), piece.repeat(3));
            let lines = Lines::new(&text);
            for (at, _) in text.char_indices().skip(before.saturating_sub(2)) {
                let place = lines.line_column(&text, at);
                let units = lines.utf16_units(&text, at);
                let found = (place.line, place.column, units);
                assert_eq!(found, plainly(&text, at), "{before} {at}");
            }
        }
    }
}
