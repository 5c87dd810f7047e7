//! What fixes make of a file, as a unified diff with its secrets masked.
//!
//! Fixes are carried out round after round, each on what the one before has left, so that no edits of the file as it is
//! on the disk are known, and its texts are compared.

use std::io::{self, Write};
use std::ops::Range;
use std::path::Path;

use similar::udiff::UnifiedHunkHeader;
use similar::{ChangeTag, TextDiff};

use dtsx::archive::Archive;
use dtsx::connection_string::secrets_within;
use dtsx::package::secret_spans;
use dtsx::project::{Label, Limits};
use dtsx::secret::MASK;
use dtsx::source::{Source, visible};
use dtsx::xml::Document;

/// Lines shown around a change.
const CONTEXT: usize = 3;

/// Writes what is different; of an archive in each member that has changed.
///
/// Lines are compared as they are and shown without secrets, so that a new secret is a changed line that shows none.
pub(crate) fn write_bytes_diff(
    out: &mut dyn Write,
    path: &Path,
    old: &[u8],
    new: &[u8],
) -> io::Result<()> {
    let limits = Limits::default().archive;
    if let (Ok(before), Ok(after)) = (Archive::open(old, &limits), Archive::open(new, &limits)) {
        for (index, member) in before.members().iter().enumerate() {
            if let (Ok(old), Ok(new)) = (before.read(index), after.read(index))
                && old != new
            {
                let label = Label::of_member(path, &member.name);
                write_both(out, &label, old, new)?;
            }
        }
        return Ok(());
    }
    write_both(out, &Label::of_path(path), old.to_vec(), new.to_vec())
}

fn write_both(out: &mut dyn Write, label: &Label, old: Vec<u8>, new: Vec<u8>) -> io::Result<()> {
    match (Text::read(old), Text::read(new)) {
        (Some(old), Some(new)) => write_texts(out, &label.to_string(), &old, &new),
        _ => Ok(()),
    }
}

fn write_texts(out: &mut dyn Write, label: &str, old: &Text, new: &Text) -> io::Result<()> {
    let label = visible(label);
    let diff = TextDiff::from_lines(old.text.as_str(), new.text.as_str());
    let shown = TextDiff::from_lines(old.shown.as_str(), new.shown.as_str());
    writeln!(out, "--- {label}\n+++ {label}")?;
    for hunk in diff.grouped_ops(CONTEXT) {
        writeln!(out, "{}", UnifiedHunkHeader::new(&hunk))?;
        for line in hunk.iter().flat_map(|op| diff.iter_changes(op)) {
            let (sign, text) = match line.tag() {
                ChangeTag::Equal => (' ', line.old_index().and_then(|at| shown.old_slice(at))),
                ChangeTag::Delete => ('-', line.old_index().and_then(|at| shown.old_slice(at))),
                ChangeTag::Insert => ('+', line.new_index().and_then(|at| shown.new_slice(at))),
            };
            let text = text.unwrap_or_default();
            let bare = text.trim_end_matches(['\n', '\r']);
            let end = text.get(bare.len()..).unwrap_or_default();
            let pieces: Vec<_> = bare.split('\t').map(visible).collect();
            write!(out, "{sign}{}", pieces.join("\t"))?;
            match end {
                "" => writeln!(out, "\n\\ No newline at end of file")?,
                end => write!(out, "{end}")?,
            }
        }
    }
    Ok(())
}

/// A text, and the same without secrets: line by line.
struct Text {
    text: String,
    shown: String,
}

impl Text {
    fn read(bytes: Vec<u8>) -> Option<Text> {
        let source = Source::decode(bytes).ok()?;
        let mut limits = Limits::default().document;
        // It was read before it was changed, whatever its size.
        limits.size = u64::MAX;
        let document = Document::parse(source, &limits).ok()?;
        Some(Text::of(&document))
    }

    fn of(document: &Document) -> Text {
        let text = document.source().text().to_owned();
        let mut places: Vec<Range<usize>> = secret_spans(document)
            .into_iter()
            .map(|span| span.range())
            .chain(secrets_within(&text).into_iter().map(|place| place.value))
            .collect();
        places.sort_by_key(|place| (place.start, place.end));
        let shown = masked(&text, &places);
        Text { text, shown }
    }
}

/// The text with each line of the places masked; line ends stay.
fn masked(text: &str, places: &[Range<usize>]) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    for place in places {
        let start = place.start.max(at);
        if start >= place.end {
            continue;
        }
        shown.push_str(text.get(at..start).unwrap_or_default());
        let secret = text.get(start..place.end).unwrap_or_default();
        for line in secret.split_inclusive(['\n', '\r']) {
            let bare = line.trim_end_matches(['\n', '\r']);
            if !bare.is_empty() {
                shown.push_str(MASK);
            }
            shown.push_str(line.get(bare.len()..).unwrap_or_default());
        }
        at = place.end;
    }
    shown.push_str(text.get(at..).unwrap_or_default());
    shown
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn lines_stay_lines() {
        assert_eq!(
            masked("a secret\r\nof two b", &[2..16, 4..6]),
            "a ***\r\n*** b"
        );
        assert_eq!(masked("\n\na", &[0..2, 2..3]), "\n\n***");
    }
}
