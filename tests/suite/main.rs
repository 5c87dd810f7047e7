//! One integration binary; each module says what goes there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../support/memory_files.rs"]
mod memory_files;

/// The writer and `undo`, through files in memory that fail and die at every operation.
mod apply;
/// The writer and `undo` on real files: links, modes, names, places that cannot be written.
mod apply_disk;
/// The writer, killed for real.
mod apply_kill;
/// Archives: members under limits, read and put back.
mod archive;
