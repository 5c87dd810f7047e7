//! What sends mail and is no Send Mail task: scripts in all layouts, SQL, processes, tasks of others.

use std::collections::BTreeMap;

use roxmltree::Document;
use serde_json::Value;

use crate::command::{dtsx, dtsx_in};
use crate::fixtures::decode;
use crate::support::{corpus, files_below, fixtures, is_xml};

use super::facts::bytes_of;

fn senders(of: &str) -> Vec<(String, Value)> {
    let report = dtsx(["inspect", "--format", "json", of]).json();
    let mut all = Vec::new();
    for file in report["files"].as_array().unwrap() {
        let path = file["path"].as_str().unwrap();
        for sender in file["other_senders"].as_array().unwrap() {
            all.push((path.to_owned(), sender.clone()));
        }
    }
    let count = report["summary"]["other_senders"].as_u64().unwrap();
    assert_eq!(count, all.len() as u64);
    all
}

/// A sender in one line: object, kind, means, evidence, hosts, sign-in, TLS, and how many passwords it holds.
fn line(sender: &Value) -> String {
    let text = |key: &str| sender[key].as_str().unwrap_or("-").to_owned();
    let hosts: Vec<String> = sender["hosts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|host| {
            let variable = host["variable"].as_str();
            let value = host["value"].as_str().unwrap_or("?");
            variable.map_or(value.to_owned(), |variable| format!("{variable}={value}"))
        })
        .collect();
    let literals = sender["literal_credentials"].as_array().map_or(0, Vec::len);
    let component = sender["component"].as_str();
    let object = component.map_or(text("path"), |name| format!("{}/{name}", text("path")));
    format!(
        "{object}{} | {} {} {} | {} | {} {} {literals}",
        if sender["disabled"] == true {
            " (disabled)"
        } else {
            ""
        },
        text("kind"),
        text("means"),
        text("evidence"),
        hosts.join(", "),
        text("authentication"),
        text("encryption"),
    )
}

fn lines(of: &str) -> Vec<String> {
    senders(of).iter().map(|(_, sender)| line(sender)).collect()
}

#[test]
fn scripts_of_all_versions() {
    assert_eq!(
        lines("senders/Scripts 2022.dtsx"),
        [
            r"\Package\C sharp | script-task system-net-mail System.Net.Mail.SmtpClient | User::SmtpHost=smtp.office365.com | password on 1",
            r"\Package\Visual Basic (disabled) | script-task system-net-mail System.Net.Mail.SmtpClient | relay.example.com | windows unstated 0",
            r"\Package\MailKit | script-task mailkit MailKit | smtp.office365.com | password on 1",
            r"\Package\Outlook | script-task outlook Microsoft.Office.Interop.Outlook |  | none unstated 0",
            r"\Package\Shell | script-task powershell Send-MailMessage | relay.example.com | none unstated 0",
            r"\Package\Shell | script-task procedure usp_MailReport |  | none unstated 0",
            r"\Package\Encoded | script-task system-net-mail System.Net.Mail.SmtpClient | encoded.example.com | windows unstated 0",
            r"\Package\Compiled | script-task system-net-mail System.Net.Mail.SmtpClient |  | unknown computed 0",
        ]
    );
    assert_eq!(
        lines("senders/Scripts 2008.dtsx"),
        [
            r"\Package\VSTA | script-task system-net-mail System.Net.Mail.SmtpClient | relay.example.com | none off 0",
            r"\Package\Rows/Mail rows | script-component system-net-mail System.Net.Mail.SmtpClient | Smtp=relay.example.com | none unstated 0",
        ]
    );
    assert_eq!(
        lines("senders/Scripts 2005.dtsx"),
        [
            r"\Package\VSA | script-task system-net-mail System.Net.Mail.SmtpClient | Smtp=relay.example.com | password unstated 1",
            r"\Package\Rows/Mail rows | script-component system-web-mail System.Web.Mail.SmtpMail | relay.example.com | none unstated 0",
        ]
    );
    assert_eq!(
        lines("senders/Components 2022.dtsx"),
        [
            r"\Package\Rows/Mail rows | script-component system-net-mail System.Net.Mail.SmtpClient | SmtpHost=relay.example.com | none unstated 0",
            r"\Package\Rows/Their destination | third-party-component third-party KingswaySoft.IntegrationToolkit.Email.EmailDestination |  | unknown computed 0",
        ]
    );
}

#[test]
fn sql_processes_and_tasks_of_others() {
    assert_eq!(
        lines("senders/SQL.dtsx"),
        [
            r"\Package\Direct | execute-sql database-mail sp_send_dbmail |  | unknown computed 0",
            r"\Package\From variable | execute-sql database-mail sp_send_dbmail |  | unknown computed 0",
            r"\Package\From file | execute-sql database-mail sp_send_dbmail |  | unknown computed 0",
            r"\Package\Computed | execute-sql database-mail sp_send_dbmail |  | unknown computed 0",
            r"\Package\Procedure | execute-sql procedure usp_SendMail |  | unknown computed 0",
            r"\Package\By name | execute-sql procedure MailTheReport |  | unknown computed 0",
            r"\Package\Switched off (disabled) | execute-sql database-mail sp_send_dbmail |  | unknown computed 0",
        ]
    );
    assert_eq!(
        lines("senders/Processes.dtsx"),
        [
            r"\Package\Blat | execute-process program blat.exe |  | unknown computed 0",
            r"\Package\PowerShell | execute-process powershell Send-MailMessage | smtp.office365.com | password on 0",
            r"\Package\Script of a shell | execute-process program send_mail.bat |  | unknown computed 0",
            r"\Package\Computed | execute-process program blat.exe |  | unknown computed 0",
        ]
    );
    assert_eq!(
        lines("senders/Tasks of others.dtsx"),
        [
            r"\Package.Connections[Their mail] | third-party-connection third-party SMTP (KingswaySoft) | smtp.office365.com | password on 0",
            r"\Package\Their task | third-party-task third-party ZappySys.PowerPack.Task.SendHtmlEmailTask |  | unknown computed 0",
        ]
    );
}

#[test]
fn every_span_is_that_of_what_it_names() {
    let mut seen = 0;
    for (path, sender) in senders("senders") {
        let bytes = bytes_of(&path);
        let slice = |span: &Value| {
            let at = |key: &str| span[key].as_u64().unwrap() as usize;
            String::from_utf8(bytes[at("start")..at("end")].to_vec()).unwrap()
        };
        let evidence = sender["evidence"].as_str().unwrap();
        let text = slice(&sender["span"]);
        let word = evidence.rsplit('.').next().unwrap().to_lowercase();
        let object = sender["path"].as_str().unwrap();
        // Only a reference to the place of the text stands in the package.
        let is_elsewhere = ["From file", "Encoded", "Compiled"]
            .iter()
            .any(|it| object.ends_with(it))
            || object.ends_with("Computed") && text.starts_with("@[");
        let is_program = sender["kind"] == "execute-process";
        if is_elsewhere || is_program || sender["kind"] == "third-party-task" {
            assert!(!text.is_empty(), "{path} {object}");
        } else {
            assert!(
                text.to_lowercase().contains(&word),
                "{path} {object}: {text}"
            );
            seen += 1;
        }
        for span in sender["literal_credentials"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let literal = slice(span);
            assert!(
                literal.starts_with("\"planted-") && literal.ends_with('"'),
                "{literal}"
            );
            seen += 1;
        }
        for host in sender["hosts"].as_array().unwrap() {
            let text = slice(&host["span"]);
            let name = host["variable"]
                .as_str()
                .or(host["value"].as_str())
                .unwrap();
            if !is_elsewhere {
                let first = name.split('.').next().unwrap();
                assert!(text.contains(first), "{path} {object}: {text}");
                seen += 1;
            }
        }
    }
    assert!(seen > 30, "{seen}");
}

#[test]
fn passwords_of_scripts_are_shown_nowhere() {
    let planted: usize = files_below(&fixtures().join("senders"))
        .iter()
        .map(|path| {
            String::from_utf8_lossy(&std::fs::read(path).unwrap())
                .matches("planted")
                .count()
        })
        .sum();
    assert!(planted >= 4, "{planted}");
    for args in [
        &["inspect", "senders"][..],
        &["inspect", "senders", "--format", "json"],
        &["inspect", "senders", "--mail", "--verbose"],
    ] {
        assert!(!dtsx(args).shown().contains("planted"), "{args:?}");
    }
}

#[test]
fn mail_lists_every_file_with_another_sender() {
    let listed = |args: &[&str]| -> Vec<String> {
        let report = dtsx(args).json();
        let files = report["files"].as_array().unwrap().iter();
        let with = files.filter(|file| !file["other_senders"].as_array().unwrap().is_empty());
        with.map(|file| file["path"].as_str().unwrap().to_owned())
            .collect()
    };
    let all = listed(&["inspect", "--format", "json", "."]);
    assert_eq!(all, listed(&["inspect", "--format", "json", "--mail", "."]));
    assert!(all.len() >= 7, "{all:?}");
}

/// Words of mail in the code of scripts, in statements and in command lines, as a reader of its own finds them: the
/// lines of comments left out, no lexer, no layout but the names of elements.
fn by_words(text: &str) -> BTreeMap<&'static str, usize> {
    let document = Document::parse(text).unwrap();
    let mut found = BTreeMap::new();
    let mut count = |kind, is_found: bool| {
        if is_found {
            *found.entry(kind).or_default() += 1;
        }
    };
    let has = |text: &str, words: &[&str]| {
        let code: String = text
            .lines()
            .map(str::trim_start)
            .filter(|line| {
                !["//", "/*", "'", "--", "Rem "]
                    .iter()
                    .any(|it| line.starts_with(it))
            })
            .filter(|line| {
                (!line.starts_with("using ") || line.contains('(')) && !line.starts_with("Imports ")
            })
            .map(|line| format!("{line}\n").to_lowercase())
            .collect();
        words.iter().any(|word| code.contains(&word.to_lowercase()))
    };
    const LIBRARIES: [&str; 6] = [
        "SmtpClient(",
        "SmtpClient\n",
        "new MailMessage",
        "SmtpMail.",
        "Outlook.Application",
        "Send-MailMessage",
    ];
    for node in document.descendants() {
        let name = node.attribute("Name").unwrap_or_default().to_lowercase();
        let is_source = [".cs", ".vb", ".vsaitem"]
            .iter()
            .any(|it| name.ends_with(it));
        match node.tag_name().name() {
            "ScriptProject" => {
                let items = node.children().filter(|it| it.has_tag_name("ProjectItem"));
                let texts = items
                    .filter(|item| {
                        let name = item.attribute("Name").unwrap_or_default().to_lowercase();
                        !name.contains("designer")
                            && [".cs", ".vb", "item"].iter().any(|it| name.ends_with(it))
                    })
                    .filter_map(|item| item.text());
                let text: Vec<&str> = texts.collect();
                count("script-task", has(&text.join("\n"), &LIBRARIES));
            }
            "property" if node.attribute("name") == Some("SourceCode") => {
                let elements = node
                    .descendants()
                    .filter(|it| it.has_tag_name("arrayElement"));
                let text: Vec<&str> = elements.filter_map(|it| it.text()).collect();
                count("script-component", has(&text.join("\n"), &LIBRARIES));
            }
            "SqlTaskData" => {
                let statement = node
                    .attributes()
                    .find(|it| it.name() == "SqlStatementSource");
                let statement = statement.map_or("", |it| it.value());
                count("execute-sql", has(statement, &["sp_send_dbmail"]));
            }
            _ => assert!(!is_source || node.has_tag_name("ProjectItem"), "{node:?}"),
        }
    }
    found
}

#[test]
fn another_search_finds_the_same_scripts_and_statements() {
    // What words alone cannot tell: SQL in variables and files, encoded and compiled scripts.
    let of_reader = |all: &[Value]| -> BTreeMap<&'static str, usize> {
        let mut found = BTreeMap::new();
        for sender in all {
            let object = sender["path"].as_str().unwrap();
            let is_beyond = [
                "From variable",
                "From file",
                "Computed",
                "Encoded",
                "Compiled",
            ]
            .iter()
            .any(|name| object.ends_with(name));
            let kind = match sender["kind"].as_str().unwrap() {
                "script-task" => "script-task",
                "script-component" => "script-component",
                "execute-sql" => "execute-sql",
                _ => continue,
            };
            if !is_beyond && sender["means"] != "procedure" {
                *found.entry(kind).or_default() += 1;
            }
        }
        found
    };
    let roots = [fixtures()].into_iter().chain(corpus());
    let (mut files, mut scripts) = (0, 0);
    for root in roots {
        let report = dtsx_in(
            &root,
            ["inspect", "--format", "json", "--include-build", "."],
        )
        .json();
        for file in report["files"].as_array().unwrap() {
            let path = file["path"].as_str().unwrap();
            if file["encrypted"] == true || path.contains('!') || !is_xml(path.as_ref()) {
                continue;
            }
            let Some((text, ..)) = decode(&std::fs::read(root.join(path)).unwrap()) else {
                continue;
            };
            let all = file["other_senders"].as_array().unwrap();
            assert_eq!(of_reader(all), by_words(&text), "{path}");
            files += 1;
            scripts += text.matches("<ScriptProject").count();
        }
    }
    assert!(
        files > 60 && scripts > 10,
        "{files} files, {scripts} scripts"
    );
    println!("{files} files, {scripts} script projects: the same senders");
}

/// A package with one task.
fn package(name: &str, task: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<DTS:Executable xmlns:DTS=\"www.microsoft.com/SqlServer/Dts\" DTS:refId=\"Package\" \
         DTS:ExecutableType=\"Microsoft.Package\" DTS:ObjectName=\"{name}\" DTS:EnableConfig=\"True\"><DTS:Property \
         DTS:Name=\"PackageFormatVersion\">8</DTS:Property>{task}</DTS:Executable>"
    )
}

fn task(kind: &str, inside: &str) -> String {
    format!(
        "<DTS:Executables><DTS:Executable DTS:refId=\"Package\\Tell\" DTS:ExecutableType=\"{kind}\" \
         DTS:ObjectName=\"Tell\">{inside}</DTS:Executable></DTS:Executables>"
    )
}

fn statement(attributes: &str) -> String {
    let data = format!(
        "<DTS:ObjectData><SQLTask:SqlTaskData {attributes} \
         xmlns:SQLTask=\"www.microsoft.com/sqlserver/dts/tasks/sqltask\" /></DTS:ObjectData>"
    );
    task("Microsoft.ExecuteSQLTask", &data)
}

#[test]
fn mail_finds_what_no_plain_word_in_a_package_tells() {
    let folder = tempfile::tempdir().unwrap();
    let by_variable = |name: &str| {
        format!("SQLTask:SqlStmtSourceType=\"Variable\" SQLTask:SqlStatementSource=\"{name}\"")
    };
    let process = |program: &str, arguments: &str| {
        let data = format!(
            "<DTS:ObjectData><ExecuteProcessData Executable=\"{program}\" Arguments=\"{arguments}\" /></DTS:ObjectData>"
        );
        task("Microsoft.ExecuteProcess", &data)
    };
    let utf16: Vec<u8> = "Send-MailMessage -SmtpServer relay.example.com"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    use base64::Engine as _;
    let base64 = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    let script = format!(
        "<DTS:ObjectData><ScriptProject Name=\"ST_1\"><ProjectItem Name=\"ScriptMain.cs\">{}</ProjectItem>\
         </ScriptProject></DTS:ObjectData>",
        base64(b"class A { void M() { new SmtpClient(\"relay.example.com\").Send(m); } }")
    );
    let configuration = "<DTS:Configurations><DTS:Configuration DTS:ConfigurationType=\"1\" \
                         DTS:ConfigurationString=\"Night.dtsConfig\" DTS:ObjectName=\"C\" /></DTS:Configurations>\
                         <DTS:Variables><DTS:Variable DTS:Namespace=\"User\" DTS:ObjectName=\"Sql\">\
                         <DTS:VariableValue DTS:DataType=\"8\">SELECT 1</DTS:VariableValue></DTS:Variable>\
                         </DTS:Variables>";
    let expression = "<DTS:PropertyExpression DTS:Name=\"SqlStatementSource\">@[$Project::Sql]\
                      </DTS:PropertyExpression>";
    let computed = statement("SQLTask:SqlStatementSource=\"SELECT 1\"")
        .replace("<DTS:ObjectData>", &format!("{expression}<DTS:ObjectData>"));
    for (name, tasks) in [
        ("By project.dtsx", statement(&by_variable("$Project::Sql"))),
        ("By project expression.dtsx", computed),
        (
            "By configuration.dtsx",
            format!("{configuration}{}", statement(&by_variable("User::Sql"))),
        ),
        (
            "Mixed case.dtsx",
            statement("SQLTask:SqlStatementSource=\"exec msdb..Sp_NoTiFy_Operator 1\""),
        ),
        (
            "Shell.dtsx",
            process("PowerShell.exe", &format!("-e {}", base64(&utf16))),
        ),
        ("Script.dtsx", task("Microsoft.ScriptTask", &script)),
        (
            "Silent.dtsx",
            statement("SQLTask:SqlStatementSource=\"SELECT 1\""),
        ),
        (
            "Other parameter.dtsx",
            statement(&by_variable("$Project::Other")),
        ),
    ] {
        let stem = name.trim_end_matches(".dtsx");
        std::fs::write(folder.path().join(name), package(stem, &tasks)).unwrap();
    }
    let parameter = |name: &str, value: &str| {
        format!(
            "<SSIS:Parameter SSIS:Name=\"{name}\"><SSIS:Properties><SSIS:Property SSIS:Name=\"Value\">{value}\
             </SSIS:Property><SSIS:Property SSIS:Name=\"DataType\">18</SSIS:Property></SSIS:Properties>\
             </SSIS:Parameter>"
        )
    };
    let parameters = format!(
        "<SSIS:Parameters xmlns:SSIS=\"www.microsoft.com/SqlServer/SSIS\">{}{}</SSIS:Parameters>",
        parameter("Sql", "EXEC msdb.dbo.sp_send_dbmail"),
        parameter("Other", "SELECT 1")
    );
    std::fs::write(folder.path().join("Project.params"), parameters).unwrap();
    let configured = "<DTSConfiguration><Configuration ConfiguredType=\"Property\" \
                      Path=\"\\Package.Variables[User::Sql].Properties[Value]\" ValueType=\"String\">\
                      <ConfiguredValue>EXEC msdb.dbo.sp_send_dbmail</ConfiguredValue></Configuration>\
                      </DTSConfiguration>";
    std::fs::write(folder.path().join("Night.dtsConfig"), configured).unwrap();
    let told = |args: &[&str]| -> Vec<String> {
        let report = dtsx_in(folder.path(), args).json();
        let files = report["files"].as_array().unwrap();
        let of = |file: &Value| -> Vec<String> {
            let path = file["path"].as_str().unwrap();
            let senders = file["other_senders"].as_array().unwrap().iter();
            senders
                .map(|it| format!("{path}: {}", it["evidence"].as_str().unwrap()))
                .collect()
        };
        files.iter().flat_map(of).collect()
    };
    let expected = [
        "By configuration.dtsx: sp_send_dbmail",
        "By project expression.dtsx: sp_send_dbmail",
        "By project.dtsx: sp_send_dbmail",
        "Mixed case.dtsx: sp_notify_operator",
        "Script.dtsx: System.Net.Mail.SmtpClient",
        "Shell.dtsx: Send-MailMessage in -EncodedCommand",
    ];
    assert_eq!(told(&["inspect", "--format", "json", "."]), expected);
    assert_eq!(
        told(&["inspect", "--format", "json", "--mail", "."]),
        expected
    );
}
