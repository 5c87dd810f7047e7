//! A connection manager and a task as values of their own, to be read from and written to JSON or TOML.
//!
//! They hold what is stored. A secret has no place in them: keys of a connection string that SMTP does not know,
//! where people put passwords, are left out on the way out and kept in the file on the way in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::connection_string::{SmtpConnectionString, SmtpProperty};
use crate::xml::Edit;

use super::connection_manager::ConnectionManager;
use super::edit::SetError;
use super::object::Object;
use super::send_mail::{MailProperty, MessageSourceType, Priority, SendMailTask};

/// An SMTP connection manager.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SmtpManagerModel {
    /// The name.
    pub name: String,
    /// The description.
    pub description: String,
    /// The mail server.
    pub server: String,
    /// Whether to sign in as the Windows account.
    pub use_windows_authentication: bool,
    /// Whether to demand STARTTLS.
    pub enable_ssl: bool,
    /// Time for one send; Microsoft documents no unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<i32>,
    /// Whether it is validated only when it is used.
    pub delay_validation: bool,
    /// Property expressions by property.
    pub expressions: BTreeMap<String, String>,
}

/// A Send Mail task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SendMailTaskModel {
    /// The name.
    pub name: String,
    /// The description.
    pub description: String,
    /// Whether it is disabled itself.
    pub disabled: bool,
    /// The SMTP connection manager, by id.
    pub connection: String,
    /// The sender.
    pub from: String,
    /// The recipients, separated by semicolons.
    pub to: String,
    /// The recipients of copies.
    pub cc: String,
    /// The recipients of blind copies.
    pub bcc: String,
    /// The subject.
    pub subject: String,
    /// The priority; a stored number that is no priority reads as `Normal`.
    pub priority: Priority,
    /// Where the text comes from.
    pub message_source_type: MessageSourceType,
    /// The text, the variable, or the connection manager.
    pub message_source: String,
    /// The attached files.
    pub attachments: Vec<String>,
    /// Property expressions by property.
    pub expressions: BTreeMap<String, String>,
}

impl SmtpManagerModel {
    /// What is stored in a manager; `None` when it is of another type or its connection string cannot be read.
    pub fn of(manager: ConnectionManager<'_>) -> Option<SmtpManagerModel> {
        if !manager.is_smtp() {
            return None;
        }
        let stored = manager.connection_string()?.text();
        let read = SmtpConnectionString::parse(&stored.text).ok()?;
        let connection = read.connection();
        let object = manager.object();
        Some(SmtpManagerModel {
            name: object.name().into_owned(),
            description: object.text("Description").unwrap_or_default().into_owned(),
            server: connection.server.clone(),
            use_windows_authentication: connection.use_windows_authentication,
            enable_ssl: connection.enable_ssl,
            timeout: connection.timeout,
            delay_validation: object.boolean("DelayValidation") == Some(true),
            expressions: expressions(object),
        })
    }

    /// The edits that make a manager what this says; what is so already is not touched.
    ///
    /// # Errors
    ///
    /// [`SetError`] when a value cannot be held.
    pub fn edits(&self, manager: ConnectionManager<'_>) -> Result<Vec<Edit>, SetError> {
        let now = SmtpManagerModel::of(manager).unwrap_or_default();
        let object = manager.object();
        let mut edits = Vec::new();
        if self.name != now.name {
            edits.extend(object.set("Name", &self.name)?);
        }
        if self.delay_validation != now.delay_validation {
            edits.extend(object.set("DelayValidation", flag(self.delay_validation))?);
        }
        if self.description != now.description {
            edits.extend(object.set("Description", &self.description)?);
        }
        if self.server != now.server {
            edits.extend(manager.set_smtp(SmtpProperty::Server, &self.server)?);
        }
        if self.use_windows_authentication != now.use_windows_authentication {
            let value = flag(self.use_windows_authentication);
            edits.extend(manager.set_smtp(SmtpProperty::UseWindowsAuthentication, value)?);
        }
        if self.enable_ssl != now.enable_ssl {
            edits.extend(manager.set_smtp(SmtpProperty::EnableSsl, flag(self.enable_ssl))?);
        }
        if let Some(timeout) = self.timeout.filter(|_| self.timeout != now.timeout) {
            edits.extend(manager.set_smtp(SmtpProperty::Timeout, &timeout.to_string())?);
        }
        edits.extend(expression_edits(
            object,
            &now.expressions,
            &self.expressions,
        )?);
        Ok(edits)
    }
}

impl SendMailTaskModel {
    /// What is stored in a task.
    pub fn of(task: SendMailTask<'_>) -> SendMailTaskModel {
        let object = task.executable().object();
        let text = |property| task.get(property).into_owned();
        SendMailTaskModel {
            name: object.name().into_owned(),
            description: object.text("Description").unwrap_or_default().into_owned(),
            disabled: task.executable().is_disabled(),
            connection: text(MailProperty::SmtpConnection),
            from: text(MailProperty::FromLine),
            to: text(MailProperty::ToLine),
            cc: text(MailProperty::CCLine),
            bcc: text(MailProperty::BCCLine),
            subject: text(MailProperty::Subject),
            priority: Priority::parse(&text(MailProperty::Priority)).unwrap_or_default(),
            message_source_type: MessageSourceType::parse(&text(MailProperty::MessageSourceType))
                .unwrap_or_default(),
            message_source: text(MailProperty::MessageSource),
            attachments: attachments(&text(MailProperty::FileAttachments)),
            expressions: expressions(object),
        }
    }

    /// The edits that make a task what this says; what is so already is not touched.
    ///
    /// # Errors
    ///
    /// [`SetError`] when a value cannot be held.
    pub fn edits(&self, task: SendMailTask<'_>) -> Result<Vec<Edit>, SetError> {
        let now = SendMailTaskModel::of(task);
        let object = task.executable().object();
        let mut edits = Vec::new();
        if self.name != now.name {
            edits.extend(object.set("Name", &self.name)?);
        }
        if self.description != now.description {
            edits.extend(object.set("Description", &self.description)?);
        }
        if self.disabled != now.disabled {
            edits.extend(object.set("Disable", flag(self.disabled))?);
        }
        for (property, old, new) in [
            (
                MailProperty::SmtpConnection,
                &now.connection,
                &self.connection,
            ),
            (MailProperty::FromLine, &now.from, &self.from),
            (MailProperty::ToLine, &now.to, &self.to),
            (MailProperty::CCLine, &now.cc, &self.cc),
            (MailProperty::BCCLine, &now.bcc, &self.bcc),
            (MailProperty::Subject, &now.subject, &self.subject),
        ] {
            if old != new {
                edits.extend(task.set(property, new)?);
            }
        }
        if self.priority != now.priority {
            edits.extend(task.set(MailProperty::Priority, self.priority.name())?);
        }
        if self.message_source_type != now.message_source_type {
            let name = self.message_source_type.name();
            edits.extend(task.set(MailProperty::MessageSourceType, name)?);
        }
        if self.message_source != now.message_source {
            edits.extend(task.set(MailProperty::MessageSource, &self.message_source)?);
        }
        if self.attachments != now.attachments {
            let joined = self.attachments.join("|");
            edits.extend(task.set(MailProperty::FileAttachments, &joined)?);
        }
        edits.extend(expression_edits(
            object,
            &now.expressions,
            &self.expressions,
        )?);
        Ok(edits)
    }
}

fn flag(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}

fn attachments(list: &str) -> Vec<String> {
    list.split('|')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

fn expressions(object: Object<'_>) -> BTreeMap<String, String> {
    object
        .property_expressions()
        .map(|it| (it.property().into_owned(), it.text().into_owned()))
        .collect()
}

fn expression_edits(
    object: Object<'_>,
    now: &BTreeMap<String, String>,
    wanted: &BTreeMap<String, String>,
) -> Result<Vec<Edit>, SetError> {
    let mut edits = Vec::new();
    for property in now
        .keys()
        .filter(|property| !wanted.contains_key(*property))
    {
        edits.extend(object.remove_expression(property));
    }
    for (property, expression) in wanted {
        if now.get(property) != Some(expression) {
            edits.extend(object.set_expression(property, expression)?);
        }
    }
    Ok(edits)
}
