//! What the packages of a unit share: its project's parameters, its configurations, and what was given.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use crate::package::{DeploymentModel, FileKind, Parameter, project_parameters};
use crate::project::{Context, File, InContext, Label};
use crate::xml::Document;

use super::given::Given;
use super::load::{LoadError, LoadedConfiguration, file_name, named};

/// What the packages of a unit share. Built once; what is not asked for is not computed.
pub struct UnitValues<'a> {
    context: &'a Context,
    given: &'a Given<'a>,
    parameters: Vec<ProjectParameter<'a>>,
    copies: OnceLock<BTreeSet<String>>,
    loaded: Mutex<HashMap<PathBuf, Loaded>>,
}

type Loaded = Result<Arc<LoadedConfiguration>, LoadError>;

/// A parameter of the project.
pub(super) struct ProjectParameter<'a> {
    pub(super) file: &'a File,
    pub(super) parameter: Parameter<'a>,
    pub(super) name: String,
}

/// Which XML configuration a path of a package means.
pub(super) enum FoundConfiguration<'a> {
    InUnit(&'a File),
    Outside(Arc<LoadedConfiguration>),
    /// There are these, and nothing says which is meant.
    Several(Vec<String>),
    Bad(LoadError),
    Missing,
}

impl<'a> UnitValues<'a> {
    /// What the packages of a unit share, under what was given.
    pub fn new(context: &'a Context, given: &'a Given<'a>) -> UnitValues<'a> {
        UnitValues {
            context,
            given,
            parameters: parameters(context),
            copies: OnceLock::new(),
            loaded: Mutex::default(),
        }
    }

    /// The files of the unit.
    pub fn context(&self) -> &'a Context {
        self.context
    }

    /// What was given.
    pub fn given(&self) -> &'a Given<'a> {
        self.given
    }

    pub(super) fn parameters(&self) -> &[ProjectParameter<'a>] {
        &self.parameters
    }

    /// The name of the project that a file belongs to, if the SSIS catalog can hold values for it.
    pub(super) fn project_of(&self, file: &'a File) -> Option<String> {
        let at = InContext {
            context: self.context,
            file,
        };
        let (holder, project) = at.project()?;
        if project.deployment_model() != DeploymentModel::Project {
            return None;
        }
        let name = project
            .property("Name")
            .map(|it| it.text().into_text().into_owned());
        let of_file = || {
            let name = holder.label.file_name();
            name.rsplit_once('.')
                .map_or(name.clone(), |(stem, _)| stem.to_owned())
        };
        Some(name.filter(|it| !it.is_empty()).unwrap_or_else(of_file))
    }

    /// Whether the project offers a property of a manager to the server: `CM.Mail.SmtpServer`.
    pub(super) fn offers(&self, package: Option<&str>, manager: &str, property: &str) -> bool {
        let copies = self.copies.get_or_init(|| {
            let projects = self.context.of_kind(FileKind::Project);
            projects
                .flat_map(|file| crate::package::ProjectFile::new(&file.document).copies())
                .filter_map(|copy| {
                    let package = copy.package().unwrap_or_default().to_lowercase();
                    Some(format!("{package}|{}", copy.full_name()?.to_lowercase()))
                })
                .collect()
        });
        if copies.is_empty() {
            return false;
        }
        let package = package.unwrap_or_default();
        let name = format!("{package}|CM.{manager}.{property}");
        copies.contains(&name.to_lowercase())
    }

    /// The XML configuration that a path of a package means: where `--map-path` says, beside the package, else
    /// elsewhere in the tree that was asked for.
    pub(super) fn configuration(&self, location: &str, package: &Label) -> FoundConfiguration<'a> {
        let location = location.trim();
        let mapped = match self.given.path_map.locate(location) {
            Ok(path) => (path != Path::new(location)).then_some(path),
            Err(error) => {
                return FoundConfiguration::Bad(LoadError {
                    path: location.to_owned(),
                    why: error.to_string(),
                    is_missing: false,
                });
            }
        };
        if let Some(path) = mapped {
            return match self.load(&path) {
                Ok(loaded) => FoundConfiguration::Outside(loaded),
                Err(error) => FoundConfiguration::Bad(error),
            };
        }
        let name = file_name(location);
        if name.is_empty() {
            return FoundConfiguration::Missing;
        }
        let files = self.context.of_kind(FileKind::Configuration);
        let beside: Vec<&File> = files
            .filter(|file| file.label.file_name().eq_ignore_ascii_case(name))
            .collect();
        match beside.as_slice() {
            [only] => return FoundConfiguration::InUnit(only),
            [] => {}
            several => {
                let names = several.iter().map(|file| file.label.to_string());
                return FoundConfiguration::Several(names.collect());
            }
        }
        // One that is there and cannot be read is not among the files of the unit.
        if package.member().is_none()
            && self.given.files.is_some()
            && let Some(folder) = package.path().parent()
        {
            match self.load(&folder.join(name)) {
                Ok(loaded) => return FoundConfiguration::Outside(loaded),
                Err(error) if !error.is_missing => return FoundConfiguration::Bad(error),
                Err(_) => {}
            }
        }
        let elsewhere: Vec<_> = named(&self.given.elsewhere, name).collect();
        match elsewhere.as_slice() {
            [] => FoundConfiguration::Missing,
            [only] => match self.load(only) {
                Ok(loaded) => FoundConfiguration::Outside(loaded),
                Err(error) => FoundConfiguration::Bad(error),
            },
            several => {
                let names = several.iter().map(|path| Label::of_path(path).to_string());
                FoundConfiguration::Several(names.collect())
            }
        }
    }

    /// Each file is read once for all packages.
    fn load(&self, path: &Path) -> Loaded {
        let Some(files) = self.given.files else {
            return Err(LoadError {
                path: path.display().to_string(),
                why: "files outside of the unit are not read here".to_owned(),
                is_missing: true,
            });
        };
        let mut loaded = match self.loaded.lock() {
            Ok(loaded) => loaded,
            Err(poisoned) => poisoned.into_inner(),
        };
        let entry = loaded.entry(path.to_owned());
        entry
            .or_insert_with(|| LoadedConfiguration::read(path, files).map(Arc::new))
            .clone()
    }
}

fn parameters(context: &Context) -> Vec<ProjectParameter<'_>> {
    let files = context.of_kind(FileKind::Parameters);
    let all = files.flat_map(|file| {
        project_parameters(file.document.root()).map(move |parameter| (file, parameter))
    });
    all.map(|(file, parameter)| ProjectParameter {
        file,
        parameter,
        name: parameter.name().into_owned(),
    })
    .collect()
}

impl FoundConfiguration<'_> {
    /// The document and what reports call it.
    pub(super) fn document(&self) -> Option<(&Document, &Label)> {
        match self {
            FoundConfiguration::InUnit(file) => Some((&file.document, &file.label)),
            FoundConfiguration::Outside(loaded) => Some((&loaded.document, &loaded.label)),
            _ => None,
        }
    }
}
