//! How a value is quoted, and which of the ways a connection string follows.

use super::ValueError;

/// The rules that a connection string is written by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// OLE DB and ADO.NET: a value may stand in `"…"` or `'…'` with the quote doubled inside; `==` in a key is one
    /// `=`; where a key stands twice, the last counts.
    ///
    /// Source: the syntax rules of OLE DB initialisation strings and of `DbConnectionStringBuilder` at Microsoft.
    OleDb,
    /// ODBC: a value may stand in `{…}` with `}` doubled inside; quotes mean themselves; where a key stands twice,
    /// the first counts.
    ///
    /// Source: `SQLDriverConnect` at Microsoft.
    Odbc,
    /// No quoting at all: pairs end at `;`, a key ends at the first `=`. So the SMTP connection manager writes its
    /// string, and scripts that split the string it hands out read it.
    Plain,
}

impl Dialect {
    /// The dialect that the keys of a string speak for: ODBC where one of them names a driver or a data source
    /// name and none a `Provider`, otherwise OLE DB.
    pub fn of(text: &str) -> Dialect {
        let mut odbc = false;
        for pair in text.split(';') {
            let key = pair.split('=').next().unwrap_or_default().trim();
            if key.eq_ignore_ascii_case("Provider") {
                return Dialect::OleDb;
            }
            odbc |= ["Driver", "Dsn", "FileDsn", "SaveFile"]
                .iter()
                .any(|name| key.eq_ignore_ascii_case(name));
        }
        if odbc { Dialect::Odbc } else { Dialect::OleDb }
    }

    /// The quote that a value opens with here, if it does.
    pub(super) fn quote_of(self, first: Option<char>) -> Quote {
        match (self, first) {
            (Dialect::OleDb, Some('"')) => Quote::Double,
            (Dialect::OleDb, Some('\'')) => Quote::Single,
            (Dialect::Odbc, Some('{')) => Quote::Braces,
            _ => Quote::None,
        }
    }

    /// Spells `value` for `key`: in the quotes that stand there already, without quotes where that is read back as
    /// the same value, otherwise in the quotes that need the least doubling.
    pub(super) fn spell(
        self,
        key: &str,
        value: &str,
        stands: Quote,
    ) -> Result<Spelled, ValueError> {
        if value.contains('\0') {
            return Err(ValueError::Nul {
                key: key.to_owned(),
            });
        }
        let quote = match self {
            _ if stands != Quote::None => stands,
            Dialect::Plain => return plain(key, value),
            _ if self.reads_unquoted(value) => Quote::None,
            Dialect::Odbc => Quote::Braces,
            Dialect::OleDb if value.contains('"') && !value.contains('\'') => Quote::Single,
            Dialect::OleDb => Quote::Double,
        };
        Ok(Spelled {
            quote,
            inner: quote.escape(value),
        })
    }

    /// Spells a key.
    pub(super) fn spell_key(self, key: &str) -> Result<String, ValueError> {
        let bad = key.is_empty()
            || key.trim() != key
            || key.contains(|c: char| c == ';' || c.is_control())
            || (self != Dialect::OleDb && key.contains('='));
        if bad {
            return Err(ValueError::Key {
                key: key.to_owned(),
            });
        }
        Ok(key.replace('=', "=="))
    }

    fn reads_unquoted(self, value: &str) -> bool {
        let first = value.chars().next();
        let ends_in_quote = self == Dialect::OleDb && value.ends_with(['"', '\'']);
        value.trim() == value
            && self.quote_of(first) == Quote::None
            // `key==value` would be read as a key with a `=` in it.
            && first != Some('=')
            && !ends_in_quote
            && !value.contains(|c: char| c == ';' || c.is_control())
    }
}

fn plain(key: &str, value: &str) -> Result<Spelled, ValueError> {
    let key = || key.to_owned();
    if let Some(character) = value.chars().find(|&c| c == ';' || c.is_control()) {
        return Err(ValueError::Character {
            key: key(),
            character,
        });
    }
    if value.trim() != value {
        return Err(ValueError::OuterBlank { key: key() });
    }
    Ok(Spelled {
        quote: Quote::None,
        inner: value.to_owned(),
    })
}

/// What stands around a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quote {
    /// Nothing.
    None,
    /// `"…"`
    Double,
    /// `'…'`
    Single,
    /// `{…}`
    Braces,
}

impl Quote {
    pub(super) fn open(self) -> &'static str {
        match self {
            Quote::None => "",
            Quote::Double => "\"",
            Quote::Single => "'",
            Quote::Braces => "{",
        }
    }

    pub(super) fn close(self) -> &'static str {
        match self {
            Quote::Braces => "}",
            other => other.open(),
        }
    }

    fn escape(self, value: &str) -> String {
        match self.close() {
            "" => value.to_owned(),
            close => value.replace(close, &close.repeat(2)),
        }
    }
}

/// A value as it is written.
pub(super) struct Spelled {
    pub(super) quote: Quote,
    /// What goes between the quotes.
    pub(super) inner: String,
}

impl Spelled {
    pub(super) fn whole(&self) -> String {
        format!("{}{}{}", self.quote.open(), self.inner, self.quote.close())
    }
}
