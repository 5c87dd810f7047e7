//! Execute Process tasks that start a mail program.

use std::ops::Range;

use crate::effective::Certainty;
use crate::package::{Executable, Target};
use crate::source::{Decoded, Span};

use super::Looking;
use super::code::Named;
use super::facts::{
    MailMeans, NamedHost, OtherSender, SenderAuthentication, SenderEncryption, SenderKind,
};
use super::process::{
    cmdlet, encoded_command, mail_command, passwords, powershell_authentication,
    powershell_encryption, program_authentication, smtp_server, starts_powershell,
};

/// What an Execute Process task sends.
pub(super) fn of_task<'a>(looking: &Looking<'_, 'a>, task: Executable<'a>) -> Option<OtherSender> {
    let program = Line::of(looking, task, "Executable").unwrap_or_default();
    let arguments = Line::of(looking, task, "Arguments").unwrap_or_default();
    let encoded = [&program, &arguments]
        .iter()
        .any(|line| starts_powershell(&line.text))
        .then(|| encoded_command(&arguments.text))
        .flatten()
        .filter(|(text, _)| mail_command(text).is_some());
    let (evidence, span, text) = match encoded {
        Some((text, range)) => (
            format!("{} in -EncodedCommand", mail_command(&text)?),
            arguments.span_of(range)?,
            text,
        ),
        None => {
            let text = arguments.text.clone();
            match mail_command(&format!("\"{}\"", program.text)) {
                Some(evidence) => (evidence, program.span?, text),
                None => (mail_command(&text)?, arguments.span?, text),
            }
        }
    };
    let is_cmdlet = cmdlet(&text).is_some();
    let is_encoded = text != arguments.text;
    let means = match is_cmdlet {
        true => MailMeans::PowerShell,
        false => MailMeans::Program,
    };
    let mut sender = looking.sender(task, means, &evidence, looking.spot(span));
    sender.kind = SenderKind::ExecuteProcess;
    (sender.authentication, sender.encryption) = how(&text, is_cmdlet);
    sender.literal_credentials = passwords(&text)
        .into_iter()
        .filter_map(|range| match is_encoded {
            true => Some(span),
            false => arguments.span_of(range),
        })
        .map(|span| looking.spot(span))
        .collect();
    if let Some(named) = smtp_server(&text) {
        let (value, certainty) = match named {
            Named::Literal(host) => (Some(super::clear(&host)), Certainty::Known),
            _ => (None, Certainty::Unknown),
        };
        let whole = match is_encoded {
            true => Some(span),
            false => arguments.span,
        };
        sender.hosts.extend(whole.map(|span| NamedHost {
            variable: None,
            value,
            certainty,
            spot: looking.spot(span),
        }));
    }
    Some(sender)
}

fn how(text: &str, is_cmdlet: bool) -> (SenderAuthentication, SenderEncryption) {
    match is_cmdlet {
        true => (powershell_authentication(text), powershell_encryption(text)),
        false => (program_authentication(text), SenderEncryption::Computed),
    }
}

/// A property of the task's data: what its expression makes of it, else what is stored; and where that stands.
#[derive(Default)]
struct Line<'a> {
    text: String,
    span: Option<Span>,
    written: Option<Decoded<'a>>,
    is_computed: bool,
}

impl<'a> Line<'a> {
    fn of(looking: &Looking<'_, 'a>, task: Executable<'a>, name: &str) -> Option<Line<'a>> {
        if let Some(expression) = task.object().property_expression(name) {
            let target = Target::Executable(task);
            let effective = looking.values.computed(looking.at.file, target, name);
            let known = effective.and_then(|effective| effective.value.or(effective.text));
            return Some(Line {
                text: known.unwrap_or_else(|| expression.text().into_owned()),
                span: Some(expression.stored().span()),
                written: Some(expression.stored().text()),
                is_computed: true,
            });
        }
        let stored = task.data()?.attributes().find(|it| it.name() == name)?;
        Some(Line {
            text: stored.value().into_text().into_owned(),
            span: Some(stored.raw()),
            written: Some(stored.value()),
            is_computed: false,
        })
    }

    /// Where a part of the text stands: in an expression where it stands as it is, or else anywhere in it.
    fn span_of(&self, part: Range<usize>) -> Option<Span> {
        let written = self.written.as_ref()?;
        if !self.is_computed {
            return Some(written.raw_span(part));
        }
        let text = self.text.get(part)?;
        let start = written.text.find(text);
        start.map_or(self.span, |start| {
            Some(written.raw_span(start..start + text.len()))
        })
    }
}
