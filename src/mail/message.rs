//! What a Send Mail task would send, as plain data.

use std::path::PathBuf;

use crate::package::Priority;

/// A message before it is composed: every value resolved to text, lists still as the task writes them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailMessage {
    /// `FromLine`: one address, with or without a display name.
    pub from: String,
    /// `ToLine`: addresses separated by `;`.
    pub to: String,
    /// `CCLine`: addresses separated by `;`.
    pub cc: String,
    /// `BCCLine`: addresses separated by `;`.
    pub bcc: String,
    /// `Subject`: one line.
    pub subject: String,
    /// The text itself, wherever it was kept; line ends of any kind.
    pub body: String,
    /// `Priority`.
    pub priority: Priority,
    /// `FileAttachments`, cut at `|`, with the place of each on this machine.
    pub attachments: Vec<Attachment>,
    /// Who gets the answers, where it is not the sender: one address.
    pub reply_to: Option<String>,
    /// Who gets the message instead of all its recipients, in a rehearsal: one address. The recipients are looked at
    /// all the same, and stand in `X-Original-To`.
    pub redirect_to: Option<String>,
}

/// A file that goes with the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// The path as the task writes it. What stands behind its last `\`, `/` or `:` names the attachment in the mail.
    pub stored: String,
    /// Where the file is read on this machine.
    pub path: PathBuf,
}

impl Attachment {
    /// The attachment's name in the mail.
    pub fn name(&self) -> &str {
        self.stored
            .rsplit(['\\', '/', ':'])
            .next()
            .unwrap_or(&self.stored)
    }
}

/// The paths in a task's `FileAttachments`: cut at `|`, trimmed, empty pieces left out. Packages build the list as
/// `a + "|" + b` from variables that may be empty.
pub fn split_attachments(list: &str) -> impl Iterator<Item = &str> {
    list.split('|')
        .map(str::trim)
        .filter(|piece| !piece.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attachment_lists_tolerate_empty_pieces() {
        let list: Vec<&str> =
            split_attachments(r"c:\tmp\rbb.xls|| \\srv\share\a b.txt |").collect();
        assert_eq!(list, [r"c:\tmp\rbb.xls", r"\\srv\share\a b.txt"]);
        assert_eq!(split_attachments("").count(), 0);
        assert_eq!(split_attachments("| |").count(), 0);
    }

    #[test]
    fn the_name_is_what_stands_behind_the_last_separator() {
        for (stored, name) in [
            (r"c:\tmp\rbb.xls", "rbb.xls"),
            (r"\\srv\share\a b.txt", "a b.txt"),
            ("/var/log/x.log", "x.log"),
            ("c:x.log", "x.log"),
            (r"c:\mixed/x.log", "x.log"),
            ("x.log", "x.log"),
        ] {
            let path = PathBuf::new();
            let stored = stored.to_owned();
            assert_eq!(Attachment { stored, path }.name(), name);
        }
    }
}
