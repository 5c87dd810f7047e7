//! Names of members: percent-encoded UTF-8, as in URIs (RFC 3986 section 2.1).

use std::borrow::Cow;

/// The name as people write it. A name that is no percent-encoded UTF-8 means itself.
pub fn decoded(stored: &str) -> Cow<'_, str> {
    if !stored.contains('%') {
        return Cow::Borrowed(stored);
    }
    let mut bytes = Vec::with_capacity(stored.len());
    let mut rest = stored.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |digit: u8| {
            char::from(digit)
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        };
        match after {
            [high, low, after @ ..] => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => {
                    bytes.push(high << 4 | low);
                    rest = after;
                }
                _ => return Cow::Borrowed(stored),
            },
            _ => return Cow::Borrowed(stored),
        }
    }
    String::from_utf8(bytes).map_or(Cow::Borrowed(stored), Cow::Owned)
}

/// The name as SSIS stores it: everything is encoded but ASCII letters and digits, what RFC 3986 reserves, and
/// `-._~`; of the reserved, `[` and `]` stay too, as in `[Content_Types].xml`.
pub fn encoded(name: &str) -> String {
    let mut stored = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => stored.push(char::from(byte)),
            _ if b"-._~!$&'()*+,;=:@/?#[]".contains(&byte) => stored.push(char::from(byte)),
            _ => stored.push_str(&format!("%{byte:02X}")),
        }
    }
    stored
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_ssis_stores_them() {
        for (name, stored) in [
            ("Package.dtsx", "Package.dtsx"),
            ("Package (1).dtsx", "Package%20(1).dtsx"),
            ("[Content_Types].xml", "[Content_Types].xml"),
            ("@Project.manifest", "@Project.manifest"),
            ("Ночь 100%.dtsx", "%D0%9D%D0%BE%D1%87%D1%8C%20100%25.dtsx"),
        ] {
            assert_eq!(encoded(name), stored);
            assert_eq!(decoded(stored), name);
        }
    }

    #[test]
    fn what_is_not_percent_encoded_means_itself() {
        for stored in ["100%.dtsx", "a%2", "%", "%zz", "%FF", "Ünicode%ZZ"] {
            assert_eq!(decoded(stored), stored);
        }
    }
}
