//! SM067: a recipient outside of the allowed domains.

use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile, RECIPIENTS, is_within};

rule! {
    /// Mail goes to a domain that is not on your list
    ///
    /// ## What it does
    /// Reports recipients in the To, Cc and Bcc lines, at run time, whose domain is neither one of `allowed-domains` in
    /// `dtsx.toml` nor below one. Without the list it says nothing.
    ///
    /// ## Why it matters
    /// Reports with data of the company go to private mailboxes and to former partners; High Volume Email delivers
    /// inside the tenant only.
    ///
    /// ## Example
    /// ```toml
    /// [lint]
    /// allowed-domains = ["example.com"]
    /// ```
    /// and `ToLine: dba@example.com;someone@mail.example.net`.
    ///
    /// ## Instead
    /// A distribution list of your own, or the domain on the list.
    ///
    /// ## References
    /// - Send Mail task: <https://learn.microsoft.com/en-us/sql/integration-services/control-flow/send-mail-task>
    SM067 "external-recipient" {
        category: Policy,
        severity: Info,
        tier: Second,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    let allowed = &at.settings.allowed_domains;
    if allowed.is_empty() {
        return;
    }
    for task in at.mail_tasks() {
        for property in RECIPIENTS {
            let line = at.mail(task, property);
            for address in line.addresses() {
                let Some(domain) = address
                    .domain()
                    .filter(|domain| !is_within(domain, allowed))
                else {
                    continue;
                };
                let message = format!(
                    "`{}`: `{domain}` is not among the allowed domains",
                    address.address
                );
                let draft = Draft::value(task.target(), line, message);
                found.report(draft.span(line.span_of(address.address_range.clone())));
            }
        }
    }
}
