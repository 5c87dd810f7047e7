//! The codes that SSIS gives its expression errors.

/// One row for each code: the name here, the number, Microsoft's symbol.
macro_rules! codes {
    ($($name:ident = $number:literal, $symbol:literal;)*) => {
        /// A code of the expression evaluator, as `dtexec` prints it.
        ///
        /// Source: *Integration Services Error and Message Reference*, error messages.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = concat!("`", $symbol, "`")] $name,)*
        }

        impl Code {
            /// Every code, in the order of their numbers.
            pub const ALL: &[Code] = &[$(Code::$name,)*];

            /// The number, as it is printed in hexadecimal.
            pub fn number(self) -> u32 {
                match self { $(Code::$name => $number,)* }
            }

            /// Microsoft's symbol for it.
            pub fn symbol(self) -> &'static str {
                match self { $(Code::$name => $symbol,)* }
            }
        }
    };
}

codes! {
    TruncationAsError = 0xC001_700E, "DTS_E_EXPREVALTRUNCATIONASERROR";
    AssignmentTypeMismatch = 0xC001_F186, "DTS_E_EXPREVALASSIGNMENTTYPEMISMATCH";
    AssignmentToReadOnly = 0xC001_F187, "DTS_E_EXPREVALASSIGNMENTTOREADONLYVARIABLE";
    AssignmentNotWritable = 0xC001_F188, "DTS_E_EXPREVALASSIGNMENTVARIABLELOCKFORWRITEFAILED";
    DivideByZero = 0xC004_707B, "DTS_E_EXPREVALDIVBYZERO";
    LiteralOverflow = 0xC004_707C, "DTS_E_EXPREVALLITERALOVERFLOW";
    NumericOverflow = 0xC004_707D, "DTS_E_EXPREVALBINARYOPNUMERICOVERFLOW";
    BinaryOverflow = 0xC004_707E, "DTS_E_EXPREVALBINARYOPOVERFLOW";
    FunctionOverflow = 0xC004_707F, "DTS_E_EXPREVALFUNCTIONOVERFLOW";
    BinaryTypeMismatch = 0xC004_7080, "DTS_E_EXPREVALBINARYTYPEMISMATCH";
    UnsupportedBinaryType = 0xC004_7081, "DTS_E_EXPREVALUNSUPPORTEDBINARYTYPE";
    BinarySignMismatch = 0xC004_7082, "DTS_E_EXPREVALBINARYSIGNMISMATCH";
    UnsupportedUnaryType = 0xC004_7086, "DTS_E_EXPREVALUNSUPPORTEDUNNARYTYPE";
    ParameterTypeMismatch = 0xC004_7089, "DTS_E_EXPREVALPARAMTYPEMISMATCH";
    InvalidFunction = 0xC004_708A, "DTS_E_EXPREVALINVALIDFUNCTION";
    SubstringLength = 0xC004_708B, "DTS_E_EXPREVALFNSUBSTRINGINVALIDLENGTH";
    SubstringStart = 0xC004_708C, "DTS_E_EXPREVALFNSUBSTRINGINVALIDSTARTINDEX";
    InvalidDatePart = 0xC004_708F, "DTS_E_EXPREVALINVALIDDATEPART";
    NullParameterNotStatic = 0xC004_7090, "DTS_E_EXPREVALINVALIDNULLPARAM";
    NullParameterType = 0xC004_7091, "DTS_E_EXPREVALINVALIDNULLPARAMTYPE";
    FunctionParameterNotStatic = 0xC004_7092, "DTS_E_EXPREVALFUNCTIONPARAMNOTSTATIC";
    CastParameterNotStatic = 0xC004_7093, "DTS_E_EXPREVALINVALIDCASTPARAM";
    CastParameterType = 0xC004_7094, "DTS_E_EXPREVALINVALIDCASTPARAMTYPE";
    InvalidCast = 0xC004_7095, "DTS_E_EXPREVALINVALIDCAST";
    InvalidToken = 0xC004_7096, "DTS_E_EXPREVALINVALIDTOKEN";
    FailedToParse = 0xC004_7099, "DTS_E_EXPREVALFAILEDTOPARSEEXPRESSION";
    ExpressionEmpty = 0xC004_709A, "DTS_E_EXPREVALEXPRESSIONEMPTY";
    ConditionNotBoolean = 0xC004_709E, "DTS_E_EXPREVALCONDITIONALOPINVALIDCONDITIONTYPE";
    ConditionalTypeMismatch = 0xC004_709F, "DTS_E_EXPREVALCONDITIONALOPTYPEMISMATCH";
    ColumnNotFound = 0xC004_70A2, "DTS_E_EXPREVALINPUTCOLUMNNAMENOTFOUND";
    LineageIdNotFound = 0xC004_70A3, "DTS_E_EXPREVALINPUTCOLUMNIDNOTFOUND";
    NoColumnsForName = 0xC004_70A4, "DTS_E_EXPREVALNOINPUTCOLUMNCOLLECTIONFORCOLUMNNAME";
    NoColumnsForLineageId = 0xC004_70A5, "DTS_E_EXPREVALNOINPUTCOLUMNCOLLECTIONFORCOLUMNID";
    VariableNotFound = 0xC004_70A6, "DTS_E_EXPREVALVARIABLENOTFOUND";
    InvalidTokenState = 0xC004_70A7, "DTS_E_EXPREVALINVALIDTOKENSTATE";
    CastCodePage = 0xC004_70AA, "DTS_E_EXPREVALINVALIDCASTCODEPAGE";
    CastPrecision = 0xC004_70AB, "DTS_E_EXPREVALINVALIDCASTPRECISION";
    CastScale = 0xC004_70AC, "DTS_E_EXPREVALINVALIDCASTSCALE";
    IllegalHexEscape = 0xC004_70B7, "DTS_E_EXPREVALILLEGALHEXESCAPEINSTRINGLITERAL";
    IllegalEscape = 0xC004_70B8, "DTS_E_EXPREVALILLEGALESCAPEINSTRINGLITERAL";
    UnsupportedType = 0xC004_70BE, "DTS_E_EXPREVALUNSUPPORTEDTYPE";
    ConversionOverflow = 0xC004_70C0, "DTS_E_EXPREVALDATACONVERSIONOVERFLOW";
    CastFailed = 0xC004_70C4, "DTS_E_EXPREVALCASTFAILED";
    FunctionFailed = 0xC004_70C5, "DTS_E_EXPREVALFUNCTIONCOMPUTEFAILED";
    VariableTypeNotSupported = 0xC004_70D0, "DTS_E_EXPREVALVARIABLETYPENOTSUPPORTED";
    SingleQuote = 0xC004_70D6, "DTS_E_EXPREVALINVALIDTOKENSINGLEQUOTE";
    SingleEqual = 0xC004_70D7, "DTS_E_EXPREVALINVALIDTOKENSINGLEEQUAL";
    AmbiguousColumn = 0xC004_70DB, "DTS_E_EXPREVALAMBIGUOUSINPUTCOLUMNNAME";
    QualifiedColumnNotFound = 0xC004_70DC, "DTS_E_EXPREVALDOTTEDINPUTCOLUMNNAMENOTFOUND";
    AmbiguousVariable = 0xC004_70DD, "DTS_E_EXPREVALAMBIGUOUSVARIABLENNAME";
    SqrtInvalid = 0xC004_70DF, "DTS_E_EXPREVALSQRTINVALIDPARAM";
    LnInvalid = 0xC004_70E0, "DTS_E_EXPREVALLNINVALIDPARAM";
    LogInvalid = 0xC004_70E1, "DTS_E_EXPREVALLOGINVALIDPARAM";
    PowerInvalid = 0xC004_70E2, "DTS_E_EXPREVALPOWERINVALIDPARAM";
    NegateOverflow = 0xC004_70E5, "DTS_E_EXPREVALUNARYOPOVERFLOW";
    LeftRightLength = 0xC004_70E7, "DTS_E_EXPREVALFNRIGHTINVALIDLENGTH";
    ReplicateCount = 0xC004_70E8, "DTS_E_EXPREVALFNREPLICATEINVALIDREPEATCOUNT";
    VariableNotReadable = 0xC004_70EA, "DTS_E_EXPREVALVARIABLECOULDNOTBEREAD";
    BinaryStrNotSupported = 0xC004_70EC, "DTS_E_EXPREVALBINARYOPDTSTRNOTSUPPORTED";
    ConditionalStrNotSupported = 0xC004_70ED, "DTS_E_EXPREVALCONDITIONALOPDTSTRNOTSUPPORTED";
    OccurrenceCount = 0xC004_70EE, "DTS_E_EXPREVALFNFINDSTRINGINVALIDOCCURRENCECOUNT";
    DatePartNotStatic = 0xC004_70F0, "DTS_E_EXPREVALINVALIDDATEPARTNODE";
    CastLength = 0xC004_70F1, "DTS_E_EXPREVALINVALIDCASTLENGTH";
    NullCodePage = 0xC004_70F2, "DTS_E_EXPREVALINVALIDNULLCODEPAGE";
    NullPrecision = 0xC004_70F3, "DTS_E_EXPREVALINVALIDNULLPRECISION";
    NullScale = 0xC004_70F4, "DTS_E_EXPREVALINVALIDNULLSCALE";
    NullLength = 0xC004_70F5, "DTS_E_EXPREVALINVALIDNULLLENGTH";
    ParameterCountPluralSingular = 0xC004_70F9, "DTS_E_EXPREVALINVALIDNUMBEROFPARAMSPLURALSINGULAR";
    ParameterCountSingularPlural = 0xC004_70FA, "DTS_E_EXPREVALINVALIDNUMBEROFPARAMSSINGULARPLURAL";
    ParameterCountPluralPlural = 0xC004_70FB, "DTS_E_EXPREVALINVALIDNUMBEROFPARAMSPLURALPLURAL";
}

impl std::fmt::Display for Code {
    /// `0xC004707B`, as `dtexec` prints it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "0x{:08X}", self.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_ascend_and_symbols_differ() {
        for pair in Code::ALL.windows(2) {
            assert!(pair[0].number() < pair[1].number(), "{}", pair[1]);
            assert_ne!(pair[0].symbol(), pair[1].symbol());
        }
        assert_eq!(Code::DivideByZero.to_string(), "0xC004707B");
    }
}
