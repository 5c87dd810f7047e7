//! Items of script projects that are stored as base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The bytes of a base64 text with line ends; `None` where it is none.
pub(super) fn decoded(text: &str) -> Option<Vec<u8>> {
    let whole: String = text.split_ascii_whitespace().collect();
    STANDARD.decode(whole).ok()
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
