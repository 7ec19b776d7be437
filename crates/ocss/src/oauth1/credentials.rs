//! The keys of a signature.

use std::fmt;

use sync_core::Secret;

use super::encode;

/// A consumer key and, usually, an access token, each with its secret.
///
/// `Debug` shows none of them.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    consumer_key: String,
    consumer_secret: Secret<String>,
    token: Option<String>,
    token_secret: Secret<String>,
}

impl Credentials {
    /// Both pairs, as the service's portal shows them.
    pub fn new(
        consumer_key: impl Into<String>,
        consumer_secret: Secret<String>,
        token: impl Into<String>,
        token_secret: Secret<String>,
    ) -> Self {
        Self {
            consumer_key: consumer_key.into(),
            consumer_secret,
            token: Some(token.into()),
            token_secret,
        }
    }

    /// The first pair only, for a request that obtains a token. The service
    /// has no such requests.
    pub fn consumer(key: impl Into<String>, secret: Secret<String>) -> Self {
        Self {
            consumer_key: key.into(),
            consumer_secret: secret,
            token: None,
            token_secret: Secret::new(String::new()),
        }
    }

    /// The consumer key.
    pub fn consumer_key(&self) -> &str {
        &self.consumer_key
    }

    /// The access token.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Both secrets.
    pub fn secrets(&self) -> [&Secret<String>; 2] {
        [&self.consumer_secret, &self.token_secret]
    }

    pub(super) fn signing_key(&self) -> Secret<String> {
        signing_key(&self.consumer_secret, &self.token_secret)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials([redacted])")
    }
}

/// The key of the HMAC methods, and the signature of PLAINTEXT: both secrets
/// percent-encoded and joined with `&`, which is there even when one is empty.
pub fn signing_key(
    consumer_secret: &Secret<String>,
    token_secret: &Secret<String>,
) -> Secret<String> {
    let (consumer, token) = (consumer_secret.expose(), token_secret.expose());
    // Enough for every byte to be escaped, so that no copy is left behind by growth.
    let mut key = String::with_capacity(3 * (consumer.len() + token.len()) + 1);
    encode::push(&mut key, consumer);
    key.push('&');
    encode::push(&mut key, token);
    Secret::new(key)
}
