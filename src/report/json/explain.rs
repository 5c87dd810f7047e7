//! `dtsx/explain@1`

use std::io;

use schemars::JsonSchema;
use serde::Serialize;

use crate::lint::Rule;

/// The schema's name.
pub const SCHEMA: &str = "dtsx/explain@1";

/// Rules with their pages.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Explain {
    /// `dtsx/explain@1`
    pub schema: &'static str,
    /// The rules, by code.
    pub rules: Vec<RuleJson>,
}

/// A rule.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Rule")]
pub struct RuleJson {
    /// `SM014`
    pub code: &'static str,
    /// `plaintext-smtp`
    pub name: &'static str,
    /// What it finds, on one line.
    pub summary: &'static str,
    /// What it is about.
    pub category: &'static str,
    /// How bad what it finds is.
    pub severity: &'static str,
    /// 1 for what fails, leaks or is hit everywhere, 2 for portability and hygiene.
    pub tier: u8,
    /// `safe` or `unsafe` where it offers fixes.
    pub fix: Option<&'static str>,
    /// The version that has it for the first time.
    pub since: &'static str,
    /// The page, as Markdown.
    pub documentation: String,
}

/// Writes rules.
///
/// # Errors
///
/// When the output cannot be written.
pub fn write(out: &mut dyn io::Write, rules: &[&'static Rule]) -> io::Result<()> {
    let rules = rules.iter().map(|rule| RuleJson {
        code: rule.code,
        name: rule.name,
        summary: rule.summary(),
        category: rule.category.name(),
        severity: rule.severity.name(),
        tier: rule.tier.number(),
        fix: rule.fix.map(|fix| fix.name()),
        since: rule.since,
        documentation: rule.documentation(),
    });
    let explain = Explain {
        schema: SCHEMA,
        rules: rules.collect(),
    };
    super::common::write(out, &explain)
}
