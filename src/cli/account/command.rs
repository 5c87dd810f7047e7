//! A command that prints a token, run without a shell.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use dtsx::mail::auth::TokenSource;
use dtsx::secret::Secret;
use zeroize::Zeroizing;

/// A program and its arguments.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TokenCommand {
    program: String,
    arguments: Vec<String>,
}

/// No token is longer.
const LONGEST_TOKEN: u64 = 64 << 10;

impl TokenCommand {
    /// Cuts at blanks; what stands in `'…'` or `"…"` is one word. Nothing else has a meaning: there is no shell.
    pub(super) fn parse(text: &str) -> Result<TokenCommand, String> {
        let mut words = Vec::new();
        let mut word: Option<String> = None;
        let mut quote: Option<char> = None;
        for character in text.chars() {
            match (quote, character) {
                (Some(open), _) if open == character => quote = None,
                (Some(_), _) => word.get_or_insert_default().push(character),
                (None, '\'' | '"') => {
                    quote = Some(character);
                    word.get_or_insert_default();
                }
                (None, _) if character.is_whitespace() => words.extend(word.take()),
                (None, _) => word.get_or_insert_default().push(character),
            }
        }
        if let Some(open) = quote {
            return Err(format!("a {open} is not closed"));
        }
        words.extend(word);
        let mut words = words.into_iter();
        match words.next() {
            Some(program) if !program.is_empty() => Ok(TokenCommand {
                program,
                arguments: words.collect(),
            }),
            _ => Err("expected a program and its arguments".to_owned()),
        }
    }
}

impl TokenSource for TokenCommand {
    fn token(&self, left: Duration) -> Result<Secret, String> {
        let name = &self.program;
        let mut child = Command::new(name)
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("the token command `{name}` does not start: {error}"))?;
        let (sender, receiver) = mpsc::channel();
        if let Some(stdout) = child.stdout.take() {
            std::thread::spawn(move || {
                let mut bytes = Zeroizing::new(Vec::new());
                let read = stdout.take(LONGEST_TOKEN + 1).read_to_end(&mut bytes);
                // Nobody listens any more when it took too long.
                let _ = sender.send(read.map(|_| bytes));
            });
        }
        let Ok(read) = receiver.recv_timeout(left) else {
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!(
                "the token command `{name}` did not end within the time of the delivery"
            ));
        };
        let bytes = match read {
            Ok(bytes) if u64::try_from(bytes.len()).is_ok_and(|len| len <= LONGEST_TOKEN) => bytes,
            Ok(_) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!(
                    "the token command `{name}` printed more than {LONGEST_TOKEN} bytes"
                ));
            }
            Err(error) => {
                return Err(format!(
                    "the token command `{name}` could not be read: {error}"
                ));
            }
        };
        let status = child
            .wait()
            .map_err(|error| format!("the token command `{name}`: {error}"))?;
        if !status.success() {
            return Err(format!("the token command `{name}` failed: {status}"));
        }
        match std::str::from_utf8(&bytes).map(str::trim) {
            Ok("") => Err(format!("the token command `{name}` printed nothing")),
            Ok(token) => Ok(Secret::new(token)),
            Err(_) => Err(format!(
                "what the token command `{name}` printed is not UTF-8"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_cut_at_blanks_and_kept_in_quotes() {
        let parsed = |text| {
            TokenCommand::parse(text).map(|it| {
                let mut words = vec![it.program];
                words.extend(it.arguments);
                words
            })
        };
        let words = |words: &[&str]| Ok(words.iter().map(|&it| it.to_owned()).collect());
        assert_eq!(parsed("az get -o tsv"), words(&["az", "get", "-o", "tsv"]));
        assert_eq!(
            parsed("'C:\\Program Files\\t.exe'  \"a b\"'c' \"\""),
            words(&["C:\\Program Files\\t.exe", "a bc", ""])
        );
        assert_eq!(parsed("t $HOME;x|y"), words(&["t", "$HOME;x|y"]));
        for wrong in ["", "  ", "''", "a 'b"] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }
}
