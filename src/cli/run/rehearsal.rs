//! Options that keep mail in the house, or make it another one.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use dtsx::host::{Files as _, RealFiles};
use dtsx::mail::deliver::{Pace, Until};
use dtsx::mail::{Domain, Former, OneAddress, Rehearsal, UnknownMail};

use crate::cli::exit::Exit;
use crate::cli::streams::Refusal;

/// What keeps mail in the house.
#[derive(Debug, Args)]
#[command(next_help_heading = "Rehearsal")]
pub(crate) struct RehearsalArgs {
    /// Send every mail to this address instead; its recipients stand in `X-Original-To`
    #[arg(long, value_name = "ADDRESS")]
    redirect_to: Option<OneAddress>,
    /// Refuse mail to any other domain, before anything is connected (repeatable)
    #[arg(long = "allow-domain", value_name = "DOMAIN")]
    allowed_domains: Vec<Domain>,
    /// Ask the server so far, and send nothing
    #[arg(long, value_enum, value_name = "STEP", group = "route")]
    until: Option<Step>,
    /// The sender, instead of the task's From, which becomes the Reply-To
    #[arg(long, value_name = "ADDRESS")]
    from: Option<OneAddress>,
    /// Send no faster, such as `30/min`
    #[arg(long, value_name = "N/min")]
    throttle: Option<Pace>,
    /// Show what is to go and ask before more than N mails are sent
    #[arg(long, value_name = "N")]
    pub(super) confirm_over: Option<usize>,
    /// Do not ask
    #[arg(long, requires = "confirm_over")]
    pub(super) yes: bool,
    /// Send only what a former run has not sent, by its report of `--format json`
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
    /// Send mail again of which nobody knows whether it went
    #[arg(long, requires = "resume")]
    resend_unknown: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Step {
    /// The greeting
    Connect,
    /// The reply to EHLO
    Ehlo,
    /// TLS, where it is asked for
    Starttls,
    /// Signing in
    Auth,
    /// The replies to MAIL FROM and every RCPT TO
    Rcpt,
}

impl RehearsalArgs {
    pub(super) fn sends_nothing(&self) -> bool {
        self.until.is_some()
    }

    pub(super) fn rehearsal(&self) -> Rehearsal {
        Rehearsal {
            from: self.from.clone(),
            redirect_to: self.redirect_to.clone(),
            allowed_domains: self.allowed_domains.clone(),
            until: self.until.map(|step| match step {
                Step::Connect => Until::Connect,
                Step::Ehlo => Until::Ehlo,
                Step::Starttls => Until::StartTls,
                Step::Auth => Until::Auth,
                Step::Rcpt => Until::Rcpt,
            }),
            pace: self.throttle,
        }
    }

    /// What a former run has done.
    pub(super) fn former(&self) -> Result<Option<(Former, UnknownMail)>, Refusal> {
        let Some(path) = &self.resume else {
            return Ok(None);
        };
        let unreadable = |why: String| Refusal {
            exit: Exit::Unreadable,
            message: format!("--resume: {}: {why}", path.display()),
        };
        let bytes = RealFiles
            .read(path)
            .map_err(|error| unreadable(format!("could not be read: {error}")))?;
        // A report that was cut may end inside of a character.
        let text = String::from_utf8_lossy(&bytes);
        let former = Former::parse(&text).map_err(|error| unreadable(error.to_string()))?;
        let unknown = match self.resend_unknown {
            true => UnknownMail::Resent,
            false => UnknownMail::Left,
        };
        Ok(Some((former, unknown)))
    }
}
