//! Where the tests find files, and a small generator of repeatable random numbers.

use std::path::{Path, PathBuf};

/// The project's own fixtures.
pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// A corpus of real files, where the variable `DTSX_CORPUS` names one.
pub fn corpus() -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("DTSX_CORPUS")?);
    assert!(
        folder.is_dir(),
        "DTSX_CORPUS names {}, which is not a folder",
        folder.display()
    );
    Some(folder)
}

/// All files below a folder, in order of path.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a readable folder") {
            let entry = entry.expect("a readable entry");
            if entry.file_type().expect("a file type").is_dir() {
                folders.push(entry.path());
            } else {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    files
}

const KINDS: [&str; 7] = [
    "dtsx",
    "dtsxp",
    "conmgr",
    "params",
    "dtproj",
    "dtsconfig",
    "xml",
];

/// Whether the name is one of an XML file of SSIS.
pub fn is_xml(path: &Path) -> bool {
    path.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| KINDS.contains(&extension.to_ascii_lowercase().as_str()))
}

/// Every XML file of the fixtures, but for those that are meant to be bad, and of the corpus.
pub fn good_xml_files() -> Vec<PathBuf> {
    let bad = fixtures().join("bad");
    let mut files: Vec<_> = files_below(&fixtures())
        .into_iter()
        .filter(|path| is_xml(path) && !path.starts_with(&bad))
        .collect();
    if let Some(corpus) = corpus() {
        let before = files.len();
        files.extend(files_below(&corpus).into_iter().filter(|path| is_xml(path)));
        assert!(files.len() > before, "the corpus holds no XML files");
    }
    files
}

/// Repeatable random numbers (xorshift64*).
pub struct Seeded(u64);

impl Seeded {
    pub fn new(seed: u64) -> Seeded {
        Seeded(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `end`, which must not be zero.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}
