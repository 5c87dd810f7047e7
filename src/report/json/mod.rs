//! JSON, each schema from structs of its own.

mod common;
pub mod inspect;
pub mod undo;
pub mod run;

pub use common::{ErrorJson, SpanJson};
