//! Units: a folder with its `.dtproj`, an `.ispac`, a loose folder.
//!
//! [`find`] walks the inputs and groups what it finds; [`Unit::open`] reads a unit's small files, and
//! [`OpenUnit::each`] lets its packages through one at a time per job, each with that context.

mod changes;
mod context;
mod copies;
mod diff;
mod error;
mod file;
mod find;
mod jobs;
mod label;
mod limits;
mod locate;
mod members;
mod one;
mod parameterise;
mod removal;
mod unit;
mod write;

pub use changes::{Changed, Changes, WriteError, changed, writes};
pub use context::{Context, InContext};
pub use copies::{
    Following, Recopied, count_copies, follow, follow_parameter, other_build_values, recopy, uncopy,
};
pub use diff::{Hunk, Line, Tag, all_lines, hunks, hunks_between, masked, secret_places};
pub use error::{ReadError, Reason};
pub use file::{File, FileId};
pub use find::{BuildCopy, Candidate, Expected, Found, Holder, Inputs, Role, Unit, find};
pub use jobs::in_parallel;
pub use label::Label;
pub use limits::{Limits, UnknownLimit};
pub use locate::{LocateError, Located, Place, locate};
pub use members::{MemberChanges, write_members};
pub use one::{Named, One};
pub use parameterise::{Outside, Parameterised};
pub use removal::remove_manager;
pub use unit::{ArchiveFile, Looked, OpenUnit, Reading, holds};
pub use write::{Hash, Kind, NotAHash, Write};
