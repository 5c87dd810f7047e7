//! What a script in C# or Visual Basic does about mail: with which library, through which host, as whom.

use std::ops::Range;

use super::facts::{MailMeans, SenderAuthentication, SenderEncryption};
use super::lex::{Language, Token, TokenKind, tokens};
use super::process::{
    cmdlet, encoded_command, mail_command, powershell_authentication, powershell_encryption,
};
use super::sql::mail_in_sql;

/// What one source file does about mail.
#[derive(Debug)]
pub(super) struct CodeMail {
    pub(super) means: MailMeans,
    pub(super) evidence: String,
    pub(super) range: Range<usize>,
    pub(super) hosts: Vec<(Named, Range<usize>)>,
    pub(super) authentication: SenderAuthentication,
    pub(super) encryption: SenderEncryption,
    /// The passwords that are written here, with their quotes.
    pub(super) secrets: Vec<Range<usize>>,
    /// Procedures that are named for mail.
    pub(super) procedures: Vec<(String, Range<usize>)>,
}

/// What an expression of a script gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// This text.
    Literal(String),
    /// The value of this variable or parameter of the package.
    Variable(String),
    /// Something else.
    Unknown,
}

/// What sends mail in a source file, its comments left out; `None` where nothing does.
pub(super) fn mail_in_code(source: &str, language: Language) -> Option<CodeMail> {
    let tokens = tokens(source, language);
    let code = Code {
        tokens: &tokens,
        language,
    };
    let procedures = code.procedures();
    let (means, evidence, range) = match code.evidence() {
        Some(found) => found,
        None => {
            let (name, range) = procedures.first()?;
            (MailMeans::Procedure, name.clone(), range.clone())
        }
    };
    let mut secrets = Vec::new();
    let authentication = code.authentication(means, &mut secrets);
    secrets.sort_by_key(|range| range.start);
    secrets.dedup();
    Some(CodeMail {
        means,
        evidence,
        range,
        hosts: code.hosts(means),
        authentication,
        encryption: code.encryption(means),
        secrets,
        procedures,
    })
}

/// The words of libraries, most telling first; the first that is found names the means.
const WORDS: [(&str, MailMeans, &str); 14] = [
    ("MailKit", MailMeans::MailKit, "MailKit"),
    ("MimeKit", MailMeans::MailKit, "MimeKit"),
    ("MimeMessage", MailMeans::MailKit, "MimeKit.MimeMessage"),
    ("EASendMail", MailMeans::OtherLibrary, "EASendMail"),
    (
        "SendGridClient",
        MailMeans::OtherLibrary,
        "SendGrid.SendGridClient",
    ),
    (
        "SendGridMessage",
        MailMeans::OtherLibrary,
        "SendGrid.SendGridMessage",
    ),
    (
        "AmazonSimpleEmailServiceClient",
        MailMeans::OtherLibrary,
        "Amazon.SimpleEmail.AmazonSimpleEmailServiceClient",
    ),
    ("MailMan", MailMeans::OtherLibrary, "Chilkat.MailMan"),
    (
        "ExchangeService",
        MailMeans::Exchange,
        "Microsoft.Exchange.WebServices.Data.ExchangeService",
    ),
    (
        "SmtpMail",
        MailMeans::SystemWebMail,
        "System.Web.Mail.SmtpMail",
    ),
    (
        "SmtpClient",
        MailMeans::SystemNetMail,
        "System.Net.Mail.SmtpClient",
    ),
    (
        "MailMessage",
        MailMeans::SystemNetMail,
        "System.Net.Mail.MailMessage",
    ),
    ("CDO", MailMeans::Cdo, "CDO.Message"),
    ("CDONTS", MailMeans::Cdo, "CDONTS.NewMail"),
];

/// Where a name is followed from one assignment to the next, no further than this.
const DEEPEST: usize = 4;

struct Code<'c, 's> {
    tokens: &'c [Token<'s>],
    language: Language,
}

impl<'s> Code<'_, 's> {
    fn is(&self, token: &Token<'_>, word: &str) -> bool {
        token.is_word()
            && match self.language {
                Language::CSharp => token.text == word,
                Language::VisualBasic => token.text.eq_ignore_ascii_case(word),
            }
    }

    fn token(&self, at: usize) -> Option<&Token<'s>> {
        self.tokens.get(at)
    }

    fn is_at(&self, at: usize, word: &str) -> bool {
        self.token(at).is_some_and(|token| self.is(token, word))
    }

    fn is_mark_at(&self, at: usize, mark: char) -> bool {
        self.token(at).is_some_and(|token| token.is_mark(mark))
    }

    /// The places of a word.
    fn places(&self, word: &str) -> impl Iterator<Item = usize> {
        let tokens = self.tokens.iter().enumerate();
        tokens
            .filter(move |(_, token)| self.is(token, word))
            .map(|(at, _)| at)
    }

    fn has(&self, word: &str) -> bool {
        self.places(word).next().is_some()
    }

    fn evidence(&self) -> Option<(MailMeans, String, Range<usize>)> {
        for (word, means, evidence) in WORDS {
            let mut places = self
                .places(word)
                .filter(|&at| !self.is_import(at) || means == MailMeans::MailKit);
            let is_used = |at: &usize| match word {
                // A name of three letters says nothing without what it belongs to.
                "CDO" => self.is_mark_at(at + 1, '.') && self.is_at(at + 2, "Message"),
                _ => true,
            };
            if let Some(at) = places.find(is_used) {
                let range = self.token(at)?.range.clone();
                return Some((means, evidence.to_owned(), range));
            }
        }
        self.outlook().or_else(|| self.in_texts())
    }

    /// `using System.Net.Mail;` sends nothing yet.
    fn is_import(&self, at: usize) -> bool {
        let before = self.tokens.get(..at).unwrap_or_default();
        let start = before
            .iter()
            .rposition(|token| token.kind == TokenKind::LineEnd || token.is_mark(';'))
            .map_or(0, |end| end + 1);
        self.is_at(start, "using") && !self.is_mark_at(start + 1, '(')
            || self.is_at(start, "Imports")
    }

    /// `Outlook.Application`, whatever name was given to the namespace before the dot.
    fn outlook(&self) -> Option<(MailMeans, String, Range<usize>)> {
        let application = self.places("Outlook").find(|&at| {
            !self.is_import(at)
                && self.is_mark_at(at + 1, '.')
                && (self.is_at(at + 2, "Application") || self.is_at(at + 2, "MailItem"))
        });
        let (at, evidence) = match application {
            Some(at) => (at, "Microsoft.Office.Interop.Outlook"),
            None => (self.places("olMailItem").next()?, "olMailItem"),
        };
        let range = self.token(at)?.range.clone();
        Some((MailMeans::Outlook, evidence.to_owned(), range))
    }

    /// What is started, created or executed by its name in a text.
    fn in_texts(&self) -> Option<(MailMeans, String, Range<usize>)> {
        let starts_processes = ["Process", "ProcessStartInfo", "Shell", "PowerShell"]
            .iter()
            .any(|word| self.has(word));
        let texts = self
            .tokens
            .iter()
            .filter(|token| matches!(token.kind, TokenKind::Text | TokenKind::Interpolated));
        for token in texts {
            let text = &token.text;
            let found =
                |means, evidence: &str| Some((means, evidence.to_owned(), token.range.clone()));
            let begins = |with: &str| {
                text.get(..with.len())
                    .is_some_and(|start| start.eq_ignore_ascii_case(with))
            };
            if begins("CDO.Message") || begins("CDONTS.") {
                return found(MailMeans::Cdo, text);
            }
            if begins("Outlook.Application") {
                return found(MailMeans::Outlook, text);
            }
            if starts_processes
                && let Some((command, _)) = encoded_command(text)
                && let Some(name) = cmdlet(&command)
            {
                return found(MailMeans::PowerShell, &format!("{name} in -EncodedCommand"));
            }
            if let Some(name @ ("Send-MailMessage" | "Send-MailKitMessage" | "Send-MgUserMail")) =
                cmdlet(text)
            {
                return found(MailMeans::PowerShell, name);
            }
            if let Some(own) = mail_in_sql(text).into_iter().find(|it| it.is_own) {
                return found(MailMeans::DatabaseMail, &own.name);
            }
            if starts_processes && let Some(program) = mail_command(text) {
                let means = match cmdlet(text) {
                    Some(_) => MailMeans::PowerShell,
                    None => MailMeans::Program,
                };
                return found(means, &program);
            }
        }
        None
    }

    /// Procedures named for mail, in texts that call them or are their bare names behind `CommandText =`.
    fn procedures(&self) -> Vec<(String, Range<usize>)> {
        let mut found = Vec::new();
        for (at, token) in self.tokens.iter().enumerate() {
            if !token.is_text() || !token.text.to_ascii_lowercase().contains("mail") {
                continue;
            }
            let is_command = at >= 2
                && self.is_mark_at(at - 1, '=')
                && self.is_at(at - 2, "CommandText")
                || at >= 2 && self.is_mark_at(at - 1, '(') && {
                    let created = self.token(at - 2);
                    created.is_some_and(|token| token.is_word() && token.text.ends_with("Command"))
                };
            let lower = token.text.to_ascii_lowercase();
            let is_call = ["exec", "call"].iter().any(|call| lower.contains(call));
            if !is_command && !is_call {
                continue;
            }
            let called = mail_in_sql(&token.text).into_iter().filter(|it| !it.is_own);
            found.extend(called.map(|it| (it.name, token.range.clone())));
        }
        found
    }

    fn hosts(&self, means: MailMeans) -> Vec<(Named, Range<usize>)> {
        let mut expressions = Vec::new();
        if means == MailMeans::SystemNetMail {
            for at in self.places("SmtpClient") {
                // `new SmtpClient(host)`, `New Net.Mail.SmtpClient(host)`
                if self.is_created(at) && self.is_mark_at(at + 1, '(') {
                    expressions.extend(self.arguments(at + 1).into_iter().next());
                }
            }
            expressions.extend(self.assigned("Host"));
        }
        if means == MailMeans::MailKit {
            for word in ["Connect", "ConnectAsync"] {
                for at in self.places(word) {
                    if at > 0 && self.is_mark_at(at - 1, '.') && self.is_mark_at(at + 1, '(') {
                        expressions.extend(self.arguments(at + 1).into_iter().next());
                    }
                }
            }
        }
        if matches!(means, MailMeans::SystemWebMail | MailMeans::OtherLibrary) {
            expressions.extend(self.assigned("SmtpServer"));
            expressions.extend(self.assigned("SmtpHost"));
        }
        if means == MailMeans::OtherLibrary {
            for at in self.places("SmtpServer") {
                if self.is_created(at) && self.is_mark_at(at + 1, '(') {
                    expressions.extend(self.arguments(at + 1).into_iter().next());
                }
            }
        }
        if means == MailMeans::Cdo {
            expressions.extend(self.field("/smtpserver"));
        }
        if means == MailMeans::PowerShell {
            return self
                .powershell()
                .filter_map(|(text, range)| Some((super::process::smtp_server(&text)?, range)))
                .collect();
        }
        let mut hosts: Vec<(Named, Range<usize>)> = Vec::new();
        for expression in expressions {
            if let Some((named, range)) = self.value(&expression, 0)
                && !hosts.iter().any(|(known, _)| *known == named)
            {
                hosts.push((named, range));
            }
        }
        // What is known tells more than that something else is there too.
        if hosts.iter().any(|(named, _)| *named != Named::Unknown) {
            hosts.retain(|(named, _)| *named != Named::Unknown);
        }
        hosts
    }

    /// The texts of a script, those that are commands in base64 decoded.
    fn powershell(&self) -> impl Iterator<Item = (String, Range<usize>)> {
        let texts = self
            .tokens
            .iter()
            .filter(|token| matches!(token.kind, TokenKind::Text | TokenKind::Interpolated));
        texts.map(|token| {
            let text = match encoded_command(&token.text) {
                Some((command, _)) => command,
                None => token.text.to_string(),
            };
            (text, token.range.clone())
        })
    }

    fn authentication(
        &self,
        means: MailMeans,
        secrets: &mut Vec<Range<usize>>,
    ) -> SenderAuthentication {
        if means == MailMeans::PowerShell {
            let all: Vec<(String, Range<usize>)> = self.powershell().collect();
            let with_secrets = all
                .iter()
                .filter(|(text, _)| !super::process::passwords(text).is_empty());
            secrets.extend(with_secrets.map(|(_, range)| range.clone()));
            let whole: Vec<&str> = all.iter().map(|(text, _)| text.as_str()).collect();
            return powershell_authentication(&whole.join("\n"));
        }
        let mut is_password = false;
        let mut password = |expression: Option<&Range<usize>>| {
            is_password = true;
            let value = expression.and_then(|expression| self.value(expression, 0));
            if let Some((Named::Literal(text), range)) = value
                && !text.is_empty()
            {
                secrets.push(range);
            }
        };
        for word in ["NetworkCredential", "WebCredentials", "BasicCredentials"] {
            for at in self.places(word) {
                if !self.is_created(at) {
                    continue;
                }
                if self.is_mark_at(at + 1, '(') {
                    let arguments = self.arguments(at + 1);
                    if !arguments.is_empty() {
                        password(arguments.get(1));
                    }
                }
                // `new NetworkCredential { … }`, `new NetworkCredential()`: the password comes by its name.
                for assigned in self.assigned("Password") {
                    password(Some(&assigned));
                }
            }
        }
        for word in ["Authenticate", "AuthenticateAsync"] {
            for at in self.places(word) {
                if at > 0 && self.is_mark_at(at - 1, '.') && self.is_mark_at(at + 1, '(') {
                    let arguments = self.arguments(at + 1);
                    // Before the user there may be an encoding.
                    password(arguments.get(1));
                }
            }
        }
        for expression in self.field("/sendpassword") {
            password(Some(&expression));
        }
        if is_password {
            return SenderAuthentication::Password;
        }
        let is_windows = ["DefaultNetworkCredentials", "DefaultCredentials"]
            .iter()
            .any(|word| self.has(word))
            || self
                .assigned("UseDefaultCredentials")
                .iter()
                .any(|expression| {
                    let tokens = self.tokens.get(expression.clone()).unwrap_or_default();
                    tokens
                        .iter()
                        .any(|token| token.text.eq_ignore_ascii_case("true"))
                });
        if is_windows {
            return SenderAuthentication::Windows;
        }
        // `Credentials = credentials` that somebody gave.
        let is_given = self.assigned("Credentials").iter().any(|expression| {
            let tokens = self.tokens.get(expression.clone()).unwrap_or_default();
            !tokens
                .iter()
                .any(|token| self.is(token, "null") || self.is(token, "Nothing"))
        });
        match is_given {
            true => SenderAuthentication::Password,
            false => SenderAuthentication::None,
        }
    }

    fn encryption(&self, means: MailMeans) -> SenderEncryption {
        let words = |expression: &Range<usize>| -> Vec<String> {
            let tokens = self.tokens.get(expression.clone()).unwrap_or_default();
            let words = tokens.iter().filter(|token| token.is_word());
            words.map(|token| token.text.to_ascii_lowercase()).collect()
        };
        let mut says = Vec::new();
        match means {
            MailMeans::MailKit => {
                for word in ["Connect", "ConnectAsync"] {
                    for at in self.places(word).filter(|at| self.is_mark_at(at + 1, '(')) {
                        says.extend(self.arguments(at + 1).get(2).map(words));
                    }
                }
            }
            MailMeans::Cdo => says.extend(self.field("/smtpusessl").iter().map(words)),
            MailMeans::PowerShell => {
                let all: String = self.powershell().map(|(text, _)| text + "\n").collect();
                return powershell_encryption(&all);
            }
            _ => says.extend(self.assigned("EnableSsl").iter().map(words)),
        }
        let has = |word: &str| says.iter().any(|words| words.iter().any(|it| it == word));
        if has("true") || has("starttls") || has("sslonconnect") {
            SenderEncryption::On
        } else if says.is_empty() {
            SenderEncryption::Unstated
        } else if has("none") || (has("false") && means != MailMeans::MailKit) {
            SenderEncryption::Off
        } else {
            SenderEncryption::Computed
        }
    }

    /// Whether the name that ends at a token is that of an object that is made here.
    fn is_created(&self, at: usize) -> bool {
        let mut first = at;
        while first >= 2 && self.is_mark_at(first - 1, '.') {
            first -= 2;
        }
        first > 0
            && self.is_at(
                first - 1,
                if self.language == Language::CSharp {
                    "new"
                } else {
                    "New"
                },
            )
    }

    /// The expressions that are assigned to a name or a member of this name.
    fn assigned(&self, name: &str) -> Vec<Range<usize>> {
        let places = self.places(name);
        places
            .filter_map(|at| {
                let mut equals = at + 1;
                // `Dim host As String = …`
                if self.is_at(equals, "As") {
                    equals += 1;
                    while self
                        .token(equals)
                        .is_some_and(|token| token.is_word() || token.is_mark('.'))
                    {
                        equals += 1;
                    }
                }
                let is_assignment = self.is_mark_at(equals, '=')
                    && !self.is_mark_at(equals + 1, '=')
                    && !self.is_mark_at(equals + 1, '>');
                is_assignment.then(|| self.expression(equals + 1))
            })
            .collect()
    }

    /// What is assigned to a field that is named by an address: `.Item("…/smtpserver").Value = …`
    fn field(&self, ending: &str) -> Vec<Range<usize>> {
        const NEAR: usize = 8;
        let fields = self.tokens.iter().enumerate().filter(|(_, token)| {
            token.is_text() && token.text.to_ascii_lowercase().ends_with(ending)
        });
        fields
            .filter_map(|(at, _)| {
                let equals = (at + 1..at + NEAR).find(|&next| self.is_mark_at(next, '='))?;
                Some(self.expression(equals + 1))
            })
            .collect()
    }

    /// The tokens from a place to the end of the expression that begins there.
    fn expression(&self, start: usize) -> Range<usize> {
        let mut depth = 0usize;
        let mut at = start;
        while let Some(token) = self.token(at) {
            match token.kind {
                TokenKind::Mark('(' | '[' | '{') => depth += 1,
                TokenKind::Mark(')' | ']' | '}') if depth == 0 => break,
                TokenKind::Mark(')' | ']' | '}') => depth -= 1,
                TokenKind::Mark(',' | ';') if depth == 0 => break,
                TokenKind::LineEnd if depth == 0 => break,
                // An assignment goes no further, whatever nobody closed.
                TokenKind::Mark(';') => break,
                _ => {}
            }
            at += 1;
        }
        start..at
    }

    /// The arguments of a call whose opening bracket is at a place.
    fn arguments(&self, open: usize) -> Vec<Range<usize>> {
        let mut arguments = Vec::new();
        let mut at = open + 1;
        loop {
            while self
                .token(at)
                .is_some_and(|token| token.kind == TokenKind::LineEnd)
            {
                at += 1;
            }
            let mut argument = self.expression(at);
            let end = argument.end;
            // `host: "x"`, `host:="x"`
            if self.is_mark_at(argument.start + 1, ':')
                && self.tokens.get(argument.start).is_some_and(Token::is_word)
            {
                argument.start += if self.is_mark_at(argument.start + 2, '=') {
                    3
                } else {
                    2
                };
                argument.start = argument.start.min(end);
            }
            if argument.is_empty() {
                return arguments;
            }
            arguments.push(argument);
            match self.token(end) {
                Some(token) if token.is_mark(',') => at = end + 1,
                Some(token) if token.kind == TokenKind::LineEnd => at = end + 1,
                _ => return arguments,
            }
        }
    }

    /// What an expression gives, and where that is written; `None` for an expression of nothing.
    fn value(&self, expression: &Range<usize>, depth: usize) -> Option<(Named, Range<usize>)> {
        let tokens = self.tokens.get(expression.clone())?;
        let (first, last) = (tokens.first()?, tokens.last()?);
        let whole = first.range.start..last.range.end;
        if let Some(found) = self.variable(expression) {
            return Some(found);
        }
        let is_plain = tokens.iter().all(|token| match token.kind {
            TokenKind::Text | TokenKind::LineEnd => true,
            TokenKind::Mark(mark) => matches!(mark, '+' | '&' | '(' | ')'),
            TokenKind::Word | TokenKind::Interpolated => false,
        });
        let texts: Vec<&Token<'_>> = tokens.iter().filter(|token| token.is_text()).collect();
        if is_plain && let (Some(first), Some(last)) = (texts.first(), texts.last()) {
            let text = texts.iter().map(|token| token.text.as_ref()).collect();
            return Some((Named::Literal(text), first.range.start..last.range.end));
        }
        if !texts.is_empty() || depth >= DEEPEST {
            return Some((Named::Unknown, whole));
        }
        let mut behind_dot = false;
        for token in tokens {
            let is_name = token.is_word() && !behind_dot;
            behind_dot = token.is_mark('.') && !matches!(first.text.as_ref(), "this" | "Me");
            if !is_name {
                continue;
            }
            let mut given: Vec<(Named, Range<usize>)> = self
                .assigned(&token.text)
                .iter()
                .filter(|assigned| **assigned != *expression && !overlap(assigned, expression))
                .filter_map(|assigned| self.value(assigned, depth + 1))
                .collect();
            // `string host = "";` only declares it.
            if given.len() > 1 {
                given.retain(|(named, _)| *named != Named::Literal(String::new()));
            }
            let distinct = given.first().cloned();
            if let Some((named, range)) = distinct {
                return match given.iter().all(|(other, _)| *other == named) {
                    true => Some((named, range)),
                    false => Some((Named::Unknown, whole)),
                };
            }
        }
        Some((Named::Unknown, whole))
    }

    /// `Dts.Variables["User::Smtp"].Value`, `Dts.Variables.Item("Smtp")`, `Variables.Smtp` of a component.
    fn variable(&self, expression: &Range<usize>) -> Option<(Named, Range<usize>)> {
        let at = expression
            .clone()
            .find(|&at| self.is_at(at, "Variables") || self.is_at(at, "vars"))?;
        let mut next = at + 1;
        if self.is_mark_at(next, '.') {
            let member = self.token(next + 1)?;
            if !self.is(member, "Item") {
                let is_name = member.is_word() && self.is_at(at, "Variables");
                return is_name.then(|| {
                    (
                        Named::Variable(member.text.to_string()),
                        member.range.clone(),
                    )
                });
            }
            next += 2;
        }
        if !self.is_mark_at(next, '[') && !self.is_mark_at(next, '(') {
            return None;
        }
        match self.token(next + 1) {
            Some(token) if token.is_text() => Some((
                Named::Variable(token.text.trim().to_owned()),
                token.range.clone(),
            )),
            Some(token) => Some((Named::Unknown, token.range.clone())),
            None => None,
        }
    }
}

fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start < b.end && b.start < a.end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn c_sharp(source: &str) -> CodeMail {
        mail_in_code(source, Language::CSharp).unwrap()
    }

    fn visual_basic(source: &str) -> CodeMail {
        mail_in_code(source, Language::VisualBasic).unwrap()
    }

    fn host(mail: &CodeMail) -> &Named {
        &mail.hosts.first().unwrap().0
    }

    fn literal(text: &str) -> Named {
        Named::Literal(text.to_owned())
    }

    fn variable(text: &str) -> Named {
        Named::Variable(text.to_owned())
    }

    #[test]
    fn a_comment_is_no_sender() {
        for source in [
            "// new SmtpClient(\"a\")\nint x;",
            "/* MailMessage m; */",
            "using System.Net.Mail;\nusing MailMessage = My.Own;",
            "string s = \"SmtpClient\";",
            "class Mailer { string email; }",
        ] {
            assert!(mail_in_code(source, Language::CSharp).is_none(), "{source}");
        }
        for source in [
            "' New SmtpClient(\"a\")\nDim x",
            "REM MailMessage",
            "Imports System.Net.Mail",
        ] {
            assert!(
                mail_in_code(source, Language::VisualBasic).is_none(),
                "{source}"
            );
        }
    }

    #[test]
    fn hosts_however_they_are_named() {
        for (source, expected) in [
            (
                "var c = new SmtpClient(\"a.example\", 25);",
                literal("a.example"),
            ),
            (
                "var c = new System.Net.Mail.SmtpClient(\"a\" + \".example\");",
                literal("a.example"),
            ),
            ("var c = new SmtpClient(host: \"a\");", literal("a")),
            ("var c = new SmtpClient { Host = \"a\" };", literal("a")),
            (
                "SmtpClient c = new SmtpClient(); c.Host = \"a\";",
                literal("a"),
            ),
            (
                "string h = \"\"; h = \"a\"; var c = new SmtpClient(h);",
                literal("a"),
            ),
            (
                "var c = new SmtpClient(Dts.Variables[\"User::Smtp\"].Value.ToString());",
                variable("User::Smtp"),
            ),
            (
                "string h = (string)Dts.Variables[\"$Project::Smtp\"].Value; var c = new SmtpClient(h.Trim());",
                variable("$Project::Smtp"),
            ),
            ("var c = new SmtpClient(Variables.Smtp);", variable("Smtp")),
            ("var c = new SmtpClient(Config(\"a\"));", Named::Unknown),
            (
                "string h = \"a\"; h = \"b\"; var c = new SmtpClient(h);",
                Named::Unknown,
            ),
        ] {
            assert_eq!(host(&c_sharp(source)), &expected, "{source}");
        }
        for (source, expected) in [
            ("Dim c As New SmtpClient(\"a\")", literal("a")),
            (
                "Dim h As String = \"a\"\nDim c = New Net.Mail.SmtpClient(h)",
                literal("a"),
            ),
            (
                "dim c = new smtpclient(Dts.Variables(\"smtp\").Value.ToString)",
                variable("smtp"),
            ),
            (
                "Dim c As SmtpClient\nc = New SmtpClient( _\n CType(Dts.Variables.Item(\"s\").Value, String))",
                variable("s"),
            ),
            (
                "With New SmtpClient()\n.Host = \"a\"\nEnd With",
                literal("a"),
            ),
        ] {
            assert_eq!(host(&visual_basic(source)), &expected, "{source}");
        }
    }

    #[test]
    fn passwords_that_are_written_down() {
        let secrets = |source: &str, language| -> Vec<String> {
            let mail = mail_in_code(source, language).unwrap();
            let texts = mail.secrets.into_iter();
            texts
                .map(|range| source.get(range).unwrap().to_owned())
                .collect()
        };
        for (source, expected) in [
            (
                "new SmtpClient(); c.Credentials = new NetworkCredential(\"u\", \"p\");",
                "\"p\"",
            ),
            (
                "SmtpClient c; string p = @\"x\"\"y\"; c.Credentials = new System.Net.NetworkCredential(user, p);",
                "@\"x\"\"y\"",
            ),
            (
                "SmtpClient c; new NetworkCredential { UserName = \"u\", Password = \"p\" };",
                "\"p\"",
            ),
            ("MimeMessage m; client.Authenticate(\"u\", \"p\");", "\"p\""),
        ] {
            assert_eq!(secrets(source, Language::CSharp), [expected], "{source}");
        }
        let basic =
            "Dim c As New SmtpClient\nc.Credentials = New NetworkCredential(\"u\", \"p\", \"d\")";
        assert_eq!(secrets(basic, Language::VisualBasic), ["\"p\""]);
        let cdo = "x = CreateObject(\"CDO.Message\")\nx.Fields.Item(\"http://schemas.microsoft.com/cdo/configuration/sendpassword\").Value = \"p\"";
        assert_eq!(secrets(cdo, Language::VisualBasic), ["\"p\""]);
        let given =
            "SmtpClient c; new NetworkCredential(\"u\", Dts.Variables[\"P\"].Value.ToString());";
        assert_eq!(secrets(given, Language::CSharp), [""; 0]);
        assert_eq!(
            c_sharp(given).authentication,
            SenderAuthentication::Password
        );
    }

    #[test]
    fn encryption_and_authentication() {
        use SenderAuthentication as A;
        use SenderEncryption as E;
        for (source, encryption, authentication) in [
            ("new SmtpClient();", E::Unstated, A::None),
            (
                "new SmtpClient { EnableSsl = true, UseDefaultCredentials = true };",
                E::On,
                A::Windows,
            ),
            (
                "c = new SmtpClient(); c.EnableSsl = false; c.Credentials = CredentialCache.DefaultNetworkCredentials;",
                E::Off,
                A::Windows,
            ),
            (
                "c = new SmtpClient(); c.EnableSsl = ssl; c.Credentials = given;",
                E::Computed,
                A::Password,
            ),
            (
                "MimeMessage m; c.Connect(\"h\", 587, SecureSocketOptions.StartTls);",
                E::On,
                A::None,
            ),
            (
                "MimeMessage m; c.Connect(\"h\", 25, SecureSocketOptions.None);",
                E::Off,
                A::None,
            ),
        ] {
            let mail = c_sharp(source);
            assert_eq!(
                (mail.encryption, mail.authentication),
                (encryption, authentication),
                "{source}"
            );
        }
    }

    #[test]
    fn other_means() {
        let means = |source: &str| c_sharp(source).means;
        assert_eq!(
            means("using MailKit.Net.Smtp; var c = new SmtpClient();"),
            MailMeans::MailKit
        );
        assert_eq!(
            means("var o = new Outlook.Application();"),
            MailMeans::Outlook
        );
        assert_eq!(
            means("Type.GetTypeFromProgID(\"Outlook.Application\");"),
            MailMeans::Outlook
        );
        assert_eq!(
            means("Process.Start(\"powershell\", \"-Command Send-MailMessage -To a\");"),
            MailMeans::PowerShell
        );
        assert_eq!(
            means("Process.Start(@\"C:\\tools\\blat.exe\", args);"),
            MailMeans::Program
        );
        assert_eq!(
            means("c.CommandText = \"EXEC msdb.dbo.sp_send_dbmail\";"),
            MailMeans::DatabaseMail
        );
        let called = c_sharp("c.CommandText = \"dbo.usp_SendMail\";");
        assert_eq!(
            (called.means, called.evidence.as_str()),
            (MailMeans::Procedure, "usp_SendMail")
        );
    }
}
