//! What keeps a message from being composed, found before anything is sent.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::address::{AddressProblem, AddressReason, Field, parse_list, parse_one};
use super::codes::Code;
use super::message::MailMessage;

use crate::effective::advice;
use crate::source::visible;

/// What System.Net.Mail says of a subject of several lines.
const SUBJECT_FORM: &str = "The specified string is not in the form required for a subject.";

/// Why a message cannot be composed.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// No address in To, Cc and Bcc.
    #[error("no recipient: To, Cc and Bcc are empty")]
    NoRecipient,
    /// An address line holds something else.
    #[error(transparent)]
    Address(#[from] AddressProblem),
    /// A subject of several lines, which SSIS refuses as well.
    #[error("the subject `{}` holds a line break or a NUL: {SUBJECT_FORM}", visible(.subject))]
    Subject {
        /// The subject.
        subject: String,
    },
    /// An attachment that cannot be read.
    #[error("attachment `{}`{}: {error}{}", visible(.stored), mapped(.stored, .path), advice(.stored, .path))]
    Attachment {
        /// The path as the task writes it.
        stored: String,
        /// Where it was looked for.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// An attachment past the limit.
    #[error("attachment `{}`: more than {limit} bytes: `--limit attachment-size=BYTES` takes more", visible(.stored))]
    AttachmentTooLarge {
        /// The path as the task writes it.
        stored: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// The moment cannot be written as a date.
    #[error("the present moment cannot be written as a date: {0}")]
    Date(String),
}

fn mapped(stored: &str, path: &Path) -> String {
    if path.as_os_str() == stored {
        String::new()
    } else {
        format!(", looked for at `{}`", visible(&path.to_string_lossy()))
    }
}

impl Problem {
    /// The code under which dtexec would fail the task.
    pub fn code(&self) -> Code {
        match self {
            Problem::NoRecipient => Code::RECIPIENT_EMPTY,
            Problem::Attachment { .. } => Code::INVALID_ATTACHMENT,
            Problem::Address(_)
            | Problem::Subject { .. }
            | Problem::AttachmentTooLarge { .. }
            | Problem::Date(_) => Code::ERROR_OCCURRED,
        }
    }

    /// The text that dtexec would print behind the code.
    pub fn dtexec_text(&self) -> String {
        let wrapped = |text: &str| Code::ERROR_OCCURRED.fill(&[text]);
        match self {
            Problem::NoRecipient => Code::RECIPIENT_EMPTY.text.to_owned(),
            Problem::Attachment { stored, .. } => Code::INVALID_ATTACHMENT.fill(&[stored]),
            // Texts of System.Net.Mail, which the task wraps.
            Problem::Subject { .. } => wrapped(SUBJECT_FORM),
            Problem::Address(problem) if problem.reason == AddressReason::Empty => {
                wrapped("The parameter 'address' cannot be an empty string.")
            }
            Problem::Address(_) => {
                wrapped("The specified string is not in the form required for an e-mail address.")
            }
            Problem::AttachmentTooLarge { .. } | Problem::Date(_) => wrapped(&self.to_string()),
        }
    }
}

/// What dtexec warns of when it validates the task; the message is composed all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warning {
    /// The subject is empty.
    SubjectMissing,
    /// Something in the To line is no address; the task fails for it when it runs.
    AddressInTo,
    /// The From line is no address, or empty; likewise.
    AddressInFrom,
}

impl Warning {
    /// The code and the text of the warning.
    pub fn code(self) -> Code {
        match self {
            Warning::SubjectMissing => Code::SUBJECT_MISSING,
            Warning::AddressInTo => Code::ERROR_IN_TO,
            Warning::AddressInFrom => Code::ERROR_IN_FROM,
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Warning::SubjectMissing => "the subject is empty",
            Warning::AddressInTo => "the To line holds what is no address",
            Warning::AddressInFrom => "the From line is no address",
        })
    }
}

/// What dtexec warns of, in the order of its codes, whether or not the message can be composed.
pub fn warnings(message: &MailMessage) -> Vec<Warning> {
    let to_is_wrong = parse_list(Field::To, &message.to).is_err();
    let from_is_wrong = parse_one(Field::From, &message.from).is_err();
    [
        (message.subject.is_empty(), Warning::SubjectMissing),
        (to_is_wrong, Warning::AddressInTo),
        (from_is_wrong, Warning::AddressInFrom),
    ]
    .into_iter()
    .filter_map(|(holds, warning)| holds.then_some(warning))
    .collect()
}
