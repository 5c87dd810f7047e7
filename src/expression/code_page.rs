//! Code pages of `DT_STR` and `DT_TEXT`.

use encoding_rs::Encoding;

use super::error::Error;

/// The code pages that Windows has, those of UTF-16 and UTF-32 aside, which are none for bytes.
const KNOWN: &[u16] = &[
    37, 437, 500, 708, 720, 737, 775, 850, 852, 855, 857, 858, 860, 861, 862, 863, 864, 865, 866,
    869, 870, 874, 875, 932, 936, 949, 950, 1026, 1047, 1140, 1141, 1142, 1143, 1144, 1145, 1146,
    1147, 1148, 1149, 1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258, 1361, 10000, 10001,
    10002, 10003, 10004, 10005, 10006, 10007, 10008, 10010, 10017, 10021, 10029, 10079, 10081,
    10082, 20000, 20001, 20002, 20003, 20004, 20005, 20105, 20106, 20107, 20108, 20127, 20261,
    20269, 20273, 20277, 20278, 20280, 20284, 20285, 20290, 20297, 20420, 20423, 20424, 20833,
    20838, 20866, 20871, 20880, 20905, 20924, 20932, 20936, 20949, 21025, 21027, 21866, 28591,
    28592, 28593, 28594, 28595, 28596, 28597, 28598, 28599, 28603, 28605, 29001, 38598, 50220,
    50221, 50222, 50225, 50227, 50229, 51932, 51936, 51949, 51950, 52936, 54936, 57002, 57003,
    57004, 57005, 57006, 57007, 57008, 57009, 57010, 57011, 65000, 65001,
];

/// Whether Windows has a code page of that number.
pub(super) fn exists(number: i128) -> Option<u16> {
    let number = u16::try_from(number).ok()?;
    KNOWN.binary_search(&number).ok().map(|_| number)
}

/// The bytes of a text in a code page.
///
/// A character that the code page lacks is an error: what the engine puts in its place is not known, and a question
/// mark would hide the loss.
pub(super) fn encode(text: &str, code_page: u16) -> Result<Vec<u8>, Error> {
    if text.is_ascii() && !is_ebcdic(code_page) {
        return Ok(text.as_bytes().to_vec());
    }
    let encoding = encoding(code_page).ok_or_else(|| {
        Error::unproven(format!(
            "dtsx does not know the characters of code page {code_page}"
        ))
        .with_help("use 1252, 65001 or another of the common code pages, or DT_WSTR")
    })?;
    let (bytes, _, lost) = encoding.encode(text);
    if lost {
        return Err(Error::unproven(format!(
            "the text holds characters that code page {code_page} does not have, and what SSIS makes of them is not known"
        ))
        .with_help("use DT_WSTR, or the code page of the text"));
    }
    Ok(bytes.into_owned())
}

/// Length of a text in bytes of a code page.
pub(super) fn encoded_length(text: &str, code_page: u16) -> Result<usize, Error> {
    if text.is_ascii() && !is_ebcdic(code_page) {
        return Ok(text.len());
    }
    encode(text, code_page).map(|bytes| bytes.len())
}

/// EBCDIC does not spell ASCII as ASCII.
fn is_ebcdic(code_page: u16) -> bool {
    matches!(code_page, 37 | 500 | 870 | 875 | 1026 | 1047 | 1140..=1149 | 20273..=20424 | 20833 | 20838 | 20871
        | 20880 | 20905 | 20924 | 21025 | 21027)
}

fn encoding(code_page: u16) -> Option<&'static Encoding> {
    Some(match code_page {
        866 => encoding_rs::IBM866,
        874 => encoding_rs::WINDOWS_874,
        932 => encoding_rs::SHIFT_JIS,
        936 => encoding_rs::GBK,
        949 => encoding_rs::EUC_KR,
        950 => encoding_rs::BIG5,
        1250 => encoding_rs::WINDOWS_1250,
        1251 => encoding_rs::WINDOWS_1251,
        1252 => encoding_rs::WINDOWS_1252,
        1253 => encoding_rs::WINDOWS_1253,
        1254 => encoding_rs::WINDOWS_1254,
        1255 => encoding_rs::WINDOWS_1255,
        1256 => encoding_rs::WINDOWS_1256,
        1257 => encoding_rs::WINDOWS_1257,
        1258 => encoding_rs::WINDOWS_1258,
        10000 => encoding_rs::MACINTOSH,
        20866 => encoding_rs::KOI8_R,
        21866 => encoding_rs::KOI8_U,
        28592 => encoding_rs::ISO_8859_2,
        28593 => encoding_rs::ISO_8859_3,
        28594 => encoding_rs::ISO_8859_4,
        28595 => encoding_rs::ISO_8859_5,
        28596 => encoding_rs::ISO_8859_6,
        28597 => encoding_rs::ISO_8859_7,
        28605 => encoding_rs::ISO_8859_15,
        54936 => encoding_rs::GB18030,
        65001 => encoding_rs::UTF_8,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_for_the_search() {
        assert!(KNOWN.is_sorted());
        assert_eq!(exists(1252), Some(1252));
        assert_eq!(exists(1259), None);
        assert_eq!(exists(-1), None);
        assert_eq!(exists(70_000), None);
    }

    #[test]
    fn lengths_are_those_of_the_bytes() {
        assert_eq!(encoded_length("äö", 1252).unwrap(), 2);
        assert_eq!(encoded_length("äö", 65001).unwrap(), 4);
        assert_eq!(encoded_length("äö", 936).ok(), None);
        assert_eq!(encoded_length("plain", 437).unwrap(), 5);
        assert!(encoded_length("Ж", 1252).is_err());
        assert!(encoded_length("ä", 437).is_err());
    }
}
