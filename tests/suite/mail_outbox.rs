//! Messages as files: the numbers, the names, the envelopes, and that nothing is overwritten.

use std::cell::RefCell;
use std::io;
use std::path::Path;

use dtsx::mail::deliver::{Outbox, OutboxError};

use crate::mail_support::{bytes, composed, message};

fn create_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write;
    std::fs::File::create_new(path)?.write_all(bytes)
}

#[test]
fn a_message_and_its_envelope_lie_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    let mut outbox = Outbox::new(folder.path());
    let composed = composed(&message());
    let eml = bytes(&composed);
    for name in ["Send Mail Task", "..\\..\\Send/Mail: \u{202e}Task"] {
        outbox
            .write(name, &composed.envelope, &eml, &create_new)
            .unwrap();
    }
    let mut names: Vec<String> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "001-Send Mail Task.eml",
            "001-Send Mail Task.envelope.json",
            "002-.._.._Send_Mail_ _Task.eml",
            "002-.._.._Send_Mail_ _Task.envelope.json",
        ]
    );
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    assert_eq!(read("001-Send Mail Task.eml"), eml);
    let envelope: serde_json::Value =
        serde_json::from_slice(&read("001-Send Mail Task.envelope.json")).unwrap();
    // Bcc stands here, in the order of RCPT, and in no header.
    assert_eq!(
        envelope,
        serde_json::json!({
            "schema": "dtsx/envelope@1",
            "sender": "etl@corp.example",
            "recipients": ["ops@corp.example", "audit@corp.example", "lead@corp.example"],
        })
    );
}

#[test]
fn a_former_run_s_message_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("001-mail.eml");
    std::fs::write(&path, "former").unwrap();
    let composed = composed(&message());
    let error = Outbox::new(folder.path())
        .write("mail", &composed.envelope, b"new", &create_new)
        .unwrap_err();
    assert!(matches!(&error, OutboxError::Exists(there) if *there == path));
    assert!(
        error
            .to_string()
            .ends_with("is there already: give an empty folder")
    );
    assert_eq!(std::fs::read(&path).unwrap(), b"former");
}

#[test]
fn a_full_disk_names_the_file() {
    let asked = RefCell::new(Vec::new());
    let create = |path: &Path, _: &[u8]| {
        asked.borrow_mut().push(path.to_owned());
        Err(io::Error::from(io::ErrorKind::StorageFull))
    };
    let composed = composed(&message());
    let error = Outbox::new("out")
        .write("mail", &composed.envelope, b"new", &create)
        .unwrap_err();
    assert!(error.to_string().starts_with("`out"), "{error}");
    assert_eq!(*asked.borrow(), [Path::new("out").join("001-mail.eml")]);
}
