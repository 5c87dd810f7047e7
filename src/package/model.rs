//! A connection manager and a task as values of their own, to be read from and written to JSON or TOML.
//!
//! They hold what is stored, as a whole: on the way in every field must be given, so that a forgotten one empties
//! nothing. A secret has no place in them. Keys of a connection string that SMTP does not know, where people put
//! passwords, are left out on the way out and kept in the file on the way in; a secret inside of a text is `***`, and
//! a text that comes back with its `***` as it went out is not touched.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::connection_string::{SmtpConnectionString, SmtpProperty, masked_within};
use crate::secret::MASK;
use crate::xml::Edit;

use super::connection_manager::ConnectionManager;
use super::edit::{SetError, SetErrorKind, refuse_mask, with_line_feeds};
use super::object::Object;
use super::path::{Target, nearest};
use super::send_mail::{MailProperty, MessageSourceType, Priority, SendMailTask};

/// An SMTP connection manager.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
    /// Time for one send; Microsoft documents no unit. Nothing where the connection string does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<i32>,
    /// Whether it is validated only when it is used.
    pub delay_validation: bool,
    /// Property expressions by property.
    pub expressions: BTreeMap<String, String>,
}

/// A Send Mail task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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

/// What a model changes of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelChanges {
    /// Properties by their names in the object model, with their new values, in the order in which SSIS writes them.
    pub properties: Vec<(&'static str, String)>,
    /// Properties with their new expressions; `None` where the expression goes.
    pub expressions: Vec<(String, Option<String>)>,
}

impl SmtpManagerModel {
    /// What is stored in a manager.
    ///
    /// # Errors
    ///
    /// [`SetError`] when it is of another type or its connection string cannot be read.
    pub fn of(manager: ConnectionManager<'_>) -> Result<SmtpManagerModel, SetError> {
        let tell = |kind: SetErrorKind| kind.of("ConnectionString");
        if !manager.is_smtp() {
            return Err(tell(SetErrorKind::Unknown { nearest: None }));
        }
        let text = manager.connection_string().map(|stored| stored.text().text);
        let read = SmtpConnectionString::parse(text.as_deref().unwrap_or_default())
            .map_err(|error| tell(error.into()))?;
        let connection = read.connection();
        let object = manager.object();
        Ok(SmtpManagerModel {
            name: shown(&object.name()),
            description: shown(&object.text("Description").unwrap_or_default()),
            server: shown(&connection.server),
            use_windows_authentication: connection.use_windows_authentication,
            enable_ssl: connection.enable_ssl,
            timeout: connection.timeout,
            delay_validation: object.boolean("DelayValidation") == Some(true),
            expressions: expressions(object),
        })
    }

    /// What this changes of a manager.
    ///
    /// # Errors
    ///
    /// [`SetError`] when the connection string cannot be read, for an expression on a property that the manager does
    /// not have, and for a masked secret that is new.
    pub fn changes(&self, manager: ConnectionManager<'_>) -> Result<ModelChanges, SetError> {
        let now = SmtpManagerModel::of(manager)?;
        let timeout = |of: Option<i32>| of.map_or(String::new(), |number| number.to_string());
        let mut changes = ModelChanges::default();
        changes.compare("Name", &now.name, &self.name)?;
        changes.flag(
            "DelayValidation",
            now.delay_validation,
            self.delay_validation,
        );
        changes.compare("Description", &now.description, &self.description)?;
        changes.compare(SmtpProperty::Server.key(), &now.server, &self.server)?;
        changes.flag(
            SmtpProperty::UseWindowsAuthentication.key(),
            now.use_windows_authentication,
            self.use_windows_authentication,
        );
        changes.flag(
            SmtpProperty::EnableSsl.key(),
            now.enable_ssl,
            self.enable_ssl,
        );
        let (old, new) = (timeout(now.timeout), timeout(self.timeout));
        changes.compare(SmtpProperty::Timeout.key(), &old, &new)?;
        let target = Target::ConnectionManager(manager);
        changes.expressions(target, &now.expressions, &self.expressions)?;
        Ok(changes)
    }

    /// The edits that make a manager what this says; what is so already is not touched.
    ///
    /// # Errors
    ///
    /// [`SetError`] as [`SmtpManagerModel::changes`], and when a value cannot be held.
    pub fn edits(&self, manager: ConnectionManager<'_>) -> Result<Vec<Edit>, SetError> {
        let changes = self.changes(manager)?;
        let object = manager.object();
        let mut edits = Vec::new();
        let mut string = Vec::new();
        for (name, value) in &changes.properties {
            match SmtpProperty::of_key(name) {
                Some(property) => string.push((property, value.as_str())),
                None => edits.extend(object.set(name, value)?),
            }
        }
        if let Some((property, _)) = string.first() {
            let set = manager.set_smtp_all(&string);
            edits.extend(set.map_err(|kind| kind.of(property.key()))?);
        }
        edits.extend(changes.expression_edits(object)?);
        Ok(edits)
    }
}

impl SendMailTaskModel {
    /// What is stored in a task.
    pub fn of(task: SendMailTask<'_>) -> SendMailTaskModel {
        let object = task.executable().object();
        let text = |property| shown(&task.get(property));
        SendMailTaskModel {
            name: shown(&object.name()),
            description: shown(&object.text("Description").unwrap_or_default()),
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

    /// What this changes of a task.
    ///
    /// # Errors
    ///
    /// [`SetError`] for an expression on a property that the task does not have, and for a masked secret that is new.
    pub fn changes(&self, task: SendMailTask<'_>) -> Result<ModelChanges, SetError> {
        let now = SendMailTaskModel::of(task);
        let mut changes = ModelChanges::default();
        changes.compare("Name", &now.name, &self.name)?;
        changes.compare("Description", &now.description, &self.description)?;
        changes.flag("Disable", now.disabled, self.disabled);
        for (property, old, new) in [
            (
                MailProperty::SmtpConnection,
                now.connection.as_str(),
                self.connection.as_str(),
            ),
            (MailProperty::FromLine, &now.from, &self.from),
            (MailProperty::ToLine, &now.to, &self.to),
            (MailProperty::CCLine, &now.cc, &self.cc),
            (MailProperty::BCCLine, &now.bcc, &self.bcc),
            (MailProperty::Subject, &now.subject, &self.subject),
            (
                MailProperty::Priority,
                now.priority.name(),
                self.priority.name(),
            ),
            (
                MailProperty::MessageSourceType,
                now.message_source_type.name(),
                self.message_source_type.name(),
            ),
            (
                MailProperty::MessageSource,
                &now.message_source,
                &self.message_source,
            ),
        ] {
            changes.compare(property.name(), old, new)?;
        }
        // Stored lists may hold blanks and empty pieces; the files alone count.
        let (old, new) = (now.attachments.join("|"), self.attachments.join("|"));
        changes.compare(MailProperty::FileAttachments.name(), &old, &new)?;
        let target = Target::Executable(task.executable());
        changes.expressions(target, &now.expressions, &self.expressions)?;
        Ok(changes)
    }

    /// The edits that make a task what this says; what is so already is not touched.
    ///
    /// # Errors
    ///
    /// [`SetError`] as [`SendMailTaskModel::changes`], and when a value cannot be held.
    pub fn edits(&self, task: SendMailTask<'_>) -> Result<Vec<Edit>, SetError> {
        let changes = self.changes(task)?;
        let object = task.executable().object();
        let mut edits = Vec::new();
        for (name, value) in &changes.properties {
            edits.extend(match MailProperty::from_name(name) {
                Some(property) => task.set(property, value)?,
                None => object.set(name, value)?,
            });
        }
        edits.extend(changes.expression_edits(object)?);
        Ok(edits)
    }
}

impl ModelChanges {
    fn compare(&mut self, name: &'static str, now: &str, new: &str) -> Result<(), SetError> {
        let new = with_line_feeds(new);
        if now != new {
            refuse_mask(&new).map_err(|kind| kind.of(name))?;
            self.properties.push((name, new.into_owned()));
        }
        Ok(())
    }

    fn flag(&mut self, name: &'static str, now: bool, new: bool) {
        if now != new {
            let text = if new { "True" } else { "False" };
            self.properties.push((name, text.to_owned()));
        }
    }

    fn expressions(
        &mut self,
        of: Target<'_>,
        now: &BTreeMap<String, String>,
        wanted: &BTreeMap<String, String>,
    ) -> Result<(), SetError> {
        let is_wanted = |name: &str| wanted.keys().any(|it| it.eq_ignore_ascii_case(name));
        let gone = now.keys().filter(|name| !is_wanted(name));
        self.expressions
            .extend(gone.map(|name| (name.clone(), None)));
        for (name, expression) in wanted {
            let expression = with_line_feeds(expression);
            let present = now.iter().find(|(it, _)| it.eq_ignore_ascii_case(name));
            if present.is_some_and(|(_, present)| *present == expression) {
                continue;
            }
            let tell = |kind: SetErrorKind| kind.of(name);
            refuse_mask(&expression).map_err(tell)?;
            let names = of.property_names();
            let known = names.iter().find(|it| it.eq_ignore_ascii_case(name));
            let name = match (present, known) {
                (Some((name, _)), _) | (None, Some(name)) => name.clone(),
                (None, None) => {
                    let nearest = nearest(name, names.iter().map(String::as_str));
                    return Err(tell(SetErrorKind::Unknown {
                        nearest: nearest.map(str::to_owned),
                    }));
                }
            };
            self.expressions.push((name, Some(expression.into_owned())));
        }
        Ok(())
    }

    fn expression_edits(&self, object: Object<'_>) -> Result<Vec<Edit>, SetError> {
        let changed = |(name, text): &'_ (String, Option<String>)| {
            text.clone().map(|text| (name.clone(), text))
        };
        let changed: Vec<_> = self.expressions.iter().filter_map(changed).collect();
        let mut edits = object.set_expressions(
            changed
                .iter()
                .map(|(name, text)| (name.as_str(), text.as_str())),
        )?;
        let gone = self.expressions.iter().filter(|(_, text)| text.is_none());
        edits.extend(gone.flat_map(|(name, _)| object.remove_expression(name)));
        Ok(edits)
    }
}

/// The text without secrets.
fn shown(text: &str) -> String {
    masked_within(text).0.into_owned()
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
        .map(|it| {
            (
                it.property().into_owned(),
                expression(it.property(), &it.text()),
            )
        })
        .collect()
}

/// The literal of an expression on a secret property is a secret as a whole.
fn expression(of: Cow<'_, str>, text: &str) -> String {
    if crate::connection_string::is_secret_key(&of) && super::secrets::holds_literal(text) {
        return MASK.to_owned();
    }
    shown(text)
}
