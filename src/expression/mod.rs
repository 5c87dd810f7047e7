//! The SSIS expression language.
