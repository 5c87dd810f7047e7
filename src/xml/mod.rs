//! A byte-exact XML document.
