//! How much an archive may hold before it is taken for a bomb.

/// Limits of one archive. Sizes are of the members when unpacked, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Members of one archive. `archive-members`
    pub members: u64,
    /// Size of one member. `archive-member-size`
    pub member_size: u64,
    /// Size of all members together. `archive-size`
    pub size: u64,
    /// How many times larger a member of more than 1 MiB may be than its packed form. `archive-ratio`
    pub ratio: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            members: 10_000,
            member_size: 256 << 20,
            size: 1 << 30,
            ratio: 200,
        }
    }
}

/// There is no limit of this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no limit `{0}` (known: {known})", known = Limits::NAMES.join(", "))]
pub struct UnknownLimit(pub String);

impl Limits {
    /// The names of the limits, as the option `--limit NAME=VALUE` takes them.
    pub const NAMES: [&str; 4] = [
        "archive-members",
        "archive-member-size",
        "archive-size",
        "archive-ratio",
    ];

    /// Sets a limit by its name.
    ///
    /// # Errors
    ///
    /// [`UnknownLimit`] when there is none of this name.
    pub fn set(&mut self, name: &str, value: u64) -> Result<(), UnknownLimit> {
        let limit = match name {
            "archive-members" => &mut self.members,
            "archive-member-size" => &mut self.member_size,
            "archive-size" => &mut self.size,
            "archive-ratio" => &mut self.ratio,
            _ => return Err(UnknownLimit(name.to_owned())),
        };
        *limit = value;
        Ok(())
    }
}
