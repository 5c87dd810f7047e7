//! An archive with some members replaced, added or removed; every other byte of it stays.
//!
//! The parts of the archive are copied as they stand. Of an untouched member only the offset in the directory
//! changes: its local header, packed bytes, name, times, extra fields and comment are what they were, whoever wrote
//! them. A library that writes archives would normalise them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read, Write};

use zip::write::{SimpleFileOptions, ZipWriter};
use zip::{CompressionMethod, ZipArchive};

use super::directory::directory;
use super::parts::{
    CENTRAL, LOCAL, Parts, Sums, not_rewritable, put, put_offset, put_sums, tail, too_large, u16_at,
};
use super::{ArchiveError, MemberError, decoded, encoded, no_archive, unpacked, unreadable};

/// What becomes of an archive. Members are named by their place in the directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rewrite {
    /// Members that get these bytes; they keep their name, time, method and place.
    pub changed: BTreeMap<usize, Vec<u8>>,
    /// Members that go.
    pub removed: BTreeSet<usize>,
    /// New members, by decoded name: at the end, but before a `[Content_Types].xml` that stands there, as SSIS has it.
    pub added: Vec<(String, Vec<u8>)>,
}

/// The archive with some members replaced; the same bytes when every one of them has its new bytes already.
///
/// # Errors
///
/// As [`rewrite`].
pub fn replace(
    archive: &[u8],
    changed: &BTreeMap<usize, Vec<u8>>,
) -> Result<Vec<u8>, ArchiveError> {
    rewrite(
        archive,
        Rewrite {
            changed: changed.clone(),
            ..Rewrite::default()
        },
    )
}

/// The archive with some members replaced, removed, added; the same bytes when nothing of this changes anything.
///
/// # Errors
///
/// [`ArchiveError::NotAnArchive`]; [`ArchiveError::Member`] for a member that is not there, or is encrypted or packed
/// in an unknown way and was to be replaced; [`ArchiveError::NotRewritable`] where the parts of the archive cannot be
/// told apart (members that overlap or share a name, 4 GiB and more) or a new member has the name of another.
pub fn rewrite(archive: &[u8], mut rewrite: Rewrite) -> Result<Vec<u8>, ArchiveError> {
    let zip = ZipArchive::new(Cursor::new(archive)).map_err(|error| match directory(archive) {
        Ok(_) => not_rewritable("it has lost or gained some bytes"),
        Err(_) => no_archive(error),
    })?;
    let parts = Parts::of(archive, &zip)?;
    rewrite
        .changed
        .retain(|index, _| !rewrite.removed.contains(index));
    admit(archive, &zip, &parts, &mut rewrite)?;
    if rewrite == Rewrite::default() {
        return Ok(archive.to_vec());
    }
    let written = assemble(archive, &zip, &parts, &rewrite)?;
    assert_kept(&zip, &written, &parts, &rewrite)?;
    Ok(written)
}

/// Refuses what cannot be done, and drops changes to what is there already.
fn admit(
    archive: &[u8],
    zip: &ZipArchive<Cursor<&[u8]>>,
    parts: &Parts,
    rewrite: &mut Rewrite,
) -> Result<(), ArchiveError> {
    let refused = |index: usize, error| {
        let name = parts
            .members
            .get(index)
            .map(|member| shown(&member.stored_name));
        ArchiveError::Member {
            name: name.unwrap_or_default(),
            error,
        }
    };
    let members = zip.metadata();
    let mut equal = Vec::new();
    for (index, bytes) in &rewrite.changed {
        let entry = zip
            .by_index_data(*index)
            .map_err(|_| refused(*index, MemberError::Missing))?;
        if let Some(error) = unreadable(entry.encrypted(), entry.compression()) {
            return Err(refused(*index, error));
        }
        // A claim of another size is a change; otherwise no more is unpacked than the new bytes.
        let is_as_long = u64::try_from(bytes.len()) == Ok(entry.size());
        if is_as_long
            && unpacked(archive, &members, *index, entry.size()).is_ok_and(|old| old == *bytes)
        {
            equal.push(*index);
        }
    }
    equal
        .iter()
        .for_each(|index| drop(rewrite.changed.remove(index)));

    if let Some(index) = rewrite
        .removed
        .iter()
        .find(|index| **index >= parts.members.len())
    {
        return Err(refused(*index, MemberError::Missing));
    }
    let kept = parts
        .members
        .iter()
        .enumerate()
        .filter(|(index, _)| !rewrite.removed.contains(index));
    let mut names: BTreeSet<&[u8]> = kept
        .map(|(_, member)| member.stored_name.as_slice())
        .collect();
    let added: Vec<String> = rewrite
        .added
        .iter()
        .map(|(name, _)| encoded(name))
        .collect();
    for ((name, _), stored) in rewrite.added.iter().zip(&added) {
        if !names.insert(stored.as_bytes()) {
            return Err(ArchiveError::NotRewritable(
                format!("it has a member `{name}` already").into(),
            ));
        }
    }
    Ok(())
}

/// A member that was packed now.
struct Packed {
    bytes: Vec<u8>,
    sums: Sums,
}

fn assemble(
    archive: &[u8],
    zip: &ZipArchive<Cursor<&[u8]>>,
    parts: &Parts,
    rewrite: &Rewrite,
) -> Result<Vec<u8>, ArchiveError> {
    let order = parts.by_position();
    let ends_with_content_types = parts
        .members
        .last()
        .is_some_and(|member| member.stored_name == b"[Content_Types].xml");
    let added_before = order
        .last()
        .copied()
        .filter(|last| ends_with_content_types && last + 1 == parts.members.len());

    let first = order
        .first()
        .and_then(|index| parts.members.get(*index))
        .map_or(parts.directory, |member| member.local);
    let mut out = part(archive, 0, first)?.to_vec();
    let mut offsets = BTreeMap::new();
    let mut sums = BTreeMap::new();
    let mut added = Vec::new();
    for (at, index) in order.iter().enumerate() {
        let Some(member) = parts.members.get(*index) else {
            continue;
        };
        if Some(*index) == added_before {
            added = append_added(&mut out, archive, parts, rewrite)?;
        }
        if rewrite.removed.contains(index) {
            continue;
        }
        offsets.insert(*index, out.len());
        match rewrite.changed.get(index) {
            Some(bytes) => {
                let method = zip.by_index_data(*index).map_err(no_archive)?.compression();
                let packed = pack(bytes, method)?;
                out.extend(changed_header(archive, member.local, packed.sums)?);
                out.extend(packed.bytes);
                sums.insert(*index, packed.sums);
            }
            None => {
                let next = order.get(at + 1).and_then(|next| parts.members.get(*next));
                out.extend(part(
                    archive,
                    member.local,
                    next.map_or(parts.directory, |next| next.local),
                )?);
            }
        }
    }
    if added_before.is_none() {
        added = append_added(&mut out, archive, parts, rewrite)?;
    }

    let directory = out.len();
    let entries = offsets.len() + added.len();
    for (index, member) in parts.members.iter().enumerate() {
        if Some(index) == added_before {
            added.drain(..).for_each(|entry| out.extend(entry));
        }
        let Some(offset) = offsets.get(&index) else {
            continue;
        };
        let mut entry = part(archive, member.central, member.central_end)?.to_vec();
        put_offset(&mut entry, offset.saturating_sub(parts.prefix))?;
        if let Some(sums) = sums.get(&index) {
            put_sums(&mut entry, *sums)?;
        }
        out.extend(entry);
    }
    added.drain(..).for_each(|entry| out.extend(entry));
    let tail = tail(archive, parts, directory, out.len(), entries)?;
    out.extend(tail);
    Ok(out)
}

fn part(archive: &[u8], from: usize, to: usize) -> Result<&[u8], ArchiveError> {
    archive
        .get(from..to)
        .ok_or_else(|| not_rewritable("a part of it is cut off"))
}

/// The local header of a member whose bytes change.
fn changed_header(archive: &[u8], local: usize, sums: Sums) -> Result<Vec<u8>, ArchiveError> {
    let mut end = local.saturating_add(LOCAL);
    for length in [26, 28] {
        end = end.saturating_add(usize::from(u16_at(archive, local.saturating_add(length))?));
    }
    let mut header = part(archive, local, end)?.to_vec();
    put_sums(&mut header, sums)?;
    Ok(header)
}

/// Appends the new members, and gives their directory entries. They have the versions, the time and the attributes of
/// the first member, so that the same archive comes out whenever it is made.
fn append_added(
    out: &mut Vec<u8>,
    archive: &[u8],
    parts: &Parts,
    rewrite: &Rewrite,
) -> Result<Vec<Vec<u8>>, ArchiveError> {
    let model = match parts.members.first() {
        Some(first) => part(
            archive,
            first.central,
            first.central.saturating_add(CENTRAL),
        )?
        .to_vec(),
        None => {
            let mut model = vec![0; CENTRAL];
            // Version 2.0, the first day that a zip knows.
            for (at, value) in [(4, 20u16), (6, 20), (14, 0x21)] {
                put(&mut model, at, value.to_le_bytes())?;
            }
            model
        }
    };
    let mut entries = Vec::new();
    for (name, bytes) in &rewrite.added {
        let name = encoded(name);
        let length = u16::try_from(name.len())
            .map_err(|_| not_rewritable("the name of a new member is too long"))?;
        let packed = pack(bytes, CompressionMethod::Deflated)?;
        let offset =
            u32::try_from(out.len().saturating_sub(parts.prefix)).map_err(|_| too_large())?;

        let mut entry = model.clone();
        put(&mut entry, 0, *b"PK\x01\x02")?;
        // Flags, method; lengths of name, extra field and comment, disk, internal attributes.
        for (at, value) in [
            (8, 0),
            (10, 8),
            (28, length),
            (30, 0),
            (32, 0),
            (34, 0),
            (36, 0),
        ] {
            put(&mut entry, at, u16::to_le_bytes(value))?;
        }
        put(&mut entry, 42, offset.to_le_bytes())?;
        put_sums(&mut entry, packed.sums)?;

        let mut header = b"PK\x03\x04".to_vec();
        // The local header is the entry from the version needed to the length of the extra field.
        header.extend(part(&entry, 6, 32)?);
        out.extend(header);
        out.extend(name.as_bytes());
        out.extend(packed.bytes);
        entry.extend(name.as_bytes());
        entries.push(entry);
    }
    Ok(entries)
}

/// Packs bytes as a member by themselves.
fn pack(bytes: &[u8], method: CompressionMethod) -> Result<Packed, ArchiveError> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method);
    writer.start_file("member", options).map_err(no_archive)?;
    writer
        .write_all(bytes)
        .map_err(|error| no_archive(error.into()))?;
    let mut zip = ZipArchive::new(writer.finish().map_err(no_archive)?).map_err(no_archive)?;
    let mut member = zip.by_index_raw(0).map_err(no_archive)?;
    let mut packed = Vec::new();
    member
        .read_to_end(&mut packed)
        .map_err(|error| no_archive(error.into()))?;
    let sums = Sums {
        crc: member.crc32(),
        packed: u32::try_from(packed.len()).map_err(|_| too_large())?,
        size: u32::try_from(bytes.len()).map_err(|_| too_large())?,
    };
    Ok(Packed {
        bytes: packed,
        sums,
    })
}

/// Reads the result: every member that was to stay is there with the same packed bytes, every new one as it should be.
fn assert_kept(
    old: &ZipArchive<Cursor<&[u8]>>,
    written: &[u8],
    parts: &Parts,
    rewrite: &Rewrite,
) -> Result<(), ArchiveError> {
    let new = ZipArchive::new(Cursor::new(written)).map_err(no_archive)?;
    let mut expected = parts.members.len() - rewrite.removed.len();
    for (index, member) in parts
        .members
        .iter()
        .enumerate()
        .filter(|(index, _)| !rewrite.removed.contains(index))
    {
        let kept = match (
            new.index_for_name_raw(&member.stored_name),
            rewrite.changed.get(&index),
        ) {
            (Some(place), Some(bytes)) => reads_back(written, &new, place, bytes),
            (Some(place), None) => packed_bytes(&new, place)? == packed_bytes(old, index)?,
            (None, _) => false,
        };
        if !kept {
            return Err(lost(&shown(&member.stored_name)));
        }
    }
    for (name, bytes) in &rewrite.added {
        expected += 1;
        let place = new.index_for_name_raw(encoded(name).as_bytes());
        if !place.is_some_and(|place| reads_back(written, &new, place, bytes)) {
            return Err(lost(name));
        }
    }
    if new.len() == expected {
        Ok(())
    } else {
        Err(lost("[Content_Types].xml"))
    }
}

fn reads_back(archive: &[u8], zip: &ZipArchive<Cursor<&[u8]>>, index: usize, bytes: &[u8]) -> bool {
    unpacked(archive, &zip.metadata(), index, bytes.len() as u64).is_ok_and(|read| read == bytes)
}

fn packed_bytes(zip: &ZipArchive<Cursor<&[u8]>>, index: usize) -> Result<Vec<u8>, ArchiveError> {
    let mut zip = zip.clone();
    let mut bytes = Vec::new();
    let mut member = zip.by_index_raw(index).map_err(no_archive)?;
    member
        .read_to_end(&mut bytes)
        .map_err(|error| no_archive(error.into()))?;
    Ok(bytes)
}

fn shown(stored_name: &[u8]) -> String {
    decoded(&String::from_utf8_lossy(stored_name)).into_owned()
}

fn lost(name: &str) -> ArchiveError {
    ArchiveError::NotRewritable(format!("`{name}` would not come out as it should").into())
}
