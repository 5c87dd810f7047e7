//! The writer and `undo` on real files: links, modes, names, places that cannot be written.

use std::fs;
use std::path::{Path, PathBuf};

use dtsx::apply::{self, Applied, Journal, OnRefusal, Origin, Refusal};
use dtsx::host::RealFiles;
use dtsx::project::{Hash, Write};
use tempfile::TempDir;

/// A folder with a tree in `etl` and room for journals in `state`.
pub struct Place(TempDir);

impl Place {
    pub fn new() -> Place {
        let place = Place(TempDir::new().unwrap());
        fs::create_dir(place.etl()).unwrap();
        place
    }

    pub fn root(&self) -> PathBuf {
        // Not as `TempDir` gives it, which may be a link.
        fs::canonicalize(self.0.path()).unwrap()
    }

    pub fn etl(&self) -> PathBuf {
        self.0.path().join("etl")
    }

    pub fn state(&self) -> PathBuf {
        self.0.path().join("state")
    }

    pub fn put(&self, name: &str, bytes: &str) -> PathBuf {
        let path = self.etl().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    pub fn journal(&self, id: u8) -> Journal {
        let origin = Origin {
            inputs: vec![self.etl()],
            command: "set".to_owned(),
            recipe: None,
            user: "ada".to_owned(),
            time: jiff::Timestamp::from_second(1_795_000_000 + i64::from(id)).unwrap(),
            id: [id; 8],
        };
        Journal::new(self.state(), origin)
    }

    pub fn write(&self, plan: impl IntoIterator<Item = Write>) -> Applied {
        self.write_through(self.journal(1), plan)
    }

    pub fn write_through(
        &self,
        mut journal: Journal,
        plan: impl IntoIterator<Item = Write>,
    ) -> Applied {
        apply::apply(
            plan.into_iter(),
            &|_| Ok(()),
            OnRefusal::TakeBack,
            &mut journal,
            &RealFiles,
        )
    }

    /// The names in the tree, sorted.
    pub fn names(&self) -> Vec<String> {
        let names = fs::read_dir(self.etl())
            .unwrap()
            .map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

pub fn change(path: &Path, from: &str, to: &str) -> Write {
    Write::change(path, Hash::of(from.as_bytes()), to.into(), "test")
}

fn refusal(applied: Applied) -> Refusal {
    applied
        .outcomes
        .into_iter()
        .next()
        .unwrap()
        .result
        .unwrap_err()
}

#[test]
fn change_create_remove_and_back() {
    let place = Place::new();
    let changed = place.put("a.dtsx", "old");
    let removed = place.put("c.conmgr", "gone");
    let created = place.etl().join("b.conmgr");
    let plan = [
        change(&changed, "old", "new"),
        Write::create(&created, b"fresh".to_vec(), "test"),
        Write::remove(&removed, Hash::of(b"gone"), "test"),
    ];
    let applied = place.write(plan);
    assert!(applied.is_whole(), "{applied:?}");
    assert_eq!(fs::read(&changed).unwrap(), b"new");
    assert_eq!(place.names(), ["a.dtsx", "b.conmgr"]);

    let found = apply::newest(&place.state(), &place.etl(), &RealFiles).unwrap();
    assert_eq!(
        found,
        applied
            .journal
            .map(|path| place.state().join(path.file_name().unwrap()))
    );
    apply::undo(&found.unwrap(), &|_| true, &RealFiles).unwrap();
    assert_eq!(place.names(), ["a.dtsx", "c.conmgr"]);
    assert_eq!(fs::read(&changed).unwrap(), b"old");
    assert_eq!(fs::read(&removed).unwrap(), b"gone");
}

#[test]
fn a_relative_path_is_one_file_with_its_absolute_one() {
    // Tests share the working folder, so a path that leads out of it and back in has to do.
    let place = Place::new();
    let file = place.put("a.dtsx", "old");
    let winding = place.etl().join("..").join("etl").join("a.dtsx");
    let applied = place.write([
        change(&file, "old", "new"),
        change(&winding, "old", "newer"),
    ]);
    assert!(matches!(
        applied.outcomes[1].result,
        Err(Refusal::PlannedTwice)
    ));
    assert_eq!(fs::read(&file).unwrap(), b"old");
}

#[test]
fn a_read_only_file_is_refused() {
    let place = Place::new();
    let file = place.put("a.dtsx", "old");
    let mut permissions = fs::metadata(&file).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&file, permissions).unwrap();
    assert!(matches!(
        refusal(place.write([change(&file, "old", "new")])),
        Refusal::ReadOnly
    ));
    assert_eq!(fs::read(&file).unwrap(), b"old");
}

#[test]
fn a_hard_linked_file_is_refused() {
    let place = Place::new();
    let file = place.put("a.dtsx", "old");
    fs::hard_link(&file, place.etl().join("b.dtsx")).unwrap();
    assert!(matches!(
        refusal(place.write([change(&file, "old", "new")])),
        Refusal::HardLinked(2)
    ));
}

#[test]
fn a_folder_that_is_named_as_a_file_is_refused() {
    let place = Place::new();
    assert!(matches!(
        refusal(place.write([change(&place.etl(), "old", "new")])),
        Refusal::NotAFile
    ));
}

#[test]
fn a_changed_file_is_refused_and_so_is_one_that_is_there_already() {
    let place = Place::new();
    let file = place.put("a.dtsx", "saved meanwhile");
    assert!(matches!(
        refusal(place.write([change(&file, "old", "new")])),
        Refusal::Changed
    ));
    let create = Write::create(&file, b"new".to_vec(), "test");
    assert!(matches!(refusal(place.write([create])), Refusal::Exists));
    assert_eq!(fs::read(&file).unwrap(), b"saved meanwhile");
    let vanished = place.etl().join("b.dtsx");
    assert!(matches!(
        refusal(place.write([change(&vanished, "old", "new")])),
        Refusal::Vanished
    ));
}

#[test]
fn check_tells_before_anything_is_written() {
    let place = Place::new();
    let file = place.put("a.dtsx", "old");
    assert!(apply::check(&file, Some(Hash::of(b"old")), &RealFiles).is_ok());
    assert!(matches!(
        apply::check(&file, Some(Hash::of(b"new")), &RealFiles),
        Err(Refusal::Changed)
    ));
    assert!(matches!(
        apply::check(&file, None, &RealFiles),
        Err(Refusal::Exists)
    ));
}

#[test]
fn a_journal_where_nothing_can_be_written_stops_the_run_before_it_begins() {
    let place = Place::new();
    let file = place.put("a.dtsx", "old");
    // A file stands where the folder of journals would be, which stops even root.
    fs::write(place.state(), "no folder").unwrap();
    let told = refusal(place.write([change(&file, "old", "new")])).to_string();
    assert!(told.starts_with("the journal failed: `"), "{told}");
    assert_eq!(fs::read(&file).unwrap(), b"old");
    assert_eq!(place.names(), ["a.dtsx"]);
}

#[test]
fn no_journal_lies_inside_the_tree() {
    let place = Place::new();
    let file = place.put("a.dtsx", "old");
    let inside = Journal::new(
        place.etl().join("journals"),
        Origin {
            inputs: vec![place.etl()],
            ..origin()
        },
    );
    let told = refusal(place.write_through(inside, [change(&file, "old", "new")])).to_string();
    assert!(told.contains("lies inside `"), "{told}");
    assert_eq!(place.names(), ["a.dtsx"]);

    // The folder of one file is no tree.
    let beside = Journal::new(
        place.etl().join("journals"),
        Origin {
            inputs: vec![file.clone()],
            ..origin()
        },
    );
    assert!(
        place
            .write_through(beside, [change(&file, "old", "new")])
            .is_whole()
    );
}

fn origin() -> Origin {
    Origin {
        inputs: Vec::new(),
        command: "set".to_owned(),
        recipe: None,
        user: String::new(),
        time: jiff::Timestamp::UNIX_EPOCH,
        id: [0; 8],
    }
}

#[test]
fn what_is_no_journal_is_refused() {
    let place = Place::new();
    place.put("a.dtsx", "old");
    let error = apply::undo(&place.etl(), &|_| true, &RealFiles)
        .unwrap_err()
        .to_string();
    assert!(error.ends_with("is not a journal of dtsx"), "{error}");
    let error = apply::undo(&place.state(), &|_| true, &RealFiles)
        .unwrap_err()
        .to_string();
    assert!(error.contains("could not be read"), "{error}");
    assert_eq!(place.names(), ["a.dtsx"]);
}

#[cfg(unix)]
mod unix {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_symbolic_link_is_refused() {
        let place = Place::new();
        let file = place.put("a.dtsx", "old");
        let link = place.etl().join("link.dtsx");
        symlink(&file, &link).unwrap();
        assert!(matches!(
            refusal(place.write([change(&link, "old", "new")])),
            Refusal::Symlink
        ));
        assert_eq!(fs::read(&file).unwrap(), b"old");
    }

    #[test]
    fn mode_and_owner_stay_and_the_journal_is_the_owners_alone() {
        let place = Place::new();
        let (changed, removed) = (place.put("a.dtsx", "old"), place.put("b.dtsx", "gone"));
        set_mode(&changed, 0o664);
        set_mode(&removed, 0o646);
        let is_root = chown(&changed, Some(12345), Some(54321)).is_ok();
        let owner = |path: &Path| {
            fs::metadata(path)
                .map(|metadata| (metadata.uid(), metadata.gid()))
                .unwrap()
        };
        let owned = owner(&changed);
        assert_eq!(is_root, owned == (12345, 54321));

        let remove = Write::remove(&removed, Hash::of(b"gone"), "test");
        let journal = place
            .write([change(&changed, "old", "new"), remove])
            .journal
            .unwrap();
        assert_eq!((mode(&changed), owner(&changed)), (0o664, owned));
        assert_eq!(mode(&place.state()), 0o700);
        assert_eq!(mode(&journal), 0o700);
        for name in ["journal", "pack", "lock"] {
            assert_eq!(mode(&journal.join(name)), 0o600);
        }
        apply::undo(&journal, &|_| true, &RealFiles).unwrap();
        assert_eq!((mode(&changed), owner(&changed)), (0o664, owned));
        assert_eq!(mode(&removed), 0o646);
    }

    #[test]
    fn a_journal_that_others_can_write_is_refused() {
        let place = Place::new();
        let file = place.put("a.dtsx", "old");
        let journal = place.write([change(&file, "old", "new")]).journal.unwrap();
        for (part, open, shut) in [
            ("journal", 0o620, 0o600),
            ("pack", 0o602, 0o600),
            ("", 0o777, 0o700),
        ] {
            set_mode(&journal.join(part), open);
            let error = apply::undo(&journal, &|_| true, &RealFiles)
                .unwrap_err()
                .to_string();
            assert!(error.contains("can be written by others"), "{error}");
            set_mode(&journal.join(part), shut);
        }
        // Only root can give a file away.
        if chown(journal.join("journal"), Some(12345), None).is_ok() {
            let error = apply::undo(&journal, &|_| true, &RealFiles)
                .unwrap_err()
                .to_string();
            assert!(error.contains("belongs to somebody else"), "{error}");
            chown(journal.join("journal"), Some(0), None).unwrap();
        }
        assert_eq!(fs::read(&file).unwrap(), b"new");
        apply::undo(&journal, &|_| true, &RealFiles).unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"old");
    }

    #[test]
    fn a_name_that_is_not_unicode_is_written_and_put_back() {
        let place = Place::new();
        let file = place.etl().join(OsStr::from_bytes(b"Lad\xE9.dtsx"));
        // Some file systems refuse such names.
        if fs::write(&file, "old").is_err() {
            return;
        }
        let journal = place.write([change(&file, "old", "new")]).journal.unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        let undone = apply::undo(&journal, &|_| true, &RealFiles).unwrap();
        assert_eq!(
            undone[0].path,
            place
                .root()
                .join("etl")
                .join(OsStr::from_bytes(b"Lad\xE9.dtsx"))
        );
        assert_eq!(fs::read(&file).unwrap(), b"old");
    }

    #[test]
    fn a_name_as_long_as_the_file_system_allows_is_no_trouble() {
        let place = Place::new();
        let file = place.put(&format!("{}.dtsx", "n".repeat(250)), "old");
        assert!(place.write([change(&file, "old", "new")]).is_whole());
        assert_eq!(fs::read(&file).unwrap(), b"new");
    }
}
