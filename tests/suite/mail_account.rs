//! The options of the mail account: where secrets come from, and what is refused before anything is sent.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::mail_packages::{Written, task};
use crate::mail_support::{Answered, Scripted};
use crate::mail_tls::Authority;

const PASSWORD: &str = "pässw0rd with blanks ";

fn package(folder: &Path) -> String {
    let path = Written::new()
        .with(&task("Notify", "", "", &[]))
        .save(folder);
    path.to_str().unwrap().to_owned()
}

fn dtsx(folder: &Path, options: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_dtsx"))
        .args(["run", &package(folder), "--format", "json"])
        .args(options)
        .env("MAIL_PASSWORD", PASSWORD)
        .env("MAIL_TOKEN", " tok.en\n")
        .env("MAIL_EMPTY", "")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // What is refused before it is read closes the pipe.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

#[test]
fn secrets_come_from_the_environment_a_file_the_standard_input_and_a_command() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let password_file = file("password", &format!("{PASSWORD}\r\n"));
    let token_file = file("token", "tok.en\n");
    let plain = format!("\0anna\0{PASSWORD}");
    let bearer = "user=anna\u{1}auth=Bearer tok.en\u{1}\u{1}".to_owned();
    let command = format!("cat '{token_file}'");
    for (options, input, said) in [
        (
            vec!["--mail-password-env", "MAIL_PASSWORD"],
            String::new(),
            &plain,
        ),
        (
            vec!["--mail-password-file", &password_file],
            String::new(),
            &plain,
        ),
        (
            vec!["--mail-password-stdin"],
            format!("{PASSWORD}\n"),
            &plain,
        ),
        (vec!["--token-env", "MAIL_TOKEN"], String::new(), &bearer),
        (vec!["--token-file", &token_file], String::new(), &bearer),
        (vec!["--token-command", &command], String::new(), &bearer),
    ] {
        if cfg!(windows) && options[0] == "--token-command" {
            continue;
        }
        let authority = Authority::new();
        let config = authority.server_for(&["127.0.0.1"]);
        let server = Scripted::once(move |peer| {
            peer.handshake(config.clone())?;
            peer.say("220 relay.example\n")?;
            peer.relay("250-AUTH PLAIN XOAUTH2\n", |peer, line| {
                if line.starts_with("AUTH") {
                    peer.say("235 ok\n")?;
                    return Ok(Answered::Yes);
                }
                Ok(Answered::No)
            })
        });
        let ca = file("ca.pem", std::str::from_utf8(&authority.pem()).unwrap());
        let server_name = format!("127.0.0.1:{}", server.port);
        let mut all = vec![
            "--server",
            &server_name,
            "--tls",
            "implicit",
            "--ca-file",
            &ca,
            "--mail-user",
            "anna",
            "--trace",
        ];
        all.extend(&options);
        let output = dtsx(folder.path(), &all, &input);
        let shown = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{options:?}: {shown}");
        let log = server.log();
        let sent = log.commands[1].rsplit(' ').next().unwrap();
        assert_eq!(
            String::from_utf8(STANDARD.decode(sent).unwrap()).unwrap(),
            *said
        );
        assert!(shown.contains("> AUTH "), "{shown}");
        for secret in [PASSWORD, "tok.en", sent] {
            assert!(!shown.contains(secret), "{options:?}: {shown}");
        }
    }
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let user = ["--mail-user", "anna"];
    let empty = folder.path().join("empty");
    std::fs::write(&empty, "\n").unwrap();
    let empty = empty.to_str().unwrap();
    let client = [
        "--oauth-client-id",
        "app",
        "--oauth-client-secret-env",
        "MAIL_PASSWORD",
    ];
    for (options, code, text) in [
        (
            vec!["--mail-user", "anna"],
            2,
            "--mail-user needs a password",
        ),
        (
            vec!["--mail-password-env", "MAIL_PASSWORD"],
            2,
            "`--mail-user` says whose it is",
        ),
        (
            vec!["--mail-password-env", "MAIL_NONE", user[0], user[1]],
            2,
            "`MAIL_NONE` is not set",
        ),
        (
            vec!["--mail-password-env", "MAIL_EMPTY", user[0], user[1]],
            2,
            "`MAIL_EMPTY` is empty",
        ),
        (
            vec!["--mail-password-file", "/nonexistent", user[0], user[1]],
            3,
            "could not be read",
        ),
        (
            vec!["--mail-password-file", empty, user[0], user[1]],
            3,
            "is empty",
        ),
        (
            vec!["--mail-password-stdin", user[0], user[1]],
            3,
            "--mail-password-stdin: is empty",
        ),
        (
            vec!["--auth", "plain"],
            2,
            "--auth plain needs `--mail-user`",
        ),
        (
            vec![
                "--auth",
                "ntlm",
                user[0],
                user[1],
                "--token-env",
                "MAIL_TOKEN",
            ],
            2,
            "--auth ntlm needs",
        ),
        (
            vec![
                "--auth",
                "xoauth2",
                user[0],
                user[1],
                "--mail-password-env",
                "MAIL_PASSWORD",
            ],
            2,
            "needs a token",
        ),
        (
            vec!["--auth", "xoauth2", "--token-env", "MAIL_TOKEN"],
            2,
            "the mailbox that sends",
        ),
        (
            vec![
                "--auth",
                "anonymous",
                user[0],
                user[1],
                "--token-env",
                "MAIL_TOKEN",
            ],
            2,
            "signs nobody in",
        ),
        (
            vec!["--token-command", "cat 'a", user[0], user[1]],
            2,
            "--token-command: a ' is not closed",
        ),
        (
            vec!["--mail-password-env", "A", "--mail-password-file", "b"],
            2,
            "cannot be used with",
        ),
        (
            vec!["--oauth-tenant", "corp.example"],
            2,
            "`--oauth-client-id` names the application",
        ),
        (
            vec![
                "--oauth-tenant",
                "corp.example",
                "--token-env",
                "MAIL_TOKEN",
            ],
            2,
            "cannot be used with",
        ),
        (
            [&["--oauth-tenant", "a/b"][..], &client].concat(),
            2,
            "--oauth-tenant: `a/b`",
        ),
        (
            [&["--oauth-token-url", "http://login.example/"][..], &client].concat(),
            2,
            "is not encrypted",
        ),
        (
            [
                &["--oauth-token-url", "https://login.example/"][..],
                &client,
            ]
            .concat(),
            2,
            "`--oauth-scope` says",
        ),
        (
            vec![
                "--oauth-tenant",
                "corp.example",
                "--oauth-client-id",
                "app",
                "--oauth-certificate-file",
                empty,
            ],
            3,
            "no certificate in PEM form",
        ),
        (vec!["--retries", "1000"], 2, "--retries"),
    ] {
        let output = dtsx(folder.path(), &options, "");
        let shown = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{options:?}: {shown}");
        assert!(shown.contains(text), "{options:?}: {shown}");
        assert!(!shown.contains(PASSWORD), "{shown}");
    }
}

#[cfg(unix)]
#[test]
fn a_token_command_that_fails_sends_nothing_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    for (command, text) in [
        ("false", "the token command `false` failed: exit status: 1"),
        ("true", "the token command `true` printed nothing"),
        ("/nonexistent/program", "does not start"),
        ("sleep 30", "did not end within the time of the delivery"),
        ("yes", "printed more than 65536 bytes"),
        (
            "printf 'two words'",
            "not of the characters that a bearer token has",
        ),
    ] {
        let server = Scripted::once(|peer| {
            peer.say("220 relay.example\n")?;
            peer.relay("250-AUTH XOAUTH2\n", crate::mail_support::plainly)
        });
        let server_name = format!("127.0.0.1:{}", server.port);
        let options = [
            "--server",
            &server_name,
            "--allow-plaintext-auth",
            "--auth",
            "xoauth2",
            "--mail-user",
            "anna",
            "--token-command",
            command,
            "--timeout",
            "1",
        ];
        let output = dtsx(folder.path(), &options, "");
        assert_eq!(output.status.code(), Some(1), "{command}");
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let reason = json["tasks"][0]["reason"].as_str().unwrap();
        assert!(reason.contains(text), "{command}: {reason}");
        let log = server.log();
        assert!(!log.has("AUTH") && !log.has("MAIL"), "{command}");
    }
}
