//! What keeps a mail in the house, or makes it another one than the task would send.

use std::fmt;
use std::str::FromStr;

use super::address::{self, AddressProblem, Field};
use super::compose::Envelope;
use super::deliver::{Pace, Until};
use super::message::MailMessage;

/// How mail differs from what the tasks would send, and where it may not go.
#[derive(Clone, Debug, Default)]
pub struct Rehearsal {
    /// Who sends, instead of the task's From, which gets the answers.
    pub from: Option<OneAddress>,
    /// Who gets every mail instead of its recipients.
    pub redirect_to: Option<OneAddress>,
    /// The only domains that mail may go to; empty for all.
    pub allowed_domains: Vec<Domain>,
    /// How far servers are spoken to; `None` for a delivery.
    pub until: Option<Until>,
    /// How fast mail goes.
    pub pace: Option<Pace>,
}

/// One address, with or without a display name, that was given and is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneAddress(String);

impl FromStr for OneAddress {
    type Err = AddressProblem;

    fn from_str(text: &str) -> Result<OneAddress, AddressProblem> {
        let field = Field::From;
        let mailbox = address::parse_one(field, text)?;
        address::wire_form(&mailbox.email).map_err(|reason| AddressProblem {
            field,
            piece: text.to_owned(),
            reason,
        })?;
        Ok(OneAddress(text.to_owned()))
    }
}

/// The part of addresses behind the `@`, in its ASCII form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain(String);

/// A text that is no domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected the domain of addresses, such as `example.com`")]
pub struct DomainError;

impl FromStr for Domain {
    type Err = DomainError;

    fn from_str(text: &str) -> Result<Domain, DomainError> {
        let text = text.strip_prefix('@').unwrap_or(text);
        match format!("a@{text}").parse::<OneAddress>() {
            Ok(_) if !text.contains('@') => Ok(Domain(ascii(text).ok_or(DomainError)?)),
            _ => Err(DomainError),
        }
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn ascii(domain: &str) -> Option<String> {
    let domain = domain.to_lowercase();
    match domain.is_ascii() {
        true => Some(domain),
        false => idna::domain_to_ascii(&domain).ok(),
    }
}

impl Rehearsal {
    /// Makes the message the one that is to go, and says what is lost by it.
    pub(super) fn rewrite(&self, message: &mut MailMessage, notes: &mut Vec<String>) {
        if let Some(OneAddress(from)) = &self.from {
            let old = std::mem::replace(&mut message.from, from.clone());
            match old.parse::<OneAddress>() {
                Ok(OneAddress(old)) => message.reply_to = Some(old),
                Err(problem) => notes.push(format!("no Reply-To, as the task's {problem}")),
            }
        }
        if let Some(OneAddress(to)) = &self.redirect_to {
            message.redirect_to = Some(to.clone());
        }
    }

    /// Why a mail must not go to its recipients.
    pub(super) fn refuses(&self, envelope: &Envelope) -> Option<String> {
        if self.allowed_domains.is_empty() {
            return None;
        }
        let is_allowed = |recipient: &&String| {
            let domain = recipient.rsplit('@').next().unwrap_or_default();
            let domain = ascii(domain);
            self.allowed_domains
                .iter()
                .any(|allowed| Some(&allowed.0) == domain.as_ref())
        };
        let mut outside = envelope.recipients.iter().filter(|it| !is_allowed(it));
        let first = outside.next()?;
        let others = match outside.count() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        Some(format!(
            "`{}`{others} is in no domain that `--allow-domain` names: nothing was sent",
            crate::source::visible(first)
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_compare_whole_and_in_ascii() {
        let rehearsal = Rehearsal {
            allowed_domains: vec![
                "Corp.example".parse().unwrap(),
                "@Bücher.example".parse().unwrap(),
            ],
            ..Rehearsal::default()
        };
        let refuses = |recipients: &[&str]| {
            rehearsal.refuses(&Envelope {
                sender: "etl@elsewhere.example".to_owned(),
                recipients: recipients.iter().map(|&it| it.to_owned()).collect(),
                smtputf8: false,
            })
        };
        assert_eq!(refuses(&["a@corp.example", "b@CORP.EXAMPLE"]), None);
        assert_eq!(
            refuses(&["a@xn--bcher-kva.example", "a@bücher.example"]),
            None
        );
        for outside in [
            "a@sub.corp.example",
            "a@notcorp.example",
            "a@corp.example.org",
        ] {
            let told = refuses(&["a@corp.example", outside]).unwrap();
            assert!(
                told.starts_with(&format!("`{outside}` is in no domain")),
                "{told}"
            );
        }
        let told = refuses(&["a@x.example", "b@x.example", "c@x.example"]).unwrap();
        assert!(told.starts_with("`a@x.example` and 2 more is"), "{told}");
    }

    #[test]
    fn what_is_no_domain_or_no_address_is_told() {
        for wrong in ["", "a@b.example", "a b", "@", "x..example"] {
            assert!(wrong.parse::<Domain>().is_err(), "{wrong}");
        }
        assert!("ops@example.com".parse::<OneAddress>().is_ok());
        assert!("Ops <ops@example.com>".parse::<OneAddress>().is_ok());
        for wrong in [
            "ops",
            "a@x.example;b@x.example",
            "",
            "a@x.example\r\nBcc: b@x.example",
        ] {
            assert!(wrong.parse::<OneAddress>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_old_sender_gets_the_answers() {
        let rehearsal = Rehearsal {
            from: Some("service@example.com".parse().unwrap()),
            ..Rehearsal::default()
        };
        let mut message = MailMessage {
            from: "Nightly <etl@corp.example>".to_owned(),
            ..MailMessage::default()
        };
        let mut notes = Vec::new();
        rehearsal.rewrite(&mut message, &mut notes);
        assert_eq!(message.from, "service@example.com");
        assert_eq!(
            message.reply_to.as_deref(),
            Some("Nightly <etl@corp.example>")
        );
        assert!(notes.is_empty());
        message.from = "nobody".to_owned();
        message.reply_to = None;
        rehearsal.rewrite(&mut message, &mut notes);
        assert_eq!(message.reply_to, None);
        assert!(notes[0].contains("it has no `@`"), "{notes:?}");
    }
}
