//! XML configurations from outside of the unit, and which file a configuration of a package means.

use std::path::{Path, PathBuf};

use crate::host::Files;
use crate::package::FileKind;
use crate::project::{Label, Limits};
use crate::source::Source;
use crate::xml::Document;

/// An XML configuration that was read.
#[derive(Debug)]
pub struct LoadedConfiguration {
    pub(super) label: Label,
    pub(super) document: Document,
}

/// Why a file gives no configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {why}")]
pub struct LoadError {
    /// The file.
    pub path: String,
    /// What is wrong with it.
    pub why: String,
    /// Whether there is no such file, as opposed to one that is no configuration.
    pub is_missing: bool,
}

impl LoadedConfiguration {
    /// Reads an XML configuration.
    ///
    /// # Errors
    ///
    /// [`LoadError`] when the file is not there, is no text, is not well-formed, or has another root.
    pub fn read(path: &Path, files: &dyn Files) -> Result<LoadedConfiguration, LoadError> {
        let label = Label::of_path(path);
        let fail = |why: String| LoadError {
            path: label.to_string(),
            why,
            is_missing: false,
        };
        let limits = Limits::default().document;
        let metadata = files.metadata(path).map_err(|error| LoadError {
            is_missing: error.kind() == std::io::ErrorKind::NotFound,
            ..fail(format!("the configuration could not be read: {error}"))
        })?;
        if metadata.len > limits.size {
            return Err(fail(format!(
                "is larger than {} bytes, which no configuration is",
                limits.size
            )));
        }
        let bytes = files
            .read(path)
            .map_err(|error| fail(format!("the configuration could not be read: {error}")))?;
        let source = Source::decode(bytes).map_err(|error| {
            fail(format!(
                "the configuration could not be read as text: {error}"
            ))
        })?;
        let document = Document::parse(source, &limits).map_err(|error| {
            fail(format!(
                "the configuration could not be read as XML: {error}"
            ))
        })?;
        if FileKind::of(&document) != Some(FileKind::Configuration) {
            let root = document.root().qualified_name().to_owned();
            return Err(fail(format!(
                "expected an XML configuration with the root `DTSConfiguration`, found `{root}`"
            )));
        }
        Ok(LoadedConfiguration { label, document })
    }
}

/// The last part of a path, of Windows or not.
pub(super) fn file_name(path: &str) -> &str {
    path.trim().rsplit(['/', '\\']).next().unwrap_or_default()
}

/// The paths whose last part is the name, case not counting.
pub(super) fn named<'p>(
    paths: &'p [PathBuf],
    name: &'p str,
) -> impl Iterator<Item = &'p PathBuf> + 'p {
    paths.iter().filter(move |path| {
        path.file_name()
            .is_some_and(|found| found.to_string_lossy().eq_ignore_ascii_case(name))
    })
}
