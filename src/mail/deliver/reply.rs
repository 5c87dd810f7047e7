//! A server's reply (RFC 5321 section 4.2), read within bounds.

use std::fmt;

use crate::source::visible;

/// The longest line of a reply in bytes, its line end included. RFC 5321 asks for 512.
pub const LONGEST_LINE: usize = 2048;
/// The longest line while a mechanism speaks (RFC 4954 section 4), its line end included.
pub const LONGEST_CHALLENGE: usize = 12_290;
/// The most lines of one reply.
pub const MOST_LINES: usize = 128;

/// A complete reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The three digits.
    pub code: u16,
    /// The text of each line, without code and line end.
    pub lines: Vec<String>,
}

impl Reply {
    /// Whether the server says that it closes the connection.
    pub(super) fn closes(&self) -> bool {
        self.code == 421
    }
}

impl fmt::Display for Reply {
    /// One line, with control characters made visible: `550 5.1.1 no such user`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        let mut room: usize = 1000;
        for line in self.lines.iter().filter(|line| !line.is_empty()) {
            if line.len() > room {
                return f.write_str(" …");
            }
            room -= line.len();
            write!(f, " {}", visible(line))?;
        }
        Ok(())
    }
}

/// What came from the server is no reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyProblem {
    /// A line past this many bytes.
    #[error("a line of more than {0} bytes came where a reply was expected")]
    LineTooLong(usize),
    /// A reply past [`MOST_LINES`].
    #[error("a reply of more than {MOST_LINES} lines came")]
    TooManyLines,
    /// A line that does not begin as a reply does.
    #[error("`{}` came where a reply with a three-digit code was expected", visible(.0))]
    NoReply(String),
    /// A line whose code is not that of the lines before it.
    #[error("a line with the code {line} came inside a reply with the code {reply}")]
    CodeChanged {
        /// The code of the reply so far.
        reply: u16,
        /// The code of the line.
        line: u16,
    },
}

/// Takes a reply line by line.
#[derive(Debug, Default)]
pub(super) struct ReplyReader {
    code: Option<u16>,
    lines: Vec<String>,
}

impl ReplyReader {
    /// Takes a line without its line end; gives the reply when this was its last line.
    pub(super) fn line(&mut self, line: &[u8]) -> Result<Option<Reply>, ReplyProblem> {
        let no_reply = || {
            let excerpt = line.get(..80).unwrap_or(line);
            ReplyProblem::NoReply(String::from_utf8_lossy(excerpt).into_owned())
        };
        let (digits, rest) = line.split_at_checked(3).ok_or_else(no_reply)?;
        let code = match *digits {
            [a @ b'2'..=b'5', b @ b'0'..=b'5', c @ b'0'..=b'9'] => [a, b, c]
                .iter()
                .fold(0, |code, digit| code * 10 + u16::from(digit - b'0')),
            _ => return Err(no_reply()),
        };
        let (last, text) = match rest.split_first() {
            None => (true, &[][..]),
            Some((b' ', text)) => (true, text),
            Some((b'-', text)) => (false, text),
            Some(_) => return Err(no_reply()),
        };
        match self.code {
            Some(reply) if reply != code => {
                return Err(ReplyProblem::CodeChanged { reply, line: code });
            }
            _ => self.code = Some(code),
        }
        if self.lines.len() == MOST_LINES {
            return Err(ReplyProblem::TooManyLines);
        }
        self.lines.push(String::from_utf8_lossy(text).into_owned());
        Ok(last.then(|| Reply {
            code,
            lines: std::mem::take(&mut self.lines),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Result<Option<Reply>, ReplyProblem> {
        let mut reader = ReplyReader::default();
        let mut reply = None;
        for line in lines {
            assert_eq!(reply, None, "the reply had ended");
            reply = reader.line(line.as_bytes())?;
        }
        Ok(reply)
    }

    #[test]
    fn replies_of_one_and_of_several_lines() {
        let reply = read(&["250-relay.example", "250-SIZE 100", "250 HELP"])
            .unwrap()
            .unwrap();
        assert_eq!(reply.code, 250);
        assert_eq!(reply.lines, ["relay.example", "SIZE 100", "HELP"]);
        assert_eq!(reply.to_string(), "250 relay.example SIZE 100 HELP");
        assert_eq!(read(&["354"]).unwrap().unwrap().lines, [""]);
        assert_eq!(read(&["250-more"]), Ok(None));
    }

    #[test]
    fn anything_else_is_no_reply() {
        for line in [
            "",
            "25",
            "HTTP/1.1 400",
            "2500 x",
            "250_x",
            "199 x",
            "600 x",
            "270 x",
            "２５０ x",
        ] {
            assert!(
                matches!(read(&[line]), Err(ReplyProblem::NoReply(_))),
                "{line}"
            );
        }
        assert_eq!(
            read(&["250-a", "550 b"]),
            Err(ReplyProblem::CodeChanged {
                reply: 250,
                line: 550
            })
        );
        assert_eq!(
            read(&vec!["250-a"; MOST_LINES + 1]),
            Err(ReplyProblem::TooManyLines)
        );
    }

    #[test]
    fn a_reply_is_shown_on_one_line() {
        let reply = read(&["550-5.7.1 \u{1b}[2Jno", "550 "]).unwrap().unwrap();
        assert_eq!(reply.to_string(), "550 5.7.1 \\u{1b}[2Jno");
    }
}
