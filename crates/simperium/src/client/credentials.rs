//! Keys, tokens, and what else must not be seen.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};
use sync_core::auth::{Authorize, Authorized, Generation, RefreshingToken, TokenSource};
use sync_core::{Body, Error, Secret};

const API_KEY: HeaderName = HeaderName::from_static("x-simperium-api-key");
const TOKEN: HeaderName = HeaderName::from_static("x-simperium-token");

/// The header that a token is sent in. The service takes both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenHeader {
    /// `X-Simperium-Token: …`
    #[default]
    Simperium,
    /// `Authorization: BEARER …`, as older clients do.
    Authorization,
}

/// An empty header would be sent, and refused with words about something else.
pub(super) fn check(secret: &Secret<String>, what: &str) -> Result<(), Error> {
    if secret.expose().trim().is_empty() {
        return Err(Error::config(format!("{what} is empty")));
    }
    Ok(())
}

/// A token in its header, renewed by `source` when the service refuses it.
pub(super) fn token(
    token: Option<&Secret<String>>,
    header: TokenHeader,
    source: Option<Arc<dyn TokenSource>>,
) -> Result<impl Authorize, Error> {
    let source = Source(source);
    let auth = match header {
        TokenHeader::Simperium => RefreshingToken::new(TOKEN, "", source),
        TokenHeader::Authorization => RefreshingToken::new(AUTHORIZATION, "BEARER ", source),
    };
    match token {
        Some(token) => auth.with_token(token.clone()),
        None => Ok(auth),
    }
}

/// A source of tokens of any kind, or none.
#[derive(Debug)]
struct Source(Option<Arc<dyn TokenSource>>);

#[async_trait]
impl TokenSource for Source {
    async fn token(&self) -> Result<Option<Secret<String>>, Error> {
        match &self.0 {
            Some(source) => source.token().await,
            None => Ok(None),
        }
    }
}

/// The API key, and the passwords of calls that are under way: an answer may
/// repeat them, an error must not.
#[derive(Clone)]
pub(super) struct Keys {
    value: HeaderValue,
    key: Secret<String>,
    passwords: Passwords,
}

impl Keys {
    pub(super) fn new(key: &Secret<String>, passwords: Passwords) -> Result<Self, Error> {
        let mut value = HeaderValue::from_str(key.expose())
            .map_err(|_| Error::config("the API key has characters that no header can carry"))?;
        value.set_sensitive(true);
        Ok(Self {
            value,
            key: key.clone(),
            passwords,
        })
    }
}

impl Authorize for Keys {
    fn authorize(&self, head: &mut http::request::Parts, _: &Body) -> Result<Authorized, Error> {
        head.headers.insert(API_KEY, self.value.clone());
        Ok(Authorized::With(Generation(0)))
    }

    fn secrets(&self) -> Vec<Secret<String>> {
        let mut secrets = self.passwords.all();
        secrets.push(self.key.clone());
        secrets
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys([redacted])")
    }
}

/// Passwords that are on their way.
#[derive(Clone, Default)]
pub(super) struct Passwords(Arc<Mutex<Vec<Secret<String>>>>);

impl Passwords {
    /// Keeps a password known as such until what is returned is dropped.
    pub(super) fn hold(&self, password: &Secret<String>) -> Held {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(password.clone());
        Held {
            all: self.clone(),
            password: password.clone(),
        }
    }

    fn all(&self) -> Vec<Secret<String>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// A password that is known as such.
pub(super) struct Held {
    all: Passwords,
    password: Secret<String>,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut all = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        // One of them: the same password may be on its way twice.
        if let Some(at) = all.iter().position(|known| *known == self.password) {
            all.swap_remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_until_its_call_ends() {
        let passwords = Passwords::default();
        let first = passwords.hold(&"one".into());
        let second = passwords.hold(&"two".into());
        let third = passwords.hold(&"two".into());
        assert_eq!(passwords.all().len(), 3);
        drop(first);
        drop(second);
        assert_eq!(passwords.all(), ["two".into()]);
        drop(third);
        assert!(passwords.all().is_empty());
    }
}
