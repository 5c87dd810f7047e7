//! Values that expressions make of others: followed through every step to where they are kept, by `migrate` and by
//! `set --everywhere`.

use serde_json::Value;

use crate::migrate::Estate;
use crate::migrate_rules::{PLAIN, Sketch, WRITE, expression, moved};
use crate::support::fixtures;

fn evaluated(text: &str) -> String {
    format!("DTS:EvaluateAsExpression=\"True\" DTS:Expression=\"{text}\"")
}

fn plain(server: &str) -> String {
    format!("SmtpServer={server};UseWindowsAuthentication=False;EnableSsl=False;")
}

/// The text between the tags of a variable's value.
fn value_of<'t>(package: &'t str, name: &str) -> &'t str {
    let at = package
        .find(&format!("DTS:ObjectName=\"{name}\"><DTS:VariableValue"))
        .unwrap();
    let value = &package[at..];
    let start = value.find("DTS:DataType=\"8\">").unwrap() + "DTS:DataType=\"8\">".len();
    let end = value.find("</DTS:VariableValue>").unwrap();
    &value[start..end]
}

#[test]
fn a_variable_that_is_joined_with_other_text_keeps_the_whole_host() {
    let text = Sketch::new()
        .manager(
            "Mail",
            &expression("SmtpServer", "@[User::Address]"),
            &plain("old.example:25"),
        )
        .variable("Host", "", "old.example")
        .variable(
            "Address",
            &evaluated("@[User::Host] + &quot;:&quot; + &quot;25&quot;"),
            "old.example:25",
        )
        .text();
    let (after, out) = moved(&text, &WRITE);
    assert_eq!(value_of(&after, "Host"), "new.example");
    // Samples become what the expressions will make of it.
    assert_eq!(value_of(&after, "Address"), "new.example:25");
    assert!(after.contains(&plain("new.example:25")), "{after}");
    assert_eq!(after.replace("new.example", "old.example"), text);
    assert!(
        out.contains("the rule matches what may be the value"),
        "{out}"
    );
}

#[test]
fn a_host_in_pieces_is_found_by_its_effective_value_and_named() {
    let text = Sketch::new()
        .manager(
            "Mail",
            &expression("SmtpServer", "\"old.\" + @[User::Domain]"),
            &plain("stale.example"),
        )
        .variable("Domain", "", "example")
        .text();
    let (after, out) = moved(&text, &WRITE);
    assert_eq!(after, text);
    assert!(
        out.contains("it is computed at run time by the expression `\"old.\" + @[User::Domain]`"),
        "{out}"
    );
}

#[test]
fn a_literal_that_holds_the_part_of_a_connection_string_whole_changes() {
    let cases = [
        (
            "\"SmtpServer=old.example;UseWindowsAuthentication=\" + @[User::Windows] + \";EnableSsl=False;\"",
            Some("\"SmtpServer=new.example;UseWindowsAuthentication=\" + "),
        ),
        (
            "@[User::First] + \"=1;SmtpServer=old.example;EnableSsl=\" + @[User::Windows]",
            Some("+ \"=1;SmtpServer=new.example;EnableSsl=\" +"),
        ),
        // The host goes on behind the literal, or begins before it.
        (
            "\"SmtpServer=old.example\" + @[User::Windows] + \";EnableSsl=False;\"",
            None,
        ),
        (
            "\"SmtpServer=\" + @[User::First] + \"old.example;EnableSsl=False;\"",
            None,
        ),
        // It is only compared.
        (
            "@[User::First] == \"old.example\" ? \"SmtpServer=a;\" : \"SmtpServer=b;\"",
            None,
        ),
    ];
    for (text, expected) in cases {
        let package = Sketch::new()
            .manager("Mail", &expression("ConnectionString", text), PLAIN)
            .variable("Windows", "", "True")
            .variable("First", "", "Timeout")
            .text();
        let (after, out) = moved(&package, &WRITE);
        let expression = |package: &str| {
            let start = package.find("DTS:Name=\"ConnectionString\">").unwrap();
            package[start..package.find("</DTS:PropertyExpression>").unwrap()].to_owned()
        };
        match expected {
            Some(expected) => assert!(expression(&after).contains(expected), "{after}"),
            None => {
                assert_eq!(expression(&after), expression(&package), "{text}");
                assert!(out.contains("computed at run time"), "{text}\n{out}");
            }
        }
    }
}

#[test]
fn a_variable_that_is_one_part_of_a_connection_string_changes() {
    let text = Sketch::new()
        .manager(
            "Mail",
            &expression(
                "ConnectionString",
                "\"SmtpServer=\" + @[User::Host] + \";UseWindowsAuthentication=\" + (DT_WSTR,5)@[User::Windows] + \";\"",
            ),
            PLAIN,
        )
        .variable("Host", "", "old.example")
        .variable("Windows", "", "False")
        .text();
    let (after, _) = moved(&text, &WRITE);
    assert_eq!(value_of(&after, "Host"), "new.example");
    assert!(after.contains(&plain("new.example")), "the sample follows");
    assert_eq!(after.replace("new.example", "old.example"), text);
    // A second key of the same string, in the same run.
    let mut with_windows = WRITE.to_vec();
    with_windows.extend(["--windows-auth", "true"]);
    let (after, _) = moved(&text, &with_windows);
    assert_eq!(value_of(&after, "Host"), "new.example");
    assert_eq!(value_of(&after, "Windows"), "True");
}

#[test]
fn a_variable_that_a_task_sets_is_named_among_what_could_not_be_changed() {
    let mut sketch = Sketch::new()
        .manager("Mail", &expression("SmtpServer", "@[User::Host]"), PLAIN)
        .variable("Host", "", "old.example");
    sketch.tasks = "<DTS:Executable DTS:refId=\"Package\\Get host\" DTS:DTSID=\"{S}\" \
        DTS:ExecutableType=\"Microsoft.ExecuteSQLTask\" DTS:ObjectName=\"Get host\"><DTS:ObjectData>\
        <SQLTask:SqlTaskData SQLTask:SqlStatementSource=\"select host from config\" \
        xmlns:SQLTask=\"www.microsoft.com/sqlserver/dts/tasks/sqltask\"><SQLTask:ResultBinding \
        SQLTask:ResultName=\"0\" SQLTask:DtsVariableName=\"User::Host\" /></SQLTask:SqlTaskData></DTS:ObjectData>\
        </DTS:Executable>\n"
        .to_owned();
    let (after, out) = moved(&sketch.text(), &WRITE);
    assert_eq!(value_of(&after, "Host"), "new.example", "the default moves");
    let not_changed = out.split("not changed").nth(1).unwrap();
    assert!(
        not_changed.contains(
            r"`User::Host` is set by `\Package\Get host` at run time; what is stored is only its default"
        ),
        "{out}"
    );
}

/// The nine places, with a package that reaches the project's parameter through two variables.
fn with_steps() -> Estate {
    let estate = Estate::copy(&fixtures().join("nine-places"));
    let text = Sketch::new()
        .manager(
            "Mail",
            &expression("SmtpServer", "@[User::Relay]"),
            &plain("smtp1.corp.example"),
        )
        .variable("Relay", &evaluated("@[User::Host]"), "smtp1.corp.example")
        .variable(
            "Host",
            &evaluated("TRIM(@[$Project::SmtpServer])"),
            "smtp1.corp.example",
        )
        .text();
    estate.put("Steps.dtsx", &text);
    estate
}

fn list<'r>(report: &'r Value, name: &str) -> Vec<&'r Value> {
    report[name].as_array().unwrap().iter().collect()
}

#[test]
fn through_two_variables_to_a_parameter_and_what_builds_give_it() {
    let estate = with_steps();
    let report = estate.json(&[
        "migrate",
        "--replace-server",
        "smtp1.corp.example=relay.example.com",
        "Steps.dtsx",
        "--write",
    ]);
    let changed: Vec<String> = list(&report, "files")
        .iter()
        .flat_map(|file| {
            let path = file["path"].as_str().unwrap().to_owned();
            list(file, "changes")
                .into_iter()
                .map(move |it| {
                    format!(
                        "{path} {} {}",
                        it["kind"].as_str().unwrap(),
                        it["object"].as_str().unwrap()
                    )
                })
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(
        changed,
        [
            r"Estate.dtproj build-configuration \Project.Configurations[Release].Parameters[Project::SmtpServer]",
            r"Project.params parameter \Project.Parameters[SmtpServer].Properties[Value]",
        ],
        "behind TRIM nobody but a run knows the samples"
    );
    assert!(estate.read("Project.params").contains("relay.example.com"));
    let get = estate.json(&[
        "get",
        "Steps.dtsx",
        r"\Package.Connections[Mail].Properties[SmtpServer]",
    ]);
    assert_eq!(get["effective"]["value"], "relay.example.com");
}

#[test]
fn set_everywhere_gives_every_place_the_value() {
    let estate = Estate::copy(&fixtures().join("nine-places"));
    let before = estate.bytes();
    let path = r"\Project.Connections[Alerts].Properties[SmtpServer]";
    let args = [
        "set",
        "Alerts.conmgr",
        path,
        "relay.example.com",
        "--everywhere",
    ];
    let shown = estate.run(&[&args[..], &["--diff"]].concat());
    assert_eq!(shown.code, 1, "{}", shown.err);
    assert!(estate.bytes() == before);
    for file in ["Alerts.conmgr", "Project.params", "Estate.dtproj"] {
        assert!(
            shown.out.contains(&format!("+++ {file}\n")),
            "{}",
            shown.out
        );
    }
    let mut all = args.to_vec();
    let journal = estate.tree().join("../state").display().to_string();
    all.extend(["--journal", &journal]);
    let report = estate.json(&all);
    let kinds: Vec<&str> = list(&report, "places")
        .iter()
        .map(|it| it["kind"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        ["parameter", "build-configuration", "sample", "sample"]
    );
    assert_eq!(report["written"], true);
    let get = estate.json(&["get", "Alerts.conmgr", path]);
    assert_eq!(get["value"], "relay.example.com");
    assert_eq!(get["effective"]["value"], "relay.example.com");
    // The same as a migration of this one manager.
    let migrated = Estate::copy(&fixtures().join("nine-places"));
    let recipe = "version = 1\n[[rule]]\nwhere = { name = \"Alerts\", server = \"smtp1.corp.example\" }\n\
                  set = { server = \"relay.example.com\" }\n";
    let run = migrated.migrate(recipe, &["Alerts.conmgr", "--write"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(estate.bytes() == migrated.bytes());
    let again = estate.run(&all);
    assert!(again.out.contains("is so already"), "{}", again.out);
    assert_eq!(estate.run(&["undo"]).code, 0);
    assert!(estate.bytes() == before);
}

#[test]
fn set_everywhere_says_what_keeps_the_value_in_pieces() {
    let estate = Estate::empty();
    let text = Sketch::new()
        .manager(
            "Mail",
            &expression("SmtpServer", "@[User::Host] + \".example\""),
            PLAIN,
        )
        .variable("Host", "", "old")
        .text();
    estate.put("P.dtsx", &text);
    let run = estate.run(&[
        "set",
        "P.dtsx",
        r"\Package.Connections[Mail].Properties[SmtpServer]",
        "new.example",
        "--everywhere",
    ]);
    assert_eq!(run.code, 2);
    assert!(
        run.err.contains("no place keeps the value as a whole")
            && run.err.contains("`old`, a piece of the value"),
        "{}",
        run.err
    );
    assert_eq!(estate.read("P.dtsx"), text);
}

#[test]
fn a_rule_for_a_package_part_reaches_the_copies_in_packages() {
    let estate = Estate::copy(&fixtures().join("nine-places"));
    let recipe = "version = 1\n[[rule]]\nwhere = { file = \"Notify.dtsxp\", type = \"SMTP\" }\n\
                  set = { server = \"relay.example.com\" }\n";
    let run = estate.migrate(recipe, &[".", "--write"]);
    assert_eq!(run.code, 0, "{}", run.err);
    let count = |file: &str| estate.read(file).matches("relay.example.com").count();
    assert_eq!(count("Notify.dtsxp"), 1);
    assert_eq!(count("Weekly.dtsx"), 1, "the copy alone");
    assert_eq!(count("Nightly.dtsx"), 0);
    // `CM.(PackagePart)Relay.SmtpServer` and `.ConnectionString`.
    assert_eq!(count("Estate.dtproj"), 2);
}
