//! `dtsx inspect`: what sends mail here, and through what.

use std::io::{self, Write as _};

use clap::{Args, ValueEnum};

use dtsx::host::RealFiles;
use dtsx::inventory::{Hashes, Scope, Survey, UnitFacts, survey_given};
use dtsx::project::BuildCopy;
use dtsx::report::json::inspect::Summary;
use dtsx::report::{human, json};

use super::exit::Exit;
use super::given::{FromMachine, GivenArgs};
use super::inputs::InputArgs;
use super::output::OutputArgs;
use super::streams::{Messages, Streams};

/// Show what sends mail, and through what
///
/// Lists packages, package parts, connection managers, parameters, projects, configurations and deployment files, in
/// folders and in .ispac archives: every connection manager and what uses it, every Send Mail task with what it would
/// send as it is stored, what else sends mail (scripts, SQL, processes, tasks of others), and which package calls
/// which. Secrets are masked. Nothing is changed, and nothing of this
/// machine is read but the files.
///
/// Exit code 3 means that something could not be read; everything else is in the report.
#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    #[command(flatten)]
    inputs: InputArgs,
    /// List only files with an SMTP connection manager, a Send Mail task, another sender or an unreadable part, and count
    /// the others; much faster where few files hold mail
    #[arg(long)]
    mail: bool,
    #[command(flatten)]
    given: GivenArgs,
    #[command(flatten)]
    output: OutputArgs<Format>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text for people
    Human,
    /// The schema `dtsx/inspect@1`
    Json,
}

pub(crate) fn run(args: &InspectArgs, streams: &mut Streams<'_>) -> io::Result<Exit> {
    streams.out_takes_json = args.output.prints(&Format::Json);
    let inputs = match args.inputs.inputs() {
        Ok(inputs) => inputs,
        Err(refusal) => return streams.refuse(&refusal),
    };
    let given = match args.given.given(FromMachine::Nothing) {
        Ok(given) => given,
        Err(refusal) => return streams.refuse(&refusal),
    };
    let mut outputs = match args.output.open(Format::Human, &mut *streams.out) {
        Ok(outputs) => outputs,
        Err(refusal) => return streams.refuse(&refusal),
    };
    let mut for_programs = outputs.take(&Format::Json);
    let mut for_people = outputs.take_text(&Format::Human, streams.colours);
    let mut messages = Messages {
        err: &mut *streams.err,
        talk: streams.talk,
    };
    let asked = Survey {
        inputs: &inputs,
        scope: if args.mail {
            Scope::Mail
        } else {
            Scope::Everything
        },
        hashes: match for_programs {
            Some(_) => Hashes::Computed,
            None => Hashes::LeftOut,
        },
        limits: args.inputs.limits(),
        jobs: args.inputs.jobs(),
    };
    let counts = |copy| args.inputs.include_build || copy == BuildCopy::No;
    let mut summary = Summary::default();
    let mut given = Some(given);
    let mut walk = |tell: &mut dyn FnMut(UnitFacts) -> io::Result<()>| {
        survey_given(
            &asked,
            given.take().unwrap_or_default(),
            &RealFiles,
            |unit| {
                say_what_was_read(&mut messages, &unit);
                summary.count(&unit, counts(unit.build_copy));
                if let Some(out) = &mut for_people {
                    human::inspect::write_unit(out, &unit)?;
                }
                tell(unit)
            },
        )
    };
    match &mut for_programs {
        Some(out) => {
            json::inspect::write(out, counts, &mut walk)?;
            out.flush()?;
        }
        None => walk(&mut |_| Ok(()))?,
    }
    if let Some(out) = &mut for_people {
        human::inspect::write_summary(out, &summary)?;
        out.flush()?;
    }
    Ok(match summary.errors {
        0 => Exit::Done,
        _ => Exit::Unreadable,
    })
}

fn say_what_was_read(messages: &mut Messages<'_>, unit: &UnitFacts) {
    for error in &unit.errors {
        messages.note(error);
    }
    for file in &unit.files {
        let kind = file.kind.name().replace('-', " ");
        messages.detail(&format!("{}: read as {kind}", file.label));
    }
    if unit.left_out > 0 {
        let number = unit.left_out;
        messages.detail(&format!(
            "left out, without mail: {number} in one folder or archive"
        ));
    }
}
