//! Reads the values of one task's mail, and remembers what was given and what cannot be known.

use crate::connection_string::masked_within;
use crate::effective::{Certainty, Effective, Origin, PackageValues};
use crate::package::Target;
use crate::project::File;
use crate::source::visible;

use super::overrides::{Defaults, StaleValues};
use super::resolve::Unsent;
use super::task_outcome::Cause;

/// The values of one task's mail.
pub(super) struct Values<'r, 'd> {
    pub(super) package: &'r PackageValues<'d>,
    pub(super) stale_values: StaleValues,
    pub(super) defaults: Defaults,
    /// The paths of properties whose value was given.
    pub(super) overridden: Vec<String>,
    /// What cannot be relied on.
    unsure: Vec<Unsure>,
    pub(super) notes: Vec<String>,
}

/// A value that a mail must not depend on.
struct Unsure {
    /// Its property path, or the name of a variable.
    path: String,
    reason: String,
    certainty: Certainty,
}

/// Whether a value that is set only while the package runs counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SetLater {
    /// It does not: what is stored is a default.
    Refused,
    /// The property is evaluated before anything runs, as SSIS does with `Disable`.
    TooLate,
}

impl<'r, 'd> Values<'r, 'd> {
    pub(super) fn new(
        package: &'r PackageValues<'d>,
        stale_values: StaleValues,
        defaults: Defaults,
    ) -> Values<'r, 'd> {
        Values {
            package,
            stale_values,
            defaults,
            overridden: Vec::new(),
            unsure: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// The value of a property; `None` where it cannot be relied on, which is remembered.
    pub(super) fn read(
        &mut self,
        holder: &'d File,
        target: Target<'d>,
        property: &str,
        set_later: SetLater,
    ) -> Option<String> {
        let path = format!("{}.Properties[{property}]", self.path_of(target));
        for option in self.package.lost_options(holder, target, property) {
            self.note(format!(
                "`{option}` loses: an expression, a configuration or an `--override` decides about `{}`",
                visible(&path)
            ));
        }
        let effective = self.package.property(holder, target, property).ok()?;
        let is_computed = effective.origin == Origin::Expression;
        if is_computed && self.stale_values == StaleValues::Taken {
            let stored = target.stored_value(property).ok()?;
            return Some(stored.text.into_owned());
        }
        self.take(path, effective, set_later)
    }

    /// The value of a property if it is known, where nothing depends on it.
    pub(super) fn glance(
        &mut self,
        holder: &'d File,
        target: Target<'d>,
        property: &str,
    ) -> Option<String> {
        let effective = self.package.property(holder, target, property).ok()?;
        self.given(&effective);
        effective.value
    }

    /// A value that was asked for; `None` where it cannot be relied on, which is remembered.
    pub(super) fn take(
        &mut self,
        path: String,
        effective: Effective,
        set_later: SetLater,
    ) -> Option<String> {
        self.given(&effective);
        let reason = effective.reason.unwrap_or_default();
        match effective.certainty {
            Certainty::Known => return Some(effective.value.unwrap_or_default()),
            Certainty::Assumed => {
                let by_task = !effective.set_at_run_time_by.is_empty();
                let counts =
                    !by_task || self.defaults == Defaults::Taken || set_later == SetLater::TooLate;
                if counts {
                    self.note(format!("assumed: {}", masked_within(&reason).0));
                    return Some(effective.value.unwrap_or_default());
                }
            }
            Certainty::Unknown => {}
        }
        self.unsure.push(Unsure {
            path,
            reason,
            certainty: effective.certainty,
        });
        None
    }

    /// Remembers what was given by option and what this machine said.
    fn given(&mut self, effective: &Effective) {
        for link in &effective.chain {
            match link.kind {
                Origin::Override if !self.overridden.contains(&link.path) => {
                    self.overridden.push(link.path.clone());
                }
                Origin::Machine => {
                    self.note(format!("`{}` is this machine's", visible(&link.path)));
                }
                _ => {}
            }
        }
    }

    pub(super) fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// The path of an object, whoever holds it.
    pub(super) fn path_of(&self, target: Target<'d>) -> String {
        self.package.path_of(target)
    }

    /// Refuses a mail that depends on what is not known.
    pub(super) fn refuse_unsure(&self) -> Result<(), Unsent> {
        let Some(first) = self.unsure.first() else {
            return Ok(());
        };
        let mut list: Vec<String> = Vec::new();
        for unsure in &self.unsure {
            let path = visible(&unsure.path);
            let reason = masked_within(&unsure.reason).0;
            let line = format!(
                "`{path}` is {}: {}",
                unsure.certainty.name(),
                visible(&reason)
            );
            if !list.contains(&line) {
                list.push(line);
            }
        }
        let all_assumed = self
            .unsure
            .iter()
            .all(|it| it.certainty == Certainty::Assumed);
        let or = match all_assumed {
            true => "`--assume-defaults` takes the stored defaults",
            false => "`--stored-values` takes what is stored where expressions compute",
        };
        let cause = match all_assumed {
            true => Cause::Assumed,
            false => Cause::Unknown,
        };
        let reason = format!(
            "{}; `--var` gives variables, `--override '{};VALUE'` gives the value, {or}",
            list.join("; "),
            visible(&first.path)
        );
        Err(Unsent::skipped(cause, reason))
    }
}
