//! Packages put together by tests, and the way from one to its outcomes inside the test.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::{Path, PathBuf};

use dtsx::effective::{Given, PackageValues, UnitValues};
use dtsx::host::{Environment, RealFiles};
use dtsx::mail::deliver::Capture;
use dtsx::mail::{
    Defaults, EventHandlers, Limits, Override, PathMap, Route, Rules, Runner, ServerChoice,
    StaleValues, TaskOutcome, Tools, resolve,
};
use dtsx::project::{Inputs, Looked, Reading, find};

use crate::mail_support::{Counting, StoppedClock};

pub const MAIL: &str = "{0A000000-0000-0000-0000-000000000001}";
pub const FILE: &str = "{0A000000-0000-0000-0000-000000000002}";
pub const OLE_DB: &str = "{0A000000-0000-0000-0000-000000000003}";

/// A package in the form of SQL Server 2014 and later, put together from its parts.
#[derive(Clone, Default)]
pub struct Written {
    pub managers: String,
    pub variables: String,
    pub tasks: String,
    pub handlers: String,
    pub root: String,
}

pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
        .replace('\n', "&#xA;")
}

pub fn manager(id: &str, name: &str, kind: &str, string: &str, expressions: &str) -> String {
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

pub fn expression(property: &str, text: &str) -> String {
    format!(
        "<DTS:PropertyExpression DTS:Name=\"{property}\">{}</DTS:PropertyExpression>",
        escaped(text)
    )
}

pub fn variable(name: &str, data_type: u8, more: &str, value: &str) -> String {
    format!(
        "<DTS:Variable {more} DTS:Namespace=\"User\" DTS:ObjectName=\"{name}\"><DTS:VariableValue \
         DTS:DataType=\"{data_type}\">{}</DTS:VariableValue></DTS:Variable>",
        escaped(value)
    )
}

/// A Send Mail task; `fields` are attributes by the names of the XML, `Attachments` among them.
pub fn task(name: &str, more: &str, inside: &str, fields: &[(&str, &str)]) -> String {
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

pub fn other_task(name: &str) -> String {
    format!(
        "<DTS:Executable DTS:ExecutableType=\"Microsoft.ExecuteSQLTask\" DTS:ObjectName=\"{name}\"/>"
    )
}

impl Written {
    /// A relay that is nobody's, a message file, and a database.
    pub fn new() -> Written {
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

    pub fn with(mut self, task: &str) -> Written {
        self.tasks.push_str(task);
        self
    }

    pub fn smtp(mut self, string: &str, expressions: &str) -> Written {
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

    pub fn save_text(&self) -> String {
        self.xml()
    }

    pub fn save(&self, folder: &Path) -> PathBuf {
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
pub struct How {
    pub overrides: Vec<String>,
    pub stored_values: bool,
    pub event_handlers: bool,
    pub paths: PathMap,
    pub choice: ServerChoice,
}

impl How {
    pub fn overriding(overrides: &[&str]) -> How {
        How {
            overrides: overrides.iter().map(|&it| it.to_owned()).collect(),
            ..How::default()
        }
    }
}

/// The outcomes of a package's tasks, with a clock that stands and random bytes that count.
pub fn outcomes(path: &Path, how: &How, route: Route<'_>) -> Vec<TaskOutcome> {
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
        let given = Given {
            overrides: overrides.iter().map(Override::text).collect(),
            ..Given::default()
        };
        let unit = UnitValues::new(at.context, &given);
        let values = PackageValues::new(at, &unit);
        let rules = Rules {
            files: &RealFiles,
            paths: &how.paths,
            defaults: Defaults::Refused,
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
            .map(|task| resolve(&values, task, &rules))
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

pub fn planned(package: &Written, how: &How) -> TaskOutcome {
    let folder = tempfile::tempdir().unwrap();
    outcomes(&package.save(folder.path()), how, Route::DryRun).remove(0)
}

pub fn captured(path: &Path, how: &How) -> TaskOutcome {
    outcomes(path, how, Route::Capture(Capture::start().unwrap())).remove(0)
}
