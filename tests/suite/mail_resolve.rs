//! From a task to what it would send: the sources of its text, what dtexec would refuse, and what is not known.

use std::collections::BTreeMap;
use std::path::Path;

use dtsx::mail::deliver::TlsMode;
use dtsx::mail::{PathMap, Route, TaskStatus};

use crate::mail_packages::{
    FILE, How, MAIL, OLE_DB, Written, captured, expression, manager, outcomes, planned, task,
    variable,
};
use crate::support::fixtures;
use mail_parser::MimeHeaders;

#[test]
fn a_message_of_each_source_type_is_captured_as_it_was_composed() {
    let folder = tempfile::tempdir().unwrap();
    let text = "Строк: 42\r\nВсё хорошо\r\n";
    std::fs::write(folder.path().join("text.txt"), format!("\u{feff}{text}")).unwrap();
    std::fs::write(folder.path().join("log.txt"), "one\ntwo\n").unwrap();
    let mut paths = PathMap::default();
    let here = folder.path().display();
    paths.add(&format!(r"C:\etl={here}")).unwrap();
    let how = How {
        paths,
        ..How::default()
    };
    let sources = [
        (
            "direct",
            "DirectInput",
            "rows: 42\nall is well",
            "rows: 42\r\nall is well\r\n",
        ),
        (
            "variable",
            "Variable",
            "User::Body",
            "from the sequence\r\n",
        ),
        ("file", "FileConnection", FILE, text),
    ];
    for (name, source_type, source, expected) in sources {
        let mut package = Written::new();
        package.managers = package
            .managers
            .replace("\"text.txt\"", "\"C:\\etl\\text.txt\"");
        // The nearest variable of the name counts.
        package.variables = variable("Body", 8, "", "from the package");
        let inner = task(
            "Notify",
            "",
            "",
            &[
                ("CC", "lead@corp.example"),
                ("BCC", "audit@corp.example"),
                ("Priority", "High"),
                ("MessageSourceType", source_type),
                ("MessageSource", source),
                ("Attachments", r"C:\etl\log.txt||"),
            ],
        );
        package.tasks = format!(
            "<DTS:Executable DTS:ExecutableType=\"STOCK:SEQUENCE\" DTS:ObjectName=\"Seq\"><DTS:Variables>{}\
             </DTS:Variables><DTS:Executables>{inner}</DTS:Executables></DTS:Executable>",
            variable("Body", 8, "", "from the sequence")
        );
        let outcome = captured(&package.save(folder.path()), &how);
        assert_eq!(outcome.status, TaskStatus::Captured, "{outcome:?}");
        assert_eq!(outcome.path, "\\Package\\Seq\\Notify");
        let captured = outcome.captured.unwrap();
        assert_eq!(
            captured.recipients,
            [
                "ops@corp.example",
                "audit@corp.example",
                "lead@corp.example"
            ]
        );
        let eml = captured.message.clone();
        assert_eq!(eml.matches('\n').count(), eml.matches("\r\n").count());
        insta::assert_snapshot!(format!("source_{name}"), eml.replace("\r\n", "\n"));

        let read = mail_parser::MessageParser::default()
            .parse(captured.message.as_bytes())
            .unwrap();
        assert_eq!(read.subject(), Some("load finished"));
        let from = read.from().unwrap().first().unwrap();
        assert_eq!(from.name.as_deref(), Some("Nightly"));
        assert_eq!(from.address.as_deref(), Some("etl@corp.example"));
        let first = |list: Option<&mail_parser::Address<'_>>| {
            list.unwrap()
                .first()
                .unwrap()
                .address
                .clone()
                .unwrap()
                .into_owned()
        };
        assert_eq!(first(read.to()), "ops@corp.example");
        assert_eq!(first(read.cc()), "lead@corp.example");
        assert!(read.bcc().is_none() && !eml.contains("audit@corp.example"));
        assert_eq!(read.header("Importance").unwrap().as_text(), Some("high"));
        // Behind the text of a multipart stands no line end of its own.
        let body = read.body_text(0).unwrap();
        assert_eq!(body.trim_end(), expected.trim_end());
        let attached = read.attachment(0).unwrap();
        assert_eq!(attached.contents(), b"one\ntwo\n");
    }
}

#[test]
fn what_dtexec_refuses_is_refused_with_its_code() {
    let sourced = |source_type: &str, source: &str| {
        task(
            "Notify",
            "",
            "",
            &[
                ("MessageSourceType", source_type),
                ("MessageSource", source),
            ],
        )
    };
    let field = |name: &str, value: &str| task("Notify", "", "", &[(name, value)]);
    let mut variables = Written::new();
    variables.variables = variable("Rows", 3, "", "42") + &variable("Body", 8, "", "text");
    let nobody = task("Notify", "", "", &[("To", " ;"), ("CC", ""), ("BCC", "")]);
    let no_string = "<DTS:ConnectionManager DTS:CreationName=\"SMTP\" DTS:DTSID=\"{0A000000-0000-0000-0000-000000000001}\" \
                     DTS:ObjectName=\"Mail\"><DTS:ObjectData><SmtpConnectionManager/></DTS:ObjectData>\
                     </DTS:ConnectionManager>";
    let bare = Written {
        managers: no_string.to_owned(),
        ..Written::default()
    };
    let no_data =
        "<DTS:Executable DTS:ExecutableType=\"Microsoft.SendMailTask\" DTS:ObjectName=\"Notify\"/>";
    let plain = task("Notify", "", "", &[]);
    let cases = [
        (
            Written::new().with(&nobody),
            "0xC00291C3",
            "no recipient: To, Cc and Bcc are empty",
        ),
        (
            Written::new().with(&field("SMTPServer", "")),
            "0xC00291C4",
            "the task names no SMTP connection manager",
        ),
        (
            Written::new()
                .smtp("SmtpServer=;EnableSsl=False;", "")
                .with(&plain),
            "0xC00291C4",
            "the SMTP connection manager `Mail` names no server",
        ),
        (
            Written::new().with(no_data),
            "0xC00291C5",
            "the task has no `SendMailTaskData`",
        ),
        (
            Written::new().with(&sourced("Carrier Pigeon", "coo")),
            "0xC00291C5",
            "`Carrier Pigeon` is no type of message source: `DirectInput`, `FileConnection` or `Variable` is",
        ),
        (
            Written::new().with(&field("Attachments", "no/such/file.txt")),
            "0xC00291CB",
            "attachment `no/such/file.txt`: ",
        ),
        (
            Written::new()
                .smtp("SmtpServer=relay.example;EnableSsl=perhaps;", "")
                .with(&plain),
            "0xC00291CD",
            "the SMTP connection manager `Mail`: connection string, byte ",
        ),
        (
            Written::new().with(&sourced("FileConnection", OLE_DB)),
            "0xC00291CE",
            "the text comes from the connection manager `Db`, which is of type OLEDB and not of type FILE",
        ),
        (
            Written::new().with(&sourced("FileConnection", "Text")),
            "0xC00291CF",
            "the text comes from the file `text.txt`: ",
        ),
        (
            Written::new().with(&sourced(
                "FileConnection",
                "{0A000000-0000-0000-0000-00000000DEAD}",
            )),
            "0xC00291D3",
            "the text comes from the connection manager `{0A000000-0000-0000-0000-00000000DEAD}`, which is not there",
        ),
        (
            variables.clone().with(&sourced("Variable", "User::Rows")),
            "0xC00291D0",
            "the text comes from the variable `User::Rows`, which is not of type String",
        ),
        (
            // Names have case.
            variables.with(&sourced("Variable", "User::body")),
            "0xC0014054",
            "the text comes from the variable `User::body`, which is not there",
        ),
        (
            Written::new().with(&field("SMTPServer", OLE_DB)),
            "0xC00291D1",
            "the connection manager `Db` is of type OLEDB and not of type SMTP",
        ),
        (
            bare.with(&plain),
            "0xC00291D2",
            "the SMTP connection manager `Mail` has no connection string",
        ),
        (
            Written::new().with(&field("SMTPServer", "Gone")),
            "0xC00291D3",
            "the SMTP connection manager `Gone` is not there",
        ),
        (
            Written::new().with(&field("From", "nightly")),
            "0xC002F304",
            "From: `nightly`: no address: it has no `@`",
        ),
        (
            Written::new().with(&field("Subject", "load\nBcc: all@corp.example")),
            "0xC002F304",
            "the subject `load\\nBcc: all@corp.example` holds a line break",
        ),
    ];
    for (package, code, reason) in cases {
        let outcome = planned(&package, &How::default());
        assert_eq!(outcome.status, TaskStatus::Failed, "{reason}");
        let told = outcome.reason.unwrap();
        assert!(told.starts_with(reason), "{told}");
        assert_eq!(outcome.code.unwrap().to_string(), code, "{told}");
    }
}

#[test]
fn a_value_under_an_expression_is_not_sent_as_it_is_stored() {
    let computed = expression("ToLine", "@[User::To]") + &expression("Subject", "\"x\"");
    let package = Written::new().with(&task("Notify", "", &computed, &[]));
    let skipped = planned(&package, &How::default());
    assert_eq!(skipped.status, TaskStatus::Skipped);
    let reason = skipped.reason.unwrap();
    assert!(
        reason.starts_with(
            "`\\Package\\Notify.Properties[ToLine]` is unknown: the expression fails: 0xC00470A6"
        ) && reason.contains("`--override '\\Package\\Notify.Properties[ToLine];VALUE'`")
            && !reason.contains("Properties[Subject]"),
        "{reason}"
    );
    let mut there = package.clone();
    there.variables = variable("To", 8, "", "real@corp.example");
    let outcome = planned(&there, &How::default());
    assert_eq!(outcome.status, TaskStatus::Planned, "{outcome:?}");
    let message = outcome.message.unwrap();
    assert_eq!(
        (message.to, message.subject),
        (vec!["real@corp.example".to_owned()], "x".to_owned())
    );

    let stored = How {
        stored_values: true,
        ..How::default()
    };
    let outcome = planned(&package, &stored);
    assert_eq!(outcome.status, TaskStatus::Planned);
    assert_eq!(outcome.message.unwrap().to, ["ops@corp.example"]);

    let given = How::overriding(&[
        "\\Package\\Notify.Properties[ToLine];a@corp.example;b@corp.example",
        "\\package\\notify.properties[subject];given",
    ]);
    let outcome = planned(&package, &given);
    assert_eq!(outcome.status, TaskStatus::Planned);
    let message = outcome.message.unwrap();
    assert_eq!(message.to, ["a@corp.example", "b@corp.example"]);
    assert_eq!(message.subject, "given");
    assert_eq!(
        outcome.overridden,
        [
            "\\Package\\Notify.Properties[ToLine]",
            "\\Package\\Notify.Properties[Subject]"
        ]
    );
}

#[test]
fn so_is_one_of_the_connection_manager_unless_it_is_given() {
    let computed = expression("SmtpServer", "@[User::Host]");
    let string = "SmtpServer=stale.example;UseWindowsAuthentication=False;EnableSsl=True;";
    let package = Written::new()
        .smtp(string, &computed)
        .with(&task("Notify", "", "", &[]));
    let skipped = planned(&package, &How::default());
    assert_eq!(skipped.status, TaskStatus::Skipped);
    let reason = skipped.reason.unwrap();
    assert!(
        reason.starts_with("`\\Package.Connections[Mail].Properties[SmtpServer]` is unknown"),
        "{reason}"
    );
    let mut elsewhere = How::default();
    elsewhere.choice.host = Some("given.example".to_owned());
    let outcome = planned(&package, &elsewhere);
    assert_eq!(outcome.status, TaskStatus::Planned);
    assert_eq!(outcome.server.as_deref(), Some("given.example:25"));
    assert_eq!(outcome.tls, Some(TlsMode::StartTls));

    let given =
        How::overriding(&["\\Package.Connections[Mail].Properties[SmtpServer];own.example"]);
    assert_eq!(
        planned(&package, &given).server.as_deref(),
        Some("own.example:25")
    );

    // The whole string is computed: every part of it that counts must be given.
    let package = Written::new()
        .smtp(string, &expression("ConnectionString", "@[User::Smtp]"))
        .with(&task("Notify", "", "", &[]));
    let outcome = planned(&package, &elsewhere);
    assert_eq!(outcome.status, TaskStatus::Skipped, "{outcome:?}");
    let whole = How::overriding(&[
        "\\Package.Connections[Mail].Properties[ConnectionString];SmtpServer=own.example;EnableSsl=False;Timeout=20;",
    ]);
    let outcome = planned(&package, &whole);
    assert_eq!(outcome.server.as_deref(), Some("own.example:25"));
    assert_eq!(outcome.tls, Some(TlsMode::None));
    assert_eq!(
        outcome.notes,
        ["`Timeout` is 20, taken as milliseconds: `--timeout` gives more"]
    );
    // Nothing of it counts where no server of the package is spoken to.
    let folder = tempfile::tempdir().unwrap();
    let outcome = captured(&package.save(folder.path()), &How::default());
    assert_eq!(outcome.status, TaskStatus::Captured, "{outcome:?}");
}

#[test]
fn a_message_comes_from_what_a_variable_computes_and_not_from_what_is_not_known() {
    let from = |name: &str| {
        task(
            "Notify",
            "",
            "",
            &[("MessageSourceType", "Variable"), ("MessageSource", name)],
        )
    };
    let mut package = Written::new();
    let more = "DTS:EvaluateAsExpression=\"True\" DTS:Expression=\"&quot;x&quot;\"";
    package.variables = variable("Body", 8, more, "stale");
    let computed = package.clone().with(&from("User::Body"));
    // What the variable computes is the text, and not what is stored.
    assert_eq!(
        planned(&computed, &How::default()).status,
        TaskStatus::Planned
    );
    let given = How::overriding(&["\\Package.Variables[User::Body].Value;given"]);
    let outcome = planned(&computed, &given);
    assert_eq!(outcome.status, TaskStatus::Planned);
    assert_eq!(
        outcome.overridden,
        ["\\Package.Variables[User::Body].Properties[Value]"]
    );

    let system = package.clone().with(&from("System::MachineName"));
    let outcome = planned(&system, &How::default());
    assert_eq!(outcome.status, TaskStatus::Skipped);
    let reason = outcome.reason.unwrap();
    assert!(
        reason.starts_with("`System::MachineName` is unknown: `System::MachineName` is known only when the package runs"),
        "{reason}"
    );
    // In the control flow there is no error, and no variable that describes one.
    let handlers = package.with(&from("System::ErrorDescription"));
    let outcome = planned(&handlers, &How::default());
    assert_eq!(outcome.status, TaskStatus::Failed);
    assert!(outcome.reason.unwrap().contains("which is not there"));
}

#[test]
fn what_would_not_run_in_ssis_does_not_run_here() {
    let disabled = "DTS:Disabled=\"True\"";
    let status = |package: &Written, how: &How| {
        let outcome = planned(package, how);
        (outcome.status, outcome.reason.unwrap_or_default())
    };
    let own = Written::new().with(&task("Notify", disabled, "", &[]));
    assert_eq!(
        status(&own, &How::default()),
        (TaskStatus::Idle, "the task is disabled".to_owned())
    );
    let enabled = How::overriding(&["\\Package\\Notify.Properties[Disable];False"]);
    assert_eq!(status(&own, &enabled).0, TaskStatus::Planned);

    let around = Written::new().with(&format!(
        "<DTS:Executable DTS:ExecutableType=\"STOCK:SEQUENCE\" DTS:ObjectName=\"Seq\" {disabled}><DTS:Executables>{}\
         </DTS:Executables></DTS:Executable>",
        task("Notify", "", "", &[])
    ));
    assert_eq!(
        status(&around, &How::default()),
        (
            TaskStatus::Idle,
            "`\\Package\\Seq` around it is disabled".to_owned()
        )
    );

    let computed = Written::new().with(&task(
        "Notify",
        "",
        &expression("Disable", "@[User::Quiet]"),
        &[],
    ));
    assert_eq!(status(&computed, &How::default()).0, TaskStatus::Skipped);

    let mut handler = Written::new();
    handler.handlers = format!(
        "<DTS:EventHandler DTS:EventName=\"OnError\" DTS:CreationName=\"OnError\"><DTS:Executables>{}\
         </DTS:Executables></DTS:EventHandler>",
        task("Notify", "", "", &[])
    );
    assert_eq!(
        status(&handler, &How::default()),
        (
            TaskStatus::Idle,
            "it runs when OnError is raised: `--task` takes it".to_owned()
        )
    );
    let named = How {
        event_handlers: true,
        ..How::default()
    };
    assert_eq!(status(&handler, &named).0, TaskStatus::Planned);
}

#[test]
fn a_manager_of_the_project_is_found_and_its_values_can_be_given() {
    let folder = tempfile::tempdir().unwrap();
    let conmgr = manager(
        MAIL,
        "Mail",
        "SMTP",
        "SmtpServer=localhost;EnableSsl=True;",
        "",
    )
    .replacen(
        "<DTS:ConnectionManager ",
        "<?xml version=\"1.0\"?>\n<DTS:ConnectionManager xmlns:DTS=\"www.microsoft.com/SqlServer/Dts\" ",
        1,
    );
    std::fs::write(folder.path().join("Mail.conmgr"), conmgr).unwrap();
    let package = Written::default().with(&task("Notify", "", "", &[]));
    let path = package.save(folder.path());
    let outcome = outcomes(&path, &How::default(), Route::DryRun).remove(0);
    assert_eq!(outcome.status, TaskStatus::Planned, "{outcome:?}");
    assert_eq!(outcome.server.as_deref(), Some("localhost:25"));
    assert!(outcome.notes[0].contains("`localhost` is this machine"));
    // Real delivery does not go there.
    let outcome = outcomes(&path, &How::default(), Route::Server).remove(0);
    assert_eq!(outcome.status, TaskStatus::Failed);
    assert!(outcome.reason.unwrap().contains("`--allow-local-server`"));

    let how =
        How::overriding(&["\\Project.Connections[mail].Properties[SmtpServer];relay.example"]);
    let outcome = outcomes(&path, &how, Route::DryRun).remove(0);
    assert_eq!(outcome.server.as_deref(), Some("relay.example:25"));
    assert_eq!(
        outcome.overridden,
        ["\\Project.Connections[Mail].Properties[SmtpServer]"]
    );
}

/// The attributes of the one Send Mail task of a file, as another XML reader finds them.
fn attributes(path: &Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(path).unwrap();
    let document = roxmltree::Document::parse(text.trim_start_matches('\u{feff}')).unwrap();
    document
        .descendants()
        .filter(|node| node.tag_name().namespace() == Some(dtsx::package::SEND_MAIL))
        .flat_map(|node| {
            node.attributes()
                .map(|it| (it.name().to_owned(), it.value().to_owned()))
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn the_mail_of_the_fixtures_is_what_another_reader_finds_in_them() {
    let sources = fixtures().join("sources");
    let mut paths = PathMap::default();
    let files = sources.join("files");
    paths.add(&format!(r"C:\Mail={}", files.display())).unwrap();
    let how = How {
        paths,
        ..How::default()
    };
    for (name, text) in [
        ("direct-input", None),
        (
            "variable",
            Some("Text of a variable:\r\n<b>not markup</b>\r\ngrüße"),
        ),
        (
            "file-connection",
            Some("Text of a file.\r\nIts second line: grüße.\r\n"),
        ),
    ] {
        let path = sources.join(name).with_extension("dtsx");
        let outcome = captured(&path, &how);
        assert_eq!(outcome.status, TaskStatus::Captured, "{outcome:?}");
        let stored = attributes(&path);
        let captured = outcome.captured.unwrap();
        let read = mail_parser::MessageParser::default()
            .parse(captured.message.as_bytes())
            .unwrap();
        assert_eq!(read.subject().unwrap(), stored["Subject"]);
        let to: Vec<String> = read
            .to()
            .unwrap()
            .iter()
            .map(|it| it.address.clone().unwrap().into_owned())
            .collect();
        let expected: Vec<&str> = stored["To"]
            .split(';')
            .map(str::trim)
            .filter(|it| !it.is_empty())
            .collect();
        assert_eq!(to, expected);
        let expected = match text {
            Some(text) => text.to_owned(),
            None => stored["MessageSource"]
                .replace("\r\n", "\n")
                .replace('\n', "\r\n"),
        };
        assert_eq!(read.body_text(0).unwrap(), expected);
        let names = stored.get("FileName").map_or("", String::as_str).split('|');
        for (part, stored) in read.attachments().zip(names.filter(|it| !it.is_empty())) {
            let name = stored.rsplit('\\').next().unwrap();
            assert_eq!(part.attachment_name(), Some(name));
            assert_eq!(part.contents(), std::fs::read(files.join(name)).unwrap());
        }
    }
}
