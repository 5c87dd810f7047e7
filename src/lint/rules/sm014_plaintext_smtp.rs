//! SM014: mail goes to the server in clear.

use crate::inventory::{MailMeans, OtherSender, SenderEncryption};
use crate::lint::rule::rule;
use crate::lint::{Applicability, Confidence, Draft, Findings, InFile, Severity, is_loopback};

rule! {
    /// Mail goes to the server in clear
    ///
    /// ## What it does
    /// Reports SMTP connection managers whose `EnableSsl` is absent or false at run time. Where the server is this very
    /// machine it is only info. Managers that also sign in with Windows authentication are reported by SM015 instead,
    /// which weighs more. Scripts and connection managers of others are reported too where they turn TLS off, and
    /// scripts, with less confidence, where they say nothing of it and their library then sends in clear.
    ///
    /// ## Why it matters
    /// Everybody on the way can read and change the mail. RFC 8314 regards SMTP without TLS as obsolete, and relays
    /// begin to refuse it.
    ///
    /// ## Example
    /// ```text
    /// SmtpServer=relay.example.com;UseWindowsAuthentication=False;EnableSsl=False;
    /// ```
    ///
    /// ## Instead
    /// ```text
    /// SmtpServer=relay.example.com;UseWindowsAuthentication=False;EnableSsl=True;
    /// ```
    ///
    /// ## Fix
    /// Unsafe: sets `EnableSsl` to `True` in every place that keeps it, the copies in the project file too. The server
    /// must offer STARTTLS with a certificate that the machine trusts for the very name in `SmtpServer`: try
    /// `dtsx probe` first. There is no fix where an expression computes the value, and none for scripts.
    ///
    /// ## References
    /// - SMTP connection manager: <https://learn.microsoft.com/en-us/sql/integration-services/connection-manager/smtp-connection-manager>
    /// - RFC 8314: <https://www.rfc-editor.org/rfc/rfc8314>
    SM014 "plaintext-smtp" {
        category: Security,
        severity: Warning,
        tier: First,
        since: "0.1.0",
        fix: Unsafe,
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    managers(at, found);
    for sender in at.other_senders() {
        others(at, sender, found);
    }
}

fn managers(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for manager in at.smtp_managers() {
        if manager.ssl.boolean() != Some(false) || manager.windows.boolean() == Some(true) {
            continue;
        }
        let host = manager.host();
        if host.as_deref() == Some("") {
            continue;
        }
        let is_local = host.as_deref().is_some_and(is_loopback);
        let server = manager
            .server
            .text()
            .map_or(String::new(), |server| format!(" to `{}`", server.trim()));
        let what = match manager.ssl.is_written {
            true => "is false",
            false => "is not set, which means false",
        };
        let message = format!("mail goes{server} in clear: `EnableSsl` {what}");
        let mut draft = Draft::value(manager.target(), &manager.ssl, message);
        if is_local {
            draft = draft.severity(Severity::Info);
        }
        let changes = at.set_everywhere(manager.target(), "EnableSsl", "True");
        found.report(draft.fix(Applicability::Unsafe, "set `EnableSsl` to `True`", changes));
    }
}

fn others(at: &InFile<'_>, sender: &OtherSender, found: &mut Findings<'_, '_>) {
    // What these do without being asked for TLS: MailKit and the vendors' take what the server offers.
    let is_clear_by_default = matches!(
        sender.means,
        MailMeans::SystemNetMail
            | MailMeans::SystemWebMail
            | MailMeans::Cdo
            | MailMeans::PowerShell
    );
    let (what, confidence) = match sender.encryption {
        SenderEncryption::Off => ("turns TLS off", Confidence::High),
        SenderEncryption::Unstated if is_clear_by_default => {
            ("does not ask for TLS", Confidence::Low)
        }
        _ => return,
    };
    let host = sender.hosts.iter().find_map(|host| host.value.as_deref());
    let to = host.map_or(String::new(), |host| format!(" to `{host}`"));
    let message = format!("{} sends mail{to} in clear: it {what}", sender.evidence);
    let mut draft = at
        .about_sender(sender, sender.spot.span, message)
        .confidence(confidence);
    if host.is_some_and(is_loopback) {
        draft = draft.severity(Severity::Info);
    }
    found.report(draft);
}
