//! Tokens by client credentials: what is asked of an endpoint, and what is made of its answers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use dtsx::host::{RealClock, RealFiles};
use dtsx::mail::auth::TokenSource;
use dtsx::mail::auth::oauth::{ClientCredentials, ClientProof, Endpoint, Outside, SigningKey};
use dtsx::secret::Secret;

const SECRET: &str = "s3cret+of&the client";

/// An endpoint on loopback that answers so many requests, and gives their forms.
struct TokenServer {
    url: String,
    thread: std::thread::JoinHandle<Vec<String>>,
}

fn endpoint(requests: usize, answer: impl Fn(usize) -> String + Send + 'static) -> TokenServer {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let mut forms = Vec::new();
        for number in 0..requests {
            let (stream, _) = listener.accept().unwrap();
            stream
                .set_read_timeout(Some(Duration::from_secs(10)))
                .unwrap();
            let mut reader = BufReader::new(&stream);
            let (mut length, mut line) = (0, String::new());
            while reader.read_line(&mut line).unwrap_or(0) > 0 && line != "\r\n" {
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut form = vec![0; length];
            reader.read_exact(&mut form).unwrap();
            forms.push(String::from_utf8(form).unwrap());
            let _ = (&stream).write_all(answer(number).as_bytes());
        }
        forms
    });
    TokenServer { url, thread }
}

fn json(status: u16, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn client(url: &str, proof: ClientProof) -> ClientCredentials {
    let outside = Outside {
        clock: Box::new(RealClock),
        files: Box::new(RealFiles),
        extra_ca: None,
    };
    ClientCredentials::new(
        Endpoint::new(url).unwrap(),
        "the-app",
        "https://outlook.office365.com/.default",
        proof,
        outside,
    )
}

fn secret() -> ClientProof {
    ClientProof::Secret(Secret::new(SECRET))
}

const PATIENT: Duration = Duration::from_secs(10);

#[test]
fn a_token_is_asked_for_once_while_it_is_fresh() {
    let server = endpoint(1, |_| {
        json(
            200,
            r#"{"access_token":"tok.1","token_type":"Bearer","expires_in":3600}"#,
        )
    });
    let client = client(&server.url, secret());
    for _ in 0..3 {
        assert_eq!(client.token(PATIENT).unwrap().expose(), "tok.1");
    }
    assert_eq!(
        server.thread.join().unwrap(),
        ["grant_type=client_credentials&client_id=the-app\
          &scope=https%3A%2F%2Foutlook.office365.com%2F.default&client_secret=s3cret%2Bof%26the+client"]
    );
}

#[test]
fn a_token_near_its_end_is_asked_for_anew() {
    let server = endpoint(2, |number| {
        json(
            200,
            &format!(r#"{{"access_token":"tok.{number}","token_type":"bearer","expires_in":30}}"#),
        )
    });
    let client = client(&server.url, secret());
    assert_eq!(client.token(PATIENT).unwrap().expose(), "tok.0");
    assert_eq!(client.token(PATIENT).unwrap().expose(), "tok.1");
    assert_eq!(server.thread.join().unwrap().len(), 2);
}

#[test]
fn answers_that_give_no_token_are_said_without_the_secret() {
    let refusal = format!(
        r#"{{"error":"invalid_client","error_description":"AADSTS7000215: wrong secret {SECRET}\r\nTrace: 1"}}"#
    );
    let huge = format!(r#"{{"access_token":"{}"}}"#, "a".repeat(1 << 20));
    for (answer, text) in [
        (
            json(401, &refusal),
            "answered 401: invalid_client: AADSTS7000215: wrong secret ***",
        ),
        (
            "HTTP/1.1 302 x\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned(),
            "answered 302 with a redirect, which is not followed",
        ),
        (json(500, "<html>"), "answered 500"),
        (json(200, "{}"), "answered 200"),
        (json(200, "[]"), "answered 200"),
        (
            json(200, r#"{"access_token":"t","token_type":"mac"}"#),
            "a token of the kind `mac`",
        ),
        (json(200, &huge), "/token`: "),
        ("SSH-2.0\r\n\r\n".to_owned(), "/token`: "),
        (String::new(), "/token`: "),
    ] {
        let server = endpoint(1, move |_| answer.clone());
        let client = client(&server.url, secret());
        let reason = client.token(PATIENT).unwrap_err();
        assert!(reason.starts_with("the token endpoint `http://127.0.0.1:"), "{reason}");
        assert!(reason.contains(text), "{reason}");
        assert!(!reason.contains(SECRET) && reason.len() < 500, "{reason}");
        assert_eq!(server.thread.join().unwrap().len(), 1);
    }
}

#[test]
fn an_endpoint_that_says_nothing_does_not_outlast_the_delivery() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    let started = Instant::now();
    let reason = client(&url, secret())
        .token(Duration::from_millis(500))
        .unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(reason.contains("timeout"), "{reason}");
}

#[test]
fn a_workload_s_token_is_read_anew_each_time() {
    let server = endpoint(2, |_| {
        json(200, r#"{"access_token":"t","token_type":"Bearer"}"#)
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let client = client(&server.url, ClientProof::FederatedTokenFile(path.clone()));
    for text in ["first\n", "second"] {
        std::fs::write(&path, text).unwrap();
        client.token(PATIENT).unwrap();
    }
    std::fs::remove_file(&path).unwrap();
    assert!(
        client
            .token(PATIENT)
            .unwrap_err()
            .contains("federated token file")
    );
    let forms = server.thread.join().unwrap();
    for (form, token) in forms.iter().zip(["first", "second"]) {
        assert!(
            form.ends_with(&format!(
                "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer\
                 &client_assertion={token}"
            )),
            "{form}"
        );
    }
}

#[test]
fn a_certificate_file_must_hold_a_certificate_and_an_rsa_key() {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(Vec::new())
        .unwrap()
        .self_signed(&key)
        .unwrap();
    for (pem, text) in [
        (String::new(), "no certificate"),
        (key.serialize_pem(), "no certificate"),
        (certificate.pem(), "no private key"),
        // The kind that rcgen makes is of elliptic curves.
        (
            format!("{}{}", certificate.pem(), key.serialize_pem()),
            "RSA",
        ),
    ] {
        let error = SigningKey::from_pem(pem.as_bytes()).err().unwrap();
        assert!(error.contains(text), "{error}");
    }
}
