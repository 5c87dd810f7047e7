//! Strings as SSIS counts them: in UTF-16 units.

use super::codes::Code;
use super::error::Error;

/// The most UTF-8 bytes that a string may have while an expression is evaluated.
///
/// SSIS has no limit since 2012 but memory; without one, `REPLICATE("x", 2000000000)` would take it all.
pub(super) const LONGEST: usize = 16 * 1024 * 1024;

/// Length in UTF-16 units.
pub(super) fn utf16_length(text: &str) -> u32 {
    let length = if text.is_ascii() {
        text.len()
    } else {
        text.chars().map(char::len_utf16).sum()
    };
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// The part of a text from one UTF-16 offset to another; offsets behind the end count as the end.
///
/// A `String` cannot hold half of a surrogate pair, so a cut through one is refused.
pub(super) fn utf16_slice(text: &str, start: usize, end: usize) -> Result<&str, Error> {
    let (start, end) = (byte_offset(text, start)?, byte_offset(text, end)?);
    Ok(text.get(start..end).unwrap_or_default())
}

fn byte_offset(text: &str, units: usize) -> Result<usize, Error> {
    if text.is_ascii() {
        return Ok(units.min(text.len()));
    }
    let mut seen = 0;
    for (at, c) in text.char_indices() {
        if seen == units {
            return Ok(at);
        }
        seen += c.len_utf16();
        if seen > units {
            return Err(Error::unproven(
                "the cut goes through a character that UTF-16 spells in two units; \
                 half of it is no text that could be shown or sent",
            ));
        }
    }
    Ok(text.len())
}

/// Refuses a text longer than [`LONGEST`] before it is built.
pub(super) fn limit(length: usize) -> Result<(), Error> {
    if length <= LONGEST {
        return Ok(());
    }
    Err(Error::value(
        Code::FunctionOverflow,
        format!(
            "the text would be longer than the {} MiB that dtsx allows",
            LONGEST >> 20
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_count_utf16_units() {
        let text = "aЖ😀b";
        assert_eq!(utf16_length(text), 5);
        assert_eq!(utf16_slice(text, 1, 4).unwrap(), "Ж😀");
        assert_eq!(utf16_slice(text, 4, 99).unwrap(), "b");
        assert_eq!(utf16_slice("abc", 1, 2).unwrap(), "b");
        assert!(utf16_slice(text, 0, 3).is_err());
    }
}
