//! What is put over stored values before expressions are evaluated, in the order in which dtexec does it.
//!
//! Configurations in the package's order, but for those from parent variables; the options of the command line;
//! the same configurations again, from wherever the options have moved them; parent variables. So an option cannot
//! win over a configuration that sets the same property. Source: *Package Configurations*, *dtexec Utility*.

use std::collections::HashMap;

use crate::package::{
    Configuration, ConfigurationEntry, ConfigurationType, Package, PathError, Target,
};
use crate::project::{FileId, LocateError, Located, Place, locate};
use crate::source::visible;
use crate::xml::NodeId;

use super::origin::{Link, Origin};
use super::package::{Note, PackageValues};
use super::parameter::link;
use super::types;
use super::unit::FoundConfiguration;

/// An object: its file, and its element there.
pub(super) type Key = (FileId, NodeId);

/// A value that is put over the stored one.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    /// The property, as it is spelled there.
    pub(super) property: String,
    pub(super) value: LayerValue,
    pub(super) origin: Origin,
    pub(super) link: Link,
}

#[derive(Clone, Debug)]
pub(super) enum LayerValue {
    Text(String),
    /// It is set, and to what cannot be told; what it depends on.
    Unknown {
        reason: String,
        depends_on: Option<String>,
    },
    /// Something sets it in some runs and in others not; and what that is called.
    Perhaps {
        reason: String,
        by: String,
    },
}

/// All of them for one package.
#[derive(Debug, Default)]
pub(super) struct Layers {
    by_object: HashMap<Key, Vec<Layer>>,
    overrides: HashMap<Key, Vec<Layer>>,
    /// Sources that may set anything, because what they hold is not here: why, and what they are called.
    pub(super) hidden: Vec<(String, String)>,
    pub(super) notes: Vec<Note>,
}

impl Layers {
    pub(super) fn new(values: &PackageValues<'_>) -> Layers {
        let mut building = Building {
            values,
            layers: Layers::default(),
            moved: HashMap::new(),
            job_steps: Vec::new(),
        };
        building.build();
        let job_steps = std::mem::take(&mut building.job_steps);
        building.layers.hidden.extend(job_steps);
        building.layers
    }

    /// What is put over the stored properties of an object, in the order in which it is applied.
    pub(super) fn of(&self, key: Key) -> &[Layer] {
        self.by_object.get(&key).map_or(&[], Vec::as_slice)
    }

    /// What wins over everything.
    pub(super) fn overrides(&self, key: Key) -> &[Layer] {
        self.overrides.get(&key).map_or(&[], Vec::as_slice)
    }
}

/// SSIS's own warnings for configurations that cannot be applied.
const FILE_NOT_FOUND: u32 = 0x8001_2014;
const OBJECT_NOT_FOUND: u32 = 0x8001_2017;
const NO_PACKAGE_PATH: u32 = 0x8001_2018;
const MALFORMED_PATH: u32 = 0x8001_2019;
const CANNOT_SET: u32 = 0x8001_2028;

struct Building<'v, 'a> {
    values: &'v PackageValues<'a>,
    layers: Layers,
    /// Configurations whose location an option has changed, by name.
    moved: HashMap<String, String>,
    /// Steps of jobs that set something.
    job_steps: Vec<(String, String)>,
}

impl<'a> Building<'_, 'a> {
    fn build(&mut self) {
        let Some(package) = self.values.at().package() else {
            self.overrides();
            return;
        };
        let configured = package.configurations_enabled();
        if configured {
            self.configurations(package);
        }
        self.options();
        if configured {
            self.layers.hidden.clear();
            self.configurations(package);
            self.parent_variables(package);
        }
        self.overrides();
    }

    fn configurations(&mut self, package: Package<'a>) {
        for configuration in package.configurations() {
            self.configuration(configuration);
        }
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

    fn entry(
        &mut self,
        entry: ConfigurationEntry<'_>,
        document: &crate::xml::Document,
        label: &crate::project::Label,
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

    fn parent_variables(&mut self, package: Package<'a>) {
        for configuration in package.configurations() {
            if configuration.configuration_type() != ConfigurationType::ParentVariable {
                continue;
            }
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
    }

    fn options(&mut self) {
        let given = self.values.unit().given();
        for loaded in &given.config_files {
            for entry in ConfigurationEntry::all(loaded.document.root()) {
                self.entry(entry, &loaded.document, &loaded.label, Origin::ConfigFile);
            }
        }
        for text in &given.connections {
            self.connection(text);
        }
        for (name, value) in &given.parameters {
            if let Some(path) = self.of_manager(name) {
                let value = LayerValue::Text(value.clone());
                let link = link(Origin::ExecutionParameter, name.clone());
                self.put(&path, value, Origin::ExecutionParameter, link);
            }
        }
        for text in &given.sets {
            self.set(text);
        }
        let Some(server) = &given.server else {
            return;
        };
        for by in server.steps_that_set(&self.values.at().file.label.file_name()) {
            let reason = format!("{by} sets values of the package");
            self.job_steps.push((reason, by));
        }
    }

    fn connection(&mut self, text: &str) {
        for (end, _) in text.match_indices(';') {
            let (name, string) = (text.get(..end), text.get(end + 1..));
            let (Some(name), Some(string)) = (name, string) else {
                continue;
            };
            if let Some((_, manager)) = self.values.at().manager_of_reference(name.trim()) {
                let target = Target::ConnectionManager(manager);
                let path = self.values.path_of(target);
                let string = string.trim().trim_matches('"').to_owned();
                let link = link(Origin::Connection, path.clone());
                return self.put(&path, LayerValue::Text(string), Origin::Connection, link);
            }
        }
        let name = text.split(';').next().unwrap_or_default();
        self.note(
            Some(OBJECT_NOT_FOUND),
            format!(
                "`--connection`: the package has no connection manager `{}`",
                visible(name)
            ),
        );
    }

    /// `CM.Mail.SmtpServer` as a property path.
    fn of_manager(&self, name: &str) -> Option<String> {
        let (manager, property) = name.strip_prefix("CM.")?.rsplit_once('.')?;
        let (_, manager) = self.values.at().manager_of_reference(manager)?;
        let path = self.values.path_of(Target::ConnectionManager(manager));
        Some(format!("{path}.Properties[{property}]"))
    }

    fn set(&mut self, text: &str) {
        const CONFIGURATIONS: &str = "\\Package.Configurations[";
        if let Some((head, rest)) = text.split_at_checked(CONFIGURATIONS.len())
            && head.eq_ignore_ascii_case(CONFIGURATIONS)
            && let Some((name, location)) = rest.split_once("].Properties[ConfigurationString];")
        {
            self.moved.insert(name.to_owned(), location.to_owned());
            return;
        }
        match self.parted(text) {
            Ok((path, value)) => {
                let link = link(Origin::Set, path.clone());
                self.put(&path, LayerValue::Text(value), Origin::Set, link);
            }
            Err(why) => self.note(Some(OBJECT_NOT_FOUND), format!("`--set`: {why}")),
        }
    }

    fn overrides(&mut self) {
        let given = self.values.unit().given();
        for text in &given.overrides {
            match self.parted(text) {
                Ok((path, value)) => {
                    let Some((key, property, path)) = self.key(&path) else {
                        continue;
                    };
                    self.layers.overrides.entry(key).or_default().push(Layer {
                        property,
                        value: LayerValue::Text(value),
                        origin: Origin::Override,
                        link: link(Origin::Override, path),
                    });
                }
                Err(why) => self.note(Some(OBJECT_NOT_FOUND), format!("`--override`: {why}")),
            }
        }
    }

    /// `PATH;VALUE` at the first `;` behind a path that leads to a property.
    fn parted(&self, text: &str) -> Result<(String, String), String> {
        let mut failure = None;
        for (end, _) in text.match_indices(';') {
            let (Some(path), Some(value)) = (text.get(..end), text.get(end + 1..)) else {
                continue;
            };
            match locate(self.values.at(), path) {
                Ok(located) if located.property.is_some() => {
                    return Ok((path.to_owned(), value.to_owned()));
                }
                Ok(_) => failure = failure.or(Some(format!("`{path}` names no property"))),
                Err(error) => failure = failure.or(Some(error.to_string())),
            }
        }
        Err(failure.unwrap_or_else(|| {
            let path = visible(text).into_owned();
            format!("expected `PATH;VALUE`, found `{path}`")
        }))
    }

    /// The object and the property that a path names, and the path as it is spelled everywhere.
    fn key(&self, path: &str) -> Option<(Key, String, String)> {
        let located = locate(self.values.at(), path).ok()?;
        let Place::Object(target) = located.place else {
            return None;
        };
        let property = located.property?;
        let property = match target.stored_value(&property) {
            Ok(stored) => stored.property.into_owned(),
            Err(_) => property,
        };
        let path = format!("{}.Properties[{property}]", self.values.path_of(target));
        Some(((located.file.id, target.node().id()), property, path))
    }

    /// Puts a value over a property. A path that leads nowhere is SSIS's warning, and the run goes on.
    fn put(&mut self, path: &str, value: LayerValue, origin: Origin, link: Link) {
        let from = source(&link);
        let located = match locate(self.values.at(), path) {
            Ok(located) => located,
            Err(error) => {
                let code = match &error {
                    LocateError::Path(PathError::Beginning(_)) | LocateError::NotAPackage(_) => {
                        NO_PACKAGE_PATH
                    }
                    LocateError::Path(PathError::Behind { .. }) => MALFORMED_PATH,
                    _ => OBJECT_NOT_FOUND,
                };
                return self.note(Some(code), format!("{from}: {error}"));
            }
        };
        match self.checked(&located, &value) {
            Ok((key, property)) => {
                self.layers.by_object.entry(key).or_default().push(Layer {
                    property,
                    value,
                    origin,
                    link,
                });
            }
            Err((code, why)) => self.note(Some(code), format!("{from}: `{path}`: {why}")),
        }
    }

    fn checked(
        &self,
        located: &Located<'a>,
        value: &LayerValue,
    ) -> Result<(Key, String), (u32, String)> {
        let Place::Object(target) = located.place else {
            return Err((MALFORMED_PATH, "is no property of an object".to_owned()));
        };
        let Some(property) = located.property.clone() else {
            return match target {
                // `/Connection` sets the whole string.
                Target::ConnectionManager(_) => {
                    let key = (located.file.id, target.node().id());
                    Ok((key, "ConnectionString".to_owned()))
                }
                _ => Err((MALFORMED_PATH, "names no property".to_owned())),
            };
        };
        if !matches!(target, Target::ConnectionManager(_))
            && let Err(error) = target.stored_value(&property)
        {
            return Err((CANNOT_SET, error.to_string()));
        }
        if let (LayerValue::Text(text), Some(type_name)) =
            (value, self.values.type_of(target, &property))
            && types::read(type_name, text).is_err()
        {
            return Err((CANNOT_SET, format!("the value is no {type_name}")));
        }
        Ok(((located.file.id, target.node().id()), property))
    }

    fn note(&mut self, code: Option<u32>, text: String) {
        let note = Note { code, text };
        if !self.layers.notes.contains(&note) {
            self.layers.notes.push(note);
        }
    }
}

fn source(link: &Link) -> String {
    match &link.file {
        Some(file) => file.to_string(),
        None => match link.kind {
            Origin::Set => "`--set`".to_owned(),
            Origin::Connection => "`--connection`".to_owned(),
            Origin::ExecutionParameter => "`--parameter`".to_owned(),
            _ => format!("the {} `{}`", link.kind.name().replace('-', " "), link.path),
        },
    }
}
