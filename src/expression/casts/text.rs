//! Anything to a string.

use std::fmt::Write;

use jiff::civil::{DateTime, Time};

use super::super::calendar;
use super::super::error::Error;
use super::super::locale::Locale;
use super::super::types::DataType;
use super::super::value::Data;
use super::Surroundings;

/// Significant digits of a `DT_R8` and of a `DT_R4`, as OLE Automation writes them.
const R8_DIGITS: usize = 15;
const R4_DIGITS: usize = 7;

/// The text form of a value.
pub(super) fn of(data: Data, from: DataType, around: &Surroundings<'_>) -> Result<String, Error> {
    Ok(match data {
        Data::Text(text) => text,
        Data::Bool(value) => if value { "True" } else { "False" }.to_owned(),
        Data::Integer(value) => value.to_string(),
        Data::Exact(value) => value.to_plain_string(),
        Data::Real(value) if from == DataType::R4 => real(value, R4_DIGITS),
        Data::Real(value) => real(value, R8_DIGITS),
        Data::Moment(at) => moment(at, from, around.locale())?,
        Data::Time(time) => clock(time, fraction_digits(from)),
        Data::Offset(at, minutes) => {
            let sign = if minutes < 0 { '-' } else { '+' };
            let (hours, minutes) = (minutes.unsigned_abs() / 60, minutes.unsigned_abs() % 60);
            let date = iso_date(at);
            let time = clock(at.time(), fraction_digits(from));
            format!("{date} {time} {sign}{hours:02}:{minutes:02}")
        }
        Data::Guid(id) => id.braced().to_string().to_uppercase(),
        Data::Bytes(bytes) => bytes.iter().fold(String::new(), |mut text, byte| {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02X}");
            text
        }),
    })
}

fn fraction_digits(of: DataType) -> usize {
    match of {
        DataType::DbTime2 { scale }
        | DataType::DbTimestamp2 { scale }
        | DataType::DbTimestampOffset { scale } => scale.into(),
        _ => 0,
    }
}

fn moment(at: DateTime, from: DataType, locale: Locale) -> Result<String, Error> {
    Ok(match from {
        DataType::DbDate => iso_date(at),
        DataType::Date => return ole_date(at, locale),
        DataType::FileTime => format!(
            "{} {}:{:03}",
            iso_date(at),
            clock(at.time(), 0),
            at.millisecond()
        ),
        // Nine digits of fraction, but none at all if it is zero.
        DataType::DbTimestamp => {
            let digits = if at.subsec_nanosecond() == 0 { 0 } else { 9 };
            format!("{} {}", iso_date(at), clock(at.time(), digits))
        }
        _ => format!(
            "{} {}",
            iso_date(at),
            clock(at.time(), fraction_digits(from))
        ),
    })
}

fn iso_date(at: DateTime) -> String {
    format!("{:04}-{:02}-{:02}", at.year(), at.month(), at.day())
}

fn clock(time: Time, digits: usize) -> String {
    let whole = format!(
        "{:02}:{:02}:{:02}",
        time.hour(),
        time.minute(),
        time.second()
    );
    if digits == 0 {
        return whole;
    }
    let fraction = format!("{:09}", time.subsec_nanosecond());
    format!("{whole}.{}", fraction.get(..digits).unwrap_or(&fraction))
}

/// A `DT_DATE` in the locale's short date and long time; the date alone at midnight, the time alone on day 0.
fn ole_date(at: DateTime, locale: Locale) -> Result<String, Error> {
    let formats = locale.formats().ok_or_else(|| {
        Error::unproven(format!("how locale {locale} writes a DT_DATE is not known here"))
            .with_help("cast it to DT_DBTIMESTAMP or DT_DBDATE first, whose text does not depend on the locale")
    })?;
    let at = calendar::cut(at, 0);
    let midnight = at.time() == Time::midnight();
    let date = || pattern(formats.short_date, at);
    let time = || pattern(formats.long_time, at);
    Ok(match (calendar::is_day_zero(at), midnight) {
        (true, _) => time(),
        (false, true) => date(),
        (false, false) => format!("{} {}", date(), time()),
    })
}

/// Fills a pattern of the table of locales.
fn pattern(pattern: &str, at: DateTime) -> String {
    let mut text = String::new();
    let mut rest = pattern;
    while let Some(letter) = rest.chars().next() {
        let run = rest.len() - rest.trim_start_matches(letter).len();
        let hour12 = match at.hour() % 12 {
            0 => 12,
            hour => hour,
        };
        let number = match letter {
            'd' => i64::from(at.day()),
            'M' => at.month().into(),
            'y' => at.year().into(),
            'h' => hour12.into(),
            'H' => at.hour().into(),
            'm' => at.minute().into(),
            's' => at.second().into(),
            't' => {
                text.push_str(if at.hour() < 12 { "AM" } else { "PM" });
                rest = rest.get(run..).unwrap_or_default();
                continue;
            }
            other => {
                text.extend(std::iter::repeat_n(other, run / other.len_utf8()));
                rest = rest.get(run..).unwrap_or_default();
                continue;
            }
        };
        text.push_str(&format!("{number:0run$}"));
        rest = rest.get(run..).unwrap_or_default();
    }
    text
}

/// The shortest form of at most `digits` significant digits; with an exponent where the number is less than
/// one ten-thousandth or needs more digits than it has, as C's `%G`.
fn real(value: f64, digits: usize) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let text = format!("{value:.*e}", digits - 1);
    let Some((mantissa, exponent)) = text.split_once('e') else {
        return text;
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if value < 0.0 { "-" } else { "" };
    let significant: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let significant = match significant.trim_end_matches('0') {
        "" => "0",
        trimmed => trimmed,
    };
    let (first, others) = significant.split_at_checked(1).unwrap_or((significant, ""));
    if exponent < -4 || exponent >= digits as i32 {
        let point = if others.is_empty() { "" } else { "." };
        let direction = if exponent < 0 { '-' } else { '+' };
        return format!(
            "{sign}{first}{point}{others}E{direction}{:02}",
            exponent.unsigned_abs()
        );
    }
    match usize::try_from(exponent) {
        Err(_) => {
            let zeros = "0".repeat(exponent.unsigned_abs() as usize - 1);
            format!("{sign}0.{zeros}{significant}")
        }
        Ok(exponent) => match significant.split_at_checked(exponent + 1) {
            Some((whole, "")) => format!("{sign}{whole}"),
            Some((whole, fraction)) => format!("{sign}{whole}.{fraction}"),
            None => format!("{sign}{significant:0<width$}", width = exponent + 1),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn reals_are_as_short_as_they_can_be() {
        for (value, text) in [
            (0.0, "0"),
            (1000.0, "1000"),
            (-0.5, "-0.5"),
            (0.1 + 0.2, "0.3"),
            (1.5, "1.5"),
            (123456789012345.0, "123456789012345"),
            (1e15, "1E+15"),
            (0.0001, "0.0001"),
            (0.00001, "1E-05"),
            (1.373382979540176E+32, "1.37338297954018E+32"),
            (1.879528816539083E-12, "1.87952881653908E-12"),
            (999999999999999.9, "1E+15"),
        ] {
            assert_eq!(real(value, R8_DIGITS), text);
        }
        assert_eq!(real(f64::from(0.1f32), R4_DIGITS), "0.1");
        assert_eq!(real(f64::from(234.567f32), R4_DIGITS), "234.567");
    }

    #[test]
    fn ole_dates_follow_the_locale() {
        let clock = date(2005, 3, 4).at(11, 6, 18, 500_000_000);
        let text = |at, lcid| ole_date(at, Locale(lcid)).unwrap();
        assert_eq!(text(clock, 1033), "3/4/2005 11:06:18 AM");
        assert_eq!(text(clock, 1049), "04.03.2005 11:06:18");
        assert_eq!(text(date(2013, 10, 8).at(0, 0, 0, 0), 1033), "10/8/2013");
        assert_eq!(text(date(1899, 12, 30).at(0, 0, 0, 0), 1033), "12:00:00 AM");
        assert_eq!(
            text(date(2009, 1, 8).at(15, 30, 14, 0), 1033),
            "1/8/2009 3:30:14 PM"
        );
        assert_eq!(
            text(date(2009, 1, 8).at(5, 30, 14, 0), 1049),
            "08.01.2009 5:30:14"
        );
        assert!(ole_date(clock, Locale(9999)).is_err());
    }

    #[test]
    fn unproven_other_locales_follow_the_defaults_of_windows() {
        let clock = date(2005, 3, 4).at(9, 6, 18, 0);
        for (lcid, wanted) in [
            (1031, "04.03.2005 09:06:18"),
            (1035, "4.3.2005 9.06.18"),
            (1053, "2005-03-04 09:06:18"),
            (2057, "04/03/2005 09:06:18"),
            (3076, "4/3/2005 9:06:18"),
            (16393, "04-03-2005 09:06:18"),
        ] {
            assert_eq!(ole_date(clock, Locale(lcid)).unwrap(), wanted);
        }
    }
}
