//! System variables: their types, and what of them the file tells.
//!
//! Source: *System Variables* (Microsoft Learn), and the variables that packages of all versions were seen to use.

use crate::expression::{TypeName, Value};
use crate::package::{EventHandler, Executable, Object, Package};
use crate::source::Span;
use crate::xml::Node;

use super::given::{Given, GivenBy};
use super::origin::Origin;
use super::types;
use super::valued::Valued;

/// Where a system variable exists, and what is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A property of the package by its name in the XML, and its default.
    Package(&'static str, &'static str),
    /// The same of the task that asks; containers have none of these.
    Task(&'static str, &'static str),
    /// What dtexec says, whatever the package.
    Always(&'static str),
    /// What it is, unless; and what may make it something else.
    Usually(&'static str, &'static str),
    /// Only a run knows it.
    RunTime,
    /// The moment at which something starts.
    Moment,
    /// A property of what raised the event; only in event handlers.
    Source(&'static str),
    /// Only in handlers of these events, and only when the event was raised.
    Event(&'static [&'static str]),
    /// The locale of the object, or of what is around it.
    Locale,
}

const ERRORS: Kind = Kind::Event(&["OnError", "OnWarning", "OnInformation"]);
const CANCEL: Kind = Kind::Event(&["OnError", "OnWarning", "OnQueryCancel"]);
const STATUS: Kind = Kind::Event(&["OnExecStatusChanged"]);
const FAILED: Kind = Kind::Event(&["OnTaskFailed"]);
const PROGRESS: Kind = Kind::Event(&["OnProgress"]);
const CHANGED: Kind = Kind::Event(&["OnVariableValueChanged"]);
const PROPAGATE: Kind = Kind::Usually("True", "a handler may set it");
const SERVER: Kind = Kind::Usually(
    "0",
    "the SSIS catalog numbers the executions that it starts",
);

/// The name, the type, and where it comes from.
const SYSTEM: &[(&str, TypeName, Kind)] = &[
    ("Cancel", TypeName::Bool, CANCEL),
    ("CancelEvent", TypeName::I4, Kind::RunTime),
    ("ContainerStartTime", TypeName::Date, Kind::Moment),
    (
        "CreationDate",
        TypeName::Date,
        Kind::Package("CreationDate", "12/30/1899"),
    ),
    (
        "CreationName",
        TypeName::Wstr,
        Kind::Task("CreationName", ""),
    ),
    (
        "CreatorComputerName",
        TypeName::Wstr,
        Kind::Package("CreatorComputerName", ""),
    ),
    (
        "CreatorName",
        TypeName::Wstr,
        Kind::Package("CreatorName", ""),
    ),
    ("ErrorCode", TypeName::I4, ERRORS),
    ("ErrorDescription", TypeName::Wstr, ERRORS),
    ("EventHandlerStartTime", TypeName::Date, Kind::Moment),
    ("ExecutionInstanceGUID", TypeName::Wstr, Kind::RunTime),
    ("ExecutionStatus", TypeName::Bool, STATUS),
    ("ExecutionValue", TypeName::I4, FAILED),
    ("FailedConfigurations", TypeName::Wstr, Kind::RunTime),
    (
        "IgnoreConfigurationsOnLoad",
        TypeName::Bool,
        Kind::Always("False"),
    ),
    ("InteractiveMode", TypeName::Bool, Kind::Always("False")),
    (
        "LastModifiedProductVersion",
        TypeName::Wstr,
        Kind::Package("LastModifiedProductVersion", ""),
    ),
    ("LocaleID", TypeName::I4, Kind::Locale),
    ("MachineName", TypeName::Wstr, Kind::RunTime),
    ("OfflineMode", TypeName::Bool, Kind::Always("False")),
    ("PackageID", TypeName::Wstr, Kind::Package("DTSID", "")),
    (
        "PackageName",
        TypeName::Wstr,
        Kind::Package("ObjectName", ""),
    ),
    ("ParentContainerGUID", TypeName::Wstr, Kind::RunTime),
    ("PercentComplete", TypeName::I4, PROGRESS),
    ("ProductVersion", TypeName::Wstr, Kind::RunTime),
    ("ProgressCountHigh", TypeName::I4, PROGRESS),
    ("ProgressCountLow", TypeName::I4, PROGRESS),
    ("ProgressDescription", TypeName::Wstr, PROGRESS),
    ("Propagate", TypeName::Bool, PROPAGATE),
    ("ServerExecutionID", TypeName::I8, SERVER),
    (
        "SourceDescription",
        TypeName::Wstr,
        Kind::Source("Description"),
    ),
    ("SourceID", TypeName::Wstr, Kind::Source("DTSID")),
    ("SourceName", TypeName::Wstr, Kind::Source("ObjectName")),
    ("SourceParentGUID", TypeName::Wstr, Kind::Source("")),
    ("StartTime", TypeName::Date, Kind::Moment),
    ("TaskID", TypeName::Wstr, Kind::Task("DTSID", "")),
    ("TaskName", TypeName::Wstr, Kind::Task("ObjectName", "")),
    (
        "TaskTransactionOption",
        TypeName::I4,
        Kind::Task("TransactionOption", "1"),
    ),
    ("UserName", TypeName::Wstr, Kind::RunTime),
    ("VariableDescription", TypeName::Wstr, CHANGED),
    ("VariableID", TypeName::Wstr, CHANGED),
    ("VariableName", TypeName::Wstr, CHANGED),
    ("VariableValue", TypeName::Wstr, CHANGED),
    (
        "VersionBuild",
        TypeName::I4,
        Kind::Package("VersionBuild", "0"),
    ),
    (
        "VersionComment",
        TypeName::Wstr,
        Kind::Package("VersionComments", ""),
    ),
    (
        "VersionComments",
        TypeName::Wstr,
        Kind::Package("VersionComments", ""),
    ),
    (
        "VersionGUID",
        TypeName::Wstr,
        Kind::Package("VersionGUID", ""),
    ),
    (
        "VersionMajor",
        TypeName::I4,
        Kind::Package("VersionMajor", "1"),
    ),
    (
        "VersionMinor",
        TypeName::I4,
        Kind::Package("VersionMinor", "0"),
    ),
];

/// A system variable as an object sees it.
pub(super) struct SystemVariable {
    /// Its name as SSIS spells it.
    pub(super) name: &'static str,
    pub(super) valued: Valued,
    /// Where the file tells it.
    pub(super) span: Option<Span>,
}

/// The type of a system variable, wherever it exists.
pub(super) fn type_of(name: &str) -> Option<TypeName> {
    row(name).map(|&(_, type_name, _)| type_name)
}

/// The names of all of them.
pub(super) fn names() -> impl Iterator<Item = String> {
    SYSTEM.iter().map(|(name, ..)| format!("System::{name}"))
}

fn row(name: &str) -> Option<&'static (&'static str, TypeName, Kind)> {
    let exact = SYSTEM.iter().find(|row| row.0 == name);
    exact.or_else(|| SYSTEM.iter().find(|row| row.0.eq_ignore_ascii_case(name)))
}

/// The system variable of this name; `None` where there is none at the object that asks.
pub(super) fn variable(
    package: Option<Package<'_>>,
    at: Option<Node<'_>>,
    name: &str,
    given: &Given<'_>,
) -> Option<SystemVariable> {
    let package = package?;
    let &(name, type_name, kind) = row(name)?;
    let at = at.unwrap_or(package.object().node());
    let task = || Executable::new(at).filter(|it| !it.is_container());
    let known = |text: &str, origin| match types::read(type_name, text) {
        Ok(value) => Valued::found(value, origin),
        Err(_) => Valued::unknown(
            Some(type_name.widest()),
            origin,
            format!("what the file says of `System::{name}` is no {type_name}"),
            None,
        ),
    };
    let unknown = |why: String| {
        let full = format!("System::{name}");
        Valued::unknown(
            Some(type_name.widest()),
            Origin::SystemVariable,
            why,
            Some(full),
        )
    };
    let stored = |object: Object<'_>, property: &str, default: &str| {
        let stored = object.property(property);
        let text = stored.map(|it| it.text().into_text());
        let valued = known(text.as_deref().unwrap_or(default), Origin::SystemVariable);
        (valued, stored.map(|it| it.span()))
    };
    let (valued, span) = match kind {
        Kind::Package(property, default) => stored(package.object(), property, default),
        Kind::Task(property, default) => stored(task()?.object(), property, default),
        Kind::Always(text) => (known(text, Origin::SystemVariable), None),
        Kind::Usually(text, unless) => {
            if name == "Propagate" && handler(at).is_none() {
                return None;
            }
            let mut valued = known(text, Origin::SystemVariable);
            valued.assume(format!("`System::{name}` is `{text}` unless {unless}"));
            (valued, None)
        }
        Kind::RunTime => {
            let why = format!("`System::{name}` is known only when the package runs");
            (unknown(why), None)
        }
        Kind::Moment => {
            if name == "EventHandlerStartTime" {
                handler(at)?;
            }
            (moment(name, given).unwrap_or_else(|| {
                unknown(format!(
                    "`System::{name}` is known only when the package runs (`--now` gives the time)"
                ))
            }), None)
        }
        Kind::Source(property) => match raised_by(at)? {
            Raised::By(source) if !property.is_empty() => stored(source.object(), property, ""),
            _ => {
                let why = format!("`System::{name}` depends on what raises the event");
                (unknown(why), None)
            }
        },
        Kind::Event(events) => {
            let event = handler(at)?.event();
            if !events.iter().any(|it| it.eq_ignore_ascii_case(&event)) {
                return None;
            }
            let why = format!("`System::{name}` is known only when {event} is raised");
            (unknown(why), None)
        }
        Kind::Locale => {
            let (number, span) = locale(at);
            (
                Valued::found(Value::i4(number), Origin::SystemVariable),
                span,
            )
        }
    };
    Some(SystemVariable { name, valued, span })
}

fn moment(name: &str, given: &Given<'_>) -> Option<Valued> {
    let &(now, by) = given.now.as_ref()?;
    let origin = match by {
        GivenBy::Option => Origin::Given,
        GivenBy::Machine => Origin::Machine,
    };
    let at = types::read(TypeName::Date, &whole_seconds(now.local)).ok()?;
    let _ = name;
    Some(Valued::found(at, origin))
}

/// DateTime variables of SSIS hold no fraction of a second.
fn whole_seconds(at: jiff::civil::DateTime) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// The innermost event handler that an object lies in, itself counted.
fn handler(at: Node<'_>) -> Option<EventHandler<'_>> {
    let mut next = Some(at);
    while let Some(node) = next {
        if let Some(handler) = EventHandler::new(node) {
            return Some(handler);
        }
        next = node.parent();
    }
    None
}

enum Raised<'d> {
    /// A task raises its events itself.
    By(Executable<'d>),
    /// Anything inside of a container can.
    ByAnything,
}

fn raised_by(at: Node<'_>) -> Option<Raised<'_>> {
    let of = handler(at)?.of()?;
    Some(match of.is_container() {
        true => Raised::ByAnything,
        false => Raised::By(of),
    })
}

/// The locale of an object; -1 means that of what is around it.
pub(super) fn locale(at: Node<'_>) -> (i32, Option<Span>) {
    let mut next = Some(at);
    while let Some(node) = next {
        if let Some(stored) = Object::new(node).property("LocaleID") {
            let number = stored.text().text.trim().parse().unwrap_or(-1);
            if number > 0 {
                return (number, Some(stored.span()));
            }
        }
        next = node.parent();
    }
    (EN_US, None)
}

const EN_US: i32 = 1033;
