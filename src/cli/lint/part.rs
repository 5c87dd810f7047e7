//! Inputs under one configuration: what is found in them, and what of it is known.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use dtsx::host::{Files as _, RealFiles};
use dtsx::lint::{
    Applicability, BuildCopies, Entries, Entry, Excerpts, Finding, Fixed, Lint, Linted, Settings,
    Unnumbered, absolute, fix, lint, rule,
};
use dtsx::project::{Changes, Inputs};
use dtsx::report::lint::LintReport;

use super::super::exit::Exit;
use super::super::streams::{Refusal, Streams};
use super::LintArgs;
use super::baseline::{BaselineAction, Known};

/// Inputs under one configuration.
pub(super) struct Part<'a> {
    pub(super) args: &'a LintArgs,
    pub(super) inputs: Inputs,
    pub(super) settings: Settings,
    /// Where the configuration is; `None` where there is none.
    pub(super) configuration: Option<PathBuf>,
    pub(super) known: Known,
}

/// What is known and accepted, and what of it has met a finding.
pub(super) struct Sieve {
    allowed: Entries,
    baseline: Entries,
    /// The files that were looked at, as the configuration sees them.
    looked_at: BTreeSet<String>,
    /// Those that could not be read.
    unread: BTreeSet<String>,
    /// Which findings of the report are those of this part.
    found: Range<usize>,
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

impl Part<'_> {
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

    pub(super) fn sieve(&self) -> Sieve {
        let baseline = self.known.baseline.findings.clone();
        Sieve {
            allowed: Entries::new(self.settings.allowed.clone(), Unnumbered::All),
            baseline: Entries::new(baseline, Unnumbered::First),
            looked_at: BTreeSet::new(),
            unread: BTreeSet::new(),
            found: 0..0,
        }
    }

    /// The inputs, absolute.
    pub(super) fn places(&self) -> impl Iterator<Item = PathBuf> {
        let given = self.inputs.given.as_ref().map(|(name, _)| name);
        let inputs = self.inputs.paths.iter().chain(given);
        inputs.map(|input| self.absolute(input))
    }

    pub(super) fn has_configuration(&self, path: &Path) -> bool {
        self.configuration.as_deref() == Some(&self.absolute(path))
    }

    pub(super) fn absolute(&self, path: &Path) -> PathBuf {
        match &self.settings.root {
            Some(root) => absolute(&root.present, path),
            None => path.to_owned(),
        }
    }

    /// Looks at the inputs and adds what is found, and not known, to the report. Files that another part names more
    /// closely are left to it.
    pub(super) fn look(
        &self,
        excerpts: Excerpts,
        is_own: impl Fn(&Path) -> bool,
        sieve: &mut Sieve,
        report: &mut LintReport,
        streams: &mut Streams<'_>,
    ) {
        let first = report.findings.len();
        let walked = lint(&self.job(excerpts), &RealFiles, |mut linted, _| {
            leave_others(&mut linted, &is_own);
            let (accepted, known) = sieve.pass(&mut linted);
            report.accepted += accepted;
            report.known += known;
            report.files += linted.files.len();
            for label in linted.files {
                streams.messages().detail(&format!("{label}: judged"));
                sieve.looked_at.insert(self.settings.path_of(&label));
                report.labels.push(label);
            }
            for (file, object, rule) in linted.unused {
                report.unused.push(format!(
                    "{file} {object}: its description accepts {rule}, which finds nothing there"
                ));
            }
            // Reports show edits; what would carry them out takes room until all files are done.
            for fix in linted.findings.iter_mut().filter_map(|it| it.fix.as_mut()) {
                fix.changes = Changes::default();
            }
            report.findings.append(&mut linted.findings);
            let unread = linted
                .errors
                .iter()
                .map(|it| self.settings.path_of(&it.label));
            sieve.unread.extend(unread);
            report.errors.append(&mut linted.errors);
            Ok::<(), Infallible>(())
        });
        let Ok(()) = walked;
        let mut own = report.findings.split_off(first);
        let Sieve {
            baseline,
            looked_at,
            unread,
            ..
        } = sieve;
        let is_gone = |path: &str| self.is_gone(path, looked_at, unread);
        let renamed = baseline.take_renamed(is_gone, &mut own);
        report.known += renamed.len();
        report.findings.append(&mut own);
        sieve.found = first..report.findings.len();
        let mut tell = |whose: &str, entry: &Entry| {
            let object = entry.object.as_deref().unwrap_or("any object");
            report.unused.push(format!(
                "{whose}: {} in {}, {object}: nothing is found there",
                entry.rule, entry.path
            ));
        };
        for (whose, entries) in [("allow", &sieve.allowed), ("baseline", &sieve.baseline)] {
            let stale = entries.unused().filter(|it| self.is_stale(it, sieve));
            stale.for_each(|entry| tell(whose, entry));
        }
    }

    /// Whether an entry that met nothing is out of date: this run would have found what it means.
    fn is_stale(&self, entry: &Entry, sieve: &Sieve) -> bool {
        let rule = rule(&entry.rule).ok();
        let counts = rule.is_none_or(|rule| self.settings.selection.has(rule));
        let Sieve {
            looked_at, unread, ..
        } = sieve;
        counts && (looked_at.contains(&entry.path) || self.is_gone(&entry.path, looked_at, unread))
    }

    /// Whether a file that an entry names is not there any more: on the disk, or in an archive that was looked at.
    fn is_gone(&self, path: &str, looked_at: &BTreeSet<String>, unread: &BTreeSet<String>) -> bool {
        let archive = path.split_once('!').map(|(archive, _)| archive);
        let folder = self.settings.root.as_ref().map(|root| &root.configuration);
        let file = Path::new(archive.unwrap_or(path));
        let file = folder.map_or(file.to_owned(), |folder| folder.join(file));
        let metadata = RealFiles.metadata(&file);
        let is_on_disk = !metadata.is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        let lacks = |archive: &str| {
            let members = format!("{archive}!");
            let mut known = looked_at.range(members.clone()..);
            let is_open = known.next().is_some_and(|it| it.starts_with(&members));
            is_open && !looked_at.contains(path) && !unread.contains(path)
        };
        !is_on_disk || archive.is_some_and(lacks)
    }

    /// What fixes would make of the files of this part.
    pub(super) fn fixed(
        &self,
        least: Applicability,
        is_own: impl Fn(&Path) -> bool,
    ) -> Result<Fixed, Refusal> {
        let mut sieve = self.sieve();
        let job = self.job(Excerpts::LeftOut);
        let mut accept = |linted: &mut Linted| {
            leave_others(linted, &is_own);
            sieve.pass(linted);
        };
        fix(&job, least, &RealFiles, &mut accept).map_err(|error| Refusal {
            exit: Exit::Unwritten,
            message: format!("nothing was written: {error}"),
        })
    }

    /// Does with the baseline what was asked for; `findings` are those of all parts that nothing knows.
    pub(super) fn act_on_baseline(
        &self,
        sieve: &Sieve,
        findings: &[Finding],
        streams: &mut Streams<'_>,
    ) -> Result<Exit, Refusal> {
        let is_stale = |entry: &Entry| self.is_stale(entry, sieve);
        let mut entries = match self.args.baseline {
            None => return Ok(Exit::Done),
            Some(BaselineAction::Check) => {
                return Ok(match sieve.baseline.unused().any(is_stale) {
                    true => Exit::Found,
                    false => Exit::Done,
                });
            }
            Some(BaselineAction::Update | BaselineAction::Write) => {
                sieve.baseline.renewed(is_stale)
            }
        };
        if self.args.baseline == Some(BaselineAction::Write) {
            let new = findings.get(sieve.found.clone()).unwrap_or_default();
            entries.extend(new.iter().map(Entry::of));
        }
        let count = self.known.write(entries)?;
        let path = self.known.path.display();
        streams
            .messages()
            .note(&format!("`{path}` holds {count} findings now"));
        Ok(Exit::Done)
    }
}

/// Another part has the other files.
fn leave_others(linted: &mut Linted, is_own: &dyn Fn(&Path) -> bool) {
    linted.findings.retain(|it| is_own(it.file.path()));
    linted.accepted.retain(|it| is_own(it.file.path()));
    linted.unused.retain(|(file, _, _)| is_own(file.path()));
    linted.files.retain(|it| is_own(it.path()));
    linted.errors.retain(|it| is_own(it.label.path()));
}
