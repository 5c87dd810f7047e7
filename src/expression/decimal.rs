//! `DT_NUMERIC`: precision and scale of results, and the arithmetic.
//!
//! Precision and scale follow Transact-SQL (*Precision, scale, and length*), which fits the two results that were
//! measured on an engine: `5.0/2` is `2.500000000000` and `1 + 2.5` is `3.5`. A scale that has to shrink cuts the
//! digits off.

use bigdecimal::num_bigint::BigInt;
use bigdecimal::{BigDecimal, Zero};

use super::operator::BinaryOperator;
use super::types::{DataType, NUMERIC_DIGITS};
use super::value::Data;

/// Significant digits of a `DT_R8` that people see.
const REAL_DIGITS: usize = 15;

/// The type of an operation on two exact numbers, given precision and scale of each.
pub(super) fn result_type(operator: BinaryOperator, left: (u8, u8), right: (u8, u8)) -> DataType {
    let ((p1, s1), (p2, s2)) = (widen(left), widen(right));
    let limit = i32::from(NUMERIC_DIGITS);
    let (precision, scale) = match operator {
        BinaryOperator::Multiply => product(p1 + p2 + 1, s1 + s2),
        BinaryOperator::Divide => {
            let scale = (s1 + p2 + 1).max(6);
            product(p1 - s1 + s2 + scale, scale)
        }
        _ => {
            let integral = (p1 - s1).max(p2 - s2);
            let scale = s1.max(s2);
            let precision = integral + scale + 1;
            if precision > limit {
                (limit, scale.min(limit - integral))
            } else {
                (precision, scale)
            }
        }
    };
    DataType::Numeric {
        precision: narrow(precision),
        scale: narrow(scale),
    }
}

/// For products and quotients: the integral digits come first, but six fractional digits stay if there were so many.
fn product(precision: i32, scale: i32) -> (i32, i32) {
    let limit = i32::from(NUMERIC_DIGITS);
    if precision <= limit {
        return (precision, scale);
    }
    let integral = precision - scale;
    let scale = if integral < 32 {
        scale.min(limit - integral)
    } else {
        scale.min(6)
    };
    (limit, scale)
}

fn widen((precision, scale): (u8, u8)) -> (i32, i32) {
    (precision.into(), scale.into())
}

fn narrow(digits: i32) -> u8 {
    u8::try_from(digits.clamp(0, NUMERIC_DIGITS.into())).unwrap_or(NUMERIC_DIGITS)
}

/// The result of an operation at `scale`; `None` for a division by zero.
pub(super) fn compute(
    operator: BinaryOperator,
    left: &BigDecimal,
    right: &BigDecimal,
    scale: u8,
) -> Option<BigDecimal> {
    let value = match operator {
        BinaryOperator::Add => left + right,
        BinaryOperator::Subtract => left - right,
        BinaryOperator::Multiply => left * right,
        _ => return quotient(left, right, scale),
    };
    Some(value.with_scale(scale.into()))
}

/// Exact up to `scale`, the rest cut off.
fn quotient(left: &BigDecimal, right: &BigDecimal, scale: u8) -> Option<BigDecimal> {
    let ((mut dividend, s1), (mut divisor, s2)) = (
        left.as_bigint_and_exponent(),
        right.as_bigint_and_exponent(),
    );
    if divisor.is_zero() {
        return None;
    }
    let shift = i64::from(scale) + s2 - s1;
    let power = BigInt::from(10).pow(u32::try_from(shift.unsigned_abs()).unwrap_or(0));
    if shift >= 0 {
        dividend *= power;
    } else {
        divisor *= power;
    }
    Some(BigDecimal::new(dividend / divisor, scale.into()))
}

/// The number, unless it has more digits than any `DT_NUMERIC`.
pub(super) fn within_digits(value: BigDecimal) -> Option<BigDecimal> {
    fits(&value, NUMERIC_DIGITS).then_some(value)
}

/// Whether an exact type holds the number, which has its scale already.
pub(super) fn holds(to: DataType, value: &BigDecimal) -> bool {
    let (unscaled, _) = value.as_bigint_and_exponent();
    match to {
        DataType::Numeric { precision, .. } => fits(value, precision),
        DataType::Decimal { .. } => unscaled.bits() <= 96,
        _ => i64::try_from(unscaled).is_ok(),
    }
}

/// Whether the number has at most that many digits at its scale.
fn fits(value: &BigDecimal, precision: u8) -> bool {
    value.digits() <= precision.into()
}

/// An exact number or an integer as such, at its own scale; `None` for other data.
pub(super) fn to_exact(data: &Data) -> Option<BigDecimal> {
    match data {
        Data::Exact(value) => Some(value.clone()),
        Data::Integer(value) => Some(BigDecimal::from(*value)),
        Data::Bool(value) => Some(BigDecimal::from(-i32::from(*value))),
        _ => None,
    }
}

/// Any number as a double; zero for other data. The nearest double, not one that is off in the last place.
pub(super) fn to_real(data: &Data) -> f64 {
    match data {
        Data::Real(value) => *value,
        Data::Integer(value) => *value as f64,
        Data::Exact(value) => value.to_plain_string().parse().unwrap_or(0.0),
        Data::Bool(value) => -f64::from(u8::from(*value)),
        _ => 0.0,
    }
}

/// A double as the decimal number that people see, of fifteen significant digits; `None` for infinities.
///
/// The binary number below 0.29 is 0.29 to everybody, so nothing may be cut off it as if it were 0.28999….
pub(super) fn from_real(value: f64) -> Option<BigDecimal> {
    let text = format!("{value:.*e}", REAL_DIGITS - 1);
    let (mantissa, exponent) = text.split_once('e')?;
    let exponent: i64 = exponent.parse().ok()?;
    let digits: BigDecimal = mantissa.parse().ok()?;
    let (digits, scale) = digits.into_bigint_and_exponent();
    Some(BigDecimal::new(digits, scale - exponent).normalized())
}

#[cfg(test)]
mod tests {
    use super::*;
    use BinaryOperator::{Add, Divide, Multiply, Subtract};

    fn scale(operator: BinaryOperator, left: (u8, u8), right: (u8, u8)) -> (u8, u8) {
        match result_type(operator, left, right) {
            DataType::Numeric { precision, scale } => (precision, scale),
            other => panic!("{other}"),
        }
    }

    fn exact(text: &str) -> BigDecimal {
        text.parse().unwrap()
    }

    #[test]
    fn precision_and_scale_are_those_of_transact_sql() {
        assert_eq!(scale(Divide, (2, 1), (10, 0)), (13, 12));
        assert_eq!(scale(Add, (10, 0), (2, 1)), (12, 1));
        assert_eq!(scale(Multiply, (4, 2), (10, 0)), (15, 2));
        assert_eq!(scale(Subtract, (18, 2), (18, 3)), (20, 3));
        // 38 digits: the examples of the page.
        assert_eq!(scale(Multiply, (38, 10), (38, 10)), (38, 6));
        assert_eq!(scale(Multiply, (30, 10), (30, 10)), (38, 6));
        assert_eq!(scale(Divide, (38, 0), (38, 0)), (38, 6));
        assert_eq!(scale(Add, (38, 10), (38, 0)), (38, 0));
    }

    #[test]
    fn quotients_are_exact_and_cut() {
        let third = compute(Divide, &exact("1"), &exact("3"), 19).unwrap();
        assert_eq!(third.to_plain_string(), "0.3333333333333333333");
        let two_thirds = compute(Divide, &exact("-2"), &exact("3"), 3).unwrap();
        assert_eq!(two_thirds.to_plain_string(), "-0.666");
        let whole = compute(Divide, &exact("10.00"), &exact("0.0025"), 0).unwrap();
        assert_eq!(whole.to_plain_string(), "4000");
        let small = compute(Divide, &exact("1.2345"), &exact("1"), 2).unwrap();
        assert_eq!(small.to_plain_string(), "1.23");
        assert_eq!(compute(Divide, &exact("1"), &exact("0.00"), 2), None);
    }

    #[test]
    fn doubles_are_the_decimals_that_people_see() {
        for (value, text) in [
            (0.29, "0.29"),
            (1e3, "1000"),
            (-2.675, "-2.675"),
            (0.1 + 0.2, "0.3"),
            (0.0, "0"),
        ] {
            assert_eq!(from_real(value).unwrap().to_plain_string(), text);
        }
        assert_eq!(from_real(f64::INFINITY), None);
        assert_eq!(to_real(&Data::Exact(exact("0.1"))), 0.1);
    }

    #[test]
    fn thirty_eight_digits_fit_and_no_more() {
        assert!(within_digits(exact(&"9".repeat(38))).is_some());
        assert!(within_digits(exact(&format!("1{}", "0".repeat(38)))).is_none());
        assert!(within_digits(exact("0.00")).is_some());
    }
}
