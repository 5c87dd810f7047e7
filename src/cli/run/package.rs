//! Which package is meant, which of its tasks, and what they would send.

use std::num::NonZero;
use std::path::{Path, PathBuf};

use dtsx::connection_string::{SmtpProperty, masked_within};
use dtsx::effective::{Given, PackageValues, UnitValues};
use dtsx::host::RealFiles;
use dtsx::mail::{Defaults, EventHandlers, Override, Rules, StaleValues, other_tasks, resolve};
use dtsx::package::{self, ExecutableKind, Package, Paths, SendMailTask, Target};
use dtsx::project::{Found, InContext, Inputs, Label, Limits, OpenUnit, ReadError, Reading, find};

use super::mails::Mails;
use crate::cli::exit::Exit;
use crate::cli::streams::Refusal;

/// The package, the tasks, and how their values are taken.
pub(crate) struct PackageAsked<'a> {
    pub(crate) file: &'a Path,
    pub(crate) package: Option<&'a str>,
    pub(crate) tasks: &'a [String],
    pub(crate) overrides: &'a [String],
    pub(crate) stale_values: StaleValues,
    pub(crate) defaults: Defaults,
    pub(crate) unneeded: &'a [SmtpProperty],
    pub(crate) limits: Limits,
}

/// The tasks that are meant, in their package.
pub(crate) struct Chosen<'d> {
    pub(crate) package: Package<'d>,
    pub(crate) values: &'d PackageValues<'d>,
    pub(crate) tasks: &'d [SendMailTask<'d>],
    pub(crate) rules: &'d Rules<'d>,
    /// What people should know of the package as a whole.
    pub(crate) warnings: Vec<String>,
    /// What could not be read besides it.
    pub(crate) errors: Vec<ReadError>,
}

impl PackageAsked<'_> {
    /// Reads the package that is meant, and gives its tasks. It is there as long as `then` runs.
    pub(crate) fn with<T>(
        &self,
        given: Given<'_>,
        then: impl FnOnce(Chosen<'_>) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let (path, package) = self.place();
        let inputs = Inputs {
            paths: vec![path],
            ..Inputs::default()
        };
        let reading = Reading {
            files: &RealFiles,
            limits: self.limits,
            jobs: NonZero::<usize>::MIN,
            only_with: None,
        };
        let Found { units, mut errors } = find(&inputs, &RealFiles);
        let mut open: Vec<OpenUnit> = units
            .iter()
            .map(|unit| unit.open(&inputs, &reading))
            .collect();
        for unit in &mut open {
            errors.append(&mut unit.errors);
        }
        let (unit, label) = one_of(&open, package.as_deref(), &errors)?;
        let file = match unit.read_package(&|it| it == label, &reading) {
            Some(Ok(file)) => file,
            Some(Err(error)) => return Err(unreadable(error.to_string())),
            None => return Err(unreadable(format!("{label}: is no package"))),
        };
        let at = InContext {
            context: &unit.context,
            file: &file,
        };
        self.choose(at, errors, given, then)
    }

    /// The file or folder on disk, and the package in it.
    fn place(&self) -> (PathBuf, Option<String>) {
        let given = self.file;
        let named = || self.package.map(str::to_owned);
        if given.exists() {
            return (given.to_owned(), named());
        }
        match given.to_str().and_then(|text| text.rsplit_once('!')) {
            Some((archive, member)) if Path::new(archive).exists() => {
                (PathBuf::from(archive), Some(member.to_owned()))
            }
            _ => (given.to_owned(), named()),
        }
    }

    fn choose<T>(
        &self,
        at: InContext<'_>,
        errors: Vec<ReadError>,
        given: Given<'_>,
        then: impl FnOnce(Chosen<'_>) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let Some(package) = at.package() else {
            return Err(unreadable(format!(
                "{}: is encrypted as a whole",
                at.file.label
            )));
        };
        let tasks = self.tasks(package)?;
        for text in self.overrides {
            // What no mail depends on is a mistake.
            Override::parse(text, at)
                .map_err(|error| Refusal::usage(format!("--override: {error}")))?;
        }
        let given = &Given {
            overrides: self.overrides.to_vec(),
            ..given
        };
        let unit = UnitValues::new(at.context, given);
        let values = PackageValues::new(at, &unit);
        let rules = Rules {
            files: &RealFiles,
            paths: &given.path_map,
            stale_values: self.stale_values,
            defaults: self.defaults,
            unneeded: self.unneeded,
            event_handlers: match self.tasks.is_empty() {
                true => EventHandlers::LeftOut,
                false => EventHandlers::Taken,
            },
        };
        let notes = values.notes().iter();
        let warnings = notes
            .map(|note| format!("{}: {}", at.file.label, masked_within(&note.to_string()).0))
            .collect();
        then(Chosen {
            package,
            values: &values,
            tasks: &tasks,
            rules: &rules,
            warnings,
            errors,
        })
    }

    /// The tasks that are meant, in document order.
    fn tasks<'d>(&self, package: Package<'d>) -> Result<Vec<SendMailTask<'d>>, Refusal> {
        if self.tasks.is_empty() {
            return Ok(package.send_mail_tasks().collect());
        }
        let paths = Paths::new(package);
        let all: Vec<(String, SendMailTask<'d>)> = package
            .send_mail_tasks()
            .map(|task| (paths.of(Target::Executable(task.executable())), task))
            .collect();
        let mut meant = vec![false; all.len()];
        for pattern in self.tasks {
            let is_glob = pattern.contains(['*', '?']);
            // A path may be spelled in other ways than ours.
            let named = match package::resolve(package, pattern) {
                Ok(resolved) if resolved.property.is_none() => Some(resolved.target.node()),
                _ => None,
            };
            let mut found = false;
            for ((path, task), meant) in all.iter().zip(&mut meant) {
                let node = task.executable().object().node();
                if named == Some(node) || (is_glob && glob_fits(pattern, path)) {
                    *meant = true;
                    found = true;
                }
            }
            if !found {
                return Err(Refusal::usage(no_task(package, pattern, &all)));
            }
        }
        let tasks = all.into_iter().zip(meant);
        Ok(tasks
            .filter_map(|((_, task), meant)| meant.then_some(task))
            .collect())
    }
}

impl Chosen<'_> {
    /// Gives the mail of the tasks.
    pub(crate) fn run<T>(self, go: impl FnOnce(&Mails<'_>) -> T) -> T {
        let resolve = |at: usize| {
            self.tasks
                .get(at)
                .map(|task| resolve(self.values, *task, self.rules))
        };
        go(&Mails {
            count: self.tasks.len(),
            resolve: &resolve,
            warnings: self.warnings,
            errors: self.errors,
        })
    }

    /// A mail that says "load succeeded" must not go when nothing was loaded.
    pub(crate) fn refuse_half_a_package(&self) -> Result<(), Refusal> {
        let paths = Paths::new(self.package);
        let others: Vec<String> = other_tasks(self.package)
            .map(|it| {
                let path = paths.of(Target::Executable(it));
                format!("\n  `{}`{}", dtsx::source::visible(&path), kind(it.kind()))
            })
            .collect();
        if others.is_empty() {
            return Ok(());
        }
        Err(Refusal::usage(format!(
            "the package does more than send mail, and that is not done here: `--task PATH` says which mail goes all \
             the same (`*` takes all); not done:{}",
            others.concat()
        )))
    }
}

/// The one package that is meant, and its unit.
fn one_of<'u>(
    units: &'u [OpenUnit],
    wanted: Option<&str>,
    errors: &[ReadError],
) -> Result<(&'u OpenUnit, &'u Label), Refusal> {
    let is_meant = |label: &Label| {
        let name = label.file_name();
        wanted.is_none_or(|wanted| {
            let bare = name.strip_suffix(".dtsx").unwrap_or(&name);
            name.eq_ignore_ascii_case(wanted) || bare.eq_ignore_ascii_case(wanted)
        })
    };
    let mut packages = units.iter().flat_map(|unit| {
        let labels = unit.packages();
        labels.map(move |label| (unit, label))
    });
    let mut meant = packages.by_ref().filter(|(_, label)| is_meant(label));
    match (meant.next(), meant.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(match (errors.first(), wanted) {
            (Some(error), _) => unreadable(error.to_string()),
            (None, Some(name)) => Refusal::usage(format!("there is no package `{name}` here")),
            (None, None) => Refusal::usage("there is no package here"),
        }),
        (Some(first), Some(second)) => {
            let names: Vec<String> = [first, second]
                .into_iter()
                .chain(meant)
                .map(|(_, label)| format!("`{}`", label.file_name()))
                .collect();
            let list = names.join(", ");
            Err(Refusal::usage(format!(
                "there are several packages, say with `--package` which is meant: {list}"
            )))
        }
    }
}

fn unreadable(message: String) -> Refusal {
    Refusal {
        exit: Exit::Unreadable,
        message,
    }
}

fn kind(kind: ExecutableKind) -> &'static str {
    match kind {
        ExecutableKind::ExecutePackage => " (Execute Package)",
        ExecutableKind::ExecuteSql => " (Execute SQL)",
        ExecutableKind::Script => " (Script)",
        ExecutableKind::Expression => " (Expression)",
        ExecutableKind::ExecuteProcess => " (Execute Process)",
        ExecutableKind::DataFlow => " (Data Flow)",
        _ => "",
    }
}

fn no_task(package: Package<'_>, pattern: &str, all: &[(String, SendMailTask<'_>)]) -> String {
    let paths: Vec<String> = all
        .iter()
        .map(|(path, _)| format!("\n  `{path}`"))
        .collect();
    let why = match package::resolve(package, pattern) {
        Err(error) if !pattern.contains(['*', '?']) => error.to_string(),
        _ => format!("`{pattern}` is no Send Mail task"),
    };
    if paths.is_empty() {
        return format!("--task: {why}; the package has none");
    }
    format!("--task: {why}; there are:{}", paths.concat())
}

/// `*` is any run of characters, over `\` too, and `?` any one; everything else means itself, case not counting.
pub(super) fn glob_fits(pattern: &str, path: &str) -> bool {
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    let path: Vec<char> = path.to_lowercase().chars().collect();
    let (mut at, mut in_path) = (0, 0);
    // Where the last `*` stands, and how much of the path it has taken.
    let mut star: Option<(usize, usize)> = None;
    while let Some(character) = path.get(in_path) {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, in_path));
                at += 1;
            }
            Some(wanted) if *wanted == '?' || wanted == character => {
                at += 1;
                in_path += 1;
            }
            _ => match star {
                Some((before, taken)) => {
                    star = Some((before, taken + 1));
                    at = before + 1;
                    in_path = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(at).all(|&rest| rest == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_know_two_wildcards() {
        for (pattern, path, fits) in [
            ("*", "\\Package\\A", true),
            ("\\Package\\*", "\\Package\\A\\B", true),
            ("\\Package\\?", "\\Package\\A", true),
            ("\\Package\\?", "\\Package\\AB", false),
            ("*mail*", "\\Package\\Send Mail Task", true),
            (
                "*[OnError]*",
                "\\Package.EventHandlers[OnError]\\Notify",
                true,
            ),
            ("*b*b", "abcbab", true),
            ("*b*c", "abcbab", false),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(glob_fits(pattern, path), fits, "{pattern} {path}");
        }
    }
}
