//! The properties of an object that have something behind them: an expression, a configuration, a parameter.

use crate::connection_string::SmtpProperty;
use crate::package::Target;
use crate::project::File;

use super::origin::Effective;
use super::package::PackageValues;

impl<'a> PackageValues<'a> {
    /// Each property of an object that something else than its stored value decides about, or may, with its value.
    /// Of the string of an SMTP connection manager its parts come too.
    pub fn entries(&self, holder: &'a File, target: Target<'a>) -> Vec<(String, Effective)> {
        let mut names: Vec<String> = Vec::new();
        let mut add = |name: &str| {
            if !names.iter().any(|it| it.eq_ignore_ascii_case(name)) {
                names.push(name.to_owned());
            }
        };
        for expression in target.object().property_expressions() {
            add(&expression.property());
        }
        let key = (holder.id, target.node().id());
        let layers = self.layers();
        for layer in layers.of(key).iter().chain(layers.overrides(key)) {
            add(&layer.property);
        }
        if let Target::ConnectionManager(manager) = target
            && manager.is_smtp()
        {
            let is_projects = manager.object().node().parent().is_none();
            let package = (!is_projects).then(|| holder.label.file_name());
            let name = manager.object().name();
            let keys = SmtpProperty::ALL.map(SmtpProperty::key);
            for key in keys.iter().copied().chain(["ConnectionString"]) {
                if self.unit().offers(package.as_deref(), &name, key) {
                    add(key);
                }
            }
            let has_whole = names
                .iter()
                .any(|it| it.eq_ignore_ascii_case("ConnectionString"));
            if has_whole {
                for key in keys {
                    let is_there = names.iter().any(|it| it.eq_ignore_ascii_case(key));
                    if !is_there && key != SmtpProperty::Timeout.key() {
                        names.push(key.to_owned());
                    }
                }
            }
        }
        let mut entries: Vec<(String, Effective)> = names
            .into_iter()
            .filter_map(|name| {
                let effective = self.property(holder, target, &name).ok()?;
                Some((name, effective))
            })
            .collect();
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        entries
    }
}
