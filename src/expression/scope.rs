//! What an expression asks of its surroundings.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{DateTime, Time};
use jiff::fmt::temporal::Pieces;
use jiff::tz::Offset;

use super::error::Reason;
use super::locale::Locale;
use super::tree::{Column, Name};
use super::types::DataType;
use super::value::Value;

/// Everything that an expression depends on besides its text. An evaluation asks for nothing else: the same scope
/// gives the same value.
pub trait Scope {
    /// A variable or a parameter.
    ///
    /// Called once for each place that names it, before anything is computed, for the branches that are not chosen
    /// as well: SSIS checks all types first. So a scope that cannot or will not compute a value yet should give its
    /// type with [`Lookup::Unknown`]; that is an error only if the value matters.
    fn variable(&self, name: &Name<'_>) -> Lookup;

    /// A column of the data flow; `None` where there are no columns, which is everywhere else.
    fn column(&self, column: &Column<'_>) -> Option<Lookup> {
        let _ = column;
        None
    }

    /// The time, or why it is not to be asked for.
    ///
    /// # Errors
    ///
    /// The reason becomes an error of the kind [`Unknown`](super::ErrorKind::Unknown) if the value depends on it.
    fn now(&self) -> Result<Moment, Reason>;

    /// The locale that date texts and the order of strings follow.
    fn locale(&self) -> Locale;

    /// The names of variables and parameters (`User::Count`), to suggest the nearest one for a name that is not
    /// found.
    fn variable_names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// What a scope knows of a name.
#[derive(Clone, Debug)]
pub enum Lookup {
    /// It is there and has this value.
    Found(Value),
    /// It is there, but its value cannot be known.
    Unknown {
        /// Its type; without one, an expression that names it cannot even be checked.
        data_type: Option<DataType>,
        /// Why; the caller gets it back from [`Error::reason`](super::Error::reason).
        reason: Reason,
    },
    /// There is nothing of that name.
    Missing,
    /// Several namespaces have it, and none was given.
    Ambiguous,
    /// It is there, but of a type that expressions do not know (Object, Empty).
    UnsupportedType,
    /// It is there, but may not be read (a sensitive parameter), with a sentence that says why.
    Unreadable(String),
}

/// A moment, as the clock on the wall shows it and as UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// For `GETDATE()`.
    pub local: DateTime,
    /// For `GETUTCDATE()`.
    pub utc: DateTime,
}

impl From<&jiff::ZonedDateTime> for Moment {
    fn from(now: &jiff::ZonedDateTime) -> Moment {
        Moment {
            local: now.datetime(),
            utc: Offset::UTC.to_datetime(now.timestamp()),
        }
    }
}

/// A text that is no moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MomentError;

impl fmt::Display for MomentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a time such as `2026-11-24T09:00:00` or `2026-11-24T09:00:00+01:00`")
    }
}

impl std::error::Error for MomentError {}

impl FromStr for Moment {
    type Err = MomentError;

    /// Reads `2026-11-24T09:00:00`, with a blank in the place of the `T` or with an offset behind it; without an
    /// offset the clock on the wall shows UTC.
    fn from_str(text: &str) -> Result<Moment, MomentError> {
        let pieces = Pieces::parse(text).map_err(|_| MomentError)?;
        if pieces.time_zone_annotation().is_some() {
            return Err(MomentError);
        }
        let time = pieces.time().unwrap_or(Time::midnight());
        let local = DateTime::from_parts(pieces.date(), time);
        let utc = match pieces.to_numeric_offset() {
            Some(offset) => {
                let at = offset.to_timestamp(local).map_err(|_| MomentError)?;
                Offset::UTC.to_datetime(at)
            }
            None => local,
        };
        Ok(Moment { local, utc })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_may_have_an_offset() {
        let at = |text: &str| text.parse::<Moment>();
        let moment = at("2026-11-24T09:00:00+01:00").unwrap();
        assert_eq!(moment.local.to_string(), "2026-11-24T09:00:00");
        assert_eq!(moment.utc.to_string(), "2026-11-24T08:00:00");
        let moment = at("2026-11-24 09:00:00.5").unwrap();
        assert_eq!(moment.local, moment.utc);
        assert_eq!(at("2026-11-24T09:00:00Z").unwrap().utc.hour(), 9);
        assert_eq!(at("2026-11-24").unwrap().local.hour(), 0);
        for text in [
            "now",
            "24.11.2026",
            "2026-11-24T09:00:00[Europe/Berlin]",
            "",
        ] {
            assert_eq!(at(text), Err(MomentError), "{text}");
        }
    }
}
