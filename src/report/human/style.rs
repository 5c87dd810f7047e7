//! The few styles of text for people.
//!
//! What is written here always carries them; who shows it on something that has no colours strips them.

use anstyle::{AnsiColor, Style};

/// What a piece of the report is about: a file, a task.
pub(super) const SUBJECT: Style = Style::new().bold();

/// What says what stands beside it.
pub(super) const LABEL: Style = Style::new().dimmed();

/// What is not as it should be.
pub(super) const WRONG: Style = AnsiColor::Red.on_default();

/// What is not what it seems: switched off, or computed when the package runs.
pub(super) const MIND: Style = AnsiColor::Yellow.on_default();
