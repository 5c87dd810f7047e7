//! String functions.

use super::super::code_page;
use super::super::codes::Code;
use super::super::error::Error;
use super::super::text::{limit, utf16_length, utf16_slice};
use super::super::types::DataType;
use super::super::value::{Data, Value};
use super::Function;

/// Computes a string function; no argument is NULL.
pub(super) fn call(function: Function, arguments: &[Value]) -> Result<Option<Data>, Error> {
    let text = |at: usize| {
        arguments
            .get(at)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let number = |at: usize| {
        arguments
            .get(at)
            .and_then(Value::as_integer)
            .unwrap_or_default()
    };
    let subject = text(0);
    Ok(Some(match function {
        Function::Codepoint => match subject.encode_utf16().next() {
            Some(unit) => Data::Integer(unit.into()),
            None => return Ok(None),
        },
        Function::FindString => Data::Integer(find(subject, text(1), number(2))?),
        Function::Left => Data::Text(left(subject, number(1))?.to_owned()),
        Function::Right => Data::Text(right(subject, number(1))?.to_owned()),
        Function::Len => Data::Integer(length(arguments.first())?),
        Function::Lower => Data::Text(map(subject, lower)),
        Function::Upper => Data::Text(map(subject, upper)),
        Function::LTrim => Data::Text(subject.trim_start_matches(' ').to_owned()),
        Function::RTrim => Data::Text(subject.trim_end_matches(' ').to_owned()),
        Function::Trim => Data::Text(subject.trim_matches(' ').to_owned()),
        Function::Replace => Data::Text(replace(subject, text(1), text(2))?),
        Function::Replicate => Data::Text(replicate(subject, number(1))?),
        // Pairs of surrogates stay pairs: half of one is no text.
        Function::Reverse => Data::Text(subject.chars().rev().collect()),
        Function::Substring => Data::Text(substring(subject, number(1), number(2))?.to_owned()),
        Function::Token => Data::Text(token(subject, text(1), number(2))?.to_owned()),
        Function::TokenCount => Data::Integer(tokens(subject, text(1))?.count() as i128),
        _ => return Ok(None),
    }))
}

fn left(text: &str, count: i128) -> Result<&str, Error> {
    utf16_slice(text, 0, checked_count(Function::Left, count)?)
}

fn right(text: &str, count: i128) -> Result<&str, Error> {
    let count = checked_count(Function::Right, count)?;
    let length = utf16_length(text) as usize;
    utf16_slice(text, length.saturating_sub(count), length)
}

fn checked_count(function: Function, count: i128) -> Result<usize, Error> {
    if count < 0 {
        let message = format!("{function} cannot take {count} characters");
        return Err(Error::value(Code::LeftRightLength, message));
    }
    Ok(offset(count))
}

/// A place that is too far for any text stays too far.
fn offset(count: i128) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

fn substring(text: &str, start: i128, count: i128) -> Result<&str, Error> {
    if start < 1 {
        let message = format!("SUBSTRING cannot begin at {start}; the first character is number 1");
        return Err(Error::value(Code::SubstringStart, message));
    }
    if count < 0 {
        let message = format!("SUBSTRING cannot take {count} characters");
        return Err(Error::value(Code::SubstringLength, message));
    }
    utf16_slice(
        text,
        offset(start - 1),
        offset((start - 1).saturating_add(count)),
    )
}

fn length(of: Option<&Value>) -> Result<i128, Error> {
    let Some(value) = of else { return Ok(0) };
    Ok(match (value.data(), value.data_type()) {
        (Some(Data::Text(text)), DataType::Text { code_page }) => {
            code_page::encoded_length(text, code_page)? as i128
        }
        (Some(Data::Text(text)), DataType::Ntext) => 2 * i128::from(utf16_length(text)),
        (Some(Data::Text(text)), _) => utf16_length(text).into(),
        (Some(Data::Bytes(bytes)), _) => bytes.len() as i128,
        _ => 0,
    })
}

/// The place of the n-th occurrence, from 1; occurrences may overlap.
fn find(text: &str, wanted: &str, occurrence: i128) -> Result<i128, Error> {
    check_occurrence(Function::FindString, occurrence)?;
    if wanted.is_empty() {
        return Ok(0);
    }
    let mut from = 0;
    let mut seen = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find(wanted)) {
        let at = from + at;
        seen += 1;
        if seen == occurrence {
            return Ok(i128::from(utf16_length(text.get(..at).unwrap_or_default())) + 1);
        }
        from = at
            + text
                .get(at..)
                .and_then(|rest| rest.chars().next())
                .map_or(1, char::len_utf8);
    }
    Ok(0)
}

fn check_occurrence(function: Function, occurrence: i128) -> Result<(), Error> {
    if occurrence < 1 {
        let message =
            format!("{function} cannot look for occurrence {occurrence}; the first is number 1");
        return Err(Error::value(Code::OccurrenceCount, message));
    }
    Ok(())
}

/// Maps character by character. A character that has no single counterpart stays: `ß` has no capital.
fn map(text: &str, character: fn(char) -> char) -> String {
    text.chars().map(character).collect()
}

fn lower(c: char) -> char {
    single(c.to_lowercase(), c)
}

fn upper(c: char) -> char {
    // The dotless i keeps to itself outside Turkish, as the dotted capital does when it is lowered.
    if c == 'ı' {
        c
    } else {
        single(c.to_uppercase(), c)
    }
}

fn single(mut mapped: impl ExactSizeIterator<Item = char>, c: char) -> char {
    match (mapped.len(), mapped.next()) {
        (1, Some(mapped)) => mapped,
        _ => c,
    }
}

fn replace(text: &str, wanted: &str, by: &str) -> Result<String, Error> {
    if wanted.is_empty() {
        return Ok(text.to_owned());
    }
    if by.len() > wanted.len() {
        let grown = text
            .matches(wanted)
            .count()
            .saturating_mul(by.len() - wanted.len());
        limit(text.len().saturating_add(grown))?;
    }
    Ok(text.replace(wanted, by))
}

fn replicate(text: &str, count: i128) -> Result<String, Error> {
    if count < 0 {
        let message = format!("REPLICATE cannot repeat a text {count} times");
        return Err(Error::value(Code::ReplicateCount, message));
    }
    let count = offset(count);
    limit(text.len().saturating_mul(count))?;
    if text.is_empty() {
        return Ok(String::new());
    }
    Ok(text.repeat(count))
}

/// The pieces between delimiters. Runs of delimiters, and those at the ends, part nothing; an empty text is one
/// empty piece.
fn tokens<'t>(text: &'t str, delimiters: &'t str) -> Result<impl Iterator<Item = &'t str>, Error> {
    if delimiters.is_empty() {
        let error = Error::value(Code::FunctionFailed, "the delimiters are an empty text");
        return Err(error.with_help("name at least one delimiter, as in `TOKEN(x, \",\", 1)`"));
    }
    let pieces = text.split(|c| delimiters.contains(c));
    Ok(pieces.filter(move |piece| !piece.is_empty() || text.is_empty()))
}

fn token<'t>(text: &'t str, delimiters: &'t str, occurrence: i128) -> Result<&'t str, Error> {
    check_occurrence(Function::Token, occurrence)?;
    Ok(tokens(text, delimiters)?
        .nth(offset(occurrence - 1))
        .unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn casing_maps_one_character_to_one() {
        assert_eq!(map("Straße İ ı éÉ ж", upper), "STRAßE İ ı ÉÉ Ж");
        assert_eq!(map("STRASSE İ É Ж", lower), "strasse İ é ж");
    }

    #[test]
    fn tokens_are_what_lies_between_delimiters() {
        let pieces = |text, delimiters| tokens(text, delimiters).unwrap().collect::<Vec<_>>();
        assert_eq!(pieces("  a, b ,c ", " ,"), ["a", "b", "c"]);
        assert_eq!(pieces("", ","), [""]);
        assert!(tokens("a", "").is_err());
    }

    #[test]
    fn places_count_utf16_units() {
        assert_eq!(find("😀a😀", "😀", 2).unwrap(), 4);
        assert_eq!(substring("😀ab", 3, 1).unwrap(), "a");
        assert!(substring("😀ab", 2, 1).is_err());
        assert_eq!(right("ab😀", 3).unwrap(), "b😀");
    }

    #[test]
    fn nothing_grows_without_bound() {
        assert!(replicate("x", i128::from(i64::MAX)).is_err());
        assert_eq!(replicate("", i128::from(i64::MAX)).unwrap(), "");
        let many = "a".repeat(10_000);
        assert!(replace(&many, "a", &many).is_err());
    }
}
