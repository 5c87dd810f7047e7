//! Execute Process tasks that start a mail program.

use crate::effective::Certainty;
use crate::package::{Executable, Target};
use crate::source::Span;

use super::Looking;
use super::code::Named;
use super::facts::{
    MailMeans, NamedHost, OtherSender, SenderAuthentication, SenderEncryption, SenderKind,
};
use super::process::{mail_command, smtp_server};

/// What an Execute Process task sends.
pub(super) fn of_task<'a>(looking: &Looking<'_, 'a>, task: Executable<'a>) -> Option<OtherSender> {
    let program = property(looking, task, "Executable");
    let arguments = property(looking, task, "Arguments");
    let shown = |text: &Option<(String, Span)>| text.as_ref().map(|it| it.0.clone());
    let (program_text, argument_text) = (
        shown(&program).unwrap_or_default(),
        shown(&arguments).unwrap_or_default(),
    );
    let (evidence, span) = match mail_command(&format!("\"{program_text}\"")) {
        Some(evidence) => (evidence, program.as_ref()?.1),
        None => (mail_command(&argument_text)?, arguments.as_ref()?.1),
    };
    let lower = argument_text.to_ascii_lowercase();
    let has = |switch: &str| lower.split_whitespace().any(|word| word == switch);
    let is_cmdlet = evidence.starts_with("Send-") || evidence.starts_with("System.");
    let means = match is_cmdlet {
        true => MailMeans::PowerShell,
        false => MailMeans::Program,
    };
    let mut sender = looking.sender(task, means, &evidence, looking.spot(span));
    sender.kind = SenderKind::ExecuteProcess;
    sender.authentication = match (is_cmdlet, lower.contains("-credential")) {
        (true, true) => SenderAuthentication::Password,
        (true, false) if !lower.contains("credential") => SenderAuthentication::None,
        // `-u` and `-pw` of blat, `-xu` and `-xp` of sendEmail, `-au` and `-ap` of swaks.
        _ if has("-pw") || has("-xp") || has("-ap") || lower.contains("-pass") => {
            SenderAuthentication::Password
        }
        _ => SenderAuthentication::Unknown,
    };
    sender.encryption = match is_cmdlet {
        true if lower.contains("-usessl") || lower.contains("enablessl") => SenderEncryption::On,
        true => SenderEncryption::Unstated,
        false => SenderEncryption::Computed,
    };
    if let Some((_, span)) = &arguments
        && let Some(named) = smtp_server(&argument_text)
    {
        sender.hosts.push(NamedHost {
            variable: None,
            certainty: match named {
                Named::Literal(_) => Certainty::Known,
                _ => Certainty::Unknown,
            },
            value: match named {
                Named::Literal(host) => Some(super::clear(&host)),
                _ => None,
            },
            spot: looking.spot(*span),
        });
    }
    Some(sender)
}

/// A property of the task's data: what its expression makes of it, else what is stored; and where that stands.
fn property<'a>(
    looking: &Looking<'_, 'a>,
    task: Executable<'a>,
    name: &str,
) -> Option<(String, Span)> {
    if let Some(expression) = task.object().property_expression(name) {
        let target = Target::Executable(task);
        let effective = looking.values.computed(looking.at.file, target, name);
        let known = effective.and_then(|effective| effective.value.or(effective.text));
        let text = known.unwrap_or_else(|| expression.text().into_owned());
        return Some((text, expression.stored().span()));
    }
    let stored = task.data()?.attributes().find(|it| it.name() == name)?;
    Some((stored.value().into_text().into_owned(), stored.raw()))
}
