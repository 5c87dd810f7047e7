//! `dtsx lint`: what is wrong, by rules, and what would mend it.

mod diff;
mod settings;

use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use dtsx::host::{Files as _, RealFiles};
use dtsx::lint::{
    Applicability, Baseline, BuildCopies, Entries, Entry, Excerpts, Finding, Fixed, Lint, Linted,
    Settings, fix, lint, rule,
};
use dtsx::project::Write;
use dtsx::report::lint::LintReport;
use dtsx::report::{azure, concise, github, human, json, junit, sarif};

use super::exit::Exit;
use super::inputs::InputArgs;
use super::output::{OutputArgs, Outputs, private};
use super::streams::{Refusal, Streams};
use super::write::{JournalArgs, write_all};
use diff::write_difference;
use settings::{Found, SettingsArgs};

/// Find what fails, what leaks and what will break
///
/// Judges packages, connection managers, parameters and project files by rules; `dtsx explain` lists them, `dtsx explain
/// RULE` tells more of one. Rules see what values are at run time. A file of a project is judged with the others of its
/// project, and only what is wrong with the files that were asked for is reported.
///
/// Exit code 1 means that something was found at or above the fail level, 3 that a file could not be read.
#[derive(Debug, Args)]
pub(crate) struct LintArgs {
    #[command(flatten)]
    inputs: InputArgs,
    #[command(flatten)]
    settings: SettingsArgs,
    /// Carry out what is safe to mend; `dtsx undo` takes it back
    #[arg(long, help_heading = "Fixes")]
    fix: bool,
    /// Count among the fixes those that may change what a package does
    #[arg(long, help_heading = "Fixes")]
    unsafe_fixes: bool,
    /// Show what fixes would change, and change nothing; exit code 1 where there is something
    #[arg(long, conflicts_with = "fix", help_heading = "Fixes")]
    diff: bool,
    /// Make the baseline of known findings anew, take out of it what is mended, or check that nothing is out of date
    #[arg(long, value_name = "ACTION", value_enum, conflicts_with_all = ["fix", "diff"])]
    baseline: Option<BaselineAction>,
    /// Count what each rule finds, instead of showing it
    #[arg(long, help_heading = "Output")]
    statistics: bool,
    #[command(flatten)]
    journal: JournalArgs,
    #[command(flatten)]
    output: OutputArgs<Format>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text for people, with the lines
    Human,
    /// A line each
    Concise,
    /// The schema `dtsx/lint@1`
    Json,
    /// SARIF 2.1.0
    Sarif,
    /// Annotations of GitHub Actions
    Github,
    /// Logging commands of Azure Pipelines
    Azure,
    /// JUnit XML
    Junit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum BaselineAction {
    /// Make it anew of all that is found
    Write,
    /// Take out what is found no more
    Update,
    /// Fail where something in it is found no more
    Check,
}

pub(crate) fn run(args: &LintArgs, streams: &mut Streams<'_>) -> io::Result<Exit> {
    streams.out_takes_json = args.output.prints(&Format::Json);
    match prepare(args) {
        Ok(run) => run.run(streams),
        Err(refusal) => streams.refuse(&refusal),
    }
}

/// A run whose arguments make sense.
struct Run<'a> {
    args: &'a LintArgs,
    inputs: dtsx::project::Inputs,
    settings: Settings,
    baseline_path: PathBuf,
    baseline: Baseline,
}

fn prepare(args: &LintArgs) -> Result<Run<'_>, Refusal> {
    let inputs = args.inputs.inputs()?;
    if inputs.given.is_some() && args.fix {
        return Err(Refusal::usage(
            "`--fix` writes files, and the standard input is none: use `--diff`",
        ));
    }
    if args.unsafe_fixes && !args.fix && !args.diff {
        return Err(Refusal::usage(
            "`--unsafe-fixes` counts with `--fix` or `--diff`",
        ));
    }
    if args.diff && !args.output.has(&Format::Human, &Format::Human) {
        return Err(Refusal::usage(
            "`--diff` is text for people: it has no other format",
        ));
    }
    let Found {
        settings,
        baseline_path,
    } = args.settings.find(&inputs)?;
    let baseline = match RealFiles.read(&baseline_path) {
        Ok(bytes) if args.baseline != Some(BaselineAction::Write) => {
            let text = String::from_utf8_lossy(&bytes);
            Baseline::parse(&text)
                .map_err(|error| Refusal::usage(format!("{}: {error}", baseline_path.display())))?
        }
        Ok(_) => Baseline::default(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => match args.baseline {
            Some(BaselineAction::Update | BaselineAction::Check) => {
                return Err(Refusal::usage(format!(
                    "there is no baseline `{}`: `--baseline write` makes it",
                    baseline_path.display()
                )));
            }
            _ => Baseline::default(),
        },
        Err(error) => {
            return Err(Refusal::usage(format!(
                "{}: could not be read: {error}",
                baseline_path.display()
            )));
        }
    };
    Ok(Run {
        args,
        inputs,
        settings,
        baseline_path,
        baseline,
    })
}

/// What is known and accepted, and what of it has met a finding.
struct Sieve {
    allowed: Entries,
    baseline: Entries,
}

impl Sieve {
    /// Takes out what is accepted and what is known, and says how much that is.
    fn pass(&mut self, linted: &mut Linted) -> (usize, usize) {
        let (mut accepted, mut known) = (linted.accepted.len(), 0);
        let mut rest = std::mem::take(&mut linted.findings);
        while let Some(path) = rest.first().map(|it| it.path.clone()) {
            let end = rest.iter().position(|it| it.path != path);
            let later = rest.split_off(end.unwrap_or(rest.len()));
            accepted += self.allowed.take(&path, &mut rest).len();
            known += self.baseline.take(&path, &mut rest).len();
            linted.findings.append(&mut rest);
            rest = later;
        }
        (accepted, known)
    }
}

impl Run<'_> {
    fn job(&self, excerpts: Excerpts) -> Lint<'_> {
        Lint {
            inputs: &self.inputs,
            settings: &self.settings,
            limits: self.args.inputs.limits(),
            jobs: self.args.inputs.jobs(),
            excerpts,
            build_copies: match self.args.inputs.include_build {
                true => BuildCopies::Include,
                false => BuildCopies::LeaveAlone,
            },
        }
    }

    fn sieve(&self) -> Sieve {
        Sieve {
            allowed: Entries::new(self.settings.allowed.clone()),
            baseline: Entries::new(self.baseline.findings.clone()),
        }
    }

    fn run(&self, streams: &mut Streams<'_>) -> io::Result<Exit> {
        if self.args.diff {
            return self.diff(streams);
        }
        let mut outputs = match self.args.output.open(Format::Human, &mut *streams.out) {
            Ok(outputs) => outputs,
            Err(refusal) => return streams.refuse(&refusal),
        };
        let mut exit = Exit::Done;
        let mut err_streams = Streams {
            out: &mut io::sink(),
            err: &mut *streams.err,
            out_is_terminal: false,
            colours: streams.colours,
            talk: streams.talk,
            out_takes_json: false,
        };
        if self.args.fix {
            match self.fixed() {
                Ok(fixed) => exit = self.write(&fixed, &mut err_streams)?,
                Err(refusal) => {
                    drop(outputs);
                    return streams.refuse(&refusal);
                }
            }
        }
        let mut sieve = self.sieve();
        let (report, stale) = self.report(&mut sieve, &mut err_streams);
        for error in &report.errors {
            err_streams.messages().note(error);
        }
        if let Some(action) = self.args.baseline {
            let done = self.act_on_baseline(action, &stale, &report);
            match done {
                Ok(done) => exit = exit.max(done),
                Err(refusal) => {
                    drop(outputs);
                    return streams.refuse(&refusal);
                }
            }
        }
        self.show(&mut outputs, &report, streams_colours(&err_streams))?;
        let counts = self.args.baseline != Some(BaselineAction::Write);
        if report.fails() && counts {
            exit = exit.max(Exit::Found);
        }
        if !report.errors.is_empty() {
            exit = exit.max(Exit::Unreadable);
        }
        Ok(exit)
    }

    /// What is reported, and the entries of the baseline that are out of date.
    fn report(&self, sieve: &mut Sieve, streams: &mut Streams<'_>) -> (LintReport, Vec<Entry>) {
        let excerpts = match self.args.output.has(&Format::Human, &Format::Human) {
            true if !self.args.statistics => Excerpts::Wanted,
            _ => Excerpts::LeftOut,
        };
        let job = self.job(excerpts);
        let mut report = LintReport {
            fail_level: self
                .settings
                .fail_level
                .unwrap_or(Some(dtsx::lint::Severity::Warning)),
            ..LintReport::default()
        };
        let mut looked_at = Vec::new();
        let walked = lint(&job, &RealFiles, |mut linted, _| {
            let (accepted, known) = sieve.pass(&mut linted);
            report.accepted += accepted;
            report.known += known;
            report.files += linted.files.len();
            for label in &linted.files {
                streams.messages().detail(&format!("{label}: judged"));
                report.labels.push(label.to_string());
                looked_at.push(self.settings.path_of(label));
            }
            for (file, object, rule) in linted.unused {
                report.unused.push(format!(
                    "{file} {object}: its description accepts {rule}, which finds nothing there"
                ));
            }
            report.findings.append(&mut linted.findings);
            report.errors.append(&mut linted.errors);
            Ok::<(), std::convert::Infallible>(())
        });
        let Ok(()) = walked;
        let is_stale = |entry: &&Entry| {
            let rule = rule(&entry.rule).ok();
            let counts = rule.is_none_or(|rule| self.settings.selection.has(rule));
            counts && (looked_at.contains(&entry.path) || self.is_gone(&entry.path))
        };
        let mut tell = |whose: &str, entry: &Entry| {
            let object = entry.object.as_deref().unwrap_or("any object");
            report.unused.push(format!(
                "{whose}: {} in {}, {object}: nothing is found there",
                entry.rule, entry.path
            ));
        };
        for entry in sieve.allowed.unused().filter(is_stale) {
            tell("allow", entry);
        }
        let stale: Vec<Entry> = sieve.baseline.unused().filter(is_stale).cloned().collect();
        stale.iter().for_each(|entry| tell("baseline", entry));
        (report, stale)
    }

    /// Whether a file that an entry names is not there any more.
    fn is_gone(&self, path: &str) -> bool {
        let path = path.split('!').next().unwrap_or(path);
        let folder = self.settings.root.as_ref().map(|root| &root.configuration);
        let path = folder.map_or(PathBuf::from(path), |folder| folder.join(path));
        RealFiles
            .metadata(&path)
            .is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    }

    fn show(
        &self,
        outputs: &mut Outputs<'_, Format>,
        report: &LintReport,
        colours: super::streams::Colours,
    ) -> io::Result<()> {
        if let Some(mut out) = outputs.take_text(&Format::Human, colours) {
            match self.args.statistics {
                true => human::lint::write_statistics(&mut out, report)?,
                false => human::lint::write_findings(&mut out, &report.findings)?,
            }
            human::lint::write_summary(&mut out, report)?;
            out.flush()?;
        }
        type Writer = fn(&mut dyn io::Write, &LintReport) -> io::Result<()>;
        let sarif: Writer = |out, report| sarif::write(out, report, env!("CARGO_PKG_VERSION"));
        let writers: [(Format, Writer); 6] = [
            (Format::Concise, concise::write),
            (Format::Json, json::lint::write),
            (Format::Sarif, sarif),
            (Format::Github, github::write),
            (Format::Azure, azure::write),
            (Format::Junit, junit::write),
        ];
        for (format, write) in writers {
            if let Some(mut out) = outputs.take(&format) {
                write(&mut out, report)?;
                out.flush()?;
            }
        }
        Ok(())
    }

    fn fixed(&self) -> Result<Fixed, Refusal> {
        let least = match self.args.unsafe_fixes {
            true => Applicability::Unsafe,
            false => Applicability::Safe,
        };
        let mut sieve = self.sieve();
        fix(
            &self.job(Excerpts::LeftOut),
            least,
            &RealFiles,
            &mut |linted| {
                sieve.pass(linted);
            },
        )
        .map_err(|error| Refusal {
            exit: Exit::Unwritten,
            message: format!("nothing was written: {error}"),
        })
    }

    fn write(&self, fixed: &Fixed, streams: &mut Streams<'_>) -> io::Result<Exit> {
        if fixed.files.is_empty() {
            return Ok(Exit::Done);
        }
        let inputs = fixed.files.keys().cloned().collect();
        let mut journal = match self.args.journal.journal("lint --fix", inputs) {
            Ok(journal) => journal,
            Err(message) => return streams.usage(&message),
        };
        let writes = fixed.files.iter().map(|(path, (before, after))| {
            Write::change(path.clone(), *before, after.clone(), "lint --fix")
        });
        let applied = write_all(writes, &mut journal, &mut streams.messages());
        if !applied.is_whole() {
            return Ok(Exit::Unwritten);
        }
        for it in &fixed.applied {
            let (file, object) = (&it.file, &it.object);
            let text = format!("{file} {object}: {} ({})", it.title, it.rule.code);
            streams.messages().detail(&text);
        }
        let (fixes, files) = (fixed.applied.len(), fixed.files.len());
        streams.messages().note(&format!(
            "{fixes} fixed in {files} files; `dtsx undo` takes it back"
        ));
        Ok(Exit::Done)
    }

    fn diff(&self, streams: &mut Streams<'_>) -> io::Result<Exit> {
        let fixed = match self.fixed() {
            Ok(fixed) => fixed,
            Err(refusal) => return streams.refuse(&refusal),
        };
        let colours = streams.colours;
        let mut outputs = match self.args.output.open(Format::Human, &mut *streams.out) {
            Ok(outputs) => outputs,
            Err(refusal) => return streams.refuse(&refusal),
        };
        if let Some(mut out) = outputs.take_text(&Format::Human, colours) {
            for (path, (_, after)) in &fixed.files {
                let given = self.inputs.given.as_ref().filter(|(name, _)| name == path);
                let before = match given {
                    Some((_, bytes)) => bytes.clone(),
                    None => RealFiles.read(path)?,
                };
                write_difference(&mut out, path, &before, after)?;
            }
            out.flush()?;
        }
        Ok(match fixed.files.is_empty() {
            true => Exit::Done,
            false => Exit::Found,
        })
    }

    fn act_on_baseline(
        &self,
        action: BaselineAction,
        stale: &[Entry],
        report: &LintReport,
    ) -> Result<Exit, Refusal> {
        let path = |finding: &Finding| finding.path.clone();
        match action {
            BaselineAction::Write => {
                let new = Baseline::of(&report.findings, path);
                private(&self.baseline_path, new.to_text().as_bytes())?;
                Ok(Exit::Done)
            }
            BaselineAction::Update => {
                let mut new = self.baseline.clone();
                new.findings.retain(|entry| !stale.contains(entry));
                private(&self.baseline_path, new.to_text().as_bytes())?;
                Ok(Exit::Done)
            }
            BaselineAction::Check => Ok(match stale.is_empty() {
                true => Exit::Done,
                false => Exit::Found,
            }),
        }
    }
}

fn streams_colours(streams: &Streams<'_>) -> super::streams::Colours {
    streams.colours
}
