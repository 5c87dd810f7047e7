//! Options of OAuth client credentials.

use std::io::Read as _;
use std::path::PathBuf;

use clap::Args;

use dtsx::host::{Files as _, RealClock, RealFiles};
use dtsx::mail::auth::Token;
use dtsx::mail::auth::oauth::{ClientCredentials, ClientProof, Endpoint, Outside, SigningKey};

use super::{LONGEST_SECRET, from_environment, from_file};
use crate::cli::exit::Exit;
use crate::cli::streams::Refusal;

/// The application that gets tokens.
#[derive(Debug, Args)]
pub(super) struct OAuthArgs {
    /// The tenant of Microsoft Entra that gives tokens, by id or domain
    #[arg(
        long,
        value_name = "TENANT",
        group = "oauth_endpoint",
        conflicts_with = "mail_token"
    )]
    oauth_tenant: Option<String>,
    /// Another endpoint that gives tokens; `https`, or `http` to this machine
    #[arg(
        long,
        value_name = "URL",
        group = "oauth_endpoint",
        conflicts_with = "mail_token"
    )]
    oauth_token_url: Option<String>,
    /// The application that gets them
    #[arg(
        long,
        value_name = "ID",
        requires = "oauth_endpoint",
        requires = "oauth_proof"
    )]
    oauth_client_id: Option<String>,
    /// The environment variable that holds its secret
    #[arg(
        long,
        value_name = "NAME",
        group = "oauth_proof",
        requires = "oauth_client_id"
    )]
    oauth_client_secret_env: Option<String>,
    /// The file that holds its secret
    #[arg(
        long,
        value_name = "FILE",
        group = "oauth_proof",
        requires = "oauth_client_id"
    )]
    oauth_client_secret_file: Option<PathBuf>,
    /// The file with its certificate and the RSA key of it, as PEM
    #[arg(
        long,
        value_name = "FILE",
        group = "oauth_proof",
        requires = "oauth_client_id"
    )]
    oauth_certificate_file: Option<PathBuf>,
    /// The file with the token that its workload was given
    #[arg(
        long,
        value_name = "FILE",
        group = "oauth_proof",
        requires = "oauth_client_id"
    )]
    oauth_federated_token_file: Option<PathBuf>,
    /// What the token is for [default with --oauth-tenant: https://outlook.office365.com/.default]
    #[arg(long, value_name = "SCOPE", requires = "oauth_client_id")]
    oauth_scope: Option<String>,
}

/// Sending over SMTP as an application, at Exchange Online.
const EXCHANGE_ONLINE: &str = "https://outlook.office365.com/.default";

impl OAuthArgs {
    /// Where tokens come from; `None` when no application is given.
    pub(super) fn token(&self, extra_ca: Option<Vec<u8>>) -> Result<Option<Token>, Refusal> {
        let endpoint = match (&self.oauth_tenant, &self.oauth_token_url) {
            (Some(tenant), _) => Endpoint::of_tenant(tenant)
                .map_err(|why| Refusal::usage(format!("--oauth-tenant: {why}")))?,
            (None, Some(url)) => Endpoint::new(url)
                .map_err(|why| Refusal::usage(format!("--oauth-token-url: {why}")))?,
            (None, None) => return Ok(None),
        };
        let Some(client_id) = &self.oauth_client_id else {
            return Err(Refusal::usage(
                "who gives tokens is said, and not who gets them: `--oauth-client-id` names the application",
            ));
        };
        let scope = match (&self.oauth_scope, &self.oauth_tenant) {
            (Some(scope), _) => scope.as_str(),
            (None, Some(_)) => EXCHANGE_ONLINE,
            (None, None) => {
                return Err(Refusal::usage(
                    "--oauth-token-url: `--oauth-scope` says what the token is for",
                ));
            }
        };
        let outside = Outside {
            clock: Box::new(RealClock),
            files: Box::new(RealFiles),
            extra_ca,
        };
        let client = ClientCredentials::new(endpoint, client_id, scope, self.proof()?, outside);
        Ok(Some(Token::from_source(client)))
    }

    fn proof(&self) -> Result<ClientProof, Refusal> {
        if let Some(name) = &self.oauth_client_secret_env {
            return from_environment(name, "--oauth-client-secret-env").map(ClientProof::Secret);
        }
        if let Some(path) = &self.oauth_client_secret_file {
            return from_file(path, "--oauth-client-secret-file").map(ClientProof::Secret);
        }
        if let Some(path) = &self.oauth_certificate_file {
            let unreadable = |why: String| Refusal {
                exit: Exit::Unreadable,
                message: format!("--oauth-certificate-file: {}: {why}", path.display()),
            };
            let limit = u64::try_from(LONGEST_SECRET).unwrap_or(u64::MAX);
            let mut pem = zeroize::Zeroizing::new(Vec::new());
            RealFiles
                .open(path)
                .and_then(|file| file.take(limit).read_to_end(&mut pem))
                .map_err(|error| unreadable(format!("could not be read: {error}")))?;
            let key = SigningKey::from_pem(&pem).map_err(unreadable)?;
            return Ok(ClientProof::Certificate(Box::new(key)));
        }
        match &self.oauth_federated_token_file {
            Some(path) => Ok(ClientProof::FederatedTokenFile(path.clone())),
            None => Err(Refusal::usage(
                "the application proves itself with `--oauth-client-secret-env` or `-file`, \
                 `--oauth-certificate-file` or `--oauth-federated-token-file`",
            )),
        }
    }
}
