//! The data types of SSIS, as expressions use them.

use std::fmt;

/// The names of the data types, in the order of the cast matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TypeName {
    /// One-byte signed integer.
    I1,
    /// Two-byte signed integer.
    I2,
    /// Four-byte signed integer.
    I4,
    /// Single-precision number.
    R4,
    /// Double-precision number.
    R8,
    /// Currency: eight bytes, four decimal places.
    Cy,
    /// OLE Automation date: days since 30 December 1899.
    Date,
    /// Boolean.
    Bool,
    /// Exact number of up to 38 digits.
    Numeric,
    /// Exact number of 96 bits.
    Decimal,
    /// One-byte unsigned integer.
    Ui1,
    /// Two-byte unsigned integer.
    Ui2,
    /// Four-byte unsigned integer.
    Ui4,
    /// Eight-byte signed integer.
    I8,
    /// Eight-byte unsigned integer.
    Ui8,
    /// Globally unique identifier.
    Guid,
    /// Binary data.
    Bytes,
    /// String in a code page.
    Str,
    /// Unicode string.
    Wstr,
    /// Year, month, day.
    DbDate,
    /// Hour, minute, second.
    DbTime,
    /// Hour, minute, second, up to seven fractional digits.
    DbTime2,
    /// Date and time, three fractional digits.
    DbTimestamp,
    /// Date and time, up to seven fractional digits.
    DbTimestamp2,
    /// Date and time with up to seven fractional digits and an offset from UTC.
    DbTimestampOffset,
    /// 100-nanosecond intervals since 1 January 1601.
    FileTime,
    /// Large binary data.
    Image,
    /// Large string in a code page.
    Text,
    /// Large Unicode string.
    Ntext,
}

/// The name of a type and how many parameters it takes at least and at most.
const TYPES: [(TypeName, &str, usize, usize); 29] = [
    (TypeName::I1, "DT_I1", 0, 0),
    (TypeName::I2, "DT_I2", 0, 0),
    (TypeName::I4, "DT_I4", 0, 0),
    (TypeName::R4, "DT_R4", 0, 0),
    (TypeName::R8, "DT_R8", 0, 0),
    (TypeName::Cy, "DT_CY", 0, 0),
    (TypeName::Date, "DT_DATE", 0, 0),
    (TypeName::Bool, "DT_BOOL", 0, 0),
    (TypeName::Numeric, "DT_NUMERIC", 2, 2),
    (TypeName::Decimal, "DT_DECIMAL", 1, 1),
    (TypeName::Ui1, "DT_UI1", 0, 0),
    (TypeName::Ui2, "DT_UI2", 0, 0),
    (TypeName::Ui4, "DT_UI4", 0, 0),
    (TypeName::I8, "DT_I8", 0, 0),
    (TypeName::Ui8, "DT_UI8", 0, 0),
    (TypeName::Guid, "DT_GUID", 0, 0),
    (TypeName::Bytes, "DT_BYTES", 1, 1),
    (TypeName::Str, "DT_STR", 2, 2),
    (TypeName::Wstr, "DT_WSTR", 1, 1),
    (TypeName::DbDate, "DT_DBDATE", 0, 0),
    (TypeName::DbTime, "DT_DBTIME", 0, 0),
    (TypeName::DbTime2, "DT_DBTIME2", 0, 1),
    (TypeName::DbTimestamp, "DT_DBTIMESTAMP", 0, 0),
    (TypeName::DbTimestamp2, "DT_DBTIMESTAMP2", 0, 1),
    (TypeName::DbTimestampOffset, "DT_DBTIMESTAMPOFFSET", 0, 1),
    (TypeName::FileTime, "DT_FILETIME", 0, 0),
    (TypeName::Image, "DT_IMAGE", 0, 0),
    (TypeName::Text, "DT_TEXT", 1, 1),
    (TypeName::Ntext, "DT_NTEXT", 0, 0),
];

impl TypeName {
    /// Every type, in the order of the cast matrix.
    pub fn all() -> impl Iterator<Item = TypeName> {
        TYPES.iter().map(|&(name, ..)| name)
    }

    /// The type of that name, in any case (`dt_wstr`).
    pub fn from_name(name: &str) -> Option<TypeName> {
        let found = TYPES.iter().find(|row| row.1.eq_ignore_ascii_case(name))?;
        Some(found.0)
    }

    /// The name that SSIS gives it: `DT_WSTR`.
    pub fn as_str(self) -> &'static str {
        self.row().1
    }

    /// The type of a variable or package parameter whose value is stored with this VARENUM number
    /// (`DTS:VariableValue/@DTS:DataType`); `None` for types that an expression cannot use (Object, Empty).
    pub fn of_variant(number: u16) -> Option<TypeName> {
        Some(match number {
            2 => TypeName::I2,
            3 => TypeName::I4,
            4 => TypeName::R4,
            5 => TypeName::R8,
            6 => TypeName::Cy,
            7 => TypeName::Date,
            8 => TypeName::Wstr,
            11 => TypeName::Bool,
            14 => TypeName::Decimal,
            16 => TypeName::I1,
            17 => TypeName::Ui1,
            18 => TypeName::Ui2,
            19 => TypeName::Ui4,
            20 => TypeName::I8,
            21 => TypeName::Ui8,
            72 => TypeName::Guid,
            _ => return None,
        })
    }

    /// The type with the widest parameters, for a value that is NULL or not known: strings as long as they may be,
    /// all fractional digits, code page 1252.
    pub fn widest(self) -> DataType {
        let scale = FRACTION_DIGITS;
        let code_page = 1252;
        match self {
            TypeName::I1 => DataType::I1,
            TypeName::I2 => DataType::I2,
            TypeName::I4 => DataType::I4,
            TypeName::R4 => DataType::R4,
            TypeName::R8 => DataType::R8,
            TypeName::Cy => DataType::Cy,
            TypeName::Date => DataType::Date,
            TypeName::Bool => DataType::Bool,
            TypeName::Numeric => DataType::Numeric {
                precision: NUMERIC_DIGITS,
                scale: 0,
            },
            TypeName::Decimal => DataType::Decimal { scale: 0 },
            TypeName::Ui1 => DataType::Ui1,
            TypeName::Ui2 => DataType::Ui2,
            TypeName::Ui4 => DataType::Ui4,
            TypeName::I8 => DataType::I8,
            TypeName::Ui8 => DataType::Ui8,
            TypeName::Guid => DataType::Guid,
            TypeName::Bytes => DataType::Bytes { length: 8000 },
            TypeName::Str => DataType::Str {
                length: 8000,
                code_page,
            },
            TypeName::Wstr => DataType::Wstr { length: 4000 },
            TypeName::DbDate => DataType::DbDate,
            TypeName::DbTime => DataType::DbTime,
            TypeName::DbTime2 => DataType::DbTime2 { scale },
            TypeName::DbTimestamp => DataType::DbTimestamp,
            TypeName::DbTimestamp2 => DataType::DbTimestamp2 { scale },
            TypeName::DbTimestampOffset => DataType::DbTimestampOffset { scale },
            TypeName::FileTime => DataType::FileTime,
            TypeName::Image => DataType::Image,
            TypeName::Text => DataType::Text { code_page },
            TypeName::Ntext => DataType::Ntext,
        }
    }

    /// How many parameters a cast to it needs, and how many it takes.
    pub(super) fn parameters(self) -> (usize, usize) {
        let (_, _, least, most) = self.row();
        (least, most)
    }

    fn row(self) -> (TypeName, &'static str, usize, usize) {
        TYPES.get(self as usize).copied().unwrap_or(TYPES[0])
    }
}

impl fmt::Display for TypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A data type with its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DataType {
    /// `DT_I1`
    I1,
    /// `DT_I2`
    I2,
    /// `DT_I4`
    I4,
    /// `DT_R4`
    R4,
    /// `DT_R8`
    R8,
    /// `DT_CY`
    Cy,
    /// `DT_DATE`
    Date,
    /// `DT_BOOL`
    Bool,
    /// `DT_NUMERIC`
    Numeric {
        /// Decimal digits in all, 1 to 38.
        precision: u8,
        /// Digits behind the point, at most the precision.
        scale: u8,
    },
    /// `DT_DECIMAL`
    Decimal {
        /// Digits behind the point, at most 28.
        scale: u8,
    },
    /// `DT_UI1`
    Ui1,
    /// `DT_UI2`
    Ui2,
    /// `DT_UI4`
    Ui4,
    /// `DT_I8`
    I8,
    /// `DT_UI8`
    Ui8,
    /// `DT_GUID`
    Guid,
    /// `DT_BYTES`
    Bytes {
        /// Bytes.
        length: u32,
    },
    /// `DT_STR`
    Str {
        /// Bytes in the code page.
        length: u32,
        /// Number of the code page.
        code_page: u16,
    },
    /// `DT_WSTR`
    Wstr {
        /// UTF-16 units.
        length: u32,
    },
    /// `DT_DBDATE`
    DbDate,
    /// `DT_DBTIME`
    DbTime,
    /// `DT_DBTIME2`
    DbTime2 {
        /// Fractional digits, at most 7.
        scale: u8,
    },
    /// `DT_DBTIMESTAMP`
    DbTimestamp,
    /// `DT_DBTIMESTAMP2`
    DbTimestamp2 {
        /// Fractional digits, at most 7.
        scale: u8,
    },
    /// `DT_DBTIMESTAMPOFFSET`
    DbTimestampOffset {
        /// Fractional digits, at most 7.
        scale: u8,
    },
    /// `DT_FILETIME`
    FileTime,
    /// `DT_IMAGE`
    Image,
    /// `DT_TEXT`
    Text {
        /// Number of the code page.
        code_page: u16,
    },
    /// `DT_NTEXT`
    Ntext,
}

/// The most digits that a `DT_NUMERIC` has.
pub(super) const NUMERIC_DIGITS: u8 = 38;
/// The most fractional digits that the newer date and time types have, and what they have if none are given.
pub(super) const FRACTION_DIGITS: u8 = 7;

impl DataType {
    /// The name without the parameters.
    pub fn name(self) -> TypeName {
        match self {
            DataType::I1 => TypeName::I1,
            DataType::I2 => TypeName::I2,
            DataType::I4 => TypeName::I4,
            DataType::R4 => TypeName::R4,
            DataType::R8 => TypeName::R8,
            DataType::Cy => TypeName::Cy,
            DataType::Date => TypeName::Date,
            DataType::Bool => TypeName::Bool,
            DataType::Numeric { .. } => TypeName::Numeric,
            DataType::Decimal { .. } => TypeName::Decimal,
            DataType::Ui1 => TypeName::Ui1,
            DataType::Ui2 => TypeName::Ui2,
            DataType::Ui4 => TypeName::Ui4,
            DataType::I8 => TypeName::I8,
            DataType::Ui8 => TypeName::Ui8,
            DataType::Guid => TypeName::Guid,
            DataType::Bytes { .. } => TypeName::Bytes,
            DataType::Str { .. } => TypeName::Str,
            DataType::Wstr { .. } => TypeName::Wstr,
            DataType::DbDate => TypeName::DbDate,
            DataType::DbTime => TypeName::DbTime,
            DataType::DbTime2 { .. } => TypeName::DbTime2,
            DataType::DbTimestamp => TypeName::DbTimestamp,
            DataType::DbTimestamp2 { .. } => TypeName::DbTimestamp2,
            DataType::DbTimestampOffset { .. } => TypeName::DbTimestampOffset,
            DataType::FileTime => TypeName::FileTime,
            DataType::Image => TypeName::Image,
            DataType::Text { .. } => TypeName::Text,
            DataType::Ntext => TypeName::Ntext,
        }
    }

    /// Whether it is one of the eight integer types.
    pub fn is_integer(self) -> bool {
        self.integer().is_some()
    }

    /// Whether arithmetic knows it: integers, `DT_R4`, `DT_R8`, `DT_CY`, `DT_DECIMAL`, `DT_NUMERIC`.
    pub fn is_numeric(self) -> bool {
        self.is_integer() || self.is_real() || self.is_exact()
    }

    /// Whether it is `DT_STR` or `DT_WSTR`.
    pub fn is_string(self) -> bool {
        matches!(self, DataType::Str { .. } | DataType::Wstr { .. })
    }

    /// Whether it is `DT_TEXT`, `DT_NTEXT` or `DT_IMAGE`.
    pub fn is_blob(self) -> bool {
        matches!(
            self,
            DataType::Text { .. } | DataType::Ntext | DataType::Image
        )
    }

    /// Whether it holds a date, a time or both.
    pub fn is_temporal(self) -> bool {
        self.has_date() || self.is_time()
    }

    /// Whether it holds a time of day and no date.
    pub(super) fn is_time(self) -> bool {
        matches!(self, DataType::DbTime | DataType::DbTime2 { .. })
    }

    /// Whether it holds a date.
    pub(super) fn has_date(self) -> bool {
        matches!(
            self,
            DataType::Date
                | DataType::DbDate
                | DataType::DbTimestamp
                | DataType::DbTimestamp2 { .. }
                | DataType::DbTimestampOffset { .. }
                | DataType::FileTime
        )
    }

    pub(super) fn is_real(self) -> bool {
        matches!(self, DataType::R4 | DataType::R8)
    }

    /// Whether values are decimal numbers with a scale.
    pub(super) fn is_exact(self) -> bool {
        matches!(
            self,
            DataType::Cy | DataType::Decimal { .. } | DataType::Numeric { .. }
        )
    }

    /// For an integer type: how it is stored.
    pub(super) fn integer(self) -> Option<Integer> {
        let (bits, signed) = match self {
            DataType::I1 => (8, true),
            DataType::I2 => (16, true),
            DataType::I4 => (32, true),
            DataType::I8 => (64, true),
            DataType::Ui1 => (8, false),
            DataType::Ui2 => (16, false),
            DataType::Ui4 => (32, false),
            DataType::Ui8 => (64, false),
            _ => return None,
        };
        Some(Integer { bits, signed })
    }
}

impl fmt::Display for DataType {
    /// The name and, as in a cast, the parameters: `DT_WSTR,20`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name().as_str())?;
        match self {
            DataType::Numeric { precision, scale } => write!(f, ",{precision},{scale}"),
            DataType::Str { length, code_page } => write!(f, ",{length},{code_page}"),
            DataType::Bytes { length } | DataType::Wstr { length } => write!(f, ",{length}"),
            DataType::Text { code_page } => write!(f, ",{code_page}"),
            DataType::Decimal { scale }
            | DataType::DbTime2 { scale }
            | DataType::DbTimestamp2 { scale }
            | DataType::DbTimestampOffset { scale } => write!(f, ",{scale}"),
            _ => Ok(()),
        }
    }
}

/// How an integer type is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Integer {
    pub(super) bits: u32,
    pub(super) signed: bool,
}

impl Integer {
    pub(super) fn contains(self, value: i128) -> bool {
        let magnitude = 1i128 << (self.bits - u32::from(self.signed));
        let least = if self.signed { -magnitude } else { 0 };
        (least..magnitude).contains(&value)
    }

    /// The bits of a value, as two's complement.
    pub(super) fn bits_of_value(self, value: i128) -> u128 {
        value.cast_unsigned() & ((1u128 << self.bits) - 1)
    }

    /// The value of these bits.
    pub(super) fn value_of_bits(self, bits: u128) -> i128 {
        let value = bits.cast_signed();
        if self.signed && value >> (self.bits - 1) == 1 {
            value - (1i128 << self.bits)
        } else {
            value
        }
    }

    /// Digits of the largest value, which is the precision the integer has as a `DT_NUMERIC`.
    pub(super) fn digits(self) -> u8 {
        match (self.bits, self.signed) {
            (8, _) => 3,
            (16, _) => 5,
            (32, _) => 10,
            (_, true) => 19,
            (_, false) => 20,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_names() {
        for (at, &(name, text, ..)) in TYPES.iter().enumerate() {
            assert_eq!(name as usize, at);
            assert_eq!(TypeName::from_name(&text.to_lowercase()), Some(name));
            assert_eq!(name.as_str(), text);
        }
    }

    #[test]
    fn integers_know_their_range_and_their_bits() {
        let i2 = DataType::I2.integer().unwrap();
        assert!(i2.contains(-32768) && i2.contains(32767));
        assert!(!i2.contains(-32769) && !i2.contains(32768));
        assert_eq!(i2.bits_of_value(-1), 0xFFFF);
        assert_eq!(i2.value_of_bits(0xFFFE), -2);
        let ui8 = DataType::Ui8.integer().unwrap();
        assert!(ui8.contains(i128::from(u64::MAX)) && !ui8.contains(-1));
        assert_eq!(
            ui8.value_of_bits(u128::from(u64::MAX)),
            i128::from(u64::MAX)
        );
    }
}
