//! A new Send Mail task.

use crate::source::Span;
use crate::xml::{Edit, escape_attribute};

use super::super::executable::Executable;
use super::super::model::SendMailTaskModel;
use super::super::names::{DTS, SEND_MAIL};
use super::super::object::Generation;
use super::super::send_mail::MailProperty;
use super::super::view::Package;
use super::attribute::prefix_for;
use super::build::{
    Lines, attribute_gap, behind_properties, expression_element, put_in_collection, taken,
    with_attributes,
};
use super::element::further;
use super::value::{SetError, SetErrorKind};

impl Package<'_> {
    /// The edits that put a new Send Mail task into a container of the package, or the package itself.
    ///
    /// # Errors
    ///
    /// [`SetError`] when another task of the container has the name, or a value cannot be held.
    pub fn add_send_mail_task(
        self,
        container: Executable<'_>,
        model: &SendMailTaskModel,
        id: &str,
    ) -> Result<Vec<Edit>, SetError> {
        if model.name.trim().is_empty() {
            return Err(SetErrorKind::Type {
                expected: "a name",
                found: model.name.clone(),
            }
            .of("Name"));
        }
        if container
            .executables()
            .any(|other| other.object().name() == model.name)
        {
            return Err(taken(&model.name).of("Name"));
        }
        let edit = match self.generation() {
            Generation::Attributes => self.task_with_attributes(container, model, id),
            Generation::Elements => self.task_with_elements(container, model, id),
        };
        edit.map(|edit| vec![edit])
            .map_err(|kind| kind.of("the Send Mail task"))
    }

    /// The type and the contact as the package's own tasks have them, or as its format's designer wrote them.
    fn type_and_contact(self) -> (String, String) {
        let known = self.send_mail_tasks().next().map(|task| {
            let object = task.executable().object();
            (
                task.executable().type_name().into_owned(),
                object.text("TaskContact").map(|text| text.into_owned()),
            )
        });
        let class = |version: &str| {
            format!(
                "Microsoft.SqlServer.Dts.Tasks.SendMailTask.SendMailTask, Microsoft.SqlServer.SendMailTask, \
                 Version={version}, Culture=neutral, PublicKeyToken=89845dcd8080cc91"
            )
        };
        let (type_name, product) = match self.format_version() {
            Some(2) => (class("9.0.242.0"), "Microsoft SQL Server v9; © 2004"),
            Some(3) => (class("10.0.0.0"), "Microsoft SQL Server 2008; © 2007"),
            Some(6) => (class("11.0.0.0"), "SQL Server 2012; © 2007"),
            _ => (
                "Microsoft.SendMailTask".to_owned(),
                "SQL Server 2022; © 2022",
            ),
        };
        let contact = format!(
            "Send Mail Task; Microsoft Corporation; {product} Microsoft Corporation; All Rights \
             Reserved;http://www.microsoft.com/sql/support/default.asp;1"
        );
        match known {
            Some((known, known_contact)) => (known, known_contact.unwrap_or(contact)),
            None => (type_name, contact),
        }
    }

    fn task_with_attributes(
        self,
        container: Executable<'_>,
        model: &SendMailTaskModel,
        id: &str,
    ) -> Result<Edit, SetErrorKind> {
        let holder = container.object().node();
        let prefix = prefix_for(holder, DTS)?;
        let outer = match container.object().text("refId") {
            Some(outer) if !outer.is_empty() => outer.into_owned(),
            _ => "Package".to_owned(),
        };
        let reference = format!("{outer}\\{}", model.name);
        let (type_name, contact) = self.type_and_contact();
        let build = |gap: &str| -> Result<String, SetErrorKind> {
            let mut attributes = vec![
                ("refId", reference.as_str()),
                ("CreationName", type_name.as_str()),
                ("Description", description(model)),
            ];
            if model.disabled {
                attributes.push(("Disabled", "True"));
            }
            attributes.extend([
                ("DTSID", id),
                ("ExecutableType", type_name.as_str()),
                ("LocaleID", "-1"),
                ("ObjectName", model.name.as_str()),
                ("TaskContact", contact.as_str()),
                ("ThreadHint", "0"),
            ]);
            let tag = with_attributes(format!("<{prefix}Executable"), &prefix, &attributes, gap)?;
            let inner = further(gap);
            let mut text = format!("{gap}{tag}>{inner}<{prefix}Variables />");
            for (property, expression) in &model.expressions {
                text.push_str(&expression_element(&prefix, property, expression, &inner)?);
            }
            let data = data(model, &further(&inner), Defaults::LeftOut)?;
            text.push_str(&format!(
                "{inner}<{prefix}ObjectData>{data}{inner}</{prefix}ObjectData>{gap}</{prefix}Executable>"
            ));
            Ok(text)
        };
        put_in_collection(holder, &prefix, "Executables", &build)
    }

    fn task_with_elements(
        self,
        container: Executable<'_>,
        model: &SendMailTaskModel,
        id: &str,
    ) -> Result<Edit, SetErrorKind> {
        let holder = container.object().node();
        let prefix = prefix_for(holder, DTS)?;
        let lines = Lines::of(self);
        let (type_name, contact) = self.type_and_contact();
        let quoted = escape_attribute(&type_name, '"')?;
        let mut text = format!(
            "{}<{prefix}Executable {prefix}ExecutableType=\"{quoted}\" {prefix}ThreadHint=\"0\">",
            lines.object
        );
        for (name, value) in [
            ("ExecutionLocation", "0"),
            ("ExecutionAddress", ""),
            ("TaskContact", contact.as_str()),
            ("ForceExecValue", "0"),
        ] {
            text.push_str(&lines.property(&prefix, name, value)?);
        }
        text.push_str(&format!(
            "{}<{prefix}Property {prefix}Name=\"ExecValue\" {prefix}DataType=\"3\">0</{prefix}Property>",
            lines.property
        ));
        for (name, value) in [
            ("ForceExecutionResult", "-1"),
            ("Disabled", if model.disabled { "-1" } else { "0" }),
            ("FailPackageOnFailure", "0"),
            ("FailParentOnFailure", "0"),
            ("MaxErrorCount", "1"),
            ("ISOLevel", "1048576"),
            ("LocaleID", "-1"),
            ("TransactionOption", "1"),
            ("DelayValidation", "0"),
        ] {
            text.push_str(&lines.property(&prefix, name, value)?);
        }
        text.push_str(&format!("{}<{prefix}LoggingOptions>", lines.object));
        for (name, value) in [("LoggingMode", "0"), ("FilterKind", "1")] {
            text.push_str(&lines.property(&prefix, name, value)?);
        }
        text.push_str(&format!(
            "{}<{prefix}Property {prefix}Name=\"EventFilter\" {prefix}DataType=\"8\"></{prefix}Property>\
             </{prefix}LoggingOptions>",
            lines.property
        ));
        for (property, expression) in &model.expressions {
            text.push_str(&expression_element(&prefix, property, expression, "")?);
        }
        for (name, value) in [
            ("ObjectName", model.name.as_str()),
            ("DTSID", id),
            ("Description", description(model)),
            ("CreationName", type_name.as_str()),
            ("DisableEventHandlers", "0"),
        ] {
            text.push_str(&lines.property(&prefix, name, value)?);
        }
        let data = data(model, "", Defaults::Written)?;
        text.push_str(&format!(
            "<{prefix}ObjectData>{data}</{prefix}ObjectData></{prefix}Executable>"
        ));
        let last = container
            .executables()
            .map(|other| other.object().node())
            .last()
            .or_else(|| holder.child(DTS, "LoggingOptions"));
        let at = last.map_or_else(|| behind_properties(holder), |last| last.span().end);
        Ok(Edit::new(Span::at(at), text))
    }
}

fn description(model: &SendMailTaskModel) -> &str {
    match model.description.as_str() {
        "" => "Send Mail Task",
        description => description,
    }
}

/// Whether properties at their defaults are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Defaults {
    /// Formats 6 and 8.
    LeftOut,
    /// Formats 2 and 3.
    Written,
}

/// `SendMailTaskData`; `gap` is what stands before it, nothing in formats 2 and 3.
fn data(model: &SendMailTaskModel, gap: &str, defaults: Defaults) -> Result<String, SetErrorKind> {
    const PREFIX: &str = "SendMailTask:";
    let values = [
        (MailProperty::SmtpConnection, model.connection.as_str()),
        (MailProperty::FromLine, &model.from),
        (MailProperty::ToLine, &model.to),
        (MailProperty::CCLine, &model.cc),
        (MailProperty::BCCLine, &model.bcc),
        (MailProperty::Subject, &model.subject),
        (MailProperty::Priority, model.priority.name()),
        (
            MailProperty::MessageSourceType,
            model.message_source_type.name(),
        ),
        (MailProperty::MessageSource, &model.message_source),
    ];
    let attributes: Vec<(&str, &str)> = values
        .into_iter()
        .filter(|(property, value)| {
            defaults == Defaults::Written
                || !property.is_left_out()
                || *value != property.default_value()
        })
        .map(|(property, value)| (property.xml_name(), value))
        .collect();
    let tag = with_attributes(
        format!("<{PREFIX}SendMailTaskData"),
        PREFIX,
        &attributes,
        gap,
    )?;
    let declared = format!("{gap}{tag} xmlns:SendMailTask=\"{SEND_MAIL}\"");
    let blank = match defaults {
        Defaults::LeftOut => " ",
        Defaults::Written => "",
    };
    if model.attachments.is_empty() {
        return Ok(format!("{declared}{blank}/>"));
    }
    let files = model.attachments.join("|");
    let files = escape_attribute(&files, '"')?;
    let inner = further(gap);
    let inner_attribute = attribute_gap(&inner);
    Ok(format!(
        "{declared}>{inner}<{PREFIX}Attachments{inner_attribute}{PREFIX}FileName=\"{files}\"{blank}/>{gap}\
         </{PREFIX}SendMailTaskData>"
    ))
}
