//! What a project file must know of a new connection manager, and what goes with one that is removed.

use crate::source::Span;
use crate::xml::{Edit, Node, escape_attribute, escape_text};

use super::super::model::SmtpManagerModel;
use super::super::names::SSIS;
use super::super::project_file::ProjectFile;
use super::attribute::prefix_for;
use super::build::remove_object;
use super::element::{further, gap_before, open, with_gap};
use super::value::{SetError, SetErrorKind};
use crate::connection_string::SmtpConnection;

impl ProjectFile<'_> {
    /// The edits that register the `.conmgr` of a connection manager; none where it is registered.
    ///
    /// # Errors
    ///
    /// [`SetError`] when the file has no manifest, or the name cannot be held.
    pub fn register_manager(self, file_name: &str) -> Result<Vec<Edit>, SetError> {
        if self
            .connection_managers()
            .any(|name| name.eq_ignore_ascii_case(file_name))
        {
            return Ok(Vec::new());
        }
        let build = || -> Result<Edit, SetErrorKind> {
            let manifest = self
                .manifest()
                .ok_or(SetErrorKind::NoData("SSIS:Project"))?;
            let prefix = prefix_for(manifest, SSIS)?;
            let name = escape_attribute(file_name, '"')?;
            let entry = format!("<{prefix}ConnectionManager {prefix}Name=\"{name}\" />");
            let Some(list) = manifest.child(SSIS, "ConnectionManagers") else {
                let packages = manifest
                    .child(SSIS, "Packages")
                    .ok_or(SetErrorKind::NoData("SSIS:Packages"))?;
                let gap = gap_before(packages);
                let inner = further(gap);
                return Ok(Edit::new(
                    Span::at(packages.span().end),
                    format!(
                        "{gap}<{prefix}ConnectionManagers>{inner}{entry}{gap}</{prefix}ConnectionManagers>"
                    ),
                ));
            };
            Ok(put_sorted(list, &|gap| format!("{gap}{entry}"), &|node| {
                node.attribute(SSIS, "Name")
                    .is_some_and(|it| it.value().text.to_lowercase() > file_name.to_lowercase())
            }))
        };
        build()
            .map(|edit| vec![edit])
            .map_err(|kind| kind.of(file_name))
    }

    /// The edits that add the copies of a manager's properties: of a package by its file name, or of the project.
    ///
    /// A property under an expression has no copy.
    ///
    /// # Errors
    ///
    /// [`SetError`] when the manifest has no place for them, or a value cannot be held.
    pub fn add_copies(
        self,
        package: Option<&str>,
        model: &SmtpManagerModel,
    ) -> Result<Vec<Edit>, SetError> {
        let build = || -> Result<Option<Edit>, SetErrorKind> {
            let manifest = self
                .manifest()
                .ok_or(SetErrorKind::NoData("SSIS:Project"))?;
            let list = match package {
                None => manifest
                    .child(SSIS, "DeploymentInfo")
                    .and_then(|info| info.child(SSIS, "ProjectConnectionParameters")),
                Some(package) => manifest
                    .descendants()
                    .find(|node| {
                        node.is(SSIS, "PackageMetaData")
                            && node
                                .attribute(SSIS, "Name")
                                .is_some_and(|name| name.value().text.eq_ignore_ascii_case(package))
                    })
                    .and_then(|of_package| of_package.child(SSIS, "Parameters")),
            };
            // A project that was never built lists no packages yet: the designer does it at the next save.
            let Some(list) = list else { return Ok(None) };
            let prefix = prefix_for(manifest, SSIS)?;
            let first = format!("CM.{}.", model.name);
            let gap = child_gap(list);
            let parameters = copies(model)?
                .iter()
                .map(|(property, value, type_code)| {
                    let name = format!("CM.{}.{property}", model.name);
                    parameter(&prefix, &gap, &name, value, type_code)
                })
                .collect::<Result<String, SetErrorKind>>()?;
            Ok(Some(put_sorted(list, &|_| parameters.clone(), &|node| {
                node.attribute(SSIS, "Name").is_some_and(|name| {
                    let name = name.value().text;
                    name.starts_with("CM.") && *name > *first
                })
            })))
        };
        build()
            .map(Vec::from_iter)
            .map_err(|kind| kind.of(&model.name))
    }

    /// The edits that take the registration of a `.conmgr` away.
    pub fn unregister_manager(self, file_name: &str) -> Vec<Edit> {
        let list = self
            .manifest()
            .and_then(|manifest| manifest.child(SSIS, "ConnectionManagers"));
        list.into_iter()
            .flat_map(Node::children)
            .filter(|node| {
                node.attribute(SSIS, "Name")
                    .is_some_and(|name| name.value().text.eq_ignore_ascii_case(file_name))
            })
            .map(remove_object)
            .collect()
    }

    /// The edits that take the copies of a manager's properties away.
    pub fn remove_copies(self, package: Option<&str>, manager: &str) -> Vec<Edit> {
        self.copies()
            .filter(|copy| {
                let same = match (copy.package(), package) {
                    (Some(copied), Some(package)) => copied.eq_ignore_ascii_case(package),
                    (None, None) => true,
                    _ => false,
                };
                same && copy.names().is_some_and(|(name, _)| name == manager)
            })
            .map(|copy| remove_object(copy.node()))
            .collect()
    }
}

/// Property, value and .NET TypeCode of each copy, by the alphabet.
fn copies(
    model: &SmtpManagerModel,
) -> Result<Vec<(&'static str, String, &'static str)>, SetErrorKind> {
    const BOOLEAN: &str = "3";
    const STRING: &str = "18";
    let flag = |value: bool| if value { "true" } else { "false" }.to_owned();
    let connection = SmtpConnection {
        server: model.server.clone(),
        use_windows_authentication: model.use_windows_authentication,
        enable_ssl: model.enable_ssl,
        timeout: model.timeout,
        unknown: Vec::new(),
    };
    let mut copies = vec![
        ("ConnectByProxy", flag(false), BOOLEAN),
        ("ConnectionString", connection.to_text()?, STRING),
        ("EnableSsl", flag(model.enable_ssl), BOOLEAN),
        ("SmtpServer", model.server.clone(), STRING),
        (
            "UseWindowsAuthentication",
            flag(model.use_windows_authentication),
            BOOLEAN,
        ),
    ];
    copies.retain(|(property, ..)| !model.expressions.contains_key(*property));
    Ok(copies)
}

fn parameter(
    prefix: &str,
    gap: &str,
    name: &str,
    value: &str,
    type_code: &str,
) -> Result<String, SetErrorKind> {
    let name = escape_attribute(name, '"')?;
    let value = escape_text(value)?;
    let (inner, innermost) = (further(gap), further(&further(gap)));
    let mut text =
        format!("{gap}<{prefix}Parameter {prefix}Name=\"{name}\">{inner}<{prefix}Properties>");
    let property = |name: &str, value: &str| {
        // The designer writes an empty value as the white space of its indentation.
        let value = match value {
            "" => innermost.as_str(),
            value => value,
        };
        format!("{innermost}<{prefix}Property {prefix}Name=\"{name}\">{value}</{prefix}Property>")
    };
    for (name, value) in [
        ("ID", ""),
        ("CreationName", ""),
        ("Description", ""),
        ("IncludeInDebugDump", "0"),
        ("Required", "0"),
        ("Sensitive", "0"),
        ("Value", &value),
        ("DataType", type_code),
    ] {
        text.push_str(&property(name, value));
    }
    text.push_str(&format!(
        "{inner}</{prefix}Properties>{gap}</{prefix}Parameter>"
    ));
    Ok(text)
}

fn child_gap(list: Node<'_>) -> String {
    match list.children().next() {
        Some(first) => gap_before(first).to_owned(),
        None => further(gap_before(list)),
    }
}

/// The edit that puts something into a list before the first child that comes after it.
fn put_sorted(
    list: Node<'_>,
    text: &dyn Fn(&str) -> String,
    is_after: &dyn Fn(Node<'_>) -> bool,
) -> Edit {
    let gap = child_gap(list);
    let text = text(&gap);
    if list.is_self_closing() {
        return open(list, &format!("{text}{}", gap_before(list)));
    }
    if let Some(after) = list.children().find(|child| is_after(*child)) {
        return Edit::new(Span::at(with_gap(after).start), text);
    }
    match list.children().last() {
        Some(last) => Edit::new(Span::at(last.span().end), text),
        None => {
            let closing = if list.content().is_empty() {
                gap_before(list)
            } else {
                ""
            };
            Edit::new(Span::at(list.content().start), format!("{text}{closing}"))
        }
    }
}
