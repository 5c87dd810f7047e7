//! Which variables tasks write while the package runs.

use std::collections::HashMap;

use crate::expression::Expression;
use crate::package::{Executable, ExecutableKind, Object, Paths, Target};
use crate::xml::{Node, NodeId};

use super::find_variable::{FoundVariable, Variables, parts};

/// The paths of the tasks and loops that write a variable, by the variable's element.
pub(super) type Writers = HashMap<NodeId, Vec<String>>;

/// Finds them. Tasks that are switched off for good do not count; an expression that switches them does not switch
/// them off for good.
pub(super) fn writers<'a>(paths: Option<&Paths<'a>>, variables: &Variables<'a>) -> Writers {
    let mut writers = Writers::new();
    let Some(paths) = paths else {
        return writers;
    };
    let mut executables = variables.executables.clone();
    executables.sort_by_key(|it| it.object().node().id());
    for executable in executables {
        let names = written_by(executable);
        if names.is_empty() || is_off(executable) {
            continue;
        }
        let path = paths.of(Target::Executable(executable));
        for name in names {
            let (namespace, name) = parts(&name);
            let node = executable.object().node();
            if let FoundVariable::One(variable) = variables.find(Some(node), namespace, name) {
                let known = writers.entry(variable.object().node().id()).or_default();
                if !known.contains(&path) {
                    known.push(path.clone());
                }
            }
        }
    }
    writers
}

fn is_off(executable: Executable<'_>) -> bool {
    let by_expression = |object: Object<'_>| object.property_expression("Disable").is_some();
    let off =
        |object: Object<'_>| object.boolean("Disabled") == Some(true) && !by_expression(object);
    let mut next = executable.parent();
    let mut is_off = off(executable.object());
    while let Some(owner) = next {
        is_off |= off(owner.object());
        next = owner.parent();
    }
    is_off
}

/// The names of the variables that one executable writes, as it spells them.
fn written_by(executable: Executable<'_>) -> Vec<String> {
    let mut names = Vec::new();
    // Any task can store what it calls its execution value.
    names.extend(
        executable
            .object()
            .text("ExecValueVariable")
            .map(|it| it.into_owned()),
    );
    match executable.kind() {
        ExecutableKind::ForLoop => {
            for property in ["InitExpression", "AssignExpression"] {
                names.extend(loop_text(executable, property).and_then(|it| assigned(&it)));
            }
        }
        ExecutableKind::ForeachLoop => mapped(executable, &mut names),
        ExecutableKind::Sequence | ExecutableKind::Package | ExecutableKind::SendMail => {}
        kind => {
            let Some(data) = executable
                .object()
                .node()
                .child(crate::package::DTS, "ObjectData")
            else {
                return names;
            };
            if may_write(data, kind) {
                for node in data.descendants() {
                    written_in(node, kind, &mut names);
                }
            }
        }
    }
    names.retain(|name| !parts(name).1.is_empty());
    names
}

/// Whether the data of a task can name a variable that it writes. Data flows are most of a package, and few of them do,
/// so the text is asked before its elements are. What is encrypted or escaped is looked at all the same.
fn may_write(data: Node<'_>, kind: ExecutableKind) -> bool {
    const WORDS: [&str; 3] = ["Variable", "EncryptedData", "&#"];
    let text = data.document().text(data.content());
    kind == ExecutableKind::Expression || WORDS.iter().any(|word| text.contains(word))
}

/// A property of a For Loop: an attribute of its namespace or a `DTS:Property`.
fn loop_text(executable: Executable<'_>, name: &str) -> Option<String> {
    let object = executable.object();
    let stored = object.text(name).map(|it| it.into_owned());
    stored.or_else(|| {
        let mut attributes = object.node().attributes();
        let found = attributes.find(|it| it.name() == name)?;
        Some(found.value().into_text().into_owned())
    })
}

fn assigned(text: &str) -> Option<String> {
    let expression = Expression::parse(text).ok()?;
    expression.assigned().map(ToString::to_string)
}

/// The variables that a Foreach Loop fills for each item.
fn mapped(executable: Executable<'_>, names: &mut Vec<String>) {
    let children = executable.object().node().children();
    for child in children {
        let mappings = match child.name() {
            "ForEachVariableMappings" => child.children().collect(),
            "ForEachVariableMapping" => vec![child],
            _ => Vec::new(),
        };
        for mapping in mappings {
            names.extend(
                Object::new(mapping)
                    .text("VariableName")
                    .map(|it| it.into_owned()),
            );
        }
    }
}

/// What an element of a task's data says of variables that are written. Namespaces of tasks differ by version, so
/// local names tell.
fn written_in(node: Node<'_>, kind: ExecutableKind, names: &mut Vec<String>) {
    let attribute = |name: &str| {
        let mut attributes = node.attributes();
        let found = attributes.find(|it| it.name() == name)?;
        Some(found.value().into_text().into_owned())
    };
    match (kind, node.name()) {
        (ExecutableKind::ExecuteSql, "ResultBinding") => {
            names.extend(attribute("DtsVariableName"));
        }
        (ExecutableKind::ExecuteSql, "ParameterBinding") => {
            let direction = attribute("ParameterDirection");
            if direction.is_some_and(|it| !it.eq_ignore_ascii_case("Input")) {
                names.extend(attribute("DtsVariableName"));
            }
        }
        (ExecutableKind::Expression, _) => {
            names.extend(attribute("Expression").and_then(|it| assigned(&it)));
        }
        (ExecutableKind::DataFlow, "property") => {
            // Row Count and Recordset Destination; Script components.
            let is = |wanted: &str| attribute("name").as_deref() == Some(wanted);
            if is("VariableName") {
                names.push(node.value().into_text().into_owned());
            } else if is("ReadWriteVariables") {
                names.extend(listed(&node.value().text));
            }
        }
        (ExecutableKind::DataFlow | ExecutableKind::ExecutePackage, _) => {}
        (_, name) => {
            // Script Tasks list them; others name the variable that takes their output.
            if let Some(list) = attribute("ReadWriteVariables") {
                names.extend(listed(&list));
            }
            for output in OUTPUTS {
                names.extend(attribute(output));
                if name == *output {
                    names.push(node.value().into_text().into_owned());
                }
            }
        }
    }
}

/// Attributes and elements that name the variable for a task's output: Execute Process, Web Service, CDC Control.
const OUTPUTS: &[&str] = &[
    "StandardOutputVariable",
    "StandardErrorVariable",
    "OutputVariable",
    "ResultVariable",
    "StateVariable",
];

fn listed(list: &str) -> impl Iterator<Item = String> + '_ {
    list.split([',', ';']).map(|name| name.trim().to_owned())
}
