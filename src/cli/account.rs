//! Options of the mail account: who signs in to servers, how, and whose certificates are believed.
//!
//! Secrets come from the environment, a file, the standard input or a command, never from an argument.

mod command;
mod oauth;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use dtsx::host::{Environment as _, Files as _, RealEnvironment, RealFiles};
use dtsx::mail::auth::{Mechanism, Method, Password, Plaintext, SignIn, Token};
use dtsx::secret::Secret;

use super::exit::Exit;
use super::streams::Refusal;

/// Who signs in to mail servers, and whom they must be.
#[derive(Debug, Args)]
#[command(next_help_heading = "Mail account")]
pub(crate) struct AccountArgs {
    /// How to sign in; `auto` takes what the server offers and what is given here, and else does what the package says
    #[arg(long, value_enum, default_value_t = Auth::Auto)]
    auth: Auth,
    /// The account that signs in: `user`, `user@realm` or `DOMAIN\user`
    #[arg(long, value_name = "NAME")]
    mail_user: Option<String>,
    /// The environment variable that holds its password
    #[arg(long, value_name = "NAME", group = "mail_password")]
    mail_password_env: Option<String>,
    /// The file that holds its password; one line end behind it does not count
    #[arg(long, value_name = "FILE", group = "mail_password")]
    mail_password_file: Option<PathBuf>,
    /// Its password comes on the standard input; one line end behind it does not count
    #[arg(long, group = "mail_password")]
    mail_password_stdin: bool,
    /// The environment variable that holds its OAuth token
    #[arg(long, value_name = "NAME", group = "mail_token")]
    token_env: Option<String>,
    /// The file that holds its OAuth token
    #[arg(long, value_name = "FILE", group = "mail_token")]
    token_file: Option<PathBuf>,
    /// The command that prints its OAuth token; run without a shell, once a connection
    #[arg(long, value_name = "COMMAND", group = "mail_token")]
    token_command: Option<String>,
    #[command(flatten)]
    oauth: oauth::OAuthArgs,
    /// The server that gives Kerberos tickets [default: what SSPI_KDC_URL or krb5.conf says; default port: 88]
    #[arg(long, value_name = "HOST[:PORT]")]
    kdc: Option<String>,
    /// The service that a Kerberos ticket is for, such as `SMTPSVC/mail.corp.example` [default: smtp/ and the server]
    #[arg(long, value_name = "SPN")]
    target_name: Option<String>,
    /// Send the password or the token over a connection that is not encrypted too
    #[arg(long)]
    allow_plaintext_auth: bool,

    /// Certificates of authorities to trust besides the system's, as PEM
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// The name that the server's certificate must be for [default: the server]
    #[arg(long, value_name = "NAME")]
    pub(crate) tls_name: Option<String>,
}

/// How to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Auth {
    Auto,
    Anonymous,
    Windows,
    Plain,
    Login,
    #[value(name = "xoauth2")]
    XOAuth2,
    #[value(name = "oauthbearer")]
    OAuthBearer,
    Ntlm,
    Kerberos,
}

impl From<Auth> for Method {
    fn from(auth: Auth) -> Method {
        match auth {
            Auth::Auto => Method::Auto,
            Auth::Anonymous => Method::Anonymous,
            Auth::Windows => Method::Windows,
            Auth::Plain => Method::Only(Mechanism::Plain),
            Auth::Login => Method::Only(Mechanism::Login),
            Auth::XOAuth2 => Method::Only(Mechanism::XOAuth2),
            Auth::OAuthBearer => Method::Only(Mechanism::OAuthBearer),
            Auth::Ntlm => Method::Only(Mechanism::Ntlm),
            Auth::Kerberos => Method::Only(Mechanism::Kerberos),
        }
    }
}

/// No secret is longer.
const LONGEST_SECRET: usize = 64 << 10;

impl AccountArgs {
    /// Who signs in. Secrets are read now, but for tokens of commands, which are asked for when they are needed.
    pub(crate) fn sign_in(&self) -> Result<SignIn, Refusal> {
        let method = Method::from(self.auth);
        let sign_in = SignIn {
            method,
            user: self.mail_user.clone(),
            password: self.password()?.map(Password),
            token: self.token()?,
            kdc: self.kdc.clone(),
            target_name: self.target_name.clone(),
            plaintext: if self.allow_plaintext_auth {
                Plaintext::Allowed
            } else {
                Plaintext::Refused
            },
        };
        self.check(&sign_in)?;
        Ok(sign_in)
    }

    /// The certificates of `--ca-file`.
    pub(crate) fn extra_ca(&self) -> Result<Option<Vec<u8>>, Refusal> {
        let read = |path: &PathBuf| {
            RealFiles.read(path).map_err(|error| Refusal {
                exit: Exit::Unreadable,
                message: format!("{}: could not be read: {error}", path.display()),
            })
        };
        self.ca_file.as_ref().map(read).transpose()
    }

    /// What is given must be of use.
    fn check(&self, sign_in: &SignIn) -> Result<(), Refusal> {
        let refuse = |message: &str| Err(Refusal::usage(message));
        let needs_password = |mechanism: Mechanism| {
            matches!(
                mechanism,
                Mechanism::Ntlm | Mechanism::Plain | Mechanism::Login
            )
        };
        let needs_token =
            |mechanism: Mechanism| matches!(mechanism, Mechanism::OAuthBearer | Mechanism::XOAuth2);
        match sign_in.method {
            Method::Anonymous if sign_in.has_credentials() || sign_in.user.is_some() => {
                return refuse("--auth anonymous signs nobody in: leave the account out");
            }
            Method::Only(mechanism)
                if needs_password(mechanism)
                    && (sign_in.user.is_none() || sign_in.password.is_none()) =>
            {
                return Err(Refusal::usage(format!(
                    "--auth {mechanism} needs `--mail-user` and `--mail-password-env`, `-file` or `-stdin`"
                )));
            }
            Method::Only(mechanism) if needs_token(mechanism) && sign_in.token.is_none() => {
                return Err(Refusal::usage(format!(
                    "--auth {mechanism} needs a token: `--token-env`, `--token-file`, `--token-command` or the `--oauth-` options"
                )));
            }
            Method::Only(Mechanism::XOAuth2) if sign_in.user.is_none() => {
                return refuse("--auth xoauth2 needs `--mail-user`, the mailbox that sends");
            }
            _ => {}
        }
        if sign_in.user.is_some() && !sign_in.has_credentials() {
            return refuse(
                "--mail-user needs a password (`--mail-password-env`, `-file` or `-stdin`) or a token",
            );
        }
        if sign_in.password.is_some() && sign_in.user.is_none() {
            return refuse("a password is given: `--mail-user` says whose it is");
        }
        Ok(())
    }

    fn password(&self) -> Result<Option<Secret>, Refusal> {
        if let Some(name) = &self.mail_password_env {
            return from_environment(name, "--mail-password-env").map(Some);
        }
        if let Some(path) = &self.mail_password_file {
            return from_file(path, "--mail-password-file").map(Some);
        }
        if !self.mail_password_stdin {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        let limit = u64::try_from(LONGEST_SECRET).unwrap_or(u64::MAX) + 1;
        std::io::stdin()
            .lock()
            .take(limit)
            .read_to_end(&mut bytes)
            .map_err(|error| Refusal {
                exit: Exit::Unreadable,
                message: format!("--mail-password-stdin: could not be read: {error}"),
            })?;
        secret_of(bytes, "--mail-password-stdin").map(Some)
    }

    fn token(&self) -> Result<Option<Token>, Refusal> {
        let trimmed = |secret: Secret| Token::fixed(Secret::new(secret.expose().trim()));
        if let Some(name) = &self.token_env {
            return from_environment(name, "--token-env").map(|it| Some(trimmed(it)));
        }
        if let Some(path) = &self.token_file {
            return from_file(path, "--token-file").map(|it| Some(trimmed(it)));
        }
        match &self.token_command {
            Some(text) => {
                let command = command::TokenCommand::parse(text)
                    .map_err(|why| Refusal::usage(format!("--token-command: {why}")))?;
                Ok(Some(Token::from_source(command)))
            }
            None => self.oauth.token(self.extra_ca()?),
        }
    }
}

/// The secret of an environment variable.
pub(crate) fn from_environment(name: &str, option: &str) -> Result<Secret, Refusal> {
    match RealEnvironment.variable(name) {
        Some(value) if !value.is_empty() => Ok(Secret::new(value)),
        Some(_) => Err(Refusal::usage(format!(
            "{option}: the environment variable `{name}` is empty"
        ))),
        None => Err(Refusal::usage(format!(
            "{option}: the environment variable `{name}` is not set"
        ))),
    }
}

/// The secret in a file; one line end behind it does not count.
pub(crate) fn from_file(path: &Path, option: &str) -> Result<Secret, Refusal> {
    let limit = u64::try_from(LONGEST_SECRET).unwrap_or(u64::MAX) + 1;
    let mut bytes = Vec::new();
    RealFiles
        .open(path)
        .and_then(|file| file.take(limit).read_to_end(&mut bytes))
        .map_err(|error| Refusal {
            exit: Exit::Unreadable,
            message: format!("{option}: {}: could not be read: {error}", path.display()),
        })?;
    secret_of(bytes, &format!("{option}: {}", path.display()))
}

fn secret_of(bytes: Vec<u8>, whence: &str) -> Result<Secret, Refusal> {
    let refuse = |why: &str| {
        Err(Refusal {
            exit: Exit::Unreadable,
            message: format!("{whence}: {why}"),
        })
    };
    if bytes.len() > LONGEST_SECRET {
        return refuse("more than 65536 bytes are no password");
    }
    let bytes = zeroize::Zeroizing::new(bytes);
    let Ok(text) = std::str::from_utf8(&bytes) else {
        return refuse("is not UTF-8");
    };
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.is_empty() {
        return refuse("is empty");
    }
    Ok(Secret::new(text))
}
