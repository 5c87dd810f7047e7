//! Moments in the forms that SSIS counts them in.

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time};

/// Day 0 of an OLE Automation date: 30 December 1899.
const OLE_DAY_ZERO: Date = Date::constant(1899, 12, 30);
/// Moment 0 of a `DT_FILETIME`.
const FILETIME_ZERO: DateTime = Date::constant(1601, 1, 1).at(0, 0, 0, 0);

const MILLISECONDS_A_DAY: f64 = 86_400_000.0;

/// Cuts off what lies behind `digits` fractional digits of the second.
pub(super) fn cut(at: DateTime, digits: u8) -> DateTime {
    DateTime::from_parts(at.date(), cut_time(at.time(), digits))
}

/// Cuts off what lies behind `digits` fractional digits of the second.
pub(super) fn cut_time(time: Time, digits: u8) -> Time {
    let step = 10i32.pow(9 - u32::from(digits.min(9)));
    let nanoseconds = time.subsec_nanosecond();
    let kept = nanoseconds - nanoseconds % step;
    Time::new(time.hour(), time.minute(), time.second(), kept).unwrap_or(time)
}

/// The moment that an OLE Automation date stands for, to the millisecond.
///
/// The fraction is a time of day even before day 0: -1.25 is 29 December 1899, 06:00. `None` outside the years
/// 100 to 9999.
pub(super) fn from_ole(days: f64) -> Option<DateTime> {
    if !(-657_434.0..2_958_466.0).contains(&days) {
        return None;
    }
    let whole = days.trunc();
    let milliseconds = ((days - whole).abs() * MILLISECONDS_A_DAY).round();
    // In range: whole days lie within seven digits, milliseconds within one day.
    let day = OLE_DAY_ZERO
        .checked_add(SignedDuration::from_hours(24 * whole as i64))
        .ok()?;
    day.at(0, 0, 0, 0)
        .checked_add(SignedDuration::from_millis(milliseconds as i64))
        .ok()
}

/// The OLE Automation date of a moment.
pub(super) fn to_ole(at: DateTime) -> f64 {
    let days = days_between(OLE_DAY_ZERO, at.date()) as f64;
    let fraction = nanosecond_of_day(at.time()) as f64 / 86_400e9;
    if days < 0.0 {
        days - fraction
    } else {
        days + fraction
    }
}

/// The moment of a `DT_FILETIME` given as 100-nanosecond intervals; `None` outside the years 1601 to 9999.
pub(super) fn from_filetime(ticks: i128) -> Option<DateTime> {
    let ticks = i64::try_from(ticks).ok().filter(|&ticks| ticks >= 0)?;
    let duration = SignedDuration::new(ticks / 10_000_000, ((ticks % 10_000_000) * 100) as i32);
    FILETIME_ZERO.checked_add(duration).ok()
}

/// The 100-nanosecond intervals since 1601.
pub(super) fn to_filetime(at: DateTime) -> i128 {
    FILETIME_ZERO.duration_until(at).as_nanos() / 100
}

/// Days from one date to another.
pub(super) fn days_between(from: Date, to: Date) -> i64 {
    from.duration_until(to).as_hours() / 24
}

fn nanosecond_of_day(time: Time) -> i64 {
    Time::midnight().duration_until(time).as_nanos() as i64
}

/// The moment that is day 0 of an OLE date, at a time of day.
pub(super) fn on_day_zero(time: Time) -> DateTime {
    DateTime::from_parts(OLE_DAY_ZERO, time)
}

/// Whether the moment lies on day 0 of an OLE date, which stands for a time without a date.
pub(super) fn is_day_zero(at: DateTime) -> bool {
    at.date() == OLE_DAY_ZERO
}

/// Rounds milliseconds to what SQL Server's `datetime` holds, three hundredths of a second: .456 becomes .457,
/// .999 becomes 1.000.
///
/// Source: measured for `DATEPART("ms", …)` and `DATEADD("ms", …)`.
pub(super) fn round_to_ticks(milliseconds: i64) -> i64 {
    let ticks = (milliseconds * 3 + 5).div_euclid(10);
    (ticks * 10 + 1).div_euclid(3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn ole_dates_run_both_ways() {
        let noon = date(2024, 1, 4).at(12, 0, 0, 0);
        assert_eq!(to_ole(noon), 45295.5);
        assert_eq!(from_ole(45295.5), Some(noon));
        let before = date(1899, 12, 29).at(6, 0, 0, 0);
        assert_eq!(from_ole(-1.25), Some(before));
        assert_eq!(to_ole(before), -1.25);
        assert_eq!(from_ole(0.1), Some(date(1899, 12, 30).at(2, 24, 0, 0)));
        let clock = date(2026, 11, 24).at(9, 7, 3, 123_000_000);
        assert_eq!(from_ole(to_ole(clock)), Some(clock));
        assert_eq!(from_ole(f64::NAN), None);
        assert_eq!(from_ole(3e6), None);
    }

    #[test]
    fn filetimes_run_both_ways() {
        let at = date(2005, 3, 4).at(11, 6, 18, 123_456_700);
        assert_eq!(from_filetime(to_filetime(at)), Some(at));
        assert_eq!(to_filetime(date(1601, 1, 1).at(0, 0, 0, 0)), 0);
        assert_eq!(from_filetime(-1), None);
        assert_eq!(from_filetime(i128::MAX), None);
    }

    #[test]
    fn ticks_are_three_hundredths_of_a_second() {
        for (milliseconds, wanted) in [
            (0, 0),
            (1, 0),
            (2, 3),
            (123, 123),
            (456, 457),
            (500, 500),
            (998, 997),
            (999, 1000),
            (-1, 0),
            (-2, -3),
        ] {
            assert_eq!(round_to_ticks(milliseconds), wanted, "{milliseconds}");
        }
    }
}
