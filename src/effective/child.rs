//! What a package that is called sees of the one that calls it.

use crate::package::{DTS, ExecutePackageTask, Target};

use super::origin::{Certainty, Effective};
use super::package::{NamedValue, PackageValues};

/// The variables of a calling package as they are at its Execute Package task, and the values that the task gives to
/// the parameters of the package that it calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parent {
    /// Qualified names and texts, or why the text is not known; the nearest container's first.
    pub variables: Vec<(String, Result<String, String>)>,
    /// Parameters of the called package by name.
    pub parameters: Vec<(String, Result<String, String>)>,
}

impl Parent {
    /// A variable by the name that a configuration of the child uses, with or without its namespace.
    pub(super) fn variable(&self, name: &str) -> Option<Result<String, String>> {
        find(&self.variables, |full| {
            full == name || full.rsplit("::").next() == Some(name)
        })
    }

    /// The value that the call gives to a parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<Result<String, String>> {
        find(&self.parameters, |it| it.eq_ignore_ascii_case(name))
    }
}

impl<'a> PackageValues<'a> {
    /// What the package that an Execute Package task calls sees of this one: the variables that are in scope at the
    /// task, and what the task gives to its parameters. A value that is not certain is none.
    pub fn parent(&self, task: ExecutePackageTask<'a>) -> Parent {
        let executable = task.executable();
        let target = Target::Executable(executable);
        let text = |name: &str| match self.by_name(target, name) {
            NamedValue::Found { effective, .. } => certain(effective),
            NamedValue::Ambiguous => Err(format!("`{name}` means several variables")),
            NamedValue::Missing => Err(format!("the calling package has no variable `{name}`")),
        };
        let mut variables: Vec<(String, Result<String, String>)> = Vec::new();
        for name in self.variables_at(executable.object().node()) {
            if !variables.iter().any(|(other, _)| *other == name) {
                let value = text(&name);
                variables.push((name, value));
            }
        }
        let data = executable.object().node().child(DTS, "ObjectData");
        let assignments = data
            .into_iter()
            .flat_map(|data| data.descendants())
            .filter(|node| node.name() == "ParameterAssignment");
        let parameters = assignments
            .filter_map(|node| {
                let of = |name: &str| {
                    let child = node.children().find(|child| child.name() == name)?;
                    Some(child.value().into_text().trim().to_owned())
                };
                let name = of("ParameterName")?;
                Some((name, text(&of("BindedVariableOrParameterName")?)))
            })
            .collect();
        Parent {
            variables,
            parameters,
        }
    }
}

/// The text of a value that nothing will replace, or why there is none.
fn certain(effective: Effective) -> Result<String, String> {
    match effective.certainty {
        Certainty::Unknown => Err(effective.reason.unwrap_or_default()),
        Certainty::Assumed if !effective.set_at_run_time_by.is_empty() => {
            Err(effective.reason.unwrap_or_default())
        }
        Certainty::Known | Certainty::Assumed => Ok(effective.value.unwrap_or_default()),
    }
}

fn find(
    list: &[(String, Result<String, String>)],
    fits: impl Fn(&str) -> bool,
) -> Option<Result<String, String>> {
    let found = list.iter().find(|(name, _)| fits(name))?;
    Some(found.1.clone())
}
