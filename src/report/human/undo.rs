//! `dtsx undo` for people: what was put back and what was refused.

use std::io::{self, Write};
use std::path::Path;

use crate::apply::{Label, Listed, Restored, Undone};
use crate::report::json::undo::{Summary, state};
use crate::source::visible;

use super::table::Table;

/// Writes what became of each file that was not as it had been already. Paths below `folder` are shown from there.
///
/// # Errors
///
/// When the output cannot be written.
pub fn write_files(
    out: &mut dyn Write,
    journal: &Path,
    files: &[Undone],
    summary: &Summary,
    folder: &Path,
) -> io::Result<()> {
    for file in files {
        let path = shown(file.path.strip_prefix(folder).unwrap_or(&file.path));
        match &file.result {
            Ok(Restored::PutBack) => writeln!(out, "put back  {path}")?,
            Ok(Restored::Removed) => writeln!(out, "removed   {path}")?,
            Ok(Restored::AlreadySo) => {}
            Err(refusal) => writeln!(out, "refused   {path}: {}", visible(&refusal.to_string()))?,
        }
    }
    let Summary {
        put_back,
        removed,
        unchanged,
        refused,
    } = *summary;
    if files.is_empty() {
        return writeln!(
            out,
            "nothing to do: no file of {} was asked for",
            shown(journal)
        );
    }
    if put_back + removed + refused == 0 {
        let journal = shown(journal);
        return writeln!(
            out,
            "nothing to do: every file is as it was before the run of {journal} (others: --list)"
        );
    }
    writeln!(
        out,
        "{put_back} put back, {removed} removed, {unchanged} as they were before, {refused} refused (journal {})",
        shown(journal)
    )
}

/// Says that no journal was found.
///
/// # Errors
///
/// When the output cannot be written.
pub fn write_nothing(out: &mut dyn Write, folder: &Path) -> io::Result<()> {
    let folder = shown(folder);
    writeln!(
        out,
        "nothing to undo: no journal in {folder} belongs to this folder (others: --list)"
    )
}

/// Writes the journals, newest first.
///
/// # Errors
///
/// When the output cannot be written.
pub fn write_journals(out: &mut dyn Write, folder: &Path, journals: &[Listed]) -> io::Result<()> {
    if journals.is_empty() {
        return writeln!(out, "no journals in {}", shown(folder));
    }
    let mut table = Table::new(&["JOURNAL", "COMMAND", "FILES", "STATE", "BY", "ROOT"]);
    for listed in journals {
        let name = visible(&Label::of_path(&listed.path).file_name()).into_owned();
        table.row(match &listed.content {
            Ok(content) => vec![
                name,
                visible(&content.command).into_owned(),
                content.files.to_string(),
                state(content.state).to_owned(),
                visible(&content.user).into_owned(),
                shown(&content.root),
            ],
            Err(error) => {
                let mut row = vec![
                    name,
                    String::new(),
                    String::new(),
                    "unreadable".to_owned(),
                    String::new(),
                ];
                row.push(visible(&error.to_string()).into_owned());
                row
            }
        });
    }
    table.write(out, 0)
}

fn shown(path: &Path) -> String {
    visible(&Label::of_path(path).to_string()).into_owned()
}
