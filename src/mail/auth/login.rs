//! `LOGIN` (draft-murchison-sasl-login): the server asks for the user, then for the password.

use super::{Exchange, Said};
use crate::secret::Secret;

pub(super) struct Login {
    /// What is still to be said, the last first. What the prompts say differs from server to server and means nothing.
    answers: Vec<Said>,
}

impl Login {
    pub(super) fn new(user: &str, password: &Secret) -> Login {
        let said = |text: &str| Said::new(text.as_bytes().to_vec());
        Login {
            answers: vec![said(password.expose()), said(user)],
        }
    }
}

impl Exchange for Login {
    fn first(&mut self) -> Result<Option<Said>, String> {
        Ok(None)
    }

    fn answer(&mut self, _: &[u8]) -> Result<Said, String> {
        self.answers
            .pop()
            .ok_or_else(|| "the server asks for more than a user and a password".to_owned())
    }

    fn end(&self) -> Result<(), String> {
        if self.answers.is_empty() {
            Ok(())
        } else {
            Err("the server said yes before it asked for the password".to_owned())
        }
    }
}
