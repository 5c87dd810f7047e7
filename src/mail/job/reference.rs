//! Where a secret is, in a file that holds none.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `env:NAME` or `file:PATH`: where a secret is when the job runs. A secret itself has no place in a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^(env|file):."))]
pub enum Reference {
    /// A variable of the environment.
    Environment(String),
    /// A file; one line end behind the secret does not count.
    File(PathBuf),
}

/// A text that refers to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected `env:NAME` or `file:PATH`, where the secret is: a job holds no secret itself")]
pub struct ReferenceError;

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Reference, ReferenceError> {
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Ok(Reference::Environment(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Reference::File(PathBuf::from(path))),
            // What was written may be the secret.
            _ => Err(ReferenceError),
        }
    }
}

impl TryFrom<String> for Reference {
    type Error = ReferenceError;

    fn try_from(text: String) -> Result<Reference, ReferenceError> {
        text.parse()
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> String {
        reference.to_string()
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reference::Environment(name) => write!(f, "env:{name}"),
            Reference::File(path) => write!(f, "file:{}", path.to_string_lossy()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_no_reference_and_is_not_repeated() {
        assert_eq!("env:A".parse(), Ok(Reference::Environment("A".to_owned())));
        assert_eq!("file:/a:b".parse(), Ok(Reference::File("/a:b".into())));
        for wrong in ["hunter2", "env:", "file:", "ENV:A", "", "https://x"] {
            let error = wrong.parse::<Reference>().unwrap_err();
            assert!(!error.to_string().contains("hunter2"));
        }
    }
}
