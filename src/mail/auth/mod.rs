//! Signing in to a mail server: who, by which mechanism, and what is said. One file a mechanism.
//!
//! [`SignIn`] is what was given, and wins over the package. [`candidates`] holds it against what a server offers.
//! [`begin`] makes of a candidate an [`Exchange`]: what the client says first, and what it answers to a challenge.
//! Whoever has the connection drives it; here nobody speaks SMTP.

mod bearer;
mod choose;
mod kerberos;
mod login;
#[cfg(feature = "windows-auth")]
mod ntlm;
pub mod oauth;
mod oauthbearer;
mod plain;
mod token;
mod xoauth2;

use std::fmt;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::secret::Secret;

pub(super) use choose::no_identity;
pub use choose::{Candidates, Offer, candidates};
pub use token::{Token, TokenSource};

/// Who signs in, and how it may be done, as it was given; what a package says of it stands in
/// [`Identity`](super::deliver::Identity).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignIn {
    /// How.
    pub method: Method,
    /// The account: `user`, `user@realm` or `DOMAIN\user`.
    pub user: Option<String>,
    /// Its password.
    pub password: Option<Password>,
    /// Where its OAuth token comes from.
    pub token: Option<Token>,
    /// The server that gives Kerberos tickets, `HOST[:PORT]`; without it `SSPI_KDC_URL` and `krb5.conf` say it.
    pub kdc: Option<String>,
    /// The service that tickets are for, `class/host`, instead of `smtp/` and the server's name.
    pub target_name: Option<String>,
    /// Whether a password or a token may go over a connection that anybody can read.
    pub plaintext: Plaintext,
}

impl SignIn {
    /// Whether there is a password or a token to sign in with.
    pub fn has_credentials(&self) -> bool {
        self.password.is_some() || self.token.is_some()
    }
}

/// How to sign in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Method {
    /// As the package says and with what is given, by the first mechanism of [`Mechanism::ALL`] that the server offers.
    #[default]
    Auto,
    /// Not at all.
    Anonymous,
    /// With Kerberos or NTLM, or nothing is sent.
    Windows,
    /// By this mechanism, or nothing is sent.
    Only(Mechanism),
}

/// A way to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mechanism {
    /// `GSSAPI` (RFC 4752) or `GSS-SPNEGO`, with a Kerberos ticket.
    Kerberos,
    /// `NTLM` (MS-NLMP, MS-SMTPNTLM).
    Ntlm,
    /// `OAUTHBEARER` (RFC 7628).
    OAuthBearer,
    /// `XOAUTH2`, Google's and Microsoft's form of the same.
    XOAuth2,
    /// `PLAIN` (RFC 4616).
    Plain,
    /// `LOGIN`.
    Login,
}

impl Mechanism {
    /// In the order in which they are tried: what gives away least comes first.
    pub const ALL: [Mechanism; 6] = [
        Mechanism::Kerberos,
        Mechanism::Ntlm,
        Mechanism::OAuthBearer,
        Mechanism::XOAuth2,
        Mechanism::Plain,
        Mechanism::Login,
    ];

    /// How options and reports call it.
    pub fn name(self) -> &'static str {
        match self {
            Mechanism::Kerberos => "kerberos",
            Mechanism::Ntlm => "ntlm",
            Mechanism::OAuthBearer => "oauthbearer",
            Mechanism::XOAuth2 => "xoauth2",
            Mechanism::Plain => "plain",
            Mechanism::Login => "login",
        }
    }

    /// How servers offer it, the name to prefer first.
    pub fn offered_as(self) -> &'static [&'static str] {
        match self {
            // A server that offers both takes the bare Kerberos token under the first name.
            Mechanism::Kerberos => &["GSSAPI", "GSS-SPNEGO"],
            Mechanism::Ntlm => &["NTLM"],
            Mechanism::OAuthBearer => &["OAUTHBEARER"],
            Mechanism::XOAuth2 => &["XOAUTH2"],
            Mechanism::Plain => &["PLAIN"],
            Mechanism::Login => &["LOGIN"],
        }
    }

    /// Whether it signs in with an account of a Windows domain.
    pub fn is_windows(self) -> bool {
        matches!(self, Mechanism::Kerberos | Mechanism::Ntlm)
    }

    /// Whether what it sends lets whoever reads it sign in later.
    pub fn sends_a_reusable_secret(self) -> bool {
        !self.is_windows()
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether a password or a token may go over a connection that is not encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Plaintext {
    /// It may not.
    #[default]
    Refused,
    /// It may.
    Allowed,
}

/// A password; two are equal when their texts are.
#[derive(Clone, Debug)]
pub struct Password(pub Secret);

impl PartialEq for Password {
    fn eq(&self, other: &Password) -> bool {
        self.0.expose() == other.0.expose()
    }
}

impl Eq for Password {}

/// What is sent to sign in; wiped when it is dropped.
pub type Said = Zeroizing<Vec<u8>>;

/// One conversation of a mechanism (RFC 4954).
pub trait Exchange {
    /// What the client says first; `None` where the server speaks first.
    ///
    /// # Errors
    ///
    /// A sentence that says what is missing; nothing has been sent then.
    fn first(&mut self) -> Result<Option<Said>, String>;

    /// The answer to a challenge.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong with the challenge.
    fn answer(&mut self, challenge: &[u8]) -> Result<Said, String>;

    /// A secret in what is said, which must not be shown even if the server repeats it.
    fn secret(&self) -> Option<&Secret> {
        None
    }

    /// What the server said of its refusal inside of the mechanism, where it did.
    fn refusal(&self) -> Option<String> {
        None
    }

    /// Looks at the end of the conversation, when the server has said yes.
    ///
    /// # Errors
    ///
    /// A sentence when the mechanism is not at its end.
    fn end(&self) -> Result<(), String> {
        Ok(())
    }
}

/// The server that is signed in to.
#[derive(Clone, Copy, Debug)]
pub struct Peer<'p> {
    /// Its name, as it was connected to.
    pub host: &'p str,
    /// Its port.
    pub port: u16,
    /// How long the rest of it may take, the way to other servers included.
    pub left: Duration,
}

/// The conversation of a candidate, under the name that the server offers.
///
/// # Errors
///
/// A sentence that says what is missing for this mechanism; nothing has been sent to the mail server.
pub fn begin(
    mechanism: Mechanism,
    offered_as: &str,
    sign_in: &SignIn,
    peer: Peer<'_>,
) -> Result<Box<dyn Exchange>, String> {
    match mechanism {
        Mechanism::Plain => {
            let (user, password) = user_and_password(sign_in)?;
            Ok(Box::new(plain::Plain::new(user, password)?))
        }
        Mechanism::Login => {
            let (user, password) = user_and_password(sign_in)?;
            Ok(Box::new(login::Login::new(user, password)))
        }
        Mechanism::XOAuth2 => {
            let user = sign_in
                .user
                .as_deref()
                .ok_or("there is no user: `--mail-user` names the mailbox")?;
            let token = token_of(sign_in, peer.left)?;
            Ok(Box::new(xoauth2::exchange(user, &token)?))
        }
        Mechanism::OAuthBearer => {
            let token = token_of(sign_in, peer.left)?;
            let user = sign_in.user.as_deref();
            Ok(Box::new(oauthbearer::exchange(
                user, &token, peer.host, peer.port,
            )?))
        }
        Mechanism::Kerberos => Ok(Box::new(kerberos::begin(offered_as, sign_in, peer)?)),
        Mechanism::Ntlm => {
            let (user, password) = user_and_password(sign_in)?;
            ntlm_of(user, password, sign_in, peer)
        }
    }
}

#[cfg(feature = "windows-auth")]
fn ntlm_of(
    user: &str,
    password: &Secret,
    sign_in: &SignIn,
    peer: Peer<'_>,
) -> Result<Box<dyn Exchange>, String> {
    // The class that .NET's SmtpClient names.
    let target = match &sign_in.target_name {
        Some(given) => given.clone(),
        None => format!("SMTPSVC/{}", peer.host),
    };
    Ok(Box::new(ntlm::Ntlm::new(user, password, target)?))
}

#[cfg(not(feature = "windows-auth"))]
fn ntlm_of(_: &str, _: &Secret, _: &SignIn, _: Peer<'_>) -> Result<Box<dyn Exchange>, String> {
    Err("this build has no `windows-auth`".to_owned())
}

fn user_and_password(sign_in: &SignIn) -> Result<(&str, &Secret), String> {
    let user = sign_in
        .user
        .as_deref()
        .ok_or("there is no user: `--mail-user` names it")?;
    let password = sign_in.password.as_ref().ok_or(
        "there is no password: `--mail-password-env`, `--mail-password-file` or `--mail-password-stdin` gives it",
    )?;
    Ok((user, &password.0))
}

fn token_of(sign_in: &SignIn, left: Duration) -> Result<Secret, String> {
    let token = sign_in.token.as_ref().ok_or(
        "there is no token: `--token-env`, `--token-file`, `--token-command` or the `--oauth-` options give it",
    )?;
    let token = token.get(left)?;

    // RFC 6750 section 2.1; anything else would end the line or the field.
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    if token.expose().is_empty() || !token.expose().bytes().all(is_token) {
        return Err("the token is not of the characters that a bearer token has".to_owned());
    }
    Ok(token)
}
