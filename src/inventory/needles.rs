//! The words by which a byte search tells packages that may hold another sender.

/// Each package with a sender that is found in `senders` holds one of these, whatever the case of its letters: all
/// names of classes, procedures, programs and types are made of them. A file beside a package can hold the SQL, which
/// the package then says by `FileConnection`.
///
/// A search that finds more only costs time.
pub(super) const OTHER_SENDERS: [&str; 9] = [
    "mail",
    "smtp",
    "outlook",
    "cdo.message",
    "sp_notify_operator",
    "blat",
    "swaks",
    "mutt",
    "fileconnection",
];

/// Whether bytes hold one of the words, which are given in small letters, in any case.
pub(super) fn any_in(bytes: &[u8], words: &[&str]) -> bool {
    words.iter().any(|word| holds(bytes, word.as_bytes()))
}

fn holds(bytes: &[u8], word: &[u8]) -> bool {
    let Some(&first) = word.first() else {
        return true;
    };
    let starts = memchr::memchr2_iter(first, first.to_ascii_uppercase(), bytes);
    let mut found = starts.map(|start| bytes.get(start..start + word.len()));
    found.any(|piece| piece.is_some_and(|piece| piece.eq_ignore_ascii_case(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_any_case() {
        for text in [
            "x SMTP y",
            "SmtpClient",
            "Send-MAILMessage",
            "FILEConnection",
        ] {
            assert!(any_in(text.as_bytes(), &OTHER_SENDERS), "{text}");
        }
        for text in ["", "mai", "m ail", "smt p"] {
            assert!(!any_in(text.as_bytes(), &OTHER_SENDERS), "{text}");
        }
    }
}
