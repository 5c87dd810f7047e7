//! The text of a message as a `text/plain` part.

use std::borrow::Cow;

use lettre::message::Body;
use lettre::message::header::ContentTransferEncoding;

use super::header::Headers;

/// A text that is encoded: us-ascii as quoted-printable, anything else as UTF-8 in base64, as .NET chooses.
pub(super) struct Text {
    ascii: bool,
    bytes: Vec<u8>,
}

/// Encodes a text with line ends of any kind: LF and CR LF become real line ends. A CR alone is kept as a character
/// of the text and never leaves as a byte of its own.
pub(super) fn encode(text: &str) -> Text {
    let ascii = text.is_ascii();
    let text = with_crlf(text);
    let encoding = if ascii {
        ContentTransferEncoding::QuotedPrintable
    } else {
        ContentTransferEncoding::Base64
    };
    let bytes = match Body::new_with_encoding(text.into_owned(), encoding) {
        Ok(body) => body.into_vec(),
        // Only the identity encodings can be refused.
        Err(bytes) => bytes,
    };
    Text { ascii, bytes }
}

impl Text {
    /// The fields that describe the part.
    pub(super) fn headers(&self, headers: &mut Headers) {
        let (charset, encoding) = if self.ascii {
            ("us-ascii", "quoted-printable")
        } else {
            ("utf-8", "base64")
        };
        headers.plain("Content-Type", &format!("text/plain; charset={charset}"));
        headers.plain("Content-Transfer-Encoding", encoding);
    }

    /// The encoded text as it is.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The encoded text, its last line ended: SMTP sends lines.
    pub(super) fn into_lines(self) -> Vec<u8> {
        let mut bytes = self.bytes;
        if !bytes.is_empty() && !bytes.ends_with(b"\r\n") {
            bytes.extend_from_slice(b"\r\n");
        }
        bytes
    }
}

fn with_crlf(text: &str) -> Cow<'_, str> {
    let bare = |(at, byte): (usize, u8)| {
        byte == b'\n' && (at == 0 || text.as_bytes().get(at - 1) != Some(&b'\r'))
    };
    let count = text.bytes().enumerate().filter(|&it| bare(it)).count();
    if count == 0 {
        return Cow::Borrowed(text);
    }
    let mut lines = String::with_capacity(text.len() + count);
    let mut start = 0;
    for (at, _) in text.bytes().enumerate().filter(|&it| bare(it)) {
        lines.push_str(text.get(start..at).unwrap_or_default());
        lines.push_str("\r\n");
        start = at + 1;
    }
    lines.push_str(text.get(start..).unwrap_or_default());
    Cow::Owned(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted_printable(text: &str) -> String {
        String::from_utf8(encode(text).into_lines()).unwrap()
    }

    #[test]
    fn line_ends_become_real_ones() {
        assert_eq!(with_crlf("a\nb\r\n\nc\n"), "a\r\nb\r\n\r\nc\r\n");
        assert_eq!(with_crlf("\n"), "\r\n");
        assert_eq!(with_crlf("a\rb"), "a\rb");
        assert_eq!(with_crlf("\r\n\n\r"), "\r\n\r\n\r");
    }

    #[test]
    fn ascii_is_quoted_printable_with_its_lines() {
        assert_eq!(quoted_printable("a = b\nc"), "a =3D b\r\nc\r\n");
        assert_eq!(quoted_printable("end \n"), "end=20\r\n");
        assert_eq!(quoted_printable("a\rb\r"), "a=0Db=0D\r\n");
        assert_eq!(quoted_printable("\0"), "=00\r\n");
        assert_eq!(quoted_printable(""), "");
    }

    #[test]
    fn a_long_line_is_broken_softly() {
        let lines = quoted_printable(&"x".repeat(3000));
        assert!(lines.lines().all(|line| line.len() <= 76));
        assert_eq!(lines.replace("=\r\n", "").trim_end().len(), 3000);
    }
}
