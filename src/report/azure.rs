//! Findings as logging commands of Azure Pipelines: `##vso[task.logissue type=warning;sourcepath=…]…`.
//!
//! Azure knows errors and warnings only: what is worth knowing is a line of the log.

use std::io::{self, Write};

use crate::lint::Severity;
use crate::source::visible;

use super::lint::{LintReport, place};

/// Writes the findings.
///
/// # Errors
///
/// When the output cannot be written.
pub fn write(out: &mut dyn Write, report: &LintReport) -> io::Result<()> {
    for finding in &report.findings {
        let whole = format!("{}: {}", place(finding), finding.message);
        let whole = visible(&whole);
        if finding.severity == Severity::Info {
            let text = format!("info {}: {whole}", finding.rule.code);
            // No text of a file may be taken for a command.
            let text = text.replace("##", "# #");
            writeln!(out, "{text}")?;
            continue;
        }
        let path = finding.file.member_of().unwrap_or(finding.file.to_string());
        write!(
            out,
            "##vso[task.logissue type={};sourcepath={}",
            finding.severity.name(),
            escaped(&path)
        )?;
        let is_member = finding.file.member().is_some();
        if let Some(place) = finding
            .spot
            .as_ref()
            .map(|spot| spot.place)
            .filter(|_| !is_member)
        {
            write!(
                out,
                ";linenumber={};columnnumber={}",
                place.from.line, place.from.column
            )?;
        }
        writeln!(out, ";code={};]{}", finding.rule.code, escaped(&whole))?;
    }
    Ok(())
}

/// As the agent's own library escapes.
fn escaped(text: &str) -> String {
    text.replace('%', "%AZP25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
        .replace(']', "%5D")
        .replace(';', "%3B")
}
