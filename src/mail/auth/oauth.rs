//! OAuth tokens by client credentials: one form POST (RFC 6749 section 4.4), in which the client proves itself with a
//! secret, or with an assertion (RFC 7523) that its certificate's key has signed or that its workload was given.
//!
//! Over HTTPS; in clear to this machine alone. Redirects are not followed, answers are bounded, tokens live in memory.

mod assertion;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

pub use assertion::SigningKey;

use super::TokenSource;
use crate::host::{Clock, Files};
use crate::secret::Secret;
use crate::source::visible;

/// How a client proves itself to a token endpoint.
pub enum ClientProof {
    /// A secret that both know.
    Secret(Secret),
    /// A certificate, of which the endpoint knows the public half.
    Certificate(Box<SigningKey>),
    /// A file with a token of the workload, which is read anew each time as it changes.
    FederatedTokenFile(PathBuf),
}

/// A client of a token endpoint.
pub struct ClientCredentials {
    endpoint: Endpoint,
    client_id: String,
    scope: String,
    proof: ClientProof,
    outside: Outside,
    cached: Mutex<Option<Cached>>,
}

/// What a token is asked for with.
pub struct Outside {
    /// The time in assertions.
    pub clock: Box<dyn Clock + Send + Sync>,
    /// For the token of a workload.
    pub files: Box<dyn Files + Send>,
    /// Certificates of authorities in PEM form that are trusted besides the system's.
    pub extra_ca: Option<Vec<u8>>,
}

struct Cached {
    token: Secret,
    until: Instant,
}

/// The address of a token endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    url: String,
    in_clear: bool,
}

/// A token is asked for anew when so little of its life is left.
const MARGIN: Duration = Duration::from_secs(60);
/// No answer of a token endpoint is longer.
const LONGEST_ANSWER: u64 = 256 << 10;
/// No token of a workload is longer.
const LONGEST_FEDERATED: usize = 64 << 10;

impl Endpoint {
    /// Checks an address.
    ///
    /// # Errors
    ///
    /// A sentence for what is neither `https`, nor `http` to this machine.
    pub fn new(url: &str) -> Result<Endpoint, String> {
        let uri: ureq::http::Uri = url
            .parse()
            .map_err(|_| format!("`{}` is no address of the web", visible(url)))?;
        let host = uri.host().unwrap_or_default();
        if host.is_empty() || uri.authority().is_some_and(|it| it.as_str().contains('@')) {
            return Err(format!(
                "`{}` is no address of a token endpoint",
                visible(url)
            ));
        }
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let is_loopback = bare.eq_ignore_ascii_case("localhost")
            || bare
                .parse::<std::net::IpAddr>()
                .is_ok_and(|it| it.is_loopback());
        match uri.scheme_str() {
            Some("https") => Ok(Endpoint {
                url: url.to_owned(),
                in_clear: false,
            }),
            Some("http") if is_loopback => Ok(Endpoint {
                url: url.to_owned(),
                in_clear: true,
            }),
            Some("http") => Err(format!(
                "`{}` is not encrypted, and secrets go there: `https://` protects them",
                visible(url)
            )),
            _ => Err(format!("`{}` does not begin with `https://`", visible(url))),
        }
    }

    /// That of a tenant of Microsoft Entra.
    ///
    /// # Errors
    ///
    /// A sentence for what is neither an id nor a domain.
    pub fn of_tenant(tenant: &str) -> Result<Endpoint, String> {
        let fits = |character: char| character.is_ascii_alphanumeric() || "-._".contains(character);
        if tenant.is_empty() || !tenant.chars().all(fits) {
            return Err(format!(
                "`{}` is neither the id nor a domain of a tenant",
                visible(tenant)
            ));
        }
        Endpoint::new(&format!(
            "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"
        ))
    }
}

impl ClientCredentials {
    /// A client; nothing is asked before the first token is needed.
    pub fn new(
        endpoint: Endpoint,
        client_id: impl Into<String>,
        scope: impl Into<String>,
        proof: ClientProof,
        outside: Outside,
    ) -> ClientCredentials {
        ClientCredentials {
            endpoint,
            client_id: client_id.into(),
            scope: scope.into(),
            proof,
            outside,
            cached: Mutex::new(None),
        }
    }

    fn ask(&self, left: Duration) -> Result<Cached, String> {
        let asked = Instant::now();
        let mut form = vec![
            ("grant_type", Secret::new("client_credentials")),
            ("client_id", Secret::new(&self.client_id)),
            ("scope", Secret::new(&self.scope)),
        ];
        match &self.proof {
            ClientProof::Secret(secret) => form.push(("client_secret", secret.clone())),
            ClientProof::Certificate(key) => {
                let now = self.outside.clock.now().timestamp().as_second();
                let assertion = key.assertion(&self.client_id, &self.endpoint.url, now)?;
                form.push(("client_assertion_type", Secret::new(ASSERTION_TYPE)));
                form.push(("client_assertion", assertion));
            }
            ClientProof::FederatedTokenFile(path) => {
                form.push(("client_assertion_type", Secret::new(ASSERTION_TYPE)));
                form.push(("client_assertion", self.federated(path)?));
            }
        }
        let shown = visible(&self.endpoint.url).into_owned();
        let answer = self
            .post(&form, left)
            .map_err(|why| format!("the token endpoint `{shown}`: {why}"))?;
        let (status, body) = answer;
        let parsed: Answer = serde_json::from_str(&body).unwrap_or_default();
        let Some(token) = parsed.access_token.filter(|_| status == 200) else {
            let mut why = match status {
                300..=399 => " with a redirect, which is not followed".to_owned(),
                _ => String::new(),
            };
            for said in [parsed.error, parsed.error_description]
                .into_iter()
                .flatten()
            {
                // A description may be long, and may repeat what was sent.
                let line = said.lines().next().unwrap_or_default();
                let line: String = self.hidden(line, &form).chars().take(300).collect();
                why.push_str(&format!(": {}", visible(&line)));
            }
            return Err(format!(
                "the token endpoint `{shown}` answered {status}{why}"
            ));
        };
        if let Some(kind) = parsed
            .token_type
            .filter(|it| !it.eq_ignore_ascii_case("bearer"))
        {
            return Err(format!(
                "the token endpoint `{shown}` gave a token of the kind `{}`, and a bearer token is needed",
                visible(&kind)
            ));
        }
        // RFC 6749 section 5.1 recommends to say it; what is not said is not kept.
        let life = Duration::from_secs(parsed.expires_in.unwrap_or(0).min(86_400));
        Ok(Cached {
            token: Secret::new(token),
            until: asked.checked_add(life).unwrap_or(asked),
        })
    }

    fn federated(&self, path: &std::path::Path) -> Result<Secret, String> {
        use std::io::Read as _;
        let shown = visible(&path.to_string_lossy()).into_owned();
        let mut bytes = zeroize::Zeroizing::new(Vec::new());
        let limit = u64::try_from(LONGEST_FEDERATED).unwrap_or(u64::MAX) + 1;
        self.outside
            .files
            .open(path)
            .and_then(|file| file.take(limit).read_to_end(&mut bytes))
            .map_err(|error| format!("the federated token file `{shown}`: {error}"))?;
        match std::str::from_utf8(&bytes).map(str::trim) {
            Ok(text) if !text.is_empty() && bytes.len() <= LONGEST_FEDERATED => {
                Ok(Secret::new(text))
            }
            _ => Err(format!("the federated token file `{shown}` holds no token")),
        }
    }

    fn post(&self, form: &[(&str, Secret)], left: Duration) -> Result<(u16, String), String> {
        let mut config = ureq::Agent::config_builder()
            .timeout_global(Some(left))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .https_only(!self.endpoint.in_clear);
        if self.endpoint.in_clear {
            config = config.proxy(None);
        } else {
            config = config.tls_config(self.tls()?);
        }
        let agent = ureq::Agent::new_with_config(config.build());
        let pairs = form.iter().map(|(name, value)| (*name, value.expose()));
        let mut response = agent
            .post(&self.endpoint.url)
            .header("Accept", "application/json")
            .send_form(pairs)
            .map_err(|error| error.to_string())?;
        let status = response.status().as_u16();
        let body = response
            .body_mut()
            .with_config()
            .limit(LONGEST_ANSWER)
            .read_to_string()
            .map_err(|error| error.to_string())?;
        Ok((status, body))
    }

    /// The system's trusted roots and those given, with the provider that mail has.
    fn tls(&self) -> Result<TlsConfig, String> {
        let mut roots: Vec<Certificate<'static>> = rustls_native_certs::load_native_certs()
            .certs
            .iter()
            .map(|root| Certificate::from_der(root).to_owned())
            .collect();
        if let Some(pem) = &self.outside.extra_ca {
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate = certificate
                    .map_err(|error| format!("the CA file is not valid PEM: {error}"))?;
                roots.push(Certificate::from_der(&certificate).to_owned());
            }
        }
        Ok(TlsConfig::builder()
            .root_certs(RootCerts::Specific(Arc::new(roots)))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build())
    }

    fn hidden(&self, text: &str, form: &[(&str, Secret)]) -> String {
        let mut text = text.to_owned();
        for (name, value) in form {
            let is_secret = matches!(*name, "client_secret" | "client_assertion");
            if is_secret && value.expose().len() >= 4 {
                text = text.replace(value.expose(), crate::secret::MASK);
            }
        }
        text
    }
}

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The answers of RFC 6749 sections 5.1 and 5.2.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Answer {
    access_token: Option<String>,
    token_type: Option<String>,
    expires_in: Option<u64>,
    error: Option<String>,
    error_description: Option<String>,
}

impl TokenSource for ClientCredentials {
    fn token(&self, left: Duration) -> Result<Secret, String> {
        let mut cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = cached.as_ref() {
            let fresh = Instant::now()
                .checked_add(MARGIN)
                .is_some_and(|then| then < known.until);
            if fresh {
                return Ok(known.token.clone());
            }
        }
        let new = self.ask(left)?;
        let token = new.token.clone();
        *cached = Some(new);
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_over_https_or_stay_on_this_machine() {
        for url in [
            "https://login.example/token",
            "http://127.0.0.1:8080/token",
            "http://[::1]:8080/token",
            "http://localhost/token",
        ] {
            assert!(Endpoint::new(url).is_ok(), "{url}");
        }
        for url in [
            "http://login.example/token",
            "http://127.0.0.1.example/token",
            "http://localhost@login.example/token",
            "https://user@login.example/token",
            "ftp://login.example/",
            "login.example/token",
            "/token",
            "",
            "https:///token",
        ] {
            assert!(Endpoint::new(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_tenant_is_no_path() {
        assert_eq!(
            Endpoint::of_tenant("corp.example").map(|it| it.url),
            Ok("https://login.microsoftonline.com/corp.example/oauth2/v2.0/token".to_owned())
        );
        for tenant in ["", "a/b", "a?b", "a b", "a%2fb"] {
            assert!(Endpoint::of_tenant(tenant).is_err(), "{tenant}");
        }
    }
}
