//! Recipes: what people write to say what is to be changed, read and checked.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use crate::connection_string::{SmtpConnectionString, SmtpProperty};
use crate::package::nearest;
use crate::xml::escape_text;

use super::pattern::Pattern;
use super::rule::{Addresses, Literal, ManagerConditions, ManagerRule, Recipe, Rule, What};

/// A recipe as it is written.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "dtsx recipe", rename = "Recipe")]
pub struct RecipeFile {
    /// The version of the format: 1.
    #[schemars(with = "u32", range(min = 1, max = 1))]
    version: Spanned<u32>,
    /// The rules, in their order; each changes what all its conditions match.
    #[serde(default)]
    #[schemars(with = "Vec<RuleTable>")]
    rule: Vec<Spanned<RuleTable>>,
}

/// One rule.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RuleTable {
    /// The conditions, all of which must hold; `*` and `?` are wildcards, case does not count.
    #[serde(rename = "where")]
    #[schemars(with = "WhereTable")]
    conditions: Spanned<WhereTable>,
    /// New values of connection managers.
    #[schemars(with = "Option<SetTable>")]
    set: Option<Spanned<SetTable>>,
    /// Old texts and what takes their place.
    #[schemars(with = "Option<ReplaceTable>")]
    replace: Option<Spanned<ReplaceTable>>,
}

/// What a rule matches.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct WhereTable {
    /// The type of a connection manager: `SMTP`, `OLEDB`, `FILE`.
    r#type: Option<String>,
    /// The name of a connection manager.
    name: Option<String>,
    /// The mail server of an SMTP connection manager, stored or effective.
    server: Option<String>,
    /// Keys of a connection string and what they hold.
    keys: BTreeMap<String, String>,
    /// A Send Mail task, by its path or its name.
    task: Option<String>,
    /// An address in a Send Mail task.
    addresses: Option<String>,
    /// The event of the handler that a task runs in.
    event: Option<String>,
    /// Whether a task is disabled, itself or by what is around it.
    disabled: Option<bool>,
    /// What a variable or a parameter holds, all of it; no wildcards.
    literal: Option<String>,
    /// The path of the file, or its name.
    file: Option<String>,
    /// The name of the project, or of its file.
    project: Option<String>,
}

/// New values of a connection manager.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct SetTable {
    /// The mail server.
    server: Option<String>,
    /// Whether to sign in as the Windows account.
    use_windows_authentication: Option<bool>,
    /// Whether to demand STARTTLS.
    enable_ssl: Option<bool>,
    /// Time for one send; Microsoft documents no unit.
    #[schemars(range(min = 0, max = 2147483647))]
    timeout: Option<u32>,
    /// The name.
    name: Option<String>,
    /// The description.
    description: Option<String>,
    /// Keys of the connection string and their new values.
    keys: BTreeMap<String, String>,
}

/// What takes the place of old texts.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct ReplaceTable {
    /// Old domains of addresses and their new ones.
    domain: BTreeMap<String, String>,
    /// What takes the place of the literal of `where`.
    literal: Option<String>,
}

/// A recipe says something that it cannot mean; shown with the line and a caret under the place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}\n{excerpt}")]
pub struct RecipeError {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong, and what to do.
    pub message: String,
    /// The line, and a caret under the place.
    pub excerpt: String,
}

impl Recipe {
    /// Reads a recipe.
    ///
    /// # Errors
    ///
    /// [`RecipeError`] with the place: no TOML, an unknown key, a value of another type or one that no file could
    /// hold, a rule without conditions or one that can match nothing.
    pub fn parse(text: &str) -> Result<Recipe, RecipeError> {
        let file: RecipeFile = toml::from_str(text).map_err(|error| {
            let span = error.span().unwrap_or_default();
            error_at(text, span.start, span.end, suggested(error.message()))
        })?;
        let fail = |span: std::ops::Range<usize>, message: &str| {
            Err(error_at(text, span.start, span.end, message.to_owned()))
        };
        if *file.version.get_ref() != 1 {
            return fail(
                file.version.span(),
                "this program reads recipes of `version = 1`",
            );
        }
        if file.rule.is_empty() {
            return fail(
                file.version.span(),
                "the recipe has no rule: begin one with `[[rule]]`",
            );
        }
        let mut rules = Vec::new();
        for (index, table) in file.rule.iter().enumerate() {
            let rule = rule(index + 1, table.get_ref())
                .map_err(|(span, message)| error_at(text, span.start, span.end, message))?;
            rules.push(rule);
        }
        Ok(Recipe { rules })
    }
}

type Fault = (std::ops::Range<usize>, String);

fn rule(number: usize, table: &RuleTable) -> Result<Rule, Fault> {
    let conditions = table.conditions.get_ref();
    let span = table.conditions.span();
    let fail = |message: &str| Err((span.clone(), message.to_owned()));
    let pattern = |text: &Option<String>| text.as_deref().map(Pattern::new);
    let of_manager = conditions.r#type.is_some()
        || conditions.name.is_some()
        || conditions.server.is_some()
        || !conditions.keys.is_empty();
    let of_task = conditions.task.is_some()
        || conditions.addresses.is_some()
        || conditions.event.is_some()
        || conditions.disabled.is_some();
    let of_literal = conditions.literal.is_some();
    let what = match (of_manager, of_task, of_literal) {
        (false, false, false) => {
            return fail(
                "the rule has no condition on what it changes: give `type`, `server`, `keys`, `task`, `addresses` or \
                 `literal`",
            );
        }
        (true, false, false) => What::Manager(manager_rule(table, conditions)?),
        (false, true, false) => What::Addresses(addresses(table, conditions)?),
        (false, false, true) => What::Literal(literal(table, conditions)?),
        _ => {
            return fail(
                "the rule can match nothing: connection managers (`type name server keys`), Send Mail tasks (`task \
                 addresses event disabled`) and `literal` need rules of their own",
            );
        }
    };
    Ok(Rule {
        number,
        file: pattern(&conditions.file),
        project: pattern(&conditions.project),
        what,
    })
}

fn manager_rule(table: &RuleTable, conditions: &WhereTable) -> Result<ManagerRule, Fault> {
    if let Some(replace) = &table.replace {
        return Err((
            replace.span(),
            "`replace` is for tasks and literals: connection managers take `set`".to_owned(),
        ));
    }
    let Some(set) = &table.set else {
        return Err((
            table.conditions.span(),
            "the rule changes nothing: add `set = { … }`".to_owned(),
        ));
    };
    let span = set.span();
    let set = set.get_ref();
    let is_smtp = |text: &str| Pattern::new(text).fits("SMTP");
    let sets_smtp = set.server.is_some()
        || set.use_windows_authentication.is_some()
        || set.enable_ssl.is_some()
        || set.timeout.is_some();
    let needs_smtp = conditions.server.is_some() || sets_smtp;
    match &conditions.r#type {
        Some(named) if needs_smtp && !is_smtp(named) => {
            return Err((
                table.conditions.span(),
                format!(
                    "the rule can match nothing: `server`, `enable_ssl`, `use_windows_authentication` and `timeout` \
                     are of the type `SMTP`, not `{named}` (other types take `keys`)"
                ),
            ));
        }
        _ => {}
    }
    let mut values = Vec::new();
    let flag = |value: bool| if value { "True" } else { "False" }.to_owned();
    let mut smtp = |property: SmtpProperty, value: Option<String>| -> Result<(), Fault> {
        let Some(value) = value else { return Ok(()) };
        // As a connection manager would be given it, so that what no file could hold is told now.
        let checked = SmtpConnectionString::parse("SmtpServer=x;").map(|it| {
            it.set(property, &value)
                .map(|_| ())
                .map_err(|error| error.to_string())
        });
        if let Ok(Err(error)) = checked {
            return Err((span.clone(), error));
        }
        values.push((property.key().to_owned(), value));
        Ok(())
    };
    smtp(SmtpProperty::Server, set.server.clone())?;
    smtp(
        SmtpProperty::UseWindowsAuthentication,
        set.use_windows_authentication.map(flag),
    )?;
    smtp(SmtpProperty::EnableSsl, set.enable_ssl.map(flag))?;
    smtp(
        SmtpProperty::Timeout,
        set.timeout.map(|timeout| timeout.to_string()),
    )?;
    for (key, value) in &set.keys {
        if crate::connection_string::is_secret_key(key) {
            return Err((
                span,
                format!("`{key}` names a secret: a recipe does not carry secrets"),
            ));
        }
        values.push((key.clone(), value.clone()));
    }
    if let Some(description) = &set.description {
        values.push(("Description".to_owned(), description.clone()));
    }
    for (_, value) in &values {
        representable(value).map_err(|message| (span.clone(), message))?;
    }
    if let Some(name) = &set.name {
        representable(name).map_err(|message| (span.clone(), message))?;
        if name.trim().is_empty() {
            return Err((span, "a connection manager needs a name".to_owned()));
        }
    }
    if values.is_empty() && set.name.is_none() {
        return Err((span, "the rule changes nothing: `set` is empty".to_owned()));
    }
    Ok(ManagerRule {
        conditions: ManagerConditions {
            r#type: match &conditions.r#type {
                Some(named) => Some(Pattern::new(named)),
                None if needs_smtp => Some(Pattern::new("SMTP")),
                None => None,
            },
            name: conditions.name.as_deref().map(Pattern::new),
            server: conditions.server.as_deref().map(Pattern::new),
            keys: conditions
                .keys
                .iter()
                .map(|(key, value)| (key.clone(), Pattern::new(value)))
                .collect(),
        },
        values,
        name: set.name.clone(),
    })
}

fn addresses(table: &RuleTable, conditions: &WhereTable) -> Result<Addresses, Fault> {
    if let Some(set) = &table.set {
        return Err((
            set.span(),
            "`set` is for connection managers: Send Mail tasks take `replace = { domain = { … } }`"
                .to_owned(),
        ));
    }
    let domains = table
        .replace
        .as_ref()
        .map(|replace| (replace.span(), &replace.get_ref().domain))
        .filter(|(_, domains)| !domains.is_empty());
    let Some((span, domains)) = domains else {
        return Err((
            table.conditions.span(),
            "the rule changes nothing: add `replace = { domain = { \"old.example\" = \"new.example\" } }`"
                .to_owned(),
        ));
    };
    for (old, new) in domains {
        for domain in [old, new] {
            let is_domain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-');
            if domain.is_empty() || !domain.chars().all(is_domain) {
                return Err((
                    span,
                    format!("expected a domain such as `old.example`, found `{domain}`"),
                ));
            }
        }
    }
    if let Some(literal) = table
        .replace
        .as_ref()
        .and_then(|it| it.get_ref().literal.as_ref())
    {
        return Err((
            span,
            format!(
                "the rule can match nothing: `replace.literal` (`{literal}`) needs `where.literal`"
            ),
        ));
    }
    Ok(Addresses {
        task: conditions.task.as_deref().map(Pattern::new),
        addresses: conditions.addresses.as_deref().map(Pattern::new),
        event: conditions.event.as_deref().map(Pattern::new),
        disabled: conditions.disabled,
        domains: domains.clone(),
    })
}

fn literal(table: &RuleTable, conditions: &WhereTable) -> Result<Literal, Fault> {
    if let Some(set) = &table.set {
        return Err((
            set.span(),
            "`set` is for connection managers: a literal takes `replace = { literal = \"…\" }`"
                .to_owned(),
        ));
    }
    let old = conditions.literal.clone().unwrap_or_default();
    if old.is_empty() {
        return Err((
            table.conditions.span(),
            "the rule can match nothing: the literal is empty".to_owned(),
        ));
    }
    let replace = table.replace.as_ref();
    let new = replace.and_then(|replace| replace.get_ref().literal.clone());
    match (new, replace) {
        (Some(new), Some(replace)) if replace.get_ref().domain.is_empty() => {
            representable(&new).map_err(|message| (replace.span(), message))?;
            Ok(Literal { old, new })
        }
        (Some(_), Some(replace)) => Err((
            replace.span(),
            "`domain` is for addresses of tasks: a literal has `replace = { literal = \"…\" }` alone"
                .to_owned(),
        )),
        _ => Err((
            table.conditions.span(),
            "the rule changes nothing: add `replace = { literal = \"…\" }`".to_owned(),
        )),
    }
}

fn representable(value: &str) -> Result<(), String> {
    escape_text(value)
        .map(|_| ())
        .map_err(|error| error.to_string())
}

/// An unknown key with the one that may have been meant.
fn suggested(message: &str) -> String {
    let mut quoted = message
        .split('`')
        .enumerate()
        .filter(|(index, _)| index % 2 == 1)
        .map(|(_, word)| word);
    let is_unknown = message.starts_with("unknown field");
    match quoted.next().filter(|_| is_unknown) {
        Some(wrong) => match nearest(wrong, quoted) {
            Some(near) => format!("{message} (did you mean `{near}`?)"),
            None => message.to_owned(),
        },
        None => message.to_owned(),
    }
}

fn error_at(text: &str, start: usize, end: usize, message: String) -> RecipeError {
    let before = text.get(..start).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
    let content = text.get(line_start..).unwrap_or_default();
    let content = content.lines().next().unwrap_or_default();
    let marked = text
        .get(start..end.min(line_start + content.len()).max(start))
        .unwrap_or_default();
    let carets = "^".repeat(marked.chars().count().max(1));
    let number = line.to_string();
    let gutter = " ".repeat(number.len());
    // Tabs before the place keep their width.
    let indent: String = content
        .chars()
        .take(column - 1)
        .map(|c| if c == '\t' { '\t' } else { ' ' })
        .collect();
    RecipeError {
        line,
        column,
        message,
        excerpt: format!("{gutter} |\n{number} | {content}\n{gutter} | {indent}{carets}"),
    }
}
