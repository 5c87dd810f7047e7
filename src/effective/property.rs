//! A property: what is stored, what is put over it, its expression, and what wins over that.

use crate::connection_string::is_secret_key;
use crate::expression::{Lookup, TypeName, Value};
use crate::package::{CommonProperty, SetError, Target};
use crate::project::File;
use crate::xml::Node;

use super::find_variable::owner_of;
use super::layers::Layer;
use super::manager::{Manager, Part};
use super::origin::{Certainty, Effective, Link, Origin};
use super::package::{PackageValues, over};
use super::scope::Secrets;
use super::types::Takes;
use super::valued::Valued;

/// The property that is the whole string of a connection manager.
pub(super) const WHOLE: &str = "ConnectionString";

impl<'a> PackageValues<'a> {
    /// What a property of an object is as dtexec would see it. `holder` is the file that holds the object: the
    /// package, or one of its project.
    ///
    /// # Errors
    ///
    /// [`SetError`] when there is no such property.
    pub fn property(
        &self,
        holder: &'a File,
        target: Target<'a>,
        property: &str,
    ) -> Result<Effective, SetError> {
        let valued = self.valued(holder, target, property)?;
        Ok(valued.into_effective(self.locale(None)))
    }

    pub(super) fn valued(
        &self,
        holder: &'a File,
        target: Target<'a>,
        property: &str,
    ) -> Result<Valued, SetError> {
        let is_value = property.eq_ignore_ascii_case("Value");
        match target {
            Target::Variable(variable) if is_value => {
                let valued = self.variable(variable);
                return Ok(without_own_link((*valued).clone(), Origin::Variable));
            }
            Target::Parameter(parameter) if is_value => {
                let valued = self.parameter(holder, parameter);
                return Ok(without_own_link((*valued).clone(), Origin::Parameter));
            }
            Target::ConnectionManager(manager) => {
                let at = Manager {
                    values: self,
                    holder,
                    manager,
                    target,
                };
                if property.eq_ignore_ascii_case(WHOLE) {
                    return Ok(at.string());
                }
                if let Some(part) = Part::of(manager, property) {
                    return Ok(at.part(part));
                }
                let is_key = !manager.is_smtp()
                    && CommonProperty::named(property).is_none()
                    && manager.own(property).is_none();
                if is_key && let Some(valued) = at.key_of_string(property) {
                    target.stored_value(property)?;
                    return Ok(valued);
                }
            }
            _ => {}
        }
        self.plain(holder, target, property)
    }

    fn plain(
        &self,
        holder: &'a File,
        target: Target<'a>,
        property: &str,
    ) -> Result<Valued, SetError> {
        let key = (holder.id, target.node().id());
        let stored = target.stored_value(property)?;
        let origin = match stored.span {
            Some(_) => Origin::Design,
            None => Origin::Default,
        };
        let name = stored.property.into_owned();
        let full = format!("{}.Properties[{name}]", self.path_of(target));
        let mut valued = Valued::found(Value::text(stored.text.into_owned()), origin);
        valued.is_sensitive = stored.is_sensitive;
        if let Some(span) = stored.span {
            valued.chain.push(Link {
                kind: Origin::Design,
                path: full.clone(),
                file: Some(holder.label.clone()),
                place: Some(holder.document.place(span)),
            });
        }
        let is_meant = |layer: &&Layer| layer.property.eq_ignore_ascii_case(&name);
        for layer in self.layers().of(key).iter().filter(is_meant) {
            valued = over(valued, layer, TypeName::Wstr, &full);
        }
        self.doubt_default(&mut valued);
        if let Some(computed) = self.computed_by_expression(holder, target, &name) {
            valued = computed;
        }
        if let Some(layer) = self.layers().overrides(key).iter().rfind(is_meant) {
            valued = over(bare(), layer, TypeName::Wstr, &full);
        }
        normalise(&mut valued, Takes::of(target, &name));
        Ok(valued)
    }

    /// The options that were given for a property and lose, by their names: `/Set` cannot win over a property
    /// expression, nor over a configuration of the package.
    pub fn lost_options(
        &self,
        holder: &'a File,
        target: Target<'a>,
        property: &str,
    ) -> Vec<&'static str> {
        let key = (holder.id, target.node().id());
        let all = self.layers().of(key).iter();
        let meant: Vec<_> = all
            .filter(|layer| layer.property.eq_ignore_ascii_case(property))
            .collect();
        let is_computed = target.object().property_expression(property).is_some();
        let is_overridden = self
            .layers()
            .overrides(key)
            .iter()
            .any(|layer| layer.property.eq_ignore_ascii_case(property));
        let last = meant.len().saturating_sub(1);
        let losing = meant
            .iter()
            .enumerate()
            .filter(|(at, _)| is_computed || is_overridden || *at < last);
        let mut names: Vec<&'static str> = losing
            .filter_map(|(_, layer)| match layer.origin {
                Origin::Set => Some("--set"),
                Origin::Connection => Some("--connection"),
                Origin::ConfigFile => Some("--config-file"),
                _ => None,
            })
            .collect();
        names.dedup();
        names
    }

    /// What an expression makes of a property that is not known by its name here, such as the statement of an Execute
    /// SQL task; `None` where none computes it.
    pub fn computed(
        &self,
        holder: &'a File,
        target: Target<'a>,
        property: &str,
    ) -> Option<Effective> {
        let valued = self.computed_by_expression(holder, target, property)?;
        Some(valued.into_effective(self.locale(None)))
    }

    /// What the expression of a property makes of it, if it has one.
    pub(super) fn computed_by_expression(
        &self,
        holder: &'a File,
        target: Target<'a>,
        property: &str,
    ) -> Option<Valued> {
        let expression = target.object().property_expression(property)?;
        let secrets = match is_secret_key(property) {
            true => Secrets::Readable,
            false => Secrets::Refused,
        };
        let at = self.scope_of(holder, target.node());
        let mut valued = self.evaluate(&expression.text(), at, secrets);
        if let Some(value) = valued.value() {
            match Takes::of(target, property).convert(value) {
                Ok(value) => valued.lookup = Lookup::Found(value),
                Err(wanted) => {
                    let found = value.data_type().name();
                    let why = format!(
                        "the expression gives a {found}, and `{property}` takes {wanted} (0xC0017004)"
                    );
                    let failed = Valued::unknown(None, Origin::Expression, why, None);
                    valued.lookup = failed.lookup;
                    valued.reason = failed.reason;
                    valued.certainty = Certainty::Unknown;
                }
            }
        }
        valued.is_sensitive |= is_secret_key(property);
        let by = format!("the expression `{}` computes it", expression.text());
        Some(valued.by(by))
    }

    /// From where names in the expressions of an object are looked up; nothing of the package is seen from outside.
    pub(super) fn scope_of(&self, holder: &'a File, node: Node<'a>) -> Option<Node<'a>> {
        let is_here = holder.id == self.at().file.id && self.at().package().is_some();
        is_here.then(|| owner_of(node)).flatten()
    }
}

/// A Boolean is `True` or `False` in whatever way it is stored, and a member of an enumeration its name.
pub(super) fn normalise(valued: &mut Valued, takes: Takes) {
    let text = valued.value().and_then(|value| value.as_str());
    if let Some(value) = text.and_then(|text| takes.normal(text)) {
        valued.lookup = Lookup::Found(value);
    }
}

/// The link of a variable or parameter to its own place is no step: the reader asked for it.
fn without_own_link(mut valued: Valued, own: Origin) -> Valued {
    if valued.origin == own {
        valued.origin = Origin::Design;
    } else if valued.chain.first().is_some_and(|link| link.kind == own) {
        valued.chain.remove(0);
    }
    valued
}

/// A start for a value that something wins over entirely.
pub(super) fn bare() -> Valued {
    Valued::found(Value::text(""), Origin::Default)
}
