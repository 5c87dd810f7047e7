//! The tokens of a script in C# or Visual Basic: words, texts and marks, without comments.
//!
//! No more of the languages is known here than what tells a comment from a text and a text from code.

use std::borrow::Cow;
use std::ops::Range;

/// What scripts are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    CSharp,
    VisualBasic,
}

impl Language {
    /// By the name of a source file, `None` for one that holds no code of a script's author: settings, resources,
    /// what the designer generates.
    pub(super) fn of_file(name: &str) -> Option<Language> {
        let name = name.to_ascii_lowercase();
        let is_generated = name.ends_with(".designer.cs") || name.ends_with(".designer.vb");
        if is_generated {
            None
        } else if name.ends_with(".cs") {
            Some(Language::CSharp)
        // The editor of 2005 knew Visual Basic only.
        } else if name.ends_with(".vb") || name.ends_with(".vsaitem") {
            Some(Language::VisualBasic)
        } else {
            None
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A name, a keyword or a number.
    Word,
    /// A string, all of which is written here.
    Text,
    /// A string with values put in.
    Interpolated,
    /// Any other character.
    Mark(char),
    /// The end of a line, which ends a statement of Visual Basic.
    LineEnd,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token<'s> {
    pub(super) kind: TokenKind,
    /// Its place in the source; of a text with the quotes.
    pub(super) range: Range<usize>,
    /// As it is written; of a text what it means.
    pub(super) text: Cow<'s, str>,
}

impl Token<'_> {
    pub(super) fn is_mark(&self, mark: char) -> bool {
        self.kind == TokenKind::Mark(mark)
    }

    pub(super) fn is_word(&self) -> bool {
        self.kind == TokenKind::Word
    }

    pub(super) fn is_text(&self) -> bool {
        self.kind == TokenKind::Text
    }
}

/// The tokens of a source. Nothing that nobody closed is an error: it reaches to the end.
pub(super) fn tokens(source: &str, language: Language) -> Vec<Token<'_>> {
    let mut lexer = Lexer {
        source,
        at: 0,
        language,
        tokens: Vec::new(),
        is_line_start: true,
    };
    while lexer.step() {}
    lexer.tokens
}

struct Lexer<'s> {
    source: &'s str,
    at: usize,
    language: Language,
    tokens: Vec<Token<'s>>,
    /// Whether nothing but white space stands before on the line.
    is_line_start: bool,
}

impl<'s> Lexer<'s> {
    fn rest(&self) -> &'s str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn step(&mut self) -> bool {
        let rest = self.rest();
        let Some(c) = rest.chars().next() else {
            return false;
        };
        if c == '\n' {
            self.line_end();
        } else if c.is_whitespace() {
            self.at += c.len_utf8();
        } else if let Some(len) = self.comment() {
            self.at += len;
        } else if let Some(text) = self.string() {
            self.push(text);
        } else if c.is_alphanumeric() || c == '_' {
            self.word();
        } else {
            self.push(Token {
                kind: TokenKind::Mark(c),
                range: self.at..self.at + c.len_utf8(),
                text: Cow::Borrowed(rest.get(..c.len_utf8()).unwrap_or_default()),
            });
        }
        true
    }

    fn push(&mut self, token: Token<'s>) {
        self.at = token.range.end.max(self.at + 1);
        self.is_line_start = false;
        self.tokens.push(token);
    }

    fn line_end(&mut self) {
        let is_continued = self.language == Language::VisualBasic
            && self.tokens.last().is_some_and(|last| last.text == "_");
        if is_continued {
            self.tokens.pop();
        } else if self.language == Language::VisualBasic {
            self.tokens.push(Token {
                kind: TokenKind::LineEnd,
                range: self.at..self.at + 1,
                text: Cow::Borrowed("\n"),
            });
        }
        self.at += 1;
        self.is_line_start = true;
    }

    fn word(&mut self) {
        let rest = self.rest();
        let len = rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        self.push(Token {
            kind: TokenKind::Word,
            range: self.at..self.at + len,
            text: Cow::Borrowed(rest.get(..len).unwrap_or_default()),
        });
    }

    /// The length of a comment or a directive that begins here.
    fn comment(&self) -> Option<usize> {
        let rest = self.rest();
        let to_line_end = || rest.find('\n').unwrap_or(rest.len());
        if self.is_line_start && rest.starts_with('#') {
            return Some(to_line_end());
        }
        match self.language {
            Language::CSharp if rest.starts_with("//") => Some(to_line_end()),
            Language::CSharp if rest.starts_with("/*") => {
                Some(rest.find("*/").map_or(rest.len(), |end| end + 2))
            }
            Language::CSharp => None,
            Language::VisualBasic if rest.starts_with(['\'', '\u{2018}', '\u{2019}']) => {
                Some(to_line_end())
            }
            Language::VisualBasic => {
                let begins = rest
                    .get(..3)
                    .is_some_and(|word| word.eq_ignore_ascii_case("rem"));
                let ends = rest.get(3..).is_some_and(|rest| {
                    !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')
                });
                let is_member = self.tokens.last().is_some_and(|last| last.is_mark('.'));
                (begins && ends && !is_member).then(to_line_end)
            }
        }
    }

    /// The text that begins here.
    fn string(&self) -> Option<Token<'s>> {
        let rest = self.rest();
        let quote = rest.find(|c: char| !matches!(c, '$' | '@'))?;
        let before = rest.get(..quote)?;
        let body = rest.get(quote..)?;
        let is_interpolated = before.contains('$');
        let (len, text) = match self.language {
            Language::CSharp if body.starts_with('\'') && before.is_empty() => character(body),
            Language::CSharp if body.starts_with("\"\"\"") => raw(body),
            Language::CSharp if body.starts_with('"') && before.contains('@') => {
                doubled(body, is_interpolated)
            }
            Language::CSharp if body.starts_with('"') => escaped(body, is_interpolated),
            Language::VisualBasic
                if body.starts_with(['"', '\u{201C}', '\u{201D}']) && !before.contains('@') =>
            {
                doubled(body, is_interpolated)
            }
            _ => return None,
        };
        Some(Token {
            kind: match is_interpolated && text.contains('{') {
                true => TokenKind::Interpolated,
                false => TokenKind::Text,
            },
            range: self.at..self.at + quote + len,
            text,
        })
    }
}

/// `'x'`, `'\''`
fn character(body: &str) -> (usize, Cow<'_, str>) {
    let mut chars = body.char_indices().skip(1);
    let mut is_escaped = false;
    let end = chars.find(|&(_, c)| {
        let ends = (c == '\'' && !is_escaped) || c == '\n';
        is_escaped = c == '\\' && !is_escaped;
        ends
    });
    let end = end.map_or(body.len(), |(at, _)| at);
    (end + 1, Cow::Borrowed(body.get(1..end).unwrap_or_default()))
}

/// `"""…"""` of C# 11, with as many quotes as begin it.
fn raw(body: &str) -> (usize, Cow<'_, str>) {
    let quotes = body.len() - body.trim_start_matches('"').len();
    let (fence, inner) = body.split_at(quotes);
    let end = inner.find(fence).unwrap_or(inner.len());
    let text = inner.get(..end).unwrap_or_default();
    ((quotes + end + quotes).min(body.len()), Cow::Borrowed(text))
}

/// A text in which a quote is written twice: `@"…"` of C#, every text of Visual Basic.
fn doubled(body: &str, is_interpolated: bool) -> (usize, Cow<'_, str>) {
    let is_quote = |c: char| matches!(c, '"' | '\u{201C}' | '\u{201D}');
    let mut text = String::new();
    let mut chars = body.char_indices().skip(1).peekable();
    let mut holes = Holes::new(is_interpolated);
    while let Some((at, c)) = chars.next() {
        if is_quote(c) && !holes.are_open() {
            match chars.peek() {
                Some((_, next)) if is_quote(*next) => {
                    chars.next();
                    text.push('"');
                    continue;
                }
                _ => return (at + c.len_utf8(), Cow::Owned(text)),
            }
        }
        holes.see(c);
        text.push(c);
    }
    (body.len(), Cow::Owned(text))
}

/// A text of C# with `\` escapes, which ends with its line.
fn escaped(body: &str, is_interpolated: bool) -> (usize, Cow<'_, str>) {
    let mut text = String::new();
    let mut chars = body.char_indices().skip(1);
    let mut holes = Holes::new(is_interpolated);
    while let Some((at, c)) = chars.next() {
        match c {
            '"' if !holes.are_open() => return (at + 1, Cow::Owned(text)),
            '\n' => return (at, Cow::Owned(text)),
            '\\' if !holes.are_open() => match chars.next() {
                Some((_, 'n')) => text.push('\n'),
                Some((_, 't')) => text.push('\t'),
                Some((_, 'r')) => text.push('\r'),
                Some((_, escaped)) => text.push(escaped),
                None => {}
            },
            c => {
                holes.see(c);
                text.push(c);
            }
        }
    }
    (body.len(), Cow::Owned(text))
}

/// The `{…}` of an interpolated text, in which quotes may stand.
struct Holes {
    counts: bool,
    depth: usize,
}

impl Holes {
    fn new(counts: bool) -> Holes {
        Holes { counts, depth: 0 }
    }

    fn see(&mut self, c: char) {
        match c {
            '{' if self.counts => self.depth += 1,
            '}' if self.counts => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }

    fn are_open(&self) -> bool {
        // `{{` is a brace and opens two that `}}` closes.
        self.depth % 2 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(source: &str, language: Language) -> Vec<String> {
        tokens(source, language)
            .into_iter()
            .map(|token| match token.kind {
                TokenKind::Text => format!("<{}>", token.text),
                TokenKind::Interpolated => format!("<${}>", token.text),
                TokenKind::LineEnd => "⏎".to_owned(),
                _ => token.text.into_owned(),
            })
            .collect()
    }

    #[test]
    fn comments_of_c_sharp_are_no_code_and_texts_are_no_comments() {
        let source = "a /* \"b\" */ c // d\n#region e\n\"f//g\" @\"h\\\"\"i\" '\"' $\"j{k[\"l\"]}m\" \"\\\"n\"";
        assert_eq!(
            seen(source, Language::CSharp),
            [
                "a",
                "c",
                "<f//g>",
                "<h\\\"i>",
                "<\">",
                "<$j{k[\"l\"]}m>",
                "<\"n>"
            ]
        );
    }

    #[test]
    fn comments_of_visual_basic_are_no_code_and_texts_are_no_comments() {
        let source = "a 'b\nRem c\n\"d'e\"\"f\" _\ng.Rem\n#Region \"h\"\nREMOTE";
        assert_eq!(
            seen(source, Language::VisualBasic),
            [
                "a", "⏎", "⏎", "<d'e\"f>", "g", ".", "Rem", "⏎", "⏎", "REMOTE"
            ]
        );
    }

    #[test]
    fn ranges_are_those_of_the_source() {
        let source = "x = @\"a\"\"b\"; // é\ny";
        for token in tokens(source, Language::CSharp) {
            let text = source.get(token.range.clone()).unwrap();
            match token.kind {
                TokenKind::Text => assert_eq!(text, "@\"a\"\"b\""),
                _ => assert_eq!(text, token.text),
            }
        }
    }

    #[test]
    fn what_nobody_closes_reaches_to_the_end() {
        for source in [
            "/*", "\"", "@\"", "'", "$\"{", "\"\"\"a", "\"\\", "'\\", "//", "é\"ü",
        ] {
            for language in [Language::CSharp, Language::VisualBasic] {
                for token in tokens(source, language) {
                    assert!(
                        source
                            .get(token.range.start..token.range.end.min(source.len()))
                            .is_some()
                    );
                }
            }
        }
    }
}
