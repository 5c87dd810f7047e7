//! Who keeps a value: every place, by the fixture that keeps one server in all of them.

use std::num::NonZero;
use std::path::Path;

use dtsx::effective::{KeeperKind, Kept, keepers};
use dtsx::host::RealFiles;
use dtsx::project::{Limits, Named, One, Place, Reading, locate};

use crate::support::fixtures;

pub fn open(path: &Path) -> One {
    let reading = Reading {
        files: &RealFiles,
        limits: Limits::default(),
        jobs: NonZero::<usize>::MIN,
        only_with: None,
    };
    One::open(&Named::new(path, None, &RealFiles), &reading).unwrap()
}

/// The file, the path and the kind of each place, in their order.
fn places(file: &Path, object: &str, property: &str) -> (Vec<String>, Vec<String>) {
    let one = open(file);
    let at = one.at().unwrap();
    let located = locate(at, object).unwrap();
    let Place::Object(target) = located.place else {
        panic!("{object} is no object");
    };
    let at = dtsx::project::InContext {
        context: at.context,
        file: located.file,
    };
    let Kept {
        keepers,
        unreachable,
    } = keepers(at, target, property);
    let places = keepers.iter().map(|keeper| {
        let name = keeper.file.label.file_name();
        let kind = keeper.kind.name();
        format!("{name} {} {kind} = {}", keeper.path, keeper.value)
    });
    (
        places.collect(),
        unreachable.into_iter().map(|it| it.why).collect(),
    )
}

fn nine(name: &str) -> std::path::PathBuf {
    fixtures().join("nine-places").join(name)
}

#[test]
fn a_manager_of_a_package_and_its_copies() {
    let (places, unreachable) = places(
        &nine("Nightly.dtsx"),
        r"\Package.Connections[Own mail]",
        "SmtpServer",
    );
    assert_eq!(
        places,
        [
            r"Nightly.dtsx \Package.Connections[Own mail].Properties[SmtpServer] object = smtp1.corp.example",
            r"Estate.dtproj \Project.Copies[Nightly.dtsx|CM.Own mail.SmtpServer] copy = smtp1.corp.example",
            r"Estate.dtproj \Project.Copies[Nightly.dtsx|CM.Own mail.ConnectionString] copy = smtp1.corp.example",
        ]
    );
    assert!(unreachable.is_empty());
}

#[test]
fn a_project_manager_under_an_expression_is_kept_by_the_parameter() {
    let (places, unreachable) = places(
        &nine("Alerts.conmgr"),
        r"\Project.Connections[Alerts]",
        "SmtpServer",
    );
    assert_eq!(
        places,
        [
            r"Alerts.conmgr \Project.Connections[Alerts].Properties[SmtpServer] sample = smtp1.corp.example",
            r"Project.params \Project.Parameters[SmtpServer].Properties[Value] parameter = smtp1.corp.example",
            r"Estate.dtproj \Project.Configurations[Release].Parameters[Project::SmtpServer] build-configuration = smtp1.corp.example",
            r"Estate.dtproj \Project.Copies[CM.Alerts.ConnectionString] sample = smtp1.corp.example",
        ]
    );
    assert!(unreachable.is_empty());
}

#[test]
fn part_copies_and_configurations() {
    let (part, _) = places(
        &nine("Weekly.dtsx"),
        r"\Package.Connections[(PackagePart)Relay]",
        "SmtpServer",
    );
    assert_eq!(
        part,
        [
            r"Weekly.dtsx \Package.Connections[(PackagePart)Relay].Properties[SmtpServer] part-copy = smtp1.corp.example",
            r"Estate.dtproj \Project.Copies[Weekly.dtsx|CM.(PackagePart)Relay.SmtpServer] copy = smtp1.corp.example",
            r"Estate.dtproj \Project.Copies[Weekly.dtsx|CM.(PackagePart)Relay.ConnectionString] copy = smtp1.corp.example",
        ]
    );
    let (configured, _) = places(
        &nine("Weekly.dtsx"),
        r"\Package.Connections[Configured]",
        "SmtpServer",
    );
    assert_eq!(configured.len(), 4, "{configured:#?}");
    assert!(configured[1].starts_with(
        r"mail.XML \Configuration[\Package.Connections[Configured].Properties[SmtpServer]] configuration = smtp1"
    ));
}

#[test]
fn a_boolean_is_found_where_nothing_says_it() {
    let one = open(&fixtures().join("hand-made/no-ref-id.dtsx"));
    let at = one.at().unwrap();
    let package = at.package().unwrap();
    let smtp = package
        .connection_managers()
        .filter(|manager| manager.is_smtp());
    for manager in smtp {
        let target = dtsx::package::Target::ConnectionManager(manager);
        let kept = keepers(at, target, "EnableSsl");
        let own = &kept.keepers[0];
        assert_eq!(own.kind, KeeperKind::Object);
        assert!(own.is_already("False") || own.is_already("True"), "{own:?}");
    }
}
