//! `XOAUTH2`, as Google and Microsoft document it: mailbox and bearer token in one message. A refusal comes as a
//! challenge with the reason in JSON, which wants an empty answer before the real reply.

use super::{Exchange, Said};
use crate::secret::Secret;

pub(super) struct XOAuth2 {
    message: Said,
    token: Secret,
    refusal: Option<String>,
}

impl XOAuth2 {
    pub(super) fn new(user: &str, token: &Secret) -> Result<XOAuth2, String> {
        if user.contains(|character: char| character.is_ascii_control()) {
            return Err("a user name cannot hold control characters".to_owned());
        }
        let message = format!("user={user}\u{1}auth=Bearer {}\u{1}\u{1}", token.expose());
        Ok(XOAuth2 {
            message: Said::new(message.into_bytes()),
            token: token.clone(),
            refusal: None,
        })
    }
}

impl Exchange for XOAuth2 {
    fn first(&mut self) -> Result<Option<Said>, String> {
        Ok(Some(self.message.clone()))
    }

    fn answer(&mut self, challenge: &[u8]) -> Result<Said, String> {
        if self.refusal.is_some() {
            return Err("the server goes on after it refused the token".to_owned());
        }
        self.refusal = Some(String::from_utf8_lossy(challenge).into_owned());
        Ok(Said::default())
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
