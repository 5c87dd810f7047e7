//! `dtsx set`: secrets, and what is refused.

use std::fs;
use std::process::Stdio;

use crate::command::finish;
use crate::get_set::Place;
use crate::support::files_below;

const SECRET: &str = "S3cret-of-the-test";

/// Everything that the journals show: not the originals, which are kept as they were.
fn journals(place: &Place) -> String {
    let state = place.state();
    if !state.exists() {
        return String::new();
    }
    let files = files_below(&state).into_iter();
    let shown = files.filter(|path| path.file_name().is_some_and(|name| name != "pack"));
    shown
        .map(|path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned())
        .collect()
}

#[test]
fn secrets_never_come_from_an_argument_and_are_never_shown() {
    let place = Place::of("project");
    let before = place.tree();
    let path = r"\Project.Connections[Warehouse].Properties[ConnectionString]";
    let string =
        format!("Data Source=SQL02;User ID=etl;Password={SECRET};Initial Catalog=Warehouse;");
    let run = place.dtsx(&["set", "Warehouse.conmgr", path, &string]);
    assert_eq!(run.code, 2);
    assert!(
        run.err.contains("holds a secret (`Password`)") && !run.shown().contains(SECRET),
        "{}",
        run.err
    );
    assert!(place.tree() == before);

    let secret = [("DB", string.as_str())];
    let args = ["set", "Warehouse.conmgr", path, "--value-env", "DB"];
    let run = place.dtsx_with(&[&args[..], &["--diff"]].concat(), &secret);
    assert_eq!(run.code, 1);
    assert!(
        run.out.contains("Password=***;") && !run.shown().contains(SECRET),
        "{}",
        run.shown()
    );
    let run = place.dtsx_with(&[&args[..], &["--format", "json"]].concat(), &secret);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(!run.shown().contains(SECRET), "{}", run.shown());
    assert!(run.json()["new"].is_null());
    assert!(!journals(&place).contains(SECRET));
    // The manager has it, the project file must not.
    assert!(
        String::from_utf8(place.read("Warehouse.conmgr"))
            .unwrap()
            .contains(SECRET)
    );
    let project = String::from_utf8(place.read("Etl.dtproj")).unwrap();
    assert!(
        !project.contains(SECRET)
            && project.contains("Data Source=SQL02;User ID=etl;Initial Catalog=Warehouse;")
    );

    // Then there is a key of that name.
    let key = r"\Project.Connections[Warehouse].Properties[Password]";
    let run = place.dtsx(&["set", "Warehouse.conmgr", key, "other"]);
    assert_eq!(run.code, 2);
    assert!(
        run.err
            .contains("the value is a secret: give it with --value-env"),
        "{}",
        run.err
    );
    let new = "An0ther; secret";
    place.put("secret.txt", format!("{new}\r\n"));
    let run = place.dtsx(&["set", "Warehouse.conmgr", key, "--value-file", "secret.txt"]);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(
        !run.shown().contains(new) && !run.shown().contains(SECRET),
        "{}",
        run.shown()
    );
    let shown = place.dtsx(&["get", "Warehouse.conmgr", key, "--show-secrets"]);
    assert_eq!(shown.out, format!("{new}\n"));
    assert!(
        !String::from_utf8(place.read("Etl.dtproj"))
            .unwrap()
            .contains(new)
    );
    assert!(!journals(&place).contains(new));

    // From the standard input, and refused without showing it.
    let args = [
        "set",
        "Nightly.dtsx",
        r"\Project.Parameters[BatchSize].Value",
        "--value-stdin",
    ];
    let run = finish(
        place.command(&args).stdin(Stdio::piped()),
        Some(format!("{SECRET}\n").as_bytes()),
    );
    assert_eq!(run.code, 2, "{}", run.shown());
    assert!(
        run.err.contains("***") && !run.shown().contains(SECRET),
        "{}",
        run.err
    );

    for args in [
        &["--value-env", "NO_SUCH_VARIABLE"][..],
        &["x", "--value-env", "DB"],
        &[],
        &["--value-stdin", "--value-env", "DB"],
    ] {
        let path = r"\Project.Connections[Mail].Properties[SmtpServer]";
        let run = place.dtsx_with(&[&["set", "Mail.conmgr", path], args].concat(), &secret);
        assert_eq!(run.code, 2, "{args:?}: {}", run.shown());
        assert!(!run.shown().contains(SECRET));
    }
    let run = place.dtsx(&["set", "Mail.conmgr", key, "--value-file", "nothing.txt"]);
    assert_ne!(run.code, 0);
}

#[test]
fn a_diff_shows_no_secret_of_its_surroundings() {
    let place = Place::of("configurations");
    let entry = |path: &str, value: &str| {
        format!(
            "<Configuration Path=\"{path}\" ValueType=\"String\">\n<ConfiguredValue>{value}</ConfiguredValue>\n</Configuration>\n"
        )
    };
    let server = r"\Package.Connections[Mail].Properties[SmtpServer]";
    let password = r"\Package.Connections[Orders].Properties[Password]";
    place.put(
        "Own.dtsConfig",
        format!(
            "<DTSConfiguration>\n{}{}</DTSConfiguration>",
            entry(server, "old"),
            entry(password, SECRET)
        ),
    );
    let run = place.dtsx(&[
        "set",
        "Own.dtsConfig",
        &format!("\\Configuration[{server}]"),
        "new",
        "--diff",
    ]);
    assert_eq!(run.code, 1);
    assert!(
        run.out.contains("-<ConfiguredValue>old<") && run.out.contains(" <Configuration Path"),
        "{}",
        run.out
    );
    assert!(!run.out.contains(SECRET), "{}", run.out);
    // A changed secret is a changed line.
    let path = format!("\\Configuration[{password}]");
    let args = [
        "set",
        "Own.dtsConfig",
        &path,
        "--value-env",
        "NEW",
        "--diff",
    ];
    let run = place.dtsx_with(&args, &[("NEW", "Tomorrow's")]);
    assert!(
        run.out.contains(
            "-<ConfiguredValue>***</ConfiguredValue>\n+<ConfiguredValue>***</ConfiguredValue>"
        ),
        "{}",
        run.out
    );
    assert!(
        !run.out.contains(SECRET) && !run.out.contains("Tomorrow"),
        "{}",
        run.out
    );
}

#[test]
fn sensitive_parameters_are_refused() {
    let place = Place::of("project");
    let text = String::from_utf8(place.read("Project.params")).unwrap();
    place.put(
        "Project.params",
        text.replacen(
            "SSIS:Name=\"Sensitive\">0<",
            "SSIS:Name=\"Sensitive\">1<",
            1,
        ),
    );
    let before = place.tree();
    let path = r"\Project.Parameters[Environment].Value";
    assert_eq!(place.get("Nightly.dtsx", path)["value"], "***");
    let run = place.dtsx(&["set", "Nightly.dtsx", path, "x"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("the value is a secret"), "{}", run.err);
    let run = place.dtsx_with(
        &["set", "Nightly.dtsx", path, "--value-env", "S"],
        &[("S", SECRET)],
    );
    assert_eq!(run.code, 2);
    assert!(
        run.err
            .contains("it is sensitive: SSIS keeps its value encrypted or not at all"),
        "{}",
        run.err
    );
    assert!(!run.err.contains(SECRET));
    assert!(place.tree() == before);

    let third = Place::of("third-party");
    let path = r"\Project.Connections[Relay].Properties[Password]";
    let name = third.dtsx(&["get", "Relay.conmgr", path]);
    assert!(
        name.code == 2 || name.out.starts_with("***"),
        "{}",
        name.shown()
    );
}

#[test]
fn copies_are_read_only_and_encrypted_files_say_so() {
    let place = Place::of("project");
    let run = place.dtsx(&[
        "set",
        "Etl.dtproj",
        r"\Project.Copies[CM.Mail.SmtpServer]",
        "x",
    ]);
    assert_eq!(run.code, 2);
    assert!(
        run.err
            .contains("it is a copy and follows its connection manager"),
        "{}",
        run.err
    );
    let place = Place::of("bad");
    for name in ["encrypted-password.dtsx", "encrypted-user-key.dtsx"] {
        let run = place.dtsx(&["set", name, r"\Package.Properties[Description]", "x"]);
        assert_eq!(run.code, 2);
        assert!(run.err.contains("encrypted as a whole"), "{}", run.err);
    }
    for name in ["nothing-here.dtsx", "truncated.dtsx", "truncated.ispac"] {
        let run = place.dtsx(&["set", name, r"\Package.Properties[Description]", "x"]);
        assert_eq!(run.code, 3, "{name}: {}", run.shown());
    }
}

#[cfg(unix)]
#[test]
fn what_cannot_be_written_is_left_as_it_is() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let place = Place::of("project");
    let path = r"\Project.Connections[Mail].Properties[SmtpServer]";
    let set = |name: &str| place.dtsx(&["set", name, path, "new.example.com", "--format", "json"]);
    // A copy that cannot follow keeps the manager from changing.
    let before = place.tree();
    let only_read = |name: &str| {
        fs::set_permissions(place.path(name), fs::Permissions::from_mode(0o444)).unwrap();
    };
    only_read("Etl.dtproj");
    let run = set("Mail.conmgr");
    assert_eq!(run.code, 4, "{}", run.shown());
    assert!(
        run.err.contains("Etl.dtproj: it is read-only"),
        "{}",
        run.err
    );
    assert_eq!(run.json()["written"], false);
    assert!(place.tree() == before);
    fs::set_permissions(place.path("Etl.dtproj"), fs::Permissions::from_mode(0o644)).unwrap();

    fs::rename(place.path("Mail.conmgr"), place.path("real.bin")).unwrap();
    symlink("real.bin", place.path("Mail.conmgr")).unwrap();
    let run = set("Mail.conmgr");
    assert_eq!(run.code, 4, "{}", run.shown());
    assert!(run.err.contains("it is a symbolic link"), "{}", run.err);
    fs::remove_file(place.path("Mail.conmgr")).unwrap();
    fs::rename(place.path("real.bin"), place.path("Mail.conmgr")).unwrap();

    fs::hard_link(place.path("Mail.conmgr"), place.path("second.bin")).unwrap();
    let run = set("Mail.conmgr");
    assert_eq!(run.code, 4, "{}", run.shown());
    assert!(run.err.contains("hard links"), "{}", run.err);
    fs::remove_file(place.path("second.bin")).unwrap();
    assert!(place.tree() == before);

    // Undo does not overwrite what changed since.
    assert_eq!(set("Mail.conmgr").code, 0);
    let changed = [&place.read("Mail.conmgr")[..], b"\n"].concat();
    place.put("Mail.conmgr", &changed);
    let run = place.dtsx(&["undo"]);
    assert_eq!(run.code, 4, "{}", run.shown());
    assert_eq!(place.read("Mail.conmgr"), changed);

    // A journal that cannot be kept keeps everything as it is.
    let journal = place.path("journal");
    fs::write(&journal, "a file").unwrap();
    let args = [
        "set",
        "Warehouse.conmgr",
        r"\Project.Connections[Warehouse].Properties[Provider]",
        "x",
    ];
    let before = place.tree();
    let run = place.dtsx(&[&args[..], &["--journal", journal.to_str().unwrap()]].concat());
    assert_eq!(run.code, 4, "{}", run.shown());
    assert!(place.tree() == before);
}
