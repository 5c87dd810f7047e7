//! Setters: an edit changes its characters and no others, and can be taken back to the byte.

use std::path::Path;

use dtsx::connection_string::{SmtpConnectionString, SmtpProperty};
use dtsx::package::{
    ConfigurationEntry, ConnectionManager, FileKind, MailProperty, Object, Package, SendMailTask,
    SetError, Variable, boolean, project_parameters,
};
use dtsx::source::Source;
use dtsx::xml::{Document, Edit, EditSet, Limits};

use crate::support::{Seeded, fixtures, good_xml_files};

fn read(path: &Path) -> Document {
    decode(std::fs::read(path).unwrap())
}

fn decode(bytes: Vec<u8>) -> Document {
    Document::parse(Source::decode(bytes).unwrap(), &Limits::default()).unwrap()
}

fn set(edits: Vec<Edit>) -> EditSet {
    let mut set = EditSet::new();
    set.extend(edits).unwrap();
    set
}

fn applied(document: &Document, edits: &EditSet) -> Vec<u8> {
    document.apply(&document.sealed(edits.clone()).unwrap())
}

/// Edits, takes them back by their inverse, and checks that nothing outside the spans differs.
fn there_and_back(document: &Document, edits: Vec<Edit>) -> Document {
    let original = document.apply(&document.sealed(EditSet::new()).unwrap());
    let edits = set(edits);
    let changed = decode(applied(document, &edits));
    let back = applied(&changed, &edits.invert(document));
    assert!(back == original, "the inverse gives the original bytes");
    // Rebuilt from the original text and the edits alone.
    let text = document.source().text();
    let mut expected = String::new();
    let mut at = 0;
    for edit in edits.iter() {
        expected.push_str(&text[at..edit.span.start as usize]);
        expected.push_str(&edit.text);
        at = edit.span.end as usize;
    }
    expected.push_str(&text[at..]);
    assert_eq!(changed.source().text(), expected);
    changed
}

/// One property of one object that can be read and set.
struct Settable {
    name: &'static str,
    values: &'static [&'static str],
    get: fn(&Document, usize) -> Option<String>,
    set: fn(&Document, usize, &str) -> Result<Vec<Edit>, SetError>,
    count: fn(&Document) -> usize,
}

fn is_package(document: &Document) -> bool {
    matches!(
        FileKind::of(document),
        Some(FileKind::Package | FileKind::PackagePart)
    )
}

fn tasks(document: &Document) -> Vec<SendMailTask<'_>> {
    if !is_package(document) {
        return Vec::new();
    }
    Package::new(document).send_mail_tasks().collect()
}

fn managers(document: &Document) -> Vec<ConnectionManager<'_>> {
    match FileKind::of(document) {
        Some(FileKind::ConnectionManager) => {
            Vec::from_iter(ConnectionManager::new(document.root()))
        }
        Some(FileKind::Package | FileKind::PackagePart) => {
            Package::new(document).connection_managers().collect()
        }
        _ => Vec::new(),
    }
}

fn smtp(document: &Document) -> Vec<ConnectionManager<'_>> {
    let mut managers = managers(document);
    managers.retain(|manager| {
        let text = manager
            .connection_string()
            .map(|s| s.text().text.into_owned());
        manager.is_smtp() && text.is_some_and(|t| SmtpConnectionString::parse(&t).is_ok())
    });
    managers
}

fn variables(document: &Document) -> Vec<Variable<'_>> {
    if !is_package(document) {
        return Vec::new();
    }
    Package::new(document)
        .executables()
        .flat_map(|it| it.object().variables())
        .map(Variable::new)
        .filter(|variable| variable.data_type() == Some(8) && variable.value().is_some())
        .collect()
}

macro_rules! mail {
    ($property:ident, $values:expr) => {
        Settable {
            name: stringify!($property),
            values: $values,
            get: |d, i| Some(tasks(d)[i].get(MailProperty::$property).into_owned()),
            set: |d, i, v| tasks(d)[i].set(MailProperty::$property, v),
            count: |d| tasks(d).len(),
        }
    };
}

macro_rules! smtp {
    ($property:ident, $values:expr) => {
        Settable {
            name: stringify!($property),
            values: $values,
            get: |d, i| {
                let stored = smtp(d)[i].connection_string().unwrap().text();
                let read = SmtpConnectionString::parse(&stored.text).unwrap();
                let text = read
                    .value(SmtpProperty::$property)
                    .map(|value| value.text.to_string());
                match SmtpProperty::$property {
                    SmtpProperty::UseWindowsAuthentication | SmtpProperty::EnableSsl => {
                        let set = text.as_deref().and_then(boolean) == Some(true);
                        Some(if set { "True" } else { "False" }.to_owned())
                    }
                    _ => text,
                }
            },
            set: |d, i, v| smtp(d)[i].set_smtp(SmtpProperty::$property, v),
            count: |d| smtp(d).len(),
        }
    };
}

fn objects(document: &Document) -> Vec<Object<'_>> {
    let tasks = tasks(document)
        .into_iter()
        .map(|task| task.executable().object());
    tasks
        .chain(
            managers(document)
                .into_iter()
                .map(ConnectionManager::object),
        )
        .collect()
}

const TEXTS: &[&str] = &[
    "",
    "plain",
    "a & b < c > \"d\" 'e'",
    "two\nlines\tand a tab",
    "\u{41f}\u{440}\u{438}\u{432}\u{435}\u{442} \u{1F600}",
];

const SETTABLE: &[Settable] = &[
    mail!(SmtpConnection, &["{00000000-0000-0000-0000-000000000001}"]),
    mail!(FromLine, TEXTS),
    mail!(ToLine, TEXTS),
    mail!(CCLine, TEXTS),
    mail!(BCCLine, TEXTS),
    mail!(Subject, TEXTS),
    mail!(Priority, &["High", "Normal", "Low"]),
    mail!(
        MessageSourceType,
        &["DirectInput", "FileConnection", "Variable"]
    ),
    mail!(MessageSource, TEXTS),
    mail!(
        FileAttachments,
        &["", "C:\\a.txt", "C:\\a.txt|C:\\b & c.txt"]
    ),
    smtp!(Server, &["relay.example.com", "x"]),
    smtp!(UseWindowsAuthentication, &["True", "False"]),
    smtp!(EnableSsl, &["True", "False"]),
    smtp!(Timeout, &["20", "100000"]),
    Settable {
        name: "Description",
        values: TEXTS,
        get: |d, i| {
            Some(
                objects(d)[i]
                    .text("Description")
                    .unwrap_or_default()
                    .into_owned(),
            )
        },
        set: |d, i, v| objects(d)[i].set("Description", v),
        count: |d| objects(d).len(),
    },
    Settable {
        name: "Name",
        values: &["Renamed", "a & b"],
        get: |d, i| Some(objects(d)[i].name().into_owned()),
        set: |d, i, v| objects(d)[i].set("Name", v),
        count: |d| objects(d).len(),
    },
    Settable {
        name: "Disable",
        values: &["True", "False"],
        get: |d, i| {
            let disabled = tasks(d)[i].executable().is_disabled();
            Some(if disabled { "True" } else { "False" }.to_owned())
        },
        set: |d, i, v| tasks(d)[i].executable().object().set("Disable", v),
        count: |d| tasks(d).len(),
    },
    Settable {
        name: "DelayValidation",
        values: &["True", "False"],
        get: |d, i| {
            let delayed = objects(d)[i].boolean("DelayValidation") == Some(true);
            Some(if delayed { "True" } else { "False" }.to_owned())
        },
        set: |d, i, v| objects(d)[i].set("DelayValidation", v),
        count: |d| objects(d).len(),
    },
    Settable {
        name: "expression on Subject",
        values: &["@[User::Subject]", "\"a\" + \"<&>\""],
        get: |d, i| {
            let object = tasks(d)[i].executable().object();
            object
                .property_expression("Subject")
                .map(|e| e.text().into_owned())
        },
        set: |d, i, v| {
            tasks(d)[i]
                .executable()
                .object()
                .set_expression("Subject", v)
        },
        count: |d| tasks(d).len(),
    },
    Settable {
        name: "expression on SmtpServer",
        values: &["@[$Project::Smtp]"],
        get: |d, i| {
            let object = smtp(d)[i].object();
            object
                .property_expression("SmtpServer")
                .map(|e| e.text().into_owned())
        },
        set: |d, i, v| smtp(d)[i].object().set_expression("SmtpServer", v),
        count: |d| smtp(d).len(),
    },
    Settable {
        name: "variable",
        values: TEXTS,
        get: |d, i| Some(variables(d)[i].value().unwrap().text().text.into_owned()),
        set: |d, i, v| variables(d)[i].set_value(v),
        count: |d| variables(d).len(),
    },
];

/// For every file and every setter: (a) the inverse gives identical bytes, always; (b) setting the old value again
/// gives an equal model, and identical bytes wherever the original is spelled as SSIS spells it; (c) nothing outside
/// the spans differs.
#[test]
fn every_setter_can_be_taken_back() {
    let (mut set_back, mut same_bytes) = (0u64, 0u64);
    for path in good_xml_files() {
        let document = read(&path);
        let original = applied(&document, &EditSet::new());
        for settable in SETTABLE {
            for index in 0..(settable.count)(&document) {
                let before = (settable.get)(&document, index);
                for value in settable.values {
                    let context =
                        format!("{}: {} {index} = {value:?}", path.display(), settable.name);
                    let edits = (settable.set)(&document, index, value)
                        .unwrap_or_else(|error| panic!("{context}: {error}"));
                    let changed = there_and_back(&document, edits);
                    let now = (settable.get)(&changed, index);
                    assert_eq!(now.as_deref(), Some(*value), "{context}");
                    let Some(before) = &before else { continue };
                    let Ok(edits) = (settable.set)(&changed, index, before) else {
                        // Priority="0" was stored by an expression; nobody can set it.
                        continue;
                    };
                    let back = applied(&changed, &set(edits));
                    let model = decode(back.clone());
                    assert_eq!(
                        (settable.get)(&model, index).as_ref(),
                        Some(before),
                        "{context}"
                    );
                    set_back += 1;
                    same_bytes += u64::from(back == original);
                }
            }
        }
    }
    println!(
        "{set_back} values set back: {same_bytes} to identical bytes, {} to an equal model",
        set_back - same_bytes
    );
    assert!(same_bytes * 10 > set_back * 8, "{same_bytes} of {set_back}");
}

/// Random sequences of edits, each on the result of the one before; then all inverses, last first.
#[test]
fn random_sequences_of_edits_can_be_taken_back() {
    let mut random = Seeded::new(7);
    let files: Vec<_> = good_xml_files()
        .into_iter()
        .filter(|path| {
            let document = read(path);
            SETTABLE
                .iter()
                .any(|settable| (settable.count)(&document) > 0)
        })
        .collect();
    for _ in 0..300 {
        let path = &files[random.below(files.len())];
        let mut document = read(path);
        let original = applied(&document, &EditSet::new());
        let mut inverses = Vec::new();
        for _ in 0..random.below(12) {
            let settable = &SETTABLE[random.below(SETTABLE.len())];
            let count = (settable.count)(&document);
            if count == 0 {
                continue;
            }
            let index = random.below(count);
            let value = settable.values[random.below(settable.values.len())];
            let Ok(edits) = (settable.set)(&document, index, value) else {
                continue;
            };
            let edits = set(edits);
            inverses.push(edits.invert(&document));
            document = decode(applied(&document, &edits));
            assert_eq!((settable.get)(&document, index).as_deref(), Some(value));
        }
        while let Some(inverse) = inverses.pop() {
            document = decode(applied(&document, &inverse));
        }
        assert!(
            applied(&document, &EditSet::new()) == original,
            "{}",
            path.display()
        );
    }
}

fn fixture(name: &str) -> Document {
    read(&fixtures().join(name))
}

/// The lines of a text that another does not have.
fn changed_lines(before: &Document, after: &[u8]) -> Vec<String> {
    let diff = similar::TextDiff::from_lines(
        before.source().text().to_owned(),
        String::from_utf8(after.to_vec()).unwrap(),
    );
    diff.iter_all_changes()
        .filter(|change| change.tag() != similar::ChangeTag::Equal)
        .map(|change| format!("{}{}", change.tag(), change.value().trim_end()))
        .collect()
}

#[test]
fn setting_one_server_changes_one_line() {
    let document = fixture("formats/2022.dtsx");
    assert!(document.source().text().lines().count() > 500);
    let manager = smtp(&document)[0];
    let edits = manager
        .set_smtp(SmtpProperty::Server, "new.example.com")
        .unwrap();
    let after = applied(&document, &set(edits));
    let text = String::from_utf8(after.clone()).unwrap();
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned();
    let lines = changed_lines(&document, text.as_bytes());
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(
        lines[0].starts_with('-') && lines[1].starts_with('+'),
        "{lines:#?}"
    );
}

#[test]
fn new_attributes_stand_where_ssis_writes_them() {
    let text = "<DTS:Executable\n  xmlns:DTS=\"www.microsoft.com/SqlServer/Dts\"\n  DTS:refId=\"Package\\T\"\n  DTS:CreationName=\"Microsoft.SendMailTask\"\n  DTS:DTSID=\"{1}\"\n  DTS:ExecutableType=\"Microsoft.SendMailTask\"\n  DTS:ObjectName=\"T\">\n  <DTS:Variables />\n  <DTS:ObjectData>\n    <SendMailTask:SendMailTaskData\n      SendMailTask:SMTPServer=\"{2}\"\n      SendMailTask:From=\"a\"\n      SendMailTask:To=\"b\"\n      SendMailTask:Subject=\"s\" xmlns:SendMailTask=\"www.microsoft.com/sqlserver/dts/tasks/sendmailtask\" />\n  </DTS:ObjectData>\n</DTS:Executable>";
    let document = decode(text.as_bytes().to_vec());
    let task = tasks(&document)[0];
    let object = task.executable().object();
    let mut edits = EditSet::new();
    for (property, value) in [
        (MailProperty::CCLine, "c"),
        (MailProperty::Priority, "1"),
        (MailProperty::MessageSource, "l1\nl2"),
        (MailProperty::FileAttachments, "C:\\a.txt"),
    ] {
        edits.extend(task.set(property, value).unwrap()).unwrap();
    }
    // Two insertions at one place keep the order in which they come.
    for name in ["DelayValidation", "Disable"] {
        edits.extend(object.set(name, "true").unwrap()).unwrap();
    }
    edits
        .extend(object.set_expression("Subject", "@[User::S]").unwrap())
        .unwrap();
    let changed = String::from_utf8(applied(&document, &edits)).unwrap();
    insta::assert_snapshot!(changed, @r##"
    <DTS:Executable
      xmlns:DTS="www.microsoft.com/SqlServer/Dts"
      DTS:refId="Package\T"
      DTS:CreationName="Microsoft.SendMailTask"
      DTS:DelayValidation="True"
      DTS:Disabled="True"
      DTS:DTSID="{1}"
      DTS:ExecutableType="Microsoft.SendMailTask"
      DTS:ObjectName="T">
      <DTS:Variables />
      <DTS:PropertyExpression
        DTS:Name="Subject">@[User::S]</DTS:PropertyExpression>
      <DTS:ObjectData>
        <SendMailTask:SendMailTaskData
          SendMailTask:SMTPServer="{2}"
          SendMailTask:From="a"
          SendMailTask:To="b"
          SendMailTask:CC="c"
          SendMailTask:Subject="s"
          SendMailTask:Priority="High"
          SendMailTask:MessageSource="l1&#xA;l2" xmlns:SendMailTask="www.microsoft.com/sqlserver/dts/tasks/sendmailtask">
          <SendMailTask:Attachments
            SendMailTask:FileName="C:\a.txt" />
        </SendMailTask:SendMailTaskData>
      </DTS:ObjectData>
    </DTS:Executable>
    "##);
}

#[test]
fn values_that_cannot_be_held_are_refused() {
    let document = fixture("formats/2022.dtsx");
    let task = tasks(&document)[0];
    let manager = smtp(&document)[0];
    let errors = [
        manager.set_smtp(SmtpProperty::Server, "a;b").unwrap_err(),
        manager
            .set_smtp(SmtpProperty::EnableSsl, "yes")
            .unwrap_err(),
        manager.set_smtp(SmtpProperty::Timeout, "soon").unwrap_err(),
        task.set(MailProperty::Subject, "a\0b").unwrap_err(),
        task.set(MailProperty::Priority, "urgent").unwrap_err(),
        task.executable()
            .object()
            .set("Disable", "maybe")
            .unwrap_err(),
        task.executable()
            .object()
            .set("Dsable", "True")
            .unwrap_err(),
    ];
    let shown: Vec<_> = errors.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(shown.join("\n"), @r##"
    `SmtpServer` cannot be set: the new value of `SmtpServer` holds ';', which this connection string cannot hold
    `EnableSsl` cannot be set: `yes` is not `True` or `False` (`1` and `0` are read too) (new value of `EnableSsl`)
    `Timeout` cannot be set: `soon` is not a whole number from 0 to 2147483647 (new value of `Timeout`)
    `Subject` cannot be set: the character U+0000 cannot stand in an XML document
    `Priority` cannot be set: expected `High`, `Normal` or `Low` (1, 3 or 5), found `urgent`
    `Disable` cannot be set: expected `True` or `False`, found `maybe`
    `Dsable` cannot be set: there is no such property here (did you mean `Disable`?)
    "##);
}

#[test]
fn parameters_and_configurations_keep_their_types() {
    let document = fixture("project/Project.params");
    let parameters: Vec<_> = project_parameters(document.root()).collect();
    assert!(!parameters.is_empty());
    for parameter in parameters {
        let number = parameter.set_value("not a number");
        match parameter.data_type() {
            Some(18) => {
                let changed = there_and_back(&document, number.unwrap());
                let values = project_parameters(changed.root());
                let texts: Vec<_> = values
                    .map(|p| p.value().unwrap().text().text.into_owned())
                    .collect();
                assert!(texts.iter().any(|text| text == "not a number"));
            }
            _ => assert!(number.is_err(), "{}", parameter.name()),
        }
    }
    let mut entries = 0;
    for path in good_xml_files() {
        let document = read(&path);
        if FileKind::of(&document) != Some(FileKind::Configuration) {
            continue;
        }
        for entry in ConfigurationEntry::all(document.root()) {
            if entry.value_type().as_deref() == Some("String") && entry.value().is_some() {
                there_and_back(&document, entry.set_value("relay.example.com").unwrap());
                entries += 1;
            }
        }
    }
    assert!(entries > 0);
}
