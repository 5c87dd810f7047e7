//! The attached files of Send Mail tasks, for the rules SM041 to SM045.

use std::ops::Range;

use crate::lint::{InFile, Judged, MailTask};
use crate::package::MailProperty;

/// An attached path, without the blanks around it.
pub(in crate::lint) struct Attachment<'t> {
    pub(in crate::lint) path: &'t str,
    /// Its place in the value.
    pub(in crate::lint) range: Range<usize>,
}

impl Attachment<'_> {
    pub(in crate::lint) fn is_unc(&self) -> bool {
        self.path.starts_with("\\\\") || self.path.starts_with("//")
    }
}

/// `C:\a`, `d:/b`
pub(in crate::lint) fn begins_with_drive(path: &str) -> bool {
    let mut chars = path.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic())
        && chars.next() == Some(':')
        && matches!(chars.next(), Some('\\' | '/'))
}

/// The attached paths of a task as they will be at run time; none where only a run knows them.
pub(in crate::lint) fn attachments<'t, 'a>(
    at: &InFile<'a>,
    task: &'t MailTask<'a>,
) -> (&'t Judged<'a>, Vec<Attachment<'t>>) {
    let line = at.mail(task, MailProperty::FileAttachments);
    let text = line.text().unwrap_or_default();
    let mut start = 0;
    let mut found = Vec::new();
    for piece in text.split('|') {
        let path = piece.trim();
        let from = start + (piece.len() - piece.trim_start().len());
        start += piece.len() + 1;
        if !path.is_empty() {
            found.push(Attachment {
                path,
                range: from..from + path.len(),
            });
        }
    }
    (line, found)
}
