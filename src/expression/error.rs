//! What can be wrong with an expression, and how it is shown.

use std::fmt;
use std::sync::Arc;

use unicode_width::UnicodeWidthChar;

use super::codes::Code;
use crate::source::Span;

/// Why a value cannot be known, as the [`Scope`](super::Scope) says it.
///
/// Whoever wrote the scope gets it back from [`Error::reason`] and may downcast it to the type it put in. A plain
/// text becomes a reason by `Reason::from(Box::from(text))`, or [`unknown`].
pub type Reason = Arc<dyn std::error::Error + Send + Sync>;

/// A reason that is only a sentence.
pub fn unknown(sentence: impl Into<String>) -> Reason {
    Reason::from(Box::from(sentence.into()))
}

/// The stage at which an expression failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The text is not an expression.
    Syntax,
    /// The text ends where an expression goes on; more text could make it one.
    Incomplete,
    /// A variable, a parameter, a column or a function is not there.
    Name,
    /// Types do not fit. SSIS finds this before it evaluates anything.
    Type,
    /// The expression is well formed and well typed, but has no value: a division by zero, a failed cast.
    Value,
    /// The value depends on something that the scope says cannot be known; see [`Error::reason`].
    Unknown,
    /// SSIS allows it, but nothing shows what it yields, and this library does not guess.
    Unproven,
}

/// An expression that cannot be parsed, typed or evaluated.
///
/// The sentence names types, functions, variables and literals, never the value of a variable: a variable may hold
/// a secret.
#[derive(Clone)]
pub struct Error(Box<Detail>);

#[derive(Clone)]
struct Detail {
    kind: ErrorKind,
    code: Option<Code>,
    span: Span,
    /// Whether `span` has been set; an operation deep inside does not know its place.
    placed: bool,
    message: String,
    help: Option<String>,
    reason: Option<Reason>,
}

impl Error {
    fn new(kind: ErrorKind, code: Option<Code>, message: String) -> Error {
        Error(Box::new(Detail {
            kind,
            code,
            span: Span::default(),
            placed: false,
            message,
            help: None,
            reason: None,
        }))
    }

    pub(super) fn syntax(code: Code, message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Syntax, Some(code), message.into())
    }

    pub(super) fn incomplete(message: impl Into<String>) -> Error {
        let code = Some(Code::InvalidTokenState);
        Error::new(ErrorKind::Incomplete, code, message.into())
    }

    pub(super) fn name(code: Code, message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Name, Some(code), message.into())
    }

    pub(super) fn typing(code: Code, message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Type, Some(code), message.into())
    }

    pub(super) fn value(code: Code, message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Value, Some(code), message.into())
    }

    pub(super) fn unproven(message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Unproven, None, message.into())
    }

    pub(super) fn unknown(what: &str, reason: Reason) -> Error {
        let message = format!("the value of {what} cannot be known: {reason}");
        let mut error = Error::new(ErrorKind::Unknown, None, message);
        error.0.reason = Some(reason);
        error
    }

    /// Sets the place, unless a more exact one is known.
    pub(super) fn at(mut self, span: Span) -> Error {
        if !self.0.placed {
            self.0.span = span;
            self.0.placed = true;
        }
        self
    }

    pub(super) fn with_help(mut self, help: impl Into<String>) -> Error {
        self.0.help = Some(help.into());
        self
    }

    /// The stage at which the expression failed.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// SSIS's code; `None` for [`ErrorKind::Unknown`] and [`ErrorKind::Unproven`], which are not SSIS's.
    pub fn code(&self) -> Option<Code> {
        self.0.code
    }

    /// The place in the text of the expression.
    pub fn span(&self) -> Span {
        self.0.span
    }

    /// The sentence, without the code.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do about it, where that can be said.
    pub fn help(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// For [`ErrorKind::Unknown`]: the reason that the scope gave.
    pub fn reason(&self) -> Option<&Reason> {
        self.0.reason.as_ref()
    }

    /// The error with the line of the expression it is about and a caret under the place, on several lines without
    /// a final line end.
    ///
    /// `text` is the expression, or a copy of equal length in which secrets are masked.
    pub fn render(&self, text: &str) -> String {
        let mut out = self.to_string();
        if let Some(code) = self.code() {
            out.push_str(&format!(" ({})", code.symbol()));
        }
        let excerpt = Excerpt::new(text, self.span());
        let number = excerpt.line.to_string();
        let margin = " ".repeat(number.len());
        out.push_str(&format!("\n{margin} |\n{number} | {}\n", excerpt.shown));
        let carets = "^".repeat(excerpt.width);
        let indent = " ".repeat(excerpt.indent);
        out.push_str(&format!("{margin} | {indent}{carets}"));
        if let Some(help) = self.help() {
            out.push_str(&format!("\n{margin} = {help}"));
        }
        out
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.code {
            Some(code) => write!(f, "{code}: {}", self.0.message),
            None => f.write_str(&self.0.message),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {:?}: {self}", self.0.kind, self.0.span)
    }
}

impl std::error::Error for Error {}

/// The part of one line that people are shown, and where the caret goes.
struct Excerpt {
    /// Line number, from 1.
    line: usize,
    shown: String,
    /// Columns before the first caret.
    indent: usize,
    /// Number of carets, at least one.
    width: usize,
}

impl Excerpt {
    /// A line may be thousands of characters long; this many columns are shown on either side of the place.
    const AROUND: usize = 50;

    fn new(text: &str, span: Span) -> Excerpt {
        let start = text.floor_char_boundary(span.start as usize);
        let (before, after) = text.split_at(start);
        let line = before.matches('\n').count() + 1;
        let head = before.rsplit('\n').next().unwrap_or_default();
        let tail = after.split(['\r', '\n']).next().unwrap_or_default();
        let marked_end = tail.floor_char_boundary((span.end as usize).saturating_sub(start));
        let (marked, rest) = tail.split_at(marked_end);

        let mut shown = tail_columns(head, Excerpt::AROUND);
        let indent = width(&shown);
        let marked = head_columns(marked, 2 * Excerpt::AROUND);
        shown.push_str(&marked);
        shown.push_str(&head_columns(rest, Excerpt::AROUND));
        Excerpt {
            line,
            shown,
            indent,
            width: width(&marked).max(1),
        }
    }
}

/// A character as it is shown: control characters would move the caret.
fn visible(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

fn columns(c: char) -> usize {
    c.width().unwrap_or(1)
}

fn head_columns(text: &str, limit: usize) -> String {
    let mut used = 0;
    let mut shown = String::new();
    for c in text.chars().map(visible) {
        used += columns(c);
        if used > limit {
            shown.push('…');
            break;
        }
        shown.push(c);
    }
    shown
}

fn tail_columns(text: &str, limit: usize) -> String {
    let mut used = 0;
    let mut kept: Vec<char> = Vec::new();
    for c in text.chars().rev().map(visible) {
        used += columns(c);
        if used > limit {
            kept.push('…');
            break;
        }
        kept.push(c);
    }
    kept.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, start: u32, end: u32) -> String {
        Error::value(Code::DivideByZero, "the right side of `/` is zero")
            .at(Span::new(start, end))
            .render(text)
    }

    #[test]
    fn the_caret_stands_under_the_place() {
        assert_eq!(
            at("1 + 2 / 0", 8, 9),
            "0xC004707B: the right side of `/` is zero (DTS_E_EXPREVALDIVBYZERO)\n  \
             |\n1 | 1 + 2 / 0\n  |         ^"
        );
    }

    #[test]
    fn tabs_wide_characters_and_lines_keep_the_caret_in_place() {
        let text = "\"日本\"\r\n\t+ 1/0";
        let start = text.find("/0").unwrap() as u32;
        let shown = at(text, start, start + 2);
        assert!(shown.ends_with("2 |  + 1/0\n  |     ^^"), "{shown}");
        let shown = at("\"日本\" / 0", 0, 8);
        assert!(shown.ends_with("  | ^^^^^^"), "{shown}");
    }

    #[test]
    fn a_long_line_is_cut_on_both_sides() {
        let text = format!("{} / 0 + {}", "1 + ".repeat(500) + "1", "x".repeat(500));
        let start = text.find("/ 0").unwrap() as u32;
        let shown = at(&text, start, start + 3);
        assert!(
            shown.lines().all(|line| line.chars().count() < 120),
            "{shown}"
        );
        let lines: Vec<&str> = shown.lines().collect();
        let column = lines[2].find("/ 0").unwrap();
        assert_eq!(lines[3].find('^'), Some(column - '…'.len_utf8() + 1));
    }

    #[test]
    fn a_place_behind_the_text_has_a_caret_too() {
        assert!(at("1 +", 3, 3).ends_with("1 | 1 +\n  |    ^"));
        assert!(at("", 0, 0).ends_with("1 | \n  | ^"));
    }

    #[test]
    fn the_scope_gets_its_reason_back() {
        let error = Error::unknown("`@[User::x]`", Arc::new(std::io::Error::other("set later")));
        let reason = error.reason().unwrap();
        assert!(reason.downcast_ref::<std::io::Error>().is_some());
        assert_eq!(
            error.to_string(),
            "the value of `@[User::x]` cannot be known: set later"
        );
    }
}
