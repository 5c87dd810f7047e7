//! What sends mail and is no Send Mail task, for people.

use std::io::{self, Write};

use anstyle::Style;

use crate::inventory::{
    Certainty, MailMeans, NamedHost, OtherSender, SenderAuthentication, SenderEncryption,
    SenderKind,
};

use super::inspect::{write_field, write_styled};
use super::style::{MIND, SUBJECT, WRONG};
use crate::source::visible;

pub(super) fn write_other_sender(out: &mut dyn Write, sender: &OtherSender) -> io::Result<()> {
    let mut subject = format!("{} {}", kind(sender.kind), visible(&sender.path));
    if let Some(component) = &sender.component {
        subject.push_str(&format!(", component {}", visible(component)));
    }
    write_styled(out, 2, SUBJECT, &subject)?;
    if sender.is_disabled {
        write_field(out, "state", MIND, "disabled")?;
    }
    let plain = Style::new();
    let line = sender.spot.place.from.line;
    let evidence = &sender.evidence;
    let with = match (&sender.source_file, sender.means) {
        // The line in a SQL file is not noted.
        (Some(file), _) if sender.kind == SenderKind::ExecuteSql => {
            format!("{evidence} (in {file})")
        }
        (Some(file), _) => format!("{evidence} ({file}, line {line})"),
        (None, MailMeans::ThirdParty) => evidence.clone(),
        (None, _) => format!("{evidence} (line {line})"),
    };
    let label = match sender.means {
        MailMeans::Procedure => "calls",
        _ => "with",
    };
    write_field(out, label, plain, &with)?;
    for host in &sender.hosts {
        write_field(out, "host", plain, &named(host))?;
    }
    let is_seen = !matches!(
        sender.authentication,
        SenderAuthentication::None | SenderAuthentication::Unknown
    );
    if is_seen {
        let name = sender.authentication.name();
        write_field(out, "sign-in", plain, name)?;
    }
    let tls = match sender.encryption {
        SenderEncryption::On => "asked for",
        SenderEncryption::Off => "switched off",
        SenderEncryption::Unstated | SenderEncryption::Computed => "",
    };
    if !tls.is_empty() {
        write_field(out, "TLS", plain, tls)?;
    }
    for spot in &sender.literal_credentials {
        let text = format!("a password is written in line {}", spot.place.from.line);
        write_field(out, "secret", WRONG, &text)?;
    }
    Ok(())
}

fn kind(kind: SenderKind) -> &'static str {
    match kind {
        SenderKind::ScriptTask => "Script task",
        SenderKind::ScriptComponent => "Script component in",
        SenderKind::ExecuteSql => "Execute SQL task",
        SenderKind::ExecuteProcess => "Execute Process task",
        SenderKind::ThirdPartyTask => "third-party task",
        SenderKind::ThirdPartyComponent => "third-party component in",
        SenderKind::ThirdPartyConnection => "third-party connection manager",
    }
}

fn named(host: &NamedHost) -> String {
    match (&host.variable, &host.value) {
        (Some(variable), Some(value)) => {
            let word = match host.certainty {
                Certainty::Known => "is",
                _ => "assumed",
            };
            format!("{variable}, {word}: {value}")
        }
        (Some(variable), None) => format!("{variable}, unknown"),
        (None, Some(value)) => value.clone(),
        (None, None) => "computed by the script".to_owned(),
    }
}
