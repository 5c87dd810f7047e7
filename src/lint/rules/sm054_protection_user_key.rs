//! SM054: secrets that only one account can read.

use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile, Severity};
use crate::package::{ProtectionLevel, Target};

rule! {
    /// Secrets of the package can be read only by the account that saved it
    ///
    /// ## What it does
    /// Reports packages that send mail or hold secrets and are under `EncryptSensitiveWithUserKey`, which is also what
    /// an absent level means. It is info where the package holds nothing encrypted (an SMTP connection manager has no
    /// secret), a warning where it does.
    ///
    /// ## Why it matters
    /// Any other account, such as that of SQL Server Agent or of the Azure-SSIS runtime, gets the package without its
    /// secrets, and its connections fail.
    ///
    /// ## Example
    /// ```xml
    /// <DTS:Executable … DTS:ProtectionLevel="1">
    /// ```
    ///
    /// ## Instead
    /// `DontSaveSensitive` (0) with the secrets in sensitive parameters of the SSIS catalog.
    ///
    /// ## References
    /// - Protection levels: <https://learn.microsoft.com/en-us/sql/integration-services/security/access-control-for-sensitive-data-in-packages>
    SM054 "protection-user-key" {
        category: Portability,
        severity: Info,
        tier: Second,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    let Some(package) = at.package() else { return };
    if package.protection_level() != Some(ProtectionLevel::EncryptSensitiveWithUserKey) {
        return;
    }
    let text = at.file().document.source().text();
    let holds_secrets = ["Encrypted=\"1\"", "Encrypted=\"True\"", "EncryptedData"]
        .iter()
        .any(|mark| text.contains(mark));
    let Some(root) = package
        .executable()
        .filter(|_| holds_secrets || at.has_mail())
    else {
        return;
    };
    let target = Target::Executable(root);
    let stored = package.object().property("ProtectionLevel");
    let how = match stored {
        Some(_) => "EncryptSensitiveWithUserKey",
        None => "no protection level is written, which means EncryptSensitiveWithUserKey",
    };
    let (message, severity) = match holds_secrets {
        true => (
            format!("{how}: only the account that saved the package can read the secrets in it"),
            Severity::Warning,
        ),
        false => (
            format!(
                "{how}: a secret that is added later can be read only by the account that saved the package"
            ),
            Severity::Info,
        ),
    };
    let draft = match stored {
        Some(stored) => Draft::at(target, "ProtectionLevel", stored.span(), message),
        None => Draft::object(target, message),
    };
    found.report(draft.severity(severity));
}
