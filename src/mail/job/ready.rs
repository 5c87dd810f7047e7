//! A job with what was given for a run.

use std::collections::BTreeMap;

use crate::connection_string::{SmtpConnection, SmtpConnectionString, SmtpProperty};
use crate::effective::{GivenBy, GivenVariable, PathMap};
use crate::expression::{Bindings, Expression, Locale, Moment, NodeKind, TypeName, Value};
use crate::host::Files;
use crate::package::{Priority, boolean, nearest};
use crate::project::Label;
use crate::source::visible;

use super::file::{Body, Computed, Formula, Job, JobMail, JobServer, Setting};
use crate::mail::auth::SignIn;
use crate::mail::codes::Code;
use crate::mail::message::{Attachment, MailMessage, split_attachments};
use crate::mail::resolve::{Request, RequestServer, Resolved, Unsent};
use crate::mail::source::read_text;
use crate::mail::task_outcome::Cause;

/// What a run gives to a job.
#[derive(Clone, Copy)]
pub struct JobRun<'r> {
    /// What reports call the job.
    pub label: &'r Label,
    /// Values for inputs, and what this machine says of itself.
    pub variables: &'r [GivenVariable],
    /// The time.
    pub now: Option<Moment>,
    /// The locale, instead of the job's.
    pub locale: Option<Locale>,
    /// Where the job's paths are here.
    pub paths: &'r PathMap,
    /// Where files with texts are.
    pub files: &'r dyn Files,
    /// Who signs in, by the names of the job's servers: what their accounts refer to.
    pub sign_ins: &'r BTreeMap<String, SignIn>,
    /// The properties of servers that nothing depends on.
    pub unneeded: &'r [SmtpProperty],
}

/// An input that a run must give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingInput {
    /// Its name.
    pub name: String,
    /// Its type.
    pub data_type: String,
    /// What it is.
    pub description: Option<String>,
}

/// Why a job does not begin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadyError {
    /// Inputs that were not given.
    #[error("the job needs what was not given:{}", listed(.0))]
    Missing(Vec<MissingInput>),
    /// A value for nothing.
    #[error("--var: the job has no input `{name}`{}", did_you_mean(.nearest))]
    NoInput {
        /// The name that was given.
        name: String,
        /// The one that was meant, perhaps.
        nearest: Option<String>,
    },
    /// A value of another type.
    #[error("--var: `{name}`: the value is no {data_type}: {reason}")]
    Type {
        /// The input.
        name: String,
        /// Its type.
        data_type: String,
        /// Why.
        reason: String,
    },
    /// Variables that wait for each other.
    #[error("the variables of the job read each other in a circle: {}", .0.join(", "))]
    Circle(Vec<String>),
}

fn listed(missing: &[MissingInput]) -> String {
    missing
        .iter()
        .map(|it| {
            let what = it
                .description
                .as_deref()
                .map(|text| format!(": {}", visible(text)));
            format!(
                "\n  `{}` ({}){}: `--var '{}=VALUE'`",
                visible(&it.name),
                it.data_type,
                what.unwrap_or_default(),
                visible(&it.name)
            )
        })
        .collect()
}

fn did_you_mean(nearest: &Option<String>) -> String {
    match nearest {
        Some(name) => format!(" (did you mean `{name}`?)"),
        None => String::new(),
    }
}

/// A job whose mail can be resolved.
pub struct Ready<'r> {
    job: &'r Job,
    run: JobRun<'r>,
    bindings: Bindings,
    locale: Locale,
    /// The variables that are computed, each behind those that it reads.
    order: Vec<(&'r String, &'r Computed)>,
}

impl Job {
    /// Takes what was given, and computes the variables.
    ///
    /// # Errors
    ///
    /// [`ReadyError`]
    pub fn ready<'r>(&'r self, run: JobRun<'r>) -> Result<Ready<'r>, ReadyError> {
        let locale = run.locale.unwrap_or(Locale(self.locale));
        let mut bindings = Bindings::new();
        bindings.set_locale(locale);
        if let Some(now) = run.now {
            bindings.set_now(now);
            let start = whole_seconds(now.local);
            for name in ["StartTime", "ContainerStartTime", "EventHandlerStartTime"] {
                bindings.bind(&format!("System::{name}"), Value::date(start));
            }
        }
        self.refuse_unknown(run.variables)?;
        for it in run.variables.iter().filter(|it| it.by == GivenBy::Machine) {
            bindings.bind(&it.name, it.value.clone());
        }
        let needed = self.names_needed(run.unneeded);
        self.bind_inputs(run.variables, &needed, locale, &mut bindings)?;
        let order = self.in_order(run.variables, locale, &mut bindings)?;
        Ok(Ready {
            job: self,
            run,
            bindings,
            locale,
            order,
        })
    }

    /// The variables that are computed, each behind those that it reads; those that were given are bound.
    fn in_order(
        &self,
        given: &[GivenVariable],
        locale: Locale,
        bindings: &mut Bindings,
    ) -> Result<Vec<(&String, &Computed)>, ReadyError> {
        let mut waiting: BTreeMap<&String, &Computed> = BTreeMap::new();
        for (name, variable) in &self.variables {
            match value_given(given, name) {
                Some(value) => {
                    let of = TypeName::from_name(&variable.data_type).unwrap_or(TypeName::Wstr);
                    bindings.bind(name, cast(name, value, of, locale)?);
                }
                None => {
                    waiting.insert(name, variable);
                }
            }
        }
        let mut order = Vec::new();
        while !waiting.is_empty() {
            let is_free = |expression: &str| {
                let names = names_in(expression);
                !names
                    .iter()
                    .any(|name| waiting.keys().any(|it| is_meant(name, it)))
            };
            let free: Vec<(&String, &Computed)> = waiting
                .iter()
                .filter(|(_, variable)| is_free(&variable.expression))
                .map(|(name, variable)| (*name, *variable))
                .collect();
            if free.is_empty() {
                let names = waiting.keys().map(|name| format!("`{name}`"));
                return Err(ReadyError::Circle(names.collect()));
            }
            for (name, variable) in free {
                waiting.remove(name);
                order.push((name, variable));
            }
        }
        Ok(order)
    }

    fn refuse_unknown(&self, given: &[GivenVariable]) -> Result<(), ReadyError> {
        for it in given.iter().filter(|it| it.by == GivenBy::Option) {
            let name = qualified(&it.name);
            let known = self.inputs.keys().chain(self.variables.keys());
            if !known.clone().any(|known| same(known, &name)) {
                let nearest = nearest(&name, known.map(String::as_str)).map(str::to_owned);
                return Err(ReadyError::NoInput { name, nearest });
            }
        }
        Ok(())
    }

    fn bind_inputs(
        &self,
        given: &[GivenVariable],
        needed: &[String],
        locale: Locale,
        bindings: &mut Bindings,
    ) -> Result<(), ReadyError> {
        let mut missing = Vec::new();
        for (name, input) in &self.inputs {
            let Some(of) = TypeName::from_name(&input.data_type) else {
                continue;
            };
            let value = match (value_given(given, name), &input.default) {
                (Some(value), _) => cast(name, value, of, locale)?,
                // Checked when the job was read.
                (None, Some(default)) => match Value::from_text(of, default, Locale(self.locale)) {
                    Ok(value) => value,
                    Err(_) => continue,
                },
                (None, None) if !needed.iter().any(|it| is_meant(it, name)) => continue,
                (None, None) => {
                    missing.push(MissingInput {
                        name: name.clone(),
                        data_type: input.data_type.clone(),
                        description: input.description.clone(),
                    });
                    continue;
                }
            };
            bindings.bind(name, value);
        }
        match missing.is_empty() {
            true => Ok(()),
            false => Err(ReadyError::Missing(missing)),
        }
    }
}

impl Job {
    /// The names that the mail reads, and what is needed of its servers; followed through variables.
    fn names_needed(&self, unneeded: &[SmtpProperty]) -> Vec<String> {
        fn read<T>(setting: Option<&Setting<T>>, texts: &mut Vec<String>) {
            if let Some(Setting::Computed(formula)) = setting {
                texts.push(formula.expression.clone());
            }
        }
        let mut texts = Vec::new();
        for server in self.servers.values() {
            let needed = |property| !unneeded.contains(&property);
            if unneeded.len() < SmtpProperty::ALL.len() {
                read(server.connection_string.as_ref(), &mut texts);
            }
            if needed(SmtpProperty::Server) {
                read(server.server.as_ref(), &mut texts);
            }
            if needed(SmtpProperty::EnableSsl) {
                read(server.enable_ssl.as_ref(), &mut texts);
            }
            if needed(SmtpProperty::UseWindowsAuthentication) {
                read(server.use_windows_authentication.as_ref(), &mut texts);
            }
            if needed(SmtpProperty::Timeout) {
                read(server.timeout.as_ref(), &mut texts);
            }
        }
        for mail in &self.mails {
            for setting in [&mail.from, &mail.to, &mail.cc, &mail.bcc, &mail.subject] {
                read(Some(setting), &mut texts);
            }
            read(mail.priority.as_ref(), &mut texts);
            read(Some(&mail.attachments), &mut texts);
            match &mail.body {
                Body::Text(_) => {}
                Body::Computed(formula) => texts.push(formula.expression.clone()),
                Body::File { file } => read(Some(file), &mut texts),
            }
        }
        let mut names: Vec<String> = Vec::new();
        while let Some(text) = texts.pop() {
            for name in names_in(&text) {
                if names.contains(&name) {
                    continue;
                }
                let variables = self.variables.iter();
                let meant = variables.filter(|(variable, _)| is_meant(&name, variable));
                texts.extend(meant.map(|(_, variable)| variable.expression.clone()));
                names.push(name);
            }
        }
        names
    }
}

fn value_given<'g>(given: &'g [GivenVariable], name: &str) -> Option<&'g Value> {
    let found = given.iter().rfind(|it| same(&qualified(&it.name), name))?;
    Some(&found.value)
}

fn qualified(name: &str) -> String {
    match name.contains("::") {
        true => name.to_owned(),
        false => format!("User::{name}"),
    }
}

fn same(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}

fn cast(name: &str, value: &Value, of: TypeName, locale: Locale) -> Result<Value, ReadyError> {
    if value.data_type().name() == of {
        return Ok(value.clone());
    }
    let converted = match value.as_str() {
        Some(text) => Value::from_text(of, text, locale),
        None => value.cast_to(of.widest(), locale),
    };
    converted.map_err(|error| ReadyError::Type {
        name: name.to_owned(),
        data_type: of.as_str().to_owned(),
        reason: error.message().to_owned(),
    })
}

/// DateTime variables of SSIS hold no fraction of a second.
fn whole_seconds(at: jiff::civil::DateTime) -> jiff::civil::DateTime {
    at.with().subsec_nanosecond(0).build().unwrap_or(at)
}

impl Ready<'_> {
    /// How much mail there is.
    pub fn len(&self) -> usize {
        self.job.mails.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.job.mails.is_empty()
    }

    /// A mail as its task would give it; `None` past the last one.
    pub fn resolve(&self, index: usize) -> Option<Resolved> {
        let mail = self.job.mails.get(index)?;
        let mut notes = Vec::new();
        let result = self.request(mail, &mut notes);
        Some(Resolved {
            path: mail.task.clone(),
            name: mail.name.clone(),
            file: self.run.label.clone(),
            mail: result,
            overridden: Vec::new(),
            notes,
        })
    }

    /// Computes the variables for a mail, and says which have no value, and why.
    fn compute(&self, bindings: &mut Bindings) -> Vec<(String, String)> {
        let mut failed = Vec::new();
        for (name, variable) in &self.order {
            let of = TypeName::from_name(&variable.data_type).unwrap_or(TypeName::Wstr);
            let value = Expression::parse(&variable.expression)
                .and_then(|expression| expression.evaluate(&*bindings))
                .and_then(|value| match value.data_type().name() == of {
                    true => Ok(value),
                    false => value.cast_to(of.widest(), self.locale),
                });
            match value {
                Ok(value) => bindings.bind(name, value),
                Err(error) => failed.push(((*name).clone(), error.message().to_owned())),
            }
        }
        failed
    }

    fn request(&self, mail: &JobMail, notes: &mut Vec<String>) -> Result<Request, Unsent> {
        let mut bindings = self.bindings.clone();
        for (name, known) in &mail.values {
            if let Some(of) = TypeName::from_name(&known.data_type)
                && let Ok(value) = Value::from_text(of, &known.value, Locale(self.job.locale))
            {
                bindings.bind(name, value);
            }
        }
        let failed = self.compute(&mut bindings);
        let at = Evaluating {
            ready: self,
            bindings,
            failed,
        };
        let server = self.job.servers.get(&mail.server);
        let (connection, server) = match server {
            Some(server) => at.connection(&mail.server, server)?,
            None => {
                return Err(Unsent::failed(
                    Code::NO_CONNECTION,
                    "the server is none of the job's".to_owned(),
                ));
            }
        };
        let (to, cc) = (at.text("to", &mail.to)?, at.text("cc", &mail.cc)?);
        let (from, bcc) = (at.text("from", &mail.from)?, at.text("bcc", &mail.bcc)?);
        if [&to, &cc, &bcc]
            .iter()
            .all(|line| line.replace(';', "").trim().is_empty())
        {
            let reason = "no recipient: To, Cc and Bcc are empty".to_owned();
            return Err(Unsent::failed(Code::RECIPIENT_EMPTY, reason));
        }
        let message = MailMessage {
            from,
            to,
            cc,
            bcc,
            subject: at.text("subject", &mail.subject)?,
            priority: at.priority(mail, notes)?,
            attachments: at.attachments(&mail.attachments)?,
            body: at.body(&mail.body, notes)?,
            ..MailMessage::default()
        };
        Ok(Request {
            message,
            connection,
            server,
        })
    }
}

/// The names that an expression reads, as they are written; none of one that cannot be read.
fn names_in(expression: &str) -> Vec<String> {
    let Ok(expression) = Expression::parse(expression) else {
        return Vec::new();
    };
    expression
        .nodes()
        .filter_map(|node| match node.kind() {
            NodeKind::Name(name) => Some(name.to_string()),
            _ => None,
        })
        .collect()
}

/// Whether a name in an expression may mean a variable.
fn is_meant(name: &str, variable: &str) -> bool {
    match name.contains("::") {
        true => same(name, variable),
        false => variable
            .rsplit("::")
            .next()
            .is_some_and(|it| same(it, name)),
    }
}

struct Evaluating<'e, 'r> {
    ready: &'e Ready<'r>,
    bindings: Bindings,
    /// Variables that have no value, and why.
    failed: Vec<(String, String)>,
}

impl Evaluating<'_, '_> {
    fn evaluate(&self, field: &str, formula: &Formula) -> Result<Value, Unsent> {
        let value = Expression::parse(&formula.expression)
            .and_then(|expression| expression.evaluate(&self.bindings));
        value.map_err(|error| {
            let names = names_in(&formula.expression);
            let failed = self.failed.iter();
            let why = failed
                .filter(|(variable, _)| names.iter().any(|name| is_meant(name, variable)))
                .map(|(variable, why)| format!("; `{variable}`: {why}"));
            let why: String = why.collect();
            unusable(
                field,
                &format!("the expression fails: {}{why}", error.message()),
            )
        })
    }

    fn text(&self, field: &str, setting: &Setting<String>) -> Result<String, Unsent> {
        match setting {
            Setting::Plain(text) => Ok(text.clone()),
            Setting::Computed(formula) => {
                let value = self.evaluate(field, formula)?;
                self.as_text(field, &value)
            }
        }
    }

    fn as_text(&self, field: &str, value: &Value) -> Result<String, Unsent> {
        let data_type = value.data_type();
        if !(data_type.is_string() || data_type.is_blob()) {
            let found = data_type.name();
            return Err(unusable(
                field,
                &format!("the expression gives a {found} and no string"),
            ));
        }
        // A NULL string becomes an empty one.
        self.shown(field, value)
    }

    fn shown(&self, field: &str, value: &Value) -> Result<String, Unsent> {
        match value.to_text(self.ready.locale) {
            Ok(text) => Ok(text.unwrap_or_default()),
            Err(error) => Err(unusable(field, error.message())),
        }
    }

    fn boolean(&self, field: &str, setting: &Setting<bool>) -> Result<bool, Unsent> {
        match setting {
            Setting::Plain(value) => Ok(*value),
            Setting::Computed(formula) => {
                let value = self.evaluate(field, formula)?;
                let text = self.shown(field, &value)?;
                let number = value.as_integer().map(|number| number != 0);
                value
                    .as_bool()
                    .or_else(|| boolean(&text))
                    .or(number)
                    .ok_or_else(|| unusable(field, "the expression gives no Boolean"))
            }
        }
    }

    fn number(&self, field: &str, setting: &Setting<i32>) -> Result<i32, Unsent> {
        match setting {
            Setting::Plain(value) => Ok(*value),
            Setting::Computed(formula) => {
                let value = self.evaluate(field, formula)?;
                let text = self.shown(field, &value)?;
                text.trim()
                    .parse()
                    .map_err(|_| unusable(field, "the expression gives no whole number"))
            }
        }
    }

    fn connection(
        &self,
        name: &str,
        server: &JobServer,
    ) -> Result<(SmtpConnection, RequestServer), Unsent> {
        let mut connection = SmtpConnection::default();
        let is_needed = self.ready.run.unneeded.len() < SmtpProperty::ALL.len();
        if let Some(string) = server.connection_string.as_ref().filter(|_| is_needed) {
            let text = self.text("connection_string", string)?;
            connection = SmtpConnectionString::parse(&text)
                .map(SmtpConnectionString::into_connection)
                .map_err(|error| {
                    let reason = format!("the server `{}`: {error}", visible(name));
                    Unsent::failed(Code::CHECK_VALID_SERVER, reason)
                })?;
        }
        let needed = |property| !self.ready.run.unneeded.contains(&property);
        if let Some(host) = &server.server {
            match self.text("server", host) {
                Ok(host) => connection.server = host,
                Err(unsent) if needed(SmtpProperty::Server) => return Err(unsent),
                Err(_) => {}
            }
        }
        if let Some(on) = &server.enable_ssl {
            match self.boolean("enable_ssl", on) {
                Ok(on) => connection.enable_ssl = on,
                Err(unsent) if needed(SmtpProperty::EnableSsl) => return Err(unsent),
                Err(_) => {}
            }
        }
        if let Some(on) = &server.use_windows_authentication {
            match self.boolean("use_windows_authentication", on) {
                Ok(on) => connection.use_windows_authentication = on,
                Err(unsent) if needed(SmtpProperty::UseWindowsAuthentication) => {
                    return Err(unsent);
                }
                Err(_) => {}
            }
        }
        if let Some(timeout) = &server.timeout {
            match self.number("timeout", timeout) {
                Ok(timeout) => connection.timeout = Some(timeout),
                Err(unsent) if needed(SmtpProperty::Timeout) => return Err(unsent),
                Err(_) => {}
            }
        }
        if needed(SmtpProperty::Server) && connection.server.trim().is_empty() {
            let reason = format!("the server `{}` has no name", visible(name));
            return Err(Unsent::failed(Code::SERVER_NOT_SPECIFIED, reason));
        }
        let server = RequestServer {
            port: server.port,
            implicit_tls: server.implicit_tls,
            tls_name: server.tls_name.clone(),
            sign_in: self.ready.run.sign_ins.get(name).cloned(),
        };
        Ok((connection, server))
    }

    fn priority(&self, mail: &JobMail, notes: &mut Vec<String>) -> Result<Priority, Unsent> {
        let text = match &mail.priority {
            None => return Ok(Priority::Normal),
            Some(Setting::Plain(text)) => text.clone(),
            Some(Setting::Computed(formula)) => {
                let value = self.evaluate("priority", formula)?;
                self.shown("priority", &value)?
            }
        };
        Ok(Priority::parse(&text).unwrap_or_else(|| {
            notes.push(format!(
                "`{}` is no priority (High, Normal or Low): sent as Normal",
                visible(&text)
            ));
            Priority::Normal
        }))
    }

    fn attachments(&self, setting: &Setting<Vec<String>>) -> Result<Vec<Attachment>, Unsent> {
        let list = match setting {
            Setting::Plain(list) => list.clone(),
            Setting::Computed(formula) => {
                let value = self.evaluate("attachments", formula)?;
                let text = self.as_text("attachments", &value)?;
                split_attachments(&text).map(str::to_owned).collect()
            }
        };
        list.into_iter()
            .map(|stored| match self.ready.run.paths.locate(&stored) {
                Ok(path) => Ok(Attachment { stored, path }),
                Err(error) => Err(Unsent::failed(
                    Code::INVALID_ATTACHMENT,
                    format!("attachment `{}`: {error}", visible(&stored)),
                )),
            })
            .collect()
    }

    fn body(&self, body: &Body, notes: &mut Vec<String>) -> Result<String, Unsent> {
        let file = match body {
            Body::Text(text) => return Ok(text.clone()),
            Body::Computed(formula) => {
                let value = self.evaluate("body", formula)?;
                return self.as_text("body", &value);
            }
            Body::File { file } => self.text("body.file", file)?,
        };
        let run = &self.ready.run;
        let (text, note) = read_text(file.trim(), run.paths, run.files)?;
        notes.extend(note);
        Ok(text)
    }
}

fn unusable(field: &str, why: &str) -> Unsent {
    Unsent::skipped(Cause::Unknown, format!("`{field}`: {}", visible(why)))
}
