//! What XOAUTH2 and OAUTHBEARER have in common: one message with the token, and a refusal that comes as a challenge with
//! the reason in JSON and wants an answer before the real reply.

use super::{Exchange, Said};
use crate::secret::Secret;

pub(super) struct Bearer {
    message: Said,
    token: Secret,
    /// What a refusal is answered with.
    to_refusal: Said,
    refusal: Option<String>,
}

impl Bearer {
    /// `message` holds the token.
    pub(super) fn new(message: String, token: &Secret, to_refusal: Said) -> Bearer {
        Bearer {
            message: Said::new(message.into_bytes()),
            token: token.clone(),
            to_refusal,
            refusal: None,
        }
    }
}

impl Exchange for Bearer {
    fn first(&mut self) -> Result<Option<Said>, String> {
        Ok(Some(self.message.clone()))
    }

    fn answer(&mut self, challenge: &[u8]) -> Result<Said, String> {
        if self.refusal.is_some() {
            return Err("the server goes on after it refused the token".to_owned());
        }
        self.refusal = Some(String::from_utf8_lossy(challenge).into_owned());
        Ok(self.to_refusal.clone())
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
