//! `dtsx/eval@1`

use schemars::JsonSchema;
use serde::Serialize;

/// The value of an expression.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Eval {
    /// `dtsx/eval@1`
    pub schema: &'static str,
    /// The value as text, as a cast to a string gives it; null for NULL.
    pub value: Option<String>,
    /// The type, without its parameters.
    pub r#type: &'static str,
    /// Whether it is NULL.
    pub null: bool,
    /// Keys whose values are `***` in the text, because they hold secrets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub masked: Vec<String>,
    /// Why the value is only assumed: what may replace a value that it depends on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assumed: Vec<String>,
}

/// The schema's name.
pub const SCHEMA: &str = "dtsx/eval@1";

impl Eval {
    /// A value of that type, `None` for NULL, with the keys of what is masked in it.
    pub fn new(value: Option<String>, of: &'static str, masked: Vec<String>) -> Eval {
        Eval {
            schema: SCHEMA,
            null: value.is_none(),
            value,
            r#type: of,
            masked,
            assumed: Vec::new(),
        }
    }
}
