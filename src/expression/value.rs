//! A value of an expression: a type, and data or NULL.

use bigdecimal::BigDecimal;
use jiff::civil::{DateTime, Time};

use super::casts;
use super::error::Error;
use super::locale::Locale;
use super::text::utf16_length;
use super::types::{DataType, TypeName};

/// A typed value, possibly NULL.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    data_type: DataType,
    data: Option<Data>,
}

/// What a value holds. Which variant belongs to which type is fixed, so an operation that knows the type knows
/// the variant.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Data {
    Bool(bool),
    /// All integer types; `i128` holds every result of one operation on them but a product of two `DT_UI8`, which
    /// is checked.
    Integer(i128),
    /// `DT_R4` (rounded to single precision) and `DT_R8`.
    Real(f64),
    /// `DT_CY`, `DT_DECIMAL` and `DT_NUMERIC`, with the scale of the type.
    Exact(BigDecimal),
    /// `DT_STR`, `DT_WSTR`, `DT_TEXT`, `DT_NTEXT`.
    Text(String),
    /// `DT_BYTES`, `DT_IMAGE`.
    Bytes(Vec<u8>),
    /// `DT_GUID`.
    Guid(uuid::Uuid),
    /// `DT_DATE`, `DT_DBDATE` (at midnight), `DT_DBTIMESTAMP`, `DT_DBTIMESTAMP2`, `DT_FILETIME`.
    Moment(DateTime),
    /// `DT_DBTIME`, `DT_DBTIME2`.
    Time(Time),
    /// `DT_DBTIMESTAMPOFFSET`: the local time, and its offset from UTC in minutes.
    Offset(DateTime, i16),
}

impl Value {
    /// NULL of that type.
    pub const fn null(data_type: DataType) -> Value {
        Value {
            data_type,
            data: None,
        }
    }

    /// A `DT_BOOL`.
    pub fn bool(value: bool) -> Value {
        Value::new(DataType::Bool, Data::Bool(value))
    }

    /// A `DT_I4`.
    pub fn i4(value: i32) -> Value {
        Value::new(DataType::I4, Data::Integer(value.into()))
    }

    /// A `DT_I8`.
    pub fn i8(value: i64) -> Value {
        Value::new(DataType::I8, Data::Integer(value.into()))
    }

    /// A `DT_R8`.
    pub fn r8(value: f64) -> Value {
        Value::new(DataType::R8, Data::Real(value))
    }

    /// A `DT_WSTR` as long as the text.
    pub fn text(value: impl Into<String>) -> Value {
        let value = value.into();
        let length = utf16_length(&value);
        Value::new(DataType::Wstr { length }, Data::Text(value))
    }

    /// A `DT_DATE`, which is what a DateTime variable holds.
    pub fn date(value: DateTime) -> Value {
        Value::new(DataType::Date, Data::Moment(value))
    }

    /// A `DT_DBTIMESTAMP`; what lies below the millisecond is cut off.
    pub fn timestamp(value: DateTime) -> Value {
        let data = Data::Moment(super::calendar::cut(value, 3));
        Value::new(DataType::DbTimestamp, data)
    }

    /// The value that a text of the command line or of a package stands for, as a cast from a string would read it.
    ///
    /// Length, precision and scale are those of the text. For variables as they are stored in a package the locale
    /// is [`Locale::EN_US`], whatever the package says.
    ///
    /// # Errors
    ///
    /// The text is none of that type, or the type's text form is not known.
    pub fn from_text(name: TypeName, text: &str, locale: Locale) -> Result<Value, Error> {
        match name {
            TypeName::Wstr => Ok(Value::text(text)),
            TypeName::Decimal | TypeName::Numeric => casts::exact_as_written(name, text),
            _ => Value::text(text).cast_to(name.widest(), locale),
        }
    }

    pub(super) fn new(data_type: DataType, data: Data) -> Value {
        Value {
            data_type,
            data: Some(data),
        }
    }

    /// The value, or NULL.
    pub(super) fn maybe(data_type: DataType, data: Option<Data>) -> Value {
        Value { data_type, data }
    }

    /// The type with its parameters.
    pub fn data_type(&self) -> DataType {
        self.data_type
    }

    /// Whether it is NULL.
    pub fn is_null(&self) -> bool {
        self.data.is_none()
    }

    /// The text of a string; `None` for NULL and for other types.
    pub fn as_str(&self) -> Option<&str> {
        match &self.data {
            Some(Data::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The truth of a `DT_BOOL`; `None` for NULL and for other types.
    pub fn as_bool(&self) -> Option<bool> {
        match self.data {
            Some(Data::Bool(value)) => Some(value),
            _ => None,
        }
    }

    /// The number of an integer type; `None` for NULL and for other types.
    pub fn as_integer(&self) -> Option<i128> {
        match self.data {
            Some(Data::Integer(value)) => Some(value),
            _ => None,
        }
    }

    /// The moment of a type that holds a date, local for `DT_DBTIMESTAMPOFFSET`; `None` for NULL and for others.
    pub fn as_date_time(&self) -> Option<DateTime> {
        match self.data {
            Some(Data::Moment(at) | Data::Offset(at, _)) => Some(at),
            _ => None,
        }
    }

    /// The text form, as a cast to a string of sufficient length gives it; `None` for NULL.
    ///
    /// # Errors
    ///
    /// The type has no text form (`DT_IMAGE`), or the locale's date format is not known.
    pub fn to_text(&self, locale: Locale) -> Result<Option<String>, Error> {
        match &self.data {
            None => Ok(None),
            Some(Data::Text(text)) => Ok(Some(text.clone())),
            Some(_) => {
                let length = u32::MAX;
                let around = casts::Surroundings::of_locale(locale);
                let text = self.clone().cast(DataType::Wstr { length }, &around)?;
                Ok(text.as_str().map(str::to_owned))
            }
        }
    }

    /// The value as another type, as the cast operator does it.
    ///
    /// # Errors
    ///
    /// SSIS does not know the cast, the value does not fit, or nothing shows what the cast yields.
    pub fn cast_to(&self, to: DataType, locale: Locale) -> Result<Value, Error> {
        self.clone()
            .cast(to, &casts::Surroundings::of_locale(locale))
    }

    pub(super) fn cast(
        self,
        to: DataType,
        around: &casts::Surroundings<'_>,
    ) -> Result<Value, Error> {
        casts::cast(self, to, around)
    }

    pub(super) fn data(&self) -> Option<&Data> {
        self.data.as_ref()
    }

    pub(super) fn into_data(self) -> Option<Data> {
        self.data
    }

    /// The same data under a type that holds it in the same way.
    pub(super) fn retyped(self, data_type: DataType) -> Value {
        Value { data_type, ..self }
    }
}
