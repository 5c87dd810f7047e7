//! The command line: arguments, streams, exit codes. One file per command.

mod account;
mod add;
mod completions;
mod delivery;
mod diff;
mod eval;
mod exit;
mod extract;
mod get;
mod given;
mod inputs;
mod inspect;
mod man;
mod migrate;
mod one;
mod output;
mod probe;
mod remove;
mod run;
mod set;
mod streams;
mod undo;
mod write;

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};
use clap::{Args, Parser, Subcommand, ValueEnum};

use exit::Exit;
use streams::{Colours, Stdout, Streams, Talk};

/// Reads, edits byte-exactly and runs the mail of SQL Server Integration Services packages (.dtsx)
#[derive(Debug, Parser)]
#[command(
    name = "dtsx",
    version,
    max_term_width = 100,
    after_help = "`dtsx COMMAND --help` tells more of a command, `dtsx` alone gives examples."
)]
struct Cli {
    #[command(flatten)]
    talk: TalkArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What to do.
#[derive(Debug, Subcommand)]
enum Command {
    Inspect(inspect::InspectArgs),
    Get(get::GetArgs),
    Set(set::SetArgs),
    Add(add::AddArgs),
    Remove(remove::RemoveArgs),
    Migrate(migrate::MigrateArgs),
    Undo(undo::UndoArgs),
    Extract(extract::ExtractArgs),
    Run(Box<run::RunArgs>),
    Probe(probe::ProbeArgs),
    Eval(eval::EvalArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

/// How to talk to people; all commands have these.
#[derive(Debug, Args)]
struct TalkArgs {
    /// Colours in text for people; `auto` has them on a terminal, unless NO_COLOR is set
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        value_enum,
        default_value_t = Color::Auto,
        hide_possible_values = true,
        help_heading = "Output"
    )]
    color: Color,
    /// Do not repeat on the error stream what the report says
    #[arg(short, long, global = true, help_heading = "Output")]
    quiet: bool,
    /// Say on the error stream what is being done
    #[arg(
        short,
        long,
        global = true,
        conflicts_with = "quiet",
        help_heading = "Output"
    )]
    verbose: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

impl TalkArgs {
    fn talk(&self) -> Talk {
        match (self.quiet, self.verbose) {
            (true, _) => Talk::Little,
            (false, false) => Talk::Usual,
            (false, true) => Talk::Much,
        }
    }

    fn colours(&self) -> Colours {
        let colours = match self.color {
            Color::Never => Colours::Nowhere,
            Color::Always => Colours::Everywhere,
            Color::Auto if AutoStream::choice(&io::stdout()) == ColorChoice::Never => {
                Colours::Nowhere
            }
            Color::Auto => Colours::OnStdout,
        };
        if colours != Colours::Nowhere {
            // Older consoles of Windows understand colours only when told to, which this does.
            let _ = AutoStream::always(io::stdout());
        }
        colours
    }
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
        out: &mut io::BufWriter::new(Stdout {
            lock: stdout.lock(),
            is_closed: false,
        }),
        err: &mut stderr.lock(),
        out_is_terminal,
        colours: cli.talk.colours(),
        talk: cli.talk.talk(),
        out_takes_json: false,
    };
    let result = match cli.command {
        Some(command) => execute(command, &mut streams),
        None => front_page(&mut streams),
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
        Command::Add(args) => add::run(&args, streams),
        Command::Remove(args) => remove::run(&args, streams),
        Command::Migrate(args) => migrate::run(&args, streams),
        Command::Undo(args) => undo::run(&args, streams),
        Command::Extract(args) => extract::run(&args, streams),
        Command::Probe(args) => probe::run(&args, streams),
        Command::Run(args) => run::run(&args, streams),
        Command::Completions(args) => completions::run(&args, streams),
        Command::Man(args) => man::run(&args, streams),
    }
}

/// What somebody sees who does not know yet what to ask for.
fn front_page(streams: &mut Streams<'_>) -> io::Result<Exit> {
    write!(
        streams.out,
        "\
dtsx {version} reads and edits packages of SQL Server Integration Services (SSIS) and runs their mail,
without SQL Server and without Windows. What it is not to change stays as it is, byte for byte.

{EXAMPLES}
`dtsx help` lists the commands, `dtsx COMMAND --help` tells more of one.
",
        version = env!("CARGO_PKG_VERSION"),
    )?;
    Ok(Exit::Done)
}

/// Three that a newcomer can try.
const EXAMPLES: &str =
    "  dtsx inspect etl/                        what sends mail below this folder, and through what
  dtsx inspect --mail --format json etl/   the same for programs, and only where there is mail
  dtsx run etl/Nightly.dtsx --capture      send its mail over SMTP into this process, and show it
";
