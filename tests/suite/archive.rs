//! Archives: members under limits, read and put back.
//!
//! The parts of a result are found with the zip crate and compared as raw bytes; `tests/ispac_zipfile.py` does the
//! same with Python's `zipfile`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Write};
use std::path::PathBuf;

use dtsx::archive::{Archive, ArchiveError, Limits, MemberError, Rewrite, replace, rewrite};
use proptest::prelude::*;
use zip::write::{SimpleFileOptions, ZipWriter};
use zip::{CompressionMethod, DateTime, ZipArchive};

use crate::support::{corpus, files_below};

const NAMES: [&str; 4] = [
    "@Project.manifest",
    "Package%20(1).dtsx",
    "%D0%9D%D0%BE%D1%87%D1%8C.dtsx",
    "[Content_Types].xml",
];

fn content(index: usize) -> Vec<u8> {
    format!(
        "<?xml version=\"1.0\"?>\r\n<member number=\"{index}\">{}</member>",
        "relay.example.com ".repeat(50)
    )
    .into_bytes()
}

fn options(index: usize) -> SimpleFileOptions {
    let time =
        DateTime::from_date_and_time(2021, 3, 1 + index as u8, 12, 30, 2 * index as u8).unwrap();
    SimpleFileOptions::default().last_modified_time(time)
}

/// An archive as SSIS makes them: deflated, percent-encoded names, the content types last.
fn ispac() -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (index, name) in NAMES.into_iter().enumerate() {
        writer.start_file(name, options(index)).unwrap();
        writer.write_all(&content(index)).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Streamed: sizes in data descriptors, ZIP64 fields, an extra field, comments, one member stored, bytes in front.
fn unusual() -> Vec<u8> {
    let mut writer = ZipWriter::new_stream(Vec::new());
    for (index, name) in NAMES.into_iter().enumerate() {
        let mut options = options(index).large_file(index == 2).into_full_options();
        options
            .add_extra_field(0x7777, [1, 2, 3, 4], false)
            .unwrap();
        options = options.with_file_comment("a comment of the member");
        if index == 1 {
            options = options.compression_method(CompressionMethod::Stored);
        }
        writer.start_file(name, options).unwrap();
        writer.write_all(&content(index)).unwrap();
    }
    writer.set_comment("a comment of the archive").unwrap();
    let mut archive = b"#!/bin/sh self-extractor\n".to_vec();
    archive.extend(writer.finish().unwrap().into_inner());
    archive
}

#[derive(Debug, PartialEq, Eq)]
struct Raw {
    name: Vec<u8>,
    /// The local header with name and extra field, and the packed bytes.
    local: Vec<u8>,
    /// The directory entry without the offset.
    central: Vec<u8>,
}

fn raw(archive: &[u8]) -> Vec<Raw> {
    let mut zip = ZipArchive::new(Cursor::new(archive)).unwrap();
    (0..zip.len())
        .map(|index| {
            let member = zip.by_index_raw(index).unwrap();
            let end = member.data_start().unwrap() + member.compressed_size();
            let at = member.central_header_start() as usize;
            let length = |field: usize| {
                usize::from(u16::from_le_bytes([
                    archive[at + field],
                    archive[at + field + 1],
                ]))
            };
            let mut central = archive[at..at + 46 + length(28) + length(30) + length(32)].to_vec();
            central[42..46].fill(0);
            Raw {
                name: member.name_raw().to_vec(),
                local: archive[member.header_start() as usize..end as usize].to_vec(),
                central,
            }
        })
        .collect()
}

fn contents(archive: &[u8]) -> Vec<(String, Result<Vec<u8>, MemberError>)> {
    let archive = Archive::open(archive, &Limits::default()).unwrap();
    let members = archive.members().iter().enumerate();
    members
        .map(|(index, member)| (member.name.clone(), archive.read(index)))
        .collect()
}

#[test]
fn members_are_read_under_their_decoded_names() {
    for bytes in [ispac(), unusual()] {
        let archive = Archive::open(&bytes, &Limits::default()).unwrap();
        let names: Vec<_> = archive
            .members()
            .iter()
            .map(|member| member.name.as_str())
            .collect();
        assert_eq!(
            names,
            [
                "@Project.manifest",
                "Package (1).dtsx",
                "Ночь.dtsx",
                "[Content_Types].xml"
            ]
        );
        assert_eq!(archive.position("Ночь.dtsx"), Some(2));
        assert_eq!(archive.position("ночь.dtsx"), None);
        for index in 0..4 {
            assert_eq!(archive.read(index), Ok(content(index)));
            assert_eq!(archive.members()[index].size, content(index).len() as u64);
        }
        assert_eq!(archive.read(4), Err(MemberError::Missing));
    }
}

#[test]
fn untouched_members_keep_every_byte_and_the_changed_one_its_name_time_and_place() {
    for old in [ispac(), unusual()] {
        for index in 0..4 {
            let new = replace(&old, &BTreeMap::from([(index, b"<changed/>".to_vec())])).unwrap();
            let (before, after) = (raw(&old), raw(&new));
            assert_eq!(before.len(), after.len());
            for (at, (before, after)) in before.iter().zip(&after).enumerate() {
                if at == index {
                    assert_eq!(before.name, after.name);
                    // Versions, method, time, date; attributes.
                    assert_eq!(before.central[4..8], after.central[4..8]);
                    assert_eq!(before.central[10..16], after.central[10..16]);
                    assert_eq!(before.central[34..42], after.central[34..42]);
                } else {
                    assert_eq!(before, after);
                }
            }
            assert_eq!(contents(&new)[index].1.as_deref(), Ok(&b"<changed/>"[..]));
            assert_eq!(
                replace(&old, &BTreeMap::from([(index, b"<changed/>".to_vec())])).unwrap(),
                new
            );
            // What stands before and after the members.
            let first = old
                .windows(4)
                .position(|four| four == b"PK\x03\x04")
                .unwrap();
            assert_eq!(old[..first], new[..first]);
            let comment = b"a comment of the archive";
            assert_eq!(old.ends_with(comment), new.ends_with(comment));
            // The other way round it is read as it was.
            let back = replace(&new, &BTreeMap::from([(index, content(index))])).unwrap();
            assert_eq!(contents(&back), contents(&old));
        }
    }
}

#[test]
fn an_archive_in_which_nothing_changes_stays_as_it_is() {
    for old in [ispac(), unusual()] {
        assert_eq!(replace(&old, &BTreeMap::new()).unwrap(), old);
        let same = (0..4).map(|index| (index, content(index))).collect();
        assert_eq!(replace(&old, &same).unwrap(), old);
    }
}

#[test]
fn members_are_added_before_the_content_types_and_removed() {
    for old in [ispac(), unusual()] {
        let new = rewrite(
            &old,
            Rewrite {
                changed: BTreeMap::from([
                    (0, b"<manifest/>".to_vec()),
                    (1, b"never written".to_vec()),
                ]),
                removed: BTreeSet::from([1]),
                added: vec![("Mail Über.conmgr".to_owned(), b"<conmgr/>".to_vec())],
            },
        )
        .unwrap();
        let names: Vec<_> = contents(&new).into_iter().map(|(name, _)| name).collect();
        assert_eq!(
            names,
            [
                "@Project.manifest",
                "Ночь.dtsx",
                "Mail Über.conmgr",
                "[Content_Types].xml"
            ]
        );
        assert_eq!(contents(&new)[2].1.as_deref(), Ok(&b"<conmgr/>"[..]));
        let (before, after) = (raw(&old), raw(&new));
        assert_eq!(after[2].name, b"Mail%20%C3%9Cber.conmgr");
        assert_eq!(before[2], after[1]);
        assert_eq!(before[3], after[3]);

        let twice = Rewrite {
            added: vec![("Ночь.dtsx".to_owned(), Vec::new())],
            ..Rewrite::default()
        };
        let error = rewrite(&old, twice).unwrap_err().to_string();
        assert_eq!(
            error,
            "it can be read but not rewritten: it has a member `Ночь.dtsx` already"
        );
    }
    let empty = ZipWriter::new(Cursor::new(Vec::new()))
        .finish()
        .unwrap()
        .into_inner();
    let one = Rewrite {
        added: vec![("a b".to_owned(), b"x".to_vec())],
        ..Rewrite::default()
    };
    assert_eq!(
        contents(&rewrite(&empty, one).unwrap()),
        [("a b".to_owned(), Ok(b"x".to_vec()))]
    );
}

/// Where the directory entry of a member begins.
fn central(archive: &[u8], index: usize) -> usize {
    let zip = ZipArchive::new(Cursor::new(archive)).unwrap();
    zip.by_index_data(index).unwrap().central_header_start() as usize
}

fn patched(mut archive: Vec<u8>, at: usize, bytes: &[u8]) -> Vec<u8> {
    archive[at..at + bytes.len()].copy_from_slice(bytes);
    archive
}

fn told(archive: &[u8], limits: &Limits, index: usize) -> String {
    let archive = Archive::open(archive, limits).unwrap();
    for other in (0..4).filter(|other| *other != index) {
        assert_eq!(
            archive.read(other),
            Ok(content(other)),
            "the other members are not concerned"
        );
    }
    archive.read(index).unwrap_err().to_string()
}

#[test]
fn what_is_wrong_with_one_member_concerns_no_other() {
    let good = ispac();
    let limits = Limits::default();
    let data = |index| {
        ZipArchive::new(Cursor::new(&good))
            .unwrap()
            .by_index_raw(index)
            .unwrap()
            .data_start()
            .unwrap()
    };
    let damaged = patched(good.clone(), data(1) as usize + 30, &[0; 8]);
    assert!(told(&damaged, &limits, 1).starts_with("it is damaged: "));
    let encrypted = patched(good.clone(), central(&good, 2) + 8, &[1, 0]);
    assert_eq!(
        told(&encrypted, &limits, 2),
        "it is encrypted by the zip archive itself: unpack it with its password first"
    );
    let lzma = patched(good.clone(), central(&good, 0) + 10, &[14, 0]);
    assert!(
        told(&lzma, &limits, 0).starts_with("it is packed by method "),
        "{}",
        told(&lzma, &limits, 0)
    );
    let shorter = patched(good.clone(), central(&good, 0) + 24, &100u32.to_le_bytes());
    assert!(
        told(&shorter, &limits, 0).starts_with("it is damaged: "),
        "{}",
        told(&shorter, &limits, 0)
    );
    let longer = patched(good.clone(), central(&good, 0) + 24, &5000u32.to_le_bytes());
    assert_eq!(
        told(&longer, &limits, 0),
        format!(
            "it is damaged: it claims 5000 bytes and holds {}",
            content(0).len()
        )
    );

    // None of these can be replaced blindly, and the others can.
    for (archive, index) in [(&encrypted, 2), (&lzma, 0)] {
        let error = replace(archive, &BTreeMap::from([(index, b"x".to_vec())])).unwrap_err();
        assert!(matches!(error, ArchiveError::Member { .. }), "{error}");
        let new = replace(archive, &BTreeMap::from([(1, b"x".to_vec())])).unwrap();
        assert_eq!(raw(&new)[index], raw(archive)[index]);
    }
    let mended = replace(&damaged, &BTreeMap::from([(1, content(1))])).unwrap();
    assert_eq!(contents(&mended), contents(&good));
}

#[test]
fn claims_beyond_the_limits_name_the_limit_and_its_option() {
    let good = ispac();
    let claim = patched(
        good.clone(),
        central(&good, 1) + 24,
        &0xFFFF_FFF0u32.to_le_bytes(),
    );
    assert_eq!(
        told(&claim, &Limits::default(), 1),
        "it claims 4294967280 bytes and the limit is 268435456: if the archive can be trusted, raise it with `--limit \
         archive-member-size=4294967280`"
    );

    let size = content(0).len() as u64;
    let together = Limits {
        size: 3 * size,
        ..Limits::default()
    };
    assert_eq!(
        told(&good, &together, 3),
        format!(
            "it and the members before it claim {} bytes and the limit is {}: if the archive can be trusted, raise it \
             with `--limit archive-size=N`",
            4 * size,
            3 * size
        )
    );

    let few = Limits {
        members: 3,
        ..Limits::default()
    };
    assert_eq!(
        Archive::open(&good, &few).err().unwrap().to_string(),
        "it holds more than 3 members: if it can be trusted, raise the limit with `--limit archive-members=N`"
    );
    assert!(Archive::open(&good, &Limits { members: 4, ..few }).is_ok());

    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("zeros", options(0)).unwrap();
    writer.write_all(&vec![0; 8 << 20]).unwrap();
    let bomb = writer.finish().unwrap().into_inner();
    let error = Archive::open(&bomb, &Limits::default())
        .unwrap()
        .read(0)
        .unwrap_err();
    let MemberError::Bomb { ratio, limit: 200 } = error else {
        panic!("{error}")
    };
    assert!(
        error
            .to_string()
            .ends_with(&format!("`--limit archive-ratio={ratio}`"))
    );
    let raised = Limits {
        ratio,
        ..Limits::default()
    };
    assert_eq!(
        Archive::open(&bomb, &raised)
            .unwrap()
            .read(0)
            .unwrap()
            .len(),
        8 << 20
    );
}

#[test]
fn limits_are_known_by_the_names_of_their_options() {
    let mut limits = Limits::default();
    for (name, value) in Limits::NAMES.into_iter().zip(1..) {
        limits.set(name, value).unwrap();
    }
    assert_eq!(
        limits,
        Limits {
            members: 1,
            member_size: 2,
            size: 3,
            ratio: 4
        }
    );
    let error = limits.set("archive", 5).unwrap_err().to_string();
    assert_eq!(
        error,
        "there is no limit `archive` (known: archive-members, archive-member-size, archive-size, archive-ratio)"
    );
}

#[test]
fn a_lost_byte_in_the_last_member_leaves_the_others_readable() {
    // As git leaves an archive that it took for text: a CR of the last member is gone.
    let good = ispac();
    let last = central(&good, 0) - 10;
    let mut lost = good.clone();
    lost.remove(last);
    let read = contents(&lost);
    for (index, (_, bytes)) in read.iter().enumerate() {
        match index {
            3 => assert!(matches!(bytes, Err(MemberError::Damaged(_))), "{bytes:?}"),
            _ => assert_eq!(bytes.as_deref(), Ok(&content(index)[..])),
        }
    }
    let error = replace(&lost, &BTreeMap::from([(0, b"x".to_vec())]))
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("it can be read but not rewritten: "),
        "{error}"
    );
}

#[test]
fn two_members_of_one_name_are_read_but_not_rewritten() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (index, name) in ["a.dtsx", "b.dtsx"].into_iter().enumerate() {
        writer.start_file(name, options(index)).unwrap();
        writer.write_all(&content(index)).unwrap();
    }
    let mut archive = writer.finish().unwrap().into_inner();
    while let Some(at) = archive.windows(6).position(|here| here == b"b.dtsx") {
        archive[at] = b'a';
    }
    let error = replace(&archive, &BTreeMap::from([(0, b"x".to_vec())]))
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "it can be read but not rewritten: two of its members have the same name"
    );
}

#[test]
fn what_is_no_archive_is_told() {
    for bytes in [
        &b""[..],
        b"PK",
        b"<?xml version=\"1.0\"?><DTS:Executable/>",
        &[0; 4096],
    ] {
        let error = Archive::open(bytes, &Limits::default())
            .err()
            .unwrap()
            .to_string();
        assert!(
            error.starts_with("it is not a zip archive, or a damaged one: "),
            "{error}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Cut anywhere, any bytes overwritten: an answer, and never a result that lost something.
    #[test]
    fn no_archive_makes_a_panic(
        is_unusual: bool,
        cut in 0usize..2000,
        patches in prop::collection::vec((0usize..2000, any::<u8>()), 0..4),
        near_the_end: bool,
    ) {
        let mut bytes = if is_unusual { unusual() } else { ispac() };
        let length = bytes.len();
        for (at, byte) in patches {
            let at = if near_the_end { length - 1 - at % 400 } else { at % length };
            bytes[at] = byte;
        }
        if cut < 200 {
            bytes.truncate(length - cut);
        }
        if let Ok(archive) = Archive::open(&bytes, &Limits::default()) {
            for index in 0..archive.members().len() {
                let _ = archive.read(index);
            }
        }
        if let Ok(new) = replace(&bytes, &BTreeMap::from([(1, b"<changed/>".to_vec())])) {
            let read = contents(&new).swap_remove(1).1;
            prop_assert_eq!(read, Ok(b"<changed/>".to_vec()));
        }
    }
}

/// Every archive of the corpus: all is read, and a replaced member leaves the others byte for byte.
#[test]
fn archives_of_the_corpus() {
    let Some(corpus) = corpus() else { return };
    let is_archive = |path: &PathBuf| {
        path.extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("ispac"))
    };
    let archives: Vec<_> = files_below(&corpus)
        .into_iter()
        .filter(is_archive)
        .collect();
    let mut unreadable = 0;
    for path in &archives {
        let old = std::fs::read(path).unwrap();
        let read = contents(&old);
        unreadable += read.iter().filter(|(_, bytes)| bytes.is_err()).count();
        match replace(&old, &BTreeMap::from([(0, b"<changed/>".to_vec())])) {
            Ok(new) => assert_eq!(raw(&old)[1..], raw(&new)[1..], "{}", path.display()),
            Err(error) => assert!(
                read.iter().any(|(_, bytes)| bytes.is_err()),
                "{}: {error}",
                path.display()
            ),
        }
    }
    println!(
        "{} archives, {unreadable} unreadable members",
        archives.len()
    );
    assert!(!archives.is_empty());
}

/// Another implementation reads back what was written. Where `DTSX_PYTHON` names a Python.
#[test]
fn pythons_zipfile_reads_the_same() {
    let Some(python) = std::env::var_os("DTSX_PYTHON") else {
        return;
    };
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/ispac_zipfile.py");
    let folder = tempfile::TempDir::new().unwrap();
    let (before, after) = (
        folder.path().join("old.ispac"),
        folder.path().join("new.ispac"),
    );
    for old in [ispac(), unusual()] {
        for (index, name) in NAMES.into_iter().enumerate() {
            std::fs::write(&before, &old).unwrap();
            std::fs::write(
                &after,
                replace(&old, &BTreeMap::from([(index, b"<changed/>".to_vec())])).unwrap(),
            )
            .unwrap();
            let run = |changed: &str| {
                std::process::Command::new(&python)
                    .arg(&script)
                    .args([&before, &after])
                    .arg(changed)
                    .output()
                    .unwrap()
            };
            let right = run(name);
            assert!(
                right.status.success(),
                "{}",
                String::from_utf8_lossy(&right.stderr)
            );
            assert!(
                !run(NAMES[(index + 1) % 4]).status.success(),
                "the script would notice another change"
            );
        }
    }
}
