//! One integration binary; each module says what goes there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod apply;
mod apply_disk;
mod apply_kill;
mod apply_undo_command;
mod archive;
mod connection_string;
mod memory_files;
mod package;
mod property_paths;
mod support;
mod xml;
