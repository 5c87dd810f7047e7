//! How large a document may be.

/// What a document may hold; larger ones are refused with the limit's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a file. `size`
    pub size: u64,
    /// Elements inside each other. `depth`
    pub depth: u32,
    /// Attributes of one element. `attributes`
    pub attributes: u32,
    /// Namespace declarations in force at one place. `namespaces`
    pub namespaces: u32,
    /// Bytes of one name. `name-length`
    pub name_length: u32,
}

impl Default for Limits {
    /// Fifteen times the largest package seen, and far more depth, attributes and namespaces than SSIS writes.
    fn default() -> Self {
        Limits {
            size: 64 << 20,
            depth: 1_000,
            attributes: 4_096,
            namespaces: 256,
            name_length: 1_024,
        }
    }
}

/// There is no limit of this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no limit `{0}` with this range (known: {known})", known = Limits::NAMES.join(", "))]
pub struct UnknownLimit(pub String);

impl Limits {
    /// The names of the limits, as the option `--limit NAME=VALUE` takes them.
    pub const NAMES: [&str; 5] = ["size", "depth", "attributes", "namespaces", "name-length"];

    /// Sets a limit by its name.
    ///
    /// # Errors
    ///
    /// [`UnknownLimit`] when there is none of this name, or the value does not fit it.
    pub fn set(&mut self, name: &str, value: u64) -> Result<(), UnknownLimit> {
        let unknown = || UnknownLimit(name.to_owned());
        let small = || u32::try_from(value).map_err(|_| unknown());
        match name {
            // Spans number the bytes of a text with 32 bits.
            "size" => self.size = u64::from(small()?),
            "depth" => self.depth = small()?,
            "attributes" => self.attributes = small()?,
            "namespaces" => self.namespaces = small()?,
            // Names are stored with 16 bits of length.
            "name-length" => {
                self.name_length = u16::try_from(value).map_err(|_| unknown())?.into();
            }
            _ => return Err(unknown()),
        }
        Ok(())
    }
}
