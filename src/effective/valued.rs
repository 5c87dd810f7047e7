//! What is known of a variable, a parameter or a property while values are computed.

use crate::connection_string::secrets_within;
use crate::expression::{DataType, Error, ErrorKind, Locale, Lookup, Reason, Value, unknown};

use super::origin::{Certainty, Effective, Link, Origin};

/// A value on its way, with everything that is known about it.
#[derive(Clone, Debug)]
pub(super) struct Valued {
    /// What an expression that names it gets.
    pub(super) lookup: Lookup,
    pub(super) origin: Origin,
    /// What takes the place of the stored value, in words.
    pub(super) decided_by: Option<String>,
    pub(super) certainty: Certainty,
    pub(super) reason: Option<String>,
    pub(super) text: Option<String>,
    pub(super) chain: Vec<Link>,
    pub(super) set_by: Vec<String>,
    pub(super) depends_on: Vec<String>,
    pub(super) overridable_by: Vec<String>,
    pub(super) is_sensitive: bool,
}

/// Links of a chain; a value that is put together from more places than this names the first ones.
const LONGEST_CHAIN: usize = 64;

impl Valued {
    pub(super) fn found(value: Value, origin: Origin) -> Valued {
        Valued::new(Lookup::Found(value), origin, Certainty::Known)
    }

    /// A value that cannot be told, and what it depends on.
    pub(super) fn unknown(
        data_type: Option<DataType>,
        origin: Origin,
        reason: impl Into<String>,
        depends_on: Option<String>,
    ) -> Valued {
        let reason = reason.into();
        let lookup = Lookup::Unknown {
            data_type,
            reason: self::reason(&reason),
        };
        Valued {
            reason: Some(reason),
            depends_on: depends_on.into_iter().collect(),
            ..Valued::new(lookup, origin, Certainty::Unknown)
        }
    }

    /// What no expression may read, with its answer.
    pub(super) fn refused(lookup: Lookup, origin: Origin, reason: impl Into<String>) -> Valued {
        Valued {
            reason: Some(reason.into()),
            ..Valued::new(lookup, origin, Certainty::Unknown)
        }
    }

    fn new(lookup: Lookup, origin: Origin, certainty: Certainty) -> Valued {
        Valued {
            lookup,
            origin,
            decided_by: None,
            certainty,
            reason: None,
            text: None,
            chain: Vec::new(),
            set_by: Vec::new(),
            depends_on: Vec::new(),
            overridable_by: Vec::new(),
            is_sensitive: false,
        }
    }

    /// An expression that has no value, for whatever reason but an unknown value.
    ///
    /// An error quotes the expression piece by piece; of one that holds a secret only the code is told.
    pub(super) fn failed(error: &Error, text: &str, data_type: Option<DataType>) -> Valued {
        if !secrets_within(text).is_empty() {
            let code = error
                .code()
                .map_or(String::new(), |code| format!(": {code}"));
            let why = format!("the expression, which holds a secret, fails{code}");
            return Valued::unknown(data_type, Origin::Expression, why, None);
        }
        let why = match error.help() {
            Some(help) => format!("the expression fails: {error} ({help})"),
            None => format!("the expression fails: {error}"),
        };
        Valued::unknown(data_type, Origin::Expression, why, None)
    }

    pub(super) fn with_link(mut self, link: Link) -> Valued {
        self.chain.insert(0, link);
        self
    }

    /// Says what takes the place of the stored value.
    pub(super) fn by(mut self, what: impl Into<String>) -> Valued {
        self.decided_by = Some(what.into());
        self
    }

    /// A default that something else may replace.
    pub(super) fn assume(&mut self, reason: String) {
        if self.certainty == Certainty::Known {
            self.certainty = Certainty::Assumed;
            self.reason = Some(reason);
        }
    }

    pub(super) fn value(&self) -> Option<&Value> {
        match &self.lookup {
            Lookup::Found(value) => Some(value),
            _ => None,
        }
    }

    pub(super) fn data_type(&self) -> Option<DataType> {
        match &self.lookup {
            Lookup::Found(value) => Some(value.data_type()),
            Lookup::Unknown { data_type, .. } => *data_type,
            _ => None,
        }
    }

    /// Takes over what is known about a value that this one was made from.
    pub(super) fn absorb(&mut self, other: &Valued) {
        for link in &other.chain {
            if self.chain.len() < LONGEST_CHAIN && !self.chain.contains(link) {
                self.chain.push(link.clone());
            }
        }
        add(&mut self.overridable_by, &other.overridable_by);
    }

    /// Takes over why a value that this one was made from is not certain.
    pub(super) fn absorb_doubt(&mut self, other: &Valued) {
        add(&mut self.set_by, &other.set_by);
        add(&mut self.depends_on, &other.depends_on);
        if self.reason.is_none() {
            self.reason.clone_from(&other.reason);
        }
    }

    /// The value as text, for a report.
    pub(super) fn into_effective(self, locale: Locale) -> Effective {
        let data_type = self.data_type();
        let (mut certainty, mut reason) = (self.certainty, self.reason);
        let value = match &self.lookup {
            Lookup::Found(value) => match value.to_text(locale) {
                Ok(text) => text,
                Err(error) => {
                    certainty = Certainty::Unknown;
                    reason = Some(format!("the value has no text: {error}"));
                    None
                }
            },
            _ => None,
        };
        Effective {
            value,
            text: self.text,
            data_type,
            certainty,
            reason,
            origin: self.origin,
            decided_by: self.decided_by,
            chain: self.chain,
            set_at_run_time_by: self.set_by,
            depends_on: self.depends_on,
            overridable_by: self.overridable_by,
            is_sensitive: self.is_sensitive,
        }
    }
}

fn add(to: &mut Vec<String>, from: &[String]) {
    for text in from {
        if !to.contains(text) {
            to.push(text.clone());
        }
    }
}

pub(super) fn reason(sentence: &str) -> Reason {
    unknown(sentence)
}

/// Whether an error only says that something is not known.
pub(super) fn is_unknown(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Unknown | ErrorKind::Unproven)
}
