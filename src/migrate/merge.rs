//! What all who want something changed in one file come to: its plan.

use crate::project::{Changes, File, InContext, Limits, changed, hunks};
use crate::xml::EditSet;

use super::look::Group;
use super::plan::{ByteEdit, Change, Conflict, FilePlan};

/// The changes of one file while they are gathered.
#[derive(Debug, Default)]
pub(super) struct Merged {
    groups: Vec<Group>,
    edits: EditSet,
    pub(super) conflicts: Vec<Conflict>,
}

impl Merged {
    /// Adds changes, those that are there already left out.
    pub(super) fn add(&mut self, file: &File, group: Group) {
        if self.groups.iter().any(|present| present.is_same(&group)) {
            return;
        }
        if self.edits.extend(group.edits.iter().cloned()).is_ok() {
            self.groups.push(group);
            return;
        }
        let other = self.groups.iter().find(|present| {
            let spans =
                |group: &Group| group.edits.iter().map(|edit| edit.span).collect::<Vec<_>>();
            spans(present).iter().any(|a| {
                spans(&group)
                    .iter()
                    .any(|b| a.start < b.end && b.start < a.end)
            })
        });
        let wants = |group: &Group| {
            group
                .items
                .iter()
                .map(|item| format!("rule {} wants `{}`", item.change.rule, item.change.new))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let first = other.map(wants).unwrap_or_default();
        self.conflicts.push(Conflict {
            file: file.label.clone(),
            object: group
                .items
                .first()
                .map(|item| item.change.object.clone())
                .unwrap_or_default(),
            message: format!("{first}, {}", wants(&group)),
        });
    }

    /// Adds edits that are no changes of values.
    pub(super) fn add_edits(&mut self, file: &File, edits: Vec<crate::xml::Edit>) {
        let group = Group {
            file: file.id,
            items: Vec::new(),
            edits,
        };
        self.add(file, group);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    pub(super) fn edits(&self) -> &EditSet {
        &self.edits
    }

    /// The plan of the file and its new bytes; `None` when its bytes stay the same.
    ///
    /// # Errors
    ///
    /// Why the changes cannot be written: they lie in an encrypted element, or are no document any more.
    pub(super) fn plan(
        &self,
        at: InContext<'_>,
        limits: &Limits,
        readers: &dyn Fn(&str) -> Vec<String>,
    ) -> Result<Option<(FilePlan, Vec<u8>)>, String> {
        if self.is_empty() {
            return Ok(None);
        }
        let file = at.file;
        let mut changes = Changes::new();
        changes
            .add(file.id, self.edits.iter().cloned())
            .map_err(|overlap| overlap.to_string())?;
        let after = changed([file], &changes, limits).map_err(|error| error.to_string())?;
        let Some(after) = after.into_iter().next() else {
            return Ok(None);
        };
        let source = file.document.source();
        let edits = self.edits.iter().map(|edit| ByteEdit {
            start: source.byte_offset(edit.span.start),
            end: source.byte_offset(edit.span.end),
            content: edit.text.clone(),
        });
        let mut items: Vec<_> = self.groups.iter().flat_map(|group| &group.items).collect();
        items.sort_by_key(|item| item.span);
        let changes: Vec<Change> = items
            .into_iter()
            .map(|item| {
                let mut change = item.change.clone();
                if let Some(name) = &item.project_parameter {
                    change.readers = readers(name);
                }
                change
            })
            .collect();
        let plan = FilePlan {
            label: file.label.clone(),
            kind: file.kind,
            before: file.hash(),
            after: crate::project::Hash::of(&after.after),
            edits: edits.collect(),
            changes,
            hunks: hunks(&after, &self.edits),
        };
        Ok(Some((plan, after.after)))
    }
}
