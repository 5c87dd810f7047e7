//! The XML declaration, and where it contradicts the bytes.

use crate::source::{Encoding, Source, Span};

use super::characters::is_space;

/// `<?xml version="1.0" encoding="utf-8"?>`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// The whole declaration.
    pub span: Span,
    /// The name of the encoding, without its quotes.
    pub encoding: Option<Span>,
}

/// A file that can be read, but says something untrue about itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the XML declaration claims the encoding `{claimed}`, the bytes are {actual}; the bytes were believed"
)]
pub struct Diagnostic {
    /// What the declaration claims.
    pub claimed: String,
    /// What the bytes are.
    pub actual: &'static str,
    /// The place of the claim.
    pub span: Span,
}

impl Declaration {
    /// Reads the inside of a declaration, `text` being everything from `<?xml` to `?>` at offset 0.
    ///
    /// Extensible Markup Language 1.0, section 2.8: version, then encoding, then standalone, in this order.
    pub(super) fn parse(text: &str) -> Option<Declaration> {
        let inside = text.strip_prefix("<?xml")?.strip_suffix("?>")?;
        let mut rest = Pairs {
            text: inside,
            at: "<?xml".len(),
        };
        let (name, version) = rest.next_pair()??;
        let number = version.value.strip_prefix("1.")?;
        if name != "version" || number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let mut encoding = None;
        let mut pair = rest.next_pair()?;
        if let Some(("encoding", value)) = pair {
            let mut bytes = value.value.bytes();
            if !bytes.next().is_some_and(|b| b.is_ascii_alphabetic())
                || !bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
            {
                return None;
            }
            let start = u32::try_from(value.start).ok()?;
            let length = u32::try_from(value.value.len()).ok()?;
            encoding = Some(Span::new(start, start + length));
            pair = rest.next_pair()?;
        }
        if let Some((name, value)) = pair {
            if name != "standalone" || !matches!(value.value, "yes" | "no") {
                return None;
            }
            if rest.next_pair()?.is_some() {
                return None;
            }
        }
        Some(Declaration {
            span: Span::new(0, u32::try_from(text.len()).ok()?),
            encoding,
        })
    }

    /// What the declaration claims against what the bytes are.
    pub(super) fn contradiction(&self, source: &Source) -> Option<Diagnostic> {
        let span = self.encoding?;
        let claimed = source.text().get(span.range())?;
        let actual = source.encoding();
        let lower = claimed.to_ascii_lowercase();
        let agrees = match actual {
            Encoding::Utf8 => {
                matches!(lower.as_str(), "utf-8" | "utf8")
                    // A subset: nothing in the file reads otherwise.
                    || (!lower.starts_with("utf") && source.text().is_ascii())
            }
            Encoding::Utf16Le => matches!(lower.as_str(), "utf-16" | "utf-16le" | "unicode"),
            Encoding::Utf16Be => matches!(lower.as_str(), "utf-16" | "utf-16be"),
        };
        (!agrees).then(|| Diagnostic {
            claimed: claimed.to_owned(),
            actual: actual.name(),
            span,
        })
    }
}

struct Value<'t> {
    value: &'t str,
    start: usize,
}

/// `name="value"` pairs, each behind white space.
struct Pairs<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Pairs<'t> {
    /// `None`: ill-formed; `Some(None)`: no more.
    #[allow(clippy::option_option)]
    fn next_pair(&mut self) -> Option<Option<(&'t str, Value<'t>)>> {
        let before = self.text.len();
        self.skip_space();
        if self.text.is_empty() {
            return Some(None);
        }
        if self.text.len() == before {
            return None;
        }
        let end = self.text.bytes().position(|b| is_space(b) || b == b'=')?;
        let name = self.take(end);
        self.skip_space();
        if self.take_char()? != '=' {
            return None;
        }
        self.skip_space();
        let quote = self.take_char()?;
        if quote != '"' && quote != '\'' {
            return None;
        }
        let start = self.at;
        let end = self.text.find(quote)?;
        let value = self.take(end);
        self.take(1);
        Some(Some((name, Value { value, start })))
    }

    fn skip_space(&mut self) {
        let end = self
            .text
            .bytes()
            .position(|b| !is_space(b))
            .unwrap_or(self.text.len());
        self.take(end);
    }

    fn take_char(&mut self) -> Option<char> {
        let c = self.text.chars().next()?;
        self.take(c.len_utf8());
        Some(c)
    }

    fn take(&mut self, len: usize) -> &'t str {
        let (taken, rest) = self.text.split_at_checked(len).unwrap_or((self.text, ""));
        self.text = rest;
        self.at += taken.len();
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grammar() {
        for good in [
            "<?xml version=\"1.0\"?>",
            "<?xml version='1.1' encoding='utf-16' standalone = \"no\" ?>",
            "<?xml\nversion=\"1.0\"\tstandalone='yes'?>",
        ] {
            assert!(Declaration::parse(good).is_some(), "{good}");
        }
        for bad in [
            "<?xml?>",
            "<?xml version=\"2.0\"?>",
            "<?xml version=\"1.\"?>",
            "<?xml encoding=\"utf-8\" version=\"1.0\"?>",
            "<?xml version=\"1.0\"encoding=\"utf-8\"?>",
            "<?xml version=\"1.0\" encoding=\"-8\"?>",
            "<?xml version=\"1.0\" standalone=\"maybe\"?>",
            "<?xml version=\"1.0\" x=\"\"?>",
        ] {
            assert!(Declaration::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_contradiction_is_told() {
        let claim = |text: &str| {
            let source = Source::from_text(text);
            Declaration::parse(text).unwrap().contradiction(&source)
        };
        assert_eq!(claim("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"), None);
        assert_eq!(claim("<?xml version=\"1.0\"?>"), None);
        let told = claim("<?xml version=\"1.0\" encoding=\"utf-16\"?>").unwrap();
        assert_eq!((told.claimed.as_str(), told.actual), ("utf-16", "utf-8"));
        assert_eq!(told.span, Span::new(30, 36));
    }
}
