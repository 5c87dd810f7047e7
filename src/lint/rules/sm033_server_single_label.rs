//! SM033: the name of the server has no dot.

use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile, address, is_loopback};

rule! {
    /// The name of the server has no dot
    ///
    /// ## What it does
    /// Reports servers named by one label, such as `mailhost`.
    ///
    /// ## Why it matters
    /// Such a name is found only where the DNS suffix of the machine completes it: not from another domain, not in
    /// Azure. A certificate is rarely for it.
    ///
    /// ## Example
    /// ```text
    /// SmtpServer=mailhost;
    /// ```
    ///
    /// ## Instead
    /// ```text
    /// SmtpServer=mailhost.example.com;
    /// ```
    ///
    /// ## References
    /// - Assessment of packages for Azure: <https://learn.microsoft.com/en-us/sql/dma/dma-assess-ssis>
    SM033 "server-single-label" {
        category: Portability,
        severity: Info,
        tier: Second,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    let creator = at
        .package()
        .and_then(|package| package.filled("CreatorComputerName"));
    for manager in at.smtp_managers() {
        let Some(host) = manager.host().filter(|host| !host.is_empty()) else {
            continue;
        };
        let is_name = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
        let is_label = host.chars().all(is_name) && address(&host).is_none() && !is_loopback(&host);
        // SM031 says the worse of it.
        let is_creator = creator
            .as_deref()
            .is_some_and(|name| name.eq_ignore_ascii_case(&host));
        if is_label && !is_creator {
            let message = format!(
                "`{host}` is found only where the machine's DNS suffix completes it: give the whole name"
            );
            found.report(Draft::value(manager.target(), &manager.server, message));
        }
    }
}
