//! What is looked at before the first mail goes: how many there are, and whether a former report fits.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _};

use dtsx::mail::{Fate, Former, Resolved, ServerChoice, UnknownMail};
use dtsx::source::visible;

use super::RunArgs;
use super::mails::Mails;
use crate::cli::exit::Exit;
use crate::cli::streams::{Refusal, Streams};

/// Refuses what must not begin; where somebody must be asked, asks.
pub(super) fn ahead(
    args: &RunArgs,
    mails: &Mails<'_>,
    choice: &ServerChoice,
    former: Option<&(Former, UnknownMail)>,
    streams: &mut Streams<'_>,
) -> Result<(), Refusal> {
    if let Some((former, _)) = former {
        let is_known = |task: Resolved| former.knows(&task.file, &task.path);
        if mails.count > 0 && !mails.each().any(is_known) {
            return Err(Refusal::usage(
                "--resume: the report says nothing of the tasks that are meant here: it is of another package",
            ));
        }
    }
    let Some(most) = args.rehearsal.confirm_over.filter(|_| args.is_delivery()) else {
        return Ok(());
    };
    let mut going = Going::default();
    let mut former = former.cloned();
    for task in mails.each() {
        let fate = former.as_mut().and_then(|(former, unknown)| {
            Some((former.take(&task.file, &task.path)?.fate, *unknown))
        });
        let is_done = matches!(
            fate,
            Some((Fate::Sent, _) | (Fate::Unknown, UnknownMail::Left))
        );
        if !is_done {
            going.count(&task, choice);
        }
    }
    if going.mails <= most {
        return Ok(());
    }
    let summary = going.summary(most);
    if args.rehearsal.yes {
        streams.messages().note(&summary.replace('\n', "; "));
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(Refusal::usage(format!(
            "{summary}\nnobody is there to ask: `--yes` sends them"
        )));
    }
    streams.messages().error(&summary);
    let _ = write!(streams.err, "send them? [y/N] ");
    let _ = streams.err.flush();
    let mut answer = String::new();
    let read = io::stdin().read_line(&mut answer);
    match (read, answer.trim()) {
        (Ok(_), "y" | "Y" | "yes") => Ok(()),
        _ => Err(Refusal {
            exit: Exit::Found,
            message: "nothing was sent".to_owned(),
        }),
    }
}

/// What would go.
#[derive(Default)]
struct Going {
    mails: usize,
    /// Mails and recipients by server.
    servers: BTreeMap<String, (usize, usize)>,
}

impl Going {
    fn count(&mut self, task: &Resolved, choice: &ServerChoice) {
        let Ok(request) = &task.mail else { return };
        let lines = [
            &request.message.to,
            &request.message.cc,
            &request.message.bcc,
        ];
        let pieces = lines.iter().flat_map(|line| line.split(';'));
        let recipients = pieces.filter(|piece| !piece.trim().is_empty()).count();
        self.mails += 1;
        let server = choice.address_of(request);
        let entry = self.servers.entry(server).or_default();
        entry.0 += 1;
        entry.1 += recipients;
    }

    fn summary(&self, most: usize) -> String {
        const SHOWN: usize = 20;
        let mut lines = vec![format!(
            "{} mails are to go, more than the {most} of `--confirm-over`",
            self.mails
        )];
        for (server, (mails, recipients)) in self.servers.iter().take(SHOWN) {
            lines.push(format!(
                "  {}: {mails} mails to {recipients} recipients",
                visible(server)
            ));
        }
        if self.servers.len() > SHOWN {
            lines.push(format!("  and {} more servers", self.servers.len() - SHOWN));
        }
        lines.join("\n")
    }
}
