//! Elements: put in beside a neighbour, and taken away with the white space before them.

use crate::source::Span;
use crate::xml::{Edit, Node};

/// The white space right before an element; nothing when text or a tag touches it.
pub(super) fn gap_before(node: Node<'_>) -> &str {
    let document = node.document();
    let Some(parent) = node.parent() else {
        return "";
    };
    let before = document.text(Span::new(parent.content().start, node.span().start));
    let end = before.trim_end_matches([' ', '\t', '\r', '\n']).len();
    before.get(end..).unwrap_or_default()
}

/// An element and the white space before it.
pub(super) fn with_gap(node: Node<'_>) -> Span {
    let span = node.span();
    let gap = u32::try_from(gap_before(node).len()).unwrap_or(0);
    Span::new(span.start - gap, span.end)
}

/// What turns `<a … />` into `<a …>inside</a>`.
pub(super) fn open(node: Node<'_>, inside: &str) -> Edit {
    let tag = node.tag();
    let text = node.document().text(tag);
    let opened = text.trim_end_matches("/>").trim_end();
    let opened = u32::try_from(opened.len()).unwrap_or(tag.len());
    Edit::new(
        Span::new(tag.start + opened, tag.end),
        format!(">{inside}</{}>", node.qualified_name()),
    )
}

/// What turns `<a …>inside</a>` into `<a … />`, with the blank that formats 6 and 8 write and 2 and 3 do not.
pub(super) fn close(node: Node<'_>, blank: &str) -> Edit {
    let span = node.span();
    Edit::new(
        Span::new(node.tag().end - 1, span.end),
        format!("{blank}/>"),
    )
}

/// The same indentation, one step further in.
pub(super) fn further(gap: &str) -> String {
    const STEP: &str = "  ";
    if gap.contains(['\n', '\r']) {
        format!("{gap}{STEP}")
    } else {
        gap.to_owned()
    }
}
