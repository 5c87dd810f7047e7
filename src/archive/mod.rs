//! A zip as bytes: members under limits, put back with some replaced.
//!
//! An `.ispac` is a zip whose member names are percent-encoded UTF-8 (ECMA-376 part 2, "Open Packaging
//! Conventions").

mod directory;
mod limits;
mod name;
mod parts;
mod rewrite;

use std::borrow::Cow;
use std::io::{Cursor, Read};
use std::sync::Arc;

use memchr::memmem;
use zip::read::ZipArchiveMetadata;
use zip::result::ZipError;
use zip::{CompressionMethod, ZipReadOptions};

pub use limits::{Limits, UnknownLimit};
pub use name::{decoded, encoded};
pub use rewrite::{Rewrite, replace, rewrite};

/// An archive that cannot be read or written as a whole.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It is no zip, or its directory is damaged.
    #[error("it is not a zip archive, or a damaged one: {0}")]
    NotAnArchive(String),
    /// It holds too many members.
    #[error(
        "it holds more than {limit} members: if it can be trusted, raise the limit with `--limit archive-members=N`"
    )]
    TooManyMembers {
        /// The limit.
        limit: u64,
    },
    /// It can be read, but not written again without losing something.
    #[error("it can be read but not rewritten: {0}")]
    NotRewritable(Cow<'static, str>),
    /// A member that is to be replaced cannot be.
    #[error("`{name}`: {error}")]
    Member {
        /// The decoded name.
        name: String,
        /// Why not.
        error: MemberError,
    },
}

/// A member that cannot be read; the others may well be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemberError {
    /// There is no member of this number.
    #[error("there is no such member")]
    Missing,
    /// It is encrypted as zip archives can be, which is not how SSIS protects packages.
    #[error("it is encrypted by the zip archive itself: unpack it with its password first")]
    Encrypted,
    /// It is packed in a way that SSIS does not use.
    #[error("it is packed by method {0}: pack it again with the usual one, deflate")]
    Method(String),
    /// What unpacks is not what was packed.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// It is larger than one member may be.
    #[error(
        "it claims {claimed} bytes and the limit is {limit}: if the archive can be trusted, raise it with `--limit \
         archive-member-size={claimed}`"
    )]
    TooLarge {
        /// What the directory says.
        claimed: u64,
        /// The limit.
        limit: u64,
    },
    /// It and the members before it are larger than all may be.
    #[error(
        "it and the members before it claim {claimed} bytes and the limit is {limit}: if the archive can be trusted, \
         raise it with `--limit archive-size=N`"
    )]
    ArchiveTooLarge {
        /// What the directory says.
        claimed: u64,
        /// The limit.
        limit: u64,
    },
    /// It grows too much when it is unpacked.
    #[error(
        "it claims to grow {ratio}-fold when unpacked and the limit is {limit}: if the archive can be trusted, raise \
         it with `--limit archive-ratio={ratio}`"
    )]
    Bomb {
        /// How many times larger it is unpacked.
        ratio: u64,
        /// The limit.
        limit: u64,
    },
}

/// One member, as the directory of the archive tells.
#[derive(Clone, Debug)]
pub struct Member {
    /// The name as people write it: percent-encoded parts decoded.
    pub name: String,
    /// The name as it is stored.
    pub stored_name: String,
    /// The size that it claims to have unpacked.
    pub size: u64,
    refused: Option<MemberError>,
}

/// An archive whose directory was read. Nothing is unpacked until it is asked for.
pub struct Archive<'a> {
    bytes: &'a [u8],
    directory: Arc<ZipArchiveMetadata>,
    members: Vec<Member>,
}

/// A member smaller than this may grow as it likes.
const RATIO_MATTERS_FROM: u64 = 1 << 20;

impl<'a> Archive<'a> {
    /// Reads the directory of an archive.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::NotAnArchive`], [`ArchiveError::TooManyMembers`].
    pub fn open(bytes: &'a [u8], limits: &Limits) -> Result<Archive<'a>, ArchiveError> {
        // Counted before anything is allocated for them: there are no more entries than signatures of entries.
        let most = usize::try_from(limits.members).unwrap_or(usize::MAX);
        if memmem::find_iter(bytes, b"PK\x01\x02").nth(most).is_some() {
            return Err(ArchiveError::TooManyMembers {
                limit: limits.members,
            });
        }
        let directory = directory::directory(bytes)?;
        let mut members = Vec::new();
        let mut total = 0u64;
        for index in 0..directory.len() {
            let entry = directory.entry(index).map_err(no_archive)?;
            let stored_name = String::from_utf8_lossy(entry.name_raw()).into_owned();
            let size = entry.size();
            let refused = refusal(size, entry.compressed_size(), &mut total, limits);
            let unknown = unreadable(entry.encrypted(), entry.compression());
            members.push(Member {
                name: decoded(&stored_name).into_owned(),
                stored_name,
                size,
                refused: unknown.or(refused),
            });
        }
        Ok(Archive {
            bytes,
            directory,
            members,
        })
    }

    /// The members in the order of the directory; their places are what [`read`](Archive::read) and [`replace`] take.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The place of the member with this decoded name.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.members.iter().position(|member| member.name == name)
    }

    /// Unpacks a member. Never more than it claims is unpacked, and never more than the limits allow.
    ///
    /// # Errors
    ///
    /// Any [`MemberError`]; the other members are not concerned.
    pub fn read(&self, index: usize) -> Result<Vec<u8>, MemberError> {
        let member = self.members.get(index).ok_or(MemberError::Missing)?;
        match &member.refused {
            Some(error) => Err(error.clone()),
            None => unpacked(self.bytes, &self.directory, index, member.size),
        }
    }
}

fn no_archive(error: ZipError) -> ArchiveError {
    ArchiveError::NotAnArchive(match error {
        ZipError::InvalidArchive(what) if what.contains("EOCD") => {
            "it does not end in a directory of its members".to_owned()
        }
        ZipError::InvalidArchive(what) => what.into_owned(),
        other => other.to_string(),
    })
}

/// What the limits say of a member, by its claims alone: what is unpacked never exceeds them.
fn refusal(size: u64, packed: u64, total: &mut u64, limits: &Limits) -> Option<MemberError> {
    if size > limits.member_size {
        return Some(MemberError::TooLarge {
            claimed: size,
            limit: limits.member_size,
        });
    }
    let ratio = size.div_ceil(packed.max(1));
    if size > RATIO_MATTERS_FROM && ratio > limits.ratio {
        return Some(MemberError::Bomb {
            ratio,
            limit: limits.ratio,
        });
    }
    let claimed = total.saturating_add(size);
    if claimed > limits.size {
        return Some(MemberError::ArchiveTooLarge {
            claimed,
            limit: limits.size,
        });
    }
    *total = claimed;
    None
}

/// What no limit would help with.
fn unreadable(is_encrypted: bool, method: CompressionMethod) -> Option<MemberError> {
    match method {
        _ if is_encrypted => Some(MemberError::Encrypted),
        CompressionMethod::Stored | CompressionMethod::Deflated => None,
        other => Some(MemberError::Method(other.to_string())),
    }
}

/// The bytes of a member that claims to have this size; no more than it claims are unpacked.
fn unpacked(
    archive: &[u8],
    directory: &ZipArchiveMetadata,
    index: usize,
    size: u64,
) -> Result<Vec<u8>, MemberError> {
    let damaged = |error: &dyn std::fmt::Display| MemberError::Damaged(error.to_string());
    let mut reader = Cursor::new(archive);
    let entry = directory.entry(index).map_err(|_| MemberError::Missing)?;
    let member = entry
        .with_reader(&mut reader, ZipReadOptions::new())
        .map_err(|error| damaged(&error))?;
    let mut bytes = Vec::new();
    member
        .take(size.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| damaged(&error))?;
    match u64::try_from(bytes.len()) {
        Ok(read) if read == size => Ok(bytes),
        Ok(read) if read > size => Err(damaged(&format!(
            "it holds more than the {size} bytes it claims"
        ))),
        _ => Err(damaged(&format!(
            "it claims {size} bytes and holds {}",
            bytes.len()
        ))),
    }
}
