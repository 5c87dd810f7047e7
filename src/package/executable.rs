//! The control flow: packages, containers, tasks, and the event handlers that hang on them.

use std::borrow::Cow;

use crate::xml::Node;

use super::names::DTS;
use super::object::Object;
use super::send_mail::SendMailTask;

/// A package, a container or a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Executable<'d>(Object<'d>);

/// What an executable is told to be, as far as this library looks into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExecutableKind {
    /// The root of a `.dtsx`, or of a package part.
    Package,
    /// `STOCK:SEQUENCE`
    Sequence,
    /// `STOCK:FORLOOP`
    ForLoop,
    /// `STOCK:FOREACHLOOP`
    ForeachLoop,
    /// The Send Mail task.
    SendMail,
    /// The Execute Package task.
    ExecutePackage,
    /// The Execute SQL task.
    ExecuteSql,
    /// The Script task.
    Script,
    /// The Expression task.
    Expression,
    /// The Execute Process task.
    ExecuteProcess,
    /// The Data Flow task.
    DataFlow,
    /// Any other.
    Other,
}

impl<'d> Executable<'d> {
    /// The executable that this element describes, if it does.
    ///
    /// In formats 2 and 3 a precedence constraint names its two ends by elements of the same name; those are none.
    pub fn new(node: Node<'d>) -> Option<Executable<'d>> {
        let is_end_of_constraint = node
            .parent()
            .is_some_and(|parent| parent.is(DTS, "PrecedenceConstraint"));
        (node.is(DTS, "Executable") && !is_end_of_constraint)
            .then_some(Executable(Object::new(node)))
    }

    /// Its common properties.
    pub fn object(self) -> Object<'d> {
        self.0
    }

    /// The type as it is stored: a moniker, a program id or the name of a class, by version.
    ///
    /// SSIS loads by `ExecutableType`. Hand-made files that have only `CreationName` cannot be loaded; what they
    /// describe is no task.
    pub fn type_name(self) -> Cow<'d, str> {
        self.0.text("ExecutableType").unwrap_or_default()
    }

    /// What it is; type names are recognised by what all their spellings share.
    pub fn kind(self) -> ExecutableKind {
        let name = self.type_name();
        let is_root = self.parent().is_none();
        let has = |part: &str| name.contains(part);
        if has("SendMailTask") {
            ExecutableKind::SendMail
        } else if has("ExecutePackageTask") {
            ExecutableKind::ExecutePackage
        } else if has("ExecuteSQLTask") {
            ExecutableKind::ExecuteSql
        } else if has("ScriptTask") {
            ExecutableKind::Script
        } else if has("ExpressionTask") {
            ExecutableKind::Expression
        } else if has("ExecuteProcess") {
            ExecutableKind::ExecuteProcess
        } else if has("Pipeline") {
            ExecutableKind::DataFlow
        } else if name.eq_ignore_ascii_case("STOCK:SEQUENCE") {
            ExecutableKind::Sequence
        } else if name.eq_ignore_ascii_case("STOCK:FORLOOP") {
            ExecutableKind::ForLoop
        } else if name.eq_ignore_ascii_case("STOCK:FOREACHLOOP") {
            ExecutableKind::ForeachLoop
        } else if is_root {
            ExecutableKind::Package
        } else {
            ExecutableKind::Other
        }
    }

    /// Whether it holds other executables rather than doing something itself.
    pub fn is_container(self) -> bool {
        matches!(
            self.kind(),
            ExecutableKind::Package
                | ExecutableKind::Sequence
                | ExecutableKind::ForLoop
                | ExecutableKind::ForeachLoop
        )
    }

    /// The executables directly inside.
    pub fn executables(self) -> impl Iterator<Item = Executable<'d>> {
        self.0
            .grouped("Executables", "Executable")
            .filter_map(Executable::new)
    }

    /// The event handlers that hang on it.
    pub fn event_handlers(self) -> impl Iterator<Item = EventHandler<'d>> {
        self.0
            .grouped("EventHandlers", "EventHandler")
            .map(|node| EventHandler(Object::new(node)))
    }

    /// What it is inside of: an executable or an event handler; `None` for the package itself.
    pub fn parent(self) -> Option<Owner<'d>> {
        owner(self.0.node())
    }

    /// The element that holds the task's own data, inside `ObjectData`.
    pub fn data(self) -> Option<Node<'d>> {
        self.0.node().child(DTS, "ObjectData")?.children().next()
    }

    /// This task as a Send Mail task.
    pub fn send_mail(self) -> Option<SendMailTask<'d>> {
        SendMailTask::new(self)
    }

    /// Whether its own `Disable` property is set.
    pub fn is_disabled(self) -> bool {
        self.0.boolean("Disabled") == Some(true)
    }

    /// The nearest disabled object around it.
    pub fn disabled_by(self) -> Option<Owner<'d>> {
        let mut next = self.parent();
        while let Some(owner) = next {
            if owner.object().boolean("Disabled") == Some(true) {
                return Some(owner);
            }
            next = owner.parent();
        }
        None
    }

    /// The innermost event handler that it runs in.
    pub fn event_handler(self) -> Option<EventHandler<'d>> {
        let mut next = self.parent();
        while let Some(owner) = next {
            if let Owner::EventHandler(handler) = owner {
                return Some(handler);
            }
            next = owner.parent();
        }
        None
    }
}

/// An event handler: a container that runs when something happens to what it hangs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventHandler<'d>(Object<'d>);

impl<'d> EventHandler<'d> {
    /// The event handler that this element describes, if it does.
    pub fn new(node: Node<'d>) -> Option<EventHandler<'d>> {
        node.is(DTS, "EventHandler")
            .then_some(EventHandler(Object::new(node)))
    }

    /// Its common properties.
    pub fn object(self) -> Object<'d> {
        self.0
    }

    /// The event, such as `OnError`.
    pub fn event(self) -> Cow<'d, str> {
        self.0
            .text("EventName")
            .or_else(|| self.0.text("CreationName"))
            .unwrap_or_default()
    }

    /// The executables directly inside.
    pub fn executables(self) -> impl Iterator<Item = Executable<'d>> {
        self.0
            .grouped("Executables", "Executable")
            .filter_map(Executable::new)
    }

    /// What it hangs on.
    pub fn of(self) -> Option<Executable<'d>> {
        match owner(self.0.node())? {
            Owner::Executable(executable) => Some(executable),
            Owner::EventHandler(_) => None,
        }
    }
}

/// What can hold executables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner<'d> {
    /// A package or a container; any task can own event handlers.
    Executable(Executable<'d>),
    /// An event handler.
    EventHandler(EventHandler<'d>),
}

impl<'d> Owner<'d> {
    /// Its common properties.
    pub fn object(self) -> Object<'d> {
        match self {
            Owner::Executable(executable) => executable.object(),
            Owner::EventHandler(handler) => handler.object(),
        }
    }

    /// What it is inside of.
    pub fn parent(self) -> Option<Owner<'d>> {
        owner(self.object().node())
    }
}

/// The nearest executable or event handler around an element.
pub(super) fn owner(node: Node<'_>) -> Option<Owner<'_>> {
    let mut next = node.parent();
    while let Some(node) = next {
        if let Some(executable) = Executable::new(node) {
            return Some(Owner::Executable(executable));
        }
        if let Some(handler) = EventHandler::new(node) {
            return Some(Owner::EventHandler(handler));
        }
        next = node.parent();
    }
    None
}
