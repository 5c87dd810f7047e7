//! Parameters: the value of this execution, that of the server, that of a build, that of the file.

use crate::expression::{Locale, Lookup, TypeName, Value};
use crate::package::{DTS, Parameter, ParameterScope, SSIS, same_id};
use crate::project::{File, InContext};

use super::origin::{Link, Origin};
use super::server::Held;
use super::types;
use super::unit::UnitValues;
use super::valued::Valued;

/// A parameter in its unit.
pub(super) struct ParameterAt<'u, 'a> {
    pub(super) unit: &'u UnitValues<'a>,
    /// The file that holds it.
    pub(super) file: &'a File,
    pub(super) parameter: Parameter<'a>,
}

impl ParameterAt<'_, '_> {
    /// `$Project::Smtp`
    pub(super) fn full_name(&self) -> String {
        match self.parameter.scope() {
            ParameterScope::Package => format!("$Package::{}", self.parameter.name()),
            ParameterScope::Project => format!("$Project::{}", self.parameter.name()),
        }
    }

    /// Its property path.
    pub(super) fn path(&self) -> String {
        match self.parameter.scope() {
            ParameterScope::Package => format!("\\Package.Parameters[{}]", self.parameter.name()),
            ParameterScope::Project => format!("\\Project.Parameters[{}]", self.parameter.name()),
        }
    }

    /// Its type; `None` for one that no expression knows.
    pub(super) fn type_name(&self) -> Option<TypeName> {
        let number = self.parameter.data_type();
        match self.parameter.scope() {
            ParameterScope::Package => match number {
                Some(number) => TypeName::of_variant(number),
                None => Some(TypeName::Wstr),
            },
            ParameterScope::Project => match number {
                Some(number) => types::of_type_code(number),
                None => Some(TypeName::Wstr),
            },
        }
    }

    /// Its value: dtexec's `/Parameter` over the server's over the file's.
    pub(super) fn valued(&self) -> Valued {
        let full = self.full_name();
        let Some(type_name) = self.type_name() else {
            let why = format!("`{full}` is of a type that expressions do not know");
            return Valued::refused(Lookup::UnsupportedType, Origin::Parameter, why);
        };
        let mut valued = self.before_server(type_name);
        let project = self.unit.project_of(self.file);
        let mut is_decided = false;
        if let Some(project) = &project {
            let server = self.unit.given().server.as_ref();
            let package = match self.parameter.scope() {
                ParameterScope::Package => Some(self.file.label.file_name()),
                ParameterScope::Project => None,
            };
            let name = self.parameter.name();
            match server.and_then(|it| it.parameter(project, package.as_deref(), &name)) {
                Some(Held::Value { text, by }) => {
                    valued = self.read(type_name, &text, Origin::ServerParameter);
                    valued = valued.with_link(link(Origin::ServerParameter, by));
                    is_decided = true;
                }
                Some(Held::Hidden(why)) => {
                    valued = self.hidden(type_name, Origin::ServerParameter, why);
                    is_decided = true;
                }
                None => {}
            }
        }
        if let Some(text) = self.execution_value(&full) {
            valued = self.read(type_name, text, Origin::ExecutionParameter);
            valued = valued.with_link(link(Origin::ExecutionParameter, full.clone()));
            is_decided = true;
        }
        if !is_decided {
            if self.parameter.is_required() {
                let why = format!(
                    "`{full}` is required and no value is given: `--parameter '{full}=VALUE'` gives one"
                );
                valued = self.hidden(type_name, Origin::Parameter, why);
            }
            if project.is_some() {
                let name = self.parameter.name();
                valued
                    .overridable_by
                    .push(format!("SSISDB parameter {name}"));
            }
        }
        valued.is_sensitive |= self.parameter.is_sensitive();
        valued
    }

    fn execution_value(&self, full: &str) -> Option<&str> {
        self.unit.given().parameter(full)
    }

    /// The value of the build configuration that was asked for, else that of the file.
    fn before_server(&self, type_name: TypeName) -> Valued {
        if let Some(valued) = self.of_build(type_name) {
            return valued;
        }
        let stored = self.parameter.value();
        let text = stored.map(|it| it.text().into_text()).unwrap_or_default();
        let own = Link {
            kind: Origin::Parameter,
            path: self.path(),
            file: Some(self.file.label.clone()),
            place: stored.map(|it| self.file.document.place(it.span())),
        };
        if self.parameter.is_sensitive() && !text.is_empty() && self.is_protected() {
            let why = format!(
                "`{}` is sensitive and encrypted: `--parameter` gives its value",
                self.full_name()
            );
            return self
                .hidden(type_name, Origin::Parameter, why)
                .with_link(own);
        }
        self.read(type_name, &text, Origin::Parameter)
            .with_link(own)
    }

    fn of_build(&self, type_name: TypeName) -> Option<Valued> {
        let wanted = self.unit.given().build_configuration.as_deref()?;
        let at = InContext {
            context: self.unit.context(),
            file: self.file,
        };
        let (file, project) = at.project()?;
        let name = match self.parameter.scope() {
            ParameterScope::Project => format!("Project::{}", self.parameter.name()),
            ParameterScope::Package => {
                format!("{}::{}", self.file.label.file_name(), self.parameter.name())
            }
        };
        let id = self.parameter.id().unwrap_or_default();
        let setting = project.configuration_settings().find(|setting| {
            setting.configuration().eq_ignore_ascii_case(wanted)
                && (same_id(&setting.id(), &id) || setting.name().eq_ignore_ascii_case(&name))
        })?;
        let stored = setting.value()?;
        let valued = self.read(type_name, &stored.text().text, Origin::BuildConfiguration);
        Some(valued.with_link(Link {
            kind: Origin::BuildConfiguration,
            path: format!("{wanted}: {name}"),
            file: Some(file.label.clone()),
            place: Some(file.document.place(stored.span())),
        }))
    }

    fn read(&self, type_name: TypeName, text: &str, origin: Origin) -> Valued {
        let full = self.full_name();
        match types::read(type_name, text) {
            Ok(value) => Valued::found(value, origin),
            // The text itself may be a secret.
            Err(error) => Valued::unknown(
                Some(type_name.widest()),
                origin,
                format!(
                    "the value of `{full}` is no {type_name}: {}",
                    error.message()
                ),
                None,
            ),
        }
    }

    fn hidden(&self, type_name: TypeName, origin: Origin, why: String) -> Valued {
        Valued::unknown(
            Some(type_name.widest()),
            origin,
            why,
            Some(self.full_name()),
        )
    }

    /// Whether the stored text is a ciphertext: values in clear are not marked.
    fn is_protected(&self) -> bool {
        let value = match self.parameter.value() {
            Some(crate::package::Stored::Element(node)) => node,
            _ => return false,
        };
        ["Sensitive", "Encrypted", "Salt"].iter().any(|name| {
            [SSIS, DTS, ""]
                .iter()
                .any(|namespace| value.attribute(namespace, name).is_some())
        })
    }
}

pub(super) fn link(kind: Origin, path: String) -> Link {
    Link {
        kind,
        path,
        file: None,
        place: None,
    }
}

/// A given value as the type that it is given for.
pub(super) fn converted(value: &Value, type_name: TypeName, name: &str, origin: Origin) -> Valued {
    if value.data_type().name() == type_name {
        return Valued::found(value.clone(), origin);
    }
    let read = match (value.as_str(), value.is_null()) {
        (_, true) => Ok(Value::null(type_name.widest())),
        (Some(text), _) => types::read(type_name, text),
        _ => value.cast_to(type_name.widest(), Locale::EN_US),
    };
    match read {
        Ok(value) => Valued::found(value, origin),
        Err(error) => Valued::unknown(
            Some(type_name.widest()),
            origin,
            format!(
                "the value given for `{name}` is no {type_name}: {}",
                error.message()
            ),
            None,
        ),
    }
}
