//! Setters of the Send Mail task.

use crate::source::Span;
use crate::xml::{Edit, escape_attribute};

use super::super::connection_manager::ConnectionManager;
use super::super::names::SEND_MAIL;
use super::super::object::Generation;
use super::super::send_mail::{MailProperty, MessageSourceType, Priority, SendMailTask};
use super::attribute::{AttributeOrder, prefix_for, remove_attribute, set_attribute};
use super::element::{close, further, gap_before, open, with_gap};
use super::value::{SetError, SetErrorKind};

/// As SSIS writes them; the declaration of the namespace stands behind all of them.
const ORDER: AttributeOrder = AttributeOrder::Listed(&[
    "SMTPServer",
    "From",
    "To",
    "CC",
    "BCC",
    "Subject",
    "Priority",
    "MessageSourceType",
    "MessageSource",
]);

impl MailProperty {
    /// Whether formats 6 and 8 leave it out at its default.
    pub(super) fn is_left_out(self) -> bool {
        matches!(
            self,
            MailProperty::CCLine
                | MailProperty::BCCLine
                | MailProperty::Priority
                | MailProperty::MessageSourceType
                | MailProperty::MessageSource
        )
    }

    /// The value as SSIS stores it: members of enumerations by name, whether a name or a number was given.
    fn spell(self, value: &str) -> Result<String, SetErrorKind> {
        let wrong = |expected| SetErrorKind::Type {
            expected,
            found: value.to_owned(),
        };
        Ok(match self {
            MailProperty::Priority => Priority::parse(value)
                .ok_or_else(|| wrong("`High`, `Normal` or `Low` (1, 3 or 5)"))?
                .name()
                .to_owned(),
            MailProperty::MessageSourceType => MessageSourceType::parse(value)
                .ok_or_else(|| wrong("`DirectInput`, `FileConnection` or `Variable` (0, 1 or 2)"))?
                .name()
                .to_owned(),
            _ => value.to_owned(),
        })
    }
}

impl SendMailTask<'_> {
    /// The edits that give a property a value.
    ///
    /// # Errors
    ///
    /// [`SetError`] when the property cannot take the value.
    pub fn set(self, property: MailProperty, value: &str) -> Result<Vec<Edit>, SetError> {
        self.edits(property, value)
            .map_err(|kind| kind.of(property.name()))
    }

    /// The edits that let the task use a connection manager.
    ///
    /// # Errors
    ///
    /// [`SetError`] when the manager has no id.
    pub fn set_connection(self, manager: ConnectionManager<'_>) -> Result<Vec<Edit>, SetError> {
        match manager.object().id() {
            Some(id) => self.set(MailProperty::SmtpConnection, &id),
            None => Err(SetErrorKind::NoData("DTSID").of(MailProperty::SmtpConnection.name())),
        }
    }

    fn edits(self, property: MailProperty, value: &str) -> Result<Vec<Edit>, SetErrorKind> {
        let value = property.spell(value)?;
        if property == MailProperty::FileAttachments {
            return self.set_attachments(&value);
        }
        let Some(data) = self.data() else {
            return Err(SetErrorKind::NoData("SendMailTaskData"));
        };
        if let Some(stored) = self.stored(property) {
            let text = stored.text();
            if text.text == value || property.spell(&text.text).is_ok_and(|now| now == value) {
                return Ok(Vec::new());
            }
            if self.leaves_out_defaults()
                && property.is_left_out()
                && value == property.default_value()
            {
                let namespace = match data.attribute(SEND_MAIL, property.xml_name()) {
                    Some(_) => SEND_MAIL,
                    None => "",
                };
                let edit = remove_attribute(data, namespace, property.xml_name());
                return Ok(Vec::from_iter(edit));
            }
            return Ok(vec![stored.set(&value)?]);
        }
        if value == property.default_value() && property.is_left_out() {
            return Ok(Vec::new());
        }
        Ok(vec![set_attribute(
            data,
            SEND_MAIL,
            property.xml_name(),
            &value,
            ORDER,
        )?])
    }

    fn leaves_out_defaults(self) -> bool {
        self.executable().object().generation() == Generation::Attributes
    }

    /// All attached files stand in one attribute of one child; without files there is no child.
    fn set_attachments(self, value: &str) -> Result<Vec<Edit>, SetErrorKind> {
        let Some(data) = self.data() else {
            return Err(SetErrorKind::NoData("SendMailTaskData"));
        };
        if let Some(child) = self.attachments() {
            let stored = self.stored(MailProperty::FileAttachments);
            if stored.is_some_and(|stored| stored.text().text == value) {
                return Ok(Vec::new());
            }
            if !value.is_empty() {
                let file_name = MailProperty::FileAttachments.xml_name();
                let order = AttributeOrder::Alphabetical;
                return Ok(vec![set_attribute(
                    child, SEND_MAIL, file_name, value, order,
                )?]);
            }
            let inside = data.document().text(data.content());
            let is_alone = inside.trim() == data.document().text(child.span());
            let blank = if self.leaves_out_defaults() { " " } else { "" };
            return Ok(vec![if is_alone {
                close(data, blank)
            } else {
                Edit::new(with_gap(child), "")
            }]);
        }
        if value.is_empty() {
            return Ok(Vec::new());
        }
        let prefix = prefix_for(data, SEND_MAIL)?;
        let text = escape_attribute(value, '"')?;
        let gap = gap_before(data);
        let (blank, attribute_gap) = if gap.contains(['\n', '\r']) {
            (" ", further(&further(gap)))
        } else if self.leaves_out_defaults() {
            (" ", " ".to_owned())
        } else {
            ("", " ".to_owned())
        };
        let child = format!(
            "{}<{prefix}Attachments{attribute_gap}{prefix}FileName=\"{text}\"{blank}/>",
            further(gap)
        );
        Ok(vec![if data.is_self_closing() {
            open(data, &format!("{child}{gap}"))
        } else {
            Edit::new(Span::at(data.content().start), child)
        }])
    }
}
