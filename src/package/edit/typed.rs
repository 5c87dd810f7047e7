//! Setters of values that have a type: variables, parameters, entries of configurations.

use crate::source::Span;
use crate::xml::{Edit, Node};

use super::super::configuration::ConfigurationEntry;
use super::super::names::boolean;
use super::super::project_file::Copy;
use super::super::stored::{Stored, XML};
use super::super::variable::{Parameter, ParameterScope, Variable};
use super::property::{EVALUATED, EXPRESSION};
use super::value::{SetError, SetErrorKind, refuse_mask, with_line_feeds};

/// What a value must look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ValueType {
    Text,
    Boolean,
    Integer {
        least: i128,
        most: i128,
    },
    Number,
    /// Objects, and types that nobody has seen.
    NotText,
}

const fn integer(least: i128, most: i128) -> ValueType {
    ValueType::Integer { least, most }
}

const SIGNED_8: ValueType = integer(i8::MIN as i128, i8::MAX as i128);
const SIGNED_16: ValueType = integer(i16::MIN as i128, i16::MAX as i128);
const SIGNED_32: ValueType = integer(i32::MIN as i128, i32::MAX as i128);
const SIGNED_64: ValueType = integer(i64::MIN as i128, i64::MAX as i128);
const UNSIGNED_8: ValueType = integer(0, u8::MAX as i128);
const UNSIGNED_16: ValueType = integer(0, u16::MAX as i128);
const UNSIGNED_32: ValueType = integer(0, u32::MAX as i128);
const UNSIGNED_64: ValueType = integer(0, u64::MAX as i128);

impl ValueType {
    /// The VARENUM numbers of variables and package parameters.
    fn of_variant(number: Option<u16>) -> ValueType {
        match number {
            Some(2) => SIGNED_16,
            Some(3) => SIGNED_32,
            Some(4..=6 | 14) => ValueType::Number,
            Some(11) => ValueType::Boolean,
            Some(16) => SIGNED_8,
            Some(17) => UNSIGNED_8,
            Some(18) => UNSIGNED_16,
            Some(19) => UNSIGNED_32,
            Some(20) => SIGNED_64,
            Some(21) => UNSIGNED_64,
            // Dates are texts of the designer's; what is no date is refused by SSIS when it loads the package.
            None | Some(7 | 8) => ValueType::Text,
            Some(_) => ValueType::NotText,
        }
    }

    /// The .NET TypeCode numbers of project parameters.
    fn of_type_code(number: Option<u16>) -> ValueType {
        match number {
            Some(3) => ValueType::Boolean,
            Some(5) => SIGNED_8,
            Some(6) => UNSIGNED_8,
            Some(7) => SIGNED_16,
            Some(8) => UNSIGNED_16,
            Some(9) => SIGNED_32,
            Some(10) => UNSIGNED_32,
            Some(11) => SIGNED_64,
            Some(12) => UNSIGNED_64,
            Some(13..=15) => ValueType::Number,
            None | Some(16 | 18) => ValueType::Text,
            Some(_) => ValueType::NotText,
        }
    }

    /// The .NET names of entries in configurations.
    fn of_name(name: &str) -> ValueType {
        match name {
            "Boolean" => ValueType::Boolean,
            "SByte" => SIGNED_8,
            "Byte" => UNSIGNED_8,
            "Int16" => SIGNED_16,
            "UInt16" => UNSIGNED_16,
            "Int32" => SIGNED_32,
            "UInt32" => UNSIGNED_32,
            "Int64" => SIGNED_64,
            "UInt64" => UNSIGNED_64,
            "Single" | "Double" | "Decimal" => ValueType::Number,
            _ => ValueType::Text,
        }
    }

    /// The value as it is to be stored beside `present`, whose spelling of Booleans is kept.
    fn spell(self, value: &str, present: &str) -> Result<String, SetErrorKind> {
        let wrong = |expected| {
            Err(SetErrorKind::Type {
                expected,
                found: value.to_owned(),
            })
        };
        match self {
            ValueType::Text => Ok(value.to_owned()),
            ValueType::NotText => wrong("an object, which has no text"),
            ValueType::Boolean => match boolean(value) {
                Some(value) if boolean(present) == Some(value) => Ok(present.to_owned()),
                Some(value) => Ok(spell_boolean(value, present.trim()).to_owned()),
                None => wrong("`True` or `False`"),
            },
            ValueType::Integer { least, most } => match value.trim().parse::<i128>() {
                Ok(number) if present.trim().parse() == Ok(number) => Ok(present.to_owned()),
                Ok(number) if (least..=most).contains(&number) => Ok(number.to_string()),
                _ => wrong("a whole number of the variable's type"),
            },
            ValueType::Number => match value.trim().parse::<f64>() {
                Ok(number) if number.is_finite() => Ok(value.trim().to_owned()),
                _ => wrong("a number"),
            },
        }
    }
}

fn spell_boolean(value: bool, present: &str) -> &'static str {
    match (present, value) {
        ("True" | "False", true) => "True",
        ("True" | "False", false) => "False",
        ("-1" | "0" | "1", true) => "-1",
        ("-1" | "0" | "1", false) => "0",
        // Parameters of projects and the copies in project files.
        (_, true) => "true",
        (_, false) => "false",
    }
}

impl Variable<'_> {
    /// The edits that give the variable another value at design time.
    ///
    /// # Errors
    ///
    /// [`SetError`] when the value is not of the variable's type, or the variable has none.
    pub fn set_value(self, value: &str) -> Result<Vec<Edit>, SetError> {
        let value_type = ValueType::of_variant(self.data_type());
        set_stored(self.value(), value_type, value).map_err(|kind| kind.of(&self.qualified_name()))
    }

    /// The edits that let an expression compute the variable; an empty one takes the expression away.
    ///
    /// # Errors
    ///
    /// [`SetError`] when the expression holds a character that XML does not allow.
    pub fn compute_by(self, expression: &str) -> Result<Vec<Edit>, SetError> {
        let flag = if expression.is_empty() {
            "False"
        } else {
            "True"
        };
        let mut edits = self.set_evaluated(flag)?;
        edits.extend(self.set_expression(expression)?);
        Ok(edits)
    }

    /// The edits that give the variable an expression, evaluated or not.
    ///
    /// # Errors
    ///
    /// [`SetError`] when the expression holds a character that XML does not allow.
    pub fn set_expression(self, expression: &str) -> Result<Vec<Edit>, SetError> {
        self.object()
            .set_common(EXPRESSION, &with_line_feeds(expression))
            .map_err(|kind| kind.of(EXPRESSION.name))
    }

    /// The edits that say whether the expression computes the variable.
    ///
    /// # Errors
    ///
    /// [`SetError`] when the value is no Boolean.
    pub fn set_evaluated(self, value: &str) -> Result<Vec<Edit>, SetError> {
        self.object()
            .set_common(EVALUATED, value)
            .map_err(|kind| kind.of(EVALUATED.name))
    }
}

impl Parameter<'_> {
    /// The edits that give the parameter another value at design time.
    ///
    /// # Errors
    ///
    /// [`SetError`] when the value is not of the parameter's type, or the parameter is sensitive.
    pub fn set_value(self, value: &str) -> Result<Vec<Edit>, SetError> {
        let value_type = match self.scope() {
            ParameterScope::Package => ValueType::of_variant(self.data_type()),
            ParameterScope::Project => ValueType::of_type_code(self.data_type()),
        };
        let edits = if self.is_sensitive() {
            Err(SetErrorKind::Sensitive)
        } else {
            set_stored(self.value(), value_type, value)
        };
        edits.map_err(|kind| kind.of(&self.name()))
    }
}

impl Copy<'_> {
    /// The edits that let the copy follow; none where it has no value, as the copies of secrets have none.
    ///
    /// # Errors
    ///
    /// [`SetError`] when the value is not of the copy's type.
    pub fn set_value(self, value: &str) -> Result<Vec<Edit>, SetError> {
        if self.is_sensitive() || self.value().is_none() {
            return Ok(Vec::new());
        }
        let value_type = ValueType::of_type_code(self.data_type());
        set_stored(self.value(), value_type, value)
            .map_err(|kind| kind.of(&self.full_name().unwrap_or_default()))
    }
}

impl ConfigurationEntry<'_> {
    /// The edits that give the entry another value.
    ///
    /// # Errors
    ///
    /// [`SetError`] when the value is not of the entry's type.
    pub fn set_value(self, value: &str) -> Result<Vec<Edit>, SetError> {
        let value_type = self
            .value_type()
            .map_or(ValueType::Text, |name| ValueType::of_name(&name));
        set_stored(self.value(), value_type, value).map_err(|kind| kind.of(&self.path()))
    }
}

fn set_stored(
    stored: Option<Stored<'_>>,
    value_type: ValueType,
    value: &str,
) -> Result<Vec<Edit>, SetErrorKind> {
    let Some(stored) = stored else {
        return Err(SetErrorKind::NoData("value"));
    };
    let present = stored.meaning();
    refuse_mask(value)?;
    let text = value_type.spell(&with_line_feeds(value), &present)?;
    if text == present {
        return Ok(Vec::new());
    }
    let mut edits = vec![stored.set(&text)?];
    if let Stored::Element(node) = stored
        && is_blank(&text)
    {
        edits.extend(keep_space(node, &text));
    }
    Ok(edits)
}

fn is_blank(text: &str) -> bool {
    text.trim_matches([' ', '\t', '\r', '\n']).is_empty()
}

/// SSIS reads an element of nothing but white space as empty unless it says otherwise, and says so of empty ones too;
/// but not in configuration files.
fn keep_space(node: Node<'_>, text: &str) -> Option<Edit> {
    let is_clear = text.is_empty() && node.name() == "ConfiguredValue";
    if is_clear || node.attribute(XML, "space").is_some() {
        return None;
    }
    let behind = node
        .attributes()
        .next_back()
        .map_or(node.name_span().end, |last| last.whole().end);
    Some(Edit::new(Span::at(behind), " xml:space=\"preserve\""))
}
