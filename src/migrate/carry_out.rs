//! A plan becomes writes: the files are read again, and give the very bytes that were planned, or nothing.

use std::collections::BTreeMap;
use std::path::Path;

use crate::archive::{self, Archive};
use crate::host::Files;
use crate::project::{Hash, Limits, Write};
use crate::source::Source;

use super::plan::{ArchivePlan, FilePlan};

/// A planned file cannot be written as it was planned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {reason}")]
pub struct CarryOutError {
    /// The file.
    pub file: String,
    /// Why not.
    pub reason: String,
}

/// The write of one file on disk: of the file that is planned, or of the archive with its planned members.
///
/// `files` are the plans of that file, several only for members of one archive.
///
/// # Errors
///
/// [`CarryOutError`] when the file is not the one that the plan was made from, or the edits do not give the bytes
/// that were planned, as those of an edited plan do not.
pub fn carry_out(
    plans: &[&FilePlan],
    archive: Option<&ArchivePlan>,
    what: &str,
    limits: &Limits,
    files: &dyn Files,
) -> Result<Option<Write>, CarryOutError> {
    let Some(first) = plans.first() else {
        return Ok(None);
    };
    let path = first.label.path();
    let fail = |reason: String| CarryOutError {
        file: path.display().to_string(),
        reason,
    };
    let bytes = files
        .read(path)
        .map_err(|error| fail(format!("could not be read: {error}")))?;
    let Some(archive) = archive else {
        let after = changed(&bytes, first).map_err(fail)?;
        return Ok(Some(Write::change(path, first.before, after, what)));
    };
    if Hash::of(&bytes) != archive.before {
        return Err(fail(CHANGED.to_owned()));
    }
    let after = replaced(&bytes, plans, limits, path)?;
    if Hash::of(&after) != archive.after {
        return Err(fail(OTHER_BYTES.to_owned()));
    }
    Ok(Some(Write::change(path, archive.before, after, what)))
}

const CHANGED: &str = "it has changed since the plan was made: make the plan anew";
const OTHER_BYTES: &str =
    "the edits do not give the bytes that were planned: the plan was edited, so make it anew";

/// The archive with the planned members.
fn replaced(
    bytes: &[u8],
    plans: &[&FilePlan],
    limits: &Limits,
    path: &Path,
) -> Result<Vec<u8>, CarryOutError> {
    let fail = |reason: String| CarryOutError {
        file: path.display().to_string(),
        reason,
    };
    let opened = Archive::open(bytes, &limits.archive).map_err(|error| fail(error.to_string()))?;
    let mut members = BTreeMap::new();
    for plan in plans {
        let name = plan.label.member().unwrap_or_default();
        let index = opened
            .position(name)
            .ok_or_else(|| fail(format!("holds no `{name}` any more")))?;
        let member = opened
            .read(index)
            .map_err(|error| fail(error.to_string()))?;
        members.insert(index, changed(&member, plan).map_err(fail)?);
    }
    archive::replace(bytes, &members).map_err(|error| fail(error.to_string()))
}

/// The bytes of a file with its edits.
fn changed(bytes: &[u8], plan: &FilePlan) -> Result<Vec<u8>, String> {
    if Hash::of(bytes) != plan.before {
        return Err(CHANGED.to_owned());
    }
    let source = Source::decode(bytes.to_vec()).map_err(|error| error.to_string())?;
    let mark = usize::try_from(source.byte_offset(0)).unwrap_or(0);
    let mut after = Vec::with_capacity(bytes.len());
    let mut at = 0;
    for edit in &plan.edits {
        let (Ok(start), Ok(end)) = (usize::try_from(edit.start), usize::try_from(edit.end)) else {
            return Err(OTHER_BYTES.to_owned());
        };
        let kept = bytes.get(at..start).filter(|_| start <= end);
        after.extend_from_slice(kept.ok_or(OTHER_BYTES)?);
        let content = source.encode(&edit.content);
        after.extend_from_slice(content.get(mark..).unwrap_or_default());
        at = end;
    }
    after.extend_from_slice(bytes.get(at..).ok_or(OTHER_BYTES)?);
    if Hash::of(&after) != plan.after {
        return Err(OTHER_BYTES.to_owned());
    }
    Ok(after)
}
