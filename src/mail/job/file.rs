//! What a job file says.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::reference::Reference;
use crate::expression::{Expression, Locale, TypeName, Value};

/// The schema's name.
pub const SCHEMA: &str = "dtsx/mail-job@1";

/// Mail that `dtsx run` sends without a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// `dtsx/mail-job@1`
    pub schema: String,
    /// Where the mail was extracted from; nothing is read from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// The locale of expressions and defaults, 1033 for English.
    #[serde(default = "english")]
    pub locale: u32,
    /// What expressions read and a run may give with `--var`, by name: `User::Rows`. One without a default must be
    /// given.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, Input>,
    /// Variables that are computed from others.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, Computed>,
    /// The mail servers, by the name of their connection manager.
    pub servers: BTreeMap<String, JobServer>,
    /// The mail, in its order.
    pub mails: Vec<JobMail>,
}

fn english() -> u32 {
    Locale::EN_US.0
}

/// Where mail was extracted from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The package's file name.
    pub file: String,
    /// The package's name.
    pub package: String,
    /// The version of dtsx that extracted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extracted_by: Option<String>,
}

/// What a run may or must give.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// The type in expressions: `DT_WSTR`, `DT_I4`, …
    #[serde(rename = "type")]
    pub data_type: String,
    /// The value when none is given; without it a run must give one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// What it is, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A variable that is computed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Computed {
    /// The type in expressions.
    #[serde(rename = "type")]
    pub data_type: String,
    /// The SSIS expression that gives it.
    pub expression: String,
}

/// A value that is the same in every run of a mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// The type in expressions.
    #[serde(rename = "type")]
    pub data_type: String,
    /// The value.
    pub value: String,
}

/// A value, or an SSIS expression that gives it when the job runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "expected a value, or `{ \"expression\": \"…\" }`"
)]
pub enum Setting<T> {
    /// The value.
    Plain(T),
    /// What gives it.
    Computed(Formula),
}

/// An SSIS expression.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Formula {
    /// The expression.
    pub expression: String,
}

/// A mail server, as an SMTP connection manager has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JobServer {
    /// The connection string of the manager, where an expression computes it as a whole; the others win over its
    /// parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_string: Option<Setting<String>>,
    /// The name or the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<Setting<String>>,
    /// The port; 25, or 465 where TLS is implicit, when it is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Whether STARTTLS is demanded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enable_ssl: Option<Setting<bool>>,
    /// Whether TLS begins with the first byte.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub implicit_tls: bool,
    /// The name that the certificate must be for, where it is not that of the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_name: Option<String>,
    /// Whether the Windows account signs in, where the server offers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_windows_authentication: Option<Setting<bool>>,
    /// Milliseconds that one delivery may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Setting<i32>>,
    /// Who signs in; what `run` is given wins over it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Account>,
}

/// Who signs in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The account: `user`, `user@realm` or `DOMAIN\user`.
    pub user: String,
    /// Where its password is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Reference>,
    /// Where its OAuth token is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Reference>,
}

/// A mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JobMail {
    /// What reports call it: the path of the task that it was.
    pub task: String,
    /// What names its file in an outbox: the name of the task.
    pub name: String,
    /// Its server, one of `servers`.
    pub server: String,
    /// The sender: one address.
    pub from: Setting<String>,
    /// The recipients, separated by `;`.
    #[serde(default = "empty", skip_serializing_if = "is_empty")]
    pub to: Setting<String>,
    /// The recipients of copies.
    #[serde(default = "empty", skip_serializing_if = "is_empty")]
    pub cc: Setting<String>,
    /// The recipients of blind copies.
    #[serde(default = "empty", skip_serializing_if = "is_empty")]
    pub bcc: Setting<String>,
    /// The subject: one line.
    #[serde(default = "empty", skip_serializing_if = "is_empty")]
    pub subject: Setting<String>,
    /// The text.
    pub body: Body,
    /// `High`, `Normal` or `Low`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Setting<String>>,
    /// The paths of files that go with it; an expression gives them separated by `|`.
    #[serde(default = "no_files", skip_serializing_if = "is_no_files")]
    pub attachments: Setting<Vec<String>>,
    /// What expressions read that belongs to the task, such as `System::TaskName`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, Known>,
}

fn empty() -> Setting<String> {
    Setting::Plain(String::new())
}

fn is_empty(setting: &Setting<String>) -> bool {
    matches!(setting, Setting::Plain(text) if text.is_empty())
}

fn no_files() -> Setting<Vec<String>> {
    Setting::Plain(Vec::new())
}

fn is_no_files(setting: &Setting<Vec<String>>) -> bool {
    matches!(setting, Setting::Plain(list) if list.is_empty())
}

/// The text of a mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "expected a text, `{ \"expression\": \"…\" }` or `{ \"file\": \"…\" }`"
)]
pub enum Body {
    /// The text itself.
    Text(String),
    /// What gives it.
    Computed(Formula),
    /// A file that holds it when the job runs.
    File {
        /// Its path.
        file: Setting<String>,
    },
}

/// A text that is no job.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// Not JSON, or not of the shape.
    #[error("is no job file: {0}")]
    Shape(#[from] serde_json::Error),
    /// Another schema.
    #[error("expected the schema `{SCHEMA}`, found `{0}`")]
    Schema(String),
    /// Something in it does not make sense.
    #[error("`{place}`: {reason}")]
    At {
        /// Where in the file.
        place: String,
        /// What is wrong.
        reason: String,
    },
}

impl Job {
    /// Reads a job file.
    ///
    /// # Errors
    ///
    /// [`JobError`]: of the first thing that is wrong.
    pub fn parse(text: &str) -> Result<Job, JobError> {
        /// A file of another schema has other fields.
        #[derive(Deserialize)]
        struct Head {
            schema: Option<String>,
        }
        let head: Head = serde_json::from_str(text)?;
        match head.schema.as_deref() {
            Some(SCHEMA) => {}
            other => return Err(JobError::Schema(other.unwrap_or_default().to_owned())),
        }
        let job: Job = serde_json::from_str(text)?;
        job.check()?;
        Ok(job)
    }

    /// The text of the file.
    ///
    /// # Errors
    ///
    /// None that is known: every field has a form in JSON.
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    fn check(&self) -> Result<(), JobError> {
        let locale = Locale(self.locale);
        for (name, input) in &self.inputs {
            let place = format!("inputs.{name}");
            let of = type_at(&place, &input.data_type)?;
            if let Some(default) = &input.default {
                Value::from_text(of, default, locale).map_err(|error| JobError::At {
                    place: format!("{place}.default"),
                    reason: error.message().to_owned(),
                })?;
            }
        }
        for (name, variable) in &self.variables {
            let place = format!("variables.{name}");
            type_at(&place, &variable.data_type)?;
            formula(&place, &variable.expression)?;
        }
        for (name, server) in &self.servers {
            let at = |field: &str| format!("servers.{name}.{field}");
            setting(&at("connection_string"), server.connection_string.as_ref())?;
            setting(&at("server"), server.server.as_ref())?;
            setting(&at("enable_ssl"), server.enable_ssl.as_ref())?;
            let windows = server.use_windows_authentication.as_ref();
            setting(&at("use_windows_authentication"), windows)?;
            setting(&at("timeout"), server.timeout.as_ref())?;
        }
        for (index, mail) in self.mails.iter().enumerate() {
            let at = |field: &str| format!("mails[{index}].{field}");
            if !self.servers.contains_key(&mail.server) {
                return Err(JobError::At {
                    place: at("server"),
                    reason: format!("`{}` is none of `servers`", mail.server),
                });
            }
            for (field, value) in [
                ("from", &mail.from),
                ("to", &mail.to),
                ("cc", &mail.cc),
                ("bcc", &mail.bcc),
                ("subject", &mail.subject),
            ] {
                setting(&at(field), Some(value))?;
            }
            setting(&at("priority"), mail.priority.as_ref())?;
            setting(&at("attachments"), Some(&mail.attachments))?;
            match &mail.body {
                Body::Text(_) => {}
                Body::Computed(it) => formula(&at("body"), &it.expression)?,
                Body::File { file } => setting(&at("body.file"), Some(file))?,
            }
            for (name, known) in &mail.values {
                let place = at(&format!("values.{name}"));
                let of = type_at(&place, &known.data_type)?;
                Value::from_text(of, &known.value, locale).map_err(|error| JobError::At {
                    place,
                    reason: error.message().to_owned(),
                })?;
            }
        }
        Ok(())
    }
}

fn type_at(place: &str, name: &str) -> Result<TypeName, JobError> {
    TypeName::from_name(name).ok_or_else(|| JobError::At {
        place: format!("{place}.type"),
        reason: format!("`{name}` is no type of expressions, such as `DT_WSTR` or `DT_I4`"),
    })
}

fn setting<T>(place: &str, setting: Option<&Setting<T>>) -> Result<(), JobError> {
    match setting {
        Some(Setting::Computed(it)) => formula(place, &it.expression),
        Some(Setting::Plain(_)) | None => Ok(()),
    }
}

fn formula(place: &str, expression: &str) -> Result<(), JobError> {
    match Expression::parse(expression) {
        Ok(_) => Ok(()),
        Err(error) => Err(JobError::At {
            place: place.to_owned(),
            reason: format!("the expression cannot be read: {error}"),
        }),
    }
}
