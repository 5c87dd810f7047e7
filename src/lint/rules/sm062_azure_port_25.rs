//! SM062: port 25 out of Azure.

use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile, Profile, address, is_private};

rule! {
    /// Mail leaves Azure over port 25, which Azure closes for many subscriptions
    ///
    /// ## What it does
    /// Under the profile `azure` it reports SMTP connection managers whose server is not in a private network, which a
    /// private address, a name without a dot and a name such as `mail.corp.local` are: the manager can use no other port
    /// than 25.
    ///
    /// ## Why it matters
    /// Azure closes port 25 to the internet for all but enterprise subscriptions: the task waits for its time limit and
    /// fails.
    ///
    /// ## Example
    /// ```text
    /// SmtpServer=relay.example.com;
    /// ```
    ///
    /// ## Instead
    /// A relay in the virtual network of the runtime that passes mail on over port 587.
    ///
    /// ## References
    /// - Outbound SMTP in Azure: <https://learn.microsoft.com/en-us/troubleshoot/azure/virtual-network/troubleshoot-outbound-smtp-connectivity>
    SM062 "azure-port-25" {
        category: Portability,
        severity: Warning,
        tier: Second,
        since: "0.1.0",
        check: File(check),
    }
}

/// The ends of names that the public DNS does not know: a server of such a name is in a private network.
const WITHIN: [&str; 5] = [".local", ".localdomain", ".internal", ".lan", ".home.arpa"];

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    if at.settings.profile != Profile::Azure {
        return;
    }
    for manager in at.smtp_managers() {
        let Some(host) = manager.host().filter(|host| !host.is_empty()) else {
            continue;
        };
        // A name without a dot is one of the own network, as is a private address.
        if !host.contains('.') && !host.contains(':') || address(&host).is_some_and(is_private) {
            continue;
        }
        if WITHIN.iter().any(|end| host.ends_with(end)) {
            continue;
        }
        let message = format!(
            "mail to `{host}` goes over port 25, which Azure closes for many subscriptions"
        );
        found.report(Draft::value(manager.target(), &manager.server, message));
    }
}
