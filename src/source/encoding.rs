//! Bytes to text and back.

use std::sync::OnceLock;

use super::lines::{LineColumn, Lines};

/// How the bytes of a file spell its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8.
    Utf8,
    /// UTF-16, low byte first.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
}

impl Encoding {
    /// The name as an XML declaration spells it.
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Utf8 => "utf-8",
            Encoding::Utf16Le => "utf-16le",
            Encoding::Utf16Be => "utf-16be",
        }
    }

    fn bom(self) -> &'static [u8] {
        match self {
            Encoding::Utf8 => &[0xEF, 0xBB, 0xBF],
            Encoding::Utf16Le => &[0xFF, 0xFE],
            Encoding::Utf16Be => &[0xFE, 0xFF],
        }
    }

    /// The byte order mark wins; without one, the first two bytes tell UTF-16 from UTF-8, because an XML document
    /// begins with `<` or white space. What a declaration claims is not asked here: the bytes are right.
    fn detect(bytes: &[u8]) -> (Encoding, bool) {
        for encoding in [Encoding::Utf8, Encoding::Utf16Le, Encoding::Utf16Be] {
            if bytes.starts_with(encoding.bom()) {
                return (encoding, true);
            }
        }
        match bytes {
            [a, 0, ..] if *a != 0 => (Encoding::Utf16Le, false),
            [0, b, ..] if *b != 0 => (Encoding::Utf16Be, false),
            _ => (Encoding::Utf8, false),
        }
    }
}

/// Why bytes are not a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeErrorKind {
    /// A byte sequence that UTF-8 does not know.
    InvalidUtf8,
    /// UTF-16 with an odd number of bytes.
    OddLength,
    /// Half of a surrogate pair without the other half.
    LoneSurrogate,
    /// More text than spans can number.
    TooLong,
}

/// The bytes at `offset` could not be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} at byte {offset}", self.what())]
pub struct DecodeError {
    /// What was wrong.
    pub kind: DecodeErrorKind,
    /// Offset in the file, in bytes, the byte order mark counted.
    pub offset: u64,
}

impl DecodeError {
    fn what(&self) -> &'static str {
        match self.kind {
            DecodeErrorKind::InvalidUtf8 => {
                "the bytes are not valid UTF-8 (expected UTF-8, or UTF-16 with a byte order mark)"
            }
            DecodeErrorKind::OddLength => "UTF-16 text ends in half a character",
            DecodeErrorKind::LoneSurrogate => "UTF-16 text holds half of a surrogate pair",
            DecodeErrorKind::TooLong => "the text is longer than 4 GiB",
        }
    }
}

/// The text of a file, and how to spell it in bytes again.
///
/// Decoding is a bijection: `source.encode(source.text())` gives the bytes of the file, so they are not kept.
#[derive(Clone, Debug)]
pub struct Source {
    text: String,
    encoding: Encoding,
    bom: bool,
    lines: OnceLock<Lines>,
}

impl Source {
    /// Decodes the bytes of a file.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] with the place, for invalid UTF-8, an odd number of bytes in UTF-16, a lone surrogate, or
    /// more than 4 GiB of text.
    pub fn decode(bytes: Vec<u8>) -> Result<Source, DecodeError> {
        let (encoding, bom) = Encoding::detect(&bytes);
        let skip = if bom { encoding.bom().len() } else { 0 };
        let text = match encoding {
            Encoding::Utf8 => decode_utf8(bytes, skip)?,
            Encoding::Utf16Le => decode_utf16(&bytes, skip, u16::from_le_bytes)?,
            Encoding::Utf16Be => decode_utf16(&bytes, skip, u16::from_be_bytes)?,
        };
        if u32::try_from(text.len()).is_err() {
            return Err(DecodeError {
                kind: DecodeErrorKind::TooLong,
                offset: u64::from(u32::MAX),
            });
        }
        Ok(Source::from_parts(text, encoding, bom))
    }

    /// A text that is, or will be, stored as UTF-8 without a byte order mark.
    pub fn from_text(text: impl Into<String>) -> Source {
        Source::from_parts(text.into(), Encoding::Utf8, false)
    }

    fn from_parts(text: String, encoding: Encoding, bom: bool) -> Source {
        Source {
            text,
            encoding,
            bom,
            lines: OnceLock::new(),
        }
    }

    /// The text, without the byte order mark.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How the file spells it.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Whether the file begins with a byte order mark.
    pub fn has_bom(&self) -> bool {
        self.bom
    }

    /// Spells `text` as this file spells its own: `encode(text())` is the file.
    pub fn encode(&self, text: &str) -> Vec<u8> {
        let bom = if self.bom { self.encoding.bom() } else { &[] };
        let mut bytes = Vec::with_capacity(bom.len() + text.len());
        bytes.extend_from_slice(bom);
        match self.encoding {
            Encoding::Utf8 => bytes.extend_from_slice(text.as_bytes()),
            Encoding::Utf16Le => {
                bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
            }
            Encoding::Utf16Be => {
                bytes.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
            }
        }
        bytes
    }

    /// The offset in the stored file of the place `at` of the text, in bytes.
    pub fn byte_offset(&self, at: u32) -> u64 {
        let at = (at as usize).min(self.text.len());
        let bom = if self.bom {
            self.encoding.bom().len()
        } else {
            0
        };
        let body = match self.encoding {
            Encoding::Utf8 => at as u64,
            Encoding::Utf16Le | Encoding::Utf16Be => 2 * self.lines().utf16_units(&self.text, at),
        };
        bom as u64 + body
    }

    /// Line and column of the place `at` of the text.
    pub fn line_column(&self, at: u32) -> LineColumn {
        self.lines().line_column(&self.text, at as usize)
    }

    fn lines(&self) -> &Lines {
        self.lines.get_or_init(|| Lines::new(&self.text))
    }
}

fn decode_utf8(mut bytes: Vec<u8>, skip: usize) -> Result<String, DecodeError> {
    bytes.drain(..skip);
    String::from_utf8(bytes).map_err(|error| DecodeError {
        kind: DecodeErrorKind::InvalidUtf8,
        offset: (skip + error.utf8_error().valid_up_to()) as u64,
    })
}

fn decode_utf16(
    bytes: &[u8],
    skip: usize,
    unit: fn([u8; 2]) -> u16,
) -> Result<String, DecodeError> {
    let (pairs, rest) = bytes.get(skip..).unwrap_or_default().as_chunks::<2>();
    if !rest.is_empty() {
        return Err(DecodeError {
            kind: DecodeErrorKind::OddLength,
            offset: bytes.len() as u64 - 1,
        });
    }
    let mut text = String::with_capacity(pairs.len());
    let mut units = 0u64;
    for decoded in char::decode_utf16(pairs.iter().map(|&pair| unit(pair))) {
        match decoded {
            Ok(c) => {
                units += c.len_utf16() as u64;
                text.push(c);
            }
            Err(_) => {
                return Err(DecodeError {
                    kind: DecodeErrorKind::LoneSurrogate,
                    offset: skip as u64 + 2 * units,
                });
            }
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, bom: bool, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        let text = if bom {
            format!("\u{FEFF}{text}")
        } else {
            text.to_owned()
        };
        text.encode_utf16().flat_map(to_bytes).collect()
    }

    #[test]
    fn decoding_is_a_bijection() {
        let text = "<?xml version=\"1.0\"?>\r\n<a b='Привет 😀'/>";
        let mut utf8_bom = vec![0xEF, 0xBB, 0xBF];
        utf8_bom.extend_from_slice(text.as_bytes());
        for (bytes, encoding, bom) in [
            (text.as_bytes().to_vec(), Encoding::Utf8, false),
            (utf8_bom, Encoding::Utf8, true),
            (utf16(text, true, u16::to_le_bytes), Encoding::Utf16Le, true),
            (
                utf16(text, false, u16::to_le_bytes),
                Encoding::Utf16Le,
                false,
            ),
            (utf16(text, true, u16::to_be_bytes), Encoding::Utf16Be, true),
            (
                utf16(text, false, u16::to_be_bytes),
                Encoding::Utf16Be,
                false,
            ),
        ] {
            let source = Source::decode(bytes.clone()).unwrap();
            assert_eq!(source.text(), text);
            assert_eq!((source.encoding(), source.has_bom()), (encoding, bom));
            assert_eq!(source.encode(source.text()), bytes);
        }
    }

    #[test]
    fn errors_name_the_place() {
        let cases: [(&[u8], DecodeErrorKind, u64); 4] = [
            (b"<a>\xFF</a>", DecodeErrorKind::InvalidUtf8, 3),
            (b"\xEF\xBB\xBF<a>\xC3", DecodeErrorKind::InvalidUtf8, 6),
            (b"\xFF\xFE<\0a", DecodeErrorKind::OddLength, 4),
            (b"\xFF\xFE<\0\x00\xD8a\0", DecodeErrorKind::LoneSurrogate, 4),
        ];
        for (bytes, kind, offset) in cases {
            let error = Source::decode(bytes.to_vec()).unwrap_err();
            assert_eq!(error, DecodeError { kind, offset });
        }
    }

    #[test]
    fn byte_offsets_count_the_mark_and_the_encoding() {
        let text = "a😀b\nЖc";
        let mut bytes = vec![0xEF, 0xBB, 0xBF];
        bytes.extend_from_slice(text.as_bytes());
        let source = Source::decode(bytes).unwrap();
        assert_eq!(source.byte_offset(5), 8);
        let source = Source::decode(utf16(text, true, u16::to_le_bytes)).unwrap();
        // a, two units of the emoji, then b
        assert_eq!(source.byte_offset(5), 2 + 2 * 3);
        assert_eq!(source.byte_offset(text.len() as u32), 2 + 2 * 7);
    }
}
