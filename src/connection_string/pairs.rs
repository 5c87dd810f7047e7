//! The pairs of a connection string, each key and value with its place.

use std::ops::Range;

use super::{Dialect, Quote, SyntaxError, SyntaxErrorKind, is_secret_key, masked};
use crate::secret::{MASK, Secret};
use crate::source::{Decoded, DecodedBuilder};

/// A connection string as its pairs, in the order and spelling in which they stand.
#[derive(Clone, PartialEq, Eq)]
pub struct ConnectionString<'s> {
    text: &'s str,
    dialect: Dialect,
    pairs: Vec<Pair<'s>>,
}

/// One `key=value` of a connection string.
#[derive(Clone, PartialEq, Eq)]
pub struct Pair<'s> {
    /// The key, without the blanks around it; its places are offsets in the string.
    pub key: Decoded<'s>,
    /// The value, without blanks and quotes around it; its places are offsets in the string.
    pub value: Decoded<'s>,
    /// The quotes that the value stands in.
    pub quote: Quote,
    /// From behind the separator before the pair to behind its own.
    pub(super) whole: Range<usize>,
    /// Whether a `;` ends the pair.
    pub(super) ended: bool,
}

impl<'s> ConnectionString<'s> {
    /// Reads a connection string by the rules that its keys speak for ([`Dialect::of`]).
    ///
    /// # Errors
    ///
    /// [`SyntaxError`] with the place.
    pub fn parse(text: &'s str) -> Result<ConnectionString<'s>, SyntaxError> {
        ConnectionString::parse_as(text, Dialect::of(text))
    }

    /// Reads a connection string by the rules of one dialect.
    ///
    /// Blanks around keys and values do not count, nor do empty pieces between two `;`. An empty value is kept.
    ///
    /// # Errors
    ///
    /// [`SyntaxError`] with the place.
    pub fn parse_as(text: &'s str, dialect: Dialect) -> Result<ConnectionString<'s>, SyntaxError> {
        let mut reader = Reader {
            text,
            dialect,
            at: 0,
        };
        let mut pairs = Vec::new();
        while let Some(pair) = reader.pair()? {
            pairs.push(pair);
        }
        Ok(ConnectionString {
            text,
            dialect,
            pairs,
        })
    }

    /// The string itself.
    pub fn text(&self) -> &'s str {
        self.text
    }

    /// The rules that it was read by, and is written by.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The pairs in their order.
    pub fn pairs(&self) -> &[Pair<'s>] {
        &self.pairs
    }

    /// The pair that counts for a key: the last of its name, in ODBC the first. Case does not matter.
    pub fn get(&self, key: &str) -> Option<&Pair<'s>> {
        let mut named = self.pairs.iter().filter(|pair| pair.is_named(key));
        match self.dialect {
            Dialect::Odbc => named.next(),
            Dialect::OleDb | Dialect::Plain => named.next_back(),
        }
    }
}

impl Pair<'_> {
    /// Whether this is the key meant; case does not matter.
    pub fn is_named(&self, key: &str) -> bool {
        self.key.text.eq_ignore_ascii_case(key)
    }

    /// The value where the key names a secret and the value is not empty.
    pub fn secret(&self) -> Option<Secret> {
        (is_secret_key(&self.key.text) && !self.value.text.is_empty())
            .then(|| Secret::new(self.value.text.as_ref()))
    }

    /// The range of the value, its quotes included.
    pub fn quoted_range(&self) -> Range<usize> {
        let raw = self.value.raw().range();
        raw.start - self.quote.open().len()..raw.end + self.quote.close().len()
    }
}

/// Shows no secret.
impl std::fmt::Debug for ConnectionString<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "ConnectionString({:?}, {:?})",
            self.dialect,
            masked(self.text).0
        )
    }
}

/// Shows no secret.
impl std::fmt::Debug for Pair<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let value = if self.secret().is_some() {
            MASK
        } else {
            &self.value.text
        };
        write!(f, "Pair({:?} = {value:?}, {:?})", self.key.text, self.quote)
    }
}

struct Reader<'s> {
    text: &'s str,
    dialect: Dialect,
    at: usize,
}

impl<'s> Reader<'s> {
    fn pair(&mut self) -> Result<Option<Pair<'s>>, SyntaxError> {
        let start = self.at;
        self.skip(|c| c == ';' || c.is_whitespace());
        if self.rest().is_empty() {
            return Ok(None);
        }
        let key = self.key()?;
        let after_equals = self.at;
        self.skip(char::is_whitespace);
        let quote = self.dialect.quote_of(self.rest().chars().next());
        let value = match quote {
            Quote::None => self.unquoted(after_equals)?,
            quote => self.quoted(quote)?,
        };
        let ended = self.rest().starts_with(';');
        self.at += usize::from(ended);
        Ok(Some(Pair {
            key,
            value,
            quote,
            whole: start..self.at,
            ended,
        }))
    }

    /// The key, and the `=` behind it.
    fn key(&mut self) -> Result<Decoded<'s>, SyntaxError> {
        let start = self.at;
        let mut doubled = Vec::new();
        loop {
            match self.rest().chars().next() {
                None | Some(';') => return Err(error(SyntaxErrorKind::MissingEquals, start)),
                Some('=') if self.dialect == Dialect::OleDb && self.rest().starts_with("==") => {
                    doubled.push(self.at);
                    self.at += 2;
                }
                Some('=') => break,
                Some(c) if c.is_control() && !c.is_whitespace() => {
                    return Err(error(SyntaxErrorKind::ControlCharacter, self.at));
                }
                Some(c) => self.at += c.len_utf8(),
            }
        }
        let key = self.slice(start..self.at).trim_end();
        if key.is_empty() {
            return Err(error(SyntaxErrorKind::MissingKey, start));
        }
        self.at += 1;
        Ok(unescaped(key, start, &doubled, "="))
    }

    fn unquoted(&mut self, after_equals: usize) -> Result<Decoded<'s>, SyntaxError> {
        let start = self.at;
        let len = self.rest().find(';').unwrap_or(self.rest().len());
        self.at += len;
        let value = self.slice(start..self.at).trim_end();
        let control = value
            .char_indices()
            .find(|(_, c)| c.is_control() && !c.is_whitespace());
        if let Some((at, _)) = control {
            return Err(error(SyntaxErrorKind::ControlCharacter, start + at));
        }
        // An empty value stands right behind its `=`, whatever blanks follow.
        let start = if value.is_empty() {
            after_equals
        } else {
            start
        };
        Ok(Decoded::verbatim(value, offset(start)))
    }

    fn quoted(&mut self, quote: Quote) -> Result<Decoded<'s>, SyntaxError> {
        let opening = self.at;
        self.at += quote.open().len();
        let start = self.at;
        let close = quote.close();
        let mut doubled = Vec::new();
        loop {
            let Some(found) = self.rest().find(close) else {
                return Err(error(SyntaxErrorKind::UnclosedQuote(quote), opening));
            };
            self.at += found + close.len();
            if !self.rest().starts_with(close) {
                break;
            }
            doubled.push(self.at - close.len());
            self.at += close.len();
        }
        let value = self.slice(start..self.at - close.len());
        if let Some(at) = value.find('\0') {
            return Err(error(SyntaxErrorKind::ControlCharacter, start + at));
        }
        self.skip(char::is_whitespace);
        match self.rest().chars().next() {
            None | Some(';') => Ok(unescaped(value, start, &doubled, close)),
            Some(_) => Err(error(SyntaxErrorKind::TextAfterQuote, self.at)),
        }
    }

    fn rest(&self) -> &'s str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn slice(&self, range: Range<usize>) -> &'s str {
        self.text.get(range).unwrap_or_default()
    }

    fn skip(&mut self, class: impl Fn(char) -> bool) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(class).len();
    }
}

/// `raw` with each of the two bytes at `doubled` (offsets in the string) read as one `single`.
fn unescaped<'s>(raw: &'s str, start: usize, doubled: &[usize], single: &str) -> Decoded<'s> {
    let mut value = DecodedBuilder::new(raw, offset(start));
    for &at in doubled {
        value.verbatim(at - start - value.taken());
        value.replaced(2, single);
    }
    value.verbatim(raw.len() - value.taken());
    value.finish()
}

/// Lengths fit: a text is at most `u32::MAX` bytes long.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn error(kind: SyntaxErrorKind, at: usize) -> SyntaxError {
    SyntaxError { kind, at }
}
