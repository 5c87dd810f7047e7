//! `== != < > <= >=`: which operands they take, and what they find.
//!
//! Source: the page of each operator; order of strings as measured on an engine.

use std::borrow::Cow;
use std::cmp::Ordering;

use icu_collator::options::CollatorOptions;
use icu_collator::{CollatorBorrowed, CollatorPreferences};

use super::arithmetic::{mismatch, unsupported};
use super::casts::Surroundings;
use super::codes::Code;
use super::decimal;
use super::error::Error;
use super::locale::Locale;
use super::operator::BinaryOperator;
use super::promotion::{common_number, common_temporal};
use super::types::DataType;
use super::value::{Data, Value};

/// Whether two types can be compared with the operator, and if not, why.
pub(super) fn check(
    operator: BinaryOperator,
    left: DataType,
    right: DataType,
) -> Result<(), Error> {
    let comparable = match (left, right) {
        _ if left.is_numeric() && right.is_numeric() => common_number(left, right).is_some(),
        _ if left.is_temporal() && right.is_temporal() => common_temporal(left, right).is_some(),
        (DataType::Wstr { .. }, DataType::Wstr { .. })
        | (DataType::Bytes { .. }, DataType::Bytes { .. })
        | (DataType::Bool, DataType::Bool)
        | (DataType::Guid, DataType::Guid) => true,
        _ if left.is_blob() && left.name() == right.name() => {
            if !operator.is_equality() {
                return Err(unsupported(operator, left));
            }
            true
        }
        _ => false,
    };
    if comparable {
        return Ok(());
    }
    let error = mismatch(operator, left, right);
    Err(
        if left.is_time() != right.is_time() && left.is_temporal() && right.is_temporal() {
            error.with_help("a time of day cannot be compared with a date; cast both to DT_DBTIME or DT_DBTIMESTAMP")
        } else {
            error
        },
    )
}

/// Compares two values whose types have been checked; NULL with anything is NULL.
pub(super) fn compare(
    operator: BinaryOperator,
    left: Value,
    right: Value,
    around: &Surroundings<'_>,
) -> Result<Value, Error> {
    if left.is_null() || right.is_null() {
        return Ok(Value::null(DataType::Bool));
    }
    let (left, right) = common(left, right, around)?;
    let (Some(left), Some(right)) = (left.data(), right.data()) else {
        return Ok(Value::null(DataType::Bool));
    };
    let holds = match operator {
        BinaryOperator::Equal => equal(left, right),
        BinaryOperator::Unequal => !equal(left, right),
        _ => {
            let order = order(left, right, around.locale())?;
            match operator {
                BinaryOperator::Less => order.is_lt(),
                BinaryOperator::LessOrEqual => order.is_le(),
                BinaryOperator::Greater => order.is_gt(),
                _ => order.is_ge(),
            }
        }
    };
    Ok(Value::bool(holds))
}

/// Both values in the type that they are compared in.
fn common(left: Value, right: Value, around: &Surroundings<'_>) -> Result<(Value, Value), Error> {
    let (a, b) = (left.data_type(), right.data_type());
    if a == b || !a.is_temporal() {
        return Ok((left, right));
    }
    let Some(to) = common_temporal(a, b) else {
        return Ok((left, right));
    };
    Ok((left.cast(to, around)?, right.cast(to, around)?))
}

fn equal(left: &Data, right: &Data) -> bool {
    match (left, right) {
        (Data::Offset(..), Data::Offset(..)) => utc(left) == utc(right),
        _ => numbers(left, right).map_or_else(|| left == right, Ordering::is_eq),
    }
}

fn order(left: &Data, right: &Data, locale: Locale) -> Result<Ordering, Error> {
    if let Some(order) = numbers(left, right) {
        return Ok(order);
    }
    match (left, right) {
        (Data::Text(left), Data::Text(right)) => linguistic(left, right, locale),
        (Data::Moment(left), Data::Moment(right)) => Ok(left.cmp(right)),
        (Data::Time(left), Data::Time(right)) => Ok(left.cmp(right)),
        (Data::Offset(..), Data::Offset(..)) => Ok(utc(left).cmp(&utc(right))),
        _ => Err(Error::unproven(
            "SSIS orders Booleans, GUIDs and bytes, but nothing shows which comes first",
        )),
    }
}

/// The order of two numbers, in the type that their types have in common; `None` for other data.
fn numbers(left: &Data, right: &Data) -> Option<Ordering> {
    match (left, right) {
        (Data::Integer(left), Data::Integer(right)) => Some(left.cmp(right)),
        (Data::Real(_), Data::Real(_) | Data::Integer(_) | Data::Exact(_))
        | (Data::Integer(_) | Data::Exact(_), Data::Real(_)) => {
            decimal::to_real(left).partial_cmp(&decimal::to_real(right))
        }
        (Data::Exact(_), Data::Exact(_) | Data::Integer(_))
        | (Data::Integer(_), Data::Exact(_)) => {
            Some(decimal::to_exact(left)?.cmp(&decimal::to_exact(right)?))
        }
        _ => None,
    }
}

/// The moment in UTC.
fn utc(data: &Data) -> Option<jiff::civil::DateTime> {
    match data {
        Data::Offset(local, minutes) => local
            .checked_sub(jiff::SignedDuration::from_mins((*minutes).into()))
            .ok(),
        _ => None,
    }
}

/// The order of a dictionary, as Windows' word sort has it: letters before case, small before capital, and hyphens
/// and apostrophes only where nothing else differs.
fn linguistic(left: &str, right: &str, locale: Locale) -> Result<Ordering, Error> {
    if left == right {
        return Ok(Ordering::Equal);
    }
    let tag = locale.formats().map_or("und", |formats| formats.tag);
    let preferences = icu_locale_core::Locale::try_from_str(tag)
        .map(CollatorPreferences::from)
        .unwrap_or_default();
    let collator =
        CollatorBorrowed::try_new(preferences, CollatorOptions::default()).map_err(|error| {
            Error::value(
                Code::FunctionFailed,
                format!("the order of strings in locale {locale} is not available: {error}"),
            )
        })?;
    let words = collator.compare(&without_joiners(left), &without_joiners(right));
    let joiners = |text: &str| text.matches(JOINERS).count();
    Ok(words
        .then_with(|| joiners(left).cmp(&joiners(right)))
        .then_with(|| collator.compare(left, right)))
}

const JOINERS: [char; 2] = ['-', '\''];

fn without_joiners(text: &str) -> Cow<'_, str> {
    if text.contains(JOINERS) {
        Cow::Owned(text.replace(JOINERS, ""))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_ordered_as_in_a_dictionary() {
        // As measured on an engine.
        let sorted = ["_", "1", "a", "A", "apple", "B", "Banana", "Z"];
        for (at, left) in sorted.iter().enumerate() {
            for right in &sorted[at + 1..] {
                assert_eq!(
                    linguistic(left, right, Locale::EN_US).unwrap(),
                    Ordering::Less,
                    "{left} {right}"
                );
            }
        }
    }

    #[test]
    fn unproven_hyphens_and_apostrophes_come_last_of_all_differences() {
        // The example of a word sort in *Handling Sorting in Your Applications*.
        let sorted = [
            "billet", "bills", "bill's", "cannot", "cant", "can't", "con", "coop", "co-op",
        ];
        for pair in sorted.windows(2) {
            let order = linguistic(pair[0], pair[1], Locale::EN_US).unwrap();
            assert_eq!(order, Ordering::Less, "{pair:?}");
        }
    }

    #[test]
    fn unproven_other_letters_follow_the_collation_of_the_locale() {
        // In Swedish ä is a letter behind z, elsewhere an a with a mark.
        for (lcid, sorted) in [(1033, ["a", "ä", "z", "Ж"]), (1053, ["a", "z", "ä", "Ж"])] {
            for pair in sorted.windows(2) {
                let order = linguistic(pair[0], pair[1], Locale(lcid)).unwrap();
                assert_eq!(order, Ordering::Less, "{lcid} {pair:?}");
            }
        }
    }
}
