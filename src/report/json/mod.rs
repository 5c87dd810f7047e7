//! JSON, each schema from structs of its own.

mod common;
pub mod eval;
pub mod inspect;
pub mod run;
pub mod undo;

pub use common::{ErrorJson, SpanJson};
