//! `dtsx extract`: Send Mail tasks as a job file of their own.

use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use dtsx::expression::Scope as _;
use dtsx::mail::job::{Account, Extraction, Job, Reference, ResolveWhen, Source};
use dtsx::package::Target;
use dtsx::project::Limits;
use dtsx::source::visible;

use super::exit::Exit;
use super::given::FromMachine;
use super::output::private;
use super::run::mail_values::MailValuesArgs;
use super::run::package::{Chosen, PackageAsked};
use super::streams::{Messages, Refusal, Streams};

/// Write Send Mail tasks as a job file, which `dtsx run` sends without the package
///
/// Expressions stay what they are, and what they read becomes an input of the job, with the value in the package as its
/// default; one that a task of the package sets has none, and must be given to `dtsx run` with `--var`. With
/// `--resolve now` the job holds values alone. Secrets are never in a job: an account names where its password is.
///
/// Exit code 1 means that a task is not in the job, for the reason that is told.
#[derive(Debug, Args)]
pub(crate) struct ExtractArgs {
    /// A package, or a folder or archive with `--package`; `ARCHIVE!MEMBER` is a package in an archive
    file: PathBuf,
    /// The package inside a project
    #[arg(long, value_name = "NAME")]
    package: Option<String>,
    /// Only these Send Mail tasks, by property path; `*` and `?` are wildcards, and `*` alone takes those of event
    /// handlers too (repeatable)
    #[arg(long = "task", value_name = "PATH")]
    tasks: Vec<String>,
    /// When expressions are computed
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = When::AtRun)]
    resolve: When,
    /// The job file; `-` is the standard output
    #[arg(short, long, value_name = "JOB")]
    output: PathBuf,

    /// The account that signs in when the job runs
    #[arg(long, value_name = "NAME")]
    mail_user: Option<String>,
    /// The environment variable that holds its password when the job runs
    #[arg(long, value_name = "NAME", group = "secret", requires = "mail_user")]
    mail_password_env: Option<String>,
    /// The file that holds its password when the job runs
    #[arg(long, value_name = "FILE", group = "secret", requires = "mail_user")]
    mail_password_file: Option<PathBuf>,
    /// The environment variable that holds its OAuth token when the job runs
    #[arg(long, value_name = "NAME", group = "secret", requires = "mail_user")]
    token_env: Option<String>,
    /// The file that holds its OAuth token when the job runs
    #[arg(long, value_name = "FILE", group = "secret", requires = "mail_user")]
    token_file: Option<PathBuf>,

    #[command(flatten)]
    values: MailValuesArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum When {
    /// Now: the job holds values alone
    Now,
    /// When the job runs
    AtRun,
}

pub(crate) fn run(args: &ExtractArgs, streams: &mut Streams<'_>) -> io::Result<Exit> {
    let mut messages = streams.messages();
    let (job, exit) = match extract(args, &mut messages) {
        Ok(extracted) => extracted,
        Err(refusal) => return streams.refuse(&refusal),
    };
    let text = job.to_text().map_err(io::Error::other)?;
    if args.output.as_path() == Path::new("-") {
        streams.out.write_all(text.as_bytes())?;
        return Ok(exit);
    }
    if let Err(refusal) = private(&args.output, text.as_bytes()) {
        return streams.refuse(&refusal);
    }
    let number = job.mails.len();
    let plural = if number == 1 { "" } else { "s" };
    streams.messages().note(&format!(
        "{number} mail{plural} in `{}`",
        args.output.display()
    ));
    Ok(exit)
}

fn extract(args: &ExtractArgs, messages: &mut Messages<'_>) -> Result<(Job, Exit), Refusal> {
    // What this machine is must not stand in a job that runs on another one; the time only where it is asked for.
    let machine = match (args.resolve, args.values.use_environment) {
        (When::Now, true) => FromMachine::EnvironmentToo,
        (When::Now, false) => FromMachine::Itself,
        (When::AtRun, true) => {
            return Err(Refusal::usage(
                "`--use-environment` takes values of this machine: `--resolve now` goes with it, or `--env NAME=VALUE`",
            ));
        }
        (When::AtRun, false) => FromMachine::Nothing,
    };
    let asked = PackageAsked {
        file: &args.file,
        package: args.package.as_deref(),
        tasks: &args.tasks,
        overrides: &args.values.overrides,
        stale_values: args.values.stale_values(),
        defaults: args.values.defaults(),
        unneeded: &[],
        limits: Limits::default(),
    };
    asked.with(args.values.given.given(machine)?, |chosen| {
        add_all(args, chosen, messages)
    })
}

fn add_all(
    args: &ExtractArgs,
    chosen: Chosen<'_>,
    messages: &mut Messages<'_>,
) -> Result<(Job, Exit), Refusal> {
    for warning in &chosen.warnings {
        messages.note(warning);
    }
    for error in &chosen.errors {
        messages.note(error);
    }
    let source = Source {
        file: chosen.values.at().file.label.file_name(),
        package: chosen.package.object().name().into_owned(),
        extracted_by: Some(env!("CARGO_PKG_VERSION").to_owned()),
    };
    let when = match args.resolve {
        When::Now => ResolveWhen::Now,
        When::AtRun => ResolveWhen::AtRun,
    };
    let locale = chosen.tasks.first().map_or(1033, |task| {
        chosen
            .values
            .scope(Target::Executable(task.executable()))
            .locale()
            .0
    });
    let mut extraction = Extraction::new(source, locale, when, account(args));
    let mut exit = match chosen.errors.is_empty() {
        true => Exit::Done,
        false => Exit::Unreadable,
    };
    for task in chosen.tasks {
        match extraction.add(chosen.values, *task, chosen.rules) {
            Ok(notes) => {
                for note in notes {
                    messages.detail(&note);
                }
            }
            Err(left) => {
                messages.note(&format!(
                    "left out: `{}`: {}",
                    visible(&left.path),
                    left.reason
                ));
                if !left.is_idle {
                    exit = exit.max(Exit::Found);
                }
            }
        }
    }
    match extraction.finish() {
        Some(job) => Ok((job, exit)),
        None => Err(Refusal {
            exit: exit.max(Exit::Found),
            message: "no Send Mail task could be taken: no job was written".to_owned(),
        }),
    }
}

fn account(args: &ExtractArgs) -> Option<Account> {
    let environment = |name: &Option<String>| name.clone().map(Reference::Environment);
    let file = |path: &Option<PathBuf>| path.clone().map(Reference::File);
    Some(Account {
        user: args.mail_user.clone()?,
        password: environment(&args.mail_password_env).or_else(|| file(&args.mail_password_file)),
        token: environment(&args.token_env).or_else(|| file(&args.token_file)),
    })
}
