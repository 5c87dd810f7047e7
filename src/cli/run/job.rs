//! A job file instead of a package.

use std::collections::BTreeMap;
use std::io::Read as _;

use dtsx::connection_string::SmtpProperty;
use dtsx::effective::Given;
use dtsx::host::{Files as _, RealFiles};
use dtsx::mail::auth::{Password, SignIn, Token};
use dtsx::mail::job::{Job, JobRun, Reference};
use dtsx::project::Label;
use dtsx::secret::Secret;
use dtsx::source::Source;

use super::mails::Mails;
use super::package::glob_fits;
use super::{RunArgs, unreadable};
use crate::cli::account::{from_environment, from_file};
use crate::cli::exit::Exit;
use crate::cli::streams::Refusal;

/// A job is a text of this many bytes at most.
const LONGEST: u64 = 64 << 20;

/// The job that the file is; `None` for anything else.
pub(super) fn read(args: &RunArgs) -> Result<Option<Job>, Refusal> {
    let path = &args.file;
    let mut bytes = Vec::new();
    let Ok(file) = RealFiles.open(path) else {
        return Ok(None);
    };
    let mut file = file.take(LONGEST + 1);
    let mut beginning = [0; 256];
    let Ok(read) = file.read(&mut beginning) else {
        return Ok(None);
    };
    let beginning = beginning.get(..read).unwrap_or_default();
    let begins_as_json = beginning
        .iter()
        .find(|byte| !matches!(byte, 0xEF | 0xBB | 0xBF) && !byte.is_ascii_whitespace())
        == Some(&b'{');
    if !begins_as_json {
        return Ok(None);
    }
    bytes.extend_from_slice(beginning);
    let shown = path.display();
    file.read_to_end(&mut bytes)
        .map_err(|error| unreadable(format!("{shown}: could not be read: {error}")))?;
    if bytes.len() as u64 > LONGEST {
        return Err(unreadable(format!(
            "{shown}: has more than {LONGEST} bytes, which no job has"
        )));
    }
    let source = Source::decode(bytes)
        .map_err(|error| unreadable(format!("{shown}: could not be read as text: {error}")))?;
    match Job::parse(source.text()) {
        Ok(job) => Ok(Some(job)),
        Err(error) => Err(unreadable(format!("{shown}: {error}"))),
    }
}

/// Takes what was given, and gives the mail of the job.
pub(super) fn with(
    job: &Job,
    args: &RunArgs,
    given: &Given<'_>,
    unneeded: &[SmtpProperty],
    go: impl FnOnce(&Mails<'_>) -> Result<Exit, Refusal>,
) -> Result<Exit, Refusal> {
    if let Some(option) = for_packages_alone(args) {
        return Err(Refusal::usage(format!(
            "`{option}` has a meaning only for a package, and this is a job"
        )));
    }
    let label = Label::of_path(&args.file);
    let sign_ins = match args.speaks_to_servers() {
        true => sign_ins(job)?,
        // Nobody signs in, so that no secret need be here.
        false => BTreeMap::new(),
    };
    let ready = job
        .ready(JobRun {
            label: &label,
            variables: &given.variables,
            now: given.now.map(|(now, _)| now),
            locale: given.locale,
            paths: &given.path_map,
            files: &RealFiles,
            sign_ins: &sign_ins,
            unneeded,
        })
        .map_err(|error| Refusal::usage(error.to_string()))?;
    let meant = meant(job, &args.tasks)?;
    let resolve = |at: usize| meant.get(at).and_then(|&index| ready.resolve(index));
    go(&Mails {
        count: meant.len(),
        resolve: &resolve,
        warnings: Vec::new(),
        errors: Vec::new(),
    })
}

/// Follows the references of the accounts.
fn sign_ins(job: &Job) -> Result<BTreeMap<String, SignIn>, Refusal> {
    let mut sign_ins = BTreeMap::new();
    for (name, server) in &job.servers {
        let Some(account) = &server.account else {
            continue;
        };
        let secret = |field: &str, reference: &Option<Reference>| {
            let place = format!("servers.{name}.account.{field}");
            match reference {
                None => Ok(None),
                Some(Reference::Environment(name)) => from_environment(name, &place).map(Some),
                Some(Reference::File(path)) => from_file(path, &place).map(Some),
            }
        };
        let token = secret("token", &account.token)?;
        let sign_in = SignIn {
            user: Some(account.user.clone()),
            password: secret("password", &account.password)?.map(Password),
            token: token.map(|it| Token::fixed(Secret::new(it.expose().trim()))),
            ..SignIn::default()
        };
        sign_ins.insert(name.clone(), sign_in);
    }
    Ok(sign_ins)
}

fn for_packages_alone(args: &RunArgs) -> Option<&'static str> {
    let given = [
        ("--package", args.package.is_none()),
        ("--override", args.values.overrides.is_empty()),
        ("--stored-values", !args.values.stored_values),
        ("--assume-defaults", !args.values.assume_defaults),
        ("--use-environment", !args.values.use_environment),
    ];
    let own = given.into_iter().find(|(_, is_empty)| !is_empty);
    let of_values = args
        .values
        .given
        .for_packages()
        .filter(|name| *name != "--map-path");
    own.map(|(name, _)| name).or(of_values)
}

/// The mail that `--task` names, in the order of the job; all of it without one.
fn meant(job: &Job, patterns: &[String]) -> Result<Vec<usize>, Refusal> {
    let mut meant = vec![patterns.is_empty(); job.mails.len()];
    for pattern in patterns {
        let mut found = false;
        for (mail, meant) in job.mails.iter().zip(&mut meant) {
            if glob_fits(pattern, &mail.task) {
                *meant = true;
                found = true;
            }
        }
        if !found {
            let paths = job
                .mails
                .iter()
                .map(|mail| format!("\n  `{}`", dtsx::source::visible(&mail.task)));
            return Err(Refusal::usage(format!(
                "--task: `{pattern}` is no mail of the job; there are:{}",
                paths.collect::<String>()
            )));
        }
    }
    let chosen = meant.iter().enumerate().filter(|(_, meant)| **meant);
    Ok(chosen.map(|(index, _)| index).collect())
}
