//! The rules, one a file, and the table of all of them.

use super::rule::Rule;

pub(super) mod sm000_unreadable;
mod sm001_connection_missing;
mod sm002_connection_dangling;
mod sm003_connection_wrong_type;
mod sm004_no_recipient;
mod sm005_from_empty;
mod sm006_from_malformed;
mod sm007_address_malformed;
mod sm008_recipient_separator;
mod sm009_recipients_too_long;
mod sm010_body_variable_missing;
mod sm011_body_variable_not_string;
mod sm012_body_file_connection_invalid;
mod sm013_provider_needs_auth;
mod sm014_plaintext_smtp;
mod sm015_windows_auth_plaintext;
mod sm016_credentials;
mod sm017_script_sends_mail;
mod sm018_script_mail_hardcoded_credential;
mod sm019_expression_unresolved;
mod sm020_duplicate_storm;
mod sm021_basic_auth_retirement;
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
mod sm041_attachment_local_path;
mod sm042_attachment_unc;
mod sm043_attachment_wildcard;
mod sm044_attachment_separator;
mod sm045_attachment_missing;
mod sm046_subject_empty;
mod sm047_subject_control_char;
mod sm048_body_empty;
mod sm049_html_in_text_body;
mod sm050_recipients_hardcoded;
mod sm051_placeholder_address;
mod sm052_task_disabled;
mod sm053_ancestor_disabled;
mod sm054_protection_user_key;
mod sm055_package_encrypted;
mod sm056_legacy_format;
mod sm057_delay_validation_missing;
mod sm058_fail_on_mail;
mod sm059_sensitive_in_body;
mod sm060_direct_send;
mod sm061_azure_windows_auth;
mod sm062_azure_port_25;
mod sm063_obsolete_host;
mod sm064_sp_send_dbmail;
mod sm065_third_party_mail_task;
mod sm066_process_mail;
mod sm067_external_recipient;
mod sm068_from_domain;
mod sm069_priority_invalid;
mod sm070_unknown_attribute;
mod sm071_calls_mail_procedure;

/// Every rule, by code. Reports, pages and `explain` come from here.
pub static RULES: &[&Rule] = &[
    &sm000_unreadable::RULE,
    &sm001_connection_missing::RULE,
    &sm002_connection_dangling::RULE,
    &sm003_connection_wrong_type::RULE,
    &sm004_no_recipient::RULE,
    &sm005_from_empty::RULE,
    &sm006_from_malformed::RULE,
    &sm007_address_malformed::RULE,
    &sm008_recipient_separator::RULE,
    &sm009_recipients_too_long::RULE,
    &sm010_body_variable_missing::RULE,
    &sm011_body_variable_not_string::RULE,
    &sm012_body_file_connection_invalid::RULE,
    &sm013_provider_needs_auth::RULE,
    &sm014_plaintext_smtp::RULE,
    &sm015_windows_auth_plaintext::RULE,
    &sm016_credentials::RULE,
    &sm017_script_sends_mail::RULE,
    &sm018_script_mail_hardcoded_credential::RULE,
    &sm019_expression_unresolved::RULE,
    &sm020_duplicate_storm::RULE,
    &sm021_basic_auth_retirement::RULE,
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
    &sm041_attachment_local_path::RULE,
    &sm042_attachment_unc::RULE,
    &sm043_attachment_wildcard::RULE,
    &sm044_attachment_separator::RULE,
    &sm045_attachment_missing::RULE,
    &sm046_subject_empty::RULE,
    &sm047_subject_control_char::RULE,
    &sm048_body_empty::RULE,
    &sm049_html_in_text_body::RULE,
    &sm050_recipients_hardcoded::RULE,
    &sm051_placeholder_address::RULE,
    &sm052_task_disabled::RULE,
    &sm053_ancestor_disabled::RULE,
    &sm054_protection_user_key::RULE,
    &sm055_package_encrypted::RULE,
    &sm056_legacy_format::RULE,
    &sm057_delay_validation_missing::RULE,
    &sm058_fail_on_mail::RULE,
    &sm059_sensitive_in_body::RULE,
    &sm060_direct_send::RULE,
    &sm061_azure_windows_auth::RULE,
    &sm062_azure_port_25::RULE,
    &sm063_obsolete_host::RULE,
    &sm064_sp_send_dbmail::RULE,
    &sm065_third_party_mail_task::RULE,
    &sm066_process_mail::RULE,
    &sm067_external_recipient::RULE,
    &sm068_from_domain::RULE,
    &sm069_priority_invalid::RULE,
    &sm070_unknown_attribute::RULE,
    &sm071_calls_mail_procedure::RULE,
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
