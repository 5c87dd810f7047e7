//! The assertion by which a client proves that it has a certificate's key (RFC 7523 section 3, RFC 7515).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;

use crate::secret::Secret;

/// A certificate and its key.
pub struct SigningKey {
    key: RsaKeyPair,
    certificate: Vec<u8>,
}

/// How long an assertion is good for, in seconds.
const LIFE: i64 = 600;

impl SigningKey {
    /// Reads an RSA key and its certificate in PEM form from one text.
    ///
    /// # Errors
    ///
    /// A sentence that says which of them is missing or of another kind.
    pub fn from_pem(pem: &[u8]) -> Result<SigningKey, String> {
        let certificate = CertificateDer::pem_slice_iter(pem)
            .next()
            .ok_or("there is no certificate in PEM form")?
            .map_err(|error| format!("the certificate is not valid PEM: {error}"))?;
        let key = PrivateKeyDer::from_pem_slice(pem)
            .map_err(|_| "there is no private key in PEM form (an encrypted one is not read)")?;
        let key = match &key {
            PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
            _ => return Err("the private key is not of RSA".to_owned()),
        };
        Ok(SigningKey {
            key: key
                .map_err(|error| format!("the private key is not a usable one of RSA: {error}"))?,
            certificate: certificate.to_vec(),
        })
    }

    /// An assertion of `client` for one endpoint; `now` in seconds since 1970.
    pub(super) fn assertion(
        &self,
        client: &str,
        audience: &str,
        now: i64,
    ) -> Result<Secret, String> {
        let random = SystemRandom::new();
        let mut id = [0; 16];
        random
            .fill(&mut id)
            .map_err(|_| "this system gives no random numbers")?;
        let thumbprint = |algorithm| URL_SAFE_NO_PAD.encode(digest(algorithm, &self.certificate));
        // Both thumbprints: Entra, ADFS and others look for one or the other.
        let header = json!({
            "alg": "RS256",
            "typ": "JWT",
            "x5t": thumbprint(&SHA1_FOR_LEGACY_USE_ONLY),
            "x5t#S256": thumbprint(&SHA256),
        });
        let claims = json!({
            "iss": client,
            "sub": client,
            "aud": audience,
            "jti": URL_SAFE_NO_PAD.encode(id),
            "iat": now,
            "nbf": now,
            "exp": now + LIFE,
        });
        let signed = [header, claims]
            .map(|part| URL_SAFE_NO_PAD.encode(part.to_string()))
            .join(".");
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &random,
                signed.as_bytes(),
                &mut signature,
            )
            .map_err(|_| "the private key cannot sign")?;
        Ok(Secret::new(format!(
            "{signed}.{}",
            URL_SAFE_NO_PAD.encode(signature)
        )))
    }
}
