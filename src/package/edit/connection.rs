//! Setters of connection managers.

use crate::connection_string::{
    ConnectionString, Replacement, SmtpConnectionString, SmtpProperty, SyntaxError, ValueError,
};
use crate::xml::Edit;

use super::super::connection_manager::ConnectionManager;
use super::super::stored::Stored;
use super::attribute::{AttributeOrder, set_attribute};
use super::value::{SetError, SetErrorKind};

/// The attributes of the element `SmtpConnectionManager`.
const SMTP_ORDER: AttributeOrder = AttributeOrder::Listed(&["ConnectionString", "ConnectByProxy"]);

impl ConnectionManager<'_> {
    /// The edits that give a property of an SMTP connection manager a value: only its characters change.
    ///
    /// # Errors
    ///
    /// [`SetError`] when the manager is of another type, or the value cannot be held.
    pub fn set_smtp(self, property: SmtpProperty, value: &str) -> Result<Vec<Edit>, SetError> {
        let unknown = SetErrorKind::Unknown { nearest: None };
        if !self.is_smtp() {
            return Err(unknown.of(property.key()));
        }
        let edits = |text: &str| -> Result<Vec<Replacement>, SetErrorKind> {
            let read: Result<_, SyntaxError> = SmtpConnectionString::parse(text);
            Ok(read?.set(property, value)?)
        };
        self.edit_string(edits)
            .map_err(|kind| kind.of(property.key()))
    }

    /// The edits that give a key of the connection string a value; a key that is not there is added.
    ///
    /// # Errors
    ///
    /// [`SetError`] when the connection string cannot be read or cannot hold the value.
    pub fn set_key(self, key: &str, value: &str) -> Result<Vec<Edit>, SetError> {
        let edits = |text: &str| -> Result<Vec<Replacement>, SetErrorKind> {
            let set: Result<_, ValueError> = ConnectionString::parse(text)?.set(key, value);
            Ok(set?)
        };
        self.edit_string(edits).map_err(|kind| kind.of(key))
    }

    /// The edits that give the manager another connection string.
    ///
    /// # Errors
    ///
    /// [`SetError`] when it holds a character that XML does not allow.
    pub fn set_connection_string(self, value: &str) -> Result<Vec<Edit>, SetError> {
        let edits = match self.connection_string() {
            Some(stored) => stored.set(value).map(|edit| vec![edit]).map_err(Into::into),
            None => self.insert_string(value),
        };
        edits.map_err(|kind: SetErrorKind| kind.of("ConnectionString"))
    }

    fn edit_string(
        self,
        edits: impl Fn(&str) -> Result<Vec<Replacement>, SetErrorKind>,
    ) -> Result<Vec<Edit>, SetErrorKind> {
        let Some(stored) = self.connection_string() else {
            let text = Replacement::apply(&edits("")?, "");
            return self.insert_string(&text);
        };
        let value = stored.text();
        let replacements = edits(&value.text)?;
        if let Stored::Element(node) = stored
            && !node.has_plain_content()
        {
            let text = Replacement::apply(&replacements, &value.text);
            return Ok(vec![stored.set(&text)?]);
        }
        replacements
            .into_iter()
            .map(|replacement| Ok(stored.replace(replacement.range, &replacement.text)?))
            .collect()
    }

    fn insert_string(self, value: &str) -> Result<Vec<Edit>, SetErrorKind> {
        let Some(data) = self
            .data()
            .filter(|data| data.name() == "SmtpConnectionManager")
        else {
            return Err(SetErrorKind::NoData("SmtpConnectionManager"));
        };
        let edit = set_attribute(data, "", "ConnectionString", value, SMTP_ORDER)?;
        Ok(vec![edit])
    }
}
