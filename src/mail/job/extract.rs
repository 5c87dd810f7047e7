//! From tasks of a package to a job.

use std::collections::BTreeMap;

use crate::connection_string::{SmtpConnection, SmtpProperty, masked_within, secrets_within};
use crate::effective::{Certainty, Effective, Origin, PackageValues, Read, ReadKind};
use crate::expression::{Expression, Locale, Scope as _, TypeName, Value};
use crate::package::{
    ConnectionManager, MailProperty, MessageSourceType, Priority, SendMailTask, Target, boolean,
};
use crate::project::File;
use crate::source::visible;

use super::file::{
    Account, Body, Computed, Formula, Input, Job, JobMail, JobServer, Known, SCHEMA, Setting,
    Source,
};
use crate::mail::codes::Code;
use crate::mail::message::split_attachments;
use crate::mail::overrides::{Defaults, StaleValues};
use crate::mail::resolve::{Request, Resolved, Rules, Unsent, resolve};
use crate::mail::task_outcome::Cause;
use crate::mail::values::{SetLater, Values};

/// When values are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResolveWhen {
    /// While the job is extracted: it holds values alone.
    Now,
    /// When the job runs: expressions stay what they are, and what they read are inputs.
    AtRun,
}

/// A task that is not in the job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Its property path.
    pub path: String,
    /// Why, and what to do.
    pub reason: String,
    /// Whether a run of the package would leave it out too, without a fault.
    pub is_idle: bool,
}

/// A job on its way.
#[derive(Debug)]
pub struct Extraction {
    job: Job,
    when: ResolveWhen,
    account: Option<Account>,
}

/// What one task gives to the job; taken over only as a whole.
#[derive(Default)]
struct Part {
    inputs: BTreeMap<String, Input>,
    variables: BTreeMap<String, Computed>,
    values: BTreeMap<String, Known>,
}

/// System variables that the run of a job knows by itself.
const OF_THE_RUN: [&str; 6] = [
    "System::StartTime",
    "System::ContainerStartTime",
    "System::EventHandlerStartTime",
    "System::MachineName",
    "System::UserName",
    "System::ExecutionInstanceGUID",
];

/// Whether what an expression reads may make its value another one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Matter {
    No,
    Perhaps,
}

impl Input {
    /// Of two that are the same but for their defaults the one that must be given; `None` of two others.
    fn merged(&self, other: Input) -> Option<Input> {
        let is_same = self.data_type == other.data_type
            && (self.default == other.default || self.default.is_none() || other.default.is_none());
        is_same.then(|| match self.default {
            None => self.clone(),
            Some(_) => other,
        })
    }
}

impl Extraction {
    /// An empty job; `account` signs in to all its servers.
    pub fn new(
        source: Source,
        locale: u32,
        when: ResolveWhen,
        account: Option<Account>,
    ) -> Extraction {
        Extraction {
            job: Job {
                schema: SCHEMA.to_owned(),
                source: Some(source),
                locale,
                inputs: BTreeMap::new(),
                variables: BTreeMap::new(),
                servers: BTreeMap::new(),
                mails: Vec::new(),
            },
            when,
            account,
        }
    }

    /// Adds a task, and gives what there is to say of it.
    ///
    /// # Errors
    ///
    /// [`LeftOut`] for a task that cannot leave its package so.
    pub fn add<'d>(
        &mut self,
        values: &PackageValues<'d>,
        task: SendMailTask<'d>,
        rules: &Rules<'_>,
    ) -> Result<Vec<String>, LeftOut> {
        let Resolved {
            path,
            name,
            mail,
            notes,
            ..
        } = resolve(values, task, rules);
        let out = |unsent: Unsent| {
            let (reason, is_idle) = match unsent {
                Unsent::Idle { reason, .. } => (reason, true),
                Unsent::Skipped { reason, .. } => (reason, false),
                Unsent::Failed { code, reason } => {
                    (format!("{reason} ({code} {})", code.symbol), false)
                }
            };
            LeftOut {
                path: path.clone(),
                reason,
                is_idle,
            }
        };
        match (self.when, mail) {
            (ResolveWhen::Now, Ok(request)) => {
                self.add_values(values, task, path.clone(), name, &request)
                    .map_err(out)?;
                Ok(notes)
            }
            (ResolveWhen::AtRun, mail) => {
                if let Err(unsent) = mail
                    && !may_be_right_later(&unsent)
                {
                    return Err(out(unsent));
                }
                let mut own = Values::new(values, rules.stale_values, rules.defaults);
                let mut extracting = Extracting {
                    values: &mut own,
                    task,
                    part: Part::default(),
                };
                let result = extracting.mail(&path, &name);
                let part = extracting.part;
                let (server_name, server, mail) = result.map_err(out)?;
                own.refuse_unsure().map_err(out)?;
                self.take(server_name, server, mail, part).map_err(out)?;
                Ok(own.notes)
            }
            (ResolveWhen::Now, Err(unsent)) => Err(out(unsent)),
        }
    }

    /// The job; `None` where no task could be taken.
    pub fn finish(self) -> Option<Job> {
        (!self.job.mails.is_empty()).then_some(self.job)
    }

    /// A task whose values are all there.
    fn add_values(
        &mut self,
        values: &PackageValues<'_>,
        task: SendMailTask<'_>,
        path: String,
        name: String,
        request: &Request,
    ) -> Result<(), Unsent> {
        let message = &request.message;
        let plain = |text: &str| Setting::Plain(text.to_owned());
        let mail = JobMail {
            task: path,
            name,
            server: String::new(),
            from: plain(&message.from),
            to: plain(&message.to),
            cc: plain(&message.cc),
            bcc: plain(&message.bcc),
            subject: plain(&message.subject),
            body: Body::Text(message.body.clone()),
            priority: (message.priority != Priority::Normal)
                .then(|| plain(message.priority.name())),
            attachments: Setting::Plain(
                message
                    .attachments
                    .iter()
                    .map(|it| it.stored.clone())
                    .collect(),
            ),
            values: BTreeMap::new(),
        };
        let reference = task.get(MailProperty::SmtpConnection);
        let manager = values.at().manager_of_reference(&reference);
        let name = manager.map(|(_, manager)| manager.object().name().into_owned());
        let server = plain_server(&request.connection);
        self.take(
            name.unwrap_or_else(|| "Mail".to_owned()),
            server,
            mail,
            Part::default(),
        )
    }

    /// Takes a mail with all that it needs, unless that does not go together with what is there.
    fn take(
        &mut self,
        server_name: String,
        mut server: JobServer,
        mut mail: JobMail,
        part: Part,
    ) -> Result<(), Unsent> {
        refuse_secrets(&mail)?;
        let mut inputs = part.inputs;
        for (name, input) in &mut inputs {
            if self.job.variables.contains_key(name) {
                return Err(two_of(name));
            }
            if let Some(other) = self.job.inputs.get(name) {
                *input = other.merged(input.clone()).ok_or_else(|| two_of(name))?;
            }
        }
        for (name, variable) in &part.variables {
            let same = self.job.variables.get(name).is_none_or(|it| it == variable);
            if !same || self.job.inputs.contains_key(name) {
                return Err(two_of(name));
            }
        }
        server.account.clone_from(&self.account);
        // Connection managers of the package and of the project may have one name.
        let mut key = server_name.clone();
        let mut number = 2;
        while self.job.servers.get(&key).is_some_and(|it| *it != server) {
            key = format!("{server_name} ({number})");
            number += 1;
        }
        mail.server.clone_from(&key);
        mail.values = part.values;
        self.job.servers.insert(key, server);
        self.job.inputs.extend(inputs);
        self.job.variables.extend(part.variables);
        self.job.mails.push(mail);
        Ok(())
    }
}

fn two_of(name: &str) -> Unsent {
    Unsent::skipped(
        Cause::Invalid,
        format!(
            "another task of the job reads another `{}`: extract the two into jobs of their own",
            visible(name)
        ),
    )
}

/// A job is no place for secrets, neither as a value nor in an expression.
fn refuse_secrets(mail: &JobMail) -> Result<(), Unsent> {
    fn text(setting: &Setting<String>) -> &str {
        match setting {
            Setting::Plain(text) => text,
            Setting::Computed(formula) => &formula.expression,
        }
    }
    let body = match &mail.body {
        Body::Text(text) => text,
        Body::Computed(formula) => &formula.expression,
        Body::File { file } => text(file),
    };
    for (field, text) in [
        ("from", text(&mail.from)),
        ("to", text(&mail.to)),
        ("cc", text(&mail.cc)),
        ("bcc", text(&mail.bcc)),
        ("subject", text(&mail.subject)),
        ("body", body),
    ] {
        if !secrets_within(text).is_empty() {
            let reason = format!("`{field}` holds a secret, and a job file holds none");
            return Err(Unsent::skipped(Cause::Sensitive, reason));
        }
    }
    Ok(())
}

/// What is wrong now and may be right when the job runs: values that are not known yet, and files that are not here.
fn may_be_right_later(unsent: &Unsent) -> bool {
    match unsent {
        Unsent::Idle { .. } => false,
        Unsent::Skipped { cause, .. } => matches!(cause, Cause::Unknown | Cause::Assumed),
        Unsent::Failed { code, .. } => [
            Code::RECIPIENT_EMPTY,
            Code::FILE_DOES_NOT_EXIST,
            Code::INVALID_ATTACHMENT,
        ]
        .contains(code),
    }
}

fn plain_server(connection: &SmtpConnection) -> JobServer {
    JobServer {
        server: Some(Setting::Plain(connection.server.trim().to_owned())),
        enable_ssl: Some(Setting::Plain(connection.enable_ssl)),
        use_windows_authentication: Some(Setting::Plain(connection.use_windows_authentication)),
        timeout: connection.timeout.map(Setting::Plain),
        ..JobServer::default()
    }
}

struct Extracting<'r, 'v, 'd> {
    values: &'r mut Values<'v, 'd>,
    task: SendMailTask<'d>,
    part: Part,
}

impl<'d> Extracting<'_, '_, 'd> {
    fn mail(&mut self, path: &str, name: &str) -> Result<(String, JobServer, JobMail), Unsent> {
        let (server_name, server) = self.server()?;
        let attachments = match self.own(MailProperty::FileAttachments)? {
            Setting::Plain(list) => {
                Setting::Plain(split_attachments(&list).map(str::to_owned).collect())
            }
            Setting::Computed(formula) => Setting::Computed(formula),
        };
        let priority = match self.own(MailProperty::Priority)? {
            Setting::Plain(text) if Priority::parse(&text) == Some(Priority::Normal) => None,
            other => Some(other),
        };
        let mail = JobMail {
            task: path.to_owned(),
            name: name.to_owned(),
            server: String::new(),
            from: self.own(MailProperty::FromLine)?,
            to: self.own(MailProperty::ToLine)?,
            cc: self.own(MailProperty::CCLine)?,
            bcc: self.own(MailProperty::BCCLine)?,
            subject: self.own(MailProperty::Subject)?,
            body: self.body()?,
            priority,
            attachments,
            values: BTreeMap::new(),
        };
        Ok((server_name, server, mail))
    }

    fn own(&mut self, property: MailProperty) -> Result<Setting<String>, Unsent> {
        let target = Target::Executable(self.task.executable());
        let file = self.values.package.at().file;
        self.setting(file, target, property.name())
    }

    /// The expression of a property where it decides; else its value.
    fn setting(
        &mut self,
        holder: &'d File,
        target: Target<'d>,
        property: &str,
    ) -> Result<Setting<String>, Unsent> {
        match self.formula(holder, target, property)? {
            Some(formula) => Ok(Setting::Computed(formula)),
            None => {
                let value = self
                    .values
                    .read(holder, target, property, SetLater::Refused);
                Ok(Setting::Plain(value.unwrap_or_default()))
            }
        }
    }

    fn formula(
        &mut self,
        holder: &'d File,
        target: Target<'d>,
        property: &str,
    ) -> Result<Option<Formula>, Unsent> {
        if self.values.stale_values == StaleValues::Taken {
            return Ok(None);
        }
        let Some(expression) = target.object().property_expression(property) else {
            return Ok(None);
        };
        let effective = self.values.package.property(holder, target, property);
        let Some(effective) = effective.ok().filter(|it| it.origin == Origin::Expression) else {
            return Ok(None);
        };
        let text = expression.text().into_owned();
        let matter = match effective.certainty {
            // Whatever is read that is not known, the value does not depend on it.
            Certainty::Known => Matter::No,
            Certainty::Assumed | Certainty::Unknown => Matter::Perhaps,
        };
        self.read_by(holder, target, &text, matter)?;
        Ok(Some(Formula { expression: text }))
    }

    /// Remembers what an expression reads.
    fn read_by(
        &mut self,
        holder: &'d File,
        target: Target<'d>,
        text: &str,
        matter: Matter,
    ) -> Result<(), Unsent> {
        if let Err(error) = Expression::parse(text) {
            let reason = match secrets_within(text).is_empty() {
                true => format!(
                    "the expression cannot be read: {}",
                    visible(error.message())
                ),
                false => "an expression that holds a secret cannot be read".to_owned(),
            };
            return Err(Unsent::skipped(Cause::Unknown, reason));
        }
        for read in self.values.package.reads(holder, target, text) {
            self.keep(read, matter)?;
        }
        Ok(())
    }

    fn keep(&mut self, read: Read, matter: Matter) -> Result<(), Unsent> {
        let name = read.name;
        if OF_THE_RUN.iter().any(|it| it.eq_ignore_ascii_case(&name))
            && read.effective.origin != Origin::Given
        {
            return Ok(());
        }
        let effective = &read.effective;
        if effective.is_sensitive {
            let reason = format!("it reads `{}`, which is a secret", visible(&name));
            return Err(Unsent::skipped(Cause::Sensitive, reason));
        }
        // An expression that reads what has no type fails, here as in the package.
        let Some(data_type) = read.data_type.map(|it| it.as_str().to_owned()) else {
            return Ok(());
        };
        if let Some(expression) = read.expression {
            let computed = Computed {
                data_type,
                expression,
            };
            return match self.part.variables.insert(name.clone(), computed.clone()) {
                Some(other) if other != computed => Err(two_of(&name)),
                _ => Ok(()),
            };
        }
        let value = effective.value.clone();
        if read.kind == ReadKind::System
            && let (Some(value), true) = (&value, effective.certainty != Certainty::Unknown)
        {
            let value = value.clone();
            self.part.values.insert(name, Known { data_type, value });
            return Ok(());
        }
        let input = self.input(data_type, value, &read.effective, matter);
        let merged = match self.part.inputs.get(&name) {
            None => input,
            Some(other) => other.merged(input).ok_or_else(|| two_of(&name))?,
        };
        self.part.inputs.insert(name, merged);
        Ok(())
    }

    /// A default is one that a run of the package would take too.
    fn input(
        &self,
        data_type: String,
        value: Option<String>,
        effective: &Effective,
        matter: Matter,
    ) -> Input {
        let by_tasks = &effective.set_at_run_time_by;
        let is_set_later = !by_tasks.is_empty()
            && self.values.defaults == Defaults::Refused
            && matter == Matter::Perhaps;
        let holds_secret = value
            .as_deref()
            .is_some_and(|it| !secrets_within(it).is_empty());
        let description = if !by_tasks.is_empty() {
            Some(format!("the package sets it by {}", by_tasks.join(", ")))
        } else if holds_secret {
            Some("the value in the package holds a secret".to_owned())
        } else if effective.certainty == Certainty::Unknown {
            let reason = effective.reason.as_deref();
            reason.map(|reason| masked_within(reason).0.into_owned())
        } else {
            None
        };
        // What was read back may be another value than the one that has this text.
        let of = TypeName::from_name(&data_type);
        let reads_back = |text: &String| {
            of.is_some_and(|of| Value::from_text(of, text, Locale(self.locale())).is_ok())
        };
        let default = value
            .filter(|_| !is_set_later && !holds_secret)
            .filter(reads_back);
        Input {
            data_type,
            default,
            description,
        }
    }

    fn locale(&self) -> u32 {
        let target = Target::Executable(self.task.executable());
        self.values.package.scope(target).locale().0
    }

    fn body(&mut self) -> Result<Body, Unsent> {
        let file = self.values.package.at().file;
        let target = Target::Executable(self.task.executable());
        let mut value = |property: MailProperty| {
            self.values
                .read(file, target, property.name(), SetLater::Refused)
        };
        let kind = value(MailProperty::MessageSourceType);
        let kind = kind.as_deref().and_then(MessageSourceType::parse);
        match kind {
            None | Some(MessageSourceType::DirectInput) => {
                Ok(match self.own(MailProperty::MessageSource)? {
                    Setting::Plain(text) => Body::Text(text),
                    Setting::Computed(formula) => Body::Computed(formula),
                })
            }
            Some(MessageSourceType::Variable) => {
                let name = value(MailProperty::MessageSource).unwrap_or_default();
                let name = name.trim().trim_start_matches('@');
                let name = name.trim_start_matches('[').trim_end_matches(']');
                let expression = format!("@[{name}]");
                self.read_by(file, target, &expression, Matter::Perhaps)?;
                Ok(Body::Computed(Formula { expression }))
            }
            Some(MessageSourceType::FileConnection) => {
                let reference = value(MailProperty::MessageSource).unwrap_or_default();
                let manager = self.values.package.at().manager_of_reference(&reference);
                let Some((holder, manager)) = manager else {
                    let reason = "the connection manager of the text is not there".to_owned();
                    return Err(Unsent::failed(Code::NO_CONNECTION, reason));
                };
                let target = Target::ConnectionManager(manager);
                let file = self.setting(holder, target, "ConnectionString")?;
                Ok(Body::File { file })
            }
        }
    }

    fn server(&mut self) -> Result<(String, JobServer), Unsent> {
        let file = self.values.package.at().file;
        let target = Target::Executable(self.task.executable());
        let property = MailProperty::SmtpConnection.name();
        let reference = self.values.read(file, target, property, SetLater::Refused);
        let reference = reference.unwrap_or_default();
        let manager = self.values.package.at().manager_of_reference(&reference);
        let Some((holder, manager)) = manager else {
            // Which one it is depends on what is not known.
            self.values.refuse_unsure()?;
            let reason = "the SMTP connection manager is not there".to_owned();
            return Err(Unsent::failed(Code::NO_CONNECTION, reason));
        };
        let server = self.settings_of(holder, manager)?;
        Ok((manager.object().name().into_owned(), server))
    }

    fn settings_of(
        &mut self,
        holder: &'d File,
        manager: ConnectionManager<'d>,
    ) -> Result<JobServer, Unsent> {
        let target = Target::ConnectionManager(manager);
        let whole = self.formula(holder, target, "ConnectionString")?;
        let is_whole = whole.is_some();
        let mut server = JobServer {
            connection_string: whole.map(Setting::Computed),
            ..JobServer::default()
        };
        for property in SmtpProperty::ALL {
            let key = property.key();
            let formula = self.formula(holder, target, key)?;
            if formula.is_none() && is_whole {
                // The string gives it, unless something wins over the string.
                let effective = self.values.package.property(holder, target, key);
                if effective.is_ok_and(|it| it.origin == Origin::Expression) {
                    continue;
                }
            }
            let value = match formula {
                Some(formula) => Setting::Computed(formula),
                None => {
                    let value = self.values.read(holder, target, key, SetLater::Refused);
                    Setting::Plain(value.unwrap_or_default())
                }
            };
            let wrong = |wanted: &str| {
                let reason = format!("`{key}` of the SMTP connection manager is not {wanted}");
                Unsent::failed(Code::CHECK_VALID_SERVER, reason)
            };
            let flag = |value: Setting<String>| match value {
                Setting::Computed(formula) => Ok(Setting::Computed(formula)),
                Setting::Plain(text) if text.is_empty() => Ok(Setting::Plain(false)),
                Setting::Plain(text) => boolean(&text)
                    .map(Setting::Plain)
                    .ok_or_else(|| wrong("`True` or `False`")),
            };
            match property {
                SmtpProperty::Server => server.server = Some(value),
                SmtpProperty::EnableSsl => server.enable_ssl = Some(flag(value)?),
                SmtpProperty::UseWindowsAuthentication => {
                    server.use_windows_authentication = Some(flag(value)?);
                }
                SmtpProperty::Timeout => {
                    server.timeout = match value {
                        Setting::Computed(formula) => Some(Setting::Computed(formula)),
                        Setting::Plain(text) if text.trim().is_empty() => None,
                        Setting::Plain(text) => {
                            let number = text.trim().parse();
                            Some(Setting::Plain(number.map_err(|_| wrong("a number"))?))
                        }
                    };
                }
            }
        }
        Ok(server)
    }
}
