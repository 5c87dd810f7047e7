//! `dtsx completions`: what a shell needs to complete arguments.

use std::io;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Cli;
use super::exit::Exit;
use super::streams::Streams;

/// Print a script that completes the arguments of `dtsx` in a shell
///
/// For bash: `dtsx completions bash > ~/.local/share/bash-completion/completions/dtsx`
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(args: &CompletionsArgs, streams: &mut Streams<'_>) -> io::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "dtsx", &mut script);
    streams.out.write_all(&script)?;
    Ok(Exit::Done)
}
