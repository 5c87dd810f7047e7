//! What stands around a value where an expression joins it with others.

use super::{Keeper, KeeperKind};

/// Which of the values on the way from a property to where it is kept: the property itself, or a variable that has
/// an expression of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Level(pub(super) usize);

impl Level {
    /// The property that was asked for.
    pub(super) const PROPERTY: Level = Level(0);
}

/// One expression on the way: which value it computes, and what it puts around the piece that is followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    level: Level,
    /// `None` where it is not known before the package runs.
    before: Option<String>,
    behind: Option<String>,
    /// Whether the expression may choose another value.
    is_choice: bool,
}

impl Frame {
    pub(super) fn whole(level: Level, is_choice: bool) -> Frame {
        Frame {
            level,
            before: Some(String::new()),
            behind: Some(String::new()),
            is_choice,
        }
    }

    pub(super) fn around(self, before: Option<String>, behind: Option<String>) -> Frame {
        Frame {
            before,
            behind,
            ..self
        }
    }

    /// Whether nothing stands around the piece.
    pub(super) fn is_whole(&self) -> bool {
        let is_nothing = |text: &Option<String>| text.as_deref() == Some("");
        is_nothing(&self.before) && is_nothing(&self.behind)
    }
}

impl Keeper<'_> {
    /// Whether what is kept here is the whole value, whatever the package does: not a piece that an expression joins
    /// with others, and not one of several that it chooses from.
    pub fn is_whole(&self) -> bool {
        let is_through = |frame: &Frame| frame.is_whole() && !frame.is_choice;
        self.kind != KeeperKind::LiteralPiece && self.frames.iter().all(is_through)
    }

    /// What a stored sample becomes when this place gets a new value; `None` where the sample is not made from it, or
    /// only a run knows what it becomes.
    pub fn sampled(&self, sample: &Keeper<'_>, new: &str) -> Option<String> {
        let level = sample.level?;
        let from = self.frames.iter().position(|it| it.level == level)?;
        let (mut old, mut new) = (self.value.clone(), self.spelled(new).to_owned());
        let mut is_choice = false;
        for frame in self.frames.get(from..)?.iter().rev() {
            let (before, behind) = (frame.before.as_deref()?, frame.behind.as_deref()?);
            old = format!("{before}{old}{behind}");
            new = format!("{before}{new}{behind}");
            is_choice |= frame.is_choice;
        }
        // Of several values it became the one that is stored.
        (!is_choice || old == sample.value).then_some(new)
    }
}
