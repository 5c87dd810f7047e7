//! SM036: no time limit for a send, or an extreme one.

use crate::lint::rule::rule;
use crate::lint::{Applicability, Draft, Findings, InFile};

rule! {
    /// A send has no time limit of its own, or an extreme one
    ///
    /// ## What it does
    /// Reports SMTP connection managers whose `Timeout` is absent, 0, no number, less than 1000, or more than 600000 (one
    /// second and ten minutes, if it is milliseconds as in System.Net.Mail; Microsoft documents no unit, and `20` looks
    /// like seconds). Managers of SQL Server 2008 and before know no such key and are left alone.
    ///
    /// ## Why it matters
    /// A relay that accepts the connection and says nothing holds up the package: for 100 seconds, System.Net.Mail's
    /// default, at each mail; or for as long as the key says.
    ///
    /// ## Example
    /// ```text
    /// SmtpServer=relay.example.com;EnableSsl=True;
    /// ```
    ///
    /// ## Instead
    /// ```text
    /// SmtpServer=relay.example.com;EnableSsl=True;Timeout=100000;
    /// ```
    ///
    /// ## Fix
    /// Unsafe: sets `Timeout` to 100000 in every place that keeps it, which is System.Net.Mail's default.
    ///
    /// ## References
    /// - SMTP connection manager: <https://learn.microsoft.com/en-us/sql/integration-services/connection-manager/smtp-connection-manager>
    /// - SmtpClient.Timeout: <https://learn.microsoft.com/en-us/dotnet/api/system.net.mail.smtpclient.timeout>
    SM036 "no-timeout" {
        category: Hygiene,
        severity: Info,
        tier: Second,
        since: "0.1.0",
        fix: Unsafe,
        check: File(check),
    }
}

const LONGEST: i64 = 600_000;
/// Nobody who means milliseconds writes less.
const SHORTEST: i64 = 1_000;

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    let format = at.package().and_then(|package| package.format_version());
    if format.is_some_and(|format| format < 6) {
        return;
    }
    for manager in at.smtp_managers() {
        let timeout = &manager.timeout;
        let Some(text) = timeout.text().map(str::trim) else {
            continue;
        };
        let message = match text.parse::<i64>() {
            _ if text.is_empty() => {
                "no `Timeout`: a server that does not answer holds up the package for 100 seconds"
                    .to_owned()
            }
            Ok(0) => "`Timeout` is 0: a send has no limit, or none of its own".to_owned(),
            Ok(number) if number > LONGEST => {
                format!(
                    "`Timeout` is {number}: a server that does not answer holds up the package as long"
                )
            }
            Ok(number) if number < 0 => {
                format!("`Timeout` is {number}: System.Net.Mail takes no negative limit")
            }
            Ok(number) if number < SHORTEST => format!(
                "`Timeout` is {number}: if that is milliseconds, as in System.Net.Mail, no server answers in time"
            ),
            Ok(_) => continue,
            Err(_) => format!("`Timeout` is `{text}`, which is no number"),
        };
        // An empty string says nothing of a server either, which SM035 reports.
        if manager.server.is_empty() {
            continue;
        }
        let changes = at.set_everywhere(manager.target(), "Timeout", "100000");
        let draft = Draft::value(manager.target(), timeout, message);
        found.report(draft.fix(Applicability::Unsafe, "set `Timeout` to 100000", changes));
    }
}
