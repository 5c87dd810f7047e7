//! `dtsx lint`: what is wrong, by rules, and what would mend it.

mod baseline;
mod diff;
mod part;
mod settings;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use dtsx::host::{Files as _, RealFiles};
use dtsx::lint::{Applicability, Baseline, Excerpts, Fixed, Severity};
use dtsx::project::Write;
use dtsx::report::lint::LintReport;
use dtsx::report::{azure, concise, github, human, json, junit, sarif};

use super::exit::Exit;
use super::inputs::InputArgs;
use super::output::{OutputArgs, Outputs};
use super::streams::{Refusal, Streams};
use super::write::{JournalArgs, write_all};
use baseline::{BaselineAction, Known};
use diff::write_difference;
use part::{Part, Sieve};
use settings::SettingsArgs;

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
    /// Inputs under one configuration each.
    parts: Vec<Part<'a>>,
    /// The inputs, absolute, and the numbers of their parts.
    places: BTreeMap<PathBuf, usize>,
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
    let shows_text = args.output.has(&Format::Human, &Format::Human);
    for (is_asked, option) in [(args.diff, "--diff"), (args.statistics, "--statistics")] {
        if is_asked && !shows_text {
            return Err(Refusal::usage(format!(
                "`{option}` is text for people: it has no other format"
            )));
        }
    }
    let mut parts: Vec<Part<'_>> = Vec::new();
    for found in args.settings.find(inputs)? {
        if parts.iter().any(|it| it.known.path == found.baseline_path) {
            return Err(Refusal::usage(format!(
                "two configurations have the baseline `{}`: its paths count from only one of them",
                found.baseline_path.display()
            )));
        }
        // Whoever names no configuration may still name what to do with the baseline.
        let known = match args.settings.reads_baseline() || args.baseline.is_some() {
            true => Known::read(found.baseline_path, args.baseline)?,
            false => Known {
                path: found.baseline_path,
                baseline: Baseline::default(),
            },
        };
        parts.push(Part {
            args,
            inputs: found.inputs,
            settings: found.settings,
            configuration: found.configuration,
            known,
        });
    }
    let mut places = BTreeMap::new();
    for (index, part) in parts.iter().enumerate() {
        for place in part.places() {
            places.entry(place).or_insert(index);
        }
    }
    Ok(Run {
        args,
        parts,
        places,
    })
}

impl Run<'_> {
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
        let (report, sieves) = self.report(&mut err_streams);
        for error in &report.errors {
            err_streams.messages().note(error);
        }
        if report.files == 0 && report.errors.is_empty() {
            let message = "no file of SSIS was found there: nothing was judged";
            err_streams.messages().note(&message);
        }
        // Other formats for people have no place for it, and it may be why the exit code is 1.
        let is_told = [Format::Human, Format::Json];
        let is_told = is_told
            .iter()
            .any(|it| self.args.output.has(it, &Format::Human));
        for unused in report.unused.iter().filter(|_| !is_told) {
            err_streams.messages().note(&format!("unused: {unused}"));
        }
        for (part, sieve) in self.parts.iter().zip(&sieves) {
            match part.act_on_baseline(sieve, &report.findings, &mut err_streams) {
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
        if exit == Exit::Found && self.args.settings.exit_zero {
            exit = Exit::Done;
        }
        if !report.errors.is_empty() {
            exit = exit.max(Exit::Unreadable);
        }
        Ok(exit)
    }

    /// What is reported, and what came of the entries of each part.
    fn report(&self, streams: &mut Streams<'_>) -> (LintReport, Vec<Sieve>) {
        let excerpts = match self.args.output.has(&Format::Human, &Format::Human) {
            true if !self.args.statistics => Excerpts::Wanted,
            _ => Excerpts::LeftOut,
        };
        // Of several configurations the strictest says what counts.
        let levels = self.parts.iter().filter_map(|part| {
            let level = part.settings.fail_level;
            level.unwrap_or(Some(Severity::Warning))
        });
        let mut report = LintReport {
            fail_level: levels.min(),
            ..LintReport::default()
        };
        let mut sieves = Vec::new();
        for (index, part) in self.parts.iter().enumerate() {
            let mut sieve = part.sieve();
            part.look(
                excerpts,
                |path| self.is_of(index, path),
                &mut sieve,
                &mut report,
                streams,
            );
            sieves.push(sieve);
        }
        self.tell_of_configurations_below(&report, streams);
        (report, sieves)
    }

    /// Whether a part looks at a file that it has found: a file is judged under the configuration of the input that
    /// names it most closely.
    fn is_of(&self, part: usize, file: &Path) -> bool {
        let mut above = self.inputs_above(file);
        self.parts.len() == 1 || above.next().is_none_or(|(_, index)| index == part)
    }

    /// The inputs that a path is or lies below, the closest first, with the numbers of their parts.
    fn inputs_above(&self, path: &Path) -> impl Iterator<Item = (PathBuf, usize)> {
        let path = self.absolute(path);
        let above: Vec<PathBuf> = path.ancestors().map(Path::to_owned).collect();
        let places = |it: PathBuf| self.places.get(&it).map(|index| (it.clone(), *index));
        above.into_iter().filter_map(places)
    }

    fn absolute(&self, path: &Path) -> PathBuf {
        let first = self.parts.first().map(|part| part.absolute(path));
        first.unwrap_or_else(|| path.to_owned())
    }

    /// Says which configurations lie below an input and do not count.
    fn tell_of_configurations_below(&self, report: &LintReport, streams: &mut Streams<'_>) {
        if !self.args.settings.looks_upwards() {
            return;
        }
        let mut seen = BTreeSet::new();
        for folder in report
            .labels
            .iter()
            .filter_map(|label| label.path().parent())
        {
            for folder in folder.ancestors() {
                let at = self.absolute(folder);
                let is_below = self.inputs_above(folder).any(|(input, _)| input != at);
                if !seen.insert(folder.to_owned()) || !is_below {
                    break;
                }
                let path = folder.join(settings::CONFIGURATION);
                let counts = self.parts.iter().any(|it| it.has_configuration(&path));
                if !counts && settings::is_configuration(&path) {
                    streams.messages().note(&format!(
                        "`{}` does not count, as it lies below an input: give `{}` besides",
                        path.display(),
                        folder.display()
                    ));
                }
            }
        }
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
        let mut all = Fixed::default();
        for (index, part) in self.parts.iter().enumerate() {
            let fixed = part.fixed(least, |path| self.is_of(index, path))?;
            if let Some(twice) = fixed.files.keys().find(|it| all.files.contains_key(*it)) {
                return Err(Refusal::usage(format!(
                    "inputs under two configurations would both change `{}`: mend them one after the other",
                    twice.display()
                )));
            }
            all.files.extend(fixed.files);
            all.applied.extend(fixed.applied);
        }
        Ok(all)
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
        let noun = if files == 1 { "file" } else { "files" };
        streams.messages().note(&format!(
            "{fixes} fixed in {files} {noun}; `dtsx undo` takes it back"
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
                let mut given = self.parts.iter().filter_map(|it| it.inputs.given.as_ref());
                let before = match given.find(|(name, _)| name == path) {
                    Some((_, bytes)) => bytes.clone(),
                    None => RealFiles.read(path)?,
                };
                write_difference(&mut out, path, &before, after)?;
            }
            out.flush()?;
        }
        Ok(
            match fixed.files.is_empty() || self.args.settings.exit_zero {
                true => Exit::Done,
                false => Exit::Found,
            },
        )
    }
}

fn streams_colours(streams: &Streams<'_>) -> super::streams::Colours {
    streams.colours
}
