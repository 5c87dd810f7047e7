//! `dtsx/plan@1`: what a migration would change, and the file that carries a reviewed plan to where it is applied.

use std::io;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::connection_string::masked_within;
use crate::migrate::{
    ArchivePlan, ByteEdit, Change, FilePlan, Hash, Label, Left, NotChanged, UnitPlan,
};

use super::common::{self, ErrorJson, SpanJson};

/// What a migration changes, what it cannot change, and what is left.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// `dtsx/plan@1`
    pub schema: String,
    /// The files that change.
    pub files: Vec<PlannedFile>,
    /// The archives that hold some of them.
    pub archives: Vec<PlannedArchive>,
    /// What rules match and cannot be changed.
    pub not_changed: Vec<NotChangedJson>,
    /// Where old texts stand afterwards.
    pub left: Vec<LeftJson>,
    /// What the reader should know.
    pub warnings: Vec<NoteJson>,
    /// Rules that want different values in one place: nothing is written then.
    pub conflicts: Vec<ConflictJson>,
    /// The numbers of the rules that matched nothing.
    pub unmatched_rules: Vec<usize>,
    /// What could not be read.
    pub errors: Vec<ErrorJson>,
    /// Counts.
    pub summary: Summary,
    /// Whether the plan was carried out.
    pub written: bool,
    /// The journal that takes it back.
    pub journal: Option<String>,
    /// The sha256 of all of this with this field empty, in a plan file: a plan that was edited is not applied.
    pub digest: String,
}

/// The schema's name.
pub const SCHEMA: &str = "dtsx/plan@1";

/// A file that changes.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlannedFile {
    /// The path, or `ARCHIVE!MEMBER`.
    pub path: String,
    /// The bytes of a path that is not Unicode, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_bytes: Option<String>,
    /// The archive that holds it.
    pub member_of: Option<String>,
    /// The kind of file.
    pub kind: String,
    /// The bytes that the plan was made from.
    pub sha256: String,
    /// The bytes that it gives.
    pub new_sha256: String,
    /// What is replaced, in the order of the places.
    pub edits: Vec<EditJson>,
    /// What that means.
    pub changes: Vec<ChangeJson>,
}

/// Bytes and the text that takes their place.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EditJson {
    /// Offset of the first byte, from 0, in the file as it is stored.
    pub start: u64,
    /// Offset behind the last byte.
    pub end: u64,
    /// The new text, as it is spelled in the file; secrets are masked but in a plan file.
    pub content: String,
}

/// One value that changes.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeJson {
    /// The property path.
    pub object: String,
    /// What the place is: `object part-copy sample copy configuration literal literal-piece variable parameter
    /// build-configuration`.
    pub kind: String,
    /// The old value, secrets masked.
    pub old: String,
    /// The new value, secrets masked.
    pub new: String,
    /// Why this place keeps the value.
    pub why: String,
    /// The rule, from 1.
    pub rule: usize,
    /// By which value the rule matched the object: `stored`, `effective`, or `kept` in a place that may decide.
    pub matched: String,
    /// Who else reads the variable or the parameter.
    pub readers: Vec<String>,
    /// Where the text is that holds the value.
    pub span: SpanJson,
}

/// An archive whose members change.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlannedArchive {
    /// The path.
    pub path: String,
    /// The bytes that the plan was made from.
    pub sha256: String,
    /// The bytes that it gives.
    pub new_sha256: String,
}

/// Something that a rule matches and that stays.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotChangedJson {
    /// The file.
    pub path: String,
    /// The property path; empty for the file as a whole.
    pub object: String,
    /// Why it stays.
    pub why: String,
    /// The rule, from 1; null where it is not known whether one matches.
    pub rule: Option<usize>,
}

/// An old text that is left.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeftJson {
    /// The file.
    pub path: String,
    /// The property path of the nearest object; empty where there is none.
    pub object: String,
    /// What holds it: `script sql variable unread-variable parameter build-configuration copy connection-string
    /// expression sample configuration mail description layout comment other`.
    pub kind: String,
    /// Whether it may act when a package runs.
    pub live: bool,
    /// The old text.
    pub old: String,
    /// What stands around it, secrets masked.
    pub excerpt: String,
    /// What to do about it.
    pub what_to_do: String,
    /// Where it is.
    pub span: SpanJson,
}

/// What the reader should know of a file.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoteJson {
    /// The file.
    pub path: String,
    /// What.
    pub message: String,
}

/// Two rules want different values in one place.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConflictJson {
    /// The file.
    pub path: String,
    /// The property path.
    pub object: String,
    /// What they want.
    pub message: String,
}

/// Counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// Files that were looked at.
    pub looked_at: usize,
    /// Files that change.
    pub files: usize,
    /// Values that change.
    pub changes: usize,
    /// Matched and not changed.
    pub not_changed: usize,
    /// Occurrences of old texts that are left.
    pub left: usize,
    /// Those of them that may act when a package runs.
    pub left_live: usize,
    /// What could not be read.
    pub errors: usize,
}

/// A text is no plan that this program could apply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Not JSON, or not of this shape.
    #[error("the plan cannot be read: {0}")]
    Json(String),
    /// Of another version.
    #[error("the plan is of `{0}`, this program applies `{SCHEMA}`: make the plan anew")]
    Version(String),
    /// Somebody changed it.
    #[error(
        "the plan was edited since it was made: make it anew, with a recipe that says what is wanted"
    )]
    Edited,
    /// The rules contradict one another.
    #[error("the plan has conflicts: nothing of it can be applied")]
    Conflicts,
}

impl Plan {
    /// A plan of nothing yet.
    pub fn new() -> Plan {
        Plan {
            schema: SCHEMA.to_owned(),
            ..Plan::default()
        }
    }

    /// Adds what is planned for a unit.
    pub fn add(&mut self, unit: &UnitPlan) {
        self.files.extend(unit.files.iter().map(PlannedFile::from));
        self.archives.extend(unit.archive.iter().map(archive));
        self.not_changed
            .extend(unit.not_changed.iter().map(not_changed));
        self.left.extend(unit.left.iter().map(left));
        self.warnings
            .extend(unit.warnings.iter().map(|warning| NoteJson {
                path: warning.file.to_string(),
                message: warning.message.clone(),
            }));
        self.conflicts
            .extend(unit.conflicts.iter().map(|conflict| ConflictJson {
                path: conflict.file.to_string(),
                object: conflict.object.clone(),
                message: conflict.message.clone(),
            }));
        self.errors.extend(unit.errors.iter().map(ErrorJson::from));
        let summary = &mut self.summary;
        summary.looked_at += unit.looked_at;
        summary.files = self.files.len();
        summary.changes = self.files.iter().map(|file| file.changes.len()).sum();
        summary.not_changed = self.not_changed.len();
        summary.left = self.left.len();
        summary.left_live = self.left.iter().filter(|left| left.live).count();
        summary.errors = self.errors.len();
    }

    /// Writes the plan for people's programs: edits that would show a secret are masked, so that this one cannot be
    /// applied.
    ///
    /// # Errors
    ///
    /// When the output cannot be written.
    pub fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let mut shown = self.clone();
        for edit in shown.files.iter_mut().flat_map(|file| &mut file.edits) {
            edit.content = masked_within(&edit.content).0.into_owned();
        }
        shown.digest = String::new();
        common::write(out, &shown)
    }

    /// The plan as a plan file, to be kept from others' eyes where values are secret.
    ///
    /// # Errors
    ///
    /// When it is no JSON, which no plan is.
    pub fn to_file(&self) -> Result<Vec<u8>, PlanError> {
        let mut sealed = self.clone();
        sealed.digest = sealed.computed_digest()?;
        let json = |error: serde_json::Error| PlanError::Json(error.to_string());
        let mut bytes = serde_json::to_vec_pretty(&sealed).map_err(json)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Reads a plan file.
    ///
    /// # Errors
    ///
    /// [`PlanError`]: no plan, one of another version, one that was edited, one with conflicts.
    pub fn of_file(bytes: &[u8]) -> Result<Plan, PlanError> {
        #[derive(Deserialize)]
        struct AnyVersion {
            #[serde(default)]
            schema: String,
        }
        let json = |error: serde_json::Error| PlanError::Json(error.to_string());
        let any: AnyVersion = serde_json::from_slice(bytes).map_err(json)?;
        if any.schema != SCHEMA {
            return Err(PlanError::Version(any.schema));
        }
        let plan: Plan = serde_json::from_slice(bytes).map_err(json)?;
        if plan.digest != plan.computed_digest()? {
            return Err(PlanError::Edited);
        }
        if !plan.conflicts.is_empty() {
            return Err(PlanError::Conflicts);
        }
        Ok(plan)
    }

    fn computed_digest(&self) -> Result<String, PlanError> {
        let mut unsealed = self.clone();
        unsealed.digest = String::new();
        let bytes =
            serde_json::to_vec(&unsealed).map_err(|error| PlanError::Json(error.to_string()))?;
        Ok(Hash::of(&bytes).to_string())
    }

    /// The files as they are carried out. `path_of` gives the path of bytes in hexadecimal.
    ///
    /// # Errors
    ///
    /// [`PlanError::Json`] for a hash, a kind or a path that is none.
    pub fn file_plans(
        &self,
        path_of: &dyn Fn(&str) -> Option<PathBuf>,
    ) -> Result<Vec<FilePlan>, PlanError> {
        let hash = |text: &str| {
            text.parse()
                .map_err(|_| PlanError::Json(format!("`{text}` is no sha256")))
        };
        let mut plans = Vec::new();
        for file in &self.files {
            let path = match (&file.path_bytes, &file.member_of) {
                (Some(bytes), _) => path_of(bytes)
                    .ok_or_else(|| PlanError::Json(format!("`{bytes}` is no path")))?,
                (None, Some(archive)) => PathBuf::from(archive),
                (None, None) => PathBuf::from(&file.path),
            };
            let label = match &file.member_of {
                Some(archive) => {
                    let member = file
                        .path
                        .strip_prefix(archive.as_str())
                        .and_then(|rest| rest.strip_prefix('!'));
                    Label::of_member(&path, member.unwrap_or_default())
                }
                None => Label::of_path(&path),
            };
            plans.push(FilePlan {
                label,
                kind: crate::inventory::FileKind::of_name(&file.kind).ok_or_else(|| {
                    PlanError::Json(format!("`{}` is no kind of file", file.kind))
                })?,
                before: hash(&file.sha256)?,
                after: hash(&file.new_sha256)?,
                edits: file
                    .edits
                    .iter()
                    .map(|edit| ByteEdit {
                        start: edit.start,
                        end: edit.end,
                        content: edit.content.clone(),
                    })
                    .collect(),
                changes: Vec::new(),
                hunks: Vec::new(),
            });
        }
        Ok(plans)
    }

    /// The archives as they are carried out.
    ///
    /// # Errors
    ///
    /// [`PlanError::Json`] for a hash that is none.
    pub fn archive_plans(&self) -> Result<Vec<ArchivePlan>, PlanError> {
        let hash = |text: &str| {
            text.parse()
                .map_err(|_| PlanError::Json(format!("`{text}` is no sha256")))
        };
        self.archives
            .iter()
            .map(|archive| {
                Ok(ArchivePlan {
                    label: Label::of_path(&PathBuf::from(&archive.path)),
                    before: hash(&archive.sha256)?,
                    after: hash(&archive.new_sha256)?,
                })
            })
            .collect()
    }
}

impl From<&FilePlan> for PlannedFile {
    fn from(plan: &FilePlan) -> PlannedFile {
        PlannedFile {
            path: plan.label.to_string(),
            path_bytes: plan.label.path_bytes(),
            member_of: plan.label.member_of(),
            kind: plan.kind.name().to_owned(),
            sha256: plan.before.to_string(),
            new_sha256: plan.after.to_string(),
            edits: plan
                .edits
                .iter()
                .map(|edit| EditJson {
                    start: edit.start,
                    end: edit.end,
                    content: edit.content.clone(),
                })
                .collect(),
            changes: plan.changes.iter().map(change).collect(),
        }
    }
}

fn change(change: &Change) -> ChangeJson {
    ChangeJson {
        object: change.object.clone(),
        kind: change.kind.name().to_owned(),
        old: change.old.clone(),
        new: change.new.clone(),
        why: change.why.clone(),
        rule: change.rule,
        matched: change.matched.name().to_owned(),
        readers: change.readers.clone(),
        span: change.place.into(),
    }
}

fn archive(archive: &ArchivePlan) -> PlannedArchive {
    PlannedArchive {
        path: archive.label.to_string(),
        sha256: archive.before.to_string(),
        new_sha256: archive.after.to_string(),
    }
}

fn not_changed(it: &NotChanged) -> NotChangedJson {
    NotChangedJson {
        path: it.file.to_string(),
        object: it.object.clone(),
        why: it.why.clone(),
        rule: it.rule,
    }
}

fn left(left: &Left) -> LeftJson {
    LeftJson {
        path: left.file.to_string(),
        object: left.object.clone(),
        kind: left.kind.name().to_owned(),
        live: left.is_live,
        old: left.old.clone(),
        excerpt: left.excerpt.clone(),
        what_to_do: left.kind.what_to_do().to_owned(),
        span: left.place.into(),
    }
}
