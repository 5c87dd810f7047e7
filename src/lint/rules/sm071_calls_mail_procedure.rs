//! SM071: a procedure that is named for mail.

use crate::inventory::MailMeans;
use crate::lint::rule::rule;
use crate::lint::{Findings, InFile};

rule! {
    /// A procedure that is named for mail is called
    ///
    /// ## What it does
    /// Reports Execute SQL tasks and scripts that call a procedure whose name holds `mail`; those
    /// that set up Database Mail or clear its log (`sysmail_…`) are left out.
    ///
    /// ## Why it matters
    /// Such a procedure most likely sends mail, by Database Mail or otherwise. What it does the files do not show.
    ///
    /// ## Example
    /// ```sql
    /// EXEC dbo.usp_SendMail ?
    /// ```
    ///
    /// ## Instead
    /// Nothing, as long as it is known: look at the procedure in its database.
    ///
    /// ## References
    /// - Execute SQL task: <https://learn.microsoft.com/en-us/sql/integration-services/control-flow/execute-sql-task>
    SM071 "calls-mail-procedure" {
        category: Inventory,
        severity: Info,
        tier: Second,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for sender in at.other_senders() {
        if sender.means == MailMeans::Procedure {
            let message = format!(
                "calls `{}`, which is named for mail: what it sends the files do not show",
                sender.evidence
            );
            found.report(at.about_sender(sender, sender.spot.span, message));
        }
    }
}
