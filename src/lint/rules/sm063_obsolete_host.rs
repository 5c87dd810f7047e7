//! SM063: a server that must not be used any more.

use crate::lint::rule::rule;
use crate::lint::{Applicability, Draft, Findings, InFile, fits};

rule! {
    /// The server is on your list of hosts that must not be used any more
    ///
    /// ## What it does
    /// Reports SMTP connection managers whose server, at run time, fits an entry of `deny-hosts` in `dtsx.toml`.
    ///
    /// ## Why it matters
    /// It is the rule of a migration: CI fails until the last package has left the old relay, and again when somebody
    /// brings it back.
    ///
    /// ## Example
    /// ```toml
    /// [lint.deny-hosts]
    /// "smtp1.corp.example" = "relay.example.com"
    /// "*.old.example" = ""
    /// ```
    ///
    /// ## Instead
    /// The host that is given behind the old one. `dtsx migrate` follows it to all other places, too.
    ///
    /// ## Fix
    /// Unsafe: where another host is given, sets it in every place that keeps the server, as `dtsx migrate` does.
    ///
    /// ## References
    /// - SMTP connection manager: <https://learn.microsoft.com/en-us/sql/integration-services/connection-manager/smtp-connection-manager>
    SM063 "obsolete-host" {
        category: Policy,
        severity: Error,
        tier: Second,
        since: "0.1.0",
        fix: Unsafe,
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for manager in at.smtp_managers() {
        let Some(host) = manager.host().filter(|host| !host.is_empty()) else {
            continue;
        };
        let denied = &at.settings.deny_hosts;
        let Some(denied) = denied.iter().find(|denied| fits(&denied.host, &host)) else {
            continue;
        };
        let (advice, changes) = match &denied.instead {
            Some(new) => (
                format!(": use `{new}`"),
                at.set_everywhere(manager.target(), "SmtpServer", new),
            ),
            None => (String::new(), None),
        };
        let title = format!(
            "set the server to `{}`",
            denied.instead.as_deref().unwrap_or_default()
        );
        let message = format!("`{host}` must not be used any more{advice}");
        let draft = Draft::value(manager.target(), &manager.server, message);
        found.report(draft.fix(Applicability::Unsafe, title, changes));
    }
}
