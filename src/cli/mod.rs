//! The command line: arguments, streams, exit codes. One file per command.

mod eval;
mod exit;
mod get;
mod inputs;
mod inspect;
mod one;
mod run;
mod set;
mod streams;
mod undo;
mod write;

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use exit::Exit;
use streams::Streams;

/// Reads, edits and runs the mail of SSIS packages.
#[derive(Debug, Parser)]
#[command(name = "dtsx", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
enum Command {
    Eval(eval::EvalArgs),
    Inspect(inspect::InspectArgs),
    Get(get::GetArgs),
    Set(set::SetArgs),
    Undo(undo::UndoArgs),
    Run(run::RunArgs),
}

/// Runs the command and gives its exit code.
pub(crate) fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() {
                Exit::Usage.into()
            } else {
                Exit::Done.into()
            };
        }
    };
    let (stdout, stderr) = (io::stdout(), io::stderr());
    let out_is_terminal = stdout.is_terminal();
    let mut streams = Streams {
        out: &mut io::BufWriter::new(stdout.lock()),
        err: &mut stderr.lock(),
        out_is_terminal,
    };
    let result = match cli.command {
        Some(command) => execute(command, &mut streams),
        None => Ok(Exit::Done),
    };
    let result = result.and_then(|exit| streams.out.flush().map(|()| exit));
    match result {
        Ok(exit) => exit.into(),
        // Who closed the pipe has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done.into(),
        Err(error) => {
            let _ = writeln!(
                streams.err,
                "dtsx: the output could not be written: {error}"
            );
            Exit::Unwritten.into()
        }
    }
}

/// Each command writes to the streams and gives the exit code; an error means that the streams failed.
fn execute(command: Command, streams: &mut Streams<'_>) -> io::Result<Exit> {
    match command {
        Command::Eval(args) => eval::run(&args, streams),
        Command::Inspect(args) => inspect::run(&args, streams),
        Command::Get(args) => get::run(&args, streams),
        Command::Set(args) => set::run(&args, streams),
        Command::Undo(args) => undo::run(&args, streams),
        Command::Run(args) => run::run(&args, streams),
    }
}
