//! The records of a journal and how they lie on the disk.
//!
//! A journal is a folder: `journal` holds the records, `pack` the original bytes one after the other, `lock` is held
//! while the run lasts, and `undone` appears when everything has been put back. A record is one line: the first 16
//! hexadecimal digits of the SHA-256 of what follows, a space, JSON, a line feed. Each record is on the disk before
//! the next is begun, so a kill can tear the last one only.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::host::{self, Owner};
use crate::project::Hash;

/// The format that we write, and the newest that we read.
pub(super) const FORMAT: u32 = 1;

pub(super) const RECORDS: &str = "journal";
pub(super) const PACK: &str = "pack";
pub(super) const LOCK: &str = "lock";
pub(super) const UNDONE: &str = "undone";

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Record {
    Header(Header),
    Batch(Batch),
    /// The batch of this number is complete: every file of it is written or was left as it was.
    Done(u32),
}

/// The first record: who wrote, where, when, with what.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) format: u32,
    pub(super) version: String,
    pub(super) root: StoredPath,
    pub(super) user: String,
    pub(super) time: jiff::Timestamp,
    pub(super) command: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) recipe: Option<String>,
}

/// What will happen to some files. Their originals are in the pack by now; no file has been touched yet.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Batch {
    pub(super) batch: u32,
    pub(super) files: Vec<Intent>,
}

/// What will happen to one file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Intent {
    pub(super) path: StoredPath,
    pub(super) what: String,
    /// The name, in the same folder, under which the new bytes are made ready.
    pub(super) temporary: String,
    /// The original; `None` for a file that is created.
    pub(super) before: Option<Original>,
    /// The new bytes; `None` for a file that is removed.
    pub(super) after: Option<Hash>,
}

/// Where the original bytes of a file are, and whose the file was.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Original {
    pub(super) sha256: Hash,
    pub(super) offset: u64,
    pub(super) len: u64,
    pub(super) mode: u32,
    pub(super) user: u32,
    pub(super) group: u32,
}

impl Original {
    pub(super) fn owner(&self) -> Owner {
        Owner {
            mode: self.mode,
            user: self.user,
            group: self.group,
        }
    }
}

/// A path as text, or as the system's bytes where it is not Unicode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StoredPath(pub(super) PathBuf);

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum PathForm {
    Text(String),
    Bytes { bytes: Vec<u8> },
}

impl Serialize for StoredPath {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.to_str() {
            Some(text) => PathForm::Text(text.to_owned()),
            None => PathForm::Bytes {
                bytes: host::path_bytes(&self.0),
            },
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for StoredPath {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<StoredPath, D::Error> {
        match PathForm::deserialize(deserializer)? {
            PathForm::Text(text) => Some(PathBuf::from(text)),
            PathForm::Bytes { bytes } => host::path_from_bytes(&bytes),
        }
        .map(StoredPath)
        .ok_or_else(|| serde::de::Error::custom("no path"))
    }
}

/// A record as a line with its checksum.
pub(super) fn line(record: &Record) -> Result<Vec<u8>, serde_json::Error> {
    let json = serde_json::to_string(record)?;
    Ok(format!("{} {json}\n", checksum(json.as_bytes())).into_bytes())
}

/// The JSON of a line without its line feed; `None` when it is not whole.
pub(super) fn json_of(line: &[u8]) -> Option<&[u8]> {
    let (sum, rest) = line.split_at_checked(16)?;
    let json = rest.strip_prefix(b" ")?;
    (checksum(json).as_bytes() == sum).then_some(json)
}

fn checksum(json: &[u8]) -> String {
    let mut sum = Hash::of(json).to_string();
    sum.truncate(16);
    sum
}

/// The format of a header, whatever else is in it: read before the rest, so that a journal of a newer version is
/// told from a damaged one.
pub(super) fn format_of(header: &[u8]) -> Option<(u32, String)> {
    #[derive(Deserialize)]
    struct Any {
        header: Format,
    }
    #[derive(Deserialize)]
    struct Format {
        format: u32,
        #[serde(default)]
        version: String,
    }
    let any: Any = serde_json::from_slice(header).ok()?;
    Some((any.header.format, any.header.version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cut_and_every_flipped_bit_of_a_line_is_noticed() {
        let whole = line(&Record::Done(7)).unwrap();
        let (newline, content) = whole.split_last().unwrap();
        assert_eq!(*newline, b'\n');
        assert_eq!(json_of(content), Some(&b"{\"done\":7}"[..]));
        for end in 0..content.len() {
            assert_eq!(json_of(&content[..end]), None);
        }
        for at in 0..content.len() * 8 {
            let mut flipped = content.to_vec();
            flipped[at / 8] ^= 1 << (at % 8);
            assert_eq!(json_of(&flipped), None);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_path_that_is_not_unicode_comes_back() {
        use std::os::unix::ffi::OsStrExt;
        for bytes in [&b"/a/b"[..], b"/a/\xFF\"\n", "/\u{FFFD}".as_bytes()] {
            let path = StoredPath(PathBuf::from(std::ffi::OsStr::from_bytes(bytes)));
            let json = serde_json::to_string(&path).unwrap();
            assert_eq!(serde_json::from_str::<StoredPath>(&json).unwrap(), path);
        }
    }
}
