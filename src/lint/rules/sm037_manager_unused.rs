//! SM037: an SMTP connection manager that nothing uses.

use crate::lint::rule::rule;
use crate::lint::{
    Applicability, Confidence, Draft, Findings, InFile, InUnit, UnitDraft, UnitFindings,
};
use crate::package::FileKind;
use crate::project::remove_manager;

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
    /// Remove it: `dtsx remove FILE '\Package.Connections[Mail 1]'` takes the copies in the project file along.
    ///
    /// ## Fix
    /// Unsafe: removes a connection manager of a package, and its copies in the project file. Code may still ask for it
    /// by a name that it computes, and an environment of the SSIS catalog may hold its values. A connection manager of
    /// the project is a file of its own: `dtsx remove` takes it, its registration and its copies away.
    ///
    /// ## References
    /// - Connection managers: <https://learn.microsoft.com/en-us/sql/integration-services/connection-manager/integration-services-ssis-connections>
    SM037 "manager-unused" {
        category: Hygiene,
        severity: Info,
        tier: Second,
        since: "0.1.0",
        fix: Unsafe,
        check: FileAndUnit(check_file, check_unit),
    }
}

/// The managers of packages and parts: only what is in the file can use them.
fn check_file(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    let kind = at.file().kind;
    if !matches!(kind, FileKind::Package | FileKind::PackagePart) {
        return;
    }
    for manager in at.smtp_managers() {
        let name = manager.manager.object().name();
        let is_used = at
            .facts_of(manager.manager)
            .is_none_or(|facts| !facts.used_by.is_empty());
        if is_used || is_named(at.named_in_code(), &name) {
            continue;
        }
        let message = format!("nothing in the package uses the SMTP connection manager `{name}`");
        let mut draft = Draft::object(manager.target(), message);
        // What a package part holds may be used by the packages that it is put into.
        if kind == FileKind::PackagePart {
            draft = draft.confidence(Confidence::Low);
        } else {
            let changes = remove_manager(at.at, manager.manager).ok();
            draft = draft.fix(Applicability::Unsafe, format!("remove `{name}`"), changes);
        }
        found.report(draft);
    }
}

/// The managers of the project: all its packages may use them.
fn check_unit(at: &InUnit<'_>, found: &mut UnitFindings<'_>) {
    if !at.is_whole() {
        return;
    }
    let of_project = at.files.iter();
    let of_project = of_project.filter(|file| file.kind == FileKind::ConnectionManager);
    for file in of_project {
        for manager in file.connections.iter().filter(|it| it.is_smtp()) {
            let name = &manager.name;
            let is_named = at
                .files
                .iter()
                .any(|file| at.names_in_code(&file.label, name));
            if !manager.used_by.is_empty() || is_named {
                continue;
            }
            let message =
                format!("no package of the project uses the SMTP connection manager `{name}`");
            let draft = UnitDraft::new(&file.label, &manager.path, "", message);
            found.report(draft.id(manager.id.clone()));
        }
    }
}

fn is_named(named: &[String], manager: &str) -> bool {
    named.iter().any(|it| it.eq_ignore_ascii_case(manager))
}
