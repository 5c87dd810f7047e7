//! Migration: a recipe becomes a plan, a plan becomes whole-file writes.
//!
//! [`plan()`] looks at the inputs unit by unit and says for each file which characters change and why, what cannot be
//! changed, and where the old text is left. A plan is owned data: it can be shown, kept in a file, and carried out
//! later by [`carry_out()`], which gives the very bytes that were planned or refuses.

mod carry_out;
mod diff;
mod left;
mod look;
mod merge;
mod object;
mod pattern;
mod plan;
mod recipe;
mod rename;
mod rule;
mod unit;
mod version;

pub use crate::effective::KeeperKind;
pub use crate::project::{Hash, Label};
pub use carry_out::{CarryOutError, carry_out};
pub use diff::{Hunk, Line, Tag};
pub use left::{Left, LeftKind};
pub use pattern::Pattern;
pub use plan::{ArchivePlan, ByteEdit, Change, Conflict, FilePlan, NotChanged, UnitPlan, Warning};
pub use recipe::{RecipeError, RecipeFile};
pub use rule::{Recipe, Rule, ShortFormError};
pub use unit::{BuildCopies, Options, Samples, Versions, plan};
