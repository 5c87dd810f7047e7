//! `dtsx get`: one stored value, and where it is.

use std::borrow::Cow;
use std::io::{self, Write};

use clap::{Args, ValueEnum};

use dtsx::connection_string::{masked, masked_within};
use dtsx::effective::{PackageValues, UnitValues};
use dtsx::inventory::EffectiveFacts;
use dtsx::package::{SendMailTaskModel, SmtpManagerModel, StoredValue, Target, holds_literal};
use dtsx::project::{Located, Place, locate};
use dtsx::report::human::effective::sentence;
use dtsx::report::json::effective::EffectiveJson;
use dtsx::report::json::get::{Get, SCHEMA};
use dtsx::source::visible;

use super::exit::Exit;
use super::given::{FromMachine, GivenArgs};
use super::one::OneArgs;
use super::output::OutputArgs;
use super::streams::{Messages, Streams};

/// Show one value: as it is stored, where, and what wins over it
///
/// Without `.Properties[…]` the object as a whole is shown. Of a value it is told what is stored, what it is when the
/// package runs and how sure that is; nothing of this machine is read but the files.
#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    #[command(flatten)]
    one: OneArgs,
    /// A property path, such as `\Package.Connections[Mail].Properties[SmtpServer]`
    #[arg(value_name = "PROPERTY_PATH")]
    path: String,
    #[command(flatten)]
    given: GivenArgs,
    /// Show secrets in clear
    #[arg(long)]
    show_secrets: bool,
    #[command(flatten)]
    output: OutputArgs<Format>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text for people: the value alone, or the object as TOML
    Human,
    /// The schema `dtsx/get@1`
    Json,
}

pub(crate) fn run(args: &GetArgs, streams: &mut Streams<'_>) -> io::Result<Exit> {
    streams.out_takes_json = args.output.prints(&Format::Json);
    let one = match args.one.open() {
        Ok(one) => one,
        Err(error) => return streams.unreadable(&error.to_string()),
    };
    let Some(at) = one.at() else {
        return streams.unreadable("the file is gone");
    };
    let located = match locate(at, &args.path) {
        Ok(located) => located,
        Err(error) => return streams.usage(&error.to_string()),
    };
    let stored = match located.stored() {
        Ok(stored) => stored,
        Err(error) => return streams.usage(&format!("{}: {error}", args.path)),
    };
    let given = match args.given.given(FromMachine::Nothing) {
        Ok(given) => given,
        Err(refusal) => return streams.refuse(&refusal),
    };
    let unit = UnitValues::new(at.context, &given);
    let values = PackageValues::new(at, &unit);
    let report = match (&stored, located.place) {
        (Some(stored), _) => value(args, &values, &located, stored),
        (None, Place::Object(target)) => whole(args, &located, target),
        (None, _) => return streams.usage("there is no value"),
    };
    for note in values.notes() {
        streams.messages().note(note);
    }
    let (colours, is_terminal) = (streams.colours, streams.out_is_terminal);
    let mut outputs = match args.output.open(Format::Human, &mut *streams.out) {
        Ok(outputs) => outputs,
        Err(refusal) => return streams.refuse(&refusal),
    };
    if let Some(mut out) = outputs.take(&Format::Json) {
        report.write(&mut out)?;
        out.flush()?;
    }
    if let Some(mut out) = outputs.take_text(&Format::Human, colours) {
        write_human(&mut out, &report, is_terminal)?;
        out.flush()?;
        let mut messages = Messages {
            err: &mut *streams.err,
            talk: streams.talk,
        };
        tell_place(&report, &mut messages);
    }
    Ok(Exit::Done)
}

fn value<'a>(
    args: &GetArgs,
    values: &PackageValues<'a>,
    located: &Located<'a>,
    stored: &StoredValue<'a>,
) -> Get {
    let property = stored.property.as_ref();
    let (shown, keys) = shown(args, located, stored);
    let shown_text = |text: &str| {
        if stored.is_sensitive && holds_literal(text) && !args.show_secrets {
            dtsx::secret::MASK.to_owned()
        } else {
            masked_within(text).0.into_owned()
        }
    };
    let expression = stored.expression.map(|expression| expression.text());
    let place = stored.span.map(|span| located.file.document.place(span));
    let effective = match located.place {
        Place::Object(target) => values.property(located.file, target, property).ok(),
        Place::Copy(_) | Place::Entry(_) => None,
    };
    let not_used = effective.as_ref().and_then(|it| it.decided_by.clone());
    let effective = effective.map(|mut effective| {
        let property = property.to_owned();
        effective.is_sensitive |= stored.is_sensitive;
        match args.show_secrets {
            true => EffectiveFacts {
                property,
                effective,
                masked: Vec::new(),
            },
            false => EffectiveFacts::new(property, effective),
        }
    });
    Get {
        schema: SCHEMA,
        file: located.file.label.to_string(),
        path: args.path.clone(),
        effective: effective.as_ref().map(EffectiveJson::from),
        property: Some(property.to_owned()),
        value: Some(shown.into_owned()),
        is_default: stored.span.is_none(),
        masked: keys,
        expression: expression.map(|text| shown_text(&text)),
        not_used_because: not_used.map(|text| shown_text(&text)),
        object: None,
        span: place.map(Into::into),
    }
}

/// The value as it may be shown, and the keys of what is masked.
fn shown<'v>(
    args: &GetArgs,
    located: &Located<'_>,
    stored: &'v StoredValue<'_>,
) -> (Cow<'v, str>, Vec<String>) {
    if args.show_secrets {
        return (Cow::Borrowed(&stored.text), Vec::new());
    }
    if stored.is_sensitive && !stored.text.is_empty() {
        let key = stored.property.to_string();
        return (Cow::Borrowed(dtsx::secret::MASK), vec![key]);
    }
    let is_connection = matches!(
        located.place,
        Place::Object(Target::ConnectionManager(_)) if stored.property == "ConnectionString"
    );
    if is_connection {
        masked(&stored.text)
    } else {
        masked_within(&stored.text)
    }
}

/// An SMTP connection manager or a Send Mail task as its model; of any other object, what is stored of it.
fn whole(args: &GetArgs, located: &Located<'_>, target: Target<'_>) -> Get {
    let model = match target {
        Target::ConnectionManager(manager) => {
            SmtpManagerModel::of(manager).ok().map(serde_json::to_value)
        }
        Target::Executable(executable) => executable
            .send_mail()
            .map(|task| serde_json::to_value(SendMailTaskModel::of(task))),
        _ => None,
    };
    let object = match model {
        Some(Ok(model)) => model,
        _ => stored_properties(target),
    };
    Get {
        schema: SCHEMA,
        file: located.file.label.to_string(),
        path: args.path.clone(),
        property: None,
        effective: None,
        value: None,
        is_default: false,
        masked: Vec::new(),
        expression: None,
        not_used_because: None,
        object: Some(object),
        span: Some(located.file.document.place(target.node().span()).into()),
    }
}

/// An object as a whole shows no secrets, whoever asks; they are asked for one by one.
fn stored_properties(target: Target<'_>) -> serde_json::Value {
    let mut properties = serde_json::Map::new();
    for name in target.property_names() {
        if let Ok(stored) = target.stored_value(&name)
            && stored.span.is_some()
        {
            let text = if stored.is_sensitive && !stored.text.is_empty() {
                dtsx::secret::MASK.into()
            } else if stored.property == "ConnectionString" {
                masked(&stored.text).0.into_owned()
            } else {
                masked_within(&stored.text).0.into_owned()
            };
            properties.insert(name, text.into());
        }
    }
    properties.into()
}

/// On a terminal the value must not act on what is around it; elsewhere it is given as it is.
fn write_human(out: &mut dyn Write, report: &Get, is_terminal: bool) -> io::Result<()> {
    if let Some(object) = &report.object {
        // TOML is what people can read and give back.
        let text = toml::to_string_pretty(object).map_err(io::Error::other)?;
        return write!(out, "{text}");
    }
    let value = report.value.as_deref().unwrap_or_default();
    if !is_terminal {
        return writeln!(out, "{value}");
    }
    let lines: Vec<_> = value.split('\n').map(visible).collect();
    writeln!(out, "{}", lines.join("\n"))
}

fn tell_place(report: &Get, messages: &mut Messages<'_>) {
    if report.object.is_some() {
        return;
    }
    let file = &report.file;
    messages.note(&match &report.span {
        Some(span) => format!(
            "stored in {file}, line {}, column {}",
            span.line, span.column
        ),
        None => format!("not written in {file}, which means the default"),
    });
    if let Some(why) = &report.not_used_because {
        messages.note(&format!("not used when the package runs: {why}"));
    }
    if let Some(effective) = &report.effective {
        messages.note(&sentence(effective));
        for link in &effective.chain {
            let place = match (&link.file, &link.span) {
                (Some(file), Some(span)) => format!(" in {file}, line {}", span.line),
                _ => String::new(),
            };
            let kind = link.kind.replace('-', " ");
            messages.note(&format!("  from the {kind} {}{place}", link.path));
        }
        for by in &effective.overridable_by {
            messages.note(&format!("  may be replaced by: {by}"));
        }
    }
}
