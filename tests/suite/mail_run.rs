//! From a package on disk to mail: what tasks are resolved to, what dtexec would refuse, and the command `run`.

use std::collections::BTreeMap;
use std::io;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::Output;

use dtsx::host::{Environment, RealFiles};
use dtsx::mail::deliver::{Capture, TlsMode};
use dtsx::mail::{
    EventHandlers, Limits, Override, PathMap, Route, Rules, Runner, ServerChoice, StaleValues,
    TaskOutcome, TaskStatus, Tools, resolve,
};
use dtsx::project::{Inputs, Looked, Reading, find};
use serde_json::Value;

use crate::mail_support::{Answered, Counting, Scripted, StoppedClock, plainly};
use crate::mail_tls::Authority;

const MAIL: &str = "{0A000000-0000-0000-0000-000000000001}";
const FILE: &str = "{0A000000-0000-0000-0000-000000000002}";
const OLE_DB: &str = "{0A000000-0000-0000-0000-000000000003}";

/// A package in the form of SQL Server 2014 and later, put together from its parts.
#[derive(Clone, Default)]
struct Written {
    managers: String,
    variables: String,
    tasks: String,
    handlers: String,
    root: String,
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
        .replace('\n', "&#xA;")
}

fn manager(id: &str, name: &str, kind: &str, string: &str, expressions: &str) -> String {
    let data = match kind {
        "SMTP" => format!(
            "<SmtpConnectionManager ConnectionString=\"{}\"/>",
            escaped(string)
        ),
        _ => format!(
            "<DTS:ConnectionManager DTS:ConnectionString=\"{}\"/>",
            escaped(string)
        ),
    };
    format!(
        "<DTS:ConnectionManager DTS:CreationName=\"{kind}\" DTS:DTSID=\"{id}\" DTS:ObjectName=\"{name}\">{expressions}\
         <DTS:ObjectData>{data}</DTS:ObjectData></DTS:ConnectionManager>"
    )
}

fn expression(property: &str, text: &str) -> String {
    format!(
        "<DTS:PropertyExpression DTS:Name=\"{property}\">{}</DTS:PropertyExpression>",
        escaped(text)
    )
}

fn variable(name: &str, data_type: u8, more: &str, value: &str) -> String {
    format!(
        "<DTS:Variable {more} DTS:Namespace=\"User\" DTS:ObjectName=\"{name}\"><DTS:VariableValue \
         DTS:DataType=\"{data_type}\">{}</DTS:VariableValue></DTS:Variable>",
        escaped(value)
    )
}

/// A Send Mail task; `fields` are attributes by the names of the XML, `Attachments` among them.
fn task(name: &str, more: &str, inside: &str, fields: &[(&str, &str)]) -> String {
    let mut all = BTreeMap::from([
        ("SMTPServer", MAIL),
        ("From", "Nightly <etl@corp.example>"),
        ("To", "ops@corp.example"),
        ("Subject", "load finished"),
        ("MessageSource", "rows: 42\nall is well"),
    ]);
    all.extend(fields.iter().copied());
    let attached = all.remove("Attachments").map_or(String::new(), |list| {
        format!(
            "<SendMailTask:Attachments SendMailTask:FileName=\"{}\"/>",
            escaped(list)
        )
    });
    let attributes: String = all
        .iter()
        .map(|(name, value)| format!(" SendMailTask:{name}=\"{}\"", escaped(value)))
        .collect();
    format!(
        "<DTS:Executable DTS:ExecutableType=\"Microsoft.SendMailTask\" DTS:ObjectName=\"{name}\" {more}>{inside}\
         <DTS:ObjectData><SendMailTask:SendMailTaskData{attributes} \
         xmlns:SendMailTask=\"www.microsoft.com/sqlserver/dts/tasks/sendmailtask\">{attached}\
         </SendMailTask:SendMailTaskData></DTS:ObjectData></DTS:Executable>"
    )
}

fn other_task(name: &str) -> String {
    format!(
        "<DTS:Executable DTS:ExecutableType=\"Microsoft.ExecuteSQLTask\" DTS:ObjectName=\"{name}\"/>"
    )
}

impl Written {
    /// A relay that is nobody's, a message file, and a database.
    fn new() -> Written {
        let smtp = "SmtpServer=relay.example;UseWindowsAuthentication=False;EnableSsl=False;";
        Written {
            managers: [
                manager(MAIL, "Mail", "SMTP", smtp, ""),
                manager(FILE, "Text", "FILE", "text.txt", ""),
                manager(OLE_DB, "Db", "OLEDB", "Data Source=.;", ""),
            ]
            .concat(),
            ..Written::default()
        }
    }

    fn with(mut self, task: &str) -> Written {
        self.tasks.push_str(task);
        self
    }

    fn smtp(mut self, string: &str, expressions: &str) -> Written {
        self.managers = manager(MAIL, "Mail", "SMTP", string, expressions);
        self
    }

    fn xml(&self) -> String {
        let Written {
            managers,
            variables,
            tasks,
            handlers,
            root,
        } = self;
        format!(
            "<?xml version=\"1.0\"?>\n<DTS:Executable xmlns:DTS=\"www.microsoft.com/SqlServer/Dts\" \
             DTS:refId=\"Package\" DTS:ExecutableType=\"Microsoft.Package\" DTS:ObjectName=\"Nightly\" {root}>\
             <DTS:Property DTS:Name=\"PackageFormatVersion\">8</DTS:Property>\
             <DTS:ConnectionManagers>{managers}</DTS:ConnectionManagers><DTS:Variables>{variables}</DTS:Variables>\
             <DTS:Executables>{tasks}</DTS:Executables><DTS:EventHandlers>{handlers}</DTS:EventHandlers>\
             </DTS:Executable>"
        )
    }

    fn save(&self, folder: &Path) -> PathBuf {
        let path = folder.join("Nightly.dtsx");
        std::fs::write(&path, self.xml()).unwrap();
        path
    }
}

struct Etl01;

impl Environment for Etl01 {
    fn variable(&self, _: &str) -> Option<String> {
        None
    }

    fn host_name(&self) -> Option<String> {
        Some("etl01.corp.example".to_owned())
    }
}

/// How a package is run inside the test.
#[derive(Default)]
struct How {
    overrides: Vec<String>,
    stored_values: bool,
    event_handlers: bool,
    paths: PathMap,
    choice: ServerChoice,
}

impl How {
    fn overriding(overrides: &[&str]) -> How {
        How {
            overrides: overrides.iter().map(|&it| it.to_owned()).collect(),
            ..How::default()
        }
    }
}

/// The outcomes of a package's tasks, with a clock that stands and random bytes that count.
fn outcomes(path: &Path, how: &How, route: Route<'_>) -> Vec<TaskOutcome> {
    let random = Counting::default();
    let tools = Tools {
        files: &RealFiles,
        clock: &StoppedClock,
        random: &random,
        limits: Limits::default(),
    };
    let inputs = Inputs {
        paths: vec![path.to_owned()],
        ..Inputs::default()
    };
    let reading = Reading {
        files: &RealFiles,
        limits: dtsx::project::Limits::default(),
        jobs: NonZero::<usize>::MIN,
        only_with: None,
    };
    let unneeded = how.choice.unneeded(&route);
    let unit = find(&inputs, &RealFiles).units.remove(0);
    let open = unit.open(&inputs, &reading);
    let resolved = open.each(&reading, |looked| {
        let Looked::Read(at) = looked else {
            panic!("{looked:?}")
        };
        let package = at.package().unwrap();
        let overrides: Vec<Override> = how
            .overrides
            .iter()
            .map(|text| Override::parse(text, at).unwrap())
            .collect();
        let rules = Rules {
            files: &RealFiles,
            paths: &how.paths,
            overrides: &overrides,
            stale_values: if how.stored_values {
                StaleValues::Taken
            } else {
                StaleValues::Refused
            },
            unneeded: &unneeded,
            event_handlers: if how.event_handlers {
                EventHandlers::Taken
            } else {
                EventHandlers::LeftOut
            },
        };
        package
            .send_mail_tasks()
            .map(|task| resolve(at, package, task, &rules))
            .collect::<Vec<_>>()
    });
    let mut runner = Runner::new(tools, &Etl01, route, how.choice.clone());
    let outcomes = resolved
        .into_iter()
        .flatten()
        .map(|task| runner.send(task))
        .collect();
    runner.end();
    outcomes
}

fn planned(package: &Written, how: &How) -> TaskOutcome {
    let folder = tempfile::tempdir().unwrap();
    outcomes(&package.save(folder.path()), how, Route::DryRun).remove(0)
}

fn captured(path: &Path, how: &How) -> TaskOutcome {
    outcomes(path, how, Route::Capture(Capture::start().unwrap())).remove(0)
}

/// Runs the command.
fn dtsx(args: &[&str]) -> (Output, Value) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_dtsx"))
        .arg("run")
        .args(args)
        .output()
        .unwrap();
    let json = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (output, json)
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

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
        let eml = String::from_utf8(captured.message.clone()).unwrap();
        assert_eq!(eml.matches('\n').count(), eml.matches("\r\n").count());
        insta::assert_snapshot!(format!("source_{name}"), eml.replace("\r\n", "\n"));

        let read = mail_parser::MessageParser::default()
            .parse(&captured.message)
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
    assert_eq!(
        skipped.reason.unwrap(),
        "`\\Package\\Notify.Properties[Subject]`, `\\Package\\Notify.Properties[ToLine]` are computed by expressions, \
         which this version does not evaluate: give the value with `--override \
         '\\Package\\Notify.Properties[Subject];VALUE'`, or take what is stored with `--stored-values`"
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
        reason.starts_with("`\\Package.Connections[Mail].Properties[SmtpServer]` is computed"),
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
fn a_message_from_a_computed_variable_or_from_the_run_time_is_skipped() {
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
    assert_eq!(
        planned(&computed, &How::default()).status,
        TaskStatus::Skipped
    );
    let given = How::overriding(&["\\Package.Variables[User::Body].Value;given"]);
    assert_eq!(planned(&computed, &given).status, TaskStatus::Planned);

    let system = package.with(&from("System::ErrorDescription"));
    let outcome = planned(&system, &How::default());
    assert_eq!(outcome.status, TaskStatus::Skipped);
    assert_eq!(
        outcome.reason.unwrap(),
        "the text comes from `System::ErrorDescription`, which has a value only while the package runs"
    );
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

#[test]
fn the_command_shows_what_it_captured() {
    let folder = tempfile::tempdir().unwrap();
    let path = Written::new()
        .with(&other_task("Load"))
        .with(&task("Notify", "", "", &[("BCC", "audit@corp.example")]))
        .save(folder.path());
    let path = path.to_str().unwrap();
    let (output, _) = dtsx(&[path, "--capture"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let shown = String::from_utf8(output.stdout).unwrap();
    let expected = [
        "captured  \\Package\\Notify",
        "    \"load finished\" from Nightly <etl@corp.example>; to ops@corp.example; 1 blind copy; ",
        "    MAIL FROM:<etl@corp.example>",
        "    RCPT TO:<ops@corp.example>",
        "    RCPT TO:<audit@corp.example>",
        "    | MIME-Version: 1.0",
        "    | From: \"Nightly\" <etl@corp.example>",
        "    | rows: 42",
        "    | all is well",
        "1 captured",
    ];
    let mut lines = shown.lines();
    for start in expected {
        assert!(
            lines.any(|line| line.starts_with(start)),
            "{start}\n{shown}"
        );
    }

    let (output, json) = dtsx(&[path, "--capture", "--format", "json"]);
    assert_eq!(code(&output), 0);
    assert_eq!(json["schema"], "dtsx/run@1");
    let task = &json["tasks"][0];
    assert_eq!(task["status"], "captured");
    assert_eq!(task["path"], "\\Package\\Notify");
    assert_eq!(
        task["message"]["to"],
        serde_json::json!(["ops@corp.example"])
    );
    assert_eq!(
        task["accepted"],
        serde_json::json!(["ops@corp.example", "audit@corp.example"])
    );
    let eml = task["captured"]["message"].as_str().unwrap();
    assert_eq!(task["message"]["size"], eml.len());
    assert!(eml.contains(task["message"]["message_id"].as_str().unwrap()));
    assert_eq!(json["summary"]["captured"], 1);
}

#[test]
fn the_command_writes_an_outbox_for_its_owner_and_does_not_write_over_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = Written::new()
        .with(&task("Notify: all", "", "", &[]))
        .save(folder.path());
    let outbox = folder.path().join("out/box");
    let args = [
        path.to_str().unwrap(),
        "--outbox",
        outbox.to_str().unwrap(),
        "--format",
        "json",
    ];
    let (output, json) = dtsx(&args);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let eml = PathBuf::from(json["tasks"][0]["eml"].as_str().unwrap());
    assert_eq!(eml, outbox.join("001-Notify_ all.eml"));
    let size = json["tasks"][0]["message"]["size"].as_u64().unwrap();
    assert_eq!(std::fs::metadata(&eml).unwrap().len(), size);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&eml), mode(&outbox)), (0o600, 0o700));
    }
    let before = std::fs::read(&eml).unwrap();
    let (output, json) = dtsx(&args);
    assert_eq!(code(&output), 4);
    assert_eq!(json["tasks"][0]["status"], "failed");
    assert_eq!(std::fs::read(&eml).unwrap(), before);
}

fn relay(
    answer: impl Fn(&mut crate::mail_support::Peer, &str) -> io::Result<Answered> + Send + 'static,
) -> Scripted {
    Scripted::once(move |peer| {
        peer.say("220 relay.example\n")?;
        peer.relay("", &answer)
    })
}

#[test]
fn the_command_sends_and_its_exit_code_says_what_came_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = Written::new()
        .with(&task("One", "", "", &[]))
        .with(&task("Two", "", "", &[("CC", "lead@corp.example")]))
        .save(folder.path());
    let path = path.to_str().unwrap();
    let run = |server: &Scripted| {
        let address = format!("127.0.0.1:{}", server.port);
        dtsx(&[
            path,
            "--server",
            &address,
            "--format",
            "json",
            "--timeout",
            "10",
        ])
    };

    let server = relay(plainly);
    let (output, json) = run(&server);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(json["summary"]["sent"], 2);
    assert_eq!(json["tasks"][0]["tls"], "none");
    assert_eq!(json["tasks"][0]["auth"], "anonymous");
    let log = server.log();
    // One connection for both, and a farewell.
    assert_eq!(log.messages.len(), 2);
    assert_eq!(
        log.commands
            .iter()
            .filter(|it| it.starts_with("EHLO"))
            .count(),
        1
    );
    assert_eq!(log.commands.last().unwrap(), "QUIT");

    let server = relay(|peer, line| {
        if line.contains("lead@") {
            peer.say("550 no such user\n")?;
            return Ok(Answered::Yes);
        }
        Ok(Answered::No)
    });
    let (output, json) = run(&server);
    assert_eq!(code(&output), 5);
    assert_eq!(json["tasks"][0]["status"], "sent");
    assert_eq!(json["tasks"][1]["status"], "partial");
    assert_eq!(json["tasks"][1]["code"], "0xC002F304");
    assert_eq!(
        json["tasks"][1]["refused"],
        serde_json::json!([{ "address": "lead@corp.example", "reply": "550 no such user" }])
    );

    let server = relay(|peer, line| {
        if line == "." {
            peer.close()?;
        }
        Ok(Answered::No)
    });
    let (output, json) = run(&server);
    assert_eq!(code(&output), 5);
    assert_eq!(json["tasks"][0]["status"], "unknown");
    // The server takes no second connection.
    assert_eq!(json["tasks"][1]["status"], "failed");

    let server = relay(|peer, line| {
        if line.starts_with("MAIL") {
            peer.say("530 5.7.0 sign in first\n")?;
            return Ok(Answered::Yes);
        }
        Ok(Answered::No)
    });
    let (output, json) = run(&server);
    assert_eq!(code(&output), 1);
    assert_eq!(json["summary"]["failed"], 2);
}

#[test]
fn enable_ssl_demands_starttls_and_windows_authentication_says_what_it_did() {
    let folder = tempfile::tempdir().unwrap();
    let path = Written::new()
        .smtp(
            "SmtpServer=relay.example;UseWindowsAuthentication=True;EnableSsl=True;",
            "",
        )
        .with(&task("Notify", "", "", &[]))
        .save(folder.path());
    let path = path.to_str().unwrap();
    let server = relay(plainly);
    let address = format!("127.0.0.1:{}", server.port);
    let (output, json) = dtsx(&[path, "--server", &address, "--format", "json"]);
    assert_eq!(code(&output), 1);
    let reason = json["tasks"][0]["reason"].as_str().unwrap();
    assert!(
        reason.ends_with("Server does not support secure connections."),
        "{reason}"
    );
    assert!(!server.log().has("MAIL"));

    let authority = Authority::new();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, authority.pem()).unwrap();
    let config = authority.server_for(&["relay.example"]);
    let server = Scripted::once(move |peer| {
        peer.say("220 relay.example\n")?;
        peer.line()?;
        peer.say("250-relay.example\n250 STARTTLS\n")?;
        peer.line()?;
        peer.say("220 go\n")?;
        peer.handshake(config.clone())?;
        peer.relay("250-AUTH PLAIN\n", plainly)
    });
    let address = format!("127.0.0.1:{}", server.port);
    let ca = ca.to_str().unwrap();
    let args = [
        path,
        "--server",
        &address,
        "--ca-file",
        ca,
        "--tls-name",
        "relay.example",
        "--format",
        "json",
    ];
    let (output, json) = dtsx(&args);
    assert_eq!(code(&output), 0, "{json}");
    assert_eq!(json["tasks"][0]["tls"], "starttls");
    let note = json["tasks"][0]["notes"][0].as_str().unwrap();
    assert!(
        note.ends_with("the server does not offer it: anonymous"),
        "{note}"
    );
    assert_eq!(server.log().messages.len(), 1);
}

#[test]
fn a_package_that_does_more_than_send_mail_needs_its_tasks_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = Written::new()
        .with(&other_task("Load"))
        .with(&other_task("Off").replace("/>", " DTS:Disabled=\"True\"/>"))
        .with(&task("Notify", "", "", &[]))
        .save(folder.path());
    let path = path.to_str().unwrap();
    let (output, _) = dtsx(&[path, "--server", "127.0.0.1:1"]);
    assert_eq!(code(&output), 2);
    let told = stderr(&output);
    assert!(
        told.ends_with("not done:\n  `\\Package\\Load` (Execute SQL)\n"),
        "{told}"
    );

    let server = relay(plainly);
    let address = format!("127.0.0.1:{}", server.port);
    let (output, _) = dtsx(&[path, "--server", &address, "--task", "\\Package\\Notify"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(server.log().messages.len(), 1);
    for args in [&[path, "--dry-run"][..], &[path, "--capture"]] {
        assert_eq!(code(&dtsx(args).0), 0);
    }
}

#[test]
fn arguments_that_fit_nothing_are_refused_before_anything_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let path = Written::new()
        .with(&task("Notify", "", "", &[]))
        .save(folder.path());
    let path = path.to_str().unwrap();
    let both = folder.path().to_str().unwrap();
    for (args, exit, told) in [
        (
            &[path, "--dry-run", "--task", "\\Package\\Notfy"][..],
            2,
            "did you mean `Notify`?",
        ),
        (
            &[path, "--dry-run", "--task", "*nobody*"],
            2,
            "there are:\n  `\\Package\\Notify`",
        ),
        (
            &[
                path,
                "--dry-run",
                "--override",
                "\\Package\\Notify.Properties[To];x",
            ],
            2,
            "did you mean `ToLine`?",
        ),
        (
            &[
                path,
                "--dry-run",
                "--override",
                "\\Package\\Nobody.Properties[ToLine];x",
            ],
            2,
            "leads to nothing",
        ),
        (
            &[path, "--dry-run", "--override", "ToLine"],
            2,
            "expected `PATH;VALUE`",
        ),
        (
            &[path, "--dry-run", "--map-path", "C:"],
            2,
            "expected `FROM=TO`",
        ),
        (&[path, "--dry-run", "--capture"], 2, "cannot be used with"),
        (&[path, "--server", "relay:x"], 2, "expected a port"),
        (
            &[path, "--limit", "height=1"],
            2,
            "there is no limit `height`",
        ),
        (
            &[both, "--dry-run", "--package", "Weekly"],
            2,
            "there is no package `Weekly` here",
        ),
        (
            &["no/such.dtsx", "--dry-run"],
            3,
            "no/such.dtsx: could not be read",
        ),
        (
            &[path, "--ca-file", "no/such.pem"],
            3,
            "no/such.pem: could not be read",
        ),
    ] {
        let (output, _) = dtsx(args);
        assert_eq!(code(&output), exit, "{args:?}: {}", stderr(&output));
        assert!(
            stderr(&output).contains(told),
            "{args:?}: {}",
            stderr(&output)
        );
        assert_eq!(output.stdout, b"");
    }

    std::fs::copy(path, folder.path().join("Weekly.dtsx")).unwrap();
    let (output, _) = dtsx(&[both, "--dry-run"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).ends_with("is meant: `Nightly.dtsx`, `Weekly.dtsx`\n"));
    let (output, json) = dtsx(&[both, "--dry-run", "--package", "weekly", "--format", "json"]);
    assert_eq!(code(&output), 0);
    assert!(
        json["tasks"][0]["file"]
            .as_str()
            .unwrap()
            .ends_with("Weekly.dtsx")
    );
}

#[test]
fn every_package_of_the_corpus_is_run_without_a_crash() {
    let Some(corpus) = crate::support::corpus() else {
        return;
    };
    let mut statuses: BTreeMap<String, usize> = BTreeMap::new();
    let mut count = 0;
    for path in crate::support::files_below(&corpus) {
        if path
            .extension()
            .is_none_or(|it| !it.eq_ignore_ascii_case("dtsx"))
        {
            continue;
        }
        let path = path.to_str().unwrap().to_owned();
        let (output, json) = dtsx(&[&path, "--dry-run", "--format", "json"]);
        assert!(
            matches!(code(&output), 0 | 1 | 3),
            "{path}: {}",
            stderr(&output)
        );
        count += 1;
        for task in json["tasks"].as_array().into_iter().flatten() {
            let status = task["status"].as_str().unwrap();
            *statuses.entry(status.to_owned()).or_default() += 1;
            assert_eq!(
                task["reason"].is_null(),
                status == "planned",
                "{path}: {task}"
            );
        }
    }
    println!("{count} packages: {statuses:?}");
    assert!(count > 0);
}
