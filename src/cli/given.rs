//! Options that give values from outside of the files.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use dtsx::effective::{Given, GivenBy, GivenVariable, LoadedConfiguration, PathMap, ServerValues};
use dtsx::expression::{Bindings, Error, Expression, Locale, Moment, TypeName, Value};
use dtsx::host::{Clock as _, Environment as _, Files as _, RealClock, RealEnvironment, RealFiles};

use super::exit::Exit;
use super::streams::Refusal;

/// Values from outside of the files.
#[derive(Debug, Args)]
pub(crate) struct GivenArgs {
    /// A variable, a parameter or a system variable (repeatable): `User::Count:DT_I4=5`, `System::MachineName=ETL01`;
    /// the value may be `@env:NAME` or `@file:PATH`, without `=` it is NULL
    #[arg(
        long = "var",
        value_name = "NAME[:DT_TYPE][=VALUE]",
        help_heading = "Values"
    )]
    variables: Vec<String>,
    /// A file with one such variable a line; empty lines and those that begin with `#` do not count (repeatable)
    #[arg(long = "vars", value_name = "FILE", help_heading = "Values")]
    variable_files: Vec<PathBuf>,
    /// An environment variable that configurations read (repeatable)
    #[arg(long = "env", value_name = "NAME=VALUE", help_heading = "Values")]
    environment: Vec<String>,
    /// A value as dtexec's `/Set` takes it, which a property expression and a configuration of the package win over
    /// (repeatable)
    #[arg(long = "set", value_name = "PATH;VALUE", help_heading = "Values")]
    sets: Vec<String>,
    /// A connection string as dtexec's `/Connection` takes it, by the name or the id of its manager (repeatable)
    #[arg(
        long = "connection",
        value_name = "NAME;STRING",
        help_heading = "Values"
    )]
    connections: Vec<String>,
    /// A parameter: `$Project::X`, `$Package::X` or `CM.Mail.SmtpServer` (repeatable)
    #[arg(long = "parameter", value_name = "NAME=VALUE", help_heading = "Values")]
    parameters: Vec<String>,
    /// An XML configuration besides those of the package (repeatable)
    #[arg(long = "config-file", value_name = "FILE", help_heading = "Values")]
    config_files: Vec<PathBuf>,
    /// The build configuration of the project whose values parameters take, such as Release
    #[arg(long, value_name = "NAME", help_heading = "Values")]
    build_configuration: Option<String>,
    /// What SQL Server holds: an export of the schema `dtsx/server-values@1`, as JSON or CSV
    #[arg(long, value_name = "FILE", help_heading = "Values")]
    server_values: Option<PathBuf>,
    /// The time, such as 2026-11-24T09:00:00, for GETDATE(), System::StartTime and the like; an offset behind it tells
    /// GETUTCDATE(), without one both give the same
    #[arg(long, value_name = "TIME", help_heading = "Values")]
    now: Option<Moment>,
    /// The locale that dates are written in and strings are ordered by [default: the package's, or 1033]
    #[arg(long, value_name = "LCID", help_heading = "Values")]
    locale: Option<u32>,
    /// Where a folder of the package is here: `C:\data=./data` (repeatable)
    #[arg(long = "map-path", value_name = "FROM=TO", help_heading = "Values")]
    map_paths: Vec<String>,
}

/// What may be taken from this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FromMachine {
    /// Nothing: the same files give the same report everywhere.
    Nothing,
    /// The clock, the name and the user.
    Itself,
    /// The environment, besides.
    EnvironmentToo,
}

impl GivenArgs {
    /// What was given.
    pub(crate) fn given(&self, machine: FromMachine) -> Result<Given<'static>, Refusal> {
        let mut given = Given {
            sets: with_outside(&self.sets, "--set")?,
            connections: with_outside(&self.connections, "--connection")?,
            build_configuration: self.build_configuration.clone(),
            now: self.now.map(|now| (now, GivenBy::Option)),
            locale: self.locale.map(Locale),
            files: Some(&RealFiles),
            ..Given::default()
        };
        from_machine(machine, &mut given);
        for path in &self.variable_files {
            for line in text_of(path)?.lines() {
                let line = line.trim();
                if !line.is_empty() && !line.starts_with('#') {
                    self.variable(line, "--vars", &mut given)?;
                }
            }
        }
        for text in &self.variables {
            self.variable(text, "--var", &mut given)?;
        }
        for text in &self.environment {
            let (name, value) = pair(text, "--env")?;
            given.environment.push((name, value));
        }
        for text in &self.parameters {
            let (name, value) = pair(text, "--parameter")?;
            let value = outside(&value)
                .map_err(|why| Refusal::usage(format!("--parameter: `{name}`: {why}")))?;
            given.parameters.push((name, value));
        }
        for path in &self.config_files {
            let loaded = LoadedConfiguration::read(path, &RealFiles).map_err(|error| Refusal {
                exit: Exit::Unreadable,
                message: format!("--config-file: {error}"),
            })?;
            given.config_files.push(loaded);
        }
        if let Some(path) = &self.server_values {
            let read = ServerValues::parse(&text_of(path)?).map_err(|error| Refusal {
                exit: Exit::Unreadable,
                message: format!("--server-values: {}: {error}", path.display()),
            })?;
            given.server = Some(read);
        }
        given.path_map = self.path_map()?;
        Ok(given)
    }

    /// Where the package's paths are here.
    pub(crate) fn path_map(&self) -> Result<PathMap, Refusal> {
        let mut paths = PathMap::default();
        for rule in &self.map_paths {
            paths
                .add(rule)
                .map_err(|error| Refusal::usage(format!("--map-path: {error}")))?;
        }
        Ok(paths)
    }

    fn variable(&self, text: &str, option: &str, given: &mut Given<'_>) -> Result<(), Refusal> {
        let (name, value) = Definition::parse(text)
            .and_then(|parts| parts.value(self.value_locale()))
            .map_err(|why| Refusal::usage(format!("{option}: {why}")))?;
        given.variables.push(GivenVariable {
            name: name.to_owned(),
            value,
            by: GivenBy::Option,
        });
        Ok(())
    }

    /// The locale in which values are written on the command line.
    fn value_locale(&self) -> Locale {
        self.locale.map_or(Locale::EN_US, Locale)
    }

    /// Variables as expressions without a package see them.
    pub(crate) fn bindings(&self) -> Result<Bindings, Refusal> {
        let mut bindings = Bindings::new();
        bindings.set_locale(self.value_locale());
        for variable in &self.given(FromMachine::Nothing)?.variables {
            bindings.bind(&variable.name, variable.value.clone());
        }
        if let Some(now) = self.now {
            bindings.set_now(now);
        }
        Ok(bindings)
    }

    /// Whether the time was given.
    pub(crate) fn has_time(&self) -> bool {
        self.now.is_some()
    }

    /// The options that only have a meaning for a package.
    pub(crate) fn for_packages(&self) -> Option<&'static str> {
        let given = [
            ("--env", self.environment.is_empty()),
            ("--set", self.sets.is_empty()),
            ("--connection", self.connections.is_empty()),
            ("--parameter", self.parameters.is_empty()),
            ("--config-file", self.config_files.is_empty()),
            ("--build-configuration", self.build_configuration.is_none()),
            ("--server-values", self.server_values.is_none()),
            ("--map-path", self.map_paths.is_empty()),
        ];
        let mut given = given.into_iter().filter(|(_, is_empty)| !is_empty);
        given.next().map(|(name, _)| name)
    }
}

/// What this machine says of itself; options that say otherwise come later and win.
fn from_machine(machine: FromMachine, given: &mut Given<'_>) {
    if machine == FromMachine::Nothing {
        return;
    }
    let now = &RealClock.now();
    given.now = given.now.or(Some((Moment::from(now), GivenBy::Machine)));
    let name = RealEnvironment.host_name().unwrap_or_default();
    let short = name.split('.').next().unwrap_or_default().to_uppercase();
    let user = ["USERNAME", "USER", "LOGNAME"]
        .iter()
        .find_map(|name| RealEnvironment.variable(name));
    let domain = RealEnvironment
        .variable("USERDOMAIN")
        .unwrap_or_else(|| short.clone());
    let mut add = |name: &str, value: String| {
        given.variables.push(GivenVariable {
            name: name.to_owned(),
            value: Value::text(value),
            by: GivenBy::Machine,
        });
    };
    if !short.is_empty() {
        add("System::MachineName", short);
    }
    if let Some(user) = user {
        add("System::UserName", format!("{domain}\\{user}"));
    }
    let id = uuid_text();
    add("System::ExecutionInstanceGUID", id);
    if machine == FromMachine::EnvironmentToo {
        let all = std::env::vars_os();
        given.environment.extend(all.filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }));
    }
}

/// An id for this execution, in braces and capitals as SSIS writes them.
fn uuid_text() -> String {
    use dtsx::host::Random as _;
    let bytes = dtsx::host::RealRandom.bytes();
    let mut text = String::from("{");
    for (at, byte) in bytes.iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02X}"));
    }
    text.push('}');
    text
}

fn pair(text: &str, option: &str) -> Result<(String, String), Refusal> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.to_owned()))
        }
        // What was typed may be a secret.
        _ => Err(Refusal::usage(format!("{option}: expected `NAME=VALUE`"))),
    }
}

/// `PATH;@env:NAME`: the value behind the last `;` may come from elsewhere.
fn with_outside(texts: &[String], option: &str) -> Result<Vec<String>, Refusal> {
    texts
        .iter()
        .map(|text| match text.rsplit_once(';') {
            Some((path, value)) if value.starts_with("@env:") || value.starts_with("@file:") => {
                let value = outside(value)
                    .map_err(|why| Refusal::usage(format!("{option}: `{path}`: {why}")))?;
                Ok(format!("{path};{value}"))
            }
            _ => Ok(text.clone()),
        })
        .collect()
}

fn text_of(path: &Path) -> Result<String, Refusal> {
    let unreadable = |why: String| Refusal {
        exit: Exit::Unreadable,
        message: format!("{}: {why}", path.display()),
    };
    let bytes = RealFiles
        .read(path)
        .map_err(|error: io::Error| unreadable(format!("could not be read: {error}")))?;
    let source = dtsx::source::Source::decode(bytes)
        .map_err(|error| unreadable(format!("could not be read as text: {error}")))?;
    Ok(source.text().to_owned())
}

/// `NAME[:DT_TYPE][=VALUE]`, taken apart.
pub(super) struct Definition<'t> {
    name: &'t str,
    data_type: Option<&'t str>,
    value: Option<&'t str>,
}

impl<'t> Definition<'t> {
    pub(super) fn parse(text: &'t str) -> Result<Definition<'t>, String> {
        let (left, value) = match text.split_once('=') {
            Some((left, value)) => (left, Some(value)),
            None => (text, None),
        };
        // The colon before a type is the last one; those of a namespace are two.
        let typed = left.rsplit_once(':').filter(|(name, of)| {
            let is_type = of
                .get(..3)
                .is_some_and(|head| head.eq_ignore_ascii_case("DT_"));
            is_type && !name.ends_with(':')
        });
        let (name, data_type) = match typed {
            Some((name, data_type)) => (name, Some(data_type)),
            None => (left, None),
        };
        if name.is_empty() || name.ends_with(':') {
            return Err(format!(
                "expected `NAME[:DT_TYPE][=VALUE]`, such as `User::Count:DT_I4=5`, found `{left}`"
            ));
        }
        Ok(Definition {
            name,
            data_type,
            value,
        })
    }

    /// The name, and the value that is meant.
    pub(super) fn value(&self, locale: Locale) -> Result<(&'t str, Value), String> {
        let name = self.name;
        let text = self
            .value
            .map(outside)
            .transpose()
            .map_err(|why| format!("`{name}`: {why}"))?;
        let value = match (self.data_type, text) {
            (None, Some(text)) => Ok(Value::text(text)),
            (None, None) => Ok(Value::null(TypeName::Wstr.widest())),
            (Some(of), text) => typed(of, text.as_deref(), locale),
        };
        // The text itself is not shown: it may be a secret.
        Ok((name, value.map_err(|why| format!("`{name}`: {why}"))?))
    }
}

/// A value of a type as it is written in a cast, with or without parameters.
fn typed(of: &str, text: Option<&str>, locale: Locale) -> Result<Value, String> {
    let plain = TypeName::from_name(of);
    if let (Some(name), Some(text)) = (plain, text) {
        return Value::from_text(name, text, locale).map_err(sentence);
    }
    let null = match plain {
        Some(name) => Value::null(name.widest()),
        None => Expression::parse(&format!("NULL({of})"))
            .and_then(|expression| expression.evaluate(&Bindings::new()))
            .map_err(|error| format!("`{of}` is no type: {}", sentence(error)))?,
    };
    match text {
        Some(text) => Value::text(text)
            .cast_to(null.data_type(), locale)
            .map_err(sentence),
        None => Ok(null),
    }
}

fn sentence(error: Error) -> String {
    match error.help() {
        Some(help) => format!("{}; {help}", error.message()),
        None => error.message().to_owned(),
    }
}

/// The value itself, or what `@env:NAME` or `@file:PATH` stands for.
fn outside(value: &str) -> Result<String, String> {
    if let Some(name) = value.strip_prefix("@env:") {
        return RealEnvironment
            .variable(name)
            .ok_or_else(|| format!("the environment has no variable `{name}`"));
    }
    if let Some(path) = value.strip_prefix("@file:") {
        let bytes = RealFiles
            .read(Path::new(path))
            .map_err(|error| format!("the file `{path}` could not be read: {error}"))?;
        let mut text =
            String::from_utf8(bytes).map_err(|_| format!("the file `{path}` is not UTF-8"))?;
        // An editor ends the last line; the value does not end in one.
        for end in ['\n', '\r'] {
            if text.ends_with(end) {
                text.pop();
            }
        }
        return Ok(text);
    }
    Ok(value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defined(text: &str) -> (String, Value) {
        let (name, value) = Definition::parse(text)
            .unwrap()
            .value(Locale::EN_US)
            .unwrap();
        (name.to_owned(), value)
    }

    #[test]
    fn a_definition_has_a_name_a_type_and_a_value() {
        for (text, name, data_type, value) in [
            ("User::n:DT_I4=5", "User::n", "DT_I4", Some("5")),
            ("User::n=5", "User::n", "DT_WSTR,1", Some("5")),
            ("n=a=b:DT_I4", "n", "DT_WSTR,9", Some("a=b:DT_I4")),
            ("User::n", "User::n", "DT_WSTR,4000", None),
            ("User::DT_x=1", "User::DT_x", "DT_WSTR,1", Some("1")),
            (
                "$Project::p:dt_bool=-1",
                "$Project::p",
                "DT_BOOL",
                Some("True"),
            ),
            ("a:DT_DATE=2024-01-04", "a", "DT_DATE", Some("1/4/2024")),
            (
                "a:DT_NUMERIC,10,2=1.239",
                "a",
                "DT_NUMERIC,10,2",
                Some("1.23"),
            ),
            ("a:DT_DECIMAL=12.50", "a", "DT_DECIMAL,2", Some("12.50")),
            ("a:DT_WSTR,5", "a", "DT_WSTR,5", None),
            ("a=", "a", "DT_WSTR,0", Some("")),
        ] {
            let (found, defined) = defined(text);
            assert_eq!(found, name, "{text}");
            assert_eq!(defined.data_type().to_string(), data_type, "{text}");
            assert_eq!(
                defined.to_text(Locale::EN_US).unwrap().as_deref(),
                value,
                "{text}"
            );
        }
    }

    #[test]
    fn a_wrong_definition_says_what_is_wrong_and_not_what_the_value_is() {
        for text in [
            "=5",
            ":DT_I4=5",
            "User::=5",
            "n:DT_I5=5",
            "n:DT_I4=hunter2",
            "n:DT_WSTR,2=hunter2",
            "n=@env:",
        ] {
            let why = Definition::parse(text)
                .and_then(|parts| parts.value(Locale::EN_US))
                .unwrap_err();
            assert!(!why.contains("hunter2"), "{why}");
        }
    }
}
