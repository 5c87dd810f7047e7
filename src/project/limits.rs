//! All limits together, as `--limit NAME=VALUE` sets them.

use crate::{archive, xml};

/// How large what is read may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Of one document.
    pub document: xml::Limits,
    /// Of one archive.
    pub archive: archive::Limits,
}

/// There is no limit of this name, or the value does not fit it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no limit `{0}` that can have this value (known: {names})", names = Limits::names().join(", "))]
pub struct UnknownLimit(pub String);

impl Limits {
    /// The names of all limits.
    pub fn names() -> Vec<&'static str> {
        let archive = archive::Limits::NAMES;
        xml::Limits::NAMES.into_iter().chain(archive).collect()
    }

    /// Sets a limit by its name.
    ///
    /// # Errors
    ///
    /// [`UnknownLimit`] when there is none of this name, or the value does not fit it.
    pub fn set(&mut self, name: &str, value: u64) -> Result<(), UnknownLimit> {
        let known = if archive::Limits::NAMES.contains(&name) {
            self.archive.set(name, value).is_ok()
        } else {
            self.document.set(name, value).is_ok()
        };
        if known {
            Ok(())
        } else {
            Err(UnknownLimit(name.to_owned()))
        }
    }
}
