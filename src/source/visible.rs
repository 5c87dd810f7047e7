//! Text of others, shown so that it cannot move the cursor, colour the terminal or turn the line around.

use std::borrow::Cow;
use std::fmt::Write;

/// The text with control characters, line separators and bidirectional formatting characters written as escapes
/// (`\n`, `\t`, `\u{202e}`); everything else as it is.
///
/// For server replies, names of files and values of packages that go to a terminal or a log.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_hidden(character) {
            // Writing to a `String` cannot fail.
            let _ = write!(shown, "{}", character.escape_default());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// Whether a character acts on the text around it instead of being seen.
pub(crate) fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{061c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{2069}'
                | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn what_acts_on_the_terminal_becomes_an_escape() {
        assert_eq!(visible("550 нет"), "550 нет");
        assert_eq!(
            visible("a\r\n\u{1b}[31mb\u{202e}c\u{9b}d\u{2028}\0"),
            "a\\r\\n\\u{1b}[31mb\\u{202e}c\\u{9b}d\\u{2028}\\u{0}"
        );
    }
}
