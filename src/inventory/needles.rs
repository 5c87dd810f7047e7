//! The words by which a byte search tells packages that may hold what sends mail.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

/// Each package with a sender holds one of these: all names of types, classes, procedures and programs are made of
/// them. A file beside a package can hold the SQL, which the package then says by `FileConnection`.
///
/// SQL and Visual Basic write names in any case; they are looked for in small letters, in capitals, and with a capital
/// at the beginning. A search for every mixture would take several times as long, and `sMtP` is not what people write.
const WORDS: [&str; 25] = [
    "smtp",
    "Smtp",
    "SMTP",
    "mail",
    "Mail",
    "MAIL",
    "outlook",
    "Outlook",
    "OUTLOOK",
    "cdo.",
    "Cdo.",
    "CDO.",
    "notify_operator",
    "Notify_Operator",
    "NOTIFY_OPERATOR",
    "blat",
    "Blat",
    "BLAT",
    "swaks",
    "Swaks",
    "SWAKS",
    "mutt",
    "Mutt",
    "MUTT",
    "FileConnection",
];

/// Whether a text may speak of mail. Where it finds more than there is, that only costs time.
pub(super) fn may_mention_mail(text: &[u8]) -> bool {
    static SEARCH: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
        let kind = MatchKind::LeftmostFirst;
        AhoCorasick::builder().match_kind(kind).build(WORDS).ok()
    });
    // A search that could not be built finds everything.
    SEARCH.as_ref().is_none_or(|search| search.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_the_usual_cases() {
        for text in [
            "x SMTP y",
            "SmtpClient",
            "Send-MAILMessage",
            "EXEC MSDB.DBO.SP_SEND_DBMAIL",
            "sp_notify_operator",
            "CDO.Message",
            "FileConnection",
        ] {
            assert!(may_mention_mail(text.as_bytes()), "{text}");
        }
        for text in ["", "mai", "m ail", "smt p", "Package\\Load\\Source.Outputs"] {
            assert!(!may_mention_mail(text.as_bytes()), "{text}");
        }
    }
}
