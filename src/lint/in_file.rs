//! What a rule sees of a file: its objects with their effective values, and the files around it.

use std::cell::OnceCell;

use crate::connection_string::{SmtpProperty, masked_within};
use crate::effective::{Keeper, PackageValues, UnreachableKind, keepers, set_everywhere};
use crate::host::Files;
use crate::inventory::{ConnectionFacts, FileFacts, OtherSender};
use crate::package::{
    ConnectionManager, DTS, EventHandler, Executable, ExecutableKind, FileKind, MailProperty,
    Object, Owner, Package, SendMailTask, Target, Variable,
};
use crate::project::{Changes, File, InContext, Outside};
use crate::source::Span;

use super::address::{Address, addresses};
use super::findings::Draft;
use super::judged::Judged;
use super::settings::Settings;

/// One file in its context.
pub struct InFile<'a> {
    /// The file and its unit.
    pub at: InContext<'a>,
    /// What values are at run time.
    pub values: PackageValues<'a>,
    /// What the configuration gives to rules.
    pub settings: &'a Settings,
    /// Where files that packages name can be looked for; `None` unless `--check-files` asks for it.
    pub files: Option<&'a dyn Files>,
    /// What `inspect` would say of the file.
    pub facts: FileFacts,
    objects: OnceCell<Objects<'a>>,
    managers: OnceCell<Vec<SmtpManager<'a>>>,
    tasks: OnceCell<Vec<MailTask<'a>>>,
    outside: OnceCell<Option<Outside<'a>>>,
    named_in_code: OnceCell<Vec<String>>,
}

impl<'a> InFile<'a> {
    pub(super) fn new(
        values: PackageValues<'a>,
        settings: &'a Settings,
        files: Option<&'a dyn Files>,
        facts: FileFacts,
    ) -> InFile<'a> {
        InFile {
            at: values.at(),
            values,
            settings,
            files,
            objects: OnceCell::new(),
            managers: OnceCell::new(),
            tasks: OnceCell::new(),
            outside: OnceCell::new(),
            named_in_code: OnceCell::new(),
            facts,
        }
    }

    /// The file.
    pub fn file(&self) -> &'a File {
        self.at.file
    }

    /// The file as a package or a package part; `None` for other files and for what is encrypted.
    pub fn package(&self) -> Option<Package<'a>> {
        self.at.package()
    }

    /// The connection managers that this file holds, of any type: those of a package, or the one of a `.conmgr`.
    pub fn connection_managers(&self) -> Vec<ConnectionManager<'a>> {
        let file = self.at.file;
        if file.kind == FileKind::ConnectionManager && !file.is_encrypted {
            return ConnectionManager::new(file.document.root())
                .into_iter()
                .collect();
        }
        self.package()
            .into_iter()
            .flat_map(Package::connection_managers)
            .collect()
    }

    /// The SMTP connection managers that this file holds.
    pub fn smtp_managers(&self) -> &[SmtpManager<'a>] {
        self.managers.get_or_init(|| {
            let all = self.connection_managers().into_iter();
            all.filter(|manager| manager.is_smtp())
                .filter_map(|manager| SmtpManager::new(self, manager))
                .collect()
        })
    }

    /// The Send Mail tasks of the package, in document order.
    pub fn mail_tasks(&self) -> &[MailTask<'a>] {
        self.tasks.get_or_init(|| {
            let all = self.objects().executables.iter();
            all.filter_map(|executable| executable.send_mail())
                .map(MailTask::new)
                .collect()
        })
    }

    /// The containers, tasks, event handlers and variables of the package, found in one walk.
    pub fn objects(&self) -> &Objects<'a> {
        self.objects.get_or_init(|| Objects::new(self.package()))
    }

    /// Whether the file sends mail, or keeps a connection for it.
    pub fn has_mail(&self) -> bool {
        !self.smtp_managers().is_empty() || !self.mail_tasks().is_empty()
    }

    /// Whether the package holds a Script task, or a data flow, in which a script may be.
    pub fn has_code(&self) -> bool {
        let kinds = [ExecutableKind::Script, ExecutableKind::DataFlow];
        let mut all = self.objects().executables.iter();
        all.any(|executable| kinds.contains(&executable.kind()))
    }

    /// The connection managers that scripts of the file name in `Connections["…"]`.
    pub fn named_in_code(&self) -> &[String] {
        self.named_in_code.get_or_init(|| match self.has_code() {
            true => named_in_code(self.file().document.source().text()),
            false => Vec::new(),
        })
    }

    /// What sends mail here and is no Send Mail task.
    pub fn other_senders(&self) -> &[OtherSender] {
        &self.facts.other_senders
    }

    /// The passwords that are written in scripts: they are secrets, though no key says so.
    pub(super) fn literal_credentials(&self) -> Vec<Span> {
        let literals = self
            .facts
            .other_senders
            .iter()
            .flat_map(|it| &it.literal_credentials);
        literals.map(|spot| spot.span).collect()
    }

    /// A finding about a sender that is no Send Mail task.
    pub fn about_sender(
        &self,
        sender: &OtherSender,
        span: Span,
        message: impl Into<String>,
    ) -> Draft<'a> {
        let of_task = self.package().and_then(|package| {
            // The innermost: a task can have event handlers with tasks of their own.
            let all = package.executables();
            all.filter(|it| it.object().node().span().contains(span))
                .last()
        });
        let of_connection = || {
            let mut all = self.connection_managers().into_iter();
            all.find(|it| it.span().contains(span))
                .map(Target::ConnectionManager)
        };
        match of_task.map(Target::Executable).or_else(of_connection) {
            Some(target) if masked_within(&self.path(target)).0 == sender.path => {
                Draft::at(target, "", span, message)
            }
            // The text of a statement can be kept by a variable.
            _ => Draft::path(sender.path.clone(), "", Some(span), message),
        }
    }

    /// A property of an object of this file.
    pub fn judge(&self, target: Target<'a>, property: &'static str) -> Option<Judged<'a>> {
        Judged::new(&self.values, self.at.file, target, property)
    }

    /// Why a task never runs, by what is around it: something that is disabled when the package runs, or whose event
    /// handlers are switched off; `None` where nothing is, or only a run knows.
    pub fn held_back_by(&self, executable: Executable<'a>) -> Option<HeldBack<'a>> {
        let mut next = executable.parent();
        while let Some(owner) = next {
            let target = match owner {
                Owner::Executable(executable) => Target::Executable(executable),
                Owner::EventHandler(handler) => Target::EventHandler(handler),
            };
            if let Some(disable) = self.disabled(target) {
                return Some(HeldBack::Disabled(owner, disable));
            }
            if let Owner::EventHandler(handler) = owner
                && let Some(of) = handler.of()
                && let Some(off) = self.judge(Target::Executable(of), "DisableEventHandlers")
                && off.boolean() == Some(true)
            {
                return Some(HeldBack::WithoutHandlers(of, off));
            }
            next = owner.parent();
        }
        None
    }

    /// The `Disable` of an object, if it is true when the package runs.
    pub fn disabled(&self, target: Target<'a>) -> Option<Judged<'a>> {
        let disable = self.judge(target, "Disable")?;
        (disable.boolean() == Some(true)).then_some(disable)
    }

    /// Whether a task ever runs, as far as the files tell.
    pub fn runs(&self, executable: Executable<'a>) -> bool {
        self.disabled(Target::Executable(executable)).is_none()
            && self.held_back_by(executable).is_none()
    }

    /// A property of a Send Mail task; computed once.
    pub fn mail<'t>(&self, task: &'t MailTask<'a>, property: MailProperty) -> &'t Judged<'a> {
        task.judged(self, property)
    }

    /// The property path of an object of this file.
    pub fn path(&self, target: Target<'_>) -> String {
        self.values.path_of(target)
    }

    /// What is known of a connection manager of this file.
    pub fn facts_of(&self, manager: ConnectionManager<'_>) -> Option<&ConnectionFacts> {
        let place = self.file().document.place(manager.span());
        let mut all = self.facts.connections.iter();
        all.find(|it| it.place == place)
    }

    /// What lets a variable or a parameter give a property the value that it stores, and how to say so; `name` is what
    /// that shall be called.
    pub fn parameterise(
        &self,
        target: Target<'a>,
        judged: &Judged<'a>,
        name: &str,
    ) -> Option<(String, Changes)> {
        let value = judged.text()?;
        // A secret does not go to a place where more people see it.
        if !masked_within(value).1.is_empty() {
            return None;
        }
        let outside = self
            .outside
            .get_or_init(|| Outside::new(self.at))
            .as_ref()?;
        let given = outside.give(target, judged.property, value, name)?;
        let title = format!("let `{}` give `{}`", given.expression, judged.property);
        Some((title, given.changes))
    }

    /// The changes that give a property a value in every place that keeps it; `None` where something out of reach
    /// decides too, or a place cannot hold the value.
    pub fn set_everywhere(
        &self,
        target: Target<'a>,
        property: &str,
        value: &str,
    ) -> Option<Changes> {
        let kept = keepers(self.at, target, property);
        let is_out_of_reach = kept.unreachable.iter().any(|it| match it.kind {
            UnreachableKind::Computed | UnreachableKind::Outside | UnreachableKind::Written => true,
            UnreachableKind::MaybeOutside => false,
        });
        if is_out_of_reach || !kept.keepers.iter().all(Keeper::is_whole) {
            return None;
        }
        let changes = set_everywhere(self.at, target, property, value)
            .ok()?
            .changes;
        (!changes.is_empty()).then_some(changes)
    }
}

/// What keeps a task from running, around it.
#[derive(Debug)]
pub enum HeldBack<'a> {
    /// This is disabled.
    Disabled(Owner<'a>, Judged<'a>),
    /// The event handlers of this do not run, and the task is in one of them.
    WithoutHandlers(Executable<'a>, Judged<'a>),
}

/// The objects of a package, in document order.
#[derive(Debug, Default)]
pub struct Objects<'a> {
    /// The package, its containers and tasks, at any depth.
    pub executables: Vec<Executable<'a>>,
    /// The event handlers.
    pub handlers: Vec<EventHandler<'a>>,
    /// The variables, whosever they are.
    pub variables: Vec<Variable<'a>>,
}

impl<'a> Objects<'a> {
    fn new(package: Option<Package<'a>>) -> Objects<'a> {
        let mut objects = Objects::default();
        let Some(package) = package else {
            return objects;
        };
        let root = package.object().node();
        objects.executables.extend(Executable::new(root));
        let mut walk = root.descendants();
        while let Some(node) = walk.next() {
            // What tasks hold inside is much, and holds no objects of the control flow.
            if node.is(DTS, "ObjectData") {
                walk.skip_inside(node);
            } else if node.is(DTS, "Variable") {
                objects.variables.push(Variable::new(Object::new(node)));
                walk.skip_inside(node);
            } else if let Some(executable) = Executable::new(node) {
                objects.executables.push(executable);
            } else if let Some(handler) = EventHandler::new(node) {
                objects.handlers.push(handler);
            }
        }
        objects
    }
}

/// An SMTP connection manager with the effective values of its parts.
#[derive(Debug)]
pub struct SmtpManager<'a> {
    /// The manager.
    pub manager: ConnectionManager<'a>,
    /// `SmtpServer`
    pub server: Judged<'a>,
    /// `UseWindowsAuthentication`
    pub windows: Judged<'a>,
    /// `EnableSsl`
    pub ssl: Judged<'a>,
    /// `Timeout`
    pub timeout: Judged<'a>,
}

impl<'a> SmtpManager<'a> {
    fn new(at: &InFile<'a>, manager: ConnectionManager<'a>) -> Option<SmtpManager<'a>> {
        let target = Target::ConnectionManager(manager);
        let judge = |property: SmtpProperty| at.judge(target, property.key());
        Some(SmtpManager {
            manager,
            server: judge(SmtpProperty::Server)?,
            windows: judge(SmtpProperty::UseWindowsAuthentication)?,
            ssl: judge(SmtpProperty::EnableSsl)?,
            timeout: judge(SmtpProperty::Timeout)?,
        })
    }

    /// The manager as an object.
    pub fn target(&self) -> Target<'a> {
        Target::ConnectionManager(self.manager)
    }

    /// The host of the server without blanks, in lower case; `None` where only a run knows it.
    pub fn host(&self) -> Option<String> {
        let text = self.server.text()?.trim();
        // A dot alone means this machine.
        let bare = text.trim_end_matches('.');
        Some(if bare.is_empty() { text } else { bare }.to_lowercase())
    }
}

/// A Send Mail task; its effective values are computed when they are asked for.
#[derive(Debug)]
pub struct MailTask<'a> {
    /// The task.
    pub task: SendMailTask<'a>,
    manager: OnceCell<Option<ConnectionManager<'a>>>,
    judged: [OnceCell<Judged<'a>>; MailProperty::ALL.len()],
}

impl<'a> MailTask<'a> {
    fn new(task: SendMailTask<'a>) -> MailTask<'a> {
        MailTask {
            task,
            manager: OnceCell::new(),
            judged: Default::default(),
        }
    }

    /// The task as an object.
    pub fn target(&self) -> Target<'a> {
        Target::Executable(self.task.executable())
    }

    /// The connection manager that its stored reference leads to; looked up once.
    pub fn manager(&self, at: &InFile<'a>) -> Option<ConnectionManager<'a>> {
        *self
            .manager
            .get_or_init(|| at.at.manager(self.task).map(|(_, manager)| manager))
    }

    fn judged(&self, at: &InFile<'a>, property: MailProperty) -> &Judged<'a> {
        // Every property has a cell, in the order of `ALL`.
        let cell = &self.judged[property as usize];
        cell.get_or_init(|| Judged::of_task(at, self.target(), property))
    }
}

/// The lines of a task that hold recipients.
pub const RECIPIENTS: [MailProperty; 3] = [
    MailProperty::ToLine,
    MailProperty::CCLine,
    MailProperty::BCCLine,
];

impl<'a> Judged<'a> {
    fn of_task(at: &InFile<'a>, target: Target<'a>, property: MailProperty) -> Judged<'a> {
        match at.judge(target, property.name()) {
            Some(judged) => judged,
            None => Judged::unknown(target, property.name()),
        }
    }

    /// The addresses of an address line, with their places in the value; none where only a run knows it.
    pub fn addresses(&self) -> Vec<Address<'_>> {
        addresses(self.text().unwrap_or_default())
    }
}

/// The names in `Connections["…"]` and `Connections("…")`, as C# and Visual Basic write them, in XML or in CDATA.
fn named_in_code(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, word) in text.match_indices("Connections") {
        let behind = text.get(at + word.len()..).unwrap_or_default().trim_start();
        let Some(inside) = behind.strip_prefix(['[', '(']) else {
            continue;
        };
        let inside = inside.trim_start();
        let quotes = [("\"", "\""), ("&quot;", "&quot;")];
        let name = quotes.iter().find_map(|(open, close)| {
            let rest = inside.strip_prefix(open)?;
            rest.split_once(close).map(|(name, _)| name)
        });
        names.extend(name.filter(|name| name.len() < 200).map(str::to_owned));
    }
    names
}
