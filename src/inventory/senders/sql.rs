//! Mail in SQL: Database Mail, its predecessors, and procedures that are named for mail.

use std::ops::Range;

/// What sends mail in a SQL text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SqlMail {
    /// The procedure, without its database and schema.
    pub(super) name: String,
    /// Whether it is one of the server's own, which sends mail for certain.
    pub(super) is_own: bool,
    /// The place of the name in the text, with database and schema.
    pub(super) range: Range<usize>,
}

/// The procedures and packages of servers that send mail.
const OWN: [&str; 5] = [
    "sp_send_dbmail",
    "xp_sendmail",
    "sp_notify_operator",
    "utl_mail",
    "utl_smtp",
];

/// Texts in texts (`EXEC('…')`) are followed so far.
const DEEPEST: usize = 3;

/// What sends mail in a SQL text, each procedure once, comments left out.
pub(super) fn mail_in_sql(text: &str) -> Vec<SqlMail> {
    let mut found = Vec::new();
    look(text, 0, 0, &mut found);
    found.sort_by(|a, b| {
        b.is_own
            .cmp(&a.is_own)
            .then(a.range.start.cmp(&b.range.start))
    });
    let mut names: Vec<String> = Vec::new();
    found.retain(|mail| {
        let name = mail.name.to_ascii_lowercase();
        let is_new = !names.contains(&name);
        names.push(name);
        is_new
    });
    found
}

/// Whether a name is one for mail. What Database Mail is set up and cleared with sends nothing.
pub(super) fn is_named_for_mail(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.contains("mail") && !name.starts_with("sysmail_")
}

fn look(text: &str, base: usize, depth: usize, found: &mut Vec<SqlMail>) {
    let tokens = tokens(text);
    // Without one of these a text is only shown or kept.
    let executes_texts = tokens
        .iter()
        .any(|token| matches!(&token.kind, Kind::Word(word) if executes_texts(word)));
    for (index, token) in tokens.iter().enumerate() {
        let shifted = |range: &Range<usize>| range.start + base..range.end + base;
        match &token.kind {
            Kind::Word(word) if OWN.iter().any(|own| word.eq_ignore_ascii_case(own)) => {
                found.push(SqlMail {
                    name: word.clone(),
                    is_own: true,
                    range: shifted(&token.range),
                });
            }
            Kind::Word(word) if is_call(word) => {
                let mut rest = tokens.get(index + 1..).unwrap_or_default();
                // `EXEC @rc = procedure`
                if let [first, second, after @ ..] = rest
                    && matches!(&first.kind, Kind::Word(word) if word.starts_with('@'))
                    && matches!(second.kind, Kind::Mark('='))
                {
                    rest = after;
                }
                found.extend(procedure(rest, base));
            }
            // A batch may begin with the name of a procedure.
            Kind::Word(_) if index == 0 && depth == 0 => found.extend(procedure(&tokens, base)),
            Kind::Text if depth < DEEPEST && executes_texts => {
                let inner = token.range.start + 1..token.range.end.saturating_sub(1);
                let inner_text = text.get(inner.clone()).unwrap_or_default();
                if inner_text.to_ascii_lowercase().contains("exec") {
                    look(inner_text, base + inner.start, depth + 1, found);
                }
            }
            _ => {}
        }
    }
}

fn executes_texts(word: &str) -> bool {
    const OTHERS: [&str; 4] = ["sp_executesql", "xp_cmdshell", "openquery", "openrowset"];
    is_call(word) || OTHERS.iter().any(|other| word.eq_ignore_ascii_case(other))
}

fn is_call(word: &str) -> bool {
    ["exec", "execute", "call"]
        .iter()
        .any(|call| word.eq_ignore_ascii_case(call))
}

/// The procedure whose name begins the tokens, if it is named for mail: `db.schema.name`, `db..name`.
fn procedure(tokens: &[SqlToken], base: usize) -> Option<SqlMail> {
    let mut parts = tokens
        .iter()
        .take_while(|token| matches!(token.kind, Kind::Word(_) | Kind::Mark('.')));
    let first = parts.next()?;
    let Kind::Word(name) = &first.kind else {
        return None;
    };
    let (mut name, mut end) = (name, first.range.end);
    let mut behind_dot = false;
    for part in parts {
        match &part.kind {
            Kind::Word(word) if behind_dot => {
                (name, end, behind_dot) = (word, part.range.end, false)
            }
            Kind::Word(_) => break,
            _ => behind_dot = true,
        }
    }
    let is_own = OWN.iter().any(|own| name.eq_ignore_ascii_case(own));
    let is_variable = name.starts_with('@');
    (is_named_for_mail(name) && !is_own && !is_variable).then(|| SqlMail {
        name: name.clone(),
        is_own: false,
        range: first.range.start + base..end + base,
    })
}

struct SqlToken {
    kind: Kind,
    range: Range<usize>,
}

enum Kind {
    Word(String),
    Text,
    Mark(char),
}

fn tokens(text: &str) -> Vec<SqlToken> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..)
        && let Some(c) = rest.chars().next()
    {
        let (kind, len) = if c.is_whitespace() {
            (None, c.len_utf8())
        } else if rest.starts_with("--") {
            (None, rest.find('\n').unwrap_or(rest.len()))
        } else if rest.starts_with("/*") {
            (None, block_comment(rest))
        } else if c == '\'' {
            (Some(Kind::Text), quoted(rest, '\''))
        } else if c == '[' || c == '"' {
            let close = if c == '[' { ']' } else { '"' };
            let len = quoted(rest, close);
            let name = rest.get(1..len.saturating_sub(1)).unwrap_or_default();
            (Some(Kind::Word(name.to_owned())), len)
        } else if is_name(c) {
            let len = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
            let word = rest.get(..len).unwrap_or_default();
            (Some(Kind::Word(word.to_owned())), len)
        } else {
            (Some(Kind::Mark(c)), c.len_utf8())
        };
        let len = len.max(1);
        if let Some(kind) = kind {
            tokens.push(SqlToken {
                kind,
                range: at..at + len,
            });
        }
        at += len;
    }
    tokens
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '@' | '#' | '$')
}

/// Comments of Transact-SQL nest.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0usize;
    let mut at = 0;
    while let Some(here) = rest.get(at..)
        && let Some(c) = here.chars().next()
    {
        if here.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with("*/") {
            depth = depth.saturating_sub(1);
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += c.len_utf8();
        }
    }
    rest.len()
}

/// The length of what is quoted, the closing quote doubled inside.
fn quoted(rest: &str, close: char) -> usize {
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == close {
            match chars.peek() {
                Some((_, next)) if *next == close => {
                    chars.next();
                }
                _ => return at + c.len_utf8(),
            }
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(sql: &str) -> Vec<(String, bool)> {
        mail_in_sql(sql)
            .into_iter()
            .map(|mail| {
                assert!(sql.get(mail.range.clone()).unwrap().contains(&mail.name));
                (mail.name, mail.is_own)
            })
            .collect()
    }

    #[test]
    fn database_mail_is_found_however_it_is_called() {
        let own = |name: &str| vec![(name.to_owned(), true)];
        for sql in [
            "EXEC msdb.dbo.sp_send_dbmail @profile_name = 'x'",
            "execute [msdb]..[sp_send_dbmail]",
            "DECLARE @rc int; EXEC @rc = msdb.dbo.sp_send_dbmail",
            "EXEC('EXEC msdb.dbo.sp_send_dbmail @recipients = ''a''')",
            "DECLARE @s nvarchar(99) = N'exec sp_send_dbmail'; exec sp_executesql @s",
            "IF 1 = 1 /* no */ EXEC sp_send_dbmail -- yes",
        ] {
            assert_eq!(names(sql), own("sp_send_dbmail"), "{sql}");
        }
        assert_eq!(names("exec master..xp_sendmail"), own("xp_sendmail"));
        assert_eq!(names("exec Sp_Send_DBMaiL"), own("Sp_Send_DBMaiL"));
    }

    #[test]
    fn what_is_no_call_is_no_sender() {
        for sql in [
            "-- EXEC sp_send_dbmail\nSELECT 1",
            "/* EXEC /* nested */ sp_send_dbmail */ SELECT 1",
            "SELECT Email FROM dbo.Mail",
            "INSERT dbo.Log VALUES ('sp_send_dbmail was called')",
            "EXEC dbo.usp_Load @EmailAddress = 'a'",
            "EXEC @mailproc",
            "SELECT 'please exec sp_send_dbmail by hand' AS hint",
            "EXEC msdb.dbo.sysmail_delete_mailitems_sp",
            "",
        ] {
            assert_eq!(names(sql), [], "{sql}");
        }
    }

    #[test]
    fn procedures_that_are_named_for_mail() {
        let called = |name: &str| vec![(name.to_owned(), false)];
        for (sql, name) in [
            ("EXEC dbo.usp_SendMail ?", "usp_SendMail"),
            ("{call dbo.uspMailReport(?)}", "uspMailReport"),
            ("dbo.Email_Notify 1, 2", "Email_Notify"),
            ("exec [Ops].[dbo].[send e-mail]", "send e-mail"),
        ] {
            assert_eq!(names(sql), called(name), "{sql}");
        }
    }
}
