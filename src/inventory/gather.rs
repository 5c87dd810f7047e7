//! Gathers the facts of one file.

use std::collections::BTreeSet;

use memchr::memmem;

use crate::connection_string::{SmtpConnectionString, masked, masked_within};
use crate::package::{
    Call, ConnectionManager, ExecutableKind, FileKind, MailProperty, MessageSourceType, Object,
    Owner, Package, SendMailTask, Target, bare_id, path_of,
};
use crate::project::{BuildCopy, File, InContext, Label};

use super::facts::{
    CallFacts, ConnectionFacts, ExpressionFacts, FileFacts, FoundManager, HandlerFacts, Masked,
    ObjectRef, OtherTask, ProjectUse, Reference, TaskFacts,
};

/// The facts of a file in its unit.
///
/// What can only be known when all packages were looked at is filled in by [`link`](super::link).
pub fn gather(at: InContext<'_>, build_copy: BuildCopy) -> FileFacts {
    let file = at.file;
    let project = at.project();
    let mut facts = FileFacts {
        label: file.label.clone(),
        kind: file.kind,
        project: project.map(|(file, _)| file.label.clone()),
        deployment_model: project.map(|(_, project)| project.deployment_model()),
        format_version: None,
        protection_level: None,
        is_encrypted: file.is_encrypted,
        build_copy,
        hash: Some(file.hash),
        name: None,
        package_id: None,
        version_guid: None,
        version_build: None,
        creator: None,
        connections: Vec::new(),
        send_mail_tasks: Vec::new(),
        other_tasks: Vec::new(),
        calls: Vec::new(),
        project_uses: Vec::new(),
        notes: file
            .document
            .diagnostics()
            .iter()
            .map(ToString::to_string)
            .collect(),
    };
    match file.kind {
        FileKind::Package | FileKind::PackagePart => package(at, &mut facts),
        FileKind::ConnectionManager if !file.is_encrypted => project_manager(file, &mut facts),
        FileKind::Project => {
            if let Some((_, project)) = project {
                facts.protection_level = project.protection_level().map(Into::into);
                facts.name = project
                    .property("Name")
                    .map(|name| name.text().into_text().into());
            }
        }
        _ => {}
    }
    facts
}

fn package(at: InContext<'_>, facts: &mut FileFacts) {
    let file = at.file;
    // The attributes of the root can be read even where the rest is encrypted with a user key.
    let package = Package::new(&file.document);
    let text = |name: &str| package.filled(name).map(Into::into);
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
    facts.connections = package
        .connection_managers()
        .map(|manager| {
            let path = path_of(package, Target::ConnectionManager(manager));
            let mut connection = connection(file, manager, path);
            connection.used_by = uses_of(file, package, manager)
                .into_iter()
                .map(|object| ObjectRef {
                    file: file.label.clone(),
                    object,
                })
                .collect();
            connection
        })
        .collect();
    facts.project_uses = at
        .context
        .connection_managers()
        .flat_map(|(holder, manager)| {
            uses_of(file, package, manager)
                .into_iter()
                .map(|object| ProjectUse {
                    manager: holder.label.clone(),
                    object,
                })
        })
        .collect();
    facts.send_mail_tasks = package
        .send_mail_tasks()
        .map(|task| task_facts(at, package, task))
        .collect();
    facts.other_tasks = package
        .executables()
        .filter(|it| !it.is_container() && it.kind() != ExecutableKind::SendMail)
        .map(|it| OtherTask {
            path: path_of(package, Target::Executable(it)),
            kind: it.kind(),
            is_disabled: it.is_disabled() || it.disabled_by().is_some(),
        })
        .collect();
    facts.calls = package
        .execute_package_tasks()
        .filter_map(|task| {
            let package_name = match task.call()? {
                Call::Project(name) => name.into_owned(),
                Call::Connection { reference, package } if package.is_empty() => {
                    called_file(at, &reference)
                }
                Call::Connection { package, .. } => package.into_owned(),
            };
            Some(CallFacts {
                task: path_of(package, Target::Executable(task.executable())),
                package: package_name,
                found_in: None,
                place: file
                    .document
                    .place(task.executable().object().node().span()),
            })
        })
        .collect();
}

/// The path that a File connection manager leads to; the reference itself where it leads to none.
fn called_file(at: InContext<'_>, reference: &str) -> String {
    at.manager_of_reference(reference)
        .and_then(|(_, manager)| manager.connection_string())
        .map_or_else(
            || reference.to_owned(),
            |stored| stored.text().into_text().into_owned(),
        )
}

fn project_manager(file: &File, facts: &mut FileFacts) {
    let Some(manager) = ConnectionManager::new(file.document.root()) else {
        return;
    };
    let name = manager.object().name().into_owned();
    let path = format!("\\Project.Connections[{name}]");
    facts.name = Some(name);
    facts.connections = vec![connection(file, manager, path)];
}

fn connection(file: &File, manager: ConnectionManager<'_>, path: String) -> ConnectionFacts {
    let stored = manager.connection_string();
    let text = stored.map(|stored| stored.text().into_text());
    let (mut smtp, mut problem) = (None, None);
    if manager.is_smtp() {
        match SmtpConnectionString::parse(text.as_deref().unwrap_or_default()) {
            Ok(read) => smtp = Some(read.into_connection()),
            Err(error) => {
                smtp = Some(Default::default());
                problem = Some(error.to_string());
            }
        }
    }
    let object = manager.object();
    ConnectionFacts {
        path,
        name: object.name().into_owned(),
        id: object.id().map(Into::into),
        type_name: manager.type_name().into_owned(),
        connection_string: text.map(|text| {
            let (text, keys) = masked(&text);
            Masked {
                text: text.into_owned(),
                keys,
            }
        }),
        smtp,
        problem,
        expressions: expressions(object),
        used_by: Vec::new(),
        place: file.document.place(manager.span()),
    }
}

fn expressions(object: Object<'_>) -> Vec<ExpressionFacts> {
    object
        .property_expressions()
        .map(|expression| ExpressionFacts {
            property: expression.property().into_owned(),
            text: within(&expression.text()),
        })
        .collect()
}

fn within(text: &str) -> Masked {
    let (text, keys) = masked_within(text);
    Masked {
        text: text.into_owned(),
        keys,
    }
}

/// The paths of everything that names a manager: by its id, or in formats 6 and 8 by its `refId`.
fn uses_of(file: &File, package: Package<'_>, manager: ConnectionManager<'_>) -> Vec<String> {
    let text = file.document.source().text();
    let object = manager.object();
    let id = object.id().unwrap_or_default();
    let bare = bare_id(&id);
    if bare.is_empty() {
        return Vec::new();
    }
    let mut needles = BTreeSet::from([bare.to_owned(), bare.to_lowercase(), bare.to_uppercase()]);
    needles.extend(object.text("refId").map(Into::into));
    let own = manager.span();
    let is_own = |at: u32| {
        std::ptr::eq(manager.object().node().document(), &file.document)
            && own.start <= at
            && at < own.end
    };
    let mut users = BTreeSet::new();
    for needle in &needles {
        for at in memmem::find_iter(text.as_bytes(), needle.as_bytes()) {
            let at = u32::try_from(at).unwrap_or(u32::MAX);
            if is_own(at) {
                continue;
            }
            if let Some(user) = user_at(file, at) {
                users.insert(user.object().node().id());
            }
        }
    }
    users
        .into_iter()
        .filter_map(|id| target(file.document.node(id)))
        .map(|target| path_of(package, target))
        .collect()
}

fn target(node: crate::xml::Node<'_>) -> Option<Target<'_>> {
    crate::package::Executable::new(node)
        .map(Target::Executable)
        .or_else(|| crate::package::EventHandler::new(node).map(Target::EventHandler))
        .or_else(|| ConnectionManager::new(node).map(Target::ConnectionManager))
}

/// The object whose element holds the place: what is written there uses what it names.
fn user_at(file: &File, at: u32) -> Option<Target<'_>> {
    let mut node = file.document.innermost(at);
    while let Some(inner) = node {
        if let Some(target) = target(inner) {
            return Some(target);
        }
        node = inner.parent();
    }
    None
}

fn task_facts(at: InContext<'_>, package: Package<'_>, task: SendMailTask<'_>) -> TaskFacts {
    let executable = task.executable();
    let object = executable.object();
    let text = |property| task.get(property).into_owned();
    let path_of_owner = |owner: Owner<'_>| match owner {
        Owner::Executable(it) => path_of(package, Target::Executable(it)),
        Owner::EventHandler(it) => path_of(package, Target::EventHandler(it)),
    };
    let reference = text(MailProperty::SmtpConnection);
    let source_type = text(MailProperty::MessageSourceType);
    TaskFacts {
        path: path_of(package, Target::Executable(executable)),
        name: object.name().into_owned(),
        id: object.id().map(Into::into),
        is_disabled: executable.is_disabled(),
        disabled_by: executable.disabled_by().map(path_of_owner),
        event_handler: executable.event_handler().map(|handler| HandlerFacts {
            event: handler.event().into_owned(),
            of: handler
                .of()
                .map(|of| path_of(package, Target::Executable(of)))
                .unwrap_or_default(),
        }),
        connection: Reference {
            found: at.manager(task).map(|(file, manager)| found(file, manager)),
            reference,
        },
        from: text(MailProperty::FromLine),
        to: text(MailProperty::ToLine),
        cc: text(MailProperty::CCLine),
        bcc: text(MailProperty::BCCLine),
        subject: within(&task.get(MailProperty::Subject)),
        priority: text(MailProperty::Priority),
        message_source_type: MessageSourceType::parse(&source_type),
        message_source_type_text: source_type,
        message_source: within(&task.get(MailProperty::MessageSource)),
        attachments: task
            .get(MailProperty::FileAttachments)
            .split('|')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect(),
        expressions: expressions(object),
        place: at.file.document.place(object.node().span()),
    }
}

fn found(file: &File, manager: ConnectionManager<'_>) -> FoundManager {
    FoundManager {
        name: manager.object().name().into_owned(),
        type_name: manager.type_name().into_owned(),
        file: Label::clone(&file.label),
    }
}
