//! SM063: a server that must not be used any more.

use crate::effective::Certainty;
use crate::inventory::OtherSender;
use crate::lint::rule::rule;
use crate::lint::{Applicability, Confidence, DeniedHost, Draft, Findings, InFile, fits};

rule! {
    /// The server is on your list of hosts that must not be used any more
    ///
    /// ## What it does
    /// Reports SMTP connection managers whose server, at run time, fits an entry of `deny-hosts` in `dtsx.toml`; scripts,
    /// commands and connection managers of others too, where they name such a host or read it from a variable.
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
    /// Unsafe: where another host is given, sets it in every place that keeps the server, as `dtsx migrate` does. There is
    /// none for scripts, commands and what others made.
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
    for sender in at.other_senders() {
        others(at, sender, found);
    }
    for manager in at.smtp_managers() {
        let Some(host) = manager.host().filter(|host| !host.is_empty()) else {
            continue;
        };
        let Some(denied) = denied(at, &host) else {
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

fn denied<'s>(at: &InFile<'s>, host: &str) -> Option<&'s DeniedHost> {
    let mut all = at.settings.deny_hosts.iter();
    all.find(|denied| fits(&denied.host, host))
}

fn others(at: &InFile<'_>, sender: &OtherSender, found: &mut Findings<'_, '_>) {
    for host in &sender.hosts {
        let Some(name) = host.value.as_deref() else {
            continue;
        };
        let Some(denied) = denied(at, name.trim().trim_end_matches('.')) else {
            continue;
        };
        let advice = denied.instead.as_deref();
        let advice = advice.map_or(String::new(), |new| format!(": use `{new}`"));
        let message = format!("`{name}` must not be used any more{advice}");
        let confidence = match host.certainty {
            Certainty::Known => Confidence::High,
            _ => Confidence::Low,
        };
        let draft = at.about_sender(sender, host.spot.span, message);
        found.report(draft.confidence(confidence));
    }
}
