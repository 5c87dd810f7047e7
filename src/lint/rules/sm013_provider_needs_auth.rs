//! SM013: the stock manager at a host that demands a password or OAuth.

use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile, fits};

rule! {
    /// The server demands a sign-in that the SMTP connection manager cannot do
    ///
    /// ## What it does
    /// Reports SMTP connection managers whose server, at run time, is one of those that take mail only from who signs
    /// in with a password or a token: Exchange Online, Outlook.com, Gmail, Yahoo, Amazon SES, SendGrid, Mailgun, Azure
    /// Communication Services, High Volume Email.
    ///
    /// ## Why it matters
    /// The SMTP connection manager "does not support basic authentication" (Microsoft): it sends anonymously or with
    /// Windows authentication, and such a server refuses both with 530 5.7.57 or 535. No mail ever goes.
    ///
    /// ## Example
    /// ```text
    /// SmtpServer=smtp.office365.com;UseWindowsAuthentication=False;EnableSsl=True;
    /// ```
    ///
    /// ## Instead
    /// Send through a relay that takes mail from this machine without a password: an SMTP connector or Direct Send of
    /// Exchange Online, an on-premises relay that signs in itself. Or send with a tool that can sign in.
    ///
    /// ## References
    /// - SMTP connection manager: <https://learn.microsoft.com/en-us/sql/integration-services/connection-manager/smtp-connection-manager>
    /// - Options for devices and applications: <https://learn.microsoft.com/en-us/exchange/mail-flow-best-practices/how-to-set-up-a-multifunction-device-or-application-to-send-email-using-microsoft-365-or-office-365>
    SM013 "provider-needs-auth" {
        category: Failure,
        severity: Error,
        tier: First,
        since: "0.1.0",
        check: File(check),
    }
}

/// Servers and who they belong to.
const PROVIDERS: [(&str, &str); 21] = [
    ("smtp.office365.com", "Exchange Online"),
    ("smtp-legacy.office365.com", "Exchange Online"),
    ("smtp.office365.us", "Exchange Online"),
    ("smtp.partner.outlook.cn", "Exchange Online"),
    ("outlook.office365.com", "Exchange Online"),
    ("*.hve.mx.microsoft", "High Volume Email"),
    ("smtp-hve.office365.com", "High Volume Email"),
    ("smtp-mail.outlook.com", "Outlook.com"),
    ("smtp.outlook.com", "Outlook.com"),
    ("smtp.live.com", "Outlook.com"),
    ("smtp.hotmail.com", "Outlook.com"),
    ("smtp.gmail.com", "Gmail"),
    ("smtp.googlemail.com", "Gmail"),
    ("smtp.mail.yahoo.*", "Yahoo"),
    ("email-smtp.*.amazonaws.com", "Amazon SES"),
    ("smtp.sendgrid.net", "SendGrid"),
    ("smtp.mailgun.org", "Mailgun"),
    ("smtp.*.mailgun.org", "Mailgun"),
    ("smtp.azurecomm.net", "Azure Communication Services"),
    ("smtp.zoho.*", "Zoho"),
    ("smtp.mandrillapp.com", "Mandrill"),
];

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for manager in at.smtp_managers() {
        let Some(host) = manager.host() else { continue };
        // A port or a scheme, which SM034 reports, does not make it another server.
        let bare = host.rsplit("//").next().unwrap_or(&host);
        let bare = bare.split([':', ',', ' ', '/']).next().unwrap_or(bare);
        let provider = PROVIDERS.iter().find(|(pattern, _)| fits(pattern, bare));
        if let Some((_, name)) = provider {
            let message = format!(
                "`{bare}` ({name}) demands a password or a token, which the SMTP connection manager cannot give: it \
                 knows only anonymous and Windows authentication"
            );
            found.report(Draft::value(manager.target(), &manager.server, message));
        }
    }
}
