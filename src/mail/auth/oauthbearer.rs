//! `OAUTHBEARER` (RFC 7628): the standard's form of a bearer token. A refusal is answered with `^A`.

use super::Said;
use super::bearer::Bearer;
use crate::secret::Secret;

pub(super) fn exchange(
    user: Option<&str>,
    token: &Secret,
    host: &str,
    port: u16,
) -> Result<Bearer, String> {
    let user = user.unwrap_or_default();
    if [user, host]
        .iter()
        .any(|text| text.contains(|character: char| character.is_ascii_control()))
    {
        return Err("a user name cannot hold control characters".to_owned());
    }
    // The header of GS2 (RFC 5801 section 4) escapes what divides it.
    let user = user.replace('=', "=3D").replace(',', "=2C");
    let identity = match user.is_empty() {
        true => String::new(),
        false => format!("a={user}"),
    };
    let message = format!(
        "n,{identity},\u{1}host={host}\u{1}port={port}\u{1}auth=Bearer {}\u{1}\u{1}",
        token.expose()
    );
    Ok(Bearer::new(message, token, Said::new(vec![1])))
}
