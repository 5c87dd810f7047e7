//! Setters of connection managers.

use crate::connection_string::{
    ConnectionString, Replacement, SmtpConnectionString, SmtpProperty, SyntaxError, ValueError,
};
use crate::xml::Edit;

use super::super::connection_manager::ConnectionManager;
use super::super::names::boolean;
use super::super::stored::Stored;
use super::attribute::{AttributeOrder, set_attribute};
use super::value::{SetError, SetErrorKind};

/// The one property of an SMTP connection manager that is not part of its connection string.
const BY_PROXY: &str = "ConnectByProxy";

/// The attributes of the element `SmtpConnectionManager`.
const SMTP_ORDER: AttributeOrder = AttributeOrder::Listed(&["ConnectionString", BY_PROXY]);

impl ConnectionManager<'_> {
    /// The edits that give a property of an SMTP connection manager a value: only its characters change.
    ///
    /// # Errors
    ///
    /// [`SetError`] when the manager is of another type, or the value cannot be held.
    pub fn set_smtp(self, property: SmtpProperty, value: &str) -> Result<Vec<Edit>, SetError> {
        self.set_smtp_all(&[(property, value)])
            .map_err(|kind| kind.of(property.key()))
    }

    /// The edits that give properties of an SMTP connection manager their values, all at once.
    ///
    /// # Errors
    ///
    /// [`SetErrorKind`] as [`ConnectionManager::set_smtp`].
    pub fn set_smtp_all(self, values: &[(SmtpProperty, &str)]) -> Result<Vec<Edit>, SetErrorKind> {
        if !self.is_smtp() {
            return Err(SetErrorKind::Unknown { nearest: None });
        }
        self.edit_string(|text| {
            let read: Result<_, SyntaxError> = SmtpConnectionString::parse(text);
            Ok(read?.set_all(values)?)
        })
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

    /// The edits that give a property that only this type has another value, by its name in the XML.
    ///
    /// # Errors
    ///
    /// [`SetError`] when the manager has no such property, or it cannot take the value.
    pub fn set_own(self, name: &str, value: &str) -> Result<Vec<Edit>, SetError> {
        self.own_edits(name, value).map_err(|kind| kind.of(name))
    }

    fn own_edits(self, name: &str, value: &str) -> Result<Vec<Edit>, SetErrorKind> {
        let is_proxy = self.is_smtp() && name == BY_PROXY;
        let present = self.own(name);
        if let Some(Stored::Element(node)) = present
            && node
                .attributes()
                .any(|attribute| attribute.name() == "Sensitive")
        {
            return Err(SetErrorKind::Sensitive);
        }
        let text = present.map(|stored| stored.meaning());
        let was_boolean = matches!(text.as_deref(), Some("True" | "False"));
        let value = match boolean(value) {
            Some(true) if is_proxy || was_boolean => "True",
            Some(false) if is_proxy || was_boolean => "False",
            None if is_proxy || was_boolean => {
                return Err(SetErrorKind::Type {
                    expected: "`True` or `False`",
                    found: value.to_owned(),
                });
            }
            _ => value,
        };
        match (present, text) {
            (Some(_), Some(text)) if text == value => Ok(Vec::new()),
            (Some(stored), _) => Ok(vec![stored.set(value)?]),
            (None, _) if is_proxy && value == "False" => Ok(Vec::new()),
            (None, _) if is_proxy => self.insert_own(name, value),
            (None, _) => Err(SetErrorKind::Unknown { nearest: None }),
        }
    }

    fn edit_string(
        self,
        edits: impl Fn(&str) -> Result<Vec<Replacement>, SetErrorKind>,
    ) -> Result<Vec<Edit>, SetErrorKind> {
        let Some(stored) = self.connection_string() else {
            let text = Replacement::apply(&edits("")?, "");
            return self.insert_string(&text);
        };
        let replacements = edits(&stored.text().text)?;
        Ok(stored.replace_all(&replacements)?)
    }

    fn insert_string(self, value: &str) -> Result<Vec<Edit>, SetErrorKind> {
        self.insert_own("ConnectionString", value)
    }

    fn insert_own(self, name: &str, value: &str) -> Result<Vec<Edit>, SetErrorKind> {
        let Some(data) = self
            .data()
            .filter(|data| data.name() == "SmtpConnectionManager")
        else {
            return Err(SetErrorKind::NoData("SmtpConnectionManager"));
        };
        let edit = set_attribute(data, "", name, value, SMTP_ORDER)?;
        Ok(vec![edit])
    }
}
