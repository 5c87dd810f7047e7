//! `dtsx inspect`: what sends mail here, and through what.

use std::io;

use clap::{Args, ValueEnum};

use dtsx::host::RealFiles;
use dtsx::inventory::{Scope, UnitFacts, survey};
use dtsx::project::BuildCopy;
use dtsx::report::{human, json};

use super::exit::Exit;
use super::inputs::InputArgs;
use super::streams::Streams;

/// Show what sends mail, and through what
#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    #[command(flatten)]
    inputs: InputArgs,
    /// Only files with an SMTP connection manager, a Send Mail task or an unreadable part
    #[arg(long)]
    mail: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Human,
    Json,
}

pub(crate) fn run(args: &InspectArgs, streams: &mut Streams<'_>) -> io::Result<Exit> {
    let inputs = match args.inputs.inputs() {
        Ok(inputs) => inputs,
        Err(message) => return streams.usage(&message),
    };
    let scope = if args.mail {
        Scope::Mail
    } else {
        Scope::Everything
    };
    let counted = |copy: BuildCopy| args.inputs.include_build || copy == BuildCopy::No;
    let (limits, jobs) = (args.inputs.limits(), args.inputs.jobs());
    let err = &mut *streams.err;
    let mut report_errors = |unit: &UnitFacts| {
        unit.errors
            .iter()
            .try_for_each(|error| writeln!(err, "dtsx: {error}"))
    };
    let summary = match args.format {
        Format::Json => json::inspect::write(
            streams.out,
            counted,
            Box::new(|tell| {
                survey(&inputs, scope, limits, jobs, &RealFiles, |unit| {
                    report_errors(&unit)?;
                    tell(unit)
                })
            }),
        )?,
        Format::Human => {
            let mut summary = json::inspect::Summary::default();
            survey(&inputs, scope, limits, jobs, &RealFiles, |unit| {
                report_errors(&unit)?;
                summary.count(&unit, counted);
                human::inspect::write_unit(streams.out, &unit)
            })?;
            human::inspect::write_summary(streams.out, &summary)?;
            summary
        }
    };
    Ok(if summary.errors > 0 {
        Exit::Unreadable
    } else {
        Exit::Done
    })
}
