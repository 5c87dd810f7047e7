//! New values for places, until all rules were asked: what shares a text becomes one set of edits.

use crate::connection_string::{Replacement, masked_within};
use crate::effective::{Keeper, KeeperKind};
use crate::package::SetError;
use crate::xml::Edit;

use super::look::{Group, Item, Look, Looker};
use super::object::readers;
use super::plan::{Change, Conflict, Matched, NotChanged};
use super::rule::Rule;

/// A new value for a keeper, before it is known what else the same text gets.
pub(super) struct Want<'a> {
    keeper: Keeper<'a>,
    new: New,
    rule: usize,
    matched: Matched,
    readers: Vec<String>,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) enum New {
    Value(String),
    Pieces(Vec<Replacement>),
}

impl<'a> Looker<'a> {
    /// Adds a new value; a second rule must want the same, or other pieces of the value.
    pub(super) fn want(&mut self, rule: &Rule, matched: Matched, keeper: Keeper<'a>, new: New) {
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
            matched,
        });
    }

    /// Wants that share a text become one set of edits.
    pub(super) fn finish(mut self) -> Look {
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
            matched: want.matched,
            readers: want.readers.clone(),
            place: document.place(span),
        },
        span,
        project_parameter,
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
