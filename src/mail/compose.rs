//! The envelope and the exact bytes of a message.
//!
//! Headers come in the order and in the forms of System.Net.Mail, which the Send Mail task sends through:
//! MIME-Version, From, To, Cc, the three priority headers, Date, Subject, then those of the content; Bcc is in no
//! header. We differ where it is plainly better: there is a Message-ID; line ends of the text are real ones, where
//! .NET writes `=0A`; an attachment's name stands in Content-Disposition as well; an empty text still has its
//! Content-Type.

mod content;
mod header;
mod text;

use std::path::Path;

use lettre::message::Mailbox;

use super::address::{AddressProblem, Field, parse_list, parse_one, wire_form};
use super::message::{Attachment, MailMessage};
use super::problem::Problem;
use crate::host::{Clock, FileKind, Files, Random};
use crate::package::Priority;
use content::Content;
use header::Headers;

pub use content::ContentReader;

/// What composing needs of the outside.
#[derive(Clone, Copy)]
pub struct Tools<'a> {
    /// Where attachments are.
    pub files: &'a dyn Files,
    /// The Date header.
    pub clock: &'a dyn Clock,
    /// The Message-ID and the MIME boundary.
    pub random: &'a dyn Random,
    /// How much is taken.
    pub limits: Limits,
}

/// How much is taken of the outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one attachment, as a file; `attachment-size`.
    pub attachment: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            attachment: 256 << 20,
        }
    }
}

/// Who sends and who receives, as SMTP is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The address of `MAIL FROM`.
    pub sender: String,
    /// The addresses of `RCPT TO`, in the order of System.Net.Mail: To, Bcc, Cc; duplicates are kept.
    pub recipients: Vec<String>,
    /// Whether an address holds characters outside ASCII before its `@`, so that the server must offer SMTPUTF8.
    pub smtputf8: bool,
}

/// A message that can go.
#[derive(Clone, Debug)]
pub struct Composed {
    /// Who sends and who receives.
    pub envelope: Envelope,
    /// The sender, with the display name.
    pub from: String,
    /// The recipients of each line, with their display names.
    pub to: Vec<String>,
    /// As `to`.
    pub cc: Vec<String>,
    /// As `to`; in the envelope, in no header.
    pub bcc: Vec<String>,
    /// The addresses that it would go to, where it was redirected.
    pub original_to: Vec<String>,
    /// The subject as text.
    pub subject: String,
    /// The names of the attachments.
    pub attachments: Vec<String>,
    /// The Message-ID with its angle brackets.
    pub message_id: String,
    content: Content,
}

impl Composed {
    /// The length of the message in bytes, before SMTP stuffs its dots.
    pub fn size(&self) -> u64 {
        self.content.len()
    }

    /// The bytes of the message: CRLF line ends, no line longer than 998 bytes. Attachments are read and encoded as
    /// they are asked for.
    pub fn reader<'a>(&'a self, files: &'a dyn Files) -> ContentReader<'a> {
        self.content.reader(files)
    }
}

/// Composes a message.
///
/// # Errors
///
/// What dtexec would fail the task for before anything is sent: no recipient, an address that is none, a subject of
/// several lines, an attachment that cannot be read.
pub fn compose(message: &MailMessage, tools: Tools<'_>) -> Result<Composed, Problem> {
    let to = Line::parse(Field::To, &message.to)?;
    let cc = Line::parse(Field::Cc, &message.cc)?;
    let bcc = Line::parse(Field::Bcc, &message.bcc)?;
    if to.is_empty() && cc.is_empty() && bcc.is_empty() {
        return Err(Problem::NoRecipient);
    }
    let from = Line::one(Field::From, &message.from)?;
    let reply_to = match &message.reply_to {
        Some(address) => Line::one(Field::ReplyTo, address)?,
        None => Line::default(),
    };
    let mut original_to = Vec::new();
    let [to, cc, bcc] = match &message.redirect_to {
        None => [to, cc, bcc],
        Some(address) => {
            original_to = in_order(&to, &bcc, &cc);
            let only = Line::one(Field::RedirectTo, address)?;
            [only, Line::default(), Line::default()]
        }
    };
    if message.subject.contains(['\r', '\n', '\0']) {
        return Err(Problem::Subject {
            subject: message.subject.clone(),
        });
    }

    let sender = from.wire.first().cloned().unwrap_or_default();
    let recipients = in_order(&to, &bcc, &cc);
    let smtputf8 = !sender.is_ascii() || !recipients.iter().all(|address| address.is_ascii());
    let domain = sender.rsplit('@').next().unwrap_or("localhost");
    let message_id = format!("<{}@{domain}>", hexadecimal(tools.random));

    let mut headers = Headers::default();
    headers.plain("MIME-Version", "1.0");
    headers.mailboxes("From", from.pairs());
    headers.mailboxes("To", to.pairs());
    headers.mailboxes("Cc", cc.pairs());
    headers.mailboxes("Reply-To", reply_to.pairs());
    let originals = original_to.iter().map(|address| (None, address.as_str()));
    headers.mailboxes("X-Original-To", originals);
    priority_headers(&mut headers, message.priority);
    headers.plain("Date", &date(tools.clock)?);
    headers.plain("Message-ID", &message_id);
    if !message.subject.is_empty() {
        headers.text("Subject", &message.subject);
    }

    let mut content = Content::default();
    let body = text::encode(&message.body);
    if message.attachments.is_empty() {
        body.headers(&mut headers);
        content.push(headers.finish());
        content.push(body.into_lines());
    } else {
        let boundary = format!("--boundary_0_{}", hexadecimal(tools.random));
        headers.plain(
            "Content-Type",
            &format!("multipart/mixed; boundary={boundary}"),
        );
        content.push(headers.finish());
        let mut part = Headers::after(format!("--{boundary}\r\n"));
        body.headers(&mut part);
        content.push(part.finish());
        // The line end before a boundary belongs to the boundary.
        content.push(body.into_bytes());
        content.push(b"\r\n".to_vec());
        for attachment in &message.attachments {
            let len = attachment_len(attachment, tools)?;
            let mut part = Headers::after(format!("--{boundary}\r\n"));
            part.attachment(&attachment_name(attachment));
            content.push(part.finish());
            content.push_file(attachment, len);
        }
        content.push(format!("--{boundary}--\r\n").into_bytes());
    }

    Ok(Composed {
        envelope: Envelope {
            sender,
            recipients,
            smtputf8,
        },
        from: from.shown().into_iter().next().unwrap_or_default(),
        to: to.shown(),
        cc: cc.shown(),
        bcc: bcc.shown(),
        original_to,
        subject: message.subject.clone(),
        attachments: message.attachments.iter().map(attachment_name).collect(),
        message_id,
        content,
    })
}

/// The order in which System.Net.Mail names recipients.
fn in_order(to: &Line, bcc: &Line, cc: &Line) -> Vec<String> {
    [to, bcc, cc]
        .into_iter()
        .flat_map(|line| line.wire.iter().cloned())
        .collect()
}

/// An address line: the mailboxes, and their addresses as they go out.
#[derive(Default)]
struct Line {
    mailboxes: Vec<Mailbox>,
    wire: Vec<String>,
}

impl Line {
    fn parse(field: Field, line: &str) -> Result<Line, AddressProblem> {
        Line::from_mailboxes(field, parse_list(field, line)?)
    }

    fn one(field: Field, line: &str) -> Result<Line, AddressProblem> {
        Line::from_mailboxes(field, vec![parse_one(field, line)?])
    }

    fn from_mailboxes(field: Field, mailboxes: Vec<Mailbox>) -> Result<Line, AddressProblem> {
        let wire = mailboxes
            .iter()
            .map(|mailbox| {
                wire_form(&mailbox.email).map_err(|reason| AddressProblem {
                    field,
                    piece: mailbox.email.to_string(),
                    reason,
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Line { mailboxes, wire })
    }

    fn is_empty(&self) -> bool {
        self.mailboxes.is_empty()
    }

    fn pairs(&self) -> impl Iterator<Item = (Option<&str>, &str)> {
        let names = self.mailboxes.iter().map(|mailbox| mailbox.name.as_deref());
        names.zip(self.wire.iter().map(String::as_str))
    }

    fn shown(&self) -> Vec<String> {
        self.mailboxes.iter().map(ToString::to_string).collect()
    }
}

fn priority_headers(headers: &mut Headers, priority: Priority) {
    let (number, urgency, importance) = match priority {
        Priority::Normal => return,
        Priority::High => ("1", "urgent", "high"),
        Priority::Low => ("5", "non-urgent", "low"),
    };
    headers.plain("X-Priority", number);
    headers.plain("Priority", urgency);
    headers.plain("Importance", importance);
}

/// The local time with its offset, as .NET writes it.
fn date(clock: &dyn Clock) -> Result<String, Problem> {
    jiff::fmt::strtime::format("%-d %b %Y %H:%M:%S %z", &clock.now())
        .map_err(|error| Problem::Date(error.to_string()))
}

fn hexadecimal(random: &dyn Random) -> String {
    uuid::Uuid::from_bytes(random.bytes()).simple().to_string()
}

/// The name in the mail: a file name may hold line breaks, a header may not.
fn attachment_name(attachment: &Attachment) -> String {
    attachment
        .name()
        .replace(|character: char| character.is_control(), "_")
}

/// The length that will be sent: as the file is now, even if it grows meanwhile. Opens the file, so that one that may
/// not be read is found before anything is sent.
fn attachment_len(attachment: &Attachment, tools: Tools<'_>) -> Result<u64, Problem> {
    let limit = tools.limits.attachment;
    let len = readable_len(&attachment.path, tools.files, limit).map_err(|error| {
        Problem::Attachment {
            stored: attachment.stored.clone(),
            path: attachment.path.clone(),
            error,
        }
    })?;
    if len > limit {
        return Err(Problem::AttachmentTooLarge {
            stored: attachment.stored.clone(),
            limit,
        });
    }
    Ok(len)
}

fn readable_len(path: &Path, files: &dyn Files, limit: u64) -> std::io::Result<u64> {
    use std::io::{Error, ErrorKind, Read, copy, sink};
    let metadata = files.metadata(path)?;
    match metadata.kind {
        FileKind::File => files.open(path).map(|_| metadata.len),
        // A link says nothing of its target: what can be read through it is counted, up to the limit.
        FileKind::Symlink => {
            let mut target = files.open(path)?.take(limit.saturating_add(1));
            copy(&mut target, &mut sink())
        }
        FileKind::Folder => Err(Error::new(ErrorKind::IsADirectory, "it is a folder")),
        FileKind::Other => Err(Error::new(ErrorKind::InvalidInput, "it is no regular file")),
    }
}
