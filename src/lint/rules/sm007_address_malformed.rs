//! SM007: a recipient that is no address.

use crate::lint::rule::rule;
use crate::lint::{Draft, Fault, Findings, InFile, RECIPIENTS, Severity};

rule! {
    /// A recipient is no mail address
    ///
    /// ## What it does
    /// Checks each item of the To, Cc and Bcc lines of Send Mail tasks against the form of a mail address (RFC 5321,
    /// section 4.1.2), as it will be at run time. A domain without a dot is a warning: it works only inside of a
    /// network whose servers complete it.
    ///
    /// Commas between addresses are the matter of SM008, the From line of SM005 and SM006.
    ///
    /// ## Why it matters
    /// Validation warns with 0x800291C7, and the send fails with "The specified string is not in the form required for an e-mail address",
    /// and none of the recipients gets the mail.
    ///
    /// ## Example
    /// ```text
    /// ToLine: operations;dba@example.com
    /// ```
    ///
    /// ## Instead
    /// ```text
    /// ToLine: operations@example.com;dba@example.com
    /// ```
    ///
    /// ## References
    /// - Send Mail task: <https://learn.microsoft.com/en-us/sql/integration-services/control-flow/send-mail-task>
    /// - RFC 5321: <https://www.rfc-editor.org/rfc/rfc5321#section-4.1.2>
    SM007 "address-malformed" {
        category: Failure,
        severity: Error,
        tier: First,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for task in at.mail_tasks() {
        for property in RECIPIENTS {
            let line = at.mail(task, property);
            for address in line.addresses() {
                let (message, severity) = match address.fault() {
                    Some(Fault::Comma) => continue,
                    Some(fault) => (
                        format!(
                            "`{}` is no mail address: it {}",
                            address.piece,
                            fault.text()
                        ),
                        Severity::Error,
                    ),
                    None if has_no_dot(address.domain().unwrap_or_default()) => (
                        format!(
                            "the domain of `{}` has no dot: the mail arrives only where a server of this network \
                             completes it",
                            address.address
                        ),
                        Severity::Warning,
                    ),
                    None => continue,
                };
                let draft = Draft::value(task.target(), line, message);
                let draft = draft.span(line.span_of(address.range.clone()));
                found.report(draft.severity(severity));
            }
        }
    }
}

fn has_no_dot(domain: &str) -> bool {
    !domain.contains('.') && !domain.starts_with('[')
}
