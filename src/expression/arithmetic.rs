//! `+ - * / %`, `& ^ |`, `-x`, `~x` and `!x`: which operands they take, and what they give.
//!
//! Source: the page of each operator, and *Integration Services Data Types in Expressions*.

use bigdecimal::Zero;

use super::codes::Code;
use super::decimal;
use super::error::Error;
use super::operator::{BinaryOperator, UnaryOperator};
use super::promotion::{as_numeric, common_number};
use super::text;
use super::types::{DataType, Integer};
use super::value::{Data, Value};

/// The type of an arithmetic, bitwise or logical operation, or why there is none.
pub(super) fn binary_type(
    operator: BinaryOperator,
    left: DataType,
    right: DataType,
) -> Result<DataType, Error> {
    if operator.is_logical() {
        return match (left, right) {
            (DataType::Bool, DataType::Bool) => Ok(DataType::Bool),
            (DataType::Bool, other) | (other, _) => Err(unsupported(operator, other)),
        };
    }
    if operator == BinaryOperator::Add {
        match (left, right) {
            (DataType::Wstr { length: a }, DataType::Wstr { length: b }) => {
                return Ok(DataType::Wstr {
                    length: a.saturating_add(b),
                });
            }
            _ if left == right && left.is_blob() => return Ok(left),
            _ => {}
        }
    }
    if operator.is_bitwise() || operator == BinaryOperator::Modulo {
        let (Some(a), Some(b)) = (left.integer(), right.integer()) else {
            let wrong = if left.is_integer() { right } else { left };
            return Err(unsupported(operator, wrong));
        };
        if operator.is_bitwise() && a.signed != b.signed {
            return Err(Error::typing(
                Code::BinarySignMismatch,
                format!(
                    "`{operator}` takes two signed or two unsigned integers, not {left} and {right}"
                ),
            ));
        }
    }
    if left.is_numeric() && right.is_numeric() {
        let common = common_number(left, right).ok_or_else(|| mismatch(operator, left, right))?;
        return Ok(match (common, as_numeric(left), as_numeric(right)) {
            (DataType::Numeric { .. }, Some(left), Some(right)) => {
                decimal::result_type(operator, left, right)
            }
            _ => common,
        });
    }
    if left.name() == right.name() {
        return Err(unsupported(operator, left));
    }
    Err(mismatch(operator, left, right))
}

/// Two types that do not go together.
pub(super) fn mismatch(operator: BinaryOperator, left: DataType, right: DataType) -> Error {
    let (left, right) = (left.name(), right.name());
    let error = Error::typing(
        Code::BinaryTypeMismatch,
        format!("`{operator}` does not take {left} and {right} together"),
    );
    let is_text =
        |name: super::TypeName| matches!(name, super::TypeName::Wstr | super::TypeName::Str);
    if operator == BinaryOperator::Add && is_text(left) != is_text(right) {
        error.with_help("nothing becomes a string by itself: cast it, as in `(DT_WSTR,30)…`")
    } else {
        error.with_help("cast one of the two to the type of the other")
    }
}

/// A type that the operator does not know.
pub(super) fn unsupported(operator: BinaryOperator, of: DataType) -> Error {
    let error = Error::typing(
        Code::UnsupportedBinaryType,
        format!("`{operator}` does not take {}", of.name()),
    );
    match operator {
        BinaryOperator::And | BinaryOperator::Or => error.with_help(
            "it takes conditions; nothing becomes a DT_BOOL by itself, so compare it: `… != 0`",
        ),
        BinaryOperator::Modulo
        | BinaryOperator::BitAnd
        | BinaryOperator::BitOr
        | BinaryOperator::BitXor => error.with_help("it takes integers: `(DT_I4)…`"),
        _ => error,
    }
}

/// Computes an arithmetic, bitwise or concatenating operation whose type is `result`.
pub(super) fn binary(
    operator: BinaryOperator,
    left: Value,
    right: Value,
    result: DataType,
) -> Result<Value, Error> {
    let (Some(left), Some(right)) = (left.into_data(), right.into_data()) else {
        return Ok(Value::null(result));
    };
    let data = match (left, right) {
        (Data::Text(mut left), Data::Text(right)) => {
            text::limit(left.len() + right.len())?;
            left.push_str(&right);
            Data::Text(left)
        }
        (Data::Bytes(mut left), Data::Bytes(right)) => {
            text::limit(left.len() + right.len())?;
            left.extend_from_slice(&right);
            Data::Bytes(left)
        }
        (left, right) => match result.integer() {
            Some(integer) => Data::Integer(integers(operator, &left, &right, integer, result)?),
            None if result.is_real() => Data::Real(reals(operator, &left, &right, result)?),
            None => exacts(operator, &left, &right, result)?,
        },
    };
    Ok(Value::new(result, data))
}

fn integers(
    operator: BinaryOperator,
    left: &Data,
    right: &Data,
    integer: Integer,
    result: DataType,
) -> Result<i128, Error> {
    let (Data::Integer(left), Data::Integer(right)) = (left, right) else {
        return Err(mismatch(operator, result, result));
    };
    if *right == 0 && matches!(operator, BinaryOperator::Divide | BinaryOperator::Modulo) {
        return Err(divide_by_zero(operator));
    }
    let value = match operator {
        BinaryOperator::Add => left.checked_add(*right),
        BinaryOperator::Subtract => left.checked_sub(*right),
        BinaryOperator::Multiply => left.checked_mul(*right),
        BinaryOperator::Divide => left.checked_div(*right),
        BinaryOperator::Modulo => left.checked_rem(*right),
        BinaryOperator::BitAnd => Some(left & right),
        BinaryOperator::BitOr => Some(left | right),
        _ => Some(left ^ right),
    };
    value
        .filter(|&value| integer.contains(value))
        .ok_or_else(|| overflow(operator, result))
}

fn reals(
    operator: BinaryOperator,
    left: &Data,
    right: &Data,
    result: DataType,
) -> Result<f64, Error> {
    let (left, right) = (decimal::to_real(left), decimal::to_real(right));
    let value = match operator {
        BinaryOperator::Add => left + right,
        BinaryOperator::Subtract => left - right,
        BinaryOperator::Multiply => left * right,
        _ if right == 0.0 => return Err(divide_by_zero(operator)),
        _ => left / right,
    };
    let value = if result == DataType::R4 {
        f64::from(value as f32)
    } else {
        value
    };
    if value.is_finite() {
        return Ok(value);
    }
    Err(overflow(operator, result))
}

fn exacts(
    operator: BinaryOperator,
    left: &Data,
    right: &Data,
    result: DataType,
) -> Result<Data, Error> {
    let (Some(left), Some(right)) = (decimal::to_exact(left), decimal::to_exact(right)) else {
        return Err(mismatch(operator, result, result));
    };
    let (_, scale) = as_numeric(result).unwrap_or_default();
    let value =
        decimal::compute(operator, &left, &right, scale).ok_or_else(|| divide_by_zero(operator))?;
    if !decimal::holds(result, &value) {
        let message = format!("the result of `{operator}` has more digits than {result}");
        return Err(Error::value(Code::NumericOverflow, message));
    }
    Ok(Data::Exact(value))
}

pub(super) fn divide_by_zero(operator: BinaryOperator) -> Error {
    Error::value(
        Code::DivideByZero,
        format!("the right side of `{operator}` is zero"),
    )
}

fn overflow(operator: BinaryOperator, result: DataType) -> Error {
    Error::value(
        Code::BinaryOverflow,
        format!(
            "the result of `{operator}` is too large for {}",
            result.name()
        ),
    )
    .with_help("cast one side to a larger type")
}

/// Whether a divisor is zero; NULL is not.
pub(super) fn is_zero(value: &Value) -> bool {
    match value.data() {
        Some(Data::Integer(value)) => *value == 0,
        Some(Data::Real(value)) => *value == 0.0,
        Some(Data::Exact(value)) => value.is_zero(),
        _ => false,
    }
}

/// The type of `-x`, `~x` or `!x`, or why there is none.
pub(super) fn unary_type(operator: UnaryOperator, of: DataType) -> Result<DataType, Error> {
    let accepted = match operator {
        UnaryOperator::Not => of == DataType::Bool,
        UnaryOperator::Complement => of.is_integer(),
        UnaryOperator::Negate => {
            of.is_numeric() && of.integer().is_none_or(|integer| integer.signed)
        }
    };
    if accepted {
        return Ok(of);
    }
    let error = Error::typing(
        Code::UnsupportedUnaryType,
        format!("`{operator}` does not take {}", of.name()),
    );
    Err(error.with_help(match operator {
        UnaryOperator::Not => "it takes a condition: `(DT_BOOL)…`, or compare: `… == 0`",
        UnaryOperator::Complement => "it takes an integer: `(DT_I4)…`",
        UnaryOperator::Negate => "it takes a signed number: `(DT_I8)…`",
    }))
}

/// Computes `-x`, `~x` or `!x`.
pub(super) fn unary(operator: UnaryOperator, operand: Value) -> Result<Value, Error> {
    let result = operand.data_type();
    let Some(data) = operand.into_data() else {
        return Ok(Value::null(result));
    };
    let data = match (operator, data) {
        (UnaryOperator::Not, Data::Bool(value)) => Data::Bool(!value),
        (UnaryOperator::Negate, Data::Real(value)) => Data::Real(-value),
        (UnaryOperator::Negate, Data::Exact(value)) => Data::Exact(-value),
        (UnaryOperator::Negate, Data::Integer(value)) => {
            if !result
                .integer()
                .is_some_and(|integer| integer.contains(-value))
            {
                let message = format!("the negated number is too large for {}", result.name());
                return Err(Error::value(Code::NegateOverflow, message));
            }
            Data::Integer(-value)
        }
        (UnaryOperator::Complement, Data::Integer(value)) => {
            let integer = result.integer().unwrap_or(Integer {
                bits: 64,
                signed: true,
            });
            let bits = integer.bits_of_value(!value);
            Data::Integer(integer.value_of_bits(bits))
        }
        // The types have been checked; other data has no such operator.
        (_, data) => data,
    };
    Ok(Value::new(result, data))
}
