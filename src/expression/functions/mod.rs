//! The functions of the language: names, parameters, result types, and the way to each of them.
//!
//! Source: *Functions (SSIS Expression)* and the page of each function.

mod date;
mod math;
mod string;

use std::fmt;

use super::casts::{self, Surroundings};
use super::codes::Code;
use super::error::Error;
use super::types::{DataType, TypeName};
use super::value::Value;

pub(super) use date::DatePart;

/// What a function takes in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parameter {
    /// `DT_WSTR`.
    Text,
    /// `DT_WSTR`, `DT_TEXT`, `DT_NTEXT` or `DT_IMAGE`.
    Measurable,
    /// An integer of any size.
    Integer,
    /// A number of any kind.
    Number,
    /// A date, a time or both.
    Temporal,
    /// A static string that names a part of a date.
    DatePart,
    /// An integer that no column contributes to.
    StaticInteger,
    /// Anything.
    Any,
    /// Anything but a BLOB.
    Replaceable,
}

impl Parameter {
    fn accepts(self, of: DataType) -> bool {
        match self {
            Parameter::Text | Parameter::DatePart => matches!(of, DataType::Wstr { .. }),
            Parameter::Measurable => matches!(of, DataType::Wstr { .. }) || of.is_blob(),
            Parameter::Integer | Parameter::StaticInteger => of.is_integer(),
            Parameter::Number => of.is_numeric(),
            Parameter::Temporal => of.is_temporal(),
            Parameter::Any => true,
            Parameter::Replaceable => !of.is_blob(),
        }
    }

    fn wanted(self) -> &'static str {
        match self {
            Parameter::Text => "a string",
            Parameter::Measurable => "a string or a BLOB",
            Parameter::Integer | Parameter::StaticInteger => "an integer",
            Parameter::Number => "a number",
            Parameter::Temporal => "a date or a time",
            Parameter::DatePart => "the name of a date part in quotation marks",
            Parameter::Any => "a value",
            Parameter::Replaceable => "a value that is no BLOB",
        }
    }
}

macro_rules! functions {
    ($($variant:ident = $name:literal ($($parameter:ident),*), $help:literal;)*) => {
        /// A function of the language.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Function {
            $(#[doc = concat!("`", $name, "`: ", $help)] $variant,)*
        }

        impl Function {
            /// Every function, ordered by name.
            pub const ALL: &[Function] = &[$(Function::$variant,)*];

            /// The name, in capitals.
            pub fn name(self) -> &'static str {
                match self { $(Function::$variant => $name,)* }
            }

            /// What it does, in a few words.
            pub fn summary(self) -> &'static str {
                match self { $(Function::$variant => $help,)* }
            }

            pub(super) fn parameters(self) -> &'static [Parameter] {
                match self { $(Function::$variant => &[$(Parameter::$parameter),*],)* }
            }
        }
    };
}

functions! {
    Abs = "ABS"(Number), "the number without its sign";
    Ceiling = "CEILING"(Number), "the smallest whole number that is not less";
    Codepoint = "CODEPOINT"(Text), "the UTF-16 unit of the first character";
    DateAdd = "DATEADD"(DatePart, StaticInteger, Temporal), "a date moved by a number of parts";
    DateDiff = "DATEDIFF"(DatePart, Temporal, Temporal), "how many boundaries of a part lie between two dates";
    DatePart = "DATEPART"(DatePart, Temporal), "a part of a date";
    Day = "DAY"(Temporal), "the day of the month";
    Exp = "EXP"(Number), "e to that power";
    FindString = "FINDSTRING"(Text, Text, Integer), "where a text occurs for the n-th time, from 1; 0 if it does not";
    Floor = "FLOOR"(Number), "the largest whole number that is not greater";
    GetDate = "GETDATE"(), "now, local time";
    GetUtcDate = "GETUTCDATE"(), "now, UTC";
    Hex = "HEX"(Integer), "the integer in hexadecimal";
    IsNull = "ISNULL"(Any), "whether it is NULL";
    Left = "LEFT"(Text, Integer), "the first characters";
    Len = "LEN"(Measurable), "how many characters";
    Ln = "LN"(Number), "natural logarithm";
    Log = "LOG"(Number), "logarithm to base 10";
    Lower = "LOWER"(Text), "in small letters";
    LTrim = "LTRIM"(Text), "without blanks at the start";
    Month = "MONTH"(Temporal), "the month, from 1";
    Power = "POWER"(Number, Number), "the first to the power of the second";
    Replace = "REPLACE"(Text, Text, Text), "with every occurrence of the second text replaced by the third";
    ReplaceNull = "REPLACENULL"(Replaceable, Replaceable), "the first, or the second if that is NULL";
    Replicate = "REPLICATE"(Text, Integer), "the text so many times";
    Reverse = "REVERSE"(Text), "backwards";
    Right = "RIGHT"(Text, Integer), "the last characters";
    Round = "ROUND"(Number, Integer), "rounded to so many decimal places";
    RTrim = "RTRIM"(Text), "without blanks at the end";
    Sign = "SIGN"(Number), "-1, 0 or 1";
    Sqrt = "SQRT"(Number), "square root";
    Square = "SQUARE"(Number), "square";
    Substring = "SUBSTRING"(Text, Integer, Integer), "so many characters from a place on, counted from 1";
    Token = "TOKEN"(Text, Text, Integer), "the n-th piece between delimiters";
    TokenCount = "TOKENCOUNT"(Text, Text), "how many pieces there are between delimiters";
    Trim = "TRIM"(Text), "without blanks at the start and the end";
    Upper = "UPPER"(Text), "in capitals";
    Year = "YEAR"(Temporal), "the year";
}

/// The length that SSIS takes a string to have if the arguments do not limit it.
const UNLIMITED: u32 = 4000;

impl Function {
    /// The function of that name, in any case.
    pub fn from_name(name: &str) -> Option<Function> {
        let same = |function: &&Function| function.name().eq_ignore_ascii_case(name);
        Function::ALL.iter().find(same).copied()
    }

    pub(super) fn reads_the_clock(self) -> bool {
        matches!(self, Function::GetDate | Function::GetUtcDate)
    }

    /// Whether it is `DAY`, `MONTH` or `YEAR`, which refuse some literals.
    pub(super) fn is_part_of_date(self) -> bool {
        matches!(self, Function::Day | Function::Month | Function::Year)
    }

    /// The type of a call with arguments of these types, of which there are as many as there are parameters; an
    /// error with the number of the argument, from 0.
    pub(super) fn result(self, arguments: &[DataType]) -> Result<DataType, (usize, Error)> {
        for (at, (parameter, &of)) in self.parameters().iter().zip(arguments).enumerate() {
            if !parameter.accepts(of) {
                return Err((at, self.wrong_type(at, *parameter, of)));
            }
        }
        let first = arguments.first().copied().unwrap_or(DataType::Bool);
        let text = |length| DataType::Wstr { length };
        Ok(match self {
            Function::Abs | Function::Ceiling | Function::Floor | Function::Round => first,
            Function::Codepoint => DataType::Ui2,
            Function::DateAdd | Function::GetDate | Function::GetUtcDate => DataType::DbTimestamp,
            Function::DateDiff
            | Function::DatePart
            | Function::Day
            | Function::FindString
            | Function::Len
            | Function::Month
            | Function::Sign
            | Function::TokenCount
            | Function::Year => DataType::I4,
            Function::Exp
            | Function::Ln
            | Function::Log
            | Function::Power
            | Function::Sqrt
            | Function::Square => DataType::R8,
            Function::Hex => text(first.integer().map_or(0, |integer| integer.bits / 4)),
            Function::IsNull => DataType::Bool,
            Function::Left
            | Function::Lower
            | Function::LTrim
            | Function::Reverse
            | Function::Right
            | Function::RTrim
            | Function::Substring
            | Function::Token
            | Function::Trim
            | Function::Upper => first,
            Function::Replace | Function::Replicate => text(UNLIMITED),
            Function::ReplaceNull => return self.replacement(arguments),
        })
    }

    fn replacement(self, arguments: &[DataType]) -> Result<DataType, (usize, Error)> {
        let &[first, second] = arguments else {
            return Ok(DataType::Bool);
        };
        if let (DataType::Wstr { length: a }, DataType::Wstr { length: b }) = (first, second) {
            return Ok(DataType::Wstr { length: a.max(b) });
        }
        if casts::is_legal(second.name(), first.name()) {
            return Ok(first);
        }
        let error = Error::typing(
            Code::ParameterTypeMismatch,
            format!(
                "REPLACENULL cannot turn {} into {}",
                second.name(),
                first.name()
            ),
        );
        Err((1, error))
    }

    fn wrong_type(self, at: usize, parameter: Parameter, of: DataType) -> Error {
        let error = Error::typing(
            if parameter == Parameter::DatePart {
                Code::DatePartNotStatic
            } else {
                Code::ParameterTypeMismatch
            },
            format!(
                "{self} takes {} as parameter {}, not {}",
                parameter.wanted(),
                at + 1,
                of.name()
            ),
        );
        match (parameter, of.name()) {
            (Parameter::Text, TypeName::Str) => {
                error.with_help("inside an expression, NULL(DT_WSTR,…) is a null string")
            }
            (Parameter::Text, _) => error.with_help("cast it: `(DT_WSTR,30)…`"),
            (Parameter::Temporal, _) => error.with_help("cast it: `(DT_DBTIMESTAMP)…`"),
            (Parameter::Integer | Parameter::StaticInteger, _) => {
                error.with_help("cast it: `(DT_I4)…`")
            }
            _ => error,
        }
    }

    /// A call with the wrong number of arguments.
    pub(super) fn wrong_count(self, given: usize) -> Error {
        let wanted = self.parameters().len();
        let (code, plural) = match (wanted, given) {
            (1, _) => (Code::ParameterCountSingularPlural, "parameter"),
            (_, 1) => (Code::ParameterCountPluralSingular, "parameters"),
            _ => (Code::ParameterCountPluralPlural, "parameters"),
        };
        Error::typing(code, format!("{self} takes {wanted} {plural}, not {given}"))
    }

    /// Computes a call whose arguments have been checked by [`Function::result`].
    pub(super) fn call(
        self,
        arguments: &[Value],
        result: DataType,
        around: &Surroundings<'_>,
    ) -> Result<Value, Error> {
        match (self, arguments) {
            (Function::IsNull, [value]) => return Ok(Value::bool(value.is_null())),
            (Function::ReplaceNull, [value, instead]) => {
                return replace_null(value, instead, result, around);
            }
            (Function::GetDate, _) => return Ok(Value::timestamp(around.now()?.local)),
            (Function::GetUtcDate, _) => return Ok(Value::timestamp(around.now()?.utc)),
            _ => {}
        }
        if arguments.iter().any(Value::is_null) {
            return Ok(Value::null(result));
        }
        let data = match self {
            Function::Codepoint
            | Function::FindString
            | Function::Left
            | Function::Len
            | Function::Lower
            | Function::LTrim
            | Function::Replace
            | Function::Replicate
            | Function::Reverse
            | Function::Right
            | Function::RTrim
            | Function::Substring
            | Function::Token
            | Function::TokenCount
            | Function::Trim
            | Function::Upper => string::call(self, arguments)?,
            Function::DateAdd
            | Function::DateDiff
            | Function::DatePart
            | Function::Day
            | Function::Month
            | Function::Year => date::call(self, arguments, around)?,
            _ => math::call(self, arguments, result)?,
        };
        Ok(Value::maybe(result, data))
    }
}

fn replace_null(
    value: &Value,
    instead: &Value,
    result: DataType,
    around: &Surroundings<'_>,
) -> Result<Value, Error> {
    let chosen = if value.is_null() { instead } else { value };
    if chosen.data_type().name() == result.name() {
        return Ok(chosen.clone().retyped(result));
    }
    chosen.clone().cast(result, around)
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_ordered_by_name_and_found_in_any_case() {
        for pair in Function::ALL.windows(2) {
            assert!(pair[0].name() < pair[1].name(), "{}", pair[1]);
        }
        assert_eq!(Function::from_name("GetDate"), Some(Function::GetDate));
        assert_eq!(Function::from_name("HOUR"), None);
    }

    #[test]
    fn the_count_of_parameters_has_a_code_for_each_grammar() {
        for (function, given, code, message) in [
            (
                Function::Left,
                1,
                Code::ParameterCountPluralSingular,
                "LEFT takes 2 parameters, not 1",
            ),
            (
                Function::Len,
                0,
                Code::ParameterCountSingularPlural,
                "LEN takes 1 parameter, not 0",
            ),
            (
                Function::Left,
                3,
                Code::ParameterCountPluralPlural,
                "LEFT takes 2 parameters, not 3",
            ),
            (
                Function::GetDate,
                1,
                Code::ParameterCountPluralSingular,
                "GETDATE takes 0 parameters, not 1",
            ),
        ] {
            let error = function.wrong_count(given);
            assert_eq!((error.code(), error.message()), (Some(code), message));
        }
    }
}
