//! The address lines of a task: `a@x;Display <b@y>`.
//!
//! SSIS cuts the recipient lines at `;` (documented); how it treats a `;` inside a quoted display name is not known,
//! and a quoted one is kept whole here. Empty pieces are left out. White space around a piece, line breaks included,
//! does not belong to it; a line break inside one is refused, so that none can reach a header or a command.

use std::fmt;

use lettre::Address;
use lettre::message::Mailbox;

use crate::source::{is_hidden, visible};

/// An address line of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// `FromLine`.
    From,
    /// `ToLine`.
    To,
    /// `CCLine`.
    Cc,
    /// `BCCLine`.
    Bcc,
    /// Who gets the answers.
    ReplyTo,
    /// Who gets a rehearsed message.
    RedirectTo,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Field::From => "From",
            Field::To => "To",
            Field::Cc => "Cc",
            Field::Bcc => "Bcc",
            Field::ReplyTo => "Reply-To",
            Field::RedirectTo => "redirection",
        })
    }
}

/// A piece of an address line that is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {}: {reason}", quoted(.piece))]
pub struct AddressProblem {
    /// The line.
    pub field: Field,
    /// The piece between the separators, as written.
    pub piece: String,
    /// What is wrong with it.
    pub reason: AddressReason,
}

/// Why a piece is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressReason {
    /// The line is empty where one address is needed.
    #[error("an address is needed")]
    Empty,
    /// A CR, LF, NUL or another control character.
    #[error("an address cannot hold a line break or another control character")]
    Control,
    /// No `@`.
    #[error("no address: it has no `@`")]
    NoAt,
    /// Several addresses separated by commas.
    #[error("no single address: recipients are separated by `;`, not by `,`")]
    Comma,
    /// Several addresses where one is allowed.
    #[error("one address is needed, not a list")]
    Several,
    /// `<` and `>` do not enclose the address.
    #[error("no address: `<` and `>` must enclose the address, at the end")]
    Angle,
    /// The quotes of the display name do not pair.
    #[error("no address: the quotes of the display name do not pair")]
    Quotes,
    /// What stands before the `@`.
    #[error("no address: what stands before the `@` is not valid, or longer than 64 bytes")]
    User,
    /// What stands behind the `@`.
    #[error("no address: what stands behind the `@` is not a valid domain")]
    Domain,
}

fn quoted(piece: &str) -> String {
    if piece.is_empty() {
        "empty".to_owned()
    } else {
        format!("`{}`", visible(piece))
    }
}

/// The one address of a line, with its display name.
pub(super) fn parse_one(field: Field, line: &str) -> Result<Mailbox, AddressProblem> {
    let problem = |reason| AddressProblem {
        field,
        piece: line.trim().to_owned(),
        reason,
    };
    let mut mailboxes = parse_list(field, line)?.into_iter();
    match (mailboxes.next(), mailboxes.next()) {
        (Some(mailbox), None) => Ok(mailbox),
        (None, _) => Err(problem(AddressReason::Empty)),
        (Some(_), Some(_)) => Err(problem(AddressReason::Several)),
    }
}

/// The addresses of a line, in order, duplicates kept.
pub(super) fn parse_list(field: Field, line: &str) -> Result<Vec<Mailbox>, AddressProblem> {
    pieces(line)
        .into_iter()
        .map(str::trim)
        .filter(|piece| !piece.is_empty())
        .map(|piece| {
            mailbox(piece).map_err(|reason| AddressProblem {
                field,
                piece: piece.to_owned(),
                reason,
            })
        })
        .collect()
}

/// An address as SMTP commands and headers carry it: the domain in its ASCII form. The part before the `@` may still
/// be outside ASCII, which needs SMTPUTF8.
pub(super) fn wire_form(address: &Address) -> Result<String, AddressReason> {
    let domain = address.domain();
    if domain.is_ascii() {
        return Ok(address.to_string());
    }
    let domain = idna::domain_to_ascii(domain).map_err(|_| AddressReason::Domain)?;
    Ok(format!("{}@{domain}", address.user()))
}

/// Cuts at every `;` outside quotes; where the quotes do not pair they count as ordinary characters.
fn pieces(line: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut in_quotes, mut escaped) = (0, false, false);
    for (at, character) in line.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if in_quotes => escaped = true,
            '"' => in_quotes = !in_quotes,
            ';' if !in_quotes => {
                pieces.push(line.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    if in_quotes {
        return line.split(';').collect();
    }
    pieces.push(line.get(start..).unwrap_or_default());
    pieces
}

/// `a@x`, `<a@x>`, `Display <a@x>` or `"Display; name" <a@x>`.
fn mailbox(piece: &str) -> Result<Mailbox, AddressReason> {
    if piece.chars().any(|character| character.is_control()) {
        return Err(AddressReason::Control);
    }
    let (name, address) = match piece.strip_suffix('>') {
        Some(rest) => {
            let (name, address) = rest.rsplit_once('<').ok_or(AddressReason::Angle)?;
            (display_name(name.trim())?, address.trim())
        }
        None if piece.contains('<') => return Err(AddressReason::Angle),
        None => (None, piece),
    };
    let address = parse_address(address)?;
    Ok(Mailbox::new(name, address))
}

fn display_name(name: &str) -> Result<Option<String>, AddressReason> {
    if name.is_empty() {
        return Ok(None);
    }
    let Some(inner) = name.strip_prefix('"') else {
        return match name {
            _ if name.contains('"') => Err(AddressReason::Quotes),
            _ if name.contains(['<', '>']) => Err(AddressReason::Angle),
            // `a@x, b@y <c@z>` would silently lose two recipients.
            _ if name.contains(',') && name.contains('@') => Err(AddressReason::Comma),
            _ => Ok(Some(name.to_owned())),
        };
    };
    let inner = inner.strip_suffix('"').ok_or(AddressReason::Quotes)?;
    let (mut text, mut escaped) = (String::with_capacity(inner.len()), false);
    for character in inner.chars() {
        match character {
            '\\' if !escaped => escaped = true,
            '"' if !escaped => return Err(AddressReason::Quotes),
            _ => {
                text.push(character);
                escaped = false;
            }
        }
    }
    if escaped {
        return Err(AddressReason::Quotes);
    }
    // What is quoted is meant, but for the blanks that folding takes: a no-break space is a character of the name.
    let text = text.trim_matches([' ', '\t']);
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

fn parse_address(text: &str) -> Result<Address, AddressReason> {
    let (user, domain) = text.rsplit_once('@').ok_or(AddressReason::NoAt)?;
    let several = text.contains(',');
    let or_comma = |reason| {
        if several {
            AddressReason::Comma
        } else {
            reason
        }
    };
    if domain.contains(['<', '>']) || user.chars().any(is_hidden) || domain.chars().any(is_hidden) {
        return Err(or_comma(AddressReason::Domain));
    }
    Address::new(user, domain).map_err(|error| {
        or_comma(match error {
            lettre::address::AddressError::InvalidUser => AddressReason::User,
            _ => AddressReason::Domain,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(line: &str) -> Result<Vec<String>, AddressReason> {
        parse_list(Field::To, line)
            .map(|boxes| boxes.iter().map(ToString::to_string).collect())
            .map_err(|problem| problem.reason)
    }

    #[test]
    fn lists_are_cut_at_semicolons_outside_quotes() {
        assert_eq!(
            list("a@x.example;b@x.example; c@x.example ;;\r\n").unwrap(),
            ["a@x.example", "b@x.example", "c@x.example"]
        );
        assert_eq!(
            list(r#""Ops; night" <a@x.example>;Ops <b@x.example>;<c@x.example>"#).unwrap(),
            [
                r#""Ops; night" <a@x.example>"#,
                "Ops <b@x.example>",
                "c@x.example"
            ]
        );
        assert_eq!(list(""), Ok(vec![]));
        assert_eq!(list(" ; "), Ok(vec![]));
    }

    #[test]
    fn display_names_lose_their_quotes_and_escapes() {
        let name = |line: &str| parse_one(Field::From, line).unwrap().name;
        assert_eq!(name("a@x.example"), None);
        assert_eq!(name("<a@x.example>"), None);
        assert_eq!(name(r#""" <a@x.example>"#), None);
        assert_eq!(name("Ночь <a@x.example>").as_deref(), Some("Ночь"));
        assert_eq!(
            name("Smith, John (Ops) <a@x.example>").as_deref(),
            Some("Smith, John (Ops)")
        );
        assert_eq!(
            name(r#""Smith \"Ops\" \\ John" <a@x.example>"#).as_deref(),
            Some(r#"Smith "Ops" \ John"#)
        );
    }

    #[test]
    fn what_is_no_address_says_why() {
        for (line, reason) in [
            ("operations", AddressReason::NoAt),
            ("a@x.example,b@x.example", AddressReason::Comma),
            (
                "a@x.example, b@x.example <c@x.example>",
                AddressReason::Comma,
            ),
            ("Ops <a@x.example", AddressReason::Angle),
            ("a@x.example>", AddressReason::Angle),
            (r#""Ops <a@x.example>"#, AddressReason::Quotes),
            (r#"Ops "night <a@x.example>"#, AddressReason::Quotes),
            ("@x.example", AddressReason::User),
            ("a@", AddressReason::Domain),
            ("a b@x.example", AddressReason::User),
            ("a@x..example", AddressReason::Domain),
            ("a@[x>y]", AddressReason::Domain),
            ("a@x.example\r\nBcc: b@x.example", AddressReason::Control),
            ("Ops\n <a@x.example>", AddressReason::Control),
            ("a\0@x.example", AddressReason::Control),
            ("\"a\r\nRCPT TO:<b@y>\"@x.example", AddressReason::Control),
        ] {
            assert_eq!(list(line), Err(reason), "{line:?}");
        }
    }

    #[test]
    fn one_address_is_one() {
        let reason = |line| parse_one(Field::From, line).map_err(|problem| problem.reason);
        assert_eq!(reason(""), Err(AddressReason::Empty));
        assert_eq!(
            reason("a@x.example;b@x.example"),
            Err(AddressReason::Several)
        );
        assert!(reason("a@x.example;").is_ok());
    }

    #[test]
    fn a_problem_names_the_line_and_the_piece() {
        let problem = parse_list(Field::Cc, "a@x.example;oops\u{202e}").unwrap_err();
        assert_eq!(
            problem.to_string(),
            "Cc: `oops\\u{202e}`: no address: it has no `@`"
        );
        let problem = parse_one(Field::From, "").unwrap_err();
        assert_eq!(problem.to_string(), "From: empty: an address is needed");
    }

    #[test]
    fn domains_go_out_in_their_ascii_form() {
        let wire = |line| wire_form(&parse_one(Field::To, line).unwrap().email).unwrap();
        assert_eq!(wire("a@Bücher.example"), "a@xn--bcher-kva.example");
        assert_eq!(wire("A@X.example"), "A@X.example");
        assert_eq!(wire("мария@x.example"), "мария@x.example");
    }
}
