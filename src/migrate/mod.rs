//! Migration: a recipe becomes a plan, a plan becomes whole-file writes.
//!
//! [`plan()`] looks at the inputs unit by unit and says for each file which characters change and why, what cannot be
//! changed, and where the old text is left. A plan is owned data: it can be shown, kept in a file, and carried out
//! later by [`carry_out()`], which gives the very bytes that were planned or refuses.

mod carry_out;
mod left;
mod look;
mod merge;
mod object;
mod part;
mod pattern;
mod plan;
mod recipe;
mod rename;
mod rule;
mod unit;
mod version;
mod want;

pub use crate::effective::KeeperKind;
pub use crate::project::{Hash, Hunk, Label, Line, Tag};
pub use carry_out::{CarryOutError, carry_out};
pub use left::{Left, LeftKind};
pub use pattern::Pattern;
pub use plan::{
    ArchivePlan, ByteEdit, Change, Conflict, FilePlan, Matched, NotChanged, UnitPlan, Warning,
};
pub use recipe::{RecipeError, RecipeFile};
pub use rule::{Recipe, Rule, ShortFormError};
pub use unit::{BuildCopies, Options, Progress, Samples, Versions, plan};
