//! A finding: owned data that outlives the document it was found in.

use crate::project::{Changes, File, Hash, Label};
use crate::source::Span;
use crate::xml::{Edit, Place};

use super::excerpt::Excerpt;
use super::rule::{Applicability, Confidence, Rule, Severity};

/// Something that a rule has found.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// How bad it is, after the configuration.
    pub severity: Severity,
    /// How sure it is.
    pub confidence: Confidence,
    /// What is wrong and what to do; secrets masked.
    pub message: String,
    /// The file.
    pub file: Label,
    /// The file as the configuration sees it, `/` between folders.
    pub path: String,
    /// The object, by its property path; empty for a file as a whole.
    pub object: String,
    /// The property of the object, by its name in the object model; empty for the object as a whole.
    pub property: String,
    /// The object's id as stored, which carries a suppression over a change of its name.
    pub id: Option<String>,
    /// Which of several findings of one rule, object and property it is, from 0.
    pub occurrence: usize,
    /// Where it is; `None` for a file that has no places.
    pub spot: Option<Spot>,
    /// Other places that belong to it, such as where the value is kept.
    pub related: Vec<Related>,
    /// What would mend it.
    pub fix: Option<Fix>,
}

impl Finding {
    /// What tells the finding from all others when lines have moved: rule, file, object, and its number.
    pub fn fingerprint(&self) -> String {
        let key = [
            self.rule.code,
            &self.path,
            &self.path(),
            &self.occurrence.to_string(),
        ];
        Hash::of(key.join("\n").as_bytes()).to_string()
    }

    /// The property path that reports give: of the property where one is meant.
    pub fn path(&self) -> String {
        match self.property.is_empty() {
            true => self.object.clone(),
            false => format!("{}.Properties[{}]", self.object, self.property),
        }
    }
}

/// A place in a file, and what people see of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The place.
    pub place: Place,
    /// Its line, where somebody asked for it.
    pub excerpt: Option<Excerpt>,
}

/// Another place that belongs to a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// The file; `None` for what is in none.
    pub file: Option<Label>,
    /// Where in the file.
    pub place: Option<Place>,
    /// What is there.
    pub message: String,
}

/// What would mend a finding, in all files that it takes.
#[derive(Clone, Debug)]
pub struct Fix {
    /// Whether it may be carried out without a look at it.
    pub applicability: Applicability,
    /// What it does, such as "set `EnableSsl` to `True`".
    pub title: String,
    /// The changes, by the numbers of the unit's files.
    pub changes: Changes,
    /// The same for reports.
    pub edits: Vec<FixEdit>,
}

/// One edit of a fix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixEdit {
    /// The file.
    pub file: Label,
    /// What is replaced.
    pub place: Place,
    /// The new text as it stands in the file, escaped; secrets masked.
    pub content: String,
    /// Whether something is masked in it, so that nobody can carry it out by the report.
    pub is_masked: bool,
}

impl FixEdit {
    /// The edits of a file for reports.
    pub(super) fn of<'a>(
        changes: &'a Changes,
        file: &'a File,
    ) -> impl Iterator<Item = FixEdit> + 'a {
        let edits = changes
            .of(file.id)
            .into_iter()
            .flat_map(|edits| edits.iter());
        // What is only relied on does not change.
        let is_change = |edit: &&Edit| edit.text != file.document.text(edit.span);
        edits.filter(is_change).map(|edit| {
            let (content, keys) = crate::connection_string::masked_within(&edit.text);
            FixEdit {
                file: file.label.clone(),
                place: file.document.place(edit.span),
                content: content.into_owned(),
                is_masked: !keys.is_empty(),
            }
        })
    }
}

impl Spot {
    /// A span of a file, without an excerpt.
    pub(super) fn bare(file: &File, span: Span) -> Spot {
        Spot {
            place: file.document.place(span),
            excerpt: None,
        }
    }
}
