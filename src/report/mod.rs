//! Everything that is shown, as text or JSON, on a `Write`.
