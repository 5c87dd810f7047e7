//! SM051: an address that stands for another.

use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile, RECIPIENTS};
use crate::package::MailProperty;

rule! {
    /// An address is a placeholder
    ///
    /// ## What it does
    /// Reports addresses of domains that are reserved for examples (RFC 2606, RFC 6761) or that belong to Microsoft's
    /// sample companies, and addresses that say of themselves that they are none (`TODO`, `your.name`), in all address
    /// lines.
    ///
    /// ## Why it matters
    /// Something was left over from a template: the mail goes to nobody, or to a stranger.
    ///
    /// ## Example
    /// ```text
    /// ToLine: someone@contoso.com
    /// ```
    ///
    /// ## Instead
    /// Put in the address that was meant.
    ///
    /// ## References
    /// - Send Mail task: <https://learn.microsoft.com/en-us/sql/integration-services/control-flow/send-mail-task>
    /// - RFC 2606: <https://www.rfc-editor.org/rfc/rfc2606>
    SM051 "placeholder-address" {
        category: Delivery,
        severity: Warning,
        tier: Second,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    let lines = RECIPIENTS.into_iter().chain([MailProperty::FromLine]);
    let lines: Vec<MailProperty> = lines.collect();
    for task in at.mail_tasks() {
        for &property in &lines {
            let line = at.mail(task, property);
            for address in line.addresses() {
                let user = address.address.split('@').next().unwrap_or_default();
                let is_placeholder = match address.domain() {
                    Some(domain) => is_reserved(domain) || is_blank(user) || is_blank(domain),
                    None => is_blank(user),
                };
                if is_placeholder {
                    let message = format!("`{}` is a placeholder", address.address);
                    let draft = Draft::value(task.target(), line, message);
                    found.report(draft.span(line.span_of(address.address_range.clone())));
                }
            }
        }
    }
}

fn is_reserved(domain: &str) -> bool {
    const DOMAINS: [&str; 11] = [
        "example.com",
        "example.net",
        "example.org",
        "contoso.com",
        "contoso.local",
        "fabrikam.com",
        "adventure-works.com",
        "adventureworks.com",
        "northwind.com",
        "domain.com",
        "test.com",
    ];
    const TOP: [&str; 3] = [".example", ".test", ".invalid"];
    let domain = domain.trim_end_matches('.').to_lowercase();
    let is_below = |parent: &&str| {
        domain == *parent
            || domain
                .strip_suffix(*parent)
                .is_some_and(|below| below.ends_with('.'))
    };
    DOMAINS.iter().any(is_below) || TOP.iter().any(|top| domain.ends_with(top))
}

fn is_blank(part: &str) -> bool {
    const WORDS: [&str; 11] = [
        "todo",
        "tbd",
        "changeme",
        "change.me",
        "yourname",
        "your.name",
        "youremail",
        "your.email",
        "someone",
        "xxx",
        "placeholder",
    ];
    let part = part.to_lowercase();
    WORDS.contains(&part.as_str())
        || part.starts_with("yourdomain")
        || part.starts_with("yourcompany")
}
