//! A certificate that is looked at, whether it is to be trusted or not.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, DigitallySignedStruct, Error, SignatureScheme, SupportedProtocolVersion,
};
use x509_parser::prelude::{FromDer as _, GeneralName, ParsedExtension, X509Certificate};
use x509_parser::time::ASN1Time;

use crate::mail::deliver::tls;
use crate::source::visible;

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The names that it is for.
    pub names: Vec<String>,
    /// Whom it is for, as its own field says.
    pub subject: String,
    /// Who has signed it.
    pub issuer: String,
    /// From when it is valid, `2026-11-24T08:00:00Z`.
    pub not_before: String,
    /// Until when.
    pub not_after: String,
    /// The same, in seconds from 1970 on.
    pub expires: i64,
    /// Whether a delivery would go on with it.
    pub trust: Trust,
}

/// Whether a delivery would go on with a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// It would.
    Trusted,
    /// It would not, for this reason.
    Not(String),
}

/// What was seen in a handshake.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen(Arc<Mutex<Option<Certificate>>>);

impl Seen {
    pub(super) fn take(&self) -> Option<Certificate> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn put(&self, certificate: Certificate) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(certificate);
    }
}

/// TLS that shakes hands with everybody, and remembers with whom.
///
/// # Errors
///
/// A sentence when the authorities that are to be trusted cannot be read.
pub(super) fn looking(
    extra_ca: Option<&[u8]>,
    versions: &[&'static SupportedProtocolVersion],
    seen: &Seen,
) -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let roots = match tls::roots(extra_ca) {
        Ok(roots) => Some(roots),
        // Without any authority nothing is trusted, and everything can be looked at.
        Err(_) if extra_ca.is_none() => None,
        Err(why) => return Err(why),
    };
    let judge = roots.and_then(|roots| {
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .ok()
    });
    let verifier = Looking {
        judge,
        provider: Arc::clone(&provider),
        seen: seen.clone(),
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(Arc::new(config))
}

struct Looking {
    judge: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
    seen: Seen,
}

impl fmt::Debug for Looking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Looking")
    }
}

impl ServerCertVerifier for Looking {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let trust = match &self.judge {
            None => Trust::Not("this machine lists no trusted certificate authority".to_owned()),
            Some(judge) => {
                match judge.verify_server_cert(
                    end_entity,
                    intermediates,
                    server_name,
                    ocsp_response,
                    now,
                ) {
                    Ok(_) => Trust::Trusted,
                    Err(error) => Trust::Not(tls::explain(&error)),
                }
            }
        };
        self.seen.put(read(end_entity, trust));
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// Names of a certificate; one for more says nothing that somebody could read.
const MOST_NAMES: usize = 100;

fn read(der: &CertificateDer<'_>, trust: Trust) -> Certificate {
    let Ok((_, certificate)) = X509Certificate::from_der(der) else {
        return Certificate {
            names: Vec::new(),
            subject: String::new(),
            issuer: String::new(),
            not_before: String::new(),
            not_after: String::new(),
            expires: 0,
            trust: Trust::Not("the certificate cannot be read".to_owned()),
        };
    };
    let validity = certificate.validity();
    Certificate {
        names: names(&certificate),
        subject: visible(&certificate.subject().to_string()).into_owned(),
        issuer: visible(&certificate.issuer().to_string()).into_owned(),
        not_before: moment(validity.not_before),
        not_after: moment(validity.not_after),
        expires: validity.not_after.timestamp(),
        trust,
    }
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let extensions = certificate.extensions().iter();
    let names = extensions.filter_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectAlternativeName(names) => Some(&names.general_names),
        _ => None,
    });
    names
        .flatten()
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(visible(name).into_owned()),
            GeneralName::IPAddress(bytes) => address(bytes),
            _ => None,
        })
        .take(MOST_NAMES)
        .collect()
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(std::net::Ipv4Addr::from(four).to_string());
    }
    let sixteen = <[u8; 16]>::try_from(bytes).ok()?;
    Some(std::net::Ipv6Addr::from(sixteen).to_string())
}

fn moment(time: ASN1Time) -> String {
    let at = time.to_datetime();
    let (hour, minute, second) = at.to_hms();
    format!(
        "{:04}-{:02}-{:02}T{hour:02}:{minute:02}:{second:02}Z",
        at.year(),
        u8::from(at.month()),
        at.day()
    )
}
