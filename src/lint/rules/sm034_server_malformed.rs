//! SM034: a port, a scheme or several hosts in the name of the server.

use std::net::Ipv6Addr;

use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile};

rule! {
    /// The server is no host name: it has a port, a scheme, a comma or a blank
    ///
    /// ## What it does
    /// Reports servers such as `relay.example.com:587`, `smtp://relay.example.com` or two names in one.
    ///
    /// ## Why it matters
    /// The SMTP connection manager documents no way to give a port: it connects to port 25, and takes what is there for
    /// the name of a host, which no DNS knows.
    ///
    /// ## Example
    /// ```text
    /// SmtpServer=relay.example.com:587;
    /// ```
    ///
    /// ## Instead
    /// ```text
    /// SmtpServer=relay.example.com;
    /// ```
    /// and a relay that listens on port 25.
    ///
    /// ## References
    /// - SMTP connection manager: <https://learn.microsoft.com/en-us/sql/integration-services/connection-manager/smtp-connection-manager>
    SM034 "server-malformed" {
        category: Failure,
        severity: Warning,
        tier: Second,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for manager in at.smtp_managers() {
        let server = &manager.server;
        let Some(text) = server.text().map(str::trim).filter(|it| !it.is_empty()) else {
            continue;
        };
        let Some(what) = fault(text) else { continue };
        let message = format!(
            "`{text}` is no name of a host: it holds {what}; mail goes to port 25 in any case"
        );
        found.report(Draft::value(manager.target(), server, message));
    }
}

fn fault(server: &str) -> Option<&'static str> {
    let bare = server.trim_start_matches('[').trim_end_matches(']');
    if bare.parse::<Ipv6Addr>().is_ok() {
        return None;
    }
    if server.contains("://") {
        Some("a scheme")
    } else if server.contains(',') {
        Some("a comma")
    } else if server.contains(char::is_whitespace) {
        Some("a blank")
    } else if server.contains('@') {
        Some("an `@`")
    } else if server.contains(':') {
        Some("a port")
    } else if server.contains(['/', '\\']) {
        Some("a slash")
    } else {
        None
    }
}
