//! Mathematical functions.

use bigdecimal::RoundingMode;

use super::super::codes::Code;
use super::super::decimal;
use super::super::error::Error;
use super::super::types::DataType;
use super::super::value::{Data, Value};
use super::Function;

/// Computes a mathematical function; no argument is NULL.
pub(super) fn call(
    function: Function,
    arguments: &[Value],
    result: DataType,
) -> Result<Option<Data>, Error> {
    let Some(subject) = arguments.first().and_then(Value::data) else {
        return Ok(None);
    };
    let second = arguments.get(1).and_then(Value::data);
    Ok(Some(match function {
        Function::Abs => absolute(subject, result)?,
        Function::Ceiling | Function::Floor => whole(function, subject, result)?,
        Function::Round => round(subject, second, result)?,
        Function::Sign => Data::Integer(sign(subject)),
        Function::Hex => Data::Text(hexadecimal(arguments.first())),
        Function::Exp => real(function, decimal::to_real(subject).exp())?,
        Function::Square => real(function, decimal::to_real(subject).powi(2))?,
        Function::Sqrt => match decimal::to_real(subject) {
            negative if negative < 0.0 => {
                return Err(Error::value(
                    Code::SqrtInvalid,
                    "SQRT takes no negative number",
                ));
            }
            number => real(function, number.sqrt())?,
        },
        Function::Ln => real(function, positive(subject, function, Code::LnInvalid)?.ln())?,
        Function::Log => real(
            function,
            positive(subject, function, Code::LogInvalid)?.log10(),
        )?,
        Function::Power => power(
            decimal::to_real(subject),
            second.map_or(0.0, decimal::to_real),
        )?,
        _ => return Ok(None),
    }))
}

fn real(function: Function, value: f64) -> Result<Data, Error> {
    if value.is_finite() {
        return Ok(Data::Real(value));
    }
    Err(overflow(function, DataType::R8))
}

fn overflow(function: Function, result: DataType) -> Error {
    let message = format!(
        "the result of {function} is too large for {}",
        result.name()
    );
    Error::value(Code::FunctionOverflow, message)
}

fn positive(subject: &Data, function: Function, code: Code) -> Result<f64, Error> {
    let number = decimal::to_real(subject);
    if number > 0.0 {
        return Ok(number);
    }
    Err(Error::value(
        code,
        format!("{function} takes only numbers greater than zero"),
    ))
}

fn power(base: f64, exponent: f64) -> Result<Data, Error> {
    let value = base.powf(exponent);
    if value.is_nan() || (base == 0.0 && exponent < 0.0) {
        let message = "POWER has no result for these numbers";
        return Err(Error::value(Code::PowerInvalid, message));
    }
    real(Function::Power, value)
}

fn absolute(subject: &Data, result: DataType) -> Result<Data, Error> {
    Ok(match subject {
        Data::Integer(number) => {
            let value = number.abs();
            if !result
                .integer()
                .is_some_and(|integer| integer.contains(value))
            {
                return Err(overflow(Function::Abs, result));
            }
            Data::Integer(value)
        }
        Data::Exact(number) => Data::Exact(number.abs()),
        other => Data::Real(decimal::to_real(other).abs()),
    })
}

/// A whole number that keeps type and scale: `CEILING(123.74)` is `124.00`.
fn whole(function: Function, subject: &Data, result: DataType) -> Result<Data, Error> {
    let (mode, real): (_, fn(f64) -> f64) = match function {
        Function::Floor => (RoundingMode::Floor, f64::floor),
        _ => (RoundingMode::Ceiling, f64::ceil),
    };
    Ok(match subject {
        Data::Integer(number) => Data::Integer(*number),
        Data::Exact(number) => {
            let scale = number.fractional_digit_count();
            let value = number.with_scale_round(0, mode).with_scale(scale);
            Data::Exact(decimal::within_digits(value).ok_or_else(|| overflow(function, result))?)
        }
        other => Data::Real(real(decimal::to_real(other))),
    })
}

/// Half goes away from zero, and the scale stays: `ROUND(137.1575,3)` is `137.1580`.
fn round(subject: &Data, places: Option<&Data>, result: DataType) -> Result<Data, Error> {
    let places = match places {
        Some(&Data::Integer(places)) if places >= 0 => places,
        _ => {
            let message = "ROUND takes no negative number of decimal places";
            return Err(Error::value(Code::FunctionFailed, message));
        }
    };
    Ok(match subject {
        Data::Integer(number) => Data::Integer(*number),
        Data::Exact(number) => {
            let scale = number.fractional_digit_count();
            if places >= i128::from(scale) {
                return Ok(subject.clone());
            }
            let rounded = number.with_scale_round(places as i64, RoundingMode::HalfUp);
            let value = decimal::within_digits(rounded.with_scale(scale));
            Data::Exact(value.ok_or_else(|| overflow(Function::Round, result))?)
        }
        other => Data::Real(round_real(decimal::to_real(other), places, result)),
    })
}

/// Rounds what people see of the number, its fifteen decimal digits, so that 2.675 is a half although its binary
/// form lies below.
fn round_real(number: f64, places: i128, result: DataType) -> f64 {
    match decimal::from_real(number) {
        Some(seen) if places < i128::from(seen.fractional_digit_count()) => {
            let rounded = seen.with_scale_round(places as i64, RoundingMode::HalfUp);
            let value = decimal::to_real(&Data::Exact(rounded));
            if result == DataType::R4 {
                f64::from(value as f32)
            } else {
                value
            }
        }
        _ => number,
    }
}

fn sign(subject: &Data) -> i128 {
    match subject {
        Data::Integer(number) => number.signum(),
        other => {
            let number = decimal::to_real(other);
            i128::from(number > 0.0) - i128::from(number < 0.0)
        }
    }
}

/// Upper case, without leading zeros; a negative number as two's complement of its type.
fn hexadecimal(value: Option<&Value>) -> String {
    let bits = value.and_then(|value| {
        let integer = value.data_type().integer()?;
        Some(integer.bits_of_value(value.as_integer()?))
    });
    format!("{:X}", bits.unwrap_or_default())
}
