//! The bytes of a message as pieces: what is in memory, and files that are encoded as they are read.

use std::fmt;
use std::io::{self, Read};
use std::path::PathBuf;

use email_encoding::body;

use super::super::message::Attachment;
use crate::host::Files;
use crate::source::visible;

/// A message in pieces.
#[derive(Clone, Debug, Default)]
pub(super) struct Content {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug)]
enum Piece {
    Bytes(Vec<u8>),
    File {
        stored: String,
        path: PathBuf,
        len: u64,
    },
}

/// Bytes of a file that make one line of base64.
const LINE: u64 = 57;
/// Lines that are read and encoded at once.
const LINES: u64 = 512;

impl Content {
    pub(super) fn push(&mut self, bytes: Vec<u8>) {
        self.pieces.push(Piece::Bytes(bytes));
    }

    /// A file as lines of base64: `len` bytes of it, however long it is when it is read.
    pub(super) fn push_file(&mut self, attachment: &Attachment, len: u64) {
        self.pieces.push(Piece::File {
            stored: attachment.stored.clone(),
            path: attachment.path.clone(),
            len,
        });
    }

    pub(super) fn len(&self) -> u64 {
        let len = |piece: &Piece| match piece {
            Piece::Bytes(bytes) => bytes.len() as u64,
            Piece::File { len, .. } => len
                .div_ceil(3)
                .saturating_mul(4)
                .saturating_add(len.div_ceil(LINE).saturating_mul(2)),
        };
        self.pieces
            .iter()
            .fold(0, |sum, piece| sum.saturating_add(len(piece)))
    }

    pub(super) fn reader<'a>(&'a self, files: &'a dyn Files) -> ContentReader<'a> {
        ContentReader {
            files,
            pieces: self.pieces.iter(),
            bytes: &[],
            file: None,
        }
    }
}

/// Reads a message from its first byte to its last. An attachment that cannot be read, or has become shorter, is an
/// error that names it.
pub struct ContentReader<'a> {
    files: &'a dyn Files,
    pieces: std::slice::Iter<'a, Piece>,
    bytes: &'a [u8],
    file: Option<EncodedFile<'a>>,
}

impl fmt::Debug for ContentReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContentReader").finish_non_exhaustive()
    }
}

impl Read for ContentReader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.bytes.is_empty() {
                return self.bytes.read(out);
            }
            if let Some(file) = &mut self.file {
                match file.read(out)? {
                    0 => self.file = None,
                    read => return Ok(read),
                }
            }
            match self.pieces.next() {
                None => return Ok(0),
                Some(Piece::Bytes(bytes)) => self.bytes = bytes,
                Some(Piece::File { stored, path, len }) => {
                    let source = self.files.open(path).map_err(|error| {
                        let text = format!("attachment `{}`: {error}", visible(stored));
                        io::Error::new(error.kind(), text)
                    })?;
                    self.file = Some(EncodedFile {
                        stored,
                        source,
                        left: *len,
                        lines: String::new(),
                        given: 0,
                    });
                }
            }
        }
    }
}

/// One file on its way into base64.
struct EncodedFile<'a> {
    stored: &'a str,
    source: Box<dyn Read>,
    left: u64,
    lines: String,
    given: usize,
}

impl EncodedFile<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.given == self.lines.len() {
            self.encode_more()?;
        }
        let mut rest = self.lines.as_bytes().get(self.given..).unwrap_or_default();
        let read = rest.read(out)?;
        self.given += read;
        Ok(read)
    }

    fn encode_more(&mut self) -> io::Result<()> {
        self.lines.clear();
        self.given = 0;
        let wanted = self.left.min(LINE * LINES);
        if wanted == 0 {
            return Ok(());
        }
        let mut bytes = Vec::new();
        let error = |error: io::Error| {
            let text = format!("attachment `{}`: {error}", visible(self.stored));
            io::Error::new(error.kind(), text)
        };
        (&mut self.source)
            .take(wanted)
            .read_to_end(&mut bytes)
            .map_err(error)?;
        if (bytes.len() as u64) < wanted {
            return Err(error(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "it became shorter while it was being read",
            )));
        }
        self.left -= wanted;
        // Writing to a `String` cannot fail.
        let _ = body::base64::encode(&bytes, &mut self.lines);
        self.lines.push_str("\r\n");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::RealFiles;

    fn file_of(len: usize) -> (tempfile::NamedTempFile, Vec<u8>) {
        let bytes: Vec<u8> = (0..len).map(|at| (at * 7 % 251) as u8).collect();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &bytes).unwrap();
        (file, bytes)
    }

    fn content(path: &std::path::Path, len: u64) -> Content {
        let attachment = Attachment {
            stored: "C:\\a.bin".to_owned(),
            path: path.to_owned(),
        };
        let mut content = Content::default();
        content.push(b"before\r\n".to_vec());
        content.push_file(&attachment, len);
        content.push(b"after\r\n".to_vec());
        content
    }

    #[test]
    fn a_file_comes_as_base64_of_the_length_that_was_promised() {
        for len in [0, 1, 2, 3, 56, 57, 58, 114, 57 * 512, 57 * 512 + 1, 100_000] {
            let (file, bytes) = file_of(len);
            let content = content(file.path(), len as u64);
            let mut all = Vec::new();
            content.reader(&RealFiles).read_to_end(&mut all).unwrap();
            assert_eq!(all.len() as u64, content.len(), "{len}");
            let text = String::from_utf8(all).unwrap();
            let encoded = text.strip_prefix("before\r\n").unwrap();
            let encoded = encoded.strip_suffix("after\r\n").unwrap();
            assert!(encoded.split("\r\n").all(|line| line.len() <= 76));
            let mut expected = String::new();
            body::base64::encode(&bytes, &mut expected).unwrap();
            assert_eq!(encoded.trim_end(), expected);
        }
    }

    #[test]
    fn a_file_that_grew_is_cut_and_one_that_shrank_is_an_error() {
        let (file, _) = file_of(100);
        let mut all = Vec::new();
        let grown = content(file.path(), 90);
        grown.reader(&RealFiles).read_to_end(&mut all).unwrap();
        assert_eq!(all.len() as u64, grown.len());

        let error = content(file.path(), 101)
            .reader(&RealFiles)
            .read_to_end(&mut all)
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "attachment `C:\\a.bin`: it became shorter while it was being read"
        );
    }
}
