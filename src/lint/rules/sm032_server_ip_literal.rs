//! SM032: the server is an address and no name.

use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile, address};

rule! {
    /// The server is an IP address
    ///
    /// ## What it does
    /// Reports servers that are IPv4 or IPv6 addresses, loopback addresses excepted (SM031).
    ///
    /// ## Why it matters
    /// A certificate is for a name, so that TLS to an address fails or needs checks to be switched off. When the server
    /// moves, every package must be edited.
    ///
    /// ## Example
    /// ```text
    /// SmtpServer=192.0.2.25;EnableSsl=True;
    /// ```
    ///
    /// ## Instead
    /// ```text
    /// SmtpServer=relay.example.com;EnableSsl=True;
    /// ```
    ///
    /// ## References
    /// - SMTP connection manager: <https://learn.microsoft.com/en-us/sql/integration-services/connection-manager/smtp-connection-manager>
    /// - RFC 9525, names in certificates: <https://www.rfc-editor.org/rfc/rfc9525>
    SM032 "server-ip-literal" {
        category: Portability,
        severity: Warning,
        tier: Second,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for manager in at.smtp_managers() {
        let Some(host) = manager.host() else { continue };
        if address(&host).is_some_and(|address| !address.is_loopback()) {
            let message = match manager.ssl.boolean() {
                Some(true) => format!(
                    "`{host}` is an address: no certificate of a server fits it, so TLS fails"
                ),
                _ => format!(
                    "`{host}` is an address: no certificate fits it, and it changes when the server moves"
                ),
            };
            found.report(Draft::value(manager.target(), &manager.server, message));
        }
    }
}
