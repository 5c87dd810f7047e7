//! Builders: new objects, written as the designer of the file's generation writes them.
//!
//! Every builder gives the edits that put the object into a file, in the indentation and with the line ends of what
//! stands there.

use crate::connection_string::SmtpConnection;
use crate::source::Span;
use crate::xml::{Edit, Node, escape_attribute, escape_text};

use super::super::connection_manager::ConnectionManager;
use super::super::model::SmtpManagerModel;
use super::super::names::DTS;
use super::super::object::Generation;
use super::super::view::Package;
use super::attribute::prefix_for;
use super::element::{further, gap_before, open, with_gap};
use super::value::{SetError, SetErrorKind};

/// An id for a new object, of sixteen random bytes: a GUID of version 4 in braces and capitals.
pub fn new_id(random: [u8; 16]) -> String {
    let id = uuid::Builder::from_random_bytes(random).into_uuid();
    format!("{{{:X}}}", id.hyphenated())
}

/// The `.conmgr` of a new SMTP connection manager of a project, without a mark and a last line end.
///
/// # Errors
///
/// [`SetError`] when a value cannot be held.
pub fn smtp_manager_file(
    model: &SmtpManagerModel,
    id: &str,
    line_end: &str,
) -> Result<String, SetError> {
    let build = || -> Result<String, SetErrorKind> {
        let gap = line_end.to_owned();
        let mut attributes = Vec::new();
        if model.delay_validation {
            attributes.push(("DelayValidation", "True"));
        }
        attributes.push(("ObjectName", model.name.as_str()));
        attributes.push(("DTSID", id));
        if !model.description.is_empty() {
            attributes.push(("Description", model.description.as_str()));
        }
        attributes.push(("CreationName", "SMTP"));
        let tag = format!("<DTS:ConnectionManager xmlns:DTS=\"{DTS}\"");
        let tag = with_attributes(tag, "DTS:", &attributes, &gap)?;
        let inside = manager_content(model, "DTS:", &gap, Some("False"))?;
        Ok(format!(
            "<?xml version=\"1.0\"?>{gap}{tag}>{inside}{gap}</DTS:ConnectionManager>"
        ))
    };
    named(model)?;
    build().map_err(|kind| kind.of("the connection manager"))
}

impl Package<'_> {
    /// The edits that give the package a new SMTP connection manager.
    ///
    /// # Errors
    ///
    /// [`SetError`] when another manager has the name, or a value cannot be held.
    pub fn add_smtp_manager(
        self,
        model: &SmtpManagerModel,
        id: &str,
    ) -> Result<Vec<Edit>, SetError> {
        named(model)?;
        if self
            .connection_managers()
            .any(|other| other.object().name() == model.name)
        {
            return Err(taken(&model.name).of("Name"));
        }
        let edit = match self.generation() {
            Generation::Attributes => self.manager_with_attributes(model, id),
            Generation::Elements => self.manager_with_elements(model, id),
        };
        edit.map(|edit| vec![edit])
            .map_err(|kind| kind.of("the connection manager"))
    }

    fn manager_with_attributes(
        self,
        model: &SmtpManagerModel,
        id: &str,
    ) -> Result<Edit, SetErrorKind> {
        let root = self.object().node();
        let prefix = prefix_for(root, DTS)?;
        let holder = match self.object().text("refId") {
            Some(holder) if !holder.is_empty() => holder.into_owned(),
            _ => "Package".to_owned(),
        };
        let reference = format!("{holder}.ConnectionManagers[{}]", model.name);
        let proxy = self.writes_connect_by_proxy().then_some("False");
        let build = |gap: &str| -> Result<String, SetErrorKind> {
            let mut attributes = vec![("refId", reference.as_str()), ("CreationName", "SMTP")];
            if model.delay_validation {
                attributes.push(("DelayValidation", "True"));
            }
            if !model.description.is_empty() {
                attributes.push(("Description", model.description.as_str()));
            }
            attributes.push(("DTSID", id));
            attributes.push(("ObjectName", model.name.as_str()));
            let tag = format!("<{prefix}ConnectionManager");
            let tag = with_attributes(tag, &prefix, &attributes, gap)?;
            let inside = manager_content(model, &prefix, gap, proxy)?;
            Ok(format!(
                "{gap}{tag}>{inside}{gap}</{prefix}ConnectionManager>"
            ))
        };
        put_in_collection(root, &prefix, "ConnectionManagers", &build)
    }

    /// Designers of version 16 write `ConnectByProxy`; older ones do not know it.
    fn writes_connect_by_proxy(self) -> bool {
        let has_it = |manager: ConnectionManager<'_>| manager.own("ConnectByProxy").is_some();
        let version = self.object().text("LastModifiedProductVersion");
        self.connection_managers().any(has_it)
            || version.is_some_and(|version| version.starts_with("16."))
    }

    fn manager_with_elements(
        self,
        model: &SmtpManagerModel,
        id: &str,
    ) -> Result<Edit, SetErrorKind> {
        let root = self.object().node();
        let prefix = prefix_for(root, DTS)?;
        let lines = Lines::of(self);
        let string = connection_string(model)?;
        let mut text = format!("{}<{prefix}ConnectionManager>", lines.object);
        for (name, value) in [
            (
                "DelayValidation",
                if model.delay_validation { "-1" } else { "0" },
            ),
            ("ObjectName", &model.name),
            ("DTSID", id),
            ("Description", &model.description),
            ("CreationName", "SMTP"),
        ] {
            text.push_str(&lines.property(&prefix, name, value)?);
        }
        for (property, expression) in &model.expressions {
            text.push_str(&expression_element(&prefix, property, expression, "")?);
        }
        text.push_str(&format!(
            "<{prefix}ObjectData><SmtpConnectionManager ConnectionString=\"{}\"/></{prefix}ObjectData>\
             </{prefix}ConnectionManager>",
            escape_attribute(&string, '"')?
        ));
        let last = root
            .children()
            .filter(|child| child.is(DTS, "ConnectionManager"))
            .last();
        let at = last.map_or_else(|| behind_properties(root), |last| last.span().end);
        Ok(Edit::new(Span::at(at), text))
    }
}

/// The edit that takes an object away, with the white space before it.
pub fn remove_object(node: Node<'_>) -> Edit {
    Edit::new(with_gap(node), "")
}

fn named(model: &SmtpManagerModel) -> Result<(), SetError> {
    if model.name.trim().is_empty() {
        return Err(SetErrorKind::Type {
            expected: "a name",
            found: model.name.clone(),
        }
        .of("Name"));
    }
    Ok(())
}

pub(super) fn taken(name: &str) -> SetErrorKind {
    SetErrorKind::Type {
        expected: "a name that nothing else here has",
        found: name.to_owned(),
    }
}

fn connection_string(model: &SmtpManagerModel) -> Result<String, SetErrorKind> {
    let connection = SmtpConnection {
        server: model.server.clone(),
        use_windows_authentication: model.use_windows_authentication,
        enable_ssl: model.enable_ssl,
        timeout: model.timeout,
        unknown: Vec::new(),
    };
    Ok(connection.to_text()?)
}

/// Expressions and data of a manager, as formats 6 and 8 have them; `gap` is what stands before the manager.
fn manager_content(
    model: &SmtpManagerModel,
    prefix: &str,
    gap: &str,
    connect_by_proxy: Option<&str>,
) -> Result<String, SetErrorKind> {
    let inner = further(gap);
    let mut text = String::new();
    for (property, expression) in &model.expressions {
        text.push_str(&expression_element(prefix, property, expression, &inner)?);
    }
    let string = connection_string(model)?;
    let data_gap = further(&inner);
    let mut attributes = vec![("ConnectionString", string.as_str())];
    attributes.extend(connect_by_proxy.map(|value| ("ConnectByProxy", value)));
    let data = with_attributes(
        "<SmtpConnectionManager".to_owned(),
        "",
        &attributes,
        &data_gap,
    )?;
    text.push_str(&format!(
        "{inner}<{prefix}ObjectData>{data_gap}{data} />{inner}</{prefix}ObjectData>"
    ));
    Ok(text)
}

/// A start tag without its end, with its attributes on lines of their own where the file has lines.
pub(super) fn with_attributes(
    mut tag: String,
    prefix: &str,
    attributes: &[(&str, &str)],
    gap: &str,
) -> Result<String, SetErrorKind> {
    let gap = attribute_gap(gap);
    for (name, value) in attributes {
        let value = escape_attribute(value, '"')?;
        tag.push_str(&format!("{gap}{prefix}{name}=\"{value}\""));
    }
    Ok(tag)
}

/// What stands before an attribute of an element that stands behind `gap`.
pub(super) fn attribute_gap(gap: &str) -> String {
    if gap.contains(['\n', '\r']) {
        further(gap)
    } else {
        " ".to_owned()
    }
}

pub(super) fn expression_element(
    prefix: &str,
    property: &str,
    expression: &str,
    gap: &str,
) -> Result<String, SetErrorKind> {
    let attribute_gap = attribute_gap(gap);
    let property = escape_attribute(property, '"')?;
    let text = escape_text(expression)?;
    Ok(format!(
        "{gap}<{prefix}PropertyExpression{attribute_gap}{prefix}Name=\"{property}\">{text}</{prefix}PropertyExpression>"
    ))
}

/// What stands before a collection in an object of formats 6 and 8.
const BEFORE: [&str; 8] = [
    "Property",
    "ConnectionManagers",
    "Configurations",
    "LogProviders",
    "PackageParameters",
    "Variables",
    "LoggingOptions",
    "PropertyExpression",
];

/// The edit that puts an object at the end of a collection; `build` is given what stands before the object.
pub(super) fn put_in_collection(
    holder: Node<'_>,
    prefix: &str,
    collection: &'static str,
    build: &dyn Fn(&str) -> Result<String, SetErrorKind>,
) -> Result<Edit, SetErrorKind> {
    let Some(node) = holder.child(DTS, collection) else {
        let names = BEFORE.iter().position(|name| *name == collection);
        let before_it = BEFORE
            .get(..names.unwrap_or(BEFORE.len()))
            .unwrap_or_default();
        let before = holder
            .children()
            .filter(|child| before_it.iter().any(|name| child.is(DTS, name)))
            .last();
        let (at, gap) = match (before, holder.children().next()) {
            (Some(before), _) => (before.span().end, gap_before(before).to_owned()),
            (None, Some(first)) => (with_gap(first).start, gap_before(first).to_owned()),
            (None, None) => (holder.content().start, further(gap_before(holder))),
        };
        let object = build(&further(&gap))?;
        return Ok(Edit::new(
            Span::at(at),
            format!("{gap}<{prefix}{collection}>{object}{gap}</{prefix}{collection}>"),
        ));
    };
    let gap = gap_before(node);
    if node.is_self_closing() {
        let object = build(&further(gap))?;
        return Ok(open(node, &format!("{object}{gap}")));
    }
    match node.children().last() {
        Some(last) => {
            let object = build(gap_before(last))?;
            Ok(Edit::new(Span::at(last.span().end), object))
        }
        None => {
            let object = build(&further(gap))?;
            let closing = if node.content().is_empty() { gap } else { "" };
            Ok(Edit::new(
                Span::at(node.content().start),
                format!("{object}{closing}"),
            ))
        }
    }
}

/// How formats 2 and 3 break lines: 3 before each property, 2 before objects alone.
pub(super) struct Lines {
    /// Before an object.
    pub(super) object: &'static str,
    /// Before a property.
    pub(super) property: &'static str,
}

impl Lines {
    pub(super) fn of(package: Package<'_>) -> Lines {
        let root = package.object().node();
        let text = root.document().source().text();
        let object = match text.contains('\n') {
            true if text.contains("\r\n") => "\r\n",
            true => "\n",
            false => "",
        };
        let breaks_properties = root
            .children()
            .find(|child| child.is(DTS, "Property"))
            .is_some_and(|first| gap_before(first).contains('\n'));
        Lines {
            object,
            property: if breaks_properties { object } else { "" },
        }
    }

    pub(super) fn property(
        &self,
        prefix: &str,
        name: &str,
        value: &str,
    ) -> Result<String, SetErrorKind> {
        let value = escape_text(value)?;
        Ok(format!(
            "{}<{prefix}Property {prefix}Name=\"{name}\">{value}</{prefix}Property>",
            self.property
        ))
    }
}

/// Behind the properties that an object of formats 2 and 3 begins with.
pub(super) fn behind_properties(node: Node<'_>) -> u32 {
    node.children()
        .take_while(|child| child.is(DTS, "Property"))
        .last()
        .map_or(node.content().start, |last| last.span().end)
}
