//! The cast operator: which casts there are, and the way to each.
//!
//! Source: *Cast (SSIS Expression)* with its diagram of legal casts, *Integration Services Data Types* for dates,
//! and measurements on an engine.

mod binary;
mod date;
mod number;
mod text;

use jiff::civil::Date;

use super::code_page;
use super::codes::Code;
use super::error::{Error, unknown};
use super::locale::Locale;
use super::scope::{Moment, Scope};
use super::text::utf16_length;
use super::types::{DataType, TypeName};
use super::value::{Data, Value};

pub(super) use number::exact_as_written;

/// What a cast needs besides the value: how dates are written, and what day it is.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    locale: Locale,
    scope: Option<&'a dyn Scope>,
}

impl<'a> Surroundings<'a> {
    /// Without a clock: a time of day has no date to be put on.
    pub(super) fn of_locale(locale: Locale) -> Surroundings<'static> {
        Surroundings {
            locale,
            scope: None,
        }
    }

    pub(super) fn of_scope(scope: &'a dyn Scope) -> Surroundings<'a> {
        Surroundings {
            locale: scope.locale(),
            scope: Some(scope),
        }
    }

    pub(super) fn locale(&self) -> Locale {
        self.locale
    }

    pub(super) fn now(&self) -> Result<Moment, Error> {
        let now = match self.scope {
            Some(scope) => scope.now(),
            None => Err(unknown("no clock was given")),
        };
        now.map_err(|reason| Error::unknown("the current time", reason))
    }

    fn today(&self) -> Result<Date, Error> {
        Ok(self.now()?.local.date())
    }
}

/// The diagram of legal casts, a row for each source and a letter for each target, both in the order of
/// [`TypeName`]: `Y` a cast, `.` none, `=` the same type.
const LEGAL: [&str; 29] = [
    // I1 I2 I4 R4 R8 CY DATE BOOL NUMERIC DECIMAL UI1 UI2 UI4 I8 UI8 GUID BYTES STR WSTR DBDATE DBTIME DBTIME2
    // DBTIMESTAMP DBTIMESTAMP2 DBTIMESTAMPOFFSET FILETIME IMAGE TEXT NTEXT
    "=YYYYYYYYYYYYYY..YYYY.Y......", // DT_I1
    "Y=YYYYYYYYYYYYY..YYYY.Y......", // DT_I2
    "YY=YYYYYYYYYYYY.YYYYY.Y......", // DT_I4
    "YYY=YYYYYYYYYYY..YYYY.Y......", // DT_R4
    "YYYY=YYYYYYYYYY..YYYY.Y......", // DT_R8
    "YYYYY=.YYYYYYYY..YY..........", // DT_CY
    "YYYYY.=YY.YYYYY..YYYYYYYY....", // DT_DATE
    "YYYYYYY=YYYYYYY..YY..........", // DT_BOOL
    "YYYYYYYY=YYYYYY..YY..........", // DT_NUMERIC
    "YYYYYY.YY=YYYYY..YYYY.Y......", // DT_DECIMAL
    "YYYYYYYYYY=YYYY..YYYY.Y......", // DT_UI1
    "YYYYYYYYYYY=YYY..YYYY.Y......", // DT_UI2
    "YYYYYYYYYYYY=YY.YYYYY.Y......", // DT_UI4
    "YYYYYY.YYYYYY=Y.YYY......Y...", // DT_I8
    "YYYYYY.YYYYYYY=.YYY......Y...", // DT_UI8
    "...............=YYY..........", // DT_GUID
    "...Y........YYYY=YY.......YYY", // DT_BYTES
    "YYYYYYYYYYYYYYYYY=YYYYYYYYYYY", // DT_STR
    "YYYYYYYYYYYYYYYYYY=YYYYYYYYYY", // DT_WSTR
    "......Y..........YY=YYYYYY...", // DT_DBDATE
    "......Y..........YYY=YYYYY...", // DT_DBTIME
    "......Y..........YYYY=YYYY...", // DT_DBTIME2
    "......Y..........YYYYY=YYY...", // DT_DBTIMESTAMP
    "......Y..........YYYYYY=YY...", // DT_DBTIMESTAMP2
    "......Y..........YYYYYYY=Y...", // DT_DBTIMESTAMPOFFSET
    "......Y......YY..YYYYYYYY=...", // DT_FILETIME
    "................Y.........=YY", // DT_IMAGE
    ".................Y........Y=Y", // DT_TEXT
    "..................Y.......YY=", // DT_NTEXT
];

/// Whether SSIS knows the cast, or it is none at all.
pub(super) fn is_legal(from: TypeName, to: TypeName) -> bool {
    let row = LEGAL.get(from as usize).copied().unwrap_or_default();
    row.as_bytes()
        .get(to as usize)
        .is_some_and(|&mark| mark != b'.')
}

/// A cast that SSIS does not know.
pub(super) fn illegal(from: DataType, to: DataType) -> Error {
    Error::typing(
        Code::InvalidCast,
        format!("{} cannot be cast to {}", from.name(), to.name()),
    )
}

/// Casts a value. NULL stays NULL, whatever the length of the target.
pub(super) fn cast(value: Value, to: DataType, around: &Surroundings<'_>) -> Result<Value, Error> {
    let from = value.data_type();
    if !is_legal(from.name(), to.name()) {
        return Err(illegal(from, to));
    }
    let Some(data) = value.into_data() else {
        return Ok(Value::null(to));
    };
    let data = match to {
        DataType::Wstr { length } => {
            let text = text::of(data, from, around)?;
            within(utf16_length(&text) as usize, length, to)?;
            Data::Text(text)
        }
        DataType::Str { length, code_page } => {
            let text = text::of(data, from, around)?;
            within(code_page::encoded_length(&text, code_page)?, length, to)?;
            Data::Text(text)
        }
        DataType::Bool => Data::Bool(number::to_bool(&data, from)?),
        DataType::Guid
        | DataType::Bytes { .. }
        | DataType::Image
        | DataType::Text { .. }
        | DataType::Ntext => binary::to_binary(data, from, to)?,
        _ if to.is_integer() => Data::Integer(number::to_integer(&data, from, to)?),
        _ if to.is_real() => Data::Real(number::to_real(&data, from, to)?),
        _ if to.is_exact() => Data::Exact(number::to_exact(&data, from, to)?),
        _ => date::to_temporal(data, from, to, around)?,
    };
    Ok(Value::new(to, data))
}

/// A text that is longer than the type says is an error, as measured; the documentation's silent truncation is that
/// of the data flow.
fn within(length: usize, limit: u32, to: DataType) -> Result<(), Error> {
    if length <= limit as usize {
        return Ok(());
    }
    let message = format!("the text is {length} long, more than {to} takes");
    Err(Error::value(Code::TruncationAsError, message)
        .with_help("name a greater length, or take a part with SUBSTRING"))
}

/// A value that the target cannot be made of.
fn failed(from: DataType, to: DataType) -> Error {
    Error::value(
        Code::CastFailed,
        format!("this {} cannot be read as {}", from.name(), to.name()),
    )
}

/// A value that the target does not hold.
fn overflow(from: DataType, to: DataType) -> Error {
    Error::value(
        Code::ConversionOverflow,
        format!("this {} is too large for {to}", from.name()),
    )
}

/// A legal cast of which nobody has shown what it yields.
fn unproven(from: DataType, to: DataType) -> Error {
    Error::unproven(format!(
        "SSIS casts {} to {}, but nothing shows what it yields, so dtsx does not guess",
        from.name(),
        to.name()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_the_same_as_itself_alone() {
        for from in TypeName::all() {
            let row = LEGAL[from as usize];
            assert_eq!(row.len(), 29, "{from}");
            for to in TypeName::all() {
                let mark = row.as_bytes()[to as usize];
                assert_eq!(mark == b'=', from == to, "{from} {to}");
            }
        }
    }

    #[test]
    fn null_is_cast_without_a_look_at_the_length() {
        let around = Surroundings::of_locale(Locale::EN_US);
        let to = DataType::Wstr { length: 0 };
        let null = cast(Value::null(DataType::I4), to, &around).unwrap();
        assert_eq!(null, Value::null(to));
        assert_eq!(
            cast(Value::null(DataType::Guid), DataType::I4, &around)
                .unwrap_err()
                .code(),
            Some(Code::InvalidCast)
        );
    }
}
