//! Header fields: folded at 76 columns, outside ASCII as encoded words.

use std::fmt::Write;

use email_encoding::headers::writer::EmailWriter;
use email_encoding::headers::{rfc2047, rfc2231};

/// The fields of a message or of a part, ready to be sent. Values have no line breaks when they come here.
#[derive(Default)]
pub(super) struct Headers(String);

/// A word that is longer is encoded, so that no line grows past the 998 bytes of RFC 5322.
const LONGEST_PLAIN_WORD: usize = 400;

impl Headers {
    /// Fields that follow a boundary line.
    pub(super) fn after(boundary_line: String) -> Headers {
        Headers(boundary_line)
    }

    /// The fields and the empty line that ends them.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.0.push_str("\r\n");
        self.0.into_bytes()
    }

    /// A value of our own making: ASCII, short.
    pub(super) fn plain(&mut self, name: &str, value: &str) {
        self.field(name, |field| field.folding().write_str(value));
    }

    /// Any text of one line, such as a subject.
    pub(super) fn text(&mut self, name: &str, value: &str) {
        self.field(name, |field| {
            if is_plain(value) {
                field.folding().write_str(value)
            } else {
                rfc2047::encode(value, field)
            }
        });
    }

    /// Addresses with their display names; no field at all when there are none.
    pub(super) fn mailboxes<'a>(
        &mut self,
        name: &str,
        mailboxes: impl Iterator<Item = (Option<&'a str>, &'a str)>,
    ) {
        let mut mailboxes = mailboxes.peekable();
        if mailboxes.peek().is_none() {
            return;
        }
        self.field(name, |field| {
            while let Some((display, address)) = mailboxes.next() {
                match display {
                    None => field.folding().write_str(address)?,
                    Some(display) => {
                        if is_plain(display) {
                            field.folding().write_str(&quoted(display))?;
                        } else {
                            rfc2047::encode(display, field)?;
                        }
                        field.space();
                        field.folding().write_str(&format!("<{address}>"))?;
                    }
                }
                if mailboxes.peek().is_some() {
                    field.write_char(',')?;
                    field.space();
                }
            }
            Ok(())
        });
    }

    /// The fields of an attachment. The name stands in Content-Type as .NET writes it, and in Content-Disposition,
    /// where RFC 2183 has it.
    pub(super) fn attachment(&mut self, file_name: &str) {
        self.field("Content-Type", |field| {
            field.write_str("application/octet-stream;")?;
            if is_plain(file_name) {
                let parameter = format!("name={}", quoted(file_name));
                if field.line_len() + parameter.len() > 75 {
                    field.new_line()?;
                }
                field.write_char(' ')?;
                return field.write_str(&parameter);
            }
            field.new_line()?;
            field.write_str(" name=\"")?;
            rfc2047::encode(file_name, field)?;
            field.write_char('"')
        });
        self.plain("Content-Transfer-Encoding", "base64");
        self.field("Content-Disposition", |field| {
            field.write_str("attachment;")?;
            field.space();
            rfc2231::encode("filename", file_name, field)
        });
    }

    fn field(&mut self, name: &str, value: impl FnOnce(&mut EmailWriter<'_>) -> std::fmt::Result) {
        self.0.push_str(name);
        self.0.push_str(": ");
        let mut field = EmailWriter::new(&mut self.0, name.len() + 2, 0, false);
        // Writing to a `String` cannot fail.
        let _ = value(&mut field);
        drop(field);
        self.0.push_str("\r\n");
    }
}

/// Whether a text can stand in a header as it is. A tab cannot: alone on a folded line it would leave that line blank.
fn is_plain(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte == b' ' || byte.is_ascii_graphic())
        && text.split(' ').all(|word| word.len() <= LONGEST_PLAIN_WORD)
}

fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted.push('"');
    quoted
}
