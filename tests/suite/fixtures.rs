//! The fixtures are what their manifest says: read here by roxmltree and the zip crate, there by Python.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::path::Path;

use roxmltree::Node;
use sha2::{Digest, Sha256};
use zip::ZipArchive;

use crate::support::{files_below, fixtures};

const DTS: &str = "www.microsoft.com/SqlServer/Dts";

/// A line of `fixtures/manifest.tsv`.
pub struct Row {
    pub path: String,
    pub kind: String,
    pub format: String,
    pub smtp_managers: String,
    pub sendmail_tasks: String,
    pub encoding: String,
    pub bom: String,
    pub line_ends: String,
    pub bad: String,
    pub sha256: String,
}

impl Row {
    pub fn bytes(&self) -> Vec<u8> {
        std::fs::read(fixtures().join(&self.path))
            .unwrap_or_else(|error| panic!("{}: {error}", self.path))
    }
}

pub fn manifest() -> Vec<Row> {
    let text = std::fs::read_to_string(fixtures().join("manifest.tsv")).unwrap();
    let rows = text.lines().skip(1).map(|line| {
        let fields: Vec<_> = line.split('\t').map(str::to_owned).collect();
        let [
            path,
            kind,
            format,
            smtp_managers,
            sendmail_tasks,
            encoding,
            bom,
            line_ends,
            bad,
            sha256,
        ] = <[String; 10]>::try_from(fields).unwrap();
        Row {
            path,
            kind,
            format,
            smtp_managers,
            sendmail_tasks,
            encoding,
            bom,
            line_ends,
            bad,
            sha256,
        }
    });
    rows.collect()
}

/// The text of a file, its encoding and whether it has a mark; not decoded by the code under test.
pub fn decode(bytes: &[u8]) -> Option<(String, &'static str, &'static str)> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, rest) = bytes.as_chunks::<2>();
        let units: Vec<u16> = pairs.iter().map(|&pair| unit(pair)).collect();
        rest.is_empty().then(|| String::from_utf16(&units).ok())?
    };
    Some(match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => (String::from_utf8(rest.to_vec()).ok()?, "utf-8", "yes"),
        [0xFF, 0xFE, rest @ ..] => (utf16(rest, u16::from_le_bytes)?, "utf-16le", "yes"),
        [0xFE, 0xFF, rest @ ..] => (utf16(rest, u16::from_be_bytes)?, "utf-16be", "yes"),
        [_, 0, ..] => (utf16(bytes, u16::from_le_bytes)?, "utf-16le", "no"),
        _ => (String::from_utf8(bytes.to_vec()).ok()?, "utf-8", "no"),
    })
}

/// Format version, SMTP connection managers and Send Mail tasks of an XML file.
fn counts(text: &str) -> Result<(String, usize, usize), roxmltree::Error> {
    let document = roxmltree::Document::parse(text)?;
    let named = |name| {
        document
            .descendants()
            .filter(move |node: &Node| node.has_tag_name((DTS, name)))
    };
    let managers =
        named("ConnectionManager").filter(|node| stored(*node, "CreationName") == "SMTP");
    let tasks = named("Executable").filter(|node| {
        node.attribute((DTS, "ExecutableType"))
            .is_some_and(|kind| kind.contains("SendMailTask"))
    });
    let root = document.root_element();
    let version = if root.has_tag_name((DTS, "Executable")) {
        stored(root, "PackageFormatVersion")
    } else {
        String::new()
    };
    let version = if version.is_empty() {
        "-".to_owned()
    } else {
        version
    };
    Ok((version, managers.count(), tasks.count()))
}

fn stored(node: Node<'_, '_>, name: &str) -> String {
    if let Some(value) = node.attribute((DTS, name)) {
        return value.to_owned();
    }
    let mut properties = node
        .children()
        .filter(|child| child.has_tag_name((DTS, "Property")));
    let property = properties.find(|child| child.attribute((DTS, "Name")) == Some(name));
    let texts = property
        .into_iter()
        .flat_map(|property| property.descendants());
    texts
        .filter(Node::is_text)
        .filter_map(|text| text.text())
        .collect()
}

pub fn members(bytes: Vec<u8>) -> Vec<(String, Vec<u8>)> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut members = Vec::new();
    for index in 0..archive.len() {
        let mut member = archive.by_index(index).unwrap();
        let mut data = Vec::new();
        member.read_to_end(&mut data).unwrap();
        members.push((member.name().unwrap().into_owned(), data));
    }
    members
}

fn line_ends(text: &str) -> String {
    let crlf = text.matches("\r\n").count();
    let found = [
        ("CRLF", crlf),
        ("LF", text.matches('\n').count() - crlf),
        ("CR", text.matches('\r').count() - crlf),
    ];
    let names: Vec<_> = found
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(name, _)| *name)
        .collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join("+")
    }
}

#[test]
fn the_manifest_lists_every_file_with_its_sum() {
    let rows = manifest();
    let listed: BTreeMap<_, _> = rows
        .iter()
        .map(|row| (row.path.clone(), &row.sha256))
        .collect();
    assert_eq!(listed.len(), rows.len());
    let mut found = BTreeMap::new();
    for path in files_below(&fixtures()) {
        let name = path
            .strip_prefix(fixtures())
            .unwrap()
            .to_str()
            .unwrap()
            .replace('\\', "/");
        let own = name.ends_with(".py")
            || name.ends_with(".pyc")
            // Cases of the lint rules are texts of which the tests make files.
            || name.starts_with("lint/")
            || ["README.md", "manifest.tsv"].contains(&&*name);
        if !own {
            let sum = Sha256::digest(std::fs::read(&path).unwrap());
            found.insert(
                name,
                sum.iter()
                    .map(|byte| format!("{byte:02x}"))
                    .collect::<String>(),
            );
        }
    }
    for (path, sum) in &found {
        assert_eq!(
            listed.get(path),
            Some(&sum),
            "{path}: run fixtures/manifest.py and look at what it changed"
        );
    }
    for path in listed.keys() {
        assert!(found.contains_key(path), "{path} is listed and missing");
    }
}

#[test]
fn every_good_fixture_holds_what_the_manifest_says() {
    let mut checked = 0;
    for row in manifest().iter().filter(|row| row.bad == "-") {
        let path = &row.path;
        if row.kind == "ispac" {
            let members = members(row.bytes());
            let each = members.iter().map(|(name, data)| {
                counts(&decode(data).unwrap().0)
                    .unwrap_or_else(|error| panic!("{path}!{name}: {error}"))
            });
            let (managers, tasks) = each.fold((0, 0), |sum, (_, managers, tasks)| {
                (sum.0 + managers, sum.1 + tasks)
            });
            assert_eq!(
                [managers.to_string(), tasks.to_string()],
                [&*row.smtp_managers, &*row.sendmail_tasks],
                "{path}"
            );
            checked += 1;
            continue;
        }
        let (text, encoding, bom) = decode(&row.bytes()).unwrap();
        assert_eq!(
            [encoding, bom, &line_ends(&text)],
            [&*row.encoding, &*row.bom, &*row.line_ends],
            "{path}"
        );
        if row.kind != "file" {
            let (format, managers, tasks) =
                counts(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
            assert_eq!(
                [format, managers.to_string(), tasks.to_string()],
                [&*row.format, &*row.smtp_managers, &*row.sendmail_tasks],
                "{path}"
            );
            checked += 1;
        }
    }
    assert!(checked > 70, "{checked} fixtures");
}

#[test]
fn every_bad_fixture_is_bad_for_the_reason_given() {
    let mut reasons = BTreeMap::new();
    for row in manifest().iter().filter(|row| row.bad != "-") {
        let (path, bytes) = (&row.path, row.bytes());
        let text = decode(&bytes).map(|(text, ..)| text);
        let parsed = text.as_deref().map(roxmltree::Document::parse);
        match row.bad.as_str() {
            "xml" => assert!(matches!(parsed, Some(Err(_))), "{path}"),
            "bytes" => assert!(text.is_none(), "{path}"),
            "encrypted" => {
                let document = parsed.unwrap().unwrap();
                let root = document.root_element();
                assert!(
                    root.tag_name().name() == "EncryptedData"
                        || root.attribute("Encrypted") == Some("1"),
                    "{path}"
                );
            }
            "no SSIS file" => {
                let document = parsed.unwrap().unwrap();
                assert_ne!(
                    document.root_element().tag_name().namespace(),
                    Some(DTS),
                    "{path}"
                );
            }
            "extension" => {
                let is_zip = bytes.starts_with(b"PK");
                let named_zip = Path::new(path)
                    .extension()
                    .is_some_and(|extension| extension == "ispac");
                assert_ne!(is_zip, named_zip, "{path}");
            }
            "archive" => assert_bad_archive(path, bytes),
            reason => panic!("{path}: unknown reason {reason}"),
        }
        *reasons.entry(row.bad.clone()).or_insert(0) += 1;
    }
    assert_eq!(reasons.len(), 6, "{reasons:?}");
}

/// No archive, or one with exactly one member that cannot be read or claims to be hundreds of times as long as the
/// whole archive.
fn assert_bad_archive(path: &str, bytes: Vec<u8>) {
    let stored = bytes.len() as u64;
    let Ok(mut archive) = ZipArchive::new(Cursor::new(bytes)) else {
        return;
    };
    let readable = |archive: &mut ZipArchive<_>, index| {
        let mut member = archive.by_index(index).unwrap();
        member.size() < 250 * stored && member.read_to_end(&mut Vec::new()).is_ok()
    };
    let all = archive.len();
    let good = (0..all)
        .filter(|&index| readable(&mut archive, index))
        .count();
    assert_eq!(good + 1, all, "{path}: {good} of {all} members can be read");
}

/// What `ispac/make.py` promises of its archives.
#[test]
fn the_archives_are_made_of_the_files_beside_them() {
    let source = |name: &str| {
        let text = decode(&std::fs::read(fixtures().join(name)).unwrap())
            .unwrap()
            .0;
        text.replace("\r\n", "\n")
            .replace('\n', "\r\n")
            .into_bytes()
    };
    for (archive, expected) in [
        (
            "ispac/Etl.ispac",
            &[
                ("Nightly%20load.dtsx", "ispac/Etl/Nightly load.dtsx"),
                ("%C3%9Cberblick.dtsx", "ispac/Etl/Overview.dtsx"),
                ("Mail.conmgr", "ispac/Etl/Mail.conmgr"),
                ("Project.params", "ispac/Etl/Project.params"),
                ("@Project.manifest", "ispac/Etl/@Project.manifest"),
            ][..],
        ),
        (
            "nine-places/deployed/Estate.ispac",
            &[
                ("Nightly.dtsx", "nine-places/Nightly.dtsx"),
                ("Weekly.dtsx", "nine-places/Weekly.dtsx"),
                ("Alerts.conmgr", "nine-places/Alerts.conmgr"),
                ("Mail.conmgr", "nine-places/Mail.conmgr"),
                ("Project.params", "nine-places/Project.params"),
                ("@Project.manifest", "ispac/Estate/@Project.manifest"),
            ],
        ),
    ] {
        let members = members(std::fs::read(fixtures().join(archive)).unwrap());
        assert_eq!(members.len(), expected.len() + 1, "{archive}");
        for ((name, data), (expected_name, file)) in members.iter().zip(expected) {
            assert_eq!(name, expected_name);
            assert!(
                *data == source(file),
                "{archive}!{name} is not {file}: run fixtures/ispac/make.py"
            );
        }
        assert_eq!(members.last().unwrap().0, "[Content_Types].xml");
    }
}

/// What `encodings/make.py` promises: one text, spelled in other ways.
#[test]
fn the_encodings_spell_one_text() {
    let folder = fixtures().join("encodings");
    let read = |name: &str| {
        decode(&std::fs::read(folder.join(name)).unwrap())
            .unwrap()
            .0
    };
    let plain = |text: String| {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let body = text
            .split_once("?>\n")
            .map_or(text.as_str(), |(_, body)| body);
        body.trim_end().to_owned()
    };
    let source = plain(read("source.dtsx"));
    assert!(source.contains("Ночная загрузка завершена") && source.contains('😀'));
    let mut spelled = 0;
    for row in manifest()
        .iter()
        .filter(|row| row.path.starts_with("encodings/"))
    {
        let name = row.path.trim_start_matches("encodings/");
        assert_eq!(
            plain(read(name)),
            source,
            "{name}: run fixtures/encodings/make.py"
        );
        spelled += 1;
    }
    assert_eq!(spelled, 14);
}

/// The fixture of a migration keeps the old server where its table says, and nowhere else.
#[test]
fn the_old_server_is_kept_in_nine_places_and_left_in_two() {
    let folder = fixtures().join("nine-places");
    let count = |name: &str| {
        std::fs::read_to_string(folder.join(name))
            .unwrap()
            .matches("smtp1.corp.example")
            .count()
    };
    // The manager; the script and the variable that are left.
    assert_eq!(count("Nightly.dtsx"), 3);
    // The copy of the part's manager, and the manager under `mail.XML`.
    assert_eq!(count("Weekly.dtsx"), 2);
    for file in [
        "Mail.conmgr",
        "Alerts.conmgr",
        "Notify.dtsxp",
        "Project.params",
        "mail.XML",
    ] {
        assert_eq!(count(file), 1, "{file}");
    }
    // Two copies for each of five managers, one less where the property is under an expression, and the value of a
    // build configuration.
    assert_eq!(count("Estate.dtproj"), 5 * 2 - 1 + 1);
}
