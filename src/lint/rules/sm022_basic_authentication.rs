//! SM022: a user name or a password for the SMTP connection manager, which takes none.

use std::ops::Range;

use crate::connection_string::{is_secret_key, masked_within};
use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile};

rule! {
    /// A user name or password is given to the SMTP connection manager, which cannot use it
    ///
    /// ## What it does
    /// Looks for keys such as `User`, `UserName`, `Password` with a value in the connection string of an SMTP
    /// connection manager: in the stored one, and in the one that an expression puts together from literals, variables
    /// and parameters.
    ///
    /// ## Why it matters
    /// "The SMTP connection manager supports only anonymous authentication and Windows Authentication. It does not
    /// support basic authentication" (Microsoft). The keys are ignored, and the designer drops them at its next save:
    /// mail goes anonymously, or the server refuses it with 530. The password lies in the file for nothing.
    ///
    /// ## Example
    /// ```text
    /// SmtpServer=relay.example.com;UserName=svc-mail;Password=…;EnableSsl=True;
    /// ```
    ///
    /// ## Instead
    /// Let the relay know the machine (by address or certificate) or the account (Windows authentication); or send
    /// with something that can sign in. Take the keys out, and change the password.
    ///
    /// ## References
    /// - SMTP connection manager: <https://learn.microsoft.com/en-us/sql/integration-services/connection-manager/smtp-connection-manager>
    SM022 "basic-authentication" {
        category: Failure,
        severity: Error,
        tier: First,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for manager in at.smtp_managers() {
        let Some(string) = at.judge(manager.target(), "ConnectionString") else {
            continue;
        };
        let effective = &string.effective;
        // Of a string that only a run knows, the keys around the unknown are known.
        let Some(text) = effective.value.as_deref().or(effective.text.as_deref()) else {
            continue;
        };
        let mut keys: Vec<(String, Range<usize>)> = credentials(text);
        if keys.is_empty() {
            continue;
        }
        if !string.is_stored() {
            keys.truncate(1);
        }
        for (key, value) in keys {
            let key = masked_within(&key).0.into_owned();
            let message = format!(
                "`{key}` is given to the SMTP connection manager, which does not support basic authentication: it is \
                 ignored"
            );
            let draft = Draft::value(manager.target(), &string, message);
            found.report(draft.span(string.span_of(value)));
        }
    }
}

/// The keys of credentials that have a value, with the places of the values.
fn credentials(text: &str) -> Vec<(String, Range<usize>)> {
    let mut found = Vec::new();
    let mut start = 0;
    for pair in text.split_inclusive(';') {
        let end = start + pair.trim_end_matches(';').len();
        if let Some((key, value)) = pair.trim_end_matches(';').split_once('=') {
            let at = start + key.len() + 1;
            let range = at + (value.len() - value.trim_start().len())..end;
            if !value.trim().is_empty() && is_credential(key) {
                found.push((key.trim().to_owned(), range));
            }
        }
        start += pair.len();
    }
    found
}

/// Names of users as connection strings spell them.
pub(super) fn is_credential(key: &str) -> bool {
    let plain: String = key
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    let is_user = [
        "user",
        "username",
        "userid",
        "uid",
        "login",
        "account",
        "smtpuser",
        "smtpusername",
    ];
    is_user.contains(&plain.as_str()) || is_secret_key(key)
}
