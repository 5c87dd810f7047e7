//! Anything to a date, a time or both.
//!
//! Source: *Integration Services Data Types*, "Converting Between Strings and Date/Time Data Types" and "Converting
//! Date/Time Data Types". What does not fit is cut off; a time of day is put on the current date; a
//! `DT_DBTIMESTAMPOFFSET` is turned to UTC first.

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time};

use super::super::calendar;
use super::super::decimal;
use super::super::error::Error;
use super::super::locale::DateOrder;
use super::super::types::DataType;
use super::super::value::Data;
use super::{Surroundings, failed, overflow};

pub(super) fn to_temporal(
    data: Data,
    from: DataType,
    to: DataType,
    around: &Surroundings<'_>,
) -> Result<Data, Error> {
    match data {
        Data::Text(text) => from_text(&text, from, to, around),
        Data::Offset(local, minutes) => {
            if let DataType::DbTimestampOffset { scale } = to {
                return Ok(Data::Offset(calendar::cut(local, scale), minutes));
            }
            let utc = local
                .checked_sub(SignedDuration::from_mins(minutes.into()))
                .map_err(|_| overflow(from, to))?;
            place(utc, from, to)
        }
        Data::Moment(at) => place(at, from, to),
        Data::Time(time) if to.is_time() => place(calendar::on_day_zero(time), from, to),
        Data::Time(time) => place(DateTime::from_parts(around.today()?, time), from, to),
        Data::Integer(ticks) if to == DataType::FileTime => {
            let at = calendar::from_filetime(ticks).ok_or_else(|| overflow(from, to))?;
            Ok(Data::Moment(at))
        }
        number => {
            let at =
                calendar::from_ole(decimal::to_real(&number)).ok_or_else(|| overflow(from, to))?;
            place(at, from, to)
        }
    }
}

/// What of a moment the target holds.
fn place(at: DateTime, from: DataType, to: DataType) -> Result<Data, Error> {
    let years = match to {
        DataType::Date => 100..=9999,
        DataType::FileTime => 1601..=9999,
        _ => 1..=9999,
    };
    if !to.is_time() && !years.contains(&at.year()) {
        return Err(overflow(from, to));
    }
    Ok(match to {
        DataType::DbDate => Data::Moment(DateTime::from_parts(at.date(), Time::midnight())),
        DataType::DbTime => Data::Time(calendar::cut_time(at.time(), 0)),
        DataType::DbTime2 { scale } => Data::Time(calendar::cut_time(at.time(), scale)),
        DataType::DbTimestamp | DataType::FileTime => Data::Moment(calendar::cut(at, 3)),
        DataType::DbTimestamp2 { scale } => Data::Moment(calendar::cut(at, scale)),
        DataType::DbTimestampOffset { scale } => Data::Offset(calendar::cut(at, scale), 0),
        _ => Data::Moment(calendar::cut(at, 7)),
    })
}

fn from_text(
    text: &str,
    from: DataType,
    to: DataType,
    around: &Surroundings<'_>,
) -> Result<Data, Error> {
    let order = around
        .locale()
        .formats()
        .map(|formats| formats.date_order());
    let help = || {
        failed(from, to).with_help(match to {
            DataType::DbTime | DataType::DbTime2 { .. } => "a time is written `hh:mm:ss`, with a fraction at most",
            _ => "a date is written `yyyy-mm-dd`, or as the locale has it, with `hh:mm:ss` and a fraction at most",
        })
    };
    let written = Written::read(text, order).ok_or_else(help)?;
    let time = written.time.unwrap_or(Time::midnight());
    let at = match (written.date, to) {
        (Some(date), _) => DateTime::from_parts(date, time),
        // A time alone is day 0 of a DT_DATE, and all that a time type wants.
        (None, DataType::Date | DataType::DbTime | DataType::DbTime2 { .. }) => {
            calendar::on_day_zero(time)
        }
        (None, _) => return Err(help()),
    };
    match (written.offset, to) {
        (Some(minutes), DataType::DbTimestampOffset { scale }) => {
            Ok(Data::Offset(calendar::cut(at, scale), minutes))
        }
        (Some(_), _) => Err(help()),
        (None, _) => place(at, from, to),
    }
}

/// A date, a time or both, as they are written.
#[derive(Debug, PartialEq, Eq)]
struct Written {
    date: Option<Date>,
    time: Option<Time>,
    /// Offset from UTC in minutes.
    offset: Option<i16>,
}

impl Written {
    /// Reads a text; without an order only the ISO form is understood.
    ///
    /// Two-digit years, names of months and a day in the place of the month are not: what the engine makes of them
    /// is not known.
    fn read(text: &str, order: Option<DateOrder>) -> Option<Written> {
        let mut cursor = Cursor {
            rest: text.trim_matches(' '),
        };
        let date = cursor.clone().date(order).map(|(date, after)| {
            cursor = after;
            date
        });
        let blanks = cursor.blanks();
        let time = match date {
            Some(_) if cursor.rest.is_empty() => None,
            Some(_) if blanks == 0 => return None,
            _ => Some(cursor.time()?),
        };
        let offset = match time {
            Some(_) if !cursor.rest.is_empty() => Some(cursor.offset()?),
            _ => None,
        };
        cursor
            .rest
            .is_empty()
            .then_some(Written { date, time, offset })
    }
}

#[derive(Clone, Debug)]
struct Cursor<'t> {
    rest: &'t str,
}

impl<'t> Cursor<'t> {
    /// `yyyy-mm-dd`, or three numbers in the order of the locale with a four-digit year; also what follows.
    fn date(mut self, order: Option<DateOrder>) -> Option<(Date, Cursor<'t>)> {
        let (first, first_width) = self.number(4)?;
        let separator = self
            .rest
            .chars()
            .next()
            .filter(|c| matches!(c, '-' | '/' | '.'))?;
        self.skip(separator)?;
        let (second, second_width) = self.number(2)?;
        self.skip(separator)?;
        let (third, third_width) = self.number(4)?;
        let (year, month, day) = match (first_width, second_width, third_width) {
            (4, _, 1 | 2) => (first, second, third),
            (1 | 2, _, 4) => match order? {
                DateOrder::MonthDayYear => (third, first, second),
                DateOrder::DayMonthYear => (third, second, first),
                DateOrder::YearMonthDay => return None,
            },
            _ => return None,
        };
        let date = Date::new(year as i16, month as i8, day as i8).ok()?;
        Some((date, self))
    }

    /// `h:mm[:ss[.f…]] [AM|PM]`; milliseconds may also follow a colon, as `DT_FILETIME` writes them.
    fn time(&mut self) -> Option<Time> {
        let (mut hour, _) = self.number(2)?;
        self.skip(':')?;
        let (minute, _) = self.number(2)?;
        let (mut second, mut nanosecond) = (0, 0);
        if self.skip(':').is_some() {
            second = self.number(2)?.0;
            if self.skip('.').is_some() || self.skip(':').is_some() {
                let (fraction, width) = self.number(9)?;
                nanosecond = fraction * 10i32.pow(9 - width);
            }
        }
        let before_noon = self.noon();
        if let Some(before_noon) = before_noon {
            if !(1..=12).contains(&hour) {
                return None;
            }
            hour = hour % 12 + if before_noon { 0 } else { 12 };
        }
        Time::new(hour as i8, minute as i8, second as i8, nanosecond).ok()
    }

    /// `AM` is before noon, `PM` is not.
    fn noon(&mut self) -> Option<bool> {
        let rest = self.rest.trim_start_matches(' ');
        let designator = rest.get(..2)?;
        let before = if designator.eq_ignore_ascii_case("AM") {
            true
        } else if designator.eq_ignore_ascii_case("PM") {
            false
        } else {
            return None;
        };
        self.rest = rest.get(2..).unwrap_or_default();
        Some(before)
    }

    /// `+5:35`, also with a blank before or behind the sign; at most fourteen hours.
    fn offset(&mut self) -> Option<i16> {
        self.blanks();
        let negative = self.skip('-').is_some();
        if !negative {
            self.skip('+')?;
        }
        self.blanks();
        let (hours, _) = self.number(2)?;
        self.skip(':')?;
        let (minutes, _) = self.number(2)?;
        let minutes = if minutes < 60 {
            hours * 60 + minutes
        } else {
            return None;
        };
        let minutes = i16::try_from(minutes)
            .ok()
            .filter(|&minutes| minutes <= 14 * 60)?;
        Some(if negative { -minutes } else { minutes })
    }

    /// Up to `width` digits and how many there were; more are no number.
    fn number(&mut self, width: usize) -> Option<(i32, u32)> {
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 || digits > width {
            return None;
        }
        let (number, rest) = self.rest.split_at_checked(digits)?;
        self.rest = rest;
        Some((number.parse().ok()?, u32::try_from(digits).ok()?))
    }

    fn skip(&mut self, c: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(c)?;
        Some(())
    }

    fn blanks(&mut self) -> usize {
        let before = self.rest.len();
        self.rest = self.rest.trim_start_matches(' ');
        before - self.rest.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::{date, time};

    fn read(text: &str, order: DateOrder) -> Option<(Option<Date>, Option<Time>, Option<i16>)> {
        let written = Written::read(text, Some(order))?;
        Some((written.date, written.time, written.offset))
    }

    #[test]
    fn iso_is_read_in_every_locale() {
        let day = Some(date(2020, 2, 29));
        for order in [
            DateOrder::MonthDayYear,
            DateOrder::DayMonthYear,
            DateOrder::YearMonthDay,
        ] {
            assert_eq!(read(" 2020-02-29 ", order), Some((day, None, None)));
            assert_eq!(
                read("2020-02-29 16:34:52.1234567", order),
                Some((day, Some(time(16, 34, 52, 123_456_700)), None))
            );
        }
        assert_eq!(
            Written::read("2020-2-9", None).unwrap().date,
            Some(date(2020, 2, 9))
        );
        assert_eq!(Written::read("2/9/2020", None), None);
    }

    #[test]
    fn the_locale_says_which_number_is_the_month() {
        let day = |text, order| read(text, order).and_then(|(day, ..)| day);
        assert_eq!(
            day("8/6/2003", DateOrder::MonthDayYear),
            Some(date(2003, 8, 6))
        );
        assert_eq!(
            day("8.6.2003", DateOrder::DayMonthYear),
            Some(date(2003, 6, 8))
        );
        assert_eq!(day("8/6/2003", DateOrder::YearMonthDay), None);
        assert_eq!(
            read("12/14/2005 11:06:18 PM", DateOrder::MonthDayYear),
            Some((Some(date(2005, 12, 14)), Some(time(23, 6, 18, 0)), None))
        );
        assert_eq!(
            read("12:00:00 am", DateOrder::MonthDayYear),
            Some((None, Some(time(0, 0, 0, 0)), None))
        );
    }

    #[test]
    fn offsets_may_have_blanks() {
        let offset = |text| read(text, DateOrder::MonthDayYear).and_then(|(.., offset)| offset);
        assert_eq!(offset("1999-10-11 16:34:52.1234567 + 5:35"), Some(335));
        assert_eq!(offset("1999-10-11 20:34:52.123 -3:30"), Some(-210));
        assert_eq!(offset("2002-11-23 00:00:00 +0:00"), Some(0));
        assert_eq!(offset("2002-11-23 00:00:00 +14:01"), None);
        assert_eq!(offset("2002-11-23 00:00:00 +5:60"), None);
    }

    #[test]
    fn forms_that_are_not_known_are_no_dates() {
        for text in [
            "2020-02-30",
            "13/1/2003",
            "1/2/03",
            "2020-01-01T10:00:00",
            "Jan 5 2010",
            "20200101",
            "25:00:00",
            "13:00 PM",
            "2020-01-01x",
            "2020-01/01",
            "1:2:3.1234567890",
            "",
        ] {
            assert_eq!(read(text, DateOrder::MonthDayYear), None, "{text}");
        }
    }
}
