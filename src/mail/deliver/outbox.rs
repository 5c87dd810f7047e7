//! A folder instead of a server: each message as a file, and who it was for beside it.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::host::{Access, WritableFiles};
use crate::mail::Envelope;
use crate::source::{is_hidden, visible};

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

/// A message that is not in the outbox; nothing of it is.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// A file is there already: a former run's mail is not lost, nor mixed with this one's.
    #[error("`{}` is there already: give an empty folder", shown(.0))]
    Exists(PathBuf),
    /// The system does not write a file.
    #[error("`{}` could not be written: {error}", shown(path))]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The message could not be read to its end.
    #[error("{0}")]
    Source(io::Error),
}

fn shown(path: &Path) -> String {
    visible(&path.to_string_lossy()).into_owned()
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

    /// Writes a message under the next number and a name made safe, such as that of its task. Files and folders are
    /// their owner's alone.
    ///
    /// # Errors
    ///
    /// [`OutboxError`]; what was begun is removed.
    pub fn write(
        &mut self,
        name: &str,
        envelope: &Envelope,
        message: &mut dyn Read,
        files: &dyn WritableFiles,
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
        create_folders(&self.folder, files).map_err(|error| OutboxError::Write {
            path: self.folder.clone(),
            error,
        })?;
        create(&written.message, message, files)?;
        create(&written.envelope, &mut json.as_slice(), files).inspect_err(|_| {
            // A message without its envelope would look like one that is whole.
            let _ = files.remove(&written.message);
        })?;
        Ok(written)
    }
}

fn create_folders(folder: &Path, files: &dyn WritableFiles) -> io::Result<()> {
    if folder.as_os_str().is_empty() || files.metadata(folder).is_ok() {
        return Ok(());
    }
    if let Some(above) = folder.parent() {
        create_folders(above, files)?;
    }
    match files.create_folder(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

fn create(path: &Path, bytes: &mut dyn Read, files: &dyn WritableFiles) -> Result<(), OutboxError> {
    let write = |error: io::Error| OutboxError::Write {
        path: path.to_owned(),
        error,
    };
    let mut file = match files.create(path, Access::OwnerOnly) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(OutboxError::Exists(path.to_owned()));
        }
        Err(error) => return Err(write(error)),
    };
    let mut chunk = vec![0; 64 << 10];
    let result = loop {
        match bytes.read(&mut chunk) {
            Ok(0) => break file.flush().map_err(write),
            Ok(read) => {
                let part = chunk.get(..read).unwrap_or_default();
                if let Err(error) = file.write_all(part) {
                    break Err(write(error));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => break Err(OutboxError::Source(error)),
        }
    };
    result.inspect_err(|_| {
        drop(file);
        let _ = files.remove(path);
    })
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
