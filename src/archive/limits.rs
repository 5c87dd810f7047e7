//! How much an archive may hold before it is taken for a bomb.

/// Limits of one archive. Sizes are of the members when unpacked, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Members of one archive: `archive-members`.
    pub members: u64,
    /// Size of one member: `archive-member-size`.
    pub member_size: u64,
    /// Size of all members together: `archive-size`.
    pub size: u64,
    /// How many times larger a member of more than 1 MiB may be than its packed form: `archive-ratio`.
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

impl Limits {
    /// The limit of this name, as `--limit NAME=VALUE` gives it.
    pub fn named(&mut self, name: &str) -> Option<&mut u64> {
        match name {
            "archive-members" => Some(&mut self.members),
            "archive-member-size" => Some(&mut self.member_size),
            "archive-size" => Some(&mut self.size),
            "archive-ratio" => Some(&mut self.ratio),
            _ => None,
        }
    }
}
