//! Exit codes, as the documentation promises them to scripts.

/// How a run ends; the highest that applies wins, and usage comes before any work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// Done, nothing found.
    Done = 0,
    /// Found something, would change something, or a mail did not go.
    Found = 1,
    /// The arguments do not make sense.
    Usage = 2,
    /// An input could not be read; the rest was processed.
    Unreadable = 3,
    /// A file could not be written, or an internal failure.
    Unwritten = 4,
    /// The fate of at least one mail is unknown: do not retry blindly.
    Unknown = 5,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        std::process::ExitCode::from(exit as u8)
    }
}
