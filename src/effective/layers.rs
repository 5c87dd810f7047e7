//! What is put over stored values before expressions are evaluated, in the order in which dtexec does it.
//!
//! Configurations in the package's order, but for those from parent variables; the options of the command line;
//! the same configurations again, from wherever the options have moved them; parent variables. So an option cannot
//! win over a configuration that sets the same property. Source: *Package Configurations*, *dtexec Utility*.

use std::collections::HashMap;

use crate::package::{ConfigurationEntry, PathError, Target};
use crate::project::{FileId, LocateError, Located, Place, locate};
use crate::source::visible;
use crate::xml::NodeId;

use super::origin::{Link, Origin};
use super::package::{Note, PackageValues};
use super::parameter::link;
use super::types;

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
    /// What sets it, as a sentence.
    pub(super) by: String,
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
            configuration: None,
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
pub(super) const FILE_NOT_FOUND: u32 = 0x8001_2014;
pub(super) const OBJECT_NOT_FOUND: u32 = 0x8001_2017;
const NO_PACKAGE_PATH: u32 = 0x8001_2018;
pub(super) const MALFORMED_PATH: u32 = 0x8001_2019;
const CANNOT_SET: u32 = 0x8001_2028;

pub(super) struct Building<'v, 'a> {
    pub(super) values: &'v PackageValues<'a>,
    pub(super) layers: Layers,
    /// Configurations whose location an option has changed, by name.
    pub(super) moved: HashMap<String, String>,
    /// Steps of jobs that set something.
    job_steps: Vec<(String, String)>,
    /// What the configuration that is being applied does, as a sentence.
    pub(super) configuration: Option<String>,
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
                        by: "`--override` gives it".to_owned(),
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
    pub(super) fn put(&mut self, path: &str, value: LayerValue, origin: Origin, link: Link) {
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
                let by = self.configuration.clone();
                let by = by.unwrap_or_else(|| format!("{} sets it", source(&link)));
                self.layers.by_object.entry(key).or_default().push(Layer {
                    property,
                    value,
                    origin,
                    link,
                    by,
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

    pub(super) fn note(&mut self, code: Option<u32>, text: String) {
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
