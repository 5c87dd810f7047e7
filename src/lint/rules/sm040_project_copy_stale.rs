//! SM040: the project's copy of a manager says something else than the manager.

use crate::connection_string::SmtpProperty;
use crate::effective::{Keeper, KeeperKind, keepers};
use crate::lint::rule::rule;
use crate::lint::{Applicability, Draft, Findings, InFile, Related, SmtpManager};
use crate::package::FileKind;
use crate::project::Changes;

rule! {
    /// A copy in the project file differs from its connection manager
    ///
    /// ## What it does
    /// Project files repeat the properties of connection managers as parameters named `CM.…`. It reports SMTP
    /// connection managers whose value there is another one. Where an expression gives the value there is no copy,
    /// and none is missed.
    ///
    /// ## Why it matters
    /// What is deployed has the old value among its parameters: SQL Server Management Studio shows it as the default,
    /// and an environment that was made from it sets it. It comes from editing a file without the designer.
    ///
    /// ## Example
    /// `Mail.conmgr` has `SmtpServer=relay.example.com`, `CM.Mail.SmtpServer` in `Etl.dtproj` has
    /// `oldrelay.example.com`.
    ///
    /// ## Instead
    /// Equal values. `dtsx set` and `dtsx migrate` change the copies too.
    ///
    /// ## Fix
    /// Safe: gives the copies the value of the connection manager, as the designer does at its next save.
    ///
    /// ## References
    /// - Project deployment: <https://learn.microsoft.com/en-us/sql/integration-services/packages/deploy-integration-services-ssis-projects-and-packages>
    SM040 "project-copy-stale" {
        category: Hygiene,
        severity: Warning,
        tier: Second,
        since: "0.1.0",
        fix: Safe,
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    // Without a project there are no copies to look for.
    if at.at.context.of_kind(FileKind::Project).next().is_none() {
        return;
    }
    for manager in at.smtp_managers() {
        for property in SmtpProperty::ALL {
            compare(at, manager, property, found);
        }
    }
}

fn compare(
    at: &InFile<'_>,
    manager: &SmtpManager<'_>,
    property: SmtpProperty,
    found: &mut Findings<'_, '_>,
) {
    let kept = keepers(at.at, manager.target(), property.key()).keepers;
    let Some(own) = kept.iter().find(|keeper| keeper.kind == KeeperKind::Object) else {
        return;
    };
    let is_stale = |copy: &&Keeper<'_>| {
        copy.kind == KeeperKind::Copy && !is_equal(property, &own.value, &copy.value)
    };
    let stale: Vec<&Keeper<'_>> = kept.iter().filter(is_stale).collect();
    let Some(first) = stale.first() else { return };
    let key = property.key();
    let message = format!(
        "the copy of `{key}` in {} is `{}`, not `{}`",
        first.file.label, first.value, own.value
    );
    let mut changes = Changes::new();
    let mut can_be_fixed = true;
    for copy in &stale {
        let edits = copy.set(copy.spelled(&own.value));
        can_be_fixed &= edits.is_ok_and(|edits| changes.add(copy.file.id, edits).is_ok());
    }
    let judged = match property {
        SmtpProperty::Server => &manager.server,
        SmtpProperty::UseWindowsAuthentication => &manager.windows,
        SmtpProperty::EnableSsl => &manager.ssl,
        SmtpProperty::Timeout => &manager.timeout,
    };
    let mut draft = Draft::at(manager.target(), key, judged.span, message);
    for copy in &stale {
        draft = draft.related(Related {
            file: Some(copy.file.label.clone()),
            place: copy.span().map(|span| copy.file.document.place(span)),
            message: format!("`{}` is `{}`", copy.path, copy.value),
        });
    }
    let changes = can_be_fixed.then_some(changes);
    found.report(draft.fix(
        Applicability::Safe,
        "give the copies the value of the connection manager",
        changes,
    ));
}

/// An absent time limit is the 0 or nothing of a copy.
fn is_equal(property: SmtpProperty, own: &str, copy: &str) -> bool {
    match property {
        SmtpProperty::Server => own.trim() == copy.trim(),
        SmtpProperty::UseWindowsAuthentication | SmtpProperty::EnableSsl => {
            crate::package::boolean(own).unwrap_or(false)
                == crate::package::boolean(copy).unwrap_or(false)
        }
        SmtpProperty::Timeout => {
            let number = |text: &str| text.trim().parse::<i64>().unwrap_or(0);
            // The designer writes its default where the manager says nothing.
            own.trim().is_empty() || number(own) == number(copy)
        }
    }
}
