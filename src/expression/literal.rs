//! Literals: what they look like, and what they mean.
//!
//! Source: *Numeric, string, and Boolean literals*.

use std::borrow::Cow;

use bigdecimal::BigDecimal;
use memchr::memchr;

use super::codes::Code;
use super::error::Error;
use super::types::{DataType, NUMERIC_DIGITS};
use super::value::{Data, Value};
use crate::source::{Decoded, DecodedBuilder, Span};

/// The value of a string literal, given what stands between its quotation marks and the offset of that.
pub(super) fn decode(content: &str, start: u32) -> Result<Decoded<'_>, Error> {
    let mut builder = DecodedBuilder::new(content, start);
    while let Some(plain) = memchr(b'\\', builder.rest().as_bytes()) {
        builder.verbatim(plain);
        let at = start + u32::try_from(builder.taken()).unwrap_or(u32::MAX);
        let escape = Escape::read(builder.rest())
            .map_err(|(error, length)| error.at(Span::new(at, at.saturating_add(length))))?;
        let mut buffer = [0; 4];
        builder.replaced(escape.length, escape.means.encode_utf8(&mut buffer));
    }
    builder.verbatim(builder.rest().len());
    Ok(builder.finish())
}

struct Escape {
    /// Length with the backslash.
    length: usize,
    means: char,
}

impl Escape {
    /// The escape that `text` begins with; an error with the length of what is wrong.
    fn read(text: &str) -> Result<Escape, (Error, u32)> {
        let mut chars = text.chars().skip(1);
        let means = match chars.next() {
            Some('a') => '\u{7}',
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('v') => '\u{b}',
            Some(same @ ('"' | '\\')) => same,
            Some('x') => return Escape::hexadecimal(text),
            other => {
                let shown = other.map_or_else(|| "\\".to_owned(), |c| format!("\\{c}"));
                let length = 1 + other.map_or(0, char::len_utf8) as u32;
                let error = Error::syntax(
                    Code::IllegalEscape,
                    format!("`{shown}` is no escape sequence"),
                )
                .with_help("a backslash in a string is written twice: `\\\\`");
                return Err((error, length));
            }
        };
        Ok(Escape { length: 2, means })
    }

    /// `\xhhhh`. Two of them that make up a surrogate pair are one character.
    fn hexadecimal(text: &str) -> Result<Escape, (Error, u32)> {
        let shown = text.split_at_checked(6).map_or(text, |(head, _)| head);
        let failed = |message: String| {
            let error = Error::syntax(Code::IllegalHexEscape, message).with_help(
                "the form is `\\xhhhh` with exactly four hexadecimal digits, not `\\x0000`",
            );
            (error, u32::try_from(shown.len()).unwrap_or(u32::MAX))
        };
        let unit = unit(text).ok_or_else(|| failed(format!("`{shown}` is no escape sequence")))?;
        if unit == 0 {
            return Err(failed(
                "a string cannot hold the character `\\x0000`".to_owned(),
            ));
        }
        if let Some(means) = char::from_u32(unit.into()) {
            return Ok(Escape { length: 6, means });
        }
        let pair = [unit, text.get(6..).and_then(self::unit).unwrap_or_default()];
        match char::decode_utf16(pair).next() {
            Some(Ok(means)) => Ok(Escape { length: 12, means }),
            _ => Err(failed(format!(
                "`{shown}` is half of a surrogate pair without the other half"
            ))),
        }
    }
}

/// The UTF-16 unit of the `\xhhhh` that `text` begins with.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\x")?.get(..4)?;
    digits
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit())
        .then_some(())?;
    u16::from_str_radix(digits, 16).ok()
}

/// Spells a text as the inside of a string literal.
///
/// Quotation marks, backslashes and control characters are escaped, everything else stands as it is; line ends too
/// become escapes, because a raw CR does not survive being stored in a package.
pub fn escape_text(text: &str) -> Cow<'_, str> {
    let plain = |c: char| !matches!(c, '"' | '\\') && !c.is_control();
    if text.chars().all(plain) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '"' => escaped.push_str("\\\""),
            '\\' => escaped.push_str("\\\\"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            c if c.is_control() => escaped.push_str(&format!("\\x{:04x}", u32::from(c))),
            c => escaped.push(c),
        }
    }
    Cow::Owned(escaped)
}

/// Length of the number that `text` begins with, which is with a digit or a point and a digit.
pub(super) fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |from: usize| {
        let tail = bytes.get(from..).unwrap_or_default();
        tail.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let is = |at: usize, wanted: &[u8]| bytes.get(at).is_some_and(|byte| wanted.contains(byte));

    if is(0, b"0") && is(1, b"xX") {
        let tail = bytes.get(2..).unwrap_or_default();
        let length = tail
            .iter()
            .take_while(|byte| byte.is_ascii_hexdigit())
            .count();
        if length > 0 {
            return 2 + length + usize::from(is(2 + length, b"uU"));
        }
    }
    let mut at = digits(0);
    let mut whole = true;
    if is(at, b".") {
        whole = false;
        at += 1;
        at += digits(at);
    }
    if is(at, b"eE") {
        let sign = usize::from(is(at + 1, b"+-"));
        let exponent = digits(at + 1 + sign);
        if exponent > 0 {
            whole = false;
            at += 1 + sign + exponent;
        }
    }
    if !whole {
        return at + usize::from(is(at, b"fFlL"));
    }
    let first = is(at, b"uUlL");
    let second =
        first && (is(at, b"uU") && is(at + 1, b"lL") || is(at, b"lL") && is(at + 1, b"uU"));
    at + usize::from(first) + usize::from(second)
}

/// The value of a number as the lexer cut it out.
pub(super) fn number(text: &str) -> Result<Value, Error> {
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        let (digits, to) = match digits.strip_suffix(['u', 'U']) {
            Some(digits) => (digits, DataType::Ui4),
            None => (digits, DataType::I4),
        };
        return integer(text, i128::from_str_radix(digits, 16).ok(), to);
    }
    let digits = text.trim_end_matches(['u', 'U', 'l', 'L', 'f', 'F']);
    let suffix = text
        .get(digits.len()..)
        .unwrap_or_default()
        .to_ascii_lowercase();
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let to = match suffix.as_str() {
            "" => DataType::I4,
            "u" => DataType::Ui4,
            "l" => DataType::I8,
            _ => DataType::Ui8,
        };
        return integer(text, digits.parse().ok(), to);
    }
    match suffix.as_str() {
        "f" => real(text, digits, DataType::R4),
        "l" => real(text, digits, DataType::R8),
        _ if digits.contains(['e', 'E']) => real(text, digits, DataType::R8),
        _ => numeric(text, digits),
    }
}

fn integer(text: &str, value: Option<i128>, to: DataType) -> Result<Value, Error> {
    let fits = value.filter(|&value| to.integer().is_some_and(|integer| integer.contains(value)));
    let value = fits.ok_or_else(|| {
        let error = too_large(text, to);
        match to {
            DataType::I4 => error.with_help(format!("write `{text}L` for a DT_I8")),
            DataType::Ui4 => error.with_help(format!("write `{text}L` for a DT_UI8")),
            _ => error,
        }
    })?;
    Ok(Value::new(to, Data::Integer(value)))
}

fn real(text: &str, digits: &str, to: DataType) -> Result<Value, Error> {
    let value = digits.parse::<f64>().ok();
    let value = if to == DataType::R4 {
        value.map(|value| f64::from(value as f32))
    } else {
        value
    };
    let value = value
        .filter(|value| value.is_finite())
        .ok_or_else(|| too_large(text, to))?;
    Ok(Value::new(to, Data::Real(value)))
}

/// `DT_NUMERIC` with the digits as they stand; zeros before the first digit that counts are no digits.
fn numeric(text: &str, digits: &str) -> Result<Value, Error> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let integral = whole.trim_start_matches('0').len();
    let sizes = (
        u8::try_from(integral + fraction.len()),
        u8::try_from(fraction.len()),
    );
    let (Ok(precision), Ok(scale)) = sizes else {
        return Err(too_large_numeric(text));
    };
    if precision > NUMERIC_DIGITS {
        return Err(too_large_numeric(text));
    }
    let unscaled = format!("0{whole}{fraction}")
        .parse()
        .map_err(|_| too_large_numeric(text))?;
    let to = DataType::Numeric {
        precision: precision.max(1),
        scale,
    };
    Ok(Value::new(
        to,
        Data::Exact(BigDecimal::new(unscaled, scale.into())),
    ))
}

fn too_large_numeric(text: &str) -> Error {
    Error::syntax(
        Code::LiteralOverflow,
        format!(
            "the literal `{text}` has more than {NUMERIC_DIGITS} digits, which DT_NUMERIC does not hold"
        ),
    )
}

fn too_large(text: &str, to: DataType) -> Error {
    Error::syntax(
        Code::LiteralOverflow,
        format!("the literal `{text}` is too large for {to}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_escape_has_its_place() {
        let content = r#"a\\b\"\x0041\n\xD83D\xDE00z"#;
        let value = decode(content, 10).unwrap();
        assert_eq!(value.text, "a\\b\"A\n😀z");
        assert_eq!(value.raw(), Span::new(10, 10 + content.len() as u32));
        for (piece, raw) in [
            ("b", "b"),
            ("\"", "\\\""),
            ("A", "\\x0041"),
            ("😀", "\\xD83D\\xDE00"),
            ("z", "z"),
        ] {
            let start = value.text.find(piece).unwrap();
            let place = value.raw_span(start..start + piece.len());
            let (start, end) = (place.start as usize - 10, place.end as usize - 10);
            assert_eq!(&content[start..end], raw);
        }
    }

    #[test]
    fn wrong_escapes_name_the_place() {
        for (content, code, start, end) in [
            (r"ab\q", Code::IllegalEscape, 2, 4),
            (r"ab\", Code::IllegalEscape, 2, 3),
            (r"\Ж", Code::IllegalEscape, 0, 3),
            (r"\x12", Code::IllegalHexEscape, 0, 4),
            (r"\x12G4", Code::IllegalHexEscape, 0, 6),
            (r"\x+123", Code::IllegalHexEscape, 0, 6),
            (r"\x0000", Code::IllegalHexEscape, 0, 6),
            (r"\xD83D", Code::IllegalHexEscape, 0, 6),
            (r"\xDE00\xD83D", Code::IllegalHexEscape, 0, 6),
        ] {
            let error = decode(content, 0).unwrap_err();
            assert_eq!(error.code(), Some(code), "{content}");
            assert_eq!(error.span(), Span::new(start, end), "{content}");
        }
    }

    #[test]
    fn escaping_is_undone_by_decoding() {
        for text in [
            "",
            "plain",
            "C:\\data\\\"x\"",
            "a\r\n\tb\u{7}\u{1f}",
            "Жук 😀",
        ] {
            assert_eq!(decode(&escape_text(text), 0).unwrap().text, text);
        }
        assert!(matches!(escape_text("plain"), Cow::Borrowed(_)));
    }

    #[test]
    fn numbers_have_the_type_of_their_form() {
        for (text, data_type, shown) in [
            ("457", "DT_I4", "457"),
            ("785u", "DT_UI4", "785"),
            ("986L", "DT_I8", "986"),
            ("7945ul", "DT_UI8", "7945"),
            ("7945LU", "DT_UI8", "7945"),
            ("0xFF0a", "DT_I4", "65290"),
            ("0X10U", "DT_UI4", "16"),
            ("2147483647", "DT_I4", "2147483647"),
            ("18446744073709551615UL", "DT_UI8", "18446744073709551615"),
            ("5.80", "DT_NUMERIC,3,2", "5.80"),
            (".9", "DT_NUMERIC,1,1", "0.9"),
            ("0.346", "DT_NUMERIC,3,3", "0.346"),
            ("6.", "DT_NUMERIC,1,0", "6"),
            ("0.", "DT_NUMERIC,1,0", "0"),
            ("13e-2f", "DT_R4", "0.13"),
            ("4E8l", "DT_R8", "400000000"),
            (".89E-2l", "DT_R8", "0.0089"),
            ("1.5F", "DT_R4", "1.5"),
            ("1e3", "DT_R8", "1000"),
        ] {
            assert_eq!(number_length(text), text.len(), "{text}");
            let value = number(text).unwrap();
            assert_eq!(value.data_type().to_string(), data_type, "{text}");
            let shown_now = value.to_text(crate::expression::Locale::EN_US).unwrap();
            assert_eq!(shown_now.as_deref(), Some(shown), "{text}");
        }
    }

    #[test]
    fn numbers_that_are_too_large_say_so() {
        for text in [
            "2147483648",
            "0x80000000",
            "4294967296U",
            "9223372036854775808L",
            "18446744073709551616UL",
            "999999999999999999999999999999999999999999",
            "1234567890123456789012345678901234567.89",
            "1e39F",
            "1e400",
        ] {
            assert_eq!(
                number(text).unwrap_err().code(),
                Some(Code::LiteralOverflow),
                "{text}"
            );
        }
    }
}
