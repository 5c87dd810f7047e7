//! Writing files: the journal of a run, and what came of it.

use std::path::PathBuf;

use clap::Args;

use dtsx::apply::{self, Applied, Journal, OnRefusal, Origin};
use dtsx::host::{RealClock, RealEnvironment, RealFiles, RealRandom};
use dtsx::project::Write;

use super::streams::Messages;

/// Where the journal of a run lies.
#[derive(Debug, Args)]
pub(crate) struct JournalArgs {
    /// Where journals lie [default: `dtsx/journal` in the user's state directory]
    #[arg(long, value_name = "DIR")]
    journal: Option<PathBuf>,
}

impl JournalArgs {
    /// The journal of this run; it appears on the disk with the first write.
    pub(crate) fn journal(&self, command: &str, inputs: Vec<PathBuf>) -> Result<Journal, String> {
        self.journal_of(command, inputs, None)
    }

    /// The same, of a run that follows a recipe.
    pub(crate) fn journal_of(
        &self,
        command: &str,
        inputs: Vec<PathBuf>,
        recipe: Option<String>,
    ) -> Result<Journal, String> {
        let folder = match &self.journal {
            Some(folder) => folder.clone(),
            None => apply::default_folder(&RealEnvironment).map_err(|error| error.to_string())?,
        };
        let mut origin = Origin::now(command, inputs, &RealClock, &RealRandom, &RealEnvironment);
        origin.recipe = recipe;
        Ok(Journal::new(folder, origin))
    }
}

/// Carries out the writes, all or none; says what could not be written.
pub(crate) fn write_all(
    writes: impl IntoIterator<Item = Write>,
    journal: &mut Journal,
    messages: &mut Messages<'_>,
) -> Applied {
    // Each result was read back by our own parser when it was made; the writer reads the disk again.
    let verify = |_: &Write| Ok(());
    let applied = apply::apply(
        writes.into_iter(),
        &verify,
        OnRefusal::TakeBack,
        journal,
        &RealFiles,
    );
    for outcome in &applied.outcomes {
        if let Err(refusal) = &outcome.result {
            messages.error(&format!("{}: {refusal}", outcome.path.display()));
        }
    }
    if let Some(failure) = &applied.failure {
        messages.error(failure);
    }
    applied
}
