//! Rules that were checked, and what they match.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::connection_string::{Replacement, SmtpConnectionString, SmtpProperty};
use crate::project::{InContext, Label};

use super::part::Parts;
use super::pattern::Pattern;

/// What is to be changed.
#[derive(Clone, Debug, Default)]
pub struct Recipe {
    /// The rules, in their order.
    pub rules: Vec<Rule>,
}

/// One rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// From 1.
    pub number: usize,
    /// The path of the file, or its name.
    pub(super) file: Option<Pattern>,
    /// The name of the project, or of its file.
    pub(super) project: Option<Pattern>,
    pub(super) what: What,
}

#[derive(Clone, Debug)]
pub(super) enum What {
    Manager(ManagerRule),
    Addresses(Addresses),
    Literal(Literal),
}

/// Connection managers and their new values.
#[derive(Clone, Debug, Default)]
pub(super) struct ManagerRule {
    pub(super) conditions: ManagerConditions,
    /// Properties and keys, and their values, in the order in which a connection string has them.
    pub(super) values: Vec<(String, String)>,
    pub(super) name: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct ManagerConditions {
    pub(super) r#type: Option<Pattern>,
    pub(super) name: Option<Pattern>,
    pub(super) server: Option<Pattern>,
    pub(super) keys: Vec<(String, Pattern)>,
}

impl ManagerConditions {
    /// The conditions on values: the property and what it must be.
    pub(super) fn values(&self) -> impl Iterator<Item = (&str, &Pattern)> {
        let server = self
            .server
            .as_ref()
            .map(|server| (SmtpProperty::Server.key(), server));
        let keys = self
            .keys
            .iter()
            .map(|(key, pattern)| (key.as_str(), pattern));
        server.into_iter().chain(keys)
    }

    /// The condition on a property, if there is one.
    pub(super) fn on(&self, property: &str) -> Option<&Pattern> {
        self.values()
            .find(|(of, _)| of.eq_ignore_ascii_case(property))
            .map(|(_, pattern)| pattern)
    }
}

/// Addresses in Send Mail tasks and their new domains.
#[derive(Clone, Debug)]
pub(super) struct Addresses {
    pub(super) task: Option<Pattern>,
    pub(super) addresses: Option<Pattern>,
    pub(super) event: Option<Pattern>,
    pub(super) disabled: Option<bool>,
    pub(super) domains: BTreeMap<String, String>,
}

impl Addresses {
    /// The domains of the addresses in a text that get new ones.
    pub(super) fn replacements(&self, text: &str) -> Vec<Replacement> {
        let mut replacements = Vec::new();
        for address in addresses_in(text) {
            let whole = text.get(address.whole).unwrap_or_default();
            if self.addresses.as_ref().is_some_and(|it| !it.fits(whole)) {
                continue;
            }
            let domain = text.get(address.domain.clone()).unwrap_or_default();
            let new = self
                .domains
                .iter()
                .find(|(old, _)| old.eq_ignore_ascii_case(domain));
            if let Some((_, new)) = new
                && new != domain
            {
                replacements.push(Replacement {
                    range: address.domain,
                    text: new.clone(),
                });
            }
        }
        replacements
    }
}

struct Address {
    whole: Range<usize>,
    domain: Range<usize>,
}

/// What looks like an address: a domain behind `@`, and what stands before it.
fn addresses_in(text: &str) -> Vec<Address> {
    let is_domain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-');
    let ends_local = |c: char| c.is_whitespace() || matches!(c, ';' | ',' | '<' | '>' | '"' | '(');
    text.match_indices('@')
        .filter_map(|(at, _)| {
            let behind = text.get(at + 1..)?;
            let len = behind.len() - behind.trim_start_matches(is_domain).len();
            let domain = behind.get(..len)?.trim_end_matches(['.', '-']);
            let before = text.get(..at)?;
            let start = before.trim_end_matches(|c| !ends_local(c)).len();
            (!domain.is_empty()).then(|| Address {
                whole: start..at + 1 + domain.len(),
                domain: at + 1..at + 1 + domain.len(),
            })
        })
        .collect()
}

/// Variables and parameters that are exactly one text.
#[derive(Clone, Debug)]
pub(super) struct Literal {
    pub(super) old: String,
    pub(super) new: String,
}

/// A text that a recipe moves away from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Needle {
    pub(super) text: String,
    /// Whether it counts only as the domain of an address.
    pub(super) is_domain: bool,
}

/// What a short form of the command line cannot mean.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ShortFormError(String);

impl Recipe {
    /// The commonest job: SMTP connection managers of one server get another.
    ///
    /// # Errors
    ///
    /// [`ShortFormError`] for a server that no connection string can hold, or one that is given two new ones.
    pub fn of_servers(
        servers: &[(String, String)],
        enable_ssl: Option<bool>,
        windows_authentication: Option<bool>,
    ) -> Result<Recipe, ShortFormError> {
        let flag = |value: bool| if value { "True" } else { "False" }.to_owned();
        let mut rules: Vec<Rule> = Vec::new();
        for (index, (old, new)) in servers.iter().enumerate() {
            let twice = servers
                .get(..index)
                .unwrap_or_default()
                .iter()
                .find(|(other, to)| other.eq_ignore_ascii_case(old) && to != new);
            if let Some((_, other)) = twice {
                return Err(ShortFormError(format!(
                    "`{old}` is to become `{other}` and `{new}`: give one"
                )));
            }
            if let Ok(read) = SmtpConnectionString::parse("SmtpServer=x;") {
                read.set(SmtpProperty::Server, new)
                    .map_err(|error| ShortFormError(error.to_string()))?;
            }
            let mut values = vec![(SmtpProperty::Server.key().to_owned(), new.clone())];
            let more = [
                (
                    SmtpProperty::UseWindowsAuthentication,
                    windows_authentication,
                ),
                (SmtpProperty::EnableSsl, enable_ssl),
            ];
            for (property, value) in more {
                if let Some(value) = value {
                    values.push((property.key().to_owned(), flag(value)));
                }
            }
            rules.push(Rule {
                number: index + 1,
                file: None,
                project: None,
                what: What::Manager(ManagerRule {
                    conditions: ManagerConditions {
                        r#type: Some(Pattern::new("SMTP")),
                        server: Some(Pattern::new(old)),
                        ..ManagerConditions::default()
                    },
                    values,
                    name: None,
                }),
            });
        }
        Ok(Recipe { rules })
    }

    /// Whether a rule asks for the file.
    pub(super) fn asks_for_files(&self) -> bool {
        self.rules.iter().any(|rule| rule.file.is_some())
    }

    /// The old texts that the recipe moves away from, as far as it names them.
    pub(super) fn needles(&self) -> Vec<Needle> {
        let mut needles = Vec::new();
        let mut add = |text: &str, is_domain: bool| {
            let needle = Needle {
                text: text.to_lowercase(),
                is_domain,
            };
            if !text.is_empty() && !needles.contains(&needle) {
                needles.push(needle);
            }
        };
        for rule in &self.rules {
            match &rule.what {
                What::Manager(manager) => {
                    for (property, pattern) in manager.conditions.values() {
                        let moves = manager.values.iter().any(|(set, value)| {
                            set.eq_ignore_ascii_case(property) && !pattern.fits(value)
                        });
                        if let Some(text) = pattern.exact().filter(|_| moves) {
                            add(text, false);
                        }
                    }
                }
                What::Addresses(addresses) => {
                    for (old, new) in &addresses.domains {
                        if !old.eq_ignore_ascii_case(new) {
                            add(old, true);
                        }
                    }
                }
                What::Literal(literal) if literal.old != literal.new => add(&literal.old, false),
                What::Literal(_) => {}
            }
        }
        needles
    }
}

/// How much of a file a rule looks into.
pub(super) enum LooksInto {
    /// All of it.
    All,
    /// Only the copies of these connection managers of package parts.
    Copies(Vec<String>),
    Nothing,
}

impl Rule {
    /// Whether the rule looks into a file at all. A package part is looked into with the copies that packages hold of
    /// its connection managers.
    pub(super) fn looks_into(&self, at: InContext<'_>, parts: &Parts) -> LooksInto {
        if let Some(project) = &self.project {
            let is_in = at.project().is_some_and(|(file, read)| {
                let name = read.property("Name").map(|it| it.text().into_text());
                project.fits(&file.label.file_name())
                    || name.is_some_and(|name| project.fits(&name))
            });
            if !is_in {
                return LooksInto::Nothing;
            }
        }
        let Some(file) = &self.file else {
            return LooksInto::All;
        };
        if names(file, &at.file.label) {
            return LooksInto::All;
        }
        let copies = parts.managers(|label| names(file, label));
        match copies.is_empty() {
            true => LooksInto::Nothing,
            false => LooksInto::Copies(copies),
        }
    }
}

fn names(pattern: &Pattern, label: &Label) -> bool {
    pattern.fits(&label.to_string()) || pattern.fits(&label.file_name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_domains_of_addresses_are_replaced() {
        let rule = Addresses {
            task: None,
            addresses: Some(Pattern::new("a*@old.example")),
            event: None,
            disabled: None,
            domains: BTreeMap::from([("old.example".to_owned(), "new.example".to_owned())]),
        };
        let text = "Ann <ann@old.example>; bob@old.example;al@OLD.example.;ab@old.example.com; old.example";
        assert_eq!(
            Replacement::apply(&rule.replacements(text), text),
            "Ann <ann@new.example>; bob@old.example;al@new.example.;ab@old.example.com; old.example"
        );
    }
}
