//! The outside as small traits: files, clock, randomness, environment.
//!
//! The library never reaches for the machine by itself; who runs it passes these in. The real ones are made by
//! the command line, recording ones by the tests.

mod files;
mod real;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;
mod writable;

#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

pub use files::{Entry, FileKind, Files, Metadata};
pub use platform::{is_in_use, path_bytes, path_from_bytes};
pub use real::{RealClock, RealEnvironment, RealFiles, RealRandom};
pub use writable::{Access, Lock, NewFile, Owner, Standing, WritableFiles};

/// The time, with the local offset.
pub trait Clock {
    /// The present moment in the local time zone.
    fn now(&self) -> jiff::ZonedDateTime;
}

/// Randomness for message ids, MIME boundaries and DTSIDs; not for keys.
pub trait Random {
    /// Sixteen random bytes.
    fn bytes(&self) -> [u8; 16];
}

/// What the machine says about itself.
pub trait Environment {
    /// An environment variable, `None` when it is not set or not Unicode.
    fn variable(&self, name: &str) -> Option<String>;
    /// The machine's name, as it introduces itself to a mail server.
    fn host_name(&self) -> Option<String>;
}
