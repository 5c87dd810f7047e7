//! SM061: Windows authentication in Azure.

use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile, Profile};

rule! {
    /// Windows authentication is used where there is no domain account
    ///
    /// ## What it does
    /// Under the profile `azure` it reports SMTP connection managers with `UseWindowsAuthentication`.
    ///
    /// ## Why it matters
    /// The Azure-SSIS integration runtime does not run under an account of your domain: the sign-in fails, or goes as
    /// nobody.
    ///
    /// ## Example
    /// ```text
    /// SmtpServer=relay.example.com;UseWindowsAuthentication=True;
    /// ```
    ///
    /// ## Instead
    /// A relay that knows the addresses of the runtime's virtual network, and `UseWindowsAuthentication=False`.
    ///
    /// ## References
    /// - Assessment of packages for Azure: <https://learn.microsoft.com/en-us/sql/dma/dma-assess-ssis>
    SM061 "azure-windows-auth" {
        category: Portability,
        severity: Warning,
        tier: Second,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    if at.settings.profile != Profile::Azure {
        return;
    }
    for manager in at.smtp_managers() {
        if manager.windows.boolean() == Some(true) {
            let message = "Windows authentication: the Azure-SSIS integration runtime has no account of your domain";
            found.report(Draft::value(manager.target(), &manager.windows, message));
        }
    }
}
