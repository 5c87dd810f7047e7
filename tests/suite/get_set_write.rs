//! `dtsx set`: exactly the characters that are meant, in every format and encoding, and `dtsx undo` takes them back.

use std::fs;

use crate::get_set::{Place, Run};
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
fn check(place: &Place, args: &[&str], changed: &[(&str, &str, &str)]) -> Run {
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
fn the_copies_in_the_project_file_follow() {
    let place = Place::of("project");
    let copy = |name: &str, value: &str| {
        let head = format!("<SSIS:Parameter SSIS:Name=\"{name}\">");
        let text = String::from_utf8(place.read("Etl.dtproj")).unwrap();
        let at = text.find(&head).unwrap();
        let end =
            at + text[at..].find("SSIS:Name=\"Value\">").unwrap() + "SSIS:Name=\"Value\">".len();
        let close = end + text[end..].find('<').unwrap();
        (
            text[at..close].to_owned(),
            format!("{}{value}", &text[at..end]),
        )
    };
    let string = |server: &str, ssl: &str| {
        format!("SmtpServer={server};UseWindowsAuthentication=False;EnableSsl={ssl};")
    };
    let server = copy("CM.Mail.SmtpServer", "new.example.com");
    let whole = copy(
        "CM.Mail.ConnectionString",
        &string("new.example.com", "False"),
    );
    let conmgr = (
        "Mail.conmgr",
        "SmtpServer=relay.example.com;",
        "SmtpServer=new.example.com;",
    );
    for file in ["Mail.conmgr", "Nightly.dtsx", "Etl.dtproj"] {
        check(
            &place,
            &[
                file,
                r"\Project.Connections[Mail].Properties[SmtpServer]",
                "new.example.com",
            ],
            &[
                conmgr,
                ("Etl.dtproj", &whole.0, &whole.1),
                ("Etl.dtproj", &server.0, &server.1),
            ],
        );
    }
    // Booleans are in lower case there.
    let ssl = copy("CM.Mail.EnableSsl", "true");
    let whole = copy(
        "CM.Mail.ConnectionString",
        &string("relay.example.com", "True"),
    );
    check(
        &place,
        &[
            "Mail.conmgr",
            r"\Project.Connections[Mail].Properties[EnableSsl]",
            "True",
        ],
        &[
            ("Mail.conmgr", "EnableSsl=False", "EnableSsl=True"),
            ("Etl.dtproj", &whole.0, &whole.1),
            ("Etl.dtproj", &ssl.0, &ssl.1),
        ],
    );
    let proxy = copy("CM.Mail.ConnectByProxy", "true");
    check(
        &place,
        &[
            "Mail.conmgr",
            r"\Project.Connections[Mail].Properties[ConnectByProxy]",
            "True",
        ],
        &[
            (
                "Mail.conmgr",
                "ConnectByProxy=\"False\"",
                "ConnectByProxy=\"True\"",
            ),
            ("Etl.dtproj", &proxy.0, &proxy.1),
        ],
    );
    // A new connection string is a new value of each of its parts.
    let new = string("both.example.com", "True");
    let whole = copy("CM.Mail.ConnectionString", &new);
    let server = copy("CM.Mail.SmtpServer", "both.example.com");
    check(
        &place,
        &[
            "Mail.conmgr",
            r"\Project.Connections[Mail].Properties[ConnectionString]",
            &new,
        ],
        &[
            ("Mail.conmgr", &string("relay.example.com", "False"), &new),
            ("Etl.dtproj", &whole.0, &whole.1),
            ("Etl.dtproj", &server.0, &server.1),
            ("Etl.dtproj", &ssl.0, &ssl.1),
        ],
    );
    // Other managers too, by the keys of their connection strings.
    let server = copy("CM.Warehouse.ServerName", "SQL09");
    let whole = copy(
        "CM.Warehouse.ConnectionString",
        "Data Source=SQL09;Initial Catalog=Warehouse;Provider=SQLNCLI11.1;Integrated Security=SSPI;Auto Translate=False;",
    );
    check(
        &place,
        &[
            "Warehouse.conmgr",
            r"\Project.Connections[Warehouse].Properties[Data Source]",
            "SQL09",
        ],
        &[
            ("Warehouse.conmgr", "Data Source=SQL02", "Data Source=SQL09"),
            ("Etl.dtproj", &whole.0, &whole.1),
            ("Etl.dtproj", &server.0, &server.1),
        ],
    );
    // And the parameters of packages.
    let recipients = copy("Recipients", "x@example.com");
    check(
        &place,
        &[
            "Weekly.dtsx",
            r"\Package.Parameters[Recipients].Value",
            "x@example.com",
        ],
        &[
            ("Weekly.dtsx", ">boss@example.com<", ">x@example.com<"),
            ("Etl.dtproj", &recipients.0, &recipients.1),
        ],
    );
}

#[test]
fn a_property_under_an_expression_has_no_copy() {
    let place = Place::of("project");
    let before = place.tree();
    let path = r"\Project.Connections[Mail].Properties[SmtpServer]";
    let project = |place: &Place| String::from_utf8(place.read("Etl.dtproj")).unwrap();
    place.set(&[
        "Mail.conmgr",
        path,
        "@[$Project::Environment]",
        "--expression",
    ]);
    let conmgr = String::from_utf8(place.read("Mail.conmgr")).unwrap();
    assert!(conmgr.contains(
        "\r\n  <DTS:PropertyExpression\r\n    DTS:Name=\"SmtpServer\">@[$Project::Environment]</DTS:PropertyExpression>\r\n  <DTS:ObjectData>"
    ));
    assert!(
        !project(&place).contains("CM.Mail.SmtpServer")
            && project(&place).contains("CM.Mail.EnableSsl")
    );

    // The stored value can still be changed, and is not what counts.
    let run = place.set(&["Mail.conmgr", path, "stored.example.com"]);
    assert!(
        run.err.contains("warning: the stored value is not used when the package runs: the expression `@[$Project::Environment]` computes it"),
        "{}",
        run.err
    );
    assert!(project(&place).contains("Value\">SmtpServer=stored.example.com;"));
    assert!(!project(&place).contains("CM.Mail.SmtpServer"));

    // Without the expression the copy is there again, where it had been.
    place.set(&["Mail.conmgr", path, "", "--expression"]);
    assert_eq!(
        place.get("Mail.conmgr", r"\Project.Copies[CM.Mail.SmtpServer]")["value"],
        "stored.example.com"
    );
    place.set(&["Mail.conmgr", path, "relay.example.com"]);
    assert!(
        place.tree() == before,
        "all of it by setting the old values"
    );

    // The expression is of the whole string: each part loses.
    let whole = r"\Project.Connections[Mail].Properties[ConnectionString]";
    place.set(&[
        "Mail.conmgr",
        whole,
        "@[$Project::Environment]",
        "--expression",
    ]);
    let run = place.set(&["Mail.conmgr", path, "stored.example.com"]);
    assert!(
        run.err.contains("is not used when the package runs"),
        "{}",
        run.err
    );
    // Journals are undone the newest first.
    for _ in 0..2 {
        assert_eq!(place.dtsx(&["undo"]).code, 0);
    }
}

#[test]
fn expressions_of_variables_and_what_has_none() {
    let place = Place::of("formats");
    for name in ["2005.dtsx", "2008.dtsx", "2012.dtsx", "2022.dtsx"] {
        let before = place.read(name);
        let value = r"\Package.Variables[User::Body].Value";
        place.set(&[name, value, "\"a\" + @[User::Recipients]", "--expression"]);
        let report = place.get(name, value);
        assert_eq!(
            report["not_used_because"], "the expression `\"a\" + @[User::Recipients]` computes it",
            "{name}"
        );
        let run = place.set(&[name, value, "x"]);
        assert!(
            run.err.contains("is not used when the package runs"),
            "{name}: {}",
            run.err
        );
        place.set(&[name, value, "Orders were loaded.\nRows: 0\tFiles: 0"]);
        place.set(&[name, value, "", "--expression"]);
        // CR LF inside of the value, which format 2 and 8 have, is LF now.
        let lf = |bytes: &[u8]| {
            String::from_utf8(bytes.to_vec())
                .unwrap()
                .replace("\r\n", "\n")
        };
        assert_eq!(lf(&place.read(name)), lf(&before), "{name}");
        place.set(&[
            name,
            r"\Package\Report.Properties[Subject]",
            "",
            "--expression",
        ]);
        assert!(place.get(name, r"\Package\Report.Properties[Subject]")["expression"].is_null());
    }
    for (path, says) in [
        (
            r"\Package.Parameters[MaxRows].Value",
            "a parameter is not computed by an expression",
        ),
        (
            r"\Package\Report.Properties[Sbject]",
            "did you mean `Subject`?",
        ),
        (r"\Package\Report", "it is an object"),
    ] {
        let run = place.dtsx(&["set", "2022.dtsx", path, "1", "--expression"]);
        assert_eq!(run.code, 2, "{path}");
        assert!(run.err.contains(says), "{path}: {}", run.err);
    }
}

#[test]
fn the_winner_is_named_when_a_stored_value_is_set() {
    let place = Place::of("configurations");
    let run = place.set(&[
        "Load.dtsx",
        r"\Package.Connections[Mail].Properties[SmtpServer]",
        "x",
    ]);
    assert!(
        run.err
            .contains("the configuration `Server` sets it from the XML file `Load.dtsConfig`"),
        "{}",
        run.err
    );
    let whole = "SmtpServer=y;UseWindowsAuthentication=False;EnableSsl=False;";
    let run = place.dtsx(&[
        "set",
        "Load.dtsx",
        r"\Package.Connections[Mail].Properties[ConnectionString]",
        whole,
        "--format",
        "json",
    ]);
    let warnings = run.json()["warnings"].to_string();
    assert!(
        warnings.contains("`SmtpServer` of the stored value is not used"),
        "{warnings}"
    );
    assert!(
        warnings.contains("`EnableSsl` of the stored value is not used"),
        "{warnings}"
    );
    assert_eq!(run.json()["written"], true);

    // What the configuration holds is what to set.
    let path = r"\Configuration[\Package.Connections[Mail].Properties[SmtpServer]]";
    check(
        &place,
        &["Load.dtsx", path, "conf.example.com"],
        &[(
            "Load.dtsConfig",
            ">relay.example.com<",
            ">conf.example.com<",
        )],
    );
    check(
        &place,
        &[
            "Load.dtsConfig",
            r"\Configuration[\Package.Connections[Mail].Properties[EnableSsl]]",
            "False",
        ],
        &[(
            "Load.dtsConfig",
            "<ConfiguredValue>1<",
            "<ConfiguredValue>0<",
        )],
    );

    let place = Place::of("project");
    let run = place.set(&[
        "Nightly.dtsx",
        r"\Project.Parameters[Environment].Value",
        "Production",
    ]);
    assert!(
        run.err.contains(
            "a build of the configuration `Development` gives the parameter another value"
        ),
        "{}",
        run.err
    );
    assert!(
        !run.err.contains("`Release`"),
        "that one says the same: {}",
        run.err
    );
    let run = place.set(&[
        "Notify.dtsxp",
        r"\PackagePart.Connections[SMTP].Properties[SmtpServer]",
        "x",
    ]);
    assert!(
        run.err
            .contains("the packages that use this package part hold copies of it"),
        "{}",
        run.err
    );
}

#[test]
fn a_new_name_says_what_keeps_the_old_one() {
    let place = Place::of("project");
    let run = place.set(&[
        "Mail.conmgr",
        r"\Project.Connections[Mail].Properties[Name]",
        "Post",
    ]);
    assert!(
        run.err
            .contains("Etl.dtproj keeps 5 copies named `CM.Mail.…`"),
        "{}",
        run.err
    );
    assert!(run.err.contains("keep the old name"), "{}", run.err);
    assert_eq!(
        place.get(
            "Mail.conmgr",
            r"\Project.Connections[Post].Properties[Name]"
        )["value"],
        "Post"
    );
}

#[test]
fn an_archive_changes_its_member_and_its_manifest_together() {
    let place = Place::of("ispac");
    let before = place.read("Etl.ispac");
    let path = r"\Project.Connections[Mail].Properties[SmtpServer]";
    let run = place.dtsx(&[
        "set",
        "Etl.ispac!Mail.conmgr",
        path,
        "new.example.com",
        "--diff",
    ]);
    assert_eq!(run.code, 1);
    assert!(
        run.out.contains("+++ Etl.ispac!Mail.conmgr")
            && run.out.contains("+++ Etl.ispac!@Project.manifest"),
        "{}",
        run.out
    );
    assert!(place.read("Etl.ispac") == before);

    place.set(&[
        "Etl.ispac",
        "--package",
        "Nightly load",
        path,
        "new.example.com",
    ]);
    assert!(place.read("Etl.ispac") != before);
    for copied in [path, r"\Project.Copies[CM.Mail.SmtpServer]"] {
        assert_eq!(
            place.get("Etl.ispac!Überblick.dtsx", copied)["value"],
            "new.example.com"
        );
    }
    let string = &place.get(
        "Etl.ispac!Überblick.dtsx",
        r"\Project.Copies[CM.Mail.ConnectionString]",
    )["value"];
    assert_eq!(
        string,
        "SmtpServer=new.example.com;UseWindowsAuthentication=False;EnableSsl=False;"
    );

    // Nothing to change: not even the time of the archive.
    let written = fs::metadata(place.path("Etl.ispac"))
        .unwrap()
        .modified()
        .unwrap();
    let run = place.set(&["Etl.ispac!Mail.conmgr", path, "new.example.com"]);
    assert!(run.out.contains("is so already"), "{}", run.out);
    assert_eq!(
        fs::metadata(place.path("Etl.ispac"))
            .unwrap()
            .modified()
            .unwrap(),
        written
    );
    assert_eq!(place.dtsx(&["undo"]).code, 0);
    assert!(place.read("Etl.ispac") == before);
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
