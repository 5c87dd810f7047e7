//! Everything that is shown, as text or JSON, on a `Write`.

pub mod human;
pub mod json;
