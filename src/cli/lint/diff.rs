//! What fixes make of a file, as a unified diff.
//!
//! Fixes are carried out round after round, each on what the one before has left, so that no edits of the file as it is
//! on the disk are known, and its texts are compared.

use std::io::{self, Write};
use std::path::Path;

use dtsx::archive::Archive;
use dtsx::project::{Label, Limits, hunks_between};
use dtsx::report::human::diff::{self, Of};
use dtsx::source::Source;
use dtsx::xml::Document;

/// Writes what is different; of an archive in each member that has changed.
pub(super) fn write_difference(
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
                write_one(out, &label, old, new)?;
            }
        }
        return Ok(());
    }
    write_one(out, &Label::of_path(path), old.to_vec(), new.to_vec())
}

fn write_one(out: &mut dyn Write, label: &Label, old: Vec<u8>, new: Vec<u8>) -> io::Result<()> {
    match (read(old), read(new)) {
        (Some(old), Some(new)) => {
            let hunks = hunks_between(&old, &new);
            diff::write(out, &label.to_string(), Of::Changed, &hunks)
        }
        _ => Ok(()),
    }
}

fn read(bytes: Vec<u8>) -> Option<Document> {
    let source = Source::decode(bytes).ok()?;
    let mut limits = Limits::default().document;
    // It was read before it was changed, whatever its size.
    limits.size = u64::MAX;
    Document::parse(source, &limits).ok()
}
