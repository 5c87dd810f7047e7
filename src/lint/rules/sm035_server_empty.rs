//! SM035: an SMTP connection manager without a server.

use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile};

rule! {
    /// An SMTP connection manager has no server
    ///
    /// ## What it does
    /// Reports SMTP connection managers whose server is empty or absent at run time.
    ///
    /// ## Why it matters
    /// Every task that sends through it fails with 0xC00291C4: the SMTP server "is not specified".
    ///
    /// ## Example
    /// ```text
    /// SmtpServer=;UseWindowsAuthentication=False;EnableSsl=False;
    /// ```
    ///
    /// ## Instead
    /// ```text
    /// SmtpServer=relay.example.com;UseWindowsAuthentication=False;EnableSsl=True;
    /// ```
    ///
    /// ## References
    /// - SMTP connection manager: <https://learn.microsoft.com/en-us/sql/integration-services/connection-manager/smtp-connection-manager>
    SM035 "server-empty" {
        category: Failure,
        severity: Error,
        tier: Second,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for manager in at.smtp_managers() {
        if manager.server.is_empty() {
            let message = "the connection manager has no server: whatever sends through it fails (0xC00291C4)";
            found.report(Draft::value(manager.target(), &manager.server, message));
        }
    }
}
