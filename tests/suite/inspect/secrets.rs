//! Secrets in clear are shown nowhere.

use std::num::NonZero;

use dtsx::host::{Entry, Files, Metadata};
use dtsx::inventory::{Hashes, Scope, Survey, survey};
use dtsx::project::{Inputs, Limits};
use dtsx::report::{human, json};
use proptest::prelude::*;

use crate::command::dtsx;
use crate::support::fixtures;

/// Every secret of the fixtures is a word that begins so.
const PLANTED: &str = "planted";

#[test]
fn no_output_holds_a_planted_secret() {
    let planted: usize = [
        "Load.dtsx",
        "Old.dtsx",
        "Warehouse.conmgr",
        "Project.params",
        "Load.dtsConfig",
    ]
    .iter()
    .map(|name| std::fs::read_to_string(fixtures().join("secrets").join(name)).unwrap())
    .map(|text| text.matches(PLANTED).count())
    .sum();
    assert!(planted > 35, "{planted}");
    for args in [
        &["inspect", "secrets"][..],
        &["inspect", "secrets", "--format", "json"],
        &["inspect", "secrets", "--mail", "--format", "json"],
        &["inspect", "secrets/Load.dtsx", "--verbose"],
        &[
            "inspect", "--limit", "depth=5", "secrets", "--format", "json",
        ],
        &["inspect", "--limit", "attributes=5", "secrets", "--verbose"],
        &["inspect", "--limit", "name-length=9", "secrets"],
        &[
            "inspect",
            "bad/secret-behind-ampersand.dtsx",
            "--format",
            "json",
        ],
    ] {
        let run = dtsx(args);
        assert!(!run.out.contains(PLANTED), "{args:?}: {}", run.out);
        assert!(!run.err.contains(PLANTED), "{args:?}: {}", run.err);
    }
}

#[test]
fn what_is_masked_is_named() {
    let report = dtsx(["inspect", "secrets", "--format", "json"]).json();
    let load = report["files"]
        .as_array()
        .unwrap()
        .iter()
        .find(|file| file["path"] == "secrets/Load.dtsx")
        .unwrap();
    let keys = |value: &serde_json::Value| -> Vec<String> {
        value["masked"]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| key.as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(keys(&load["connections"][0]), ["Password", "Pwd"]);
    assert_eq!(
        keys(&load["connections"][2]),
        ["Jet OLEDB:Database Password", "Password"]
    );
    assert_eq!(
        keys(&load["connections"][3]),
        ["AccountKey", "SharedAccessKey"]
    );
    assert_eq!(load["connections"][2]["expressions"]["Password"], "***");
    assert_eq!(
        keys(&load["send_mail_tasks"][0]),
        [
            "Password", "Pwd", "Secret", "Token", "api key", "password", "token"
        ]
    );
    // A configuration that brings a secret along brings a masked one.
    let configured = dtsx(["inspect", "configurations", "--format", "json"]);
    assert!(!configured.out.contains("not-a-real-password"));
    assert!(
        configured.out.contains("Password=***"),
        "{}",
        configured.out
    );
}

/// No file but the one that is given.
struct Nothing;

impl Files for Nothing {
    fn read(&self, _: &std::path::Path) -> std::io::Result<Vec<u8>> {
        Err(std::io::ErrorKind::NotFound.into())
    }
    fn open(&self, _: &std::path::Path) -> std::io::Result<Box<dyn std::io::Read>> {
        Err(std::io::ErrorKind::NotFound.into())
    }
    fn list(&self, _: &std::path::Path) -> std::io::Result<Vec<Entry>> {
        Err(std::io::ErrorKind::NotFound.into())
    }
    fn metadata(&self, _: &std::path::Path) -> std::io::Result<Metadata> {
        Err(std::io::ErrorKind::NotFound.into())
    }
}

/// Both reports on a file whose bytes are these.
pub fn reports_on(name: &str, bytes: Vec<u8>) -> (usize, usize, String) {
    let inputs = Inputs {
        given: Some((name.into(), bytes)),
        ..Inputs::default()
    };
    let asked = Survey {
        inputs: &inputs,
        scope: Scope::Everything,
        hashes: Hashes::Computed,
        limits: Limits::default(),
        jobs: NonZero::<usize>::MIN,
    };
    let (mut files, mut errors) = (0, 0);
    let (mut people, mut programs, mut said) = (Vec::new(), Vec::new(), String::new());
    json::inspect::write(&mut programs, |_| true, &mut |tell| {
        survey(&asked, &Nothing, |unit| {
            files += unit.files.len();
            errors += unit.errors.len();
            said.extend(unit.errors.iter().map(ToString::to_string));
            human::inspect::write_unit(&mut people, &unit)?;
            tell(unit)
        })
    })
    .unwrap();
    let text = [people, programs].concat();
    (files, errors, String::from_utf8(text).unwrap() + &said)
}

/// Where a text of a package can be.
const PLACES: [&str; 8] = [
    "DTS:CreatorName=\"",
    "DTS:ObjectName=\"",
    "ConnectionString=\"",
    "SendMailTask:From=\"",
    "SendMailTask:Subject=\"",
    "SendMailTask:MessageSource=\"",
    "SendMailTask:FileName=\"",
    "DTS:Name=\"MessageSource\">",
];

fn package_with(text: &str, place: &str) -> String {
    let escaped = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;");
    let file = std::fs::read_to_string(fixtures().join("secrets/Load.dtsx")).unwrap();
    // All that was planted before is harmless now.
    let file = file.replace(PLANTED, "x");
    let at = file.find(place).unwrap() + place.len();
    let (before, rest) = file.split_at(at);
    let end = if place.ends_with('>') { '<' } else { '"' };
    format!("{before}{escaped}{}", &rest[rest.find(end).unwrap()..])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever stands before and behind it, and however it is quoted.
    #[test]
    fn a_secret_is_masked_wherever_it_stands(
        place in prop::sample::select(PLACES.to_vec()),
        key in prop::sample::select(vec!["Password", "pwd", "PWD ", "Account Key", "SharedAccessKey", "Secret", "access_token", "User Password"]),
        before in prop::sample::select(vec!["", "Server=a;", "Server=a;Uid=b; ", "see: ", "\"Server=a;", "x\n", "{\"k\": 1, "]),
        secret in "[a-zA-Z0-9!#$%^*+,./:?@_~-]{0,6}planted[a-zA-Z0-9!#$%^*+,./:?@_~ -]{0,6}",
        quotes in prop::sample::select(vec![("", ""), ("'", "'"), ("\"", "\""), ("{", "}"), (" ", " "), ("\\\"", "\\\"")]),
        behind in prop::sample::select(vec!["", ";", ";Initial Catalog=c;", "\" + @[User::x]", "\nnext"]),
    ) {
        let text = format!("{before}{key}={}{secret}{}{behind}", quotes.0, quotes.1);
        let (files, errors, shown) = reports_on("Load.dtsx", package_with(&text, place).into_bytes());
        prop_assert_eq!((files, errors), (1, 0));
        prop_assert!(!shown.contains(PLANTED), "{} in {}: {}", text, place, shown);
        prop_assert!(shown.contains("***"));
    }
}
