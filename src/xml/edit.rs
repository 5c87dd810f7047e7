//! Changes of a document as places and their new text.

use crate::source::Span;

use super::Document;

/// The characters of `span` are to be replaced by `text`.
///
/// `text` is already escaped for the place where it goes; an empty span inserts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced, in the document's number space.
    pub span: Span,
    /// What takes its place.
    pub text: String,
}

impl Edit {
    /// Replaces `span` by `text`.
    pub fn new(span: Span, text: impl Into<String>) -> Edit {
        Edit {
            span,
            text: text.into(),
        }
    }
}

/// Two edits want the same characters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("two changes want the same place in the file")]
pub struct Overlap {
    /// The edit that was there first.
    pub first: Edit,
    /// The one that was refused.
    pub second: Edit,
}

/// Edits of one document, disjoint and in the order of their places.
///
/// All places are those of the unchanged document. Insertions at one place keep the order in which they came, and
/// go before a replacement that begins there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EditSet {
    edits: Vec<Edit>,
}

impl EditSet {
    /// No edits.
    pub fn new() -> EditSet {
        EditSet::default()
    }

    /// Adds an edit; one that is equal to an edit of the set counts once, unless both insert.
    ///
    /// # Errors
    ///
    /// [`Overlap`] when another edit wants some of the same characters; the set stays as it was.
    pub fn push(&mut self, edit: Edit) -> Result<(), Overlap> {
        if let Some(index) = self.place_for(&edit)? {
            self.edits.insert(index, edit);
        }
        Ok(())
    }

    /// Where an edit goes; `None` where it is there already.
    fn place_for(&self, edit: &Edit) -> Result<Option<usize>, Overlap> {
        let key = |e: &Edit| (e.span.start, !e.span.is_empty());
        let overlap = |first: &Edit| Overlap {
            first: first.clone(),
            second: edit.clone(),
        };
        let index = self.edits.partition_point(|e| key(e) <= key(edit));
        let before = index.checked_sub(1).and_then(|i| self.edits.get(i));
        if let Some(before) = before {
            if before == edit && !edit.span.is_empty() {
                return Ok(None);
            }
            if before.span.end > edit.span.start {
                return Err(overlap(before));
            }
        }
        match self.edits.get(index) {
            Some(after) if edit.span.end > after.span.start => Err(overlap(after)),
            _ => Ok(Some(index)),
        }
    }

    /// Whether all edits of another set can be added.
    ///
    /// # Errors
    ///
    /// [`Overlap`] as [`EditSet::push`]
    pub fn admits(&self, others: &EditSet) -> Result<(), Overlap> {
        let mut others = others.edits.iter();
        others.try_for_each(|edit| self.place_for(edit).map(drop))
    }

    /// Adds several edits, or none.
    ///
    /// # Errors
    ///
    /// [`Overlap`] as [`EditSet::push`]; the set stays as it was.
    pub fn extend(&mut self, edits: impl IntoIterator<Item = Edit>) -> Result<(), Overlap> {
        let mut new = EditSet::new();
        for edit in edits {
            new.push(edit)?;
        }
        self.admits(&new)?;
        // Each has a place among the old ones, and they have places beside one another.
        for edit in new.edits {
            self.push(edit)?;
        }
        Ok(())
    }

    /// Whether nothing is to be changed.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// The edits, in the order of their places.
    pub fn iter(&self) -> impl Iterator<Item = &Edit> {
        self.edits.iter()
    }

    /// The edits that take the changed document back: their places are those of the changed text.
    ///
    /// Only edits of the file's own text have an inverse; those inside an opened protected element are left out.
    pub fn invert(&self, document: &Document) -> EditSet {
        let mut shift = 0i64;
        let mut edits = Vec::with_capacity(self.edits.len());
        for edit in &self.edits {
            if document.host_of(edit.span.start).is_some() {
                continue;
            }
            let start = i64::from(edit.span.start) + shift;
            let end = start + edit.text.len() as i64;
            shift += edit.text.len() as i64 - i64::from(edit.span.len());
            if let (Ok(start), Ok(end)) = (u32::try_from(start), u32::try_from(end)) {
                edits.push(Edit::new(Span::new(start, end), document.text(edit.span)));
            }
        }
        EditSet { edits }
    }
}

/// Edits of which none lies inside an opened protected element, so that they can be written.
///
/// [`Document::sealed`] makes one from edits of the file's own text; edits of plaintext must be encrypted first.
#[derive(Clone, Debug, Default)]
pub struct Sealed(EditSet);

impl Sealed {
    pub(super) fn new(edits: EditSet) -> Sealed {
        Sealed(edits)
    }

    /// The edits.
    pub fn edits(&self) -> &EditSet {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(start: u32, end: u32, text: &str) -> Edit {
        Edit::new(Span::new(start, end), text)
    }

    #[test]
    fn overlapping_edits_are_refused() {
        let mut set = EditSet::new();
        set.push(edit(4, 8, "x")).unwrap();
        for (start, end) in [(4, 8), (3, 5), (5, 6), (7, 9), (0, 20), (5, 5)] {
            assert!(set.push(edit(start, end, "y")).is_err(), "{start}..{end}");
        }
        set.push(edit(4, 8, "x")).unwrap();
        set.push(edit(8, 9, "z")).unwrap();
        set.push(edit(4, 4, "before")).unwrap();
        set.push(edit(8, 8, "between")).unwrap();
        let places: Vec<_> = set.iter().map(|e| (e.span.start, e.span.end)).collect();
        assert_eq!(places, [(4, 4), (4, 8), (8, 8), (8, 9)]);
    }

    #[test]
    fn insertions_at_one_place_keep_their_order() {
        let mut set = EditSet::new();
        set.push(edit(4, 6, "r")).unwrap();
        set.push(edit(4, 4, "a")).unwrap();
        set.push(edit(4, 4, "b")).unwrap();
        let texts: Vec<_> = set.iter().map(|e| e.text.as_str()).collect();
        assert_eq!(texts, ["a", "b", "r"]);
    }
}
