//! TLS as a mail client needs it: 1.2 at least, the certificate and its name checked, always.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{AlertDescription, CertificateError, ClientConfig, Error, RootCertStore};

/// The name that a certificate must be for.
///
/// # Errors
///
/// A sentence when the text is neither a host name nor an address.
pub(super) fn server_name(name: &str) -> Result<ServerName<'static>, String> {
    let bare = name.trim_end_matches('.');
    let bare = bare
        .strip_prefix('[')
        .and_then(|inner| inner.strip_suffix(']'))
        .unwrap_or(bare);
    ServerName::try_from(bare.to_owned())
        .map_err(|_| format!("`{name}` is no name that a certificate can be for"))
}

/// The system's trusted roots and those of `extra_ca` (PEM), with the `ring` provider: never the process's default.
///
/// # Errors
///
/// A sentence when `extra_ca` holds no certificate, or there is no root at all.
pub(super) fn client_config(extra_ca: Option<&[u8]>) -> Result<Arc<ClientConfig>, String> {
    let roots = roots(extra_ca)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// The trusted roots.
///
/// # Errors
///
/// As [`client_config`].
pub(super) fn roots(extra_ca: Option<&[u8]>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    // A root that the system lists and that cannot be used is as good as missing.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(pem) = extra_ca {
        let mut count = 0;
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate =
                certificate.map_err(|error| format!("the CA file is not valid PEM: {error}"))?;
            roots
                .add(certificate)
                .map_err(|error| format!("the CA file holds an unusable certificate: {error}"))?;
            count += 1;
        }
        if count == 0 {
            return Err("the CA file holds no certificate in PEM form".to_owned());
        }
    }
    if roots.is_empty() {
        return Err(
            "this machine lists no trusted certificate authority: `--ca-file` gives one".to_owned(),
        );
    }
    Ok(roots)
}

/// A sentence for a handshake that failed, with what can be done where that is known.
pub(super) fn explain(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(certificate) => explain_certificate(certificate),
        Error::PeerIncompatible(_)
        | Error::AlertReceived(
            AlertDescription::ProtocolVersion | AlertDescription::HandshakeFailure,
        ) => format!(
            "no TLS version and cipher in common ({error}): TLS 1.2 or 1.3 is needed, and relays that know only \
             1.0 or 1.1 must be updated"
        ),
        Error::InvalidMessage(_) => {
            format!("what the server sent is not TLS ({error})")
        }
        _ => error.to_string(),
    }
}

fn explain_certificate(error: &CertificateError) -> String {
    match error {
        CertificateError::NotValidForNameContext {
            expected,
            presented,
        } => format!(
            "the certificate is not for `{}` but for {}: `--tls-name` gives another name to check",
            expected.to_str(),
            listed(presented)
        ),
        CertificateError::NotValidForName => {
            "the certificate is for another name: `--tls-name` gives the name to check".to_owned()
        }
        CertificateError::UnknownIssuer => {
            "the certificate comes from an authority that this machine does not trust: `--ca-file` gives one to trust"
                .to_owned()
        }
        CertificateError::BadSignature => {
            "the certificate is not signed by the authority that it names: the trusted authority of that name has \
             another key"
                .to_owned()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the certificate has expired".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the certificate is not valid yet".to_owned()
        }
        other => format!("the certificate is not valid: {other}"),
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        return "no name at all".to_owned();
    }
    let shown: Vec<String> = names
        .iter()
        .take(5)
        .map(|name| format!("`{}`", crate::source::visible(bare(name))))
        .collect();
    let more = if names.len() > 5 { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// rustls gives a name as `DnsName("relay.example")` or `IpAddress(127.0.0.1)`.
fn bare(name: &str) -> &str {
    let inner = name
        .split_once('(')
        .and_then(|(_, rest)| rest.strip_suffix(')'));
    inner.unwrap_or(name).trim_matches('"')
}
