//! SM015: Windows authentication without TLS.

use crate::lint::rule::rule;
use crate::lint::{Applicability, Draft, Findings, InFile, Severity, is_loopback};

rule! {
    /// Windows authentication goes to the server in clear
    ///
    /// ## What it does
    /// Reports SMTP connection managers that, at run time, sign in with Windows authentication and do not demand TLS.
    /// It stands in for SM014 on these managers. Where the server is this very machine it is only info.
    ///
    /// ## Why it matters
    /// Without TLS nothing tells the server from somebody in between, who can pass the NTLM exchange of the service
    /// account on to another machine (relay) or try passwords against it. The mail itself can be read, too.
    ///
    /// ## Example
    /// ```text
    /// SmtpServer=relay.example.com;UseWindowsAuthentication=True;EnableSsl=False;
    /// ```
    ///
    /// ## Instead
    /// ```text
    /// SmtpServer=relay.example.com;UseWindowsAuthentication=True;EnableSsl=True;
    /// ```
    /// or no authentication at all, where the relay takes mail from this machine without.
    ///
    /// ## Fix
    /// Unsafe: sets `EnableSsl` to `True` in every place that keeps it, as SM014 does.
    ///
    /// ## References
    /// - SMTP connection manager: <https://learn.microsoft.com/en-us/sql/integration-services/connection-manager/smtp-connection-manager>
    /// - NTLM relay: <https://attack.mitre.org/techniques/T1557/001/>
    SM015 "windows-auth-plaintext" {
        category: Security,
        severity: Warning,
        tier: First,
        since: "0.1.0",
        fix: Unsafe,
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for manager in at.smtp_managers() {
        if manager.ssl.boolean() != Some(false) || manager.windows.boolean() != Some(true) {
            continue;
        }
        let host = manager.host();
        if host.as_deref() == Some("") {
            continue;
        }
        let message = "Windows authentication without TLS: the sign-in of the service account can be passed on or \
                       guessed by who listens";
        let mut draft =
            Draft::value(manager.target(), &manager.windows, message).judging(&manager.ssl);
        if host.as_deref().is_some_and(is_loopback) {
            draft = draft.severity(Severity::Info);
        }
        let changes = at.set_everywhere(manager.target(), "EnableSsl", "True");
        found.report(draft.fix(Applicability::Unsafe, "set `EnableSsl` to `True`", changes));
    }
}
