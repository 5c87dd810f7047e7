//! Effective values as facts: their texts masked.

use crate::connection_string::{is_secret_key, masked, masked_within};
use crate::effective::{Effective, PackageValues};
use crate::package::Target;
use crate::project::File;
use crate::secret::MASK;

/// What a property is at run time.
#[derive(Clone, Debug)]
pub struct EffectiveFacts {
    /// The property, by its name in the object model.
    pub property: String,
    /// Its value, secrets masked in all texts.
    pub effective: Effective,
    /// The keys of the secrets.
    pub masked: Vec<String>,
}

impl EffectiveFacts {
    /// The properties of an object that have something behind them.
    pub(super) fn of<'a>(
        values: &PackageValues<'a>,
        holder: &'a File,
        target: Target<'a>,
    ) -> Vec<EffectiveFacts> {
        let entries = values.entries(holder, target).into_iter();
        entries
            .map(|(property, effective)| EffectiveFacts::new(property, effective))
            .collect()
    }

    /// Masks the texts of a value.
    pub fn new(property: String, effective: Effective) -> EffectiveFacts {
        let property = masked_within(&property).0.into_owned();
        let is_secret = effective.is_sensitive || is_secret_key(&property);
        let mut keys = Vec::new();
        let mut shown = |text: Option<String>| {
            let text = text?;
            if is_secret && !text.is_empty() {
                keys.push(property.clone());
                return Some(MASK.to_owned());
            }
            let (text, masked) = match property.eq_ignore_ascii_case("ConnectionString") {
                true => masked(&text),
                false => masked_within(&text),
            };
            keys.extend(masked);
            Some(text.into_owned())
        };
        let (value, text) = (shown(effective.value), shown(effective.text));
        let clear = |text: String| masked_within(&text).0.into_owned();
        let all = |texts: Vec<String>| texts.into_iter().map(clear).collect();
        let effective = Effective {
            value,
            text,
            reason: effective.reason.map(clear),
            decided_by: effective.decided_by.map(clear),
            chain: effective
                .chain
                .into_iter()
                .map(|mut link| {
                    link.path = clear(link.path);
                    link
                })
                .collect(),
            set_at_run_time_by: all(effective.set_at_run_time_by),
            depends_on: all(effective.depends_on),
            overridable_by: all(effective.overridable_by),
            ..effective
        };
        keys.sort();
        keys.dedup();
        EffectiveFacts {
            property,
            effective,
            masked: keys,
        }
    }
}
