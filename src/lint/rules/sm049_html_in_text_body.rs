//! SM049: HTML in a text that is sent as text.

use std::ops::Range;

use crate::effective::NamedValue;
use crate::expression::Expression;
use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile, MailTask};
use crate::package::{MailProperty, MessageSourceType};

use super::sm010_body_variable_missing::variable_of_text;
use super::sm048_body_empty::text_element;

rule! {
    /// The text of a mail is HTML, and the task sends plain text
    ///
    /// ## What it does
    /// Looks for tags of HTML in the text of Send Mail tasks, typed in or from a variable; where only a run knows the
    /// text, in the string literals of the expression that computes it.
    ///
    /// ## Why it matters
    /// The Send Mail task has no HTML: the tags arrive as they are written.
    ///
    /// ## Example
    /// ```text
    /// MessageSource: <p>The load has <b>failed</b>.</p>
    /// ```
    ///
    /// ## Instead
    /// Write plain text, or send with Database Mail (`@body_format = 'HTML'`).
    ///
    /// ## References
    /// - Send Mail task: <https://learn.microsoft.com/en-us/sql/integration-services/control-flow/send-mail-task>
    SM049 "html-in-text-body" {
        category: Delivery,
        severity: Warning,
        tier: Second,
        since: "0.1.0",
        check: File(check),
    }
}

fn check(at: &InFile<'_>, found: &mut Findings<'_, '_>) {
    for task in at.mail_tasks() {
        let source = at.mail(task, MailProperty::MessageSource);
        let kind = at.mail(task, MailProperty::MessageSourceType).text();
        match kind.and_then(MessageSourceType::parse) {
            Some(MessageSourceType::DirectInput) => match source.text() {
                Some("") => in_element(task, found),
                Some(text) => {
                    if let Some(tag) = tag(text) {
                        let draft = Draft::value(task.target(), source, message(text, &tag));
                        found.report(draft.span(source.span_of(tag)));
                    }
                }
                None => in_literals(task, found),
            },
            Some(MessageSourceType::Variable) => {
                let Some((source, name)) = variable_of_text(at, task) else {
                    continue;
                };
                if let NamedValue::Found { effective, .. } = at.values.by_name(task.target(), &name)
                    && let Some(text) = effective.value.as_deref()
                    && let Some(tag) = tag(text)
                {
                    let draft = Draft::value(task.target(), source, message(text, &tag));
                    found.report(draft);
                }
            }
            _ => {}
        }
    }
}

fn message(text: &str, tag: &Range<usize>) -> String {
    let tag = text.get(tag.clone()).unwrap_or_default();
    format!(
        "the text is HTML (`{tag}`), and the task sends plain text: the tags arrive as they are written"
    )
}

/// Hand-made files write the text as an element.
fn in_element(task: &MailTask<'_>, found: &mut Findings<'_, '_>) {
    if let Some(text) = text_element(task)
        && let Some(tag) = tag(&text.text)
    {
        let message = message(&text.text, &tag);
        let place = text.raw_span(tag);
        found.report(Draft::at(task.target(), "MessageSource", place, message));
    }
}

fn in_literals(task: &MailTask<'_>, found: &mut Findings<'_, '_>) {
    let object = task.target().object();
    let Some(expression) = object.property_expression("MessageSource") else {
        return;
    };
    let text = expression.stored().text();
    let Ok(read) = Expression::parse(&text.text) else {
        return;
    };
    let first = read
        .strings()
        .find_map(|(span, literal)| Some((span, message(&literal.text, &tag(&literal.text)?))));
    if let Some((span, message)) = first {
        let place = text.raw_span(span.range());
        found.report(Draft::at(task.target(), "MessageSource", place, message));
    }
}

/// The first tag of HTML.
fn tag(text: &str) -> Option<Range<usize>> {
    const TAGS: [&str; 25] = [
        "a", "b", "body", "br", "div", "font", "h1", "h2", "h3", "head", "hr", "html", "i", "img",
        "li", "ol", "p", "pre", "span", "strong", "style", "table", "td", "tr", "ul",
    ];
    for (start, _) in text.match_indices('<') {
        let rest = text.get(start + 1..)?;
        if rest
            .get(..8)
            .is_some_and(|it| it.eq_ignore_ascii_case("!doctype"))
        {
            let end = rest.find('>').map_or(rest.len(), |end| end + 1);
            return Some(start..start + 1 + end);
        }
        let name = rest.trim_start_matches('/');
        let length = name
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(name.len());
        let word = name.get(..length)?.to_ascii_lowercase();
        let Some(end) = rest.find('>') else {
            continue;
        };
        // `a < b and b > c` has no name right behind the bracket.
        let is_attributes = name.get(length..)?.starts_with(['>', ' ', '/', '\n']);
        if TAGS.contains(&word.as_str()) && is_attributes {
            return Some(start..start + 1 + end + 1);
        }
    }
    None
}
