//! What values really are: each source, and who wins where two decide.

use std::num::NonZero;
use std::path::{Path, PathBuf};

use dtsx::effective::{
    Certainty, Effective, Given, GivenBy, GivenVariable, LoadedConfiguration, Origin,
    PackageValues, Parent, ServerValues, UnitValues,
};
use dtsx::expression::Value;
use dtsx::host::RealFiles;
use dtsx::project::{Limits, Named, One, Place, Reading, locate};

use crate::support::fixtures;

pub fn folder() -> PathBuf {
    fixtures().join("effective")
}

/// Options as the command takes them, each a name and a text; paths are below the fixtures.
fn given(options: &[(&str, &str)]) -> Given<'static> {
    let mut given = Given {
        files: Some(&RealFiles),
        ..Given::default()
    };
    for &(option, text) in options {
        let pair = || {
            let (name, value) = text.split_once('=').unwrap();
            (name.to_owned(), value.to_owned())
        };
        match option {
            "var" => {
                let (name, value) = pair();
                given.variables.push(GivenVariable {
                    name,
                    value: Value::text(value),
                    by: GivenBy::Option,
                });
            }
            "env" => given.environment.push(pair()),
            "set" => given.sets.push(text.to_owned()),
            "connection" => given.connections.push(text.to_owned()),
            "override" => given.overrides.push(text.to_owned()),
            "parameter" => given.parameters.push(pair()),
            "build" => given.build_configuration = Some(text.to_owned()),
            "now" => given.now = Some((text.parse().unwrap(), GivenBy::Option)),
            "server" => {
                let text = std::fs::read_to_string(folder().join(text)).unwrap();
                given.server = Some(ServerValues::parse(&text).unwrap());
            }
            "config-file" => {
                let path = folder().join(text);
                given
                    .config_files
                    .push(LoadedConfiguration::read(&path, &RealFiles).unwrap());
            }
            "elsewhere" => given.elsewhere.push(folder().join(text)),
            "map-path" => {
                let (from, to) = pair();
                let rule = format!("{from}={}", folder().join(to).display());
                given.path_map.add(&rule).unwrap();
            }
            "parent" => {
                let (name, value) = pair();
                let parent = given.parent.get_or_insert(Parent::default());
                parent.variables.push((name, Ok(value)));
            }
            other => panic!("{other}"),
        }
    }
    given
}

/// Looks at the values of a package.
pub fn looked<R>(path: &Path, given: &Given<'_>, look: impl FnOnce(&PackageValues<'_>) -> R) -> R {
    let reading = Reading {
        files: &RealFiles,
        limits: Limits::default(),
        jobs: NonZero::<usize>::MIN,
        only_with: None,
    };
    let one = One::open(&Named::new(path, None, &RealFiles), &reading).unwrap();
    let at = one.at().unwrap();
    let unit = UnitValues::new(at.context, given);
    look(&PackageValues::new(at, &unit))
}

fn value(values: &PackageValues<'_>, path: &str) -> Effective {
    let located = locate(values.at(), path).unwrap();
    let Place::Object(target) = located.place else {
        panic!("{path}")
    };
    let property = located.property.as_deref().unwrap();
    values.property(located.file, target, property).unwrap()
}

fn one(file: &str, options: &[(&str, &str)], path: &str) -> Effective {
    looked(&folder().join(file), &given(options), |values| {
        value(values, path)
    })
}

/// A variable of the package by its name, anything else by its path.
fn full(path: &str) -> String {
    match path.strip_prefix("User::") {
        Some(name) => format!("\\Package.Variables[User::{name}].Properties[Value]"),
        None => path.to_owned(),
    }
}

#[track_caller]
fn check(
    file: &str,
    options: &[(&str, &str)],
    path: &str,
    value: &str,
    certainty: Certainty,
    origin: Origin,
) -> Effective {
    let effective = one(file, options, &full(path));
    let what = format!("{path} under {options:?}: {effective:#?}");
    assert_eq!(effective.value.as_deref().unwrap_or("-"), value, "{what}");
    assert_eq!(effective.certainty, certainty, "{what}");
    assert_eq!(effective.origin, origin, "{what}");
    effective
}

const CONFIGURED: &str = "configured/Configured.dtsx";
const PROJECT: &str = "project/Nightly.dtsx";
const TABLE: &str = "table/Table.dtsx";

/// Everything that the configured package's configurations need.
const ALL: [(&str, &str); 3] = [
    ("env", "ETL_ENV=environment"),
    ("env", r"ETL_CONFIG=D:\conf\indirect.dtsConfig"),
    ("elsewhere", "elsewhere/elsewhere.config"),
];

#[test]
fn each_source_of_the_package_deployment_model_gives_its_value() {
    use Certainty::{Assumed, Known, Unknown};
    const MAIL: &str = r"\Package.Connections[Mail].Properties";
    for (path, text, certainty, origin) in [
        ("User::Plain", "design", Known, Origin::Design),
        ("User::File", "file", Known, Origin::Configuration),
        (
            "User::Environment",
            "environment",
            Known,
            Origin::Environment,
        ),
        (
            "User::FileThenEnvironment",
            "environment",
            Known,
            Origin::Environment,
        ),
        ("User::Registry", "-", Unknown, Origin::Registry),
        ("User::Parent", "design", Assumed, Origin::Design),
        (
            "User::FileThenParent",
            "file",
            Assumed,
            Origin::Configuration,
        ),
        ("User::Indirect", "indirect", Known, Origin::Configuration),
        ("User::Elsewhere", "elsewhere", Known, Origin::Configuration),
        // What the entry says is no Int32, so the design value stays.
        ("User::Rows", "5", Known, Origin::Design),
        (
            r"\Package\Notify.Properties[ToLine]",
            "file",
            Known,
            Origin::Expression,
        ),
        (
            r"\Package\Notify.Properties[CCLine]",
            "environment",
            Known,
            Origin::Expression,
        ),
        (
            r"\Package\Notify.Properties[BCCLine]",
            "-",
            Unknown,
            Origin::Expression,
        ),
        (
            r"\Package\Notify.Properties[Subject]",
            "sample",
            Known,
            Origin::Design,
        ),
        (
            r"\Package\Notify.Properties[Priority]",
            "Normal",
            Known,
            Origin::Default,
        ),
        (
            r"\Package\Plain.Properties[Subject]",
            "from the file",
            Known,
            Origin::Configuration,
        ),
        (
            r"\Package\Plain.Properties[Priority]",
            "High",
            Known,
            Origin::Configuration,
        ),
        (
            &format!("{MAIL}[SmtpServer]"),
            "part.example.com",
            Known,
            Origin::Configuration,
        ),
        (
            &format!("{MAIL}[UseWindowsAuthentication]"),
            "True",
            Known,
            Origin::Configuration,
        ),
        (
            &format!("{MAIL}[EnableSsl]"),
            "False",
            Known,
            Origin::Configuration,
        ),
        (
            &format!("{MAIL}[ConnectionString]"),
            "SmtpServer=part.example.com;UseWindowsAuthentication=True;EnableSsl=False;",
            Known,
            Origin::Configuration,
        ),
    ] {
        check(CONFIGURED, &ALL, path, text, certainty, origin);
    }
}

#[test]
fn of_two_sources_the_one_that_dtexec_takes_wins() {
    use Certainty::{Assumed, Known};
    const SUBJECT: &str = r"\Package\Plain.Properties[Subject]";
    const TO: &str = r"\Package\Notify.Properties[ToLine]";
    const SERVER: &str = r"\Package.Connections[Mail].Properties[SmtpServer]";
    let set_file = r"\Package.Variables[User::File].Properties[Value];set";
    let set_set = r"\Package.Variables[User::Set].Value;set;with;semicolons";
    let over_file = r"\Package.Variables[User::File].Value;over";
    let connection =
        "Mail;SmtpServer=connection.example.com;UseWindowsAuthentication=False;EnableSsl=False;";
    let moved = r"\Package.Configurations[File].Properties[ConfigurationString];moved.dtsConfig";
    for (options, path, text, certainty, origin) in [
        // `/Set` wins over the design value, not over a configuration nor an expression.
        (
            &[("set", set_set)][..],
            "User::Set",
            "set;with;semicolons",
            Known,
            Origin::Set,
        ),
        (
            &[("set", set_file)],
            "User::File",
            "file",
            Known,
            Origin::Configuration,
        ),
        (
            &[("set", r"\Package\Notify.Properties[ToLine];set")],
            TO,
            "file",
            Known,
            Origin::Expression,
        ),
        (
            &[("set", r"\Package\Plain.Properties[Subject];set")],
            SUBJECT,
            "from the file",
            Known,
            Origin::Configuration,
        ),
        (
            &[("set", r"\package\plain.properties[FromLine];set")],
            r"\Package\Plain.Properties[FromLine]",
            "set",
            Known,
            Origin::Set,
        ),
        // `/ConfigFile` adds values and does not replace those of the package's configurations.
        (
            &[("config-file", "configured/extra.dtsConfig")],
            "User::Extra",
            "extra",
            Known,
            Origin::ConfigFile,
        ),
        (
            &[("config-file", "configured/extra.dtsConfig")],
            "User::File",
            "file",
            Known,
            Origin::Configuration,
        ),
        (
            &[
                ("config-file", "configured/extra.dtsConfig"),
                ("set", set_set),
            ],
            "User::Set",
            "set;with;semicolons",
            Known,
            Origin::Set,
        ),
        // `/Connection`.
        (
            &[("connection", connection)],
            SERVER,
            "part.example.com",
            Known,
            Origin::Configuration,
        ),
        // Options can move where configurations come from.
        (
            &[("set", moved)],
            "User::File",
            "moved",
            Known,
            Origin::Configuration,
        ),
        // Values that were given on purpose win over all of these.
        (
            &[("var", "User::File=given")],
            "User::File",
            "given",
            Known,
            Origin::Given,
        ),
        (
            &[("var", "File=given")],
            TO,
            "given",
            Known,
            Origin::Expression,
        ),
        (
            &[("override", over_file)],
            "User::File",
            "over",
            Known,
            Origin::Override,
        ),
        (
            &[("override", over_file), ("var", "User::File=given")],
            "User::File",
            "over",
            Known,
            Origin::Override,
        ),
        (
            &[("override", r"\Package\Notify.Properties[ToLine];over")],
            TO,
            "over",
            Known,
            Origin::Override,
        ),
        (
            &[(
                "override",
                r"\Package.Connections[Mail].Properties[SmtpServer];over",
            )],
            SERVER,
            "over",
            Known,
            Origin::Override,
        ),
        // A parent's variable comes after everything but expressions.
        (
            &[("parent", "User::Mode=child")],
            "User::Parent",
            "child",
            Known,
            Origin::ParentVariable,
        ),
        (
            &[("parent", "User::Mode=child")],
            "User::FileThenParent",
            "child",
            Known,
            Origin::ParentVariable,
        ),
        (
            &[("set", r"\Package.Variables[User::Parent].Value;set")],
            "User::Parent",
            "set",
            Assumed,
            Origin::Set,
        ),
        // Where `--map-path` says wins over a file of the name beside the package.
        (
            &[("map-path", r"C:\etl=configured")],
            "User::File",
            "file",
            Known,
            Origin::Configuration,
        ),
    ] {
        let options = [&ALL[..], options].concat();
        check(CONFIGURED, &options, path, text, certainty, origin);
    }
    let set_server = r"\Package.Connections[Mail].Properties[SmtpServer];set.example.com";
    for (options, text, origin) in [
        (
            &[("connection", connection)][..],
            "connection.example.com",
            Origin::Connection,
        ),
        (
            &[("connection", connection), ("set", set_server)],
            "set.example.com",
            Origin::Set,
        ),
        (
            &[(
                "connection",
                "{5e000000-0000-4000-8000-000000000013};bare.example.com",
            )],
            "bare.example.com",
            Origin::Connection,
        ),
    ] {
        check(TABLE, options, SERVER, text, Known, origin);
    }
}

#[test]
fn what_is_not_given_is_unknown_or_assumed_and_says_why() {
    let environment = one(CONFIGURED, &[], &full("User::Environment"));
    assert_eq!(environment.certainty, Certainty::Unknown);
    assert_eq!(environment.depends_on, ["%ETL_ENV%"]);
    assert!(
        environment
            .reason
            .unwrap()
            .contains("`--env 'ETL_ENV=…'` gives it")
    );
    // The indirect configuration and the one elsewhere could set anything.
    let plain = one(CONFIGURED, &[], &full("User::Plain"));
    assert_eq!(plain.certainty, Certainty::Assumed);
    assert_eq!(
        plain.overridable_by,
        ["configuration Indirect", "configuration Elsewhere"]
    );
    let table = one(TABLE, &[], r"\Package\Notify.Properties[ToLine]");
    assert_eq!(table.certainty, Certainty::Assumed);
    assert_eq!(table.value.as_deref(), Some("design@example.com"));
    assert_eq!(table.overridable_by, ["SQL Server configuration Mail"]);
    for export in ["server/values.json", "server/values.csv"] {
        check(
            TABLE,
            &[("server", export)],
            "User::To",
            "table@example.com",
            Certainty::Known,
            Origin::ServerConfiguration,
        );
    }
}

#[test]
fn entries_that_lead_nowhere_are_ssis_warnings_and_the_run_goes_on() {
    let notes: Vec<String> = looked(&folder().join(CONFIGURED), &given(&ALL), |values| {
        values.notes().iter().map(ToString::to_string).collect()
    });
    let told = notes.join("\n");
    for (code, about) in [
        ("0x80012017", "User::Nobody"),
        ("0x80012018", "Package.Variables[User::File].Value"),
        ("0x80012028", "the value is no DT_I4"),
        ("0x80012028", "Nothing"),
    ] {
        assert!(
            notes
                .iter()
                .any(|note| note.contains(code) && note.contains(about)),
            "{code} {about}:\n{told}"
        );
    }
    assert_eq!(notes.len(), 4, "{told}");
}

#[test]
fn a_path_of_a_configuration_that_names_no_property_is_a_warning_too() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("Configured.dtsx");
    std::fs::copy(folder().join(CONFIGURED), &path).unwrap();
    let entry = |path: &str| {
        format!(
            "<Configuration ConfiguredType=\"Property\" Path=\"{path}\" ValueType=\"String\"><ConfiguredValue>x\
             </ConfiguredValue></Configuration>"
        )
    };
    let text = [
        r"\Package.Variables[User::File]",
        r"\Package.Variables[User::File].Properties[Value]",
    ]
    .map(entry)
    .concat();
    std::fs::write(
        temporary.path().join("Configured.dtsConfig"),
        format!("<DTSConfiguration>{text}</DTSConfiguration>"),
    )
    .unwrap();
    looked(&path, &given(&ALL[..1]), |values| {
        let notes: Vec<String> = values.notes().iter().map(ToString::to_string).collect();
        let told = notes.join("\n");
        assert!(
            told.contains("warning 0x80012019") && told.contains("names no property"),
            "{told}"
        );
        // The entry behind it applies.
        assert_eq!(
            value(values, &full("User::File")).value.as_deref(),
            Some("x")
        );
    });
}

#[test]
fn a_configuration_that_cannot_be_read_says_what_is_wrong_with_it() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("Configured.dtsx");
    std::fs::copy(folder().join(CONFIGURED), &path).unwrap();
    let file = temporary.path().join("Configured.dtsConfig");
    let notes = || -> String {
        looked(&path, &given(&ALL[..1]), |values| {
            let notes: Vec<String> = values.notes().iter().map(ToString::to_string).collect();
            notes.join("\n")
        })
    };
    assert!(notes().contains(
        r"warning 0x80012014: the configuration `File` is the file `C:\etl\Configured.dtsConfig`"
    ));
    std::fs::write(
        &file,
        "<DTSConfiguration><Configuration></DTSConfiguration>",
    )
    .unwrap();
    assert!(notes().contains("could not be read as XML"), "{}", notes());
    std::fs::write(
        &file,
        b"<?xml version=\"1.0\"?><DTSConfiguration>\xff</DTSConfiguration>",
    )
    .unwrap();
    assert!(notes().contains("could not be read as text"), "{}", notes());
    std::fs::write(&file, "<other/>").unwrap();
    assert!(
        notes().contains("expected an XML configuration"),
        "{}",
        notes()
    );
}

#[test]
fn two_files_of_the_name_are_both_named_and_neither_is_taken() {
    let file = "ambiguous/Ambiguous.dtsx";
    let both = [
        ("elsewhere", "ambiguous/one/mail.dtsConfig"),
        ("elsewhere", "ambiguous/two/mail.dtsConfig"),
    ];
    let server = r"\Package.Connections[Mail].Properties[SmtpServer]";
    let effective = check(
        file,
        &both,
        server,
        "design.example.com",
        Certainty::Assumed,
        Origin::Design,
    );
    let reason = effective.reason.unwrap();
    assert!(reason.contains("one/mail.dtsConfig` and `"), "{reason}");
    assert!(reason.contains("two/mail.dtsConfig`"), "{reason}");
    let told = [&both[..], &[("map-path", r"E:\conf=ambiguous/two")]].concat();
    check(
        file,
        &told,
        server,
        "two.example.com",
        Certainty::Known,
        Origin::Configuration,
    );
}

#[test]
fn each_source_of_the_project_deployment_model_gives_its_value_and_the_stronger_wins() {
    const SERVER: &str = r"\Project.Connections[Mail].Properties[SmtpServer]";
    const SSL: &str = r"\Project.Connections[Mail].Properties[EnableSsl]";
    const TO: &str = r"\Package\Known.Properties[ToLine]";
    let release = ("build", "Release");
    let json = ("server", "server/values.json");
    let csv = ("server", "server/values.csv");
    let execution = ("parameter", "$Project::Smtp=execution.example.com");
    for (options, path, text, origin) in [
        (&[][..], SERVER, "design.example.com", Origin::Expression),
        (&[], TO, "design@example.com", Origin::Expression),
        (
            &[release],
            SERVER,
            "release.example.com",
            Origin::Expression,
        ),
        (&[release], TO, "release@example.com", Origin::Expression),
        (
            &[json],
            SERVER,
            "production.example.com",
            Origin::Expression,
        ),
        (&[csv], SERVER, "production.example.com", Origin::Expression),
        (&[csv], TO, "server@example.com", Origin::Expression),
        (
            &[release, json],
            TO,
            "server@example.com",
            Origin::Expression,
        ),
        (
            &[release, json, execution],
            SERVER,
            "execution.example.com",
            Origin::Expression,
        ),
        (
            &[execution, ("var", "$Project::Smtp=given.example.com")],
            SERVER,
            "given.example.com",
            Origin::Expression,
        ),
        (
            &[
                json,
                ("set", r"\Package.Variables[$Package::To];set@example.com"),
            ],
            TO,
            "server@example.com",
            Origin::Expression,
        ),
        (
            &[(
                "set",
                r"\Package.Variables[$Package::To].Value;set@example.com",
            )],
            TO,
            "set@example.com",
            Origin::Expression,
        ),
        (&[json], SSL, "True", Origin::ServerParameter),
        (
            &[json, ("parameter", "CM.Mail.EnableSsl=False")],
            SSL,
            "False",
            Origin::ExecutionParameter,
        ),
        (
            &[json],
            r"\Package\Unknown.Properties[ToLine]",
            "team@example.com",
            Origin::Expression,
        ),
        (
            &[("parameter", "$Project::Team=t@example.com")],
            r"\Package\Unknown.Properties[ToLine]",
            "t@example.com",
            Origin::Expression,
        ),
        (
            &[],
            r"\Project.Parameters[Retries].Properties[Value]",
            "3",
            Origin::Design,
        ),
        (
            &[release],
            r"\Project.Parameters[Smtp].Properties[Value]",
            "release.example.com",
            Origin::BuildConfiguration,
        ),
    ] {
        check(PROJECT, options, path, text, Certainty::Known, origin);
    }
    let ssl = check(PROJECT, &[], SSL, "False", Certainty::Known, Origin::Design);
    assert_eq!(ssl.overridable_by, ["SSISDB parameter CM.Mail.EnableSsl"]);
    let server = one(PROJECT, &[], SERVER);
    assert_eq!(server.overridable_by, ["SSISDB parameter Smtp"]);
    let link = server.chain.first().unwrap();
    assert_eq!(
        (link.kind, link.path.as_str()),
        (Origin::Parameter, r"\Project.Parameters[Smtp]")
    );
    // The place is that of the value in the file, as the bytes tell.
    let place = link.place.unwrap();
    let bytes = std::fs::read(folder().join("project/Project.params")).unwrap();
    let range = place.start as usize..place.end as usize;
    assert_eq!(bytes.get(range), Some(&b"design.example.com"[..]));
    let own = one(
        PROJECT,
        &[],
        r"\Package.Connections[Own].Properties[SmtpServer]",
    );
    assert_eq!(own.overridable_by, ["SSISDB parameter CM.Own.SmtpServer"]);
    // The catalog does not give a sensitive value away.
    let key = one(
        PROJECT,
        &[json],
        r"\Project.Parameters[Key].Properties[Value]",
    );
    assert_eq!((key.value, key.certainty), (None, Certainty::Unknown));
}

#[test]
fn expressions_follow_variables_in_their_scopes() {
    for (path, text) in [
        (r"\Package\Known.Properties[Subject]", "hello, Nightly"),
        // Whatever `User::Later` becomes, the value does not depend on it.
        (r"\Package\Known.Properties[MessageSource]", "tries: 6"),
        (
            r"\Package\Files\In loop.Properties[Subject]",
            "hello from the loop: In loop",
        ),
        // The task that would write it is disabled.
        (r"\Package\Wrong.Properties[FromLine]", "still@example.com"),
        (
            r"\Package\Load.EventHandlers[OnError]\Report.Properties[Priority]",
            "High",
        ),
        (r"\Package\Assumed.Properties[Disable]", "False"),
    ] {
        check(
            PROJECT,
            &[],
            path,
            text,
            Certainty::Known,
            Origin::Expression,
        );
    }
    let line = one(PROJECT, &[], r"\Package\Known.Properties[Subject]");
    let kinds: Vec<(Origin, &str)> = line
        .chain
        .iter()
        .map(|link| (link.kind, link.path.as_str()))
        .collect();
    assert_eq!(
        kinds,
        [
            (Origin::Variable, r"\Package.Variables[User::Line]"),
            (Origin::Variable, r"\Package.Variables[User::Greeting]"),
            (Origin::SystemVariable, "System::PackageName"),
        ]
    );
}

#[test]
fn a_variable_that_a_task_writes_is_a_default_and_names_the_task() {
    for (property, text, tasks) in [
        ("ToLine", "first@example.com", &[r"\Package\Fill"][..]),
        // The value is what the designer stored too, and still it is only a sample.
        ("Subject", "rows: 0", &[r"\Package\Load"]),
        ("CCLine", "nobody@example.com", &[r"\Package\Load"]),
        ("BCCLine", "", &[r"\Package\Assign"]),
        ("MessageSource", "0", &[r"\Package\Print", r"\Package\Copy"]),
    ] {
        let path = format!(r"\Package\Assumed.Properties[{property}]");
        let effective = check(
            PROJECT,
            &[],
            &path,
            text,
            Certainty::Assumed,
            Origin::Expression,
        );
        assert_eq!(effective.set_at_run_time_by, tasks, "{property}");
    }
    let rows = one(PROJECT, &[], &full("User::Rows"));
    assert_eq!(
        rows.reason.as_deref(),
        Some(r"`User::Rows` is set by `\Package\Load` at run time; the stored default is `0`")
    );
    let file = one(
        PROJECT,
        &[],
        r"\Package\Files\In loop.Properties[FileAttachments]",
    );
    assert_eq!(file.set_at_run_time_by, [r"\Package\Files"]);
    // An input parameter of Execute SQL only reads.
    assert_eq!(
        one(PROJECT, &[], &full("User::Greeting")).certainty,
        Certainty::Known
    );
    // Given, it is known.
    check(
        PROJECT,
        &[("var", "User::Rows=12")],
        r"\Package\Assumed.Properties[Subject]",
        "rows: 12",
        Certainty::Known,
        Origin::Expression,
    );
}

#[test]
fn an_unknown_value_shows_what_is_known_around_it() {
    let subject = r"\Package\Unknown.Properties[Subject]";
    let machine = one(PROJECT, &[], subject);
    assert_eq!(machine.certainty, Certainty::Unknown);
    assert_eq!(
        machine.text.as_deref(),
        Some("⟨System::MachineName⟩: Nightly FAILED")
    );
    assert_eq!(machine.depends_on, ["System::MachineName"]);
    check(
        PROJECT,
        &[("var", "System::MachineName=ETL01")],
        subject,
        "ETL01: Nightly FAILED",
        Certainty::Known,
        Origin::Expression,
    );
    let clock = one(PROJECT, &[], r"\Package\Unknown.Properties[MessageSource]");
    assert_eq!(clock.text.as_deref(), Some("at ⟨GETDATE()⟩"));
    assert_eq!(clock.depends_on, ["GETDATE()"]);
    check(
        PROJECT,
        &[("now", "2026-11-24T09:00:00")],
        r"\Package\Unknown.Properties[MessageSource]",
        "at 2026-11-24 09:00:00",
        Certainty::Known,
        Origin::Expression,
    );
    let report = r"\Package\Load.EventHandlers[OnError]\Report.Properties[Subject]";
    let event = one(PROJECT, &[], report);
    assert_eq!(
        event.text.as_deref(),
        Some("Load of Nightly: ⟨System::ErrorDescription⟩")
    );
    let raised = [("var", "System::ErrorDescription=deadlock")];
    check(
        PROJECT,
        &raised,
        report,
        "Load of Nightly: deadlock",
        Certainty::Known,
        Origin::Expression,
    );
    let required = one(PROJECT, &[], r"\Package\Unknown.Properties[ToLine]");
    assert!(
        required
            .reason
            .unwrap()
            .contains("`$Project::Team` is required")
    );
}

#[test]
fn what_fails_says_how_ssis_fails() {
    for (options, property, why) in [
        (
            &[][..],
            "Subject",
            "the expression gives a DT_I4, and `Subject` takes a string (0xC0017004)",
        ),
        (&[], "ToLine", "0xC00470A6"),
        (&[], "CCLine", "the expression fails: 0xC0"),
        (
            &[],
            "MessageSource",
            "`$Project::Key` is sensitive and encrypted",
        ),
        (
            &[("parameter", "$Project::Key=k")],
            "MessageSource",
            "only sensitive properties may read it",
        ),
        (
            &[("var", "$Project::Retries=many")],
            "Subject",
            "takes a string",
        ),
    ] {
        let effective = one(
            PROJECT,
            options,
            &format!(r"\Package\Wrong.Properties[{property}]"),
        );
        assert_eq!(
            (effective.value.as_deref(), effective.certainty),
            (None, Certainty::Unknown)
        );
        let reason = effective.reason.unwrap();
        assert!(reason.contains(why), "{property}: {reason}");
    }
    let number = one(
        PROJECT,
        &[("var", "$Project::Retries=many")],
        &full("User::Number"),
    );
    assert!(
        number
            .reason
            .as_deref()
            .is_some_and(|it| it.contains("the value given for `$Project::Retries` is no DT_I4")),
        "{number:?}"
    );
}

#[test]
fn variables_in_a_circle_are_named_in_their_order() {
    let of = |name: &str| one("cyclic/Cyclic.dtsx", &[], &full(name)).reason.unwrap();
    let circle =
        "variables read each other in a circle: `User::A` → `User::B` → `User::C` → `User::A`";
    assert!(of("User::A").contains(circle), "{}", of("User::A"));
    assert!(
        of("User::Outside").contains(circle),
        "{}",
        of("User::Outside")
    );
    assert!(of("User::Self").contains("`User::Self` → `User::Self`"));
    let to = one(
        "cyclic/Cyclic.dtsx",
        &[],
        r"\Package\Notify.Properties[ToLine]",
    );
    assert_eq!(to.text.as_deref(), Some("see ⟨User::A⟩!"));
}

#[test]
fn a_thousand_variables_that_read_one_another_are_no_danger() {
    use crate::mail_packages::{Written, expression, task, variable};
    let mut package = Written::new();
    for at in 0..1000 {
        let more = format!(
            "DTS:EvaluateAsExpression=\"True\" DTS:Expression=\"@[User::V{}]\"",
            at + 1
        );
        package.variables += &variable(&format!("V{at}"), 8, &more, "stale");
    }
    package.variables += &variable("V1000", 8, "", "end");
    let package = package.with(&task(
        "Notify",
        "",
        &expression("ToLine", "@[User::V0]"),
        &[],
    ));
    let temporary = tempfile::tempdir().unwrap();
    let path = package.save(temporary.path());
    looked(&path, &given(&[]), |values| {
        let to = value(values, r"\Package\Notify.Properties[ToLine]");
        assert_eq!(to.certainty, Certainty::Unknown);
        assert!(to.reason.unwrap().contains("variables read one another"));
        assert_eq!(
            value(values, &full("User::V990")).value.as_deref(),
            Some("end")
        );
    });
}

#[test]
fn a_child_sees_the_variables_and_assignments_of_the_task_that_calls_it() {
    use crate::mail_packages::{Written, variable};
    let mut parent = Written::new();
    parent.variables = variable("Mode", 8, "", "full") + &variable("Host", 8, "", "package");
    let inner = variable("Host", 8, "", "sequence");
    let call = "<DTS:Executable DTS:ExecutableType=\"Microsoft.ExecutePackageTask\" DTS:ObjectName=\"Child\">\
                <DTS:ObjectData><ExecutePackageTask><PackageName>Child.dtsx</PackageName><ParameterAssignment>\
                <ParameterName>To</ParameterName><BindedVariableOrParameterName>User::Host\
                </BindedVariableOrParameterName></ParameterAssignment><ParameterAssignment><ParameterName>Who\
                </ParameterName><BindedVariableOrParameterName>System::MachineName</BindedVariableOrParameterName>\
                </ParameterAssignment></ExecutePackageTask></DTS:ObjectData></DTS:Executable>";
    parent.tasks = format!(
        "<DTS:Executable DTS:ExecutableType=\"STOCK:SEQUENCE\" DTS:ObjectName=\"Seq\"><DTS:Variables>{inner}\
         </DTS:Variables><DTS:Executables>{call}</DTS:Executables></DTS:Executable>"
    );
    let temporary = tempfile::tempdir().unwrap();
    let path = parent.save(temporary.path());
    let seen = looked(&path, &given(&[]), |values| {
        let package = values.at().package().unwrap();
        let task = package.execute_package_tasks().next().unwrap();
        values.parent(task)
    });
    assert_eq!(
        seen.variables,
        [
            ("User::Host".to_owned(), Ok("sequence".to_owned())),
            ("User::Mode".to_owned(), Ok("full".to_owned())),
        ]
    );
    assert_eq!(
        seen.parameters[0],
        ("To".to_owned(), Ok("sequence".to_owned()))
    );
    let (who, unknown) = &seen.parameters[1];
    assert!(
        who == "Who"
            && unknown
                .as_ref()
                .is_err_and(|why| why.contains("System::MachineName"))
    );
    // The child takes both.
    let with_parent = Given {
        parent: Some(Parent {
            parameters: seen.parameters,
            ..Parent::default()
        }),
        ..given(&ALL)
    };
    let to = looked(&folder().join(PROJECT), &with_parent, |values| {
        value(values, r"\Package\Known.Properties[ToLine]")
    });
    assert_eq!(to.value.as_deref(), Some("sequence"));
    // And names that only the parent has, with their types.
    let mut child = Written::new();
    child.tasks = crate::mail_packages::task(
        "Tell",
        "",
        "<DTS:PropertyExpression DTS:Name=\"Subject\">@[User::Mode] + \" on \" + @[User::Host]\
         </DTS:PropertyExpression>",
        &[],
    );
    let folder = tempfile::tempdir().unwrap();
    let child = child.save(folder.path());
    let subject = |parent: Option<Parent>| {
        let given = Given {
            parent,
            ..given(&[])
        };
        looked(&child, &given, |values| {
            value(values, r"\Package\Tell.Properties[Subject]")
        })
    };
    let called = subject(Some(Parent {
        variables: seen.variables,
        types: seen.types,
        ..Parent::default()
    }));
    assert_eq!(called.value.as_deref(), Some("full on sequence"));
    assert_eq!(called.chain[0].kind, Origin::ParentVariable);
    let alone = subject(None);
    assert_eq!(alone.certainty, Certainty::Unknown);
    assert!(alone.reason.unwrap().contains("was not found"));
}
