//! SMTP connection managers and Send Mail tasks as JSON and TOML: out, and in again.

use std::fs;

use dtsx::connection_string::SmtpProperty;
use dtsx::package::{Package, SendMailTaskModel, SmtpManagerModel};
use dtsx::source::Source;
use dtsx::xml::{Document, EditSet, Limits};
use serde_json::{Value, json};

use crate::get_set::Place;
use crate::support::fixtures;

const SECRET: &str = "S3cret-of-the-test";

#[test]
fn models_come_in_as_they_go_out() {
    let place = Place::of("formats");
    for name in ["2005.dtsx", "2008.dtsx", "2012.dtsx", "2022.dtsx"] {
        for path in [r"\Package\Report", r"\Package.Connections[Alerts]"] {
            let before = place.tree();
            for format in ["human", "json"] {
                let run = place.dtsx(&["get", name, path, "--format", format]);
                place.put("model.txt", &run.out);
                let run = place.set(&[name, path, "--model", "model.txt"]);
                assert!(
                    run.out.contains("is so already"),
                    "{name} {path}: {}",
                    run.out
                );
            }
            fs::remove_file(place.path("model.txt")).unwrap();
            assert!(place.tree() == before);
        }
    }
    let name = "2022.dtsx";
    let before = place.read(name);
    let mut model = place.get(
        name,
        r"\Package\Report.EventHandlers[OnError]\Report failed",
    )["object"]
        .clone();
    for (field, value) in [
        ("disabled", json!(true)),
        ("cc", json!("cc@example.com")),
        ("bcc", json!("bcc@example.com")),
        ("priority", json!("Low")),
        ("message_source_type", json!("Variable")),
        ("message_source", json!("User::Body")),
        ("attachments", json!(["C:\\a.txt", "C:\\b.txt"])),
        (
            "expressions",
            json!({ "Subject": "@[User::Subject]", "CCLine": "@[User::Recipients]" }),
        ),
    ] {
        model[field] = value;
    }
    place.put("model.json", model.to_string());
    let path = r"\Package\Report.EventHandlers[OnError]\Report failed";
    place.set(&[name, path, "--model", "model.json"]);
    assert_eq!(place.get(name, path)["object"], model);
    let text = String::from_utf8(place.read(name)).unwrap();
    let at = text
        .find("DTS:refId=\"Package\\Report.EventHandlers[OnError]\\Report failed\"")
        .unwrap();
    let end = at + text[at..].find("</DTS:Executable>").unwrap();
    insta::assert_snapshot!(text[at..end].replace('\r', ""), @r##"
    DTS:refId="Package\Report.EventHandlers[OnError]\Report failed"
                  DTS:CreationName="Microsoft.SendMailTask"
                  DTS:Description="Send Mail Task"
                  DTS:Disabled="True"
                  DTS:DTSID="{70C05B3E-56FE-564D-98C3-5EE74E6E5A6E}"
                  DTS:ExecutableType="Microsoft.SendMailTask"
                  DTS:LocaleID="-1"
                  DTS:ObjectName="Report failed"
                  DTS:TaskContact="Send Mail Task; Microsoft Corporation; SQL Server 2022; © 2022 Microsoft Corporation; All Rights Reserved;http://www.microsoft.com/sql/support/default.asp;1"
                  DTS:ThreadHint="0">
                  <DTS:Variables />
                  <DTS:PropertyExpression
                    DTS:Name="CCLine">@[User::Recipients]</DTS:PropertyExpression>
                  <DTS:PropertyExpression
                    DTS:Name="Subject">@[User::Subject]</DTS:PropertyExpression>
                  <DTS:ObjectData>
                    <SendMailTask:SendMailTaskData
                      SendMailTask:SMTPServer="{0EEF57B4-D110-5716-A4DF-3A21CDD4F932}"
                      SendMailTask:From="etl@example.com"
                      SendMailTask:To="ops@example.com"
                      SendMailTask:CC="cc@example.com"
                      SendMailTask:BCC="bcc@example.com"
                      SendMailTask:Subject="The report did not go"
                      SendMailTask:Priority="Low"
                      SendMailTask:MessageSourceType="Variable"
                      SendMailTask:MessageSource="User::Body" xmlns:SendMailTask="www.microsoft.com/sqlserver/dts/tasks/sendmailtask">
                      <SendMailTask:Attachments
                        SendMailTask:FileName="C:\a.txt|C:\b.txt" />
                    </SendMailTask:SendMailTaskData>
                  </DTS:ObjectData>
    "##);
    assert_eq!(place.dtsx(&["undo"]).code, 0);
    assert!(place.read(name) == before);
}

#[test]
fn a_model_of_a_manager_takes_its_copies_along() {
    let place = Place::of("project");
    let before = place.tree();
    let path = r"\Project.Connections[Mail]";
    place.put(
        "mail.toml",
        "name = \"Mail\"\ndescription = \"Relay\"\nserver = \"new.example.com\"\nuse_windows_authentication = true\n\
         enable_ssl = true\ntimeout = 20\ndelay_validation = true\n[expressions]\nEnableSsl = \"true\"\n",
    );
    place.set(&["Mail.conmgr", path, "--model", "mail.toml"]);
    let conmgr = String::from_utf8(place.read("Mail.conmgr")).unwrap();
    assert!(conmgr.contains(
        "<DTS:ConnectionManager xmlns:DTS=\"www.microsoft.com/SqlServer/Dts\"\r\n  DTS:DelayValidation=\"True\"\r\n  DTS:ObjectName=\"Mail\"\r\n  DTS:DTSID=\"{9CA6C302-E574-55CA-BE51-16812FFA3A78}\"\r\n  DTS:Description=\"Relay\"\r\n  DTS:CreationName=\"SMTP\">"
    ), "{conmgr}");
    let string =
        "SmtpServer=new.example.com;UseWindowsAuthentication=True;EnableSsl=True;Timeout=20;";
    let copy = |name: &str| {
        place.get("Mail.conmgr", &format!("\\Project.Copies[CM.Mail.{name}]"))["value"].clone()
    };
    assert_eq!(copy("ConnectionString"), string);
    assert_eq!(copy("SmtpServer"), "new.example.com");
    assert_eq!(copy("UseWindowsAuthentication"), "true");
    let project = String::from_utf8(place.read("Etl.dtproj")).unwrap();
    assert!(!project.contains("CM.Mail.EnableSsl"));
    fs::remove_file(place.path("mail.toml")).unwrap();
    assert_eq!(place.dtsx(&["undo"]).code, 0);
    assert!(place.tree() == before);
}

#[test]
fn a_model_that_is_none_is_an_error_with_its_place() {
    let place = Place::of("formats");
    let before = place.read("2022.dtsx");
    let good = place.get("2022.dtsx", r"\Package\Report")["object"].clone();
    let mut wrong_mask = good.clone();
    wrong_mask["message_source"] = json!("Password=***; and more");
    let mut wrong_expression = good.clone();
    wrong_expression["expressions"] = json!({ "Sbject": "1" });
    for (name, text, says) in [
        (
            "m.json",
            "{\n  \"naem\": \"x\"\n}".to_owned(),
            "unknown field `naem`",
        ),
        (
            "m.json",
            "{\n  \"naem\": \"x\"\n}".to_owned(),
            "line 2 column 8",
        ),
        (
            "m.toml",
            "name = \"x\"\nnaem = \"y\"\n".to_owned(),
            "line 2, column 1",
        ),
        ("m.toml", "name = \"x\"\n".to_owned(), "missing field"),
        (
            "m.json",
            good.to_string().replace("\"High\"", "\"Urgent\""),
            "unknown variant `Urgent`",
        ),
        ("m.json", wrong_mask.to_string(), "it was masked"),
        (
            "m.json",
            wrong_expression.to_string(),
            "did you mean `Subject`?",
        ),
    ] {
        place.put(name, &text);
        let run = place.dtsx(&["set", "2022.dtsx", r"\Package\Report", "--model", name]);
        assert_eq!(run.code, 2, "{text}: {}", run.shown());
        assert!(
            run.err.contains(says)
                || says == "it was masked" && run.err.contains("a secret was masked"),
            "{text}: {}",
            run.err
        );
    }
    let run = place.dtsx(&[
        "set",
        "2022.dtsx",
        r"\Package\Report",
        "--model",
        "nothing.json",
    ]);
    assert_eq!(run.code, 3, "{}", run.shown());
    for path in [
        r"\Package",
        r"\Package.Connections[Orders]",
        r"\Package.Variables[User::Body]",
    ] {
        let run = place.dtsx(&["set", "2022.dtsx", path, "--model", "m.json"]);
        assert_eq!(run.code, 2);
        assert!(
            run.err
                .contains("only SMTP connection managers and Send Mail tasks have a model"),
            "{}",
            run.err
        );
    }
    assert!(place.read("2022.dtsx") == before);
}

fn parse(text: String) -> Document {
    Document::parse(Source::from_text(text), &Limits::default()).unwrap()
}

/// A secret has no place in a model, neither in its JSON nor in its TOML nor in what `{:?}` shows.
#[test]
fn models_hold_no_secret() {
    let text = fs::read_to_string(fixtures().join("hand-made/unknown-parts.dtsx")).unwrap();
    let text = text.replace("not-a-real-password", SECRET).replacen(
        "<DTS:ObjectData>",
        &format!(
            "<DTS:PropertyExpression DTS:Name=\"ConnectionString\">\"SmtpServer=x;UserName=u;Password={SECRET};\"</DTS:PropertyExpression><DTS:ObjectData>"
        ),
        1,
    );
    assert!(text.matches(SECRET).count() >= 2);
    let document = parse(text);
    let package = Package::new(&document);
    let mut models = 0;
    for manager in package.connection_managers().filter(|it| it.is_smtp()) {
        let model = SmtpManagerModel::of(manager).unwrap();
        for shown in [
            serde_json::to_string(&model).unwrap(),
            toml::to_string(&model).unwrap(),
            format!("{model:?}"),
        ] {
            assert!(!shown.contains(SECRET), "{shown}");
        }
        // Back in, what was masked stays as it is, beside a change too.
        assert_eq!(model.edits(manager).unwrap(), []);
        let mut other = model.clone();
        other.server = "new.example.com".to_owned();
        let mut edits = EditSet::new();
        edits.extend(other.edits(manager).unwrap()).unwrap();
        let after = document.apply(&document.sealed(edits).unwrap());
        let after = String::from_utf8(after).unwrap();
        assert!(
            after.matches(SECRET).count() >= 2 && after.contains("SmtpServer=new.example.com;")
        );
        models += 1;
    }
    for task in package.send_mail_tasks() {
        let model = SendMailTaskModel::of(task);
        let back: SendMailTaskModel =
            serde_json::from_value::<Value>(serde_json::to_value(&model).unwrap())
                .map(|value| serde_json::from_value(value).unwrap())
                .unwrap();
        assert_eq!(back, model);
        assert_eq!(model.edits(task).unwrap(), []);
        models += 1;
    }
    assert!(models >= 2, "{models}");
}

/// Several properties of one string at once, where the string has to become another.
#[test]
fn a_bare_host_becomes_pairs_for_several_properties() {
    let manager = |string: &str| {
        format!(
            "<DTS:Executable xmlns:DTS=\"www.microsoft.com/SqlServer/Dts\" DTS:ExecutableType=\"Microsoft.Package\"><DTS:ConnectionManagers><DTS:ConnectionManager DTS:CreationName=\"SMTP\" DTS:ObjectName=\"M\"><DTS:ObjectData><SmtpConnectionManager {string}/></DTS:ObjectData></DTS:ConnectionManager></DTS:ConnectionManagers></DTS:Executable>"
        )
    };
    for (string, server) in [
        ("ConnectionString=\"smtphost\"", "smtphost"),
        ("ConnectByProxy=\"False\"", ""),
    ] {
        let document = parse(manager(string));
        let manager = Package::new(&document)
            .connection_managers()
            .next()
            .unwrap();
        let mut model = SmtpManagerModel::of(manager).unwrap();
        assert_eq!(model.server, server);
        model.enable_ssl = true;
        model.timeout = Some(5);
        let mut edits = EditSet::new();
        edits.extend(model.edits(manager).unwrap()).unwrap();
        let after =
            parse(String::from_utf8(document.apply(&document.sealed(edits).unwrap())).unwrap());
        let manager = Package::new(&after).connection_managers().next().unwrap();
        assert_eq!(SmtpManagerModel::of(manager).unwrap(), model, "{string}");
        let stored = manager
            .connection_string()
            .unwrap()
            .text()
            .text
            .into_owned();
        assert_eq!(
            stored,
            format!("SmtpServer={server};UseWindowsAuthentication=False;EnableSsl=True;Timeout=5;")
        );
        // A time-out that is no more takes its key away.
        model.timeout = None;
        let names: Vec<_> = model.changes(manager).unwrap().properties;
        assert_eq!(names, [(SmtpProperty::Timeout.key(), String::new())]);
    }
}
