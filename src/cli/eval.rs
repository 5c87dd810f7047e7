//! `dtsx eval`: the value of an expression.

mod interactive;

use std::io::{self, Read as _};
use std::path::Path;

use clap::{Args, ValueEnum};

use dtsx::connection_string::{masked_within, secrets_within};
use dtsx::expression::{Bindings, DataType, Error, Expression, Locale, Moment, TypeName, Value};
use dtsx::host::{Clock, Environment, Files, RealClock, RealEnvironment, RealFiles};
use dtsx::report::json::eval::Eval;

use super::exit::Exit;
use super::streams::Streams;

/// Evaluate an SSIS expression
///
/// Variables are given with --var: `--var 'User::Count:DT_I4=5'`, `--var 'User::Name=text'`. Without a type the
/// value is a DT_WSTR, without a namespace the variable lies in User, without `=` it is NULL.
#[derive(Debug, Args)]
pub(crate) struct EvalArgs {
    /// The expression; `-` reads it from the standard input
    #[arg(allow_hyphen_values = true, required_unless_present = "interactive")]
    expression: Option<String>,
    /// A variable or a parameter (repeatable); the value may be `@env:NAME` or `@file:PATH`
    #[arg(long = "var", value_name = "NAME[:DT_TYPE][=VALUE]")]
    variables: Vec<String>,
    /// A column of the data flow (repeatable)
    #[arg(long = "column", value_name = "NAME[:DT_TYPE][=VALUE]")]
    columns: Vec<String>,
    /// The time that GETDATE() gives, such as 2026-11-24T09:00:00; an offset behind it tells GETUTCDATE(), without
    /// one both give the same [default: the clock of this machine]
    #[arg(long, value_name = "TIME")]
    now: Option<Moment>,
    /// The locale that dates are written in and strings are ordered by
    #[arg(long, value_name = "LCID", default_value_t = 1033)]
    locale: u32,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Read expressions line by line, with history and completion
    #[arg(short, long)]
    interactive: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Human,
    Json,
}

pub(crate) fn run(args: &EvalArgs, streams: &mut Streams<'_>) -> io::Result<Exit> {
    let mut session = match Session::new(args) {
        Ok(session) => session,
        Err(message) => return streams.usage(&message),
    };
    if args.interactive {
        return interactive::run(&mut session, args.expression.as_deref(), streams);
    }
    let text = match args.expression.as_deref() {
        Some("-") => {
            let mut text = String::new();
            if let Err(error) = io::stdin().lock().read_to_string(&mut text) {
                writeln!(
                    streams.err,
                    "dtsx: the standard input could not be read: {error}"
                )?;
                return Ok(Exit::Unreadable);
            }
            text
        }
        given => given.unwrap_or_default().to_owned(),
    };
    match session
        .evaluate(&text)
        .and_then(|value| Shown::new(&value, session.locale))
    {
        Ok(shown) => {
            shown.print(args.format, streams)?;
            Ok(Exit::Done)
        }
        Err(error) => {
            writeln!(streams.err, "dtsx: {}", excerpt(&error, &text))?;
            Ok(Exit::Found)
        }
    }
}

/// A value as it is shown: the secrets of a connection string in it are masked.
struct Shown {
    /// `None` for NULL.
    text: Option<String>,
    masked: Vec<String>,
    data_type: DataType,
}

impl Shown {
    fn new(value: &Value, locale: Locale) -> Result<Shown, Error> {
        let text = value.to_text(locale)?;
        let (text, masked) = match text.as_deref().map(masked_within) {
            Some((text, masked)) => (Some(text.into_owned()), masked),
            None => (None, Vec::new()),
        };
        Ok(Shown {
            text,
            masked,
            data_type: value.data_type(),
        })
    }

    /// The text; `NULL` for NULL.
    fn as_str(&self) -> &str {
        self.text.as_deref().unwrap_or("NULL")
    }

    fn print(self, format: Format, streams: &mut Streams<'_>) -> io::Result<()> {
        match format {
            Format::Human => writeln!(streams.out, "{}", self.as_str()),
            Format::Json => {
                let eval = Eval::new(self.text, self.data_type.name().as_str(), self.masked);
                serde_json::to_writer(&mut *streams.out, &eval)?;
                writeln!(streams.out)
            }
        }
    }
}

/// An error with its place in the expression, the secrets of the expression masked.
fn excerpt(error: &Error, text: &str) -> String {
    let mut shown = text.to_owned();
    for secret in secrets_within(text) {
        // As long as before, so that the place stays the same.
        shown.replace_range(secret.value.clone(), &"*".repeat(secret.value.len()));
    }
    error.render(&shown)
}

/// What the expressions of one call share.
struct Session {
    bindings: Bindings,
    locale: Locale,
    /// Whether the time was given, or is that of the clock.
    time_given: bool,
}

impl Session {
    fn new(args: &EvalArgs) -> Result<Session, String> {
        let locale = Locale(args.locale);
        let mut bindings = Bindings::new();
        bindings.set_locale(locale);
        for text in &args.variables {
            let (name, value) = Definition::parse(text)
                .and_then(|parts| parts.value(locale))
                .map_err(|why| format!("--var: {why}"))?;
            bindings.bind(name, value);
        }
        for text in &args.columns {
            let (name, value) = Definition::parse(text)
                .and_then(|parts| parts.value(locale))
                .map_err(|why| format!("--column: {why}"))?;
            bindings.bind_column(name, value);
        }
        if let Some(now) = args.now {
            bindings.set_now(now);
        }
        Ok(Session {
            bindings,
            locale,
            time_given: args.now.is_some(),
        })
    }

    /// The value of an expression; an assignment is stored for the expressions that follow.
    fn evaluate(&mut self, text: &str) -> Result<Value, Error> {
        if !self.time_given {
            self.bindings.set_now(Moment::from(&RealClock.now()));
        }
        let expression = Expression::parse(text)?;
        let value = expression.evaluate(&self.bindings)?;
        if let Some(name) = expression.assigned() {
            self.bindings.assign(name, value.clone())?;
        }
        Ok(value)
    }
}

/// `NAME[:DT_TYPE][=VALUE]`, taken apart.
struct Definition<'t> {
    name: &'t str,
    data_type: Option<&'t str>,
    value: Option<&'t str>,
}

impl<'t> Definition<'t> {
    fn parse(text: &'t str) -> Result<Definition<'t>, String> {
        let (left, value) = match text.split_once('=') {
            Some((left, value)) => (left, Some(value)),
            None => (text, None),
        };
        // The colon before a type is the last one; those of a namespace are two.
        let typed = left.rsplit_once(':').filter(|(name, of)| {
            let is_type = of
                .get(..3)
                .is_some_and(|head| head.eq_ignore_ascii_case("DT_"));
            is_type && !name.ends_with(':')
        });
        let (name, data_type) = match typed {
            Some((name, data_type)) => (name, Some(data_type)),
            None => (left, None),
        };
        if name.is_empty() || name.ends_with(':') {
            return Err(format!(
                "expected `NAME[:DT_TYPE][=VALUE]`, such as `User::Count:DT_I4=5`, found `{left}`"
            ));
        }
        Ok(Definition {
            name,
            data_type,
            value,
        })
    }

    /// The name, and the value that is meant.
    fn value(&self, locale: Locale) -> Result<(&'t str, Value), String> {
        let name = self.name;
        let text = self
            .value
            .map(outside)
            .transpose()
            .map_err(|why| format!("`{name}`: {why}"))?;
        let value = match (self.data_type, text) {
            (None, Some(text)) => Ok(Value::text(text)),
            (None, None) => Ok(Value::null(TypeName::Wstr.widest())),
            (Some(of), text) => typed(of, text.as_deref(), locale),
        };
        // The text itself is not shown: it may be a secret.
        Ok((name, value.map_err(|why| format!("`{name}`: {why}"))?))
    }
}

/// A value of a type as it is written in a cast, with or without parameters.
fn typed(of: &str, text: Option<&str>, locale: Locale) -> Result<Value, String> {
    let plain = TypeName::from_name(of);
    if let (Some(name), Some(text)) = (plain, text) {
        return Value::from_text(name, text, locale).map_err(sentence);
    }
    let null = match plain {
        Some(name) => Value::null(name.widest()),
        None => Expression::parse(&format!("NULL({of})"))
            .and_then(|expression| expression.evaluate(&Bindings::new()))
            .map_err(|error| format!("`{of}` is no type: {}", sentence(error)))?,
    };
    match text {
        Some(text) => Value::text(text)
            .cast_to(null.data_type(), locale)
            .map_err(sentence),
        None => Ok(null),
    }
}

fn sentence(error: Error) -> String {
    match error.help() {
        Some(help) => format!("{}; {help}", error.message()),
        None => error.message().to_owned(),
    }
}

/// The value itself, or what `@env:NAME` or `@file:PATH` stands for.
fn outside(value: &str) -> Result<String, String> {
    if let Some(name) = value.strip_prefix("@env:") {
        return RealEnvironment
            .variable(name)
            .ok_or_else(|| format!("the environment has no variable `{name}`"));
    }
    if let Some(path) = value.strip_prefix("@file:") {
        let bytes = RealFiles
            .read(Path::new(path))
            .map_err(|error| format!("the file `{path}` could not be read: {error}"))?;
        let mut text =
            String::from_utf8(bytes).map_err(|_| format!("the file `{path}` is not UTF-8"))?;
        // An editor ends the last line; the value does not end in one.
        for end in ['\n', '\r'] {
            if text.ends_with(end) {
                text.pop();
            }
        }
        return Ok(text);
    }
    Ok(value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defined(text: &str) -> (String, Value) {
        let (name, value) = Definition::parse(text)
            .unwrap()
            .value(Locale::EN_US)
            .unwrap();
        (name.to_owned(), value)
    }

    #[test]
    fn a_definition_has_a_name_a_type_and_a_value() {
        for (text, name, data_type, value) in [
            ("User::n:DT_I4=5", "User::n", "DT_I4", Some("5")),
            ("User::n=5", "User::n", "DT_WSTR,1", Some("5")),
            ("n=a=b:DT_I4", "n", "DT_WSTR,9", Some("a=b:DT_I4")),
            ("User::n", "User::n", "DT_WSTR,4000", None),
            ("User::DT_x=1", "User::DT_x", "DT_WSTR,1", Some("1")),
            (
                "$Project::p:dt_bool=-1",
                "$Project::p",
                "DT_BOOL",
                Some("True"),
            ),
            ("a:DT_DATE=2024-01-04", "a", "DT_DATE", Some("1/4/2024")),
            (
                "a:DT_NUMERIC,10,2=1.239",
                "a",
                "DT_NUMERIC,10,2",
                Some("1.23"),
            ),
            ("a:DT_DECIMAL=12.50", "a", "DT_DECIMAL,2", Some("12.50")),
            ("a:DT_WSTR,5", "a", "DT_WSTR,5", None),
            ("a=", "a", "DT_WSTR,0", Some("")),
        ] {
            let (found, defined) = defined(text);
            assert_eq!(found, name, "{text}");
            assert_eq!(defined.data_type().to_string(), data_type, "{text}");
            assert_eq!(
                defined.to_text(Locale::EN_US).unwrap().as_deref(),
                value,
                "{text}"
            );
        }
    }

    #[test]
    fn a_wrong_definition_says_what_is_wrong_and_not_what_the_value_is() {
        for text in [
            "=5",
            ":DT_I4=5",
            "User::=5",
            "n:DT_I5=5",
            "n:DT_I4=hunter2",
            "n:DT_WSTR,2=hunter2",
            "n=@env:",
        ] {
            let why = Definition::parse(text)
                .and_then(|parts| parts.value(Locale::EN_US))
                .unwrap_err();
            assert!(!why.contains("hunter2"), "{why}");
        }
    }
}
