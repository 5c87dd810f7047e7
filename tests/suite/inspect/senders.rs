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
