//! Findings as annotations of GitHub Actions: `::warning title=dtsx (SM014),file=…,line=12,col=40::…`.

use std::io::{self, Write};

use crate::lint::Severity;
use crate::source::visible;

use super::lint::LintReport;

/// Writes the findings.
///
/// # Errors
///
/// When the output cannot be written.
pub fn write(out: &mut dyn Write, report: &LintReport) -> io::Result<()> {
    for finding in &report.findings {
        let command = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "notice",
        };
        // A member is shown at its archive, which is the file that the repository has.
        let path = finding.file.member_of().unwrap_or(finding.file.to_string());
        write!(
            out,
            "::{command} title=dtsx ({}),file={}",
            finding.rule.code,
            property(&path)
        )?;
        let is_member = finding.file.member().is_some();
        if let Some(place) = finding
            .spot
            .as_ref()
            .map(|spot| spot.place)
            .filter(|_| !is_member)
        {
            let (from, to) = (place.from, place.to);
            // GitHub takes columns only where the lines are the same.
            match from.line == to.line {
                true => write!(
                    out,
                    ",line={},col={},endLine={},endColumn={}",
                    from.line, from.column, to.line, to.column
                )?,
                false => write!(out, ",line={},endLine={}", from.line, to.line)?,
            }
        }
        let whole = format!("{}: {}", super::lint::place(finding), finding.message);
        writeln!(out, "::{}", data(&visible(&whole)))?;
    }
    Ok(())
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
