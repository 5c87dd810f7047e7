//! What a value really is, and who keeps it.
//!
//! [`keepers()`] names every stored place that a value comes from, as far as it can be followed without evaluating
//! anything.

mod keepers;

pub use keepers::{Keeper, KeeperKind, Kept, Unreachable, UnreachableKind, keepers};
