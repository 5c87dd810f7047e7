//! The directory of an archive, also of one that lost a few bytes.

use std::io::Cursor;
use std::sync::Arc;

use memchr::memmem;
use zip::ZipArchive;
use zip::read::{ArchiveOffset, Config, ZipArchiveMetadata};

use super::{ArchiveError, no_archive};

/// Reads the directory.
pub(super) fn directory(archive: &[u8]) -> Result<Arc<ZipArchiveMetadata>, ArchiveError> {
    match ZipArchive::new(Cursor::new(archive)) {
        Ok(zip) => Ok(zip.metadata()),
        Err(error) => moved(archive).ok_or_else(|| no_archive(error)),
    }
}

/// The directory where it is, when that is not where the end of the archive says. Git takes an archive for text and
/// removes a CR here and there; what stands in front of the first one lost can still be read.
fn moved(archive: &[u8]) -> Option<Arc<ZipArchiveMetadata>> {
    let end = memmem::rfind(archive, b"PK\x05\x06")?;
    let field = |at: usize| {
        archive
            .get(end.checked_add(at)?..)?
            .first_chunk()
            .copied()
            .map(u32::from_le_bytes)
    };
    let directory = end.checked_sub(usize::try_from(field(12)?).ok()?)?;
    if !archive.get(directory..)?.starts_with(b"PK\x01\x02") {
        return None;
    }
    let mut corrected = archive.to_vec();
    let offset = corrected
        .get_mut(end.checked_add(16)?..)?
        .first_chunk_mut()?;
    *offset = u32::try_from(directory).ok()?.to_le_bytes();
    let config = Config {
        archive_offset: ArchiveOffset::Known(0),
    };
    let zip = ZipArchive::with_config(config, Cursor::new(corrected)).ok()?;
    Some(zip.metadata())
}
