//! The one filter through which every message leaves (RFC 5321 sections 2.3.8 and 4.5.2).

use memchr::memchr2;

/// Makes of any bytes the lines that may follow `DATA`: every line ends in CR LF, a bare CR or LF becomes one, and a
/// line that begins with a dot gets a second one. So no message can end itself early.
#[derive(Debug)]
pub(super) struct DataFilter {
    line_start: bool,
    after_cr: bool,
}

impl DataFilter {
    pub(super) fn new() -> DataFilter {
        DataFilter {
            line_start: true,
            after_cr: false,
        }
    }

    /// Filters the next bytes into `out`.
    pub(super) fn push(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        while let Some(&first) = bytes.first() {
            if self.after_cr {
                self.after_cr = false;
                self.line_end(out);
                if first == b'\n' {
                    bytes = bytes.get(1..).unwrap_or_default();
                    continue;
                }
            }
            let end = memchr2(b'\r', b'\n', bytes).unwrap_or(bytes.len());
            let (text, rest) = bytes.split_at(end);
            if let Some(&first) = text.first() {
                if self.line_start && first == b'.' {
                    out.push(b'.');
                }
                out.extend_from_slice(text);
                self.line_start = false;
            }
            match rest.split_first() {
                None => return,
                Some((b'\r', rest)) => {
                    self.after_cr = true;
                    bytes = rest;
                }
                Some((_, rest)) => {
                    self.line_end(out);
                    bytes = rest;
                }
            }
        }
    }

    /// Ends the last line, and the data: the final dot.
    pub(super) fn finish(mut self, out: &mut Vec<u8>) {
        if self.after_cr || !self.line_start {
            self.line_end(out);
        }
        out.extend_from_slice(b".\r\n");
    }

    fn line_end(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\r\n");
        self.line_start = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn filtered(chunks: &[&[u8]]) -> Vec<u8> {
        let (mut filter, mut out) = (DataFilter::new(), Vec::new());
        for chunk in chunks {
            filter.push(chunk, &mut out);
        }
        filter.finish(&mut out);
        out
    }

    #[test]
    fn dots_are_stuffed_and_line_ends_made_real() {
        for (input, output) in [
            (&b""[..], &b".\r\n"[..]),
            (b"a", b"a\r\n.\r\n"),
            (b"a\r\n", b"a\r\n.\r\n"),
            (b".\r\n", b"..\r\n.\r\n"),
            (b"\n.\r\nMAIL FROM:<x>", b"\r\n..\r\nMAIL FROM:<x>\r\n.\r\n"),
            (b"\r.\r.\n", b"\r\n..\r\n..\r\n.\r\n"),
            (b"a\r\r\nb", b"a\r\n\r\nb\r\n.\r\n"),
            (b"\r", b"\r\n.\r\n"),
            (b"a.b\n", b"a.b\r\n.\r\n"),
        ] {
            assert_eq!(filtered(&[input]), output, "{input:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_end_the_data_early(
            chunks in prop::collection::vec(
                prop::collection::vec(prop::sample::select(&b".\r\nab"[..]), 0..12), 0..6)
        ) {
            let chunks: Vec<&[u8]> = chunks.iter().map(Vec::as_slice).collect();
            let out = filtered(&chunks);
            prop_assert_eq!(&out, &filtered(&[&chunks.concat()]));
            let text = String::from_utf8(out).unwrap();
            let lines: Vec<&str> = text.split("\r\n").collect();
            // The last two pieces are the final dot and the nothing behind it.
            prop_assert_eq!(&lines[lines.len() - 2..], &[".", ""]);
            for line in &lines[..lines.len() - 2] {
                prop_assert!(*line != "." && !line.contains(['\r', '\n']));
                prop_assert!(!line.starts_with('.') || line.starts_with(".."));
            }
        }
    }
}
