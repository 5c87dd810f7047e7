//! Units: a folder with its `.dtproj`, an `.ispac`, a loose folder.

mod write;

pub use write::{Hash, Kind, NotAHash, Write};
