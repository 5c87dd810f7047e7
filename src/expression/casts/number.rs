//! Anything to a number or a Boolean.

use bigdecimal::num_bigint::BigInt;
use bigdecimal::num_traits::ToPrimitive;
use bigdecimal::{BigDecimal, RoundingMode, Zero};

use super::super::calendar;
use super::super::decimal;
use super::super::error::Error;
use super::super::promotion::as_numeric;
use super::super::types::{DataType, NUMERIC_DIGITS, TypeName};
use super::super::value::{Data, Value};
use super::{failed, overflow, unproven};

/// Halves go to the even neighbour, as measured; `TRUE` is -1.
pub(super) fn to_integer(data: &Data, from: DataType, to: DataType) -> Result<i128, Error> {
    let value = match data {
        Data::Integer(value) => Some(*value),
        Data::Bool(value) => Some(-i128::from(*value)),
        Data::Text(text) => Some(integer(text).ok_or_else(|| {
            failed(from, to).with_help(
                "an integer is an optional sign and digits, with blanks around it at most",
            )
        })?),
        Data::Exact(value) => value.with_scale_round(0, RoundingMode::HalfEven).to_i128(),
        Data::Real(value) => rounded(*value),
        Data::Moment(at) if from == DataType::FileTime => Some(calendar::to_filetime(*at)),
        Data::Moment(at) => rounded(calendar::to_ole(*at)),
        _ => return Err(unproven(from, to)),
    };
    value
        .filter(|&value| to.integer().is_some_and(|integer| integer.contains(value)))
        .ok_or_else(|| overflow(from, to))
}

fn rounded(value: f64) -> Option<i128> {
    // Within this range a cast does not saturate.
    (value.abs() < 1e30).then(|| value.round_ties_even() as i128)
}

fn integer(text: &str) -> Option<i128> {
    let text = text.trim_matches(' ');
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(i128::MAX))
}

pub(super) fn to_real(data: &Data, from: DataType, to: DataType) -> Result<f64, Error> {
    let value = match data {
        Data::Text(text) => real(text).ok_or_else(|| {
            failed(from, to).with_help("a number is an optional sign, digits with a point, and an optional exponent: `-1.5E3`")
        })?,
        Data::Moment(at) => calendar::to_ole(*at),
        Data::Bytes(_) => return Err(unproven(from, to)),
        number => decimal::to_real(number),
    };
    let value = if to == DataType::R4 {
        f64::from(value as f32)
    } else {
        value
    };
    if value.is_finite() {
        return Ok(value);
    }
    Err(overflow(from, to))
}

fn real(text: &str) -> Option<f64> {
    let text = text.trim_matches(' ');
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    if plain { text.parse().ok() } else { None }
}

/// `DT_NUMERIC` and `DT_DECIMAL` cut digits off, `DT_CY` rounds as the integer that it is.
pub(super) fn to_exact(data: &Data, from: DataType, to: DataType) -> Result<BigDecimal, Error> {
    let value = match data {
        Data::Text(text) => exact(text).ok_or_else(|| {
            failed(from, to)
                .with_help("a number is an optional sign and digits with a point: `-1234.50`")
        })?,
        Data::Real(value) => decimal::from_real(*value).ok_or_else(|| overflow(from, to))?,
        Data::Moment(at) => {
            decimal::from_real(calendar::to_ole(*at)).ok_or_else(|| overflow(from, to))?
        }
        number => decimal::to_exact(number).ok_or_else(|| unproven(from, to))?,
    };
    let (_, scale) = as_numeric(to).unwrap_or_default();
    let mode = if to == DataType::Cy {
        RoundingMode::HalfEven
    } else {
        RoundingMode::Down
    };
    let value = value.with_scale_round(scale.into(), mode);
    if decimal::holds(to, &value) {
        return Ok(value);
    }
    Err(overflow(from, to))
}

fn exact(text: &str) -> Option<BigDecimal> {
    /// No number that fits is nearly as long, and reading digits takes longer the more there are.
    const LONGEST: usize = 1_000;

    let text = text.trim_matches(' ');
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.len() > LONGEST {
        return None;
    }
    let plain = digits
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let some = digits.bytes().any(|byte| byte.is_ascii_digit());
    let points = digits.bytes().filter(|&byte| byte == b'.').count();
    if !plain || !some || points > 1 {
        return None;
    }
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let unscaled: BigInt = format!("{whole}{fraction}").parse().ok()?;
    let unscaled = if text.starts_with('-') {
        -unscaled
    } else {
        unscaled
    };
    Some(BigDecimal::new(
        unscaled,
        i64::try_from(fraction.len()).ok()?,
    ))
}

/// A `DT_DECIMAL` or `DT_NUMERIC` with the scale that the text has, as a Decimal variable holds it.
pub(in super::super) fn exact_as_written(name: TypeName, text: &str) -> Result<Value, Error> {
    let from = DataType::Wstr { length: 0 };
    let scale = exact(text).map_or(0, |value| value.fractional_digit_count());
    let scale = u8::try_from(scale).unwrap_or(u8::MAX);
    let to = match name {
        TypeName::Decimal => DataType::Decimal {
            scale: scale.min(28),
        },
        _ => DataType::Numeric {
            precision: NUMERIC_DIGITS,
            scale: scale.min(NUMERIC_DIGITS),
        },
    };
    let value = to_exact(&Data::Text(text.to_owned()), from, to)?;
    Ok(Value::new(to, Data::Exact(value)))
}

/// Every number but zero is true; so are the words, in any case.
pub(super) fn to_bool(data: &Data, from: DataType) -> Result<bool, Error> {
    Ok(match data {
        Data::Bool(value) => *value,
        Data::Integer(value) => *value != 0,
        Data::Real(value) => *value != 0.0,
        Data::Exact(value) => !value.is_zero(),
        Data::Moment(at) => calendar::to_ole(*at) != 0.0,
        Data::Text(text) => {
            let text = text.trim_matches(' ');
            if text.eq_ignore_ascii_case("true") {
                true
            } else if text.eq_ignore_ascii_case("false") {
                false
            } else {
                real(text).map(|value| value != 0.0).ok_or_else(|| {
                    failed(from, DataType::Bool)
                        .with_help("a Boolean is `True`, `False` or a number")
                })?
            }
        }
        _ => return Err(unproven(from, DataType::Bool)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_numbers_or_they_are_not() {
        assert_eq!(integer(" -12 "), Some(-12));
        assert_eq!(integer("+12"), Some(12));
        for text in ["", " ", "+", "12abc", "1.0", "1e3", "0x10", "1,000", "١٢"] {
            assert_eq!(integer(text), None, "{text}");
        }
        assert_eq!(real("0."), Some(0.0));
        assert_eq!(real(" 1e3 "), Some(1000.0));
        for text in ["", "inf", "NaN", "1,5", "e", "."] {
            assert_eq!(real(text), None, "{text}");
        }
        assert_eq!(exact("-.50").unwrap().to_plain_string(), "-0.50");
        for text in ["", ".", "1.2.3", "1e3", "--1", "1 2"] {
            assert_eq!(exact(text), None, "{text}");
        }
    }

    #[test]
    fn an_exact_number_keeps_the_scale_it_is_written_with() {
        let value = exact_as_written(TypeName::Decimal, "12.50").unwrap();
        assert_eq!(value.data_type(), DataType::Decimal { scale: 2 });
        assert!(exact_as_written(TypeName::Decimal, &"9".repeat(30)).is_err());
        assert!(exact_as_written(TypeName::Numeric, &"9".repeat(38)).is_ok());
        assert!(exact_as_written(TypeName::Numeric, "x").is_err());
    }
}
