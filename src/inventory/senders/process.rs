//! Mail programs that an Execute Process task, or a script, starts.

use super::code::Named;

/// Programs whose purpose is to send mail, without their extension.
const PROGRAMS: [&str; 16] = [
    "blat",
    "bmail",
    "cmail",
    "commail",
    "febootimail",
    "mailsend",
    "mailsend-go",
    "mailx",
    "msmtp",
    "mutt",
    "postie",
    "sendemail",
    "sendmail",
    "ssmtp",
    "swaks",
    "wmailto",
];

/// What PowerShell sends mail with.
const CMDLETS: [(&str, &str); 5] = [
    ("send-mailmessage", "Send-MailMessage"),
    ("send-mailkitmessage", "Send-MailKitMessage"),
    ("send-mgusermail", "Send-MgUserMail"),
    ("net.mail.smtpclient", "System.Net.Mail.SmtpClient"),
    ("net.mail.mailmessage", "System.Net.Mail.MailMessage"),
];

/// The program or cmdlet of a command line that sends mail, by its usual name.
pub(super) fn mail_command(line: &str) -> Option<String> {
    let lower = line.to_ascii_lowercase();
    if let Some((_, name)) = CMDLETS.iter().find(|(needle, _)| lower.contains(needle)) {
        return Some((*name).to_owned());
    }
    if lower.contains("curl") && (lower.contains("smtp://") || lower.contains("smtps://")) {
        return Some("curl smtp".to_owned());
    }
    if lower.contains("outlook.exe") && lower.contains("ipm.note") {
        return Some("outlook.exe".to_owned());
    }
    let words = lower.split(|c: char| {
        c.is_whitespace() || matches!(c, '"' | '\'' | '|' | '&' | ';' | '(' | ')')
    });
    words
        .map(|word| word.rsplit(['\\', '/']).next().unwrap_or(word))
        .find_map(|name| {
            let stem = [".exe", ".com"]
                .iter()
                .find_map(|extension| name.strip_suffix(extension))
                .unwrap_or(name);
            if PROGRAMS.contains(&stem) {
                return Some(name.to_owned());
            }
            // A script that is named for what it does.
            let is_script = [".ps1", ".vbs", ".bat", ".cmd", ".py", ".js"]
                .iter()
                .any(|extension| name.ends_with(extension));
            (is_script && name.contains("mail")).then(|| name.to_owned())
        })
}

/// The server that a PowerShell command names: `-SmtpServer relay.example.com`.
pub(super) fn smtp_server(line: &str) -> Option<Named> {
    const SWITCH: &str = "-smtpserver";
    let lower = line.to_ascii_lowercase();
    let at = lower.find(SWITCH)? + SWITCH.len();
    let rest = line.get(at..)?.trim_start_matches([' ', ':', '\t']);
    let host: String = match rest.chars().next() {
        Some(quote @ ('"' | '\'')) => rest.chars().skip(1).take_while(|&c| c != quote).collect(),
        _ => rest
            .chars()
            .take_while(|c| !c.is_whitespace() && !matches!(c, ';' | '"' | '\'' | '|' | '}'))
            .collect(),
    };
    Some(match host.is_empty() || host.starts_with(['$', '{', '(']) {
        true => Named::Unknown,
        false => Named::Literal(host),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_known_by_their_names() {
        for (line, program) in [
            (
                r"C:\Program Files\blat\BLAT.EXE - -to a@example.com",
                "blat.exe",
            ),
            ("cmd /c \"type x | sendmail -t\"", "sendmail"),
            (
                "powershell -Command \"Send-MailMessage -To a\"",
                "Send-MailMessage",
            ),
            (
                r"powershell.exe -File C:\jobs\Send-Mail.ps1",
                "send-mail.ps1",
            ),
            (
                "curl.exe smtp://relay.example.com --mail-from a",
                "curl smtp",
            ),
        ] {
            assert_eq!(mail_command(line).as_deref(), Some(program), "{line}");
        }
        for line in [
            r"C:\mail\unzip.exe archive.zip",
            "robocopy a b",
            "cmd /c del emails.csv",
            "",
        ] {
            assert_eq!(mail_command(line), None, "{line}");
        }
    }

    #[test]
    fn the_server_of_a_cmdlet() {
        let literal = |text: &str| Some(Named::Literal(text.to_owned()));
        assert_eq!(
            smtp_server("Send-MailMessage -SmtpServer relay.example.com -To a"),
            literal("relay.example.com")
        );
        assert_eq!(smtp_server("-smtpserver 'a b'"), literal("a b"));
        assert_eq!(smtp_server("-SmtpServer $server"), Some(Named::Unknown));
        assert_eq!(smtp_server("-To a"), None);
    }
}
