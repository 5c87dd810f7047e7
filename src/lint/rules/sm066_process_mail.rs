//! SM066: mail by a program.

use crate::inventory::SenderKind;
use crate::lint::rule::rule;
use crate::lint::{Findings, InFile};

rule! {
    /// A program that is started sends mail
    ///
    /// ## What it does
    /// Reports Execute Process tasks that start a mail program (blat, sendmail, swaks and the like), PowerShell with
    /// `Send-MailMessage` or `SmtpClient`, in clear or as base64 behind `-EncodedCommand`, or a script file that is named
    /// for mail.
    ///
    /// ## Why it matters
    /// No connection manager knows of this mail. Passwords of such programs stand in their arguments, where every list
    /// of processes shows them.
    ///
    /// ## Example
    /// ```text
    /// powershell -Command "Send-MailMessage -SmtpServer relay.example.com …"
    /// ```
    ///
    /// ## Instead
    /// A Send Mail task.
    ///
    /// ## References
    /// - Execute Process task: <https://learn.microsoft.com/en-us/sql/integration-services/control-flow/execute-process-task>
    SM066 "process-mail" {
        category: Inventory,
        severity: Info,
        tier: Second,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for sender in at.other_senders() {
        if sender.kind == SenderKind::ExecuteProcess {
            let message = format!(
                "a program that is started here sends mail: `{}`",
                sender.evidence
            );
            found.report(at.about_sender(sender, sender.spot.span, message));
        }
    }
}
