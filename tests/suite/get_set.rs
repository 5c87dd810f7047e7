//! `dtsx get`: the stored value, its place, what wins over it, and what is never shown.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::command::{Run, command, dtsx, finish};
use crate::support::{files_below, fixtures};

/// A copy of fixtures, with room for journals.
pub struct Place(TempDir);

impl Place {
    /// A copy of one folder of the fixtures.
    pub fn of(folder: &str) -> Place {
        let place = Place(TempDir::new().unwrap());
        let from = fixtures().join(folder);
        for file in files_below(&from) {
            let to = place.path(file.strip_prefix(&from).unwrap().to_str().unwrap());
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::write(&to, fs::read(&file).unwrap()).unwrap();
        }
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join("tree").join(name)
    }

    pub fn state(&self) -> PathBuf {
        self.0.path().join("state")
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub fn put(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    /// Runs the command in the tree.
    pub fn dtsx(&self, args: &[&str]) -> Run {
        self.dtsx_with(args, &[])
    }

    /// Runs the command in the tree with environment variables.
    pub fn dtsx_with(&self, args: &[&str], variables: &[(&str, &str)]) -> Run {
        finish(self.command(args).envs(variables.iter().copied()), None)
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = command(&self.path(""));
        command
            .env("XDG_STATE_HOME", self.state())
            .env("LOCALAPPDATA", self.state())
            .args(args);
        command
    }

    pub fn get(&self, file: &str, path: &str) -> Value {
        let run = self.dtsx(&["get", file, path, "--format", "json"]);
        assert_eq!(run.code, 0, "{file} {path}: {}", run.err);
        run.json()
    }

    /// A `set` that must succeed.
    pub fn set(&self, args: &[&str]) -> Run {
        let run = self.dtsx(&[&["set"], args].concat());
        assert_eq!(run.code, 0, "{args:?}: {}", run.shown());
        run
    }

    /// The tree, name by name.
    pub fn tree(&self) -> Vec<(PathBuf, Vec<u8>)> {
        files_below(&self.path(""))
            .into_iter()
            .map(|path| (path.clone(), fs::read(path).unwrap()))
            .collect()
    }
}

fn get(file: &str, path: &str) -> Value {
    let run = dtsx(["get", file, path, "--format", "json"]);
    assert_eq!(run.code, 0, "{file} {path}: {}", run.err);
    run.json()
}

/// The bytes of the file that a report's span names, as text.
fn at_span(bytes: &[u8], report: &Value) -> String {
    let at = |name: &str| usize::try_from(report["span"][name].as_u64().unwrap()).unwrap();
    let piece = &bytes[at("start")..at("end")];
    let unit = |pair: &[u8]| u16::from_le_bytes([pair[0], pair[1]]);
    let swapped = |pair: &[u8]| u16::from_be_bytes([pair[0], pair[1]]);
    // Independent of the reader: the first bytes of a document are `<` and what follows, with or without a mark.
    match bytes {
        [0xFF, 0xFE, ..] | [b'<', 0, ..] => {
            String::from_utf16(&piece.chunks(2).map(unit).collect::<Vec<_>>()).unwrap()
        }
        [0xFE, 0xFF, ..] => {
            String::from_utf16(&piece.chunks(2).map(swapped).collect::<Vec<_>>()).unwrap()
        }
        _ => String::from_utf8(piece.to_vec()).unwrap(),
    }
}

#[test]
fn the_value_of_every_kind_of_place_in_every_format() {
    let formats = ["2005", "2008", "2012", "2022"].map(|year| format!("formats/{year}.dtsx"));
    let everywhere = [
        (
            r"\Package.Connections[Mail].Properties[SmtpServer]",
            "relay.example.com",
            "relay.example.com",
        ),
        (
            r"\package.connections[mail].properties[enablessl]",
            "False",
            "False",
        ),
        (
            r"\Package.Connections[Alerts].Properties[Description]",
            "Pager & operators",
            "Pager &amp; operators",
        ),
        (
            r"\Package.Connections[Orders].Properties[Initial Catalog]",
            "Orders",
            "Orders",
        ),
        (
            r"\Package\Report.Properties[FromLine]",
            "Orders <etl@example.com>",
            "Orders &lt;etl@example.com&gt;",
        ),
        (r"\Package\Report.Properties[Priority]", "High", "High"),
        (
            r"\Package\Report.Properties[FileAttachments]",
            r"C:\Etl\Out\orders.csv|C:\Etl\Out\rejected orders.csv",
            r"C:\Etl\Out\orders.csv|C:\Etl\Out\rejected orders.csv",
        ),
        (
            r"\Package\Report.EventHandlers[OnError]\Report failed.Properties[Subject]",
            "The report did not go",
            "The report did not go",
        ),
        (r"\Package.Variables[User::HasRows].Value", "0", "0"),
        (
            r"\Package.Variables[User::Recipients].Properties[Name]",
            "Recipients",
            "Recipients",
        ),
    ];
    for file in &formats {
        let bytes = fs::read(fixtures().join(file)).unwrap();
        for (path, value, raw) in everywhere {
            let report = get(file, path);
            assert_eq!(report["value"], value, "{file} {path}");
            assert_eq!(report["is_default"], false, "{file} {path}");
            assert_eq!(at_span(&bytes, &report), raw, "{file} {path}");
        }
        // What is not written is the default.
        let report = get(file, r"\Package\Report.Properties[MessageSourceType]");
        assert_eq!(report["value"], "DirectInput", "{file}");
        let is_left_out = file.contains("2012") || file.contains("2022");
        assert_eq!(report["is_default"], is_left_out, "{file}");
        assert_eq!(report["span"].is_null(), is_left_out, "{file}");
    }
    let newest = &formats[3];
    for path in [
        r"\Package.Parameters[MaxRows].Value",
        r"\Package.Variables[$Package::MaxRows].Properties[Value]",
    ] {
        assert_eq!(get(newest, path)["value"], "1000000");
    }
}

#[test]
fn places_are_bytes_of_the_file_as_it_is_stored() {
    let path = "\\Package\\Отправить.Properties[MessageSource]";
    let mut encodings = 0;
    for file in files_below(&fixtures().join("encodings")) {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        if !name.ends_with(".dtsx") {
            continue;
        }
        let report = get(&format!("encodings/{name}"), path);
        assert_eq!(
            report["value"], "Доброе утро!\nЗагрузка завершена 😀",
            "{name}"
        );
        assert_eq!(
            at_span(&fs::read(&file).unwrap(), &report),
            "Доброе утро!&#xA;Загрузка завершена 😀",
            "{name}"
        );
        encodings += 1;
    }
    assert!(encodings >= 12, "{encodings}");
}

#[test]
fn the_places_of_a_project_are_found_from_any_of_its_files() {
    for file in [
        "project/Nightly.dtsx",
        "project/Mail.conmgr",
        "project/Etl.dtproj",
    ] {
        for (path, value, holder) in [
            (
                r"\Project.Connections[Mail].Properties[SmtpServer]",
                "relay.example.com",
                "Mail.conmgr",
            ),
            (
                r"\Project.Parameters[Environment].Properties[Value]",
                "Test",
                "Project.params",
            ),
            (
                r"\Package.Variables[$Project::Environment].Value",
                "Test",
                "Project.params",
            ),
            (
                r"\Project.Copies[CM.Mail.SmtpServer]",
                "relay.example.com",
                "Etl.dtproj",
            ),
            (
                r"\Project.Copies[Weekly.dtsx|CM.(PackagePart)SMTP.SmtpServer]",
                "relay2.example.com",
                "Etl.dtproj",
            ),
        ] {
            let report = get(file, path);
            assert_eq!(report["value"], value, "{file} {path}");
            assert_eq!(report["file"], format!("project/{holder}"), "{file} {path}");
            let bytes = fs::read(fixtures().join("project").join(holder)).unwrap();
            assert_eq!(at_span(&bytes, &report), value, "{file} {path}");
        }
    }
    let report = get(
        "project/Notify.dtsxp",
        r"\PackagePart.Connections[SMTP].Properties[SmtpServer]",
    );
    assert_eq!(report["value"], "relay2.example.com");
    let path = r"\Configuration[\Package.Connections[Mail].Properties[SmtpServer]]";
    for file in ["configurations/Load.dtsConfig", "configurations/Load.dtsx"] {
        let report = get(file, path);
        assert_eq!(report["value"], "relay.example.com");
        assert_eq!(report["file"], "configurations/Load.dtsConfig");
    }
}

#[test]
fn members_of_archives_by_name_and_by_package() {
    let place = Place::of("ispac");
    let path = r"\Package.Connections[Own mail].Properties[SmtpServer]";
    let expected = json!("relay3.example.com");
    for args in [
        &["get", "Etl.ispac!Überblick.dtsx", path][..],
        &["get", "Etl.ispac!überblick", path],
        &["get", "Etl.ispac", "--package", "Überblick", path],
        &["get", "Etl.ispac", "--package", "Überblick.dtsx", path],
    ] {
        let run = place.dtsx(&[args, &["--format", "json"]].concat());
        assert_eq!(run.json()["value"], expected, "{args:?}");
        assert_eq!(run.json()["file"], "Etl.ispac!Überblick.dtsx");
    }
    let report = place.get(
        "Etl.ispac!Mail.conmgr",
        r"\Project.Connections[Mail].Properties[SmtpServer]",
    );
    // The span is of the member as it is unpacked.
    let mut archive =
        zip::ZipArchive::new(fs::File::open(place.path("Etl.ispac")).unwrap()).unwrap();
    let mut member = Vec::new();
    std::io::Read::read_to_end(&mut archive.by_name("Mail.conmgr").unwrap(), &mut member).unwrap();
    assert_eq!(at_span(&member, &report), "relay.example.com");
    let report = place.get(
        "Etl.ispac!Mail.conmgr",
        r"\Project.Copies[CM.Mail.SmtpServer]",
    );
    assert_eq!(report["file"], "Etl.ispac!@Project.manifest");

    // An exclamation mark may also be part of a name.
    fs::create_dir(place.path("new!")).unwrap();
    fs::copy(place.path("Etl.ispac"), place.path("new!/a!b.ispac")).unwrap();
    assert_eq!(
        place.get("new!/a!b.ispac!Überblick.dtsx", path)["value"],
        expected
    );

    let run = place.dtsx(&["get", "Etl.ispac", path]);
    assert_eq!(run.code, 3);
    assert!(
        run.err.contains("`ARCHIVE!MEMBER`") && run.err.contains("Überblick.dtsx"),
        "{}",
        run.err
    );
    let run = place.dtsx(&["get", "Etl.ispac!Missing.dtsx", path]);
    assert_eq!(run.code, 3);
    assert!(run.err.contains("holds no `Missing.dtsx`"), "{}", run.err);
}

#[test]
fn what_wins_over_the_stored_value_is_named() {
    let wins = |file: &str, path: &str| get(file, path)["not_used_because"].clone();
    for year in ["2005", "2022"] {
        let file = format!("formats/{year}.dtsx");
        let report = get(&file, r"\Package\Report.Properties[Subject]");
        assert_eq!(report["value"], "Orders loaded: 0");
        assert_eq!(report["expression"], "@[User::Subject]");
        assert_eq!(
            report["not_used_because"],
            "the expression `@[User::Subject]` computes it"
        );
        // The variable has an expression of its own; one that is not evaluated does not count.
        assert_eq!(
            wins(&file, r"\Package.Variables[User::Subject].Value"),
            "the expression `\"Orders loaded: \" + (DT_WSTR, 12)@[User::RowCount]` computes it"
        );
        assert_eq!(
            wins(&file, r"\Package.Variables[User::Not evaluated].Value"),
            Value::Null
        );
        assert_eq!(
            wins(&file, r"\Package.Variables[User::AlertServer].Value"),
            "the configuration `From the environment` sets it from the environment variable `ETL_ALERT_SERVER`"
        );
    }
    let file = "configurations/Load.dtsx";
    assert_eq!(
        wins(file, r"\Package.Connections[Mail].Properties[SmtpServer]"),
        "the configuration `Server` sets it from the XML file `Load.dtsConfig`"
    );
    // The configuration sets the whole connection string, and with it every part.
    assert_eq!(
        wins(
            file,
            r"\Package.Connections[Orders].Properties[Data Source]"
        ),
        "the configuration `Server` sets it from the XML file `Load.dtsConfig`"
    );
    assert_eq!(
        wins(
            file,
            r"\Package.Connections[Orders].Properties[Description]"
        ),
        Value::Null
    );
    assert_eq!(
        wins(file, r"\Package\Report.Properties[Priority]"),
        r"the configuration `Recipients` sets it from the XML file `C:\Etl\Config\mail.XML`"
    );
}

#[test]
fn people_get_the_value_alone_and_the_rest_on_the_other_stream() {
    let place = Place::of("formats");
    let path = r"\Package\Report.Properties[Subject]";
    let run = place.dtsx(&["get", "2022.dtsx", path]);
    assert_eq!(run.out, "Orders loaded: 0\n");
    // What the value is at run time follows, with where it comes from.
    for line in [
        "dtsx: stored in 2022.dtsx, line 578, column 33\n",
        "dtsx: not used when the package runs: the expression `@[User::Subject]` computes it\n",
        "dtsx: assumed: `Orders loaded: 0` (`User::RowCount` is set by `\\Package\\Three times` at run time",
        "dtsx:   from the variable \\Package.Variables[User::Subject] in 2022.dtsx, line 225\n",
    ] {
        assert!(run.err.contains(line), "{}", run.err);
    }
    assert_eq!(place.dtsx(&["get", "2022.dtsx", path, "--quiet"]).err, "");
    let run = place.dtsx(&["get", "2022.dtsx", r"\Package\Report.Properties[BCCLine]"]);
    assert_eq!(run.out, "\n");
    assert!(
        run.err
            .contains("dtsx: not written in 2022.dtsx, which means the default\n"),
        "{}",
        run.err
    );
    // More than one report, as everywhere.
    let run = place.dtsx(&[
        "get",
        "2022.dtsx",
        path,
        "--format",
        "human",
        "--format",
        "json=value.json",
    ]);
    assert_eq!(run.out, "Orders loaded: 0\n");
    let report: Value = serde_json::from_slice(&place.read("value.json")).unwrap();
    assert_eq!(report["value"], "Orders loaded: 0");
}

#[test]
fn objects_as_a_whole_are_models() {
    let report = get("formats/2022.dtsx", r"\Package\Report");
    assert_eq!(
        report["object"],
        json!({
            "name": "Report",
            "description": "Send Mail Task",
            "disabled": false,
            "connection": "{85CAFDF9-87F9-5E28-AB24-3567E88B2BB4}",
            "from": "Orders <etl@example.com>",
            "to": "ops@example.com",
            "cc": "audit@example.com",
            "bcc": "",
            "subject": "Orders loaded: 0",
            "priority": "High",
            "message_source_type": "DirectInput",
            "message_source": "Orders were loaded.\n\nRows & files: see \"the attachment\" <below>.",
            "attachments": [r"C:\Etl\Out\orders.csv", r"C:\Etl\Out\rejected orders.csv"],
            "expressions": { "Subject": "@[User::Subject]", "ToLine": "@[User::Recipients]" },
        })
    );
    assert!(report["value"].is_null() && report["property"].is_null());
    let place = Place::of("formats");
    let run = place.dtsx(&["get", "2012.dtsx", r"\Package.Connections[Alerts]"]);
    assert_eq!(
        run.out,
        "name = \"Alerts\"\ndescription = \"Pager & operators\"\nserver = \"mail.example.com\"\n\
         use_windows_authentication = true\nenable_ssl = true\ntimeout = 20\ndelay_validation = true\n\n\
         [expressions]\nSmtpServer = \"@[User::AlertServer]\"\n"
    );
    // Other objects show what is stored of them.
    let report = get(
        "project/Warehouse.conmgr",
        r"\Project.Connections[Warehouse]",
    );
    assert_eq!(report["object"]["Data Source"], "SQL02");
    assert_eq!(report["object"]["CreationName"], "OLEDB");
}

#[test]
fn secrets_are_masked_but_where_they_are_asked_for() {
    let secret = "not-a-real-password";
    let place = Place::of("configurations");
    let load = String::from_utf8(place.read("Load.dtsConfig")).unwrap();
    place.put(
        "Load.dtsConfig",
        load.replace(
            "</DTSConfiguration>",
            &format!(
                "<Configuration Path=\"\\Package.Connections[Orders].Properties[Password]\" ValueType=\"String\">\
                 <ConfiguredValue>{secret}</ConfiguredValue></Configuration></DTSConfiguration>"
            ),
        ),
    );
    place.put(
        "parts.dtsx",
        fs::read(fixtures().join("hand-made/unknown-parts.dtsx")).unwrap(),
    );
    for (file, path, keys) in [
        (
            "parts.dtsx",
            r"\Package.Connections[Mail].Properties[ConnectionString]",
            "Password",
        ),
        (
            "Load.dtsConfig",
            r"\Configuration[\Package.Connections[Orders].Properties[ConnectionString]]",
            "Password",
        ),
        (
            "Load.dtsConfig",
            r"\Configuration[\Package.Connections[Orders].Properties[Password]]",
            "Value",
        ),
    ] {
        for args in [
            &["get", file, path][..],
            &["get", file, path, "--format", "json"],
        ] {
            let run = place.dtsx(args);
            assert_eq!(run.code, 0, "{}", run.err);
            assert!(
                !run.shown().contains(secret) && run.out.contains("***"),
                "{}",
                run.shown()
            );
        }
        assert_eq!(place.get(file, path)["masked"], json!([keys]), "{path}");
        let run = place.dtsx(&["get", file, path, "--show-secrets"]);
        assert!(run.out.contains(secret), "{}", run.shown());
    }
    // An object as a whole has no room for the secret at all.
    for flag in ["--quiet", "--show-secrets"] {
        let run = place.dtsx(&["get", "parts.dtsx", r"\Package.Connections[Mail]", flag]);
        assert!(
            run.out.contains("relay.example.com") && !run.out.contains(secret),
            "{}",
            run.out
        );
    }
}

#[test]
fn paths_that_lead_nowhere_name_what_is_near() {
    let place = Place::of("project");
    for (file, path, says) in [
        (
            "Nightly.dtsx",
            r"\Project.Connections[Mial].Properties[SmtpServer]",
            "did you mean `Mail`?",
        ),
        (
            "Nightly.dtsx",
            r"\Project.Connections[Mail].Properties[SmtpSever]",
            "did you mean `SmtpServer`?",
        ),
        (
            "Nightly.dtsx",
            r"\Project.Parameters[Enviroment].Value",
            "did you mean `Environment`?",
        ),
        (
            "Nightly.dtsx",
            r"\Project.Copies[CM.Mail.SmtpServr]",
            "did you mean `CM.Mail.SmtpServer`?",
        ),
        ("Nightly.dtsx", "Package.Name", "does not begin with"),
        (
            "Weekly.dtsx",
            r"\Package\Sumary.Properties[Subject]",
            "did you mean `Summary`?",
        ),
        (
            "Weekly.dtsx",
            r"\Package\Summary.Properties[Subjct]",
            "did you mean `Subject`?",
        ),
        (
            "Mail.conmgr",
            r"\Package.Connections[Mail].Properties[SmtpServer]",
            r"expected `\Project.…`",
        ),
    ] {
        for args in [&["get", file, path][..], &["set", file, path, "x"]] {
            let run = place.dtsx(args);
            assert_eq!(run.code, 2, "{args:?}: {}", run.shown());
            assert!(
                run.err.contains(says) && run.out.is_empty(),
                "{args:?}: {}",
                run.err
            );
        }
    }
    let run = place.dtsx(&["get", "Nothing.dtsx", r"\Package", "--format", "json"]);
    assert_eq!(run.code, 3);
    assert_eq!(run.json()["schema"], "dtsx/error@1");
    let run = place.dtsx(&["set", "Nightly.dtsx", r"\Package", "x"]);
    assert_eq!(run.code, 2);
    assert!(
        run.err.contains("it is an object: name a property of it"),
        "{}",
        run.err
    );

    // Two files of a folder may hold managers of one name: then the file says which.
    fs::copy(place.path("Mail.conmgr"), place.path("Second.conmgr")).unwrap();
    let path = r"\Project.Connections[Mail].Properties[SmtpServer]";
    let run = place.dtsx(&["get", "Nightly.dtsx", path]);
    assert_eq!(run.code, 2);
    assert!(
        run.err.contains("fits 2 objects in the files here"),
        "{}",
        run.err
    );
    assert_eq!(place.get("Second.conmgr", path)["file"], "Second.conmgr");
}

/// The path of a file is no secret, its content may be.
#[test]
fn nothing_is_written_by_get() {
    let place = Place::of("project");
    let before = place.tree();
    place.get("Nightly.dtsx", r"\Project.Connections[Mail]");
    assert!(place.tree() == before);
    assert!(!Path::new(&place.state()).exists());
}
