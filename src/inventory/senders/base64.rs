//! Items of script projects that are stored as base64.

/// The bytes of a base64 text with line ends; `None` where it is none.
pub(super) fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count, mut padding) = (0u32, 0u32, 0u32);
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                padding += 1;
                continue;
            }
            _ => return None,
        };
        if padding > 0 {
            return None;
        }
        bits = (bits << 6) | u32::from(value);
        count += 1;
        if count == 4 {
            bytes.extend_from_slice(bits.to_be_bytes().get(1..)?);
            (bits, count) = (0, 0);
        }
    }
    match (count, padding) {
        (0, 0) => {}
        (2, 2) => bytes.push((bits >> 4).to_be_bytes()[3]),
        (3, 1) => bytes.extend_from_slice((bits >> 2).to_be_bytes().get(2..)?),
        _ => return None,
    }
    Some(bytes)
}

/// The text in such an item: UTF-8, or UTF-16 with its mark.
pub(super) fn text(stored: &str) -> Option<String> {
    // Source code has a blank or a bracket before long.
    let is_likely = stored
        .bytes()
        .take(200)
        .all(|byte| byte.is_ascii_alphanumeric() || b"+/=\r\n\t ".contains(&byte));
    if !is_likely || stored.trim().len() < 16 {
        return None;
    }
    let bytes = decoded(stored)?;
    let source = crate::source::Source::decode(bytes).ok()?;
    let text = source.text();
    (!text.contains('\0')).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_with_line_ends() {
        assert_eq!(decoded("TWFp\r\nbA==\n").unwrap(), b"Mail");
        assert_eq!(decoded("TWFpbHM=").unwrap(), b"Mails");
        assert_eq!(decoded("TWFpbCE/").unwrap(), b"Mail!?");
        for bad in ["TWF", "TW=p", "T", "Mail!", "TWFpbA=", "===="] {
            assert_eq!(decoded(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_text_is_text() {
        let utf16 = "//52AGEAcgAgAHgAOwA=";
        assert_eq!(text(utf16).as_deref(), Some("var x;"));
        assert_eq!(text("using System; class A { }"), None);
        assert_eq!(text("TVqQAAMAAAAEAAAA//8AALgAAAAAAAAA"), None);
    }
}
