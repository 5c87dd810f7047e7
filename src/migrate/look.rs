//! What the rules change in one file, and in the files that keep its values.

use crate::connection_string::masked_within;
use crate::effective::{
    Keeper, KeeperKind, Kept, PackageValues, UnitValues, UnreachableKind, keepers,
};
use crate::package::{
    ConnectionManager, DTS, FileKind, MailProperty, Object, SendMailTask, Target, Variable,
    path_of, project_parameters,
};
use crate::project::{FileId, InContext};
use crate::source::Span;
use crate::xml::Edit;

use super::part::{PART_COPY, Parts};
use super::pattern::Pattern;
use super::plan::{Change, Conflict, Matched, NotChanged};
use super::rename::rename;
use super::rule::{Addresses, Literal, LooksInto, ManagerRule, Recipe, Rule, What};
use super::unit::{Options, Samples};
use super::want::{New, Want};

/// What one file wants to be changed.
#[derive(Debug, Default)]
pub(super) struct Look {
    pub(super) groups: Vec<Group>,
    pub(super) not_changed: Vec<NotChanged>,
    pub(super) conflicts: Vec<Conflict>,
    /// Numbers of the rules that matched.
    pub(super) matched: Vec<usize>,
}

/// Changes of one text of a file, made by one set of edits.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) file: FileId,
    pub(super) items: Vec<Item>,
    pub(super) edits: Vec<Edit>,
}

/// One changed value.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) change: Change,
    /// The text that holds it.
    pub(super) span: Span,
    /// The name of the project parameter that it is the value of.
    pub(super) project_parameter: Option<String>,
}

/// Looks at a file with all rules.
pub(super) fn look<'a>(
    at: InContext<'a>,
    unit: &'a UnitValues<'a>,
    parts: &Parts,
    recipe: &Recipe,
    options: &Options,
) -> Look {
    let mut looker = Looker {
        at,
        values: PackageValues::new(at, unit),
        samples: options.samples,
        wants: Vec::new(),
        look: Look::default(),
    };
    for rule in &recipe.rules {
        match rule.looks_into(at, parts) {
            LooksInto::All => looker.rule(rule),
            LooksInto::Copies(of) => looker.copies(rule, &of),
            LooksInto::Nothing => {}
        }
    }
    looker.finish()
}

pub(super) struct Looker<'a> {
    pub(super) at: InContext<'a>,
    values: PackageValues<'a>,
    samples: Samples,
    pub(super) wants: Vec<Want<'a>>,
    pub(super) look: Look,
}

impl<'a> Looker<'a> {
    /// The copies of the managers of package parts alone.
    fn copies(&mut self, rule: &Rule, of: &[String]) {
        let What::Manager(wanted) = &rule.what else {
            return;
        };
        for manager in self.managers() {
            let name = manager.object().name();
            if name
                .strip_prefix(PART_COPY)
                .is_some_and(|name| of.iter().any(|it| it == name))
            {
                self.manager(rule, wanted, manager);
            }
        }
    }

    fn rule(&mut self, rule: &Rule) {
        match &rule.what {
            What::Manager(wanted) => {
                for manager in self.managers() {
                    self.manager(rule, wanted, manager);
                }
            }
            What::Addresses(wanted) => {
                let tasks: Vec<SendMailTask<'a>> = self
                    .at
                    .package()
                    .map(|package| package.send_mail_tasks().collect())
                    .unwrap_or_default();
                for task in tasks {
                    self.task(rule, wanted, task);
                }
            }
            What::Literal(wanted) => self.literals(rule, wanted),
        }
    }

    fn managers(&self) -> Vec<ConnectionManager<'a>> {
        match self.at.package() {
            Some(package) => package.connection_managers().collect(),
            None if self.at.file.kind == FileKind::ConnectionManager => {
                Vec::from_iter(ConnectionManager::new(self.at.file.document.root()))
            }
            None => Vec::new(),
        }
    }

    fn manager(&mut self, rule: &Rule, wanted: &ManagerRule, manager: ConnectionManager<'a>) {
        let conditions = &wanted.conditions;
        let name = manager.object().name();
        let own_name = name.strip_prefix(PART_COPY).unwrap_or(&name);
        let fits = |pattern: &Option<Pattern>, texts: &[&str]| {
            pattern
                .as_ref()
                .is_none_or(|pattern| texts.iter().any(|text| pattern.fits(text)))
        };
        if !fits(&conditions.r#type, &[&manager.type_name()])
            || !fits(&conditions.name, &[&name, own_name])
        {
            return;
        }
        let target = Target::ConnectionManager(manager);
        let mut matched = Matched::Stored;
        for (property, pattern) in conditions.values() {
            match self.matched(target, property, pattern) {
                Some(by) => matched = matched.max(by),
                None => return,
            }
        }
        self.look.matched.push(rule.number);
        for (property, value) in &wanted.values {
            let kept = keepers(self.at, target, property);
            self.set(rule, matched, kept, conditions.on(property), value);
        }
        if let Some(new) = &wanted.name
            && *new != name
        {
            match rename(self.at, manager, new, rule.number, matched) {
                Ok(groups) => self.look.groups.extend(groups),
                Err(why) => self.stays(rule, &self.path(target), why),
            }
        }
    }

    /// By which of its values a property of a manager fits, if by any.
    fn matched(&self, target: Target<'a>, property: &str, pattern: &Pattern) -> Option<Matched> {
        let kept = keepers(self.at, target, property);
        let own = kept.keepers.first()?;
        if pattern.fits(&own.value) {
            return Some(Matched::Stored);
        }
        let is_own = |keeper: &Keeper<'_>| {
            matches!(
                keeper.kind,
                KeeperKind::Object | KeeperKind::PartCopy | KeeperKind::Copy
            )
        };
        if !kept.keepers.iter().all(is_own) || !kept.unreachable.is_empty() {
            let effective = self.values.property(self.at.file, target, property);
            let value = effective.ok().and_then(|it| it.value);
            if value.is_some_and(|value| pattern.fits(&value)) {
                return Some(Matched::Effective);
            }
        }
        let is_kept = kept.keepers.iter().any(|it| pattern.fits(&it.value));
        is_kept.then_some(Matched::Kept)
    }

    /// Gives a property of a matched manager a value, wherever it is kept.
    fn set(
        &mut self,
        rule: &Rule,
        matched: Matched,
        kept: Kept<'a>,
        condition: Option<&Pattern>,
        new: &str,
    ) {
        let fits = |keeper: &Keeper<'_>| match condition {
            Some(pattern) => pattern.fits(&keeper.value),
            // A piece of an expression says nothing of the whole.
            None => keeper.is_whole(),
        };
        let is_sample = |keeper: &Keeper<'_>| keeper.kind == KeeperKind::Sample;
        let is_computed = kept.keepers.iter().any(is_sample);
        let deciding: Vec<Keeper<'a>> = kept
            .keepers
            .iter()
            .filter(|keeper| !is_sample(keeper) && (fits(keeper) || keeper.is_already(new)))
            .cloned()
            .collect();
        let decides = !deciding.is_empty();
        let piece_fits = deciding.iter().any(|keeper| !keeper.is_whole());
        if is_computed
            && !decides
            && kept.unreachable.is_empty()
            && let Some(sample) = kept.keepers.first()
        {
            let why =
                "only the stored sample says it, and what the expression reads says otherwise";
            self.stays_in(rule, sample, why.to_owned());
        }
        for unreachable in kept.unreachable {
            if unreachable.kind == UnreachableKind::Computed && piece_fits {
                continue;
            }
            self.stays(rule, &unreachable.path, unreachable.why);
        }
        for keeper in kept.keepers {
            if is_sample(&keeper) {
                // A sample follows what decides; of what nobody knows before it runs it stays.
                let sampled = deciding.iter().find_map(|it| it.sampled(&keeper, new));
                if let Some(new) = sampled.filter(|_| self.samples == Samples::Refresh)
                    && !keeper.is_already(&new)
                {
                    self.want(rule, matched, keeper, New::Value(new));
                }
            } else if keeper.is_already(new) {
                continue;
            } else if fits(&keeper) {
                self.want(rule, matched, keeper, New::Value(new.to_owned()));
            } else if matches!(keeper.kind, KeeperKind::Copy | KeeperKind::Configuration)
                && !keeper.value.is_empty()
            {
                let why = format!(
                    "it says `{}`, not what the rule looks for ({})",
                    keeper.value, keeper.why
                );
                self.stays_in(rule, &keeper, why);
            }
        }
    }

    fn task(&mut self, rule: &Rule, wanted: &Addresses, task: SendMailTask<'a>) {
        let Some(package) = self.at.package() else {
            return;
        };
        let executable = task.executable();
        let target = Target::Executable(executable);
        if let Some(pattern) = &wanted.task
            && !pattern.fits(&path_of(package, target))
            && !pattern.fits(&executable.object().name())
        {
            return;
        }
        if let Some(event) = &wanted.event {
            let handler = executable.event_handler();
            if !handler.is_some_and(|handler| event.fits(&handler.event())) {
                return;
            }
        }
        let is_disabled = executable.is_disabled() || executable.disabled_by().is_some();
        if wanted.disabled.is_some_and(|it| it != is_disabled) {
            return;
        }
        let lines = [
            MailProperty::FromLine,
            MailProperty::ToLine,
            MailProperty::CCLine,
            MailProperty::BCCLine,
        ];
        for property in lines {
            let kept = keepers(self.at, target, property.name());
            self.addresses(rule, wanted, kept);
        }
    }

    fn addresses(&mut self, rule: &Rule, wanted: &Addresses, kept: Kept<'a>) {
        let fits = |keeper: &Keeper<'_>| !wanted.replacements(&keeper.value).is_empty();
        let is_sample = |keeper: &Keeper<'_>| keeper.kind == KeeperKind::Sample;
        if !kept.keepers.iter().any(fits) {
            return;
        }
        self.look.matched.push(rule.number);
        let matched = match kept.keepers.first().is_some_and(fits) {
            true => Matched::Stored,
            false => Matched::Kept,
        };
        let decides = kept
            .keepers
            .iter()
            .any(|keeper| !is_sample(keeper) && fits(keeper));
        for unreachable in kept.unreachable {
            if unreachable.kind == UnreachableKind::Computed && decides {
                continue;
            }
            self.stays(rule, &unreachable.path, unreachable.why);
        }
        for keeper in kept.keepers {
            let pieces = wanted.replacements(&keeper.value);
            let changes = if is_sample(&keeper) {
                self.samples == Samples::Refresh && decides
            } else {
                true
            };
            if changes && !pieces.is_empty() {
                self.want(rule, matched, keeper, New::Pieces(pieces));
            }
        }
    }

    fn literals(&mut self, rule: &Rule, wanted: &Literal) {
        let root = self.at.file.document.root();
        let mut targets: Vec<Target<'a>> = Vec::new();
        if let Some(package) = self.at.package() {
            targets.extend(
                root.descendants()
                    .filter(|node| node.is(DTS, "Variable"))
                    .map(|node| Target::Variable(Variable::new(Object::new(node)))),
            );
            targets.extend(package.parameters().map(Target::Parameter));
        } else if self.at.file.kind == FileKind::Parameters {
            targets.extend(project_parameters(root).map(Target::Parameter));
        }
        for target in targets {
            let kept = keepers(self.at, target, "Value");
            let same = |keeper: &Keeper<'_>| {
                keeper.kind != KeeperKind::Sample && keeper.value.eq_ignore_ascii_case(&wanted.old)
            };
            if !kept.keepers.iter().any(same) {
                continue;
            }
            self.look.matched.push(rule.number);
            for keeper in kept.keepers {
                if same(&keeper) && !keeper.is_already(&wanted.new) {
                    let new = New::Value(wanted.new.clone());
                    self.want(rule, Matched::Stored, keeper, new);
                }
            }
        }
    }

    fn stays(&mut self, rule: &Rule, object: &str, why: String) {
        self.add_not_changed(NotChanged {
            file: self.at.file.label.clone(),
            object: object.to_owned(),
            why: masked_within(&why).0.into_owned(),
            rule: Some(rule.number),
        });
    }

    fn stays_in(&mut self, rule: &Rule, keeper: &Keeper<'_>, why: String) {
        self.add_not_changed(NotChanged {
            file: keeper.file.label.clone(),
            object: keeper.path.clone(),
            why: masked_within(&why).0.into_owned(),
            rule: Some(rule.number),
        });
    }

    pub(super) fn add_not_changed(&mut self, not_changed: NotChanged) {
        if !self.look.not_changed.contains(&not_changed) {
            self.look.not_changed.push(not_changed);
        }
    }

    fn path(&self, target: Target<'a>) -> String {
        match (self.at.package(), target) {
            (Some(package), _) => path_of(package, target),
            (None, target) => format!("\\Project.Connections[{}]", target.object().name()),
        }
    }
}

impl Group {
    /// Whether both do the same, as two packages do that follow one value to one place.
    pub(super) fn is_same(&self, other: &Group) -> bool {
        self.file == other.file
            && self.edits == other.edits
            && self.items.len() == other.items.len()
            && self
                .items
                .iter()
                .zip(&other.items)
                .all(|(a, b)| a.change.object == b.change.object && a.change.new == b.change.new)
    }
}
