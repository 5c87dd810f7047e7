//! What effective values cost `inspect`, and what a plan costs beside it.
//!
//! `cargo bench --bench estate` builds a thousand packages of 200 KB in a temporary folder, a tenth of which keeps the
//! server that moves: in a connection manager, behind an expression in a variable, in Send Mail tasks with expressions.
//! Every package has variables and expressions of its own. Two ratios are printed, each of two works that are done in
//! turns, so that a slow moment of the machine hits both; the best round of each counts.
//!
//! * `inspect` with effective values to the same without: the time of all effective values of the packages' objects,
//!   computed alone over packages that lie in memory, is what `inspect` spends on them.
//! * `dtsx migrate --replace-server` to `dtsx inspect`, as processes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs
)]

use std::fmt::Write as _;
use std::fs;
use std::num::NonZero;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use dtsx::effective::{Given, PackageValues, UnitValues};
use dtsx::host::RealFiles;
use dtsx::inventory::{Hashes, Scope, Survey, survey};
use dtsx::package::Target;
use dtsx::project::{Inputs, Limits, Looked, Reading, find};

const ROUNDS: usize = 5;
const PACKAGES: usize = 1_000;
const SIZE: usize = 200_000;

fn main() {
    let tree = tempfile::tempdir().unwrap();
    let bytes = grow(tree.path());
    println!(
        "{PACKAGES} packages, {:.0} MB, a tenth hit; best of {ROUNDS} rounds",
        bytes as f64 / 1e6
    );
    effective(tree.path());
    migrate(tree.path());
}

fn grow(root: &Path) -> u64 {
    let (hit, other) = (package(true), package(false));
    let mut bytes = 0;
    for number in 0..PACKAGES {
        let folder = root.join(format!("project {}", number / 20));
        fs::create_dir_all(&folder).unwrap();
        let text = if number % 10 == 3 { &hit } else { &other };
        fs::write(folder.join(format!("Load {number}.dtsx")), text).unwrap();
        bytes += text.len() as u64;
    }
    bytes
}

fn package(is_hit: bool) -> String {
    let mut text = String::from(
        "<?xml version=\"1.0\"?>\n<DTS:Executable xmlns:DTS=\"www.microsoft.com/SqlServer/Dts\" DTS:refId=\"Package\" \
         DTS:DTSID=\"{A}\" DTS:ExecutableType=\"Microsoft.Package\" DTS:ObjectName=\"Load\">\n\
         <DTS:Property DTS:Name=\"PackageFormatVersion\">8</DTS:Property>\n<DTS:ConnectionManagers>\n",
    );
    let manager = |text: &mut String, name: &str, kind: &str, expression: &str, data: &str| {
        writeln!(
            text,
            "<DTS:ConnectionManager DTS:refId=\"Package.ConnectionManagers[{name}]\" DTS:CreationName=\"{kind}\" \
             DTS:DTSID=\"{{{name}}}\" DTS:ObjectName=\"{name}\">{expression}<DTS:ObjectData>{data}</DTS:ObjectData>\
             </DTS:ConnectionManager>"
        )
        .unwrap();
    };
    let string = "Data Source=.;Initial Catalog=Load;Provider=SQLNCLI11.1;";
    let expression =
        "<DTS:PropertyExpression DTS:Name=\"ServerName\">@[User::Server]</DTS:PropertyExpression>";
    let data = format!("<DTS:ConnectionManager DTS:ConnectionString=\"{string}\" />");
    manager(&mut text, "Source", "OLEDB", expression, &data);
    manager(&mut text, "Target", "OLEDB", "", &data);
    if is_hit {
        let data = "<SmtpConnectionManager ConnectionString=\"SmtpServer=old.example;UseWindowsAuthentication=True;\
                    EnableSsl=False;\" />";
        let expression = "<DTS:PropertyExpression DTS:Name=\"SmtpServer\">@[User::Relay]</DTS:PropertyExpression>";
        manager(&mut text, "Mail", "SMTP", expression, data);
    }
    text.push_str("</DTS:ConnectionManagers>\n<DTS:Variables>\n");
    let variable = |text: &mut String, name: &str, more: &str, value: &str| {
        writeln!(
            text,
            "<DTS:Variable DTS:DTSID=\"{{V-{name}}}\" {more} DTS:Namespace=\"User\" DTS:ObjectName=\"{name}\">\
             <DTS:VariableValue DTS:DataType=\"8\">{value}</DTS:VariableValue></DTS:Variable>"
        )
        .unwrap();
    };
    variable(&mut text, "Server", "", "etl.example");
    variable(&mut text, "Relay", "", "old.example");
    for number in 0..20 {
        let more = format!(
            "DTS:EvaluateAsExpression=\"True\" DTS:Expression=\"@[User::Server] + &quot;-{number}&quot;\""
        );
        variable(&mut text, &format!("Name{number}"), &more, "etl.example");
    }
    text.push_str("</DTS:Variables>\n<DTS:Executables>\n");
    if is_hit {
        for number in 0..4 {
            writeln!(
                text,
                "<DTS:Executable DTS:refId=\"Package\\Tell {number}\" DTS:DTSID=\"{{T-{number}}}\" \
                 DTS:ExecutableType=\"Microsoft.SendMailTask\" DTS:ObjectName=\"Tell {number}\">\
                 <DTS:PropertyExpression DTS:Name=\"Subject\">\"done: \" + @[User::Name{number}]\
                 </DTS:PropertyExpression><DTS:PropertyExpression DTS:Name=\"MessageSource\">\"on \" + \
                 @[System::PackageName] + \" at \" + (DT_WSTR,30)@[System::StartTime]</DTS:PropertyExpression>\
                 <DTS:ObjectData><SendMailTask:SendMailTaskData SendMailTask:SMTPServer=\"{{Mail}}\" \
                 SendMailTask:From=\"etl@example.com\" SendMailTask:To=\"ops@example.com\" SendMailTask:Subject=\"x\" \
                 xmlns:SendMailTask=\"www.microsoft.com/sqlserver/dts/tasks/sendmailtask\" /></DTS:ObjectData>\
                 </DTS:Executable>"
            )
            .unwrap();
        }
    }
    let mut number = 0;
    while text.len() < SIZE {
        number += 1;
        writeln!(
            text,
            "<DTS:Executable DTS:refId=\"Package\\Load {number}\" DTS:DTSID=\"{{L-{number}}}\" \
             DTS:ExecutableType=\"Microsoft.Pipeline\" DTS:ObjectName=\"Load {number}\">\n<DTS:ObjectData>\n<pipeline>\n\
             <components>"
        )
        .unwrap();
        for column in 0..60 {
            writeln!(
                text,
                "<outputColumn refId=\"Package\\Load {number}.Outputs[Out].Columns[c{column}]\" codePage=\"1252\" \
                 dataType=\"wstr\" length=\"50\" lineageId=\"{column}\" name=\"c{column}\" />"
            )
            .unwrap();
        }
        text.push_str("</components>\n</pipeline>\n</DTS:ObjectData>\n</DTS:Executable>\n");
    }
    text.push_str("</DTS:Executables>\n</DTS:Executable>\n");
    text
}

fn effective(tree: &Path) {
    let inputs = Inputs {
        paths: vec![tree.to_owned()],
        ..Inputs::default()
    };
    let (mut whole, mut values) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let mut files = 0;
        let asked = Survey {
            inputs: &inputs,
            scope: Scope::Everything,
            hashes: Hashes::LeftOut,
            limits: Limits::default(),
            jobs: NonZero::<usize>::MIN,
        };
        survey(&asked, &RealFiles, |unit| {
            files += unit.files.len();
            Ok::<(), ()>(())
        })
        .unwrap();
        assert_eq!(files, PACKAGES);
        whole = whole.min(start.elapsed());
        values = values.min(of_values(&inputs));
    }
    let without = whole.saturating_sub(values);
    println!(
        "inspect: {whole:.2?}, effective values {values:.2?} of it; with to without: {:.2} (at most 1.5)",
        whole.as_secs_f64() / without.as_secs_f64()
    );
}

/// The effective values that `inspect` shows, and nothing else.
fn of_values(inputs: &Inputs) -> Duration {
    let reading = Reading {
        files: &RealFiles,
        limits: Limits::default(),
        jobs: NonZero::<usize>::MIN,
        only_with: None,
    };
    let mut time = Duration::ZERO;
    let given = Given::default();
    for unit in &find(inputs, &RealFiles).units {
        let open = unit.open(inputs, &reading);
        let values = UnitValues::new(&open.context, &given);
        let times = open.each(&reading, |looked| {
            let Looked::Read(at) = looked else {
                return Duration::ZERO;
            };
            let start = Instant::now();
            let values = PackageValues::new(at, &values);
            let package = at.package().unwrap();
            let managers = package.connection_managers().map(Target::ConnectionManager);
            let tasks = package
                .send_mail_tasks()
                .map(|task| Target::Executable(task.executable()));
            let mut shown = 0;
            for target in managers.chain(tasks) {
                shown += values.entries(at.file, target).len();
            }
            assert!(shown > 0);
            shown += values.notes().len();
            std::hint::black_box(shown);
            start.elapsed()
        });
        time += times.into_iter().sum::<Duration>();
    }
    time
}

fn migrate(tree: &Path) {
    let run = |args: &[&str]| {
        let start = Instant::now();
        let status = Command::new(env!("CARGO_BIN_EXE_dtsx"))
            .args(args)
            .arg(tree)
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success());
        start.elapsed()
    };
    let (mut inspect, mut plan) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        inspect = inspect.min(run(&["inspect"]));
        plan = plan.min(run(&[
            "migrate",
            "--replace-server",
            "old.example=new.example",
        ]));
    }
    println!(
        "inspect {inspect:.2?}, migrate (plan) {plan:.2?}: {:.2} (at most 1.5)",
        plan.as_secs_f64() / inspect.as_secs_f64()
    );
}
