//! `OAUTHBEARER` (RFC 7628): the standard's form of a bearer token. A refusal comes as a challenge with the reason in
//! JSON, which wants the answer `^A` before the real reply.

use super::{Exchange, Said};
use crate::secret::Secret;

pub(super) struct OAuthBearer {
    message: Said,
    token: Secret,
    refusal: Option<String>,
}

impl OAuthBearer {
    pub(super) fn new(
        user: Option<&str>,
        token: &Secret,
        host: &str,
        port: u16,
    ) -> Result<OAuthBearer, String> {
        let user = user.unwrap_or_default();
        if [user, host]
            .iter()
            .any(|text| text.contains(|character: char| character.is_ascii_control()))
        {
            return Err("a user name cannot hold control characters".to_owned());
        }
        // The header of GS2 (RFC 5801 section 4) escapes what divides it.
        let user = user.replace('=', "=3D").replace(',', "=2C");
        let identity = if user.is_empty() {
            String::new()
        } else {
            format!("a={user}")
        };
        let message = format!(
            "n,{identity},\u{1}host={host}\u{1}port={port}\u{1}auth=Bearer {}\u{1}\u{1}",
            token.expose()
        );
        Ok(OAuthBearer {
            message: Said::new(message.into_bytes()),
            token: token.clone(),
            refusal: None,
        })
    }
}

impl Exchange for OAuthBearer {
    fn first(&mut self) -> Result<Option<Said>, String> {
        Ok(Some(self.message.clone()))
    }

    fn answer(&mut self, challenge: &[u8]) -> Result<Said, String> {
        if self.refusal.is_some() {
            return Err("the server goes on after it refused the token".to_owned());
        }
        self.refusal = Some(String::from_utf8_lossy(challenge).into_owned());
        Ok(Said::new(vec![1]))
    }

    fn secret(&self) -> Option<&Secret> {
        Some(&self.token)
    }

    fn refusal(&self) -> Option<String> {
        self.refusal.clone()
    }

    fn end(&self) -> Result<(), String> {
        match self.refusal {
            None => Ok(()),
            Some(_) => Err("the server said yes after it refused the token".to_owned()),
        }
    }
}
