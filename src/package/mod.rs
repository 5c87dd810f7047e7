//! Typed views over one document.
