//! The texts that stand in code, each at its place: a password in a script goes by no name that tells it.

use std::ops::Range;

use crate::source::{Decoded, Span};
use crate::xml::{Attr, Node};

use super::lex::{Language, TokenKind, tokens};

/// The string literals of the script that an element holds, with their quotes: of a file of a script project, or of
/// an element of a component's `SourceCode`. Those of code that is commented out count too.
///
/// Files that are no code, such as settings, are read like C#: what stands in double quotes counts.
pub fn script_literals(holder: Node<'_>) -> Vec<Span> {
    let value = holder.value();
    let language = language(holder).unwrap_or(Language::CSharp);
    let mut texts = Vec::new();
    let mut at = 0;
    for token in tokens(&value.text, language) {
        quoted(&value.text, at..token.range.start, '"', &mut texts);
        at = token.range.end;
        if matches!(token.kind, TokenKind::Text | TokenKind::Interpolated) {
            texts.push(token.range);
        }
    }
    quoted(&value.text, at..value.text.len(), '"', &mut texts);
    spans(&value, texts.into_iter())
}

/// The string literals of a SQL statement, with their quotes: of the attribute that holds it, or of the element.
pub fn sql_literals(holder: Node<'_>, attribute: Option<Attr<'_>>) -> Vec<Span> {
    let value = attribute.map_or_else(|| holder.value(), Attr::value);
    spans(&value, sql_texts(&value.text).into_iter())
}

fn spans(value: &Decoded<'_>, ranges: impl Iterator<Item = Range<usize>>) -> Vec<Span> {
    let len = value.text.len();
    ranges
        .map(|range| value.raw_span(range.start.min(len)..range.end.min(len)))
        .collect()
}

/// By the name of the file: in the element itself, or in the element before it.
fn language(holder: Node<'_>) -> Option<Language> {
    if let Some(name) = holder.attribute("", "Name") {
        return Language::of_file(&name.value().text);
    }
    let before = holder.parent()?.children();
    before
        .take_while(|sibling| sibling.id() != holder.id())
        .filter(|sibling| sibling.content().len() < 256)
        .filter_map(|sibling| Language::of_file(&sibling.value().text))
        .last()
}

/// What stands in single quotes, but not in names in quotes or brackets.
fn sql_texts(text: &str) -> Vec<Range<usize>> {
    let mut texts: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let upto = |opening: usize, closing: &str| {
            let inner = rest.get(opening..).unwrap_or_default();
            let end = inner.find(closing);
            end.map_or(rest.len(), |end| opening + end + closing.len())
        };
        let len = match rest {
            _ if rest.starts_with("--") => upto(2, "\n"),
            _ if rest.starts_with("/*") => upto(2, "*/"),
            _ if rest.starts_with('[') => upto(1, "]"),
            _ if rest.starts_with('"') => upto(1, "\""),
            _ if rest.starts_with('\'') => {
                let len = upto(1, "'");
                // Two quotes in a row are one of the text.
                match texts.last_mut().filter(|last| last.end == at) {
                    Some(last) => last.end = at + len,
                    None => texts.push(at..at + len),
                }
                len
            }
            _ => rest.chars().next().map_or(1, char::len_utf8),
        };
        if rest.starts_with("--") || rest.starts_with("/*") {
            quoted(text, at..at + len, '\'', &mut texts);
        }
        at += len;
    }
    texts
}

/// What stands in quotes in a comment: line by line, because a quote there may be an apostrophe.
fn quoted(text: &str, comment: Range<usize>, quote: char, texts: &mut Vec<Range<usize>>) {
    let mut start = comment.start;
    for line in text.get(comment).unwrap_or_default().split_inclusive('\n') {
        let end = start + line.trim_end().len();
        let mut quotes = line.match_indices(quote).map(|(at, _)| start + at);
        while let Some(open) = quotes.next() {
            let close = quotes.next().map_or(end, |close| close + quote.len_utf8());
            texts.push(open..close);
        }
        start += line.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_sql_are_found_by_their_quotes() {
        for (sql, texts) in [
            ("select 'a', N'b''c'", vec!["'a'", "'b''c'"]),
            ("select 1 -- isn't\n, 'a'", vec!["'t", "'a'"]),
            ("/* 'b' */ exec [o'x] 'a'", vec!["'b'", "'a'"]),
            ("select \"o'x\", 'a", vec!["'a"]),
            ("'ä' 'ö'", vec!["'ä'", "'ö'"]),
            ("", vec![]),
        ] {
            let found: Vec<&str> = sql_texts(sql)
                .into_iter()
                .map(|range| &sql[range])
                .collect();
            assert_eq!(found, texts, "{sql}");
        }
    }
}
