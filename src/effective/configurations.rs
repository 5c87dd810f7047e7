//! The configurations of a package as layers over its stored values.

use crate::package::{Configuration, ConfigurationEntry, ConfigurationType, Package};
use crate::project::Label;
use crate::source::visible;
use crate::xml::Document;

use super::layers::{Building, FILE_NOT_FOUND, LayerValue, MALFORMED_PATH, OBJECT_NOT_FOUND};
use super::origin::{Link, Origin};
use super::parameter::link;
use super::unit::FoundConfiguration;

impl<'a> Building<'_, 'a> {
    pub(super) fn configurations(&mut self, package: Package<'a>) {
        for configuration in package.configurations() {
            self.configuration = Some(sentence(configuration));
            self.configuration(configuration);
        }
        self.configuration = None;
    }

    fn configuration(&mut self, configuration: Configuration<'a>) {
        let name = configuration.object().name().into_owned();
        let stored = configuration.string().map(|it| it.text().into_text());
        let stored = self
            .moved
            .get(&name)
            .cloned()
            .unwrap_or_else(|| stored.unwrap_or_default().into_owned());
        let kind = configuration.configuration_type();
        let location = match configuration.is_indirect() {
            false => stored.clone(),
            true => match self.environment(&stored) {
                Some(location) => location,
                None => {
                    return self.nowhere(
                        configuration,
                        format!(
                            "the configuration `{name}` is where the environment variable `{stored}` says \
                             (`--env '{stored}=…'` gives it)"
                        ),
                        format!("%{stored}%"),
                    );
                }
            },
        };
        match kind {
            ConfigurationType::ParentVariable => {}
            ConfigurationType::ConfigFile => self.xml(&name, &location),
            ConfigurationType::EnvVariable => {
                let (value, place) = match self.environment(&location) {
                    Some(value) => (LayerValue::Text(value), location.clone()),
                    None => {
                        let reason = format!(
                            "the configuration `{name}` takes it from the environment variable `{location}` \
                             (`--env '{location}=…'` gives it)"
                        );
                        let depends_on = Some(format!("%{location}%"));
                        (LayerValue::Unknown { reason, depends_on }, location.clone())
                    }
                };
                self.one(configuration, value, Origin::Environment, place);
            }
            ConfigurationType::RegEntry => {
                let reason = format!(
                    "the configuration `{name}` takes it from the registry, `HKEY_CURRENT_USER\\{location}`, which is \
                     not read here (`--override` gives the value)"
                );
                let depends_on = Some(format!("HKEY_CURRENT_USER\\{location}"));
                let value = LayerValue::Unknown { reason, depends_on };
                self.one(configuration, value, Origin::Registry, location);
            }
            ConfigurationType::SqlServer => self.table(&name, &location),
            ConfigurationType::IniFile => self.nowhere(
                configuration,
                format!("the configuration `{name}` is the INI file `{location}`, which is not read here"),
                location.clone(),
            ),
            ConfigurationType::Unknown => self.note(
                None,
                format!("the configuration `{name}` is of a type that SSIS does not know"),
            ),
        }
    }

    fn environment(&self, name: &str) -> Option<String> {
        let given = self.values.unit().given();
        given.environment(name.trim()).map(str::to_owned)
    }

    /// A source that cannot be read: the property that it names is unknown; without one it may set anything.
    fn nowhere(&mut self, configuration: Configuration<'a>, reason: String, depends_on: String) {
        if configuration.variable().is_some() {
            let value = LayerValue::Unknown {
                reason,
                depends_on: Some(depends_on.clone()),
            };
            return self.one(configuration, value, Origin::Configuration, depends_on);
        }
        let name = configuration.object().name().into_owned();
        self.hide(reason, format!("configuration {name}"));
    }

    fn hide(&mut self, reason: String, by: String) {
        self.note(None, format!("{reason}; what it sets is not known"));
        self.layers.hidden.push((reason, by));
    }

    /// A configuration that sets one property, which it names.
    fn one(
        &mut self,
        configuration: Configuration<'a>,
        value: LayerValue,
        origin: Origin,
        place: String,
    ) {
        let Some(path) = configuration.variable() else {
            let name = configuration.object().name();
            return self.note(
                Some(MALFORMED_PATH),
                format!("the configuration `{name}` names no property to set"),
            );
        };
        let path = path.text().into_text().into_owned();
        self.put(&path, value, origin, link(origin, place));
    }

    fn xml(&mut self, name: &str, location: &str) {
        let unit = self.values.unit();
        let found = unit.configuration(location, &self.values.at().file.label);
        let shown = visible(location).into_owned();
        match &found {
            FoundConfiguration::InUnit(_) | FoundConfiguration::Outside(_) => {}
            FoundConfiguration::Several(files) => {
                let list: Vec<_> = files.iter().map(|it| format!("`{it}`")).collect();
                let reason = format!(
                    "the configuration `{name}` is the file `{shown}`, and {} have its name: `--map-path` says which is \
                     meant",
                    list.join(" and ")
                );
                return self.hide(reason, format!("configuration {name}"));
            }
            FoundConfiguration::Bad(error) => {
                let code = if error.is_missing {
                    FILE_NOT_FOUND
                } else {
                    MALFORMED_PATH
                };
                self.note(Some(code), format!("the configuration `{name}`: {error}"));
                let reason = format!("the configuration `{name}` cannot be read, and may set it");
                self.layers
                    .hidden
                    .push((reason, format!("configuration {name}")));
                return;
            }
            FoundConfiguration::Missing => {
                self.note(
                    Some(FILE_NOT_FOUND),
                    format!(
                        "the configuration `{name}` is the file `{shown}`, which is not here (`--map-path FROM=TO` says \
                         where its folder is); what it sets is not known"
                    ),
                );
                let reason = format!(
                    "the configuration `{name}`, the file `{shown}`, is not here and may set it"
                );
                self.layers
                    .hidden
                    .push((reason, format!("configuration {name}")));
                return;
            }
        }
        if let Some((document, label)) = found.document() {
            for entry in ConfigurationEntry::all(document.root()) {
                self.entry(entry, document, label, Origin::Configuration);
            }
        }
    }

    pub(super) fn entry(
        &mut self,
        entry: ConfigurationEntry<'_>,
        document: &Document,
        label: &Label,
        origin: Origin,
    ) {
        let path = entry.path().into_owned();
        let stored = entry.value();
        let text = stored.map(|it| it.text().into_text().into_owned());
        let link = Link {
            kind: origin,
            path: format!("\\Configuration[{path}]"),
            file: Some(label.clone()),
            place: Some(document.place(stored.map_or(entry.span(), |it| it.span()))),
        };
        self.put(
            &path,
            LayerValue::Text(text.unwrap_or_default()),
            origin,
            link,
        );
    }

    /// `"CM";"[dbo].[SSIS Configurations]";"filter";`
    fn table(&mut self, name: &str, location: &str) {
        let parts: Vec<&str> = location
            .split("\";\"")
            .map(|part| part.trim_matches(['"', ';', ' ']))
            .collect();
        let (table, filter) = match parts.as_slice() {
            [_, table, filter, ..] => (*table, *filter),
            _ => {
                return self.note(
                    Some(MALFORMED_PATH),
                    format!("the configuration `{name}` names no connection, table and filter"),
                );
            }
        };
        let given = self.values.unit().given();
        let Some(server) = &given.server else {
            let reason = format!(
                "the configuration `{name}` is the filter `{filter}` of the table `{table}` in SQL Server \
                 (`--server-values` gives its rows)"
            );
            return self.hide(reason, format!("SQL Server configuration {filter}"));
        };
        let rows: Vec<_> = server.configurations(table, filter).cloned().collect();
        if rows.is_empty() {
            self.note(
                Some(OBJECT_NOT_FOUND),
                format!("the configuration `{name}`: the exported table `{table}` has no row under the filter `{filter}`"),
            );
        }
        for row in rows {
            let text = row.value.clone().unwrap_or_default();
            let origin = Origin::ServerConfiguration;
            let place = format!("{table} filter {filter}: {}", row.path);
            self.put(
                &row.path,
                LayerValue::Text(text),
                origin,
                link(origin, place),
            );
        }
    }

    pub(super) fn parent_variables(&mut self, package: Package<'a>) {
        for configuration in package.configurations() {
            if configuration.configuration_type() != ConfigurationType::ParentVariable {
                continue;
            }
            self.configuration = Some(sentence(configuration));
            let stored = configuration.string().map(|it| it.text().into_text());
            let mut name = stored.unwrap_or_default().into_owned();
            if configuration.is_indirect() {
                match self.environment(&name) {
                    Some(place) => name = place,
                    None => {
                        let reason = format!(
                            "the name of the parent's variable is in the environment variable `{name}` (`--env` gives it)"
                        );
                        let depends_on = Some(format!("%{name}%"));
                        let value = LayerValue::Unknown { reason, depends_on };
                        self.one(configuration, value, Origin::ParentVariable, name);
                        continue;
                    }
                }
            }
            let value = match &self.values.unit().given().parent {
                // Run on its own, a package has no parent, and the configuration does nothing but warn.
                None => {
                    let reason = format!(
                        "the variable `{name}` of the package that calls this one sets it, when one does"
                    );
                    let by = format!("variable {name} of a parent package");
                    LayerValue::Perhaps { reason, by }
                }
                Some(parent) => match parent.variable(&name) {
                    Some(Ok(text)) => LayerValue::Text(text),
                    Some(Err(reason)) => LayerValue::Unknown {
                        reason,
                        depends_on: None,
                    },
                    None => {
                        self.note(
                            Some(OBJECT_NOT_FOUND),
                            format!("the parent package has no variable `{name}`"),
                        );
                        continue;
                    }
                },
            };
            self.one(configuration, value, Origin::ParentVariable, name);
        }
        self.configuration = None;
    }
}

/// What a configuration does: ``the configuration `Server` sets it from the XML file `Load.dtsConfig` ``.
fn sentence(configuration: Configuration<'_>) -> String {
    let name = configuration.object().name();
    let string = configuration.string().map(|it| it.text().into_text());
    let string = string.unwrap_or_default();
    let kind = match configuration.configuration_type() {
        ConfigurationType::ParentVariable => "the variable of the parent package",
        ConfigurationType::ConfigFile => "the XML file",
        ConfigurationType::EnvVariable => "the environment variable",
        ConfigurationType::RegEntry => "the registry key",
        ConfigurationType::SqlServer => "the table of SQL Server",
        ConfigurationType::IniFile => "the INI file",
        ConfigurationType::Unknown => "a place of unknown type",
    };
    let place = match configuration.is_indirect() {
        true => format!("{kind} that the environment variable `{string}` names"),
        false => format!("{kind} `{string}`"),
    };
    format!("the configuration `{name}` sets it from {place}")
}
