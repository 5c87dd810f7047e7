//! Mail programs that an Execute Process task, or a script, starts.

use std::ops::Range;

use super::code::Named;
use super::facts::{SenderAuthentication, SenderEncryption};
use super::item;

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
    if let Some(name) = cmdlet(line) {
        return Some(name.to_owned());
    }
    let lower = line.to_ascii_lowercase();
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

/// The cmdlet or class by which a PowerShell text sends mail, lines that are comments left out.
pub(super) fn cmdlet(text: &str) -> Option<&'static str> {
    let lower = text.to_ascii_lowercase();
    let code = |line: &&str| !line.trim_start().starts_with('#');
    let find = |needle: &str| lower.lines().filter(code).any(|line| line.contains(needle));
    let found = CMDLETS.iter().find(|(needle, _)| find(needle));
    found.map(|(_, name)| *name)
}

/// The command that PowerShell is given by `-EncodedCommand` (`-enc`, `-e`, `-ec`), decoded, and where its base64 of
/// UTF-16 stands in the line.
pub(super) fn encoded_command(line: &str) -> Option<(String, Range<usize>)> {
    let words = words(line);
    let pairs = words.windows(2);
    let encoded = pairs.filter_map(|pair| match pair {
        [switch, value] => is_encoding_switch(line.get(switch.clone())?).then(|| value.clone()),
        _ => None,
    });
    encoded
        .filter_map(|range| {
            let bytes = item::decoded(line.get(range.clone())?)?;
            let (units, rest) = bytes.as_chunks::<2>();
            let units: Vec<u16> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
            let text = String::from_utf16(&units).ok()?;
            (rest.is_empty() && !text.is_empty()).then_some((text, range))
        })
        .next()
}

/// PowerShell takes any beginning of a switch's name.
fn is_encoding_switch(word: &str) -> bool {
    let Some(name) = word.strip_prefix(['-', '/', '\u{2013}']) else {
        return false;
    };
    let name = name.to_ascii_lowercase();
    name == "ec" || !name.is_empty() && "encodedcommand".starts_with(&name)
}

/// Whether a line starts PowerShell.
pub(super) fn starts_powershell(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    lower.contains("powershell") || lower.contains("pwsh")
}

/// Where the words of a line are; quotes separate words, too.
fn words(line: &str) -> Vec<Range<usize>> {
    let is_between = |c: char| c.is_whitespace() || matches!(c, '"' | '\'');
    let mut words = Vec::new();
    let mut at = 0;
    for word in line.split(is_between) {
        if !word.is_empty() {
            words.push(at..at + word.len());
        }
        // Blanks can be of several bytes.
        at += word.len();
        at += line
            .get(at..)
            .and_then(|rest| rest.chars().next())
            .map_or(0, char::len_utf8);
    }
    words
}

/// The next value of a line from a place on, with its quotes left out, and whether it had some.
fn value(line: &str, from: usize) -> Option<(Range<usize>, bool)> {
    let rest = line.get(from..)?;
    let start = from + (rest.len() - rest.trim_start_matches([' ', '\t', ':', '=', '(']).len());
    let rest = line.get(start..)?;
    let quote = rest
        .chars()
        .next()
        .filter(|quote| matches!(quote, '"' | '\''));
    if let Some(quote) = quote {
        let inner = rest.get(1..)?;
        let length = inner.find(quote).unwrap_or(inner.len());
        return Some((start + 1..start + 1 + length, true));
    }
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '|' | ';' | ')' | '}' | ',');
    let length = rest.find(ends).unwrap_or(rest.len());
    (length > 0).then_some((start..start + length, false))
}

/// Names before values that no file shows: `$password`, `%PASSWORD%`, `(Get-Secret x)`.
fn is_computed(value: &str) -> bool {
    value.starts_with(['$', '%', '{', '(', '@', '['])
}

/// The server that a command names: `-SmtpServer relay.example.com`, `New-Object Net.Mail.SmtpClient('…')`, and the
/// switches of mail programs.
pub(super) fn smtp_server(line: &str) -> Option<Named> {
    const NAMES: [&str; 3] = ["-smtpserver", "smtpclient", ".host"];
    const SWITCHES: [&str; 5] = ["-server", "--server", "-serversmtp", "-smtp", "-servermail"];
    let lower = line.to_ascii_lowercase();
    let url = ["smtp://", "smtps://"]
        .iter()
        .find_map(|scheme| Some(lower.find(scheme)? + scheme.len()));
    if let Some(start) = url {
        let (range, _) = value(line, start)?;
        return Some(host(line.get(range)?));
    }
    let by_name = NAMES.iter().find_map(|name| {
        let mut start = lower.find(name)? + name.len();
        for between in ["]::new", " -argumentlist"] {
            if lower.get(start..)?.starts_with(between) {
                start += between.len();
            }
        }
        let (range, _) = value(line, start)?;
        // `$client = New-Object Net.Mail.SmtpClient` names none.
        let text = line.get(range)?;
        let is_host = is_computed(text) || text.starts_with(|c: char| c.is_alphanumeric());
        is_host.then_some(text)
    });
    let by_switch = || {
        let words = words(line);
        let at = words.iter().find(|word| {
            let word = lower.get((*word).clone()).unwrap_or_default();
            SWITCHES.contains(&word)
        })?;
        let (range, _) = value(line, at.end)?;
        line.get(range)
    };
    by_name.or_else(by_switch).map(host)
}

fn host(text: &str) -> Named {
    // Mail programs take a port behind the host.
    let name = text.split(['/', ':']).next().unwrap_or(text);
    match name.is_empty() || is_computed(text) {
        true => Named::Unknown,
        false => Named::Literal(name.to_owned()),
    }
}

/// As whom a PowerShell text signs in.
pub(super) fn powershell_authentication(text: &str) -> SenderAuthentication {
    let lower = text.to_ascii_lowercase();
    let has = |word: &str| lower.contains(word);
    // Abbreviated names of parameters are names too.
    if has("-cred") || has("networkcredential") || has(".credentials") {
        SenderAuthentication::Password
    } else if has("usedefaultcredentials") || has("defaultnetworkcredentials") {
        SenderAuthentication::Windows
    } else if has("send-mailmessage @") {
        // The parameters come in a table.
        SenderAuthentication::Unknown
    } else {
        SenderAuthentication::None
    }
}

/// Whether a PowerShell text asks for TLS.
pub(super) fn powershell_encryption(text: &str) -> SenderEncryption {
    let lower = text.to_ascii_lowercase();
    if lower.contains("-usessl") || lower.contains("enablessl") || lower.contains("securesocket") {
        SenderEncryption::On
    } else if lower.contains("send-mailmessage @") || lower.contains("send-mgusermail") {
        SenderEncryption::Computed
    } else {
        SenderEncryption::Unstated
    }
}

/// As whom the mail program of a command line signs in.
pub(super) fn program_authentication(line: &str) -> SenderAuthentication {
    let lower = line.to_ascii_lowercase();
    let has_password = !passwords(line).is_empty()
        || lower.contains("-pass")
        || words(&lower)
            .iter()
            .any(|word| lower.get(word.clone()).is_some_and(is_password_switch));
    match has_password {
        true => SenderAuthentication::Password,
        false => SenderAuthentication::Unknown,
    }
}

/// `-pw` of blat, `-xp` of sendEmail, `-ap` of swaks.
fn is_password_switch(word: &str) -> bool {
    const SWITCHES: [&str; 8] = [
        "-pw",
        "-xp",
        "-ap",
        "-pass",
        "-password",
        "--password",
        "--auth-password",
        "-p:pw",
    ];
    SWITCHES.contains(&word)
}

/// The passwords that a command line holds in clear: where they stand in it.
pub(super) fn passwords(line: &str) -> Vec<Range<usize>> {
    let lower = line.to_ascii_lowercase();
    let mut found = Vec::new();
    let mut add = |range: Option<Range<usize>>| {
        if let Some(range) = range
            && line.get(range.clone()).is_some_and(|text| {
                !text.is_empty() && !is_computed(text) && !text.starts_with('-')
            })
        {
            found.push(range);
        }
    };
    for word in words(line) {
        let text = lower.get(word.clone()).unwrap_or_default();
        if is_password_switch(text) {
            add(value(line, word.end).map(|(range, _)| range));
        } else if matches!(text, "-u" | "--user") && lower.contains("curl") {
            let range = value(line, word.end).map(|(range, _)| range);
            add(range.and_then(|range| {
                let colon = line.get(range.clone())?.find(':')?;
                Some(range.start + colon + 1..range.end)
            }));
        }
    }
    // `ConvertTo-SecureString 'text' -AsPlainText`
    for (at, name) in lower.match_indices("convertto-securestring") {
        let mut from = at + name.len();
        while let Some((range, is_quoted)) = value(line, from) {
            from = range.end;
            let text = lower.get(range.clone()).unwrap_or_default();
            if is_quoted || !text.starts_with('-') {
                add(Some(range));
                break;
            }
        }
    }
    // `NetworkCredential('user', 'text')`
    for (at, name) in lower.match_indices("networkcredential") {
        let user = value(line, at + name.len()).filter(|(_, is_quoted)| *is_quoted);
        let password = user.and_then(|(user, _)| {
            let behind = line.get(user.end + 1..)?;
            let inner = behind.trim_start().strip_prefix(',')?;
            value(line, line.len() - inner.len())
        });
        add(password.filter(|(_, is_quoted)| *is_quoted).map(|it| it.0));
    }
    found
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
        for line in [
            "$c = New-Object System.Net.Mail.SmtpClient('relay.example.com', 25)",
            "$c = [Net.Mail.SmtpClient]::new(\"relay.example.com\")",
            "New-Object Net.Mail.SmtpClient -ArgumentList relay.example.com",
            "$c = New-Object Net.Mail.SmtpClient; $c.Host = 'relay.example.com'",
            "- -to a@example.com -server relay.example.com -u x",
            "curl --url smtps://relay.example.com:465/x --mail-from a",
            "swaks --server relay.example.com:587",
        ] {
            assert_eq!(smtp_server(line), literal("relay.example.com"), "{line}");
        }
        assert_eq!(smtp_server("-To a"), None);
    }

    #[test]
    fn commands_in_base64_are_decoded() {
        use base64::Engine as _;
        let bytes: Vec<u8> = "Send-MailMessage -To ä"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let encoded = base64::engine::general_purpose::STANDARD.encode(bytes);
        for line in [
            format!("-NoProfile -EncodedCommand {encoded}"),
            format!("-ENC \"{encoded}\""),
            format!("/e {encoded} -x"),
            format!("cmd /c \"powershell -ec {encoded}\""),
        ] {
            let (text, range) = encoded_command(&line).unwrap();
            assert_eq!(text, "Send-MailMessage -To ä", "{line}");
            assert_eq!(line[range], encoded, "{line}");
        }
        for line in [
            format!("-ExecutionPolicy {encoded}"),
            encoded.clone(),
            "-enc TWFp".to_owned(),
            "-enc".to_owned(),
            "-e -".to_owned(),
        ] {
            assert_eq!(encoded_command(&line), None, "{line}");
        }
    }

    #[test]
    fn passwords_are_found_where_they_stand() {
        for (line, expected) in [
            ("- -to a -u etl -pw geheim", vec!["geheim"]),
            ("-xu etl -xp \"ge heim\" -o tls=yes", vec!["ge heim"]),
            ("-xu etl -xp %PW%", vec![]),
            ("curl smtp://h -u etl:geheim", vec!["geheim"]),
            (
                "$p = ConvertTo-SecureString -String 'geheim' -AsPlainText -Force",
                vec!["geheim"],
            ),
            ("ConvertTo-SecureString $env:PW -AsPlainText -Force", vec![]),
            (
                "New-Object Net.NetworkCredential('etl', 'geheim')",
                vec!["geheim"],
            ),
            ("New-Object Net.NetworkCredential($u, $p)", vec![]),
            ("-pw", vec![]),
        ] {
            let found: Vec<&str> = passwords(line).into_iter().map(|it| &line[it]).collect();
            assert_eq!(found, expected, "{line}");
        }
    }

    #[test]
    fn a_line_that_is_a_comment_sends_nothing() {
        assert_eq!(cmdlet("Get-Item x\n  # Send-MailMessage -To a"), None);
        assert_eq!(
            cmdlet("# tell\nsend-mailmessage -To a"),
            Some("Send-MailMessage")
        );
    }
}
