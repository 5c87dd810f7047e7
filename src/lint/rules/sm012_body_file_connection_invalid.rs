//! SM012: a text that comes from no file.

use crate::lint::rule::rule;
use crate::lint::{Confidence, Draft, Findings, InFile, Severity};
use crate::package::{FileKind, MailProperty, MessageSourceType, Target};

rule! {
    /// The text comes from a connection manager that leads to no file
    ///
    /// ## What it does
    /// Looks at the connection manager that a Send Mail task takes its text from: whether it exists, whether it is of
    /// type FILE, and whether it names a path. With `--check-files` the file must exist too; `--map-path` says where
    /// paths of other machines are.
    ///
    /// ## Why it matters
    /// The task fails when it runs, with 0xC00291CE ("is not of type File") or 0xC00291CF ("does not exist").
    ///
    /// ## Example
    /// ```text
    /// MessageSourceType: FileConnection
    /// MessageSource: {id of an OLE DB connection manager}
    /// ```
    ///
    /// ## Instead
    /// Choose a File connection manager of the usage type "existing file".
    ///
    /// ## References
    /// - Send Mail task: <https://learn.microsoft.com/en-us/sql/integration-services/control-flow/send-mail-task>
    /// - Errors: <https://learn.microsoft.com/en-us/sql/integration-services/integration-services-error-and-message-reference>
    SM012 "body-file-connection-invalid" {
        category: Failure,
        severity: Error,
        tier: First,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for task in at.mail_tasks() {
        let kind = at.mail(task, MailProperty::MessageSourceType).text();
        let is_file =
            kind.and_then(MessageSourceType::parse) == Some(MessageSourceType::FileConnection);
        if !is_file {
            continue;
        }
        let source = at.mail(task, MailProperty::MessageSource);
        let Some(reference) = source.text().map(str::trim) else {
            continue;
        };
        let Some((holder, manager)) = at.at.manager_of_reference(reference) else {
            // A manager of a project that is not here cannot be seen.
            let has_project = at.at.context.of_kind(FileKind::Project).next().is_some();
            let message = format!(
                "the text comes from the connection manager `{reference}`, which is not there"
            );
            let draft = Draft::value(task.target(), source, message);
            found.report(match has_project || reference.is_empty() {
                true => draft,
                false => draft.severity(Severity::Info).confidence(Confidence::Low),
            });
            continue;
        };
        let name = manager.object().name();
        let type_name = manager.type_name();
        if !type_name.eq_ignore_ascii_case("FILE") {
            let message = format!(
                "the text comes from the connection manager `{name}`, which is of type {type_name} and not FILE: the \
                 task fails when it runs (0xC00291CE)"
            );
            found.report(Draft::value(task.target(), source, message));
            continue;
        }
        let target = Target::ConnectionManager(manager);
        let path = at.values.property(holder, target, "ConnectionString");
        let Some(path) = path.ok().and_then(|path| path.value) else {
            continue;
        };
        let path = path.trim();
        let why = if path.is_empty() {
            "names no file".to_owned()
        } else if let Some(why) = is_missing(at, path) {
            format!("leads to `{path}`, {why}")
        } else {
            continue;
        };
        let message = format!(
            "the text comes from the connection manager `{name}`, which {why}: the task fails when it runs (0xC00291CF)"
        );
        found.report(Draft::value(task.target(), source, message));
    }
}

/// Why a file is not there, where somebody asked to look for it.
pub(super) fn is_missing(at: &InFile<'_>, path: &str) -> Option<String> {
    let files = at.files?;
    let place = match at.values.unit().given().path_map.locate(path) {
        Ok(place) => place,
        Err(error) => return Some(format!("which cannot be looked for: {error}")),
    };
    match files.metadata(&place) {
        Ok(_) => None,
        Err(_) => Some("which does not exist".to_owned()),
    }
}
