//! A value as rules judge it: what it is at run time, how sure that is, and where in the file it is written.

use std::ops::Range;

use crate::connection_string::{SmtpConnectionString, SmtpProperty};
use crate::effective::{Certainty, Effective, Origin, PackageValues};
use crate::package::{Target, boolean};
use crate::project::File;
use crate::source::{Decoded, Span};

use super::finding::Related;
use super::rule::Confidence;

/// The effective value of a property.
#[derive(Debug)]
pub struct Judged<'a> {
    /// The property, by its name in the object model.
    pub property: &'static str,
    /// What it is at run time, and why.
    pub effective: Effective,
    /// Where it is written in the file: the value, or the expression that computes it; else the object's name.
    pub span: Span,
    /// Whether the file says anything of it.
    pub is_written: bool,
    /// The property whose expression decides, where one does: the whole connection string decides about its parts.
    expression_on: Option<&'static str>,
    /// The stored text that decides, and where the value begins in it.
    stored: Option<(Decoded<'a>, usize)>,
}

impl<'a> Judged<'a> {
    /// The value of a property of an object of the file; `None` where the object has no such property.
    pub(super) fn new(
        values: &PackageValues<'a>,
        file: &'a File,
        target: Target<'a>,
        property: &'static str,
    ) -> Option<Judged<'a>> {
        let effective = values.property(file, target, property).ok()?;
        let own = target.object().property_expression(property);
        let (expression, on) = match own {
            Some(own) => (Some(own), property),
            None => (whole_expression(target, property), CONNECTION_STRING),
        };
        let stored = match expression {
            None => stored(target, property),
            Some(_) => None,
        };
        let written = match (&expression, &stored) {
            (Some(expression), _) => Some(expression.stored().span()),
            (None, Some(stored)) => Some(stored.span),
            (None, None) => None,
        };
        let is_own = matches!(effective.origin, Origin::Design | Origin::Default);
        let starts = |(text, at): &(Decoded<'_>, usize)| {
            let value = effective.value.as_deref().unwrap_or_default();
            text.text
                .get(*at..)
                .is_some_and(|rest| rest.starts_with(value))
        };
        Some(Judged {
            property,
            span: written.unwrap_or_else(|| name_span(target)),
            expression_on: expression.is_some().then_some(on),
            is_written: match (&expression, &stored) {
                (None, Some(stored)) => stored.is_written,
                (expression, _) => expression.is_some(),
            },
            stored: stored
                .and_then(|stored| stored.text)
                .filter(|text| is_own && starts(text)),
            effective,
        })
    }

    /// The value; `None` where only a run knows it.
    pub fn text(&self) -> Option<&str> {
        self.effective.value.as_deref()
    }

    /// The value as a Boolean; `None` where only a run knows it.
    pub fn boolean(&self) -> Option<bool> {
        self.text().and_then(boolean)
    }

    /// Whether it is known to be empty. What a task sets while the package runs is not: its stored text is a default
    /// that nobody sees.
    pub fn is_empty(&self) -> bool {
        self.text().is_some_and(|text| text.trim().is_empty()) && !self.is_set_later()
    }

    /// Whether a task sets a variable behind it while the package runs.
    pub fn is_set_later(&self) -> bool {
        !self.effective.set_at_run_time_by.is_empty()
    }

    /// Whether the object itself stores the value, or leaves its default, and nothing wins over it.
    pub fn is_stored(&self) -> bool {
        matches!(self.effective.origin, Origin::Design | Origin::Default)
    }

    /// Whether an expression, a parameter, a configuration or anything else than the object decides about it, or may.
    pub fn is_parameterised(&self) -> bool {
        !self.is_stored() || !self.effective.overridable_by.is_empty()
    }

    /// A part of the value in the file; the whole of what is written where the value is not stored as it is.
    pub fn span_of(&self, part: Range<usize>) -> Span {
        match &self.stored {
            Some((text, start)) => text.raw_span(start + part.start..start + part.end),
            None => self.span,
        }
    }

    /// How sure the value is.
    pub fn confidence(&self) -> Confidence {
        match self.effective.certainty {
            Certainty::Known if self.given_outside().is_none() => Confidence::High,
            _ => Confidence::Low,
        }
    }

    /// What is meant to give it another value where the package is deployed: the parameter behind an expression. That
    /// the catalog also offers each stored property of a connection manager makes none of them doubtful.
    fn given_outside(&self) -> Option<&str> {
        let by = self.effective.overridable_by.first()?;
        (!self.is_stored()).then_some(by)
    }

    /// What people must know of where the value comes from, to be put behind a message; `None` for a stored one.
    pub(super) fn explanation(&self) -> Option<String> {
        let on = self.expression_on.unwrap_or(self.property);
        let from = match self.effective.origin {
            Origin::Design | Origin::Default => None,
            Origin::Expression => Some(format!("computed by the expression on `{on}`")),
            Origin::Variable | Origin::Parameter => Some(format!(
                "read from a {} by the expression on `{on}`",
                self.effective.origin.name()
            )),
            other => Some(format!("set by: {}", other.name().replace('-', " "))),
        };
        let doubt = match self.effective.certainty {
            Certainty::Assumed => self.effective.reason.clone(),
            _ => self
                .given_outside()
                .map(|by| format!("the {by} may have another value")),
        };
        match (from, doubt) {
            (None, None) => None,
            (Some(one), None) | (None, Some(one)) => Some(one),
            (Some(from), Some(doubt)) => Some(format!("{from}; {doubt}")),
        }
    }

    /// Where the value is kept, where that is not in the object itself.
    pub(super) fn related(&self) -> impl Iterator<Item = Related> + '_ {
        let is_elsewhere = !self.is_stored();
        let links = self.effective.chain.iter().filter(move |_| is_elsewhere);
        links
            .filter(|link| link.place.is_some())
            .map(|link| Related {
                file: link.file.clone(),
                place: link.place,
                message: format!("`{}` keeps the value", link.path),
            })
    }
}

const CONNECTION_STRING: &str = "ConnectionString";

struct StoredText<'a> {
    /// The text and where the value begins in it.
    text: Option<(Decoded<'a>, usize)>,
    span: Span,
    is_written: bool,
}

/// The stored text of a property: of an SMTP manager the part of its connection string.
fn stored<'a>(target: Target<'a>, property: &str) -> Option<StoredText<'a>> {
    if let Some(part) = part(target, property)
        && let Target::ConnectionManager(manager) = target
    {
        let string = manager.connection_string()?;
        let text = string.text();
        let found = SmtpConnectionString::parse(&text.text).ok();
        let range = found
            .as_ref()
            .and_then(|read| read.value(part))
            .map(|value| value.raw().range());
        return Some(match range {
            Some(range) => StoredText {
                span: text.raw_span(range.clone()),
                text: Some((text, range.start)),
                is_written: true,
            },
            None => StoredText {
                span: string.span(),
                text: None,
                is_written: false,
            },
        });
    }
    if let Target::Executable(executable) = target
        && let Some(task) = executable.send_mail()
        && let Some(mail) = crate::package::MailProperty::from_name(property)
    {
        let stored = task.stored(mail)?;
        return Some(StoredText {
            span: stored.span(),
            text: Some((stored.text(), 0)),
            is_written: true,
        });
    }
    let stored = match target {
        Target::ConnectionManager(manager) if property == CONNECTION_STRING => {
            manager.connection_string()?
        }
        Target::Variable(variable) if property == "Value" => variable.value()?,
        Target::Parameter(parameter) if property == "Value" => parameter.value()?,
        target => target.object().property(property)?,
    };
    Some(StoredText {
        span: stored.span(),
        text: Some((stored.text(), 0)),
        is_written: true,
    })
}

fn part(target: Target<'_>, property: &str) -> Option<SmtpProperty> {
    match target {
        Target::ConnectionManager(manager) if manager.is_smtp() => SmtpProperty::of_key(property),
        _ => None,
    }
}

/// An expression on the whole connection string decides about its parts too.
fn whole_expression<'a>(
    target: Target<'a>,
    property: &str,
) -> Option<crate::package::PropertyExpression<'a>> {
    part(target, property)?;
    target.object().property_expression(CONNECTION_STRING)
}

/// The name of an object in the file; where it has none its start tag.
pub(super) fn name_span(target: Target<'_>) -> Span {
    let object = target.object();
    let name = match target {
        Target::EventHandler(_) => object.property("EventName"),
        Target::Parameter(parameter) => {
            let attribute = parameter.node().attribute(crate::package::SSIS, "Name");
            attribute
                .map(crate::package::Stored::Attribute)
                .or_else(|| object.property("ObjectName"))
        }
        _ => object.property("ObjectName"),
    };
    name.map(|name| name.span())
        .filter(|span| !span.is_empty())
        .unwrap_or_else(|| object.node().tag())
}

impl<'a> Judged<'a> {
    /// A property of which nothing can be told.
    pub(super) fn unknown(target: Target<'a>, property: &'static str) -> Judged<'a> {
        Judged {
            property,
            effective: Effective {
                value: None,
                text: None,
                data_type: None,
                certainty: Certainty::Unknown,
                reason: Some("it cannot be read".to_owned()),
                origin: Origin::Design,
                decided_by: None,
                chain: Vec::new(),
                set_at_run_time_by: Vec::new(),
                depends_on: Vec::new(),
                overridable_by: Vec::new(),
                is_sensitive: false,
            },
            span: name_span(target),
            is_written: false,
            expression_on: None,
            stored: None,
        }
    }
}
