//! SM060: Direct Send to Exchange Online.

use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile};

rule! {
    /// Mail goes straight to the mail exchanger of an Exchange Online tenant
    ///
    /// ## What it does
    /// Reports servers below `mail.protection.outlook.com` (Direct Send).
    ///
    /// ## Why it matters
    /// It reaches only mailboxes of the tenant itself, from an address that its SPF record must name, over port 25,
    /// which many networks close. Tenants switch it off with `RejectDirectSend`, and then mail is refused with 550
    /// 5.7.68.
    ///
    /// ## Example
    /// ```text
    /// SmtpServer=example-com.mail.protection.outlook.com;
    /// ```
    ///
    /// ## Instead
    /// A connector for the tenant that accepts the address or the certificate of the relay (SMTP relay).
    ///
    /// ## References
    /// - Options for devices and applications: <https://learn.microsoft.com/en-us/exchange/mail-flow-best-practices/how-to-set-up-a-multifunction-device-or-application-to-send-email-using-microsoft-365-or-office-365>
    SM060 "direct-send" {
        category: Retirement,
        severity: Warning,
        tier: Second,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for manager in at.smtp_managers() {
        let Some(host) = manager.host() else { continue };
        if host.ends_with("mail.protection.outlook.com")
            || host.ends_with(".mx.microsoft") && !host.contains("hve")
        {
            let message = format!(
                "`{host}` takes mail only for its own tenant, and none where RejectDirectSend is on"
            );
            found.report(Draft::value(manager.target(), &manager.server, message));
        }
    }
}
