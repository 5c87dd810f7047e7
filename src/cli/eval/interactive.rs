//! `dtsx eval -i`: expressions line by line.

use std::io;

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Config, Context, Editor, Helper};

use dtsx::expression::{ErrorKind, Expression, Function, Scope, TypeName};

use super::super::exit::Exit;
use super::super::given::Definition;
use super::super::streams::Streams;
use super::{Session, Shown, excerpt};

const HELP: &str = "\
an expression             its value and its type
@[User::Name] = value     assigns to a variable that is there
:var NAME[:DT_TYPE][=VALUE]   makes a variable
:names                    lists the variables
:functions                lists the functions
:help                     this text
:quit                     ends, as does the end of the input";

/// Reads and evaluates until the input ends. `first` is evaluated before.
pub(super) fn run(
    session: &mut Session<'_, '_>,
    first: Option<&str>,
    streams: &mut Streams<'_>,
) -> io::Result<Exit> {
    let config = Config::builder().auto_add_history(true).build();
    let editor = Editor::<Completions, MemHistory>::with_history(config, MemHistory::new());
    let mut editor = editor.map_err(as_io)?;
    if let Some(text) = first {
        evaluate(session, text, streams)?;
    }
    loop {
        streams.out.flush()?;
        editor.set_helper(Some(Completions::new(session, streams.out_is_terminal)));
        let line = match editor.readline("> ") {
            Ok(line) => line,
            // The line is given up, not the session.
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => return Ok(Exit::Done),
            Err(error) => return Err(as_io(error)),
        };
        match line.trim() {
            "" => {}
            ":quit" | ":q" => return Ok(Exit::Done),
            ":help" | ":?" => writeln!(streams.out, "{HELP}")?,
            ":names" => {
                for name in session.variable_names() {
                    writeln!(streams.out, "@[{name}]")?;
                }
            }
            ":functions" => {
                for function in Function::ALL {
                    writeln!(streams.out, "{:<12}{}", function.name(), function.summary())?;
                }
            }
            command if command.starts_with(':') => define(session, command, streams)?,
            _ => evaluate(session, &line, streams)?,
        }
    }
}

fn as_io(error: ReadlineError) -> io::Error {
    match error {
        ReadlineError::Io(error) => error,
        other => io::Error::other(other),
    }
}

fn evaluate(
    session: &mut Session<'_, '_>,
    text: &str,
    streams: &mut Streams<'_>,
) -> io::Result<()> {
    let shown = session
        .evaluate(text)
        .and_then(|value| Shown::new(&value, session.locale));
    match shown {
        Ok(shown) => writeln!(streams.out, "{} : {}", shown.as_str(), shown.data_type),
        Err(error) => writeln!(streams.err, "{}", excerpt(&error, text)),
    }
}

fn define(
    session: &mut Session<'_, '_>,
    command: &str,
    streams: &mut Streams<'_>,
) -> io::Result<()> {
    let Some(text) = command.strip_prefix(":var ") else {
        return writeln!(streams.err, "`{command}` is no command; `:help` lists them");
    };
    let defined = Definition::parse(text.trim()).and_then(|parts| parts.value(session.locale));
    match defined {
        Ok((name, value)) => session.bindings.bind(name, value),
        Err(why) => writeln!(streams.err, "{why}")?,
    }
    Ok(())
}

/// What can be completed: functions, types, keywords and the variables that are there.
struct Completions {
    words: Vec<String>,
    names: Vec<String>,
    /// On a terminal an unfinished expression goes on in the next line; in a pipe each line is one.
    lines_go_on: bool,
}

impl Completions {
    fn new(session: &Session<'_, '_>, lines_go_on: bool) -> Completions {
        let functions = Function::ALL.iter().map(|function| format!("{function}("));
        let types = TypeName::all().map(|name| name.to_string());
        let keywords = ["NULL(", "TRUE", "FALSE"].map(str::to_owned);
        let names = session.variable_names();
        Completions {
            words: functions.chain(types).chain(keywords).collect(),
            names: names.iter().map(|name| format!("@[{name}]")).collect(),
            lines_go_on,
        }
    }

    /// Where the word before the cursor begins, and what it may become.
    fn of(&self, before: &str) -> (usize, Vec<String>) {
        let name_start = before.rfind('@').filter(|&at| {
            let name = before.get(at..).unwrap_or_default();
            !name.contains([']', '"', '+', '(', ')'])
        });
        if let Some(start) = name_start {
            let typed = before.get(start..).unwrap_or_default().to_lowercase();
            // `@Na` finds `@[User::Name]` as `@[User::Na` does.
            let bare = typed.trim_start_matches(['@', '[']);
            let fits = |name: &&String| {
                let name = name.to_lowercase();
                name.starts_with(&typed)
                    || name.trim_start_matches(['@', '[']).starts_with(bare)
                    || name
                        .split_once("::")
                        .is_some_and(|(_, name)| name.starts_with(bare))
            };
            return (start, self.names.iter().filter(fits).cloned().collect());
        }
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let start = before.trim_end_matches(is_word).len();
        let typed = before.get(start..).unwrap_or_default().to_ascii_uppercase();
        if typed.is_empty() {
            return (start, Vec::new());
        }
        let fits = |word: &&String| word.starts_with(&typed);
        (start, self.words.iter().filter(fits).cloned().collect())
    }
}

impl Completer for Completions {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        at: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(self.of(line.get(..at).unwrap_or_default()))
    }
}

impl Validator for Completions {
    fn validate(&self, input: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let text = input.input();
        let goes_on = self.lines_go_on
            && !text.trim_start().starts_with(':')
            && Expression::parse(text).is_err_and(|error| error.kind() == ErrorKind::Incomplete);
        Ok(if goes_on {
            ValidationResult::Incomplete
        } else {
            ValidationResult::Valid(None)
        })
    }
}

impl Hinter for Completions {
    type Hint = String;
}

impl Highlighter for Completions {}

impl Helper for Completions {}

#[cfg(test)]
mod tests {
    use super::*;

    fn completions() -> Completions {
        Completions {
            words: ["DATEADD(", "DATEDIFF(", "DT_DATE", "RIGHT("]
                .map(str::to_owned)
                .to_vec(),
            names: ["@[User::Count]", "@[User::Path]", "@[System::PackageName]"]
                .map(str::to_owned)
                .to_vec(),
            lines_go_on: true,
        }
    }

    #[test]
    fn words_and_names_are_completed_in_any_case() {
        let of = |before: &str| completions().of(before);
        assert_eq!(
            of("1 + date"),
            (4, vec!["DATEADD(".to_owned(), "DATEDIFF(".to_owned()])
        );
        assert_eq!(of("(dt_"), (1, vec!["DT_DATE".to_owned()]));
        assert_eq!(
            of("\"x\" + @[User::c"),
            (6, vec!["@[User::Count]".to_owned()])
        );
        assert_eq!(
            of("@pa"),
            (
                0,
                vec![
                    "@[User::Path]".to_owned(),
                    "@[System::PackageName]".to_owned()
                ]
            )
        );
        assert_eq!(of("@[User::Count] + ri"), (17, vec!["RIGHT(".to_owned()]));
        assert_eq!(of(""), (0, Vec::new()));
        assert_eq!(of("1 + "), (4, Vec::new()));
    }
}
