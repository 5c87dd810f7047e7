//! Where the parts of a zip are (APPNOTE.TXT 4.3), and the fields in them that change when a member does.

use std::io::Cursor;

use zip::ZipArchive;

use super::{ArchiveError, no_archive};

/// Lengths of the fixed beginnings of a local header and of a directory entry.
pub(super) const LOCAL: usize = 30;
pub(super) const CENTRAL: usize = 46;
const END: &[u8] = b"PK\x05\x06";
const END64: &[u8] = b"PK\x06\x06";
const LOCATOR64: &[u8] = b"PK\x06\x07";
/// Bit 3 of the flags: the sizes follow the packed bytes.
const DESCRIPTOR: u16 = 1 << 3;
/// A field that says: look into the ZIP64 extra field instead.
const ELSEWHERE: u32 = u32::MAX;
const ZIP64: u16 = 1;

/// Where the parts of an archive are.
pub(super) struct Parts {
    /// In the order of the directory.
    pub(super) members: Vec<MemberParts>,
    /// The length of what stands in front of the archive (a self-extractor): offsets count from its end.
    pub(super) prefix: usize,
    /// Where the directory begins.
    pub(super) directory: usize,
    /// Where the entries of the directory end.
    pub(super) tail: usize,
}

/// Where the parts of a member are.
pub(super) struct MemberParts {
    pub(super) stored_name: Vec<u8>,
    /// The local header.
    pub(super) local: usize,
    /// The end of the packed bytes; a data descriptor may follow.
    end: usize,
    /// The entry in the directory.
    pub(super) central: usize,
    pub(super) central_end: usize,
}

/// The fields of a member that go with its bytes.
#[derive(Clone, Copy)]
pub(super) struct Sums {
    pub(super) crc: u32,
    pub(super) packed: u32,
    pub(super) size: u32,
}

impl Parts {
    /// Finds the parts, and makes sure that they lie one after the other.
    pub(super) fn of(
        archive: &[u8],
        zip: &ZipArchive<Cursor<&[u8]>>,
    ) -> Result<Parts, ArchiveError> {
        if zip.has_duplicate_names() {
            return Err(not_rewritable("two of its members have the same name"));
        }
        let mut zip = zip.clone();
        let mut members = Vec::new();
        for index in 0..zip.len() {
            let member = zip.by_index_raw(index).map_err(no_archive)?;
            let start = member.data_start().unwrap_or(u64::MAX);
            let central = place(member.central_header_start())?;
            let mut central_end = central.saturating_add(CENTRAL);
            for length in [28, 30, 32] {
                central_end = central_end.saturating_add(usize::from(u16_at(
                    archive,
                    central.saturating_add(length),
                )?));
            }
            members.push(MemberParts {
                stored_name: member.name_raw().to_vec(),
                local: place(member.header_start())?,
                end: place(start.saturating_add(member.compressed_size()))?,
                central,
                central_end,
            });
        }
        let directory = place(zip.central_directory_start())?;
        let parts = Parts {
            prefix: place(zip.offset())?,
            directory,
            tail: members.last().map_or(directory, |last| last.central_end),
            members,
        };
        parts.assert_one_after_the_other()?;
        Ok(parts)
    }

    /// The places of the members in the order in which their bytes stand.
    pub(super) fn by_position(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.members.len()).collect();
        order.sort_by_key(|index| self.members.get(*index).map(|member| member.local));
        order
    }

    fn assert_one_after_the_other(&self) -> Result<(), ArchiveError> {
        let mut at = self.prefix;
        for member in self
            .by_position()
            .into_iter()
            .filter_map(|index| self.members.get(index))
        {
            if member.local < at || member.end < member.local {
                return Err(not_rewritable("the bytes of two of its members overlap"));
            }
            at = member.end;
        }
        if at > self.directory {
            return Err(not_rewritable(
                "its last member runs into its directory: it is damaged",
            ));
        }
        let mut at = self.directory;
        for member in &self.members {
            if member.central != at {
                return Err(not_rewritable("something unknown stands in its directory"));
            }
            at = member.central_end;
        }
        Ok(())
    }
}

/// The tail of the archive with the new place, size and number of entries of the directory, which ends at `at`.
pub(super) fn tail(
    archive: &[u8],
    parts: &Parts,
    directory: usize,
    at: usize,
    entries: usize,
) -> Result<Vec<u8>, ArchiveError> {
    let mut tail = archive.get(parts.tail..).unwrap_or_default().to_vec();
    let relative =
        |at: usize| u64::try_from(at.saturating_sub(parts.prefix)).map_err(|_| too_large());
    let size = u64::try_from(at.saturating_sub(directory)).map_err(|_| too_large())?;
    let count = u64::try_from(entries).map_err(|_| too_large())?;

    let mut end = 0;
    if tail.starts_with(END64) {
        let length = place(u64_at(&tail, 4)?)?.saturating_add(12);
        if tail
            .get(length..)
            .is_none_or(|rest| !rest.starts_with(LOCATOR64))
        {
            return Err(unknown_tail());
        }
        for (field, value) in [
            (24, count),
            (32, count),
            (40, size),
            (48, relative(directory)?),
        ] {
            put(&mut tail, field, value.to_le_bytes())?;
        }
        put(
            &mut tail,
            length.saturating_add(8),
            relative(at)?.to_le_bytes(),
        )?;
        end = length.saturating_add(20);
    }
    if tail.get(end..).is_none_or(|rest| !rest.starts_with(END)) {
        return Err(unknown_tail());
    }
    let count = u16::try_from(count).map_err(|_| too_large())?;
    for field in [8, 10] {
        if u16_at(&tail, end + field)? != u16::MAX {
            put(&mut tail, end + field, count.to_le_bytes())?;
        }
    }
    for (field, value) in [(12, size), (16, relative(directory)?)] {
        if u32_at(&tail, end + field)? != ELSEWHERE {
            let value = u32::try_from(value).map_err(|_| too_large())?;
            put(&mut tail, end + field, value.to_le_bytes())?;
        }
    }
    Ok(tail)
}

/// Writes the place of a member's local header into its directory entry.
pub(super) fn put_offset(entry: &mut [u8], offset: usize) -> Result<(), ArchiveError> {
    if u32_at(entry, 42)? == ELSEWHERE {
        return Err(too_large());
    }
    put(
        entry,
        42,
        u32::try_from(offset)
            .map_err(|_| too_large())?
            .to_le_bytes(),
    )
}

/// Writes the fields that go with the bytes into a local header or a directory entry, whose sizes then stand there
/// and nowhere else.
pub(super) fn put_sums(header: &mut Vec<u8>, sums: Sums) -> Result<(), ArchiveError> {
    let is_local = header.starts_with(b"PK\x03\x04");
    let (flags, crc, fixed) = if is_local {
        (6, 14, LOCAL)
    } else {
        (8, 16, CENTRAL)
    };
    let without_descriptor = u16_at(header, flags)? & !DESCRIPTOR;
    put(header, flags, without_descriptor.to_le_bytes())?;
    put(header, crc, sums.crc.to_le_bytes())?;
    put(header, crc + 4, sums.packed.to_le_bytes())?;
    put(header, crc + 8, sums.size.to_le_bytes())?;

    let lengths = crc + 12;
    let extra = fixed + usize::from(u16_at(header, lengths)?);
    let extra_end = extra + usize::from(u16_at(header, lengths + 2)?);
    let mut at = extra;
    while at + 4 <= extra_end {
        let field_end = at + 4 + usize::from(u16_at(header, at + 2)?);
        if u16_at(header, at)? == ZIP64 && field_end <= extra_end {
            header.drain(at..field_end);
            let rest = extra_end - extra - (field_end - at);
            let rest = u16::try_from(rest).map_err(|_| too_large())?;
            return put(header, lengths + 2, rest.to_le_bytes());
        }
        at = field_end;
    }
    Ok(())
}

fn place(at: u64) -> Result<usize, ArchiveError> {
    usize::try_from(at).map_err(|_| too_large())
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Result<u16, ArchiveError> {
    get(bytes, at).map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32, ArchiveError> {
    get(bytes, at).map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Result<u64, ArchiveError> {
    get(bytes, at).map(u64::from_le_bytes)
}

fn get<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], ArchiveError> {
    let field = bytes.get(at..).and_then(|rest| rest.first_chunk());
    field
        .copied()
        .ok_or_else(|| not_rewritable("a part of it is cut off"))
}

pub(super) fn put<const N: usize>(
    bytes: &mut [u8],
    at: usize,
    value: [u8; N],
) -> Result<(), ArchiveError> {
    let field = bytes.get_mut(at..).and_then(|rest| rest.first_chunk_mut());
    *field.ok_or_else(|| not_rewritable("a part of it is cut off"))? = value;
    Ok(())
}

pub(super) fn not_rewritable(why: &'static str) -> ArchiveError {
    ArchiveError::NotRewritable(why.into())
}

pub(super) fn too_large() -> ArchiveError {
    not_rewritable("it has a part at or above 4 GiB")
}

fn unknown_tail() -> ArchiveError {
    not_rewritable("something unknown follows its directory")
}
