//! Findings for people: the line, what is meant in it, and what to do.

use std::io::{self, Write};

use annotate_snippets::{AnnotationKind, Element, Group, Level, Renderer, Snippet};
use anstyle::{AnsiColor, Style};

use crate::lint::{Applicability, Category, Confidence, Finding, RULES, Rule, Severity};
use crate::report::lint::LintReport;
use crate::source::visible;

const ARROW: Style = AnsiColor::BrightBlue.on_default().bold();

/// Writes findings. Who wants no colours strips them.
///
/// # Errors
///
/// When the output cannot be written.
pub fn write_findings(out: &mut dyn Write, findings: &[Finding]) -> io::Result<()> {
    let renderer = Renderer::styled();
    for finding in findings {
        let title = level(finding.severity)
            .primary_title(visible(&finding.message))
            .id(finding.rule.code);
        let mut group = Group::with_title(title);
        let label = finding.file.to_string();
        let label = visible(&label);
        let place = match &finding.spot {
            Some(spot) => format!(
                "{label}:{}:{}",
                spot.place.from.line, spot.place.from.column
            ),
            None => label.into_owned(),
        };
        let mut gutter = 1;
        if let Some(excerpt) = finding.spot.as_ref().and_then(|it| it.excerpt.as_ref()) {
            let snippet = Snippet::source(excerpt.text.as_str())
                .line_start(excerpt.line as usize)
                .annotation(AnnotationKind::Primary.span(excerpt.marked.clone()));
            group = group.element(snippet);
            gutter = excerpt.line.to_string().len();
        }
        for note in notes(finding) {
            group = group.element(note);
        }
        // The line is shown cut, so that the renderer does not know the column.
        let text = renderer.render(&[group]);
        let (title, rest) = text.split_once('\n').unwrap_or((&text, ""));
        writeln!(out, "{title}\n{:gutter$}{ARROW}-->{ARROW:#} {place}", "")?;
        writeln!(out, "{rest}\n")?;
    }
    Ok(())
}

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    }
}

fn notes(finding: &Finding) -> Vec<Element<'static>> {
    let mut notes = Vec::new();
    if !finding.object.is_empty() {
        let path = finding.path();
        notes.push(
            Level::NOTE
                .message(format!("in `{}`", visible(&path)))
                .into(),
        );
    }
    for related in &finding.related {
        let at = match (&related.file, &related.place) {
            (Some(file), Some(place)) => {
                format!(" ({file}:{}:{})", place.from.line, place.from.column)
            }
            (Some(file), None) => format!(" ({file})"),
            _ => String::new(),
        };
        let text = format!("{}{at}", related.message);
        notes.push(Level::NOTE.message(visible(&text).into_owned()).into());
    }
    if finding.confidence == Confidence::Low {
        let text = "something outside of the files may make this untrue";
        notes.push(Level::NOTE.message(text).into());
    }
    if let Some(fix) = &finding.fix {
        let how = match fix.applicability {
            Applicability::Safe => "--fix",
            Applicability::Unsafe => "--fix --unsafe-fixes",
        };
        let text = format!("`{how}`: {}", fix.title);
        notes.push(Level::HELP.message(visible(&text).into_owned()).into());
    }
    notes
}

/// Writes what there is to say behind all findings.
///
/// # Errors
///
/// When the output cannot be written.
pub fn write_summary(out: &mut dyn Write, report: &LintReport) -> io::Result<()> {
    for unused in &report.unused {
        writeln!(out, "unused: {}", visible(unused))?;
    }
    let count = |severity, one: &str, more: &str| match report.count(severity) {
        1 => format!("1 {one}"),
        number => format!("{number} {more}"),
    };
    let files = match report.files {
        1 => "1 file".to_owned(),
        number => format!("{number} files"),
    };
    if report.findings.is_empty() {
        write!(out, "nothing found in {files}")?;
    } else {
        write!(
            out,
            "{}, {}, {} in {files}",
            count(Severity::Error, "error", "errors"),
            count(Severity::Warning, "warning", "warnings"),
            count(Severity::Info, "note", "notes"),
        )?;
    }
    if report.known > 0 {
        write!(out, "; {} known to the baseline", report.known)?;
    }
    if report.accepted > 0 {
        write!(out, "; {} accepted", report.accepted)?;
    }
    writeln!(out)?;
    let (safe, all) = (
        report.fixable(Applicability::Safe),
        report.fixable(Applicability::Unsafe),
    );
    match (safe, all - safe) {
        (0, 0) => Ok(()),
        (safe, 0) => writeln!(out, "{safe} fixable with `--fix`"),
        (safe, hidden) => writeln!(
            out,
            "{safe} fixable with `--fix`, {hidden} more with `--fix --unsafe-fixes`"
        ),
    }
}

/// Writes how often each rule found something.
///
/// # Errors
///
/// When the output cannot be written.
pub fn write_statistics(out: &mut dyn Write, report: &LintReport) -> io::Result<()> {
    let counts = report.by_rule();
    let width = counts
        .iter()
        .map(|(_, count)| count.to_string().len())
        .max()
        .unwrap_or(0);
    for (rule, count) in counts {
        let mark = match rule.fix {
            Some(_) => "[*]",
            None => "[ ]",
        };
        writeln!(out, "{count:width$}  {}  {mark} {}", rule.code, rule.name)?;
    }
    Ok(())
}

/// Writes the page of a rule.
///
/// # Errors
///
/// When the output cannot be written.
pub fn write_page(out: &mut dyn Write, rule: &Rule) -> io::Result<()> {
    write!(out, "{}", page(rule))
}

/// The page of a rule as Markdown: what `docs/rules` holds.
pub fn page(rule: &Rule) -> String {
    let fix = match rule.fix {
        Some(applicability) => format!("sometimes, {}", applicability.name()),
        None => "no".to_owned(),
    };
    format!(
        "# {} {}\n\n{}.\n\n| category | severity | tier | fix | since |\n| --- | --- | --- | --- | --- |\n\
         | {} | {} | {} | {fix} | {} |\n\n{}\n",
        rule.code,
        rule.name,
        rule.summary(),
        rule.category.name(),
        rule.severity.name(),
        rule.tier.number(),
        rule.since,
        rule.documentation(),
    )
}

/// All rules on a line each, by category, as Markdown: `docs/rules/README.md`.
pub fn index() -> String {
    let mut text = String::from(
        "# Rules\n\nWritten from the rules themselves; `dtsx explain CODE` prints a page. `[*]`: it can offer a fix.\n",
    );
    for category in Category::ALL {
        let rules: Vec<_> = RULES.iter().filter(|it| it.category == category).collect();
        if rules.is_empty() {
            continue;
        }
        text += &format!(
            "\n## {}\n\n{}\n\n| rule | severity | |\n| --- | --- | --- |\n",
            category.name(),
            category.meaning()
        );
        for rule in rules {
            let mark = if rule.fix.is_some() { " `[*]`" } else { "" };
            text += &format!(
                "| [{} {}]({}.md) | {} | {}{mark} |\n",
                rule.code,
                rule.name,
                rule.code,
                rule.severity.name(),
                rule.summary()
            );
        }
    }
    text
}

/// How many rules there are of each category, as Markdown: the table of the README.
pub fn counts() -> String {
    let mut text = String::from("| category | rules | with a fix | |\n| --- | --- | --- | --- |\n");
    for category in Category::ALL {
        let rules = || RULES.iter().filter(|it| it.category == category);
        let fixes = rules().filter(|it| it.fix.is_some()).count();
        if rules().count() > 0 {
            text += &format!(
                "| {} | {} | {fixes} | {} |\n",
                category.name(),
                rules().count(),
                category.meaning()
            );
        }
    }
    let fixes = RULES.iter().filter(|it| it.fix.is_some()).count();
    text + &format!("| all | {} | {fixes} | |\n", RULES.len())
}
