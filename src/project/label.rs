//! What a file is called in reports.

use std::fmt;
use std::path::{Path, PathBuf};

/// The name of a file in reports: its path as it was reached, or `ARCHIVE!MEMBER`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label {
    path: PathBuf,
    member: Option<String>,
}

impl Label {
    /// A file on disk.
    pub fn of_path(path: &Path) -> Label {
        Label {
            path: path.to_owned(),
            member: None,
        }
    }

    /// A member of an archive, by its decoded name.
    pub fn of_member(archive: &Path, member: &str) -> Label {
        Label {
            path: archive.to_owned(),
            member: Some(member.to_owned()),
        }
    }

    /// The file on disk: the file itself, or the archive that holds it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The name inside the archive.
    pub fn member(&self) -> Option<&str> {
        self.member.as_deref()
    }

    /// The last part: what other files call it by.
    pub fn file_name(&self) -> String {
        let name = match &self.member {
            Some(member) => member.rsplit(['/', '\\']).next().unwrap_or_default().into(),
            None => self.path.file_name().unwrap_or_default().to_string_lossy(),
        };
        name.into_owned()
    }

    /// The archive that holds it, as reports call it.
    pub fn member_of(&self) -> Option<String> {
        self.member.as_ref().map(|_| shown(&self.path))
    }

    /// The bytes of a path that is not Unicode, in hexadecimal.
    pub fn path_bytes(&self) -> Option<String> {
        if self.path.to_str().is_some() {
            return None;
        }
        let bytes = self.path.as_os_str().as_encoded_bytes();
        Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(&self.path))?;
        match &self.member {
            Some(member) => write!(f, "!{member}"),
            None => Ok(()),
        }
    }
}

/// Reports are the same on every system: `/` parts folders.
fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    if cfg!(windows) {
        text.replace('\\', "/")
    } else {
        text.into_owned()
    }
}
