//! New variables of packages and new parameters of projects: texts that can be given from outside.

use crate::source::Span;
use crate::xml::{Edit, Node, escape_attribute, escape_text};

use super::super::names::{DTS, SSIS};
use super::super::object::Generation;
use super::super::view::Package;
use super::attribute::prefix_for;
use super::build::{Lines, behind_properties, put_in_collection, with_attributes};
use super::element::{further, gap_before, open, with_gap};
use super::value::{SetError, SetErrorKind, with_line_feeds};

impl Package<'_> {
    /// The edit that gives the package a variable `User::name` of type String.
    ///
    /// The caller knows that the name is free, and an identifier.
    ///
    /// # Errors
    ///
    /// [`SetError`] when XML cannot hold the value.
    pub fn add_text_variable(self, name: &str, value: &str, id: &str) -> Result<Edit, SetError> {
        let value = with_line_feeds(value);
        let edit = match self.generation() {
            Generation::Attributes => self.variable_with_attributes(name, &value, id),
            Generation::Elements => self.variable_with_elements(name, &value, id),
        };
        edit.map_err(|kind| kind.of(name))
    }

    fn variable_with_attributes(
        self,
        name: &str,
        value: &str,
        id: &str,
    ) -> Result<Edit, SetErrorKind> {
        let root = self.object().node();
        let prefix = prefix_for(root, DTS)?;
        let build = |gap: &str| -> Result<String, SetErrorKind> {
            let attributes = [
                ("CreationName", ""),
                ("DTSID", id),
                ("IncludeInDebugDump", "6789"),
                ("Namespace", "User"),
                ("ObjectName", name),
            ];
            let inner = further(gap);
            let variable = format!("<{prefix}Variable");
            let variable = with_attributes(variable, &prefix, &attributes, gap)?;
            let held = format!("<{prefix}VariableValue");
            let held = with_attributes(held, &prefix, &[("DataType", STRING)], &inner)?;
            let value = escape_text(value)?;
            Ok(format!(
                "{gap}{variable}>{inner}{held}>{value}</{prefix}VariableValue>{gap}</{prefix}Variable>"
            ))
        };
        put_in_collection(root, &prefix, "Variables", &build)
    }

    fn variable_with_elements(
        self,
        name: &str,
        value: &str,
        id: &str,
    ) -> Result<Edit, SetErrorKind> {
        let root = self.object().node();
        let prefix = prefix_for(root, DTS)?;
        let lines = Lines::of(self);
        let value = escape_text(value)?;
        let mut text = format!("{}<{prefix}Variable>", lines.object);
        let mut property = |name: &str, value: &str| -> Result<(), SetErrorKind> {
            text.push_str(&lines.property(&prefix, name, value)?);
            Ok(())
        };
        for (name, value) in [
            ("Expression", ""),
            ("EvaluateAsExpression", "0"),
            ("Namespace", "User"),
            ("ReadOnly", "0"),
            ("RaiseChangedEvent", "0"),
        ] {
            property(name, value)?;
        }
        if self.format_version() == Some(3) {
            property("IncludeInDebugDump", "6789")?;
        }
        text.push_str(&format!(
            "<{prefix}VariableValue {prefix}DataType=\"{STRING}\">{value}</{prefix}VariableValue>"
        ));
        for (name, value) in [
            ("ObjectName", name),
            ("DTSID", id),
            ("Description", ""),
            ("CreationName", ""),
        ] {
            text.push_str(&lines.property(&prefix, name, value)?);
        }
        text.push_str(&format!("</{prefix}Variable>"));
        let children = || root.children();
        let last = children().filter(|child| child.is(DTS, "Variable")).last();
        let next = children().find(|child| {
            ["LoggingOptions", "Executable"]
                .iter()
                .any(|name| child.is(DTS, name))
        });
        let at = match (last, next) {
            (Some(last), _) => last.span().end,
            (None, Some(next)) => with_gap(next).start,
            (None, None) => behind_properties(root),
        };
        Ok(Edit::new(Span::at(at), text))
    }
}

/// The VARENUM of a String variable.
const STRING: &str = "8";

/// The edit that gives a project a parameter of type String, from the root of its `Project.params`.
///
/// The caller knows that the name is free, and an identifier.
///
/// # Errors
///
/// [`SetError`] when XML cannot hold the value.
pub fn add_text_parameter(
    root: Node<'_>,
    name: &str,
    value: &str,
    id: &str,
) -> Result<Edit, SetError> {
    project_parameter(root, name, &with_line_feeds(value), id).map_err(|kind| kind.of(name))
}

fn project_parameter(
    root: Node<'_>,
    name: &str,
    value: &str,
    id: &str,
) -> Result<Edit, SetErrorKind> {
    let prefix = prefix_for(root, SSIS)?;
    let last = root.children().last();
    let line_end = match root.document().source().text() {
        text if text.contains("\r\n") => "\r\n",
        _ => "\n",
    };
    let gap = match last {
        Some(last) => gap_before(last).to_owned(),
        None => format!("{line_end}  "),
    };
    let inner = further(&gap);
    let property_gap = further(&inner);
    let parameter = format!("<{prefix}Parameter");
    let mut text = with_attributes(parameter, &prefix, &[("Name", name)], &gap)?;
    text.push_str(&format!(">{inner}<{prefix}Properties>"));
    for (name, value) in [
        ("ID", id.to_lowercase().as_str()),
        ("CreationName", ""),
        ("Description", ""),
        ("IncludeInDebugDump", "0"),
        ("Required", "0"),
        ("Sensitive", "0"),
        ("Value", value),
        // The .NET TypeCode of a String.
        ("DataType", "18"),
    ] {
        let name = escape_attribute(name, '"')?;
        let property = format!("<{prefix}Property");
        let property = with_attributes(property, &prefix, &[("Name", &name)], &property_gap)?;
        let value = escape_text(value)?;
        text.push_str(&format!(
            "{property_gap}{property}>{value}</{prefix}Property>"
        ));
    }
    let text = format!("{gap}{text}{inner}</{prefix}Properties>{gap}</{prefix}Parameter>");
    Ok(match last {
        Some(last) => Edit::new(Span::at(last.span().end), text),
        None if root.is_self_closing() => open(root, &format!("{text}{line_end}")),
        None => {
            let closing = if root.content().is_empty() {
                line_end
            } else {
                ""
            };
            Edit::new(Span::at(root.content().start), format!("{text}{closing}"))
        }
    })
}
