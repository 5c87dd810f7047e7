//! A folder instead of a server: each message as a file, and who it was for beside it.

use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::mail::Envelope;
use crate::source::is_hidden;

/// Creates a file with these bytes. It must not overwrite one: a former run's mail would be lost, or mixed with this
/// one's.
pub type Create<'a> = &'a dyn Fn(&Path, &[u8]) -> io::Result<()>;

/// The messages of one run on their way into a folder.
#[derive(Clone, Debug)]
pub struct Outbox {
    folder: PathBuf,
    count: usize,
}

/// The files of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// `NNN-name.eml`: the bytes that a server would get.
    pub message: PathBuf,
    /// `NNN-name.envelope.json`: sender and recipients in order; Bcc is in no header.
    pub envelope: PathBuf,
}

/// A file of the outbox that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// It is there already.
    #[error("`{}` is there already: give an empty folder", .0.display())]
    Exists(PathBuf),
    /// The system says no.
    #[error("`{}` could not be written: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

#[derive(Serialize)]
struct EnvelopeFile<'a> {
    schema: &'static str,
    sender: &'a str,
    recipients: &'a [String],
}

/// Bytes of the name in a file name: with number and ending it stays under the 255 of common file systems.
const LONGEST_NAME: usize = 120;

impl Outbox {
    /// Nothing is written before the first message.
    pub fn new(folder: impl Into<PathBuf>) -> Outbox {
        Outbox {
            folder: folder.into(),
            count: 0,
        }
    }

    /// Writes a message under the next number and a name made safe, such as that of its task.
    ///
    /// # Errors
    ///
    /// A file that is there already, or cannot be written.
    pub fn write(
        &mut self,
        name: &str,
        envelope: &Envelope,
        message: &[u8],
        create: Create<'_>,
    ) -> Result<Written, OutboxError> {
        self.count += 1;
        let stem = format!("{:03}-{}", self.count, safe_name(name));
        let written = Written {
            message: self.folder.join(format!("{stem}.eml")),
            envelope: self.folder.join(format!("{stem}.envelope.json")),
        };
        let mut json = serde_json::to_vec_pretty(&EnvelopeFile {
            schema: "dtsx/envelope@1",
            sender: &envelope.sender,
            recipients: &envelope.recipients,
        })
        .unwrap_or_default();
        json.push(b'\n');
        for (path, bytes) in [
            (&written.message, message),
            (&written.envelope, json.as_slice()),
        ] {
            create(path, bytes).map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => OutboxError::Exists(path.clone()),
                _ => OutboxError::Io {
                    path: path.clone(),
                    error,
                },
            })?;
        }
        Ok(written)
    }
}

/// A name that is one component of a path on every system: separators, wildcards, control and bidirectional
/// characters become `_`, dots and blanks at the end go. Names that Windows keeps for devices, such as `CON`, do no
/// harm behind a number.
fn safe_name(name: &str) -> String {
    let mut safe = String::new();
    for character in name.trim().chars() {
        let character = match character {
            '\\' | '/' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '_',
            hidden if is_hidden(hidden) => '_',
            other => other,
        };
        if safe.len() + character.len_utf8() > LONGEST_NAME {
            break;
        }
        safe.push(character);
    }
    let safe = safe.trim_end_matches(['.', ' ']);
    if safe.is_empty() { "mail" } else { safe }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_on_every_system() {
        for (name, safe) in [
            ("Send Mail Task", "Send Mail Task"),
            ("a\\b/c:d*e?f\"g<h>i|j", "a_b_c_d_e_f_g_h_i_j"),
            ("../../etc/passwd", ".._.._etc_passwd"),
            ("x\u{202e}gpj.\u{1b}[2J\n", "x_gpj._[2J"),
            ("Уведомление. . ", "Уведомление"),
            ("", "mail"),
            ("...", "mail"),
        ] {
            assert_eq!(safe_name(name), safe);
        }
        assert_eq!(safe_name(&"щ".repeat(200)).len(), 120);
        // The number in front keeps device names from being one.
        assert_eq!(format!("{:03}-{}.eml", 1, safe_name("CON")), "001-CON.eml");
    }
}
