//! SM016: a password in clear.

use std::ops::Range;

use crate::connection_string::{
    ConnectionString, SmtpConnectionString, is_secret_key, secrets, secrets_within,
};
use crate::lint::rule::rule;
use crate::lint::{Applicability, Draft, Findings, InFile, Severity};
use crate::package::{
    ConfigurationEntry, ConnectionManager, FileKind, Package, Parameter, ProjectFile,
    PropertyExpression, Stored, Target, holds_literal, project_parameters,
};
use crate::project::Changes;

rule! {
    /// A password or another secret stands in the file in clear
    ///
    /// ## What it does
    /// Looks for keys such as `Password=`, `Pwd=`, `AccountKey=` with a value: in connection strings of every
    /// type, in property expressions, variables and parameters, in project files and XML configurations. A variable
    /// or a parameter that is itself named like a secret and is not sensitive is a warning.
    ///
    /// Secrets are `***` in every output. Literal credentials in scripts are the matter of SM018.
    ///
    /// ## Why it matters
    /// Who can read the file or the repository, or any backup of either, has the password: CWE-798, CWE-312. SSIS
    /// encrypts only what it knows to be sensitive; a password inside of a text it does not know.
    ///
    /// ## Example
    /// ```text
    /// SmtpServer=relay.example.com;User=svc-mail;Password=…;
    /// ```
    ///
    /// ## Instead
    /// Change the password: it is no secret any more. Give the new one as a sensitive parameter, from an environment
    /// of the SSIS catalog, or use integrated authentication.
    ///
    /// ## Fix
    /// Unsafe: takes the pair out of the stored string of an SMTP connection manager, which cannot use it anyway. For
    /// others there is none: the connection would fail.
    ///
    /// ## References
    /// - Security of sensitive data: <https://learn.microsoft.com/en-us/sql/integration-services/security/access-control-for-sensitive-data-in-packages>
    /// - CWE-798: <https://cwe.mitre.org/data/definitions/798.html>
    SM016 "credentials-in-clear" {
        category: Security,
        severity: Error,
        tier: First,
        since: "0.1.0",
        fix: Unsafe,
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for manager in at.connection_managers() {
        manager_strings(at, manager, found);
        expressions(Target::ConnectionManager(manager), found);
    }
    let objects = at.objects();
    for executable in &objects.executables {
        expressions(Target::Executable(*executable), found);
    }
    for variable in &objects.variables {
        let target = Target::Variable(*variable);
        if let Some(value) = variable.value() {
            let named = is_secret_key(&variable.object().name());
            let is_text = variable.data_type() == Some(8);
            text(target, ("Value", value), named && is_text, found);
        }
        if let Some(expression) = variable.expression().filter(|_| variable.is_evaluated()) {
            text(target, ("Expression", expression), false, found);
        }
    }
    let parameters: Vec<Parameter<'_>> = match at.file().kind {
        FileKind::Parameters if !at.file().is_encrypted => {
            project_parameters(at.file().document.root()).collect()
        }
        _ => at
            .package()
            .into_iter()
            .flat_map(Package::parameters)
            .collect(),
    };
    for parameter in parameters.into_iter().filter(|it| !it.is_sensitive()) {
        if let Some(value) = parameter.value() {
            let named = is_secret_key(&parameter.name());
            text(Target::Parameter(parameter), ("Value", value), named, found);
        }
    }
    if !at.file().is_encrypted {
        project_file(at, found);
        configuration(at, found);
    }
}

/// Where secrets are in a text; those that are only masks are none.
fn places(text: &str, is_connection_string: bool) -> Vec<(String, Range<usize>)> {
    let all = match is_connection_string {
        true => secrets(text),
        false => secrets_within(text),
    };
    let is_real = |value: &str| {
        let bare = value.trim_matches(['"', '\'', ' ', '\\']);
        !bare.is_empty() && !bare.chars().all(|c| matches!(c, '*' | 'x' | 'X' | '#'))
    };
    all.into_iter()
        .filter(|place| text.get(place.value.clone()).is_some_and(is_real))
        .map(|place| (place.key, place.value))
        .collect()
}

fn manager_strings(at: &InFile<'_>, manager: ConnectionManager<'_>, found: &mut Findings<'_, '_>) {
    let Some(string) = manager.connection_string() else {
        return;
    };
    let target = Target::ConnectionManager(manager);
    let decoded = string.text();
    for (key, range) in places(&decoded.text, true) {
        let message = format!("`{key}` stands in the connection string in clear");
        let draft = Draft::at(target, "ConnectionString", decoded.raw_span(range), message);
        let changes = manager
            .is_smtp()
            .then(|| without(at, string, &key))
            .flatten();
        let title = format!("take `{key}` out of the connection string");
        found.report(draft.fix(Applicability::Unsafe, title, changes));
    }
}

/// The string without a key.
fn without(at: &InFile<'_>, string: Stored<'_>, key: &str) -> Option<Changes> {
    let text = string.text().into_text();
    SmtpConnectionString::parse(&text).ok()?;
    let dialect = crate::connection_string::Dialect::Plain;
    let pairs = ConnectionString::parse_as(&text, dialect).ok()?;
    let edits = string.replace_all(&pairs.remove(key)).ok()?;
    let mut changes = Changes::new();
    changes.add(at.file().id, edits).ok()?;
    Some(changes)
}

fn expressions(target: Target<'_>, found: &mut Findings<'_, '_>) {
    for expression in target.object().property_expressions() {
        let stored = expression.stored();
        let property = expression.property();
        if is_secret_key(&property) && is_literal(expression) {
            let message =
                format!("the expression on `{property}` holds a literal: a secret in clear");
            found.report(Draft::at(target, &property, stored.span(), message));
            continue;
        }
        text(target, (&property, stored), false, found);
    }
}

fn is_literal(expression: PropertyExpression<'_>) -> bool {
    let text = expression.text();
    holds_literal(&text) && text.trim_matches(['"', ' ']).chars().count() > 0
}

fn text<'a>(
    target: Target<'a>,
    (property, stored): (&str, Stored<'a>),
    is_named: bool,
    found: &mut Findings<'_, '_>,
) {
    let decoded = stored.text();
    let inside = places(&decoded.text, false);
    if inside.is_empty() && is_named && !decoded.text.trim().is_empty() {
        let name = target.name();
        let message = format!(
            "`{name}` is named like a secret, holds a value and is not sensitive: use a sensitive parameter"
        );
        let draft = Draft::at(target, property, stored.span(), message);
        return found.report(draft.severity(Severity::Warning));
    }
    for (key, range) in inside {
        let message = format!("`{key}` stands in this text in clear");
        found.report(Draft::at(
            target,
            property,
            decoded.raw_span(range),
            message,
        ));
    }
}

/// What build configurations give to parameters, and copies that are not sensitive.
fn project_file(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    if at.file().kind != FileKind::Project {
        return;
    }
    let project = ProjectFile::new(&at.file().document);
    let copies = project.copies().chain(project.parameter_copies());
    for copy in copies.filter(|copy| !copy.is_sensitive()) {
        let name = copy.full_name().unwrap_or_default();
        let path = match copy.package() {
            Some(package) => format!("\\Project.Copies[{package}|{name}]"),
            None => format!("\\Project.Copies[{name}]"),
        };
        plain(path, copy.value(), copy.holds_secret(), found);
    }
    for setting in project.configuration_settings() {
        let (configuration, name) = (setting.configuration(), setting.name());
        let path = format!("\\Project.Configurations[{configuration}].Parameters[{name}]");
        plain(path, setting.value(), setting.holds_secret(), found);
    }
}

fn configuration(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    if at.file().kind != FileKind::Configuration {
        return;
    }
    for entry in ConfigurationEntry::all(at.file().document.root()) {
        let path = format!("\\Configuration[{}]", entry.path());
        plain(path, entry.value(), entry.holds_secret(), found);
    }
}

fn plain(path: String, value: Option<Stored<'_>>, is_named: bool, found: &mut Findings<'_, '_>) {
    let Some(value) = value else { return };
    let decoded = value.text();
    if is_named && !decoded.text.trim().is_empty() {
        let message = "the value of something that is named like a secret stands here in clear";
        return found.report(Draft::path(path, "", Some(value.span()), message));
    }
    for (key, range) in places(&decoded.text, false) {
        let message = format!("`{key}` stands in this text in clear");
        found.report(Draft::path(
            path.clone(),
            "",
            Some(decoded.raw_span(range)),
            message,
        ));
    }
}
