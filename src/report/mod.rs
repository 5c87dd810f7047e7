//! Everything that is shown, as text or JSON, on a `Write`.

pub mod azure;
pub mod concise;
pub mod github;
pub mod human;
pub mod json;
pub mod junit;
pub mod lint;
pub mod sarif;
