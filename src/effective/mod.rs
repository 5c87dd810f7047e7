//! What a value really is: effective values, where they come from and how sure that is.
//!
//! [`UnitValues`] is built once for a unit, [`PackageValues`] once for a package in it; the latter says what any
//! property is as dtexec would see it. Nothing of this machine is read: what is not in the files comes in as
//! [`Given`], and what is neither is unknown.
//!
//! [`keepers()`] names every stored place that a value comes from, as far as it can be followed without evaluating
//! anything.

mod child;
mod configurations;
mod entries;
mod find_variable;
mod given;
mod keepers;
mod layers;
mod load;
mod manager;
mod origin;
mod package;
mod parameter;
mod path_map;
mod property;
mod reads;
mod scope;
mod server;
mod system;
mod types;
mod unit;
mod valued;
mod writers;

pub use child::Parent;
pub use given::{Given, GivenBy, GivenVariable};
pub use keepers::{
    ChangedPlace, Everywhere, Keeper, KeeperKind, Kept, Stays, Unreachable, UnreachableKind,
    keepers, set_everywhere,
};
pub use load::{LoadError, LoadedConfiguration};
pub use origin::{Certainty, Effective, Link, Origin};
pub use package::{NamedValue, Note, PackageValues};
pub(crate) use path_map::advice;
pub use path_map::{PathMap, PathMapError};
pub use reads::{Read, ReadKind};
pub use scope::ObjectScope;
pub use server::{ServerValues, ServerValuesError};
pub use unit::UnitValues;
