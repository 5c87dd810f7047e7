//! Archives that gain or lose members.

use std::collections::BTreeMap;

use crate::archive::{self, Archive, Rewrite};

use super::changes::{Changed, WriteError};
use super::limits::Limits;
use super::unit::OpenUnit;
use super::write::Write;

/// Members that an archive gains and loses, by decoded name.
#[derive(Clone, Debug, Default)]
pub struct MemberChanges {
    /// New members and their bytes.
    pub added: Vec<(String, Vec<u8>)>,
    /// Members that go.
    pub removed: Vec<String>,
}

/// The write of a unit's archive with changed, new and removed members; the content types follow the new ones.
///
/// # Errors
///
/// [`WriteError`] when the unit is no archive, or it cannot be put together.
pub fn write_members(
    unit: &OpenUnit,
    changed: &[Changed<'_>],
    members: MemberChanges,
    limits: &Limits,
    what: &str,
) -> Result<Option<Write>, WriteError> {
    let Some(holder) = &unit.archive else {
        return Ok(None);
    };
    let fail = |error| WriteError::Archive {
        archive: holder.label.to_string(),
        error,
    };
    let opened = Archive::open(holder.bytes(), &limits.archive).map_err(fail)?;
    let mut bytes: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
    for change in changed {
        if let Some(index) = change.file.member {
            bytes.insert(index, change.after.clone());
        }
    }
    for (name, _) in &members.added {
        let types = opened.position(CONTENT_TYPES);
        if let Some(index) = types
            && let Ok(present) = opened.read(index)
            && let Some(with) = with_type(&present, name)
        {
            bytes.insert(index, with);
        }
    }
    let removed = members
        .removed
        .iter()
        .filter_map(|name| opened.position(name))
        .collect();
    let after = archive::rewrite(
        holder.bytes(),
        Rewrite {
            changed: bytes,
            removed,
            added: members.added,
        },
    )
    .map_err(fail)?;
    Ok(Some(Write::change(
        holder.label.path(),
        holder.hash(),
        after,
        what,
    )))
}

const CONTENT_TYPES: &str = "[Content_Types].xml";

/// The content types with one for the extension of a new member; `None` where there is one.
fn with_type(present: &[u8], name: &str) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(present).ok()?;
    let extension = name.rsplit('.').next()?;
    let declared = format!("Extension=\"{extension}\"");
    if text.to_lowercase().contains(&declared.to_lowercase()) {
        return None;
    }
    let end = text.rfind("</")?;
    let (before, behind) = text.split_at_checked(end)?;
    Some(format!("{before}<Default {declared} ContentType=\"text/xml\" />{behind}").into_bytes())
}

#[cfg(test)]
mod tests {
    use super::with_type;

    #[test]
    fn a_type_is_added_once() {
        let types =
            b"<Types xmlns=\"u\"><Default Extension=\"dtsx\" ContentType=\"text/xml\" /></Types>";
        let with = with_type(types, "Mail.conmgr").unwrap();
        assert!(
            with.ends_with(b"<Default Extension=\"conmgr\" ContentType=\"text/xml\" /></Types>")
        );
        assert_eq!(with_type(&with, "Other.CONMGR"), None);
    }
}
