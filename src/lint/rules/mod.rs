//! The rules, one a file, and the table of all of them.

use super::rule::Rule;

pub(super) mod sm000_unreadable;
mod sm001_connection_missing;
mod sm002_connection_dangling;
mod sm003_connection_wrong_type;
mod sm007_address_malformed;
mod sm013_provider_needs_auth;
mod sm014_plaintext_smtp;
mod sm015_windows_auth_plaintext;
mod sm016_credentials;
mod sm022_basic_authentication;
mod sm030_server_hardcoded;
mod sm031_server_localhost;
mod sm032_server_ip_literal;
mod sm033_server_single_label;
mod sm034_server_malformed;
mod sm035_server_empty;
mod sm036_no_timeout;
mod sm037_manager_unused;
mod sm038_managers_duplicate;
mod sm039_manager_conflicting;
mod sm040_project_copy_stale;
mod sm054_protection_user_key;
mod sm055_package_encrypted;
mod sm056_legacy_format;
mod sm057_delay_validation_missing;
mod sm060_direct_send;
mod sm061_azure_windows_auth;
mod sm062_azure_port_25;
mod sm063_obsolete_host;
mod sm067_external_recipient;
mod sm068_from_domain;

/// Every rule, by code. Reports, pages and `explain` come from here.
pub static RULES: &[&Rule] = &[
    &sm000_unreadable::RULE,
    &sm001_connection_missing::RULE,
    &sm002_connection_dangling::RULE,
    &sm003_connection_wrong_type::RULE,
    &sm007_address_malformed::RULE,
    &sm013_provider_needs_auth::RULE,
    &sm014_plaintext_smtp::RULE,
    &sm015_windows_auth_plaintext::RULE,
    &sm016_credentials::RULE,
    &sm022_basic_authentication::RULE,
    &sm030_server_hardcoded::RULE,
    &sm031_server_localhost::RULE,
    &sm032_server_ip_literal::RULE,
    &sm033_server_single_label::RULE,
    &sm034_server_malformed::RULE,
    &sm035_server_empty::RULE,
    &sm036_no_timeout::RULE,
    &sm037_manager_unused::RULE,
    &sm038_managers_duplicate::RULE,
    &sm039_manager_conflicting::RULE,
    &sm040_project_copy_stale::RULE,
    &sm054_protection_user_key::RULE,
    &sm055_package_encrypted::RULE,
    &sm056_legacy_format::RULE,
    &sm057_delay_validation_missing::RULE,
    &sm060_direct_send::RULE,
    &sm061_azure_windows_auth::RULE,
    &sm062_azure_port_25::RULE,
    &sm063_obsolete_host::RULE,
    &sm067_external_recipient::RULE,
    &sm068_from_domain::RULE,
];

/// There is no such rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no rule `{name}`{}", did_you_mean(.nearest))]
pub struct UnknownRule {
    /// What was asked for.
    pub name: String,
    /// The code or name that is nearest, if one is near.
    pub nearest: Option<&'static str>,
}

fn did_you_mean(nearest: &Option<&'static str>) -> String {
    match nearest {
        Some(name) => format!(" (did you mean `{name}`?)"),
        None => String::new(),
    }
}

/// The rule of this code or name; case does not matter.
///
/// # Errors
///
/// [`UnknownRule`] with the nearest code or name.
pub fn rule(name: &str) -> Result<&'static Rule, UnknownRule> {
    let name = name.trim();
    let is_meant = |rule: &&&Rule| {
        rule.code.eq_ignore_ascii_case(name) || rule.name.eq_ignore_ascii_case(name)
    };
    RULES.iter().find(is_meant).copied().ok_or_else(|| {
        let names = RULES.iter().flat_map(|rule| [rule.code, rule.name]);
        UnknownRule {
            name: name.to_owned(),
            nearest: crate::package::nearest(name, names),
        }
    })
}
