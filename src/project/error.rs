//! What could not be read, and why.

use std::io;
use std::path::Path;

use crate::source::DecodeError;
use crate::xml::XmlError;

use super::label::Label;

/// A file or folder could not be read; the others were.
#[derive(Debug, thiserror::Error)]
#[error("{label}: {reason}")]
pub struct ReadError {
    /// What could not be read.
    pub label: Label,
    /// Why.
    pub reason: Reason,
}

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The system says so.
    #[error("{}", said_by_system(.0))]
    System(io::Error),
    /// A device, a pipe, a socket.
    #[error("expected a file or a folder, found something else")]
    NotAFile,
    /// Larger than a limit.
    #[error(
        "is larger than {value} bytes, the limit `{limit}` (raise it with `--limit {limit}=NUMBER` if the file is to \
         be trusted)"
    )]
    TooLarge {
        /// The limit's name.
        limit: &'static str,
        /// Its value.
        value: u64,
    },
    /// Bytes that are no text.
    #[error("could not be read as text: {0}")]
    Decode(DecodeError),
    /// Not a well-formed document.
    #[error("could not be read as XML: {0}")]
    Xml(Box<XmlError>),
    /// Well-formed, and not of SSIS.
    #[error("expected {expected}, found an XML document whose root element is `{root}`")]
    OtherRoot {
        /// What was expected.
        expected: &'static str,
        /// The name of the root element.
        root: String,
    },
    /// A zip where XML was expected.
    #[error(
        "expected XML, found a zip archive: give a project deployment file the extension `.ispac`"
    )]
    ZipNotXml,
    /// A file that is nothing of SSIS.
    #[error("expected a file of SSIS, found something else")]
    NotOurs,
    /// The archive has no such member.
    #[error("holds no `{member}` (its packages: {})", .names.join(", "))]
    NoMember {
        /// The member that was asked for.
        member: String,
        /// The packages that it holds.
        names: Vec<String>,
    },
    /// The archive holds several files, and none was named.
    #[error("is an archive: name a member with `ARCHIVE!MEMBER` or `--package NAME` (its packages: {})", .names.join(", "))]
    WhichMember {
        /// The packages that it holds.
        names: Vec<String>,
    },
    /// XML where a zip was expected.
    #[error("expected a zip archive, found text: give an SSIS package the extension `.dtsx`")]
    TextNotZip,
    /// An archive whose directory cannot be read.
    #[error("{0}")]
    Archive(String),
    /// A member of an archive that cannot be unpacked.
    #[error("could not be unpacked: {0}")]
    Member(String),
}

/// The same words on every system for what happens every day.
fn said_by_system(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        io::ErrorKind::PermissionDenied => {
            "could not be read: the system denies this user the permission".to_owned()
        }
        _ => format!("could not be read: {error}"),
    }
}

impl ReadError {
    pub(super) fn new(label: Label, reason: Reason) -> ReadError {
        ReadError { label, reason }
    }

    pub(super) fn system(path: &Path, error: &io::Error) -> ReadError {
        // `io::Error` cannot be cloned; what people need of it is its kind and its text.
        let copy = match error.raw_os_error() {
            Some(code) => io::Error::from_raw_os_error(code),
            None => io::Error::new(error.kind(), error.to_string()),
        };
        ReadError::new(Label::of_path(path), Reason::System(copy))
    }

    pub(super) fn not_a_file(path: &Path) -> ReadError {
        ReadError::new(Label::of_path(path), Reason::NotAFile)
    }
}
