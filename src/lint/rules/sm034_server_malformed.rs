//! SM034: a port, a scheme or several hosts in the name of the server.

use std::net::Ipv6Addr;

use crate::lint::rule::rule;
use crate::lint::{Confidence, Draft, Findings, InFile};
use crate::package::{ConnectionManager, Target};

rule! {
    /// The server is no host name: it has a port, a scheme, a comma or a blank
    ///
    /// ## What it does
    /// Reports servers such as `relay.example.com:587`, `smtp://relay.example.com` or two names in one; with less
    /// confidence, connection strings that cannot be read at all, such as one with an unknown kind of Boolean.
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
    for manager in at.connection_managers() {
        unreadable(at, manager, found);
    }
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

/// A string of which not even the server can be told.
fn unreadable(at: &InFile<'_>, manager: ConnectionManager<'_>, found: &mut Findings<'_, '_>) {
    if !manager.is_smtp()
        || manager
            .object()
            .property_expression("ConnectionString")
            .is_some()
    {
        return;
    }
    let problem = at
        .facts_of(manager)
        .and_then(|facts| facts.problem.as_ref());
    let (Some(problem), Some(stored)) = (problem, manager.connection_string()) else {
        return;
    };
    let message = format!("what the connection manager says cannot be read: {problem}");
    let target = Target::ConnectionManager(manager);
    let draft = Draft::at(target, "ConnectionString", stored.span(), message);
    // What SSIS makes of such a string was not tried.
    found.report(draft.confidence(Confidence::Low));
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
