//! Certificates: whose they are, whom they are for, and that nothing is sent where either is wrong.

use std::sync::Arc;

use dtsx::mail::deliver::{Outcome, Server, Status, TlsMode};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;

use crate::mail_support::{Log, PATIENT, Scripted, deliver, message, plainly, session};

/// An authority that one test trusts.
pub struct Authority {
    certificate: rcgen::Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub fn new() -> Authority {
        Authority::named("authority of the test")
    }

    fn named(name: &str) -> Authority {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        Authority {
            certificate,
            issuer: Issuer::new(params, key),
        }
    }

    pub fn pem(&self) -> Vec<u8> {
        self.certificate.pem().into_bytes()
    }

    /// A server of TLS 1.2 with an exchange of keys that no client of ours offers: what an old relay looks like.
    pub fn server_with_ciphers_of_nobody(&self) -> Arc<ServerConfig> {
        let mut config = (*self.server_for(&["127.0.0.1"])).clone();
        let mut provider = rustls::crypto::ring::default_provider();
        // TLS 1.2 with a certificate of RSA only, which this authority has not.
        provider
            .cipher_suites
            .retain(|suite| format!("{suite:?}").contains("ECDHE_RSA"));
        config = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&[&rustls::version::TLS12])
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(config.cert_resolver.clone());
        Arc::new(config)
    }

    /// A server with a certificate for these names.
    pub fn server_for(&self, names: &[&str]) -> Arc<ServerConfig> {
        self.server(names, |_| {})
    }

    fn server(
        &self,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        change(&mut params);
        let leaf = params.signed_by(&key, &self.issuer).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![leaf.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        Arc::new(config)
    }
}

/// A delivery over STARTTLS or implicit TLS to a server with this certificate.
fn outcome(
    tls: TlsMode,
    config: Arc<ServerConfig>,
    change: impl FnOnce(&mut Server),
) -> (Outcome, Log) {
    let scripted = Scripted::once(move |peer| {
        if tls == TlsMode::Implicit {
            peer.handshake(config.clone())?;
        }
        peer.say("220 relay.example\n")?;
        if tls == TlsMode::StartTls {
            peer.line()?;
            peer.say("250-relay.example\n250 STARTTLS\n")?;
            peer.line()?;
            peer.say("220 go\n")?;
            peer.handshake(config.clone())?;
        }
        peer.relay("250-SIZE\n", plainly)
    });
    let mut server = Server {
        tls,
        ..scripted.server()
    };
    change(&mut server);
    let mut session = session(server, PATIENT);
    let outcome = deliver(&mut session, &message());
    session.quit();
    drop(session);
    (outcome, scripted.log())
}

#[test]
fn a_trusted_certificate_for_the_right_name_is_taken() {
    let authority = Authority::new();
    for tls in [TlsMode::StartTls, TlsMode::Implicit] {
        let config = authority.server_for(&["relay.example", "127.0.0.1"]);
        let (outcome, log) = outcome(tls, config, |server| {
            server.extra_ca = Some(authority.pem())
        });
        assert_eq!(outcome.status, Status::Sent, "{outcome:?}");
        assert_eq!(outcome.tls, Some(tls));
        assert_eq!(log.messages.len(), 1);
        // What counts is what was offered under TLS.
        assert!(log.commands.iter().any(|it| it.contains(" SIZE=")));
    }
}

#[test]
fn the_name_to_check_can_be_another_than_the_host() {
    let authority = Authority::new();
    let config = authority.server_for(&["relay.example"]);
    let (outcome, _) = outcome(TlsMode::StartTls, config, |server| {
        server.extra_ca = Some(authority.pem());
        server.tls_name = Some("relay.example".to_owned());
    });
    assert_eq!(outcome.status, Status::Sent);
}

fn refused(outcome: &Outcome, log: &Log, reason: &str) {
    assert_eq!(outcome.status, Status::Failed);
    assert_eq!((outcome.tls, outcome.auth), (None, None));
    assert_eq!(outcome.reason.as_deref(), Some(reason));
    assert_eq!(log.messages.len(), 0);
    assert!(!log.has("MAIL"));
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let authority = Authority::new();
    for tls in [TlsMode::StartTls, TlsMode::Implicit] {
        let config = authority.server_for(&["other.example", "second.example"]);
        let (outcome, log) = outcome(tls, config, |server| {
            server.extra_ca = Some(authority.pem());
            server.tls_name = Some("relay.example".to_owned());
        });
        refused(
            &outcome,
            &log,
            "the TLS handshake: the certificate is not for `relay.example` but for `other.example`, `second.example`: \
             `--tls-name` gives another name to check",
        );
    }
}

#[test]
fn an_authority_that_nobody_knows_is_refused_and_so_is_one_that_only_has_its_name() {
    let authority = Authority::new();
    for (other, reason) in [
        (
            Authority::named("somebody else"),
            "the TLS handshake: the certificate comes from an authority that this machine does not trust: \
             `--ca-file` gives one to trust",
        ),
        (
            Authority::new(),
            "the TLS handshake: the certificate is not signed by the authority that it names: the trusted authority \
             of that name has another key",
        ),
    ] {
        let config = authority.server_for(&["127.0.0.1"]);
        let (outcome, log) = outcome(TlsMode::StartTls, config, |server| {
            server.extra_ca = Some(other.pem());
        });
        refused(&outcome, &log, reason);
    }
}

#[test]
fn an_expired_certificate_is_refused() {
    let authority = Authority::new();
    let config = authority.server(&["127.0.0.1"], |params| {
        params.not_before = rcgen::date_time_ymd(2019, 1, 1);
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    });
    let (outcome, log) = outcome(TlsMode::StartTls, config, |server| {
        server.extra_ca = Some(authority.pem());
    });
    refused(
        &outcome,
        &log,
        "the TLS handshake: the certificate has expired",
    );
}

#[test]
fn tls_that_is_demanded_and_not_offered_fails() {
    let server = Scripted::once(|peer| {
        peer.say("220 relay.example\n")?;
        peer.relay("250-SIZE\n", plainly)
    });
    let mut session = session(
        Server {
            tls: TlsMode::StartTls,
            ..server.server()
        },
        PATIENT,
    );
    let outcome = deliver(&mut session, &message());
    drop(session);
    let log = server.log();
    refused(
        &outcome,
        &log,
        "`STARTTLS`: TLS is demanded, and the server does not offer STARTTLS: Server does not support secure \
         connections.",
    );
    assert_eq!(log.commands, ["EHLO etl01.corp.example"]);
}

#[test]
fn tls_that_is_offered_and_not_demanded_is_not_used() {
    let server = Scripted::once(|peer| {
        peer.say("220 relay.example\n")?;
        peer.relay("250-STARTTLS\n", plainly)
    });
    let mut session = session(server.server(), PATIENT);
    assert_eq!(deliver(&mut session, &message()).status, Status::Sent);
    session.quit();
    assert!(!server.log().has("STARTTLS"));
}

#[test]
fn a_server_that_speaks_no_tls_where_tls_is_expected_is_said_to() {
    let server = Scripted::once(|peer| {
        peer.say("220 relay.example ESMTP\n")?;
        peer.hold()
    });
    let mut session = session(
        Server {
            tls: TlsMode::Implicit,
            ..server.server()
        },
        PATIENT,
    );
    let outcome = deliver(&mut session, &message());
    assert_eq!(outcome.status, Status::Failed);
    let reason = outcome.reason.unwrap();
    assert!(
        reason.starts_with("the TLS handshake: what the server sent is not TLS"),
        "{reason}"
    );
}

#[test]
fn a_ca_file_without_a_certificate_is_an_error() {
    let authority = Authority::new();
    for (pem, text) in [
        (
            &b"nothing"[..],
            "the CA file holds no certificate in PEM form",
        ),
        (
            b"-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n",
            "the CA file is not valid PEM: ",
        ),
    ] {
        let config = authority.server_for(&["127.0.0.1"]);
        let (outcome, log) = outcome(TlsMode::StartTls, config, |server| {
            server.extra_ca = Some(pem.to_vec());
        });
        assert_eq!(outcome.status, Status::Failed);
        let reason = outcome.reason.unwrap();
        assert!(reason.contains(text), "{reason}");
        assert!(!log.has("MAIL"));
    }
}
