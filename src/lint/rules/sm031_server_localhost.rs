//! SM031: the server is the machine that the package runs on.

use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile, is_loopback};

rule! {
    /// The server is this very machine
    ///
    /// ## What it does
    /// Reports `localhost`, loopback addresses, `.`, and the name of the computer that the package was made on.
    ///
    /// ## Why it matters
    /// The package sends only where a mail server runs beside it: not on a developer's machine, not after it moved to
    /// another server, and never in Azure.
    ///
    /// ## Example
    /// ```text
    /// SmtpServer=localhost;
    /// ```
    ///
    /// ## Instead
    /// The name of the relay, best from a parameter: `relay.example.com`.
    ///
    /// ## References
    /// - SMTP connection manager: <https://learn.microsoft.com/en-us/sql/integration-services/connection-manager/smtp-connection-manager>
    SM031 "server-localhost" {
        category: Portability,
        severity: Warning,
        tier: Second,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    let creator = at
        .package()
        .and_then(|package| package.filled("CreatorComputerName"));
    for manager in at.smtp_managers() {
        let Some(host) = manager.host().filter(|host| !host.is_empty()) else {
            continue;
        };
        let message = if is_loopback(&host) {
            format!(
                "`{host}` is the machine that the package runs on: a mail server must run there"
            )
        } else if creator
            .as_deref()
            .is_some_and(|name| name.eq_ignore_ascii_case(&host))
        {
            format!(
                "`{host}` is the computer that the package was made on: it is not there where the package runs"
            )
        } else {
            continue;
        };
        found.report(Draft::value(manager.target(), &manager.server, message));
    }
}
