//! SM055: a file that is encrypted as a whole.

use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile};

rule! {
    /// The file is encrypted as a whole, and was not judged
    ///
    /// ## What it does
    /// Names packages and connection managers under `EncryptAllWithPassword` or `EncryptAllWithUserKey`. No other rule
    /// says anything of them.
    ///
    /// ## Why it matters
    /// What nobody can read nobody can review or migrate; under a user key only one account on one machine can open it.
    ///
    /// ## Example
    /// ```xml
    /// <EncryptedData Id="EncryptedPackage" Type="http://www.w3.org/2001/04/xmlenc#Element" … />
    /// ```
    ///
    /// ## Instead
    /// `DontSaveSensitive`, with the secrets in parameters; or decrypt a copy and lint that.
    ///
    /// ## References
    /// - Protection levels: <https://learn.microsoft.com/en-us/sql/integration-services/security/access-control-for-sensitive-data-in-packages>
    SM055 "package-encrypted" {
        category: Portability,
        severity: Info,
        tier: Second,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    let file = at.file();
    if file.is_encrypted {
        let what = file.kind.name().replace('-', " ");
        let message = format!("this {what} is encrypted as a whole: it was not judged");
        found.report(Draft::path(
            "",
            "",
            Some(file.document.root().tag()),
            message,
        ));
    }
}
