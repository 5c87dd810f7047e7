//! Values that only an edit of the file can change, put where they can be given from outside.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::package::{
    DTS, DeploymentModel, FileKind, Object, Package, Parameter, Target, Variable,
    add_text_parameter, new_id, project_parameters,
};
use crate::xml::Edit;

use super::changes::Changes;
use super::context::InContext;
use super::copies::{other_build_values, uncopy};
use super::file::File;
use super::write::Hash;

/// Where the values of a file can go: to parameters of its project, where it has such, else to variables of the
/// package.
///
/// Names that are taken are looked up once for all values of a file.
#[derive(Debug)]
pub struct Outside<'a> {
    at: InContext<'a>,
    holder: Holder<'a>,
    /// What stands there already, by the name in lower case.
    taken: BTreeMap<String, Taken>,
    /// The places that were found, by the name and the value that were asked for.
    given: RefCell<BTreeMap<(String, String), Option<Place>>>,
}

#[derive(Clone, Copy, Debug)]
enum Holder<'a> {
    /// `Project.params`
    Project(&'a File),
    /// The package itself.
    Package(Package<'a>),
}

impl Holder<'_> {
    fn is_empty(self) -> bool {
        match self {
            Holder::Project(file) => project_parameters(file.document.root()).next().is_none(),
            Holder::Package(package) => package.variables().next().is_none(),
        }
    }
}

/// A variable or parameter that is there.
#[derive(Debug)]
struct Taken {
    name: String,
    /// The text, where another property may share it: nothing else decides about it.
    shared: Option<String>,
}

#[derive(Clone, Debug)]
struct Place {
    name: String,
    /// What makes it, where it is not there yet.
    edit: Option<Edit>,
}

/// A property that gets its value from outside.
#[derive(Debug)]
pub struct Parameterised {
    /// Its expression from now on, such as `@[$Project::SmtpServer]`.
    pub expression: String,
    /// The edits of all files.
    pub changes: Changes,
}

/// What an expression may be as long as, in characters: the versions before SQL Server 2012 took no more.
const LONGEST: usize = 4000;

impl<'a> Outside<'a> {
    /// Where the values of this file can go; `None` for a connection manager of a project without parameters, for a
    /// package part, whose copies in packages would not follow, and for files that hold no objects.
    pub fn new(at: InContext<'a>) -> Option<Outside<'a>> {
        let holder = match (at.file.kind, of_project(at)) {
            (FileKind::Package | FileKind::ConnectionManager, Some(file)) => Holder::Project(file),
            (FileKind::Package, None) => Holder::Package(at.package()?),
            _ => return None,
        };
        let taken = match holder {
            Holder::Project(file) => project_parameters(file.document.root())
                .map(|parameter| taken_by_parameter(at, parameter))
                .collect(),
            Holder::Package(package) => variables(package).map(taken_by_variable).collect(),
        };
        Some(Outside {
            at,
            holder,
            taken,
            given: RefCell::default(),
        })
    }

    /// Lets a variable or parameter give a property the value that it stores now; `name` is what it shall be called,
    /// with a number behind it where the name has another value. `None` where that cannot be.
    pub fn give(
        &self,
        target: Target<'a>,
        property: &str,
        value: &str,
        name: &str,
    ) -> Option<Parameterised> {
        if value.is_empty() || value.chars().count() > LONGEST {
            return None;
        }
        let place = self.place(name, value)?;
        let (namespace, holder) = match self.holder {
            Holder::Project(file) => ("$Project", file),
            Holder::Package(_) => ("User", self.at.file),
        };
        let expression = format!("@[{namespace}::{}]", place.name);
        let mut changes = Changes::new();
        if let Some(edit) = place.edit {
            // Where nothing stands yet, the first makes what holds them all, and others wait for it.
            let made = if self.holder.is_empty() {
                ""
            } else {
                &place.name
            };
            changes.make(holder.id, made, edit).ok()?;
        }
        let computed = target.set_computed(property, &expression).ok()?;
        changes.add(self.at.file.id, computed).ok()?;
        if let Target::ConnectionManager(manager) = target {
            let uncopied = uncopy(self.at, self.at.file, manager, property);
            for (file, edits) in uncopied.edits {
                changes.add(file.id, edits).ok()?;
            }
        }
        Some(Parameterised {
            expression,
            changes,
        })
    }

    fn place(&self, name: &str, value: &str) -> Option<Place> {
        let key = (name.to_owned(), value.to_owned());
        let mut given = self.given.borrow_mut();
        if let Some(found) = given.get(&key) {
            return found.clone();
        }
        let names: BTreeSet<String> = given
            .values()
            .flatten()
            .map(|place| place.name.to_lowercase())
            .collect();
        let found = self.find(name, value, &names);
        given.insert(key, found.clone());
        found
    }

    /// `given` are the names that other values of the file get.
    fn find(&self, name: &str, value: &str, given: &BTreeSet<String>) -> Option<Place> {
        // One name is free among so many.
        let numbers = 1..=self.taken.len() + given.len() + 1;
        let names = numbers.map(|number| match number {
            1 => name.to_owned(),
            number => format!("{name}{number}"),
        });
        for name in names {
            let lower = name.to_lowercase();
            match self.taken.get(&lower) {
                None if given.contains(&lower) => {}
                None => {
                    let edit = self.edit(&name, value)?;
                    return Some(Place {
                        name,
                        edit: Some(edit),
                    });
                }
                Some(there) if there.shared.as_deref() == Some(value) => {
                    return Some(Place {
                        name: there.name.clone(),
                        edit: None,
                    });
                }
                Some(_) => {}
            }
        }
        None
    }

    fn edit(&self, name: &str, value: &str) -> Option<Edit> {
        let id = id_for(name, value);
        match self.holder {
            Holder::Project(file) => add_text_parameter(file.document.root(), name, value, &id),
            Holder::Package(package) => package.add_text_variable(name, value, &id),
        }
        .ok()
    }
}

/// The parameters of the project that the file belongs to, where it is deployed as a project.
fn of_project(at: InContext<'_>) -> Option<&File> {
    let mut all = at.context.of_kind(FileKind::Parameters);
    let (Some(only), None) = (all.next(), all.next()) else {
        return None;
    };
    let (_, project) = at.project()?;
    let is_member = at.file.kind == FileKind::ConnectionManager
        || project
            .packages()
            .any(|name| name.eq_ignore_ascii_case(&at.file.label.file_name()));
    (is_member && project.deployment_model() == DeploymentModel::Project).then_some(only)
}

fn taken_by_parameter(at: InContext<'_>, parameter: Parameter<'_>) -> (String, Taken) {
    const STRING: u16 = 18;
    let name = parameter.name().into_owned();
    let is_text = parameter.data_type() == Some(STRING) && !parameter.is_sensitive();
    let value = parameter.value().filter(|_| is_text);
    let value = value.map(|value| value.text().into_text().into_owned());
    let shared = value.filter(|value| other_build_values(at, parameter, value).is_empty());
    (name.to_lowercase(), Taken { name, shared })
}

/// Only what was made here before is shared: a task may write any other variable.
fn taken_by_variable(variable: Variable<'_>) -> (String, Taken) {
    let name = variable.object().name().into_owned();
    let value = variable.value();
    let value = value.map(|value| value.text().into_text().into_owned());
    let is_ours = |value: &String| {
        let id = variable.object().id();
        id.is_some_and(|id| id == id_for(&name, value)) && !variable.is_evaluated()
    };
    let shared = value.filter(is_ours);
    (name.to_lowercase(), Taken { name, shared })
}

/// The variables of the package and of all that is in it: a nearer one of the same name would win.
fn variables(package: Package<'_>) -> impl Iterator<Item = Variable<'_>> {
    let nodes = package.object().node().descendants();
    let nodes = nodes.filter(|node| node.is(DTS, "Variable"));
    nodes.map(|node| Variable::new(Object::new(node)))
}

/// The id of what holds a value. The same change has the same id each time it is looked at; ids need to differ only
/// within a file.
fn id_for(name: &str, value: &str) -> String {
    let hash = Hash::of(format!("{name}\n{value}").as_bytes());
    let mut bytes = [0; 16];
    for (byte, from) in bytes.iter_mut().zip(hash.bytes()) {
        *byte = *from;
    }
    new_id(bytes)
}
