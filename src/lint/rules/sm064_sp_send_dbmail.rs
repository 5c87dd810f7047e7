//! SM064: mail by SQL Server.

use crate::inventory::MailMeans;
use crate::lint::rule::rule;
use crate::lint::{Findings, InFile};

rule! {
    /// SQL sends mail
    ///
    /// ## What it does
    /// Reports Execute SQL tasks, and scripts, that call `sp_send_dbmail`, `xp_sendmail`, `sp_notify_operator` or
    /// `UTL_MAIL`: in the statement, in the variable that holds it, or in the file beside the package.
    ///
    /// ## Why it matters
    /// The server sends this mail, through an account of Database Mail: a change of connection managers does not reach
    /// it. What the account signs in with is kept in `msdb`.
    ///
    /// ## Example
    /// ```sql
    /// EXEC msdb.dbo.sp_send_dbmail @profile_name = 'Ops', @recipients = 'ops@example.com'
    /// ```
    ///
    /// ## Instead
    /// Nothing, as long as the account is known: `msdb.dbo.sysmail_help_account_sp` lists accounts.
    ///
    /// ## References
    /// - sp_send_dbmail: <https://learn.microsoft.com/en-us/sql/relational-databases/system-stored-procedures/sp-send-dbmail-transact-sql>
    SM064 "sp-send-dbmail" {
        category: Inventory,
        severity: Info,
        tier: Second,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for sender in at.other_senders() {
        if sender.means == MailMeans::DatabaseMail {
            let message = format!("SQL sends mail through the server: `{}`", sender.evidence);
            found.report(at.about_sender(sender, sender.spot.span, message));
        }
    }
}
