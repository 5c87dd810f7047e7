//! SM038: several managers that say the same.

use crate::inventory::{ConnectionFacts, FileFacts};
use crate::lint::rule::rule;
use crate::lint::{InUnit, UnitDraft, UnitFindings};
use crate::package::FileKind;

rule! {
    /// Two SMTP connection managers are the same
    ///
    /// ## What it does
    /// Compares the SMTP connection managers that a package can use, its own and those of its project, and reports one
    /// whose server, flags and time limit are those of another. Managers under expressions or configurations are left
    /// out: they may differ when they run.
    ///
    /// ## Why it matters
    /// Each is one more to change when the relay changes, and one more to be forgotten.
    ///
    /// ## Example
    /// `Mail` and `SMTP Connection Manager 1` in one package, both with `SmtpServer=relay.example.com`.
    ///
    /// ## Instead
    /// Let all tasks refer to one, best to one of the project, and remove the others.
    ///
    /// ## References
    /// - Connection managers: <https://learn.microsoft.com/en-us/sql/integration-services/connection-manager/integration-services-ssis-connections>
    SM038 "managers-duplicate" {
        category: Hygiene,
        severity: Info,
        tier: Second,
        since: "0.1.0",
        check: Unit(check),
    }
}

fn check(at: &InUnit<'_>, found: &mut UnitFindings<'_>) {
    let of_project: Vec<_> = at
        .files
        .iter()
        .filter(|file| file.kind == FileKind::ConnectionManager)
        .flat_map(managers)
        .collect();
    report(at, &of_project, &[], found);
    for file in at.files {
        if file.kind == FileKind::Package {
            let own: Vec<_> = managers(file).collect();
            report(at, &own, &of_project, found);
        }
    }
}

fn managers(file: &FileFacts) -> impl Iterator<Item = (&FileFacts, &ConnectionFacts)> {
    let all = file.connections.iter().filter(|it| it.is_smtp());
    // A part's manager has a copy in every package that uses it.
    let all = all.filter(|it| it.effective.is_empty() && !it.name.starts_with("(PackagePart)"));
    all.map(move |manager| (file, manager))
}

fn report(
    at: &InUnit<'_>,
    own: &[(&FileFacts, &ConnectionFacts)],
    others: &[(&FileFacts, &ConnectionFacts)],
    found: &mut UnitFindings<'_>,
) {
    for (index, (file, manager)) in own.iter().enumerate() {
        let before = own.get(..index).unwrap_or_default();
        let same = others
            .iter()
            .chain(before)
            .find(|(_, other)| is_same(manager, other));
        if let Some((other_file, other)) = same {
            let message = format!(
                "it is the same as `{}`: let the tasks refer to one of them",
                other.name
            );
            let related = at.related(&other_file.label, &other.path, "", "the other one");
            let draft = UnitDraft::new(&file.label, &manager.path, "", message);
            found.report(draft.id(manager.id.clone()).related(related));
        }
    }
}

fn is_same(a: &ConnectionFacts, b: &ConnectionFacts) -> bool {
    let (Some(a), Some(b)) = (&a.smtp, &b.smtp) else {
        return false;
    };
    !a.server.trim().is_empty()
        && a.server.trim().eq_ignore_ascii_case(b.server.trim())
        && (a.use_windows_authentication, a.enable_ssl, a.timeout)
            == (b.use_windows_authentication, b.enable_ssl, b.timeout)
        && a.unknown == b.unknown
}
