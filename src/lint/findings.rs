//! Where rules put what they find.

use std::cell::OnceCell;

use crate::connection_string::masked_within;
use crate::package::Target;
use crate::project::{Changes, File, Label};
use crate::source::Span;

use super::excerpt::{Excerpt, Secrets};
use super::finding::{Finding, Fix, FixEdit, Related, Spot};
use super::in_file::InFile;
use super::in_unit::Spots;
use super::judged::Judged;
use super::rule::{Applicability, Confidence, Rule, Severity};

/// Whether findings carry the lines that they are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excerpts {
    /// People see them.
    Wanted,
    /// Nobody does.
    LeftOut,
}

/// A finding in the making.
#[must_use]
#[derive(Debug)]
pub struct Draft<'d> {
    subject: Subject<'d>,
    property: String,
    span: Option<Span>,
    message: String,
    severity: Option<Severity>,
    confidence: Confidence,
    related: Vec<Related>,
    fix: Option<(Applicability, String, Changes)>,
}

#[derive(Debug)]
enum Subject<'d> {
    Target(Target<'d>),
    /// What has no target: a file as a whole, a copy in a project file, an entry of a configuration.
    Path(String),
}

impl<'d> Draft<'d> {
    /// A finding about a value: at its place, as sure as the value is.
    pub fn value(target: Target<'d>, judged: &Judged<'d>, message: impl Into<String>) -> Draft<'d> {
        Draft::at(target, judged.property, judged.span, message).judging(judged)
    }

    /// A finding about an object as a whole: at its name.
    pub fn object(target: Target<'d>, message: impl Into<String>) -> Draft<'d> {
        Draft::at(target, "", super::judged::name_span(target), message)
    }

    /// A finding at a place that belongs to a property of an object; an empty property means the object.
    pub fn at(
        target: Target<'d>,
        property: &str,
        span: Span,
        message: impl Into<String>,
    ) -> Draft<'d> {
        Draft::new(
            Subject::Target(target),
            property,
            Some(span),
            message.into(),
        )
    }

    /// A finding at a place that no object of a package holds, by a property path that is said here; an empty path
    /// means the file.
    pub fn path(
        path: impl Into<String>,
        property: &str,
        span: Option<Span>,
        message: impl Into<String>,
    ) -> Draft<'d> {
        Draft::new(Subject::Path(path.into()), property, span, message.into())
    }

    fn new(subject: Subject<'d>, property: &str, span: Option<Span>, message: String) -> Draft<'d> {
        Draft {
            subject,
            property: property.to_owned(),
            span,
            message,
            severity: None,
            confidence: Confidence::High,
            related: Vec::new(),
            fix: None,
        }
    }

    /// It rests on this value, too: it is no surer than that, and says where the value comes from.
    pub fn judging(mut self, judged: &Judged<'_>) -> Draft<'d> {
        self.confidence = self.confidence.min(judged.confidence());
        if let Some(explanation) = judged.explanation() {
            self.message.push_str(&format!(" ({explanation})"));
        }
        self.related.extend(judged.related());
        self
    }

    /// The place, where a part of the value is meant.
    pub fn span(mut self, span: Span) -> Draft<'d> {
        self.span = Some(span);
        self
    }

    /// Another severity than the rule's own; one that the configuration gives still wins.
    pub fn severity(mut self, severity: Severity) -> Draft<'d> {
        self.severity = Some(severity);
        self
    }

    /// No surer than this.
    pub fn confidence(mut self, confidence: Confidence) -> Draft<'d> {
        self.confidence = self.confidence.min(confidence);
        self
    }

    /// Another place that belongs to it.
    pub fn related(mut self, related: Related) -> Draft<'d> {
        self.related.push(related);
        self
    }

    /// What would mend it; nothing where there is nothing to change.
    pub fn fix(
        mut self,
        applicability: Applicability,
        title: impl Into<String>,
        changes: Option<Changes>,
    ) -> Draft<'d> {
        let changes = changes.filter(|changes| !changes.is_empty());
        self.fix = changes.map(|changes| (applicability, title.into(), changes));
        self
    }
}

/// What one rule finds in one file.
pub struct Findings<'f, 'a> {
    pub(super) rule: &'static Rule,
    pub(super) at: &'f InFile<'a>,
    pub(super) looks: &'f Looks,
    pub(super) list: &'f mut Vec<Finding>,
}

/// How spots are made in one file.
pub(super) struct Looks {
    excerpts: Excerpts,
    literals: Vec<Span>,
    secrets: OnceCell<Secrets>,
}

impl Looks {
    /// `literals` are secrets that nothing but code tells.
    pub(super) fn new(excerpts: Excerpts, literals: Vec<Span>) -> Looks {
        Looks {
            excerpts,
            literals,
            secrets: OnceCell::new(),
        }
    }

    pub(super) fn spot(&self, file: &File, span: Span) -> Spot {
        let mut spot = Spot::bare(file, span);
        if self.excerpts == Excerpts::Wanted {
            let secrets = self
                .secrets
                .get_or_init(|| Secrets::of(file, &self.literals));
            spot.excerpt = Some(Excerpt::of(file, secrets, span));
        }
        spot
    }
}

impl Findings<'_, '_> {
    /// Takes a finding.
    pub fn report(&mut self, draft: Draft<'_>) {
        let file = self.at.file();
        let (object, id) = match draft.subject {
            Subject::Target(target) => (self.at.path(target), id_of(target)),
            Subject::Path(path) => (path, None),
        };
        let fix = draft.fix.map(|(applicability, title, changes)| {
            let others = self.at.at.context.files.iter();
            let others = others.filter(|other| other.id != file.id);
            let edits = std::iter::once(file)
                .chain(others)
                .flat_map(|file| FixEdit::of(&changes, file))
                .collect();
            Fix {
                applicability,
                title: clear(&title),
                changes,
                edits,
            }
        });
        self.list.push(Finding {
            rule: self.rule,
            severity: draft.severity.unwrap_or(self.rule.severity),
            confidence: draft.confidence,
            message: clear(&draft.message),
            file: file.label.clone(),
            path: String::new(),
            object: clear(&object),
            property: draft.property,
            id,
            occurrence: 0,
            spot: draft.span.map(|span| self.looks.spot(file, span)),
            related: cleared(draft.related),
            fix,
        });
    }
}

/// The id of an object, where it has one that may be shown.
fn id_of(target: Target<'_>) -> Option<String> {
    let id = match target {
        Target::Parameter(parameter) => parameter.id(),
        target => target.object().id(),
    };
    id.map(|id| clear(&id)).filter(|id| !id.is_empty())
}

fn clear(text: &str) -> String {
    masked_within(text).0.into_owned()
}

fn cleared(related: Vec<Related>) -> Vec<Related> {
    let mut cleared: Vec<Related> = Vec::new();
    for related in related {
        let related = Related {
            message: clear(&related.message),
            ..related
        };
        // Two values may be kept in one place.
        if !cleared.contains(&related) {
            cleared.push(related);
        }
    }
    cleared
}

/// What one rule finds in one unit.
pub struct UnitFindings<'f> {
    pub(super) rule: &'static Rule,
    pub(super) spots: &'f Spots,
    pub(super) list: &'f mut Vec<Finding>,
}

/// A finding in a unit in the making.
#[must_use]
#[derive(Debug)]
pub struct UnitDraft {
    file: Label,
    object: String,
    property: String,
    id: Option<String>,
    message: String,
    severity: Option<Severity>,
    confidence: Confidence,
    related: Vec<Related>,
}

impl UnitDraft {
    /// A finding about a property of an object of a file, or about the object where the property is empty. The place
    /// is the one that was noted while the file was there: see [`Spots`].
    pub fn new(
        file: &Label,
        object: impl Into<String>,
        property: &str,
        message: impl Into<String>,
    ) -> UnitDraft {
        UnitDraft {
            file: file.clone(),
            object: object.into(),
            property: property.to_owned(),
            id: None,
            message: message.into(),
            severity: None,
            confidence: Confidence::High,
            related: Vec::new(),
        }
    }

    /// The object's id as stored.
    pub fn id(mut self, id: Option<String>) -> UnitDraft {
        self.id = id;
        self
    }

    /// Another severity than the rule's own.
    pub fn severity(mut self, severity: Severity) -> UnitDraft {
        self.severity = Some(severity);
        self
    }

    /// No surer than this.
    pub fn confidence(mut self, confidence: Confidence) -> UnitDraft {
        self.confidence = self.confidence.min(confidence);
        self
    }

    /// Another object that belongs to it.
    pub fn related(mut self, related: Related) -> UnitDraft {
        self.related.push(related);
        self
    }
}

impl UnitFindings<'_> {
    /// Takes a finding.
    pub fn report(&mut self, draft: UnitDraft) {
        let spot = self.spots.get(&draft.file, &draft.object, &draft.property);
        self.list.push(Finding {
            rule: self.rule,
            severity: draft.severity.unwrap_or(self.rule.severity),
            confidence: draft.confidence,
            message: clear(&draft.message),
            spot: spot.cloned(),
            file: draft.file,
            path: String::new(),
            object: draft.object,
            property: draft.property,
            id: draft.id,
            occurrence: 0,
            related: cleared(draft.related),
            fix: None,
        });
    }
}
