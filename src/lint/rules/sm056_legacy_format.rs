//! SM056: a package in the format of an old SQL Server.

use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile};
use crate::package::Target;

rule! {
    /// A package that sends mail is in an old format
    ///
    /// ## What it does
    /// Reports packages with mail in format 2 (SQL Server 2005), 3 (2008) or 6 (2012).
    ///
    /// ## Why it matters
    /// Newer versions of SQL Server upgrade it in memory each time they load it, and its scripts may not be upgradable
    /// at all. A time limit for mail, parameters and connection managers of the project came with format 6.
    ///
    /// ## Example
    /// ```xml
    /// <DTS:Property DTS:Name="PackageFormatVersion">3</DTS:Property>
    /// ```
    ///
    /// ## Instead
    /// Upgrade it once with the SSIS Package Upgrade Wizard, and keep the result.
    ///
    /// ## References
    /// - Upgrade: <https://learn.microsoft.com/en-us/sql/integration-services/install-windows/upgrade-integration-services-packages>
    SM056 "legacy-format" {
        category: Portability,
        severity: Info,
        tier: Second,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    let Some(package) = at.package().filter(|_| at.has_mail()) else {
        return;
    };
    let version = match package.format_version() {
        Some(2) => "2005",
        Some(3) => "2008",
        Some(6) => "2012",
        _ => return,
    };
    let (Some(root), Some(stored)) = (
        package.executable(),
        package.object().property("PackageFormatVersion"),
    ) else {
        return;
    };
    let decoded = stored.text();
    let inside = decoded.text.trim();
    let start = decoded.text.find(inside).unwrap_or(0);
    let span = decoded.raw_span(start..start + inside.len());
    let message = format!(
        "format {inside} is that of SQL Server {version}: newer versions upgrade it at each load"
    );
    let target = Target::Executable(root);
    found.report(Draft::at(target, "PackageFormatVersion", span, message));
}
