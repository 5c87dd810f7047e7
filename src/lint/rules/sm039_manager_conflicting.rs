//! SM039: managers of one name with different servers.

use std::collections::BTreeMap;

use crate::inventory::{Certainty, ConnectionFacts, FileFacts};
use crate::lint::rule::rule;
use crate::lint::{InUnit, UnitDraft, UnitFindings};

rule! {
    /// SMTP connection managers of one name have different servers
    ///
    /// ## What it does
    /// Compares the SMTP connection managers of one name over the packages of a project, or of a folder: where their
    /// servers differ at run time, it reports each that is not like the most. Values that only a run knows are left out.
    ///
    /// ## Why it matters
    /// Who changes "the mail server" changes only some, and who reads one package takes the others to be alike. Often
    /// it is one that a migration has forgotten.
    ///
    /// ## Example
    /// `Mail` is `relay.example.com` in nine packages and `oldrelay.example.com` in one.
    ///
    /// ## Instead
    /// One connection manager of the project; or another name for what is meant to differ.
    ///
    /// ## References
    /// - Connection managers: <https://learn.microsoft.com/en-us/sql/integration-services/connection-manager/integration-services-ssis-connections>
    SM039 "manager-conflicting" {
        category: Hygiene,
        severity: Warning,
        tier: Second,
        since: "0.1.0",
        check: Unit(check),
    }
}

type Manager<'u> = (&'u FileFacts, &'u ConnectionFacts);

fn check(at: &InUnit<'_>, found: &mut UnitFindings<'_>) {
    let mut by_name: BTreeMap<String, BTreeMap<String, Vec<Manager<'_>>>> = BTreeMap::new();
    for file in at.files {
        for manager in file.connections.iter().filter(|it| it.is_smtp()) {
            if let Some(server) = server(manager) {
                let servers = by_name.entry(manager.name.to_lowercase()).or_default();
                servers.entry(server).or_default().push((file, manager));
            }
        }
    }
    for servers in by_name.into_values().filter(|servers| servers.len() > 1) {
        // The most frequent, of equal ones the first.
        let most = servers
            .iter()
            .rev()
            .max_by_key(|(_, managers)| managers.len());
        let Some((usual, managers)) = most else {
            continue;
        };
        let Some((usual_file, usual_manager)) = managers.first() else {
            continue;
        };
        for (server, managers) in servers.iter().filter(|(server, _)| *server != usual) {
            for (file, manager) in managers {
                let message = format!(
                    "`{}` is `{server}` here and `{usual}` in {}",
                    manager.name, usual_file.label
                );
                let related = at.related(
                    &usual_file.label,
                    &usual_manager.path,
                    "SmtpServer",
                    "the other server",
                );
                let draft = UnitDraft::new(&file.label, &manager.path, "SmtpServer", message);
                found.report(draft.id(manager.id.clone()).related(related));
            }
        }
    }
}

/// The server as it is known to be.
fn server(manager: &ConnectionFacts) -> Option<String> {
    let effective = manager
        .effective
        .iter()
        .find(|it| it.property == "SmtpServer");
    let server = match effective {
        Some(it) if it.effective.certainty != Certainty::Unknown => it.effective.value.clone()?,
        Some(_) => return None,
        None => manager.smtp.as_ref()?.server.clone(),
    };
    let server = server.trim().trim_end_matches('.').to_lowercase();
    (!server.is_empty()).then_some(server)
}
