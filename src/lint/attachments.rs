//! The attached files of Send Mail tasks, for the rules SM041 to SM045.

use std::ops::Range;

use crate::lint::{InFile, Judged, MailTask};
use crate::package::{MailProperty, SEND_MAIL, Stored};
use crate::source::{Decoded, Span};

/// An attached path, without the blanks around it.
pub(in crate::lint) struct Attachment {
    pub(in crate::lint) path: String,
    /// Its place in the list that it is of.
    pub(in crate::lint) range: Range<usize>,
    /// Whether that is the list of the first element, which is the one that SSIS writes.
    pub(in crate::lint) is_of_first: bool,
    /// Its place in the file.
    pub(in crate::lint) span: Span,
}

/// What kind of path an attached file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lint) enum PathKind {
    /// On a share.
    Share,
    /// On a drive of the machine, or a device of it.
    Drive,
    /// Relative to a folder that only a run knows.
    Relative,
    /// An address of the web, which is no path.
    Address,
}

impl Attachment {
    pub(in crate::lint) fn kind(&self) -> PathKind {
        let bare = self.bare();
        let is_share = bare.starts_with("\\\\") || bare.starts_with("//");
        let is_device = bare.len() < self.path.len();
        let device_share = bare.split(['\\', '/']).next().unwrap_or_default();
        if is_share || is_device && device_share.eq_ignore_ascii_case("UNC") {
            PathKind::Share
        } else if is_device || begins_with_drive(bare) {
            PathKind::Drive
        } else if self.path.contains("://") {
            PathKind::Address
        } else {
            PathKind::Relative
        }
    }

    /// Without what says that nothing is to be made of the path: `\\?\C:\a.txt`.
    pub(in crate::lint) fn bare(&self) -> &str {
        let device = ["\\\\?\\", "\\\\.\\"]
            .iter()
            .find_map(|prefix| self.path.strip_prefix(prefix));
        device.unwrap_or(&self.path)
    }
}

/// `C:\a`, `d:/b`
pub(in crate::lint) fn begins_with_drive(path: &str) -> bool {
    let mut chars = path.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic())
        && chars.next() == Some(':')
        && matches!(chars.next(), Some('\\' | '/'))
}

/// The attached paths of a task as they will be at run time; none where only a run knows them. SSIS writes one element
/// with the whole list; where somebody wrote several, all of them are looked at.
pub(in crate::lint) fn attachments<'t, 'a>(
    at: &InFile<'a>,
    task: &'t MailTask<'a>,
) -> (&'t Judged<'a>, Vec<Attachment>) {
    let line = at.mail(task, MailProperty::FileAttachments);
    let span_of = |part: Range<usize>| line.span_of(part);
    let mut found = pieces(line.text().unwrap_or_default(), span_of);
    if line.is_stored() {
        for list in further_lists(task) {
            let mut more = pieces(&list.text, |part| list.raw_span(part));
            more.iter_mut().for_each(|it| it.is_of_first = false);
            found.append(&mut more);
        }
    }
    (line, found)
}

/// The lists of the elements behind the first.
fn further_lists<'a>(task: &MailTask<'a>) -> Vec<Decoded<'a>> {
    let all = task
        .task
        .data()
        .into_iter()
        .flat_map(|data| data.children());
    all.filter(|child| child.name() == "Attachments")
        .skip(1)
        .filter_map(|child| {
            let name = MailProperty::FileAttachments.xml_name();
            let own = child.attribute(SEND_MAIL, name);
            own.or_else(|| child.attribute("", name))
        })
        .map(|attribute| Stored::Attribute(attribute).text())
        .collect()
}

fn pieces(list: &str, span_of: impl Fn(Range<usize>) -> Span) -> Vec<Attachment> {
    let mut start = 0;
    let mut found = Vec::new();
    for piece in list.split('|') {
        let path = piece.trim();
        let from = start + (piece.len() - piece.trim_start().len());
        start += piece.len() + 1;
        if !path.is_empty() {
            let range = from..from + path.len();
            found.push(Attachment {
                path: path.to_owned(),
                span: span_of(range.clone()),
                range,
                is_of_first: true,
            });
        }
    }
    found
}
