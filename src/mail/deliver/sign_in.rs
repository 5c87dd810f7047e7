//! Driving a mechanism over the wire (RFC 4954).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::capabilities::Capabilities;
use super::fault::{Fault, FaultKind, Step};
use super::outcome::Authentication;
use super::reply::Reply;
use super::wire::Wire;
use super::{Identity, Server, TlsMode};
use crate::mail::auth::{
    Candidates, Exchange, Mechanism, Method, Offer, Peer, begin, candidates, no_identity,
};
use crate::source::visible;

/// Why nobody is signed in, and nothing may be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NotSignedIn {
    pub(super) reason: String,
    /// The code of the server's refusal.
    pub(super) reply_code: Option<u16>,
}

impl NotSignedIn {
    fn here(reason: String) -> NotSignedIn {
        NotSignedIn {
            reason,
            reply_code: None,
        }
    }
}

/// A server that asks more often than any mechanism needs.
const MOST_CHALLENGES: usize = 10;

/// An `AUTH` command with an initial response may be so long, its line end left out (RFC 4954 section 4).
const LONGEST_COMMAND: usize = 510;

/// Signs in as the server and what is given demand.
pub(super) fn sign_in(
    wire: &mut Wire,
    offered: &Capabilities,
    server: &Server,
    notes: &mut Vec<String>,
) -> Result<Result<Authentication, NotSignedIn>, Fault> {
    let offer = Offer {
        mechanisms: &offered.auth,
        encrypted: server.tls != TlsMode::None,
        windows_account: server.identity == Identity::WindowsAccount,
    };
    let mechanisms = match candidates(&server.sign_in, offer) {
        Ok(Candidates::Anonymous { note }) => {
            notes.extend(note);
            return Ok(Ok(Authentication::Anonymous));
        }
        Ok(Candidates::Try(mechanisms)) => mechanisms,
        Err(reason) => return Ok(Err(NotSignedIn::here(reason))),
    };
    wire.hide(secrets(server));
    let mut impossible: Vec<String> = Vec::new();
    let count = mechanisms.len();
    for (at, mechanism) in mechanisms.into_iter().enumerate() {
        let Some(name) = offer.name_of(mechanism) else {
            continue;
        };
        let peer = Peer {
            host: &server.host,
            port: server.port,
            // A server for tickets that does not answer leaves time for what comes after it.
            left: match at + 1 < count {
                true => wire.left() / 3,
                false => wire.left(),
            },
        };
        let begun = begin(mechanism, name, &server.sign_in, peer).and_then(|mut exchange| {
            let first = exchange.first()?;
            Ok((exchange, first))
        });
        let (mut exchange, first) = match begun {
            Ok(begun) => begun,
            Err(why) => {
                impossible.push(format!("{mechanism}: {why}"));
                continue;
            }
        };
        if let Some(secret) = exchange.secret() {
            wire.hide(vec![Zeroizing::new(secret.expose().to_owned())]);
        }
        match converse(wire, name, exchange.as_mut(), first)? {
            Conversation::Accepted => {
                notes.extend(
                    impossible
                        .iter()
                        .map(|why| format!("not signed in with {why}")),
                );
                return Ok(Ok(Authentication::Signed(mechanism)));
            }
            Conversation::NotKnown(reply) => impossible.push(format!("{mechanism}: {reply}")),
            Conversation::Refused(reply, detail) => {
                return Ok(Err(refused(wire, mechanism, &reply, detail, server)));
            }
            Conversation::Wrong(why) => {
                return Ok(Err(NotSignedIn::here(format!(
                    "signing in with {mechanism}: {}; nothing was sent",
                    wire.hidden(&why)
                ))));
            }
        }
    }
    let why = wire.hidden(&impossible.join("; "));
    let no_credentials = !server.sign_in.has_credentials();
    let reason = if server.sign_in.method == Method::Auto && no_credentials {
        no_identity(offer, Some(&why))
    } else {
        format!("nobody can be signed in: {why}; nothing was sent")
    };
    Ok(Err(NotSignedIn::here(reason)))
}

enum Conversation {
    Accepted,
    /// The server does not know the mechanism, so that another may be tried.
    NotKnown(Reply),
    /// The server's reply, and what it said inside of the mechanism.
    Refused(Reply, Option<String>),
    /// The server said something that the mechanism does not take.
    Wrong(String),
}

fn converse(
    wire: &mut Wire,
    name: &str,
    exchange: &mut dyn Exchange,
    first: Option<Zeroizing<Vec<u8>>>,
) -> Result<Conversation, Fault> {
    let mut waiting = first;
    let command = waiting
        .as_ref()
        .map(|first| {
            // An empty initial response is written `=`.
            let encoded = encoded(first);
            let text = if encoded.is_empty() { "=" } else { &encoded };
            Zeroizing::new(format!("AUTH {name} {text}"))
        })
        .filter(|command| command.len() <= LONGEST_COMMAND);
    let mut reply = match command {
        Some(command) => {
            waiting = None;
            wire.secret_command(&command, &format!("AUTH {name} ***"))?
        }
        None => wire.secret_command(&format!("AUTH {name}"), &format!("AUTH {name}"))?,
    };
    for _ in 0..MOST_CHALLENGES {
        match reply.code {
            334 => {}
            235 => {
                return Ok(match exchange.end() {
                    Ok(()) => Conversation::Accepted,
                    Err(why) => Conversation::Wrong(why),
                });
            }
            504 => return Ok(Conversation::NotKnown(reply)),
            400.. if !reply.closes() => {
                return Ok(Conversation::Refused(reply, exchange.refusal()));
            }
            _ => return Err(FaultKind::Refused(reply).at(Step::Auth)),
        }
        let said = match waiting.take() {
            Some(first) => Ok(first),
            None => challenge(&reply).and_then(|challenge| exchange.answer(&challenge)),
        };
        match said {
            Ok(said) => reply = wire.secret_command(&encoded(&said), "***")?,
            Err(why) => {
                // Cancels (RFC 4954 section 4); what comes back changes nothing.
                wire.secret_command("*", "*")?;
                return Ok(Conversation::Wrong(why));
            }
        }
    }
    wire.secret_command("*", "*")?;
    Ok(Conversation::Wrong(format!(
        "the server asked more than {MOST_CHALLENGES} times"
    )))
}

fn encoded(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(STANDARD.encode(bytes))
}

fn challenge(reply: &Reply) -> Result<Vec<u8>, String> {
    let text = reply.lines.first().map(|line| line.trim());
    STANDARD
        .decode(text.unwrap_or_default())
        .map_err(|_| "the server's challenge is not base64".to_owned())
}

fn refused(
    wire: &Wire,
    mechanism: Mechanism,
    reply: &Reply,
    detail: Option<String>,
    server: &Server,
) -> NotSignedIn {
    let who = match &server.sign_in.user {
        Some(user) => format!("`{}`", visible(user)),
        None => "the account".to_owned(),
    };
    let detail = detail
        .map(|detail| format!(" ({})", visible(wire.hidden(&detail).trim())))
        .unwrap_or_default();
    let text = reply.to_string();
    // Exchange Online's words for basic authentication that is off, for everybody or for this mailbox.
    let hint = if ["5.7.30", "5.7.139"].iter().any(|it| text.contains(it)) {
        "; Exchange Online takes no password here: sign in with an OAuth token"
    } else {
        ""
    };
    NotSignedIn {
        reason: format!(
            "the server did not sign {who} in with {mechanism}: {text}{detail}{hint}; nothing was sent"
        ),
        reply_code: Some(reply.code),
    }
}

/// What must not be shown even if the server repeats it.
fn secrets(server: &Server) -> Vec<Zeroizing<String>> {
    let password = server.sign_in.password.as_ref();
    let mut secrets = Vec::new();
    if let Some(password) = password {
        secrets.push(Zeroizing::new(password.0.expose().to_owned()));
        secrets.push(encoded(password.0.expose().as_bytes()));
    }
    secrets
}
