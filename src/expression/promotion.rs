//! Implicit conversion: the common type of two operands.
//!
//! Source: *Integration Services Data Types in Expressions*, the table of implicit conversions, and the pages of
//! the comparison operators and of `? :` for strings and dates.

use super::types::{DataType, FRACTION_DIGITS, Integer, NUMERIC_DIGITS};

/// The type in which two numbers are computed and compared, `None` where SSIS has none (`DT_UI8` with a signed
/// integer) or an operand is no number.
///
/// Precision and scale of a `DT_NUMERIC` are those that hold both operands; an operation has its own (see
/// [`super::decimal`]).
pub(super) fn common_number(left: DataType, right: DataType) -> Option<DataType> {
    if !left.is_numeric() || !right.is_numeric() {
        return None;
    }
    if let (Some(a), Some(b)) = (left.integer(), right.integer()) {
        return common_integer(a, b);
    }
    if left == DataType::R8 || right == DataType::R8 {
        return Some(DataType::R8);
    }
    if left.is_real() || right.is_real() {
        return Some(DataType::R4);
    }
    if left == DataType::Cy && right == DataType::Cy {
        return Some(DataType::Cy);
    }
    let ((p1, s1), (p2, s2)) = (as_numeric(left)?, as_numeric(right)?);
    let integral = p1.saturating_sub(s1).max(p2.saturating_sub(s2));
    let scale = s1.max(s2).min(NUMERIC_DIGITS.saturating_sub(integral));
    Some(DataType::Numeric {
        precision: integral + scale,
        scale,
    })
}

/// Precision and scale that an integer, `DT_CY`, `DT_DECIMAL` or `DT_NUMERIC` has as a `DT_NUMERIC`.
pub(super) fn as_numeric(of: DataType) -> Option<(u8, u8)> {
    match of {
        DataType::Numeric { precision, scale } => Some((precision, scale)),
        DataType::Decimal { scale } => Some((29, scale)),
        DataType::Cy => Some((19, 4)),
        _ => of.integer().map(|integer| (integer.digits(), 0)),
    }
}

fn common_integer(left: Integer, right: Integer) -> Option<DataType> {
    let (signed, bits) = if left.signed == right.signed {
        (left.signed, left.bits.max(right.bits))
    } else {
        let (signed, unsigned) = if left.signed {
            (left.bits, right.bits)
        } else {
            (right.bits, left.bits)
        };
        // A signed type holds an unsigned one of half its size; there is none for `DT_UI8`.
        if unsigned == 64 {
            return None;
        }
        (true, signed.max(2 * unsigned))
    };
    Some(match (bits, signed) {
        (8, true) => DataType::I1,
        (16, true) => DataType::I2,
        (32, true) => DataType::I4,
        (64, true) => DataType::I8,
        (8, false) => DataType::Ui1,
        (16, false) => DataType::Ui2,
        (32, false) => DataType::Ui4,
        _ => DataType::Ui8,
    })
}

/// The type in which two dates or times are compared, `None` for a time of day with anything that has a date.
///
/// A fraction that one side lacks is zero, and so is an offset: the other side is taken to be UTC.
pub(super) fn common_temporal(left: DataType, right: DataType) -> Option<DataType> {
    if !left.is_temporal() || !right.is_temporal() || left.is_time() != right.is_time() {
        return None;
    }
    let scale = FRACTION_DIGITS;
    if left.name() == right.name() {
        return Some(match left {
            DataType::DbTime2 { .. } => DataType::DbTime2 { scale },
            DataType::DbTimestamp2 { .. } => DataType::DbTimestamp2 { scale },
            DataType::DbTimestampOffset { .. } => DataType::DbTimestampOffset { scale },
            same => same,
        });
    }
    let either = |wanted: fn(DataType) -> bool| wanted(left) || wanted(right);
    Some(
        if either(|of| matches!(of, DataType::DbTimestampOffset { .. })) {
            DataType::DbTimestampOffset { scale }
        } else if either(|of| matches!(of, DataType::DbTimestamp2 { .. })) {
            DataType::DbTimestamp2 { scale }
        } else if either(|of| matches!(of, DataType::DbTime2 { .. })) {
            DataType::DbTime2 { scale }
        } else {
            DataType::DbTimestamp
        },
    )
}

/// The type of `condition ? left : right`, `None` where the two do not go together.
pub(super) fn common_branch(left: DataType, right: DataType) -> Option<DataType> {
    if let (DataType::Wstr { length: a }, DataType::Wstr { length: b }) = (left, right) {
        return Some(DataType::Wstr { length: a.max(b) });
    }
    if let (DataType::Bytes { length: a }, DataType::Bytes { length: b }) = (left, right) {
        return Some(DataType::Bytes { length: a.max(b) });
    }
    if left == right {
        return Some(left);
    }
    common_number(left, right).or_else(|| common_temporal(left, right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signed_with_unsigned_follows_the_table() {
        use DataType::{I1, I2, I4, I8, Ui1, Ui2, Ui4, Ui8};
        let table = [
            (I1, [Some(I2), Some(I4), Some(I8), None]),
            (I2, [Some(I2), Some(I4), Some(I8), None]),
            (I4, [Some(I4), Some(I4), Some(I8), None]),
            (I8, [Some(I8), Some(I8), Some(I8), None]),
        ];
        for (signed, row) in table {
            for (unsigned, wanted) in [Ui1, Ui2, Ui4, Ui8].into_iter().zip(row) {
                assert_eq!(
                    common_number(signed, unsigned),
                    wanted,
                    "{signed} {unsigned}"
                );
                assert_eq!(
                    common_number(unsigned, signed),
                    wanted,
                    "{unsigned} {signed}"
                );
            }
        }
        assert_eq!(common_number(Ui2, Ui8), Some(Ui8));
        assert_eq!(common_number(I8, I1), Some(I8));
    }

    #[test]
    fn reals_win_over_exact_numbers_and_those_over_integers() {
        let numeric = DataType::Numeric {
            precision: 5,
            scale: 2,
        };
        assert_eq!(common_number(DataType::R8, numeric), Some(DataType::R8));
        assert_eq!(
            common_number(DataType::R4, DataType::I8),
            Some(DataType::R4)
        );
        assert_eq!(common_number(DataType::R4, numeric), Some(DataType::R4));
        assert_eq!(
            common_number(DataType::Cy, DataType::Cy),
            Some(DataType::Cy)
        );
        assert_eq!(
            common_number(DataType::I4, numeric),
            Some(DataType::Numeric {
                precision: 12,
                scale: 2
            })
        );
        let decimal = DataType::Decimal { scale: 2 };
        assert_eq!(
            common_number(decimal, decimal).map(DataType::name),
            Some(super::super::types::TypeName::Numeric)
        );
        assert_eq!(common_number(DataType::Bool, DataType::I4), None);
    }

    #[test]
    fn times_do_not_mix_with_dates() {
        assert_eq!(common_temporal(DataType::DbTime, DataType::DbDate), None);
        assert_eq!(
            common_temporal(DataType::DbTime, DataType::DbTime2 { scale: 3 }),
            Some(DataType::DbTime2 { scale: 7 })
        );
        assert_eq!(
            common_temporal(DataType::Date, DataType::DbDate),
            Some(DataType::DbTimestamp)
        );
        assert_eq!(
            common_temporal(DataType::DbDate, DataType::DbTimestampOffset { scale: 0 }),
            Some(DataType::DbTimestampOffset { scale: 7 })
        );
    }
}
