//! The words by which a byte search tells packages that may hold what sends mail.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// Each package with a sender holds one of these, in some case: all names of types, classes, procedures and programs
/// are made of them. A file beside a package can hold the SQL, which the package then says by `FileConnection`;
/// PowerShell can be given its command in base64, so that its own name must do.
const WORDS: [&str; 12] = [
    "smtp",
    "mail",
    "outlook",
    "cdo.",
    "notify_operator",
    "blat",
    "swaks",
    "mutt",
    "postie",
    "powershell",
    "pwsh",
    "fileconnection",
];

/// Names in sources and assemblies that scripts keep in base64. They are long enough for their base64 to be found by
/// chance nowhere.
const ENCODED: [&str; 5] = [
    "SmtpClient",
    "SmtpMail",
    "MailMessage",
    "MimeMessage",
    "sp_send_dbmail",
];

/// Bytes that are looked through at once.
const BLOCK: usize = 8 << 10;

/// Whether a text may speak of mail, in whatever case. Where it finds more than there is, that only costs time.
///
/// The bytes are put in lower case a block at a time: a search that knows no case is several times as fast as one that
/// accepts any.
pub(super) fn may_mention_mail(text: &[u8]) -> bool {
    static SEARCH: LazyLock<Option<Search>> = LazyLock::new(Search::new);
    // A search that could not be built finds everything.
    SEARCH.as_ref().is_none_or(|search| search.finds(text))
}

struct Search {
    words: AhoCorasick,
    /// So many bytes of a block are looked at again with the next one: a word may lie across.
    overlap: usize,
}

impl Search {
    fn new() -> Option<Search> {
        let mut words: Vec<String> = WORDS.map(str::to_owned).to_vec();
        words.extend(ENCODED.iter().flat_map(|word| in_base64(word)));
        let longest = words.iter().map(String::len).max()?;
        let kind = MatchKind::LeftmostFirst;
        Some(Search {
            words: AhoCorasick::builder().match_kind(kind).build(words).ok()?,
            overlap: longest - 1,
        })
    }

    fn finds(&self, text: &[u8]) -> bool {
        let mut block = [0; BLOCK];
        let mut rest = text;
        loop {
            let part = rest.get(..BLOCK).unwrap_or(rest);
            let Some(lower) = block.get_mut(..part.len()) else {
                return true;
            };
            lower.copy_from_slice(part);
            lower.make_ascii_lowercase();
            if self.words.is_match(&*lower) {
                return true;
            }
            if part.len() == rest.len() {
                return false;
            }
            rest = rest.get(BLOCK - self.overlap..).unwrap_or_default();
        }
    }
}

/// The three ways in which a word can stand in base64, in lower case, without the characters that its neighbours have a
/// part in.
fn in_base64(word: &str) -> [String; 3] {
    [0, 1, 2].map(|before| {
        let bytes = [vec![0; before], word.as_bytes().to_vec()].concat();
        let text = STANDARD_NO_PAD.encode(&bytes);
        let start = (before * 8).div_ceil(6);
        let end = bytes.len() * 8 / 6;
        text.get(start..end).unwrap_or(&text).to_ascii_lowercase()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_any_case() {
        for text in [
            "x SMTP y",
            "SmtpClient",
            "sEnD-mAiLmEsSaGe",
            "EXEC MSDB.DBO.Sp_Send_DbMaiL",
            "sp_Notify_operator",
            "cdO.Message",
            "FileConnection",
            "PowerShell.exe",
        ] {
            assert!(may_mention_mail(text.as_bytes()), "{text}");
        }
        for text in ["", "mai", "m ail", "smt p", "Package\\Load\\Source.Outputs"] {
            assert!(!may_mention_mail(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn a_word_is_found_wherever_it_lies() {
        let search = Search::new().unwrap();
        for start in (BLOCK - 20..BLOCK + 20).chain([2 * BLOCK - 40, 3 * BLOCK]) {
            let mut text = vec![b'x'; start];
            text.extend(b"sp_Notify_Operator");
            assert!(search.finds(&text), "{start}");
            text.extend(vec![b'y'; BLOCK]);
            assert!(search.finds(&text), "{start}");
        }
        assert!(!search.finds(&vec![b'x'; 3 * BLOCK]));
    }

    #[test]
    fn sources_in_base64_are_found() {
        for before in ["", "u", "us", "using System; new "] {
            let stored = STANDARD_NO_PAD.encode(format!("{before}SmtpClient(host);"));
            assert!(may_mention_mail(stored.as_bytes()), "{stored}");
        }
        let other = STANDARD_NO_PAD.encode("using System; new WebClient(host);");
        assert!(!may_mention_mail(other.as_bytes()));
    }
}
