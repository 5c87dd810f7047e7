//! `dtsx set`: exactly the characters that are meant, in every format and encoding, and `dtsx undo` takes them back.

use std::fs;

use crate::command::Run;
use crate::get_set::Place;
use crate::support::{files_below, fixtures};

/// The file with one piece of text replaced, by the bytes of its encoding.
fn with_replaced(bytes: &[u8], old: &str, new: &str) -> Vec<u8> {
    let encode: fn(&str) -> Vec<u8> = match bytes {
        [0xFF, 0xFE, ..] | [b'<', 0, ..] => {
            |text| text.encode_utf16().flat_map(u16::to_le_bytes).collect()
        }
        [0xFE, 0xFF, ..] => |text| text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        _ => |text| text.as_bytes().to_vec(),
    };
    let (old, new) = (encode(old), encode(new));
    let places: Vec<_> = bytes
        .windows(old.len())
        .enumerate()
        .filter(|(_, window)| *window == old)
        .map(|(at, _)| at)
        .collect();
    assert_eq!(places.len(), 1, "one place in the file");
    let at = places[0];
    [&bytes[..at], &new, &bytes[at + old.len()..]].concat()
}

/// Sets, compares each file with what it should be, and undoes.
pub fn check(place: &Place, args: &[&str], changed: &[(&str, &str, &str)]) -> Run {
    let before = place.tree();
    let expected: Vec<_> = before
        .iter()
        .map(|(path, bytes)| {
            let mut bytes = bytes.clone();
            for (name, old, new) in changed {
                if *path == place.path(name) {
                    bytes = with_replaced(&bytes, old, new);
                }
            }
            (path.clone(), bytes)
        })
        .collect();

    // What would be done is shown, and not done.
    let run = place.dtsx(&[&["set"], args, &["--diff"]].concat());
    assert_eq!(run.code, 1, "{args:?}: {}", run.shown());
    assert!(place.tree() == before, "{args:?}: `--diff` wrote");
    let names: std::collections::BTreeSet<_> = changed.iter().map(|(name, ..)| *name).collect();
    for name in &names {
        assert!(
            run.out.contains(&format!("+++ {name}")),
            "{args:?}: {}",
            run.out
        );
    }
    assert_eq!(
        run.out.matches("\n+++ ").count(),
        names.len(),
        "{}",
        run.out
    );

    let journals = || {
        files_below(&place.state())
            .into_iter()
            .filter(|path| path.file_name().is_some_and(|name| name == "pack"))
            .count()
    };
    let run = place.set(args);
    let one = journals();
    for ((path, now), (_, expected)) in place.tree().iter().zip(&expected) {
        assert!(now == expected, "{args:?}: {}", path.display());
    }
    let again = place.set(args);
    assert!(
        again.out.contains("is so already"),
        "{args:?}: {}",
        again.out
    );
    assert_eq!(journals(), one, "{args:?}: another journal");

    let undone = place.dtsx(&["undo"]);
    assert_eq!(undone.code, 0, "{}", undone.shown());
    assert!(place.tree() == before, "{args:?}: undone");
    fs::remove_dir_all(place.state()).unwrap();
    run
}

const MESSAGE: &str = "\\Package\\Отправить.Properties[MessageSource]";

#[test]
fn in_every_encoding_and_with_every_line_end() {
    let place = Place::of("encodings");
    let mut files = 0;
    for file in files_below(&fixtures().join("encodings")) {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        if !name.ends_with(".dtsx") {
            continue;
        }
        let name = name.as_str();
        check(
            &place,
            &[
                name,
                "\\Package.Connections[Почта].Properties[SmtpServer]",
                "почта.example.com",
            ],
            &[(
                name,
                "SmtpServer=relay.example.com;",
                "SmtpServer=почта.example.com;",
            )],
        );
        check(
            &place,
            &[name, MESSAGE, "a & b\nс \"кавычками\" <😀>"],
            &[(
                name,
                "Доброе утро!&#xA;Загрузка завершена 😀",
                "a &amp; b&#xA;с &quot;кавычками&quot; &lt;😀&gt;",
            )],
        );
        check(
            &place,
            &[name, "\\Package.Variables[User::Текст].Value", "нет"],
            &[(name, &text_of_variable(&place.read(name)), ">нет<")],
        );
        files += 1;
    }
    assert!(files >= 12, "{files}");
}

/// The value of the one variable, between the brackets, with its line end as it is.
fn text_of_variable(bytes: &[u8]) -> String {
    for end in ["\n", "\r\n", "\r"] {
        let text = format!(">Загрузка завершена 😀{end}Строк: 0<");
        for encoded in [
            text.as_bytes().to_vec(),
            text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        ] {
            if bytes.windows(encoded.len()).any(|window| window == encoded) {
                return text;
            }
        }
    }
    panic!("the variable is not there");
}

#[test]
fn attributes_and_elements_come_and_go_as_ssis_writes_them() {
    let place = Place::of("formats");
    // Format 8: left out at the default, inserted in order, on a line of its own.
    let name = "2022.dtsx";
    let failed = r"\Package\Report.EventHandlers[OnError]\Report failed";
    let subject = "SendMailTask:Subject=\"The report did not go\"";
    let gap = "\r\n                  ";
    check(
        &place,
        &[
            name,
            &format!("{failed}.Properties[CCLine]"),
            "cc@example.com",
        ],
        &[(
            name,
            subject,
            &format!("SendMailTask:CC=\"cc@example.com\"{gap}{subject}"),
        )],
    );
    check(
        &place,
        &[name, &format!("{failed}.Properties[Priority]"), "1"],
        &[(
            name,
            subject,
            &format!("{subject}{gap}SendMailTask:Priority=\"High\""),
        )],
    );
    check(
        &place,
        &[name, r"\Package\Report.Properties[CCLine]", ""],
        &[(
            name,
            "SendMailTask:To=\"ops@example.com\"\r\n          SendMailTask:CC=\"audit@example.com\"\r\n          SendMailTask:Subject=\"Orders loaded: 0\"",
            "SendMailTask:To=\"ops@example.com\"\r\n          SendMailTask:Subject=\"Orders loaded: 0\"",
        )],
    );
    check(
        &place,
        &[name, r"\Package\Report.Properties[FileAttachments]", ""],
        &[(
            name,
            ">\r\n          <SendMailTask:Attachments\r\n            SendMailTask:FileName=\"C:\\Etl\\Out\\orders.csv|C:\\Etl\\Out\\rejected orders.csv\" />\r\n        </SendMailTask:SendMailTaskData>",
            " />",
        )],
    );
    check(
        &place,
        &[
            name,
            &format!("{failed}.Properties[FileAttachments]"),
            r"C:\a & b.txt",
        ],
        &[(
            name,
            "SendMailTask:Subject=\"The report did not go\"\r\n                  SendMailTask:MessageSource=\"See the log.\" xmlns:SendMailTask=\"www.microsoft.com/sqlserver/dts/tasks/sendmailtask\" />",
            "SendMailTask:Subject=\"The report did not go\"\r\n                  SendMailTask:MessageSource=\"See the log.\" xmlns:SendMailTask=\"www.microsoft.com/sqlserver/dts/tasks/sendmailtask\">\r\n                  <SendMailTask:Attachments\r\n                    SendMailTask:FileName=\"C:\\a &amp; b.txt\" />\r\n                </SendMailTask:SendMailTaskData>",
        )],
    );
    check(
        &place,
        &[
            name,
            r"\Package.Connections[Mail].Properties[Timeout]",
            "30",
        ],
        &[(
            name,
            "SmtpServer=relay.example.com;UseWindowsAuthentication=False;EnableSsl=False;",
            "SmtpServer=relay.example.com;UseWindowsAuthentication=False;EnableSsl=False;Timeout=30;",
        )],
    );
    check(
        &place,
        &[
            name,
            r"\Package.Connections[Orders].Properties[Initial Catalog]",
            "a;b",
        ],
        &[(
            name,
            "Data Source=SQL01;Initial Catalog=Orders;",
            "Data Source=SQL01;Initial Catalog=&quot;a;b&quot;;",
        )],
    );
    // Formats 2 and 3 have elements, and Booleans as numbers.
    for name in ["2005.dtsx", "2008.dtsx"] {
        let text = String::from_utf8(place.read(name)).unwrap();
        let mail = text.find("ObjectName\">Mail</DTS:Property>").unwrap();
        let delayed = text[..mail]
            .rfind("<DTS:Property DTS:Name=\"DelayValidation\">0<")
            .unwrap();
        let old = &text[delayed..mail + 20];
        check(
            &place,
            &[
                name,
                r"\Package.Connections[Mail].Properties[DelayValidation]",
                "true",
            ],
            &[(name, old, &old.replace(">0<", ">-1<"))],
        );
        check(
            &place,
            &[name, r"\Package\Report.Properties[Subject]", "new"],
            &[(name, " Subject=\"Orders loaded: 0\"", " Subject=\"new\"")].map(
                |(name, old, new)| {
                    (
                        name,
                        if text.contains(old) {
                            old
                        } else {
                            "SendMailTask:Subject=\"Orders loaded: 0\""
                        },
                        if text.contains(old) {
                            new
                        } else {
                            "SendMailTask:Subject=\"new\""
                        },
                    )
                },
            ),
        );
    }
}

#[test]
fn values_keep_their_types() {
    let place = Place::of("formats");
    let name = "2022.dtsx";
    let variable = |name: &str| format!("\\Package.Variables[User::{name}].Value");
    let has_rows =
        "DTS:ObjectName=\"HasRows\">\r\n      <DTS:VariableValue\r\n        DTS:DataType=\"11\">";
    check(
        &place,
        &[name, &variable("HasRows"), "true"],
        &[(name, &format!("{has_rows}0"), &format!("{has_rows}-1"))],
    );
    let count =
        "DTS:ObjectName=\"RowCount\">\r\n      <DTS:VariableValue\r\n        DTS:DataType=\"3\">";
    check(
        &place,
        &[name, &variable("RowCount"), "-17"],
        &[(name, &format!("{count}0<"), &format!("{count}-17<"))],
    );
    // An empty text is said to be one, and blanks are to be kept.
    for value in ["", "  "] {
        check(
            &place,
            &[name, &variable("Recipients"), value],
            &[(
                name,
                &{
                    let text = String::from_utf8(place.read(name)).unwrap();
                    let at = text.find("DTS:ObjectName=\"Recipients\">").unwrap();
                    let from = at + text[at..].find("DTS:DataType=\"8\">").unwrap();
                    let to = from + text[from..].find('<').unwrap();
                    text[at..to].to_owned()
                },
                &format!(
                    "DTS:ObjectName=\"Recipients\">\r\n      <DTS:VariableValue\r\n        DTS:DataType=\"8\" xml:space=\"preserve\">{value}"
                ),
            )],
        );
    }
    for (path, value, says) in [
        (
            variable("HasRows"),
            "maybe",
            "expected `True` or `False`, found `maybe`",
        ),
        (
            variable("RowCount"),
            "2147483648",
            "expected a whole number",
        ),
        (variable("RowCount"), "many", "expected a whole number"),
        (
            r"\Package.Parameters[MaxRows].Value".to_owned(),
            "1.5",
            "expected a whole number",
        ),
        (
            r"\Package.Connections[Mail].Properties[SmtpServer]".to_owned(),
            "a;b",
            "';'",
        ),
        (
            r"\Package.Connections[Mail].Properties[EnableSsl]".to_owned(),
            "yes",
            "`yes` is not `True` or `False`",
        ),
        (
            r"\Package.Connections[Mail].Properties[Timeout]".to_owned(),
            "-1",
            "whole number from 0",
        ),
        (
            r"\Package\Report.Properties[Priority]".to_owned(),
            "urgent",
            "`High`, `Normal` or `Low`",
        ),
        (
            r"\Package\Report.Properties[Subject]".to_owned(),
            "a\u{1}b",
            "U+0001",
        ),
        (
            r"\Package\Report.Properties[Subject]".to_owned(),
            "a\u{FFFF}b",
            "U+FFFF",
        ),
    ] {
        let before = place.tree();
        let run = place.dtsx(&["set", name, &path, value]);
        assert_eq!(run.code, 2, "{path}: {}", run.shown());
        assert!(run.err.contains(says), "{path}: {}", run.err);
        assert!(place.tree() == before);
    }
}

/// SSIS stores a line break as LF, whatever was typed.
#[test]
fn a_line_break_is_stored_as_ssis_stores_it() {
    let place = Place::of("formats");
    check(
        &place,
        &[
            "2022.dtsx",
            r"\Package\Report.Properties[Subject]",
            "one\r\ntwo",
        ],
        &[(
            "2022.dtsx",
            "SendMailTask:Subject=\"Orders loaded: 0\"",
            "SendMailTask:Subject=\"one&#xA;two\"",
        )],
    );
    place.set(&[
        "2022.dtsx",
        r"\Package.Variables[User::Unused].Value",
        "one\r\ntwo",
    ]);
    assert_eq!(
        place.get("2022.dtsx", r"\Package.Variables[User::Unused].Value")["value"],
        "one\ntwo"
    );
    let text = String::from_utf8(place.read("2022.dtsx")).unwrap();
    assert!(text.contains(">one\ntwo<"));
}

#[test]
fn what_is_so_already_is_not_spelled_anew() {
    let place = Place::of("formats");
    let before = place.tree();
    for (file, path, value) in [
        (
            "2008.dtsx",
            r"\Package.Connections[Mail].Properties[DelayValidation]",
            "False",
        ),
        (
            "2022.dtsx",
            r"\Package.Connections[Mail].Properties[EnableSsl]",
            "0",
        ),
        (
            "2022.dtsx",
            r"\Package.Variables[User::HasRows].Value",
            "false",
        ),
        ("2022.dtsx", r"\Package\Report.Properties[Priority]", "1"),
        ("2022.dtsx", r"\Package\Report.Properties[Disable]", "false"),
        (
            "2022.dtsx",
            r"\Package.Variables[User::RowCount].Value",
            "00",
        ),
        (
            "2022.dtsx",
            r"\Package.Connections[Mail].Properties[ConnectByProxy]",
            "False",
        ),
    ] {
        let run = place.set(&[file, path, value]);
        assert!(run.out.contains("is so already"), "{path}: {}", run.out);
        assert_eq!(
            place.dtsx(&["set", file, path, value, "--diff"]).code,
            0,
            "{path}"
        );
    }
    assert!(place.tree() == before && !place.state().exists());
}

#[test]
fn setting_one_server_is_one_line_out_and_one_in() {
    let place = Place::of("hand-migration");
    let name = "Load rates.dtsx";
    let text = String::from_utf8(place.read(name)).unwrap();
    assert!(text.lines().count() >= 700);
    let at = text.find("SmtpServer=").unwrap() + "SmtpServer=".len();
    let old = text[at..at + text[at..].find(';').unwrap()].to_owned();
    let manager = text[..at].rfind("DTS:ObjectName=\"").unwrap() + "DTS:ObjectName=\"".len();
    let manager = &text[manager..manager + text[manager..].find('"').unwrap()];
    let path = format!("\\Package.Connections[{manager}].Properties[SmtpServer]");
    let run = place.dtsx(&["set", name, &path, "relay.example.com", "--diff"]);
    let of = |sign: &str| -> Vec<&str> {
        let head = sign.repeat(3);
        run.out
            .lines()
            .filter(|line| line.starts_with(sign) && !line.starts_with(&head))
            .collect()
    };
    assert_eq!((of("-").len(), of("+").len()), (1, 1), "{}", run.out);
    assert!(of("-")[0].contains(&old) && of("+")[0].contains("relay.example.com"));
}
