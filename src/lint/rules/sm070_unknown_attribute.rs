//! SM070: an attribute that nothing reads.

use crate::connection_string::{ConnectionString, SmtpProperty};
use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile, SmtpManager};
use crate::package::{MailProperty, Target, nearest};
use crate::xml::Node;

use super::sm022_basic_authentication::is_credential;

rule! {
    /// An attribute, or a key, is not known
    ///
    /// ## What it does
    /// Reports attributes of Send Mail tasks and SMTP connection managers that SSIS does not write, and unknown keys of
    /// SMTP connection strings. User names and passwords among the keys are the matter of SM022.
    ///
    /// ## Why it matters
    /// SSIS reads names of its own only: what is misspelled means nothing, and the designer drops it at the next save.
    ///
    /// ## Example
    /// ```text
    /// SendMailTask:ToLine="ops@example.com"          (the attribute is To)
    /// ```
    ///
    /// ## Instead
    /// ```xml
    /// SendMailTask:To="ops@example.com"
    /// ```
    ///
    /// ## References
    /// - Send Mail task: <https://learn.microsoft.com/en-us/sql/integration-services/control-flow/send-mail-task>
    /// - SMTP connection manager: <https://learn.microsoft.com/en-us/sql/integration-services/connection-manager/smtp-connection-manager>
    SM070 "unknown-attribute" {
        category: Hygiene,
        severity: Warning,
        tier: Second,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for task in at.mail_tasks() {
        if let Some(data) = task.task.data() {
            let known = MailProperty::ALL
                .into_iter()
                .filter(|it| *it != MailProperty::FileAttachments)
                .map(MailProperty::xml_name);
            attributes(task.target(), data, &known.collect::<Vec<_>>(), found);
        }
    }
    for manager in at.smtp_managers() {
        if let Some(data) = manager.manager.data() {
            attributes(
                manager.target(),
                data,
                &["ConnectionString", "ConnectByProxy"],
                found,
            );
        }
        keys(manager, found);
    }
}

fn attributes<'a>(
    target: Target<'a>,
    data: Node<'a>,
    known: &[&str],
    found: &mut Findings<'_, '_>,
) {
    for attribute in data.attributes().filter(|it| !it.is_declaration()) {
        let name = attribute.name();
        if known.contains(&name) {
            continue;
        }
        // The object model's name is what people write by mistake.
        let meant = MailProperty::from_name(name)
            .map(MailProperty::xml_name)
            .filter(|it| known.contains(it))
            .or_else(|| nearest(name, known.iter().copied()));
        let meant = meant.map_or(String::new(), |meant| format!(" (did you mean `{meant}`?)"));
        let message = format!("nothing reads the attribute `{name}`{meant}");
        found.report(Draft::at(target, "", attribute.name_span(), message));
    }
}

fn keys(manager: &SmtpManager<'_>, found: &mut Findings<'_, '_>) {
    let Some(string) = manager.manager.connection_string() else {
        return;
    };
    let text = string.text();
    let Ok(read) = ConnectionString::parse(&text.text) else {
        return;
    };
    for pair in read.pairs() {
        let key = pair.key.text.trim();
        if SmtpProperty::of_key(key).is_some() || is_credential(key) {
            continue;
        }
        let keys = SmtpProperty::ALL.map(SmtpProperty::key);
        let meant = nearest(key, keys.into_iter());
        let meant = meant.map_or(String::new(), |meant| format!(" (did you mean `{meant}`?)"));
        let message = format!("the SMTP connection manager has no key `{key}`{meant}");
        let place = text.raw_span(pair.key.raw().range());
        found.report(Draft::at(
            manager.target(),
            "ConnectionString",
            place,
            message,
        ));
    }
}
