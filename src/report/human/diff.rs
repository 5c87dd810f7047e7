//! A unified diff.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::migrate::{Hunk, Tag};
use crate::source::visible;

const OLD: Style = AnsiColor::Red.on_default();
const NEW: Style = AnsiColor::Green.on_default();
const PLACE: Style = AnsiColor::Cyan.on_default();

/// What becomes of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// It changes.
    Changed,
    /// It is new.
    Created,
    /// It goes.
    Removed,
}

/// Writes the diff of one file. Who wants no colours strips them.
///
/// # Errors
///
/// When the output cannot be written.
pub fn write(out: &mut dyn Write, label: &str, of: Of, hunks: &[Hunk]) -> io::Result<()> {
    const NOTHING: &str = "/dev/null";
    let label = visible(label);
    let old = if of == Of::Created { NOTHING } else { &label };
    let new = if of == Of::Removed { NOTHING } else { &label };
    writeln!(out, "{OLD}--- {old}{OLD:#}")?;
    writeln!(out, "{NEW}+++ {new}{NEW:#}")?;
    for hunk in hunks {
        let count = |without: Tag| hunk.lines.iter().filter(|line| line.tag != without).count();
        writeln!(
            out,
            "{PLACE}@@ -{},{} +{},{} @@{PLACE:#}",
            hunk.old_start,
            count(Tag::New),
            hunk.new_start,
            count(Tag::Old)
        )?;
        for line in &hunk.lines {
            // Tabs are what a diff shows as they are.
            let text: Vec<_> = line.text.split('\t').map(visible).collect();
            let text = text.join("\t");
            match line.tag {
                Tag::Context => writeln!(out, " {text}")?,
                Tag::Old => writeln!(out, "{OLD}-{text}{OLD:#}")?,
                Tag::New => writeln!(out, "{NEW}+{text}{NEW:#}")?,
            }
            if !line.is_ended {
                writeln!(out, "\\ No newline at end of file")?;
            }
        }
    }
    Ok(())
}
