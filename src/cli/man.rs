//! `dtsx man`: the manual pages.

use std::io;

use clap::{Args, CommandFactory};
use clap_mangen::Man;

use super::Cli;
use super::exit::Exit;
use super::streams::{Refusal, Streams};

/// Print a manual page: `dtsx man | man -l -`
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// The command that the page is about [default: dtsx itself]
    command: Option<String>,
}

pub(crate) fn run(args: &ManArgs, streams: &mut Streams<'_>) -> io::Result<Exit> {
    let mut dtsx = Cli::command();
    // Gives the commands the options that all of them have, and their whole names.
    dtsx.build();
    let page = match &args.command {
        None => Man::new(dtsx),
        Some(name) => match dtsx.find_subcommand(name) {
            Some(command) => Man::new(command.clone()),
            None => {
                let message = format!("there is no command `{name}`: `dtsx help` lists them");
                return streams.refuse(&Refusal::usage(message));
            }
        },
    };
    page.render(streams.out)?;
    Ok(Exit::Done)
}
