//! Reads, edits and runs the mail of SQL Server Integration Services (SSIS) packages.

pub mod apply;
pub mod archive;
pub mod connection_string;
pub mod effective;
pub mod expression;
pub mod host;
pub mod inventory;
pub mod mail;
pub mod migrate;
pub mod package;
pub mod project;
pub mod report;
pub mod secret;
pub mod source;
pub mod xml;
