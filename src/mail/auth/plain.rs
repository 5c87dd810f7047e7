//! `PLAIN` (RFC 4616): user and password in one message.

use super::{Exchange, Said};
use crate::secret::Secret;

pub(super) struct Plain {
    message: Said,
}

impl Plain {
    pub(super) fn new(user: &str, password: &Secret) -> Result<Plain, String> {
        if user.contains('\0') || password.expose().contains('\0') {
            return Err("a user name and a password cannot hold a NUL".to_owned());
        }
        // No authorization identity: the server takes the user's.
        let message = ["", user, password.expose()].join("\0");
        Ok(Plain {
            message: Said::new(message.into_bytes()),
        })
    }
}

impl Exchange for Plain {
    fn first(&mut self) -> Result<Option<Said>, String> {
        Ok(Some(self.message.clone()))
    }

    fn answer(&mut self, _: &[u8]) -> Result<Said, String> {
        Err("the server asks for more than PLAIN has".to_owned())
    }
}
