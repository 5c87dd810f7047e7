//! SM050: recipients that are written in the package.

use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile, RECIPIENTS};

rule! {
    /// Recipients are written in the package
    ///
    /// ## What it does
    /// Reports To, Cc and Bcc lines that hold addresses and that neither an expression nor a configuration gives.
    /// Addresses of free mail services are named as what they are: the mailbox of a person.
    ///
    /// ## Why it matters
    /// When somebody leaves the team, every package has to be changed, tested and deployed again.
    ///
    /// ## Example
    /// ```text
    /// ToLine: ann@example.com;bob@example.com
    /// ```
    ///
    /// ## Instead
    /// ```text
    /// = ToLine: @[$Project::AlertRecipients]
    /// ```
    ///
    /// Or a distribution list, which others keep.
    ///
    /// ## References
    /// - Send Mail task: <https://learn.microsoft.com/en-us/sql/integration-services/control-flow/send-mail-task>
    SM050 "recipients-hardcoded" {
        category: Hygiene,
        severity: Info,
        tier: Second,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for task in at.mail_tasks() {
        for property in RECIPIENTS {
            let line = at.mail(task, property);
            let all = line.addresses();
            if line.is_parameterised() || !all.iter().any(|it| it.fault().is_none()) {
                continue;
            }
            let personal = all.iter().find(|it| it.domain().is_some_and(is_free_mail));
            let message = match personal {
                Some(address) => format!(
                    "recipients are written in the package, the mailbox of a person among them (`{}`)",
                    address.address
                ),
                None => "recipients are written in the package: a change of the team is a change of the package".to_owned(),
            };
            found.report(Draft::value(task.target(), line, message));
        }
    }
}

fn is_free_mail(domain: &str) -> bool {
    const SERVICES: [&str; 12] = [
        "aol.com",
        "gmail.com",
        "gmx.de",
        "gmx.net",
        "googlemail.com",
        "hotmail.com",
        "icloud.com",
        "live.com",
        "mail.ru",
        "outlook.com",
        "yahoo.com",
        "yandex.ru",
    ];
    SERVICES
        .iter()
        .any(|service| domain.eq_ignore_ascii_case(service))
}
