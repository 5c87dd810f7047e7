//! Text for people, on a terminal or in a mail.

pub mod diff;
pub mod effective;
pub mod inspect;
pub mod lint;
mod other_sender;
pub mod plan;
pub mod probe;
pub mod run;
mod style;
mod table;
pub mod undo;
