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

/// The hunks of a file's edits.
pub(super) fn hunks(file: &File, edits: &EditSet) -> Vec<Hunk> {
    let text = file.document.source().text();
    let secrets = secrets(file);
    let lines = lines(text);
    let line_of = |at: usize| {
        lines
            .partition_point(|line| line.start <= at)
            .saturating_sub(1)
    };
    // The lines that each edit touches.
    let mut touched: Vec<(Range<usize>, Vec<(Range<usize>, &str)>)> = Vec::new();
    for edit in edits.iter() {
        let range = edit.span.range();
        let first = line_of(range.start);
        let last = line_of(range.end.saturating_sub(1).max(range.start));
        match touched.last_mut() {
            Some((run, inside)) if first <= run.end => {
                run.end = run.end.max(last + 1);
                inside.push((range, &edit.text));
            }
            _ => touched.push((first..last + 1, vec![(range, &edit.text)])),
        }
    }
    let mut hunks: Vec<Hunk> = Vec::new();
    let mut shown_to = 0;
    let mut shift = 0i64;
    let starts: Vec<usize> = touched.iter().map(|(run, _)| run.start).collect();
    for (index, (run, inside)) in touched.into_iter().enumerate() {
        let start = run.start.saturating_sub(CONTEXT).max(shown_to);
        let is_new = hunks.is_empty() || start > shown_to;
        if is_new {
            hunks.push(Hunk {
                old_start: start + 1,
                new_start: usize::try_from(start as i64 + shift).unwrap_or(0) + 1,
                lines: Vec::new(),
            });
        }
        let Some(hunk) = hunks.last_mut() else {
            continue;
        };
        let context = |range: Range<usize>| {
            lines
                .get(range)
                .unwrap_or_default()
                .iter()
                .map(|line| Line {
                    tag: Tag::Context,
                    text: shortened(&shown(text, line.clone(), &secrets), &[]),
                })
                .collect::<Vec<_>>()
        };
        hunk.lines.extend(context(start.max(shown_to)..run.start));
        let old = lines.get(run.clone()).unwrap_or_default();
        let whole = old.first().map_or(0, |line| line.start)..old.last().map_or(0, |line| line.end);
        let (mut changed, mut places) = (String::new(), Vec::new());
        let mut at = whole.start;
        for (range, new) in &inside {
            changed.push_str(&shown(text, at..range.start, &secrets));
            places.push(changed.len()..changed.len() + new.len());
            changed.push_str(new);
            at = range.end;
        }
        changed.push_str(&shown(text, at..whole.end, &secrets));
        for line in old {
            let in_line: Vec<Range<usize>> = inside
                .iter()
                .filter(|(range, _)| range.start < line.end.max(line.start + 1))
                .filter(|(range, _)| range.end >= line.start)
                .map(|(range, _)| {
                    range.start.saturating_sub(line.start)..range.end.saturating_sub(line.start)
                })
                .collect();
            hunk.lines.push(Line {
                tag: Tag::Old,
                text: shortened(&shown(text, line.clone(), &secrets), &in_line),
            });
        }
        let mut offset = 0;
        let mut count = 0i64;
        for line in changed.split_inclusive('\n') {
            let in_line: Vec<Range<usize>> = places
                .iter()
                .filter(|place| place.start < offset + line.len() && place.end >= offset)
                .map(|place| place.start.saturating_sub(offset)..place.end.saturating_sub(offset))
                .collect();
            hunk.lines.push(Line {
                tag: Tag::New,
                text: shortened(line, &in_line),
            });
            offset += line.len();
            count += 1;
        }
        shift += count - old.len() as i64;
        let next = starts.get(index + 1).copied().unwrap_or(lines.len());
        let behind = (run.end + CONTEXT).min(next).min(lines.len());
        hunk.lines.extend(context(run.end..behind));
        shown_to = behind;
    }
    hunks
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
        let text = shortened(&line, &[5000..5005]);
        assert!(text.contains("smtp1") && text.len() < 400, "{text}");
        assert!(text.starts_with('…') && text.ends_with('…'));
        assert_eq!(shortened("x\r\n", &[0..1]), "x");
    }
}
