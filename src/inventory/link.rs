//! What can only be known when all files of a unit were looked at.

use std::collections::BTreeMap;

use crate::project::Label;

use super::facts::{FileFacts, ObjectRef};

/// Says who uses the connection managers of the project.
pub fn link_uses(files: &mut [FileFacts]) {
    let mut users: BTreeMap<Label, Vec<ObjectRef>> = BTreeMap::new();
    for file in files.iter() {
        for used in &file.project_uses {
            let users = users.entry(used.manager.clone()).or_default();
            users.push(ObjectRef {
                file: file.label.clone(),
                object: used.object.clone(),
            });
        }
    }
    for file in files {
        for connection in &mut file.connections {
            if let Some(users) = users.get(&file.label) {
                connection.used_by.extend(users.iter().cloned());
            }
            connection.used_by.sort();
        }
    }
}

/// Says where called packages are: in the unit, or `elsewhere`; each time only where exactly one file has the name.
pub fn link_calls(files: &mut [FileFacts], unit: &FileNames, elsewhere: &FileNames) {
    for call in files.iter_mut().flat_map(|file| &mut file.calls) {
        let found = unit
            .one(&call.package)
            .or_else(|| elsewhere.one(&call.package));
        call.found_in = found.cloned();
    }
}

/// Files by the last part of their path.
#[derive(Debug, Default)]
pub struct FileNames(BTreeMap<String, Vec<Label>>);

impl FileNames {
    /// The one file of the name that a path ends in; the path may be one of Windows.
    fn one(&self, path: &str) -> Option<&Label> {
        let name = path.rsplit(['/', '\\']).next()?.trim();
        match self.0.get(&name.to_lowercase())?.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }
}

impl FromIterator<Label> for FileNames {
    fn from_iter<I: IntoIterator<Item = Label>>(labels: I) -> FileNames {
        let mut names: BTreeMap<String, Vec<Label>> = BTreeMap::new();
        for label in labels {
            let name = label.file_name().to_lowercase();
            names.entry(name).or_default().push(label);
        }
        FileNames(names)
    }
}
