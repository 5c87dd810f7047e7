//! `dtsx.toml`: what people write to say which rules count, where, and how much.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use toml::Spanned;

use crate::package::nearest;

use super::rule::{Category, Rule, Severity};
use super::rules::RULES;
use super::settings::{DeniedHost, Level, PathSettings, Profile, Selection, Settings};
use super::suppress::Entry;

/// `dtsx.toml`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
#[schemars(title = "dtsx configuration", rename = "Configuration")]
pub struct ConfigurationFile {
    /// What `dtsx lint` looks for.
    lint: LintTable,
}

/// What `dtsx lint` looks for.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct LintTable {
    /// The rules that count, by code, name or category, or `all` [default: all].
    #[schemars(with = "Option<Vec<RulesText>>")]
    select: Option<Vec<Spanned<String>>>,
    /// Rules that do not count, by code, name or category.
    #[schemars(with = "Vec<RulesText>")]
    ignore: Vec<Spanned<String>>,
    /// How bad what rules find is.
    #[schemars(schema_with = "severities")]
    severity: BTreeMap<Spanned<String>, LevelText>,
    /// From which severity on a finding makes the command exit with 1 [default: warning].
    fail_level: Option<FailLevelText>,
    /// Where packages are to run.
    profile: Option<ProfileText>,
    /// Hosts that must not be used any more (`*` and `?` are wildcards), and the host to be used instead, or nothing.
    deny_hosts: BTreeMap<String, String>,
    /// The domains that mail may go to; subdomains are meant too.
    allowed_domains: Vec<String>,
    /// The domains that mail may come from; subdomains are meant too.
    from_domains: Vec<String>,
    /// Whether files that packages name are looked for.
    check_files: bool,
    /// The baseline: findings that are known, beside this file [default: dtsx-baseline.toml].
    baseline: Option<String>,
    /// What is different for some files.
    per_path: Vec<PathTable>,
    /// Findings that are accepted, with the reason.
    allow: Vec<AllowTable>,
}

/// What is different for some files.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct PathTable {
    /// Globs of the files, relative to this file; a folder means all below it, an archive its members.
    #[schemars(with = "Vec<String>")]
    paths: Vec<Spanned<String>>,
    /// Rules that do not count there.
    #[serde(default)]
    #[schemars(with = "Vec<RulesText>")]
    ignore: Vec<Spanned<String>>,
    /// How bad what rules find there is.
    #[serde(default)]
    #[schemars(schema_with = "severities")]
    severity: BTreeMap<Spanned<String>, LevelText>,
}

/// A finding that is accepted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct AllowTable {
    /// The rule, by code or name.
    #[schemars(with = "RuleText")]
    rule: Spanned<String>,
    /// The file, relative to this file; `ARCHIVE!MEMBER` for a member.
    path: String,
    /// The property path of the object, with `.Properties[…]` where the finding has one; all of the file's without.
    object: Option<String>,
    /// Which of several equal ones, from 0; all without.
    occurrence: Option<usize>,
    /// The object's id, by which the entry is found again when the object has another name.
    id: Option<String>,
    /// Why it is accepted.
    #[schemars(with = "String", regex(pattern = r"\S"))]
    reason: Spanned<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Level")]
enum LevelText {
    Error,
    Warning,
    Info,
    Off,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "FailLevel")]
enum FailLevelText {
    Error,
    Warning,
    Info,
    /// As the command line has it.
    Never,
    /// The same.
    Off,
}

/// The schema of a word that means rules, as `docs/rules` writes them; what reads it takes any case.
struct RulesText;

impl JsonSchema for RulesText {
    fn schema_name() -> Cow<'static, str> {
        "Rules".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words: Vec<&str> = words().collect();
        json_schema!({ "type": "string", "enum": words })
    }
}

/// The schema of the code or the name of a rule.
struct RuleText;

impl JsonSchema for RuleText {
    fn schema_name() -> Cow<'static, str> {
        "Rule".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words: Vec<&str> = codes_and_names().collect();
        json_schema!({ "type": "string", "enum": words })
    }
}

fn severities(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "propertyNames": generator.subschema_for::<RulesText>(),
        "additionalProperties": generator.subschema_for::<LevelText>(),
    })
}

/// All words that mean rules.
fn words() -> impl Iterator<Item = &'static str> {
    let categories = Category::ALL.into_iter().map(|it| it.name());
    ["all"]
        .into_iter()
        .chain(categories)
        .chain(codes_and_names())
}

fn codes_and_names() -> impl Iterator<Item = &'static str> {
    RULES.iter().flat_map(|rule| [rule.code, rule.name])
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Profile")]
enum ProfileText {
    OnPremises,
    Azure,
}

/// A configuration says something that it cannot mean; shown with the line and a caret under the place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}\n{excerpt}")]
pub struct ConfigError {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong, and what to do.
    pub message: String,
    /// The line, and a caret under the place.
    pub excerpt: String,
}

type Wrong = (Range<usize>, String);

impl Settings {
    /// Reads a configuration.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with the nearest key or rule.
    pub fn parse(text: &str) -> Result<Settings, ConfigError> {
        let file: ConfigurationFile = toml::from_str(text).map_err(|error| {
            let span = error.span().unwrap_or_default();
            error_at(text, span, suggested(error.message()))
        })?;
        settings(file.lint).map_err(|(span, message)| error_at(text, span, message))
    }
}

fn settings(table: LintTable) -> Result<Settings, Wrong> {
    let mut selection = Selection::default();
    if let Some(select) = &table.select {
        selection.select(&rules_of(select)?);
    }
    selection.ignore(&rules_of(&table.ignore)?);
    let per_path = table
        .per_path
        .iter()
        .map(path_settings)
        .collect::<Result<Vec<_>, Wrong>>()?;
    let instead = |(host, instead): (String, String)| DeniedHost {
        host,
        instead: Some(instead).filter(|it| !it.trim().is_empty()),
    };
    Ok(Settings {
        selection,
        levels: levels(&table.severity)?,
        per_path,
        fail_level: table.fail_level.map(|level| match level {
            FailLevelText::Error => Some(Severity::Error),
            FailLevelText::Warning => Some(Severity::Warning),
            FailLevelText::Info => Some(Severity::Info),
            FailLevelText::Never | FailLevelText::Off => None,
        }),
        profile: match table.profile {
            Some(ProfileText::Azure) => Profile::Azure,
            Some(ProfileText::OnPremises) | None => Profile::OnPremises,
        },
        deny_hosts: table.deny_hosts.into_iter().map(instead).collect(),
        allowed_domains: table.allowed_domains,
        from_domains: table.from_domains,
        check_files: table.check_files,
        baseline: table.baseline,
        allowed: table
            .allow
            .into_iter()
            .map(entry)
            .collect::<Result<Vec<_>, Wrong>>()?,
        root: None,
    })
}

fn path_settings(table: &PathTable) -> Result<PathSettings, Wrong> {
    let mut globs = GlobSetBuilder::new();
    for path in &table.paths {
        // Whoever writes it on Windows writes `\`, and CI may run elsewhere; no file of SSIS has one in its name.
        let pattern = path.get_ref().replace('\\', "/");
        let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
        for pattern in [
            pattern.to_owned(),
            format!("**/{pattern}"),
            format!("{pattern}/**"),
            format!("**/{pattern}/**"),
        ] {
            let glob = GlobBuilder::new(&pattern)
                .literal_separator(true)
                .backslash_escape(false)
                .build();
            globs.add(glob.map_err(|error| {
                (
                    path.span(),
                    format!("the glob cannot be read: {}", error.kind()),
                )
            })?);
        }
    }
    let globs: GlobSet = globs
        .build()
        .map_err(|error| (Range::default(), error.to_string()))?;
    Ok(PathSettings {
        globs,
        ignore: rules_of(&table.ignore)?
            .iter()
            .map(|rule| rule.code)
            .collect(),
        levels: levels(&table.severity)?,
    })
}

/// What is said of a rule wins over what is said of its category, and that over what is said of all.
fn levels(
    table: &BTreeMap<Spanned<String>, LevelText>,
) -> Result<BTreeMap<&'static str, Level>, Wrong> {
    let mut said = Vec::new();
    for (name, level) in table {
        let level = match level {
            LevelText::Error => Level::Is(Severity::Error),
            LevelText::Warning => Level::Is(Severity::Warning),
            LevelText::Info => Level::Is(Severity::Info),
            LevelText::Off => Level::Off,
        };
        let (group, rules) = meant(name.get_ref()).map_err(|message| (name.span(), message))?;
        said.push((group, name, rules, level));
    }
    said.sort_by_key(|(group, name, ..)| (*group, name.span().start));
    let mut levels = BTreeMap::new();
    let mut by_name: BTreeMap<&str, &str> = BTreeMap::new();
    for (group, name, rules, level) in said {
        for rule in rules {
            levels.insert(rule.code, level);
            let name_of_rule = (group == Group::Rule).then_some(name.get_ref());
            if let Some(word) = name_of_rule
                && let Some(before) = by_name.insert(rule.code, word)
            {
                let message = format!("`{before}` is the same rule, and has a severity already");
                return Err((name.span(), message));
            }
        }
    }
    Ok(levels)
}

fn rules_of(names: &[Spanned<String>]) -> Result<Vec<&'static Rule>, Wrong> {
    let mut all = Vec::new();
    for name in names {
        all.extend(rules_named(name.get_ref()).map_err(|message| (name.span(), message))?);
    }
    Ok(all)
}

fn entry(table: AllowTable) -> Result<Entry, Wrong> {
    let rules =
        rules_named(table.rule.get_ref()).map_err(|message| (table.rule.span(), message))?;
    let [rule] = rules.as_slice() else {
        return Err((
            table.rule.span(),
            "expected one rule, by its code or name".to_owned(),
        ));
    };
    if table.reason.get_ref().trim().is_empty() {
        return Err((
            table.reason.span(),
            "expected the reason why it is accepted".to_owned(),
        ));
    }
    Ok(Entry {
        rule: rule.code.to_owned(),
        path: table.path.trim_start_matches("./").to_owned(),
        object: table.object,
        occurrence: table.occurrence,
        id: table.id,
        reason: Some(table.reason.into_inner()),
    })
}

/// How many rules a word means, the most first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    All,
    Category,
    Rule,
}

/// The rules that a word means: one by its code or name, those of a category, or `all`.
///
/// # Errors
///
/// What is wrong with the word, with the nearest that there is.
pub fn rules_named(word: &str) -> Result<Vec<&'static Rule>, String> {
    meant(word).map(|(_, rules)| rules)
}

fn meant(word: &str) -> Result<(Group, Vec<&'static Rule>), String> {
    let word = word.trim();
    if word.eq_ignore_ascii_case("all") {
        return Ok((Group::All, RULES.to_vec()));
    }
    let category = Category::ALL
        .into_iter()
        .find(|category| category.name().eq_ignore_ascii_case(word));
    if let Some(category) = category {
        let rules = RULES.iter().copied().filter(|it| it.category == category);
        return Ok((Group::Category, rules.collect()));
    }
    let is_meant = |rule: &&&'static Rule| {
        rule.code.eq_ignore_ascii_case(word) || rule.name.eq_ignore_ascii_case(word)
    };
    if let Some(rule) = RULES.iter().find(is_meant) {
        return Ok((Group::Rule, vec![rule]));
    }
    Err(match nearest(word, codes_and_names().chain(words())) {
        Some(near) => format!("there is no rule or category `{word}` (did you mean `{near}`?)"),
        None => format!("there is no rule or category `{word}`: `dtsx explain` lists them"),
    })
}

/// Serde lists all keys that it knows; the nearest is what people need.
fn suggested(message: &str) -> String {
    let quoted = || message.split('`').skip(1).step_by(2);
    let mut words = quoted();
    match words.next() {
        Some(wrong) if message.starts_with("unknown ") => match nearest(wrong, words) {
            Some(near) => {
                let what = message.split(',').next().unwrap_or(message);
                format!("{what} (did you mean `{near}`?)")
            }
            None => message.to_owned(),
        },
        _ => message.to_owned(),
    }
}

fn error_at(text: &str, span: Range<usize>, message: String) -> ConfigError {
    let start = text.floor_char_boundary(span.start.min(text.len()));
    let before = text.get(..start).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let content = text.get(line_start..).unwrap_or_default();
    let content = content.lines().next().unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let indent = text.get(line_start..start).unwrap_or_default();
    let end = text
        .floor_char_boundary(span.end.min(line_start + content.len()))
        .max(start);
    let marked = text.get(start..end).unwrap_or_default();
    let carets = "^".repeat(marked.chars().count().max(1));
    let blanks: String = indent
        .chars()
        .map(|c| if c == '\t' { '\t' } else { ' ' })
        .collect();
    let number = line.to_string();
    let gutter = " ".repeat(number.len());
    ConfigError {
        line,
        column: indent.chars().count() + 1,
        message,
        excerpt: format!("{gutter} |\n{number} | {content}\n{gutter} | {blanks}{carets}"),
    }
}
