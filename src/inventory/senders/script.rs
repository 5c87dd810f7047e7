//! Script tasks and Script components: where their source is kept, and what it does about mail.
//!
//! A task keeps a `ScriptProject` with an item for each file, in all versions; a component the property `SourceCode`,
//! an array of names and contents (2005, 2008) or of names, encodings and contents (2012 and later). Items can be
//! base64, and a task that is only compiled holds nothing but an assembly.

use crate::connection_string::masked_within;
use crate::effective::{Certainty, NamedValue};
use crate::package::Executable;
use crate::source::{Decoded, Span};
use crate::xml::Node;

use super::code::{CodeMail, Named, mail_in_code};
use super::facts::{
    MailMeans, NamedHost, OtherSender, SenderAuthentication, SenderEncryption, SenderKind,
    SenderSpot,
};
use super::item;
use super::lex::Language;
use super::{Looking, may_mention_mail};

/// A source file of a script.
struct Item<'d> {
    name: String,
    language: Language,
    content: Content<'d>,
}

enum Content<'d> {
    /// As it is written in the package.
    Plain(Decoded<'d>),
    /// From base64, all of which stands there.
    Encoded(String, Span),
}

impl Content<'_> {
    fn text(&self) -> &str {
        match self {
            Content::Plain(decoded) => &decoded.text,
            Content::Encoded(text, _) => text,
        }
    }

    fn span(&self, range: std::ops::Range<usize>) -> Span {
        match self {
            Content::Plain(decoded) => decoded.raw_span(range),
            Content::Encoded(_, span) => *span,
        }
    }
}

/// What a Script task sends.
pub(super) fn of_task<'a>(looking: &Looking<'_, 'a>, task: Executable<'a>) -> Vec<OtherSender> {
    let Some(project) = project(task) else {
        return Vec::new();
    };
    let items: Vec<Item<'_>> = project.children().filter_map(project_item).collect();
    let senders = of_items(looking, task, None, &items);
    if items.is_empty() && senders.is_empty() {
        return compiled(looking, task, project).into_iter().collect();
    }
    senders
}

/// What a Script component sends.
pub(super) fn of_component<'a>(
    looking: &Looking<'_, 'a>,
    data_flow: Executable<'a>,
    component: Node<'a>,
) -> Vec<OtherSender> {
    let Some(code) = component_property(component, "SourceCode") else {
        return Vec::new();
    };
    let name = component
        .attribute("", "name")
        .map(|it| it.value().into_text());
    let items = array_items(code);
    of_items(looking, data_flow, name.as_deref(), &items)
}

/// A property of a data flow component.
pub(super) fn component_property<'d>(component: Node<'d>, name: &str) -> Option<Node<'d>> {
    let mut properties = component.child("", "properties")?.children();
    properties.find(|property| {
        property
            .attribute("", "name")
            .is_some_and(|it| it.value().text == name)
    })
}

fn project(task: Executable<'_>) -> Option<Node<'_>> {
    let data = task
        .object()
        .node()
        .child(crate::package::DTS, "ObjectData")?;
    data.children()
        .find(|child| child.name() == "ScriptProject")
}

fn project_item(node: Node<'_>) -> Option<Item<'_>> {
    let name = node.attribute("", "Name")?.value().into_text().into_owned();
    let language = Language::of_file(&name)?;
    let content = content(node)?;
    Some(Item {
        name,
        language,
        content,
    })
}

/// The content of an element, where it may be about mail.
fn content(node: Node<'_>) -> Option<Content<'_>> {
    let raw = node.document().text(node.content());
    if may_mention_mail(raw.as_bytes()) {
        let value = node.value();
        return match item::text(&value.text) {
            Some(text) => Some(Content::Encoded(text, node.content())),
            None => Some(Content::Plain(value)),
        };
    }
    let inner = raw
        .trim()
        .trim_start_matches("<![CDATA[")
        .trim_end_matches("]]>");
    let text = item::text(inner)?;
    Some(Content::Encoded(text, node.content()))
}

/// Names, then contents, with or without encodings between.
fn array_items(property: Node<'_>) -> Vec<Item<'_>> {
    let mut items = Vec::new();
    let mut named: Option<(String, Language)> = None;
    let elements = property
        .children()
        .filter(|child| child.name() == "arrayElements")
        .flat_map(Node::children);
    for element in elements {
        if let Some((name, language)) = named.take() {
            let is_short = element.content().len() < 64;
            if is_short && is_encoding(&element.value().text) {
                named = Some((name, language));
                continue;
            }
            if let Some(content) = content(element) {
                items.push(Item {
                    name,
                    language,
                    content,
                });
            }
            continue;
        }
        if element.content().len() < 512 {
            let text = element.value().into_text();
            let text = text.trim();
            if let Some(language) = Language::of_file(text).filter(|_| !text.contains('\n')) {
                named = Some((text.to_owned(), language));
            }
        }
    }
    items
}

fn is_encoding(text: &str) -> bool {
    let text = text.trim().to_ascii_uppercase();
    text.starts_with("UTF") || text.starts_with("ASCII") || text.starts_with("ISO")
}

fn of_items<'a>(
    looking: &Looking<'_, 'a>,
    task: Executable<'a>,
    component: Option<&str>,
    items: &[Item<'a>],
) -> Vec<OtherSender> {
    let mut senders: Vec<OtherSender> = Vec::new();
    for item in items {
        let Some(mail) = mail_in_code(item.content.text(), item.language) else {
            continue;
        };
        for mut sender in of_item(looking, task, item, mail) {
            sender.component = component.map(super::clear);
            sender.kind = match component {
                Some(_) => SenderKind::ScriptComponent,
                None => SenderKind::ScriptTask,
            };
            let same = senders.iter_mut().find(|known| {
                known.means == sender.means
                    && (sender.means != MailMeans::Procedure || known.evidence == sender.evidence)
            });
            match same {
                // A script of several files is one sender.
                Some(known) => join(known, sender),
                None => senders.push(sender),
            }
        }
    }
    senders
}

fn join(known: &mut OtherSender, other: OtherSender) {
    known.hosts.extend(other.hosts);
    known.literal_credentials.extend(other.literal_credentials);
    if other.authentication == SenderAuthentication::Password
        || known.authentication == SenderAuthentication::None
    {
        known.authentication = other.authentication;
    }
    if known.encryption == SenderEncryption::Unstated {
        known.encryption = other.encryption;
    }
}

/// A file can send mail and call procedures that are named for it.
fn of_item<'a>(
    looking: &Looking<'_, 'a>,
    task: Executable<'a>,
    item: &Item<'a>,
    mail: CodeMail,
) -> Vec<OtherSender> {
    let spot = |range| looking.spot(item.content.span(range));
    let bare = |means, evidence: &str, spot| OtherSender {
        kind: SenderKind::ScriptTask,
        source_file: Some(super::clear(file_name(&item.name))),
        ..looking.sender(task, means, evidence, spot)
    };
    let procedures: Vec<OtherSender> = mail
        .procedures
        .iter()
        .map(|(name, range)| bare(MailMeans::Procedure, name, spot(range.clone())))
        .collect();
    if mail.means == MailMeans::Procedure {
        return procedures;
    }
    let mut sender = bare(mail.means, &mail.evidence, spot(mail.range.clone()));
    sender.authentication = mail.authentication;
    sender.encryption = mail.encryption;
    sender.literal_credentials = mail.secrets.into_iter().map(spot).collect();
    sender.hosts = mail
        .hosts
        .into_iter()
        .map(|(named, range)| host(looking, task, named, spot(range)))
        .collect();
    std::iter::once(sender).chain(procedures).collect()
}

/// `\scriptmain.cs`, `dts://Scripts/…/ScriptMain.vsaitem`
fn file_name(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}

fn host<'a>(
    looking: &Looking<'_, 'a>,
    task: Executable<'a>,
    named: Named,
    spot: SenderSpot,
) -> NamedHost {
    let clear = |text: &str| masked_within(text).0.into_owned();
    let mut host = NamedHost {
        variable: None,
        value: None,
        certainty: Certainty::Unknown,
        spot,
    };
    match named {
        Named::Literal(text) => {
            host.value = Some(clear(&text));
            host.certainty = Certainty::Known;
        }
        Named::Variable(name) => {
            let target = crate::package::Target::Executable(task);
            if let NamedValue::Found { effective, .. } = looking.values.by_name(target, &name)
                && !effective.is_sensitive
            {
                host.certainty = effective.certainty;
                // An empty one is what something sets before the script reads it.
                let value = effective.value.as_deref();
                host.value = value.filter(|value| !value.trim().is_empty()).map(clear);
            }
            host.variable = Some(clear(&name));
        }
        Named::Unknown => {}
    }
    host
}

/// A script without its source: the assembly names the classes that it uses.
fn compiled<'a>(
    looking: &Looking<'_, 'a>,
    task: Executable<'a>,
    project: Node<'a>,
) -> Option<OtherSender> {
    let assemblies = project.children().filter(|item| {
        let name = item.attribute("", "Name").map(|it| it.value().into_text());
        name.is_some_and(|name| name.to_ascii_lowercase().ends_with(".dll"))
    });
    for assembly in assemblies {
        let bytes = item::decoded(&assembly.value().text)?;
        let holds = |name: &str| memchr::memmem::find(&bytes, name.as_bytes()).is_some();
        let (means, evidence) = if holds("MailKit") {
            (MailMeans::MailKit, "MailKit")
        } else if holds("System.Net.Mail") && holds("SmtpClient") {
            (MailMeans::SystemNetMail, "System.Net.Mail.SmtpClient")
        } else if holds("System.Web.Mail") {
            (MailMeans::SystemWebMail, "System.Web.Mail.SmtpMail")
        } else {
            continue;
        };
        let spot = looking.spot(assembly.content());
        let mut sender = looking.sender(task, means, evidence, spot);
        sender.kind = SenderKind::ScriptTask;
        sender.authentication = SenderAuthentication::Unknown;
        sender.encryption = SenderEncryption::Computed;
        return Some(sender);
    }
    None
}
