//! Messages as files: the numbers, the names, the envelopes, and that nothing is overwritten.

use std::io::{self, Read};

use dtsx::host::RealFiles;
use dtsx::mail::deliver::{Outbox, OutboxError};

use crate::mail_support::{bytes, composed, message};

#[test]
fn a_message_and_its_envelope_lie_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    let mut outbox = Outbox::new(folder.path());
    let composed = composed(&message());
    let eml = bytes(&composed);
    for name in ["Send Mail Task", "..\\..\\Send/Mail: \u{202e}Task"] {
        outbox
            .write(name, &composed.envelope, &mut eml.as_slice(), &RealFiles)
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
        .write("mail", &composed.envelope, &mut &b"new"[..], &RealFiles)
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
fn a_message_that_breaks_off_leaves_nothing() {
    struct Breaking;
    impl Read for Breaking {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the attachment is gone"))
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let composed = composed(&message());
    let mut broken = (&b"begun"[..]).chain(Breaking);
    let error = Outbox::new(folder.path())
        .write("mail", &composed.envelope, &mut broken, &RealFiles)
        .unwrap_err();
    assert!(matches!(&error, OutboxError::Source(_)));
    assert_eq!(error.to_string(), "the attachment is gone");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let composed = composed(&message());
    let error = Outbox::new(file.join("box"))
        .write("mail", &composed.envelope, &mut &b"new"[..], &RealFiles)
        .unwrap_err();
    assert!(
        error.to_string().contains("box` could not be written: "),
        "{error}"
    );
}
