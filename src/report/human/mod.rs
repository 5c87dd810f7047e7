//! Text for people, on a terminal or in a mail.

pub mod inspect;
mod style;
mod table;
