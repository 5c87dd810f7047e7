//! A migration's plan for people: what changes and why, the diff, what cannot be changed, what is left.

use std::io::{self, Write};

use anstyle::Style;

use crate::migrate::{FilePlan, KeeperKind, Matched, UnitPlan};
use crate::report::json::plan::Plan;
use crate::source::visible;

use super::diff::{self, Of};

const HEADING: Style = Style::new().bold();

/// Writes what changes in a unit: for each file the values with the reasons, then the lines. Who wants no colours
/// strips them.
///
/// # Errors
///
/// When the output cannot be written.
pub fn write_unit(out: &mut dyn Write, unit: &UnitPlan) -> io::Result<()> {
    unit.files.iter().try_for_each(|file| write_file(out, file))
}

fn write_file(out: &mut dyn Write, file: &FilePlan) -> io::Result<()> {
    let label = file.label.to_string();
    writeln!(out, "{HEADING}{}{HEADING:#}", visible(&label))?;
    for change in &file.changes {
        writeln!(
            out,
            "  {}: `{}` becomes `{}`",
            visible(&change.object),
            visible(&change.old),
            visible(&change.new)
        )?;
        let line = change.place.from.line;
        let by = match change.matched {
            Matched::Stored => "",
            Matched::Effective => " (the rule matches the effective value)",
            Matched::Kept => " (the rule matches what may be the value)",
        };
        writeln!(out, "      line {line}: {}{by}", visible(&change.why))?;
        let reads = matches!(change.kind, KeeperKind::Variable | KeeperKind::Parameter);
        if reads && !change.readers.is_empty() {
            writeln!(out, "      read by:")?;
            for reader in &change.readers {
                writeln!(out, "        {}", visible(reader))?;
            }
        }
    }
    diff::write(out, &label, Of::Changed, &file.hunks)?;
    writeln!(out)
}

/// Writes what is not changed and what is left, and the counts.
///
/// # Errors
///
/// When the output cannot be written.
pub fn write_rest(out: &mut dyn Write, plan: &Plan) -> io::Result<()> {
    if !plan.not_changed.is_empty() {
        writeln!(out, "{HEADING}not changed{HEADING:#}")?;
        for it in &plan.not_changed {
            let object = match it.object.is_empty() {
                true => String::new(),
                false => format!(" {}", visible(&it.object)),
            };
            writeln!(out, "  {}{object}", visible(&it.path))?;
            writeln!(out, "      {}", visible(&it.why))?;
        }
        writeln!(out)?;
    }
    if !plan.left.is_empty() {
        writeln!(out, "{HEADING}left{HEADING:#}")?;
        for it in &plan.left {
            let object = match it.object.is_empty() {
                true => String::new(),
                false => format!(" {}", visible(&it.object)),
            };
            let live = if it.live { "" } else { ", not live" };
            writeln!(
                out,
                "  {}:{}:{}{object} ({}{live})",
                visible(&it.path),
                it.span.line,
                it.span.column,
                it.kind
            )?;
            writeln!(out, "      {}", visible(&it.excerpt))?;
            writeln!(out, "      {}", it.what_to_do)?;
        }
        writeln!(out)?;
    }
    for warning in &plan.warnings {
        writeln!(
            out,
            "warning: {}: {}",
            visible(&warning.path),
            visible(&warning.message)
        )?;
    }
    for rule in &plan.unmatched_rules {
        writeln!(out, "warning: rule {rule} matches nothing here")?;
    }
    let summary = &plan.summary;
    writeln!(
        out,
        "{} {} in {} {}; not changed: {}; left: {}, of them live: {}; looked at: {}",
        summary.changes,
        plural(summary.changes, "value", "values"),
        summary.files,
        plural(summary.files, "file", "files"),
        summary.not_changed,
        summary.left,
        summary.left_live,
        summary.looked_at
    )
}

fn plural<'w>(count: usize, one: &'w str, many: &'w str) -> &'w str {
    if count == 1 { one } else { many }
}
