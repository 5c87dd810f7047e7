//! Changes as lines: what a unified diff shows, made from the edits themselves where they are known.

use std::cmp::Reverse;
use std::ops::Range;

use similar::{Algorithm, DiffTag, capture_diff_slices};

use crate::connection_string::secrets_within;
use crate::package::secret_spans;
use crate::secret::MASK;
use crate::xml::{Document, EditSet};

use super::changes::Changed;

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
    /// Whether a line end follows it, as one does everywhere but at the end of a file.
    pub is_ended: bool,
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

/// The hunks of the edits that changed a file.
pub fn hunks(change: &Changed<'_>, edits: &EditSet) -> Vec<Hunk> {
    let edits = edits.iter();
    let replaced = edits.map(|edit| (edit.span.range(), edit.text.as_str()));
    between(
        &Lines::of(&change.file.document),
        &Lines::of(&change.document),
        replaced,
    )
}

/// The hunks between two texts of a file whose edits are not known, as after several changes on top of one another.
pub fn hunks_between(old: &Document, new: &Document) -> Vec<Hunk> {
    let (old, new) = (Lines::of(old), Lines::of(new));
    let (old_lines, new_lines) = (old.texts(0..old.lines.len()), new.texts(0..new.lines.len()));
    let differences = capture_diff_slices(Algorithm::Myers, &old_lines, &new_lines);
    let replaced = differences
        .iter()
        .filter(|it| it.tag() != DiffTag::Equal)
        .map(|it| {
            let range = old.bytes_of(it.old_range());
            let text = new.text.get(new.bytes_of(it.new_range()));
            narrowed(old.text, range, text.unwrap_or_default())
        });
    between(&old, &new, replaced)
}

/// A replacement without what is the same at its beginning and at its end.
fn narrowed<'n>(old: &str, range: Range<usize>, new: &'n str) -> (Range<usize>, &'n str) {
    let replaced = old.get(range.clone()).unwrap_or_default();
    let same = |pairs: &mut dyn Iterator<Item = (char, char)>| {
        let same = pairs.take_while(|(a, b)| a == b);
        same.map(|(a, _)| a.len_utf8()).sum::<usize>()
    };
    let start = same(&mut replaced.chars().zip(new.chars()));
    let rest = replaced.get(start..).unwrap_or_default();
    let new = new.get(start..).unwrap_or_default();
    let end = same(&mut rest.chars().rev().zip(new.chars().rev()));
    let kept = new.get(..new.len() - end).unwrap_or_default();
    (range.start + start..range.end - end, kept)
}

/// The hunks of what was replaced in the old text to make the new one, in the order of the text.
fn between<'e>(
    old: &Lines<'_>,
    new: &Lines<'_>,
    replaced: impl Iterator<Item = (Range<usize>, &'e str)>,
) -> Vec<Hunk> {
    let runs = old.runs(replaced);
    let mut hunks: Vec<Hunk> = Vec::new();
    let mut shown_to = 0;
    // How many lines, and how many bytes, the new file has more than the old one so far.
    let (mut more_lines, mut more_bytes) = (0i64, 0i64);
    for (index, run) in runs.iter().enumerate() {
        let start = run.lines.start.saturating_sub(CONTEXT).max(shown_to);
        if hunks.is_empty() || start > shown_to {
            hunks.push(Hunk {
                old_start: start + 1,
                new_start: usize::try_from(start as i64 + more_lines).unwrap_or(0) + 1,
                lines: Vec::new(),
            });
        }
        let Some(hunk) = hunks.last_mut() else {
            continue;
        };
        hunk.lines
            .extend(old.shown(Tag::Context, start..run.lines.start, &[]));
        let replaced: Vec<Range<usize>> = run.edits.iter().map(|(at, _)| at.clone()).collect();
        let from = usize::try_from(run.lines.start as i64 + more_lines).unwrap_or(0);
        let mut places = Vec::new();
        for (range, text) in &run.edits {
            let at = usize::try_from(range.start as i64 + more_bytes).unwrap_or(0);
            places.push(at..at + text.len());
            more_bytes += text.len() as i64 - range.len() as i64;
        }
        // Where the run ends in the old text, it ends in the new one.
        let end = old.end_of(run.lines.end) as i64 + more_bytes;
        let end = new.line_behind(usize::try_from(end).unwrap_or(0));
        more_lines += (end as i64 - from as i64) - run.lines.len() as i64;
        // What was inserted between lines leaves them as they are.
        let same = old.same(run.lines.clone(), new, from..end);
        let (first, last) = (run.lines.start + same.0, run.lines.end - same.1);
        hunk.lines
            .extend(old.shown(Tag::Context, run.lines.start..first, &[]));
        hunk.lines
            .extend(old.shown(Tag::Old, first..last, &replaced));
        hunk.lines
            .extend(new.shown(Tag::New, from + same.0..end - same.1, &places));
        hunk.lines
            .extend(old.shown(Tag::Context, last..run.lines.end, &[]));
        let next = runs
            .get(index + 1)
            .map_or(old.lines.len(), |next| next.lines.start);
        let behind = (run.lines.end + CONTEXT).min(next).min(old.lines.len());
        hunk.lines
            .extend(old.shown(Tag::Context, run.lines.end..behind, &[]));
        shown_to = behind;
    }
    hunks
}

/// The hunk of a file that comes or goes as a whole.
pub fn all_lines(document: &Document, tag: Tag) -> Hunk {
    let text = Lines::of(document);
    let starts = |shown: Tag| usize::from(tag == shown);
    Hunk {
        old_start: starts(Tag::Old),
        new_start: starts(Tag::New),
        lines: text.shown(tag, 0..text.lines.len(), &[]),
    }
}

/// A text by its lines, and where its secrets are.
struct Lines<'t> {
    text: &'t str,
    secrets: Vec<Range<usize>>,
    lines: Vec<Range<usize>>,
}

impl<'t> Lines<'t> {
    fn of(document: &'t Document) -> Lines<'t> {
        let text = document.source().text();
        Lines {
            text,
            secrets: secret_places(document),
            lines: lines(text),
        }
    }

    fn texts(&self, lines: Range<usize>) -> Vec<&'t str> {
        let lines = self.lines.get(lines).unwrap_or_default().iter();
        lines
            .filter_map(|line| self.text.get(line.clone()))
            .collect()
    }

    /// How many lines at the beginning, and behind them at the end, are the same in another text.
    fn same(&self, own: Range<usize>, other: &Lines<'_>, others: Range<usize>) -> (usize, usize) {
        let (own, others) = (self.texts(own), other.texts(others));
        let first = own.iter().zip(&others).take_while(|(a, b)| a == b).count();
        let rest = own.iter().skip(first).rev();
        let last = rest
            .zip(others.iter().skip(first).rev())
            .take_while(|(a, b)| a == b)
            .count();
        (first, last)
    }

    /// Where whole lines stand; behind the line before them where they are none.
    fn bytes_of(&self, lines: Range<usize>) -> Range<usize> {
        self.end_of(lines.start)..self.end_of(lines.end)
    }

    /// Where the line before `line` ends.
    fn end_of(&self, line: usize) -> usize {
        let before = line.checked_sub(1).and_then(|at| self.lines.get(at));
        before.map_or(0, |line| line.end)
    }

    /// The number of the first line that begins at a place or behind it.
    fn line_behind(&self, at: usize) -> usize {
        self.lines.partition_point(|line| line.start < at)
    }

    fn line_of(&self, at: usize) -> usize {
        self.lines
            .partition_point(|line| line.start <= at)
            .saturating_sub(1)
    }

    fn runs<'e>(&self, replaced: impl Iterator<Item = (Range<usize>, &'e str)>) -> Vec<Run<'e>> {
        let mut runs: Vec<Run<'e>> = Vec::new();
        for (range, text) in replaced {
            let first = self.line_of(range.start);
            let last = self.line_of(range.end.saturating_sub(1).max(range.start));
            match runs.last_mut() {
                Some(run) if first <= run.lines.end => {
                    run.lines.end = run.lines.end.max(last + 1);
                    run.edits.push((range, text));
                }
                _ => runs.push(Run {
                    lines: first..last + 1,
                    edits: vec![(range, text)],
                }),
            }
        }
        runs
    }

    /// Lines as they may be shown; `places` are what is changed in them.
    fn shown(&self, tag: Tag, lines: Range<usize>, places: &[Range<usize>]) -> Vec<Line> {
        let lines = self.lines.get(lines).unwrap_or_default();
        lines
            .iter()
            .map(|line| Line {
                tag,
                text: self.line(line, &within(places, line)),
                is_ended: self
                    .text
                    .get(line.clone())
                    .is_some_and(|it| it.ends_with('\n')),
            })
            .collect()
    }

    /// A line without its end and without secrets, and only what is around the changes where it is long.
    fn line(&self, line: &Range<usize>, places: &[Range<usize>]) -> String {
        let (masked, places) = masked(self.text, line.clone(), &self.secrets, places);
        shortened(masked.trim_end_matches(['\r', '\n']), &places)
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

/// Where the secrets of a document are, in ascending order: what has a place of its own, and what stands as
/// `key=value` in any text. One may lie in another, and stands behind it then.
pub fn secret_places(document: &Document) -> Vec<Range<usize>> {
    let within = secrets_within(document.source().text());
    let mut places: Vec<Range<usize>> = secret_spans(document)
        .into_iter()
        .map(|span| span.range())
        .chain(within.into_iter().map(|place| place.value))
        .collect();
    places.sort_by_key(|place| (place.start, Reverse(place.end)));
    places
}

/// A stretch of the text with its secrets masked, and where places of it, counted from its start, are then.
///
/// The secrets are places of the whole text, in ascending order.
pub fn masked(
    text: &str,
    range: Range<usize>,
    secrets: &[Range<usize>],
    places: &[Range<usize>],
) -> (String, Vec<Range<usize>>) {
    let mut masked = String::new();
    let mut places = places.to_vec();
    let mut at = range.start;
    for secret in secrets {
        let (start, end) = (secret.start.max(at), secret.end.min(range.end));
        if start >= end {
            continue;
        }
        masked.push_str(text.get(at..start).unwrap_or_default());
        let hidden = text.get(start..end).unwrap_or_default();
        let kept = hidden.len() - hidden.trim_end_matches(['\r', '\n']).len();
        let from = masked.len();
        if hidden.len() > kept {
            masked.push_str(MASK);
        }
        // What lies behind it moves; what lies in it is it.
        let length = masked.len() - from;
        let old = from + hidden.len() - kept;
        let moved = |at: usize| match at {
            at if at <= from => at,
            at if at >= old => at - old + from + length,
            _ => from + length,
        };
        for place in &mut places {
            *place = moved(place.start)..moved(place.end);
        }
        masked.push_str(hidden.get(hidden.len() - kept..).unwrap_or_default());
        at = end;
    }
    masked.push_str(text.get(at..range.end).unwrap_or_default());
    (masked, places)
}

/// Only what is around the changes where a line is long; masked before, because what is cut off may be the key that
/// tells a secret.
fn shortened(line: &str, places: &[Range<usize>]) -> String {
    if line.len() <= LONG {
        return line.to_owned();
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
        assert_eq!(shortened("x", &[]), "x");
    }

    #[test]
    fn a_secret_of_two_lines_stays_two_lines() {
        let one = |place: Range<usize>| Vec::from([place]);
        let text = "a secret\r\nof two b";
        let secrets = [2..16, 4..6];
        let first = masked(text, 0..10, &secrets, &one(4..6));
        assert_eq!(first, ("a ***\r\n".to_owned(), one(5..5)));
        let second = masked(text, 10..18, &secrets, &one(7..8));
        assert_eq!(second, ("*** b".to_owned(), one(4..5)));
    }
}
