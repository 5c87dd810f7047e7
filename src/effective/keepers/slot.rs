//! The characters that keep a value: the whole of a stored text, a literal inside an expression, and of either,
//! where it is a connection string, one part.

use std::ops::Range;

use crate::connection_string::{
    ConnectionString, Dialect, Replacement, SmtpConnectionString, SmtpProperty,
};
use crate::expression::{Expression, NodeKind, escape_text};
use crate::package::{
    ConfigurationEntry, Parameter, ParameterScope, SetError, SetErrorKind, Stored, Target,
    Variable, boolean,
};
use crate::project::FileId;
use crate::source::Span;
use crate::xml::Edit;

use super::Keeper;

/// A part of a connection string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Of the SMTP connection string.
    Smtp(SmtpProperty),
    /// A key of any other.
    Key(String),
}

#[derive(Clone, Debug)]
pub(super) struct Slot<'a> {
    at: At<'a>,
    part: Option<Part>,
    /// What an expression puts around the text before it is read as a connection string.
    around: Option<(String, String)>,
}

#[derive(Clone, Debug)]
enum At<'a> {
    /// The text as it is stored.
    Text(Stored<'a>),
    /// The same, with Booleans in lower case: copies in project files.
    Copied(Stored<'a>),
    /// A value that only its object's setter can spell.
    Typed(Target<'a>, String),
    /// The same, of an entry of a configuration.
    TypedEntry(ConfigurationEntry<'a>),
    /// A string literal of an expression, by number.
    Literal(Stored<'a>, usize),
    /// A constant that is the whole expression.
    Constant(Stored<'a>),
}

impl<'a> Slot<'a> {
    fn new(at: At<'a>) -> Slot<'a> {
        Slot {
            at,
            part: None,
            around: None,
        }
    }

    pub(super) fn text(stored: Stored<'a>) -> Slot<'a> {
        Slot::new(At::Text(stored))
    }

    pub(super) fn copied(stored: Stored<'a>) -> Slot<'a> {
        Slot::new(At::Copied(stored))
    }

    pub(super) fn of_target(target: Target<'a>, property: &str) -> Slot<'a> {
        Slot::new(At::Typed(target, property.to_owned()))
    }

    pub(super) fn literal(expression: Stored<'a>, index: usize) -> Slot<'a> {
        Slot::new(At::Literal(expression, index))
    }

    pub(super) fn constant(expression: Stored<'a>) -> Slot<'a> {
        Slot::new(At::Constant(expression))
    }

    /// Texts are edited where they stand; the setters of other types know their spelling.
    pub(super) fn of_variable(variable: Variable<'a>) -> Option<Slot<'a>> {
        let stored = variable.value()?;
        Some(match variable.data_type() {
            Some(8) => Slot::text(stored),
            _ => Slot::of_target(Target::Variable(variable), "Value"),
        })
    }

    pub(super) fn of_parameter(parameter: Parameter<'a>) -> Option<Slot<'a>> {
        let stored = parameter.value()?;
        let text = match parameter.scope() {
            ParameterScope::Package => 8,
            ParameterScope::Project => 18,
        };
        let is_text = parameter.data_type() == Some(text) && !parameter.is_sensitive();
        Some(if is_text {
            Slot::text(stored)
        } else {
            Slot::of_target(Target::Parameter(parameter), "Value")
        })
    }

    pub(super) fn of_entry(entry: ConfigurationEntry<'a>) -> Option<Slot<'a>> {
        let stored = entry.value()?;
        let is_text = entry.value_type().is_none_or(|name| name == "String");
        Some(if is_text {
            Slot::text(stored)
        } else {
            Slot::new(At::TypedEntry(entry))
        })
    }

    pub(super) fn with_part(mut self, part: Part) -> Slot<'a> {
        self.part = Some(part);
        self
    }

    pub(super) fn with_parts(mut self, part: Option<&Part>) -> Slot<'a> {
        self.part = part.cloned();
        self
    }

    /// Of a literal that is a piece of a connection string, what stands before and behind it.
    pub(super) fn between(mut self, before: String, behind: String) -> Slot<'a> {
        self.around = Some((before, behind));
        self
    }

    /// The value; `None` where the text does not hold the part, or cannot be read as what holds it.
    pub(super) fn value(&self) -> Option<String> {
        let text = self.at.text()?;
        match (&self.part, &self.around) {
            (None, _) => Some(text),
            (Some(part), None) => part.value_in(&text),
            (Some(part), Some((before, behind))) => part
                .pair_in(&format!("{before}{text}{behind}"), |_, value| {
                    value.to_owned()
                }),
        }
    }

    /// What is meant where the text does not hold the part.
    pub(super) fn default_value(&self) -> &'static str {
        match &self.part {
            Some(Part::Smtp(SmtpProperty::UseWindowsAuthentication | SmtpProperty::EnableSsl)) => {
                "False"
            }
            _ => "",
        }
    }
}

impl Slot<'_> {
    /// The replacements of a literal that is a piece of a connection string.
    fn set_between(
        &self,
        part: &Part,
        text: &str,
        new: &str,
    ) -> Result<Vec<Replacement>, SetErrorKind> {
        let nothing = (String::new(), String::new());
        let (before, behind) = self.around.as_ref().unwrap_or(&nothing);
        let string = format!("{before}{text}{behind}");
        let literal = before.len()..before.len() + text.len();
        let replacements = part.set_in(&string, new)?.into_iter();
        replacements
            .map(|replacement| {
                let Range { start, end } = replacement.range;
                if start < literal.start || literal.end < end {
                    return Err(SetErrorKind::NoData("literal"));
                }
                Ok(Replacement {
                    range: start - literal.start..end - literal.start,
                    text: replacement.text,
                })
            })
            .collect()
    }
}

impl Part {
    /// The part's value in a connection string.
    fn value_in(&self, text: &str) -> Option<String> {
        match self {
            Part::Smtp(property) => {
                let read = SmtpConnectionString::parse(text).ok()?;
                read.value(*property).map(|value| value.text.to_string())
            }
            Part::Key(key) => {
                let read = ConnectionString::parse(text).ok()?;
                read.get(key).map(|pair| pair.value.text.to_string())
            }
        }
    }
}

impl Part {
    /// The name of the key.
    fn key(&self) -> &str {
        match self {
            Part::Smtp(property) => property.key(),
            Part::Key(key) => key,
        }
    }

    /// How the string that holds it is quoted.
    fn dialect(&self, string: &str) -> Dialect {
        match self {
            Part::Smtp(_) => Dialect::Plain,
            Part::Key(_) => Dialect::of(string),
        }
    }

    /// Where the part's value stands in a string, of which pieces may not be known.
    pub(super) fn range_in(&self, string: &str) -> Option<Range<usize>> {
        self.pair_in(string, |range, _| range)
    }

    fn pair_in<T>(&self, string: &str, make: impl FnOnce(Range<usize>, &str) -> T) -> Option<T> {
        let read = ConnectionString::parse_as(string, self.dialect(string)).ok()?;
        let pair = read.get(self.key())?;
        Some(make(pair.value.raw().range(), &pair.value.text))
    }

    /// The replacements of a string of which pieces may not be known.
    fn set_in(&self, string: &str, new: &str) -> Result<Vec<Replacement>, SetErrorKind> {
        if let Part::Smtp(property) = self {
            // Whether it can be a value at all, the string of its own kind knows.
            SmtpConnectionString::parse("SmtpServer=x;")?.set(*property, new)?;
        }
        let read = ConnectionString::parse_as(string, self.dialect(string))?;
        Ok(read.set(self.key(), new)?)
    }
}

impl<'a> At<'a> {
    fn stored(&self) -> Option<Stored<'a>> {
        match self {
            At::Text(stored)
            | At::Copied(stored)
            | At::Literal(stored, _)
            | At::Constant(stored) => Some(*stored),
            At::TypedEntry(entry) => entry.value(),
            At::Typed(..) => None,
        }
    }

    /// The text whose whole or part is meant.
    fn text(&self) -> Option<String> {
        match self {
            At::Typed(target, property) => {
                let stored = target.stored_value(property).ok()?;
                Some(stored.text.into_owned())
            }
            At::TypedEntry(entry) => Some(entry.value()?.text().text.into_owned()),
            At::Text(stored) => Some(stored.text().text.into_owned()),
            // The designer writes an empty value as white space.
            At::Copied(stored) => {
                let text = stored.text().text.into_owned();
                Some(if text.trim().is_empty() {
                    String::new()
                } else {
                    text
                })
            }
            At::Constant(stored) => Some(stored.text().text.trim().to_owned()),
            At::Literal(stored, index) => {
                let text = stored.text().into_text();
                let expression = Expression::parse(&text).ok()?;
                let literal = expression.strings().nth(*index)?;
                Some(literal.1.text.to_string())
            }
        }
    }

    /// The edits that make replacements of the text.
    fn edits(&self, replacements: &[Replacement]) -> Result<Vec<Edit>, SetErrorKind> {
        let typed = |text: Option<String>| -> Result<String, SetErrorKind> {
            let text = text.ok_or(SetErrorKind::NoData("value"))?;
            Ok(Replacement::apply(replacements, &text))
        };
        match self {
            At::Typed(target, property) => target
                .set_value(property, &typed(self.text())?)
                .map_err(|error| error.kind),
            At::TypedEntry(entry) => entry
                .set_value(&typed(self.text())?)
                .map_err(|error| error.kind),
            At::Text(stored) | At::Copied(stored) => replaced(*stored, replacements.to_vec()),
            At::Constant(stored) => {
                let text = stored.text().into_text();
                let expression =
                    Expression::parse(&text).map_err(|_| SetErrorKind::NoData("expression"))?;
                let range = match expression.root().kind() {
                    NodeKind::Constant(_) => expression.root().span().range(),
                    _ => return Err(SetErrorKind::NoData("constant")),
                };
                let new = typed(self.text())?;
                replaced(*stored, vec![Replacement { range, text: new }])
            }
            At::Literal(stored, index) => {
                let text = stored.text().into_text();
                let expression =
                    Expression::parse(&text).map_err(|_| SetErrorKind::NoData("expression"))?;
                let (_, literal) = expression
                    .strings()
                    .nth(*index)
                    .ok_or(SetErrorKind::NoData("literal"))?;
                let in_expression = replacements.iter().map(|replacement| Replacement {
                    range: literal.raw_span(replacement.range.clone()).range(),
                    text: escape_text(&replacement.text).into_owned(),
                });
                replaced(*stored, in_expression.collect())
            }
        }
    }
}

/// Where a value is written with CDATA or comments, the whole is written anew, so once.
fn replaced(stored: Stored<'_>, replacements: Vec<Replacement>) -> Result<Vec<Edit>, SetErrorKind> {
    if let Stored::Element(node) = stored
        && (!node.has_plain_content() || node.is_self_closing())
        && !replacements.is_empty()
    {
        let text = Replacement::apply(&replacements, &stored.text().text);
        return Ok(vec![stored.set(&text)?]);
    }
    replacements
        .into_iter()
        .map(|replacement| Ok(stored.replace(replacement.range, &replacement.text)?))
        .collect()
}

impl<'a> Keeper<'a> {
    /// What tells two keepers apart that share a text: keepers of one text are edited together.
    fn text_key(&self) -> Option<(FileId, Span, usize)> {
        let index = match self.slot.at {
            At::Literal(_, index) => index,
            _ => 0,
        };
        let stored = self.slot.at.stored()?;
        Some((self.file.id, stored.span(), index))
    }

    /// Whether both are the same characters of the same file.
    pub fn is_same_place(&self, other: &Keeper<'_>) -> bool {
        self.file.id == other.file.id
            && self.path == other.path
            && self.text_key() == other.text_key()
            && self.slot.part == other.slot.part
    }

    /// The text that holds the value, in the file; `None` where nothing is written yet.
    pub fn span(&self) -> Option<Span> {
        match &self.slot.at {
            At::Typed(target, property) => target.stored_value(property).ok()?.span,
            at => Some(at.stored()?.span()),
        }
    }

    /// Whether both keep their values in the same text, as two keys of one connection string do.
    pub fn shares_text_with(&self, other: &Keeper<'_>) -> bool {
        let key = self.text_key();
        key.is_some() && key == other.text_key()
    }

    /// Whether the value that is kept means `new` already; Booleans are compared by what they mean.
    pub fn is_already(&self, new: &str) -> bool {
        if self.value == new {
            return true;
        }
        match (boolean(&self.value), boolean(new)) {
            (Some(old), Some(new)) if self.is_boolean() => old == new,
            _ => false,
        }
    }

    fn is_boolean(&self) -> bool {
        let is_word =
            |text: &str| text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false");
        is_word(&self.value) || matches!(&self.slot.at, At::Typed(..) | At::TypedEntry(_))
    }

    /// The edits that give the keeper a new value.
    ///
    /// # Errors
    ///
    /// [`SetError`] when the place cannot hold it.
    pub fn set(&self, new: &str) -> Result<Vec<Edit>, SetError> {
        Keeper::set_all(&[(self, new)])
    }

    /// The edits that give keepers of one text their new values.
    ///
    /// # Errors
    ///
    /// [`SetError`] when the text cannot hold one of them.
    pub fn set_all(values: &[(&Keeper<'a>, &str)]) -> Result<Vec<Edit>, SetError> {
        let Some((first, _)) = values.first() else {
            return Ok(Vec::new());
        };
        let edits = || -> Result<Vec<Edit>, SetErrorKind> {
            let text = first.slot.at.text().unwrap_or_default();
            let mut smtp = Vec::new();
            let mut replacements = Vec::new();
            for (keeper, new) in values {
                match &keeper.slot.part {
                    Some(part) if keeper.slot.around.is_some() => {
                        replacements.extend(keeper.slot.set_between(part, &text, new)?);
                    }
                    Some(Part::Smtp(property)) => smtp.push((*property, *new)),
                    Some(Part::Key(key)) => {
                        let read = ConnectionString::parse(&text)?;
                        replacements.extend(read.set(key, new)?);
                    }
                    None => replacements.push(Replacement {
                        range: 0..text.len(),
                        text: keeper.spelled(new).to_owned(),
                    }),
                }
            }
            if !smtp.is_empty() {
                replacements.extend(SmtpConnectionString::parse(&text)?.set_all(&smtp)?);
            }
            replacements.sort_by_key(|replacement| replacement.range.start);
            first.slot.at.edits(&replacements)
        };
        edits().map_err(|kind| kind.of(&first.path))
    }

    /// The edits that replace pieces of the value; ranges are of [`Keeper::value`].
    ///
    /// # Errors
    ///
    /// [`SetError`] when the place cannot hold the new text.
    pub fn replace(&self, pieces: &[Replacement]) -> Result<Vec<Edit>, SetError> {
        let in_text = match &self.slot.part {
            None => pieces.to_vec(),
            Some(_) => {
                let new = Replacement::apply(pieces, &self.value);
                return self.set(&new);
            }
        };
        self.slot
            .at
            .edits(&in_text)
            .map_err(|kind| kind.of(&self.path))
    }

    /// A value as the place spells it: copies in project files have Booleans in lower case, constants in capitals.
    pub fn spelled<'v>(&self, new: &'v str) -> &'v str {
        let is_boolean = boolean(&self.value).is_some() && self.is_boolean();
        match (&self.slot.at, boolean(new)) {
            (At::Copied(_), Some(true)) if is_boolean => "true",
            (At::Copied(_), Some(false)) if is_boolean => "false",
            (At::Constant(_), Some(true)) if is_boolean => "TRUE",
            (At::Constant(_), Some(false)) if is_boolean => "FALSE",
            _ => new,
        }
    }
}
