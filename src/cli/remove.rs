//! `dtsx remove`: a connection manager or a task that nothing uses.

use std::io;

use clap::Args;

use dtsx::inventory::gather;
use dtsx::package::{
    ConnectionManager, DTS, Executable, FileKind, ProjectFile, Target, remove_object, same_id,
};
use dtsx::project::{
    BuildCopy, Changes, File, InContext, Limits, Looked, MemberChanges, One, Place, Write, changed,
    locate, remove_manager, write_members,
};
use dtsx::xml::Node;

use super::change::{
    ChangeArgs, Planned, PlannedFile, carry_out, on_disk, reading, unreadable, unwritable, usage,
};
use super::exit::Exit;
use super::one::OneArgs;
use super::project_unit::{folder_of, project_unit};
use super::streams::{Refusal, Streams};

/// Remove a connection manager or a Send Mail task that nothing uses
///
/// The copies in the project file go too, and with a .conmgr its file and its registration. `dtsx undo` takes the
/// change back.
#[derive(Debug, Args)]
pub(crate) struct RemoveArgs {
    #[command(flatten)]
    one: OneArgs,
    /// What to remove, such as `\Package.Connections[Mail]`, `\Project.Connections[Mail]` or `\Package\Send mail`
    #[arg(value_name = "PROPERTY_PATH")]
    path: String,
    /// Also where something uses it; precedence constraints of a task go with it
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    change: ChangeArgs,
}

pub(crate) fn run(args: &RemoveArgs, streams: &mut Streams<'_>) -> io::Result<Exit> {
    carry_out(plan(args), "remove", &args.change, streams)
}

fn plan(args: &RemoveArgs) -> Result<Planned, Refusal> {
    let one = args.one.open().map_err(unreadable)?;
    let at = one.at().ok_or_else(|| unreadable("the file is gone"))?;
    let located = locate(at, &args.path).map_err(usage)?;
    if located.property.is_some() {
        return Err(Refusal::usage(format!(
            "`{}` is a property: name the object alone",
            args.path
        )));
    }
    match located.place {
        Place::Object(Target::ConnectionManager(manager)) => {
            if located.file.kind == FileKind::ConnectionManager {
                project_manager(args, &one, located.file, manager)
            } else {
                package_manager(args, &one, at, manager)
            }
        }
        Place::Object(Target::Executable(task)) if task.send_mail().is_some() => {
            send_mail_task(args, &one, at, task)
        }
        _ => Err(Refusal::usage(format!(
            "`{}` is neither a connection manager nor a Send Mail task",
            args.path
        ))),
    }
}

fn refuse_used(args: &RemoveArgs, users: &[String]) -> Result<(), Refusal> {
    if users.is_empty() || args.force {
        return Ok(());
    }
    Err(Refusal {
        exit: Exit::Unwritten,
        message: format!(
            "`{}` is used, so it stays (`--force` removes it all the same):\n{}",
            args.path,
            users.join("\n")
        ),
    })
}

fn package_manager(
    args: &RemoveArgs,
    one: &One,
    at: InContext<'_>,
    manager: ConnectionManager<'_>,
) -> Result<Planned, Refusal> {
    let span = at.file.document.place(manager.span());
    let facts = gather(at, BuildCopy::No);
    let users: Vec<String> = facts
        .connections
        .iter()
        .filter(|connection| connection.place == span)
        .flat_map(|connection| &connection.used_by)
        .map(|user| user.object.clone())
        .collect();
    refuse_used(args, &users)?;
    let changes = remove_manager(at, manager).map_err(unwritable)?;
    let object = args.path.clone();
    Planned::of_files(one, &changes, object, "remove a connection manager")
}

fn project_manager(
    args: &RemoveArgs,
    one: &One,
    file: &File,
    manager: ConnectionManager<'_>,
) -> Result<Planned, Refusal> {
    let name = manager.object().name().into_owned();
    let whole_unit = project_unit(&project_folder(file))?;
    let unit = whole_unit.as_ref().unwrap_or(one.unit());
    let found = unit.each(&reading(), |looked| match looked {
        Looked::Read(at) => gather(at, BuildCopy::No)
            .project_uses
            .into_iter()
            .filter(|used| used.manager == file.label)
            .map(|used| format!("{} {}", at.file.label, used.object))
            .collect::<Vec<_>>(),
        Looked::Skipped | Looked::Failed(_) => Vec::new(),
    });
    let users: Vec<String> = found.into_iter().flatten().collect();
    refuse_used(args, &users)?;
    let mut changes = Changes::new();
    let file_name = file.label.file_name();
    for project in unit.context.of_kind(FileKind::Project) {
        let read = ProjectFile::new(&project.document);
        let mut edits = read.unregister_manager(&file_name);
        edits.extend(read.remove_copies(None, &name));
        changes.add(project.id, edits).map_err(unwritable)?;
    }
    let result = changed(&unit.context.files, &changes, &Limits::default()).map_err(unwritable)?;
    let what = "remove a connection manager";
    let members = MemberChanges {
        added: Vec::new(),
        removed: Vec::from_iter(file.label.member().map(str::to_owned)),
    };
    let archive = write_members(unit, &result, members, &Limits::default(), what);
    let mut files = PlannedFile::changed(&result, &changes);
    files.push(PlannedFile::removed(file.label.to_string(), &file.document));
    let writes = match archive.map_err(unwritable)? {
        Some(write) => vec![write],
        None => {
            let mut all = on_disk(unit, &result, what)?;
            all.push(Write::remove(file.label.path(), file.hash(), what));
            all
        }
    };
    Ok(Planned {
        object: args.path.clone(),
        holder: project_folder(file).display().to_string(),
        files,
        writes,
    })
}

/// The folder of a file, or the archive that holds it.
fn project_folder(file: &File) -> std::path::PathBuf {
    let path = file.label.path();
    if file.label.member().is_some() {
        return path.to_owned();
    }
    folder_of(path)
}

fn send_mail_task(
    args: &RemoveArgs,
    one: &One,
    at: InContext<'_>,
    task: Executable<'_>,
) -> Result<Planned, Refusal> {
    let object = task.object();
    let reference = object.text("refId").unwrap_or_default();
    let id = object.id().unwrap_or_default();
    let constraints: Vec<Node<'_>> = at
        .file
        .document
        .root()
        .descendants()
        .filter(|node| node.is(DTS, "PrecedenceConstraint") && joins(*node, &reference, &id))
        .collect();
    let users: Vec<String> = constraints
        .iter()
        .map(|node| {
            let line = at.file.document.place(node.span()).from.line;
            format!("the precedence constraint in line {line}")
        })
        .collect();
    refuse_used(args, &users)?;
    let mut changes = Changes::new();
    let all = constraints.into_iter().chain([object.node()]);
    for node in all {
        changes
            .add(at.file.id, [remove_object(node)])
            .map_err(unwritable)?;
    }
    let object = args.path.clone();
    Planned::of_files(one, &changes, object, "remove a Send Mail task")
}

/// Whether one end of a constraint is the task: by `refId` in formats 6 and 8, by id in 2 and 3.
fn joins(constraint: Node<'_>, reference: &str, id: &str) -> bool {
    let by_reference = ["From", "To"].iter().any(|end| {
        constraint.attribute(DTS, end).is_some_and(|it| {
            let text = it.value().text;
            (!reference.is_empty() && text == reference) || same_id(&text, id)
        })
    });
    let by_id = constraint.children().any(|child| {
        child.is(DTS, "Executable")
            && child
                .attribute(DTS, "IDREF")
                .is_some_and(|it| same_id(&it.value().text, id))
    });
    by_reference || by_id
}
