//! JSON, each schema from structs of its own.

mod common;
pub mod eval;
pub mod get;
pub mod inspect;
pub mod run;
pub mod set;
pub mod undo;

pub use common::{ErrorJson, SpanJson};
