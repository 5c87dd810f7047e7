//! `--map-path FROM=TO`: where the paths of packages are on this machine.

use std::path::{Path, PathBuf};

/// Rules that say which folder of a package is which folder here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathMap {
    /// The components of FROM, and TO.
    rules: Vec<(Vec<String>, PathBuf)>,
}

/// A rule that cannot be read, or a path that must not be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathMapError {
    /// No `=`, or nothing on one of its sides.
    #[error("expected `FROM=TO`, such as `C:\\data=./data`, found `{0}`")]
    Rule(String),
    /// A `..` that leads out of the folder that was given.
    #[error("`{0}` leads out of the folder that `--map-path` gives for it")]
    Escape(String),
}

impl PathMap {
    /// Adds the rule `FROM=TO`, parted at the first `=`.
    ///
    /// # Errors
    ///
    /// [`PathMapError::Rule`]
    pub fn add(&mut self, rule: &str) -> Result<(), PathMapError> {
        match rule.split_once('=') {
            Some((from, to)) if !from.trim().is_empty() && !to.trim().is_empty() => {
                self.rules
                    .push((components(from.trim()), PathBuf::from(to.trim())));
                Ok(())
            }
            _ => Err(PathMapError::Rule(rule.to_owned())),
        }
    }

    /// Where a path of a package is here: below the TO of the rule whose FROM is the longest beginning of it; as it
    /// stands where no rule fits. Components compare without case, and `\` is `/`, as on Windows.
    ///
    /// # Errors
    ///
    /// [`PathMapError::Escape`] where what follows FROM leads out of TO by `..`.
    pub fn locate(&self, stored: &str) -> Result<PathBuf, PathMapError> {
        let path = components(stored);
        let fits = |from: &[String]| {
            path.get(..from.len()).is_some_and(|start| {
                start
                    .iter()
                    .zip(from)
                    .all(|(a, b)| a.to_lowercase() == b.to_lowercase())
            })
        };
        let longest = self
            .rules
            .iter()
            .filter(|(from, _)| fits(from))
            .max_by_key(|(from, _)| from.len());
        let Some((from, to)) = longest else {
            return Ok(PathBuf::from(stored));
        };
        let mut below: Vec<&str> = Vec::new();
        for component in path.iter().skip(from.len()) {
            if component == ".." {
                let Some(_) = below.pop() else {
                    return Err(PathMapError::Escape(stored.to_owned()));
                };
            } else {
                below.push(component);
            }
        }
        Ok(below
            .into_iter()
            .fold(to.clone(), |path, component| path.join(component)))
    }
}

/// Whether a path can only be one of Windows: a drive letter, or a share.
pub(super) fn is_of_windows(stored: &str) -> bool {
    let mut start = stored.chars();
    let drive = matches!((start.next(), start.next()), (Some(letter), Some(':')) if letter.is_ascii_alphabetic());
    drive || stored.starts_with("\\\\")
}

/// Advice for a path of Windows that no rule has led anywhere.
pub(crate) fn advice(stored: &str, path: &Path) -> &'static str {
    if cfg!(not(windows)) && path.as_os_str() == stored && is_of_windows(stored) {
        "; `--map-path FROM=TO` says where its folder is here"
    } else {
        ""
    }
}

/// `\\server\share\a` begins with two empty components, `/a` with one; those inside a path mean nothing.
fn components(path: &str) -> Vec<String> {
    let parts: Vec<&str> = path.split(['\\', '/']).collect();
    let root = parts
        .iter()
        .take_while(|part| part.is_empty())
        .count()
        .min(2);
    let rest = parts
        .into_iter()
        .skip(root)
        .filter(|part| !part.is_empty() && *part != ".");
    std::iter::repeat_n("", root)
        .chain(rest)
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map() -> PathMap {
        let mut map = PathMap::default();
        for rule in [
            r"C:\data=here/data",
            r"C:\data\out=there",
            r"\\fs\etl=share",
            "D:=d",
        ] {
            map.add(rule).unwrap();
        }
        map
    }

    #[test]
    fn the_longest_rule_that_fits_wins() {
        for (stored, path) in [
            (r"C:\data\a.txt", "here/data/a.txt"),
            (r"c:/DATA/sub\.\a.txt", "here/data/sub/a.txt"),
            (r"C:\data\out\a.txt", "there/a.txt"),
            (r"C:\data\sub\..\a.txt", "here/data/a.txt"),
            (r"\\FS\etl\a.txt", "share/a.txt"),
            (r"d:\x", "d/x"),
        ] {
            assert_eq!(map().locate(stored), Ok(PathBuf::from(path)), "{stored}");
        }
    }

    #[test]
    fn what_no_rule_fits_stands_as_it_is() {
        for stored in [
            r"C:\database\a.txt",
            r"\\fs\other\a",
            r"fs\etl\a",
            "/var/a",
            "a.txt",
        ] {
            assert_eq!(map().locate(stored), Ok(PathBuf::from(stored)));
        }
    }

    #[test]
    fn nothing_leads_out_of_the_folder_that_was_given() {
        for stored in [
            r"C:\data\..\a.txt",
            r"C:\data\sub\..\..\a.txt",
            r"\\fs\etl/../x",
        ] {
            assert_eq!(
                map().locate(stored),
                Err(PathMapError::Escape(stored.to_owned()))
            );
        }
    }

    #[test]
    fn a_rule_has_two_sides() {
        for rule in ["", "C:\\data", "=x", "x="] {
            assert!(PathMap::default().add(rule).is_err());
        }
    }
}
