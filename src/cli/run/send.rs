//! The mail goes, one after the other, and the reports say what becomes of it.

use std::io::{self, Write as _};

use dtsx::mail::{Runner, TaskOutcome, TaskStatus};
use dtsx::report::human;
use dtsx::report::human::run::BlindCopies;
use dtsx::report::json::run::{RunSummary, Streamed};

use super::mails::Mails;
use super::{Format, RunArgs};
use crate::cli::exit::Exit;
use crate::cli::output::{Output, Outputs};
use crate::cli::streams::{Colours, Messages};

/// Sends every mail; nothing of one is kept when the next one goes.
pub(super) fn send(
    args: &RunArgs,
    mails: &Mails<'_>,
    mut runner: Runner<'_>,
    mut outputs: Outputs<'_, Format>,
    colours: Colours,
    mut messages: Messages<'_>,
) -> Exit {
    let mut reports = Reports {
        people: outputs.take_text(&Format::Human, colours),
        blind_copies: match args.show_bcc {
            true => BlindCopies::Named,
            false => BlindCopies::Counted,
        },
        written: Ok(()),
    };
    let mut for_programs = outputs.take(&Format::Json);
    let mut programs = match &mut for_programs {
        Some(out) => reports.keep(Streamed::begin(out)),
        None => None,
    };
    let mut summary = RunSummary::default();
    let mut worst = match mails.errors.is_empty() {
        true => Exit::Done,
        false => Exit::Unreadable,
    };
    for task in mails.each() {
        let outcome = runner.send(task);
        reports.task(&outcome);
        if let Some(report) = &mut programs {
            let written = report.task(&outcome);
            if reports.keep(written).is_none() {
                programs = None;
            }
        }
        summary.count(&outcome);
        worst = worst.max(exit(&outcome));
    }
    runner.end();
    reports.summary(&summary);
    if let Some(report) = programs {
        let written = report.end(&mails.errors, &summary);
        reports.keep(written);
    }
    match reports.written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            messages.error(&format!("the output could not be written: {error}"));
            worst.max(Exit::Unwritten)
        }
        // Who closed the pipe still learns by the code what became of the mail.
        _ => worst,
    }
}

/// A report that cannot be written does not stop the mail: half of it may have gone already.
struct Reports<'o> {
    people: Option<Output<'o>>,
    blind_copies: BlindCopies,
    written: io::Result<()>,
}

impl Reports<'_> {
    fn task(&mut self, outcome: &TaskOutcome) {
        let Some(out) = &mut self.people else { return };
        // Who waits for a slow server sees what has gone.
        let written =
            human::run::write_task(out, outcome, self.blind_copies).and_then(|()| out.flush());
        if self.keep(written).is_none() {
            self.people = None;
        }
    }

    fn summary(&mut self, summary: &RunSummary) {
        let Some(out) = &mut self.people else { return };
        let written = human::run::write_summary(out, summary).and_then(|()| out.flush());
        self.keep(written);
    }

    /// Remembers the first failure.
    fn keep<T>(&mut self, written: io::Result<T>) -> Option<T> {
        match written {
            Ok(done) => Some(done),
            Err(error) => {
                if self.written.is_ok() {
                    self.written = Err(error);
                }
                None
            }
        }
    }
}

fn exit(outcome: &TaskOutcome) -> Exit {
    match outcome.status {
        TaskStatus::Sent
        | TaskStatus::Written
        | TaskStatus::Captured
        | TaskStatus::Planned
        | TaskStatus::Idle => Exit::Done,
        TaskStatus::Failed if outcome.unwritten => Exit::Unwritten,
        TaskStatus::Skipped | TaskStatus::Failed => Exit::Found,
        TaskStatus::Partial | TaskStatus::Unknown => Exit::Unknown,
    }
}
