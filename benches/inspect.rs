//! How long `inspect --mail` takes beside a plain search for one word, and how much memory a tree takes.
//!
//! `cargo bench --bench inspect` builds a tree of a thousand files in a temporary folder, a tenth of which holds mail,
//! and lets the command and `rg -uu -c -F SmtpConnectionManager` search it in turns, so that a slow moment of the
//! machine hits both; the best round of each counts. Where `rg` is not installed, the same search is done in this
//! process by one thread, which is said. Memory is the peak of a process of its own (Linux only), with one job, at a
//! thousand and at ten thousand files: of `inspect --mail`, `inspect` and `lint`, whose findings wait for each other.
//! `DTSX_BENCH_ONLY=memory` leaves the times out.
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
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use dtsx::host::RealFiles;
use dtsx::inventory::{Hashes, Scope, Survey, survey};
use dtsx::lint::{BuildCopies, Excerpts, Lint, Settings, lint};
use dtsx::project::{Changes, Inputs, Limits};
use dtsx::report::lint::LintReport;
use dtsx::report::{json, sarif};

const ROUNDS: usize = 11;
/// The sizes of the packages of a project, in bytes: spread as those that people publish (median 71 KB, mean 160 KB).
const SIZES: [usize; 17] = [
    7_000, 20_000, 35_000, 41_000, 48_000, 55_000, 63_000, 71_000, 80_000, 92_000, 110_000,
    130_000, 145_000, 165_000, 192_000, 400_000, 1_100_000,
];
/// Files of a project: its packages, a connection manager, the parameters and the project itself.
const PROJECT: usize = SIZES.len() + 3;
const WORD: &str = "SmtpConnectionManager";

fn main() {
    if let Some(folder) = std::env::var_os("DTSX_BENCH_MEASURE") {
        return measure(Path::new(&folder));
    }
    let tree = tempfile::tempdir().unwrap();
    let thousand = tree.path().join("thousand");
    let (files, bytes, largest) = grow(&thousand, 1_000);
    println!(
        "{files} files, {:.0} MB, a tenth with mail; best of {ROUNDS} rounds",
        bytes as f64 / 1e6
    );
    if std::env::var_os("DTSX_BENCH_ONLY").is_none_or(|only| only != "memory") {
        speed(&thousand, bytes);
    }
    memory(tree.path(), &thousand, largest);
}

/// Projects of twenty files: packages, a `.conmgr`, `Project.params` and the `.dtproj`. Two of them hold mail.
///
/// Files of one kind and size are one file with many names, so that ten thousand take no more room than one thousand.
fn grow(root: &Path, files: usize) -> (usize, u64, u64) {
    fs::create_dir_all(root).unwrap();
    let stock = root.join("stock");
    fs::create_dir(&stock).unwrap();
    let mut made = Vec::new();
    let packages = SIZES.iter().enumerate().map(|(index, size)| {
        let content = if matches!(index, 5 | 14) { MAIL } else { "" };
        (format!("Load {index}.dtsx"), package(*size, content))
    });
    let others = [
        ("Warehouse.conmgr", manager()),
        ("Project.params", PARAMETERS.to_owned()),
        ("Project.dtproj", project()),
    ];
    let others = others.map(|(name, text)| (name.to_owned(), text));
    for (name, text) in packages.chain(others) {
        let path = stock.join(&name);
        fs::write(&path, text).unwrap();
        made.push((name, path));
    }
    let (mut bytes, mut largest) = (0, 0);
    for number in 0..files {
        let (name, source) = &made[number % PROJECT];
        let folder = root.join(format!(
            "team {}/project {}",
            number / 400,
            number / PROJECT
        ));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(name);
        if fs::hard_link(source, &path).is_err() {
            fs::copy(source, &path).unwrap();
        }
        let size = fs::metadata(&path).unwrap().len();
        bytes += size;
        largest = largest.max(size);
    }
    fs::remove_dir_all(stock).unwrap();
    (files, bytes, largest)
}

const PARAMETERS: &str = "<SSIS:Parameters xmlns:SSIS=\"www.microsoft.com/SqlServer/SSIS\"/>";
const MAIL: &str = r#"<DTS:ConnectionManagers>
    <DTS:ConnectionManager DTS:refId="Package.ConnectionManagers[Mail]" DTS:CreationName="SMTP"
      DTS:DTSID="{31D96F45-EA88-53B5-9831-70C406D42C0F}" DTS:ObjectName="Mail">
      <DTS:ObjectData>
        <SmtpConnectionManager
          ConnectionString="SmtpServer=relay.example.com;UseWindowsAuthentication=False;EnableSsl=False;" />
      </DTS:ObjectData>
    </DTS:ConnectionManager>
  </DTS:ConnectionManagers>
  <DTS:Executables>
    <DTS:Executable DTS:refId="Package\Report" DTS:CreationName="Microsoft.SendMailTask"
      DTS:DTSID="{0A198036-A149-5801-89F9-A103CF32290B}" DTS:ExecutableType="Microsoft.SendMailTask"
      DTS:ObjectName="Report">
      <DTS:ObjectData>
        <SendMailTask:SendMailTaskData SendMailTask:SMTPServer="{31D96F45-EA88-53B5-9831-70C406D42C0F}"
          SendMailTask:From="etl@example.com" SendMailTask:To="ops@example.com" SendMailTask:Subject="Done"
          SendMailTask:MessageSource="x" xmlns:SendMailTask="www.microsoft.com/sqlserver/dts/tasks/sendmailtask" />
      </DTS:ObjectData>
    </DTS:Executable>
  </DTS:Executables>"#;

/// A package of about this size: the columns of a data flow, as most bytes of most packages are.
fn package(size: usize, content: &str) -> String {
    let mut text = format!(
        "<?xml version=\"1.0\"?>\r\n<DTS:Executable xmlns:DTS=\"www.microsoft.com/SqlServer/Dts\"\r\n  \
         DTS:refId=\"Package\"\r\n  DTS:CreationName=\"Microsoft.Package\"\r\n  \
         DTS:DTSID=\"{{4B8FDE3C-E712-5AC0-BCC4-1FCCB3FE70BC}}\"\r\n  DTS:ExecutableType=\"Microsoft.Package\"\r\n  \
         DTS:ObjectName=\"Load\">\r\n  <DTS:Property\r\n    DTS:Name=\"PackageFormatVersion\">8</DTS:Property>\r\n  \
         {content}\r\n  <pipeline>\r\n"
    );
    let mut number = 0;
    while text.len() < size {
        let _ = write!(
            text,
            "              <outputColumn\r\n                \
             refId=\"Package\\Load\\Source.Outputs[OLE DB Source Output].Columns[Column{number}]\"\r\n                \
             dataType=\"wstr\"\r\n                errorOrTruncationOperation=\"Conversion\"\r\n                \
             externalMetadataColumnId=\"Package\\Load\\Source.Outputs[OLE DB Source Output].ExternalColumns[Column{number}]\"\r\n                \
             length=\"{}\"\r\n                lineageId=\"Package\\Load\\Source.Outputs[OLE DB Source Output].Columns[Column{number}]\"\r\n                \
             name=\"Column{number}\"\r\n                truncationRowDisposition=\"FailComponent\" />\r\n",
            number % 255
        );
        number += 1;
    }
    text + "  </pipeline>\r\n</DTS:Executable>"
}

fn manager() -> String {
    "<?xml version=\"1.0\"?>\r\n<DTS:ConnectionManager xmlns:DTS=\"www.microsoft.com/SqlServer/Dts\"\r\n  \
     DTS:ObjectName=\"Warehouse\"\r\n  DTS:DTSID=\"{8D891D71-78F7-5DA8-8E75-819ABF205548}\"\r\n  \
     DTS:CreationName=\"OLEDB\">\r\n  <DTS:ObjectData>\r\n    <DTS:ConnectionManager\r\n      \
     DTS:ConnectionString=\"Data Source=SQL02;Initial Catalog=Warehouse;\" />\r\n  </DTS:ObjectData>\r\n\
     </DTS:ConnectionManager>"
        .to_owned()
}

fn project() -> String {
    let mut text = "<?xml version=\"1.0\"?>\r\n<Project>\r\n  <DeploymentModel>Project</DeploymentModel>\r\n  \
                    <DeploymentModelSpecificContent>\r\n    <Manifest>\r\n      <SSIS:Project \
                    xmlns:SSIS=\"www.microsoft.com/SqlServer/SSIS\">\r\n"
        .to_owned();
    // What a project repeats of its packages takes about two kilobytes for each.
    for package in 0..17 {
        let _ = write!(
            text,
            "        <SSIS:Package SSIS:Name=\"Load {package}.dtsx\">\r\n"
        );
        for property in 0..24 {
            let _ = write!(
                text,
                "          <SSIS:Property SSIS:Name=\"Property{property}\">{{8D891D71-78F7-5DA8-8E75-819ABF205548}}</SSIS:Property>\r\n"
            );
        }
        text.push_str("        </SSIS:Package>\r\n");
    }
    text + "      </SSIS:Project>\r\n    </Manifest>\r\n  </DeploymentModelSpecificContent>\r\n</Project>"
}

fn speed(tree: &Path, bytes: u64) {
    let inspect = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dtsx"));
        command.arg("inspect").args(args).arg(tree);
        time(&mut command)
    };
    let has_rg = Command::new("rg")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_ok();
    let search = || match has_rg {
        true => time(Command::new("rg").args(["-uu", "-c", "-F", WORD]).arg(tree)),
        false => time_search(tree),
    };
    let mut best = [Duration::MAX; 7];
    for _ in 0..ROUNDS {
        for (best, time) in best.iter_mut().zip([
            search(),
            inspect(&["--mail"]),
            inspect(&["--mail", "--jobs", "1"]),
            inspect(&[]),
            inspect(&["--format", "json"]),
            // All rules, to be held against `inspect`.
            time_lint(tree),
            time(Command::new(env!("CARGO_BIN_EXE_dtsx")).arg("--version")),
        ]) {
            *best = time.min(*best);
        }
    }
    let [search, rest @ ..] = best;
    let name = match has_rg {
        true => "rg -uu -c -F",
        false => "read and memmem (rg is not installed; one thread)",
    };
    let line = |name: &str, time: Duration| {
        println!(
            "{name:<32} {:7.1} ms {:7.0} MB/s {:6.2} times the search",
            time.as_secs_f64() * 1e3,
            bytes as f64 / time.as_secs_f64() / 1e6,
            time.as_secs_f64() / search.as_secs_f64()
        );
    };
    line(name, search);
    for (name, time) in [
        "inspect --mail",
        "inspect --mail --jobs 1",
        "inspect",
        "inspect --format json",
        "lint --format json",
    ]
    .into_iter()
    .zip(rest)
    {
        line(name, time);
    }
    let [.., whole, _, lint, version] = best;
    println!(
        "lint takes {:.2} times what inspect takes (2 allowed)",
        lint.as_secs_f64() / whole.as_secs_f64()
    );
    println!("dtsx --version {:.1} ms", version.as_secs_f64() * 1e3);
}

/// All rules over the tree, whatever they find.
fn time_lint(tree: &Path) -> Duration {
    let args = [
        "lint",
        "--isolated",
        "--fail-level",
        "never",
        "--format",
        "json",
    ];
    time(
        Command::new(env!("CARGO_BIN_EXE_dtsx"))
            .args(args)
            .arg(tree),
    )
}

fn time(command: &mut Command) -> Duration {
    let command = command.stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let status = command.status().unwrap();
    let time = start.elapsed();
    assert!(status.success(), "{command:?}: {status}");
    time
}

/// The same search without any tool.
fn time_search(tree: &Path) -> Duration {
    let start = Instant::now();
    let mut folders = vec![tree.to_owned()];
    let mut found = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                let bytes = fs::read(entry.path()).unwrap();
                found += memchr::memmem::find_iter(&bytes, WORD.as_bytes()).count();
            }
        }
    }
    assert!(found > 0);
    start.elapsed()
}

fn memory(root: &Path, thousand: &Path, largest: u64) {
    let many = root.join("ten thousand");
    grow(&many, 10_000);
    let flat = root.join("one folder");
    flatten(thousand, &flat);
    let allowed = 32.0 + 4.0 * largest as f64 / (1 << 20) as f64;
    for (name, folder) in [
        ("nothing at all", root.join("empty")),
        ("1,000 files", thousand.to_owned()),
        ("10,000 files", many),
        ("1,000 files in one folder", flat),
    ] {
        fs::create_dir_all(&folder).unwrap();
        let mut inspect = None;
        for what in ["inspect --mail", "inspect", "lint", "lint, as SARIF"] {
            let output = Command::new(std::env::current_exe().unwrap())
                .env("DTSX_BENCH_MEASURE", &folder)
                .env("DTSX_BENCH_WHAT", what)
                .output()
                .unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            let Ok(kib) = text.trim().parse::<f64>() else {
                return println!("peak memory cannot be measured here");
            };
            let beside = match inspect {
                Some(inspect) => format!(", {:.2} times inspect", kib / inspect),
                None => String::new(),
            };
            println!(
                "peak memory, {name:<26} {what:<14} {:6.1} MiB of {allowed:.0} allowed{beside}",
                kib / 1024.0
            );
            if what == "inspect" {
                inspect = Some(kib);
            }
        }
    }
}

/// The same files in one folder, where all their facts wait for each other.
fn flatten(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    let mut folders = vec![from.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path
                    .strip_prefix(from)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .replace('/', " ");
                let _ = fs::hard_link(&path, to.join(name));
            }
        }
    }
}

/// Looks at a folder in this process and prints the most memory that it ever held, in KiB.
fn measure(folder: &Path) {
    let inputs = Inputs {
        paths: vec![folder.to_owned()],
        ..Inputs::default()
    };
    match std::env::var("DTSX_BENCH_WHAT").unwrap().as_str() {
        "inspect --mail" => inspect(&inputs, Scope::Mail),
        "inspect" => inspect(&inputs, Scope::Everything),
        "lint" => json::lint::write(&mut std::io::sink(), &judged(&inputs)).unwrap(),
        "lint, as SARIF" => sarif::write(&mut std::io::sink(), &judged(&inputs), "0").unwrap(),
        other => panic!("{other}"),
    }
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    println!(
        "{}",
        peak.unwrap_or_default().trim().trim_end_matches(" kB")
    );
}

fn inspect(inputs: &Inputs, scope: Scope) {
    let asked = Survey {
        inputs,
        scope,
        hashes: Hashes::Computed,
        limits: Limits::default(),
        jobs: NonZero::<usize>::MIN,
    };
    json::inspect::write(&mut std::io::sink(), |_| true, &mut |tell| {
        survey(&asked, &RealFiles, tell)
    })
    .unwrap();
}

/// What the command collects before it writes.
fn judged(inputs: &Inputs) -> LintReport {
    let job = Lint {
        inputs,
        settings: &Settings::default(),
        limits: Limits::default(),
        jobs: NonZero::<usize>::MIN,
        excerpts: Excerpts::LeftOut,
        build_copies: BuildCopies::LeaveAlone,
    };
    let mut report = LintReport::default();
    lint(&job, &RealFiles, |mut linted, _| {
        for fix in linted.findings.iter_mut().filter_map(|it| it.fix.as_mut()) {
            fix.changes = Changes::default();
        }
        report.findings.append(&mut linted.findings);
        report.errors.append(&mut linted.errors);
        report.files += linted.files.len();
        report.labels.append(&mut linted.files);
        Ok::<(), std::convert::Infallible>(())
    })
    .unwrap();
    report
}
