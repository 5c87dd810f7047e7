//! A new value in every place that keeps the old one.

use crate::package::{SetError, Target};
use crate::project::{Changes, InContext, Label};
use crate::xml::Place;

use super::{Keeper, KeeperKind, keepers};

/// What it takes to give a property a value everywhere.
#[derive(Debug, Default)]
pub struct Everywhere {
    /// The edits, of all files of the unit that keep the value.
    pub changes: Changes,
    /// The places that change, the object itself first.
    pub places: Vec<ChangedPlace>,
    /// What decides about the value too and stays as it is.
    pub stays: Vec<Stays>,
    /// Whether a place that decides has the value, now or afterwards: a change of nothing but samples is none.
    pub decides: bool,
}

/// A place that gets the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedPlace {
    /// The file.
    pub file: Label,
    /// The property path of the place.
    pub path: String,
    /// What the place is.
    pub kind: KeeperKind,
    /// What it keeps; in clear.
    pub old: String,
    /// What it will keep; in clear. Of a sample that an expression joins from pieces it is more than the value.
    pub new: String,
    /// Why it keeps the value.
    pub why: String,
    /// Where it stands.
    pub place: Option<Place>,
}

/// Something that decides about the value and stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stays {
    /// The file.
    pub file: Label,
    /// The property path of the place, or of what it belongs to.
    pub path: String,
    /// Why it stays.
    pub why: String,
}

/// Gives a property of an object of `at`'s file a value in every place of the unit that keeps it: the object, its
/// copies in project files, configurations, literals, variables and parameters behind expressions, with the values of
/// build configurations. Samples under expressions follow where their new text is known. The property goes by the
/// names of [`keepers`].
///
/// A piece of an expression is no place for a whole value, so it stays; so does what is in no file.
///
/// # Errors
///
/// [`SetError`] when one of the places cannot hold the value; nothing is to be changed then.
pub fn set_everywhere<'a>(
    at: InContext<'a>,
    target: Target<'a>,
    property: &str,
    value: &str,
) -> Result<Everywhere, SetError> {
    let kept = keepers(at, target, property);
    let mut everywhere = Everywhere::default();
    let (samples, places): (Vec<_>, Vec<_>) = kept
        .keepers
        .iter()
        .partition(|keeper| keeper.kind == KeeperKind::Sample);
    let (whole, pieces): (Vec<_>, Vec<_>) =
        places.into_iter().partition(|keeper| keeper.is_whole());
    everywhere.decides = !whole.is_empty();
    for &keeper in &whole {
        everywhere.change(keeper, value)?;
    }
    for &sample in &samples {
        if let Some(new) = whole.iter().find_map(|it| it.sampled(sample, value)) {
            everywhere.change(sample, &new)?;
        }
    }
    for keeper in pieces {
        let why = format!(
            "it keeps `{}`, a piece of the value ({})",
            keeper.value, keeper.why
        );
        everywhere.stay(&keeper.file.label, &keeper.path, why);
    }
    for it in kept.unreachable {
        everywhere.stay(&at.file.label, &it.path, it.why);
    }
    // The object comes first, whatever wins over it.
    everywhere
        .places
        .sort_by_key(|place| place.kind != KeeperKind::Object);
    Ok(everywhere)
}

impl Everywhere {
    fn change(&mut self, keeper: &Keeper<'_>, value: &str) -> Result<(), SetError> {
        if keeper.is_already(value) {
            return Ok(());
        }
        let new = keeper.spelled(value);
        let edits = keeper.set(new)?;
        if edits.is_empty() {
            return Ok(());
        }
        let place = ChangedPlace {
            file: keeper.file.label.clone(),
            path: keeper.path.clone(),
            kind: keeper.kind,
            old: keeper.value.clone(),
            new: new.to_owned(),
            why: keeper.why.clone(),
            place: keeper.span().map(|span| keeper.file.document.place(span)),
        };
        match self.changes.add(keeper.file.id, edits) {
            Ok(()) if self.places.contains(&place) => {}
            Ok(()) => self.places.push(place),
            Err(overlap) => self.stay(&keeper.file.label, &keeper.path, overlap.to_string()),
        }
        Ok(())
    }

    fn stay(&mut self, file: &Label, path: &str, why: String) {
        let stays = Stays {
            file: file.clone(),
            path: path.to_owned(),
            why,
        };
        if !self.stays.contains(&stays) {
            self.stays.push(stays);
        }
    }
}
