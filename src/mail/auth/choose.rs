//! What is given, held against what a server offers.

use super::{Mechanism, Method, Plaintext, SignIn};
use crate::source::visible;

/// What a server offers, and over what.
#[derive(Clone, Copy, Debug)]
pub struct Offer<'o> {
    /// The mechanisms of `AUTH`, in capitals.
    pub mechanisms: &'o [String],
    /// Whether the connection is encrypted.
    pub encrypted: bool,
    /// Whether the package asks for the Windows account of its process.
    pub windows_account: bool,
}

impl Offer<'_> {
    /// The name under which a mechanism is offered.
    pub fn name_of(&self, mechanism: Mechanism) -> Option<&'static str> {
        let offered = |name: &&&str| self.mechanisms.iter().any(|offered| offered == **name);
        mechanism.offered_as().iter().find(offered).copied()
    }

    fn listed(&self) -> String {
        if self.mechanisms.is_empty() {
            return "nothing".to_owned();
        }
        visible(&self.mechanisms.join(", ")).into_owned()
    }
}

/// The mechanisms to try, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Candidates {
    /// None: nobody signs in.
    Anonymous {
        /// What there is to say of it.
        note: Option<String>,
    },
    /// These.
    Try(Vec<Mechanism>),
}

/// The mechanisms that a server offers and for which something is given.
///
/// # Errors
///
/// A sentence when nothing may be sent: what was demanded is not offered, or would go in clear.
pub fn candidates(sign_in: &SignIn, offer: Offer<'_>) -> Result<Candidates, String> {
    match sign_in.method {
        Method::Anonymous => Ok(Candidates::Anonymous { note: None }),
        Method::Only(mechanism) => {
            let names = mechanism.offered_as().join("` or `");
            demanded(&[mechanism], &format!("`{names}`"), sign_in, offer)
        }
        Method::Windows => demanded(
            &[Mechanism::Kerberos, Mechanism::Ntlm],
            "a Windows mechanism",
            sign_in,
            offer,
        ),
        Method::Auto => auto(sign_in, offer),
    }
}

fn demanded(
    mechanisms: &[Mechanism],
    what: &str,
    sign_in: &SignIn,
    offer: Offer<'_>,
) -> Result<Candidates, String> {
    let offered: Vec<Mechanism> = mechanisms
        .iter()
        .copied()
        .filter(|&it| offer.name_of(it).is_some())
        .collect();
    if offered.is_empty() {
        return Err(format!(
            "{what} is demanded, and the server offers {}{}; nothing was sent",
            offer.listed(),
            after_starttls(offer)
        ));
    }
    let [only] = offered.as_slice() else {
        return Ok(Candidates::Try(offered));
    };
    if goes_in_clear(*only, sign_in, offer) {
        return Err(in_clear());
    }
    Ok(Candidates::Try(offered))
}

fn auto(sign_in: &SignIn, offer: Offer<'_>) -> Result<Candidates, String> {
    let windows_is_offered = Mechanism::ALL
        .iter()
        .any(|it| it.is_windows() && offer.name_of(*it).is_some())
        || offer.mechanisms.iter().any(|it| it == "NEGOTIATE");
    if !sign_in.has_credentials() {
        if !offer.windows_account {
            return Ok(Candidates::Anonymous { note: None });
        }
        if !windows_is_offered {
            return Ok(Candidates::Anonymous {
                note: Some(not_offered()),
            });
        }
        if offer.name_of(Mechanism::Kerberos).is_some() {
            return Ok(Candidates::Try(vec![Mechanism::Kerberos]));
        }
        return Err(no_identity(offer, None));
    }
    let fits = |mechanism: &Mechanism| match mechanism {
        Mechanism::OAuthBearer => sign_in.token.is_some(),
        Mechanism::XOAuth2 => sign_in.token.is_some() && sign_in.user.is_some(),
        Mechanism::Kerberos | Mechanism::Ntlm | Mechanism::Plain | Mechanism::Login => {
            sign_in.password.is_some()
        }
    };
    let offered: Vec<Mechanism> = Mechanism::ALL
        .into_iter()
        .filter(|it| fits(it) && offer.name_of(*it).is_some())
        .collect();
    let (clear, safe): (Vec<_>, Vec<_>) = offered
        .into_iter()
        .partition(|it| goes_in_clear(*it, sign_in, offer));
    if !safe.is_empty() {
        return Ok(Candidates::Try(safe));
    }
    if !clear.is_empty() {
        return Err(in_clear());
    }
    if offer.windows_account && !windows_is_offered {
        return Ok(Candidates::Anonymous {
            note: Some(not_offered()),
        });
    }
    Err(format!(
        "an account is given, and the server offers nothing that it fits: it offers {}{}; `--auth anonymous` sends \
         without",
        offer.listed(),
        after_starttls(offer)
    ))
}

/// What to say where the Windows account is asked for, the server offers a way, and there is no identity for it.
pub(in crate::mail) fn no_identity(offer: Offer<'_>, why: Option<&str>) -> String {
    let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
    format!(
        "the package signs in as the Windows account of its process, the server offers {}, and no identity is at \
         hand{why}: `--mail-user` and `--mail-password-env` or `-file` give one, a Kerberos ticket is another, and \
         `--auth anonymous` sends without",
        offer.listed()
    )
}

fn not_offered() -> String {
    "Windows authentication is asked for and the server does not offer it: anonymous".to_owned()
}

fn goes_in_clear(mechanism: Mechanism, sign_in: &SignIn, offer: Offer<'_>) -> bool {
    mechanism.sends_a_reusable_secret()
        && !offer.encrypted
        && sign_in.plaintext == Plaintext::Refused
}

fn in_clear() -> String {
    "the password or token would go over a connection that is not encrypted: `--tls starttls` or `--tls implicit` \
     protects it, `--allow-plaintext-auth` sends it all the same"
        .to_owned()
}

fn after_starttls(offer: Offer<'_>) -> &'static str {
    if offer.encrypted {
        ""
    } else {
        " without TLS (with `--tls starttls` it may offer more)"
    }
}
