//! The Send Mail task.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::xml::Node;

use super::executable::{Executable, ExecutableKind};
use super::names::SEND_MAIL;
use super::stored::Stored;

/// A Send Mail task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendMailTask<'d> {
    executable: Executable<'d>,
    data: Option<Node<'d>>,
}

/// A property of the Send Mail task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MailProperty {
    /// The SMTP connection manager, by id.
    SmtpConnection,
    /// The sender.
    FromLine,
    /// The recipients, separated by semicolons.
    ToLine,
    /// The recipients of copies.
    CCLine,
    /// The recipients of blind copies.
    BCCLine,
    /// The subject.
    Subject,
    /// `High`, `Normal` or `Low`; in expressions 1, 3 or 5.
    Priority,
    /// `DirectInput`, `FileConnection` or `Variable`; in expressions 0, 1 or 2.
    MessageSourceType,
    /// The text, the name of a variable, or the id of a File connection manager.
    MessageSource,
    /// Paths separated by `|`.
    FileAttachments,
}

impl MailProperty {
    /// All of them, in the order in which SSIS writes them.
    pub const ALL: [MailProperty; 10] = [
        MailProperty::SmtpConnection,
        MailProperty::FromLine,
        MailProperty::ToLine,
        MailProperty::CCLine,
        MailProperty::BCCLine,
        MailProperty::Subject,
        MailProperty::Priority,
        MailProperty::MessageSourceType,
        MailProperty::MessageSource,
        MailProperty::FileAttachments,
    ];

    /// The name in the object model: in expressions, configurations and property paths.
    pub fn name(self) -> &'static str {
        match self {
            MailProperty::SmtpConnection => "SmtpConnection",
            MailProperty::FromLine => "FromLine",
            MailProperty::ToLine => "ToLine",
            MailProperty::CCLine => "CCLine",
            MailProperty::BCCLine => "BCCLine",
            MailProperty::Subject => "Subject",
            MailProperty::Priority => "Priority",
            MailProperty::MessageSourceType => "MessageSourceType",
            MailProperty::MessageSource => "MessageSource",
            MailProperty::FileAttachments => "FileAttachments",
        }
    }

    /// The name of the attribute that stores it; attachments stand in a child element.
    pub fn xml_name(self) -> &'static str {
        match self {
            MailProperty::SmtpConnection => "SMTPServer",
            MailProperty::FromLine => "From",
            MailProperty::ToLine => "To",
            MailProperty::CCLine => "CC",
            MailProperty::BCCLine => "BCC",
            MailProperty::Subject => "Subject",
            MailProperty::Priority => "Priority",
            MailProperty::MessageSourceType => "MessageSourceType",
            MailProperty::MessageSource => "MessageSource",
            MailProperty::FileAttachments => "FileName",
        }
    }

    /// The property of this name in the object model, case not counting.
    pub fn from_name(name: &str) -> Option<MailProperty> {
        MailProperty::ALL
            .into_iter()
            .find(|property| property.name().eq_ignore_ascii_case(name))
    }

    /// The value that is meant when nothing is stored.
    pub fn default_value(self) -> &'static str {
        match self {
            MailProperty::Priority => "Normal",
            MailProperty::MessageSourceType => "DirectInput",
            _ => "",
        }
    }
}

/// How urgent a mail says it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Priority {
    /// 1 in expressions.
    High,
    /// 3 in expressions.
    #[default]
    Normal,
    /// 5 in expressions.
    Low,
}

impl Priority {
    /// Reads a name or its number; other numbers were stored by expressions that gave no member (`0`).
    pub fn parse(text: &str) -> Option<Priority> {
        match text.trim() {
            "1" => Some(Priority::High),
            "3" => Some(Priority::Normal),
            "5" => Some(Priority::Low),
            name if name.eq_ignore_ascii_case("High") => Some(Priority::High),
            name if name.eq_ignore_ascii_case("Normal") || name.is_empty() => {
                Some(Priority::Normal)
            }
            name if name.eq_ignore_ascii_case("Low") => Some(Priority::Low),
            _ => None,
        }
    }

    /// The name as SSIS stores it.
    pub fn name(self) -> &'static str {
        match self {
            Priority::High => "High",
            Priority::Normal => "Normal",
            Priority::Low => "Low",
        }
    }
}

/// Where the text of a mail comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MessageSourceType {
    /// `MessageSource` is the text. 0 in expressions.
    #[default]
    DirectInput,
    /// `MessageSource` names a File connection manager. 1 in expressions.
    FileConnection,
    /// `MessageSource` names a variable. 2 in expressions.
    Variable,
}

impl MessageSourceType {
    /// Reads a name or its number.
    pub fn parse(text: &str) -> Option<MessageSourceType> {
        match text.trim() {
            "0" | "" => Some(MessageSourceType::DirectInput),
            "1" => Some(MessageSourceType::FileConnection),
            "2" => Some(MessageSourceType::Variable),
            name if name.eq_ignore_ascii_case("DirectInput") => {
                Some(MessageSourceType::DirectInput)
            }
            name if name.eq_ignore_ascii_case("FileConnection") => {
                Some(MessageSourceType::FileConnection)
            }
            name if name.eq_ignore_ascii_case("Variable") => Some(MessageSourceType::Variable),
            _ => None,
        }
    }

    /// The name as SSIS stores it.
    pub fn name(self) -> &'static str {
        match self {
            MessageSourceType::DirectInput => "DirectInput",
            MessageSourceType::FileConnection => "FileConnection",
            MessageSourceType::Variable => "Variable",
        }
    }
}

impl<'d> SendMailTask<'d> {
    pub(super) fn new(executable: Executable<'d>) -> Option<SendMailTask<'d>> {
        (executable.kind() == ExecutableKind::SendMail).then(|| SendMailTask {
            executable,
            data: data(executable),
        })
    }

    /// The task as an executable.
    pub fn executable(self) -> Executable<'d> {
        self.executable
    }

    /// The element `SendMailTaskData`; a task without one has only defaults.
    pub fn data(self) -> Option<Node<'d>> {
        self.data
    }

    /// A property, where it is stored; `None` when it is not written, which means its default.
    pub fn stored(self, property: MailProperty) -> Option<Stored<'d>> {
        let holder = match property {
            MailProperty::FileAttachments => self.attachments()?,
            _ => self.data?,
        };
        holder
            .attribute(SEND_MAIL, property.xml_name())
            // Hand-made files forget the prefix.
            .or_else(|| holder.attribute("", property.xml_name()))
            .map(Stored::Attribute)
    }

    /// The text of a property, its default when it is not written.
    pub fn get(self, property: MailProperty) -> Cow<'d, str> {
        match self.stored(property) {
            Some(stored) => stored.text().into_text(),
            None => Cow::Borrowed(property.default_value()),
        }
    }

    /// The child element that names the attached files.
    pub fn attachments(self) -> Option<Node<'d>> {
        self.data?
            .children()
            .find(|child| child.name() == "Attachments")
    }
}

fn data(executable: Executable<'_>) -> Option<Node<'_>> {
    executable
        .data()
        .into_iter()
        .chain(executable.object().node().children())
        .find(|node| node.name() == "SendMailTaskData")
}
