//! What is to be written: whole files, as owned data that outlives every document.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// The SHA-256 of a file's bytes; shown as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; 32]);

impl Hash {
    /// The hash of these bytes.
    pub fn of(bytes: &[u8]) -> Hash {
        Hash(Sha256::digest(bytes).into())
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is not 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a sha256 is 64 hexadecimal digits")]
pub struct NotAHash;

impl FromStr for Hash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Hash, NotAHash> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(NotAHash);
        }
        let mut hash = [0; 32];
        for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
            for digit in pair {
                let value = char::from(*digit).to_digit(16).ok_or(NotAHash)?;
                *byte = *byte << 4 | u8::try_from(value).map_err(|_| NotAHash)?;
            }
        }
        Ok(Hash(hash))
    }
}

impl serde::Serialize for Hash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Hash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Hash, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// One file to be written, whole. `apply` alone carries it out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// The file.
    pub path: PathBuf,
    /// What happens to it.
    pub kind: Kind,
    /// What the change is, in a few words, for reports and the journal; never a secret.
    pub what: String,
}

/// What happens to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The file gets new bytes.
    Change {
        /// The bytes that the plan was made from.
        before: Hash,
        /// The new bytes.
        after: Vec<u8>,
    },
    /// A file that must not exist yet is created, in a folder that exists.
    Create {
        /// Its bytes.
        after: Vec<u8>,
    },
    /// The file is removed.
    Remove {
        /// The bytes that the plan was made from.
        before: Hash,
    },
}

impl Write {
    /// A file that gets new bytes.
    pub fn change(
        path: impl Into<PathBuf>,
        before: Hash,
        after: Vec<u8>,
        what: impl Into<String>,
    ) -> Write {
        Write {
            path: path.into(),
            kind: Kind::Change { before, after },
            what: what.into(),
        }
    }

    /// A file that is created.
    pub fn create(path: impl Into<PathBuf>, after: Vec<u8>, what: impl Into<String>) -> Write {
        Write {
            path: path.into(),
            kind: Kind::Create { after },
            what: what.into(),
        }
    }

    /// A file that is removed.
    pub fn remove(path: impl Into<PathBuf>, before: Hash, what: impl Into<String>) -> Write {
        Write {
            path: path.into(),
            kind: Kind::Remove { before },
            what: what.into(),
        }
    }

    /// The hash of the bytes that the plan was made from; `None` when the file is created.
    pub fn before(&self) -> Option<Hash> {
        match self.kind {
            Kind::Change { before, .. } | Kind::Remove { before } => Some(before),
            Kind::Create { .. } => None,
        }
    }

    /// The bytes to be written; `None` when the file is removed.
    pub fn after(&self) -> Option<&[u8]> {
        match &self.kind {
            Kind::Change { after, .. } | Kind::Create { after } => Some(after),
            Kind::Remove { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_read_as_it_is_shown() {
        let hash = Hash::of(b"abc");
        let shown = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash.to_string(), shown);
        assert_eq!(shown.parse(), Ok(hash));
        assert_eq!(
            serde_json::to_string(&hash).unwrap(),
            format!("\"{shown}\"")
        );
        assert_eq!(
            serde_json::from_str::<Hash>(&format!("\"{shown}\"")).unwrap(),
            hash
        );
        for wrong in ["", "ba78", &shown.replace('b', "g"), &format!("{shown}0")] {
            assert_eq!(wrong.parse::<Hash>(), Err(NotAHash));
        }
    }
}
