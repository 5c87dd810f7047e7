//! Findings as JUnit XML: a suite for each file, a failure for each finding that counts.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::lint::{Finding, Severity};

use super::lint::{LintReport, place};

/// Writes the report. Findings below the fail level are passing tests whose output says what was found.
///
/// # Errors
///
/// When the output cannot be written.
pub fn write(out: &mut dyn Write, report: &LintReport) -> io::Result<()> {
    let mut by_file: BTreeMap<String, Vec<&Finding>> = BTreeMap::new();
    for label in &report.labels {
        by_file.entry(label.to_string()).or_default();
    }
    for finding in &report.findings {
        let label = finding.file.to_string();
        by_file.entry(label).or_default().push(finding);
    }
    let counts = |severity: Severity| report.fail_level.is_some_and(|level| severity >= level);
    let failures = |all: &[&Finding]| all.iter().filter(|it| counts(it.severity)).count();
    let tests: usize = by_file.values().map(|all| all.len().max(1)).sum();
    let failed: usize = by_file.values().map(|all| failures(all)).sum();
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuites name=\"dtsx\" tests=\"{tests}\" failures=\"{failed}\">"
    )?;
    for (label, all) in &by_file {
        let label = escaped(label);
        writeln!(
            out,
            "  <testsuite name=\"{label}\" tests=\"{}\" failures=\"{}\" errors=\"0\">",
            all.len().max(1),
            failures(all)
        )?;
        if all.is_empty() {
            writeln!(
                out,
                "    <testcase name=\"dtsx lint\" classname=\"{label}\"/>"
            )?;
        }
        for finding in all {
            let message = escaped(&finding.message);
            let path = escaped(&finding.path());
            // Whoever keeps a history tells tests by their names.
            let number = match finding.occurrence {
                0 => String::new(),
                number => format!(" ({})", number + 1),
            };
            let whole = escaped(&format!("{}: {}", place(finding), finding.message));
            write!(
                out,
                "    <testcase name=\"{} {path}{number}\" classname=\"{label}\">",
                finding.rule
            )?;
            match counts(finding.severity) {
                true => write!(
                    out,
                    "<failure type=\"{}\" message=\"{message}\">{whole}</failure>",
                    finding.severity.name()
                )?,
                false => write!(out, "<system-out>{whole}</system-out>")?,
            }
            writeln!(out, "</testcase>")?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

/// Characters that XML cannot hold are shown as U+FFFD.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#xA;"),
            '\r' => escaped.push_str("&#xD;"),
            '\t' => escaped.push_str("&#x9;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
