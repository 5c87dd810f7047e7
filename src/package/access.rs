//! Properties of any object by their names in property paths: read, and set.

use std::borrow::Cow;

use crate::connection_string::{
    ConnectionString, SmtpConnectionString, SmtpProperty, is_secret_key,
};
use crate::source::Span;
use crate::xml::Edit;

use super::connection_manager::ConnectionManager;
use super::edit::{CommonProperty, SetError, SetErrorKind, refuse_mask, with_line_feeds};
use super::names::DTS;
use super::object::PropertyExpression;
use super::path::{Target, nearest};
use super::send_mail::MailProperty;
use super::stored::Stored;
use super::variable::Variable;

/// What is stored of a property.
#[derive(Clone, Debug)]
pub struct StoredValue<'d> {
    /// The property, by its name in the object model.
    pub property: Cow<'static, str>,
    /// The text; the default where nothing is written.
    pub text: Cow<'d, str>,
    /// Where it is written; `None` where the default is meant.
    pub span: Option<Span>,
    /// The expression that computes the property at run time and so wins.
    pub expression: Option<PropertyExpression<'d>>,
    /// Whether the value is a secret by its nature.
    pub is_sensitive: bool,
}

impl<'d> Target<'d> {
    /// What is stored of a property.
    ///
    /// # Errors
    ///
    /// [`SetErrorKind::Unknown`] with the nearest name, or why a connection string cannot be read.
    pub fn stored_value(self, property: &str) -> Result<StoredValue<'d>, SetError> {
        let mut value = self.read(property).map_err(|kind| kind.of(property))?;
        value.expression = self.object().property_expression(&value.property);
        Ok(value)
    }

    fn read(self, property: &str) -> Result<StoredValue<'d>, SetErrorKind> {
        match self {
            Target::Variable(variable) => {
                if let Some(value) = variable_value(variable, property) {
                    return Ok(value);
                }
            }
            Target::Parameter(parameter) => {
                if property.eq_ignore_ascii_case("Value") {
                    let mut value = plain("Value", parameter.value(), "");
                    value.is_sensitive = parameter.holds_secret();
                    return Ok(value);
                }
            }
            Target::ConnectionManager(manager) => {
                if let Some(value) = manager_value(manager, property)? {
                    return Ok(value);
                }
            }
            Target::Executable(executable) => {
                if let Some(task) = executable.send_mail()
                    && let Some(mail) = MailProperty::from_name(property)
                {
                    return Ok(plain(mail.name(), task.stored(mail), mail.default_value()));
                }
            }
            Target::EventHandler(_) => {}
        }
        match CommonProperty::named(property) {
            Some(common) if !matches!(self, Target::Parameter(_)) => {
                let stored = self.object().property(common.xml_name);
                Ok(plain(common.name, stored, common.default.unwrap_or("")))
            }
            _ => Err(self.unknown(property)),
        }
    }

    /// The edits that give a property another value.
    ///
    /// # Errors
    ///
    /// [`SetError`] when there is no such property or it cannot take the value.
    pub fn set_value(self, property: &str, value: &str) -> Result<Vec<Edit>, SetError> {
        let value = &with_line_feeds(value);
        let is_sensitive = matches!(self, Target::Parameter(it) if it.is_sensitive());
        // What is so already stays as it is spelled.
        if !is_sensitive
            && let Ok(now) = self.read(property)
            && now.span.is_some()
            && now.text == *value
        {
            return Ok(Vec::new());
        }
        refuse_mask(value).map_err(|kind| kind.of(property))?;
        match self {
            Target::Variable(variable) if property.eq_ignore_ascii_case("Value") => {
                return variable.set_value(value);
            }
            Target::Variable(variable) if property.eq_ignore_ascii_case("Expression") => {
                return variable.set_expression(value);
            }
            Target::Variable(variable) if property.eq_ignore_ascii_case("EvaluateAsExpression") => {
                return variable.set_evaluated(value);
            }
            Target::Parameter(parameter) => {
                return if property.eq_ignore_ascii_case("Value") {
                    parameter.set_value(value)
                } else {
                    Err(self.unknown(property).of(property))
                };
            }
            Target::ConnectionManager(manager) => {
                if property.eq_ignore_ascii_case("ConnectionString") {
                    return manager.set_connection_string(value);
                }
                if let Some(smtp) = SmtpProperty::of_key(property).filter(|_| manager.is_smtp()) {
                    return manager.set_smtp(smtp, value);
                }
                if let Some(name) = own_name(manager, property) {
                    return manager.set_own(&name, value);
                }
                let is_key = !manager.is_smtp() && CommonProperty::named(property).is_none();
                if is_key && has_key(manager, property) {
                    return manager.set_key(property, value);
                }
            }
            Target::Executable(executable) => {
                if let Some(task) = executable.send_mail()
                    && let Some(mail) = MailProperty::from_name(property)
                {
                    return task.set(mail, value);
                }
            }
            Target::Variable(_) | Target::EventHandler(_) => {}
        }
        match CommonProperty::named(property) {
            Some(common) => self.object().set(common.name, value),
            None => Err(self.unknown(property).of(property)),
        }
    }

    /// The edits that let an expression compute a property; an empty expression takes it away.
    ///
    /// # Errors
    ///
    /// [`SetError`] when there is no such property or it cannot be computed.
    pub fn set_computed(self, property: &str, expression: &str) -> Result<Vec<Edit>, SetError> {
        if let Target::Parameter(_) = self {
            return Err(SetErrorKind::NoExpressions.of(property));
        }
        refuse_mask(expression).map_err(|kind| kind.of(property))?;
        // The name as the object model spells it.
        let name = self.read(property).map_err(|kind| kind.of(property))?;
        let name = name.property;
        if let Target::Variable(variable) = self
            && name == "Value"
        {
            return variable.compute_by(expression);
        }
        if expression.is_empty() {
            return Ok(self.object().remove_expression(&name));
        }
        self.object().set_expression(&name, expression)
    }

    /// The names of the properties that it has.
    pub fn property_names(self) -> Vec<String> {
        let mut names: Vec<String> = match self {
            Target::Parameter(_) => return vec!["Value".to_owned()],
            Target::Variable(_) => {
                return [
                    "Value",
                    "Expression",
                    "EvaluateAsExpression",
                    "Name",
                    "Description",
                ]
                .map(str::to_owned)
                .into();
            }
            Target::ConnectionManager(manager) => {
                let mut names = vec!["ConnectionString".to_owned()];
                if manager.is_smtp() {
                    names.extend(SmtpProperty::ALL.map(|it| it.key().to_owned()));
                } else if let Some(stored) = manager.connection_string()
                    && let Ok(read) = ConnectionString::parse(&stored.text().text)
                {
                    let keys = read.pairs().iter().map(|pair| pair.key.text.to_string());
                    names.extend(keys);
                }
                names.extend(own_names(manager).into_iter().map(Cow::into_owned));
                names
            }
            Target::Executable(executable) if executable.send_mail().is_some() => {
                MailProperty::ALL.map(|it| it.name().to_owned()).into()
            }
            Target::Executable(_) | Target::EventHandler(_) => Vec::new(),
        };
        names.extend(CommonProperty::names().map(str::to_owned));
        names
    }

    fn unknown(self, property: &str) -> SetErrorKind {
        let names = self.property_names();
        SetErrorKind::Unknown {
            nearest: nearest(property, names.iter().map(String::as_str)).map(str::to_owned),
        }
    }
}

fn plain<'d>(
    property: &'static str,
    stored: Option<Stored<'d>>,
    default: &'static str,
) -> StoredValue<'d> {
    StoredValue {
        property: Cow::Borrowed(property),
        text: match stored {
            Some(stored) => stored.meaning(),
            None => Cow::Borrowed(default),
        },
        span: stored.map(|stored| stored.span()),
        expression: None,
        is_sensitive: false,
    }
}

fn variable_value<'d>(variable: Variable<'d>, property: &str) -> Option<StoredValue<'d>> {
    if property.eq_ignore_ascii_case("Value") {
        let mut value = plain("Value", variable.value(), "");
        value.is_sensitive = variable.holds_secret();
        Some(value)
    } else if property.eq_ignore_ascii_case("Expression") {
        Some(plain("Expression", variable.expression(), ""))
    } else if property.eq_ignore_ascii_case("EvaluateAsExpression") {
        let stored = variable.object().property("EvaluateAsExpression");
        Some(plain("EvaluateAsExpression", stored, "False"))
    } else {
        None
    }
}

/// The connection string, a part of it, or an attribute that only this type has.
fn manager_value<'d>(
    manager: ConnectionManager<'d>,
    property: &str,
) -> Result<Option<StoredValue<'d>>, SetErrorKind> {
    let stored = manager.connection_string();
    if property.eq_ignore_ascii_case("ConnectionString") {
        return Ok(Some(plain("ConnectionString", stored, "")));
    }
    let text = stored.map(|stored| stored.text());
    let string = text.as_ref().map_or("", |text| &text.text);
    let part = if manager.is_smtp() {
        let Some(smtp) = SmtpProperty::of_key(property) else {
            return own_value(manager, property);
        };
        let read = SmtpConnectionString::parse(string)?;
        let default = match smtp {
            SmtpProperty::UseWindowsAuthentication | SmtpProperty::EnableSsl => "False",
            SmtpProperty::Server | SmtpProperty::Timeout => "",
        };
        let value = read.value(smtp);
        Some((
            Cow::Borrowed(smtp.key()),
            value.map_or(default.to_owned(), |value| value.text.to_string()),
            value.map(|value| value.raw()),
        ))
    } else {
        let read = ConnectionString::parse(string);
        let pair = read.as_ref().ok().and_then(|read| read.get(property));
        pair.map(|pair| {
            (
                Cow::Owned(pair.key.text.to_string()),
                pair.value.text.to_string(),
                Some(pair.value.raw()),
            )
        })
    };
    let Some((name, value, raw)) = part else {
        return own_value(manager, property);
    };
    Ok(Some(StoredValue {
        is_sensitive: is_secret_key(&name),
        property: name,
        text: Cow::Owned(value),
        span: text
            .as_ref()
            .zip(raw)
            .map(|(text, raw)| text.raw_span(raw.range())),
        expression: None,
    }))
}

fn own_value<'d>(
    manager: ConnectionManager<'d>,
    property: &str,
) -> Result<Option<StoredValue<'d>>, SetErrorKind> {
    let Some(name) = own_name(manager, property) else {
        return Ok(None);
    };
    let stored = manager.own(&name);
    // The only one that can be missing is `ConnectByProxy`.
    let text = stored.map_or(Cow::Borrowed("False"), |stored| stored.meaning());
    Ok(Some(StoredValue {
        is_sensitive: is_secret_key(&name),
        property: name,
        text,
        span: stored.map(|stored| stored.span()),
        expression: None,
    }))
}

/// The properties that only this type has, as the XML spells them.
fn own_names(manager: ConnectionManager<'_>) -> Vec<Cow<'static, str>> {
    let mut names: Vec<Cow<'static, str>> = Vec::new();
    if manager.is_smtp() {
        names.push("ConnectByProxy".into());
    }
    let attributes = manager
        .data()
        .into_iter()
        .flat_map(|data| data.attributes())
        .filter(|attribute| !attribute.is_declaration() && attribute.name() != "ConnectionString")
        .map(|attribute| attribute.name().to_owned());
    let elements = manager
        .data()
        .into_iter()
        .flat_map(|data| data.children())
        .filter(|child| child.is(DTS, "Property"))
        .filter_map(|child| child.attribute(DTS, "Name"))
        .map(|name| name.value().text.into_owned())
        .filter(|name| name != "ConnectionString");
    for name in attributes.chain(elements) {
        if !names.contains(&Cow::Borrowed(name.as_str())) {
            names.push(name.into());
        }
    }
    names
}

fn own_name(manager: ConnectionManager<'_>, property: &str) -> Option<Cow<'static, str>> {
    own_names(manager)
        .into_iter()
        .find(|name| name.eq_ignore_ascii_case(property))
}

fn has_key(manager: ConnectionManager<'_>, key: &str) -> bool {
    manager.connection_string().is_some_and(|stored| {
        ConnectionString::parse(&stored.text().text).is_ok_and(|read| read.get(key).is_some())
    })
}
