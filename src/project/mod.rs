//! Units: a folder with its `.dtproj`, an `.ispac`, a loose folder.
//!
//! [`find`] walks the inputs and groups what it finds; [`Unit::open`] reads a unit's small files, and
//! [`OpenUnit::each`] lets its packages through one at a time per job, each with that context.

mod context;
mod error;
mod file;
mod find;
mod label;
mod limits;
mod unit;
mod write;

pub use context::{Context, InContext};
pub use error::{ReadError, Reason};
pub use file::{File, FileId};
pub use find::{BuildCopy, Candidate, Expected, Found, Holder, Inputs, Role, Unit, find};
pub use label::Label;
pub use limits::{Limits, UnknownLimit};
pub use unit::{ArchiveFile, Looked, OpenUnit, Reading, holds};
pub use write::{Hash, Kind, NotAHash, Write};
