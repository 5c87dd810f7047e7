//! `dtsx inspect`, run as people run it.

mod bad_input;
mod facts;
mod golden;
pub mod mutants;
mod options;
mod secrets;
mod senders;
