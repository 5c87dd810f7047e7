//! Date and time functions.

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Weekday};

use super::super::calendar;
use super::super::casts::Surroundings;
use super::super::codes::Code;
use super::super::error::Error;
use super::super::types::DataType;
use super::super::value::{Data, Value};
use super::Function;

/// Computes a date function; no argument is NULL.
pub(super) fn call(
    function: Function,
    arguments: &[Value],
    around: &Surroundings<'_>,
) -> Result<Option<Data>, Error> {
    let date = |at: usize| moment(arguments.get(at), around);
    let part = || {
        let name = arguments
            .first()
            .and_then(Value::as_str)
            .unwrap_or_default();
        DatePart::from_name(name, function).ok_or_else(|| DatePart::unknown(function))
    };
    Ok(Some(match function {
        Function::Year => Data::Integer(date(0)?.year().into()),
        Function::Month => Data::Integer(date(0)?.month().into()),
        Function::Day => Data::Integer(date(0)?.day().into()),
        Function::DatePart => Data::Integer(part()?.of(date(1)?).into()),
        Function::DateDiff => {
            let boundaries = part()?.between(date(1)?, date(2)?);
            let fits = i32::try_from(boundaries).map_err(|_| {
                let message = "the result of DATEDIFF is too large for DT_I4";
                Error::value(Code::FunctionOverflow, message)
                    .with_help("count a larger part, such as \"ss\" or \"dd\"")
            })?;
            Data::Integer(fits.into())
        }
        Function::DateAdd => {
            let number = arguments
                .get(1)
                .and_then(Value::as_integer)
                .unwrap_or_default();
            Data::Moment(add(part()?, number, date(2)?)?)
        }
        _ => return Ok(None),
    }))
}

/// The argument as a `DT_DBTIMESTAMP`, which is what these functions compute with.
fn moment(value: Option<&Value>, around: &Surroundings<'_>) -> Result<DateTime, Error> {
    let value = value.cloned().unwrap_or(Value::null(DataType::DbTimestamp));
    let moment = match value.data_type() {
        DataType::DbTimestamp | DataType::Date | DataType::DbDate => value.as_date_time(),
        _ => value.cast(DataType::DbTimestamp, around)?.as_date_time(),
    };
    Ok(moment.unwrap_or(DateTime::MIN))
}

/// A part of a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum DatePart {
    Year,
    Quarter,
    Month,
    DayOfYear,
    Day,
    Week,
    Weekday,
    Hour,
    Minute,
    Second,
    Millisecond,
}

/// Source: the tables of *DATEADD*, *DATEDIFF* and *DATEPART*. `w` is only in the first two.
const PARTS: [(DatePart, &[&str]); 11] = [
    (DatePart::Year, &["year", "yy", "yyyy"]),
    (DatePart::Quarter, &["quarter", "qq", "q"]),
    (DatePart::Month, &["month", "mm", "m"]),
    (DatePart::DayOfYear, &["dayofyear", "dy", "y"]),
    (DatePart::Day, &["day", "dd", "d"]),
    (DatePart::Week, &["week", "wk", "ww"]),
    (DatePart::Weekday, &["weekday", "dw", "w"]),
    (DatePart::Hour, &["hour", "hh"]),
    (DatePart::Minute, &["minute", "mi", "n"]),
    (DatePart::Second, &["second", "ss", "s"]),
    (DatePart::Millisecond, &["millisecond", "ms"]),
];

impl DatePart {
    pub(in super::super) fn from_name(name: &str, function: Function) -> Option<DatePart> {
        if function == Function::DatePart && name.eq_ignore_ascii_case("w") {
            return None;
        }
        let is = |spelling: &&str| spelling.eq_ignore_ascii_case(name);
        let found = PARTS.iter().find(|(_, names)| names.iter().any(is))?;
        Some(found.0)
    }

    /// The error for a name that is no part. The name is not shown: it may come from a variable.
    pub(in super::super) fn unknown(function: Function) -> Error {
        Error::typing(
            Code::InvalidDatePart,
            format!("this is no date part of {function}"),
        )
        .with_help("date parts are yy qq mm dy dd wk dw hh mi ss ms, or their names in full")
    }

    /// The part of a moment.
    fn of(self, at: DateTime) -> i32 {
        match self {
            DatePart::Year => at.year().into(),
            DatePart::Quarter => (i32::from(at.month()) + 2) / 3,
            DatePart::Month => at.month().into(),
            DatePart::DayOfYear => at.day_of_year().into(),
            DatePart::Day => at.day().into(),
            DatePart::Week => week_of_year(at.date()),
            DatePart::Weekday => i32::from(at.weekday().to_sunday_one_offset()),
            DatePart::Hour => at.hour().into(),
            DatePart::Minute => at.minute().into(),
            DatePart::Second => at.second().into(),
            DatePart::Millisecond => {
                (calendar::round_to_ticks(at.millisecond().into()) % 1000) as i32
            }
        }
    }

    /// How many boundaries of the part lie between two moments; negative if the second is earlier.
    fn between(self, from: DateTime, to: DateTime) -> i64 {
        let months = |at: DateTime| i64::from(at.year()) * 12 + i64::from(at.month()) - 1;
        let days = || calendar::days_between(from.date(), to.date());
        let units = |milliseconds: i64| {
            let count = |at: DateTime| millisecond_count(at).div_euclid(milliseconds);
            count(to) - count(from)
        };
        match self {
            DatePart::Year => i64::from(to.year()) - i64::from(from.year()),
            DatePart::Quarter => months(to).div_euclid(3) - months(from).div_euclid(3),
            DatePart::Month => months(to) - months(from),
            DatePart::DayOfYear | DatePart::Day | DatePart::Weekday => days(),
            DatePart::Week => week_number(to.date()) - week_number(from.date()),
            DatePart::Hour => units(3_600_000),
            DatePart::Minute => units(60_000),
            DatePart::Second => units(1_000),
            DatePart::Millisecond => {
                calendar::round_to_ticks(millisecond_count(to))
                    - calendar::round_to_ticks(millisecond_count(from))
            }
        }
    }
}

/// Milliseconds since a fixed midnight.
fn millisecond_count(at: DateTime) -> i64 {
    let zero = Date::constant(1900, 1, 1).at(0, 0, 0, 0);
    zero.duration_until(at).as_millis() as i64
}

/// Weeks begin on Sunday, and the first is the one that holds 1 January.
fn week_of_year(date: Date) -> i32 {
    let first = date.first_of_year().weekday().to_sunday_zero_offset();
    (i32::from(date.day_of_year()) - 1 + i32::from(first)) / 7 + 1
}

/// Number of the week since a fixed Sunday.
fn week_number(date: Date) -> i64 {
    let sunday = Date::constant(1899, 12, 31);
    debug_assert_eq!(sunday.weekday(), Weekday::Sunday);
    calendar::days_between(sunday, date).div_euclid(7)
}

/// Months, quarters and years stop at the end of a shorter month.
fn add(part: DatePart, number: i128, at: DateTime) -> Result<DateTime, Error> {
    let out_of_range = || {
        let message = "the result of DATEADD lies outside the years 1 to 9999";
        Error::value(Code::FunctionOverflow, message)
    };
    let number = i64::try_from(number).map_err(|_| out_of_range())?;
    let span = jiff::Span::new();
    let span = match part {
        DatePart::Year => span.try_years(number),
        DatePart::Quarter => number.checked_mul(3).map_or_else(
            || span.try_months(i64::MAX),
            |months| span.try_months(months),
        ),
        DatePart::Month => span.try_months(number),
        DatePart::DayOfYear | DatePart::Day | DatePart::Weekday => span.try_days(number),
        DatePart::Week => span.try_weeks(number),
        DatePart::Hour => span.try_hours(number),
        DatePart::Minute => span.try_minutes(number),
        DatePart::Second => span.try_seconds(number),
        DatePart::Millisecond => return add_milliseconds(number, at).ok_or_else(out_of_range),
    };
    span.and_then(|span| at.checked_add(span))
        .ok()
        .filter(in_range)
        .ok_or_else(out_of_range)
}

/// SQL Server's `datetime` holds three hundredths of a second, and so does the sum.
fn add_milliseconds(number: i64, at: DateTime) -> Option<DateTime> {
    let second = calendar::cut(at, 0);
    let milliseconds = i64::from(at.millisecond()).checked_add(number)?;
    if milliseconds.unsigned_abs() > 1 << 58 {
        return None;
    }
    let rounded = SignedDuration::from_millis(calendar::round_to_ticks(milliseconds));
    second.checked_add(rounded).ok().filter(in_range)
}

fn in_range(at: &DateTime) -> bool {
    (1..=9999).contains(&at.year())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn weeks_begin_on_sunday() {
        // 1 January 2023 was a Sunday, 1 January 2022 a Saturday.
        for (year, month, day, week) in [
            (2023, 1, 1, 1),
            (2023, 1, 7, 1),
            (2023, 1, 8, 2),
            (2022, 1, 1, 1),
            (2022, 1, 2, 2),
            (2022, 12, 31, 53),
        ] {
            assert_eq!(
                week_of_year(date(year, month, day)),
                week,
                "{year}-{month}-{day}"
            );
        }
        assert_eq!(
            week_number(date(2023, 1, 1)) - week_number(date(2022, 12, 31)),
            1
        );
        assert_eq!(
            week_number(date(2023, 1, 7)) - week_number(date(2023, 1, 1)),
            0
        );
    }

    #[test]
    fn a_part_has_several_names() {
        let of = |name| DatePart::from_name(name, Function::DateAdd);
        assert_eq!(of("M"), Some(DatePart::Month));
        assert_eq!(of("N"), Some(DatePart::Minute));
        assert_eq!(of("y"), Some(DatePart::DayOfYear));
        assert_eq!(of("w"), Some(DatePart::Weekday));
        assert_eq!(of("h"), None);
        assert_eq!(DatePart::from_name("w", Function::DatePart), None);
    }

    #[test]
    fn sums_stop_at_the_end_of_the_month_and_of_time() {
        let leap = date(2020, 1, 31).at(10, 0, 0, 0);
        assert_eq!(
            add(DatePart::Month, 1, leap).unwrap(),
            date(2020, 2, 29).at(10, 0, 0, 0)
        );
        assert_eq!(
            add(DatePart::Quarter, -1, leap).unwrap(),
            date(2019, 10, 31).at(10, 0, 0, 0)
        );
        for (part, number) in [
            (DatePart::Year, 8000),
            (DatePart::Quarter, i128::from(i64::MAX)),
            (DatePart::Day, -800_000),
            (DatePart::Millisecond, i128::from(i64::MAX)),
            (DatePart::Second, i128::MAX),
        ] {
            assert!(add(part, number, leap).is_err(), "{part:?}");
        }
    }
}
