//! SM021: a password that Exchange Online will not take any more.

use crate::inventory::{Certainty, SenderAuthentication};
use crate::lint::rule::rule;
use crate::lint::{Confidence, Findings, InFile};

rule! {
    /// A sender signs in with a password where that ends
    ///
    /// ## What it does
    /// Reports senders that sign in with a user name and a password at Exchange Online: scripts and components with
    /// `NetworkCredential` or `Credentials =`, third-party connection managers with a user name, mail programs with a
    /// password, PowerShell with `-Credential` or `NetworkCredential` (in clear or in base64), whose host is, literally or
    /// by a variable, parameter or expression, one of `office365.com`, `smtp.outlook.com` or `smtp-mail.outlook.com`.
    /// Where the host is not known, or is a variable that is empty until something sets it, the confidence is low. What
    /// `sp_send_dbmail` signs in with is kept by the server and not in files.
    ///
    /// ## Why it matters
    /// Microsoft ends basic authentication for SMTP AUTH at Exchange Online: off by default for existing tenants from
    /// the end of December 2026, with a final date to be announced for the second half of 2027.
    ///
    /// ## Example
    /// ```csharp
    /// var client = new SmtpClient("smtp.office365.com", 587);
    /// client.Credentials = new NetworkCredential(user, password);
    /// ```
    ///
    /// ## Instead
    /// Sign in with OAuth (MailKit can), send through a relay of your own, or through a service such as Azure
    /// Communication Services.
    ///
    /// ## References
    /// - Deprecation of basic authentication: <https://learn.microsoft.com/en-us/exchange/clients-and-mobile-in-exchange-online/deprecation-of-basic-authentication-exchange-online>
    /// - SMTP AUTH: <https://learn.microsoft.com/en-us/exchange/clients-and-mobile-in-exchange-online/authenticated-client-smtp-submission>
    SM021 "basic-auth-retirement" {
        category: Retirement,
        severity: Warning,
        tier: First,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for sender in at.other_senders() {
        if sender.authentication != SenderAuthentication::Password {
            continue;
        }
        let ends = sender.hosts.iter().find(|host| {
            let host = host.value.as_deref();
            host.is_some_and(is_exchange_online)
        });
        let is_unknown = sender.hosts.iter().all(|host| host.value.is_none());
        let (span, message, confidence) = match ends {
            Some(host) => {
                let name = host.value.as_deref().unwrap_or_default();
                let message = format!(
                    "signs in with a password at `{name}`, which ends from the end of December 2026 on"
                );
                let confidence = match host.certainty {
                    Certainty::Known => Confidence::High,
                    _ => Confidence::Low,
                };
                (host.spot.span, message, confidence)
            }
            None if is_unknown => {
                let message = "signs in with a password at a host that is not known here: at Exchange Online that ends \
                               from the end of December 2026 on";
                (sender.spot.span, message.to_owned(), Confidence::Low)
            }
            None => continue,
        };
        let draft = at.about_sender(sender, span, message);
        found.report(draft.confidence(confidence));
    }
}

fn is_exchange_online(host: &str) -> bool {
    let host = host.trim().trim_end_matches('.').to_lowercase();
    host.ends_with(".office365.com")
        || host.starts_with("smtp.outlook.")
        || host.starts_with("smtp-mail.outlook.")
}
