//! The typed views, held against an independent reading of the same files.

use std::path::Path;

use dtsx::package::{DTS, MailProperty, Object, Package, SEND_MAIL, boolean, same_id};
use dtsx::source::Source;
use dtsx::xml::{Document, Limits};

use crate::support::{corpus, fixtures, good_xml_files};

fn read(path: &Path) -> Document {
    let source = Source::decode(std::fs::read(path).unwrap()).unwrap();
    Document::parse(source, &Limits::default()).unwrap()
}

/// `(path, SMTP managers, Send Mail tasks)` of the loose files of a manifest.
fn manifest(folder: &Path) -> Vec<(std::path::PathBuf, usize, usize)> {
    let text = std::fs::read_to_string(folder.join("manifest.tsv")).unwrap();
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split('\t').collect();
    let column = |name: &str| header.iter().position(|column| *column == name).unwrap();
    let (path, kind) = (column("path"), column("kind"));
    let (managers, tasks) = (column("smtp_managers"), column("sendmail_tasks"));
    lines
        .map(|line| line.split('\t').collect::<Vec<_>>())
        .filter(|fields| matches!(fields[kind], "dtsx" | "dtsxp"))
        .map(|fields| {
            let number = |at: usize| fields[at].parse::<usize>().unwrap();
            (folder.join(fields[path]), number(managers), number(tasks))
        })
        .collect()
}

#[test]
fn managers_and_tasks_are_as_many_as_the_manifests_say() {
    let mut folders = vec![fixtures()];
    folders.extend(corpus());
    let (mut files, mut managers, mut tasks) = (0, 0, 0);
    for (path, expected_managers, expected_tasks) in folders.iter().flat_map(|f| manifest(f)) {
        let document = read(&path);
        let package = Package::new(&document);
        let smtp = package
            .connection_managers()
            .filter(|m| m.is_smtp())
            .count();
        let mail = package.send_mail_tasks().count();
        assert_eq!(
            (smtp, mail),
            (expected_managers, expected_tasks),
            "{}",
            path.display()
        );
        files += 1;
        managers += smtp;
        tasks += mail;
    }
    println!("{files} packages: {managers} SMTP connection managers, {tasks} Send Mail tasks");
}

/// The same question asked of roxmltree: a property of an object in either generation.
fn property(node: roxmltree::Node<'_, '_>, name: &str) -> Option<String> {
    if let Some(value) = node.attribute((DTS, name)) {
        return Some(value.to_owned());
    }
    node.children()
        .find(|child| {
            child.has_tag_name((DTS, "Property")) && child.attribute((DTS, "Name")) == Some(name)
        })
        .map(|child| child.text().unwrap_or("").to_owned())
}

#[test]
fn every_field_of_every_task_is_the_one_that_roxmltree_reads() {
    let mut fields = 0;
    for path in good_xml_files() {
        let document = read(&path);
        let text = document.source().text().to_owned();
        let theirs = roxmltree::Document::parse(&text).unwrap();
        let expected: Vec<_> = theirs
            .descendants()
            .filter(|node| {
                node.has_tag_name((DTS, "Executable"))
                    && property(*node, "ExecutableType").is_some_and(|t| t.contains("SendMailTask"))
            })
            .collect();
        let tasks: Vec<_> = Package::new(&document).send_mail_tasks().collect();
        assert_eq!(tasks.len(), expected.len(), "{}", path.display());
        for (task, expected) in tasks.iter().zip(expected) {
            let object = task.executable().object();
            for name in [
                "ObjectName",
                "DTSID",
                "Description",
                "CreationName",
                "Disabled",
            ] {
                let ours = object.text(name).map(|text| text.into_owned());
                assert_eq!(ours, property(expected, name), "{}: {name}", path.display());
                fields += 1;
            }
            // Not any descendant: an event handler of the task may hold another one, before its data.
            let data = expected
                .children()
                .filter(|node| node.has_tag_name((DTS, "ObjectData")))
                .flat_map(|node| node.children())
                .find(|node| node.tag_name().name() == "SendMailTaskData");
            for mail in MailProperty::ALL {
                let holder = match mail {
                    MailProperty::FileAttachments => data.and_then(|data| {
                        data.children()
                            .find(|node| node.has_tag_name((SEND_MAIL, "Attachments")))
                    }),
                    _ => data,
                };
                let theirs = holder.and_then(|node| {
                    node.attribute((SEND_MAIL, mail.xml_name()))
                        .or_else(|| node.attribute(mail.xml_name()))
                });
                let ours = task
                    .stored(mail)
                    .map(|stored| stored.text().into_text().into_owned());
                assert_eq!(
                    ours.as_deref(),
                    theirs,
                    "{}: {}",
                    path.display(),
                    mail.name()
                );
                fields += 1;
            }
            let ours: Vec<_> = object
                .property_expressions()
                .map(|e| (e.property().into_owned(), e.text().into_owned()))
                .collect();
            let theirs: Vec<_> = expected
                .children()
                .filter(|node| node.has_tag_name((DTS, "PropertyExpression")))
                .map(|node| {
                    let name = node.attribute((DTS, "Name")).unwrap_or_default();
                    (name.to_owned(), node.text().unwrap_or("").to_owned())
                })
                .collect();
            assert_eq!(ours, theirs, "{}", path.display());
            let disabled = expected.ancestors().skip(1).any(|node| {
                (node.has_tag_name((DTS, "Executable")) || node.has_tag_name((DTS, "EventHandler")))
                    && property(node, "Disabled").as_deref().and_then(boolean) == Some(true)
            });
            assert_eq!(task.executable().disabled_by().is_some(), disabled);
            let handler = expected
                .ancestors()
                .find(|node| node.has_tag_name((DTS, "EventHandler")))
                .and_then(|node| property(node, "EventName"));
            let ours = task
                .executable()
                .event_handler()
                .map(|h| h.event().into_owned());
            assert_eq!(ours, handler, "{}", path.display());
        }
    }
    println!("{fields} fields of Send Mail tasks equal an independent reading");
}

#[test]
fn every_manager_has_its_connection_string() {
    let mut managers = 0;
    for path in good_xml_files() {
        let document = read(&path);
        let text = document.source().text().to_owned();
        let theirs = roxmltree::Document::parse(&text).unwrap();
        for manager in Package::new(&document)
            .connection_managers()
            .filter(|m| m.is_smtp())
        {
            let span = manager.span().range();
            let node = theirs
                .descendants()
                .find(|n| n.is_element() && n.range() == span)
                .unwrap();
            let expected = node
                .descendants()
                .find_map(|n| n.attributes().find(|a| a.name() == "ConnectionString"))
                .map(|attribute| attribute.value());
            let ours = manager
                .connection_string()
                .map(|s| s.text().into_text().into_owned());
            assert_eq!(ours.as_deref(), expected, "{}", path.display());
            assert!(expected.is_some(), "{}", path.display());
            managers += 1;
        }
    }
    println!("{managers} SMTP connection strings");
}

#[test]
fn references_find_their_managers_whatever_the_case() {
    let (mut found, mut elsewhere) = (0, 0);
    for path in good_xml_files() {
        let document = read(&path);
        let package = Package::new(&document);
        for task in package.send_mail_tasks() {
            let reference = task.get(MailProperty::SmtpConnection);
            let hit = package
                .connection_managers()
                .filter_map(|manager| manager.object().id())
                .any(|id| same_id(&id, &reference));
            if hit { found += 1 } else { elsewhere += 1 }
        }
    }
    println!("{found} references inside their package, {elsewhere} to a project or to nothing");
    assert!(corpus().is_none() || found > 0);
}

#[test]
fn what_an_object_does_not_say_is_its_default() {
    let text = format!("<DTS:Executable xmlns:DTS=\"{DTS}\" DTS:ObjectName=\"n\"/>");
    let document = Document::parse(Source::from_text(text), &Limits::default()).unwrap();
    let object = Object::new(document.root());
    assert_eq!(object.name(), "n");
    assert_eq!(object.boolean("Disabled"), None);
    assert!(object.property("DelayValidation").is_none());
}
