//! Types of stored values, and what properties take.

use crate::connection_string::SmtpProperty;
use crate::expression::{DataType, Error, Locale, TypeName, Value};
use crate::package::{
    CommonProperty, MailProperty, MessageSourceType, Priority, PropertyType, Target, boolean,
};

/// The type behind a .NET TypeCode, as `Project.params` numbers types.
pub(super) fn of_type_code(number: u16) -> Option<TypeName> {
    Some(match number {
        3 => TypeName::Bool,
        4 => TypeName::Ui2,
        5 => TypeName::I1,
        6 => TypeName::Ui1,
        7 => TypeName::I2,
        8 => TypeName::Ui2,
        9 => TypeName::I4,
        10 => TypeName::Ui4,
        11 => TypeName::I8,
        12 => TypeName::Ui8,
        13 => TypeName::R4,
        14 => TypeName::R8,
        15 => TypeName::Decimal,
        16 => TypeName::Date,
        18 => TypeName::Wstr,
        _ => return None,
    })
}

/// A stored text as a value of its type. Files are written as en-US, whatever the package's locale.
pub(super) fn read(name: TypeName, text: &str) -> Result<Value, Error> {
    let text = match name {
        TypeName::Wstr => text,
        // Integers of old files have blanks around them.
        _ => text.trim(),
    };
    if name == TypeName::Bool
        && let Some(value) = boolean(text)
    {
        return Ok(Value::bool(value));
    }
    if name == TypeName::Date
        && let Ok(at) = text.parse::<jiff::civil::DateTime>()
    {
        // `Project.params` writes dates as ISO 8601 does.
        return Ok(Value::date(at));
    }
    Value::from_text(name, text, Locale::EN_US)
}

/// What a property takes from an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    Text,
    Boolean,
    Integer,
    Priority,
    MessageSourceType,
    /// A property that is not known here takes whatever comes.
    Anything,
}

impl Takes {
    pub(super) fn of(target: Target<'_>, property: &str) -> Takes {
        if let Target::ConnectionManager(manager) = target {
            if property.eq_ignore_ascii_case("ConnectionString") {
                return Takes::Text;
            }
            if manager.is_smtp()
                && let Some(smtp) = SmtpProperty::of_key(property)
            {
                return match smtp {
                    SmtpProperty::Server => Takes::Text,
                    SmtpProperty::UseWindowsAuthentication | SmtpProperty::EnableSsl => {
                        Takes::Boolean
                    }
                    SmtpProperty::Timeout => Takes::Integer,
                };
            }
        }
        if let Target::Executable(executable) = target
            && executable.send_mail().is_some()
            && let Some(mail) = MailProperty::from_name(property)
        {
            return match mail {
                MailProperty::Priority => Takes::Priority,
                MailProperty::MessageSourceType => Takes::MessageSourceType,
                _ => Takes::Text,
            };
        }
        match CommonProperty::named(property).map(|common| common.takes) {
            Some(PropertyType::Text) => Takes::Text,
            Some(PropertyType::Boolean) => Takes::Boolean,
            Some(PropertyType::Number) => Takes::Integer,
            None => Takes::Anything,
        }
    }

    /// The result of an expression as the property holds it, or what it wants instead.
    pub(super) fn convert(self, value: &Value) -> Result<Value, &'static str> {
        if value.is_null() {
            return match self {
                Takes::Anything => Ok(value.clone()),
                // A NULL string becomes an empty one.
                Takes::Text if value.data_type().is_string() => Ok(Value::text("")),
                _ => Err("a value and not NULL"),
            };
        }
        let text = || {
            value
                .to_text(Locale::EN_US)
                .ok()
                .flatten()
                .unwrap_or_default()
        };
        match self {
            Takes::Anything => Ok(value.clone()),
            Takes::Text => match value.data_type() {
                it if it.is_string() || matches!(it, DataType::Ntext | DataType::Text { .. }) => {
                    Ok(value.clone())
                }
                _ => Err("a string"),
            },
            Takes::Boolean => match value.as_bool().or_else(|| boolean(&text())) {
                Some(on) => Ok(Value::bool(on)),
                None => match value.as_integer() {
                    Some(number) => Ok(Value::bool(number != 0)),
                    None => Err("a Boolean"),
                },
            },
            Takes::Integer => match text().trim().parse::<i64>() {
                Ok(number) => Ok(i32::try_from(number).map_or(Value::i8(number), Value::i4)),
                Err(_) => Err("a whole number"),
            },
            Takes::Priority => named(value, &text(), |text| {
                Priority::parse(text).map(Priority::name)
            }),
            Takes::MessageSourceType => named(value, &text(), |text| {
                MessageSourceType::parse(text).map(MessageSourceType::name)
            }),
        }
    }
}

impl Takes {
    /// A stored or given text as the property holds it; one that it cannot hold stays as it is.
    pub(super) fn normal(self, text: &str) -> Option<Value> {
        match self {
            Takes::Boolean | Takes::Priority | Takes::MessageSourceType if !text.is_empty() => {
                self.convert(&Value::text(text)).ok()
            }
            _ => None,
        }
    }
}

/// A member of an enumeration, by number or by name; a number that is no member is kept as SSIS keeps it.
fn named(
    value: &Value,
    text: &str,
    name: impl Fn(&str) -> Option<&'static str>,
) -> Result<Value, &'static str> {
    if !(value.data_type().is_numeric() || value.data_type().is_string()) {
        return Err("a number of the enumeration");
    }
    Ok(Value::text(name(text).unwrap_or(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_texts_are_read_by_their_type() {
        for (name, text, shown) in [
            (TypeName::Bool, "-1", "True"),
            (TypeName::Bool, "false", "False"),
            (TypeName::I4, " 42 ", "42"),
            (TypeName::Wstr, " a ", " a "),
            (TypeName::R8, "1.5", "1.5"),
            (TypeName::Date, "2013-10-08T00:00:00", "10/8/2013"),
            (TypeName::Date, "1/4/2024 5:06:07 PM", "1/4/2024 5:06:07 PM"),
        ] {
            let value = read(name, text).unwrap();
            let text = value.to_text(Locale::EN_US).unwrap();
            assert_eq!(text.as_deref(), Some(shown), "{name}");
        }
        assert!(read(TypeName::I4, "many").is_err());
    }

    #[test]
    fn enumerations_go_by_number() {
        let of = |takes: Takes, number| takes.convert(&Value::i4(number)).unwrap();
        assert_eq!(of(Takes::Priority, 1).as_str(), Some("High"));
        assert_eq!(of(Takes::Priority, 5).as_str(), Some("Low"));
        assert_eq!(of(Takes::Priority, 0).as_str(), Some("0"));
        assert_eq!(of(Takes::MessageSourceType, 2).as_str(), Some("Variable"));
        assert_eq!(of(Takes::Boolean, 1).as_bool(), Some(true));
        assert!(Takes::Text.convert(&Value::i4(1)).is_err());
        assert!(Takes::Boolean.convert(&Value::text("perhaps")).is_err());
    }
}
