//! Where a file keeps secrets in places of their own: sensitive elements, and values that are named like a secret.
//!
//! Secrets inside of texts (`Password=…` in a connection string, a variable, an expression) are found by
//! [`crate::connection_string::secrets_within`], wherever they stand.

use crate::connection_string::is_secret_key;
use crate::source::Span;
use crate::xml::{Document, Node};

use super::configuration::ConfigurationEntry;
use super::names::{DTS, SSIS, boolean};
use super::project_file::{ConfigurationSetting, Copy, ProjectFile};
use super::stored::Stored;
use super::variable::{Parameter, Variable};

/// The places of all secrets that have a place of their own, in ascending order, empty ones left out.
pub fn secret_spans(document: &Document) -> Vec<Span> {
    let root = document.root();
    let mut spans = Vec::new();
    for node in std::iter::once(root).chain(root.descendants()) {
        spans.extend(secrets_at(node).map(|stored| stored.span()));
        let attributes = node.attributes().filter(|it| is_secret_key(it.name()));
        spans.extend(attributes.map(|it| it.raw()));
    }
    let settings = ProjectFile::new(document).configuration_settings();
    let settings = settings.filter(|setting| setting.holds_secret());
    spans.extend(settings.filter_map(|it| it.value()).map(|it| it.span()));
    let entries = ConfigurationEntry::all(root).filter(|entry| entry.holds_secret());
    spans.extend(entries.filter_map(|it| it.value()).map(|it| it.span()));
    spans.retain(|span| !span.is_empty());
    spans.sort();
    spans.dedup();
    spans
}

fn secrets_at<'d>(node: Node<'d>) -> Option<Stored<'d>> {
    let says_so = ["", DTS, SSIS].iter().any(|namespace| {
        node.attribute(namespace, "Sensitive")
            .is_some_and(|it| boolean(&it.value().text) == Some(true))
    });
    if node.is(DTS, "PackageParameter") {
        let parameter = Parameter::of_package(node).filter(|it| it.holds_secret());
        return parameter?.value();
    }
    if node.is(SSIS, "Parameter") {
        let parameter = Parameter::of_project(node)?;
        let is_copy = Copy::new(node).is_some_and(Copy::holds_secret);
        return (is_copy || parameter.holds_secret())
            .then(|| parameter.value())
            .flatten();
    }
    if node.is(DTS, "Variable") {
        let variable = Variable::new(super::object::Object::new(node));
        return variable.holds_secret().then(|| variable.value()).flatten();
    }
    let name = node.attribute(DTS, "Name").map(|it| it.value().text);
    let is_named = name.is_some_and(|name| is_secret_key(&name));
    let is_secret = match node.name() {
        "Property" => is_named,
        "PropertyExpression" => is_named && holds_literal(&node.value().text),
        name => is_secret_key(name),
    };
    (says_so || is_secret).then_some(Stored::Element(node))
}

/// Whether an expression of a secret property holds text of its own, and not only the way to it.
pub fn holds_literal(expression: &str) -> bool {
    expression.contains('"')
}

impl Variable<'_> {
    /// Whether it is named like a secret.
    pub fn holds_secret(self) -> bool {
        is_secret_key(&self.object().name())
    }
}

impl Parameter<'_> {
    /// Whether it is sensitive, or named like a secret.
    pub fn holds_secret(self) -> bool {
        self.is_sensitive() || is_secret_key(&self.name())
    }
}

impl Copy<'_> {
    /// Whether it is sensitive, or the copy of a secret.
    pub fn holds_secret(self) -> bool {
        let named = || {
            self.names()
                .is_some_and(|(_, property)| is_secret_key(&property))
        };
        self.is_sensitive() || named()
    }
}

impl ConfigurationEntry<'_> {
    /// Whether it sets a property, a variable or a parameter that is named like a secret.
    pub fn holds_secret(self) -> bool {
        let path = self.path();
        let mut words = path.split(['[', ']', '.', '\\']);
        let meant = words.rfind(|word| !["", "Properties", "Value"].contains(word));
        meant.is_some_and(is_secret_key)
    }
}

impl ConfigurationSetting<'_> {
    /// Whether the parameter is named like a secret.
    pub fn holds_secret(self) -> bool {
        is_secret_key(&self.name())
    }
}
