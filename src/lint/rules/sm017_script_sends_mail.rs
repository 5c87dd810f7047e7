//! SM017: a script that sends mail itself.

use crate::inventory::{MailMeans, SenderKind};
use crate::lint::rule::rule;
use crate::lint::{Findings, InFile};

rule! {
    /// A script sends mail itself
    ///
    /// ## What it does
    /// Reports Script tasks and Script components whose source sends mail: with `System.Net.Mail`, `System.Web.Mail`,
    /// MailKit, Outlook, CDO, Exchange Web Services, another library, or `Send-MailMessage`. C# and Visual Basic are
    /// read in the layouts of all versions; what is commented out does not count.
    ///
    /// ## Why it matters
    /// No connection manager knows of this mail: neither a migration of servers nor a change of TLS or sign-in reaches
    /// it. Outlook needs a desktop that a server does not have. Sign-in with a password ends at Exchange Online at the
    /// end of December 2026.
    ///
    /// ## Example
    /// ```csharp
    /// var client = new SmtpClient("relay.example.com");
    /// client.Send(message);
    /// ```
    ///
    /// ## Instead
    /// Use a Send Mail task, or take the host from a project parameter so that one change reaches all of them.
    ///
    /// ## References
    /// - Script task: <https://learn.microsoft.com/en-us/sql/integration-services/control-flow/script-task>
    SM017 "script-sends-mail" {
        category: Inventory,
        severity: Warning,
        tier: First,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for sender in at.other_senders() {
        let is_script = matches!(
            sender.kind,
            SenderKind::ScriptTask | SenderKind::ScriptComponent
        );
        let is_other_rules = matches!(sender.means, MailMeans::DatabaseMail | MailMeans::Procedure);
        if !is_script || is_other_rules {
            continue;
        }
        let host = sender
            .hosts
            .iter()
            .find_map(|host| host.value.as_deref())
            .map_or(String::new(), |host| format!(" through `{host}`"));
        let message = format!("a script sends mail itself{host}, with {}", sender.evidence);
        found.report(at.about_sender(sender, sender.spot.span, message));
    }
}
