//! What a property is at run time: the part that `inspect` and `get` share.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::inventory::{Certainty, EffectiveFacts, Link, Origin};

use super::common::SpanJson;

/// What a property is at run time, secrets masked.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EffectiveJson {
    /// The value; null for one that is unknown, and for NULL.
    pub value: Option<String>,
    /// How sure it is.
    #[schemars(extend("enum" = certainties()))]
    pub certainty: &'static str,
    /// Why it is not known, or what may replace it.
    pub reason: Option<String>,
    /// Of an unknown value what is known around the unknown pieces, which stand in `⟨⟩`.
    pub text: Option<String>,
    /// The type of the value by its name in expressions, such as `DT_WSTR`.
    #[serde(rename = "type")]
    pub data_type: Option<&'static str>,
    /// What decided about it last.
    #[schemars(extend("enum" = Origin::NAMES))]
    pub origin: &'static str,
    /// From the origin to where the value is kept.
    pub chain: Vec<LinkJson>,
    /// The property paths of the tasks that set it while the package runs.
    pub set_at_run_time_by: Vec<String>,
    /// What only a run knows and it depends on.
    pub depends_on: Vec<String>,
    /// What may replace it from outside of the files.
    pub overridable_by: Vec<String>,
    /// The keys whose values are masked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub masked: Vec<String>,
}

/// A step on the way to where a value is kept.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LinkJson {
    /// What it is.
    #[schemars(extend("enum" = Origin::NAMES))]
    pub kind: &'static str,
    /// Its property path, or its name where it has no path.
    pub path: String,
    /// The file that holds it.
    pub file: Option<String>,
    /// Where in the file.
    pub span: Option<SpanJson>,
}

fn certainties() -> [&'static str; 3] {
    [Certainty::Known, Certainty::Assumed, Certainty::Unknown].map(Certainty::name)
}

impl From<&EffectiveFacts> for EffectiveJson {
    fn from(facts: &EffectiveFacts) -> EffectiveJson {
        let effective = &facts.effective;
        EffectiveJson {
            value: effective.value.clone(),
            certainty: effective.certainty.name(),
            reason: effective.reason.clone(),
            text: effective.text.clone(),
            data_type: effective.data_type.map(|it| it.name().as_str()),
            origin: effective.origin.name(),
            chain: effective.chain.iter().map(LinkJson::from).collect(),
            set_at_run_time_by: effective.set_at_run_time_by.clone(),
            depends_on: effective.depends_on.clone(),
            overridable_by: effective.overridable_by.clone(),
            masked: facts.masked.clone(),
        }
    }
}

impl From<&Link> for LinkJson {
    fn from(link: &Link) -> LinkJson {
        LinkJson {
            kind: link.kind.name(),
            path: link.path.clone(),
            file: link.file.as_ref().map(ToString::to_string),
            span: link.place.map(SpanJson::from),
        }
    }
}

/// By property.
pub(super) fn by_property(facts: &[EffectiveFacts]) -> BTreeMap<String, EffectiveJson> {
    facts
        .iter()
        .map(|facts| (facts.property.clone(), EffectiveJson::from(facts)))
        .collect()
}
