//! The lines around a finding as people see them: without secrets, the middle of long lines left out.

use std::ops::Range;

use crate::connection_string::secrets_within;
use crate::package::secret_spans;
use crate::project::File;
use crate::secret::MASK;
use crate::source::Span;

/// A stretch of a file, and which part of it is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The number of its line, from 1.
    pub line: u32,
    /// Its text: one line, secrets masked.
    pub text: String,
    /// The part that is meant.
    pub marked: Range<usize>,
}

/// Characters shown before and behind what is meant.
const AROUND: usize = 70;
/// What is meant is cut here.
const LONGEST: usize = 120;

/// The secrets of a file, found once for all its excerpts.
pub(super) struct Secrets(Vec<Range<usize>>);

impl Secrets {
    pub(super) fn of(file: &File, literals: &[Span]) -> Secrets {
        let text = file.document.source().text();
        let own = secret_spans(&file.document).into_iter();
        let within = secrets_within(text).into_iter().map(|place| place.value);
        let mut places: Vec<_> = own
            .chain(literals.iter().copied())
            .map(Span::range)
            .chain(within)
            .collect();
        places.sort_by_key(|place| (place.start, place.end));
        Secrets(places)
    }
}

impl Excerpt {
    pub(super) fn of(file: &File, secrets: &Secrets, span: Span) -> Excerpt {
        let document = &file.document;
        let text = document.source().text();
        // A value inside a protected element is shown as the element.
        let span = match document.host_of(span.start) {
            Some(host) => document.node(host).span(),
            None => span,
        };
        let start = text.floor_char_boundary((span.start as usize).min(text.len()));
        let line_start = text
            .get(..start)
            .and_then(|before| before.rfind(['\n', '\r']))
            .map_or(0, |at| at + 1);
        let line_end = text
            .get(start..)
            .and_then(|behind| behind.find(['\n', '\r']))
            .map_or(text.len(), |at| start + at);
        let end = (span.end as usize).clamp(start, line_end);
        let cut = text.ceil_char_boundary(end.min(start.saturating_add(LONGEST)));
        let from = text.floor_char_boundary(start.saturating_sub(AROUND).max(line_start));
        let to = text.ceil_char_boundary(cut.saturating_add(AROUND).min(line_end));
        let mut shown = String::new();
        // Indentation says nothing.
        let piece = text.get(from..start).unwrap_or_default();
        let from = from + (piece.len() - piece.trim_start().len());
        if from > line_start
            && !text
                .get(line_start..from)
                .unwrap_or_default()
                .trim()
                .is_empty()
        {
            shown.push('…');
        }
        secrets.push(text, from..start, &mut shown);
        let marked_start = shown.len();
        secrets.push(text, start..cut, &mut shown);
        let marked_end = shown.len();
        secrets.push(text, cut..to, &mut shown);
        if to < line_end {
            shown.push('…');
        }
        Excerpt {
            line: document.source().line_column(start as u32).line,
            text: shown,
            marked: marked_start..marked_end,
        }
    }
}

impl Secrets {
    /// A stretch of the text with what is secret in it masked.
    fn push(&self, text: &str, range: Range<usize>, shown: &mut String) {
        let mut at = range.start;
        let first = self.0.partition_point(|secret| secret.end <= range.start);
        for secret in self.0.get(first..).unwrap_or_default() {
            if secret.start >= range.end {
                break;
            }
            if secret.end <= at {
                continue;
            }
            push_clear(
                text.get(at..secret.start.max(at)).unwrap_or_default(),
                shown,
            );
            shown.push_str(MASK);
            at = secret.end;
        }
        if at < range.end {
            push_clear(text.get(at..range.end).unwrap_or_default(), shown);
        }
    }
}

/// Characters that would move the cursor or hide something are shown as blanks: columns must stay what they are.
fn push_clear(text: &str, shown: &mut String) {
    shown.extend(text.chars().map(|c| match c {
        c if c.is_control() || crate::source::is_hidden(c) => ' ',
        c => c,
    }));
}
