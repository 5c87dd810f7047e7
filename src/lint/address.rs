//! The addresses of a line such as `a@x;Display <b@y>`, each with its place in the line.
//!
//! SSIS cuts recipient lines at `;`. What makes an address usable is judged by RFC 5321's Mailbox, as far as people
//! mean it: a dot-atom or a quoted string, and a domain or an address literal.

use std::ops::Range;

/// One piece of an address line; empty pieces are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address<'l> {
    /// The piece without the blanks around it.
    pub piece: &'l str,
    /// Its place in the line.
    pub range: Range<usize>,
    /// The address itself, without display name and angles.
    pub address: &'l str,
    /// The place of the address itself.
    pub address_range: Range<usize>,
}

/// Why a piece is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No `@`.
    NoAt,
    /// Several addresses separated by commas.
    Comma,
    /// A line break or another control character.
    Control,
    /// `<` and `>` do not enclose the address.
    Angle,
    /// The quotes do not pair.
    Quotes,
    /// What stands before the `@`.
    User,
    /// What stands behind the `@`.
    Domain,
}

impl Fault {
    /// What is wrong, to be put behind the piece.
    pub fn text(self) -> &'static str {
        match self {
            Fault::NoAt => "has no `@`",
            Fault::Comma => "holds several addresses: `;` separates recipients, not `,`",
            Fault::Control => "holds a line break or another control character",
            Fault::Angle => "does not close `<` with `>` at its end",
            Fault::Quotes => "has quotes that do not pair",
            Fault::User => "has no valid name before the `@`",
            Fault::Domain => "has no valid domain behind the `@`",
        }
    }
}

/// The pieces of an address line.
pub fn addresses(line: &str) -> Vec<Address<'_>> {
    let mut found = Vec::new();
    for range in pieces(line) {
        let raw = line.get(range.clone()).unwrap_or_default();
        let piece = raw.trim();
        if piece.is_empty() {
            continue;
        }
        let start = range.start + (raw.len() - raw.trim_start().len());
        let (address, at) = match (piece.strip_suffix('>'), piece.rfind('<')) {
            (Some(inner), Some(open)) => (inner.get(open + 1..).unwrap_or_default(), open + 1),
            _ => (piece, 0),
        };
        let address_start = start + at + (address.len() - address.trim_start().len());
        let address = address.trim();
        found.push(Address {
            piece,
            range: start..start + piece.len(),
            address,
            address_range: address_start..address_start + address.len(),
        });
    }
    found
}

/// Cuts at every `;` outside quotes; where the quotes do not pair they count as ordinary characters.
fn pieces(line: &str) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let (mut start, mut in_quotes, mut escaped) = (0, false, false);
    for (at, character) in line.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if in_quotes => escaped = true,
            '"' => in_quotes = !in_quotes,
            ';' if !in_quotes => {
                pieces.push(start..at);
                start = at + 1;
            }
            _ => {}
        }
    }
    if !in_quotes {
        pieces.push(start..line.len());
        return pieces;
    }
    let mut start = 0;
    let mut plain = Vec::new();
    for (at, _) in line.match_indices(';') {
        plain.push(start..at);
        start = at + 1;
    }
    plain.push(start..line.len());
    plain
}

impl<'l> Address<'l> {
    /// The domain, if there is an `@`.
    pub fn domain(&self) -> Option<&'l str> {
        self.address.rsplit_once('@').map(|(_, domain)| domain)
    }

    /// What is wrong with it.
    pub fn fault(&self) -> Option<Fault> {
        if self.piece.chars().any(char::is_control) {
            return Some(Fault::Control);
        }
        let closes = self.piece.ends_with('>');
        let name = self.piece.rfind('<').and_then(|at| self.piece.get(..at));
        match (name, closes) {
            (Some(_), false) | (None, true) => return Some(Fault::Angle),
            (Some(name), true) if name.matches('"').count() % 2 == 1 => return Some(Fault::Quotes),
            (Some(name), true) if ends_before_comma(name) => return Some(Fault::Comma),
            _ => {}
        }
        let Some((user, domain)) = self.address.rsplit_once('@') else {
            return Some(Fault::NoAt);
        };
        let is_quoted = user.len() >= 2 && user.starts_with('"') && user.ends_with('"');
        if !is_quoted && self.address.contains(',') {
            return Some(Fault::Comma);
        }
        if !is_quoted && !is_dot_atom(user) || user.len() > 64 {
            return Some(Fault::User);
        }
        (!is_domain(domain)).then_some(Fault::Domain)
    }
}

/// Whether an address ends before a comma that stands outside of quotes and angles: `"Doe, J" <a@x>, b`.
fn ends_before_comma(name: &str) -> bool {
    let (mut in_quotes, mut has_address) = (false, false);
    for c in name.chars() {
        match c {
            '"' => in_quotes = !in_quotes,
            '@' if !in_quotes => has_address = true,
            ',' if !in_quotes && has_address => return true,
            _ => {}
        }
    }
    false
}

fn is_dot_atom(text: &str) -> bool {
    let is_atom = |c: char| {
        c.is_alphanumeric()
            || "!#$%&'*+-/=?^_`{|}~".contains(c)
            || (!c.is_ascii() && !c.is_whitespace())
    };
    !text.is_empty()
        && text
            .split('.')
            .all(|atom| !atom.is_empty() && atom.chars().all(is_atom))
}

fn is_domain(text: &str) -> bool {
    if let Some(literal) = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        return is_address_literal(literal);
    }
    let is_label = |label: &str| {
        let is_inner = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(is_inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

fn is_address_literal(text: &str) -> bool {
    let text = match text.split_at_checked(5) {
        Some((tag, rest)) if tag.eq_ignore_ascii_case("IPv6:") => rest,
        _ => text,
    };
    text.parse::<std::net::IpAddr>().is_ok()
}

/// Whether a domain is one of a list, or below one of them.
pub fn is_within(domain: &str, list: &[String]) -> bool {
    let domain = domain.trim_end_matches('.').to_lowercase();
    list.iter().any(|allowed| {
        let allowed = allowed.trim_start_matches("*.").to_lowercase();
        domain == allowed
            || domain
                .strip_suffix(&*allowed)
                .is_some_and(|below| below.ends_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(line: &str) -> Option<Fault> {
        let all = addresses(line);
        assert_eq!(all.len(), 1, "{line}");
        all[0].fault()
    }

    #[test]
    fn pieces_know_their_places() {
        let line = r#" a@x.example ;; "Ops; night" <b@y.example>; C <c@z.example> "#;
        let all = addresses(line);
        let texts: Vec<_> = all.iter().map(|it| (it.piece, it.address)).collect();
        assert_eq!(
            texts,
            [
                ("a@x.example", "a@x.example"),
                (r#""Ops; night" <b@y.example>"#, "b@y.example"),
                ("C <c@z.example>", "c@z.example"),
            ]
        );
        for it in &all {
            assert_eq!(&line[it.range.clone()], it.piece);
            assert_eq!(&line[it.address_range.clone()], it.address);
        }
    }

    #[test]
    fn what_is_no_address_says_why() {
        for (line, expected) in [
            ("operations", Some(Fault::NoAt)),
            ("a@x.example,b@x.example", Some(Fault::Comma)),
            (
                "\"Doe, J\" <a@x.example>, B <b@x.example>",
                Some(Fault::Comma),
            ),
            ("Doe, J <a@x.example>", None),
            ("Ops <a@x.example", Some(Fault::Angle)),
            ("a@x.example>", Some(Fault::Angle)),
            (r#""Ops <a@x.example>"#, Some(Fault::Quotes)),
            ("@x.example", Some(Fault::User)),
            ("a@", Some(Fault::Domain)),
            ("a b@x.example", Some(Fault::User)),
            ("a@x..example", Some(Fault::Domain)),
            ("a@x.example\nb@y.example", Some(Fault::Control)),
            ("a@x.example", None),
            ("a@host", None),
            ("Ops <a@x.example>", None),
            (r#""a b"@x.example"#, None),
            ("o'brien+x@[192.0.2.1]", None),
            ("мария@bücher.example", None),
        ] {
            assert_eq!(fault(line), expected, "{line:?}");
        }
    }

    #[test]
    fn a_domain_is_within_another() {
        let list = ["example.com".to_owned()];
        assert!(is_within("EXAMPLE.com", &list) && is_within("a.example.com.", &list));
        assert!(!is_within("notexample.com", &list));
    }
}
