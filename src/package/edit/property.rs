//! Properties that all objects have: by their names in the object model, written by those of the XML.

use crate::source::Span;
use crate::xml::{Edit, escape_text};

use super::super::names::{DTS, boolean};
use super::super::object::{Generation, Object};
use super::super::path::nearest;
use super::attribute::{AttributeOrder, prefix_for, remove_attribute, set_attribute};
use super::element::gap_before;
use super::value::{SetError, SetErrorKind};

/// What a property takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PropertyType {
    /// Any text.
    Text,
    /// `True` or `False`; formats 2 and 3 write `-1` and `0`.
    Boolean,
    /// A whole number.
    Number,
}

/// A property that objects of several kinds have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommonProperty {
    /// The name in the object model: in expressions and property paths.
    pub name: &'static str,
    /// The name in the XML.
    pub xml_name: &'static str,
    /// What it takes.
    pub takes: PropertyType,
    /// The value that formats 6 and 8 leave out.
    pub default: Option<&'static str>,
}

/// The names that differ between XML and object model are Microsoft's; the defaults are those of the object model.
const COMMON: &[CommonProperty] = &[
    text("Name", "ObjectName", None),
    text("ID", "DTSID", None),
    text("Description", "Description", Some("")),
    text("CreationName", "CreationName", None),
    flag("Disable", "Disabled"),
    flag("DelayValidation", "DelayValidation"),
    flag("DisableEventHandlers", "DisableEventHandlers"),
    flag("FailPackageOnFailure", "FailPackageOnFailure"),
    flag("FailParentOnFailure", "FailParentOnFailure"),
    flag("EnableConfigurations", "EnableConfig"),
    flag("SaveCheckpoints", "SaveCheckpoints"),
    flag("SuspendRequired", "SuspendRequired"),
    flag("ForceExecutionValue", "ForceExecValue"),
    number("MaximumErrorCount", "MaxErrorCount", Some("1")),
    number("IsolationLevel", "ISOLevel", Some("1048576")),
    number("ForceExecutionResult", "ForceExecutionResult", Some("-1")),
    number("TransactionOption", "TransactionOption", Some("1")),
    number("LocaleID", "LocaleID", None),
    number(
        "MaxConcurrentExecutables",
        "MaxConcurrentExecutables",
        Some("-1"),
    ),
    text("CheckpointFileName", "CheckpointFileName", Some("")),
    text("CreatorName", "CreatorName", Some("")),
    text("VersionGUID", "VersionGUID", None),
    number("VersionBuild", "VersionBuild", None),
    text("VersionComments", "VersionComments", Some("")),
];

const fn text(
    name: &'static str,
    xml_name: &'static str,
    default: Option<&'static str>,
) -> CommonProperty {
    CommonProperty {
        name,
        xml_name,
        takes: PropertyType::Text,
        default,
    }
}

/// The expression of a variable, which has it as a property.
pub(super) const EXPRESSION: CommonProperty = text("Expression", "Expression", Some(""));
/// Whether the value of a variable is computed by its expression.
pub(super) const EVALUATED: CommonProperty = flag("EvaluateAsExpression", "EvaluateAsExpression");

const fn flag(name: &'static str, xml_name: &'static str) -> CommonProperty {
    CommonProperty {
        name,
        xml_name,
        takes: PropertyType::Boolean,
        default: Some("False"),
    }
}

const fn number(
    name: &'static str,
    xml_name: &'static str,
    default: Option<&'static str>,
) -> CommonProperty {
    CommonProperty {
        name,
        xml_name,
        takes: PropertyType::Number,
        default,
    }
}

impl CommonProperty {
    /// The property of this name in the object model, case not counting.
    pub fn named(name: &str) -> Option<CommonProperty> {
        COMMON
            .iter()
            .find(|property| property.name.eq_ignore_ascii_case(name))
            .copied()
    }

    /// The names of all of them.
    pub fn names() -> impl Iterator<Item = &'static str> {
        COMMON.iter().map(|property| property.name)
    }
}

impl PropertyType {
    /// Whether both texts say the same.
    fn is_same(self, one: &str, other: &str) -> bool {
        let number = |text: &str| text.trim().parse::<i64>().ok();
        one == other
            || match self {
                PropertyType::Text => false,
                PropertyType::Boolean => boolean(one).is_some() && boolean(one) == boolean(other),
                PropertyType::Number => number(one).is_some() && number(one) == number(other),
            }
    }

    /// The value as this generation spells it.
    pub(super) fn spell(self, value: &str, generation: Generation) -> Result<String, SetErrorKind> {
        let wrong = |expected| {
            Err(SetErrorKind::Type {
                expected,
                found: value.to_owned(),
            })
        };
        match self {
            PropertyType::Text => Ok(value.to_owned()),
            PropertyType::Boolean => match (boolean(value), generation) {
                (Some(true), Generation::Attributes) => Ok("True".to_owned()),
                (Some(false), Generation::Attributes) => Ok("False".to_owned()),
                (Some(true), Generation::Elements) => Ok("-1".to_owned()),
                (Some(false), Generation::Elements) => Ok("0".to_owned()),
                (None, _) => wrong("`True` or `False`"),
            },
            PropertyType::Number => match value.trim().parse::<i64>() {
                Ok(number) => Ok(number.to_string()),
                Err(_) => wrong("a whole number"),
            },
        }
    }
}

/// The attributes of the root of a `.conmgr`.
const PROJECT_MANAGER: AttributeOrder = AttributeOrder::Listed(&[
    "DelayValidation",
    "ObjectName",
    "DTSID",
    "Description",
    "CreationName",
]);

impl Object<'_> {
    /// The edits that give a common property a value, by its name in the object model (`Disable`, `Description`).
    ///
    /// # Errors
    ///
    /// [`SetError`] when there is no such property or it cannot take the value.
    pub fn set(self, name: &str, value: &str) -> Result<Vec<Edit>, SetError> {
        let Some(property) = CommonProperty::named(name) else {
            let nearest = nearest(name, CommonProperty::names()).map(str::to_owned);
            return Err(SetErrorKind::Unknown { nearest }.of(name));
        };
        self.set_common(property, value)
            .map_err(|kind| kind.of(property.name))
    }

    pub(super) fn set_common(
        self,
        property: CommonProperty,
        value: &str,
    ) -> Result<Vec<Edit>, SetErrorKind> {
        let generation = self.generation();
        let spelled = property.takes.spell(value, generation)?;
        let node = self.node();
        if let Some(stored) = self.property(property.xml_name) {
            if property.takes.is_same(&stored.text().text, &spelled) {
                return Ok(Vec::new());
            }
            let is_attribute = node.attribute(DTS, property.xml_name).is_some();
            if is_attribute && property.default == Some(spelled.as_str()) {
                return Ok(Vec::from_iter(remove_attribute(
                    node,
                    DTS,
                    property.xml_name,
                )));
            }
            return Ok(vec![stored.set(&spelled)?]);
        }
        if generation == Generation::Elements {
            return self.insert_element(property.xml_name, &spelled);
        }
        if property.default == Some(spelled.as_str()) {
            return Ok(Vec::new());
        }
        let is_project_manager = node.parent().is_none() && node.name() == "ConnectionManager";
        let order = if is_project_manager {
            PROJECT_MANAGER
        } else {
            AttributeOrder::Alphabetical
        };
        let edit = set_attribute(node, DTS, property.xml_name, &spelled, order)?;
        Ok(vec![edit])
    }

    /// Formats 2 and 3 always write all properties; a file that lacks one gets it behind those that are there.
    fn insert_element(self, name: &str, value: &str) -> Result<Vec<Edit>, SetErrorKind> {
        let properties = self
            .node()
            .children()
            .filter(|child| child.is(DTS, "Property"));
        let Some(last) = properties.last() else {
            return Err(SetErrorKind::NoData("DTS:Property"));
        };
        let prefix = prefix_for(self.node(), DTS)?;
        let text = escape_text(value)?;
        let gap = gap_before(last);
        Ok(vec![Edit::new(
            Span::at(last.span().end),
            format!("{gap}<{prefix}Property {prefix}Name=\"{name}\">{text}</{prefix}Property>"),
        )])
    }
}
