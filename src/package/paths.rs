//! The paths of many objects of one package.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;

use crate::xml::NodeId;

use super::executable::{EventHandler, Executable, Owner};
use super::path::{Target, path_of, root_word};
use super::view::Package;

/// What [`path_of`] gives, for many objects of a package: one walk finds nearly all of them, and each is found once.
#[derive(Debug)]
pub struct Paths<'d> {
    package: Package<'d>,
    known: OnceCell<RefCell<HashMap<NodeId, String>>>,
}

impl<'d> Paths<'d> {
    /// Nothing is walked until a path is asked for.
    pub fn new(package: Package<'d>) -> Paths<'d> {
        Paths {
            package,
            known: OnceCell::new(),
        }
    }

    /// The shortest path that leads back to an object of the package.
    pub fn of(&self, target: Target<'_>) -> String {
        let known = self
            .known
            .get_or_init(|| RefCell::new(plain_paths(self.package)));
        let id = target.node().id();
        if let Some(path) = known.borrow().get(&id) {
            return path.clone();
        }
        let path = path_of(self.package, target);
        known.borrow_mut().insert(id, path.clone());
        path
    }
}

/// The paths of the containers, tasks and event handlers that are plain: names of letters, digits, blanks, `_` and `-`,
/// which no sibling shares.
fn plain_paths(package: Package<'_>) -> HashMap<NodeId, String> {
    let is_plain = |name: &str| {
        !name.is_empty()
            && name.trim() == name
            && name
                .chars()
                .all(|it| it.is_alphanumeric() || matches!(it, ' ' | '_' | '-'))
    };
    let mut paths = HashMap::new();
    let Some(root) = package.executable() else {
        return paths;
    };
    let word = root_word(Target::Executable(root)).to_owned();
    let mut around = vec![(Owner::Executable(root), word)];
    while let Some((owner, path)) = around.pop() {
        let children: Vec<Executable<'_>> = match owner {
            Owner::Executable(it) => it.executables().collect(),
            Owner::EventHandler(it) => it.executables().collect(),
        };
        let mut counts: HashMap<String, usize> = HashMap::new();
        for child in &children {
            let label = Target::Executable(*child).label().to_lowercase();
            *counts.entry(label).or_default() += 1;
        }
        for child in children {
            let label = Target::Executable(child).label();
            if is_plain(&label) && counts.get(&label.to_lowercase()) == Some(&1) {
                around.push((Owner::Executable(child), format!("{path}\\{label}")));
            }
        }
        if let Owner::Executable(it) = owner {
            let handlers: Vec<EventHandler<'_>> = it.event_handlers().collect();
            for handler in &handlers {
                let label = Target::EventHandler(*handler).label();
                let same = |other: &&EventHandler<'_>| {
                    Target::EventHandler(**other).label().to_lowercase() == label.to_lowercase()
                };
                if is_plain(&label) && handlers.iter().filter(same).count() == 1 {
                    let path = format!("{path}.EventHandlers[{label}]");
                    around.push((Owner::EventHandler(*handler), path));
                }
            }
        }
        paths.insert(owner.object().node().id(), path);
    }
    paths
}
