//! JSON, each schema from structs of its own.

mod common;
pub mod error;
pub mod eval;
pub mod get;
pub mod inspect;
pub mod run;
pub mod set;
pub mod undo;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};

pub use common::{ErrorJson, SpanJson};

/// The schema of every report, by its name: what `docs/schema` holds.
///
/// A new report is a new line here.
pub fn schemas() -> Vec<(&'static str, Schema)> {
    vec![
        (error::SCHEMA, schema_of::<error::Error>()),
        (inspect::SCHEMA, schema_of::<inspect::Inspect>()),
    ]
}

/// What is written, not what is read: a field that is always there is required.
fn schema_of<T: JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<T>()
}
