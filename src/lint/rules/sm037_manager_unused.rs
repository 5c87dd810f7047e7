//! SM037: an SMTP connection manager that nothing uses.

use crate::inventory::FileFacts;
use crate::lint::rule::rule;
use crate::lint::{Confidence, InUnit, UnitDraft, UnitFindings};
use crate::package::FileKind;

rule! {
    /// Nothing uses an SMTP connection manager
    ///
    /// ## What it does
    /// Reports SMTP connection managers that no task, data flow, event handler or script refers to: in the package, and
    /// for a manager of the project in all its packages. A script is taken to use what it names in
    /// `Connections["…"]`. Where a package of the project cannot be read, it keeps silent about the project's.
    ///
    /// ## Why it matters
    /// It must be migrated, reviewed and explained like the others, and hides which servers are in use.
    ///
    /// ## Example
    /// A connection manager `Mail 1` that was left when its task was deleted.
    ///
    /// ## Instead
    /// Remove it: `dtsx remove smtp FILE NAME` takes the copies in the project file along.
    ///
    /// ## References
    /// - Connection managers: <https://learn.microsoft.com/en-us/sql/integration-services/connection-manager/integration-services-ssis-connections>
    SM037 "manager-unused" {
        category: Hygiene,
        severity: Info,
        tier: Second,
        since: "0.1.0",
        check: Unit(check),
    }
}

fn check(at: &InUnit<'_>, found: &mut UnitFindings<'_>) {
    for file in at.files {
        let is_projects = file.kind == FileKind::ConnectionManager;
        if is_projects && !at.is_whole() {
            continue;
        }
        for manager in file.connections.iter().filter(|it| it.is_smtp()) {
            let name = &manager.name;
            let is_named = match is_projects {
                true => at
                    .files
                    .iter()
                    .any(|file| at.names_in_code(&file.label, name)),
                false => at.names_in_code(&file.label, name),
            };
            if !manager.used_by.is_empty() || is_named {
                continue;
            }
            let whose = match is_projects {
                true => "no package of the project uses",
                false => "nothing in the package uses",
            };
            let message = format!("{whose} the SMTP connection manager `{name}`");
            let mut draft =
                UnitDraft::new(&file.label, &manager.path, "", message).id(manager.id.clone());
            if is_part(file) {
                draft = draft.confidence(Confidence::Low);
            }
            found.report(draft);
        }
    }
}

/// What a package part holds may be used by the packages that it is put into.
fn is_part(file: &FileFacts) -> bool {
    file.kind == FileKind::PackagePart
}
