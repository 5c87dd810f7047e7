//! One integration binary; each module says what goes there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod apply;
mod apply_disk;
mod apply_kill;
mod apply_undo_command;
mod archive;
mod command;
mod command_line;
mod connection_string;
mod effective;
mod effective_command;
mod effective_corpus;
mod expression;
mod fixtures;
mod inspect;
mod layering;
mod mail_capture;
mod mail_compose;
mod mail_deliver;
mod mail_faults;
mod mail_outbox;
mod mail_packages;
mod mail_resolve;
mod mail_run;
mod mail_support;
mod mail_tls;
mod memory_files;
mod package;
mod property_paths;
mod schemas;
mod setters;
mod support;
mod xml;
