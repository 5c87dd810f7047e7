//! SM018: a password in a script or a command.

use crate::inventory::SenderKind;
use crate::lint::rule::rule;
use crate::lint::{Findings, InFile};

rule! {
    /// A script or a command that sends mail holds a password
    ///
    /// ## What it does
    /// Reports passwords that are written in the source of Script tasks and components that send mail: the second
    /// argument of `NetworkCredential` and of MailKit's `Authenticate`, `Password = "…"`, `sendpassword` of CDO, also
    /// by way of a variable of the script. Of Execute Process tasks that send mail it reports those behind the switches
    /// of mail programs (`-pw`, `-xp`, `-ap`, `curl -u`), and in PowerShell those in `ConvertTo-SecureString` and
    /// `NetworkCredential`, in base64 too.
    ///
    /// ## Why it matters
    /// Whoever can read the package has the password: everybody with access to version control, the file share, or
    /// msdb. No protection level encrypts source code. Such passwords also are what stops working when Exchange Online
    /// ends basic authentication.
    ///
    /// ## Example
    /// ```csharp
    /// client.Credentials = new NetworkCredential("etl@example.com", "…");
    /// ```
    ///
    /// ## Instead
    /// Change the password, which is known by now, and read it from a sensitive parameter:
    ///
    /// ```csharp
    /// var password = Dts.Variables["$Project::SmtpPassword"].GetSensitiveValue().ToString();
    /// ```
    ///
    /// ## References
    /// - CWE-798: <https://cwe.mitre.org/data/definitions/798.html>
    /// - Sensitive values in scripts: <https://learn.microsoft.com/en-us/sql/integration-services/control-flow/script-task>
    SM018 "script-mail-hardcoded-credential" {
        category: Security,
        severity: Error,
        tier: First,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for sender in at.other_senders() {
        for literal in &sender.literal_credentials {
            let message = match sender.kind {
                SenderKind::ExecuteProcess => {
                    "a password is written in the arguments of a program: everybody who can read the package, or the \
                     list of processes, has it"
                }
                _ => {
                    "a password is written in the source of a script: everybody who can read the package has it"
                }
            };
            found.report(at.about_sender(sender, literal.span, message));
        }
    }
}
