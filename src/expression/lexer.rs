//! Text to tokens.
//!
//! Source: *Identifiers (SSIS)*, *Numeric, string, and Boolean literals*, *Syntax (SSIS)*.

use memchr::memchr2;

use super::codes::Code;
use super::error::Error;
use super::literal;
use crate::source::Span;

/// A piece of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Span,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A column, a function, a type or a keyword.
    Identifier,
    /// `[…]`
    Bracketed,
    /// `@Name`
    BareVariable,
    /// `@[…]`
    BracketedVariable,
    /// `#12`
    LineageId,
    /// A number with its suffix.
    Number,
    /// `"…"`, with its quotation marks.
    String,
    LeftParenthesis,
    RightParenthesis,
    Comma,
    Question,
    Colon,
    /// `::` outside brackets, which is nothing.
    DoubleColon,
    Dot,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    Not,
    Tilde,
    And,
    AndAnd,
    Or,
    OrOr,
    Caret,
    EqualEqual,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    /// `=`, which is assignment.
    Equal,
    /// Behind the last token.
    End,
}

/// What is wrong, and from where to where behind the start of the token.
type Failure = (Error, usize, usize);

/// Reads tokens from left to right. A copy reads ahead.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lexer<'s> {
    text: &'s str,
    at: usize,
}

impl<'s> Lexer<'s> {
    pub(super) fn new(text: &'s str) -> Lexer<'s> {
        Lexer { text, at: 0 }
    }

    /// The next token; [`TokenKind::End`] at the end, and again after it.
    pub(super) fn next(&mut self) -> Result<Token, Error> {
        let white = self
            .rest()
            .bytes()
            .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
        self.at += white.count();
        let start = self.at;
        let (kind, length) = self
            .scan()
            .map_err(|(error, from, to)| error.at(span(start + from, start + to)))?;
        self.at += length;
        Ok(Token {
            kind,
            span: span(start, self.at),
        })
    }

    fn rest(&self) -> &'s str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Kind and length of the token at hand; an error with its place behind the token's start.
    fn scan(&self) -> Result<(TokenKind, usize), Failure> {
        use TokenKind::*;
        let rest = self.rest();
        let bytes = rest.as_bytes();
        let Some(&first) = bytes.first() else {
            return Ok((End, 0));
        };
        let second = bytes.get(1).copied();
        let (kind, length) = match (first, second) {
            (b'"', _) => return scan_string(rest, self.at),
            (b'@', _) => return scan_variable(rest),
            (b'[', _) => return scan_brackets(rest, 0).map(|length| (Bracketed, length)),
            (b'0'..=b'9', _) | (b'.', Some(b'0'..=b'9')) => return scan_number(rest),
            (b'#', Some(b'0'..=b'9')) => {
                let digits = rest.bytes().skip(1).take_while(u8::is_ascii_digit).count();
                (LineageId, 1 + digits)
            }
            (b'(', _) => (LeftParenthesis, 1),
            (b')', _) => (RightParenthesis, 1),
            (b',', _) => (Comma, 1),
            (b'?', _) => (Question, 1),
            (b':', Some(b':')) => (DoubleColon, 2),
            (b':', _) => (Colon, 1),
            (b'.', _) => (Dot, 1),
            (b'+', _) => (Plus, 1),
            (b'-', _) => (Minus, 1),
            (b'*', _) => (Star, 1),
            (b'/', _) => (Slash, 1),
            (b'%', _) => (Percent, 1),
            (b'~', _) => (Tilde, 1),
            (b'^', _) => (Caret, 1),
            (b'!', Some(b'=')) => (NotEqual, 2),
            (b'!', _) => (Not, 1),
            (b'&', Some(b'&')) => (AndAnd, 2),
            (b'&', _) => (And, 1),
            (b'|', Some(b'|')) => (OrOr, 2),
            (b'|', _) => (Or, 1),
            (b'=', Some(b'=')) => (EqualEqual, 2),
            (b'=', _) => (Equal, 1),
            (b'<', Some(b'=')) => (LessEqual, 2),
            (b'<', _) => (Less, 1),
            (b'>', Some(b'=')) => (GreaterEqual, 2),
            (b'>', _) => (Greater, 1),
            (b'\'', _) => {
                let error = Error::syntax(
                    Code::SingleQuote,
                    "a single quotation mark is not expected here",
                )
                .with_help("text stands in double quotation marks: `\"text\"`");
                return Err((error, 0, 1));
            }
            _ => match identifier_length(rest) {
                0 => return Err(unknown_character(rest)),
                length => (Identifier, length),
            },
        };
        Ok((kind, length))
    }
}

fn span(start: usize, end: usize) -> Span {
    Span::new(
        u32::try_from(start).unwrap_or(u32::MAX),
        u32::try_from(end).unwrap_or(u32::MAX),
    )
}

/// Length of the regular identifier that the text begins with: a letter or `_`, then also digits, `@`, `$`, `#`.
fn identifier_length(text: &str) -> usize {
    let mut chars = text.char_indices();
    match chars.next() {
        Some((_, first)) if first == '_' || first.is_alphabetic() => {}
        _ => return 0,
    }
    chars
        .find(|&(_, c)| !(c.is_alphanumeric() || matches!(c, '_' | '@' | '$' | '#')))
        .map_or(text.len(), |(at, _)| at)
}

fn unknown_character(rest: &str) -> Failure {
    let c = rest.chars().next().unwrap_or_default();
    let mut error = if c.is_control() || (c.is_whitespace() && c != ' ') {
        Error::syntax(
            Code::InvalidToken,
            format!("the character U+{:04X} means nothing here", u32::from(c)),
        )
    } else {
        Error::syntax(Code::InvalidToken, format!("`{c}` means nothing here"))
    };
    if matches!(c, '“' | '”' | '„' | '«' | '»') {
        error = error.with_help("text stands in straight quotation marks: `\"text\"`");
    } else if c.is_whitespace() {
        error = error.with_help(
            "only blanks, tabs and line ends may stand between the parts of an expression",
        );
    }
    (error, 0, c.len_utf8())
}

/// A string literal. Its escapes are looked at when it is decoded, except where the closing mark is missing: then a
/// wrong escape is the likelier mistake (`"C:\Archive\"`), so it is named first.
fn scan_string(rest: &str, start: usize) -> Result<(TokenKind, usize), Failure> {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while let Some(found) = bytes.get(at..).and_then(|tail| memchr2(b'"', b'\\', tail)) {
        if bytes.get(at + found) == Some(&b'"') {
            return Ok((TokenKind::String, at + found + 1));
        }
        at += found + 2;
    }
    let content = rest.get(1..).unwrap_or_default();
    let start = u32::try_from(start + 1).unwrap_or(u32::MAX);
    literal::decode(content, start).map_err(|placed| (placed, 0, 0))?;
    let error = Error::incomplete("the string that begins here has no closing quotation mark");
    Err((error, 0, rest.len()))
}

fn scan_variable(rest: &str) -> Result<(TokenKind, usize), Failure> {
    let name = rest.get(1..).unwrap_or_default();
    if name.starts_with('[') {
        return scan_brackets(rest, 1).map(|length| (TokenKind::BracketedVariable, length));
    }
    match identifier_length(name) {
        0 => {
            let error = Error::syntax(
                Code::InvalidToken,
                "`@` begins a variable, but no name follows",
            );
            let help = if name.trim_start().is_empty() {
                "write the name of the variable behind it, as in `@[User::Name]`"
            } else if name.starts_with([' ', '\t', '\r', '\n']) {
                "no blank may stand between `@` and the name"
            } else {
                "a name with other characters than letters, digits and `_` needs brackets, as in `@[$Project::Name]`"
            };
            Err((error.with_help(help), 0, 1))
        }
        length => Ok((TokenKind::BareVariable, 1 + length)),
    }
}

/// Length of what runs from the start of `rest` to the `]` that closes the bracket at `open`.
fn scan_brackets(rest: &str, open: usize) -> Result<usize, Failure> {
    let name = rest.get(open + 1..).unwrap_or_default();
    match name.find(['[', ']']) {
        Some(0) if name.starts_with(']') => {
            let error = Error::syntax(Code::InvalidToken, "the brackets hold no name");
            Err((error, 0, open + 2))
        }
        Some(at) if name.get(at..).is_some_and(|tail| tail.starts_with(']')) => Ok(open + at + 2),
        Some(at) => {
            let error = Error::syntax(
                Code::InvalidToken,
                "`[` cannot stand inside a name in brackets",
            )
            .with_help("an expression cannot refer to a name that holds brackets; rename it");
            Err((error, open + 1 + at, open + 2 + at))
        }
        None => {
            let error = Error::incomplete("the bracket that opens here is not closed");
            Err((error, open, open + 1))
        }
    }
}

/// A number: the longest of the forms that the documentation lists, and nothing glued to it.
fn scan_number(rest: &str) -> Result<(TokenKind, usize), Failure> {
    let length = literal::number_length(rest);
    let glued = rest.get(length..).unwrap_or_default();
    let glued = glued
        .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '@' | '#' | '$')))
        .unwrap_or(glued.len());
    if glued == 0 {
        return Ok((TokenKind::Number, length));
    }
    let whole = rest.get(..length + glued).unwrap_or_default();
    let error = Error::syntax(Code::InvalidToken, format!("`{whole}` is not a number")).with_help(
        "numbers look like `12`, `12L`, `12U`, `12UL`, `0x1F`, `1.25`, `1.25F`, `1.25L`, `1E3L`",
    );
    Err((error, 0, whole.len()))
}

#[cfg(test)]
mod tests {
    use super::TokenKind::*;
    use super::*;

    fn kinds(text: &str) -> Vec<TokenKind> {
        let mut lexer = Lexer::new(text);
        let mut kinds = Vec::new();
        loop {
            match lexer.next().unwrap().kind {
                End => return kinds,
                kind => kinds.push(kind),
            }
        }
    }

    fn error(text: &str) -> Error {
        let mut lexer = Lexer::new(text);
        loop {
            match lexer.next() {
                Ok(Token { kind: End, .. }) => panic!("no error in {text}"),
                Ok(_) => {}
                Err(error) => return error,
            }
        }
    }

    #[test]
    fn names_have_four_forms() {
        assert_eq!(
            kinds("@Name @[User::Na me] Column_1 [5$>] #147"),
            [
                BareVariable,
                BracketedVariable,
                Identifier,
                Bracketed,
                LineageId
            ]
        );
        assert_eq!(
            kinds("a.b [a].[b]"),
            [Identifier, Dot, Identifier, Bracketed, Dot, Bracketed]
        );
    }

    #[test]
    fn operators_take_the_longest_form() {
        assert_eq!(
            kinds("&&&||| <=<>=>!=!==="),
            [
                AndAnd,
                And,
                OrOr,
                Or,
                LessEqual,
                Less,
                GreaterEqual,
                Greater,
                NotEqual,
                NotEqual,
                EqualEqual
            ]
        );
    }

    #[test]
    fn strings_end_at_the_first_mark_that_is_not_escaped() {
        assert_eq!(kinds(r#""" "\"" "\\" "a'b""#), [String; 4]);
    }

    #[test]
    fn errors_name_the_place() {
        for (text, code, start, end) in [
            ("1 + ?é ✂", Code::InvalidToken, 8, 11),
            ("'a'", Code::SingleQuote, 0, 1),
            (r#"1 + "abc"#, Code::InvalidTokenState, 4, 8),
            (
                r#""C:\Data\Archive\" + @[User::F]"#,
                Code::IllegalEscape,
                3,
                5,
            ),
            ("@ Counter", Code::InvalidToken, 0, 1),
            ("@[]", Code::InvalidToken, 0, 3),
            ("@[a[b]]", Code::InvalidToken, 3, 4),
            ("x + [abc", Code::InvalidTokenState, 4, 5),
            ("12abc + 1", Code::InvalidToken, 0, 5),
            ("1.2.3", Code::InvalidToken, 0, 5),
            ("5E+L", Code::InvalidToken, 0, 2),
        ] {
            let error = error(text);
            assert_eq!(error.code(), Some(code), "{text}");
            assert_eq!(error.span(), Span::new(start, end), "{text}");
        }
    }
}
