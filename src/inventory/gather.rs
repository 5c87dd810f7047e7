//! Gathers the facts of one file.

use crate::connection_string::{SmtpConnectionString, is_secret_key, masked, masked_within};
use crate::effective::{Given, PackageValues, UnitValues};
use crate::package::{
    Call, ConnectionManager, ExecutableKind, FileKind, MailProperty, MessageSourceType, Object,
    Owner, Package, SendMailTask, Target,
};
use crate::project::{BuildCopy, File, InContext, Label};
use crate::secret::MASK;

use super::effective::EffectiveFacts;
use super::facts::{
    CallFacts, ConnectionFacts, ExpressionFacts, FileFacts, FoundManager, HandlerFacts, Masked,
    ObjectRef, OtherTask, ProjectUse, Reference, TaskFacts,
};
use super::senders::Looking;
use super::uses::uses;

/// The facts of a file in its unit, under nothing that was given from outside.
pub fn gather(at: InContext<'_>, build_copy: BuildCopy) -> FileFacts {
    let given = Given::default();
    let unit = UnitValues::new(at.context, &given);
    gather_with(at, build_copy, &unit)
}

/// The facts of a file in its unit.
///
/// What can only be known when all packages were looked at is filled in by [`link_uses`](super::link_uses) and
/// [`link_calls`](super::link_calls); the hash is left to who shows it.
pub fn gather_with<'a>(
    at: InContext<'a>,
    build_copy: BuildCopy,
    unit: &'a UnitValues<'a>,
) -> FileFacts {
    gather_values(&PackageValues::new(at, unit), build_copy)
}

/// The same, by values that others have asked already.
pub fn gather_values<'a>(values: &PackageValues<'a>, build_copy: BuildCopy) -> FileFacts {
    let at = values.at();
    let file = at.file;
    let project = at.project();
    let mut facts = FileFacts {
        project: project.map(|(file, _)| file.label.clone()),
        deployment_model: project.map(|(_, project)| project.deployment_model()),
        is_encrypted: file.is_encrypted,
        notes: file
            .document
            .diagnostics()
            .iter()
            .map(ToString::to_string)
            .collect(),
        ..FileFacts::bare(&file.label, file.kind, build_copy)
    };
    match file.kind {
        FileKind::Package | FileKind::PackagePart => package(at, values, &mut facts),
        FileKind::ConnectionManager if !file.is_encrypted => {
            project_manager(at, values, &mut facts)
        }
        FileKind::Project => {
            if let Some((_, project)) = project {
                facts.protection_level = project.protection_level().map(Into::into);
                facts.name = project
                    .property("Name")
                    .map(|name| clear(&name.text().into_text()));
            }
        }
        _ => {}
    }
    facts
}

fn package<'a>(at: InContext<'a>, values: &PackageValues<'a>, facts: &mut FileFacts) {
    let file = at.file;
    // The attributes of the root can be read even where the rest is encrypted with a user key.
    let package = Package::new(&file.document);
    let text = |name: &str| package.filled(name).map(|text| clear(&text));
    facts.format_version = package.format_version();
    facts.name = text("ObjectName");
    facts.package_id = text("DTSID");
    facts.version_guid = text("VersionGUID");
    facts.version_build = package.version_build();
    facts.creator = text("CreatorName");
    let says_level = package.object().property("ProtectionLevel").is_some();
    if !file.is_encrypted || says_level {
        facts.protection_level = package.protection_level().map(|level| level.name().into());
    }
    let Some(package) = at.package() else {
        return;
    };
    for used in uses(at, package, values) {
        let objects = used.by.iter().map(|object| clear(object));
        if std::ptr::eq(used.holder, file) {
            let path = path(values, Target::ConnectionManager(used.manager));
            let mut connection = connection(file, used.manager, path, values);
            connection.used_by.extend(objects.map(|object| ObjectRef {
                file: file.label.clone(),
                object,
            }));
            facts.connections.push(connection);
        } else {
            facts.project_uses.extend(objects.map(|object| ProjectUse {
                manager: used.holder.label.clone(),
                object,
            }));
        }
    }
    facts.send_mail_tasks = package
        .send_mail_tasks()
        .map(|task| task_facts(at, task, values))
        .collect();
    facts
        .notes
        .extend(values.notes().iter().map(|note| clear(&note.to_string())));
    let looking = Looking::new(at, values);
    facts.other_senders = package
        .connection_managers()
        .filter_map(|manager| looking.connection(manager))
        .collect();
    for executable in package.executables() {
        let kind = executable.kind();
        if executable.is_container() || kind == ExecutableKind::SendMail {
            continue;
        }
        facts.other_tasks.push(OtherTask {
            path: path(values, Target::Executable(executable)),
            kind,
            is_disabled: executable.is_disabled() || executable.disabled_by().is_some(),
        });
        facts.other_senders.extend(looking.task(executable));
    }
    facts.calls = package
        .execute_package_tasks()
        .filter_map(|task| {
            let called = match task.call()? {
                Call::Project(name) => within(&name),
                Call::Connection { reference, package } if package.is_empty() => {
                    called_file(at, &reference)
                }
                Call::Connection { package, .. } => within(&package),
            };
            let executable = task.executable();
            Some(CallFacts {
                task: path(values, Target::Executable(executable)),
                package: called.text,
                found_in: None,
                is_disabled: executable.is_disabled() || executable.disabled_by().is_some(),
                place: file.document.place(executable.object().node().span()),
            })
        })
        .collect();
}

/// The path that a File connection manager leads to; the reference itself where it leads to none.
fn called_file(at: InContext<'_>, reference: &str) -> Masked {
    at.manager_of_reference(reference)
        .and_then(|(_, manager)| manager.connection_string())
        .map_or_else(
            || within(reference),
            |stored| connection_string(&stored.text().into_text()),
        )
}

fn project_manager<'a>(at: InContext<'a>, values: &PackageValues<'a>, facts: &mut FileFacts) {
    let file = at.file;
    let Some(manager) = ConnectionManager::new(file.document.root()) else {
        return;
    };
    let name = manager.object().name().into_owned();
    let path = format!("\\Project.Connections[{name}]");
    facts.name = Some(clear(&name));
    facts.connections = vec![connection(file, manager, clear(&path), values)];
    let sender = Looking::new(at, values).connection(manager);
    facts.other_senders.extend(sender);
}

fn connection<'a>(
    file: &'a File,
    manager: ConnectionManager<'a>,
    path: String,
    values: &PackageValues<'a>,
) -> ConnectionFacts {
    let stored = manager.connection_string();
    let text = stored.map(|stored| stored.text().into_text());
    let (mut smtp, mut problem) = (None, None);
    if manager.is_smtp() {
        match SmtpConnectionString::parse(text.as_deref().unwrap_or_default()) {
            Ok(read) => {
                let mut connection = read.into_connection();
                connection.server = clear(&connection.server);
                smtp = Some(connection);
            }
            Err(error) => problem = Some(error.to_string()),
        }
    }
    let object = manager.object();
    ConnectionFacts {
        path,
        name: clear(&object.name()),
        id: object.id().map(|id| clear(&id)),
        type_name: clear(&manager.type_name()),
        connection_string: text.map(|text| connection_string(&text)),
        smtp,
        problem,
        expressions: expressions(object),
        effective: EffectiveFacts::of(values, file, Target::ConnectionManager(manager)),
        used_by: Vec::new(),
        place: file.document.place(manager.span()),
    }
}

fn expressions(object: Object<'_>) -> Vec<ExpressionFacts> {
    object
        .property_expressions()
        .map(|expression| {
            let property = clear(&expression.property());
            let text = expression.text();
            ExpressionFacts {
                // Without a literal it is the way to a secret, and none.
                text: match is_secret_key(&property) && text.contains('"') {
                    true => Masked {
                        text: MASK.to_owned(),
                        keys: vec![property.clone()],
                    },
                    false => within(&text),
                },
                property,
            }
        })
        .collect()
}

fn connection_string(text: &str) -> Masked {
    let (text, keys) = masked(text);
    Masked {
        text: text.into_owned(),
        keys,
    }
}

/// Any text of a file: what stands in it as `Password=…` is masked wherever somebody wrote it.
fn within(text: &str) -> Masked {
    let (text, keys) = masked_within(text);
    Masked {
        text: text.into_owned(),
        keys,
    }
}

fn path(values: &PackageValues<'_>, target: Target<'_>) -> String {
    clear(&values.path_of(target))
}

/// A text where a secret would be a strange thing to find, so that nobody is told which.
fn clear(text: &str) -> String {
    masked_within(text).0.into_owned()
}

fn task_facts<'a>(
    at: InContext<'a>,
    task: SendMailTask<'a>,
    values: &PackageValues<'a>,
) -> TaskFacts {
    let executable = task.executable();
    let object = executable.object();
    let text = |property| within(&task.get(property));
    let path_of_owner = |owner: Owner<'_>| match owner {
        Owner::Executable(it) => path(values, Target::Executable(it)),
        Owner::EventHandler(it) => path(values, Target::EventHandler(it)),
    };
    let source_type = text(MailProperty::MessageSourceType).text;
    TaskFacts {
        path: path(values, Target::Executable(executable)),
        name: clear(&object.name()),
        id: object.id().map(|id| clear(&id)),
        is_disabled: executable.is_disabled(),
        disabled_by: executable.disabled_by().map(path_of_owner),
        event_handler: executable.event_handler().map(|handler| HandlerFacts {
            event: clear(&handler.event()),
            of: handler
                .of()
                .map(|of| path(values, Target::Executable(of)))
                .unwrap_or_default(),
        }),
        connection: Reference {
            found: at.manager(task).map(|(file, manager)| found(file, manager)),
            reference: text(MailProperty::SmtpConnection).text,
        },
        from: text(MailProperty::FromLine),
        to: text(MailProperty::ToLine),
        cc: text(MailProperty::CCLine),
        bcc: text(MailProperty::BCCLine),
        subject: text(MailProperty::Subject),
        priority: text(MailProperty::Priority).text,
        message_source_type: MessageSourceType::parse(&source_type),
        message_source_type_text: source_type,
        message_source: text(MailProperty::MessageSource),
        // Masked as one text: a `|` may be a part of a secret.
        attachments: text(MailProperty::FileAttachments)
            .text
            .split('|')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect(),
        expressions: expressions(object),
        effective: EffectiveFacts::of(values, at.file, Target::Executable(executable)),
        place: at.file.document.place(object.node().span()),
    }
}

fn found(file: &File, manager: ConnectionManager<'_>) -> FoundManager {
    FoundManager {
        name: clear(&manager.object().name()),
        type_name: clear(&manager.type_name()),
        file: Label::clone(&file.label),
    }
}
