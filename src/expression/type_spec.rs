//! A type as it is written in a cast or in `NULL`: its parameters, and the type they make.
//!
//! Source: *Cast (SSIS Expression)*, *NULL (SSIS Expression)*; the ranges from the texts of the codes.

use std::ops::RangeInclusive;

use super::check::Checked;
use super::code_page;
use super::codes::Code;
use super::error::Error;
use super::evaluate::Operand;
use super::tree::{NodeId, NodeKind, TypeSpec};
use super::types::{DataType, FRACTION_DIGITS, NUMERIC_DIGITS, TypeName};
use crate::source::Span;

impl Checked<'_, '_, '_> {
    /// The type that a cast or `NULL` names.
    pub(super) fn data_type(&self, spec: TypeSpec, of: TypeUse) -> Result<DataType, Error> {
        let parameters = Parameters {
            checked: self,
            spec,
            of,
        };
        Ok(match spec.name {
            TypeName::Wstr => DataType::Wstr {
                length: parameters.length()?,
            },
            TypeName::Bytes => DataType::Bytes {
                length: parameters.length()?,
            },
            TypeName::Str => DataType::Str {
                length: parameters.length()?,
                code_page: parameters.code_page(1)?,
            },
            TypeName::Text => DataType::Text {
                code_page: parameters.code_page(0)?,
            },
            TypeName::Decimal => DataType::Decimal {
                scale: parameters.scale(0, 28)?,
            },
            TypeName::Numeric => {
                let precision = parameters.precision()?;
                DataType::Numeric {
                    precision,
                    scale: parameters.scale(1, precision)?,
                }
            }
            TypeName::DbTime2 => DataType::DbTime2 {
                scale: parameters.fraction()?,
            },
            TypeName::DbTimestamp2 => DataType::DbTimestamp2 {
                scale: parameters.fraction()?,
            },
            TypeName::DbTimestampOffset => DataType::DbTimestampOffset {
                scale: parameters.fraction()?,
            },
            without_parameters => without_parameters.widest(),
        })
    }
}

/// The parameters of one type.
struct Parameters<'c, 'e, 's, 'a> {
    checked: &'c Checked<'e, 's, 'a>,
    spec: TypeSpec,
    of: TypeUse,
}

impl Parameters<'_, '_, '_, '_> {
    fn length(&self) -> Result<u32, Error> {
        let number = self.number(0)?.unwrap_or_default();
        u32::try_from(number).map_err(|_| {
            let message = format!(
                "the length of {} is {number}, which is no length",
                self.spec.name
            );
            Error::typing(self.of.length(), message).at(self.place(0))
        })
    }

    fn code_page(&self, at: usize) -> Result<u16, Error> {
        let number = self.number(at)?.unwrap_or_default();
        code_page::exists(number).ok_or_else(|| {
            let message = format!("Windows has no code page {number}");
            Error::typing(self.of.code_page(), message).at(self.place(at))
        })
    }

    fn precision(&self) -> Result<u8, Error> {
        let precision = self.ranged(0, "precision", self.of.precision(), 1..=NUMERIC_DIGITS)?;
        Ok(precision.unwrap_or(NUMERIC_DIGITS))
    }

    fn scale(&self, at: usize, most: u8) -> Result<u8, Error> {
        let scale = self.ranged(at, "scale", self.of.scale(), 0..=most)?;
        Ok(scale.unwrap_or_default())
    }

    /// The scale of the types that may go without one.
    fn fraction(&self) -> Result<u8, Error> {
        let scale = self.ranged(0, "scale", self.of.scale(), 0..=FRACTION_DIGITS)?;
        Ok(scale.unwrap_or(FRACTION_DIGITS))
    }

    fn ranged(
        &self,
        at: usize,
        what: &str,
        code: Code,
        range: RangeInclusive<u8>,
    ) -> Result<Option<u8>, Error> {
        let Some(number) = self.number(at)? else {
            return Ok(None);
        };
        match u8::try_from(number) {
            Ok(fits) if range.contains(&fits) => Ok(Some(fits)),
            _ => {
                let message = format!(
                    "the {what} of {} is {number}, but must lie between {} and {}",
                    self.spec.name,
                    range.start(),
                    range.end()
                );
                Err(Error::typing(code, message).at(self.place(at)))
            }
        }
    }

    /// A parameter, `None` if it is not given: a static integer, or a number that can be made one.
    fn number(&self, at: usize) -> Result<Option<i128>, Error> {
        let Some(id) = self.node(at) else {
            return Ok(None);
        };
        let (checked, name) = (self.checked, self.spec.name);
        if let Some(NodeKind::Constant(value)) = checked.expression.kind(id)
            && let Some(number) = value.as_integer()
        {
            return Ok(Some(number));
        }
        if checked.expression.has_column(id) {
            let message = format!("parameter {} of {name} cannot depend on a column", at + 1);
            return Err(Error::typing(self.of.not_static(), message).at(self.place(at)));
        }
        let no_integer = || {
            let message = format!("parameter {} of {name} is no integer", at + 1);
            Error::typing(self.of.not_integer(), message).at(self.place(at))
        };
        if !checked.type_of(id).is_numeric() {
            return Err(no_integer());
        }
        match checked.machine().run(id)? {
            Operand::Known(value) => {
                let number = value
                    .cast(DataType::I8, &checked.around)
                    .map_err(|error| error.at(self.place(at)))?;
                number.as_integer().map(Some).ok_or_else(no_integer)
            }
            Operand::Unknown(error) => Err(error),
        }
    }

    fn node(&self, at: usize) -> Option<NodeId> {
        let nodes = self.checked.expression.list(self.spec.parameters);
        nodes.get(at).copied()
    }

    fn place(&self, at: usize) -> Span {
        self.node(at)
            .map_or(self.spec.span, |id| self.checked.expression.span(id))
    }
}

/// Where a type is written; SSIS has a set of codes for each.
#[derive(Clone, Copy)]
pub(super) enum TypeUse {
    Cast,
    Null,
}

impl TypeUse {
    fn pick(self, cast: Code, null: Code) -> Code {
        match self {
            TypeUse::Cast => cast,
            TypeUse::Null => null,
        }
    }

    fn not_static(self) -> Code {
        self.pick(Code::CastParameterNotStatic, Code::NullParameterNotStatic)
    }

    fn not_integer(self) -> Code {
        self.pick(Code::CastParameterType, Code::NullParameterType)
    }

    fn length(self) -> Code {
        self.pick(Code::CastLength, Code::NullLength)
    }

    fn code_page(self) -> Code {
        self.pick(Code::CastCodePage, Code::NullCodePage)
    }

    fn precision(self) -> Code {
        self.pick(Code::CastPrecision, Code::NullPrecision)
    }

    fn scale(self) -> Code {
        self.pick(Code::CastScale, Code::NullScale)
    }
}
