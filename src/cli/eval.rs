//! `dtsx eval`: the value of an expression.

mod interactive;

use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use dtsx::connection_string::{masked_within, secrets_within};
use dtsx::effective::{ObjectScope, PackageValues, UnitValues};
use dtsx::expression::{
    Bindings, Column, DataType, Error, Expression, Locale, Lookup, Moment, Name, Reason, Scope,
    Value,
};
use dtsx::host::{Clock as _, RealClock};
use dtsx::project::{Located, Place, locate};
use dtsx::report::json::eval::Eval;

use super::exit::Exit;
use super::given::{Definition, FromMachine, GivenArgs};
use super::one::OneArgs;
use super::output::OutputArgs;
use super::streams::{Refusal, Streams};

/// Evaluate an SSIS expression
///
/// Variables are given with --var: `--var 'User::Count:DT_I4=5'`, `--var 'User::Name=text'`. Without a type the
/// value is a DT_WSTR, without a namespace the variable lies in User, without `=` it is NULL. With --in the variables,
/// parameters and system variables are those that an object of a package sees.
///
/// GETDATE() is the clock of this machine, unless --now gives the time.
#[derive(Debug, Args)]
pub(crate) struct EvalArgs {
    /// The expression; `-` reads it from the standard input
    #[arg(allow_hyphen_values = true, required_unless_present = "interactive")]
    expression: Option<String>,
    /// The package whose values count, or a member of an archive as `ARCHIVE!MEMBER`
    #[arg(long = "in", value_name = "FILE")]
    within: Option<PathBuf>,
    /// The package inside of an archive
    #[arg(long, value_name = "NAME", requires = "within")]
    package: Option<String>,
    /// The object that evaluates, such as `\Package\Send Mail Task` [default: the package]
    #[arg(long, value_name = "PATH", requires = "within")]
    at: Option<String>,
    /// A column of the data flow (repeatable)
    #[arg(long = "column", value_name = "NAME[:DT_TYPE][=VALUE]")]
    columns: Vec<String>,
    #[command(flatten)]
    given: GivenArgs,
    /// Read expressions line by line, with history and completion
    #[arg(short, long)]
    interactive: bool,
    #[command(flatten)]
    output: OutputArgs<Format>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The value as text
    Human,
    /// The schema `dtsx/eval@1`
    Json,
}

pub(crate) fn run(args: &EvalArgs, streams: &mut Streams<'_>) -> io::Result<Exit> {
    streams.out_takes_json = args.output.prints(&Format::Json);
    let Some(file) = &args.within else {
        if let Some(option) = args.given.for_packages() {
            return streams.usage(&format!(
                "`{option}` has a meaning only for a package: `--in FILE` names it"
            ));
        }
        return match args.given.bindings() {
            Ok(bindings) => evaluate(args, bindings, None, streams),
            Err(refusal) => streams.refuse(&refusal),
        };
    };
    let one = OneArgs {
        file: file.clone(),
        package: args.package.clone(),
    };
    let one = match one.open() {
        Ok(one) => one,
        Err(error) => return streams.unreadable(&error.to_string()),
    };
    let given = match args.given.given(FromMachine::Nothing) {
        Ok(given) => given,
        Err(refusal) => return streams.refuse(&refusal),
    };
    let Some(at) = one.at() else {
        return streams.unreadable("the file is gone");
    };
    let target = match locate(at, args.at.as_deref().unwrap_or("\\Package")) {
        Ok(Located {
            place: Place::Object(target),
            ..
        }) => target,
        Ok(_) => return streams.usage("--at: expected the path of an object of the package"),
        Err(error) => return streams.usage(&format!("--at: {error}")),
    };
    let unit = UnitValues::new(at.context, &given);
    let values = PackageValues::new(at, &unit);
    for note in values.notes() {
        streams.messages().note(note);
    }
    let mut bindings = Bindings::new();
    let scope = values.scope(target);
    bindings.set_locale(scope.locale());
    if let Some((now, _)) = given.now {
        bindings.set_now(now);
    }
    evaluate(args, bindings, Some(scope), streams)
}

fn evaluate(
    args: &EvalArgs,
    bindings: Bindings,
    scope: Option<ObjectScope<'_, '_>>,
    streams: &mut Streams<'_>,
) -> io::Result<Exit> {
    let mut session = match Session::new(args, bindings, scope) {
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
                return streams
                    .unreadable(&format!("the standard input could not be read: {error}"));
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
            let assumed = session.assumptions();
            if !streams.out_takes_json {
                for reason in &assumed {
                    streams.messages().note(&format!("assumed: {reason}"));
                }
            }
            shown.print(args, assumed, streams)
        }
        Err(error) => streams.refuse(&Refusal {
            exit: Exit::Found,
            message: excerpt(&error, &text),
        }),
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

    fn print(
        self,
        args: &EvalArgs,
        assumed: Vec<String>,
        streams: &mut Streams<'_>,
    ) -> io::Result<Exit> {
        let mut outputs = match args.output.open(Format::Human, &mut *streams.out) {
            Ok(outputs) => outputs,
            Err(refusal) => return streams.refuse(&refusal),
        };
        // The value is not ours to strip of anything: it goes where a report for programs goes.
        if let Some(mut out) = outputs.take(&Format::Human) {
            writeln!(out, "{}", self.as_str())?;
            out.flush()?;
        }
        if let Some(mut out) = outputs.take(&Format::Json) {
            let mut eval = Eval::new(self.text, self.data_type.name().as_str(), self.masked);
            eval.assumed = assumed;
            serde_json::to_writer(&mut out, &eval)?;
            writeln!(out)?;
            out.flush()?;
        }
        Ok(Exit::Done)
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
struct Session<'v, 'a> {
    /// What was given and assigned.
    bindings: Bindings,
    /// What an object of a package sees, behind that.
    scope: Option<ObjectScope<'v, 'a>>,
    locale: Locale,
    /// Whether the time was given, or is that of the clock.
    time_given: bool,
}

impl<'v, 'a> Session<'v, 'a> {
    fn new(
        args: &EvalArgs,
        mut bindings: Bindings,
        scope: Option<ObjectScope<'v, 'a>>,
    ) -> Result<Session<'v, 'a>, String> {
        let locale = bindings.locale();
        for text in &args.columns {
            let (name, value) = Definition::parse(text)
                .and_then(|parts| parts.value(locale))
                .map_err(|why| format!("--column: {why}"))?;
            bindings.bind_column(name, value);
        }
        Ok(Session {
            bindings,
            scope,
            locale,
            time_given: args.given.has_time(),
        })
    }

    /// The value of an expression; an assignment is stored for the expressions that follow.
    fn evaluate(&mut self, text: &str) -> Result<Value, Error> {
        if !self.time_given {
            self.bindings.set_now(Moment::from(&RealClock.now()));
        }
        let expression = Expression::parse(text)?;
        let value = expression.evaluate(self)?;
        if let Some(name) = expression.assigned() {
            self.assign(name, value.clone())?;
        }
        Ok(value)
    }

    fn assign(&mut self, name: &Name<'_>, value: Value) -> Result<(), Error> {
        if matches!(self.bindings.variable(name), Lookup::Missing)
            && let Some(scope) = &self.scope
            && !matches!(scope.variable(name), Lookup::Missing)
        {
            // What may not be assigned to refuses by its namespace.
            let full = format!("{}::{}", name.namespace.unwrap_or("User"), name.name);
            self.bindings.bind(&full, Value::null(value.data_type()));
        }
        self.bindings.assign(name, value)
    }

    /// Why values are only assumed.
    fn assumptions(&self) -> Vec<String> {
        let scope = self.scope.as_ref();
        let reasons = scope.map(ObjectScope::assumptions).unwrap_or_default();
        reasons
            .iter()
            .map(|reason| masked_within(reason).0.into_owned())
            .collect()
    }
}

impl Scope for Session<'_, '_> {
    fn variable(&self, name: &Name<'_>) -> Lookup {
        match (self.bindings.variable(name), &self.scope) {
            (Lookup::Missing, Some(scope)) => scope.variable(name),
            (found, _) => found,
        }
    }

    fn column(&self, column: &Column<'_>) -> Option<Lookup> {
        self.bindings.column(column)
    }

    fn now(&self) -> Result<Moment, Reason> {
        self.bindings.now()
    }

    fn locale(&self) -> Locale {
        self.locale
    }

    fn variable_names(&self) -> Vec<String> {
        let mut names = self.bindings.variable_names();
        if let Some(scope) = &self.scope {
            names.extend(scope.variable_names());
            names.sort();
            names.dedup();
        }
        names
    }
}
