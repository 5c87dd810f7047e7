//! `dtsx set` and what hangs on a value: copies in project files, expressions, configurations, names.

use std::fs;

use crate::get_set::Place;
use crate::get_set_write::check;

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
