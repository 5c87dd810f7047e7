//! Tasks, components and connection managers for mail that others have made.
//!
//! Vendors name their classes for what they do, in names that no list can hold; so what is not Microsoft's and is
//! named for mail counts, except where the name says that it receives.

use crate::connection_string::ConnectionString;
use crate::effective::Certainty;
use crate::package::{ConnectionManager, Executable, Target, boolean};
use crate::xml::Node;

use super::Looking;
use super::facts::{
    MailMeans, NamedHost, OtherSender, SenderAuthentication, SenderEncryption, SenderKind,
    SenderSpot,
};
use super::script::component_property;

/// The task, if it is one for mail.
pub(super) fn of_task<'a>(looking: &Looking<'_, 'a>, task: Executable<'a>) -> Option<OtherSender> {
    let name = task.type_name();
    if !is_for_sending(&name) {
        return None;
    }
    let stored = task.object().property("ExecutableType")?;
    let spot = looking.spot(stored.span());
    let mut sender = looking.sender(task, MailMeans::ThirdParty, class(&name), spot);
    sender.kind = SenderKind::ThirdPartyTask;
    Some(unknown(sender))
}

/// The data flow component, if it is one for mail.
pub(super) fn of_component<'a>(
    looking: &Looking<'_, 'a>,
    data_flow: Executable<'a>,
    component: Node<'a>,
) -> Option<OtherSender> {
    let class_id = component.attribute("", "componentClassID");
    let user_type = component_property(component, "UserComponentTypeName");
    let by_id = class_id.map(|it| (it.value().into_text(), it.raw()));
    let by_type = user_type.map(|it| (it.value().into_text(), it.content()));
    let (name, span) = [by_type, by_id]
        .into_iter()
        .flatten()
        .find(|(name, _)| is_for_sending(name))?;
    let spot = looking.spot(span);
    let mut sender = looking.sender(data_flow, MailMeans::ThirdParty, class(&name), spot);
    sender.kind = SenderKind::ThirdPartyComponent;
    let name = component
        .attribute("", "name")
        .map(|it| it.value().into_text());
    sender.component = name.as_deref().map(super::clear);
    Some(unknown(sender))
}

/// The connection manager, if it is one for mail and not Microsoft's.
pub(super) fn of_connection<'a>(
    looking: &Looking<'_, 'a>,
    manager: ConnectionManager<'a>,
) -> Option<OtherSender> {
    let type_name = manager.type_name();
    let is_smtp = type_name.to_ascii_lowercase().contains("smtp");
    if manager.is_smtp() || !(is_smtp || is_for_sending(&type_name)) {
        return None;
    }
    let stored = manager.object().property("CreationName")?;
    let spot = looking.spot(stored.span());
    let path = looking.values.path_of(Target::ConnectionManager(manager));
    let mut sender = OtherSender {
        kind: SenderKind::ThirdPartyConnection,
        means: MailMeans::ThirdParty,
        path: super::clear(&path),
        component: None,
        is_disabled: false,
        evidence: super::clear(class(&type_name)),
        source_file: None,
        hosts: Vec::new(),
        authentication: SenderAuthentication::Unknown,
        encryption: SenderEncryption::Computed,
        literal_credentials: Vec::new(),
        spot,
    };
    let target = Target::ConnectionManager(manager);
    let computed = |property: &str| {
        let expression = manager.object().property_expression(property)?;
        let effective = looking.values.computed(looking.at.file, target, property)?;
        Some((effective, looking.spot(expression.stored().span())))
    };
    if let Some((effective, spot)) = computed("ConnectionString") {
        // Of a string that only a run knows, what stands around the unknown is known.
        let text = effective.value.or(effective.text).unwrap_or_default();
        if let Ok(read) = ConnectionString::parse(&text) {
            for pair in read.pairs() {
                let value = pair.value.text.trim();
                take(
                    &mut sender,
                    &pair.key.text,
                    Some(value),
                    effective.certainty,
                    spot,
                );
            }
        }
    } else if let Some(string) = manager.connection_string() {
        let text = string.text();
        if let Ok(read) = ConnectionString::parse(&text.text) {
            for pair in read.pairs() {
                let spot = looking.spot(text.raw_span(pair.value.raw().range()));
                let value = pair.value.text.trim();
                take(
                    &mut sender,
                    &pair.key.text,
                    Some(value),
                    Certainty::Known,
                    spot,
                );
            }
        }
    }
    for expression in manager.object().property_expressions() {
        let property = expression.property();
        if let Some((effective, spot)) = computed(&property) {
            let value = effective.value.as_deref().map(str::trim);
            take(&mut sender, &property, value, effective.certainty, spot);
        }
    }
    Some(sender)
}

/// What a key of the connection string, or a property, says; `None` for a value that only a run knows.
fn take(
    sender: &mut OtherSender,
    key: &str,
    value: Option<&str>,
    certainty: Certainty,
    spot: SenderSpot,
) {
    let key: String = key.to_ascii_lowercase().split_whitespace().collect();
    match key.as_str() {
        "smtpserver" | "server" | "servername" | "host" | "hostname" | "smtphost"
            if value != Some("") =>
        {
            sender.hosts = vec![NamedHost {
                variable: None,
                value: value.map(super::clear),
                certainty,
                spot,
            }];
        }
        "username" | "user" | "userid" | "uid" => {
            sender.authentication = match value {
                Some("") => SenderAuthentication::None,
                _ => SenderAuthentication::Password,
            };
        }
        "enablessl" | "usessl" => {
            sender.encryption = match value.and_then(boolean) {
                Some(true) => SenderEncryption::On,
                Some(false) => SenderEncryption::Off,
                None => SenderEncryption::Computed,
            };
        }
        _ => {}
    }
}

fn is_for_sending(type_name: &str) -> bool {
    const RECEIVES: [&str; 8] = [
        "receive", "source", "reader", "imap", "pop3", "inbox", "download", "validat",
    ];
    let name = type_name.to_ascii_lowercase();
    let is_microsofts = name.starts_with("microsoft.") || name.starts_with("stock:");
    let has = |word: &str| name.contains(word);
    !is_microsofts && (has("mail") || has("smtp")) && !RECEIVES.into_iter().any(has)
}

/// A class without the name of its assembly.
fn class(type_name: &str) -> &str {
    type_name.split(',').next().unwrap_or(type_name).trim()
}

/// What it connects to and how is written in ways of its own.
fn unknown(mut sender: OtherSender) -> OtherSender {
    sender.authentication = SenderAuthentication::Unknown;
    sender.encryption = SenderEncryption::Computed;
    sender
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_named_for_mail() {
        for name in [
            "CozyRoc.SqlServer.SSIS.SendMailPlusTask, CozyRoc.SSISPlus.2019",
            "ZappySys.PowerPack.Task.SendHtmlEmailTask",
            "PragmaticWorks.TaskFactory.AdvancedEmailTask",
            "KingswaySoft.IntegrationToolkit.Email.EmailDestination",
            "nsoftware.SSISSMTP",
        ] {
            assert!(is_for_sending(name), "{name}");
        }
        for name in [
            "Microsoft.SendMailTask",
            "Microsoft.SqlServer.Dts.Tasks.SendMailTask.SendMailTask, Microsoft.SqlServer.SendMailTask",
            "STOCK:SendMailTask",
            "KingswaySoft.IntegrationToolkit.Email.EmailSource",
            "CozyRoc.SqlServer.SSIS.ReceiveMailTask",
            "Microsoft.Pipeline",
        ] {
            assert!(!is_for_sending(name), "{name}");
        }
    }
}
