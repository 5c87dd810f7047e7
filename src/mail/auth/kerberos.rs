//! Kerberos: `GSSAPI` (RFC 4752) and `GSS-SPNEGO`. The tickets come with a user name and a password, or from whoever is
//! signed in already; both are a [`Context`], and the conversation is the same.

#[cfg(feature = "windows-auth")]
mod kdc;
#[cfg(feature = "windows-auth")]
mod password;
mod system;

use super::{Exchange, Peer, Said, SignIn};

/// The two sides' common secret on its way.
trait Context {
    /// The next token; the first is made from nothing. An empty one is nothing to send.
    fn step(&mut self, token: Option<&[u8]>) -> Result<Vec<u8>, String>;
    /// Whether both sides have it.
    fn is_complete(&self) -> bool;
    /// Opens what the other side has wrapped.
    fn unwrap(&mut self, wrapped: &[u8]) -> Result<Vec<u8>, String>;
    /// Wraps for the other side.
    fn wrap(&mut self, plain: &[u8]) -> Result<Vec<u8>, String>;
}

/// What a ticket is wrapped in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrapping {
    /// Kerberos as it is.
    Bare,
    /// SPNEGO (RFC 4178).
    Spnego,
}

pub(super) struct Kerberos {
    context: Box<dyn Context>,
    layer: Layer,
}

/// The last step of RFC 4752, which servers of Microsoft and `GSS-SPNEGO` leave out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layer {
    NotAsked,
    Answered,
}

/// A conversation under one of the names in [`Mechanism::offered_as`](super::Mechanism::offered_as).
///
/// # Errors
///
/// A sentence that says what is missing.
pub(super) fn begin(
    offered_as: &str,
    sign_in: &SignIn,
    peer: Peer<'_>,
) -> Result<Kerberos, String> {
    let wrapping = match offered_as {
        "GSSAPI" => Wrapping::Bare,
        _ => Wrapping::Spnego,
    };
    let target = target(sign_in, peer.host)?;
    let context = match (&sign_in.user, &sign_in.password) {
        (Some(user), Some(password)) => {
            with_password(user, &password.0, wrapping, &target, sign_in, peer)?
        }
        _ => system::context(wrapping, &target)?,
    };
    Ok(Kerberos {
        context,
        layer: Layer::NotAsked,
    })
}

#[cfg(feature = "windows-auth")]
fn with_password(
    user: &str,
    password: &crate::secret::Secret,
    wrapping: Wrapping,
    target: &str,
    sign_in: &SignIn,
    peer: Peer<'_>,
) -> Result<Box<dyn Context>, String> {
    let kdc = sign_in.kdc.as_deref();
    password::context(user, password, wrapping, target, kdc, peer.left)
}

#[cfg(not(feature = "windows-auth"))]
fn with_password(
    _: &str,
    _: &crate::secret::Secret,
    _: Wrapping,
    _: &str,
    _: &SignIn,
    _: Peer<'_>,
) -> Result<Box<dyn Context>, String> {
    Err("this build has no `windows-auth`, which takes a password for a ticket".to_owned())
}

/// The service that the ticket is for, `class/host`.
fn target(sign_in: &SignIn, host: &str) -> Result<String, String> {
    let target = match &sign_in.target_name {
        Some(given) => given.clone(),
        None => format!("smtp/{}", host.trim_end_matches('.')),
    };
    match target.split_once('/') {
        Some((class, host)) if !class.is_empty() && !host.is_empty() && !target.contains('\0') => {
            Ok(target)
        }
        _ => Err("the target name is not of the form `class/host`".to_owned()),
    }
}

impl Exchange for Kerberos {
    fn first(&mut self) -> Result<Option<Said>, String> {
        self.context.step(None).map(|it| Some(Said::new(it)))
    }

    fn answer(&mut self, challenge: &[u8]) -> Result<Said, String> {
        if !self.context.is_complete() {
            return self.context.step(Some(challenge)).map(Said::new);
        }
        if self.layer == Layer::Answered {
            return Err("the server asks for more than Kerberos has".to_owned());
        }
        self.layer = Layer::Answered;
        let offered = self.context.unwrap(challenge)?;
        // Which layers the server can do, and how long a wrapped message may be. TLS is our layer.
        const NO_LAYER: u8 = 1;
        match offered.as_slice() {
            [layers, _, _, _] if layers & NO_LAYER != 0 => {
                self.context.wrap(&[NO_LAYER, 0, 0, 0]).map(Said::new)
            }
            [_, _, _, _] => Err(
                "the server demands a security layer of Kerberos, which mail over TLS has no use for"
                    .to_owned(),
            ),
            _ => Err("the server's offer of security layers is not of four bytes".to_owned()),
        }
    }

    fn end(&self) -> Result<(), String> {
        if self.context.is_complete() {
            Ok(())
        } else {
            Err("the server said yes before it proved who it is".to_owned())
        }
    }
}
