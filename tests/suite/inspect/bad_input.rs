//! What cannot be read is said once, plainly, and the rest goes on.

use std::fs;
use std::path::Path;

use crate::command::{Run, dtsx_in};
use crate::support::fixtures;

/// A bad file: its name, how it comes to be, and what must be said of it.
struct Bad {
    name: &'static str,
    make: fn(&Path),
    told: &'static str,
}

fn from_fixture(path: &Path) {
    let name = path.file_name().unwrap();
    fs::copy(fixtures().join("bad").join(name), path).unwrap();
}

const DTS: &str =
    r#"<DTS:Executable xmlns:DTS="www.microsoft.com/SqlServer/Dts" DTS:ObjectName="x""#;

const TABLE: &[Bad] = &[
    Bad {
        name: "another-document.dtsx",
        make: from_fixture,
        told: "expected an SSIS package, found an XML document whose root element is `note`",
    },
    Bad {
        name: "archive-named.dtsx",
        make: from_fixture,
        told: "expected XML, found a zip archive",
    },
    Bad {
        name: "bomb.ispac",
        make: from_fixture,
        told: "raise it with `--limit archive-ratio=",
    },
    Bad {
        name: "claims-4-gib.ispac",
        make: from_fixture,
        told: "claims 4294967294 bytes and the limit is 268435456",
    },
    Bad {
        name: "damaged-member.ispac",
        make: from_fixture,
        told: "could not be unpacked: it is damaged",
    },
    Bad {
        name: "doctype.dtsx",
        make: from_fixture,
        told: "line 2, column 1: found a document type declaration; they are refused",
    },
    Bad {
        name: "duplicate-attribute-by-namespace.dtsx",
        make: from_fixture,
        told: "`s:ObjectName` stands twice",
    },
    Bad {
        name: "duplicate-attribute.dtsx",
        make: from_fixture,
        told: "`DTS:ObjectName` stands twice",
    },
    Bad {
        name: "empty.dtsx",
        make: from_fixture,
        told: "expected an XML document, found an empty file",
    },
    Bad {
        name: "half-a-unit.dtsx",
        make: from_fixture,
        told: "ends in half a character at byte 5380",
    },
    Bad {
        name: "invalid-utf-8.dtsx",
        make: from_fixture,
        told: "not valid UTF-8 (expected UTF-8, or UTF-16 with a byte order mark) at byte 431",
    },
    Bad {
        name: "less-than-in-attribute.dtsx",
        make: from_fixture,
        told: "line 4, column 25: expected `&lt;` in an attribute value",
    },
    Bad {
        name: "lone-surrogate.dtsx",
        make: from_fixture,
        told: "half of a surrogate pair at byte 2774",
    },
    Bad {
        name: "mismatched-tags.dtsx",
        make: from_fixture,
        told: "expected `</DTS:Variables>`, found `</DTS:Executable>`",
    },
    Bad {
        name: "not-xml.dtsx",
        make: from_fixture,
        told: "found text that does not begin with `<`",
    },
    Bad {
        name: "nul.dtsx",
        make: from_fixture,
        told: "line 12, column 19: found the character U+0000",
    },
    Bad {
        name: "secret-behind-ampersand.dtsx",
        make: from_fixture,
        told: "an `&` that means itself is written `&amp;`",
    },
    Bad {
        name: "truncated.dtsx",
        make: from_fixture,
        told: "the file is truncated",
    },
    Bad {
        name: "truncated.ispac",
        make: from_fixture,
        told: "it does not end in a directory of its members",
    },
    Bad {
        name: "two-roots.dtsx",
        make: from_fixture,
        told: "found a second root element",
    },
    Bad {
        name: "unbound-prefix.dtsx",
        make: from_fixture,
        told: "the prefix `DTS` is not declared",
    },
    Bad {
        name: "undefined-entity.dtsx",
        make: from_fixture,
        told: "line 4, column 21: expected one of `&amp;`",
    },
    Bad {
        name: "xml-named.ispac",
        make: from_fixture,
        told: "expected a zip archive, found text",
    },
    Bad {
        name: "deep.dtsx",
        make: deep,
        told: "more than 1000, the limit `depth` (raise it with `--limit depth=NUMBER`",
    },
    Bad {
        name: "long-attribute.dtsx",
        make: long_attribute,
        told: "is larger than 67108864 bytes, the limit `size` (raise it with `--limit size=NUMBER`",
    },
    Bad {
        name: "many-attributes.dtsx",
        make: many_attributes,
        told: "more than 4096, the limit `attributes`",
    },
    Bad {
        name: "many-namespaces.dtsx",
        make: many_namespaces,
        told: "more than 256, the limit `namespaces`",
    },
    Bad {
        name: "long-name.dtsx",
        make: long_name,
        told: "more than 1024, the limit `name-length`",
    },
    Bad {
        name: "zeros.dtsx",
        make: |path| fs::write(path, [0; 4096]).unwrap(),
        told: "could not be read as",
    },
    Bad {
        name: "mark-only.dtsx",
        make: |path| fs::write(path, [0xEF, 0xBB, 0xBF]).unwrap(),
        told: "found an empty file",
    },
    Bad {
        name: "folder.dtsx/inside.dtsx",
        make: |path| fs::write(path, "<a").unwrap(),
        told: "could not be read as XML",
    },
];

fn deep(path: &Path) {
    let (open, close) = ("<a>".repeat(100_000), "</a>".repeat(100_000));
    fs::write(path, format!("{DTS}>{open}{close}</DTS:Executable>")).unwrap();
}

fn long_attribute(path: &Path) {
    let value = "x".repeat(100 << 20);
    fs::write(path, format!("{DTS} DTS:Description=\"{value}\"/>")).unwrap();
}

fn many_attributes(path: &Path) {
    let attributes: String = (0..100_000)
        .map(|number| format!(" a{number}=''"))
        .collect();
    fs::write(path, format!("{DTS}{attributes}/>")).unwrap();
}

fn many_namespaces(path: &Path) {
    let declarations: String = (0..100_000)
        .map(|number| format!("<a xmlns:n{number}='u'>"))
        .collect();
    fs::write(path, format!("{DTS}>{declarations}")).unwrap();
}

fn long_name(path: &Path) {
    fs::write(path, format!("{DTS} {}=\"\"/>", "n".repeat(1 << 20))).unwrap();
}

fn json(folder: &Path, args: &[&str]) -> Run {
    dtsx_in(folder, ["inspect", "--format", "json"].iter().chain(args))
}

#[test]
fn every_bad_file_has_its_one_line_and_the_good_one_is_read() {
    let folder = tempfile::tempdir().unwrap();
    for bad in TABLE {
        let path = folder.path().join(bad.name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        (bad.make)(&path);
    }
    fs::copy(
        fixtures().join("sources/variable.dtsx"),
        folder.path().join("good.dtsx"),
    )
    .unwrap();
    let run = json(folder.path(), &["."]);
    let report = run.json();
    assert_eq!(run.code, 3);
    let errors = report["errors"].as_array().unwrap();
    for bad in TABLE {
        let of_file: Vec<_> = errors
            .iter()
            .filter(|error| error["path"].as_str().unwrap().split('!').next() == Some(bad.name))
            .collect();
        let [error] = of_file.as_slice() else {
            panic!("{}: {of_file:?}", bad.name)
        };
        let (path, message) = (
            error["path"].as_str().unwrap(),
            error["message"].as_str().unwrap(),
        );
        assert!(message.contains(bad.told), "{path}: {message}");
        assert!(
            !message.contains('\n') && message.len() < 300,
            "{path}: {message}"
        );
        let line = format!("dtsx: {path}: {message}");
        assert_eq!(
            run.err.lines().filter(|it| *it == line).count(),
            1,
            "{line}"
        );
    }
    assert_eq!(errors.len(), TABLE.len());
    assert_eq!(run.err.lines().count(), TABLE.len());
    let good = report["files"]
        .as_array()
        .unwrap()
        .iter()
        .find(|file| file["path"] == "good.dtsx")
        .unwrap();
    assert_eq!(good["send_mail_tasks"].as_array().unwrap().len(), 1);
    assert_eq!(report["summary"]["errors"], TABLE.len());
    // Each alone ends with the same code.
    for bad in TABLE {
        let run = json(folder.path(), &[bad.name]);
        assert_eq!(
            (run.code, run.json()["errors"].as_array().unwrap().len()),
            (3, 1),
            "{}",
            bad.name
        );
    }
    // Every fixture that is bad is in the table, but for those that are encrypted.
    for entry in fs::read_dir(fixtures().join("bad")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let known = TABLE.iter().any(|bad| bad.name == name);
        assert!(
            known || name.starts_with("encrypted-") || name.ends_with(".py"),
            "{name}"
        );
    }
}

#[test]
fn larger_limits_let_large_files_through() {
    let folder = tempfile::tempdir().unwrap();
    long_attribute(&folder.path().join("long.dtsx"));
    let run = json(folder.path(), &["--limit", "size=200000000", "long.dtsx"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert_eq!(run.json()["files"][0]["name"], "x");
    deep(&folder.path().join("deep.dtsx"));
    let run = json(folder.path(), &["--limit", "depth=200000", "deep.dtsx"]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
}

#[test]
fn an_encrypted_package_is_told_of_and_nothing_is_made_up() {
    let run = json(
        &fixtures(),
        &["bad/encrypted-password.dtsx", "bad/encrypted-user-key.dtsx"],
    );
    assert_eq!(run.code, 0);
    for file in run.json()["files"].as_array().unwrap() {
        assert_eq!(
            (&file["encrypted"], &file["kind"]),
            (&true.into(), &"package".into())
        );
        assert!(file["connections"].as_array().unwrap().is_empty());
    }
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_back_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("a/b");
    fs::create_dir_all(&inner).unwrap();
    fs::copy(
        fixtures().join("sources/variable.dtsx"),
        inner.join("x.dtsx"),
    )
    .unwrap();
    std::os::unix::fs::symlink("../..", inner.join("back")).unwrap();
    std::os::unix::fs::symlink("x.dtsx", inner.join("y.dtsx")).unwrap();
    std::os::unix::fs::symlink("itself", folder.path().join("itself")).unwrap();
    let run = json(folder.path(), &["."]);
    assert_eq!(
        (run.code, run.json()["files"].as_array().unwrap().len()),
        (0, 1)
    );
    // Who names a link means what it leads to, if it leads anywhere.
    assert_eq!(
        json(folder.path(), &["a/b/y.dtsx"]).json()["files"][0]["path"],
        "a/b/y.dtsx"
    );
    assert_eq!(
        json(folder.path(), &["a/b/back"]).json()["files"][0]["path"],
        "a/b/back/a/b/x.dtsx"
    );
    let run = json(folder.path(), &["itself"]);
    assert_eq!((run.code, run.err.lines().count()), (3, 1), "{}", run.err);
}

#[cfg(unix)]
#[test]
fn what_may_not_be_read_is_said() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("closed.dtsx");
    let closed = folder.path().join("closed");
    fs::copy(fixtures().join("sources/variable.dtsx"), &file).unwrap();
    fs::create_dir(&closed).unwrap();
    for path in [&file, &closed] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o0)).unwrap();
    }
    // Root may read everything.
    if fs::read(&file).is_err() {
        let run = json(folder.path(), &["."]);
        assert_eq!((run.code, run.err.lines().count()), (3, 2), "{}", run.err);
        assert!(
            run.err
                .contains("closed.dtsx: could not be read: the system denies"),
            "{}",
            run.err
        );
    }
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket.dtsx");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let run = json(folder.path(), &["."]);
    assert_eq!(
        (run.code, run.json()["files"].as_array().unwrap().len()),
        (0, 0)
    );
    let run = json(folder.path(), &["socket.dtsx"]);
    assert_eq!(run.code, 3);
    assert!(
        run.err
            .contains("expected a file or a folder, found something else"),
        "{}",
        run.err
    );
}
