//! JSON, each schema from structs of its own.

pub mod change;
mod common;
pub mod effective;
pub mod error;
pub mod eval;
pub mod explain;
pub mod get;
pub mod inspect;
pub mod lint;
pub mod plan;
pub mod probe;
pub mod run;
pub mod set;
pub mod undo;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::Value;

pub use common::{ErrorJson, SpanJson};

use crate::lint::ConfigurationFile;
use crate::mail::job::{self, Job};
use crate::migrate::RecipeFile;

/// The JSON Schema of every report, by the name that the report gives it: what `docs/schema` holds.
///
/// A new report is a new line here.
pub fn schemas() -> Vec<(&'static str, Schema)> {
    vec![
        schema::<change::Change>(change::SCHEMA),
        schema::<error::Error>(error::SCHEMA),
        schema::<eval::Eval>(eval::SCHEMA),
        schema::<explain::Explain>(explain::SCHEMA),
        schema::<get::Get>(get::SCHEMA),
        schema::<inspect::Inspect>(inspect::SCHEMA),
        configuration(),
        schema::<lint::Lint>(lint::SCHEMA),
        schema::<plan::Plan>(plan::SCHEMA),
        mail_job(),
        schema::<probe::Probes>(probe::SCHEMA),
        recipe(),
        schema::<run::Run>(run::SCHEMA),
        schema::<set::Set>(set::SCHEMA),
        schema::<undo::Undo>(undo::SCHEMA),
    ]
}

/// Of recipes, which people write: what can be read.
fn recipe() -> (&'static str, Schema) {
    let schema = SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<RecipeFile>();
    ("dtsx/recipe@1", schema)
}

/// Of jobs, which people write too: what can be read.
fn mail_job() -> (&'static str, Schema) {
    let mut schema = SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<Job>();
    name_schema(&mut schema, job::SCHEMA);
    (job::SCHEMA, schema)
}

/// Of `dtsx.toml`, which people write: what can be read.
fn configuration() -> (&'static str, Schema) {
    let schema = SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<ConfigurationFile>();
    ("dtsx/config@1", schema)
}

/// Of what is written, not of what can be read: a field that is always there is required.
fn schema<T: JsonSchema>(name: &'static str) -> (&'static str, Schema) {
    let mut schema = SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<T>();
    name_schema(&mut schema, name);
    (name, schema)
}

fn name_schema(schema: &mut Schema, name: &'static str) {
    if let Some(field) = schema
        .pointer_mut("/properties/schema")
        .and_then(Value::as_object_mut)
    {
        field.insert("const".to_owned(), name.into());
    }
}
