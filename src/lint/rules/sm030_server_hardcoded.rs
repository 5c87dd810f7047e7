//! SM030: a server that nothing can change from outside.

use crate::lint::rule::rule;
use crate::lint::{Applicability, Draft, Findings, InFile};

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
    /// ## Fix
    /// Unsafe: an expression on `SmtpServer` reads the server from a parameter of the project where the file belongs to
    /// one that has `Project.params`, else from a variable of the package. Both are called `SmtpServer`, with a number
    /// behind it where that has another value already, and hold what was stored, so that the same server is used until
    /// somebody gives another one. Connection managers with the same server share it. There is no fix for a package
    /// part, and none for a connection manager of a project without parameters.
    ///
    /// ## References
    /// - SMTP connection manager: <https://learn.microsoft.com/en-us/sql/integration-services/connection-manager/smtp-connection-manager>
    /// - Parameters: <https://learn.microsoft.com/en-us/sql/integration-services/integration-services-ssis-package-and-project-parameters>
    SM030 "server-hardcoded" {
        category: Hygiene,
        severity: Info,
        tier: Second,
        since: "0.1.0",
        fix: Unsafe,
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
        let draft = Draft::value(manager.target(), server, message);
        let fix = at.parameterise(manager.target(), server, "SmtpServer");
        let (title, changes) = fix.unzip();
        found.report(draft.fix(Applicability::Unsafe, title.unwrap_or_default(), changes));
    }
}
