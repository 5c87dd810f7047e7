//! SM068: a sender outside of the domains that may send.

use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile, is_within};
use crate::package::MailProperty;

rule! {
    /// Mail comes from a domain that is not on your list
    ///
    /// ## What it does
    /// Reports From lines, at run time, whose domain is neither one of `from-domains` in `dtsx.toml` nor below one.
    /// Without the list it says nothing.
    ///
    /// ## Why it matters
    /// A relay or a receiver refuses or hides mail whose sender's domain does not know the relay: SPF, DKIM, DMARC.
    /// Azure Communication Services and High Volume Email send only from domains that were verified.
    ///
    /// ## Example
    /// ```toml
    /// [lint]
    /// from-domains = ["example.com"]
    /// ```
    /// and `FromLine: etl@server01.corp.local`.
    ///
    /// ## Instead
    /// `FromLine: etl@example.com`
    ///
    /// ## References
    /// - RFC 7489, DMARC: <https://www.rfc-editor.org/rfc/rfc7489>
    SM068 "from-domain-mismatch" {
        category: Policy,
        severity: Info,
        tier: Second,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    let allowed = &at.settings.from_domains;
    if allowed.is_empty() {
        return;
    }
    for task in at.mail_tasks() {
        let line = at.mail(task, MailProperty::FromLine);
        for address in line.addresses() {
            let Some(domain) = address
                .domain()
                .filter(|domain| !is_within(domain, allowed))
            else {
                continue;
            };
            let message = format!(
                "`{}`: `{domain}` is not among the domains that mail may come from",
                address.address
            );
            let draft = Draft::value(task.target(), line, message);
            found.report(draft.span(line.span_of(address.address_range.clone())));
        }
    }
}
