//! `dtsx add FILE|FOLDER smtp`

use std::path::{Path, PathBuf};

use clap::Args;

use dtsx::host::{Random as _, RealFiles, RealRandom};
use dtsx::package::{FileKind, ProjectFile, SmtpManagerModel, new_id, smtp_manager_file};
use dtsx::project::{
    Changes, Context, Label, Limits, MemberChanges, Named, One, OpenUnit, Write, changed,
    write_members,
};
use dtsx::source::Source;
use dtsx::xml::Document;

use super::super::change::{
    ChangeArgs, Planned, PlannedFile, on_disk, reading, unreadable, unwritable, usage,
};
use super::super::model::model as model_of;
use super::super::project_unit::{folder_of, project_unit};
use super::super::streams::Refusal;
use super::expression;

/// A new SMTP connection manager
#[derive(Debug, Args)]
pub(super) struct SmtpArgs {
    /// Its name
    #[arg(long, value_name = "NAME", required_unless_present = "model")]
    name: Option<String>,
    /// The mail server
    #[arg(long, value_name = "HOST", required_unless_present = "model")]
    server: Option<String>,
    /// Whether it demands STARTTLS [default: false]
    #[arg(long, value_name = "BOOL")]
    enable_ssl: Option<bool>,
    /// Whether it signs in as the Windows account [default: false]
    #[arg(long, value_name = "BOOL")]
    windows_auth: Option<bool>,
    /// Time for one send
    #[arg(long, value_name = "NUMBER")]
    timeout: Option<i32>,
    /// Its description
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// A property expression (repeatable)
    #[arg(long, value_name = "PROPERTY=EXPRESSION", value_parser = expression)]
    expression: Vec<(String, String)>,
    /// All of it from a JSON or TOML file, as `dtsx get` shows one
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["name", "server", "enable_ssl", "windows_auth", "timeout", "description", "expression"]
    )]
    model: Option<PathBuf>,
    #[command(flatten)]
    pub(super) change: ChangeArgs,
}

pub(super) fn plan(file: &Path, smtp: &SmtpArgs) -> Result<Planned, Refusal> {
    let model = smtp_model(smtp)?;
    let id = new_id(RealRandom.bytes());
    if let Some(unit) = project_unit(file)? {
        return plan_for_project(file, &unit, &model, &id);
    }
    let one = One::open(&Named::new(file, None, &RealFiles), &reading()).map_err(unreadable)?;
    let at = one.at().ok_or_else(|| unreadable("the file is gone"))?;
    let package = at.package().ok_or_else(|| {
        Refusal::usage(format!(
            "{}: expected a package, the folder of a project, a .dtproj or an .ispac",
            one.label()
        ))
    })?;
    let mut changes = Changes::new();
    let edits = package.add_smtp_manager(&model, &id).map_err(usage)?;
    changes.add(at.file.id, edits).map_err(unwritable)?;
    let name = at.file.label.file_name();
    for file in at.context.of_kind(FileKind::Project) {
        let project = ProjectFile::new(&file.document);
        let is_of = project
            .packages()
            .any(|listed| listed.eq_ignore_ascii_case(&name));
        if is_of {
            let edits = project.add_copies(Some(&name), &model).map_err(usage)?;
            changes.add(file.id, edits).map_err(unwritable)?;
        }
    }
    let object = format!("\\Package.Connections[{}]", model.name);
    Planned::of_files(&one, &changes, object, "add an SMTP connection manager")
}

fn plan_for_project(
    path: &Path,
    unit: &OpenUnit,
    model: &SmtpManagerModel,
    id: &str,
) -> Result<Planned, Refusal> {
    let context: &Context = &unit.context;
    let projects: Vec<_> = context.of_kind(FileKind::Project).collect();
    let [project] = projects.as_slice() else {
        return Err(Refusal::usage(match projects.len() {
            0 => format!("{}: there is no project here", path.display()),
            _ => format!("{}: there are several projects here", path.display()),
        }));
    };
    if context
        .connection_managers()
        .any(|(_, other)| other.object().name() == model.name)
    {
        return Err(Refusal::usage(format!(
            "the project has a connection manager named `{}` already",
            model.name
        )));
    }
    let file_name = format!("{}.conmgr", model.name);
    if model
        .name
        .contains(['/', '\\', ':', '*', '?', '"', '<', '>', '|'])
    {
        return Err(Refusal::usage(format!(
            "`{}` cannot be the name of a file, which a connection manager of a project is",
            model.name
        )));
    }
    let source = project.document.source();
    let line_end = if source.text().contains("\r\n") {
        "\r\n"
    } else {
        "\n"
    };
    let text = smtp_manager_file(model, id, line_end).map_err(usage)?;
    let read = ProjectFile::new(&project.document);
    let mut changes = Changes::new();
    let registered = read.register_manager(&file_name).map_err(usage)?;
    changes.add(project.id, registered).map_err(unwritable)?;
    let copies = read.add_copies(None, model).map_err(usage)?;
    changes.add(project.id, copies).map_err(unwritable)?;
    let result = changed([*project], &changes, &Limits::default()).map_err(unwritable)?;
    let what = "add an SMTP connection manager";
    let mut planned = Planned {
        object: format!("\\Project.Connections[{}]", model.name),
        holder: path.display().to_string(),
        files: PlannedFile::changed(&result, &changes),
        writes: Vec::new(),
    };
    let document = Document::parse(
        Source::decode(text.clone().into_bytes()).map_err(unwritable)?,
        &Limits::default().document,
    );
    let document = document.map_err(unwritable)?;
    // Members of archives have no mark; files have what the project has.
    let members = MemberChanges {
        added: vec![(file_name.clone(), text.clone().into_bytes())],
        removed: Vec::new(),
    };
    let archive = write_members(unit, &result, members, &Limits::default(), what);
    if let Some(write) = archive.map_err(unwritable)? {
        let label = Label::of_member(&write.path, &file_name).to_string();
        planned.files.push(PlannedFile::created(label, &document));
        planned.writes.push(write);
        return Ok(planned);
    }
    let mark = if source.has_bom() { "\u{feff}" } else { "" };
    let folder = folder_of(project.label.path());
    let place = match folder == Path::new(".") {
        true => PathBuf::from(file_name),
        false => folder.join(file_name),
    };
    let label = Label::of_path(&place).to_string();
    planned.files.push(PlannedFile::created(label, &document));
    let bytes = format!("{mark}{text}").into_bytes();
    planned.writes.push(Write::create(place, bytes, what));
    planned.writes.extend(on_disk(unit, &result, what)?);
    Ok(planned)
}

fn smtp_model(args: &SmtpArgs) -> Result<SmtpManagerModel, Refusal> {
    if let Some(path) = &args.model {
        return model_of(path);
    }
    Ok(SmtpManagerModel {
        name: args.name.clone().unwrap_or_default(),
        description: args.description.clone().unwrap_or_default(),
        server: args.server.clone().unwrap_or_default(),
        use_windows_authentication: args.windows_auth.unwrap_or(false),
        enable_ssl: args.enable_ssl.unwrap_or(false),
        timeout: args.timeout,
        delay_validation: false,
        expressions: args.expression.iter().cloned().collect(),
    })
}
