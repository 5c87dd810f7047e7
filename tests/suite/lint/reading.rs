//! One pass: no rule reads a file again, and a file that is not asked for is read as context alone.

use std::collections::BTreeMap;
use std::io;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use dtsx::host::{Entry, Files, Metadata, RealFiles};
use dtsx::lint::{BuildCopies, Excerpts, Lint, Settings, lint};
use dtsx::project::{Inputs, Limits};

use crate::support::fixtures;

/// The real files, counted.
#[derive(Default)]
struct Counted(Mutex<BTreeMap<PathBuf, usize>>);

impl Counted {
    fn count(&self, path: &Path) {
        *self.0.lock().unwrap().entry(path.to_owned()).or_default() += 1;
    }
}

impl Files for Counted {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.count(path);
        RealFiles.read(path)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn io::Read>> {
        self.count(path);
        RealFiles.open(path)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        RealFiles.list(folder)
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        RealFiles.metadata(path)
    }
}

/// How often each file was opened when these were judged by all rules.
fn reads(names: &[&str]) -> BTreeMap<String, usize> {
    let inputs = Inputs {
        paths: names.iter().map(|name| fixtures().join(name)).collect(),
        ..Inputs::default()
    };
    let settings = Settings::parse(
        "[lint]\nprofile = \"azure\"\nallowed-domains = [\"x.example\"]\nfrom-domains = [\"x.example\"]\n\
         [lint.deny-hosts]\n\"*\" = \"y.example\"\n",
    );
    let job = Lint {
        inputs: &inputs,
        settings: &settings.unwrap(),
        limits: Limits::default(),
        jobs: NonZero::new(2).unwrap(),
        excerpts: Excerpts::Wanted,
        build_copies: BuildCopies::LeaveAlone,
    };
    let files = Counted::default();
    let mut findings = 0;
    lint(&job, &files, |linted, _| {
        findings += linted.findings.len();
        Ok::<(), std::convert::Infallible>(())
    })
    .unwrap();
    assert!(findings > 0, "{names:?}");
    let reads = files.0.into_inner().unwrap().into_iter();
    let name = |path: &Path| path.strip_prefix(fixtures()).unwrap().display().to_string();
    reads.map(|(path, count)| (name(&path), count)).collect()
}

#[test]
fn every_file_is_read_once() {
    for name in [
        "project",
        "demo",
        "nine-places",
        "ispac",
        "senders",
        "effective",
        "secrets",
    ] {
        for (path, count) in reads(&[name]) {
            // What may be a configuration is told by its beginning before it is read, and is read for the values of the
            // packages that name it; by no rule.
            let is_configuration = [".xml", ".config", ".dtsconfig"]
                .iter()
                .any(|it| path.to_lowercase().ends_with(it));
            let most = if is_configuration { 3 } else { 1 };
            assert!(count <= most, "{path}: {count} times");
        }
    }
}

#[test]
fn one_file_is_read_with_its_project_and_nothing_else() {
    let read = reads(&["project/Nightly.dtsx"]);
    let whole = reads(&["project"]);
    assert_eq!(
        read.keys().collect::<Vec<_>>(),
        whole.keys().collect::<Vec<_>>()
    );
    assert!(read.values().all(|count| *count == 1), "{read:?}");
}
