//! SM050: recipients that are written in the package.

use crate::lint::rule::rule;
use crate::lint::{Applicability, Draft, Findings, InFile, RECIPIENTS};
use crate::package::MailProperty;

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
    /// ## Fix
    /// Unsafe: an expression reads the line from a parameter of the project where the package belongs to one that has
    /// `Project.params`, else from a variable of the package: `MailTo`, `MailCC` or `MailBCC`, with a number behind it
    /// where that has another value already. It holds what was stored; equal lines share it. There is none for a
    /// package part.
    ///
    /// ## References
    /// - Send Mail task: <https://learn.microsoft.com/en-us/sql/integration-services/control-flow/send-mail-task>
    SM050 "recipients-hardcoded" {
        category: Hygiene,
        severity: Info,
        tier: Second,
        since: "0.1.0",
        fix: Unsafe,
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
            let draft = Draft::value(task.target(), line, message);
            let fix = at.parameterise(task.target(), line, name_for(property));
            let (title, changes) = fix.unzip();
            found.report(draft.fix(Applicability::Unsafe, title.unwrap_or_default(), changes));
        }
    }
}

/// What the parameter or variable is called that holds a line.
fn name_for(property: MailProperty) -> &'static str {
    match property {
        MailProperty::CCLine => "MailCC",
        MailProperty::BCCLine => "MailBCC",
        _ => "MailTo",
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
