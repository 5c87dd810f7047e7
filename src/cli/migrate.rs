//! `dtsx migrate`: a recipe planned over a tree, shown, carried out.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use dtsx::apply;
use dtsx::host::{Files as _, Random as _, RealFiles, RealRandom, path_from_bytes};
use dtsx::migrate::{
    ArchivePlan, BuildCopies, FilePlan, Options, Recipe, Samples, Versions, carry_out, plan,
};
use dtsx::project::{Limits, Reading, Write};
use dtsx::report::human;
use dtsx::report::json::plan::Plan;

use super::exit::Exit;
use super::inputs::InputArgs;
use super::output::{OutputArgs, private};
use super::progress::Progress;
use super::streams::{Lasting, Messages, Refusal, Streams};
use super::write::{JournalArgs, write_all};

/// Change a server, an address or another value in every place that keeps it
///
/// Shows the plan and a diff, and changes nothing; --write carries it out, and `dtsx undo` takes it back. A value is
/// followed to where it is kept: the connection manager, its copies in project files, package parts, XML
/// configurations, literals in expressions, the variable or parameter behind one, what build configurations give to
/// it. Everything else that holds the old text is listed as left.
///
/// A plan that --plan-file keeps is applied later, as it was reviewed, by --apply from the same folder.
#[derive(Debug, Args)]
pub(crate) struct MigrateArgs {
    #[command(flatten)]
    inputs: InputArgs,
    /// What to change: rules in TOML
    #[arg(long, value_name = "FILE", help_heading = "Recipe")]
    recipe: Option<PathBuf>,
    /// The commonest recipe: SMTP connection managers of server OLD get NEW (repeatable)
    #[arg(
        long,
        value_name = "OLD=NEW",
        value_parser = server,
        conflicts_with = "recipe",
        help_heading = "Recipe"
    )]
    replace_server: Vec<(String, String)>,
    /// With --replace-server: whether they demand STARTTLS
    #[arg(
        long,
        value_name = "BOOL",
        requires = "replace_server",
        help_heading = "Recipe"
    )]
    enable_ssl: Option<bool>,
    /// With --replace-server: whether they sign in as the Windows account
    #[arg(
        long,
        value_name = "BOOL",
        requires = "replace_server",
        help_heading = "Recipe"
    )]
    windows_auth: Option<bool>,
    /// Leave stored samples under expressions as they are
    #[arg(long, help_heading = "Recipe")]
    keep_samples: bool,
    /// Raise VersionBuild and renew VersionGUID of changed packages, in project files too
    #[arg(long, help_heading = "Recipe")]
    bump_version: bool,
    /// Carry the plan out
    #[arg(long, conflicts_with = "check", help_heading = "Writing")]
    write: bool,
    /// Exit 1 if anything would change, or if live old texts are left
    #[arg(long, help_heading = "Writing")]
    check: bool,
    /// Keep the plan in this file, to be reviewed and applied later; only its owner can read it
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "write",
        help_heading = "Writing"
    )]
    plan_file: Option<PathBuf>,
    /// Carry out a plan that --plan-file kept, exactly as it is
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["recipe", "replace_server", "check", "plan_file", "paths"],
        help_heading = "Writing"
    )]
    apply: Option<PathBuf>,
    #[command(flatten)]
    journal: JournalArgs,
    #[command(flatten)]
    output: OutputArgs<Format>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text for people
    Human,
    /// The schema `dtsx/plan@1`
    Json,
    /// The paths of the files that change, one a line
    Paths,
}

fn server(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((old, new)) if !old.is_empty() && !new.is_empty() => {
            Ok((old.to_owned(), new.to_owned()))
        }
        _ => Err("expected `OLD=NEW`, such as `smtp1.corp.local=relay.example.com`".to_owned()),
    }
}

pub(crate) fn run(args: &MigrateArgs, streams: &mut Streams<'_>) -> io::Result<Exit> {
    streams.out_takes_json = args.output.prints(&Format::Json);
    if let Some(path) = &args.apply {
        return apply_plan_file(args, path, streams);
    }
    let (recipe, inputs) = match recipe(args).and_then(|it| Ok((it, args.inputs.inputs()?))) {
        Ok(both) => both,
        Err(refusal) => return streams.refuse(&refusal),
    };
    if args.write && inputs.given.is_some() {
        return streams.usage("what comes from the standard input cannot be written back");
    }
    let mut lasting = Lasting(&mut *streams.out);
    let streams = &mut Streams {
        out: match args.write || args.plan_file.is_some() {
            true => &mut lasting,
            false => lasting.0,
        },
        err: &mut *streams.err,
        ..*streams
    };
    let (report, exit) = match show(args, &recipe, &inputs, streams)? {
        Ok(planned) => planned,
        Err(refusal) => return streams.refuse(&refusal),
    };
    if let Some(path) = &args.plan_file {
        let bytes = report.to_file().map_err(|error| Refusal {
            exit: Exit::Unwritten,
            message: error.to_string(),
        });
        if let Err(refusal) = bytes.and_then(|bytes| private(path, &bytes)) {
            return streams.refuse(&refusal);
        }
    }
    Ok(exit)
}

fn recipe(args: &MigrateArgs) -> Result<Recipe, Refusal> {
    if let Some(path) = &args.recipe {
        let text = RealFiles.read(path).map_err(|error| Refusal {
            exit: Exit::Usage,
            message: format!("{}: could not be read: {error}", path.display()),
        })?;
        let text = String::from_utf8(text)
            .map_err(|_| Refusal::usage(format!("{}: is not UTF-8", path.display())))?;
        return Recipe::parse(&text)
            .map_err(|error| Refusal::usage(format!("{}: {error}", path.display())));
    }
    if args.replace_server.is_empty() {
        return Err(Refusal::usage(
            "there is nothing to change: give `--recipe FILE`, `--replace-server OLD=NEW` or `--apply FILE`",
        ));
    }
    Recipe::of_servers(&args.replace_server, args.enable_ssl, args.windows_auth)
        .map_err(|error| Refusal::usage(error.to_string()))
}

/// Plans, and writes the reports; with `--write` carries the plan out before the report's end.
fn show(
    args: &MigrateArgs,
    recipe: &Recipe,
    inputs: &dtsx::project::Inputs,
    streams: &mut Streams<'_>,
) -> io::Result<Result<(Plan, Exit), Refusal>> {
    let mut outputs = match args.output.open(Format::Human, &mut *streams.out) {
        Ok(outputs) => outputs,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let mut for_programs = outputs.take(&Format::Json);
    let mut for_people = outputs.take_text(&Format::Human, streams.colours);
    let mut paths = outputs.take(&Format::Paths);
    let mut messages = Messages {
        err: &mut *streams.err,
        talk: streams.talk,
    };
    let options = Options {
        samples: match args.keep_samples {
            true => Samples::Keep,
            false => Samples::Refresh,
        },
        versions: match args.bump_version {
            true => Versions::Bump(RealRandom.bytes()),
            false => Versions::Keep,
        },
        build_copies: match args.inputs.include_build {
            true => BuildCopies::Include,
            false => BuildCopies::LeaveAlone,
        },
    };
    let mut report = Plan::new();
    let mut files: Vec<FilePlan> = Vec::new();
    let mut archives: Vec<ArchivePlan> = Vec::new();
    let mut matched: Vec<usize> = Vec::new();
    let progress = Progress::new(streams.talk);
    let limits = args.inputs.limits();
    let reading = Reading {
        files: &RealFiles,
        limits,
        jobs: args.inputs.jobs(),
        only_with: None,
    };
    plan(
        inputs,
        recipe,
        &options,
        &reading,
        &|at| progress.show(at.done, at.found),
        |mut unit| {
            report.add(&unit);
            progress.aside(|| {
                for error in &unit.errors {
                    messages.note(error);
                }
                match &mut for_people {
                    Some(out) => human::plan::write_unit(out, &unit),
                    None => Ok(()),
                }
            })?;
            matched.append(&mut unit.matched);
            archives.extend(unit.archive);
            for mut file in unit.files {
                if let Some(out) = &mut paths {
                    writeln!(out, "{}", file.label)?;
                }
                // The lines have been shown.
                file.hunks = Vec::new();
                file.changes = Vec::new();
                files.push(file);
            }
            io::Result::Ok(())
        },
    )?;
    progress.finish();
    report.unmatched_rules = recipe
        .rules
        .iter()
        .map(|rule| rule.number)
        .filter(|number| !matched.contains(number))
        .collect();
    if !report.conflicts.is_empty() {
        drop((for_programs, for_people, paths));
        let conflicts = report.conflicts.iter().map(|it| {
            let (path, object, message) = (&it.path, &it.object, &it.message);
            format!("{path} {object}: {message}")
        });
        let conflicts = conflicts.collect::<Vec<_>>().join("\n");
        return Ok(Err(Refusal::usage(format!(
            "rules want different values in one place, and nothing is changed:\n{conflicts}"
        ))));
    }
    let mut exit = Exit::Done;
    if args.write && !files.is_empty() {
        let job = Job {
            files: &files,
            archives: &archives,
            limits,
        };
        let streams = &mut Streams {
            out: &mut io::sink(),
            err: &mut *streams.err,
            out_is_terminal: false,
            colours: streams.colours,
            talk: streams.talk,
            out_takes_json: false,
        };
        exit = job.write(args, &mut report, streams)?;
    }
    if let Some(out) = &mut for_programs {
        report.write(out)?;
        out.flush()?;
    }
    if let Some(out) = &mut for_people {
        human::plan::write_rest(out, &report)?;
        what_to_do_next(args, &report, out)?;
        out.flush()?;
    }
    if let Some(out) = &mut paths {
        out.flush()?;
    }
    let summary = &report.summary;
    if args.check && (summary.files > 0 || summary.left_live > 0) {
        exit = exit.max(Exit::Found);
    }
    if summary.errors > 0 {
        exit = exit.max(Exit::Unreadable);
    }
    Ok(Ok((report, exit)))
}

fn what_to_do_next(args: &MigrateArgs, report: &Plan, out: &mut dyn io::Write) -> io::Result<()> {
    if report.written {
        return writeln!(
            out,
            "written; take it back with `dtsx undo` (what is deployed to a server changes when it is deployed again)"
        );
    }
    if report.summary.files > 0 && !args.write && args.plan_file.is_none() {
        return writeln!(out, "nothing was written: `--write` carries this out");
    }
    Ok(())
}

/// A plan that is to be carried out.
struct Job<'p> {
    files: &'p [FilePlan],
    archives: &'p [ArchivePlan],
    limits: Limits,
}

impl Job<'_> {
    /// The plans of each file on disk, with the archive where it is one.
    fn by_file(&self) -> BTreeMap<&Path, (Vec<&FilePlan>, Option<&ArchivePlan>)> {
        let mut by_file: BTreeMap<&Path, (Vec<&FilePlan>, Option<&ArchivePlan>)> = BTreeMap::new();
        for file in self.files {
            let archive = self.archives.iter().find(|archive| {
                file.label.member().is_some() && archive.label.path() == file.label.path()
            });
            let entry = by_file.entry(file.label.path()).or_default();
            entry.0.push(file);
            entry.1 = archive;
        }
        by_file
    }

    /// Writes all files or none: each is looked at before the first is written.
    fn write(
        &self,
        args: &MigrateArgs,
        report: &mut Plan,
        streams: &mut Streams<'_>,
    ) -> io::Result<Exit> {
        let by_file = self.by_file();
        let mut refused = Vec::new();
        for (path, (plans, archive)) in &by_file {
            let before = match (archive, plans.first()) {
                (Some(archive), _) => Some(archive.before),
                (None, Some(plan)) => Some(plan.before),
                (None, None) => None,
            };
            if let Err(refusal) = apply::check(path, before, &RealFiles) {
                refused.push(format!("{}: {refusal}", path.display()));
                continue;
            }
            if let Err(error) = carry_out(plans, *archive, "migrate", &self.limits, &RealFiles) {
                refused.push(error.to_string());
            }
        }
        if !refused.is_empty() {
            return streams.unwritten(&format!("nothing was written:\n{}", refused.join("\n")));
        }
        let inputs = by_file.keys().map(|path| path.to_path_buf()).collect();
        let recipe = args
            .recipe
            .as_ref()
            .or(args.apply.as_ref())
            .map(|path| path.display().to_string());
        let recipe = recipe.or_else(|| {
            let servers = args
                .replace_server
                .iter()
                .map(|(old, new)| format!("--replace-server {old}={new}"));
            Some(servers.collect::<Vec<_>>().join(" "))
        });
        let mut journal = match args.journal.journal_of("migrate", inputs, recipe) {
            Ok(journal) => journal,
            Err(message) => return streams.usage(&message),
        };
        // One file at a time: each was read a moment ago and gave what was planned.
        let writes = by_file.iter().filter_map(|(path, (plans, archive))| {
            let what = what(plans.len(), archive.is_some());
            match carry_out(plans, *archive, &what, &self.limits, &RealFiles) {
                Ok(write) => write,
                // It changed in between: the writer finds that too, and takes everything back.
                Err(_) => plans
                    .first()
                    .map(|plan| Write::change(*path, plan.before, Vec::new(), what)),
            }
        });
        let applied = write_all(writes, &mut journal, &mut streams.messages());
        report.journal = applied
            .journal
            .as_ref()
            .map(|path| path.display().to_string());
        report.written = applied.is_whole();
        Ok(if report.written {
            Exit::Done
        } else {
            Exit::Unwritten
        })
    }
}

fn what(files: usize, is_archive: bool) -> String {
    match is_archive {
        true => format!("migrate ({files} members)"),
        false => "migrate".to_owned(),
    }
}

/// `--apply`: exactly the plan that was reviewed.
fn apply_plan_file(args: &MigrateArgs, path: &Path, streams: &mut Streams<'_>) -> io::Result<Exit> {
    let refused = |message: String| Refusal {
        exit: Exit::Unwritten,
        message: format!("{}: {message}", path.display()),
    };
    let bytes = match RealFiles.read(path) {
        Ok(bytes) => bytes,
        Err(error) => return streams.unreadable(&format!("{}: {error}", path.display())),
    };
    let read = Plan::of_file(&bytes).and_then(|plan| {
        let files = plan.file_plans(&path_of_hexadecimal)?;
        let archives = plan.archive_plans()?;
        Ok((plan, files, archives))
    });
    let (mut report, files, archives) = match read {
        Ok(read) => read,
        Err(error) => return streams.refuse(&refused(error.to_string())),
    };
    let job = Job {
        files: &files,
        archives: &archives,
        limits: args.inputs.limits(),
    };
    let exit = job.write(args, &mut report, streams)?;
    let mut outputs = match args.output.open(Format::Human, &mut *streams.out) {
        Ok(outputs) => outputs,
        Err(refusal) => return streams.refuse(&refusal),
    };
    if !report.written && exit != Exit::Done {
        return Ok(exit);
    }
    if let Some(mut out) = outputs.take(&Format::Json) {
        report.write(&mut out)?;
        out.flush()?;
    }
    if let Some(mut out) = outputs.take_text(&Format::Human, streams.colours) {
        for file in &report.files {
            writeln!(out, "wrote {}", dtsx::source::visible(&file.path))?;
        }
        what_to_do_next(args, &report, &mut out)?;
        out.flush()?;
    }
    if let Some(mut out) = outputs.take(&Format::Paths) {
        for file in &report.files {
            writeln!(out, "{}", file.path)?;
        }
        out.flush()?;
    }
    Ok(exit)
}

fn path_of_hexadecimal(digits: &str) -> Option<PathBuf> {
    let mut bytes = Vec::new();
    let mut rest = digits;
    while !rest.is_empty() {
        let (pair, behind) = rest.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(pair, 16).ok()?);
        rest = behind;
    }
    path_from_bytes(&bytes)
}
