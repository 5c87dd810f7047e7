//! Findings on a line each: `etl/Nightly.dtsx:12:40: warning SM014 [*] mail goes …`.

use std::io::{self, Write};

use crate::source::visible;

use super::lint::{LintReport, place};

/// Writes the findings.
///
/// # Errors
///
/// When the output cannot be written.
pub fn write(out: &mut dyn Write, report: &LintReport) -> io::Result<()> {
    for finding in &report.findings {
        let mark = if finding.fix.is_some() { "[*] " } else { "" };
        let place = place(finding);
        writeln!(
            out,
            "{}: {} {} {mark}{}",
            visible(&place),
            finding.severity.name(),
            finding.rule.code,
            visible(&finding.message)
        )?;
    }
    Ok(())
}
