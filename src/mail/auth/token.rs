//! Where an OAuth token comes from.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::secret::Secret;

/// Gives tokens. Asked once a connection, so that a run may outlast a token.
pub trait TokenSource: Send + Sync {
    /// A token that is valid now.
    ///
    /// # Errors
    ///
    /// A sentence that says why there is none; it must not hold a secret.
    fn token(&self, left: Duration) -> Result<Secret, String>;
}

/// A source of tokens that clones share.
#[derive(Clone)]
pub struct Token(Arc<dyn TokenSource>);

impl Token {
    /// A token that stays the same.
    pub fn fixed(token: Secret) -> Token {
        Token::from_source(Fixed(token))
    }

    /// Tokens that are asked for when they are needed.
    pub fn from_source(source: impl TokenSource + 'static) -> Token {
        Token(Arc::new(source))
    }

    pub(super) fn get(&self, left: Duration) -> Result<Secret, String> {
        self.0.token(left)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

/// Equal when they come from the same source.
impl PartialEq for Token {
    fn eq(&self, other: &Token) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Token {}

struct Fixed(Secret);

impl TokenSource for Fixed {
    fn token(&self, _: Duration) -> Result<Secret, String> {
        Ok(self.0.clone())
    }
}
