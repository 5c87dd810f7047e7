//! `XOAUTH2`, as Google and Microsoft document it: mailbox and bearer token in one message. A refusal is answered with
//! nothing.

use super::Said;
use super::bearer::Bearer;
use crate::secret::Secret;

pub(super) fn exchange(user: &str, token: &Secret) -> Result<Bearer, String> {
    if user.contains(|character: char| character.is_ascii_control()) {
        return Err("a user name cannot hold control characters".to_owned());
    }
    let message = format!("user={user}\u{1}auth=Bearer {}\u{1}\u{1}", token.expose());
    Ok(Bearer::new(message, token, Said::default()))
}
