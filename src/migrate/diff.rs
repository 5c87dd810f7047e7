//! Edits as lines: what a unified diff shows, made from the edits themselves.

use std::ops::Range;

use crate::connection_string::masked_within;
use crate::package::{DTS, FileKind, SSIS, boolean, project_parameters};
use crate::project::File;
use crate::secret::MASK;
use crate::source::Span;
use crate::xml::EditSet;

/// Lines that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunk {
    /// The first line in the old file, from 1.
    pub old_start: usize,
    /// The first line in the new file, from 1.
    pub new_start: usize,
    /// The lines.
    pub lines: Vec<Line>,
}

/// A line of a diff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What becomes of it.
    pub tag: Tag,
    /// Its text without its end; secrets masked, the middle of very long lines left out.
    pub text: String,
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// It stays.
    Context,
    /// It goes.
    Old,
    /// It comes.
    New,
}

/// Lines shown around a change.
const CONTEXT: usize = 3;
/// Longer lines are shown around the change only.
const LONG: usize = 600;
/// Characters shown around a change in a long line.
const AROUND: usize = 160;

/// Lines that touch one another and are edited.
struct Run<'e> {
    /// By number, from 0.
    lines: Range<usize>,
    /// What is replaced in them, and by what.
    edits: Vec<(Range<usize>, &'e str)>,
}

/// The hunks of a file's edits.
pub(super) fn hunks(file: &File, edits: &EditSet) -> Vec<Hunk> {
    let text = Lines {
        text: file.document.source().text(),
        secrets: secrets(file),
        lines: lines(file.document.source().text()),
    };
    let runs = text.runs(edits);
    let mut hunks: Vec<Hunk> = Vec::new();
    let mut shown_to = 0;
    // How many lines the new file has more than the old one so far.
    let mut shift = 0i64;
    for (index, run) in runs.iter().enumerate() {
        let start = run.lines.start.saturating_sub(CONTEXT).max(shown_to);
        if hunks.is_empty() || start > shown_to {
            hunks.push(Hunk {
                old_start: start + 1,
                new_start: usize::try_from(start as i64 + shift).unwrap_or(0) + 1,
                lines: Vec::new(),
            });
        }
        let Some(hunk) = hunks.last_mut() else {
            continue;
        };
        hunk.lines.extend(text.context(start..run.lines.start));
        let (old, new) = text.changed(run);
        shift += new.len() as i64 - old.len() as i64;
        hunk.lines.extend(old);
        hunk.lines.extend(new);
        let next = runs
            .get(index + 1)
            .map_or(text.lines.len(), |next| next.lines.start);
        let behind = (run.lines.end + CONTEXT).min(next).min(text.lines.len());
        hunk.lines.extend(text.context(run.lines.end..behind));
        shown_to = behind;
    }
    hunks
}

/// A text by its lines.
struct Lines<'t> {
    text: &'t str,
    secrets: Vec<Span>,
    lines: Vec<Range<usize>>,
}

impl Lines<'_> {
    fn line_of(&self, at: usize) -> usize {
        self.lines
            .partition_point(|line| line.start <= at)
            .saturating_sub(1)
    }

    fn runs<'e>(&self, edits: &'e EditSet) -> Vec<Run<'e>> {
        let mut runs: Vec<Run<'e>> = Vec::new();
        for edit in edits.iter() {
            let range = edit.span.range();
            let first = self.line_of(range.start);
            let last = self.line_of(range.end.saturating_sub(1).max(range.start));
            match runs.last_mut() {
                Some(run) if first <= run.lines.end => {
                    run.lines.end = run.lines.end.max(last + 1);
                    run.edits.push((range, &edit.text));
                }
                _ => runs.push(Run {
                    lines: first..last + 1,
                    edits: vec![(range, &edit.text)],
                }),
            }
        }
        runs
    }

    fn context(&self, lines: Range<usize>) -> Vec<Line> {
        let lines = self.lines.get(lines).unwrap_or_default();
        lines
            .iter()
            .map(|line| Line {
                tag: Tag::Context,
                text: shortened(&shown(self.text, line.clone(), &self.secrets), &[]),
            })
            .collect()
    }

    /// The lines of a run before and after its edits.
    fn changed(&self, run: &Run<'_>) -> (Vec<Line>, Vec<Line>) {
        let lines = self.lines.get(run.lines.clone()).unwrap_or_default();
        let start = lines.first().map_or(0, |line| line.start);
        let end = lines.last().map_or(0, |line| line.end);
        let replaced: Vec<Range<usize>> =
            run.edits.iter().map(|(range, _)| range.clone()).collect();
        let old = lines.iter().map(|line| Line {
            tag: Tag::Old,
            text: shortened(
                &shown(self.text, line.clone(), &self.secrets),
                &within(&replaced, line),
            ),
        });
        let (mut changed, mut places) = (String::new(), Vec::new());
        let mut at = start;
        for (range, new) in &run.edits {
            changed.push_str(&shown(self.text, at..range.start, &self.secrets));
            places.push(changed.len()..changed.len() + new.len());
            changed.push_str(new);
            at = range.end;
        }
        changed.push_str(&shown(self.text, at..end, &self.secrets));
        let mut offset = 0;
        let mut new = Vec::new();
        for line in changed.split_inclusive('\n') {
            let range = offset..offset + line.len();
            offset = range.end;
            new.push(Line {
                tag: Tag::New,
                text: shortened(line, &within(&places, &range)),
            });
        }
        (old.collect(), new)
    }
}

/// The places that lie in a line, counted from its start.
fn within(places: &[Range<usize>], line: &Range<usize>) -> Vec<Range<usize>> {
    places
        .iter()
        .filter(|place| place.start < line.end && place.end >= line.start)
        .map(|place| place.start.saturating_sub(line.start)..place.end.saturating_sub(line.start))
        .collect()
}

/// Where each line is, its end included.
fn lines(text: &str) -> Vec<Range<usize>> {
    let mut lines = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        lines.push(start..start + line.len());
        start += line.len();
    }
    lines
}

/// A stretch of the text with sensitive elements masked.
fn shown(text: &str, range: Range<usize>, secrets: &[Span]) -> String {
    let mut shown = String::new();
    let mut at = range.start;
    for secret in secrets {
        let secret = secret.range();
        if secret.end <= at || secret.start >= range.end {
            continue;
        }
        shown.push_str(text.get(at..secret.start.max(at)).unwrap_or_default());
        shown.push_str(MASK);
        at = secret.end.min(range.end);
    }
    shown.push_str(text.get(at..range.end).unwrap_or_default());
    shown
}

/// A line for people: without its end, masked, and only what is around the changes where it is long.
fn shortened(line: &str, places: &[Range<usize>]) -> String {
    let line = line.trim_end_matches(['\r', '\n']);
    if line.len() <= LONG {
        return masked_within(line).0.into_owned();
    }
    let mut windows: Vec<Range<usize>> = Vec::new();
    let places = if places.is_empty() {
        std::slice::from_ref(&(0..0))
    } else {
        places
    };
    for place in places {
        let start = floor(line, place.start.saturating_sub(AROUND));
        let end = floor(line, (place.end + AROUND).min(line.len()));
        match windows.last_mut() {
            Some(last) if start <= last.end => last.end = last.end.max(end),
            _ => windows.push(start..end),
        }
    }
    // What a window cuts off may be the key that tells a secret: the mask comes first.
    let masked = masked_within(line).0;
    if masked != line {
        return format!(
            "{} …",
            masked.get(..floor(&masked, LONG)).unwrap_or_default()
        );
    }
    let mut text = String::new();
    for window in &windows {
        if window.start > 0 {
            text.push_str("… ");
        }
        text.push_str(line.get(window.clone()).unwrap_or_default());
    }
    if windows.last().is_some_and(|last| last.end < line.len()) {
        text.push_str(" …");
    }
    text
}

fn floor(text: &str, mut at: usize) -> usize {
    at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The contents of sensitive elements, in the order of their places.
fn secrets(file: &File) -> Vec<Span> {
    let root = file.document.root();
    let mut secrets: Vec<Span> = root
        .descendants()
        .filter(|node| {
            ["", DTS, SSIS].iter().any(|namespace| {
                node.attribute(namespace, "Sensitive")
                    .is_some_and(|it| boolean(&it.value().text) == Some(true))
            })
        })
        .map(|node| node.content())
        .collect();
    if file.kind == FileKind::Parameters {
        let sensitive = project_parameters(root).filter(|parameter| parameter.is_sensitive());
        secrets.extend(sensitive.filter_map(|it| it.value()).map(|it| it.span()));
    }
    secrets.retain(|span| !span.is_empty());
    secrets.sort();
    secrets.dedup();
    secrets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_show_the_change_alone() {
        let line = format!("{}smtp1{}", "a".repeat(5000), "b".repeat(5000));
        let place = vec![Range {
            start: 5000,
            end: 5005,
        }];
        let text = shortened(&line, &place);
        assert!(text.contains("smtp1") && text.len() < 400, "{text}");
        assert!(text.starts_with('…') && text.ends_with('…'));
        assert_eq!(shortened("x\r\n", &[]), "x");
    }
}
