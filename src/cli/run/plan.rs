//! Which package is meant, which of its tasks, and what they would send.

use std::num::NonZero;
use std::path::{Path, PathBuf};

use dtsx::connection_string::{SmtpProperty, masked_within};
use dtsx::effective::{Given, PackageValues, UnitValues};
use dtsx::host::RealFiles;
use dtsx::mail::{
    Defaults, EventHandlers, Override, Resolved, Rules, StaleValues, other_tasks, resolve,
};
use dtsx::package::{self, ExecutableKind, Package, SendMailTask, Target, path_of};
use dtsx::project::{Found, InContext, Inputs, Label, Limits, Looked, ReadError, Reading, find};

use super::RunArgs;

/// Why the run does not begin.
pub(super) enum Refusal {
    /// The arguments do not fit the package.
    Usage(String),
    /// Something could not be read.
    Unreadable(String),
}

/// What one package would send.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) tasks: Vec<Resolved>,
    /// What people should know of the package as a whole.
    pub(super) warnings: Vec<String>,
}

/// Reads the package that is meant, and resolves its tasks; nothing is sent.
pub(super) fn plan(
    args: &RunArgs,
    given: Given<'_>,
    unneeded: &[SmtpProperty],
    limits: Limits,
) -> Result<(Plan, Vec<ReadError>), Refusal> {
    let asked = Asked {
        args,
        given: &Given {
            overrides: args.overrides.clone(),
            ..given
        },
        unneeded,
    };
    asked.plan(limits)
}

/// What was asked for.
struct Asked<'a> {
    args: &'a RunArgs,
    given: &'a Given<'a>,
    unneeded: &'a [SmtpProperty],
}

impl Asked<'_> {
    fn plan(&self, limits: Limits) -> Result<(Plan, Vec<ReadError>), Refusal> {
        let (path, package) = self.place();
        let inputs = Inputs {
            paths: vec![path],
            ..Inputs::default()
        };
        let reading = Reading {
            files: &RealFiles,
            limits,
            jobs: NonZero::<usize>::MIN,
            only_with: None,
        };
        let Found { units, mut errors } = find(&inputs, &RealFiles);
        let mut packages: Vec<(Label, Result<Plan, Refusal>)> = Vec::new();
        for unit in &units {
            let open = unit.open(&inputs, &reading);
            let looked = open.each(&reading, |looked| self.look(looked, package.as_deref()));
            for look in looked.into_iter().flatten() {
                match look {
                    Ok(package) => packages.push(package),
                    Err(error) => errors.push(error),
                }
            }
            errors.extend(open.errors);
        }
        let mut packages = packages.into_iter();
        match (packages.next(), packages.next()) {
            (Some((_, plan)), None) => plan.map(|plan| (plan, errors)),
            (None, _) => Err(match errors.first() {
                Some(error) => Refusal::Unreadable(error.to_string()),
                None => Refusal::Usage(match package {
                    Some(name) => format!("there is no package `{name}` here"),
                    None => "there is no package here".to_owned(),
                }),
            }),
            (Some(first), Some(second)) => {
                let names: Vec<String> = [first, second]
                    .into_iter()
                    .chain(packages)
                    .map(|(label, _)| format!("`{}`", label.file_name()))
                    .collect();
                let list = names.join(", ");
                Err(Refusal::Usage(format!(
                    "there are several packages, say with `--package` which is meant: {list}"
                )))
            }
        }
    }

    /// The file or folder on disk, and the package in it.
    fn place(&self) -> (PathBuf, Option<String>) {
        let given = &self.args.file;
        let named = || self.args.package.clone();
        if given.exists() {
            return (given.clone(), named());
        }
        match given.to_str().and_then(|text| text.rsplit_once('!')) {
            Some((archive, member)) if Path::new(archive).exists() => {
                (PathBuf::from(archive), Some(member.to_owned()))
            }
            _ => (given.clone(), named()),
        }
    }

    /// The plan of a package; `None` for one that is not meant.
    #[allow(clippy::type_complexity)]
    fn look(
        &self,
        looked: Looked<'_>,
        wanted: Option<&str>,
    ) -> Option<Result<(Label, Result<Plan, Refusal>), ReadError>> {
        let is_meant = |label: &Label| {
            let name = label.file_name();
            wanted.is_none_or(|wanted| {
                let bare = name.strip_suffix(".dtsx").unwrap_or(&name);
                name.eq_ignore_ascii_case(wanted) || bare.eq_ignore_ascii_case(wanted)
            })
        };
        match looked {
            Looked::Read(at) if is_meant(&at.file.label) => {
                Some(Ok((at.file.label.clone(), self.plan_of(at))))
            }
            Looked::Failed(error) if is_meant(&error.label) => Some(Err(error)),
            Looked::Read(_) | Looked::Failed(_) | Looked::Skipped => None,
        }
    }

    fn plan_of(&self, at: InContext<'_>) -> Result<Plan, Refusal> {
        let Some(package) = at.package() else {
            return Err(Refusal::Unreadable(format!(
                "{}: is encrypted as a whole",
                at.file.label
            )));
        };
        let tasks = self.tasks(package)?;
        self.refuse_half_a_package(package)?;
        let overrides = self
            .args
            .overrides
            .iter()
            .map(|text| Override::parse(text, at))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| Refusal::Usage(format!("--override: {error}")))?;
        // Checked: what no mail depends on is a mistake.
        drop(overrides);
        let unit = UnitValues::new(at.context, self.given);
        let values = PackageValues::new(at, &unit);
        let rules = Rules {
            files: &RealFiles,
            paths: &self.given.path_map,
            stale_values: if self.args.stored_values {
                StaleValues::Taken
            } else {
                StaleValues::Refused
            },
            defaults: if self.args.assume_defaults {
                Defaults::Taken
            } else {
                Defaults::Refused
            },
            unneeded: self.unneeded,
            event_handlers: if self.args.tasks.is_empty() {
                EventHandlers::LeftOut
            } else {
                EventHandlers::Taken
            },
        };
        let notes = values.notes().iter();
        let warnings = notes
            .map(|note| format!("{}: {}", at.file.label, masked_within(&note.to_string()).0))
            .collect();
        let tasks = tasks
            .into_iter()
            .map(|task| resolve(&values, task, &rules))
            .collect();
        Ok(Plan { tasks, warnings })
    }

    /// The tasks that are meant, in document order.
    fn tasks<'d>(&self, package: Package<'d>) -> Result<Vec<SendMailTask<'d>>, Refusal> {
        let all: Vec<(String, SendMailTask<'d>)> = package
            .send_mail_tasks()
            .map(|task| {
                (
                    path_of(package, Target::Executable(task.executable())),
                    task,
                )
            })
            .collect();
        if self.args.tasks.is_empty() {
            return Ok(all.into_iter().map(|(_, task)| task).collect());
        }
        let mut meant = vec![false; all.len()];
        for pattern in &self.args.tasks {
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
                return Err(Refusal::Usage(no_task(package, pattern, &all)));
            }
        }
        let tasks = all.into_iter().zip(meant);
        Ok(tasks
            .filter_map(|((_, task), meant)| meant.then_some(task))
            .collect())
    }

    /// A mail that says "load succeeded" must not go when nothing was loaded.
    fn refuse_half_a_package(&self, package: Package<'_>) -> Result<(), Refusal> {
        let args = self.args;
        let is_real = !args.dry_run && !args.capture && args.outbox.is_none();
        if !is_real || !args.tasks.is_empty() {
            return Ok(());
        }
        let others: Vec<String> = other_tasks(package)
            .map(|it| {
                let path = path_of(package, Target::Executable(it));
                format!("\n  `{}`{}", dtsx::source::visible(&path), kind(it.kind()))
            })
            .collect();
        if others.is_empty() {
            return Ok(());
        }
        Err(Refusal::Usage(format!(
            "the package does more than send mail, and that is not done here: `--task PATH` says which mail goes all \
             the same (`*` takes all); not done:{}",
            others.concat()
        )))
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
fn glob_fits(pattern: &str, path: &str) -> bool {
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
