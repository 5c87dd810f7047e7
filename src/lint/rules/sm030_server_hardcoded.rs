//! SM030: a server that nothing can change from outside.

use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile};

rule! {
    /// The server can be changed only by editing the package
    ///
    /// ## What it does
    /// Reports SMTP connection managers whose server is stored, while no expression, parameter or configuration gives
    /// it, and no copy in a project file offers it as a parameter of the SSIS catalog.
    ///
    /// ## Why it matters
    /// A new relay, or another one for tests, means to edit and deploy every package that names the old one.
    ///
    /// ## Example
    /// ```text
    /// SmtpServer=relay.example.com;
    /// ```
    ///
    /// ## Instead
    /// An expression on `SmtpServer`: `@[$Project::SmtpServer]`, or one connection manager of the project for all its
    /// packages. `dtsx set FILE '…Properties[SmtpServer]' --expression '@[$Project::SmtpServer]'` writes it.
    ///
    /// ## References
    /// - SMTP connection manager: <https://learn.microsoft.com/en-us/sql/integration-services/connection-manager/smtp-connection-manager>
    /// - Parameters: <https://learn.microsoft.com/en-us/sql/integration-services/integration-services-ssis-package-and-project-parameters>
    SM030 "server-hardcoded" {
        category: Hygiene,
        severity: Info,
        tier: Second,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for manager in at.smtp_managers() {
        let server = &manager.server;
        if server.is_parameterised() || server.is_empty() {
            continue;
        }
        let Some(text) = server.text() else { continue };
        let message = format!(
            "`{}` can be changed only by editing this file: no expression, parameter or configuration gives it",
            text.trim()
        );
        found.report(Draft::value(manager.target(), server, message));
    }
}
