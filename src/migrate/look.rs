//! What the rules change in one file, and in the files that keep its values.

use crate::connection_string::{Replacement, masked_within};
use crate::effective::{Keeper, KeeperKind, Kept, UnreachableKind, keepers};
use crate::package::{
    ConnectionManager, DTS, FileKind, MailProperty, Object, SendMailTask, SetError, Target,
    Variable, path_of, project_parameters,
};
use crate::project::{FileId, InContext};
use crate::source::Span;
use crate::xml::Edit;

use super::object::readers;
use super::pattern::Pattern;
use super::plan::{Change, Conflict, NotChanged};
use super::rename::rename;
use super::rule::{Addresses, Literal, ManagerRule, Recipe, Rule, What};
use super::unit::{Options, Samples};

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

/// A new value for a keeper, before it is known what else the same text gets.
struct Want<'a> {
    keeper: Keeper<'a>,
    new: New,
    rule: usize,
    readers: Vec<String>,
}

#[derive(Clone, PartialEq, Eq)]
enum New {
    Value(String),
    Pieces(Vec<Replacement>),
}

/// Looks at a file with all rules.
pub(super) fn look(at: InContext<'_>, recipe: &Recipe, options: &Options) -> Look {
    let mut looker = Looker {
        at,
        samples: options.samples,
        wants: Vec::new(),
        look: Look::default(),
    };
    for rule in &recipe.rules {
        if rule.looks_into(at) {
            looker.rule(rule);
        }
    }
    looker.finish()
}

struct Looker<'a> {
    at: InContext<'a>,
    samples: Samples,
    wants: Vec<Want<'a>>,
    look: Look,
}

impl<'a> Looker<'a> {
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
        let own_name = name.strip_prefix("(PackagePart)").unwrap_or(&name);
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
        for (property, pattern) in conditions.values() {
            let kept = keepers(self.at, target, property);
            if !kept.keepers.iter().any(|it| pattern.fits(&it.value)) {
                return;
            }
        }
        self.look.matched.push(rule.number);
        for (property, value) in &wanted.values {
            let kept = keepers(self.at, target, property);
            self.set(rule, kept, conditions.on(property), value);
        }
        if let Some(new) = &wanted.name
            && *new != name
        {
            match rename(self.at, manager, new, rule.number) {
                Ok(groups) => self.look.groups.extend(groups),
                Err(why) => self.stays(rule, &self.path(target), why),
            }
        }
    }

    /// Gives a property of a matched manager a value, wherever it is kept.
    fn set(&mut self, rule: &Rule, kept: Kept<'a>, condition: Option<&Pattern>, new: &str) {
        let fits = |keeper: &Keeper<'_>| match condition {
            Some(pattern) => pattern.fits(&keeper.value),
            // A piece of an expression says nothing of the whole.
            None => keeper.kind != KeeperKind::LiteralPiece,
        };
        let is_sample = |keeper: &Keeper<'_>| keeper.kind == KeeperKind::Sample;
        let is_computed = kept.keepers.iter().any(is_sample);
        let decides = kept
            .keepers
            .iter()
            .any(|keeper| !is_sample(keeper) && (fits(keeper) || keeper.is_already(new)));
        let piece_fits = kept
            .keepers
            .iter()
            .any(|keeper| keeper.kind == KeeperKind::LiteralPiece && fits(keeper));
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
            if keeper.is_already(new) {
                continue;
            }
            let changes = if is_sample(&keeper) {
                // A sample follows what decides; of what nobody knows before it runs it stays.
                self.samples == Samples::Refresh && decides
            } else {
                fits(&keeper)
            };
            if changes {
                self.want(rule, keeper, New::Value(new.to_owned()));
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
                self.want(rule, keeper, New::Pieces(pieces));
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
                    self.want(rule, keeper, New::Value(wanted.new.clone()));
                }
            }
        }
    }

    /// Adds a new value; a second rule must want the same, or other pieces of the value.
    fn want(&mut self, rule: &Rule, keeper: Keeper<'a>, new: New) {
        let at = self.at;
        let same = self
            .wants
            .iter_mut()
            .find(|want| want.keeper.is_same_place(&keeper));
        if let Some(want) = same {
            match (&mut want.new, &new) {
                (present, new) if *present == *new => {}
                (New::Pieces(present), New::Pieces(more)) => {
                    present.extend(more.iter().cloned());
                    present.sort_by_key(|piece| piece.range.start);
                    present.dedup();
                }
                _ => {
                    let first = want.rule;
                    let shown = |new: &New| match new {
                        New::Value(text) => format!("`{}`", masked_within(text).0),
                        New::Pieces(_) => "new domains".to_owned(),
                    };
                    self.look.conflicts.push(Conflict {
                        file: keeper.file.label.clone(),
                        object: keeper.path.clone(),
                        message: format!(
                            "rule {first} wants {}, rule {} wants {}",
                            shown(&want.new),
                            rule.number,
                            shown(&new)
                        ),
                    });
                }
            }
            return;
        }
        // Who reads a parameter of the project is known when all packages were looked at.
        let readers = match keeper.kind {
            KeeperKind::Variable | KeeperKind::Parameter => match qualified(&keeper.path) {
                Some(name) => readers(at, &name),
                None => Vec::new(),
            },
            _ => Vec::new(),
        };
        let own = owner(&keeper.path);
        self.wants.push(Want {
            readers: readers.into_iter().filter(|it| it != own).collect(),
            keeper,
            new,
            rule: rule.number,
        });
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

    fn add_not_changed(&mut self, not_changed: NotChanged) {
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

    /// Wants that share a text become one set of edits.
    fn finish(mut self) -> Look {
        let mut wants = std::mem::take(&mut self.wants);
        while !wants.is_empty() {
            let first = wants.remove(0);
            let mut together = vec![first];
            let mut index = 0;
            while let Some(want) = wants.get(index) {
                if together
                    .iter()
                    .any(|it| it.keeper.shares_text_with(&want.keeper))
                {
                    together.push(wants.remove(index));
                } else {
                    index += 1;
                }
            }
            self.group(&together);
        }
        self.look
    }

    fn group(&mut self, wants: &[Want<'a>]) {
        let Some(first) = wants.first() else { return };
        let edits = edits_of(wants);
        match edits {
            Ok(edits) if edits.is_empty() => {}
            Ok(edits) => {
                let group = Group {
                    file: first.keeper.file.id,
                    items: wants.iter().map(item).collect(),
                    edits,
                };
                if !self.look.groups.iter().any(|it| it.is_same(&group)) {
                    self.look.groups.push(group);
                }
            }
            Err(error) => {
                let not_changed = NotChanged {
                    file: first.keeper.file.label.clone(),
                    object: first.keeper.path.clone(),
                    why: error.kind.to_string(),
                    rule: Some(first.rule),
                };
                self.add_not_changed(not_changed);
            }
        }
    }
}

fn edits_of(wants: &[Want<'_>]) -> Result<Vec<Edit>, SetError> {
    let mut edits = Vec::new();
    let mut values: Vec<(&Keeper<'_>, &str)> = Vec::new();
    for want in wants {
        match &want.new {
            New::Value(new) => values.push((&want.keeper, new)),
            New::Pieces(pieces) => edits.extend(want.keeper.replace(pieces)?),
        }
    }
    edits.extend(Keeper::set_all(&values)?);
    Ok(edits)
}

fn item(want: &Want<'_>) -> Item {
    let keeper = &want.keeper;
    let new = match &want.new {
        New::Value(new) => keeper.spelled(new).to_owned(),
        New::Pieces(pieces) => Replacement::apply(pieces, &keeper.value),
    };
    let shown = |text: &str| masked_within(text).0.into_owned();
    let document = &keeper.file.document;
    let span = keeper.span().unwrap_or_default();
    let project_parameter = keeper
        .path
        .strip_prefix("\\Project.Parameters[")
        .and_then(|rest| rest.strip_suffix("].Properties[Value]"))
        .map(str::to_owned);
    Item {
        change: Change {
            object: keeper.path.clone(),
            kind: keeper.kind,
            old: shown(&keeper.value),
            new: shown(&new),
            why: shown(&keeper.why),
            rule: want.rule,
            readers: want.readers.clone(),
            place: document.place(span),
        },
        span,
        project_parameter,
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

/// The name by which expressions know what a path leads to: `User::Relay`, `$Package::Relay`.
fn qualified(path: &str) -> Option<String> {
    let object = owner(path);
    let last = |opening: &str| {
        let at = object.rfind(opening)?;
        object.get(at + opening.len()..)?.strip_suffix(']')
    };
    if object.starts_with("\\Project.") {
        return None;
    }
    last(".Variables[")
        .map(str::to_owned)
        .or_else(|| last(".Parameters[").map(|name| format!("$Package::{name}")))
}

fn owner(path: &str) -> &str {
    path.strip_suffix(".Properties[Value]").unwrap_or(path)
}
