//! SM049: HTML in a text that is sent as text.

use std::ops::Range;

use crate::effective::NamedValue;
use crate::expression::Expression;
use crate::lint::rule::rule;
use crate::lint::{Draft, Findings, InFile, MailTask};
use crate::package::{MailProperty, MessageSourceType};

use super::sm010_body_variable_missing::variable_of_text;

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
