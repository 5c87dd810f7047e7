//! The copies of connection managers' properties in project files: made and taken away.
//!
//! A property has a copy as long as no expression computes it (3,702 of 3,702 properties in public projects without
//! an expression have one, 1 of 205 with one).

use crate::source::Span;
use crate::xml::{Edit, escape_attribute, escape_text};

use super::super::project_file::Copy;
use super::element::{gap_before, with_gap};
use super::value::SetErrorKind;

/// A copy that is to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewCopy<'v> {
    /// The name: `CM.<connection manager>.<property>`.
    pub full_name: &'v str,
    /// The value as project files spell it.
    pub value: &'v str,
    /// The .NET TypeCode of the value.
    pub data_type: u16,
}

impl Copy<'_> {
    /// The edit that takes the copy away.
    pub fn remove(self) -> Edit {
        Edit::new(with_gap(self.node()), "")
    }

    /// The edit that puts another copy beside this one, spelled like it; `None` where this one has no value.
    ///
    /// # Errors
    ///
    /// [`SetErrorKind::Character`] when the value holds a character that XML does not allow.
    pub fn put_beside(self, side: Side, new: NewCopy<'_>) -> Result<Option<Edit>, SetErrorKind> {
        let node = self.node();
        let (Some(name), Some(value), Some(data_type)) =
            (self.stored_name(), self.value(), self.stored_data_type())
        else {
            return Ok(None);
        };
        let mut places = [
            (
                name.span(),
                escape_attribute(new.full_name, '"')?.into_owned(),
            ),
            (value.span(), escape_text(new.value)?.into_owned()),
            (data_type.span(), new.data_type.to_string()),
        ];
        places.sort_by_key(|(span, _)| span.start);
        let document = node.document();
        let gap = gap_before(node);
        let mut text = gap.to_owned();
        let mut at = node.span().start;
        for (span, replacement) in &places {
            text.push_str(document.text(Span::new(at, span.start)));
            text.push_str(replacement);
            at = span.end;
        }
        text.push_str(document.text(Span::new(at, node.span().end)));
        let at = match side {
            Side::Before => with_gap(node).start,
            Side::Behind => node.span().end,
        };
        Ok(Some(Edit::new(Span::at(at), text)))
    }
}

/// Where something goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Before it.
    Before,
    /// Behind it.
    Behind,
}
