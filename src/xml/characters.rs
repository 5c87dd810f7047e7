//! Which characters XML allows where (Extensible Markup Language 1.0, fifth edition, sections 2.2 and 2.3).

/// Whether a document may hold the character at all (production `Char`).
pub(super) fn is_allowed(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}')
}

/// The offset of the first character that no XML document may hold.
pub(super) fn first_forbidden(text: &str) -> Option<usize> {
    // One look over the bytes tells for nearly every file that there is none: control characters are single
    // bytes, and U+FFFE and U+FFFF begin with 0xEF 0xBF.
    let suspicious = |b: &u8| (*b < 0x20 && !matches!(*b, b'\t' | b'\n' | b'\r')) || *b == 0xEF;
    let bytes = text.as_bytes();
    if !bytes
        .chunks(4096)
        .any(|chunk| chunk.iter().fold(false, |any, b| any | suspicious(b)))
    {
        return None;
    }
    text.char_indices()
        .find(|&(_, c)| !is_allowed(c))
        .map(|(at, _)| at)
}

/// White space (production `S`).
pub(super) fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | b'\r')
}

/// Whether `name` is a name without a colon (production `NCName`).
pub(super) fn is_ncname(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(is_name_start) && chars.all(is_name)
}

fn is_name_start(c: char) -> bool {
    match c {
        'A'..='Z' | '_' | 'a'..='z' => true,
        c if c.is_ascii() => false,
        c => matches!(c,
            '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}' | '\u{370}'..='\u{37D}'
            | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}'
            | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}'
            | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}'),
    }
}

fn is_name(c: char) -> bool {
    match c {
        'A'..='Z' | '_' | 'a'..='z' | '0'..='9' | '-' | '.' => true,
        c if c.is_ascii() => false,
        c => {
            is_name_start(c)
                || matches!(c, '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
        }
    }
}

/// What a reference stands for: `name` is what stands between `&` and `;`.
///
/// Only the five predefined entities and character references exist, because documents with a DTD are refused.
pub(super) fn reference(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let (digits, radix) = match number.strip_prefix('x') {
                Some(hexadecimal) => (hexadecimal, 16),
                None => (number, 10),
            };
            // `from_str_radix` would take a sign.
            if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
                return None;
            }
            let code = u32::from_str_radix(digits, radix).ok()?;
            char::from_u32(code).filter(|&c| is_allowed(c))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references() {
        assert_eq!(reference("#xA"), Some('\n'));
        assert_eq!(reference("#1055"), Some('П'));
        for bad in [
            "nbsp",
            "#",
            "#x",
            "#+5",
            "#x-1",
            "#0",
            "#xFFFE",
            "#xD800",
            "#X41",
            "#99999999999",
        ] {
            assert_eq!(reference(bad), None, "{bad}");
        }
    }

    #[test]
    fn forbidden_characters() {
        assert_eq!(first_forbidden("a\t\r\nЖ\u{F000}"), None);
        assert_eq!(first_forbidden("ab\u{1}"), Some(2));
        assert_eq!(first_forbidden("Ж\u{FFFF}"), Some(2));
    }
}
