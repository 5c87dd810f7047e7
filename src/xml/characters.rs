//! Which characters XML allows where (Extensible Markup Language 1.0, fifth edition, sections 2.2 and 2.3).

use memchr::memchr_iter;

/// Whether a document may hold the character at all (production `Char`).
pub(super) fn is_allowed(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}')
}

/// The offset of the first character that no XML document may hold.
pub(super) fn first_forbidden(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let control = first_control(bytes);
    let end = control.unwrap_or(bytes.len());
    // The only others are U+FFFE and U+FFFF: 0xEF 0xBF 0xBE and 0xEF 0xBF 0xBF.
    let before = bytes.get(..end).unwrap_or_default();
    memchr_iter(0xEF, before)
        .find(|&at| matches!(bytes.get(at..), Some([0xEF, 0xBF, 0xBE | 0xBF, ..])))
        .or(control)
}

/// Written so that the compiler looks at many bytes at a time.
fn first_control(bytes: &[u8]) -> Option<usize> {
    const CHUNK: usize = 1024;
    let is_control = |b: u8| (b < 0x20) & (b != b'\t') & (b != b'\n') & (b != b'\r');
    for (index, chunk) in bytes.chunks(CHUNK).enumerate() {
        let found = chunk
            .iter()
            .fold(0u8, |any, &b| any | u8::from(is_control(b)));
        if found != 0 {
            let within = chunk.iter().position(|&b| is_control(b));
            return within.map(|at| index * CHUNK + at);
        }
    }
    None
}

/// White space (production `S`).
pub(super) fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | b'\r')
}

/// Whether `name` is a name without a colon (production `NCName`).
pub(super) fn is_ncname(name: &str) -> bool {
    let bytes = name.as_bytes();
    let Some((&first, rest)) = bytes.split_first() else {
        return false;
    };
    // Nearly all names are ASCII; a table answers for them.
    let is_ascii_name = name_byte(first) == NameByte::Start
        && rest.iter().all(|&byte| name_byte(byte) != NameByte::Other);
    if is_ascii_name || name.is_ascii() {
        return is_ascii_name;
    }
    let mut chars = name.chars();
    chars.next().is_some_and(is_name_start) && chars.all(is_name)
}

/// Where in an ASCII name without a colon a byte may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameByte {
    /// Anywhere.
    Start,
    /// Not at its beginning.
    Inside,
    /// Nowhere; a byte of another character may still be one of a name.
    Other,
}

pub(super) fn name_byte(byte: u8) -> NameByte {
    static BYTES: [NameByte; 256] = {
        let mut bytes = [NameByte::Other; 256];
        let mut byte = 0;
        while byte < 128 {
            bytes[byte] = match byte as u8 {
                b'A'..=b'Z' | b'_' | b'a'..=b'z' => NameByte::Start,
                b'0'..=b'9' | b'-' | b'.' => NameByte::Inside,
                _ => NameByte::Other,
            };
            byte += 1;
        }
        bytes
    };
    BYTES[usize::from(byte)]
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
