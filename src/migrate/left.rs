//! Where the old texts stand afterwards: what no rule reaches and a person must look at.

use std::cmp::Reverse;
use std::ops::Range;

use crate::inventory::{script_literals, sql_literals};
use crate::package::{ConnectionManager, DTS, FileKind, Object, SEND_MAIL, SSIS, Variable};
use crate::project::{File, InContext, Label, masked, secret_places};
use crate::source::Span;
use crate::xml::{EditSet, Node, Place};

use super::object::{is_layout, object_path, readers};
use super::rule::Needle;

/// An old text that is left.
#[derive(Clone, Debug)]
pub struct Left {
    /// The file.
    pub file: Label,
    /// The property path of the nearest object; empty where there is none.
    pub object: String,
    /// What holds the text.
    pub kind: LeftKind,
    /// Whether it may act when a package runs.
    pub is_live: bool,
    /// The old text.
    pub old: String,
    /// What stands around it, secrets masked.
    pub excerpt: String,
    /// Where it is.
    pub place: Place,
}

/// What holds a text that is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LeftKind {
    /// The source of a script.
    Script,
    /// A statement of SQL.
    Sql,
    /// A variable that something reads.
    Variable,
    /// A variable that nothing in its package names.
    UnreadVariable,
    /// A parameter.
    Parameter,
    /// What a build configuration gives to a parameter.
    BuildConfiguration,
    /// A copy of a connection manager's property in a project file.
    Copy,
    /// The connection string of a manager that no rule matches.
    ConnectionString,
    /// An expression.
    Expression,
    /// A stored value over which an expression wins.
    Sample,
    /// A configuration.
    Configuration,
    /// The text or an address of a mail.
    Mail,
    /// A description.
    Description,
    /// An annotation or a name on the designer's canvas.
    Layout,
    /// A comment of the XML.
    Comment,
    /// Anything else.
    Other,
}

impl LeftKind {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            LeftKind::Script => "script",
            LeftKind::Sql => "sql",
            LeftKind::Variable => "variable",
            LeftKind::UnreadVariable => "unread-variable",
            LeftKind::Parameter => "parameter",
            LeftKind::BuildConfiguration => "build-configuration",
            LeftKind::Copy => "copy",
            LeftKind::ConnectionString => "connection-string",
            LeftKind::Expression => "expression",
            LeftKind::Sample => "sample",
            LeftKind::Configuration => "configuration",
            LeftKind::Mail => "mail",
            LeftKind::Description => "description",
            LeftKind::Layout => "layout",
            LeftKind::Comment => "comment",
            LeftKind::Other => "other",
        }
    }

    /// What to do about it.
    pub fn what_to_do(self) -> &'static str {
        match self {
            LeftKind::Script => "open the script in the designer, change and build it",
            LeftKind::Sql => "change the statement where it means the server",
            LeftKind::Variable => "check what reads it; a rule with `where.literal` changes it",
            LeftKind::UnreadVariable => {
                "nothing in the package names it: remove it, or change it with `where.literal`"
            }
            LeftKind::Parameter => "a rule with `where.literal` changes it",
            LeftKind::BuildConfiguration => {
                "change it in the project's configurations, or with `where.literal`"
            }
            LeftKind::Copy => "save the project in the designer, which copies its manager again",
            LeftKind::ConnectionString => "a rule of its own changes it, by `type` and `keys`",
            LeftKind::Expression => "change the expression",
            LeftKind::Sample => "nothing: it is not used when the package runs",
            LeftKind::Configuration => "change the entry, or where the values are kept",
            LeftKind::Mail => "change it where the text must be right",
            LeftKind::Description | LeftKind::Layout | LeftKind::Comment => {
                "nothing must be done: people read it, packages do not"
            }
            LeftKind::Other => "look at it",
        }
    }

    /// Whether such a text may act when a package runs.
    fn is_live(self) -> bool {
        !matches!(
            self,
            LeftKind::UnreadVariable
                | LeftKind::Sample
                | LeftKind::Description
                | LeftKind::Layout
                | LeftKind::Comment
        )
    }
}

/// Every occurrence of a needle in a file that no edit covers, in the order of the places.
pub(super) fn left(at: InContext<'_>, needles: &[Needle], edits: &EditSet) -> Vec<Left> {
    let file = at.file;
    let text = file.document.source().text();
    let lower = text.to_ascii_lowercase();
    let mut found: Vec<(Span, &Needle)> = needles
        .iter()
        .flat_map(|needle| {
            occurrences(&lower, needle)
                .into_iter()
                .map(move |span| (span, needle))
        })
        .filter(|(span, _)| {
            !edits.iter().any(|edit| {
                !edit.span.is_empty() && edit.span.start < span.end && span.start < edit.span.end
            })
        })
        .collect();
    if found.is_empty() {
        return Vec::new();
    }
    found.sort_by_key(|(span, _)| *span);
    let mut secrets = Secrets {
        places: secret_places(&file.document),
        literals: None,
    };
    found
        .into_iter()
        .filter_map(|(span, needle)| one(at, span, needle, &mut secrets))
        .collect()
}

/// What must not be shown of a file.
struct Secrets<'d> {
    /// What is known to be secret, in ascending order.
    places: Vec<Range<usize>>,
    /// The string literals of the code that was looked at last, and which code that is.
    literals: Option<(Node<'d>, Vec<Span>)>,
}

impl<'d> Secrets<'d> {
    /// The places to be masked where a text that stands at `span` in `node` is shown.
    ///
    /// Of code only the literal that holds the text itself is shown: any other may be a password, as that of
    /// `new NetworkCredential("svc", "…")` and of `OPENROWSET('…', '…'; 'sa'; '…', …)`.
    fn around(&mut self, node: Node<'d>, span: Span, kind: LeftKind) -> Vec<Range<usize>> {
        if !matches!(kind, LeftKind::Script | LeftKind::Sql) {
            return self.places.clone();
        }
        if self
            .literals
            .as_ref()
            .is_none_or(|(of, _)| of.id() != node.id())
        {
            let attribute = node.attributes().find(|it| it.raw().contains(span));
            let literals = match kind {
                LeftKind::Script => script_literals(node),
                _ => sql_literals(node, attribute),
            };
            self.literals = Some((node, literals));
        }
        let literals = self.literals.as_ref().map(|(_, literals)| literals.iter());
        let others = literals
            .into_iter()
            .flatten()
            .filter(|it| !it.contains(span));
        let mut places = self.places.clone();
        places.extend(others.map(|it| it.range()));
        places.sort_by_key(|place| (place.start, Reverse(place.end)));
        places
    }
}

/// Where a needle stands as a whole host or domain, not as a piece of a longer one.
fn occurrences(lower: &str, needle: &Needle) -> Vec<Span> {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    lower
        .match_indices(needle.text.as_str())
        .filter(|(at, found)| {
            let before = lower.get(..*at).unwrap_or_default();
            let behind = lower.get(at + found.len()..).unwrap_or_default();
            let starts = match needle.is_domain {
                true => before.ends_with('@'),
                false => !before.ends_with(|c: char| is_name(c) || c == '.'),
            };
            let goes_on = behind.starts_with(is_name)
                || behind
                    .strip_prefix('.')
                    .is_some_and(|rest| rest.starts_with(is_name));
            starts && !goes_on
        })
        .filter_map(|(at, found)| {
            let start = u32::try_from(at).ok()?;
            Some(Span::new(start, start + u32::try_from(found.len()).ok()?))
        })
        .collect()
}

fn one<'d>(
    at: InContext<'d>,
    span: Span,
    needle: &Needle,
    secrets: &mut Secrets<'d>,
) -> Option<Left> {
    let file = at.file;
    let node = file.document.innermost(span.start)?;
    let kind = kind_of(at, node, span);
    let object = match file.kind {
        FileKind::Package | FileKind::PackagePart | FileKind::ConnectionManager => {
            object_path(at, node)
        }
        _ => String::new(),
    };
    Some(Left {
        file: file.label.clone(),
        object,
        kind,
        is_live: kind.is_live(),
        old: needle.text.clone(),
        excerpt: excerpt(file, span, &secrets.around(node, span, kind)),
        place: file.document.place(span),
    })
}

fn kind_of(at: InContext<'_>, node: Node<'_>, span: Span) -> LeftKind {
    let attribute = node
        .attributes()
        .find(|attribute| attribute.raw().contains(span))
        .map(|attribute| attribute.name());
    if attribute.is_none() && is_in_comment(at.file, node, span) {
        return LeftKind::Comment;
    }
    if attribute == Some("Description") || is_named(node, "Description") {
        return LeftKind::Description;
    }
    match at.file.kind {
        FileKind::Project => in_project(node),
        FileKind::Parameters => LeftKind::Parameter,
        FileKind::Configuration => LeftKind::Configuration,
        FileKind::Package | FileKind::PackagePart | FileKind::ConnectionManager => {
            in_package(at, node, attribute)
        }
        FileKind::DeploymentFile => LeftKind::Other,
    }
}

fn in_project(node: Node<'_>) -> LeftKind {
    for node in ancestors(node) {
        if node.is("", "ConfigurationSetting") {
            return LeftKind::BuildConfiguration;
        }
        if node.is(SSIS, "Parameter") {
            let is_copy = node
                .attribute(SSIS, "Name")
                .is_some_and(|name| name.value().text.starts_with("CM."));
            return if is_copy {
                LeftKind::Copy
            } else {
                LeftKind::Parameter
            };
        }
    }
    LeftKind::Other
}

fn in_package(at: InContext<'_>, node: Node<'_>, attribute: Option<&str>) -> LeftKind {
    if is_layout(node) {
        return LeftKind::Layout;
    }
    if node.is(DTS, "PropertyExpression")
        || attribute == Some("Expression")
        || is_named(node, "Expression")
    {
        return LeftKind::Expression;
    }
    if attribute == Some("SqlStatementSource") || is_named(node, "SqlCommand") {
        return LeftKind::Sql;
    }
    for node in ancestors(node) {
        let name = node.name();
        if name.starts_with("ScriptProject")
            || name.starts_with("ScriptTask")
            || is_named(node, "SourceCode")
        {
            return LeftKind::Script;
        }
        if name == "SqlTaskData" {
            return LeftKind::Sql;
        }
        if node.is(DTS, "Variable") {
            let variable = Variable::new(Object::new(node));
            if variable.is_evaluated() {
                return LeftKind::Sample;
            }
            let own = object_path(at, node);
            let is_read = readers(at, &variable.qualified_name())
                .iter()
                .any(|reader| *reader != own);
            return if is_read || bare_readers(at, &variable) {
                LeftKind::Variable
            } else {
                LeftKind::UnreadVariable
            };
        }
        if node.is(DTS, "PackageParameter") {
            return LeftKind::Parameter;
        }
        if node.is(DTS, "Configuration") {
            return LeftKind::Configuration;
        }
        if let Some(manager) = ConnectionManager::new(node) {
            let object = manager.object();
            let is_computed = ["ConnectionString", "SmtpServer", "ServerName"]
                .iter()
                .any(|property| object.property_expression(property).is_some());
            return if is_computed {
                LeftKind::Sample
            } else {
                LeftKind::ConnectionString
            };
        }
        if node.namespace() == SEND_MAIL {
            return LeftKind::Mail;
        }
    }
    LeftKind::Other
}

/// Whether an expression names the variable without its namespace: `@Relay`, `@[Relay]`.
fn bare_readers(at: InContext<'_>, variable: &Variable<'_>) -> bool {
    let name = variable.object().name();
    let text = at.file.document.source().text();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    text.contains(&format!("@[{name}]"))
        || text.match_indices(&format!("@{name}")).any(|(at, found)| {
            let behind = text.get(at + found.len()..).unwrap_or_default();
            !behind.starts_with(is_word)
        })
}

fn ancestors(node: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    std::iter::successors(Some(node), |node| node.parent())
}

/// Whether an element is `<DTS:Property DTS:Name="name">`, `<SSIS:Property …>` or a property of a data flow.
fn is_named(node: Node<'_>, name: &str) -> bool {
    ["Name", "name"].iter().any(|attribute| {
        [DTS, SSIS, ""].iter().any(|namespace| {
            node.attribute(namespace, attribute)
                .is_some_and(|it| it.value().text == name)
        })
    }) && node.name().eq_ignore_ascii_case("property")
}

fn is_in_comment(file: &File, node: Node<'_>, span: Span) -> bool {
    let before = file
        .document
        .text(Span::new(node.content().start, span.start));
    // The comments of a CDATA section are text: scripts and the designer's layout have their own.
    let last = |mark: &str| before.rfind(mark);
    let is_open = |opening: &str, closing: &str| match (last(opening), last(closing)) {
        (Some(opened), Some(closed)) => opened > closed,
        (Some(_), None) => true,
        _ => false,
    };
    is_open("<!--", "-->") && !is_open("<![CDATA[", "]]>")
}

/// The line around a place, masked and shortened.
fn excerpt(file: &File, span: Span, secrets: &[Range<usize>]) -> String {
    const AROUND: usize = 60;
    let text = file.document.source().text();
    let range = span.range();
    let before = text.get(..range.start).unwrap_or_default();
    let behind = text.get(range.end..).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line_end = range.end + behind.find(['\r', '\n']).unwrap_or(behind.len());
    // The whole line is masked first: what is cut off may be the key that tells a secret.
    let place = range.start - line_start..range.end - line_start;
    let (masked, places) = masked(text, line_start..line_end, secrets, &[place]);
    let place = places.first().cloned().unwrap_or_default();
    let floor = |mut at: usize| {
        at = at.min(masked.len());
        while !masked.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let (start, end) = (
        floor(place.start.saturating_sub(AROUND)),
        floor(place.end + AROUND),
    );
    let piece = masked.get(start..end).unwrap_or_default().trim();
    let opening = if start > 0 { "…" } else { "" };
    let closing = if end < masked.len() { "…" } else { "" };
    format!("{opening}{piece}{closing}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str, needle: &str, is_domain: bool) -> usize {
        let needle = Needle {
            text: needle.to_owned(),
            is_domain,
        };
        occurrences(text, &needle).len()
    }

    #[test]
    fn a_host_is_found_as_a_whole() {
        for text in [
            "smtp1.corp.example",
            "\"smtp1.corp.example\"",
            "\\\\smtp1.corp.example\\share",
            "via smtp1.corp.example.",
            "smtp1.corp.example:25",
        ] {
            assert_eq!(count(text, "smtp1.corp.example", false), 1, "{text}");
        }
        for text in [
            "xsmtp1.corp.example",
            "a.smtp1.corp.example",
            "smtp1.corp.example.com",
            "smtp1.corp.examples",
        ] {
            assert_eq!(count(text, "smtp1.corp.example", false), 0, "{text}");
        }
        assert_eq!(
            count(
                "a@old.example b@old.example.com old.example",
                "old.example",
                true
            ),
            1
        );
        assert_eq!(
            count("10.1.1.2001 110.1.1.200 10.1.1.200", "10.1.1.200", false),
            1
        );
    }
}
