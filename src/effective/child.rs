//! What a package that is called sees of the one that calls it.

use std::collections::BTreeMap;

use crate::expression::TypeName;
use crate::package::{DTS, ExecutePackageTask, Target};

use super::origin::{Certainty, Effective, Origin};
use super::package::{NamedValue, PackageValues, read, unknown};
use super::parameter::link;
use super::valued::Valued;

/// The variables of a calling package as they are at its Execute Package task, and the values that the task gives to
/// the parameters of the package that it calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parent {
    /// Qualified names and texts, or why the text is not known; the nearest container's first.
    pub variables: Vec<(String, Result<String, String>)>,
    /// Parameters of the called package by name.
    pub parameters: Vec<(String, Result<String, String>)>,
    /// The types of the variables, by qualified name; one without is a text.
    pub types: BTreeMap<String, TypeName>,
}

impl Parent {
    /// A variable by the name that a configuration of the child uses, with or without its namespace.
    pub(super) fn variable(&self, name: &str) -> Option<Result<String, String>> {
        find(&self.variables, |full| {
            full == name || full.rsplit("::").next() == Some(name)
        })
    }

    /// A variable that an expression of the child names and the child does not have: it looks on in the containers that
    /// the child runs in.
    pub(super) fn named(&self, namespace: &str, name: &str) -> Option<Valued> {
        let full = format!("{namespace}::{name}");
        let value = find(&self.variables, |it| it == full)?;
        let type_name = self.types.get(&full).copied().unwrap_or(TypeName::Wstr);
        let valued = match value {
            Ok(text) => read(type_name, &text, Origin::ParentVariable, &full),
            Err(why) => unknown(type_name, Origin::ParentVariable, why),
        };
        let place = format!("the calling package: {full}");
        Some(valued.with_link(link(Origin::ParentVariable, place)))
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
        let mut types = BTreeMap::new();
        for name in self.variables_at(executable.object().node()) {
            if variables.iter().any(|(other, _)| *other == name) {
                continue;
            }
            if let NamedValue::Found {
                data_type: Some(data_type),
                ..
            } = self.by_name(target, &name)
            {
                types.insert(name.clone(), data_type);
            }
            let value = text(&name);
            variables.push((name, value));
        }
        // What the parent itself was called from, behind what it has.
        if let Some(above) = &self.unit().given().parent {
            for (name, value) in &above.variables {
                if !variables.iter().any(|(other, _)| other == name) {
                    variables.push((name.clone(), value.clone()));
                    types.extend(above.types.get(name).map(|it| (name.clone(), *it)));
                }
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
            types,
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
