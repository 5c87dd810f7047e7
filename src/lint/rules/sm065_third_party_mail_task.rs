//! SM065: a task for mail of somebody else.

use crate::inventory::MailMeans;
use crate::lint::rule::rule;
use crate::lint::{Findings, InFile};

rule! {
    /// A task, component or connection manager of another vendor is for mail
    ///
    /// ## What it does
    /// Reports tasks, data flow components and connection managers that are not Microsoft's and are named for mail,
    /// except those that only receive.
    ///
    /// ## Why it matters
    /// A migration of SMTP connection managers does not reach them: hosts, ports and passwords are kept in ways of
    /// their own.
    ///
    /// ## Example
    /// ```xml
    /// DTS:CreationName="SMTP (KingswaySoft)"
    /// ```
    ///
    /// ## Instead
    /// Nothing, as long as they are known: look into each with its vendor's editor.
    ///
    /// ## References
    /// - Send Mail task: <https://learn.microsoft.com/en-us/sql/integration-services/control-flow/send-mail-task>
    SM065 "third-party-mail-task" {
        category: Inventory,
        severity: Info,
        tier: Second,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for sender in at.other_senders() {
        if sender.means == MailMeans::ThirdParty {
            let message = format!(
                "`{}` is for mail and not Microsoft's: a migration of SMTP connection managers does not reach it",
                sender.evidence
            );
            found.report(at.about_sender(sender, sender.spot.span, message));
        }
    }
}
